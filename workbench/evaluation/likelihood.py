"""What music costs a model in bits, and the least that it can cost where that is known.

A model's −ln p is summed over rows (songs, windows) and divided by what the rows hold: tokens, when
models share a vocabulary; notes, which compare whatever the vocabulary is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import floats
from workbench.datasets import builtin, builtin_songs
from workbench.errors import WorkbenchError
from workbench.evaluation.intervals import bootstrap


def bits_each(nats: ArrayLike, units: ArrayLike) -> float:
    """Bits a unit: the sum of `nats` (−ln p of each row) over the sum of `units` (tokens or notes
    in each row), over ln 2.

    A ratio of sums, not a mean of ratios: a song of ten notes counts ten times, not as much as one
    of a thousand. WorkbenchError for NaN, for infinity (a model that gives a row probability 0 has
    no cost to compare; smooth it), and for rows without any unit.
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
    """95 % interval of `bits_each`, rows (or whole groups of them) resampled: two or more."""
    nats, units = _rows(nats, units)
    if len(nats) < 2:
        raise WorkbenchError("an interval needs two rows or more, such as songs; there is one")

    def measure(rows: np.ndarray) -> float:
        here = units[rows].sum()
        return float(nats[rows].sum() / here / np.log(2)) if here else float("nan")

    return bootstrap(measure, len(nats), groups=groups, times=times, seed=seed)


@dataclass(frozen=True)
class Entropy:
    """bits: of a clip, exactly; note_bits: of a note of held-out clips, and its standard error,
    which comes from how many notes they have (and, of songs, from the sum over what is hidden)."""

    bits: float
    note_bits: float
    error: float


def true_entropy(dataset: str, n: int = 250) -> Entropy:
    """The least that any model can cost on the built-in corpus, whose every probability is known.

    "builtin": drum loops with style, tempo, velocities and timings. "builtin-songs": bits of a song
    with style, tempo, key and form; note_bits of the notes alone, summed over all that is hidden,
    which is what a model of notes is to be held against. n: clips of the test split's seed.
    """
    if dataset == "builtin-songs":
        return Entropy(float(builtin_songs.entropy() / np.log(2)), *builtin_songs.note_bits(n))
    if dataset != "builtin":
        raise WorkbenchError(
            f"{dataset}: the entropy of real music is not known; give builtin or builtin-songs"
        )
    notes = np.array([len(clip.notes) for clip in builtin.sample(n, builtin.SIZES["test"][1])])
    bits = float(builtin.entropy() / np.log(2))
    each = bits / notes.mean()
    return Entropy(bits, each, float(each * notes.std() / notes.mean() / np.sqrt(n)))


def _rows(nats: ArrayLike, units: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    nats, units = np.atleast_1d(floats(nats, "nats")), np.atleast_1d(floats(units, "units"))
    if nats.shape != units.shape or nats.ndim != 1:
        raise WorkbenchError(
            f"nats has shape {nats.shape} and units {units.shape}; give one number a row of both"
        )
    wrong = np.flatnonzero(~np.isfinite(nats))
    if len(wrong):
        raise WorkbenchError(
            f"nats of row {wrong[0]} is {nats[wrong[0]]}; a model that gives music probability 0 "
            "has no cost to compare, so smooth it"
        )
    if not units.sum() > 0 or (units < 0).any():
        raise WorkbenchError("units holds no token or note to divide by; give counts above 0")
    return nats, units
