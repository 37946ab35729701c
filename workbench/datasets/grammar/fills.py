"""Fills: hits that move down the kit from the snare to the floor tom.

Each cell decides: whether there is a hit, on which voice (given the voice of the last hit), how
loud, and whether the bass drum plays, too. The voice is a Markov chain, so the probability of a
fill and the entropy of all fills are exact sums.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from workbench.datasets.grammar.cells import ACCENT, GHOST, LANE, LANES, NORMAL, STATES, entropy_of
from workbench.datasets.grammar.style import Style

VOICES = ("SD", "HT", "MT", "LT")
START = "SD"  # the voice "before" the first hit
MOVES = np.array(  # P(voice of this hit | voice of the last hit)
    [
        [0.62, 0.24, 0.08, 0.06],
        [0.16, 0.52, 0.24, 0.08],
        [0.14, 0.06, 0.52, 0.28],
        [0.34, 0.06, 0.06, 0.54],
    ]
)
_LEVELS = slice(GHOST, ACCENT + 1)
_VOICE_LANES = [LANE[voice] for voice in VOICES]
_OTHERS = [i for i, lane in enumerate(LANES) if lane not in (*VOICES, "BD")]


@cache
def _tables(style: Style, grid: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P(hit) (cells,), P(level) (cells, 5) and P(bass drum) (cells, 5) of each cell of a bar."""
    cells = np.arange(grid)
    per_beat = grid // 4
    on_beat = cells % per_beat == 0
    on_and = (cells % per_beat == per_beat // 2) | (grid == 12)
    hit = np.where(on_beat, style.fill[0], np.where(on_and, style.fill[1], style.fill[2]))
    level = np.zeros((grid, STATES))
    level[:, _LEVELS] = (0.18, 0.62, 0.20)
    level[on_and, _LEVELS] = (0.06, 0.60, 0.34)
    level[on_beat, _LEVELS] = (0.0, 0.40, 0.60)
    kick = np.zeros((grid, STATES))
    kick[:, 0], kick[:, NORMAL] = 0.97, 0.03
    kick[on_beat] = (0.60, 0.0, 0.25, 0.15, 0.0)
    return hit, level, kick


def sample_fill(style: Style, grid: int, start: int, rng: np.random.Generator) -> np.ndarray:
    """Sample the states of one bar from cell `start` on: (cells, lanes) int; silent before it."""
    hit, level, kick = _tables(style, grid)
    bar = np.zeros((grid, len(LANES)), dtype=np.int64)
    voice = VOICES.index(START)
    for cell in range(start, grid):
        bar[cell, LANE["BD"]] = rng.choice(STATES, p=kick[cell])
        if rng.random() < hit[cell]:
            voice = int(rng.choice(len(VOICES), p=MOVES[voice]))
            bar[cell, _VOICE_LANES[voice]] = rng.choice(STATES, p=level[cell])
    return bar


def log_prob_fill(style: Style, bar: np.ndarray, start: int) -> float:
    """Log-probability in nats of one bar's cells from `start` on; −inf if impossible."""
    grid = len(bar)
    hit, level, kick = _tables(style, grid)
    voices = bar[start:, _VOICE_LANES]
    if bar[start:, _OTHERS].any() or np.any((voices > 0).sum(1) > 1):
        return -np.inf
    total = 0.0
    voice = VOICES.index(START)
    with np.errstate(divide="ignore"):
        total += float(np.log(kick[np.arange(start, grid), bar[start:, LANE["BD"]]]).sum())
        for cell, states in zip(range(start, grid), voices, strict=True):
            if not states.any():
                total += float(np.log(1 - hit[cell]))
                continue
            new = int(states.argmax())
            total += float(np.log(hit[cell] * MOVES[voice, new] * level[cell, states[new]]))
            voice = new
    return total


def expected_fill(style: Style, grid: int, start: int) -> tuple[float, np.ndarray]:
    """Entropy of the states in nats, and the expected number of hits by lane and state (lanes,
    5)."""
    hit, level, kick = _tables(style, grid)
    counts = np.zeros((len(LANES), STATES))
    last = np.eye(len(VOICES))[VOICES.index(START)]  # P(voice of the last hit)
    entropy = 0.0
    for cell in range(start, grid):
        entropy += float(entropy_of(kick[cell]) + entropy_of([hit[cell], 1 - hit[cell]]))
        entropy += float(hit[cell] * (last @ entropy_of(MOVES) + entropy_of(level[cell])))
        now = last @ MOVES
        counts[_VOICE_LANES] += hit[cell] * np.outer(now, level[cell])
        counts[LANE["BD"]] += kick[cell]
        last = (1 - hit[cell]) * last + hit[cell] * now
    counts[:, 0] = 0
    return entropy, counts
