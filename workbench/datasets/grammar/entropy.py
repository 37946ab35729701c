"""The exact entropy of the grammar: the mean of −ln P of a loop, as a sum over its choices.

A cell that may repeat the bar before is a Markov chain, and its stationary distribution is the
table of the pattern. So the cells of each bar have known marginals, and entropies add up along the
chain.
"""

from __future__ import annotations

import numpy as np

from workbench.datasets.grammar.cells import (
    ACCENT,
    LANE,
    LANES,
    STATES,
    entropy_of,
    timing_pmf,
    velocity_pmf,
)
from workbench.datasets.grammar.fills import expected_fill
from workbench.datasets.grammar.model import CRASH, FORMS, endings, fill_start
from workbench.datasets.grammar.style import Feel, Style

_CR = LANE["CR"]


def entropy(style: Style) -> float:
    """Exact entropy of a loop of this style in nats: all choices, velocities and timings."""
    total = np.log(style.tempi) + float(entropy_of(list(FORMS.values())))
    for (kind, bars), p_form in FORMS.items():
        if kind == "fill":
            fill, counts = expected_fill(style, style.feels[0].grid, 0)
            total += p_form * bars * (fill + _played_entropy(style, counts))
            continue
        total += p_form * float(entropy_of(style.weights))
        for feel, weight in zip(style.feels, style.weights, strict=True):
            total += p_form * weight * beat_entropy(style, feel, bars)
    return float(total)


def beat_entropy(style: Style, feel: Feel, bars: int) -> float:
    """Exact entropy of a beat of `bars` bars in nats, given its feel."""
    ends = endings(bars)
    total = float(entropy_of(list(ends.values())))
    period = len(feel.table)
    pmf = feel.table[np.arange(bars) % period]  # the stationary distribution of the chain
    cells = entropy_of(pmf)
    if bars > period:
        cells[period:] = _repeat_entropy(pmf[period:], style.repeat)
    for ending, p_ending in ends.items():
        start = fill_start(ending, feel.grid)
        crash = CRASH[ending]
        counts = pmf[:-1].sum((0, 1)) + pmf[-1, :start].sum(0)
        counts[_CR] = 0
        counts[_CR, ACCENT] = crash
        counts[:, 0] = 0
        inner = cells[:-1].sum() + cells[-1, :start].sum() + entropy_of([crash, 1 - crash])
        if start < feel.grid:
            fill, more = expected_fill(style, feel.grid, start)
            inner, counts = inner + fill, counts + more
        total += p_ending * (inner + _played_entropy(style, counts))
    return float(total)


def _repeat_entropy(pmf: np.ndarray, repeat: float) -> np.ndarray:
    """Entropy of a cell given the cell one pattern earlier, whose distribution is `pmf` (…, 5)."""
    given = repeat * np.eye(STATES) + (1 - repeat) * pmf[..., None, :]  # (…, before, now)
    return (pmf * entropy_of(given)).sum(-1)


def _played_entropy(style: Style, counts: np.ndarray) -> float:
    """Entropy of velocities and timings, given expected hits by lane and state (lanes, 5)."""
    total = 0.0
    for lane, name in enumerate(LANES):
        timing = float(entropy_of(timing_pmf(style.behind.get(name, 0.0), style.spread)))
        for state in range(1, STATES):
            if counts[lane, state]:
                velocity = float(entropy_of(velocity_pmf(name, state)))
                total += counts[lane, state] * (timing + velocity)
    return total
