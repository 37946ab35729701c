import shutil

import numpy as np
import pytest

from workbench.datasets import SPLITS, load
from workbench.datasets.folder import split_of_name
from workbench.datasets.melodies import interval_runs, versions
from workbench.datasets.sets.pop909 import PROGRAMS, load_pop909, split_songs
from workbench.errors import MissingDataError
from workbench.music.midi import read_score


def on_sixteenths(beats):
    """The share of onsets within a fifth of a sixteenth note of one."""
    return np.mean(np.abs(beats * 4 - np.round(beats * 4)) < 0.2)


@pytest.fixture(scope="module")
def songs(pop909_root):
    return load_pop909(pop909_root, limit=120)


def test_onsets_lie_on_the_beat_grid_though_the_ticks_do_not(songs, pop909_root):
    laid = [on_sixteenths(clip.notes["time"]) for clip in songs]
    raw = []
    for clip in songs:
        score = read_score(pop909_root / clip.labels["song"] / f"{clip.labels['song']}.mid")
        onsets = np.concatenate([track.notes.numpy()["time"] for track in score.tracks])
        raw.append(on_sixteenths(onsets / score.tpq))
    assert np.median(laid) > 0.97
    assert np.mean(np.array(laid) > 0.8) > 0.88  # the others are in triplets, or played freely
    assert np.median(raw) < 0.25


def test_no_note_is_lost_or_moved_in_time(songs, pop909_root):
    for clip in songs[::20]:
        folder = pop909_root / clip.labels["song"]
        score = read_score(folder / f"{folder.name}.mid").to("second")
        beats = np.loadtxt(folder / "beat_midi.txt")[:, 0]
        onsets = np.sort(np.concatenate([t.notes.numpy()["time"] for t in score.tracks]))
        assert len(clip.notes) == len(onsets)
        # between two annotated beats the map is a line: the same share of the beat before and after
        inside = (onsets >= beats[0]) & (onsets < beats[-1])
        place = np.interp(onsets, beats, np.arange(len(beats)))
        moved = np.sort(clip.notes["time"])[inside] - place[inside]
        assert np.ptp(moved) < 2 / 480  # one whole number of beats, the pickup
        assert abs(moved.mean() - round(moved.mean())) < 1 / 480


def test_bars_begin_at_downbeats(songs, pop909_root):
    clip = songs[0]
    table = np.loadtxt(pop909_root / clip.labels["song"] / "beat_midi.txt")
    score = read_score(pop909_root / clip.labels["song"] / f"{clip.labels['song']}.mid")
    first = min(t.notes.numpy()["time"].min() for t in score.to("second").tracks if len(t.notes))
    shift = clip.notes["time"].min() - np.interp(first, table[:, 0], np.arange(len(table)))
    changes = [(c.time / 480, c.numerator) for c in clip.score.time_signatures]
    ends = [start for start, _ in changes[1:]] + [len(table) + 8]
    lines = {
        line
        for (start, beats), end in zip(changes, ends, strict=True)
        for line in np.arange(start, end, beats).tolist()
    }
    downbeats = np.flatnonzero(table[:, 2] > 0) + round(shift)
    assert np.mean([place in lines for place in downbeats.tolist()]) > 0.98
    assert changes[0] == (0, 4)
    assert all(change.denominator == 4 for change in clip.score.time_signatures)


def test_tracks_labels_and_tempo(songs):
    for clip in songs[::30]:
        tracks = {track.name: track.program for track in clip.score.tracks}
        assert tracks == PROGRAMS
        assert {"song", "split", "key"} <= set(clip.labels)
        assert clip.labels["key"].split()[1] in ("major", "minor")
        assert len(clip.score.tempos) == 1
        assert 30 < clip.tempo < 240
        assert clip.source == f"pop909/{clip.labels['song']}"
    assert songs.licence == "MIT"
    assert songs.skipped == []


def test_splits_are_by_song_and_versions_stay_together(pop909_root):
    splits, groups = split_songs(pop909_root)
    drawn = list(splits.values())
    shares = {split: drawn.count(split) / len(drawn) for split in SPLITS}
    assert 0.75 < shares["train"] < 0.85
    assert min(shares["validation"], shares["test"]) > 0.07
    assert ["017", "018"] in groups
    assert ["492", "666"] in groups
    assert len(groups) < 10
    assert all(len({splits[song] for song in group}) == 1 for group in groups)
    alone = set(splits) - {song for group in groups for song in group}
    assert all(splits[song] == split_of_name(song) for song in alone)
    assert split_of_name("492") == "test"
    assert splits["492"] == "train"  # its version 666 is trained on


@pytest.mark.parametrize("layout", [".", "pop909", "POP909-Dataset-master/POP909"])
def test_layouts_of_the_cache(pop909_root, tmp_path, monkeypatch, layout):
    place = tmp_path / "pop909" / layout
    for song in ("001", "002", "003"):
        if (pop909_root / song).is_dir():
            shutil.copytree(pop909_root / song, place / song)
    present = sorted(path.name for path in place.iterdir())
    extra = place / present[0] / "versions"
    extra.mkdir()
    shutil.copy(place / present[0] / f"{present[0]}.mid", extra / f"{present[0]}-v1.mid")
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    data = load("pop909")
    assert [clip.labels["song"] for clip in data] == present
    (place / present[-1] / "beat_midi.txt").write_text("1 0 0\n0.5 0 0\n")
    data = load("pop909")
    assert [name for name, _ in data.skipped] == present[-1:]


def test_missing_pop909_names_the_script(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    with pytest.raises(MissingDataError, match=r"data_scripts/pop909\.py"):
        load("pop909")


def test_versions_are_found_whatever_the_key():
    random = np.random.default_rng(0)
    tunes = [random.integers(55, 80, 60) for _ in range(6)]
    cut = np.concatenate([tunes[2][:45] + 5, random.integers(55, 80, 15)])
    melodies = [interval_runs(np.arange(len(t)), t) for t in [*tunes, tunes[0] + 3, cut]]
    assert versions(melodies) == [[0, 6], [2, 7]]
    assert interval_runs(np.arange(5), tunes[0][:5]) == frozenset()
    shuffled = np.arange(60)[::-1]
    assert interval_runs(shuffled, tunes[0][::-1]) == melodies[0]
