"""Reduced-rank regression from the words of a text to the features of a loop, for search.

Ridge regression predicts standardised features y from word counts x: ŷ = Wᵀx. Of ŷ only the
directions in which predictions over the training texts vary most are kept. A text and a loop are
compared by the cosine of Vᵀŷ and Vᵀy: features that no word predicts do not count.

Source: Izenman 1975, "Reduced-rank regression for the multivariate linear model".
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RANK = 32
RIDGE = 30.0  # weight of the L2 penalty


class WordRegression(nn.Module):
    """Embeds texts and loops in one space of `rank` dimensions.

    Args:
        words: Number of words.
        features: Number of features of a loop.
        rank: Directions that are kept.
    """

    text: Tensor
    loop: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, words: int, features: int, rank: int = RANK) -> None:
        super().__init__()
        self.register_buffer("text", torch.zeros(words + 1, rank))
        self.register_buffer("loop", torch.zeros(features, rank))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))

    def embed_text(self, counts: Tensor) -> Tensor:
        """Embed word counts (n, words): (n, rank), unit length."""
        return F.normalize(_with_one(counts) @ self.text, dim=-1)

    def embed_loops(self, features: Tensor) -> Tensor:
        """Embed features of loops (n, features): (n, rank), unit length."""
        return F.normalize((features - self.mean) / self.std @ self.loop, dim=-1)


def fit_words(counts: Tensor, features: Tensor, rank: int = RANK) -> WordRegression:
    """Fit word counts (n, words) to the features of the loops that they describe (n, features)."""
    x, y = _with_one(counts).double(), features.double()
    fitted = WordRegression(counts.shape[1], y.shape[1], rank)
    mean, std = y.mean(0), y.std(0, correction=0) + 1e-6
    penalty = RIDGE * torch.eye(x.shape[1], dtype=torch.float64)
    weights = torch.linalg.solve(x.T @ x + penalty, x.T @ ((y - mean) / std))
    directions = torch.linalg.svd(x @ weights, full_matrices=False)[2][:rank].T
    directions = F.pad(directions, (0, rank - directions.shape[1]))  # of few features
    for name, value in (
        ("text", weights @ directions),
        ("loop", directions),
        ("mean", mean),
        ("std", std),
    ):
        getattr(fitted, name).copy_(value)
    return fitted


def _with_one(counts: Tensor) -> Tensor:
    return F.pad(counts, (0, 1), value=1.0)
