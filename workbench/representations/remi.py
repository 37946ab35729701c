"""REMI as a note table, a form between the tokens of a song and its notes.

A `RemiSong` holds the content of the tokens in columns. Songs are cut, transposed and joined by
array operations and converted to tokens at the end.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.music.timeline import bar_lines, meters_at
from workbench.representations.tokens import Vocabulary

if TYPE_CHECKING:
    from miditok import TokenizerConfig


@dataclass(frozen=True)
class RemiSong:
    """A song as a table.

    Args:
        notes: (n, 6) int32, in the order of the tokens: bar, position, and the token ids of
            program, pitch, velocity and duration (−1 for drums).
        bars: (bars,) int32, the token id of each bar's time signature.
    """

    notes: np.ndarray
    bars: np.ndarray

    @classmethod
    def from_ids(cls, ids: np.ndarray) -> RemiSong:
        """Return the table of base ids (tokens,). Incomplete notes are left out."""
        about = _facts()
        ids = np.asarray(ids, dtype=np.int64)
        kind = about.kind[ids]
        bar = np.cumsum(kind == BAR) - 1
        signature = np.full(max(0, int(bar[-1]) + 1 if len(ids) else 0), -1, dtype=np.int32)
        metre = (kind == TIME_SIGNATURE) & (bar >= 0)
        signature[bar[metre]] = ids[metre]
        # a position holds until the next one or the next bar
        place = np.maximum.accumulate(
            np.where((kind == POSITION) | (kind == BAR), np.arange(len(ids)), -1)
        )
        padded = np.concatenate([ids, [0, 0, 0]])
        after = about.kind[padded]
        at = np.flatnonzero(kind == PROGRAM)
        drums = after[at + 1] == DRUM
        whole = (drums | (after[at + 1] == PITCH)) & (after[at + 2] == VELOCITY)
        whole &= drums | (after[at + 3] == DURATION)
        whole &= (bar[at] >= 0) & (place[at] >= 0) & (kind[place[at]] == POSITION)
        at, drums = at[whole], drums[whole]
        notes = np.stack(
            [
                bar[at],
                about.position[ids[place[at]]],
                ids[at],
                padded[at + 1],
                padded[at + 2],
                np.where(drums, -1, padded[at + 3]),
            ],
            axis=1,
        ).astype(np.int32)
        return cls(notes, signature)


def ids_of(song: RemiSong) -> np.ndarray:
    """Return the song's base ids: (tokens,) int64."""
    about, n = _facts(), song.notes
    new = np.ones(len(n), dtype=bool)
    new[1:] = (n[1:, 0] != n[:-1, 0]) | (n[1:, 1] != n[:-1, 1])
    rows = np.full((len(song.bars) + len(n), 5), -1, dtype=np.int64)
    rows[: len(song.bars), 0] = about.bar
    rows[: len(song.bars), 1] = song.bars
    rows[len(song.bars) :, 0] = np.where(new, about.position_id[n[:, 1]], -1)
    rows[len(song.bars) :, 1:] = n[:, 2:6]
    order = np.argsort(
        np.concatenate([2 * np.arange(len(song.bars)), 2 * n[:, 0] + 1]), kind="stable"
    )
    flat = rows[order].ravel()
    return flat[flat >= 0]


def table_of(song: Any) -> RemiSong:
    """Return the note table of a symusic score or a clip; its ids are exactly those of MidiTok.

    MidiTok loops over the notes in Python. Here all notes are sorted and looked up at once. Only
    scores that mix metres of quarters and of eighths are encoded by MidiTok. MidiTok ignores metres
    without a token and then counts bars from the wrong position; the notes of such a score are
    placed in the bars of `Grid`.
    """
    score = getattr(song, "score", song)
    if unspoken(score):
        return _grid_table(score)
    fast = _fast_table(score)
    return fast if fast is not None else RemiSong.from_ids(slow_ids(score))


def encode(song: Any, config: TokenizerConfig | None = None) -> np.ndarray:
    """Return the base ids (tokens,) of a symusic score or a clip. It is fast for `song_config()`,
    the default; other configurations are encoded by MidiTok's REMI."""
    score = getattr(song, "score", song)
    if config is None or config.to_dict() == _facts().midi.config.to_dict():
        if unspoken(score):
            return ids_of(_grid_table(score))
        fast = _fast_table(score)
        return ids_of(fast) if fast is not None else slow_ids(score)
    from miditok import REMI

    return np.array(REMI(config).encode(score, encode_ids=False).ids)


def unspoken(score: Any) -> bool:
    """Return whether the score has a metre without a token."""
    return any(
        f"{sign.numerator}/{sign.denominator}" not in _facts().sign_id
        for sign in score.time_signatures
    )


@dataclass(frozen=True)
class Grid:
    """Bars with REMI tokens for a song with any metres.

    A bar without a token (7/8), or shorter than its metre (a pickup), has the shortest metre of
    quarters that contains it, and fewer positions. A bar longer than 6/4 becomes several.

    Args:
        starts: (bars + 1,), quarter notes at which the bars begin, and the end.
        signs: (bars,), token ids of time signatures.
        units: (bars,), quarter notes per beat.
        lengths: (bars,), positions (twelfths of a beat) in each bar.
        bars: (bars,), the number of the original bar.
    """

    starts: np.ndarray
    signs: np.ndarray
    units: np.ndarray
    lengths: np.ndarray
    bars: np.ndarray

    @classmethod
    def of(cls, lines: np.ndarray, meters: Sequence[tuple[int, int]]) -> Grid:
        """Return the grid of bars. lines: (bars + 1,), quarter notes at which bars begin and the
        last one ends. meters: metre of each bar."""
        about = _facts()
        rows = []
        for number, (start, end, (top, bottom)) in enumerate(
            zip(lines[:-1].tolist(), lines[1:].tolist(), meters, strict=True)
        ):
            name = f"{top}/{bottom}"
            if name in about.sign_id and abs(end - start - 4 * top / bottom) < 1e-6:
                rows.append((start, about.sign_id[name], 4 / bottom, 12 * top, number))
                continue
            while end - start > 1e-9:
                size = end - start if end - start <= 6 + 1e-9 else 4
                sign = about.sign_id[f"{max(1, math.ceil(size - 1e-6))}/4"]
                places = max(1, math.ceil(12 * size - 1e-6))
                rows.append((start, sign, 1.0, places, number))
                start += size
        starts, *others = (np.array(column) for column in zip(*rows, strict=True))
        return cls(np.append(starts, lines[-1]), *others)

    def place(self, times: np.ndarray, edges: Sequence[int] = ()) -> tuple[np.ndarray, np.ndarray]:
        """Return bar and position of times (n,) in quarter notes. A time that rounds to the next
        bar line belongs to the next bar, except at the end and before the bars of `edges`."""
        bar = np.searchsorted(self.starts, times + 1e-9, side="right") - 1
        bar = np.clip(bar, 0, len(self.signs) - 1)
        place = np.floor((times - self.starts[bar]) / self.units[bar] * 12 + 0.5).astype(int)
        over = place >= self.lengths[bar]
        stays = np.isin(bar + 1, [*edges, len(self.signs)])
        place = np.where(over, np.where(stays, self.lengths[bar] - 1, 0), place)
        return bar + (over & ~stays), place

    def table(
        self, score: Any, programs: Sequence[int | None], edges: Sequence[int] = ()
    ) -> RemiSong:
        """Return the note table of a score in these bars. programs: program of each track, −1 for
        drums, None to leave the track out. Notes after the end are left out."""
        about = _facts()
        parts = []
        for track, program in zip(score.tracks, programs, strict=True):
            if program is None:
                continue
            columns = track.notes.numpy()
            times = columns["time"] / score.tpq
            bar, place = self.place(times, edges)
            pitch = columns["pitch"].astype(int)
            length = np.floor(columns["duration"] / score.tpq / self.units[bar] * 12 + 0.5)
            length = np.clip(length, 1, len(about.nearest) - 1).astype(int)
            drum = np.full(len(times), program < 0)
            parts.append(
                np.stack(
                    [
                        bar,
                        place,
                        np.full(len(times), about.program_id[program]),
                        np.where(drum, about.drum_id[pitch], about.pitch_id[pitch]),
                        about.velocity_id[columns["velocity"].astype(int)],
                        np.where(drum, -1, about.duration_id[about.nearest[length]]),
                    ],
                    axis=1,
                )[times < self.starts[-1] - 1e-9]
            )
        notes = np.concatenate(parts) if parts else np.empty((0, 6), dtype=int)
        notes = notes[notes[:, 3] >= 0]
        _, rank = np.unique(notes[:, 2], return_index=True)
        tracks = notes[np.sort(rank), 2].tolist()  # in the order of the score
        order = {token: i for i, token in enumerate(tracks)}
        part = np.array([order[token] for token in notes[:, 2].tolist()], dtype=int)
        notes = notes[np.lexsort((notes[:, 5], notes[:, 3], part, notes[:, 1], notes[:, 0]))]
        new = np.ones(len(notes), dtype=bool)  # the same pitch at the same position is encoded once
        new[1:] = (np.diff(notes[:, :4], axis=0) != 0).any(1)
        return RemiSong(notes[new].astype(np.int32), self.signs.astype(np.int32))


def _grid_table(score: Any) -> RemiSong:
    last = max(
        (track.notes.numpy()["time"].max() for track in score.tracks if len(track.notes)), default=0
    )
    lines = bar_lines(score, last / score.tpq + 1e-6)
    grid = Grid.of(lines, meters_at(score, lines[:-1]))
    return grid.table(score, [-1 if track.is_drum else track.program for track in score.tracks])


def slow_ids(score: Any) -> np.ndarray:
    """Return the ids of MidiTok, for a copy, because MidiTok changes the time signatures."""
    score = score.copy()
    score.time_signatures = own_signs(score)
    return np.array(_facts().midi.encode(score, encode_ids=False).ids, dtype=np.int64)


def own_signs(score: Any) -> Any:
    """Return a copy of the score's time signatures; symusic's copy() shares the elements."""
    from symusic import TimeSignature

    signs = score.time_signatures
    return type(signs)([TimeSignature(s.time, s.numerator, s.denominator) for s in signs])


def _fast_table(score: Any) -> RemiSong | None:
    """Return the table by array operations; None if metres of different units need MidiTok's
    rounding."""
    about = _facts()
    metres = about.metres(score)
    if metres is None:
        return None
    starts, lengths, signs, tpq = metres
    score = score.resample(tpq, min_dur=1) if score.ticks_per_quarter != tpq else score
    columns = _columns(score)
    time, track, program, pitch, velocity, duration, drum = columns
    fine = np.where(drum, about.drum_id[pitch], about.pitch_id[pitch]) >= 0
    if not fine.all():
        time, track, program, pitch, velocity, duration, drum = (c[fine] for c in columns)
    velocity = about.velocity_id[velocity]
    duration = np.where(drum, duration, about.nearest[np.minimum(duration, len(about.nearest) - 1)])
    order = np.lexsort((velocity, duration, pitch, track, time))
    time, track, program, pitch, velocity, duration, drum = (
        c[order] for c in (time, track, program, pitch, velocity, duration, drum)
    )
    new = np.ones(len(time), dtype=bool)  # the same pitch at the same time is encoded once
    new[1:] = (np.diff(time) != 0) | (np.diff(track) != 0) | (np.diff(pitch) != 0)
    segment = np.searchsorted(starts, time, side="right") - 1
    counts = np.concatenate([[0], np.cumsum(np.diff(starts) // lengths[:-1])])  # bars before
    within, place = np.divmod(time - starts[segment], lengths[segment])
    bar = counts[segment] + within
    last = max(int(bar[-1]) if len(bar) else 0, int(counts[-1]))
    of_bar = np.searchsorted(counts, np.arange(last + 1), side="right") - 1
    notes = np.stack(
        [
            bar,
            place,
            about.program_id[program],
            np.where(drum, about.drum_id[pitch], about.pitch_id[pitch]),
            velocity,
            np.where(drum, -1, about.duration_id[np.where(drum, 0, duration)]),
        ],
        axis=1,
    )[new].astype(np.int32)
    return RemiSong(notes, signs[of_bar].astype(np.int32))


def _columns(score: Any) -> list[np.ndarray]:
    """Return time, track, program (−1: drums), pitch, velocity, duration and drum of all notes.
    Tracks with the same program count as one track, in the position of the first."""
    keys = [-1 if track.is_drum else track.program for track in score.tracks]
    rank = {key: keys.index(key) for key in keys}
    parts = [track.notes.numpy() for track in score.tracks]
    sizes = [len(part["time"]) for part in parts]
    columns = [
        np.concatenate([part[name] for part in parts]).astype(np.int64)
        if parts
        else np.empty(0, dtype=np.int64)
        for name in ("time", "pitch", "velocity", "duration")
    ]
    program = np.repeat(np.array(keys, dtype=np.int64), sizes)
    track = np.repeat(np.array([rank[key] for key in keys], dtype=np.int64), sizes)
    time, pitch, velocity, duration = columns
    return [time, track, program, pitch, velocity, duration, program < 0]


BAR, TIME_SIGNATURE, POSITION, PROGRAM, PITCH, DRUM, VELOCITY, DURATION = range(8)
_KINDS = ("Bar", "TimeSig", "Position", "Program", "Pitch", "PitchDrum", "Velocity", "Duration")


class _Facts:
    """Lookup tables by base id, computed once."""

    def __init__(self) -> None:
        vocabulary = Vocabulary()
        self.midi = vocabulary.midi
        names = vocabulary.names
        kinds = [name.split("_")[0] for name in names]
        self.kind = np.array([_KINDS.index(k) if k in _KINDS else -1 for k in kinds])
        self.bar = vocabulary.id("Bar_None")
        self.position = np.full(len(names), -1)
        places = np.flatnonzero(self.kind == POSITION)
        self.position[places] = [int(names[i].split("_")[1]) for i in places]
        self.position_id = np.full(self.position.max() + 1, -1)
        self.position_id[self.position[places]] = places
        self._lookups(vocabulary)

    def _lookups(self, vocabulary: Vocabulary) -> None:
        """Make the tables from values of notes to token ids; −1 where there is no token."""
        from miditok.utils.utils import np_get_closest

        def ids(kind: str, size: int) -> np.ndarray:
            table = np.full(size, -1)
            for i, name in enumerate(vocabulary.names):
                if name.split("_")[0] == kind:
                    table[int(name.split("_")[1])] = i  # −1, the drums' program, is the last entry
            return table

        config = self.midi.config
        self.program_id, self.pitch_id = ids("Program", 129), ids("Pitch", 128)
        self.drum_id = ids("PitchDrum", 128)
        closest = np_get_closest(self.midi.velocities, np.arange(128))
        self.velocity_id = ids("Velocity", 128)[closest]
        steps = self.midi._tpb_to_time_array[config.max_num_pos_per_beat * 2]
        steps = steps // 2  # twelfths of a beat, for any unit
        self.nearest = np_get_closest(steps, np.arange(int(steps[-1]) + 1))
        self.duration_id = np.full(int(steps[-1]) + 1, -1)
        named = [".".join(str(x) for x in value) for value in self.midi.durations]
        self.duration_id[steps] = [vocabulary.id(f"Duration_{name}") for name in named]
        self.sign_id = {
            name[8:]: i for i, name in enumerate(vocabulary.names) if name.startswith("TimeSig")
        }

    def metres(self, score: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, int] | None:
        """Return ticks at which each metre begins, ticks of its bar, id of its token, and the ticks
        per quarter note; None if units are mixed. The rules are MidiTok's: unknown metres are left
        out, others begin at the next bar line."""
        from symusic import TimeSignature

        positions = self.midi.config.max_num_pos_per_beat
        if len(score.time_signatures) == 1:  # as in most songs
            sign = score.time_signatures[0]
            number = self.sign_id.get(f"{sign.numerator}/{sign.denominator}")
            if number is not None and sign.time == 0:
                return (
                    np.zeros(1, dtype=np.int64),
                    np.array([sign.numerator * positions]),
                    np.array([number]),
                    positions * sign.denominator // 4,
                )
        signs = own_signs(score)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.midi._filter_unsupported_time_signatures(signs)
        if not len(signs) or signs[0].time != 0:
            signs.insert(0, TimeSignature(0, 4, 4))
        units = {sign.denominator for sign in signs}
        if len(units) > 1:
            return None
        tpq = positions * units.pop() // 4
        if score.ticks_per_quarter != tpq:
            for sign in signs:
                sign.time = int(sign.time * (tpq / score.ticks_per_quarter))
        self.midi._preprocess_time_signatures(signs, tpq)
        if {sign.denominator for sign in signs} != {4 * tpq // positions}:
            return None
        return (
            np.array([sign.time for sign in signs], dtype=np.int64),
            np.array([sign.numerator * positions for sign in signs], dtype=np.int64),
            np.array([self.sign_id[f"{sign.numerator}/{sign.denominator}"] for sign in signs]),
            tpq,
        )


@lru_cache(maxsize=1)
def _facts() -> _Facts:
    return _Facts()
