"""Checks of the arguments of metrics: shapes, finite numbers, enough rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats, listed
from workbench.errors import WorkbenchError
from workbench.representations.drum_roll import CHANNELS


def array(values: ArrayLike, name: str, shape: str) -> np.ndarray:
    """Finite numbers of a given shape.

    Args:
        values: An array, which keeps its type, or lists of numbers.
        name: The argument's name, for errors.
        shape: Such as "(n, 12)": a number is the required length of its axis; "…" stands for any
            axes at the beginning or end.

    Raises:
        WorkbenchError: for another shape, for what is not numbers, and for NaN or infinity.
    """
    table = floats(values, name)
    axes = [axis.strip() for axis in shape.strip("()").split(",") if axis.strip()]
    named = [axis for axis in axes if axis != "…"]
    fits = table.ndim == len(axes) or (len(named) < len(axes) and table.ndim >= len(named))
    lengths = table.shape[-len(named) or table.ndim :] if axes[0] == "…" else table.shape
    wrong = fits and any(
        axis.isdigit() and int(axis) != length for axis, length in zip(named, lengths, strict=False)
    )
    if not fits or wrong:
        raise WorkbenchError(f"{name} has shape {table.shape}; give {shape}")
    if not np.isfinite(table).all():
        raise WorkbenchError(f"{name} holds NaN or infinity; leave that out")
    numeric = isinstance(values, np.ndarray) and values.dtype.kind in "biuf"
    return np.asarray(values) if numeric else table


def labels(values: Any, name: str, n: int) -> np.ndarray:
    """`values` as one label for each of `n` rows, (n,). Raises WorkbenchError for another shape."""
    found = listed(values, name, "labels")
    nested = any(isinstance(label, list | tuple | np.ndarray) and np.ndim(label) for label in found)
    if nested or len(found) != n:
        shape = np.shape(values) if isinstance(values, np.ndarray) else (len(found),)
        raise WorkbenchError(f"{name} has shape {shape}; give one label for each of {n} rows")
    return np.asarray(values if isinstance(values, np.ndarray) else found)


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
    table = floats(values, name)
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        table = values
    if table.ndim != 3 or table.shape[2] != CHANNELS or not table.size:
        raise WorkbenchError(
            f"{name} has shape {table.shape}; give (n, steps, {CHANNELS}), as drum_roll.rolls_of "
            "makes of clips"
        )
    if not np.isfinite(table).all():
        raise WorkbenchError(f"{name} holds NaN or infinity; leave that loop out")
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
