"""Humanising held-out loops: how near are velocity and timing to the person's?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import BARS, LoopSet, beats_of
from workbench.evaluation.drums import reconstruction
from workbench.evaluation.intervals import bootstrap
from workbench.music.kit import DRUMS

N = len(DRUMS)
TAKES = 8
PER_BAR = 16


def humanise_table(bench: Bench) -> None:
    """Error of velocity and timing of humanised loops against the person who played the hits."""
    real = beats_of(bench.data.test, bench.data.styles).spread(20 if bench.quick else bench.n // 3)
    takes = np.stack(
        [
            LoopSet(bench.system.humanise(clip, TAKES, steps=bench.steps, seed=bench.seed)).rolls
            for clip in real.clips
        ],
        axis=1,
    )  # (takes, loops, steps, channels)
    train = beats_of(bench.data.train, bench.data.styles)
    played = {
        f"{bench.name}: one take": takes[0],
        f"{bench.name}: mean of {TAKES} takes": takes.mean(0),
        "mean groove of the style": _mean_groove(train, real),
        "flat: mean velocity of each drum, on the grid": _flat(train.rolls, real.rolls),
        "the person": real.rolls,
    }
    rows, figures = [], {}
    for name, rolls in played.items():
        errors, spreads = touch_errors(real.rolls, rolls), _spreads(real.rolls, rolls)
        cells: list[object] = []
        for i, error in enumerate(errors):
            of_rows = partial(_error, real.rolls, rolls, i)
            interval = bootstrap(of_rows, len(real), groups=real.performances, seed=bench.seed)
            cells += [error, interval]
        rows.append([name, *cells, *spreads])
        figures[name] = [*errors, *spreads]
    bench.report.table(
        "humanise",
        f"Humanised: hits of {len(real)} held-out loops, velocity and timing played anew",
        [
            "",
            "velocity error",
            "95 %",
            "offset error (steps)",
            "95 %",
            "SD of velocity",
            "SD of offset (steps)",
        ],
        rows,
        [
            "Errors are mean absolute differences from the person, over all hits. SD: of a drum "
            "within a loop, mean over drums and loops. The mean of a distribution always has a "
            "smaller error than a sample of it: compare one take with the person's SD, and the "
            "mean of takes with the mean groove, which has the mean of all training hits of the "
            "style with this drum on this sixteenth of the bar."
        ],
        errors=figures,
    )


def touch_errors(real: np.ndarray, made: np.ndarray) -> tuple[float, float]:
    """Return the mean absolute errors of velocity (0 to 1) and offset (sixteenths) of all hits.
    Both rolls (n, steps, 27) have the same hits.

    Raises:
        ValueError: If a hit of `real` is missing in `made`.
    """
    scores = reconstruction(real, made)
    if scores["recall"] < 1:
        raise ValueError("made: must have the hits of real")
    return scores["velocity_error"], scores["offset_error"]


def _error(real: np.ndarray, made: np.ndarray, which: int, rows: np.ndarray) -> float:
    return touch_errors(real[rows], made[rows])[which]


def _spreads(real: np.ndarray, made: np.ndarray) -> list[float]:
    """The standard deviation of velocity and offset of a drum within a loop, mean over both."""
    hits = real[..., :N] > 0.5
    enough = hits.sum(1) >= 4  # (loops, drums)
    count = np.maximum(hits.sum(1), 1)
    found = []
    for i in (1, 2):
        values = made[..., i * N : (i + 1) * N] * hits
        mean = values.sum(1) / count
        square = (values**2).sum(1) / count - mean**2
        found.append(float(np.sqrt(np.maximum(square, 0))[enough].mean()))
    return found


def _mean_groove(train: LoopSet, real: LoopSet) -> np.ndarray:
    """The hits of `real` with the mean velocity and offset of the training loops of their style."""
    by_style = {
        style: _means_by_place(train.rolls[train.labels("style") == style])
        for style in set(train.labels("style"))
    }
    means: Sequence[np.ndarray] = [by_style[style] for style in real.labels("style")]
    return _with_touch(real.rolls, np.tile(np.stack(means), (1, BARS, 1, 1)))


def _flat(train: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The hits of `real` on the grid, with the mean velocity of each drum."""
    hits = train[..., :N] > 0.5
    velocity = (train[..., N : 2 * N] * hits).sum((0, 1)) / np.maximum(hits.sum((0, 1)), 1)
    touch = np.stack([velocity, np.zeros(N)])
    return _with_touch(real, np.broadcast_to(touch, (*real.shape[:2], 2, N)))


def _means_by_place(rolls: np.ndarray) -> np.ndarray:
    """Return the mean velocity and offset of each drum on each sixteenth of the bar (16, 2, 9);
    where there are fewer than 5 hits, those of the drum anywhere."""
    cells = rolls[..., : 3 * N].reshape(-1, PER_BAR, 3, N)
    hits = cells[:, :, 0] > 0.5
    touch = cells[:, :, 1:] * hits[:, :, None]  # (bars, sixteenths, 2, drums)
    count = hits.sum(0)[:, None]
    anywhere = touch.sum((0, 1)) / np.maximum(hits.sum((0, 1)), 1)
    return np.where(count >= 5, touch.sum(0) / np.maximum(count, 1), anywhere)


def _with_touch(rolls: np.ndarray, touch: np.ndarray) -> np.ndarray:
    """Return rolls with this velocity and offset (n, steps, 2, drums) of their hits."""
    hits = rolls[..., :N]
    return np.concatenate([hits, touch[:, :, 0] * hits, touch[:, :, 1] * hits], axis=-1)
