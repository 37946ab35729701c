"""The classes of sound: arrangements, exact beats, splits, sound of other rooms."""

import numpy as np
import pytest
import soundfile

from workbench.datasets import CATALOGUE, load
from workbench.datasets.arrangements import LEADS, band, chip, pop_band, quartet
from workbench.datasets.audio import find_audio
from workbench.datasets.sets import sound_classes
from workbench.datasets.sets.sound_classes import Job, excerpt_of, jobs, render_classes
from workbench.errors import MissingDataError
from workbench.music.recording import recorded


def songs(n=2, split="test"):
    clips = load("builtin-songs", split, limit=n).clips
    for clip in clips:
        clip.labels["set"] = "builtin-songs"
    return clips


def test_an_excerpt_has_one_tempo_whole_bars_and_a_caption():
    for number, clip in enumerate(songs()):
        for kind, arrange in (("band", band), ("chip", chip)):
            excerpt = excerpt_of(Job(kind, arrange, clip, number))
            assert excerpt.steady
            assert excerpt.beats % 4 == 0
            low, high = sound_classes.FASTER
            assert low * clip.tempo <= excerpt.tempo <= high * clip.tempo
            tempo = int(excerpt.caption.split()[-2])
            assert abs(tempo - excerpt.tempo) <= 2.5
            assert excerpt.labels["style"] == kind
            assert excerpt.labels["split"] == "test"
            assert (excerpt_of(Job(kind, arrange, clip, number)).notes == excerpt.notes).all()


def test_arrangements_have_the_instruments_of_their_class():
    random, clip = np.random.default_rng(0), songs(1)[0]
    tuned = ~clip.notes["is_drum"]
    notes, words = chip(clip, random)
    assert set(notes["program"][tuned]) <= set(LEADS)
    assert "chip" in words
    notes, words = quartet(clip, random)
    assert not notes["is_drum"].any()
    assert set(notes["program"]) <= {40, 41, 42, 48}
    assert "string" in words
    notes, words = pop_band(clip, random)
    assert notes["is_drum"].any()
    assert notes["time"].max() < clip.beats
    assert "drums" in words


def test_sound_has_the_labels_of_its_excerpt(tmp_path, monkeypatch):
    made = [Job("chip", chip, clip, i) for i, clip in enumerate(songs(2))]
    monkeypatch.setattr(sound_classes, "jobs", lambda excerpts: made)
    items = find_audio(render_classes(tmp_path, workers=1, quiet=True))
    assert [item.labels["style"] for item in items] == ["chip", "chip"]
    for item in items:
        sound, rate = soundfile.read(item.path)
        beats = np.array(item.labels["beats"].split(), dtype=float)
        assert np.diff(beats) == pytest.approx(60 / float(item.labels["tempo"]), abs=2e-4)
        assert len(sound) / rate == pytest.approx(beats[-1] + beats[1], abs=0.01)
        assert np.abs(sound).max() > 0.1


def test_without_data_sets_it_says_what_to_get(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    with pytest.raises(MissingDataError, match=r"groove\.py"):
        jobs()
    assert CATALOGUE["sound-classes"].built_in


def test_a_recording_is_in_time_and_not_clipped():
    clicks = np.zeros((2, 16000), dtype=np.float32)
    clicks[:, 4000::4000] = 0.9
    for seed in range(4):
        sound = recorded(clicks, 16000, np.random.default_rng(seed))
        assert sound.shape == clicks.shape
        assert 0.15 < np.abs(sound).max() < 0.96
        for start in range(4000, 16000, 4000):
            near = np.abs(sound[:, start - 200 : start + 2000]).max(0)
            assert abs(int(near.argmax()) - 200) <= 2
