"""Principal components as a scale for latents: the important numbers first, and larger.

A diffusion model finds out about large numbers at much noise and about small ones at little noise.
Divided by their standard deviations, all numbers would be equally large, and most of the model's
work would go into details that nobody hears. Divided by the square roots of the deviations, sounds
are denoised from coarse to fine, like pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Principal:
    """Principal components: mean (size,), directions (count, size) of unit length, the most
    important first, and scale (count,), the square roots of their deviations, with which all
    numbers together have a variance of 1."""

    mean: Tensor
    directions: Tensor
    scale: Tensor


@torch.no_grad()
def principal(vectors: Tensor, count: int) -> Principal:
    """Return the first `count` principal components of vectors (n, size).

    Source: Hotelling 1933, "Analysis of a complex of statistical variables into principal
    components".
    """
    mean = vectors.mean(0)
    variance, directions = torch.linalg.eigh((vectors - mean).T.cov())
    deviation = variance[-count:].flip(0).clamp(min=1e-8).sqrt()
    scale = deviation.sqrt() * deviation.mean().sqrt()
    return Principal(mean, directions[:, -count:].flip(1).T.contiguous(), scale)
