"""Pulse and tempo: metronomes of known speed, noise, irregular clicks, silence."""

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.evaluation.pulse import on_the_beat, onset_envelopes, pulse, tempo, tempo_is

RATE = 16_000


def clicks(times, seconds=8.0, seed=0):
    """Short bursts of noise at times in seconds."""
    random = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * RATE))
    for time in times:
        start = round(time * RATE)
        burst = random.normal(size=800) * np.exp(-np.arange(800) / 150)
        sound[start : start + 800] += 0.3 * burst[: len(sound) - start]
    return sound


@pytest.mark.parametrize("bpm", [60, 96, 125, 180])
def test_a_metronome_has_a_pulse_at_its_tempo(bpm):
    sound = clicks(np.arange(0, 8, 60 / bpm))[None]
    assert pulse(sound, RATE)[0] > 0.6
    assert tempo_is(tempo(sound, RATE), np.array([bpm]))[0]


def test_irregular_onsets_have_less_of_it():
    random = np.random.default_rng(3)
    steady = clicks(np.arange(0, 8, 0.5))
    irregular = clicks(np.sort(random.uniform(0, 8, 16)))
    noise = 0.1 * random.normal(size=8 * RATE)
    found = pulse(np.stack([steady, irregular, noise]), RATE)
    assert found[0] > 2 * found[1]
    assert found[0] > 4 * found[2]


def test_louder_is_no_more_regular():
    sound = clicks(np.arange(0, 8, 0.4))
    assert pulse(sound[None], RATE) == pytest.approx(pulse(0.5 * sound[None], RATE), abs=0.02)


def test_silence_has_no_pulse():
    assert pulse(np.zeros((1, 4 * RATE)), RATE).tolist() == [0.0]


def test_the_pulse_is_the_autocorrelation_written_out():
    sound = clicks([0.1, 0.7, 1.0, 1.9, 2.6, 3.3], seconds=4.0)[None]
    envelope = onset_envelopes(sound, RATE)[0]
    envelope = envelope - envelope.mean()
    lags = range(round(0.25 * RATE / 256), round(1.5 * RATE / 256) + 1)
    slow = max((envelope[lag:] * envelope[:-lag]).sum() for lag in lags) / (envelope**2).sum()
    assert pulse(sound, RATE)[0] == pytest.approx(slow, rel=1e-4)


def test_octaves_count_as_the_tempo():
    found = np.array([60.0, 120.0, 240.0, 127.0, 131.0, 90.0])
    assert tempo_is(found, np.full(6, 120.0)).tolist() == [True, True, True, True, False, False]


def test_onsets_on_the_beat_are_told_from_those_between():
    beats = np.arange(0.5, 8, 0.5)
    noise = 0.1 * np.random.default_rng(3).normal(size=8 * RATE)
    sounds = np.stack([clicks(beats), clicks(beats + 0.25), noise, np.zeros(8 * RATE)])
    on, between, anywhere, silent = on_the_beat(sounds, [beats] * 4, RATE)
    assert on > 3
    assert between < 0.3
    assert anywhere == pytest.approx(1, abs=0.15)
    assert np.isnan(silent)
    assert np.isnan(on_the_beat(sounds[:1], [np.empty(0)], RATE)).all()
    with pytest.raises(WorkbenchError, match="beats"):
        on_the_beat(sounds, [beats], RATE)
