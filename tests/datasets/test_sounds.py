"""Data sets as sound: rendered by recipe, decoded, kept, joined."""

import numpy as np
import pytest
import soundfile

from workbench.datasets import CATALOGUE, load
from workbench.datasets.audio import AudioCollection, AudioItem
from workbench.datasets.sets.cc_music import FREE
from workbench.datasets.sounds import collect, credits_of
from workbench.errors import MissingDataError, PromptError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def recordings(top, licences):
    top.mkdir(parents=True)
    random = np.random.default_rng(0)
    lines = ["clip,artist,licence,text_hint"]
    for i, licence in enumerate(licences):
        soundfile.write(top / f"{i}.wav", 0.1 * random.normal(size=(8000, 2)), 16000)
        lines.append(f"{i}.wav,artist {i},{licence},piece {i}")
    (top / "manifest.csv").write_text("\n".join(lines) + "\n")


def test_scores_and_recordings_become_one_collection(cache, tmp_path):
    recordings(tmp_path / "mine", ["", "all mine"])
    dataset = f"builtin-songs+{tmp_path / 'mine'}"
    audio = collect(dataset, 16000, limit=4, quiet=True)
    names = [item.labels.get("set", "mine") for item in audio.items]
    assert names.count("mine") == 2
    assert names.count("builtin-songs") >= 8
    assert {i.split for i in audio.items if i.labels.get("set")} == {"train", "validation", "test"}
    genres = {i.labels["style"] for i in audio.items if i.labels.get("set")}
    assert genres == {CATALOGUE["builtin-songs"].recipe.genre}
    assert audio.rate == 16000
    again = collect(dataset, 16000, limit=4, quiet=True)
    assert again.folder == audio.folder
    assert AudioCollection(audio.folder).items == collect(str(audio.folder), 16000).items


def test_a_prepared_folder_can_be_joined(cache, tmp_path):
    recordings(tmp_path / "mine", ["", "all mine"])
    alone = collect(str(tmp_path / "mine"), 16000, quiet=True)
    audio = collect(f"{alone.folder}+builtin-songs", 8000, limit=3, quiet=True)
    assert audio.rate == 8000
    assert {i.labels.get("set", "mine") for i in audio.items} == {"mine", "builtin-songs"}
    mine = [i for i in audio.items if i.path.parent == tmp_path / "mine"]
    assert sorted(mine, key=lambda i: i.path) == sorted(alone.items, key=lambda i: i.path)


def test_splits_stay_what_they_were(cache):
    audio = collect("builtin-songs", 8000, limit=3, quiet=True)
    for split in ("train", "test"):
        known = {clip.caption for clip in load("builtin-songs", split).clips}
        texts = [i.caption for i in audio.items if i.split == split]
        assert texts
        assert all(any(text.startswith(k) for k in known) for text in texts)


def test_of_audio_sets_only_what_may_be_given_on(cache):
    licences = ["CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-3.0", "GPL-2"]
    recordings(cache / "cc-music-clips", licences)
    audio = collect("cc-music-clips", 16000, quiet=True)
    assert sorted(i.labels["licence"] for i in audio.items) == licences[1:3] + licences[:1]
    assert all(i.labels["licence"].startswith(FREE) for i in audio.items)


def test_of_a_folder_with_every_trouble_what_is_music_is_taken(cache, tmp_path):
    top, time = tmp_path / "mine", np.arange(16000) / 16000
    top.mkdir()
    music = 0.3 * np.sin(2 * np.pi * 220 * time)
    files = {
        "music": music,
        "loud": 1.5 * music / 0.3,
        "silent": 0 * time,
        "one": time[:1] + 0.5,
        "nan": np.where(time > 0.5, np.nan, music),
    }
    for name, sound in files.items():
        soundfile.write(top / f"{name}.wav", sound, 16000, subtype="FLOAT")
    soundfile.write(top / "clipped.wav", (30 * music).clip(-1, 1), 16000)
    whole = (top / "clipped.wav").read_bytes()
    (top / "short.wav").write_bytes(whole[: len(whole) // 2])
    audio = collect(str(top), 16000, quiet=True)
    assert {item.path.stem for item in audio.items} == {"music", "loud", "one"}
    assert {name for name, _ in audio.skipped} == {
        "silent.wav",
        "nan.wav",
        "clipped.wav",
        "short.wav",
    }
    loud = audio[[item.path.stem for item in audio.items].index("loud")]
    assert np.abs(loud).max() == pytest.approx(1, abs=1e-3)
    assert np.std(loud) == pytest.approx(2**-0.5, abs=0.01)  # a sine still, no square


def test_of_fma_only_attribution(cache):
    folder = cache / "fma-small"
    (folder / "000").mkdir(parents=True)
    (cache / "fma-metadata").mkdir()
    licences = [
        "Attribution",
        "Attribution-Noncommercial",
        "CC0 1.0 Universal",
        "Attribution-ShareAlike 3.0",
    ]
    rows = [
        ",set,set,track,track,track,track,artist",
        ",split,subset,genre_top,title,license,duration,name",
        "track_id,,,,,,,",
    ]
    for i, licence in enumerate(licences, 2):
        sound = 0.1 * np.random.default_rng(i).normal(size=(16000, 1))
        soundfile.write(folder / "000" / f"00000{i}.mp3", sound, 16000)
        rows.append(f"{i},training,small,Rock,title {i},{licence},1,artist {i}")
    (cache / "fma-metadata" / "tracks.csv").write_text("\n".join(rows) + "\n")
    audio = collect("fma-small", 16000, quiet=True)
    assert {i.labels["licence"] for i in audio.items} == {"Attribution", "CC0 1.0 Universal"}


def test_what_is_not_there_is_said(cache):
    with pytest.raises(PromptError, match=r"dataset: .*empty"):
        collect("builtin-songs+", 16000, limit=2, quiet=True)
    with pytest.raises(MissingDataError, match="no-such-set"):
        collect("no-such-set", 16000, quiet=True)
    with pytest.raises(PromptError, match="collect"):
        load("cc-music-clips")


def test_artists_are_named_with_their_licence(tmp_path):
    items = [
        AudioItem(tmp_path / "a", labels={"artist": "Zoe", "licence": "CC-BY-4.0"}),
        AudioItem(tmp_path / "b", labels={"artist": "Zoe", "licence": "CC-BY-4.0"}),
        AudioItem(tmp_path / "c", labels={"artist": "Abe"}),
        AudioItem(tmp_path / "d"),
    ]
    assert credits_of(items) == ["Abe", "Zoe (CC-BY-4.0)"]
