"""The polyphony of a song, and how generated notes are limited to it.

Generated notes are thinned. Where more notes would sound at once than anywhere in the song, the
oldest ones end; where more would be struck at once, the highest and the lowest stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from workbench.music.columns import Columns, columns_of, joined, picked
from workbench.systems.splicing import largest_chord

ANY = 10**6  # no limit
SPARED = 0.25  # smallest share of the new notes to keep, by allowing more notes if necessary


class Most(NamedTuple):
    """Largest number of notes that are struck, and that sound, at once."""

    struck: int
    sounding: int


# Medians over songs: 250 songs of POP909 by part (53 melody, 25 bridge, 0 piano), and 91 drum
# tracks of game music and the Groove MIDI Dataset (−1).
USUAL: dict[int | None, Most] = {53: Most(1, 2), 25: Most(2, 3), 0: Most(5, 7), -1: Most(4, 4)}
# General MIDI's basses, solo strings, brass, reeds and pipes are monophonic
BASSES = frozenset(range(32, 40))
SINGLE = BASSES.union((*range(40, 44), *range(56, 61), *range(64, 80)))


def usual(program: int, called: int | None) -> Most:
    """Return the usual limits of a track without known notes. program: its MIDI program (−1:
    drums); called: the program of its part in the training data."""
    return (
        Most(1, 1) if program in SINGLE else USUAL.get(-1 if called is None else called, USUAL[0])
    )


def voices(onset: np.ndarray, stop: np.ndarray) -> int:
    """Return the largest number of notes that sound at once; a note that ends where another begins
    does not overlap it."""
    step = np.repeat([-1, 1], [len(stop), len(onset)])
    order = np.lexsort((step, np.concatenate([stop, onset])))
    return int(step[order].cumsum().max(initial=0))


def reached(notes: Columns) -> Most:
    """Return the polyphony of these notes."""
    time = notes["time"].astype(np.int64)
    return Most(largest_chord(time), voices(time, time + notes["duration"]))


def thin(
    score: Any,
    fresh: dict[int, Columns],
    unknown: dict[int, Most],
    channels: Iterable[Sequence[int]] = (),
    free: Collection[int] = (),
) -> None:
    """Remove and shorten new notes so that the polyphony of the score is not exceeded: by each
    track, by each channel, by all pitched tracks together, and by all notes struck together.

    Args:
        score: The score that the notes are added to.
        fresh: New notes by track; changed in place.
        unknown: Limits of the tracks whose polyphony the score does not show.
        channels: The tracks on each channel.
        free: Tracks whose new notes stay as they are, and that do not count for the others.

    If hardly any note would be left because the other tracks use up the limit, more may sound.
    """
    old = [columns_of(track) for track in score.tracks]
    count = [i for i in range(len(old)) if i not in free]
    tuned = [i for i in count if not score.tracks[i].is_drum]
    shared = [[i for i in group if i not in free] for group in channels]
    alone = [[i] for i in fresh if i not in free]
    for group in (*alone, *(group for group in shared if len(group) > 1)):
        _thin_group(group, old, fresh, unknown)
    _thin_group(tuned, old, fresh, unknown, struck=ANY)
    _thin_group(count, old, fresh, unknown, sounding=ANY)  # drums have no duration


def _thin_group(
    group: Sequence[int],
    old: Sequence[Columns],
    fresh: dict[int, Columns],
    unknown: dict[int, Most],
    **free: int,
) -> None:
    """Thin the new notes of some tracks together. free: limits to lift."""
    new = [i for i in group if i in fresh]
    if not new:
        return
    known = joined([old[i] for i in group if i not in unknown])
    more = total(unknown[i] for i in new if i in unknown)
    most = total((reached(known), more))  # tracks that are added add their own limits
    there, both = joined([old[i] for i in group]), joined([fresh[i] for i in new])
    for step in range(1 + (max(1, *more) if len(group) > 1 else 0)):
        limit = Most(most.struck + step, most.sounding + step)._replace(**free)
        keep, length = thinned(there, both, limit)
        if keep.sum() >= SPARED * len(keep):
            break
    both["duration"] = length
    ends = np.cumsum([len(fresh[i]["time"]) for i in new])[:-1]
    for i, own in zip(new, np.split(np.arange(len(keep)), ends), strict=True):
        fresh[i] = picked(both, own[keep[own]])


def total(parts: Iterable[Most]) -> Most:
    return Most(*map(sum, zip((0, 0), *parts, strict=True)))


def thinned(there: Columns, new: Columns, most: Most) -> tuple[np.ndarray, np.ndarray]:
    """Return which of the new notes stay, and their durations, so that at no tick more notes are
    struck or sound than `most`, unless the existing notes already exceed it."""
    onset, stop = new["time"], new["time"] + new["duration"]
    keep = np.ones(len(onset), dtype=bool)
    ticks = np.unique(np.concatenate([onset, there["time"]]))
    held = _sounding(there["time"], there["time"] + there["duration"], ticks)
    struck = _struck(there["time"], ticks)
    over = held + _sounding(onset, stop, ticks) > most.sounding
    over |= struck + _struck(onset, ticks) > most.struck
    for at in np.flatnonzero(over):
        tick, room = ticks[at], int(most.sounding - held[at])
        here = np.flatnonzero(keep & (onset == tick))
        seats = max(0, min(room, int(most.struck - struck[at])))
        if len(here) > seats:
            keep[_inner(new["pitch"][here], here, seats)] = False
            here = here[keep[here]]
        older = np.flatnonzero(keep & (onset < tick) & (stop > tick))
        ending = max(0, len(older) + len(here) - room)
        stop[older[np.argsort(onset[older], kind="stable")][:ending]] = tick
    return keep, stop - onset


def _sounding(onset: np.ndarray, stop: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Return the number of notes that sound at each tick."""
    begun, over = (np.searchsorted(np.sort(t), ticks, side="right") for t in (onset, stop))
    return begun - over


def _struck(onset: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Return the number of notes that are struck at each tick."""
    onset = np.sort(onset)
    return np.searchsorted(onset, ticks, side="right") - np.searchsorted(onset, ticks)


def _inner(pitches: np.ndarray, here: np.ndarray, seats: int) -> np.ndarray:
    """Return `here` without the `seats` notes that stay: the highest, the lowest, then from
    above."""
    order = here[np.argsort(-pitches, kind="stable")]
    return np.r_[order[:1], order[-1:], order[1:-1]][: len(order)][seats:]
