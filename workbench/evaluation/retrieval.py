"""Retrieval metrics of two embedding matrices whose rows belong together: rank and recall."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.arguments import floats, listed, number, renamed, same_length, texts_of, whole
from workbench.datasets.keywords import tokens
from workbench.errors import PromptError
from workbench.evaluation.checks import array, rows, same_rows, same_width


@renamed(found="candidates")
def ranks(query: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Rank of row i of `candidates` for row i of `query`, by dot product.

    Ties share their mean rank. If only strictly better rows counted, a model with the same
    embedding for everything would have a perfect score. NaN would too, so it is refused.

    Args:
        query: (n, d).
        candidates: (n, d); row i belongs to row i of `query`.

    Returns:
        (n,), from 1 (first) to n.

    Raises:
        WorkbenchError: for tables that do not match, and NaN.
    """
    query, candidates = rows(query, "query"), rows(candidates, "candidates")
    same_rows(query, candidates, ("query", "candidates"))
    same_width(query, candidates, ("query", "candidates"))
    scores = query @ candidates.T
    own = np.diag(scores)[:, None]
    better = (scores > own).sum(1)
    tied = (scores == own).sum(1) - 1
    return 1 + better + tied / 2


def recall(rank: np.ndarray, k: int) -> float:
    """Share of queries whose partner has a rank (n,) of at most k: recall@k, 0 to 1."""
    return float((floats(rank, "rank") <= whole(k, "k", 1)).mean())


@renamed(found="candidates")
def retrieval(
    query: np.ndarray, candidates: np.ndarray, ks: Sequence[int] = (1, 5, 10)
) -> dict[str, float]:
    """Recall at each k and the median rank.

    Args:
        query: (n, d).
        candidates: (n, d); row i belongs to row i of `query`.
        ks: Values of k, 1 or more.

    Returns:
        By name, such as {"R@1": 0.2, "R@5": 0.6, "median rank": 4.0}.

    Raises:
        WorkbenchError: for tables that do not match, and NaN.
    """
    rank, ks = ranks(query, candidates), listed(ks, "ks", "whole numbers")
    return {f"R@{k}": recall(rank, k) for k in ks} | {"median rank": float(np.median(rank))}


def chance(n: int, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """The values of `retrieval` that random ranks of n items have on average."""
    n, ks = whole(n, "n", 1), [whole(k, "ks", 1) for k in listed(ks, "ks", "whole numbers")]
    return {f"R@{k}": min(1.0, k / n) for k in ks} | {"median rank": (n + 1) / 2}


def ceiling(likelihood: np.ndarray, ks: Sequence[int] = (1, 5, 10)) -> np.ndarray:
    """Recall at each k of the best possible ranking, if the probability of each text is known.

    Before the text is read, all candidates are equally likely to be its own. The best ranking is
    then by the likelihood, and its recall the sum of the k largest posterior probabilities.

    Args:
        likelihood: p(text i | candidate j), (texts, candidates), 0 or more. A factor that all
            candidates of a text share has no effect.
        ks: Values of k, 1 or more.

    Returns:
        (ks,), the mean over texts, 0 to 1.

    Raises:
        WorkbenchError: for negative values, NaN, and a text that no candidate could have.

    Source:
        Robertson 1977, The probability ranking principle in IR.
    """
    likelihood, ks = rows(likelihood, "likelihood"), listed(ks, "ks", "whole numbers")
    total = likelihood.sum(1, keepdims=True)
    if (likelihood < 0).any() or (total == 0).any():
        raise PromptError("likelihood: each row needs values of 0 or more, one of them above 0")
    best_first = -np.sort(-likelihood / total, axis=1)
    reached = best_first.cumsum(1).mean(0)
    return np.array([reached[min(whole(k, "ks", 1), len(reached)) - 1] for k in ks])


class WordModel:
    """The baseline for text–loop retrieval: ridge regression from a bag of words to features of
    loops. It has no network and no word order.

    A text gives predicted features and a loop measured features. Both are standardised over the
    training loops and compared by their cosine.

    Args:
        texts: n captions of training loops.
        features: Features of these loops, (n, f).
        ridge: Weight of the L2 penalty, above 0.
    """

    def __init__(self, texts: Sequence[str], features: np.ndarray, ridge: float = 30.0) -> None:
        texts, features = texts_of(texts, "texts", 1), rows(features, "features")
        same_length(texts=texts, features=features)
        ridge = number(ridge, "ridge", 0)
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
        """Predicted features of texts, (n, f), rows of length 1."""
        return _unit(self._counts(texts_of(texts, "texts")) @ self.weights)

    def embed_loops(self, features: np.ndarray) -> np.ndarray:
        """Standardised features (n, f) of loops, rows of length 1."""
        return _unit(self._standard(array(features, "features", f"(n, {len(self.mean)})")))


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(1e-12, np.linalg.norm(x, axis=1, keepdims=True))
