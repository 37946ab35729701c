"""Requested controls as the network reads them, and how many of them a filling realises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from workbench.arguments import shown
from workbench.errors import PromptError
from workbench.representations.control_rule import limits_of
from workbench.representations.controls import (
    FREE,
    KINDS,
    SILENT,
    Classes,
    Control,
    Controls,
    chord_number,
    class_of,
)
from workbench.representations.grammar import TOGETHER
from workbench.representations.holes import Hole
from workbench.representations.remi import RemiSong
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt.neighbours import around
from workbench.systems.splicing import chosen_tracks

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.midigpt.splice import Reading

SHAPES = [KINDS.index("polyphony"), KINDS.index("length")]
REGISTER = KINDS.index("register")
OF_DRUMS = 2  # kinds of control that drums have: density and polyphony


def wishes_of(controls: Sequence[Control | str] | Control | str | None) -> list[Control]:
    """Return controls as a list. Texts are read as in the commands; PromptError for all else."""
    if controls is None:
        return []
    given = [controls] if isinstance(controls, Control | str) else controls
    odd = PromptError(f"controls={shown(controls)}: give Control objects, or texts for them")
    if not isinstance(given, Sequence):
        raise odd
    found = [Control.read(wish) if isinstance(wish, str) else wish for wish in given]
    if not all(isinstance(wish, Control) for wish in found):
        raise odd
    return found


def classes_asked(
    wishes: Sequence[Control], clip: Clip, reading: Reading, shift: int, vocabulary: Vocabulary
) -> Classes:
    """Return the classes that wishes ask for in each bar of the hole.

    Args:
        wishes: The wishes; a later one overrules an earlier one.
        clip: The clip as it is read.
        reading: The reading.
        shift: Number of bars that were added before the user's clip.
        vocabulary: The checkpoint's.

    Raises:
        PromptError: If a wish is for bars or tracks that are not written, or for the register or
            length of drums alone.
    """
    programs = reading.hole.tracks(reading.song).tolist()
    numbers = reading.grid.bars[reading.hole.first : reading.hole.last] - shift
    found = Classes.free(len(numbers), len(programs))
    drums = np.array([program == vocabulary.id("Program_-1") for program in programs])
    for wish in wishes:
        bars = np.arange(len(numbers))
        if wish.bars is not None:
            bars = np.flatnonzero((numbers >= wish.bars[0]) & (numbers < wish.bars[1]))
            if not len(bars):
                raise PromptError(
                    f"controls: bars {wish.bars[0] + 1} to {wish.bars[1]} are not among those to "
                    f"write, {numbers[0] + 1} to {numbers[-1] + 1}"
                )
        tracks = np.arange(len(programs))
        if wish.tracks is not None:
            own = {programs.index(p) for p in _programs(wish.tracks, clip, reading, vocabulary)}
            tracks = np.array(sorted(own))
        for kind, value in enumerate(wish.classes().tolist()):
            able = tracks if kind < OF_DRUMS else tracks[~drums[tracks]]
            if value != FREE and not len(able):
                raise PromptError(f"controls: drums have no {KINDS[kind]}; leave it out for them")
            if value != FREE:
                found.tracks[bars[:, None], able, kind] = value
        if wish.chord is not None:
            found.chords[bars] = chord_number(wish.chord)
    return found


def _programs(
    tracks: Sequence[int | str], clip: Clip, reading: Reading, vocabulary: Vocabulary
) -> set[int]:
    """Return the ids of the Program tokens of tracks that are written."""
    chosen, added = chosen_tracks(clip, tracks)
    count, found = len(clip.score.tracks), set()
    for index in chosen:
        if index >= count and added[index - count] in reading.added:
            index = count + reading.added.index(added[index - count])
        elif index >= count:
            index = -1
        if index not in reading.chosen:
            raise PromptError(f"controls: tracks={shown(tracks)} has one that is not written")
        found.add(vocabulary.id(f"Program_{reading.called[index]}"))
    return found


def with_usual(classes: Classes, song: RemiSong, hole: Hole) -> Classes:
    """Return the classes with the density that each track has around the hole, where none is
    requested. The network knows from training that a track without any control may be silent.
    song: without the notes of the hole."""
    usual = around(song, hole, [0.5])[0, ..., 0]  # positions
    found = np.vectorize(partial(class_of, "density"), otypes=[int])(usual)
    open_ = (classes.tracks[..., 0] == FREE) & (usual >= 1)
    tracks = classes.tracks.copy()
    tracks[..., 0] = np.where(open_, found, tracks[..., 0])
    return Classes(tracks, classes.chords)


def room_for(
    classes: Classes, reading: Reading, vocabulary: Vocabulary, most: Tensor, together: int
) -> tuple[Tensor, int]:
    """Return limits of notes that are struck at once, of each program and of all, that leave room
    for the requested polyphony. most, together: the limits without it."""
    most = most.clone()
    for i, token in enumerate(reading.hole.tracks(reading.song).tolist()):
        wish = int(classes.tracks[:, i, KINDS.index("polyphony")].max(initial=FREE))
        if wish != FREE:
            program = int(vocabulary.names[token].split("_")[1]) + 1
            need = min(TOGETHER, math.ceil(limits_of("polyphony", wish)[0]) + 1)
            more = max(0, need - int(most[program]))
            most[program] += more
            together += more
    return most, together


def realised(
    asked: Classes, song: RemiSong, hole: Hole, controls: Controls
) -> dict[str, tuple[int, int]]:
    """Return, for each kind of control that was requested, how many tracks and bars (chords: how
    many bars) have the requested class, and for how many one was requested. song: with the hole
    filled."""
    made = controls.of(song, hole)
    found = {}
    for kind, name in enumerate(KINDS):
        given = asked.tracks[..., kind] != FREE
        wish, own = asked.tracks[..., kind], made.tracks[..., kind]
        right = np.where(wish == SILENT, own == FREE, wish == own)
        found[name] = (int((given & right).sum()), int(given.sum()))
    given, right = asked.chords != FREE, asked.chords == made.chords
    found["chord"] = (int((given & right).sum()), int(given.sum()))
    return {name: pair for name, pair in found.items() if pair[1]}
