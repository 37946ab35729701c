"""The programs that a song's tracks have in the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.datasets.sets.pop909 import PROGRAMS as TRAINED_NAMES
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt.polyphony import BASSES, SINGLE

if TYPE_CHECKING:
    from workbench.music.clip import Clip

LEADS = {TRAINED_NAMES["MELODY"], TRAINED_NAMES["BRIDGE"]}
LOWEST_LEAD = 52  # median pitch below which a monophonic track is a bass


def learned(vocabulary: Vocabulary) -> tuple[set[str], set[int]]:
    """Return metres and programs (−1: drums) that were frequent in training: those that occur in
    merged byte-pair tokens. Returns all of them for a vocabulary without such tokens."""
    names = [vocabulary.names[b] for p in vocabulary.pieces if len(p) > 1 for b in p]
    names = names or vocabulary.names
    metres = {name[8:] for name in names if name.startswith("TimeSig")}
    programs = {int(name[8:]) for name in names if name.startswith("Program")}
    return metres, programs


def called_as(
    clip: Clip, chosen: Sequence[int], added: Sequence[int], known: set[int]
) -> list[int | None]:
    """Return the program in the tokens of each track, and of each track to add (−1: drums).

    Tracks are mapped to programs of the training data: by a track name that occurs there, by their
    own program, or by another one of its family of General MIDI. Of the remaining ones, the highest
    monophonic tracks become the melody and the bridge, and the others the nearest program that no
    other track has, the piano if all are taken. Tracks to write have a program each, as far as
    there are enough, and none shares one with a track to keep. An added wind or solo string
    instrument becomes the bridge. Drums are None (not encoded) if training had no drums and they
    are not to be written.
    """
    own = clip.score.tracks
    kinds = [-1 if track.is_drum else int(track.program) for track in own] + [*added]
    names = [track.name.strip().upper() for track in own] + [""] * len(added)
    called: dict[int, int | None] = {
        i: -1 if i in chosen or -1 in known else None for i, kind in enumerate(kinds) if kind < 0
    }
    tuned = [i for i, kind in enumerate(kinds) if kind >= 0]
    for side in ([i for i in tuned if i in chosen], [i for i in tuned if i not in chosen]):
        others = set(range(128)) - set(called.values())
        free = others & known or others
        mine: dict[int, int] = {}
        for i in side:
            program = TRAINED_NAMES.get(names[i], kinds[i])
            alone = i not in chosen or program not in mine.values()
            if program in free and alone:
                mine[i] = program
        for i in side:
            spare = free & known - LEADS - set(mine.values())
            family = [p for p in spare if p // 8 == kinds[i] // 8]
            if i not in mine and family:
                mine[i] = min(family, key=lambda p: abs(p - kinds[i]))
        rest = [i for i in side if i not in mine]
        mine |= _roles(own, rest, kinds, (LEADS & free) - set(mine.values()))
        for i in rest:
            if i not in mine:
                mine[i] = _nearest(kinds[i], free, free - set(mine.values()))
        called |= mine
    return [called[i] for i in range(len(kinds))]


def _roles(
    own: Sequence[Any], rest: Sequence[int], kinds: Sequence[int], parts: set[int]
) -> dict[int, int]:
    """Return the tracks of `rest` that become the melody or the bridge, if these are free."""
    found: dict[int, int] = {}
    single = {i: _single(own[i]) for i in rest if i < len(own)}
    leads = sorted((i for i in rest if single.get(i, 0)), key=lambda i: -single[i])
    found |= zip(leads, sorted(parts, reverse=True), strict=False)
    parts = parts - set(found.values())
    if parts:
        winds = [i for i in rest if i >= len(own) and kinds[i] in SINGLE - BASSES]
        found |= dict.fromkeys(winds, min(parts))
    return found


def _nearest(kind: int, free: set[int], spare: set[int]) -> int:
    """Return the program that stands for one without a family or role."""
    piano = TRAINED_NAMES["PIANO"]
    if piano in spare:
        return piano
    if spare - LEADS:
        return min(spare - LEADS, key=lambda p: (abs(p // 8 - kind // 8), abs(p - kind)))
    return piano if piano in free else min(free, key=lambda p: abs(p - kind))


def _single(track: Any) -> float:
    """Return the median pitch of a monophonic track above the bass, 0 for any other track."""
    notes = track.notes.numpy()
    if not len(notes["time"]):
        return 0
    middle = float(np.median(notes["pitch"]))
    alone = len(np.unique(notes["time"])) / len(notes["time"])
    return middle if alone >= 0.8 and middle >= LOWEST_LEAD else 0
