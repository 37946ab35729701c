"""Sampling with guidance: from noise to a latent, and the settings of it with their checks."""

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
    """How to sample.

    Args:
        steps: Evaluations of the network, 1 to 1000.
        guidance: 0 ignores the text, 1 follows it, more exaggerates; at most 20.
        sampler: A name of `SAMPLERS`.
        seed: Of everything random.
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
        """A seed of noise for each of `n` takes; take i has the same whatever `n` is."""
        return [(torch_seed(self.seed) * 1009 + i) % 2**32 for i in range(n)]

    def asked(self) -> dict[str, Any]:
        """What a clip's provenance says of them."""
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
) -> Tensor:
    """Walk from noisy latents to clean ones with classifier-free guidance.

    seeds: of each row's latents, by default those of the settings' takes. From them follows the
    noise that ancestral samplers put back on the way, which is not that of the latents; so a row
    is the same in any batch.
    project: is given each guess of x₀ and returns the one to go on with. start: how many of the
    schedule's steps lie ahead; all of them unless the latents are noised only part of the way.
    Raises WorkbenchError where the network answers NaN.
    """
    both = joined(conditioning, conditioning.unconditional())

    def predict(x: Tensor, t: int) -> tuple[Tensor, Tensor]:
        at = torch.full((len(x),), t)
        if settings.guidance == 1.0:
            output = denoiser(x, at, *conditioning)
        else:  # with and without the text, in one batch
            with_text, without = denoiser(torch.cat([x, x]), torch.cat([at, at]), *both).chunk(2)
            output = guided(with_text, without, settings.guidance)
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
    drawn = sampler(predict, noisy, bars, min(settings.steps, len(bars)), again, callback)
    if not torch.isfinite(drawn).all():
        raise WorkbenchError(
            "sampling ended in NaN or infinite numbers: the weights are damaged; load or train "
            f"the system again, or lower the guidance (now {settings.guidance:g})"
        )
    return drawn


def noise_of(seeds: Sequence[int], shape: tuple[int, ...]) -> Tensor:
    """Standard normal numbers (n, *shape), each row from its own seed."""
    generators = [generator(seed_of(seed, "seeds")) for seed in listed(seeds, "seeds", "seeds", 1)]
    return normal((len(generators), *shape), generators)


def overlapping(network: nn.Module, frames: int, axis: int = -1) -> Callable[..., Tensor]:
    """`network` for latents longer than `frames` along an axis: it is asked about windows that
    overlap by half, and their answers are averaged with triangular weights (MultiDiffusion, arXiv
    2302.08113)."""

    def ask(x: Tensor, t: Tensor, *asked: Tensor) -> Tensor:
        x = x.movedim(axis, -1)
        length = x.shape[-1]

        def answer(part: Tensor) -> Tensor:
            return network(part.movedim(-1, axis), t, *asked).movedim(axis, -1)

        if length <= frames:
            return answer(x).movedim(-1, axis)
        starts = [*range(0, length - frames, frames // 2), length - frames]
        weight = 1 - (torch.linspace(-1, 1, frames + 2)[1:-1]).abs()
        total, share = torch.zeros_like(x), torch.zeros(length)
        for start in starts:
            here = slice(start, start + frames)
            total[..., here] += weight * answer(x[..., here])
            share[here] += weight
        return (total / share).movedim(-1, axis)

    return ask


def checked(**values: Any) -> dict[str, Any]:
    """The values as Python's numbers, each within its range, or a PromptError that names the
    argument and its range. A tempo may be None."""
    return {
        name: None
        if value is None and name == "tempo"
        else (number if name in _FRACTIONS else whole)(value, name, *_RANGES[name])
        for name, value in values.items()
    }


def keep_mask(keep: np.ndarray | None, keep_bars: Sequence[int], steps: int) -> np.ndarray:
    """Cells to keep, (steps, 9) bool, from a mask, bar numbers, or both."""
    mask = np.zeros((steps, len(DRUMS)), dtype=bool)
    if keep is not None:
        keep = floats(keep, "keep") > 0
        if keep.shape != mask.shape:
            raise PromptError(f"keep: shape {keep.shape}, the clip's roll has {mask.shape}")
        mask |= keep
    for bar in listed(keep_bars, "keep_bars", "bar numbers"):
        bar = whole(bar, "keep_bars")
        if not 0 <= bar < steps // 16:
            raise PromptError(f"keep_bars: no bar {bar}; the clip has bars 0 to {steps // 16 - 1}")
        mask[16 * bar : 16 * (bar + 1)] = True
    return mask


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """Spherical interpolation along the last axis: keeps the typical length of a latent."""
    cosine = nn.functional.cosine_similarity(a, b, dim=-1).clamp(-1 + 1e-6, 1 - 1e-6)
    angle = torch.acos(cosine).unsqueeze(-1)
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)
