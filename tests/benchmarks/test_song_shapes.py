"""Holes of several shapes in songs: their fillings, copies of a place, and versions."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.benchmarks import song_shapes
from workbench.benchmarks.song_data import SongBench
from workbench.benchmarks.song_shapes import COLUMNS, SHAPES, Spot, alike, is_a_place, rates
from workbench.evaluation.table import Report
from workbench.models.gpt import GPTConfig
from workbench.representations.holes import BAR, PROGRAM, Hole, part
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt import MidiGPT, MidiGPTConfig
from workbench.systems.midigpt.training import songs_of


@pytest.fixture(scope="module")
def clips():
    return songs_of("builtin-songs", "test", 3)


@pytest.fixture(scope="module")
def bench(clips) -> SongBench:
    vocabulary = Vocabulary.train([ids_of(table_of(clip)) for clip in clips], 640)
    config = GPTConfig(vocabulary.size, context=1024, width=16, depth=1, heads=2)
    system = MidiGPT(MidiGPTConfig(config), vocabulary)  # untrained, but four bars fit
    return SongBench(system, "builtin-songs", Report(), cases=2, quick=True)


@pytest.fixture(scope="module")
def spot(clips) -> Spot:
    """A hole in a song that is played twice."""
    once = table_of(clips[0])
    again = once.notes.copy()
    again[:, BAR] += len(once.bars)
    song = RemiSong(np.concatenate([once.notes, again]), np.tile(once.bars, 2))
    return Spot(clips[0], song, Hole(2, 6), None, 0)


def test_holes_of_all_shapes_that_fit_are_filled(bench, monkeypatch):
    monkeypatch.setattr(song_shapes, "SETS", ("builtin-songs", "game-midi"))
    monkeypatch.setenv("WORKBENCH_CACHE", "nowhere")
    song_shapes.shapes(bench)
    section = bench.report.sections["shapes"]
    made = [row for row in section["rows"] if row[0].startswith("builtin-songs")]
    # the built-in songs have eight bars: none fits a hole of eight
    assert [row[0].partition(": ")[2] for row in made] == [shape.name for shape in SHAPES[:2]]
    at = section["columns"].index("versions: the same")
    assert all(row[at] == 0 for row in made)  # untrained: any notes
    assert "game-midi is left out" in section["notes"][1]


def test_a_filling_that_is_a_place_is_found(spot):
    song, hole = spot.song, spot.hole
    open_ = replace(song, notes=song.notes[~hole.covers(song)])
    assert is_a_place(song, open_, hole)
    fewer = np.flatnonzero(hole.covers(song))[0]
    assert not is_a_place(replace(song, notes=np.delete(song.notes, fewer, 0)), open_, hole)
    assert not is_a_place(open_, open_, hole)  # silence


def test_what_is_measured_of_a_filling(bench, spot):
    values = dict(zip(COLUMNS, rates(bench, spot, spot.song), strict=False))
    assert (values["silent"], values["copied"], values["a whole place"]) == (0, 1, 1)
    open_ = replace(spot.song, notes=spot.song.notes[~spot.hole.covers(spot.song)])
    empty = dict(zip(COLUMNS, rates(bench, spot, open_), strict=False))
    assert (empty["silent"], empty["a whole place"]) == (1, 0)
    bar = part(spot.song, 2, 3).notes  # four times
    loop = [bar + np.eye(1, bar.shape[1], dtype=int)[0] * (2 + i) for i in range(4)]
    looped = replace(open_, notes=np.concatenate([open_.notes, *loop]))
    circles = dict(zip(COLUMNS, rates(bench, spot, looped), strict=False))
    assert circles["repeats of its own"] > max(0.5, values["repeats of its own"])


def test_versions_are_compared_in_the_hole_and_its_tracks(spot):
    song, hole = spot.song, spot.hole
    inside = np.flatnonzero(hole.covers(song))
    fewer = replace(song, notes=np.delete(song.notes, inside[0], 0))
    shared = (len(inside) - 1) / len(inside)
    common, same = alike(spot, [song, song, fewer])
    assert (common, same) == (pytest.approx((1 + 2 * shared) / 3), pytest.approx(1 / 3))
    program = int(song.notes[inside[0], PROGRAM])
    others = tuple(np.setdiff1d(song.notes[:, PROGRAM], [program]).tolist())
    single = replace(spot, hole=replace(hole, programs=others))
    assert alike(single, [song, fewer]) == [1.0, 1.0]  # the note is of another track
