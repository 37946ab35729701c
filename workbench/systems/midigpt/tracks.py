"""Which tracks of a song a hole is for, what they are called in the tokens, and which of them a
note that was written goes to."""

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

LOWEST_LEAD = 52  # middle pitch below which a track of single notes is a bass
NEAR = 4  # bars before and after a hole: tracks that are silent there stay so
SPREAD = 3.0  # semitones around a track's notes that are its own, too


def learned(vocabulary: Vocabulary) -> tuple[set[str], set[int]]:
    """Metres and programs (−1: drums) that were frequent in training: byte-pair encoding made
    pieces of them. All of them for a vocabulary that has no such pieces."""
    names = [vocabulary.names[b] for p in vocabulary.pieces if len(p) > 1 for b in p]
    names = names or vocabulary.names
    metres = {name[8:] for name in names if name.startswith("TimeSig")}
    programs = {int(name[8:]) for name in names if name.startswith("Program")}
    return metres, programs


def playing(clip: Clip, first: int, last: int, *, drums: bool) -> list[int]:
    """The tracks that have notes in bars `first` to `last` or within NEAR bars of them; all that
    have notes, where none has any there. Drums are among them only if `drums`, or where nothing
    else has notes."""
    tracks, lines = clip.score.tracks, clip.bar_lines
    begin, end = lines[max(0, first - NEAR)], lines[min(len(lines) - 1, last + NEAR)]
    notes = [track.notes.numpy()["time"] / clip.score.tpq for track in tracks]
    found = [i for i, time in enumerate(notes) if len(time)]
    found = [i for i in found if drums or not tracks[i].is_drum] or found
    return [i for i in found if ((notes[i] >= begin) & (notes[i] < end)).any()] or found


def chosen_tracks(clip: Clip, tracks: Sequence[int | str]) -> tuple[list[int], list[int]]:
    """(indices of the tracks to write, programs of tracks to add, which count on from there).

    tracks: MIDI programs, "drums", names, or numbers such as "#2" in the order of the file. Raises
    PromptError for one that is none of these.
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
                    f"tracks: {shown(track)} is neither a MIDI program (0 to 127) nor 'drums'"
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
    """The program that each track, and each to add, is called in the tokens (−1: drums).

    Tracks are called what training had: by a name that it had, by their own program, or by their
    part. Of the others the highest tracks of single notes are the melody and the bridge, the rest
    is the piano, or the nearest program that training had. Several tracks may be called the same,
    but none to write as one to keep. A wind or a solo string to add is the bridge. Drums are None,
    not read, where training had none and they are not to be written.
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
    """The middle pitch of a track that plays single notes above the bass, 0 for any other."""
    notes = track.notes.numpy()
    if not len(notes["time"]):
        return 0
    middle = float(np.median(notes["pitch"]))
    alone = len(np.unique(notes["time"])) / len(notes["time"])
    return middle if alone >= 0.8 and middle >= LOWEST_LEAD else 0


def homes(score: Any, tracks: Sequence[int], rows: np.ndarray) -> np.ndarray:
    """The track of each note, rows (n, 4) of `notes_of`, where several are called the same: the
    one whose notes outside the hole lie nearest in pitch, of drums the one that plays this pitch
    most. What a place has too much for one track goes to the others."""
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
    found = cost.argmin(1)
    for place in np.unique(rows[:, 0]):
        here = np.flatnonzero(rows[:, 0] == place)
        note, seat = linear_sum_assignment(cost[here][:, seats])
        found[here[note]] = seats[seat]
    return np.array(tracks)[found]
