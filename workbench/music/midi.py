"""MIDI files and note arrays: symusic reads and writes, NumPy holds the notes.

Nothing here loops over notes in Python. Reading is checked before and after: whatever bytes come
in, the answer is a score within the limits below or a `BrokenFileError` that names the file.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import atomic_write
from workbench.music.timeline import (
    TEMPO_RANGE,
    check_meter,
    check_tempo,
    meter_map,
    seconds_at,
    tempo_map,
)

TPQ = 480  # ticks per quarter note of the scores made here
MAX_BYTES = 32 * 2**20  # limits beyond which a file is taken for broken or hostile
MAX_NOTES = 500_000
MAX_MINUTES = 240.0

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


def read_score(source: str | os.PathLike[str] | bytes, name: str | None = None) -> Any:
    """Read a MIDI file, or its bytes, as a symusic score in ticks.

    Raises MissingDataError when there is no such file, BrokenFileError when it is no readable
    MIDI file or exceeds the limits (32 MiB, 500,000 notes, 240 minutes, 4 to 2000 BPM).
    """
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), name or "MIDI data"
    else:
        name = str(source)
        data = read_bytes(Path(source), MAX_BYTES)
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[20:]  # a MIDI file in a RIFF wrapper
    if data[:4] != b"MThd":
        reason = "is empty" if not data else "is no MIDI file (it does not begin with MThd)"
        raise BrokenFileError(f"{name} {reason}; export it again as a standard MIDI file")
    _check_chunks(data, name)
    try:
        score = symusic.Score.from_midi(data)
    except Exception as error:
        reason = str(error).split("\n")[0].split(": iostream")[0].removeprefix("MiniMidi: ")
        raise BrokenFileError(
            f"{name} is a broken MIDI file ({reason.strip(' :!')}); export or download it again"
        ) from error
    _check_limits(score, name)
    return score


def read_bytes(path: Path, limit: int) -> bytes:
    """The file's content; MissingDataError or BrokenFileError in one line when that fails."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise BrokenFileError(
                f"{path} is {size / 2**20:.0f} MiB, more than the {limit // 2**20} read; "
                "cut it into shorter files"
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingDataError(f"{path} does not exist; check the path") from error
    except OSError as error:
        raise BrokenFileError(f"{path} cannot be read: {error.strerror}; check the path") from error


def _check_chunks(data: bytes, name: str) -> None:
    """Raise BrokenFileError when the file holds fewer tracks than its header says."""
    claimed, found = int.from_bytes(data[10:12], "big"), 0
    place = 8 + int.from_bytes(data[4:8], "big")
    while place + 8 <= len(data):
        found += data[place : place + 4] == b"MTrk"
        place += 8 + int.from_bytes(data[place + 4 : place + 8], "big")
    if found < claimed or len(data) < 14:
        raise BrokenFileError(
            f"{name} is cut short ({found} of {claimed} tracks); copy or download it again"
        )


def _check_limits(score: Any, name: str) -> None:
    """Raise BrokenFileError unless notes, tempi, metres and length are within the limits."""
    if score.tpq <= 0:
        raise BrokenFileError(f"{name} has no ticks per quarter note; export it again")
    if score.note_num() > MAX_NOTES:
        raise BrokenFileError(
            f"{name} has more than {MAX_NOTES:,} notes; cut it into shorter files"
        )
    tempi = tempo_map(score)[1]
    if not np.all((tempi >= TEMPO_RANGE[0]) & (tempi <= TEMPO_RANGE[1])):
        odd = tempi[(tempi < TEMPO_RANGE[0]) | (tempi > TEMPO_RANGE[1])][0]
        raise BrokenFileError(
            f"{name} asks for a tempo of {odd:.6g} BPM, outside {TEMPO_RANGE[0]:g} to "
            f"{TEMPO_RANGE[1]:g}; correct its tempo events"
        )
    times, meters = meter_map(score)
    if np.any(meters <= 0) or np.any(meters > 255) or np.any(times < 0):
        raise BrokenFileError(f"{name} has an impossible time signature; correct or remove it")
    first, shortest, last = 0, 0, 0
    for track in score.tracks:
        if len(track.notes):
            columns = track.notes.numpy()
            first = min(first, int(columns["time"].min()))
            shortest = min(shortest, int(columns["duration"].min()))
            last = max(last, int((columns["time"].astype(np.int64) + columns["duration"]).max()))
    minutes = float(seconds_at(score, last / score.tpq)) / 60
    if first < 0 or shortest < 0 or not minutes <= MAX_MINUTES:
        raise BrokenFileError(
            f"{name} claims to last longer than {MAX_MINUTES:g} minutes; its note times are "
            "broken, export it again"
        )


def write_midi(score: Any, path: str | os.PathLike[str]) -> None:
    """Write the score as a MIDI file, whole or not at all."""
    data = score.dumps_midi()
    with atomic_write(path) as beside:
        beside.write_bytes(data)


def notes_of(score: Any) -> np.ndarray:
    """All notes as one array of dtype NOTE, sorted by time, then pitch; times in beats."""
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


def as_notes(notes: Any, drums: bool = True, program: int = 0) -> np.ndarray:
    """Bring `notes` to dtype NOTE, sorted.

    `notes`: an array of dtype NOTE, a structured array with some of its fields (time, duration,
    pitch and velocity at least), or rows of (time, duration, pitch, velocity). `drums` and
    `program` fill in what the notes do not say.
    """
    array = np.asarray(notes)
    result = np.zeros(len(array), dtype=NOTE)
    result["program"], result["is_drum"] = program, drums
    if array.dtype.names:
        for field in set(NOTE.names or ()) & set(array.dtype.names):
            result[field] = array[field]
    elif array.size:
        if array.ndim != 2 or array.shape[1] != 4:
            raise WorkbenchError(
                f"notes has shape {array.shape}; give rows of (time, duration, pitch, velocity) or "
                "an array of dtype workbench.music.midi.NOTE"
            )
        for column, field in enumerate(("time", "duration", "pitch", "velocity")):
            result[field] = array[:, column]
    _check_notes(result)
    return result[np.lexsort((result["pitch"], result["time"]))]


def _check_notes(notes: np.ndarray) -> None:
    """Raise WorkbenchError unless every field is in its range."""
    ranges = {"time": (0, 1e6), "duration": (0, 1e6), "pitch": (0, 127), "velocity": (1, 127)}
    for field, (low, high) in (ranges | {"program": (0, 127)}).items():
        values = notes[field]
        if not np.all((values >= low) & (values <= high)):
            raise WorkbenchError(f"notes has a {field} outside {low:g} to {high:g}; correct it")


def score_of(
    notes: np.ndarray, tempo: float, meter: tuple[int, int] = (4, 4), tpq: int = TPQ
) -> Any:
    """A score from notes of dtype NOTE: one track a program, drums on a track of their own.

    Times are rounded to 1/tpq of a beat (about 1 ms at 120 BPM); a duration is at least 1 tick.
    """
    check_tempo(tempo)
    check_meter(meter)
    score: Any = symusic.Score(tpq)
    score.tempos.append(symusic.Tempo(0, float(tempo), ttype="tick"))
    score.time_signatures.append(symusic.TimeSignature(0, *meter, ttype="tick"))
    for is_drum, program in np.unique(notes[["is_drum", "program"]]).tolist():
        chosen = notes[(notes["is_drum"] == is_drum) & (notes["program"] == program)]
        track: Any = symusic.Track("", program, is_drum, ttype="tick")
        track.notes = note_list(chosen, tpq)
        score.tracks.append(track)
    return score


def note_list(notes: np.ndarray, tpq: int) -> Any:
    """symusic's note list from notes of dtype NOTE (beats → ticks)."""
    return symusic.Note.from_numpy(
        np.rint(notes["time"] * tpq).astype(np.int32),
        np.maximum(np.rint(notes["duration"] * tpq), 1).astype(np.int32),
        notes["pitch"].astype(np.int8),
        notes["velocity"].astype(np.int8),
        ttype="tick",
    )
