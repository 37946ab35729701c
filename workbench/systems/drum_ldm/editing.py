"""Editing drum loops: variations, interpolation between two loops, inpainting.

An edit returns the clip's own score with other drum hits in it, see `splice.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from workbench.errors import PromptError
from workbench.music.clip import clip_of
from workbench.music.kit import DRUMS, read_lookup
from workbench.representations.drum_chart import DrumChart, bar_steps
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm.sampler import GUIDANCE, STEPS, DrumSampler
from workbench.systems.drum_ldm.splice import Cells, cells_of, in_whole_bars, left_out, with_cells
from workbench.systems.progress import Progress
from workbench.systems.prompts import prompt_of
from workbench.systems.provenance import credit_of
from workbench.systems.region import Region, region_of
from workbench.systems.sampling import SamplingSettings, checked, keep_mask, slerp

if TYPE_CHECKING:
    from workbench.music.clip import Clip


class DrumEditing(DrumSampler):
    """The part of DrumLDM that edits loops: vary, interpolate, inpaint."""

    @torch.inference_mode()
    def vary(
        self,
        clip: Clip,
        n: int = 1,
        *,
        strength: float = 0.5,
        prompt: str | None = None,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        seed: int = 0,
        sampler: str = "dpm++",
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate variations of a loop: add noise to its latent, then denoise it again.

        Only the drums vary; other tracks and percussion outside the nine voices stay.

        Args:
            clip: A loop of up to `config.bars` bars, in 4/4 or another metre of the system.
            n: Number of variations, 1 to 1024.
            strength: Amount of noise: 0 (the autoencoder's reconstruction) to 1 (a new loop).
            prompt: A text; None uses the clip's caption.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            seed: Seed of all random numbers.
            sampler: A name from `SAMPLERS`.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` clips.

        Raises:
            PromptError: If the clip is a waveform, too long, or in another metre.

        Source: SDEdit, arXiv 2108.01073.
        """
        settings = SamplingSettings(steps, guidance, sampler, seed)
        n, strength = checked(n=n, strength=strength).values()
        clip, bars = self._whole_bars(clip)
        own = self._roll_of(clip)
        cells = cells_of(clip, Region(), len(own))
        text = clip.caption if prompt is None else prompt_of(prompt)
        prompts, tempos = [text] * n, [clip.tempo] * n
        chart = self.edit_chart(text, clip, bars)
        chart.letter = DrumChart.measure(own, chart.meter).letter  # the form stays
        charts = [chart] * n
        z = self.encode_rolls(torch.from_numpy(own)[None]).repeat_interleave(n, 0)
        noise = self.noise(settings.seeds(n), chart.beats)
        put = partial(with_cells, clip, cells)
        latents = self._sampled(
            noise,
            prompts,
            tempos,
            charts,
            settings,
            progress,
            latents=z,
            strength=strength,
            put=put,
        )
        return self._signed_clips(
            self.chart_rolls(latents, charts),
            prompts,
            tempos,
            charts,
            "variation",
            original=clip,
            put=put,
            request={"strength": strength, **settings.asked()},
            seed=settings.seed,
        )

    @torch.inference_mode()
    def interpolate(
        self,
        a: Clip,
        b: Clip,
        n: int = 5,
        *,
        polish: float = 0.4,
        steps: int = STEPS,
        seed: int = 0,
    ) -> list[Clip]:
        """Interpolate between two loops by spherical interpolation (slerp) of their latents.

        A mixture of two beats need not be a plausible beat, so intermediate latents are noised by
        up to `polish` and denoised, all with the same noise.

        Args:
            a: The first loop.
            b: The last loop, of as many bars as `a`.
            n: Number of loops, both ends included.
            polish: Amount of noise in the middle, 0 to 1.
            steps: Number of sampling steps, 1 to 1000.
            seed: Seed of all random numbers.

        Returns:
            `n` loops of the nine drum voices.

        Raises:
            PromptError: If the lengths or metres differ, or a clip is not a drum loop.

        Warns:
            UserWarning: If `a` or `b` has notes outside the nine voices.
        """
        settings = SamplingSettings(steps, 1.0, seed=seed)
        n, polish = checked(n=n, polish=polish).values()
        (a, bars), (b, bars_b) = self._whole_bars(a), self._whole_bars(b)
        if (bars, a.meter) != (bars_b, b.meter):
            raise PromptError(
                f"a, b: must have the same length and metre, got {bars} bars of "
                f"{a.meter[0]}/{a.meter[1]} and {bars_b} of {b.meter[0]}/{b.meter[1]}"
            )
        for name, clip in (("a", a), ("b", b)):
            if without := left_out(clip, self.slots):
                warnings.warn(
                    f"{name}: the loops leave out some of its notes: {without}",
                    UserWarning,
                    stacklevel=3,  # 2 is torch's wrapper of this method
                )
        own = np.stack([self._roll_of(a), self._roll_of(b)])
        ends = self.encode_rolls(torch.from_numpy(own))
        chart = DrumChart.empty(bars, a.meter)
        noise = self.noise([settings.seed], chart.beats)
        rolls, captions, tempos = [], [], []
        for share in np.linspace(0, 1, n).tolist():
            tempo = a.tempo ** (1 - share) * b.tempo**share
            text = (a if share < 0.5 else b).caption
            amount = polish * (1 - abs(2 * share - 1))
            z = slerp(ends[:1], ends[1:], share)
            z = self._sampled(noise, [text], [tempo], [chart], settings, latents=z, strength=amount)
            rolls += self.chart_rolls(z, [chart])
            captions.append(f"{1 - share:.0%} {a.caption} · {share:.0%} {b.caption}")
            tempos.append(tempo)
        both = a.with_(labels={"original": f"{credit_of(a)} and {credit_of(b)}"})
        return self._signed_clips(
            rolls,
            captions,
            tempos,
            [chart] * n,
            "interpolation",
            original=both,
            request={"polish": polish, **settings.asked()},
            seed=settings.seed,
        )

    @torch.inference_mode()
    def inpaint(
        self,
        clip: Clip,
        region: Region | None = None,
        n: int = 1,
        *,
        prompt: str | None = None,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        seed: int = 0,
        sampler: str = "dpm++",
        progress: Callable[[Progress], None] | None = None,
        keep: np.ndarray | None = None,
        keep_bars: Sequence[int] = (),
    ) -> list[Clip]:
        """Regenerate the cells of a region and keep all others.

        At every step the estimate of x₀ is decoded, the kept cells are inserted, and the result is
        encoded again, so that the new cells fit them. Only drum hits of the region are replaced, in
        the clip's own score and in its file if it has one; all other events stay. If the region is
        given in bars or seconds, a hit slightly before its first beat stays as well.

        Args:
            clip: A loop of up to `config.bars` bars, in 4/4 or another metre of the system.
            region: The part to replace: bars, seconds, cells, tracks.
            n: Number of versions, 1 to 1024.
            prompt: A text; None uses the clip's caption.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            seed: Seed of all random numbers.
            sampler: A name from `SAMPLERS`.
            progress: Called with a `Progress` after each step.
            keep: Deprecated: the cells to keep, bool (steps, 9).
            keep_bars: Deprecated: the bars to keep.

        Returns:
            `n` versions of the clip.

        Raises:
            PromptError: If the region does not fit the clip, or the clip is not a drum loop in a
                metre of the system.
        """
        settings = SamplingSettings(steps, guidance, sampler, seed)
        n = checked(n=n)["n"]
        clip, _ = self._whole_bars(clip)
        own = self._roll_of(clip)
        if region is not None and not isinstance(region, np.ndarray):
            cells = cells_of(clip, region_of(region), len(own))
        else:
            warnings.warn(
                "inpaint: give a Region of what to replace, instead of what to keep",
                DeprecationWarning,
                stacklevel=3,  # 2 is torch's wrapper of this method
            )
            cells = Cells(~keep_mask(keep if region is None else region, keep_bars, len(own)))
        text = clip.caption if prompt is None else prompt_of(prompt)
        return self._inpainted(clip, cells, n, text, settings, progress)

    def _inpainted(
        self,
        clip: Clip,
        cells: Cells,
        n: int,
        text: str,
        settings: SamplingSettings,
        progress: Callable[[Progress], None] | None = None,
        action: str = "inpainting",
        **asked: np.ndarray,
    ) -> list[Clip]:
        """Return versions of a clip in whole bars in which these cells are sampled. asked: fields
        of a chart to ask for beside the text, such as fill=…"""
        own = self._roll_of(clip)
        chart = self.edit_chart(text, clip, len(own) // bar_steps(clip.meter)).with_(**asked)
        chart.hits = np.where(cells.mask, chart.hits, own[:, : len(DRUMS)])  # what is kept is known
        return self._around(
            own,
            np.tile(cells.mask, (1, own.shape[1] // len(DRUMS))),  # hits, velocity, offset
            chart,
            n,
            text,
            clip.tempo,
            settings,
            progress,
            action,
            original=clip,
            put=partial(with_cells, clip, cells),
            request={"kept": f"{(~cells.mask).sum()} of {cells.mask.size} cells"},
        )

    def _around(
        self,
        own: np.ndarray,
        free: np.ndarray,
        chart: DrumChart,
        n: int,
        text: str,
        tempo: float,
        settings: SamplingSettings,
        progress: Callable[[Progress], None] | None,
        action: str,
        *,
        given: np.ndarray | None = None,
        original: Clip | None = None,
        put: Callable[[np.ndarray], Clip] | None = None,
        request: Mapping[str, Any] | None = None,
    ) -> list[Clip]:
        """Sample the free part of a roll; the rest stays and is inserted again at every step.

        Args:
            own: Roll (steps, 27 · slots).
            free: Which of its values are sampled, bool of the same shape.
            chart: What is asked of all takes.
            n: Number of takes.
            text: Their prompt.
            tempo: Their tempo in BPM.
            settings: Settings of the sampling.
            progress: Called with a `Progress` after each step.
            action: What was done, for the provenance.
            given: All hits of the takes, bool (steps, 9 · slots); None to sample them.
            original: The clip that is edited, if there is one.
            put: Makes a clip of a roll, if one is edited.
            request: Further entries of the provenance.
        """
        charts = [chart] * n
        if given is not None:
            given = np.pad(given, ((0, 4 * chart.beats - len(given)), (0, 0)))

        def merged(rolls: Iterable[np.ndarray]) -> np.ndarray:
            return np.where(free, np.stack([roll[: len(own)] for roll in rolls]), own)

        def decoded(latents: Tensor) -> np.ndarray:
            if given is None:
                return self.decode_rolls(latents)
            hits = np.broadcast_to(given, (len(latents), *given.shape)).copy()
            return self.decode_rolls(latents, required=hits, forbidden=~hits)

        latents = self._sampled(
            self.noise(settings.seeds(n), chart.beats),
            [text] * n,
            [tempo] * n,
            charts,
            settings,
            progress,
            project=lambda x0: self.encode_rolls(torch.from_numpy(merged(decoded(x0)))),
            put=put,
        )
        rolls = self.chart_rolls(latents, charts) if given is None else decoded(latents)
        return self._signed_clips(
            list(merged(rolls)),
            [text] * n,
            [tempo] * n,
            charts,
            action,
            original=original,
            put=put,
            request={**(request or {}), **settings.asked()},
            seed=settings.seed,
        )

    def _roll_of(self, clip: Clip) -> np.ndarray:
        """Return the drum roll of a clip in whole bars, (steps, 27 · slots)."""
        return DrumRoll.from_clip(clip, slots=self.slots).to_array()

    def _whole_bars(self, clip: Clip) -> tuple[Clip, int]:
        """Return the clip as 1 to `config.bars` bars in a metre of this system; raise PromptError
        if that is not possible."""
        clip = clip_of(clip)
        name = clip.source or repr(clip.caption)
        clip, bars = in_whole_bars(clip, f"clip {name}", self.meters)
        if not (read_lookup()[clip.notes["pitch"][clip.notes["is_drum"]]] >= 0).any():
            raise PromptError(f"clip {name}: has no drum notes")
        if bars > self.config.bars:
            most = self.config.bars
            raise PromptError(
                f"clip {name}: must have at most {most} bars, got {bars}; give a shorter file, or "
                f"a clip of {most} of its bars"
            )
        return clip, bars
