"""Notes as one NumPy array, and its conversion from and to symusic's scores.

Times are in beats (quarter notes). Nothing here loops over notes in Python.
"""

import math
from typing import Any

import numpy as np

from workbench.arguments import flag, shown, whole
from workbench.errors import WorkbenchError
from workbench.late import late
from workbench.music.channel import note_events
from workbench.music.timeline import check_meter, check_tempo, end_tick

symusic = late("symusic")

TPQ = 480  # ticks per quarter note of the scores made here
NOTE = np.dtype(
    [
        ("time", "f8"),  # onset in beats (quarter notes) from the start
        ("duration", "f8"),  # beats
        ("pitch", "i2"),  # 0..127
        ("velocity", "i2"),  # 1..127
        ("program", "i2"),  # General MIDI program 0..127
        ("is_drum", "?"),  # on the drum channel
    ]
)


def notes_of(score: Any) -> np.ndarray:
    """Return all notes as one array of dtype NOTE, sorted by time, then pitch; times in beats."""
    parts = []
    for track in score.tracks:
        if not len(track.notes):
            continue
        columns = track.notes.numpy()
        part = np.empty(len(columns["time"]), dtype=NOTE)
        part["time"] = columns["time"] / score.tpq
        part["duration"] = columns["duration"] / score.tpq
        part["pitch"] = columns["pitch"]
        part["velocity"] = columns["velocity"]
        part["program"] = track.program
        part["is_drum"] = track.is_drum
        parts.append(part)
    if not parts:
        return np.empty(0, dtype=NOTE)
    notes = np.concatenate(parts)
    return notes[np.lexsort((notes["pitch"], notes["time"]))]


def without_drums(notes: np.ndarray) -> np.ndarray:
    """Return the notes that are not on the drum channel."""
    return notes[~notes["is_drum"]]


def as_notes(notes: Any, drums: bool = True, program: int = 0) -> np.ndarray:
    """Convert notes to dtype NOTE, sorted.

    Args:
        notes: An array of dtype NOTE, a structured array with at least time, duration, pitch and
            velocity, or rows of (time, duration, pitch, velocity). Times are in beats.
        drums: Whether notes without this field are drums.
        program: MIDI program of notes without this field.

    Returns:
        Notes of dtype NOTE, sorted by time, then pitch.

    Raises:
        WorkbenchError: If the shape is wrong, or a value is out of range or not whole.
    """
    drums, program = flag(drums, "drums"), whole(program, "program", 0, 127)
    columns = _columns(notes)
    result = np.zeros(len(columns["time"]), dtype=NOTE)
    result["program"], result["is_drum"] = program, drums
    for field, column in columns.items():
        result[field] = _checked(column, field)
    return result[np.lexsort((result["pitch"], result["time"]))]


def _columns(notes: Any) -> dict[str, np.ndarray]:
    """Return the fields of notes as given, (notes,) each."""
    try:
        array = np.asarray(notes)
    except (TypeError, ValueError) as error:  # rows of several lengths
        raise WorkbenchError(f"notes has rows that differ in length; {_ROWS}") from error
    if names := array.dtype.names:
        if missing := [field for field in _GIVEN if field not in names]:
            raise WorkbenchError(f"notes has no field {', '.join(missing)}; {_ROWS}")
        array = array.reshape(-1)
        return {field: array[field] for field in NOTE.names or () if field in names}
    if array.ndim and not array.size:
        array = np.zeros((0, len(_GIVEN)))
    if array.ndim != 2 or array.shape[1] != len(_GIVEN):
        raise WorkbenchError(f"notes has shape {array.shape}; {_ROWS}")
    return dict(zip(_GIVEN, array.T, strict=True))


_GIVEN = ("time", "duration", "pitch", "velocity")
_ROWS = (
    "give rows of (time, duration, pitch, velocity) or an array of dtype workbench.music.midi.NOTE"
)
_RANGES = {
    "time": (0, 1e6),
    "duration": (0, 1e6),
    "pitch": (0, 127),
    "velocity": (1, 127),
    "program": (0, 127),
    "is_drum": (0, 1),
}


def _checked(values: np.ndarray, field: str) -> np.ndarray:
    """Return the values of a field; raise WorkbenchError for the first that is not a number, out of
    range, or not whole (except times). The check precedes the conversion to the field's type, which
    would turn 65596 into 60 and NaN into 0."""
    low, high = _RANGES[field]
    integral = field not in ("time", "duration")
    try:
        if values.dtype.kind not in "biufO" or (values.dtype.kind == "b" and field != "is_drum"):
            raise TypeError
        numbers = values.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise WorkbenchError(
            f"notes holds {shown(values.tolist()[0])} as {field}; give numbers"
        ) from error
    with np.errstate(invalid="ignore"):
        right = (numbers >= low) & (numbers <= high) & ((numbers % 1 == 0) | (not integral))
    if not right.all():
        row = int(np.argmin(right))
        kind = "a whole number" if integral else "a number"
        raise WorkbenchError(
            f"notes holds {numbers[row]:g} as {field} in row {row}; give {kind} from {low:g} to "
            f"{high:g}"
        )
    return numbers


def score_of(
    notes: np.ndarray, tempo: float, meter: tuple[int, int] = (4, 4), *, beats: float = math.inf
) -> Any:
    """Return a score of notes of dtype NOTE: one track per program, and one for drums.

    Times are rounded to 1/480 of a beat (about 1 ms at 120 BPM), but a note that begins before the
    end at `beats` stays before it. A duration is at least 1 tick.
    """
    tempo, meter = check_tempo(tempo), check_meter(meter)
    score: Any = symusic.Score(TPQ)
    score.tempos.append(symusic.Tempo(0, tempo, ttype="tick"))
    score.time_signatures.append(symusic.TimeSignature(0, *meter, ttype="tick"))
    for is_drum, program in np.unique(notes[["is_drum", "program"]]).tolist():
        chosen = notes[(notes["is_drum"] == is_drum) & (notes["program"] == program)]
        track: Any = symusic.Track("", program, is_drum, ttype="tick")
        track.notes = note_list(chosen, TPQ, beats)
        score.tracks.append(track)
    return score


def note_list(notes: np.ndarray, tpq: int, beats: float = math.inf) -> Any:
    """Return symusic's note list from notes of dtype NOTE (beats → ticks). Onsets before `beats`
    are not rounded up to it."""
    onset = np.rint(notes["time"] * tpq)
    if beats < math.inf:
        onset = np.where(notes["time"] < beats, np.minimum(onset, end_tick(beats, tpq) - 1), onset)
    return note_events(
        onset, np.maximum(np.rint(notes["duration"] * tpq), 1), notes["pitch"], notes["velocity"]
    )
