"""The tracker on music whose beats are known; what has none."""

import mir_eval
import numpy as np
import pytest

from workbench.datasets import load
from workbench.datasets.audio import find_audio, prepare_audio
from workbench.datasets.rendered import render_set
from workbench.representations.beat_tracking import beats_of, track, with_clicks
from workbench.representations.mixup import Beats

RATE = 16_000


def clicks(tempo, seconds=8.0, strong=4, first=0.25):
    sound = np.zeros((1, int(seconds * RATE)), dtype=np.float32)
    tail = np.exp(-np.arange(1600) / 200)
    for number, at in enumerate(np.arange(first, seconds - 0.2, 60 / tempo)):
        start = int(at * RATE)
        time = np.arange(1600) / RATE
        tone = 0.4 * np.sin(2 * np.pi * 2000 * time)
        if number % strong == 0:
            tone += 0.6 * np.sin(2 * np.pi * 80 * time)
        sound[0, start : start + 1600] += tail * tone
    return sound, np.arange(first, seconds - 0.2, 60 / tempo)


@pytest.mark.parametrize("tempo", [90.0, 120.0])
def test_clicks_are_found_and_the_low_ones_begin_bars(tempo):
    sound, truth = clicks(tempo)
    found = track(sound, RATE)
    assert mir_eval.beat.f_measure(truth, found.times, 0.07) > 0.85
    assert mir_eval.beat.f_measure(truth[::4], found.downbeats, 0.07) > 0.8
    assert found.tempo == pytest.approx(tempo, rel=0.03)


@pytest.mark.parametrize(
    "sound",
    [np.zeros((1, RATE)), np.zeros((2, 0)), np.ones((1, 1)), np.full((1, 4 * RATE), 0.5)],
    ids=["silence", "nothing", "one sample", "no onset"],
)
def test_what_has_no_beats_has_none(sound):
    found = track(sound, RATE)
    assert not np.isfinite(found.tempo) or len(found.times) < 3


def test_known_beats_are_taken_and_others_tracked(tmp_path):
    render_set(load("builtin-songs", "train", limit=2).clips, tmp_path / "set", bars=4, quiet=True)
    audio = prepare_audio(find_audio(tmp_path / "set"), tmp_path / "out", rate=RATE, quiet=True)
    known = beats_of(audio, 0)
    assert np.allclose(known.times, Beats.read(audio.items[0].labels).times)
    audio.items[0].labels.pop("beats")
    mine = Beats(np.array([0.0, 1.0]), np.array([0.0]))
    assert beats_of(audio, 0, lambda sound, rate: mine) is mine
    tracked = beats_of(audio, 0)
    assert len(tracked.times) > 4


def test_clicks_are_on_the_beats_and_nowhere_else():
    beats = Beats(np.array([0.5, 1.0, 1.99]), np.array([0.5]))
    heard = with_clicks(np.zeros((1, 2 * RATE)), beats, RATE)[0]
    loud = np.flatnonzero(np.abs(heard) > 0.01) / RATE
    assert all(np.abs(beats.times - at).min() < 0.04 for at in loud)
    assert all(np.abs(loud - at).min() < 0.005 for at in beats.times)
    assert np.abs(heard).max() <= 1
