"""Holes of several shapes: one track, all tracks, twice as many bars. Do the fillings fall silent,
repeat themselves, copy a whole place of the song; and do versions of a hole differ?

    workbench evaluate songs --only shapes
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.arguments import random_generator
from workbench.benchmarks.song_data import SongBench
from workbench.benchmarks.song_many import FEWEST, fill, holes
from workbench.errors import MissingDataError, WorkbenchError
from workbench.evaluation.fillings import copy_rate, melodic_step, repeat_rate, same_key
from workbench.evaluation.inpainting import LENGTH, SIDE, Case
from workbench.music.clip import Clip
from workbench.representations.holes import BAR, PROGRAM, Hole, part
from workbench.representations.remi import RemiSong, table_of
from workbench.systems.midigpt.ranking import flat, lines_of
from workbench.systems.midigpt.training import songs_of
from workbench.systems.region import Region

SETS = ("pop909", "game-midi")
AROUND = 4  # bars on each side
VERSIONS = 3  # of a hole
COLUMNS = (
    "silent",
    "same key",
    "copied",
    "repeats of its own",
    "a whole place",
    "join before",
    "join after",
    "versions: common notes",
    "versions: the same",
)


@dataclass(frozen=True)
class Shape:
    """A kind of hole: its length in bars, and whether it is in one track only."""

    name: str
    bars: int
    single: bool = False


SHAPES = (
    Shape("all tracks", LENGTH),
    Shape("one track", LENGTH, single=True),
    Shape(f"all tracks, {2 * LENGTH} bars", 2 * LENGTH),
)


@dataclass(frozen=True)
class Spot:
    """A hole of a shape: the song, the bars, the tracks of the file (None: all), its seed."""

    clip: Clip
    song: RemiSong
    hole: Hole
    tracks: tuple[str, ...] | None
    seed: int


def spots(bench: SongBench, cases: Sequence[Case], shape: Shape) -> list[Spot]:
    """Return holes of a shape that begin where those of `song_many.holes` do. A single track is one
    of those that play in the hole and on both sides, and that share their program with no other
    track; it is chosen at random."""
    rng, found = random_generator(bench.seed), []
    for case in cases:
        last = case.first + shape.bars
        if last + SIDE > min(case.clip.bars, len(case.song.bars)):
            continue
        hole, tracks = Hole(case.first, last), None
        if shape.single:
            fit = _single(bench, case.clip, case.song, hole)
            if not fit:
                continue
            index, program = fit[int(rng.integers(len(fit)))]
            hole, tracks = replace(hole, programs=(program,)), (f"#{index + 1}",)
        found.append(Spot(case.clip, case.song, hole, tracks, bench.seed + case.number))
    return found


def _single(bench: SongBench, clip: Clip, song: RemiSong, hole: Hole) -> list[tuple[int, int]]:
    """Return the number in the file and the token of the program of each track that fits."""
    own = clip.score.tracks
    programs = [-1 if track.is_drum else int(track.program) for track in own]
    found = []
    for index, program in enumerate(programs):
        token = bench.vocabulary.id(f"Program_{program}")
        bars = song.notes[song.notes[:, PROGRAM] == token, BAR]
        inside = ((bars >= hole.first) & (bars < hole.last)).sum()
        before = ((bars >= hole.first - AROUND) & (bars < hole.first)).any()
        after = ((bars >= hole.last) & (bars < hole.last + AROUND)).any()
        if programs.count(program) == 1 and inside >= FEWEST and before and after:
            found.append((index, token))
    return found


def rates(bench: SongBench, spot: Spot, filled: RemiSong) -> list[float]:
    """Return the first of COLUMNS for one filling. filled: the song with it."""
    hole, vocabulary = spot.hole, bench.vocabulary
    only = np.isin(filled.notes[:, PROGRAM], hole.tracks(spot.song))
    own = replace(filled, notes=filled.notes[only])
    open_ = replace(spot.song, notes=spot.song.notes[~hole.covers(spot.song)])
    others = replace(open_, notes=open_.notes[np.isin(open_.notes[:, 2], hole.tracks(spot.song))])
    inside = flat(part(own, hole.first, hole.last), vocabulary)
    first = max(0, hole.first - AROUND)
    around = flat(part(open_, first, hole.last + AROUND), vocabulary)
    beside = part(own, first, hole.last + AROUND)
    rows, lines = flat(beside, vocabulary), lines_of(beside, vocabulary)
    joins = [melodic_step(rows, rows, lines[bar - first]) for bar in (hole.first, hole.last)]
    return [
        float(not len(inside)),
        same_key(inside, around),
        copy_rate(inside, flat(others, vocabulary)),
        repeat_rate(inside),
        float(is_a_place(own, others, hole)),
        *joins,
    ]


def is_a_place(own: RemiSong, others: RemiSong, hole: Hole) -> bool:
    """Return whether a filling has the notes of as many bars elsewhere in the song, one for one, in
    time, track and pitch. others: the song without the hole."""
    notes, length = notes_in(own, hole.first, hole.last), hole.last - hole.first
    places = range(len(others.bars) - length + 1)
    elsewhere = (at for at in places if at + length <= hole.first or at >= hole.last)
    return bool(notes) and any(notes_in(others, at, at + length) == notes for at in elsewhere)


def notes_in(song: RemiSong, first: int, last: int) -> set[tuple[int, ...]]:
    """Return bar, place, program and pitch of the notes of some bars."""
    return set(map(tuple, part(song, first, last).notes[:, :4].tolist()))


def alike(spot: Spot, versions: Sequence[RemiSong]) -> list[float]:
    """Return the mean share of common notes of two versions, and the share of pairs that are the
    same."""
    hole, pairs = spot.hole, []
    sets = [notes_in(song, hole.first, hole.last) for song in versions]
    if hole.programs is not None:
        sets = [{note for note in one if note[PROGRAM] in hole.programs} for one in sets]
    for number, one in enumerate(sets):
        pairs += [(len(one & two) / max(1, len(one | two)), one == two) for two in sets[:number]]
    shares: list[float] = np.mean(pairs, axis=0).tolist()
    return shares


def shapes(bench: SongBench) -> None:
    """Fill holes of all shapes in songs of several collections, beside the true bars."""
    rows: list[list[object]] = []
    notes: list[str] = []
    for name in SETS:
        try:
            clips = songs_of(name, "test")
        except MissingDataError as error:
            notes.append(f"{name} is left out: {error}")
            continue
        chosen = holes(clips, bench.vocabulary, min(2, bench.cases) if bench.quick else 12, 1)
        for shape in SHAPES:
            made, true = [], []
            for spot in spots(bench, chosen, shape):
                try:
                    versions = _versions(bench, spot)
                except WorkbenchError:
                    continue
                made.append([*rates(bench, spot, versions[0]), *alike(spot, versions)])
                true.append(rates(bench, spot, spot.song))
            if made:
                title = f"{name}: {shape.name}"
                rows.append([title, len(made), *means(made)])
                rows.append(["the true bars", len(true), *means(true), None, None])
    bench.report.table(
        "shapes",
        "Holes of several shapes in held-out songs",
        ["", "holes", *COLUMNS],
        rows,
        [
            "Of the first version: silent: share of fillings without a note; copied: share of "
            "four-note figures that also occur in the rest of the song; repeats of its own: share "
            "of figures that occurred before in the filling; a whole place: share of fillings that "
            "have the notes of as many bars elsewhere in the song, one for one. Versions: "
            f"{VERSIONS} of one call; mean share of common notes of two, share of pairs that are "
            "the same. Key and joins as in the table of holes.",
            *notes,
        ],
    )


def means(found: Sequence[Sequence[float]]) -> list[float]:
    """Return the means over holes; a value that none of them has is NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        values: list[float] = np.nanmean(found, axis=0).tolist()
    return values


def _versions(bench: SongBench, spot: Spot) -> list[RemiSong]:
    region = Region(bars=(spot.hole.first, spot.hole.last), tracks=spot.tracks)
    versions = fill(bench.system, spot.clip, region, spot.seed, VERSIONS)
    return [table_of(clip) for clip in versions]
