"""MidiGPT: a decoder-only transformer on REMI tokens that inpaints songs.

    song → note table → question (bars around the hole) → GPT ⇄ rule → answer → bars → song

The original MidiGPT's prompt contained the hole itself; here it is replaced by fill-in-the-middle
at bar lines (`representations/holes.py`). The network is in `models/gpt.py`, token sampling in
`models/generation.py`, the rules for valid tokens in `representations/grammar.py`, and training in
`training.py`. `splice.py` inserts an answer into the score, `tracks.py` maps its tracks to programs
of the training data, and `polyphony.py` limits how many notes sound at once.
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
from workbench.systems.configs import config_from
from workbench.systems.midigpt.card import card
from workbench.systems.midigpt.config import MidiGPTConfig
from workbench.systems.midigpt.splice import Reading, read, splice, with_bars
from workbench.systems.midigpt.training import recipe
from workbench.systems.progress import Progress, reporter
from workbench.systems.provenance import signed_takes
from workbench.systems.region import Region, region_of
from workbench.systems.sampling import checked
from workbench.systems.system import System

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["MidiGPT", "MidiGPTConfig"]

SHORTEST = 128  # smallest context in tokens: a bar, its question and room for an answer
LONGEST_SONG = 512  # most beats of `generate`, a few minutes; `inpaint` can continue a song
LONGEST_STROKE = 8  # bars generated at once: the longest hole in training


class MidiGPT(System):
    """Regenerates bars or tracks of a song, continues it, or generates a new one.

    `from_pretrained("songs-gpt")` loads the shipped system, `train` trains one. In all methods,
    `temperature`, `top_k`, `top_p` and `repetition` are those of `generation.Sampling`.
    """

    networks: GPT
    makes: ClassVar = "a song"
    replaces: ClassVar = ("bars", "seconds", "tracks")

    def __init__(self, config: MidiGPTConfig, vocabulary: Vocabulary) -> None:
        if config.gpt.vocab != vocabulary.size:
            raise CheckpointError(
                f"vocabulary: {vocabulary.size} tokens do not fit a network with "
                f"{config.gpt.vocab}; load the vocabulary of the checkpoint"
            )
        if config.gpt.context < SHORTEST:
            raise CheckpointError(
                f"context: must be at least {SHORTEST} tokens, got {config.gpt.context}"
            )
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
        """Train and save the system. An interrupted run continues where it stopped.

        Args:
            dataset: Names from the catalogue or folders of MIDI files, joined by "+".
            profile: "smoke", "laptop", "gpu" or "paper".
            out: Folder of the run and of the checkpoint.
            seed: Seed of all random numbers.
            budget_minutes: Time limit in minutes; None runs all steps.
            watch: Called with each record of the log.

        Returns:
            The trained system.

        Raises:
            PromptError: If the profile is unknown.
            MissingDataError: If the data set is missing or has no songs with notes.
        """
        return cls._train(
            recipe,
            card,
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

    # --- inpainting ---------------------------------------------------------------------------

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
        """Regenerate bars and tracks of a song.

        Everything outside the region stays unchanged, and so do tempo and metre within it.
        Instruments that are not in the training data are encoded as known parts, such as melody or
        piano, and several may share one part; each note is written to the track that plays nearest
        to its pitch. Bars of 1/4 and 2/4 are read as 4/4 if training had none. The polyphony
        outside the region is the limit for the new notes; a track without other notes has the usual
        limit of its part.

        Args:
            clip: A clip with a score.
            region: The bars or seconds to replace. Bars beyond the clip are added: (clip.bars,
                clip.bars + 4) continues it by four bars, (−4, 0) writes an introduction. Its tracks
                are names, numbers in the order of the file such as "#2", MIDI programs (all tracks
                of a program, or one to add), or "drums". None: all tracks that play within four
                bars of the region; drums only if training had drums.
            n: Number of versions, 1 to 1024.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` whenever all versions have another bar.
            **sampling: `temperature`, `top_k`, `top_p`, `repetition`, see `generation.Sampling`.

        Returns:
            `n` versions of the clip, each with its provenance.

        Raises:
            PromptError: If the region is not at the clip, or a track is unknown.

        Warns:
            UserWarning: If the region has metres or drums that the checkpoint was not trained on.
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
        """Deprecated: the old name of `inpaint`."""
        warnings.warn(
            "fill: has been renamed to inpaint, with Region(bars=…, tracks=…)",
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
        """Run `inpaint` step by step: yields (number of bars that all versions have, versions so
        far)."""
        settings = settings_of(sampling)
        clip, n, seed = clip_of(clip), checked(n=n)["n"], seed_of(seed)
        seeds = row_seeds(seed, n)
        original = clip if len(clip.notes) else None
        region = Region(bars=bars, tracks=tracks)
        requested, tracks = region.bars, region.tracks
        if requested is None:
            raise PromptError("bars=None: give (first, last)")
        clip, begin, end = with_bars(clip, *requested)
        reading = read(clip, begin, end, tracks, self.vocabulary)
        song, whole = reading.song, reading.hole
        inside = reading.grid.bars[whole.first : whole.last]
        longest = np.unique(inside, return_counts=True)[1].max()
        if longest > LONGEST_STROKE:
            raise PromptError(
                f"bars {requested[0] + 1} to {requested[1]}: a bar is as long as {longest} of 4/4, "
                f"and at most {LONGEST_STROKE} are generated for one bar; give a shorter metre"
            )
        request = {
            "bars": f"{requested[0] + 1} to {requested[1]}",
            "tracks": reading.names(clip),
            **sampling,
        }
        versions = [replace(song, notes=song.notes[~whole.covers(song)])] * n
        start = whole.first
        while start < whole.last:
            hole = self._stroke(versions[0], replace(whole, first=start))
            # bars of later strokes are not part of the question, where they would look empty
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
        """Return the first bars of a hole: as many as one hole had in training, or fewer if the
        other tracks leave no room in the context."""
        last = min(hole.last, hole.first + LONGEST_STROKE)
        while last - hole.first > 1 and self._reserve(song, replace(hole, last=last)) is None:
            last -= 1
        return replace(hole, last=last)

    def _reserve(self, song: RemiSong, hole: Hole) -> tuple[list[int], int] | None:
        """Return (tokens of each bar, tokens left for the music around the hole), or None if the
        hole does not fit into the context."""
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
        """Return the question: the hole and as many bars around it as fit."""
        song = part(song, 0, shown)
        reserve = self._reserve(song, hole)
        if reserve is None:  # a single bar of the other tracks fills the context: omit them
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
        """Fill one hole in each song; yields (number of bars that all have so far, the songs)."""
        prompts = [self._question(song, hole, shown) for song in songs]
        if all(np.array_equal(p, prompts[0]) for p in prompts):
            groups = [(prompts[0], songs)]  # one question, a batch of answers
        else:
            groups = [(p, [song]) for p, song in zip(prompts, songs, strict=True)]
        written = list(songs)
        for number, (prompt, group) in enumerate(groups):
            rows = seeds[number : number + len(group)]
            for done, answers in self._answers(prompt, hole, reading, sampling, rows):
                for i, filling in enumerate(answers):
                    written[number + i] = _with_notes(group[i], hole, filling)
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
        """Sample answers to a question; yields (number of bars that all have, their complete
        bars)."""
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
        reported = 0
        room = self.config.gpt.context - len(prompt)
        for tokens in stream(
            self.networks,
            torch.from_numpy(prompt),
            n,
            room,
            seed=seeds,
            sampling=sampling,
            allowed=rule,
            end=END,
        ):
            ids.append(tokens)
            whole = int(rule.bars.min()) - 1
            if reported < whole < len(metres):
                reported = whole
                yield reported, [self._read(row, whole) for row in torch.stack(ids, 1)]
        yield len(metres), [self._read(row, len(metres)) for row in torch.stack(ids, 1)]

    def _read(self, row: Tensor, bars: int) -> RemiSong:
        """Return the first `bars` bars of sampled ids as a note table."""
        base = self.vocabulary.decode(row[row != END].numpy())
        parts = self.vocabulary.bars(base)[:bars]
        return RemiSong.from_ids(np.concatenate(parts) if parts else np.empty(0, dtype=np.int64))

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
            **sampling: `temperature`, `top_k`, `top_p`, `repetition`, see `generation.Sampling`.

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
            own |= asdict(settings_of({}))
        return own

    @torch.inference_mode()
    def nll(self, rows: Tensor) -> Tensor:
        """Return −log p of each token given the tokens before it in its row, in nats.

        Args:
            rows: Token ids (n, time).

        Returns:
            (n, time − 1) in nats per token, 0 at padding.
        """
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
        """The learned embedding of each token: (vocabulary, width)."""
        return self.networks.wte.weight.detach().numpy()


def settings_of(sampling: dict[str, Any]) -> Sampling:
    """Return keyword arguments as Sampling; raise PromptError for unknown or invalid ones."""
    try:
        return Sampling(**{"top_p": 0.95, **sampling})
    except TypeError as error:
        raise PromptError(str(error).replace("Sampling.__init__() ", "")) from None


def _with_notes(song: RemiSong, hole: Hole, filling: RemiSong) -> RemiSong:
    """Return the song with new notes in the hole."""
    notes = filling.notes.copy()
    notes[:, 0] += hole.first
    both = np.concatenate([song.notes[~hole.covers(song)], notes])
    return replace(song, notes=both[np.lexsort((both[:, 1], both[:, 0]))])
