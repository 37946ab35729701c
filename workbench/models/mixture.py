"""Distributions whose optimal denoiser is known: numbers near −1 or near +1, and data that are one
of a few points, such as the patterns of a grammar.

A network that minimises the loss of diffusion (DDPM, arXiv 2006.11239, eq. 14) predicts the mean of
the noise, given what it receives. For a mixture of Gaussians this mean has a closed form, and so
have the density and the score at every noise level. Samplers and trainings can be compared with
them. Notebook: `notebooks/05_latent_diffusion.ipynb`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.models.diffusion import cosine_schedule, zero_terminal_snr

MEANS = (-1.0, 1.0)
SPREAD = 0.15  # standard deviation of each of the two
SCHEDULE = zero_terminal_snr(cosine_schedule(1000)).float()


def log_weights(x: Tensor, bar: Tensor, odds: Tensor | float = 0.0) -> Tensor:
    """Return log(share · density) of both parts at x (…): (…, 2).

    bar: ᾱ, 0 to 1. odds: log-odds of the part near +1; 0 for equal shares.
    """
    odds = torch.as_tensor(odds, dtype=x.dtype).expand(x.shape)
    shares = torch.nn.functional.logsigmoid(torch.stack([-odds, odds], dim=-1))
    variance = bar * SPREAD**2 + 1 - bar
    means = bar.sqrt()[..., None] * torch.tensor(MEANS, dtype=x.dtype)
    squares = (x[..., None] - means) ** 2 / variance[..., None]
    return shares - 0.5 * (squares + torch.log(2 * torch.pi * variance)[..., None])


def density(x: Tensor, bar: Tensor, odds: Tensor | float = 0.0) -> Tensor:
    """Return the density of x_t (…) at noise levels ᾱ, of the shape of x: each of the two Gaussians
    has mean √ᾱ·μ and variance ᾱ·s² + 1 − ᾱ."""
    return log_weights(x, bar.expand(x.shape), odds).exp().sum(-1)


def denoised(x: Tensor, bar: Tensor, odds: Tensor | float = 0.0) -> Tensor:
    """Return the mean of x₀ given x_t (…) at noise levels ᾱ: what the best denoiser predicts."""
    bar = bar.expand(x.shape)
    weights = log_weights(x, bar, odds).softmax(-1)  # which part x came from: (…, 2)
    gain = bar.sqrt() * SPREAD**2 / (bar * SPREAD**2 + 1 - bar)
    means = torch.tensor(MEANS, dtype=x.dtype)
    each = means + gain[..., None] * (x[..., None] - bar.sqrt()[..., None] * means)
    return (weights * each).sum(-1)


def score(x: Tensor, bar: Tensor, odds: Tensor | float = 0.0) -> Tensor:
    """Return the score ∂ log p(x_t)/∂x_t (…), the direction in which the density grows.

    Source: Tweedie's formula, arXiv 2011.13456, appendix B: the score is −ε/√(1−ᾱ) of the best ε.
    """
    return (bar.sqrt() * denoised(x, bar, odds) - x) / (1 - bar)


def denoised_discrete(x: Tensor, bar: Tensor, points: Tensor, shares: Tensor) -> Tensor:
    """Return the mean of x₀ given x_t, where x₀ is one of a few points: the best denoiser of a
    distribution that is known completely.

    Args:
        x: Noisy data (n, d).
        bar: ᾱ of each row, (n, 1) or a number, 0 to 1 without 1.
        points: The points (k, d).
        shares: Their probabilities (k,).

    Returns:
        (n, d).

    Source: EDM, arXiv 2206.00364, appendix B.3, with a probability for each point.
    """
    squares = (x[:, None] - bar.sqrt()[..., None] * points).square().sum(-1)  # (n, k)
    weights = (shares.log() - squares / (2 * (1 - bar))).softmax(-1)  # p(point | x): (n, k)
    return weights @ points


def best_noise(x: Tensor, t: Tensor, odds: Tensor) -> Tensor:
    """Return the best prediction of ε for x_t (batch, n) at steps t (batch,) of SCHEDULE, given
    log-odds (batch, n): a network of diffusion that needs no training."""
    bar = SCHEDULE[t].reshape(-1, *[1] * (x.ndim - 1)).expand(x.shape)
    return (x - bar.sqrt() * denoised(x, bar, odds)) / (1 - bar).sqrt()
