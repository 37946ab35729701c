import os
import shutil

import numpy as np
import pytest

from workbench.datasets import CATALOGUE, SPLITS, load
from workbench.datasets.load import find
from workbench.datasets.songs import Rule, load_songs, signature
from workbench.errors import BrokenFileError, MissingDataError
from workbench.music.clip import Clip
from workbench.music.midi import read_score


def song(seed, drums=True, transpose=0, **fields):
    """Two tracks and drums: 32 beats of random notes."""
    random = np.random.default_rng(seed)
    notes = np.zeros(96, dtype=Clip.from_notes([(0, 1, 60, 90)]).notes.dtype)
    notes["time"] = random.integers(0, 32 * 4, 96) / 4
    notes["duration"], notes["velocity"] = 0.5, random.integers(40, 120, 96)
    notes["pitch"] = random.integers(40, 80, 96) + transpose
    notes["program"] = np.repeat([0, 33, 0], 32)
    notes["is_drum"] = np.repeat([False, False, drums], 32)
    return Clip.from_notes(notes, tempo=100, **fields)


def write(clip, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    clip.write_midi(path)


@pytest.fixture
def folder(tmp_path):
    for number in range(40):
        write(song(number), tmp_path / "mine" / f"song {number:02d}.mid")
    return tmp_path / "mine"


def test_whole_songs_with_all_their_tracks(folder):
    data = load_songs(folder)
    assert len(data) == 40
    assert data.name == "mine"
    tracks = {(track.program, track.is_drum) for track in data[0].score.tracks}
    assert tracks == {(0, False), (33, False), (0, True)}
    assert data[7].labels["song"] == "song 07"
    assert data[7].labels["file"] == "song 07.mid"
    assert len(load_songs(folder, limit=5)) == 5


def test_splits_are_stable_and_cover_all(folder):
    parts = {split: load_songs(folder, split) for split in SPLITS}
    names = [{clip.labels["song"] for clip in part} for part in parts.values()]
    assert sum(map(len, names)) == len(set.union(*names)) == 40
    assert all(clip.labels["split"] == split for split, part in parts.items() for clip in part)
    write(song(99), folder / "a new one.mid")
    more = {clip.labels["song"] for clip in load_songs(folder, "test")}
    assert more - {"a new one"} == names[2]


def test_folders_named_as_splits_are_taken_at_their_word(tmp_path):
    for split, seed in (("train", 1), ("valid", 2), ("test", 3)):
        write(song(seed), tmp_path / split / "a.mid")
    assert [load_songs(tmp_path, split)[0].labels["song"] for split in SPLITS] == [
        "train/a",
        "valid/a",
        "test/a",
    ]


def test_a_song_that_is_there_twice_counts_once_over_all_splits(folder):
    for number in range(40):  # under names that fall into other splits; louder and slower
        twin = song(number)
        notes = twin.notes.copy()
        notes["velocity"] = 127
        write(Clip.from_notes(notes, tempo=60), folder / f"twin {number:02d}.mid")
    parts = [load_songs(folder, split) for split in SPLITS]
    assert sum(map(len, parts)) == 40
    for part in parts:
        assert part.info["duplicates"] == [
            (f"twin {number:02d}.mid", f"song {number:02d}.mid") for number in range(40)
        ]
    seen = [signature(clip.score) for part in parts for clip in part]
    assert len(set(seen)) == 40


def test_what_makes_two_songs_the_same():
    base = signature(song(5).score)
    assert signature(song(5).score) == base
    assert signature(song(5, transpose=1).score) != base
    assert signature(song(5, drums=False).score) != base
    assert signature(song(6).score) != base
    finer = song(5).score.resample(96, 1)
    assert signature(finer) == base  # another resolution
    later = song(5).notes.copy()
    later["time"] += 8
    assert signature(Clip.from_notes(later).score) == base  # silence before it


def test_broken_silent_and_endless_files_are_named_with_the_reason(folder):
    (folder / "a broken.mid").write_bytes(b"MThd nonsense")
    silent = song(1).score
    silent.tracks.clear()
    (folder / "silent.mid").write_bytes(silent.dumps_midi())
    write(Clip.from_notes([(0, 1, 60, 90), (4000, 1, 60, 90)], tempo=60), folder / "evening.mid")
    (folder / "lost.mid").symlink_to("nowhere.mid")
    for data in (load_songs(folder), load_songs(folder, "train", 3)):
        reasons = dict(data.skipped)
        assert set(reasons) == {"a broken.mid", "silent.mid", "evening.mid", "lost.mid"}
        assert "broken" in reasons["a broken.mid"]
        assert "no notes" in reasons["silent.mid"]
        assert "67 minutes" in reasons["evening.mid"]
    assert len(load_songs(folder)) == 40
    write(song(70), folder / "silent.mid")  # mended since: what was read is not taken for granted
    assert len(load_songs(folder)) == 41


def test_sixty_tracks_are_read(tmp_path):
    notes = song(1, drums=False).notes
    notes = np.concatenate([notes] * 60)
    notes["program"] = np.repeat(np.arange(60), 96)
    write(Clip.from_notes(notes), tmp_path / "sixty.mid")
    assert len(load_songs(tmp_path)[0].score.tracks) == 60


def test_errors_say_what_to_do(tmp_path):
    with pytest.raises(MissingDataError, match="holds no MIDI"):
        load_songs(tmp_path)
    (tmp_path / "a.mid").write_bytes(b"no")
    with pytest.raises(MissingDataError, match=r"none of its 1 MIDI files is a song.*a\.mid"):
        load_songs(tmp_path)
    write(song(1), tmp_path / "train" / "b.mid")
    with pytest.raises(MissingDataError, match="split 'test'"):
        load_songs(tmp_path, "test")


def test_odd_real_files_never_break_the_reading(fixtures_root):
    data = load_songs(fixtures_root)
    assert len(data) > 20
    assert len(data.skipped) > 2
    assert all(len(clip.notes) for clip in data)


# ---------------------------------------------------------------- the named sets


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("nottingham", {"style"}),
        ("game-midi", {"game", "title"}),
        ("openewld", {"genre", "style", "meter", "key", "title", "composer"}),
        ("openscore-lieder", {"composer", "work", "title"}),
        ("openscore-orchestra", {"composer", "work", "title"}),
    ],
)
def test_named_sets(song_set, name, labels):
    song_set(name)
    parts = {split: load(name, split, limit=12) for split in SPLITS}
    songs = [{clip.labels["song"] for clip in part} for part in parts.values()]
    assert all(songs)
    assert len(set.union(*songs)) == sum(map(len, songs))  # no song is in two splits
    for part in parts.values():
        assert part.name == name
        assert part.licence == CATALOGUE[name].licence
        assert labels <= set(part[0].labels)
        assert part.skipped == []
        assert all(len(clip.notes) > 10 for clip in part)


def test_versions_of_a_tune_are_in_one_split(song_set):
    song_set("nottingham")
    data = load("nottingham")
    where = {clip.labels["file"]: clip.labels["split"] for clip in data}
    groups = data.info["versions"]
    assert ["MIDI/hpps15.mid", "MIDI/reelsd-g65.mid"] in groups
    assert 10 < len(groups) < 60
    assert all(len({where[file] for file in group}) == 1 for group in groups)


def test_labels_of_real_songs(song_set):
    song_set("nottingham")
    jigs = [c for c in load("nottingham") if c.labels["file"].startswith("MIDI/jigs")]
    assert {clip.labels["style"] for clip in jigs} == {"jig"}
    assert {clip.labels["style"] for clip in load("nottingham")} >= {"reel", "waltz", "hornpipe"}
    song_set("openewld")
    tune = next(c for c in load("openewld") if c.labels["title"] == "For You")
    assert tune.labels["key"] == "G major"
    assert (tune.labels["genre"], tune.labels["meter"]) == ("Rock", "4/4")
    song_set("openscore-lieder")
    assert {c.labels["composer"] for c in load("openscore-lieder", limit=50)} >= {"Alban Berg"}
    song_set("game-midi")
    assert ("freedoom/musics/d_introa.mid", "freedoom/musics/d_intro.mid") in load(
        "game-midi", limit=1
    ).info["duplicates"]


@pytest.mark.parametrize("name", [name for name in CATALOGUE if not CATALOGUE[name].built_in])
def test_a_missing_set_says_how_to_get_it(tmp_path, monkeypatch, name):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    with pytest.raises(MissingDataError) as error:
        find(name)
    assert CATALOGUE[name].how_to_get in str(error.value)
    assert CATALOGUE[name].licence in str(error.value)
    entry = CATALOGUE[name]
    assert all((entry.citation, entry.homepage, entry.licence_url, entry.size, entry.splits))


def test_lakh_clean_keeps_the_versions_of_a_title_together(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    for number in range(30):
        for version in ("", ".1", ".2"):
            seed = number * 3 + len(version) + version.count("2")
            write(song(seed), tmp_path / "lakh-clean" / "ABBA" / f"Song {number}{version}.mid")
    parts = {split: load("lakh-clean", split) for split in SPLITS}
    titles = [{clip.labels["title"] for clip in part} for part in parts.values()]
    assert sum(map(len, titles)) == 30
    assert {clip.labels["artist"] for clip in parts["train"]} == {"ABBA"}
    assert sum(map(len, parts.values())) > 60


def test_maestro_has_its_official_split(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    folder = tmp_path / "maestro"
    rows = ["canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration"]
    for number, split in enumerate(["train", "validation", "test"] * 3):
        name = f"2004/piece-{number}.midi"
        rows.append(f'Frédéric Chopin,"Étude {number}, Op. 10",{split},2004,{name},x.wav,9.0')
        write(song(number, drums=False), folder / "2004" / "a.mid")
        os.replace(folder / "2004" / "a.mid", folder / name)
    write(song(50), folder / "not in the table.mid")
    (folder / "maestro-v3.0.0.csv").write_text("\n".join(rows), encoding="utf-8")
    for split in SPLITS:
        part = load("maestro", split)
        assert [clip.labels["split"] for clip in part] == [split] * 3
    assert part[0].labels["composer"] == "Frédéric Chopin"
    assert part[0].labels["title"] == "Étude 2, Op. 10"
    assert len(load("maestro")) == 9
    (folder / "maestro-v3.0.0.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BrokenFileError, match="no column"):
        load("maestro")


def test_a_rule_names_songs_and_leaves_files_out(folder):
    shutil.copy(folder / "song 03.mid", folder / "zz copy.mid")
    rule = Rule(
        lambda file: "all one song",
        lambda file: {"number": file.stem[-2:]},
        lambda file: file.stem.startswith("song"),
    )
    data = load_songs(folder, rule=rule)
    assert data.info["duplicates"] == []
    assert len({clip.labels["split"] for clip in data}) == 1
    assert data[3].labels["number"] == "03"
    assert read_score(folder / data[3].labels["file"]).note_num() == len(data[3].notes)
