"""Writing MIDI files for a DAW: whole bars, names, markers, one instrument per track and channel.

This writer replaces symusic's, which ends each track a tick after its last event and lets more than
15 instruments share channels without program changes between them.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.music.channel import SUSTAIN, Channel
from workbench.music.smf import (
    INSTRUMENT_NAME,
    LYRIC,
    MARKER,
    TEXT,
    TRACK_NAME,
    ExtraEvent,
    header_chunk,
    track_chunk,
    variable,
)
from workbench.music.timeline import bar_lines, end_tick

DRUM_CHANNEL = 9
CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
BANK_SELECT = (0, 32)  # sent before the program change
MAX_WORDS = 40  # most characters of the words in a file name
_META, _OFF, _BANK, _PROGRAM, _CONTROL, _BEND, _ON, _LIFT = range(8)
Message = tuple[int, int, bytes]  # tick, order within the tick, bytes


def midi_file(
    score: Any,
    end: int | None = None,
    *,
    title: str = "",
    about: str = "",
    extra: Sequence[ExtraEvent] = (),
) -> bytes:
    """Return a MIDI file of format 1: tempo, metre, key and markers in its first track, then one
    track per track of the score.

    Args:
        score: A symusic score in ticks.
        end: Tick at which all tracks end. Longer notes are cut, and a pressed pedal is released.
            Default: the first bar line at or after the end of the last note. A note lasts at least
            one tick.
        title: Name of the first track, also a marker at the start.
        about: A text event.
        extra: Events that the score does not represent. Those of the original first track go to
            the first track, those of each other track to a track of their own.

    Returns:
        The bytes of the file.
    """
    if end is None:
        end = end_tick(bar_lines(score, _last(score) / score.tpq)[-1], score.tpq)
    tracks = [track for track in score.tracks if len(track.notes) or len(track.lyrics)]
    silent = [track for track in score.tracks if not (len(track.notes) or len(track.lyrics))]
    others: dict[int, list[Message]] = {0: []}
    for tick, number, data in extra:
        others.setdefault(number, []).append((min(max(tick, 0), end), _META, data))
    raw = {
        (tick, data[1]) for tick, _, data in extra if data[0] == 0xFF
    }  # texts kept byte for byte
    first = _conductor(score, end, title, about, raw) + others.pop(0)
    chunks = [_chunk(list(dict.fromkeys(first)), end)]
    chunks += [_chunk(others[number], end) for number in sorted(others)]
    chunks += [_chunk(messages, end) for messages in _track_messages(tracks, silent, end, raw)]
    return header_chunk(1, len(chunks), score.tpq) + b"".join(chunks)


def _stops(notes: np.ndarray) -> np.ndarray:
    """Return the ticks (notes,) at which notes end; each lasts at least one tick from its onset."""
    onset = notes["time"].astype(np.int64)
    return np.maximum(onset + notes["duration"], np.maximum(onset, 0) + 1)


def _last(score: Any) -> int:
    """Return the tick at which the last note ends."""
    ends = [0]
    for track in score.tracks:
        notes = track.notes.numpy()
        ends.append(int(_stops(notes).max(initial=0)))
    return max(ends)


def _conductor(
    score: Any, end: int, title: str, about: str, raw: set[tuple[int, int]]
) -> list[Message]:
    messages = [(0, _META, _text(TRACK_NAME, title))] if title else []
    if about:
        messages.append((0, _META, _text(TEXT, about)))
    tempi = [(tempo.time, tempo.mspq) for tempo in score.tempos]
    if not any(time <= 0 for time, _ in tempi):
        tempi.insert(0, (0, 500_000))
    meters = [(m.time, m.numerator, m.denominator) for m in score.time_signatures]
    if not any(time <= 0 for time, *_ in meters):
        meters.insert(0, (0, 4, 4))
    rows = [(t, b"\xff\x51\x03" + int(micros).to_bytes(3, "big")) for t, micros in tempi]
    for time, top, bottom in meters:
        # 24 MIDI clocks per quarter note; a click per beat unit, or per three of them in 6/8, 9/8
        click = 96 // bottom * (3 if bottom >= 8 and top % 3 == 0 else 1)
        power = int(bottom).bit_length() - 1
        rows.append((time, b"\xff\x58\x04" + bytes([top, power, click or 1, 8])))
    for key in score.key_signatures:
        if possible_key(key):
            rows.append((key.time, b"\xff\x59\x02" + bytes([key.key % 256, key.tonality])))
    markers = [(m.time, m.text) for m in score.markers if (m.time, MARKER) not in raw]
    if title and (0, title) not in markers:
        markers.insert(0, (0, title))
    rows += [(time, _text(MARKER, text)) for time, text in markers]
    messages += [(max(time, 0), _META, row) for time, row in rows if time < end or time <= 0]
    return messages


def possible_key(key: Any) -> bool:
    """Return whether a key signature is valid; some files have mode 255."""
    return abs(key.key) <= 7 and key.tonality in (0, 1)


def _text(kind: int, text: str) -> bytes:
    content = text.encode("utf-8", "replace")
    return bytes([0xFF, kind]) + variable(len(content)) + content


def _chunk(messages: list[Message], end: int) -> bytes:
    """Return a track chunk of messages in any order."""
    ordered = sorted(messages, key=lambda row: row[:2])
    return track_chunk(((tick, message) for tick, _, message in ordered), end)


def file_stem(clip: Any, words: str | None = None) -> str:
    """Return a file name without suffix for a clip: words, tempo if known, action, seed and take.

    Examples are "samba_120bpm_s0_1" for seed 0, take 1, and "samba_120bpm_variation_s4_1". words:
    by default the clip's caption, or "clip".
    """
    words = clip.caption if words is None else words
    if clip.tempo_known:  # it has a place of its own
        words = re.sub(r"(?i)\b[\d.]+\s*bpm\b", "", words)
    text = unicodedata.normalize("NFC", words).lower()
    slug = ""
    for word in re.findall(r"[^\W_]+", text):
        if slug and len(slug) + len(word) >= MAX_WORDS:
            break
        slug += ("-" if slug else "") + word[:MAX_WORDS]
    parts = [slug or "clip", *([f"{clip.tempo:.0f}bpm"] if clip.tempo_known else [])]
    action, seed, take = (clip.labels.get(name) for name in ("action", "seed", "take"))
    parts += [action] if action not in (None, "generation") else []
    parts += [f"s{seed}"] if seed is not None else []
    parts += [str(take)] if take is not None else []
    return "_".join(parts)


def instrument_name(program: int, is_drum: bool) -> str:
    """Return the General MIDI name of a program, or "Drums"."""
    if is_drum:
        return "Drums"
    import pretty_midi

    return str(pretty_midi.program_to_instrument_name(int(program)))


def _track_messages(
    tracks: Sequence[Any], silent: Sequence[Any], end: int, raw: set[tuple[int, int]]
) -> list[list[Message]]:
    """Return the messages of each track. Tracks that share a channel send their common state once,
    and a program change before each change of instrument and after each change of bank. Silent
    tracks keep their names, and their programs as long as there are unused channels."""
    states = [_state_messages(track, end) for track in tracks]
    channels = _channels(tracks, states)
    result: list[list[Message]] = []
    sent: set[Any] = set()  # channel and state
    turns: dict[int, list[tuple[int, int]]] = {}  # channel → tick and track of its notes
    for number, (track, state, channel) in enumerate(zip(tracks, states, channels, strict=True)):
        messages = _names(track)
        lyrics = [lyric for lyric in track.lyrics if (lyric.time, LYRIC) not in raw]
        messages += [(min(lyric.time, end), _META, _text(LYRIC, lyric.text)) for lyric in lyrics]
        if (channel, tuple(state)) not in sent:
            sent.add((channel, tuple(state)))
            messages += [(t, p, bytes([m[0] | channel, *m[1:]])) for t, p, m in state]
        notes = _note_messages(track, channel, end)
        turns.setdefault(channel, []).extend({(t, number) for t, place, _ in notes if place == _ON})
        result.append(messages + notes)
    for channel, places in turns.items():
        numbers = [number for number, other in enumerate(channels) if other == channel]
        first = min(places)[1] if places else numbers[0]
        playing, begun = tracks[first].program, set(numbers[:1] if len(numbers) == 1 else ())
        result[first].append((0, _PROGRAM, bytes([0xC0 | channel, playing])))
        at_tick = {tick: tracks[number].program for tick, number in places}
        # a bank takes effect at the next program change, which a score does not keep
        banks = {t for number in numbers for t, place, _ in states[number] if place == _BANK and t}
        changed = 0  # tick of a bank that still needs a program change, or 0
        # at a tick with notes of several programs each track sends its own: the order of tracks at
        # one tick differs among readers
        mixed = {tick for tick, number in places if tracks[number].program != at_tick[tick]}
        for tick, number in sorted([*places, *((t, -1) for t in banks)]):
            if number < 0:
                changed = tick
            elif (
                changed or number not in begun or tick in mixed or tracks[number].program != playing
            ):
                playing = tracks[number].program
                begun.add(number)
                result[number].append((changed or tick, _PROGRAM, bytes([0xC0 | channel, playing])))
                changed = 0
    free = [channel for channel in CHANNELS if channel not in channels]
    for track in silent:
        result.append(_names(track))
        if free and not track.is_drum:
            result[-1].append((0, _PROGRAM, bytes([0xC0 | free.pop(0), track.program])))
    return result


def _names(track: Any) -> list[Message]:
    instrument = instrument_name(track.program, track.is_drum)
    return [
        (0, _META, _text(TRACK_NAME, track.name or instrument)),
        (0, _META, _text(INSTRUMENT_NAME, instrument)),
    ]


def _channels(tracks: Sequence[Any], states: list[list[Message]]) -> list[int]:
    """Assign a channel to each track: its own while there are enough, then one per program and
    state, then one per state, and finally any."""
    pitched = [n for n, track in enumerate(tracks) if not track.is_drum]
    for key in (
        lambda n: n,
        lambda n: (tracks[n].program, tuple(states[n])),
        lambda n: tuple(states[n]),
        lambda n: pitched.index(n) % len(CHANNELS),
    ):
        groups = list(dict.fromkeys(key(n) for n in pitched))
        if len(groups) <= len(CHANNELS):
            break
    return [
        DRUM_CHANNEL if track.is_drum else CHANNELS[groups.index(key(n))]
        for n, track in enumerate(tracks)
    ]


def _state_messages(track: Any, end: int) -> list[Message]:
    """Return controllers and pitch bends on channel 0; a pedal that is down at the end is
    released."""
    messages = []
    for event in track.controls:
        place = _BANK if event.number in BANK_SELECT else _CONTROL
        messages.append((max(event.time, 0), place, bytes([0xB0, event.number, event.value])))
    for event in track.pitch_bends:
        value = min(max(event.value + 8192, 0), 16383)
        messages.append((max(event.time, 0), _BEND, bytes([0xE0, value & 127, value >> 7])))
    messages = [message for message in messages if message[0] < end]
    if len(messages):
        lane = Channel(track).controller(SUSTAIN)
        if lane.at(end - 1) >= 64:
            messages.append((end, _LIFT, bytes([0xB0, SUSTAIN, 0])))
    return messages


def _note_messages(track: Any, channel: int, end: int) -> list[Message]:
    notes = track.notes.numpy()
    onset = np.maximum(notes["time"].astype(np.int64), 0)
    stop = np.minimum(_stops(notes), end)
    columns = (onset, stop, notes["pitch"], notes["velocity"])
    messages = []
    for begin, until, pitch, velocity in zip(*(c.tolist() for c in columns), strict=True):
        if begin >= end:
            continue
        messages.append((begin, _ON, bytes([0x90 | channel, pitch, max(velocity, 1)])))
        messages.append((until, _OFF, bytes([0x80 | channel, pitch, 0])))
    return messages
