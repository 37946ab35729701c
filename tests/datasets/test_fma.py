"""FMA's metadata and folders, on a small copy of their form."""

import csv

import numpy as np
import pytest
import soundfile

from workbench.datasets.audio import prepare_audio
from workbench.datasets.sets.fma import find_fma, genre_table, genre_tree, load_fma, read_tracks
from workbench.errors import BrokenFileError, MissingDataError, PromptError

FIELDS = [
    ("set", "split"),
    ("set", "subset"),
    ("track", "genre_top"),
    ("track", "title"),
    ("track", "license"),
    ("artist", "name"),
    ("track", "duration"),
    ("artist", "bio"),
    ("artist", "latitude"),
    ("artist", "longitude"),
]
ROWS = [
    (
        "2",
        "training",
        "small",
        "Hip-Hop",
        "Food",
        "CC BY-NC-SA",
        "AWOL",
        "168",
        "line\nbreak",
        "40.1",
        "-74.4",
    ),
    (
        "5",
        "training",
        "small",
        "Hip-Hop",
        "This World",
        "CC BY",
        "AWOL",
        "206",
        "",
        "40.1",
        "-74.4",
    ),
    ("10", "validation", "medium", "Pop", "Freeway", "CC BY", "Kurt Vile", "161", "", "", ""),
    ("140", "test", "small", "Folk", "Queen Of The Wires", "CC0", "Alec K", "253", "", "", ""),
    ("141", "test", "full", "", "Ohio", "CC0", "Alec K", "182", "", "", ""),
]


@pytest.fixture
def fma(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    (tmp_path / "fma_metadata").mkdir()
    with (tmp_path / "fma_metadata" / "tracks.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", *[a for a, _ in FIELDS]])
        writer.writerow(["", *[b for _, b in FIELDS]])
        writer.writerow(["track_id", *[""] * len(FIELDS)])
        writer.writerows(ROWS)
    for number in ("000002", "000005", "000010", "000140"):
        path = tmp_path / "fma_medium" / number[:3] / f"{number}.mp3"
        path.parent.mkdir(parents=True, exist_ok=True)
        sound = 0.3 * np.sin(np.arange(44100) * 0.05 * (1 + int(number)))
        soundfile.write(path, sound, 44100, format="MP3")
    return find_fma("medium")


def test_tracks_with_their_labels_and_official_splits(fma):
    items = load_fma(*fma, "medium")
    assert [item.path.stem for item in items] == ["000002", "000005", "000010", "000140"]
    assert [item.split for item in items] == ["train", "train", "validation", "test"]
    assert items[0].labels["genre"] == "Hip-Hop"
    assert items[0].labels["artist"] == "AWOL"
    assert items[0].caption == "hip-hop music"
    assert items[0].labels["latitude"] == "40.1"
    assert len(load_fma(*fma, "small")) == 3
    assert [i.path.stem for i in load_fma(*fma, "medium", "validation")] == ["000010"]
    with pytest.raises(PromptError, match="subset"):
        load_fma(*fma, "tiny")


def test_mp3_becomes_sound(fma, tmp_path):
    made = prepare_audio(load_fma(*fma, "medium"), tmp_path / "out", rate=16000, quiet=True)
    assert len(made) == 4
    assert made[0].shape[1] == pytest.approx(16000, abs=2500)  # MP3 pads
    assert np.abs(made[0]).max() == pytest.approx(0.3, abs=0.1)


def test_tracks_that_end_early_are_left_out(fma, tmp_path):
    items = load_fma(*fma, "medium")
    data = items[1].path.read_bytes()
    items[1].path.write_bytes(data[: len(data) // 2])
    made = prepare_audio(items, tmp_path / "out", rate=16000, quiet=True)
    assert len(made) == 3
    ((name, reason),) = made.skipped
    assert "000005.mp3" in name
    assert "cut short" in reason


def test_the_table_of_genres(fma):
    found = genre_table(read_tracks(fma[0]))
    assert found[0][:3] == ("Hip-Hop", 2, 1)
    assert found[0][3] == pytest.approx((168 + 206) / 3600)
    assert ("(none)", 1, 1, pytest.approx(182 / 3600)) in found


def test_what_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    with pytest.raises(MissingDataError, match=r"data_scripts/fma\.py"):
        find_fma()
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    with pytest.raises(MissingDataError, match="not FMA's tracks"):
        read_tracks(tmp_path / "odd.csv")


def test_the_tree_of_genres(fma, tmp_path, monkeypatch):
    assert genre_tree() == {}  # the metadata is there, its table of genres is not
    (tmp_path / "fma_metadata" / "genres.csv").write_text(
        "genre_id,#tracks,parent,title,top_level\n"
        "2,50,0,International,2\n12,900,0,Rock,12\n25,300,12,Punk,12\n"
        "31,400,12,Metal,12\n77,40,2,Latin America,2\n101,9,31,Death-Metal,12\n",
        encoding="utf-8",
    )
    tree = genre_tree()
    assert tree == {"Rock": {"Metal": 400, "Punk": 300}, "International": {"Latin America": 40}}
    assert list(tree) == ["Rock", "International"]
    assert list(tree["Rock"]) == ["Metal", "Punk"]
    (tmp_path / "fma_metadata" / "genres.csv").write_text(
        "genre_id,#tracks,parent,title\n2,many,0,International\n", encoding="utf-8"
    )
    with pytest.raises(BrokenFileError, match=r"line 2.*'many' is not a number"):
        genre_tree()
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "empty"))
    assert genre_tree() == {}
