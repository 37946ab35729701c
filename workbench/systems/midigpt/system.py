"""MidiGPT: a decoder-only transformer on REMI tokens that inpaints songs.

    song → note table → question (bars around the hole) → GPT ⇄ rule → answer → bars → song

The original MidiGPT's prompt contained the hole itself; here it is replaced by fill-in-the-middle
at bar lines (`representations/holes.py`). The network is in `models/gpt.py`, token sampling in
`models/generation.py`, the rules for valid tokens in `representations/grammar.py`, and training in
`training.py`. The class is written in two steps, each a file:

    filling.py   SongFilling   ask the network for the bars of a hole
    system.py    MidiGPT       inpaint, generate, train

`splice.py` inserts an answer into the score, `tracks.py` maps its tracks to programs of the
training data, and `polyphony.py` limits how many notes sound at once.
Notebook: `notebooks/10_midigpt_inpainting.ipynb`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from workbench.arguments import whole as whole_number
from workbench.errors import PromptError
from workbench.music.clip import Clip, clip_of
from workbench.music.timeline import check_meter
from workbench.representations.controls import CHORDS, FREE, Control, Controls
from workbench.representations.holes import PROGRAM, part
from workbench.systems.midigpt.alignment import off_the_beat
from workbench.systems.midigpt.card import card
from workbench.systems.midigpt.config import MidiGPTConfig
from workbench.systems.midigpt.filling import CANDIDATES, SongFilling, settings_of
from workbench.systems.midigpt.splice import LONGEST_SIDE, read, with_bars
from workbench.systems.midigpt.training import Start, recipe
from workbench.systems.midigpt.wishes import classes_asked, realised, wishes_of
from workbench.systems.progress import Progress, reporter
from workbench.systems.region import Region, region_of
from workbench.systems.sampling import checked
from workbench.systems.storage import training_of

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.systems.stages import Recipe


__all__ = ["MidiGPT", "MidiGPTConfig"]

LONGEST_SONG = 512  # most beats of `generate`, a few minutes; `inpaint` can continue a song


class MidiGPT(SongFilling):
    """Regenerates bars or tracks of a song, continues it, or generates a new one.

    `from_pretrained("songs-gpt")` loads the shipped system, `train` trains one. In all methods,
    `temperature`, `top_k`, `top_p`, `repetition` and `echo` are those of `generation.Sampling`;
    where none is given, the temperature is 0.8, `top_p` 0.95, and `echo` 0.5 for bars with music
    before and after them, 0 in new songs and at the ends of songs. With less `echo`, fillings
    repeat less of their song.
    """

    makes: ClassVar = "a song"
    replaces: ClassVar = ("bars", "seconds", "tracks")
    card: ClassVar = staticmethod(card)

    @classmethod
    def recipe(
        cls, dataset: str, profile: str, seed: int, *, start: str | Path | None = None
    ) -> Recipe:
        """`training.recipe`, with the name of a checkpoint to start from."""
        if start is None:
            return recipe(dataset, profile, seed)
        old = cls.from_pretrained(start)
        begin = Start(
            str(start), old.vocabulary, old.networks.state_dict(), training_of(str(start))
        )
        return recipe(dataset, profile, seed, start=begin)

    @classmethod
    def train(
        cls,
        dataset: str = "pop909",
        profile: str = "laptop",
        *,
        out: str | Path = "runs/songs",
        seed: int = 0,
        budget_minutes: float | None = None,
        start: str | Path | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> Self:
        """Train and save the system. An interrupted run continues where it stopped.

        Args:
            dataset: Names from the catalogue or folders of MIDI files, joined by "+".
            profile: "smoke", "laptop", "gpu" or "paper".
            out: Folder of the run and of the checkpoint.
            seed: Seed of all random numbers.
            budget_minutes: Time limit in minutes; None runs all steps.
            start: A checkpoint whose network is trained further, of the profile's size. Tokens that
                both vocabularies have keep their embeddings.
            watch: Called with each record of the log.

        Returns:
            The trained system.

        Raises:
            PromptError: If the profile is unknown.
            MissingDataError: If the data set is missing or has no songs with notes.
        """
        return cls._train(
            dataset,
            profile,
            out=out,
            seed=seed,
            budget_minutes=budget_minutes,
            start=start,
            watch=watch,
        )

    # --- inpainting ---------------------------------------------------------------------------

    def inpaint(
        self,
        clip: Clip,
        region: Region,
        n: int = 1,
        *,
        controls: Sequence[Control | str] | Control | str | None = None,
        candidates: int = CANDIDATES,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
        **sampling: float,
    ) -> list[Clip]:
        """Regenerate bars and tracks of a song.

        Everything outside the region stays unchanged, and so do tempo and metre within it.
        Instruments that are not in the training data are encoded as known ones, each track as
        one of its own, as far as there are enough; where several share one, each note is written to
        the track that plays nearest to its pitch. A track that plays around the region plays in it,
        too, unless a control asks for a density of 0. Bars of 1/4 are read as 4/4, and those
        of 2/4 if training had none. The polyphony outside the region is the limit for the new
        notes, unless controls ask for more; a track without other notes has the usual limit of its
        part.

        Args:
            clip: A clip with a score.
            region: The bars or seconds to replace. Bars beyond the clip are added: (clip.bars,
                clip.bars + 4) continues it by four bars, (−4, 0) writes an introduction. Its tracks
                are names, numbers in the order of the file such as "#2", MIDI programs (all tracks
                of a program, or one to add), or "drums". None: all tracks that play within four
                bars of the region; drums only if training had drums.
            n: Number of versions, 1 to 1024. The first one is the best; each of the others is also
                chosen to differ from those before it.
            controls: Requests for the new bars, `Control` objects or texts such as "density=6
                chord=Am bars=9-10"; `realised` counts those that were followed. Only for a
                checkpoint that was trained with controls, as `songs-gpt` was. The rule for valid
                tokens keeps most of them (`representations/control_rule.py`).
            candidates: Number of versions that are sampled for each one returned, 1 to 64, of which
                the one is kept that fits best (`ranking.py`): in its pitch classes, key and
                density, in figures of the song and repeats of its own, its joins and likelihood,
                and the controls. 1 is two to six times as fast.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` whenever all versions have another bar.
            **sampling: `temperature`, `top_k`, `top_p`, `repetition`, `echo`, see
                `generation.Sampling`.

        Returns:
            `n` versions of the clip, each with its provenance.

        Raises:
            PromptError: If the region is not at the clip, or a track is unknown; if there are
                controls and the checkpoint was trained without them, or for other bars.

        Warns:
            UserWarning: If the region has metres or drums that the checkpoint was not trained on,
                or the notes do not lie on the beats of the file (`alignment.aligned` moves them).
        """
        clip, region = clip_of(clip), region_of(region)
        bars, report = region.bar_range(clip), reporter(progress)
        if clip.has_score and (fault := off_the_beat(clip)):
            warnings.warn(f"clip: {fault}", stacklevel=2)
        versions: list[Clip] = []
        steps = self.filling(
            clip,
            bars,
            region.tracks,
            n,
            seed=seed,
            controls=controls,
            candidates=candidates,
            **sampling,
        )
        for done, versions in steps:
            report(done, bars[1] - bars[0], partial(list, versions), partial(list, versions))
        return versions

    def fill(
        self,
        clip: Clip,
        bars: tuple[int, int],
        tracks: Sequence[int | str] | None = None,
        n: int = 3,
        *,
        seed: int = 0,
        progress: Callable[..., None] | None = None,
        **sampling: float,
    ) -> list[Clip]:
        """Deprecated: the old name of `inpaint`."""
        warnings.warn(
            "fill: has been renamed to inpaint, with Region(bars=…, tracks=…)",
            DeprecationWarning,
            stacklevel=2,
        )
        region = Region(bars=bars, tracks=tracks)
        settings: dict[str, Any] = sampling
        return self.inpaint(clip, region, n, seed=seed, progress=progress, **settings)

    # --- tools ----------------------------------------------------------------------------------

    def accompany(
        self,
        clip: Clip,
        n: int = 1,
        *,
        tracks: Sequence[int | str] = (0,),
        seed: int = 0,
        **settings: Any,
    ) -> list[Clip]:
        """Write an accompaniment to a melody, or to any tracks.

        Args:
            clip: A clip with a score.
            n: Number of versions, 1 to 1024.
            tracks: The tracks to write in all bars: MIDI programs or "drums" to add, or names of
                tracks that are there, which are replaced.
            seed: Seed of all random numbers.
            **settings: `controls`, `candidates`, `progress` and the sampling of `inpaint`.

        Returns:
            `n` versions of the clip.

        Raises:
            PromptError: As `inpaint`.
        """
        clip = clip_of(clip)
        region = Region(bars=(0, clip.bars), tracks=tracks)
        return self.inpaint(clip, region, n, seed=seed, **settings)

    def bass(
        self, clip: Clip, n: int = 1, *, program: int = 33, seed: int = 0, **settings: Any
    ) -> list[Clip]:
        """Write a bass to drums, or to any tracks: `accompany` with one track. program: that of the
        bass, 32 to 39; the other arguments are those of `accompany`."""
        program = whole_number(program, "program", 32, 39)
        return self.accompany(clip, n, tracks=(program,), seed=seed, **settings)

    def extend(
        self, clip: Clip, bars: int = 4, n: int = 1, *, seed: int = 0, **settings: Any
    ) -> list[Clip]:
        """Continue a song by a number of bars, 1 to 64. The other arguments are those of
        `accompany`."""
        clip, bars = clip_of(clip), whole_number(bars, "bars", 1, LONGEST_SIDE)
        region = Region(bars=(clip.bars, clip.bars + bars))
        return self.inpaint(clip, region, n, seed=seed, **settings)

    def vary_bars(
        self, clip: Clip, bars: tuple[int, int], n: int = 1, *, seed: int = 0, **settings: Any
    ) -> list[Clip]:
        """Write bars (first, last exclusive) anew, as dense, polyphonic, high and long as they are
        and on the same chords, if the checkpoint was trained with controls, as `songs-gpt` was;
        else freely. The other arguments are those of `accompany`."""
        clip = clip_of(clip)
        if self.controls is not None and "controls" not in settings:
            settings["controls"] = self.described(clip, bars)
        return self.inpaint(clip, Region(bars=bars), n, seed=seed, **settings)

    def described(self, clip: Clip, bars: tuple[int, int]) -> list[Control]:
        """Return controls with the values of bars (first, last exclusive) of a clip, for each track
        and bar: a density of 0 where a track is silent; none of bars beyond its ends."""
        clip = clip_of(clip)
        requested = Region(bars=bars).bar_range(clip)
        count = clip.bars
        clip, first, last = with_bars(clip, *requested)
        before = first - requested[0]  # bars that were added
        found, measure = [], Controls(self.vocabulary)
        reading = read(clip, first, last, None, self.vocabulary, self.config.known)
        song, hole = reading.song, reading.hole
        for bar in range(hole.first, hole.last):
            notes = part(song, bar, bar + 1).notes
            place = int(reading.grid.bars[bar]) - before
            if not 0 <= place < count:
                continue
            chord = measure.chord(notes)
            if chord != FREE:
                found.append(Control(chord=CHORDS[chord], bars=(place, place + 1)))
            for i in reading.chosen:
                own = notes[notes[:, PROGRAM] == self.vocabulary.id(f"Program_{reading.called[i]}")]
                values: dict[str, Any] = measure.values(own) if len(own) else {"density": 0}
                found.append(Control(**values, tracks=[f"#{i + 1}"], bars=(place, place + 1)))
        return found

    def realised(
        self, clip: Clip, region: Region, controls: Sequence[Control | str] | Control | str
    ) -> dict[str, tuple[int, int]]:
        """Return how many of the controls a filling has realised.

        Args:
            clip: A clip that `inpaint` returned.
            region: The region that was given to it; its bars must not lie before the clip.
            controls: The controls that were given to it.

        Returns:
            By kind ("density", …, "chord"): the number of tracks and bars (chords: of bars) that
            have the requested class, and the number of those for which one was requested.

        Raises:
            PromptError: If the controls do not fit the region.
        """
        clip, (first, last) = clip_of(clip), region.bar_range(clip)
        if first < 0:
            raise PromptError(f"region: begins {-first} bars before the clip; give bars of it")
        reading = read(clip, first, last, region.tracks, self.vocabulary, self.config.known)
        asked = classes_asked(wishes_of(controls), clip, reading, 0, self.vocabulary)
        return realised(asked, reading.song, reading.hole, Controls(self.vocabulary))

    # --- generation and likelihood ------------------------------------------------------------

    def generate(
        self,
        prompt: None = None,
        n: int = 1,
        *,
        bars: int = 8,
        tempo: float = 100.0,
        meter: tuple[int, int] = (4, 4),
        tracks: Sequence[int | str] = (53, 25, 0),
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
        **sampling: Any,
    ) -> list[Clip]:
        """Generate new songs: a hole of `bars` bars without context.

        Args:
            prompt: Must be None or ""; this system reads no words. The other systems do.
            n: Number of songs, 1 to 1024.
            bars: Length in bars; a song has at most 512 beats.
            tempo: Tempo in BPM.
            meter: Time signature, such as (3, 4).
            tracks: MIDI programs or "drums".
            seed: Seed of all random numbers.
            progress: Called with a `Progress` whenever all songs have another bar.
            **sampling: `temperature`, `top_k`, `top_p`, `repetition`, `echo`, see
                `generation.Sampling`.

        Returns:
            `n` songs.

        Raises:
            PromptError: If there is a prompt, or a number is out of range.
        """
        if prompt is not None and not isinstance(prompt, str):
            prompt, n = None, checked(n=prompt)["n"]
            warnings.warn(
                "generate: the first argument is the prompt, as in all systems; give n by keyword",
                DeprecationWarning,
                stacklevel=2,
            )
        if prompt:
            raise PromptError(f"prompt={prompt!r:.40}: MidiGPT reads no text; give tracks, tempo")
        meter = check_meter(meter)
        bar = 4 * meter[0] / meter[1]
        if bar > LONGEST_SONG:
            raise PromptError(
                f"meter={meter}: a bar must have at most {LONGEST_SONG} beats, got {bar:g}"
            )
        bars = whole_number(bars, "bars", 1, int(LONGEST_SONG // bar))
        beats = bars * bar
        empty = Clip.from_notes([], tempo=tempo, meter=meter, beats=beats, caption="new song")
        region = Region(bars=(0, bars), tracks=tracks)
        return self.inpaint(empty, region, n, seed=seed, progress=progress, **sampling)

    @classmethod
    def settings(cls, verb: str = "generate") -> dict[str, Any]:
        own = super().settings(verb)
        if verb in ("generate", "inpaint"):
            own |= asdict(settings_of({"echo": 0.0} if verb == "generate" else {}))
        return own

    @property
    def embeddings(self) -> np.ndarray:
        """The learned embedding of each token: (vocabulary, width)."""
        return self.networks.wte.weight[: self.vocabulary.size].detach().numpy()
