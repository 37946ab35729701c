"""The tracks that a hole covers, their programs in the tokens, and the assignment of generated
notes to tracks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from workbench.arguments import shown, whole
from workbench.datasets.sets.pop909 import PROGRAMS as TRAINED_NAMES
from workbench.errors import PromptError
from workbench.representations.grammar import TOGETHER
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt.polyphony import BASSES, SINGLE, crowd

if TYPE_CHECKING:
    from workbench.music.clip import Clip

LOWEST_LEAD = 52  # median pitch below which a monophonic track is a bass
NEAR = 4  # bars around a hole: tracks that are silent there stay silent
SPREAD = 3.0  # bandwidth in semitones of a track's pitch density


def learned(vocabulary: Vocabulary) -> tuple[set[str], set[int]]:
    """Return metres and programs (−1: drums) that were frequent in training: those that occur in
    merged byte-pair tokens. Returns all of them for a vocabulary without such tokens."""
    names = [vocabulary.names[b] for p in vocabulary.pieces if len(p) > 1 for b in p]
    names = names or vocabulary.names
    metres = {name[8:] for name in names if name.startswith("TimeSig")}
    programs = {int(name[8:]) for name in names if name.startswith("Program")}
    return metres, programs


def playing(clip: Clip, first: int, last: int, *, drums: bool) -> list[int]:
    """Return the tracks with notes in bars `first` to `last` or within NEAR bars of them; if there
    are none, all tracks with notes. Drums are included only if `drums`, or if nothing else has
    notes."""
    tracks, lines = clip.score.tracks, clip.bar_lines
    begin, end = lines[max(0, first - NEAR)], lines[min(len(lines) - 1, last + NEAR)]
    notes = [track.notes.numpy()["time"] / clip.score.tpq for track in tracks]
    sounding = [i for i, time in enumerate(notes) if len(time)]
    sounding = [i for i in sounding if drums or not tracks[i].is_drum] or sounding
    near = [i for i in sounding if ((notes[i] >= begin) & (notes[i] < end)).any()]
    return near or sounding


def chosen_tracks(clip: Clip, tracks: Sequence[int | str]) -> tuple[list[int], list[int]]:
    """Return the indices of the tracks to write and the programs of tracks to add. Added tracks are
    numbered after those of the clip.

    tracks: MIDI programs, "drums", names, or numbers such as "#2" in the order of the file. Raises
    PromptError for anything else.
    """
    score = clip.score
    if isinstance(tracks, str):
        tracks = [tracks]
    kinds = [-1 if track.is_drum else int(track.program) for track in score.tracks]
    names = [track.name.strip().lower() for track in score.tracks]
    chosen: list[int] = []
    added: list[int] = []
    for track in tracks:
        if isinstance(track, str):
            word = track.strip().lower()
            number = re.fullmatch(r"(?:#|track\s*)(\d+)", word)
            found = [i for i, name in enumerate(names) if name == word]
            if not found and number and 1 <= int(number[1]) <= len(names):
                found = [int(number[1]) - 1]
            if not found and word != "drums":
                known = ", ".join(f"#{i} {t.name}".strip() for i, t in enumerate(score.tracks, 1))
                raise PromptError(
                    f"tracks: {track!r} is not a MIDI program (0 to 127), 'drums' or a track of "
                    f"this clip ({known or 'it has none'})"
                )
            program = -1
        else:
            found, program = [], whole(track, "tracks")
            if not 0 <= program <= 127:
                raise PromptError(
                    f"tracks: must be a MIDI program from 0 to 127 or 'drums', got {shown(track)}"
                )
        found = found or [i for i, kind in enumerate(kinds) if kind == program]
        if not found and program not in added:
            added.append(program)
        chosen += found or [len(kinds) + added.index(program)]
    if not chosen:
        raise PromptError("tracks: is empty; name tracks, programs or 'drums', or None for all")
    return chosen, added


def called_as(
    clip: Clip, chosen: Sequence[int], added: Sequence[int], known: set[int]
) -> list[int | None]:
    """Return the program in the tokens of each track, and of each track to add (−1: drums).

    Tracks are mapped to programs of the training data: by a track name that occurs there, by their
    own program, or by their role. Of the remaining ones, the highest monophonic tracks become the
    melody and the bridge, and the others the piano or the nearest known program. Several tracks may
    share a program, but not a track to write with one to keep. An added wind or solo string
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
        free = set(range(128)) - set(called.values())
        rest: list[int] = []
        for i in side:
            program = TRAINED_NAMES.get(names[i], kinds[i])
            if program in known & free:
                called[i] = program
            else:
                rest.append(i)
        single = {i: _single(own[i]) for i in rest if i < len(own)}
        leads = sorted((i for i in rest if single.get(i, 0)), key=lambda i: -single[i])
        parts = {TRAINED_NAMES["MELODY"], TRAINED_NAMES["BRIDGE"]} & known & free
        parts -= {called.get(i) for i in side}
        for i, part in zip(leads, sorted(parts, reverse=True), strict=False):
            called[i] = part
        parts -= {called.get(i) for i in side}
        for i in set(rest) - set(called):
            if i >= len(own) and kinds[i] in SINGLE - BASSES and parts:
                called[i] = min(parts)
        near = known & free or free
        near = {TRAINED_NAMES["PIANO"]} & near or near
        for i in set(rest) - set(called):
            called[i] = min(near, key=lambda p: abs(p - kinds[i]), default=kinds[i])
    return [called[i] for i in range(len(kinds))]


def _single(track: Any) -> float:
    """Return the median pitch of a monophonic track above the bass, 0 for any other track."""
    notes = track.notes.numpy()
    if not len(notes["time"]):
        return 0
    middle = float(np.median(notes["pitch"]))
    alone = len(np.unique(notes["time"])) / len(notes["time"])
    return middle if alone >= 0.8 and middle >= LOWEST_LEAD else 0


def homes(score: Any, tracks: Sequence[int], rows: np.ndarray) -> np.ndarray:
    """Return the track of each note, for rows (n, 4) of `notes_of`, if several tracks share a
    program: the one whose notes outside the hole are nearest in pitch, or, of drum tracks, the one
        that plays
    this pitch most often. Notes at one position beyond a track's polyphony go to the other
    tracks."""
    if len(tracks) == 1:
        return np.full(len(rows), tracks[0])
    counts = np.stack(
        [
            np.bincount(score.tracks[i].notes.numpy()["pitch"].astype(int), minlength=128)[:128]
            for i in tracks
        ]
    ).astype(float)
    pitches = rows[:, 2].astype(int)
    if score.tracks[tracks[0]].is_drum:
        return np.array(tracks)[counts[:, pitches].argmax(0)]
    steps = np.arange(128)
    density = counts @ np.exp(-np.abs(steps[:, None] - steps) / SPREAD) + 1e-99
    cost = -np.log(density / density.sum(1, keepdims=True))[:, pitches].T  # (notes, tracks)
    most = [crowd(score.tracks[i].notes.numpy()["time"]) or 1 for i in tracks]
    seats = np.repeat(np.arange(len(tracks)), np.minimum(most, TOGETHER))
    home = cost.argmin(1)
    for place in np.unique(rows[:, 0]):
        here = np.flatnonzero(rows[:, 0] == place)
        note, seat = linear_sum_assignment(cost[here][:, seats])
        home[here[note]] = seats[seat]
    return np.array(tracks)[home]
