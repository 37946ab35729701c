"""Retrieval: does an item's own partner come first? Two embedding matrices in, ranks out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.arguments import floats, listed, whole
from workbench.datasets.keywords import tokens
from workbench.evaluation.checks import rows, same_rows, same_width


def ranks(query: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Rank of row i of `found` for row i of `query` by dot product: (n,), 1 is first.

    Ties share their mean rank. Counting only those that are strictly better would give a model
    that says the same of everything a perfect score; so would NaN, which is refused.
    """
    query, found = rows(query, "query"), rows(found, "found")
    same_rows(query, found, ("query", "found"))
    same_width(query, found, ("query", "found"))
    scores = query @ found.T
    own = np.diag(scores)[:, None]
    better = (scores > own).sum(1)
    tied = (scores == own).sum(1) - 1
    return 1 + better + tied / 2


def recall(rank: np.ndarray, k: int) -> float:
    """Share of queries whose partner is among the first k."""
    return float((floats(rank, "rank") <= whole(k, "k", 1)).mean())


def retrieval(
    query: np.ndarray, found: np.ndarray, ks: Sequence[int] = (1, 5, 10)
) -> dict[str, float]:
    """Recall at each k and the median rank. Rows of the two matrices are partners."""
    rank, ks = ranks(query, found), listed(ks, "ks", "whole numbers")
    return {f"R@{k}": recall(rank, k) for k in ks} | {"median rank": float(np.median(rank))}


def chance(n: int, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """What guessing reaches among n items."""
    n, ks = whole(n, "n", 1), [whole(k, "ks", 1) for k in listed(ks, "ks", "whole numbers")]
    return {f"R@{k}": min(1.0, k / n) for k in ks} | {"median rank": (n + 1) / 2}


class WordModel:
    """The baseline: ridge regression from word counts to roll features, no network, no order.

    Both ways: a text and a loop meet as predicted and measured features, each standardised over
    the training loops, compared by their cosine.
    """

    def __init__(self, texts: Sequence[str], features: np.ndarray, ridge: float = 30.0) -> None:
        self._tokens = tokens
        self.words = {w: i for i, w in enumerate(sorted({w for t in texts for w in tokens(t)}))}
        self.mean, self.std = features.mean(0), features.std(0) + 1e-6
        x, y = self._counts(texts), self._standard(features)
        inner = x.T @ x + ridge * np.eye(x.shape[1])
        self.weights = np.linalg.solve(inner, x.T @ y)

    def _counts(self, texts: Sequence[str]) -> np.ndarray:
        x = np.zeros((len(texts), len(self.words) + 1))
        x[:, -1] = 1
        for row, text in enumerate(texts):
            for word in self._tokens(text):
                if word in self.words:
                    x[row, self.words[word]] = 1
        return x

    def _standard(self, features: np.ndarray) -> np.ndarray:
        return (features - self.mean) / self.std

    def embed_text(self, texts: Sequence[str]) -> np.ndarray:
        return _unit(self._counts(texts) @ self.weights)

    def embed_loops(self, features: np.ndarray) -> np.ndarray:
        return _unit(self._standard(features))


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(1e-12, np.linalg.norm(x, axis=1, keepdims=True))
