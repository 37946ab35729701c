"""Checks of the arguments of metrics: shapes, finite numbers, enough rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats
from workbench.errors import WorkbenchError
from workbench.representations.drum_roll import CHANNELS


def rows(values: ArrayLike, name: str, least: int = 1) -> np.ndarray:
    """`values` as (n, d) float64. Raises WorkbenchError for another shape, too few rows, or NaN."""
    table = floats(values, name)
    if table.ndim != 2:
        raise WorkbenchError(f"{name} has shape {table.shape}; give (n, d), one row per clip")
    if not table.shape[1]:
        raise WorkbenchError(f"{name} has shape {table.shape}; a row needs at least one number")
    if len(table) < least:
        raise WorkbenchError(f"{name} has too few rows: {len(table)}; give {least} or more")
    finite = np.isfinite(table).all(1)
    if not finite.all():
        raise WorkbenchError(
            f"{name} holds NaN or infinity in row {np.flatnonzero(~finite)[0]}; leave that clip out"
        )
    return table


def drum_rolls(values: ArrayLike, name: str = "rolls") -> np.ndarray:
    """`values` as drum rolls (n, steps, 27). WorkbenchError for anything else, such as clips."""
    table = values if isinstance(values, np.ndarray) else floats(values, name)
    if table.ndim != 3 or table.shape[2] != CHANNELS or not table.size:
        raise WorkbenchError(
            f"{name} has shape {table.shape}; give (n, steps, {CHANNELS}), as drum_roll.rolls_of "
            "makes of clips"
        )
    return table


def same_rows(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> None:
    """Raise WorkbenchError for tables with different numbers of rows."""
    if len(first) != len(second):
        raise WorkbenchError(
            f"{names[0]} has {len(first)} rows and {names[1]} has {len(second)}; "
            "row i of both must belong to one clip"
        )


def same_width(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> None:
    """Raise WorkbenchError for tables with different numbers of columns."""
    if first.shape[1] != second.shape[1]:
        raise WorkbenchError(
            f"{names[0]} has {first.shape[1]} columns and {names[1]} has {second.shape[1]}; "
            "make both with one network"
        )
