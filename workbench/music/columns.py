"""The notes of a track as arrays, one per field, in ticks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.music.channel import note_events

Columns = dict[str, np.ndarray]  # of notes: time, duration (ticks), pitch, velocity
NAMES = ("time", "duration", "pitch", "velocity")


def columns_of(track: Any) -> Columns:
    """Return the notes of a track."""
    columns = track.notes.numpy()
    return {name: columns[name].astype(np.int64) for name in NAMES}


def joined(parts: Sequence[Columns]) -> Columns:
    empty = {name: np.empty(0, dtype=np.int64) for name in NAMES}
    return {name: np.concatenate([part[name] for part in (empty, *parts)]) for name in NAMES}


def picked(notes: Columns, which: np.ndarray) -> Columns:
    return {name: column[which] for name, column in notes.items()}


def add_notes(track: Any, notes: Columns) -> None:
    """Add notes to a track."""
    both = joined([columns_of(track), notes])
    track.notes = note_events(**picked(both, np.argsort(both["time"], kind="stable")))
