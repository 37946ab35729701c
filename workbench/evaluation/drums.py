"""Metrics of drum rolls: arrays (n, steps, 27) of hits | velocity | offset."""

from __future__ import annotations

import numpy as np

from workbench.arguments import renamed
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import drum_rolls

N = 9


@renamed(heard="reconstructed")
def reconstruction(true: np.ndarray, reconstructed: np.ndarray) -> dict[str, float]:
    """Reconstruction error of drum rolls.

    Args:
        true: Rolls, (n, steps, 27).
        reconstructed: Reconstructed rolls of the same shape.

    Returns:
        "f1", "precision" and "recall" of hits over all cells, 0 to 1; "velocity_error" (0 to 1) and
        "offset_error" (in sixteenths): mean absolute errors of cells that are hit in both.

    Raises:
        WorkbenchError: for other or different shapes.
    """
    true, reconstructed = drum_rolls(true, "true"), drum_rolls(reconstructed, "reconstructed")
    if true.shape != reconstructed.shape:
        raise WorkbenchError(
            f"true has shape {true.shape} and reconstructed {reconstructed.shape}; give equal ones"
        )
    hits, guess = true[..., :N] > 0.5, reconstructed[..., :N] > 0.5
    both = hits & guess
    found = max(1, int(both.sum()))
    precision = both.sum() / max(1, guess.sum())
    recall = both.sum() / max(1, hits.sum())
    error = np.abs(true - reconstructed)
    return {
        "f1": float(2 * both.sum() / max(1, hits.sum() + guess.sum())),
        "precision": float(precision),
        "recall": float(recall),
        "velocity_error": float((error[..., N : 2 * N] * both).sum() / found),
        "offset_error": float((error[..., 2 * N :] * both).sum() / found),
    }
