"""MidiGPT: a decoder-only transformer on REMI tokens that fills holes in songs.

    song → note table → question (bars around the hole) → GPT ⇄ rule → answer → bars → song

Replaces the original's prompt, which held the hole itself, by fill-in-the-middle at bar lines
(`representations/holes.py`). The network is in `models/gpt.py`, the engine in
`models/generation.py`, what may follow what in `representations/grammar.py`, training in
`training.py`, and how an answer gets back into the score in `splice.py`, by tracks in `tracks.py`
and as many notes at once as in the song in `polyphony.py`.
Notebook: `notebooks/09_midigpt_inpainting.ipynb`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import row_seeds, seed_of
from workbench.arguments import whole as whole_number
from workbench.errors import CheckpointError, PromptError
from workbench.models.generation import Sampling, stream
from workbench.models.gpt import GPT, GPTConfig
from workbench.music.clip import Clip, clip_of
from workbench.music.timeline import check_meter
from workbench.representations.grammar import HoleRule, TokenGrammar
from workbench.representations.holes import Hole, bars_of, part, question, window
from workbench.representations.remi import RemiSong
from workbench.representations.tokens import END, PAD, Vocabulary
from workbench.systems.base import Progress, Region, System, region_of, reporter
from workbench.systems.cards import song_card
from workbench.systems.configs import config_from
from workbench.systems.midigpt.config import MidiGPTConfig
from workbench.systems.midigpt.splice import Reading, read, splice, with_bars
from workbench.systems.midigpt.training import recipe
from workbench.systems.provenance import signed_takes
from workbench.systems.sampling import checked

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["MidiGPT", "MidiGPTConfig"]

SHORTEST = 128  # tokens of a context: a bar, what asks for it, and room to write
LONGEST_SONG = 512  # beats that `generate` writes, in minutes; `inpaint` continues a song
LONGEST_STROKE = 8  # bars written at once: the longest hole of the training


class MidiGPT(System):
    """Fills bars or tracks of a song, goes on with it, or writes one.

    `from_pretrained("songs-gpt")` loads the shipped system, `train` makes one. Everywhere,
    temperature, top_k, top_p, repetition are those of `generation.Sampling`.
    """

    networks: GPT
    makes: ClassVar = "a song"
    replaces: ClassVar = ("bars", "seconds", "tracks")

    def __init__(self, config: MidiGPTConfig, vocabulary: Vocabulary) -> None:
        if config.gpt.vocab != vocabulary.size:
            raise CheckpointError(
                f"vocabulary: {vocabulary.size} tokens do not fit a network made for "
                f"{config.gpt.vocab}; load the vocabulary that came with the checkpoint"
            )
        if config.gpt.context < SHORTEST:
            raise CheckpointError(f"context: {config.gpt.context} tokens; a bar takes {SHORTEST}")
        self.config, self.vocabulary = config, vocabulary
        self.networks = GPT(config.gpt).eval()

    def config_dict(self) -> dict[str, Any]:
        return {"gpt": asdict(self.config.gpt), "vocabulary": self.vocabulary.to_dict()}

    @classmethod
    def from_config(cls, data: dict[str, Any]) -> Self:
        config = MidiGPTConfig(config_from(GPTConfig, data["gpt"]))
        return cls(config, Vocabulary.from_dict(data["vocabulary"]))

    @classmethod
    def networks_of(cls, data: dict[str, Any]) -> GPT:
        return GPT(config_from(GPTConfig, data["gpt"]))

    @classmethod
    def train(
        cls,
        dataset: str = "pop909",
        profile: str = "laptop",
        *,
        out: str | Path = "runs/songs",
        seed: int = 0,
        budget_minutes: float | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> Self:
        """Train and save in `out`; a run that was stopped goes on where it was.

        dataset: names of the catalogue or folders of MIDI, joined by "+". profile: smoke, laptop,
        gpu, paper. watch: hears each line of the log.
        """
        return cls._train(
            recipe,
            song_card,
            dataset,
            profile,
            out=out,
            seed=seed,
            budget_minutes=budget_minutes,
            watch=watch,
        )

    @cached_property
    def grammar(self) -> TokenGrammar:
        return TokenGrammar(self.vocabulary)

    # --- filling ------------------------------------------------------------------------------

    def inpaint(
        self,
        clip: Clip,
        region: Region,
        n: int = 1,
        *,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
        **sampling: float,
    ) -> list[Clip]:
        """`n` versions of the clip with the bars of a region regenerated.

        Its tracks are those to replace: names of tracks, numbers in the order of the file such as
        "#2", MIDI programs (of all their tracks, or of one to add), and "drums". None: all that
        play within four bars of the hole, but drums only if training had drums. Instruments that
        training lacked are read as parts that it had, such as melody and piano, and several may be
        one part; each note is written to the track that plays nearest to its pitch. Bars beyond the
        clip are added: (clip.bars, clip.bars + 4) continues for four bars, (−4, 0) writes an
        introduction. Bars of 1/4 and 2/4 are read as bars of 4/4 where training had none.
        Everything outside the hole stays as it is, tempo and metre within it as well. No more notes
        are struck or sound at once than anywhere else in the song; a track without other notes does
        what is usual for its part, and where the song sounds its most, a note more. progress
        is called with a `Progress` for every bar that all versions have, and may raise to stop.
        `source` and `labels` of a version say what was regenerated, and by what (`provenance`).
        Warns of a metre in the hole, and of drums, that the checkpoint was not trained on.
        Raises PromptError for a hole that is not at the clip, or a track that is none.
        """
        clip, region = clip_of(clip), region_of(region)
        bars, report = region.bar_range(clip), reporter(progress)
        versions: list[Clip] = []
        for done, versions in self.filling(clip, bars, region.tracks, n, seed=seed, **sampling):
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
        """The old name of `inpaint`."""
        warnings.warn(
            "fill: is called inpaint now, with Region(bars=…, tracks=…)",
            DeprecationWarning,
            stacklevel=2,
        )
        region = Region(bars=bars, tracks=tracks)
        return self.inpaint(clip, region, n, seed=seed, progress=progress, **sampling)

    def filling(
        self,
        clip: Clip,
        bars: tuple[int, int],
        tracks: Sequence[int | str] | None = None,
        n: int = 3,
        *,
        seed: int = 0,
        **sampling: float,
    ) -> Iterator[tuple[int, list[Clip]]]:
        """As `inpaint`, as it is written: (bars that all versions have, the versions so far)."""
        settings = settings_of(sampling)
        clip, n, seed = clip_of(clip), checked(n=n)["n"], seed_of(seed)
        seeds = row_seeds(seed, n)
        original = clip if len(clip.notes) else None
        region = Region(bars=bars, tracks=tracks)
        asked, tracks = region.bars, region.tracks
        if asked is None:
            raise PromptError("bars=None: give (first, last)")
        clip, begin, end = with_bars(clip, *asked)
        reading = read(clip, begin, end, tracks, self.vocabulary)
        song, whole = reading.song, reading.hole
        inside = reading.grid.bars[whole.first : whole.last]
        longest = np.unique(inside, return_counts=True)[1].max()
        if longest > LONGEST_STROKE:
            raise PromptError(
                f"bars {asked[0] + 1} to {asked[1]}: one is as long as {longest} bars of 4/4, "
                f"and at most {LONGEST_STROKE} are written for one; give a shorter metre"
            )
        request = {
            "bars": f"{asked[0] + 1} to {asked[1]}",
            "tracks": reading.names(clip),
            **sampling,
        }
        versions = [replace(song, notes=song.notes[~whole.covers(song)])] * n
        start = whole.first
        while start < whole.last:
            hole = self._stroke(versions[0], replace(whole, first=start))
            # bars that later strokes will write are not shown as if they were empty
            shown = len(song.bars) if hole.last == whole.last else hole.last
            for done, written in self._write(
                versions, hole, shown, reading, settings, [row + start for row in seeds]
            ):
                finished = end if done == whole.last else int(reading.grid.bars[done])
                yield (
                    finished - begin,
                    signed_takes(
                        (splice(clip, version, reading, self.vocabulary) for version in written),
                        self,
                        "generation" if original is None else "filling",
                        request=request,
                        seed=seed,
                        original=original,
                    ),
                )
            versions, start = written, hole.last

    def _stroke(self, song: RemiSong, hole: Hole) -> Hole:
        """The first bars of a hole: as many as were written at once in training, fewer where the
        other tracks leave no room for them."""
        last = min(hole.last, hole.first + LONGEST_STROKE)
        while last - hole.first > 1 and self._reserve(song, replace(hole, last=last)) is None:
            last -= 1
        return replace(hole, last=last)

    def _reserve(self, song: RemiSong, hole: Hole) -> tuple[list[int], int] | None:
        """(tokens of each bar, tokens left for the music around the hole), or None if the hole
        itself does not fit."""
        bars = bars_of(song, self.vocabulary)
        sizes = [len(bar) for bar in bars]
        usual = np.array([size for size in sizes if size > 2] or [48])
        need = int(1.3 * np.percentile(usual, 75) * (hole.last - hole.first)) + 32
        need = min(need, self.config.gpt.context // 2)
        others = sum(sizes[hole.first : hole.last]) + hole.last - hole.first
        room = self.config.gpt.context - need - others - len(hole.asked(song)) - 2
        sizes[hole.first : hole.last] = [0] * (hole.last - hole.first)
        return (sizes, room) if room >= 0 else None

    def _question(self, song: RemiSong, hole: Hole, shown: int) -> np.ndarray:
        """What the network reads: the hole and as many bars around it as fit."""
        song = part(song, 0, shown)
        reserve = self._reserve(song, hole)
        if reserve is None:  # one bar of the other tracks fills the context: write without them
            bars = song.notes[:, 0]
            song = replace(song, notes=song.notes[(bars < hole.first) | (bars >= hole.last)])
            reserve = self._reserve(song, hole)
        assert reserve is not None
        first, last = window(reserve[0], hole, reserve[1])
        moved = replace(hole, first=hole.first - first, last=hole.last - first)
        return question(part(song, first, last), moved, self.vocabulary)

    def _write(
        self,
        songs: list[RemiSong],
        hole: Hole,
        shown: int,
        reading: Reading,
        sampling: Sampling,
        seeds: Sequence[int],
    ) -> Iterator[tuple[int, list[RemiSong]]]:
        """Fill one hole in each song: (bars that all have so far, the songs)."""
        prompts = [self._question(song, hole, shown) for song in songs]
        if all(np.array_equal(p, prompts[0]) for p in prompts):
            groups = [(prompts[0], songs)]  # one question, several answers at once
        else:
            groups = [(p, [song]) for p, song in zip(prompts, songs, strict=True)]
        written = list(songs)
        for number, (prompt, group) in enumerate(groups):
            rows = seeds[number : number + len(group)]
            for done, answers in self._answers(prompt, hole, reading, sampling, rows):
                for i, found in enumerate(answers):
                    written[number + i] = _put(group[i], hole, found)
                if number == len(groups) - 1:
                    yield hole.first + done, list(written)

    def _answers(
        self,
        prompt: np.ndarray,
        hole: Hole,
        reading: Reading,
        sampling: Sampling,
        seeds: Sequence[int],
    ) -> Iterator[tuple[int, list[RemiSong]]]:
        """Answers to a question as they grow: (bars that all have, each one's whole bars)."""
        metres = [int(i) for i in reading.song.bars[hole.first : hole.last]]
        n = len(seeds)
        most, together = reading.most(self.vocabulary)
        rule = HoleRule(
            self.grammar,
            n,
            metres,
            hole.asked(reading.song).tolist(),
            lengths=reading.grid.lengths[hole.first : hole.last].tolist(),
            most=most,
            together=together,
        )
        ids: list[Tensor] = []
        told = 0
        room = self.config.gpt.context - len(prompt)
        for drawn in stream(
            self.networks,
            torch.from_numpy(prompt),
            n,
            room,
            seed=seeds,
            sampling=sampling,
            allowed=rule,
            end=END,
        ):
            ids.append(drawn)
            whole = int(rule.bars.min()) - 1
            if told < whole < len(metres):
                told = whole
                yield told, [self._read(row, whole) for row in torch.stack(ids, 1)]
        yield len(metres), [self._read(row, len(metres)) for row in torch.stack(ids, 1)]

    def _read(self, row: Tensor, bars: int) -> RemiSong:
        """The first `bars` bars of drawn ids as a note table."""
        base = self.vocabulary.decode(row[row != END].numpy())
        said = self.vocabulary.bars(base)[:bars]
        return RemiSong.from_ids(np.concatenate(said) if said else np.empty(0, dtype=np.int64))

    # --- writing from nothing, and judging ----------------------------------------------------

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
        """`n` new songs of at most 512 beats: a hole of `bars` bars with nothing around it. prompt:
        this system reads none; it is there because others do."""
        if prompt is not None and not isinstance(prompt, str):
            prompt, n = None, checked(n=prompt)["n"]
            warnings.warn(
                "generate: its first argument is a prompt, as in all systems; give n by name",
                DeprecationWarning,
                stacklevel=2,
            )
        if prompt:
            raise PromptError(f"prompt={prompt!r:.40}: MidiGPT reads no words; give tracks, tempo")
        meter = check_meter(meter)
        bar = 4 * meter[0] / meter[1]
        if bar > LONGEST_SONG:
            raise PromptError(
                f"meter={meter}: a bar has {bar:g} beats; this system generates songs of at most "
                f"{LONGEST_SONG}"
            )
        bars = whole_number(bars, "bars", 1, int(LONGEST_SONG // bar))
        beats = bars * bar
        empty = Clip.from_notes([], tempo=tempo, meter=meter, beats=beats, caption="written anew")
        region = Region(bars=(0, bars), tracks=tracks)
        return self.inpaint(empty, region, n, seed=seed, progress=progress, **sampling)

    @classmethod
    def settings(cls, verb: str = "generate") -> dict[str, Any]:
        own = super().settings(verb)
        if verb in ("generate", "inpaint"):
            own |= asdict(settings_of({}))
        return own

    @torch.inference_mode()
    def nll(self, rows: Tensor) -> Tensor:
        """−log p of each token given those before it in its row, in nats: ids (n, time) →
        (n, time − 1), 0 at padding."""
        out = []
        for chunk in rows.long().split(8):
            logits = self.networks(chunk)[:, :-1].float()
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), chunk[:, 1:].flatten(), reduction="none"
            )
            out.append(loss.view(chunk.shape[0], -1).masked_fill(chunk[:, 1:] == PAD, 0.0))
        return torch.cat(out)

    @property
    def embeddings(self) -> np.ndarray:
        """The learned vector of each token: (vocabulary, width)."""
        return self.networks.wte.weight.detach().numpy()


def settings_of(sampling: dict[str, Any]) -> Sampling:
    """Keyword arguments as Sampling; PromptError names what is wrong."""
    try:
        return Sampling(**{"top_p": 0.95, **sampling})
    except TypeError as error:
        raise PromptError(str(error).replace("Sampling.__init__() ", "")) from None


def _put(song: RemiSong, hole: Hole, found: RemiSong) -> RemiSong:
    """The song with the found notes in the hole."""
    notes = found.notes.copy()
    notes[:, 0] += hole.first
    both = np.concatenate([song.notes[~hole.covers(song)], notes])
    return replace(song, notes=both[np.lexsort((both[:, 1], both[:, 0]))])
