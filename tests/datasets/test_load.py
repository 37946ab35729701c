import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets import CATALOGUE, cut_loops, find, load, names_of
from workbench.datasets.folder import split_of_path
from workbench.datasets.sessions import SESSIONS
from workbench.errors import BrokenFileError, MissingDataError, PromptError
from workbench.music.clip import Clip


def test_groove_splits_share_no_session(groove_root):
    sets = {split: load("groove", split=split) for split in ("train", "validation", "test")}
    sessions = {name: {clip.labels["session"] for clip in data} for name, data in sets.items()}
    assert sessions["test"] == SESSIONS["test"]
    assert sessions["validation"] == SESSIONS["validation"]
    assert not sessions["train"] & (sessions["test"] | sessions["validation"])
    assert sum(len(data) for data in sets.values()) == len(load("groove")) == 1021
    assert all(clip.labels["split"] == name for name, data in sets.items() for clip in data)
    train = sets["train"]
    assert (train.name, train.licence) == ("groove", "CC BY 4.0")
    assert "Learning to Groove" in train.citation
    assert train.skipped == []


def test_groove_labels_come_from_the_table(groove_root):
    clip = load("groove", split="train")[0]
    assert clip.caption.startswith("funk 80 bpm slow beat 4-4")
    assert (clip.tempo, clip.meter) == (80.0, (4, 4))
    assert clip.labels["drummer"] == "drummer1"
    assert clip.labels["official_split"] == "train"
    assert clip.duration == pytest.approx(86.7, abs=3.1)  # info.csv's, up to the bar's end
    assert {c.meter for c in load("groove")} >= {(4, 4), (3, 4), (6, 8), (5, 4)}


def test_limit_spreads_over_the_set(groove_root):
    few = load("groove", limit=20)
    assert len(few) == 20
    assert len({clip.labels["drummer"] for clip in few}) >= 4


def test_broken_files_of_groove_are_named_and_left_out(groove_root, tmp_path):
    copy = tmp_path / "groove"
    shutil.copytree(groove_root / "drummer2", copy / "drummer2")
    shutil.copy(groove_root / "info.csv", copy)
    victim = sorted(copy.rglob("*.mid"))[0]
    victim.write_bytes(victim.read_bytes()[:60])
    data = load(copy)
    assert len(data) == len(list(copy.rglob("*.mid"))) - 1
    assert data.skipped[0][0] == victim.relative_to(copy).as_posix()
    (copy / "info.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BrokenFileError, match="no column"):
        load(copy)


def test_missing_groove_names_the_script(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    with pytest.raises(MissingDataError, match=r"data_scripts/groove\.py"):
        load("groove")
    with pytest.raises(PromptError, match="'dev'"):
        load("groove", split="dev")
    with pytest.raises(MissingDataError, match="nowhere"):
        load(tmp_path / "nowhere")
    assert set(CATALOGUE) >= {"groove", "builtin"}


def beat(pitch=36):
    return Clip.from_notes([(float(place), 0.1, pitch, 90) for place in range(16)], tempo=120)


def test_any_folder_of_midi(tmp_path):
    pack = tmp_path / "Loop Pack"
    (pack / "Funk").mkdir(parents=True)
    beat().write_midi(pack / "Funk" / "096 Funk_Ghost Beat.mid")
    beat(45).write_midi(pack / "Funk" / "101_Tom Fill.MID".replace("MID", "midi"))
    Clip.from_notes([(0, 1, 60, 90)], drums=False).write_midi(pack / "piano.mid")
    (pack / "broken.mid").write_bytes(b"MThd nonsense")
    (pack / "empty.mid").write_bytes(b"")
    (pack / "notes.txt").write_text("no music")
    data = load(pack)
    assert [clip.labels["kind"] for clip in data] == ["beat", "fill"]
    assert data[0].caption.startswith("Funk 096 Ghost Beat")
    assert (data[0].tempo, data[0].labels["style"]) == (96.0, "funk")
    assert {path for path, _ in data.skipped} == {"piano.mid", "broken.mid", "empty.mid"}
    assert all("\n" not in reason for _, reason in data.skipped)
    assert "broken.mid" in data.summary()


def test_folders_without_midi_or_drums(tmp_path):
    with pytest.raises(MissingDataError, match="MIDI files"):
        load(tmp_path)
    Clip.from_notes([(0, 1, 60, 90)], drums=False).write_midi(tmp_path / "piano.mid")
    with pytest.raises(MissingDataError, match="no drum part") as error:
        load(tmp_path)
    assert "\n" not in str(error.value)


def test_names_of_several_sets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "a+b", "sound", "empty"):
        (tmp_path / name / "deep").mkdir(parents=True)
    (tmp_path / "mine" / "deep" / "x.MID").touch()
    (tmp_path / "a+b" / "x.kar").touch()
    (tmp_path / "sound" / "deep" / "x.flac").touch()
    assert names_of("groove") == ["groove"]
    assert names_of(" groove +mine+ sound ") == ["groove", "mine", "sound"]
    assert names_of("a+b") == ["a+b"]
    assert names_of(str(tmp_path / "mine")) == [str(tmp_path / "mine")]
    for odd in ("", " ", "+", "groove+", "groove++mine"):
        with pytest.raises(PromptError, match="empty"):
            names_of(odd)
    for odd in ("nope", "groove+nope", "mine/deep/x.MID", "empty", "~nobody here/x"):
        with pytest.raises(MissingDataError, match=odd.split("+")[-1]):
            names_of(odd)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_set_is_found_or_told_how_to_get(name, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    if CATALOGUE[name].finder is None:  # made here
        find(name)
    else:
        with pytest.raises(MissingDataError, match=CATALOGUE[name].how_to_get[:20]):
            find(name)


def test_folder_split_is_by_folder_name_and_stable(tmp_path):
    from pathlib import Path

    assert split_of_path(Path("test/a.mid")) == "test"
    assert split_of_path(Path("Val/deep/a.mid")) == "validation"
    assert split_of_path(Path("x/a.mid")) == split_of_path(Path("x/b.mid"))
    shares = [split_of_path(Path(f"s{i}/a.mid")) for i in range(2000)]
    assert np.mean([share == "train" for share in shares]) == pytest.approx(0.8, abs=0.03)
    beat().write_midi(tmp_path / "train" / "a.mid")
    assert len(load(tmp_path, split="train")) == 1
    with pytest.raises(MissingDataError, match="split 'test'"):
        load(tmp_path, split="test")


def test_odd_files_of_other_projects(fixtures_root):
    data = load(fixtures_root)
    assert len(data) >= 8  # multitrack pop with drums
    assert all(len(clip.notes) and clip.is_drums for clip in data)
    assert not any("Control168" in path for path, _ in data.skipped)  # one odd byte, as it says
    assert cut_loops(data)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=12), st.integers(0, 9)
)
def test_damaged_midi_never_breaks_a_folder(tmp_path_factory, changes, cut):
    """Bytes of a sound file changed or cut off: the file is read or named, the rest is there."""
    folder = tmp_path_factory.mktemp("damaged")
    beat().write_midi(folder / "good.mid")
    data = bytearray((folder / "good.mid").read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    (folder / "odd.mid").write_bytes(bytes(data[: len(data) - cut * len(data) // 10]))
    loaded = load(folder)
    assert any(clip.source.endswith("good.mid") for clip in loaded)
    assert len(loaded) + len(loaded.skipped) == 2
