"""Insert regenerated piano bars into a score; every other event stays unchanged.

A window holds 32 notes of a song without its tempo map, controllers, drums and exact onsets. Only
the notes of the region are therefore exchanged, in the clip's own score and in its file if there is
one; the window around them is what the network reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import PromptError
from workbench.music.channel import note_events
from workbench.music.columns import Columns, add_notes, columns_of, picked
from workbench.music.timeline import meters_at
from workbench.representations.pvd import CLS, HIGH, LENGTH, LOW, PAD, POSITIONS, PVD, SEP, WORDS
from workbench.systems.splicing import (
    chosen_tracks,
    fit_notes,
    needs_score,
    tracks_near,
    with_fine_ticks,
)

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.region import Region

ROW = 4  # words per note: position, pitch, velocity, duration
LEAST = 16  # words of the shortest window in training


@dataclass(frozen=True)
class Reading:
    """A clip as the network reads it.

    Args:
        clip: The clip, with a resolution that represents sixteenths.
        rest: Its score without the notes to exchange.
        tracks: The tracks that get notes.
        ids: The window, (130,).
        known: The same, −1 where it is free.
        bars: For each of its words, the bar of the clip, −1 for none: (130,).
        hole: The words of the notes to exchange, bool (130,).
        ticks: Beginning and end of the region.
    """

    clip: Clip
    rest: Any
    tracks: list[int]
    ids: np.ndarray
    known: np.ndarray
    bars: np.ndarray
    hole: np.ndarray
    ticks: tuple[int, int]

    @property
    def meters(self) -> list[tuple[int, int]]:
        """The metres of the window's bars."""
        bars = np.unique(self.bars[self.bars >= 0])
        return meters_at(self.clip.score, self.clip.bar_lines[bars])

    @property
    def positions(self) -> np.ndarray:
        """The number of sixteenths of the bar of each word, at most as many as the words have:
        (130,)."""
        lines = self.clip.bar_lines
        length = np.ceil(np.diff(lines)[self.bars] * 4 - 1e-6).astype(int)
        return np.where(self.bars < 0, POSITIONS, length.clip(1, POSITIONS))

    @property
    def starts(self) -> np.ndarray:
        """The sixteenth at which the bar of each word begins, (130,)."""
        return np.round(self.clip.bar_lines[self.bars] * 4).astype(int)

    def put(self, ids: np.ndarray, code: PVD) -> Clip:
        """Return the clip with the notes of the hole replaced by those of `ids` (130,)."""
        lines, tpq = self.clip.bar_lines, self.rest.tpq
        rows = []
        for bar in np.unique(self.bars[self.hole]):
            for note in code.notes(ids[self.hole & (self.bars == bar)]):
                time = lines[bar] + note["time"]
                rows.append((time, note["duration"], note["pitch"], note["velocity"]))
        score = self.rest.copy()
        if rows:
            table = np.array(rows, dtype=float)
            # a file cuts notes that sound beyond the end of the clip
            last = max(round(lines[-1] * tpq), score.end())
            fresh: dict[int, Columns] = {}
            places = self.clip.places_in_file
            fit_notes(score, self.tracks, table, self.ticks, last, places, fresh)
            for i, notes in fresh.items():
                add_notes(score.tracks[i], notes)
        return self.clip.with_score(score).with_(anticipation=self.clip.anticipation)


def read(clip: Clip, region: Region, code: PVD) -> Reading:
    """Return the clip as the network reads it.

    A note slightly before a bar line belongs to the bar after it in the words and to the bar before
    it in time. If one of these bars is not in the region, the note stays. Raises PromptError if the
    region does not fit the clip or the window.
    """
    needs_score(clip)
    if not code.rhythm:
        raise PromptError(
            "region: this checkpoint's words do not encode bars; train one with rhythm"
        )
    clip, (first, last) = with_fine_ticks(clip), region.bar_range(clip)
    if not 0 <= first < last <= clip.bars:
        raise PromptError(f"bars: {(first, last)} is not in this clip of {clip.bars} bars")
    lines, tpq = clip.bar_lines, clip.score.tpq
    begin, end = round(lines[first] * tpq), round(lines[last] * tpq)
    tracks, exchanged, rest, chosen = [], [], clip.score.copy(), _tracks(clip, region)
    for i in chosen:
        columns = columns_of(rest.tracks[i])
        keys = _keys(columns, clip, code)
        inside = (begin <= columns["time"]) & (columns["time"] < end)
        inside &= (first <= keys[:, 0]) & (keys[:, 0] < last)
        if inside.any():
            tracks.append(i)
            exchanged.append(keys[inside])
            rest.tracks[i].notes = note_events(**picked(columns, ~inside))
    wanted = {tuple(key) for keys in exchanged for key in keys.tolist()}
    words = code.words(_without(clip, wanted, tracks, code))
    silent = [bar for bar in range(first, last) if not len(words[bar])]
    if not tracks and not silent:
        raise PromptError(
            f"bars: {(first, last)} have no notes on these tracks, and bars with other notes keep "
            "their number of notes; give other bars or tracks"
        )
    if silent:
        near = tracks_near(clip, first, last, drums=False)
        tracks = tracks or [i for i in chosen if i in near] or chosen
        words = _with_notes(words, silent, (first, last), code)
    words = _thinned(words, (first, last), wanted, silent, code)
    ids, bars = _window(words, first, last)
    rows = ids[1:-1].reshape(-1, ROW)
    anew, hole = np.isin(bars, silent), np.zeros(LENGTH, dtype=bool)
    hole[1:-1] = np.repeat(_are_in(wanted, rows, bars[1:-1:ROW], code), ROW)
    # where the first note of a bar begins is known
    known = np.where(anew | (hole & (code.kinds[ids] != "b")), -1, ids)
    hole |= anew
    return Reading(clip, rest, tracks, ids, known, bars, hole, (begin, end))


def _tracks(clip: Clip, region: Region) -> list[int]:
    """Return the indices of the tracks to write, by default all but drums."""
    tracks = clip.score.tracks
    if region.tracks is None:
        return [i for i, track in enumerate(tracks) if not track.is_drum]
    chosen, added = chosen_tracks(clip, region.tracks)
    drums = [i for i in chosen if i < len(tracks) and tracks[i].is_drum]
    if drums or -1 in added:
        raise PromptError(
            f"tracks: {region.tracks} has drums, which the words do not encode; name other tracks"
        )
    if added:
        raise PromptError(f"tracks: this clip has no track with program {added[0]}")
    return sorted(set(chosen))


def _keys(columns: Columns, clip: Clip, code: PVD) -> np.ndarray:
    """Return bar, sixteenth and pitch of notes as the words encode them: (n, 3)."""
    keys = code.keys(columns["time"] / clip.score.tpq, columns["pitch"], clip.bar_lines)
    return np.minimum(keys, [clip.bars, POSITIONS - 1, HIGH])


def _without(clip: Clip, wanted: set[tuple[int, ...]], tracks: list[int], code: PVD) -> Clip:
    """Return the clip without notes of other tracks that share a word with one to exchange, which
    would otherwise stay known."""
    score = clip.score.copy()
    for i, track in enumerate(score.tracks):
        if i in tracks or track.is_drum:
            continue
        columns = columns_of(track)
        keys = _keys(columns, clip, code)
        free = np.array([tuple(key) not in wanted for key in keys.tolist()], dtype=bool)
        track.notes = note_events(**picked(columns, free))
    return clip.with_score(score)


def _with_notes(
    words: list[np.ndarray], silent: list[int], region: tuple[int, int], code: PVD
) -> list[np.ndarray]:
    """Return the words with as many notes in the silent bars of a region as other bars usually
    have, and at most as many as a window holds."""
    size = np.array([len(bar) // ROW for bar in words])
    if not size.any():
        raise PromptError("clip: has too few notes; a window needs notes outside silent bars")
    room = (WORDS // ROW - size[slice(*region)].sum()) // len(silent)
    count = max(1, min(int(np.median(size[size > 0])), room))
    rows = np.tile([code.first[kind] for kind in "opvd"], count)
    rows[0] = code.first["b"]
    return [rows if bar in silent else own for bar, own in enumerate(words)]


def _are_in(
    wanted: set[tuple[int, ...]], rows: np.ndarray, bars: np.ndarray | int, code: PVD
) -> np.ndarray:
    """Return which notes, rows of four words (notes, 4) in these bars, are in a set of keys."""
    place, pitch = code.positions[rows[:, 0]], rows[:, 1] - code.first["p"] + LOW
    keys = np.stack([np.broadcast_to(bars, len(rows)), place, pitch], axis=1)
    return np.array([tuple(key) in wanted for key in keys.tolist()], dtype=bool)


def _thinned(
    words: list[np.ndarray],
    region: tuple[int, int],
    wanted: set[tuple[int, ...]],
    silent: list[int],
    code: PVD,
) -> list[np.ndarray]:
    """Return the words without those notes of other tracks in the region that a window has no room
    for; the longest stay, because they carry the harmony. Raises PromptError if the others alone
    are too many."""
    bars = range(*region)
    rows = {bar: words[bar].reshape(-1, ROW) for bar in bars}
    sampled = {bar: _are_in(wanted, rows[bar], bar, code) | (bar in silent) for bar in bars}
    room = WORDS // ROW - sum(int(mask.sum()) for mask in sampled.values())
    others = [(bar, i) for bar in bars for i in np.flatnonzero(~sampled[bar])]
    if room < 0:
        raise PromptError(
            f"bars: {region} of these tracks take {WORDS // ROW - room} notes, and a window holds "
            f"{WORDS // ROW}; give fewer bars"
        )
    if len(others) <= room:
        return words
    others.sort(key=lambda at: -rows[at[0]][at[1], 3])
    thinned = list(words)
    for bar in bars:
        keep = sampled[bar].copy()
        keep[[i for b, i in others[:room] if b == bar]] = True
        left = rows[bar][keep].copy()
        if len(left) and code.kinds[left[0, 0]] == "o":  # now the first note of the bar
            left[0, 0] += code.first["b"] - code.first["o"]
        thinned[bar] = left.ravel()
    return thinned


def _window(words: list[np.ndarray], first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a window (130,) around bars `first` to `last`, which it has room for, and the bar of
    each of its words (−1 for none). It begins at a bar line, and has as many words before the
    region as after it, or more if there are fewer on the other side."""
    size = np.array([len(bar) for bar in words])
    room = WORDS - size[first:last].sum()
    before = max(room // 2, room - size[last:].sum())
    ahead = np.r_[np.cumsum(size[:first][::-1])[::-1], 0]  # words from each bar to the region
    start = int(np.argmax(ahead <= before))
    cut = np.concatenate(words[start:])[:WORDS]
    if len(cut) < LEAST:
        raise PromptError(
            f"clip: has too few notes; a window needs at least {LEAST} words ({LEAST // ROW} notes)"
        )
    ids, bars = np.full(LENGTH, PAD), np.full(LENGTH, -1)
    ids[: len(cut) + 2] = [CLS, *cut, SEP]
    bars[1 : len(cut) + 1] = np.repeat(np.arange(start, len(words)), size[start:])[:WORDS]
    return ids, bars
