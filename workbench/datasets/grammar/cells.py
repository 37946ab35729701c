"""The alphabet of the grammar: the meaning of a letter of a pattern for one cell of one drum.

A cell is in one of five states: silent, ghost, normal, accent, or open (hi-hat only). The velocity
ranges of ghost, normal and accent do not overlap, so the state of a note follows from its velocity;
an open hi-hat has its own pitch. Velocity and timing are discretised Gaussians, truncated to their
ranges and normalised, so every value has an exact probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

SILENT, GHOST, NORMAL, ACCENT, OPEN = range(5)
STATES = 5

# letter: P(silent, ghost, normal, accent, open)
CELLS: dict[str, tuple[float, float, float, float, float]] = {
    ".": (1.00, 0.00, 0.00, 0.00, 0.00),  # never
    "X": (0.00, 0.00, 0.30, 0.70, 0.00),  # always, mostly an accent
    "x": (0.00, 0.05, 0.85, 0.10, 0.00),  # always
    "y": (0.00, 0.60, 0.40, 0.00, 0.00),  # always, soft
    "A": (0.06, 0.00, 0.20, 0.74, 0.00),  # nearly always an accent
    "a": (0.50, 0.00, 0.20, 0.30, 0.00),  # an accent half of the time
    "n": (0.08, 0.05, 0.75, 0.12, 0.00),  # nearly always
    "h": (0.50, 0.05, 0.40, 0.05, 0.00),  # half of the time
    "l": (0.80, 0.03, 0.15, 0.02, 0.00),  # sometimes
    "s": (0.94, 0.02, 0.04, 0.00, 0.00),  # rarely
    "G": (0.20, 0.72, 0.08, 0.00, 0.00),  # mostly a ghost note
    "g": (0.60, 0.37, 0.03, 0.00, 0.00),  # sometimes a ghost note
    "q": (0.86, 0.13, 0.01, 0.00, 0.00),  # rarely a ghost note
    "O": (0.05, 0.00, 0.05, 0.00, 0.90),  # open hi-hat
    "o": (0.05, 0.00, 0.50, 0.05, 0.40),  # open or closed
    "u": (0.05, 0.05, 0.75, 0.05, 0.10),  # closed, rarely open
}

LANES = ("BD", "SD", "XS", "HH", "PH", "RD", "BL", "CR", "LT", "MT", "HT")
LANE = {lane: i for i, lane in enumerate(LANES)}
PITCH = {
    "BD": 36, "SD": 38, "XS": 37, "HH": 42, "PH": 44, "RD": 51, "BL": 53, "CR": 49,
    "LT": 41, "MT": 45, "HT": 48,
}  # fmt: skip
OPEN_HAT = 46

# state: (lowest, highest, mean, standard deviation) of MIDI velocity
VELOCITY = {
    GHOST: (12, 44, 29.0, 7.0),
    NORMAL: (45, 88, 70.0, 8.0),
    ACCENT: (89, 127, 106.0, 9.0),
    OPEN: (45, 110, 80.0, 10.0),
}
SOFTER = {"HH": 8.0, "PH": 14.0, "RD": 6.0, "XS": 4.0, "BL": 2.0}  # subtracted from the mean

TICKS = 480  # per beat
REACH = 36  # largest offset of a hit from its cell in ticks


def row(letters: str) -> np.ndarray:
    """P(state) of the cells of a row of letters: (cells, 5)."""
    return np.array([CELLS[letter] for letter in letters.replace(" ", "").replace("|", "")])


@cache
def velocity_pmf(lane: str, state: int) -> np.ndarray:
    """P(velocity) of a hit of `lane` in `state`, for velocities 0 to 127: (128,)."""
    low, high, mean, spread = VELOCITY[state]
    weights = np.exp(-0.5 * ((np.arange(128) - mean + SOFTER.get(lane, 0.0)) / spread) ** 2)
    weights[:low] = 0
    weights[high + 1 :] = 0
    return weights / weights.sum()


@cache
def timing_pmf(mean: float, spread: float) -> np.ndarray:
    """P(offset) for offsets from −REACH to REACH ticks: (2 · REACH + 1,)."""
    offsets = np.arange(-REACH, REACH + 1)
    weights = np.exp(-0.5 * ((offsets - mean) / spread) ** 2)
    return weights / weights.sum()


def state_of(pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """State of each note from its pitch and velocity: (n,); SILENT if no state has that
    velocity."""
    states = np.zeros(len(pitch), dtype=np.int64)
    for state in (GHOST, NORMAL, ACCENT):
        low, high, _, _ = VELOCITY[state]
        states[(velocity >= low) & (velocity <= high) & (pitch != OPEN_HAT)] = state
    low, high, _, _ = VELOCITY[OPEN]
    states[(velocity >= low) & (velocity <= high) & (pitch == OPEN_HAT)] = OPEN
    return states


def entropy_of(pmf: np.ndarray | Sequence[float]) -> np.ndarray:
    """Shannon entropy in nats along the last axis."""
    pmf = np.asarray(pmf, dtype=np.float64)
    return -np.sum(np.where(pmf > 0, pmf * np.log(np.where(pmf > 0, pmf, 1)), 0), axis=-1)
