"""What a drummer would object to: measures of generated loops, beside those of people's loops.

A classifier shows that generated loops differ from people's; these measures show in what. Each
measures one loop in 4/4, and is NaN if the loop has nothing to measure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import LoopSet
from workbench.benchmarks.drumbench.loop import GHOST, TRIPLET, Loop, ghosts, rate, triplets
from workbench.evaluation.intervals import mean_interval
from workbench.evaluation.rhythm import ACCENT

APART = 0.2  # bars are distinct if more than this share of their hits differs
MIDDLE = 0.6  # velocity: a snare hit from GHOST to here is neither ghost note nor accent
LEAST, MOST = 8, 40  # loops of a training session: least to be counted, most that are read
BD, SD, CH, OH, RD = range(5)


def objections(loops: Sequence[Loop]) -> dict[str, np.ndarray]:
    """Return measures of loops in 4/4: (n,) each, NaN where a loop has nothing to measure."""
    rows = [_form(loop) | _time(loop) | _touch(loop) | _hands(loop) for loop in loops]
    names = rows[0] if rows else {}
    return {name: np.array([row[name] for row in rows], float) for name in names}


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values)) if len(values) > 2 else float("nan")


def _form(loop: Loop) -> dict[str, float]:
    """How bars repeat, and what stands out."""
    struck = loop.loud > 0
    flat = struck.reshape(loop.bars, -1)
    skeleton = np.concatenate([struck[..., BD], loop.loud[..., SD] >= ACCENT], axis=1)
    same, fill = loop.overlap, loop.fills.astype(float)
    following = np.diag(same, 1)
    last = loop.bars - 1
    apart = 1 - (np.roll(same, 1, 0).diagonal() + np.roll(same, -1, 0).diagonal()) / 2
    inner = np.delete(np.arange(loop.bars), [min(3, last), last])
    struck_bars = flat.sum(0)
    return {
        "distinct bars of kick and accents": len(np.unique(skeleton, axis=0)),
        "distinct bars": _distinct(same),
        "bars exactly as the one before": _mean(following == 1),
        "overlap with the next bar": _mean(following),
        "its SD within a loop": _deviation(following),
        "overlap four bars later": _mean(np.diag(same, 4)),
        "last bar: distance from its neighbours": apart[last],
        "other bars: distance from theirs": _mean(apart[:last]),
        "bar 4 is a fill": fill[min(3, last)],
        "last bar is a fill": fill[last],
        "other bars are fills": _mean(fill[inner]),
        "stray hits": float((struck_bars == 1).sum() / max(1, flat.sum())),
    }


def _distinct(same: np.ndarray) -> int:
    """Return the number of bars that differ by more than APART from all distinct bars before."""
    kept: list[int] = []
    for bar in range(len(same)):
        if all(same[bar, other] < 1 - APART for other in kept):
            kept.append(bar)
    return len(kept)


def _time(loop: Loop) -> dict[str, float]:
    """Microtiming, in sixteenths."""
    near = np.abs(loop.offset) < TRIPLET
    by = {d: loop.offset[near & (loop.drum == d)] for d in (BD, SD)}
    hats = loop.offset[near & np.isin(loop.drum, (CH, OH, RD))]
    kick = _mean(by[BD])
    together = [
        np.ptp(loop.offset[near & (loop.step == step)])
        for step in np.flatnonzero(np.bincount(loop.step[near], minlength=1) > 1)
    ]
    return {
        "kick: SD of timing": _deviation(by[BD]),
        "snare: SD of timing": _deviation(by[SD]),
        "spread of hits struck together": _mean(np.array(together)),
        "hi-hat and ride behind the kick": _mean(hats) - kick,
        "snare behind the kick": _mean(by[SD]) - kick,
        "hits on triplet places": triplets(loop),
    }


def _touch(loop: Loop) -> dict[str, float]:
    """Velocities, 0 to 1."""
    snare, loud = loop.drum == SD, loop.velocity
    back = np.isin(loop.step % loop.bar, (4, 12))
    cymbals = np.isin(loop.drum, (CH, OH, RD))
    on, off = (cymbals & (loop.step % 4 == place) for place in (0, 2))
    return {
        "backbeats: velocity": _mean(loud[snare & back]),
        "other snare hits: velocity": _mean(loud[snare & ~back]),
        "ghost notes per bar": ghosts(loop),
        "snare hits of middle velocity": _mean((loud[snare] >= GHOST) & (loud[snare] < MIDDLE)),
        "hi-hat and ride: on the beat minus off it": _mean(loud[on]) - _mean(loud[off]),
    }


def _hands(loop: Loop) -> dict[str, float]:
    """What is struck at the same time."""
    struck = loop.loud > 0
    kick = struck[..., BD]
    return {
        "hits per beat": rate(loop, "all"),
        "bars with toms": _mean((struck[..., 6:].sum((1, 2)) > 1).astype(float)),
        "three hands or more": _mean((struck[..., 1:].sum(-1) > 2).astype(float)),
        "hi-hat open and closed at once": _mean((struck[..., CH] & struck[..., OH]).astype(float)),
        "kick with an accented snare": _mean(loop.loud[..., SD][kick] >= ACCENT),
    }


def session_range(loops: LoopSet, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Return (mean, low, high) of each measure: the mean over sessions with at least LEAST loops,
    and its 95 % range when sessions are resampled. A single drummer may lie outside the range; the
    mean of many drummers should not."""
    sessions = loops.labels("session")
    figures = objections([Loop.of(clip) for clip in loops.clips])
    enough = [s for s in np.unique(sessions) if (sessions == s).sum() >= LEAST]
    found = {}
    for name, values in figures.items():
        parts = [part[~np.isnan(part)] for part in (values[sessions == s] for s in enough)]
        means = np.array([part.mean() for part in parts if len(part)])
        found[name] = _mean_and_range(means, seed)
    return found


def _mean_and_range(means: np.ndarray, seed: int) -> tuple[float, float, float]:
    if not len(means):
        return float("nan"), float("nan"), float("nan")
    low, high = mean_interval(means, seed=seed)
    return float(means.mean()), low, high


def table(bench: Bench) -> None:
    """Means of held-out loops by people, of generated loops and of training sessions, and how well
    each measure alone separates generated from held-out loops."""
    from sklearn.metrics import roc_auc_score

    real = bench.unheard
    people = objections([Loop.of(clip) for clip in real.clips])
    made = objections([Loop.of(clip) for clip in bench.like(real).clips])
    training = session_range(_some(bench.data.train))
    rows, outside = [], []
    for name, values in made.items():
        known = [v[~np.isnan(v)] for v in (values, people[name])]
        auc = roc_auc_score(np.repeat([1, 0], [len(v) for v in known]), np.concatenate(known))
        mean, low, high = training[name]
        value, own = float(np.nanmean(values)), float(np.nanmean(people[name]))
        inside = [low <= number <= high for number in (own, value)]
        if not inside[1]:
            outside.append(name)
        rows.append([name, own, value, mean, (low, high), *inside, float(auc)])
    bench.report.table(
        "objections",
        f"What a drummer would object to: means over {len(real)} loops",
        [
            "",
            "held-out people",
            bench.name,
            "training people",
            "their range",
            "people inside",
            "generated inside",
            "AUC",
        ],
        rows,
        [
            "Training people: mean of the training sessions with at least "
            f"{LEAST} loops; range: 95 % of such means when sessions are resampled. "
            "AUC: of this figure alone, generated against held-out loops; 0.5 tells nothing. Times "
            "in sixteenths, velocities 0 to 1, overlaps are intersection "
            "over union of hits.",
            f"Outside: {', '.join(outside) or 'none'}.",
        ],
        outside=outside,
    )


def _some(loops: LoopSet) -> LoopSet:
    """Return at most MOST loops of each session."""
    sessions = loops.labels("session")
    rows = [np.flatnonzero(sessions == s) for s in np.unique(sessions)]
    return loops.take(
        np.concatenate([r[np.linspace(0, len(r) - 1, min(MOST, len(r))).astype(int)] for r in rows])
    )
