"""Samplers: from noise to a clean latent.

Samplers do not depend on the network. `predict(x, t)` returns the estimates (x₀, ε) for x (batch,
…) at step t (an int). `alphas_bar` (T,) is the schedule, `steps` the number of evaluations.
`callback`, if given, is called with (step from 1, steps, estimate of x₀) after each of them.
`generator` is one for all rows of x, or a list with one per row, so that rows are independent.
Notebook: `notebooks/05_latent_diffusion.ipynb`.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Predict = Callable[[Tensor, int], tuple[Tensor, Tensor]]
Callback = Callable[[int, int, Tensor], None]
Random = torch.Generator | Sequence[torch.Generator] | None


def normal(shape: Sequence[int], generator: Random) -> Tensor:
    """Return standard normal numbers on the CPU; with a list of generators, each row from its
    own."""
    if isinstance(generator, Sequence):
        return torch.stack([torch.randn(*shape[1:], generator=g) for g in generator])
    return torch.randn(*shape, generator=generator)


def timesteps(total: int, steps: int) -> list[int]:
    """Return `steps` of the schedule's `total` steps at even distances, the noisiest first.

    The last step goes from one distance above the cleanest step directly to no noise. With one more
    evaluation near the clean end, the last step would be so long in λ that the second-order solver
    overshoots. Raises ValueError if steps is not in 1 … total.
    """
    if not 1 <= steps <= total:
        raise ValueError(f"steps must be 1 to {total}, got {steps}")
    return [round(total - total * i / steps) - 1 for i in range(steps)]


def _walk(alphas_bar: Tensor, steps: int) -> list[tuple[int, Tensor, Tensor]]:
    """Return (t, ᾱ now, ᾱ next) of each step; the last one ends at the clean latent, ᾱ = 1."""
    at = timesteps(len(alphas_bar), steps)
    bars = [alphas_bar[t].double() for t in at] + [torch.ones((), dtype=torch.float64)]
    return [(t, bars[i], bars[i + 1]) for i, t in enumerate(at)]


def ddpm(
    predict: Predict,
    x: Tensor,
    alphas_bar: Tensor,
    steps: int,
    generator: Random = None,
    callback: Callback | None = None,
) -> Tensor:
    """Ancestral sampling.

    Source: DDPM, arXiv 2006.11239, algorithm 2, with the posterior of eqs. 6 and 7.
    """
    return ddim(predict, x, alphas_bar, steps, generator, callback, eta=1.0)


def ddim(
    predict: Predict,
    x: Tensor,
    alphas_bar: Tensor,
    steps: int,
    generator: Random = None,
    callback: Callback | None = None,
    eta: float = 0.0,
) -> Tensor:
    """Denoising diffusion implicit models.

    With eta 0 no noise is added and the result is deterministic; eta 1 is the ancestral sampler.

    Source: Song et al. 2020, arXiv 2010.02502, eq. 12.
    """
    for i, (t, bar, bar_next) in enumerate(_walk(alphas_bar, steps), start=1):
        x0, eps = predict(x, t)
        # Eq. 16: standard deviation of the noise that is added again.
        sigma = eta * ((1 - bar_next) / (1 - bar) * (1 - bar / bar_next)).sqrt()
        left = (1 - bar_next - sigma**2).clamp(min=0)  # rounding may make it negative
        x = bar_next.sqrt().float() * x0 + left.sqrt().float() * eps
        if eta > 0 and i < steps:
            noise = normal(x.shape, generator).to(x)
            x = x + sigma.float() * noise
        if callback:
            callback(i, steps, x0)
    return x


def dpm_solver(
    predict: Predict,
    x: Tensor,
    alphas_bar: Tensor,
    steps: int,
    generator: Random = None,
    callback: Callback | None = None,
) -> Tensor:
    """DPM-Solver++(2M), of second order with one evaluation per step.

    With λ = log(√ᾱ/√(1−ᾱ)) and h = λ_next − λ, the exact solution for an x₀ that changes linearly
    in λ needs the last two estimates of x₀. It is deterministic; `generator` is not used.

    Source: Lu et al. 2022, arXiv 2211.01095, algorithm 2.
    """
    x0_before, h_before = None, torch.zeros(())
    for i, (t, bar, bar_next) in enumerate(_walk(alphas_bar, steps), start=1):
        x0, _ = predict(x, t)
        h = 0.5 * (torch.logit(bar_next) - torch.logit(bar))
        slope = x0
        if x0_before is not None and i < steps:  # first and last step are of first order
            r = h_before / h
            slope = x0 + (0.5 / r).float() * (x0 - x0_before)
        sigma, sigma_next = (1 - bar).sqrt(), (1 - bar_next).sqrt()
        x = (sigma_next / sigma).float() * x - (bar_next.sqrt() * torch.expm1(-h)).float() * slope
        x0_before, h_before = x0, h
        if callback:
            callback(i, steps, x0)
    return x


SAMPLERS: dict[str, Callable[..., Tensor]] = {"ddpm": ddpm, "ddim": ddim, "dpm++": dpm_solver}
