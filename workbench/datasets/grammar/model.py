"""The grammar as a probability distribution over drum loops: sampling and log-probability.

A loop is sampled in these steps, each with a known probability:
style, tempo → form (beat or fill, number of bars) → feel → ending (no fill, half a bar, a bar) →
crash on the first downbeat → state of every cell → velocity and timing of every hit.
The log-probability is computed from the notes. Style and tempo are known, and the notes determine
the other choices (see `style.py`). If they did not, the sum over all choices would still be exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.datasets.grammar.cells import (
    ACCENT,
    LANE,
    LANES,
    OPEN,
    OPEN_HAT,
    PITCH,
    REACH,
    STATES,
    TICKS,
    state_of,
    timing_pmf,
    velocity_pmf,
)
from workbench.datasets.grammar.fills import log_prob_fill, sample_fill
from workbench.datasets.grammar.style import Feel, Style
from workbench.music.clip import NOTE

# (kind, bars) and its probability
FORMS = {
    ("beat", 1): 0.04, ("beat", 2): 0.10, ("beat", 4): 0.24, ("beat", 8): 0.46,
    ("fill", 1): 0.10, ("fill", 2): 0.06,
}  # fmt: skip
ENDINGS = {"none": 0.40, "half": 0.35, "bar": 0.25}  # of beats with two bars or more
CRASH = {"none": 0.12, "half": 0.55, "bar": 0.80}  # P(crash on the downbeat) after this ending
BAR = 4 * TICKS

_PITCHES = np.array([PITCH[lane] for lane in LANES])
_LANE_OF = np.full(128, -1)
_LANE_OF[_PITCHES] = np.arange(len(LANES))
_LANE_OF[OPEN_HAT] = LANE["HH"]
_CR = LANE["CR"]


@dataclass(frozen=True)
class Loop:
    """A sampled loop. states, velocity, offset (ticks): (bars, cells, lanes), 0 where silent."""

    style: Style
    tempo: int
    kind: str
    bars: int
    feel: Feel
    ending: str
    states: np.ndarray
    velocity: np.ndarray
    offset: np.ndarray


def endings(bars: int) -> dict[str, float]:
    """P(ending) of a beat of so many bars."""
    return ENDINGS if bars > 1 else {"none": 1.0}


def _pick(rng: np.random.Generator, table: dict[Any, float]) -> Any:
    keys = list(table)
    return keys[int(rng.choice(len(keys), p=np.array([table[key] for key in keys])))]


def fill_start(ending: str, grid: int) -> int:
    """First cell of the fill in the last bar; `grid` for no fill."""
    return {"none": grid, "half": grid // 2, "bar": 0}[ending]


# ------------------------------------------------------------------ sampling


def sample(style: Style, rng: np.random.Generator) -> Loop:
    """Sample one loop of this style."""
    tempo = int(rng.integers(style.tempo[0], style.tempo[1] + 1))
    kind, bars = _pick(rng, FORMS)
    if kind == "fill":
        feel, ending = style.feels[0], "none"
        states = np.stack([sample_fill(style, feel.grid, 0, rng) for _ in range(bars)])
    else:
        feel = style.feels[int(rng.choice(len(style.feels), p=style.weights))]
        ending = _pick(rng, endings(bars))
        states = _sample_beat(style, feel, bars, ending, rng)
    velocity, offset = _play(style, states, rng)
    return Loop(style, tempo, kind, bars, feel, ending, states, velocity, offset)


def _sample_beat(
    style: Style, feel: Feel, bars: int, ending: str, rng: np.random.Generator
) -> np.ndarray:
    period = len(feel.table)
    states = np.zeros((bars, feel.grid, len(LANES)), dtype=np.int64)
    for bar in range(bars):
        pmf = feel.table[bar % period]
        fresh = (rng.random(pmf.shape[:2])[..., None] > pmf.cumsum(-1)[..., :-1]).sum(-1)
        if bar >= period:
            again = rng.random(fresh.shape) < style.repeat
            fresh = np.where(again, states[bar - period], fresh)
        states[bar] = fresh
    start = fill_start(ending, feel.grid)
    if start < feel.grid:
        states[-1, start:] = sample_fill(style, feel.grid, start, rng)[start:]
    if rng.random() < CRASH[ending]:
        states[0, 0, _CR] = ACCENT
    return states


def _play(
    style: Style, states: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Sample velocity and timing (ticks) of every hit; each has the shape of `states`."""
    velocity, offset = np.zeros_like(states), np.zeros_like(states)
    for lane, name in enumerate(LANES):
        timing = timing_pmf(style.behind.get(name, 0.0), style.spread)
        for state in range(1, STATES):
            those = states[..., lane] == state
            if those.any():
                u = rng.random((2, np.count_nonzero(those)))
                cumulated = velocity_pmf(name, state).cumsum()
                velocity[those, lane] = _invert(cumulated, u[0])
                offset[those, lane] = _invert(timing.cumsum(), u[1]) - REACH
    return velocity, offset


def _invert(cumulated: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Indices sampled from a cumulative distribution by uniform numbers."""
    return np.searchsorted(cumulated / cumulated[-1], u, side="right")


def notes_of(loop: Loop) -> np.ndarray:
    """The notes, dtype NOTE; hits before the first downbeat are written at the loop's end."""
    bar, cell, lane = np.nonzero(loop.states)
    ticks = bar * BAR + loop.feel.cell_ticks[cell] + loop.offset[bar, cell, lane]
    notes = np.zeros(len(bar), dtype=NOTE)
    notes["time"] = (ticks % (loop.bars * BAR)) / TICKS
    notes["duration"] = 0.1
    notes["pitch"] = np.where(loop.states[bar, cell, lane] == OPEN, OPEN_HAT, _PITCHES[lane])
    notes["velocity"] = loop.velocity[bar, cell, lane]
    notes["is_drum"] = True
    return notes[np.lexsort((notes["pitch"], notes["time"]))]


# ------------------------------------------------------------------ log-probability


def log_prob_notes(style: Style, tempo: float, beats: float, notes: np.ndarray) -> float:
    """ln P(tempo, form, notes | style); −inf for notes that the grammar cannot generate."""
    bars = round(beats / 4)
    if beats != 4 * bars or tempo != round(tempo) or not style.tempo[0] <= tempo <= style.tempo[1]:
        return -np.inf
    ways = []
    for (kind, length), p_form in FORMS.items():
        if length != bars:
            continue
        feels = style.feels if kind == "beat" else style.feels[:1]
        for feel, weight in zip(feels, style.weights, strict=False):
            placed = _place(feel, bars, notes)
            if placed is None:
                continue
            states, played = placed[0], _log_played(style, *placed)
            if kind == "fill":
                ways.append(np.log(p_form) + played + _log_fills(style, states))
            else:
                ways.append(np.log(p_form * weight) + played + _log_beat(style, feel, states))
    finite = [way for way in ways if way > -np.inf]
    total = np.logaddexp.reduce(finite) if finite else -np.inf
    return float(total - np.log(style.tempi))


def _place(
    feel: Feel, bars: int, notes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(states, velocity, offset) of notes on the grid of a feel; None if one does not fit."""
    exact = notes["time"] * TICKS
    ticks = np.rint(exact).astype(np.int64)
    lane = _LANE_OF[notes["pitch"]]
    state = state_of(notes["pitch"], notes["velocity"])
    if np.any(np.abs(exact - ticks) > 1e-3) or np.any(lane < 0) or np.any(state == 0):
        return None
    nominal = (np.arange(bars)[:, None] * BAR + feel.cell_ticks).ravel()
    length = bars * BAR
    if np.any(ticks < 0) or np.any(ticks >= length):
        return None
    away = (ticks[:, None] - nominal[None] + length // 2) % length - length // 2
    nearest = np.abs(away).argmin(1)
    offset = away[np.arange(len(ticks)), nearest]
    if np.any(np.abs(offset) > REACH):
        return None
    shape = (len(nominal), len(LANES))
    if len(np.unique(nearest * len(LANES) + lane)) < len(notes):
        return None  # two hits of a drum in one cell
    grids = [np.zeros(shape, dtype=np.int64) for _ in range(3)]
    for grid, values in zip(grids, (state, notes["velocity"], offset), strict=True):
        grid[nearest, lane] = values
    states, velocity, off = (grid.reshape(bars, feel.grid, -1) for grid in grids)
    return states, velocity, off


def _log_played(
    style: Style, states: np.ndarray, velocity: np.ndarray, offset: np.ndarray
) -> float:
    """Log-probability of velocities and timings, given the states."""
    total = 0.0
    for lane, name in enumerate(LANES):
        timing = timing_pmf(style.behind.get(name, 0.0), style.spread)
        hit = states[..., lane] > 0
        total += float(np.log(timing[offset[..., lane][hit] + REACH]).sum())
        for state in range(1, STATES):
            those = states[..., lane] == state
            if those.any():
                total += float(np.log(velocity_pmf(name, state)[velocity[..., lane][those]]).sum())
    return total


def _log_fills(style: Style, states: np.ndarray) -> float:
    return sum(log_prob_fill(style, bar, 0) for bar in states)


def _log_beat(style: Style, feel: Feel, states: np.ndarray) -> float:
    """Log-probability of the cells of a beat, summed over its possible endings."""
    cells = _log_cells(style, feel, states)  # (bars, cells)
    crash = bool(states[0, 0, _CR])
    others = states[..., _CR].copy()
    others[0, 0] = 0
    if others.any() or states[0, 0, _CR] not in (0, ACCENT):
        return -np.inf
    ways = []
    for ending, p_ending in endings(len(states)).items():
        start = fill_start(ending, feel.grid)
        way = cells[:-1].sum() + cells[-1, :start].sum()
        if start < feel.grid:
            way += log_prob_fill(style, states[-1], start)
        ways.append(way + np.log(p_ending * (CRASH[ending] if crash else 1 - CRASH[ending])))
    finite = [way for way in ways if way > -np.inf]
    return float(np.logaddexp.reduce(finite)) if finite else -np.inf


def _log_cells(style: Style, feel: Feel, states: np.ndarray) -> np.ndarray:
    """Log-probability of each cell's states given the bar one pattern earlier: (bars, cells)."""
    bars, period = len(states), len(feel.table)
    pmf = feel.table[np.arange(bars) % period]
    p = np.take_along_axis(pmf, states[..., None], axis=-1)[..., 0]
    if bars > period:
        again = states[period:] == states[:-period]
        p[period:] = style.repeat * again + (1 - style.repeat) * p[period:]
    p[..., _CR] = 1.0
    with np.errstate(divide="ignore"):
        return np.log(p).sum(-1)
