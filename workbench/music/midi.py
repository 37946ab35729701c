"""Reading MIDI files: symusic reads ordinary ones, `smf` the others.

Nothing here loops over notes in Python, except for unusual files. For any input bytes, the result
is a score within the limits below or a `BrokenFileError` that names the file.
"""

import os
import re
import struct
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from workbench.arguments import path_of
from workbench.errors import BrokenFileError, MissingDataError, MusicFileWarning
from workbench.files import read_regular
from workbench.late import late
from workbench.music import smf
from workbench.music.notes import NOTE, TPQ, as_notes, note_list, notes_of, score_of
from workbench.music.sharing import share_channels
from workbench.music.smf_score import possible_tempo, score_of_file
from workbench.music.timeline import SLOWEST, seconds_at, settled

symusic = late("symusic")

__all__ = [
    "NOTE",
    "TPQ",
    "as_notes",
    "note_list",
    "notes_of",
    "read_bytes",
    "read_columns",
    "read_score",
    "read_with_file",
    "score_of",
]

MAX_BYTES = 32 * 2**20  # limits beyond which a file is regarded as broken or hostile
MAX_NOTES = 500_000
MAX_MINUTES = 240.0


def read_score(
    source: str | os.PathLike[str] | bytes, name: str | None = None, *, notes_only: bool = False
) -> Any:
    """Read a MIDI file, or its bytes, as a symusic score in ticks.

    Every note-on that a player sounds becomes a note, even without a note-off (see
    `smf_score.score_of_file`). A faulty file, such as one that is truncated or has impossible tempi
    or metres, is read as far as possible.

    Args:
        source: The file or its bytes.
        name: Name of the file in messages, by default its path.
        notes_only: Whether to omit the state of channels, which is faster. Otherwise each track has
            the controllers, pitch bends and program of its channel, even if they are in another
            track of the file.

    Returns:
        A symusic score in ticks.

    Raises:
        MissingDataError: If the file does not exist.
        BrokenFileError: If it is not a MIDI file, is damaged and has no notes, or exceeds the
            limits (32 MiB, 500,000 notes, 240 minutes).

    Warns:
        MusicFileWarning: If something in the file is wrong or missing.
    """
    data, name = _file_in(source, name)
    score, _ = _score_in(data, name)
    if not notes_only:
        share_channels(score, data, name)
    return settled(score)


def read_with_file(source: str | os.PathLike[str] | bytes) -> tuple[Any, bytes]:
    """Return the score and the file's bytes from MThd on. Raises the errors of `read_score`."""
    data, name = _file_in(source)
    return read_score(data, name), data


def read_columns(source: str | os.PathLike[str] | bytes) -> tuple[Any, list[dict[str, np.ndarray]]]:
    """Return the score of `read_score` with `notes_only`, and the notes of each track by onset, as
    arrays: time and duration in ticks, pitch, velocity. Raises the errors of `read_score`.
    """
    score, columns = _score_in(*_file_in(source))
    return settled(score), columns or [track.notes.numpy() for track in score.tracks]


def _file_in(source: str | os.PathLike[str] | bytes, name: str | None = None) -> tuple[bytes, str]:
    """Return the bytes of a MIDI file from MThd on, and its name."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, name = bytes(source), name or "MIDI data"
    else:
        name = path_of(source)
        data = read_bytes(name, MAX_BYTES)
    given = data
    data = smf.unwrapped(data)
    if not data:
        reason = "is not a MIDI file (it contains no header MThd)" if given else "is empty"
        raise BrokenFileError(f"{name} {reason}; export it again as a standard MIDI file")
    return data, name


def _score_in(data: bytes, name: str) -> tuple[Any, list[dict[str, np.ndarray]]]:
    """Return the score within the limits, and its tracks' notes as arrays if available."""
    score, columns = _read_plain(data) or (_read_odd(data, name), [])
    _check_limits(score, name)
    return score, columns


def _read_plain(data: bytes) -> tuple[Any, list[dict[str, np.ndarray]]] | None:
    """Return the score as symusic reads it, and its tracks' notes as arrays; None if the file is
    unusual or symusic misses a note, so that `smf` has to read it."""
    if len(data) < 14 or data[:8] != b"MThd\0\0\0\6":
        return None
    form, claimed, division = struct.unpack(">HHh", data[8:14])
    if form > 1 or division <= 0:
        return None
    place, known = 14, [data[:14]]
    while data[place : place + 4] == b"MTrk":
        known.append(data[place : place + 8])
        place += 8 + int.from_bytes(data[place + 4 : place + 8], "big")
    if place != len(data) or len(known) != claimed + 1:
        return None
    if data.count(b"\xff\x2f\x00") != claimed:  # a track without an end, or more after it
        return None
    _add_meta_events(data, known)
    known_bytes = b"".join(known)
    if _ODD_META.search(known_bytes):
        return None
    try:
        score: Any = symusic.Score.from_midi(data)
    except Exception:  # symusic raises RuntimeError, ValueError and others
        return None
    if not _nothing_missing(score, data, known_bytes, len(known) - claimed - 1):
        return None
    for events in (score.tempos, score.time_signatures):
        if len(events) > 16 and np.any(np.diff(events.numpy()["time"]) == 0):
            return None  # symusic may have changed the order of those at one tick
    for tempo in score.tempos:
        if not possible_tempo(tempo.mspq):
            return None
    if _ODD_TEXT.search("".join(_texts(score))):
        return None
    columns = [track.notes.numpy() for track in score.tracks]
    for notes in columns:
        onsets = notes["time"]
        if len(onsets) and (onsets[0] < 0 or onsets[-1] < onsets.max()):
            return None  # beyond symusic's 2**31 ticks, after which it counts from -2**31 on
    return score, columns


def _texts(score: Any) -> Iterator[str]:
    for track in score.tracks:
        yield track.name
        if len(track.lyrics):
            yield from (lyric.text for lyric in track.lyrics)
    if len(score.markers):
        yield from (marker.text for marker in score.markers)


_ODD_TEXT = re.compile("[\ufffd\0\ufeff]")  # symusic's result for encodings other than UTF-8


def _add_meta_events(data: bytes, known: list[bytes]) -> None:
    """Append apparent meta events of fewer than 128 bytes, without their delta times."""
    at, last = data.find(b"\xff"), len(data) - 3
    while 0 <= at <= last:
        kind, size = data[at + 1], data[at + 2]
        end = at + 1  # 255 may be a byte of a delta time, too
        if kind in _METAS and size < 128:
            end = at + 3 + size
            known.append(data[at:end])
        at = data.find(b"\xff", end)


def _nothing_missing(score: Any, data: bytes, known: bytes, metas: int) -> bool:
    """Return whether the score has as many notes as the file has note-ons.

    Counting note-ons one by one would take several times as long as reading. Instead, bytes below
    128 are counted: a channel message has three (including the last byte of its delta time), or two
    if it is a program change or pressure, with or without running status. The `known` bytes of
    chunk headers and meta events, the delta times of the `metas` and the bytes of the score's
    events are subtracted. An even remainder of up to four belongs to two short messages, because a
    missing note has three; a larger one is compared with the number of short messages. If that does
    not explain it, the note-ons are counted one by one.
    """
    notes = score.note_num()
    events = 2 * notes
    for track in score.tracks:
        events += len(track.controls) + len(track.pitch_bends)
    low = len(data.translate(None, _HIGH)) - len(known.translate(None, _HIGH)) - metas - 3 * events
    if low in (0, 2, 4) or (low > 4 and low == 2 * len(_SHORT_MESSAGE.findall(data))):
        return True
    rest, stretches = _TO_NOTE_ON.subn(b"", data[22:])
    return not rest and stretches == notes + 1  # the last one has no note-on


_HIGH = bytes(range(128, 256))
_METAS = frozenset((*range(16), 0x20, 0x21, 0x2F, 0x51, 0x54, 0x58, 0x59, 0x7F))
_DELTA = rb"[\x80-\xff]{0,3}+[\x00-\x7f]"
_SHORT_MESSAGE = re.compile(rb"[\xc0-\xdf](?=[\x00-\x7f]" + _DELTA + rb"[\x80-\xff])")
_TEXT = b"|".join(rb"\x%02x[\s\S]{%d}" % (n, n) for n in range(1, 128))
_SYSEX = b"|".join(rb"\x%02x[\x00-\x7f]{%d}\xf7" % (n, n - 1) for n in range(1, 128))
_ODD_META = re.compile(  # a tempo, key or metre of the wrong length, or an invalid metre
    rb"\xff(?:\x51[^\x03]|\x59[^\x02]|\x58(?:[^\x04]|\x04(?:\x00|[\s\S][\x07-\xff])))"
)
_OTHER = (  # an event other than a note-on, with those that follow it in running status
    _DELTA
    + rb"(?:[\x90-\x9f]?[\x00-\x7f]\x00"
    + rb"|[\x80-\x8f\xa0-\xbf\xe0-\xef][\x00-\x7f]{2}(?:"
    + _DELTA
    + rb"[\x00-\x7f]{2})*+"
    + rb"|[\xc0-\xdf][\x00-\x7f](?:"
    + _DELTA
    + rb"[\x00-\x7f])*+"
    + rb"|\xff\x2f\x00MTrk[\s\S]{4}"
    + rb"|\xff[\x00-\x7f](?:\x00|"
    + _TEXT
    + rb")|\xf0(?:"
    + _SYSEX
    + rb"))"
)
_TO_NOTE_ON = re.compile(
    rb"(?:" + _OTHER + rb")*+" + _DELTA + rb"[\x90-\x9f]?[\x00-\x7f]{2}|(?:" + _OTHER + rb")++\Z"
)


def _read_odd(data: bytes, name: str) -> Any:
    """Return the score as `smf` reads it, with a MusicFileWarning if something is wrong."""
    try:
        file = smf.read_events(data)
        if not file.tracks:
            raise BrokenFileError("no track")
        score = score_of_file(file)
    except BrokenFileError as error:
        raise BrokenFileError(f"{name} holds {error}") from None
    faults = list(dict.fromkeys(file.faults))
    if faults and not score.note_num():
        raise BrokenFileError(f"{name} {faults[0]}; copy or download it again")
    if faults:
        warnings.warn(
            f"{name} {', '.join(faults)}; what is there was read", MusicFileWarning, stacklevel=3
        )
    return score


def read_bytes(path: str, limit: int) -> bytes:
    """Return the file's content; raise MissingDataError or BrokenFileError if that fails."""
    try:
        data = read_regular(path, limit + 1)
    except FileNotFoundError as error:
        raise MissingDataError(f"{path} does not exist; check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BrokenFileError(f"{path} cannot be read: {reason}; check the path") from error
    if len(data) > limit:
        raise BrokenFileError(
            f"{path} is larger than the {limit // 2**20} MiB read; cut it into shorter files"
        )
    return data


def _check_limits(score: Any, name: str) -> None:
    """Raise BrokenFileError unless notes and length are within the limits."""
    if score.note_num() > MAX_NOTES:
        raise BrokenFileError(
            f"{name} has more than {MAX_NOTES:,} notes; cut it into shorter files"
        )
    beats = score.end() / score.tpq
    if beats * SLOWEST / 60e6 <= MAX_MINUTES:
        return
    slowest = max((tempo.mspq for tempo in score.tempos), default=0)
    if beats * max(slowest, 500_000) / 60e6 <= MAX_MINUTES:
        return
    last = max((track.end() for track in score.tracks if len(track.notes)), default=0)
    if not float(seconds_at(score, last / score.tpq)) / 60 <= MAX_MINUTES:
        raise BrokenFileError(
            f"{name} claims to last longer than {MAX_MINUTES:g} minutes; its note times are "
            "broken, export it again"
        )
