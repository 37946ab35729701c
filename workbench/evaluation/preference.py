"""A scale from paired comparisons: the Bradley–Terry model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import number, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import array


def bradley_terry(wins: ArrayLike, *, prior: float = 0.5, steps: int = 10_000) -> np.ndarray:
    """Strengths from paired comparisons: P(i over j) = 1 / (1 + exp(s_j − s_i)).

    Args:
        wins: (k, k); wins[i, j] is how often i was preferred to j.
        prior: Wins that are added to both sides of each compared pair, so that the strength of one
            that won every time stays finite; 0 gives the maximum likelihood.
        steps: Most iterations of the minorise–maximise algorithm.

    Returns:
        Strengths (k,) in log odds, mean 0.

    Raises:
        WorkbenchError: for another shape; if comparisons do not link all k; and, with prior 0, if a
            strength would be infinite.

    Source:
        Bradley and Terry 1952; Hunter 2004, "MM algorithms for generalized Bradley–Terry models",
        equation 3.
    """
    won = array(wins, "wins", "(k, k)")
    if won.ndim != 2 or won.shape[0] != won.shape[1] or (won < 0).any():
        raise WorkbenchError(f"wins have shape {won.shape}; give counts (k, k)")
    prior, steps = number(prior, "prior", 0), whole(steps, "steps", 1)
    met = (won + won.T) > 0
    won = np.where(met & ~np.eye(len(won), dtype=bool), won + prior, 0.0)
    if not _linked(won > 0):
        raise WorkbenchError("not all are linked by wins and losses; compare more, or set a prior")
    games, total = won + won.T, won.sum(1)
    strength = np.ones(len(won))
    for _ in range(steps):
        fresh = total / (games / (strength[:, None] + strength[None, :])).sum(1)
        fresh /= np.exp(np.log(fresh).mean())
        moved = np.abs(np.log(fresh / strength)).max()
        strength = fresh
        if moved < 1e-9:
            break
    return np.log(strength)


def _linked(beats: np.ndarray) -> bool:
    """Whether a chain of wins leads from each one to each other (Ford's condition)."""
    from scipy.sparse.csgraph import connected_components

    return int(connected_components(beats, connection="strong")[0]) == 1
