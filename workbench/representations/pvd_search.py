"""The search for notes in what a model of p/v/d predicts: words that make a grammatical sequence,
in which no note begins while its pitch sounds. See `pvd.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.representations.note_chain import inverse, sample_chain
from workbench.representations.pvd_words import (
    BAR_LINES,
    DURATIONS,
    HIGH,
    LOW,
    POSITIONS,
    Bars,
    Words,
)

NEVER = 10**6  # sixteenths, later than any note
ROUNDS = 30  # trials to find notes that do not begin while their pitch sounds


class Notes:
    """The notes of sequences (n, time): whether a bar begins, position and duration in sixteenths,
    onset in sixteenths from the first bar, pitch above the lowest: (n, notes) each.

    later: which notes (n, notes, notes) come after a note and have its pitch; gap: sixteenths to
    the nearest of them, (n, notes).
    """

    def __init__(self, code: Words, ids: np.ndarray, bars: Bars) -> None:
        words, first = _by_note(ids), code.first
        kinds = code.kinds[words]
        self.begins = kinds[..., 0] == "b"
        self.position = np.maximum(code.positions[words[..., 0]], 0)
        self.pitch = words[..., 1] - first["p"]
        self.duration = DURATIONS[(words[..., 3] - first["d"]).clip(0, len(DURATIONS) - 1)]
        start = bars.start
        if start is None:
            start = bars.length * np.maximum(self.begins.cumsum(1) - 1, 0)
        self.onset = start + self.position
        self.real = real = (self.begins | (kinds[..., 0] == "o")) & (kinds[..., 1] == "p")
        real &= kinds[..., 3] == "d"
        self.later = self.pitch[:, :, None] == self.pitch[:, None]
        self.later &= real[:, :, None] & real[:, None]
        self.later &= np.triu(np.ones(self.later.shape[1:], dtype=bool), 1)
        ahead = self.onset[:, None] - self.onset[:, :, None]
        self.gap = np.where(self.later, ahead, NEVER).min(2, initial=NEVER)


def in_order(code: Words, ids: np.ndarray) -> np.ndarray:
    """Return which sequences have positions and pitches in order: (n,) for ids (n, time) whose
    kinds are in order."""
    notes = Notes(code, ids, BAR_LINES)
    same_bar = ~notes.begins[:, 1:]
    step, rise = np.diff(notes.position), np.diff(notes.pitch)
    wrong = same_bar & ((step < 0) | ((step == 0) & (rise <= 0)))
    wrong &= notes.real[:, 1:] & notes.real[:, :-1]
    return ~wrong.any(1) & (notes.begins[:, 0] | ~notes.real[:, 0])


def choose(
    code: Words,
    logits: np.ndarray,
    uniform: np.ndarray | None,
    bars: Bars,
    before: np.ndarray | None,
) -> np.ndarray:
    """Sample ids, or with `uniform` None find the likeliest: see `PVD.sample` and `PVD.round`."""
    possible = np.isfinite(logits)
    given = possible.sum(-1) == 1
    possible &= code.cycle(logits.shape[1]) | given[..., None]
    logits = np.where(possible, logits, -np.inf).astype(float)
    ids = logits.argmax(-1)
    if uniform is not None:  # the words that depend on no other
        part = slice(3, -1, 4) if code.rhythm else slice(1, -1)
        ids[:, part] = _pick(logits[:, part], uniform[:, part])
    return _notes(code, ids, logits, given, uniform, bars, before) if code.rhythm else ids


def _notes(
    code: Words,
    ids: np.ndarray,
    logits: np.ndarray,
    given: np.ndarray,
    uniform: np.ndarray | None,
    bars: Bars,
    before: np.ndarray | None,
) -> np.ndarray:
    """Choose positions, pitches and durations of the notes of ids (n, time)."""
    places, pitches = _weights(code, logits)
    numbers = None if uniform is None else _by_note(uniform)
    lasting = logits[:, 4:-1:4, code.first["d"] :][..., : len(DURATIONS)]
    rows, own = np.arange(len(ids)), _by_note(given)
    best = ids if before is None else before
    for trial in range(ROUNDS):
        pair = None if numbers is None else numbers[rows, :, :2]
        place, pitch = sample_chain(places[rows], pitches[rows], pair)
        kind = np.where(place >= places.shape[3], code.first["b"], code.first["o"])
        now = ids[rows]
        _fill(now[:, 1:-1:4], own[rows, :, 0], kind + place % places.shape[3])
        _fill(now[:, 2:-1:4], own[rows, :, 1], code.first["p"] + pitch)
        gap = Notes(code, now, bars).gap
        short = np.where(np.maximum(gap, 1)[..., None] >= DURATIONS, lasting[rows], -np.inf)
        length = _pick(short, None if numbers is None else numbers[rows, :, 3])
        _fill(now[:, 4:-1:4], own[rows, :, 3], code.first["d"] + length)
        ids[rows] = now
        if trial == 0 and before is None:
            best = ids.copy()
        struck = _forbid(Notes(code, now, bars), rows, own, places, pitches)
        struck |= ~in_order(code, now) & in_order(code, best[rows])
        rows = rows[struck]
        if not len(rows):
            return ids
    ids[rows] = best[rows]
    return ids


def _weights(code: Words, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log weights of the places (n, notes, 2, positions) and pitches (n, notes, pitches)
    of notes. A note that a short sequence does not have begins a bar."""
    first = code.first
    places = logits[:, 1:-1:4, first["o"] :][..., : 2 * POSITIONS]
    places = places.reshape(*places.shape[:2], 2, POSITIONS).copy()
    places[..., 1, 0][~np.isfinite(places).any((2, 3))] = 0.0
    longest = int(np.flatnonzero(np.isfinite(places).any((0, 1, 2)))[-1]) + 1
    pitches = logits[:, 2:-1:4, first["p"] :][..., : HIGH - LOW + 1].copy()
    pitches[..., 0][~np.isfinite(pitches).any(2)] = 0.0
    return places[..., :longest].copy(), pitches


def _forbid(
    notes: Notes, rows: np.ndarray, given: np.ndarray, places: np.ndarray, pitches: np.ndarray
) -> np.ndarray:
    """Forbid, in the weights, the pitch of a note that is struck while it sounds, or the places
    of one of both notes that are too near. Returns which of `rows` have such notes that are
    free: (rows,)."""
    end = notes.onset + notes.duration
    start = notes.onset - notes.position
    struck = np.zeros(len(rows), dtype=bool)
    for i, j, k in zip(
        *np.nonzero(notes.later & (notes.onset[:, None] < end[:, :, None])), strict=True
    ):
        own, row = given[rows[i]], rows[i]
        between = np.flatnonzero(~own[:k, 0] & ~notes.begins[i, :k])
        if not own[[j, k], 1].all():
            free = j if own[k, 1] else k
            struck[i] |= _exclude(pitches[row, free], notes.pitch[i, free])
        elif not own[k, 0]:
            early = slice(max(0, int(end[i, j] - start[i, k])))
            struck[i] |= _exclude(places[row, k], (int(notes.begins[i, k]), early))
        elif not own[j, 0]:
            late = slice(
                max(0, int(notes.onset[i, k] - end[i, j] + notes.position[i, j]) + 1), None
            )
            struck[i] |= _exclude(places[row, j], (int(notes.begins[i, j]), late))
        elif (between > j).any():  # a bar may begin between them
            struck[i] |= _exclude(places[row, between[-1]], 0)
    return struck


def _exclude(weights: np.ndarray, part: Any) -> bool:
    """Set a part of log weights to −∞, unless nothing else is possible; return whether it was
    possible."""
    possible = np.isfinite(weights)
    if not possible[part].any():
        return False
    others = possible.copy()
    others[part] = False
    if others.any():
        weights[part] = -np.inf
    return True


def _fill(words: np.ndarray, given: np.ndarray, fresh: np.ndarray) -> None:
    """Write fresh words where none is given: (n, notes) each."""
    np.copyto(words, fresh, where=~given)


def _by_note(values: np.ndarray) -> np.ndarray:
    """Values of words, (n, 2 + 4 notes), by note: (n, notes, 4)."""
    return values[:, 1:-1].reshape(len(values), -1, 4)


def _pick(logits: np.ndarray, uniform: np.ndarray | None) -> np.ndarray:
    """Sample a class for each uniform number (…), or without them take the likeliest: logits
    (…, classes) → (…)."""
    if uniform is None:
        return logits.argmax(-1)
    top = logits.max(-1, keepdims=True)
    return inverse(np.exp(logits - np.where(np.isfinite(top), top, 0.0)), uniform)
