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
Notebook: `notebooks/09_midigpt_inpainting.ipynb`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import whole as whole_number
from workbench.errors import PromptError
from workbench.music.clip import Clip, clip_of
from workbench.music.timeline import check_meter
from workbench.representations.tokens import PAD
from workbench.systems.midigpt.card import card
from workbench.systems.midigpt.config import MidiGPTConfig
from workbench.systems.midigpt.filling import SongFilling, settings_of
from workbench.systems.midigpt.training import recipe, rows_in, split, with_hints
from workbench.systems.progress import Progress, reporter
from workbench.systems.region import Region, region_of
from workbench.systems.sampling import checked

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["MidiGPT", "MidiGPTConfig"]

LONGEST_SONG = 512  # most beats of `generate`, a few minutes; `inpaint` can continue a song


class MidiGPT(SongFilling):
    """Regenerates bars or tracks of a song, continues it, or generates a new one.

    `from_pretrained("songs-gpt")` loads the shipped system, `train` trains one. In all methods,
    `temperature`, `top_k`, `top_p` and `repetition` are those of `generation.Sampling`.
    """

    makes: ClassVar = "a song"
    replaces: ClassVar = ("bars", "seconds", "tracks")

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
            rows: Token ids (n, time), or tables of `training.held_out` with hints, whose echoes
                reach the whole song, (n, time, 4).

        Returns:
            (n, time − 1) in nats per token, 0 at padding.
        """
        out = []
        for chunk in self.hinted(rows).split(8):
            ids, more = split(chunk)
            logits = self.networks(ids, **more)[:, :-1].float()
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
            )
            out.append(loss.view(len(ids), -1).masked_fill(ids[:, 1:] == PAD, 0.0))
        return torch.cat(out)

    def hinted(self, rows: Tensor) -> Tensor:
        """Return rows of ids (n, time) as the network reads them: (n, time, 4) with hints, whose
        echoes reach the row alone, if it reads them."""
        if self.hints is None or rows.ndim == 3:
            return rows
        lines = [row[row != PAD].numpy() for row in rows.long()]
        return rows_in([with_hints(line, self.hints, None) for line in lines], rows.shape[1])

    @property
    def embeddings(self) -> np.ndarray:
        """The learned embedding of each token: (vocabulary, width)."""
        return self.networks.wte.weight[: self.vocabulary.size].detach().numpy()
