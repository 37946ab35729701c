"""A drum loop as a row of readable numbers for a classifier.

The features describe what a drummer would listen for: which drum on which sixteenth, how loud, how
late, how similar neighbouring bars are, how many hands are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from workbench.evaluation.checks import drum_rolls
from workbench.evaluation.rhythm import (
    BAR,
    N,
    density,
    hits_of,
    kick_and_snare,
    microtiming,
    positions,
    repetition,
    swing_ratio,
    syncopation,
    velocity,
)
from workbench.music.kit import DRUMS


def style_features(rolls: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Features to classify the style of drum loops.

    Args:
        rolls: (n, steps, 27), whole bars of 4/4.

    Returns:
        The features (n, f) and their f names.

    Raises:
        WorkbenchError: for another shape.
    """
    return _features(rolls, (_positions, _drums, _whole))


def judge_features(rolls: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Features to distinguish generated from played loops: `style_features`, touch and texture.

    Args:
        rolls: (n, steps, 27), whole bars of 4/4.

    Returns:
        The features (n, f) and their f names.

    Raises:
        WorkbenchError: for another shape.
    """
    return _features(rolls, (_positions, _drums, _whole, _touch, _texture))


def _features(
    rolls: np.ndarray, groups: Iterable[Callable[[np.ndarray], tuple[np.ndarray, list[str]]]]
) -> tuple[np.ndarray, list[str]]:
    """Concatenate groups of features."""
    rolls = drum_rolls(rolls)
    parts = [group(rolls) for group in groups]
    return np.concatenate([p[0] for p in parts], axis=1), [name for p in parts for name in p[1]]


def _positions(rolls: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Share of bars in which a drum is hit on a sixteenth, 0 to 1."""
    values = positions(rolls).reshape(len(rolls), -1)
    return values, [f"{drum} on {place + 1}/16" for drum in DRUMS for place in range(BAR)]


def _drums(rolls: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Per drum: hits per beat, mean velocity, share of ghost notes (velocity below 0.31)."""
    hits, loud = hits_of(rolls), rolls[..., N : 2 * N]
    count = hits.sum(1)
    mean = (loud * hits).sum(1) / np.maximum(1, count)
    ghost = ((loud < 0.31) & hits).sum(1) / np.maximum(1, count)
    values = np.concatenate([4 * count / rolls.shape[1], mean, ghost], axis=1)
    return values, [f"{d} {what}" for what in ("a beat", "velocity", "ghosts") for d in DRUMS]


def _whole(rolls: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Per loop: density, syncopation, swing, microtiming, dynamics, repetition."""
    timing, timing_spread = microtiming(rolls)
    loud, loud_spread = velocity(rolls)
    columns = {
        "density": density(rolls),
        "syncopation": syncopation(kick_and_snare(rolls)),
        "swing": np.nan_to_num(swing_ratio(rolls), nan=1.0),
        "microtiming": timing,
        "microtiming spread": timing_spread,
        "velocity": loud,
        "velocity spread": loud_spread,
        "triplets": _triplets(rolls),
    }
    bars = rolls.shape[1] // BAR
    columns |= {f"like {b} bars later": repetition(rolls, b) for b in (1, 2, 4) if b < bars}
    return np.stack(list(columns.values()), axis=1), list(columns)


def _triplets(rolls: np.ndarray) -> np.ndarray:
    """Share of off-beat hits that are nearer to a third of the beat than to a quarter."""
    steps = np.arange(rolls.shape[1])[None, :, None]
    place = ((steps + rolls[..., 2 * N :]) / 4) % 1
    third = np.abs(3 * place - np.round(3 * place)) / 3
    quarter = np.abs(4 * place - np.round(4 * place)) / 4
    off = hits_of(rolls) & (place > 0.15) & (place < 0.85)
    return ((third < quarter) & off).sum((1, 2)) / np.maximum(1, off.sum((1, 2)))


def _touch(rolls: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Velocity and offset by position, their spread, and their change, per drum."""
    hits, loud, late = hits_of(rolls), rolls[..., N : 2 * N], rolls[..., 2 * N :]
    columns: dict[str, np.ndarray] = {}
    for name, part in (("velocity", loud), ("offset", late)):
        folded = (part * hits).reshape(len(rolls), -1, BAR, N)
        count = hits.reshape(folded.shape).sum((1, 3))
        mean = folded.sum((1, 3)) / np.maximum(1, count)
        columns |= {f"{name} on {p + 1}/16": mean[:, p] for p in range(BAR)}
        for d, drum in enumerate(DRUMS):
            n = np.maximum(1, hits[..., d].sum(1))
            centre = (part[..., d] * hits[..., d]).sum(1) / n
            square = ((part[..., d] - centre[:, None]) ** 2 * hits[..., d]).sum(1) / n
            columns[f"{drum} {name} spread"] = np.sqrt(square)
        columns |= {
            f"{drum} {name} change": _change(part[..., d], hits[..., d])
            for d, drum in enumerate(DRUMS[:5])
        }
        columns[f"{name} change from bar to bar"] = _bar_change(part, hits)
    return np.stack(list(columns.values()), axis=1), list(columns)


def _change(values: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Mean absolute difference between neighbouring hits of one drum."""
    return np.array(
        [
            np.abs(np.diff(v[h])).mean() if h.sum() > 1 else 0.0
            for v, h in zip(values, hits, strict=True)
        ]
    )


def _bar_change(values: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Mean absolute difference between cells that are hit in both of two neighbouring bars."""
    a, b = values[:, :-BAR], values[:, BAR:]
    both = hits[:, :-BAR] & hits[:, BAR:]
    return (np.abs(a - b) * both).sum((1, 2)) / np.maximum(1, both.sum((1, 2)))


def _texture(rolls: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Combinations of hits: hands needed, drums struck together, and how even the bars are."""
    hits = hits_of(rolls)
    hands = hits[..., 1:].sum(-1)  # all but the bass drum
    columns = {f"{k} hands": (hands == k).mean(1) for k in (0, 1, 2)}
    columns["3 hands or more"] = (hands > 2).mean(1)
    columns["hats open and closed"] = (hits[..., 2] & hits[..., 3]).mean(1)
    columns["ride and hats"] = (hits[..., 4] & hits[..., 2]).mean(1)
    columns["kick and snare"] = (hits[..., 0] & hits[..., 1]).mean(1)
    columns["crash without kick"] = (hits[..., 5] & ~hits[..., 0]).mean(1)
    per_bar = hits.reshape(len(hits), -1, BAR, N).sum((2, 3))
    columns["density spread over bars"] = per_bar.std(1)
    columns["last bar's density"] = per_bar[:, -1] / np.maximum(1, per_bar.mean(1))
    toms = hits[..., -3:].reshape(len(hits), -1, BAR, 3).sum((2, 3))
    columns["toms in the fullest bar"] = toms.max(1)
    columns["bars without toms"] = (toms == 0).mean(1)
    columns["drums used"] = hits.any(1).sum(-1)
    columns["places used once"] = _rare(hits)
    return np.stack(list(columns.values()), axis=1).astype(float), list(columns)


def _rare(hits: np.ndarray) -> np.ndarray:
    """Share of hits that are the only one on their drum and position over all bars of the loop."""
    folded = hits.reshape(len(hits), -1, BAR, N).sum(1)
    return (folded == 1).sum((1, 2)) / np.maximum(1, folded.sum((1, 2)))
