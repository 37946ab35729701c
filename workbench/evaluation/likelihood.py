"""Negative log-likelihood of music in bits, and its lower bound where it is known.

A model's −ln p is summed over rows (songs, windows) and divided by their tokens, for models with a
common vocabulary, or by their notes, for any models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats, shown, whole
from workbench.datasets import builtin, builtin_songs
from workbench.errors import WorkbenchError
from workbench.evaluation.intervals import bootstrap


def bits_each(nats: ArrayLike, units: ArrayLike) -> float:
    """Bits per token or per note: a ratio of sums, so that long songs count more than short ones.

    Args:
        nats: −ln p of each row, (n,).
        units: Tokens or notes of each row, (n,).

    Returns:
        Sum of `nats` / sum of `units` / ln 2.

    Raises:
        WorkbenchError: for NaN, for infinity (a row with probability 0), and for no units.
    """
    nats, units = _rows(nats, units)
    return float(nats.sum() / units.sum() / np.log(2))


def bits_interval(
    nats: ArrayLike,
    units: ArrayLike,
    *,
    groups: np.ndarray | None = None,
    times: int = 200,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of `bits_each` by bootstrap over rows.

    Args:
        nats: −ln p of each row, (n,), two rows or more.
        units: Tokens or notes of each row, (n,).
        groups: Labels (n,): whole groups are resampled.
        times: Bootstrap samples.
        seed: Of the resampling.

    Returns:
        (low, high) in bits.
    """
    nats, units = _rows(nats, units)
    if len(nats) < 2:
        raise WorkbenchError("an interval needs at least two rows, such as songs, got one")

    def measure(rows: np.ndarray) -> float:
        here = units[rows].sum()
        return float(nats[rows].sum() / here / np.log(2)) if here else float("nan")

    return bootstrap(measure, len(nats), groups=groups, times=times, seed=seed)


@dataclass(frozen=True)
class Entropy:
    """The entropy of a built-in corpus.

    Args:
        bits: Of a clip, exact.
        note_bits: Per note of held-out clips.
        error: Standard error of `note_bits`, from the number of notes per clip and, for songs, from
            the sum over hidden choices.
    """

    bits: float
    note_bits: float
    error: float


def true_entropy(dataset: str, n: int = 250) -> Entropy:
    """The entropy of a built-in corpus: the lowest cost that any model can have.

    Args:
        dataset: "builtin" (drum loops: style, tempo, velocities and timings), or "builtin-songs"
            (bits of a song with style, tempo, key and form; note_bits of the notes alone, summed
            over all hidden choices, as comparison for a model of notes).
        n: Number of clips, sampled with the seed of the test split.

    Returns:
        Bits per clip and per note.

    Raises:
        WorkbenchError: for any other set.
    """
    n = whole(n, "n", 1)
    named = dataset if isinstance(dataset, str) else shown(dataset)
    if named == "builtin-songs":
        return Entropy(float(builtin_songs.entropy() / np.log(2)), *builtin_songs.note_bits(n))
    if named != "builtin":
        raise WorkbenchError(
            f"{named}: the entropy of real music is not known; give builtin or builtin-songs"
        )
    notes = np.array([len(clip.notes) for clip in builtin.sample(n, builtin.SIZES["test"][1])])
    bits = float(builtin.entropy() / np.log(2))
    each = bits / notes.mean()
    return Entropy(bits, each, float(each * notes.std() / notes.mean() / np.sqrt(n)))


def _rows(nats: ArrayLike, units: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    nats, units = np.atleast_1d(floats(nats, "nats")), np.atleast_1d(floats(units, "units"))
    if nats.shape != units.shape or nats.ndim != 1:
        raise WorkbenchError(
            f"nats has shape {nats.shape} and units {units.shape}; give one number per row of both"
        )
    wrong = np.flatnonzero(~np.isfinite(nats))
    if len(wrong):
        raise WorkbenchError(
            f"nats of row {wrong[0]} is {nats[wrong[0]]}; a model that assigns probability 0 "
            "cannot be compared; smooth it"
        )
    if not units.sum() > 0 or (units < 0).any():
        raise WorkbenchError("units: the sum must be above 0 and no count negative")
    return nats, units
