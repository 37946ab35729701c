"""Names and folders joined by "+", and copies of Groove: what is held out stays held out."""

import itertools
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.datasets import CATALOGUE, SPLITS, load
from workbench.datasets.load import find, load_parts, names_of
from workbench.datasets.sessions import SESSIONS, split_in_copy, split_of
from workbench.datasets.songs import signature
from workbench.errors import MissingDataError, PromptError
from workbench.music.clip import Clip

HELD_OUT = SESSIONS["test"] | SESSIONS["validation"]


def song(seed, drums=True):
    notes = [(i / 2, 0.4, 36 + i * seed % 17, 80) for i in range(16)]
    return Clip.from_notes(notes, tempo=100, drums=drums)


@pytest.fixture(scope="module")
def codes(groove_root):
    """The notes of the performances that are held out, and of all others."""
    held, others = set(), set()
    for path in groove_root.rglob("*.mid"):
        clip = Clip.read_midi(path)
        if len(clip.notes):
            inside = path.parent.relative_to(groove_root).as_posix() in HELD_OUT
            (held if inside else others).add(signature(clip.score))
    assert len(held) > 100
    return held, others - held


def codes_of(data):
    return {signature(clip.score) for clip in data if len(clip.notes)}


@pytest.mark.parametrize("songs", [False, True])
@pytest.mark.parametrize("where", ["all", "above", "drummer", "session", "link", "bare"])
def test_no_folder_of_groove_gives_a_held_out_session_away(
    groove_root, tmp_path, codes, where, songs
):
    if where == "all":
        folder = groove_root
    elif where == "above":  # a collection with Groove somewhere in it
        folder = tmp_path
        shutil.copytree(groove_root / "drummer7", tmp_path / "a" / "groove" / "drummer7")
        shutil.copy(groove_root / "info.csv", tmp_path / "a" / "groove")
        shutil.copytree(groove_root / "drummer8", tmp_path / "a" / "groove" / "drummer8")
    elif where == "bare":  # copied without the table
        folder = tmp_path
        for name in ("drummer7", "drummer8"):
            shutil.copytree(groove_root / name, tmp_path / name)
    elif where == "link":
        folder = tmp_path / "mine"
        folder.symlink_to(groove_root / "drummer7")
    else:
        folder = groove_root / ("drummer7" if where == "drummer" else "drummer7/session1")
    everything = load(folder, songs=songs)
    trained = [clip for clip in everything if clip.labels["split"] == "train"]
    tested = [clip for clip in everything if clip.labels["split"] != "train"]
    assert tested
    held, others = codes
    assert not codes_of(trained) & held
    if where != "bare":  # with the table, nothing that is trained on elsewhere is tested on
        assert not codes_of(tested) & others


@pytest.fixture
def some_groove(groove_root, tmp_path, monkeypatch):
    """A cache with three of Groove's drummers."""
    cache = tmp_path / "cache"
    for name in ("drummer2", "drummer3", "drummer9"):
        shutil.copytree(groove_root / name, cache / "groove" / name)
    shutil.copy(groove_root / "info.csv", cache / "groove")
    monkeypatch.setenv("WORKBENCH_CACHE", str(cache))
    return cache / "groove"


@pytest.mark.parametrize("songs", [False, True])
def test_renamed_copies_beside_groove_are_left_out(some_groove, tmp_path, songs):
    files = [
        *sorted((some_groove / "drummer9" / "session1").glob("*.mid"))[:6],  # test
        *sorted((some_groove / "drummer3" / "session1").glob("*.mid"))[:3],  # validation
        *sorted((some_groove / "drummer2" / "session2").glob("*.mid"))[:3],  # train
    ]
    mine = tmp_path / "mine"
    mine.mkdir()
    for number, path in enumerate(files):
        shutil.copy(path, mine / f"loop {number}.mid")
    song(3).write_midi(mine / "my own.mid")
    alone = {split: {c.source for c in load("groove", split)} for split in SPLITS}
    for names in (["groove", str(mine)], [str(mine), "groove"]):
        parts = load_parts(names, songs=songs)
        assert (len(parts[names.index(str(mine))]), sum(map(len, alone.values())) + 1) == (
            1,
            sum(map(len, parts)),
        )
        assert parts[names.index(str(mine))].info["repeats"] == len(files)
    joined = {s: {c.source for c in load(f"{mine}+groove", s, songs=songs)} for s in SPLITS}
    assert sum(len(joined[split] - alone[split]) for split in SPLITS) == 1
    assert all(alone[split] <= joined[split] for split in SPLITS)


def test_folders_within_each_other_count_once(tmp_path):
    for number in range(12):
        folder = tmp_path / "all" / f"take {number}"
        folder.mkdir(parents=True)
        song(number + 1, drums=False).write_midi(folder / "a.mid")
    inner = tmp_path / "all" / "take 3"
    data = load(f"{tmp_path / 'all'}+{inner}", songs=True)
    assert len(codes_of(data)) == len(data)
    names = [str(tmp_path / "all"), str(inner)]
    parts = [codes_of(itertools.chain(*load_parts(names, s, songs=True))) for s in SPLITS]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 12


@pytest.mark.parametrize("songs", [False, True])
def test_a_limit_is_of_each_part(tmp_path, songs):
    """What is in both is in the first; the limit is counted after that."""
    for name, seeds in (("a", range(1, 7)), ("b", range(4, 13))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            song(seed).write_midi(tmp_path / name / f"{name} {seed}.mid")
    names = [str(tmp_path / name) for name in ("a", "b")]
    for limit, lengths in ((None, [6, 6]), (5, [5, 5]), (4, [4, 4])):
        parts = load_parts(names, songs=songs, limit=limit)
        assert [len(part) for part in parts] == lengths
        assert len(codes_of(itertools.chain(*parts))) == sum(lengths)
        assert parts[1].info["repeats"] == 3
    assert [len(p) for p in load_parts([names[0]], songs=songs, limit=2)] == [2]
    both = ["builtin-songs", names[0]]
    assert [len(p) for p in load_parts(both, songs=True, limit=3)] == [3, 3]


def test_a_copy_of_a_song_set_is_left_out(song_set, tmp_path):
    """POP909 lays its songs anew on a grid of beats, so that only the files are the same."""
    folder = song_set("pop909")
    files = sorted(folder.glob("00[1-8]/*.mid"))
    for number, path in enumerate(files):
        shutil.copy(path, tmp_path / f"{number}.mid")
    song(5, drums=False).write_midi(tmp_path / "mine.mid")
    parts = load_parts(["pop909", str(tmp_path)], songs=True)
    assert (len(parts[1]), parts[1].info["repeats"]) == (1, len(files))


def test_a_joined_set_is_the_sum_of_its_parts():
    data = load("builtin+builtin-songs", "test", limit=40)
    assert len(data) == 40
    assert data.name == "builtin+builtin-songs"
    assert {clip.labels["built_in"] for clip in data} == {True}
    assert {clip.is_drums for clip in data} == {True, False}  # drawn evenly over both
    assert len(load("builtin + builtin", "test")) == 250  # named twice, taken once
    for entry in ("builtin", "builtin-songs"):
        assert CATALOGUE[entry].citation in data.citation
    assert data.licence == CATALOGUE["builtin"].licence


def test_whole_songs_or_drums_of_a_folder(tmp_path):
    song(1).write_midi(tmp_path / "drums.mid")
    song(2, drums=False).write_midi(tmp_path / "piano.mid")
    assert [clip.is_drums for clip in load(tmp_path)] == [True]
    assert [clip.is_drums for clip in load(tmp_path, songs=True)] == [True, False]
    both = load(f"{tmp_path}+builtin", "test", songs=True, limit=8)
    assert len(both) == 8


def test_names_and_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    plus = tmp_path / "drum+bass"
    plus.mkdir()
    song(1).write_midi(plus / "a.mid")
    assert names_of(plus) == [str(plus)]
    assert names_of(" groove + pop909+groove ") == ["groove", "pop909"]
    assert find("builtin") is None
    assert find(str(plus)) == plus
    with pytest.raises(MissingDataError, match="no-such"):
        load("builtin+no-such")
    with pytest.raises(PromptError, match="collect"):
        load("builtin+cc-music-clips")


@given(st.lists(st.sampled_from(["groove", "drummer1", "drummer12", "session3", "x", "test"])))
def test_only_groove_s_own_folders_are_taken_for_its_sessions(parts):
    from pathlib import Path

    path = Path("/", *parts, "a.mid")
    pairs = list(itertools.pairwise(parts))
    sessions = [f"{a}/{b}" for a, b in pairs if a.startswith("drummer") and b == "session3"]
    expected = next((split_of(s) for s in sessions), None)
    assert split_in_copy(path) == (expected if expected != "train" else None)
