"""The trackers on music whose beats are known; what has none."""

import io

import mir_eval
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.conftest import data_file
from workbench.datasets import load
from workbench.datasets.audio import find_audio, prepare_audio
from workbench.datasets.rendered import render_set
from workbench.datasets.wheels import read_member
from workbench.errors import CheckpointError, MissingDataError, WorkbenchError
from workbench.music.clip import Clip
from workbench.representations.beat_tracking import (
    NONE,
    beats_of,
    beats_of_clip,
    track,
    with_clicks,
)
from workbench.representations.beatnet import BeatNets, BeatNetTracker
from workbench.representations.mixup import Beats, octave_near

RATE = 16_000


@pytest.fixture(autouse=True)
def no_weights(tmp_path_factory, monkeypatch):
    """`track` is librosa's, unless a test writes BeatNet's weights into the cache."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))


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


TIME = np.arange(4 * RATE) / RATE
TONE = 0.5 * np.sin(2 * np.pi * 440 * TIME)[None]


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros((1, RATE)),
        np.zeros((2, 0)),
        np.ones((1, 1)),
        np.full((1, 4 * RATE), 0.5),
        5e-5 * clicks(120)[0],
        TONE,
        TONE[:, :4000],
        np.roll(TONE * np.exp(-3 * TIME), RATE, 1),
    ],
    ids=["silence", "nothing", "one sample", "no onset", "faint", "tone", "short", "one hit"],
)
def test_what_has_no_beats_has_none(sound):
    found = track(sound, RATE)
    assert np.isnan(found.tempo)
    assert len(found.times) == len(found.downbeats) == 0


def test_two_hits_may_be_a_beat():
    sound = np.roll(TONE * np.exp(-9 * TIME), RATE, 1)
    assert len(track(sound + np.roll(sound, RATE // 2, 1), RATE).times) > 1


def test_beats_do_not_depend_on_how_loud_or_clipped():
    sound, truth = clicks(120.0)
    found = track(sound / np.abs(sound).max(), RATE)
    assert np.array_equal(track(1e30 * sound.astype(float), RATE).times, found.times)
    assert np.array_equal(track(32_768 * sound, RATE).times, found.times)
    clipped = track((30 * sound).clip(-1, 1), RATE)
    assert mir_eval.beat.f_measure(truth, clipped.times, 0.07) > 0.85


@pytest.mark.parametrize(("asked", "heard"), [(240.0, 120.0), (60.0, 60.0), (30.0, 30.0)])
def test_an_octave_off_is_the_same_bars(asked, heard):
    """Trackers fold fast clicks; what is found is the tempo or one octaves from it."""
    found = track(clicks(asked, 12.0)[0], RATE)
    assert found.tempo == pytest.approx(heard, rel=0.03)
    assert octave_near(found.tempo, asked) == pytest.approx(asked, rel=0.03)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_named(bad):
    sound = clicks(120.0)[0]
    sound[0, 5] = bad
    for use in (lambda: track(sound, RATE), lambda: with_clicks(sound, NONE, RATE)):
        with pytest.raises(WorkbenchError, match="sound holds NaN or infinite"):
            use()
    with pytest.raises(WorkbenchError, match=r"sound has shape \(128000,\)"):
        track(sound[0], RATE)


@pytest.mark.parametrize("label", ["16", "steady", "0 nan 1", "2 1 0", "1 1 1", ""])
def test_labels_that_are_no_beats_leave_it_to_the_tracker(label):
    sound = clicks(120.0)[0]
    clip = Clip(audio=sound, sample_rate=RATE, labels={"beats": label, "downbeats": label})
    assert beats_of_clip(clip, RATE).tempo == pytest.approx(120, rel=0.03)
    known = clip.with_(labels={"beats": "0 1 2", "downbeats": "some"})
    assert beats_of_clip(known, RATE).tempo == 60
    assert len(beats_of_clip(known, RATE).downbeats) == 0


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


@pytest.mark.parametrize("sound", [np.zeros((1, RATE)), np.zeros((1, 1)), 9 * TONE])
def test_clicks_fit_any_sound(sound):
    """Also beats before its beginning and after its end, which are not heard."""
    heard = with_clicks(sound, Beats(np.array([-0.5, 0.25, 99.0]), np.array([99.0])), RATE)
    assert heard.shape == sound.shape
    assert np.abs(heard).max() <= 1
    if sound.shape[1] == RATE:
        assert not heard[0, RATE // 3 :].any()


def test_beatnet_is_used_where_its_weights_are(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    sound = clicks(120.0)[0]
    before = track(sound, RATE)
    torch.manual_seed(0)
    save_file(BeatNets().state_dict(), tmp_path / "beatnet.safetensors")
    p = BeatNetTracker().probabilities(sound, RATE)
    assert p.shape == (400, 2)
    assert ((p >= 0) & (p <= 1)).all()
    untrained = track(sound, RATE)
    assert not np.array_equal(untrained.times, before.times)
    for silent in (np.zeros((1, RATE)), np.zeros((2, 0)), np.ones((1, 1)) * 1e-6):
        assert len(track(silent, RATE).times) == 0
    with pytest.raises(WorkbenchError, match="sound holds NaN"):
        track(np.full((1, RATE), np.nan), RATE)


def test_missing_and_other_weights_of_beatnet_are_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"beatnet\.safetensors .* data_scripts/beatnet"):
        BeatNetTracker()
    save_file({"linear.bias": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="parameters are not those of BeatNet"):
        BeatNetTracker(tmp_path / "other.safetensors")


@pytest.mark.parametrize(("tempo", "meter"), [(90.0, 4), (120.0, 4), (100.0, 3)])
def test_published_beatnet_finds_beats_and_bars(tmp_path, tempo, meter):
    wheel = data_file("BeatNet-1.1.3-py3-none-any.whl")
    states = [
        torch.load(
            io.BytesIO(read_member(wheel, f"BeatNet/models/model_{number}_weights.pt")),
            weights_only=True,
        )
        for number in (1, 2, 3)
    ]
    save_file(BeatNets.of_states(states).state_dict(), tmp_path / "beatnet.safetensors")
    sound, truth = clicks(tempo, 12.0, strong=meter)
    found = BeatNetTracker(tmp_path / "beatnet.safetensors")(sound, RATE)
    assert mir_eval.beat.f_measure(truth, found.times, 0.07) > 0.85
    assert mir_eval.beat.f_measure(truth[::meter], found.downbeats, 0.07) > 0.7
