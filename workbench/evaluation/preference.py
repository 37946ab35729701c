"""From choices between two to one scale: the Bradley–Terry model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats, number, whole
from workbench.errors import WorkbenchError


def bradley_terry(wins: ArrayLike, *, prior: float = 0.5, steps: int = 10_000) -> np.ndarray:
    """Strengths (k,), mean 0, of wins (k, k), wins[i, j] = how often i was chosen over j.

    P(i over j) = 1 / (1 + exp(s_j − s_i)) (Bradley and Terry, 1952), by the maximisation that never
    lowers the likelihood (Hunter, 2004, eq. 3). `prior`: wins that each side of each compared pair
    is given beforehand, so that one who won every time stays finite; 0 is maximum likelihood.
    Raises WorkbenchError where some were never linked by comparisons, or, with prior 0, where a
    strength would be infinite.
    """
    won = floats(wins, "wins")
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
    """Whether from each one there is a way of wins to each other (Ford's condition)."""
    from scipy.sparse.csgraph import connected_components

    return int(connected_components(beats, connection="strong")[0]) == 1
