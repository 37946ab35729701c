"""Sampling latents from noise with classifier-free guidance, and its settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.arguments import (
    choice,
    floats,
    generator,
    listed,
    number,
    row_seeds,
    seed_of,
    torch_seed,
    whole,
)
from workbench.datasets.keywords import TEMPO_LIMITS
from workbench.errors import PromptError, WorkbenchError
from workbench.models.conditioning import Conditioning, joined
from workbench.models.diffusion import Diffusion, guided
from workbench.models.samplers import SAMPLERS, normal
from workbench.music.kit import DRUMS

_RANGES = {
    "n": (1, 1024),
    "bars": (1, 64),
    "steps": (1, 1000),
    "guidance": (0, 20),
    "tempo": TEMPO_LIMITS,
    "strength": (0, 1),
    "candidates": (1, 64),
    "polish": (0, 1),
}
_FRACTIONS = ("guidance", "tempo", "strength", "polish")


@dataclass(frozen=True)
class SamplingSettings:
    """Settings of a sampler.

    Args:
        steps: Number of sampling steps, 1 to 1000.
        guidance: Guidance scale, 0 to 20: 0 ignores the text, 1 samples the conditional
            distribution, larger values exaggerate the text.
        sampler: A name from `SAMPLERS`.
        seed: Seed of all random numbers, 0 to 2**64 − 1.

    Raises:
        PromptError: If a value is out of range or the sampler is unknown.
    """

    steps: int = 20
    guidance: float = 1.5
    sampler: str = "dpm++"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in checked(steps=self.steps, guidance=self.guidance).items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "seed", seed_of(self.seed))
        object.__setattr__(self, "sampler", choice(self.sampler, "sampler", SAMPLERS))

    def seeds(self, n: int) -> list[int]:
        """Return a seed of noise for each of `n` takes; that of take i does not depend on `n`."""
        return [(torch_seed(self.seed) * 1009 + i) % 2**32 for i in range(n)]

    def asked(self) -> dict[str, Any]:
        """Return the settings that a clip's provenance records."""
        return {"steps": self.steps, "guidance": self.guidance, "sampler": self.sampler}


def sample(
    denoiser: Callable[..., Tensor],
    diffusion: Diffusion,
    noisy: Tensor,
    conditioning: Conditioning,
    settings: SamplingSettings,
    *,
    seeds: Sequence[int] | None = None,
    project: Callable[[Tensor], Tensor] | None = None,
    callback: Callable[[int, int, Tensor], None] | None = None,
    start: int | None = None,
    rescale: float = 0.0,
) -> Tensor:
    """Denoise latents with classifier-free guidance.

    Args:
        denoiser: The network, called with (latents, step, *conditioning).
        diffusion: The noise schedule and what the network predicts.
        noisy: Noisy latents (n, …).
        conditioning: The conditioning of the n rows.
        settings: Steps, guidance, sampler and seed.
        seeds: A seed per row, by default `settings.seeds(n)`. The noise that ancestral samplers
            add is derived from it, so a row does not depend on its batch.
        project: Receives each estimate of x₀ and returns the one to continue with.
        callback: Called with (step, steps, estimate of x₀) after each step.
        start: Number of steps of the schedule that remain; by default all.
        rescale: See `guided`.

    Returns:
        Latents (n, …).

    Raises:
        WorkbenchError: If the network predicts NaN or infinite numbers.
    """
    both = joined(conditioning, conditioning.unconditional())

    def predict(x: Tensor, t: int) -> tuple[Tensor, Tensor]:
        at = torch.full((len(x),), t)
        if settings.guidance == 1.0:
            output = denoiser(x, at, *conditioning)
        else:  # with and without the text, in one batch
            with_text, without = denoiser(torch.cat([x, x]), torch.cat([at, at]), *both).chunk(2)
            output = guided(with_text, without, settings.guidance, rescale)
        x0, eps = diffusion.split(output, x, at)
        if project is not None:
            x0 = project(x0)
            signal, sigma = diffusion.scales(at, x)
            eps = (x - signal * x0) / sigma
        return x0, eps

    bars = diffusion.alphas_bar[:start]
    seeds = settings.seeds(len(noisy)) if seeds is None else seeds
    again = [generator(row_seeds(seed, 2)[1]) for seed in seeds]
    sampler = SAMPLERS[settings.sampler]
    latents = sampler(predict, noisy, bars, min(settings.steps, len(bars)), again, callback)
    if not torch.isfinite(latents).all():
        raise WorkbenchError(
            "sampling ended in NaN or infinite numbers: the weights are damaged; load or train "
            f"the system again, or lower the guidance (now {settings.guidance:g})"
        )
    return latents


def noise_of(seeds: Sequence[int], shape: tuple[int, ...]) -> Tensor:
    """Return standard normal numbers (n, *shape), each row from its own seed."""
    generators = [generator(seed_of(seed, "seeds")) for seed in listed(seeds, "seeds", "seeds", 1)]
    return normal((len(generators), *shape), generators)


def overlapping(
    network: nn.Module, frames: int, axis: int = -1, timed: Sequence[int] = ()
) -> Callable[..., Tensor]:
    """Extend `network` to latents longer than `frames` along an axis. It is evaluated on windows
    that overlap by half, and the predictions are averaged with triangular weights. timed: see
    `Conditioning`; these fields are cut into the same windows.

    Source: MultiDiffusion, arXiv 2302.08113.
    """

    def predict(x: Tensor, t: Tensor, *conditioning: Tensor) -> Tensor:
        length = x.shape[axis]
        if length <= frames:
            return network(x, t, *conditioning)
        starts = [*range(0, length - frames, frames // 2), length - frames]
        return _mean_of_windows(network, x, t, conditioning, starts, frames, axis, timed)

    return predict


def circular(
    network: nn.Module, frames: int, axis: int = -1, timed: Sequence[int] = ()
) -> Callable[..., Tensor]:
    """Extend `network` to latents whose end continues at their start along an axis, of any length.
    It is evaluated on windows of `frames` that overlap by half or more and go on at the start, and
    the predictions are averaged with triangular weights. timed: see `overlapping`.

    Source: MultiDiffusion, arXiv 2302.08113; circular latents: LoopGen, arXiv 2504.04466.
    """

    def predict(x: Tensor, t: Tensor, *conditioning: Tensor) -> Tensor:
        length = x.shape[axis]
        windows = max(2, -(-2 * length // frames))
        starts = [round(i * length / windows) for i in range(windows)]
        return _mean_of_windows(network, x, t, conditioning, starts, frames, axis, timed)

    return predict


def _mean_of_windows(
    network: nn.Module,
    x: Tensor,
    t: Tensor,
    conditioning: Sequence[Tensor],
    starts: Sequence[int],
    frames: int,
    axis: int,
    timed: Sequence[int],
) -> Tensor:
    """Evaluate `network` on windows of `frames` along an axis, which go on at the start of `x`
    after its end, and average the predictions with triangular weights."""
    x = x.movedim(axis, -1)
    length = x.shape[-1]
    weight = 1 - (torch.linspace(-1, 1, frames + 2)[1:-1]).abs()
    total, share = torch.zeros_like(x), torch.zeros(length)
    for start in starts:
        at = (start + torch.arange(frames)) % length
        here = [
            field[..., at] if number in timed and field.numel() else field
            for number, field in enumerate(conditioning)
        ]
        part = network(x[..., at].movedim(-1, axis), t, *here).movedim(axis, -1)
        total.index_add_(-1, at, weight * part)
        share.index_add_(0, at, weight)
    return (total / share).movedim(-1, axis)


def checked(**values: Any) -> dict[str, Any]:
    """Return the values as Python numbers; raise PromptError that names the argument and its range
    for a value out of range. A tempo may be None."""
    return {
        name: None
        if value is None and name == "tempo"
        else (number if name in _FRACTIONS else whole)(value, name, *_RANGES[name])
        for name, value in values.items()
    }


def keep_mask(keep: np.ndarray | None, keep_bars: Sequence[int], steps: int) -> np.ndarray:
    """Return the cells to keep, bool (steps, 9), from a mask, bar numbers, or both."""
    mask = np.zeros((steps, len(DRUMS)), dtype=bool)
    if keep is not None:
        keep = floats(keep, "keep") > 0
        if keep.shape != mask.shape:
            raise PromptError(
                f"keep: must have the shape of the clip's roll, {mask.shape}, got {keep.shape}"
            )
        mask |= keep
    for bar in listed(keep_bars, "keep_bars", "bar numbers"):
        bar = whole(bar, "keep_bars")
        if not 0 <= bar < steps // 16:
            raise PromptError(
                f"keep_bars: must be from 0 to {steps // 16 - 1} for this clip, got {bar}"
            )
        mask[16 * bar : 16 * (bar + 1)] = True
    return mask


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """Spherical interpolation along the last axis: keeps the typical length of a latent."""
    cosine = nn.functional.cosine_similarity(a, b, dim=-1).clamp(-1 + 1e-6, 1 - 1e-6)
    angle = torch.acos(cosine).unsqueeze(-1)
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)
