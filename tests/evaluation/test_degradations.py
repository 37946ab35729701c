"""Degradations do what their unit says: measured on tones, noise and impulses."""

import numpy as np
import pytest

from workbench.errors import PromptError, WorkbenchError
from workbench.evaluation.degradations import (
    DEGRADATIONS,
    degrade,
    gapped,
    level,
    low_passed,
    noisy,
    reverberant,
    transposed,
)

RATE = 16_000


def tones(*hertz, seconds=1.0):
    time = np.arange(round(seconds * RATE)) / RATE
    return np.stack([0.3 * np.sin(2 * np.pi * f * time) for f in hertz]).astype(np.float32)


def random():
    return np.random.default_rng(0)


@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_nothing_at_zero_more_and_more_then(kind):
    sounds = tones(220, 3300) + tones(450, 5000)
    assert np.array_equal(degrade(sounds, RATE, kind, 0.0), sounds)
    assert level(kind, 0.0, RATE) == "original"
    away = [
        np.square(degrade(sounds, RATE, kind, s, seed=1) - sounds).mean() for s in (0.05, 0.4, 1.0)
    ]
    assert min(away) > 0
    assert away == sorted(away) or kind in ("reverb", "pitch")  # a phase is no distance
    one = degrade(sounds, RATE, kind, 0.4, seed=1)
    assert one.shape == sounds.shape
    assert one.dtype == np.float32
    assert np.array_equal(one, degrade(sounds, RATE, kind, 0.4, seed=1))


@pytest.mark.parametrize("decibels", [0, 20])
def test_noise_is_so_far_below_the_sound(decibels):
    sounds = tones(440, 880, seconds=4)
    noise = noisy(sounds, RATE, decibels, random()) - sounds
    below = 10 * np.log10((sounds**2).mean(1) / (noise**2).mean(1))
    assert below == pytest.approx([decibels] * 2, abs=0.2)
    assert abs(np.corrcoef(noise)[0, 1]) < 0.05  # each sound has its own


def test_the_low_pass_keeps_what_is_below():
    kept, lost = low_passed(tones(500, 2000), RATE, 1000, random())
    middle = slice(RATE // 4, 3 * RATE // 4)
    assert kept[middle] == pytest.approx(tones(500)[0, middle], abs=2e-3)  # no delay either
    assert np.abs(lost[middle]).max() < 1e-3


def test_a_room_falls_by_60_db_in_its_time():
    click = np.zeros((1, 2 * RATE), np.float32)
    click[0, 0] = 1
    heard = reverberant(click, RATE, 1.0, random())
    assert (heard**2).sum() == pytest.approx(1, rel=1e-4)
    left = np.cumsum((heard[0] ** 2)[::-1])[::-1]  # Schroeder's backward integral
    fall = 10 * np.log10(left[round(0.1 * RATE)] / left[round(0.6 * RATE)])
    assert fall == pytest.approx(30, abs=1)


def test_pitch_goes_up_by_semitones():
    heard = transposed(tones(440, 330, seconds=2), RATE, 12, random())[:, RATE // 2 : -RATE // 2]
    spectra = np.abs(np.fft.rfft(heard * np.hanning(heard.shape[1])))
    assert spectra.argmax(1) * RATE / heard.shape[1] == pytest.approx([880, 660], abs=5)


def test_so_much_of_it_is_silent():
    sounds = np.ones((3, 4 * RATE), np.float32)
    heard = gapped(sounds, RATE, 0.5, random())
    assert (heard < 0.5).mean(1) == pytest.approx([0.5] * 3, abs=0.01)
    assert not np.array_equal(heard[0], heard[1])
    assert np.abs(np.diff(heard)).max() < 0.05  # soft edges, no clicks


def test_silence_stays_silent_and_what_is_wrong_is_said():
    silent = np.zeros((1, RATE), np.float32)
    for kind in DEGRADATIONS:
        assert not degrade(silent, RATE, kind, 0.7).any()
    with pytest.raises(PromptError, match="noise, low-pass"):
        degrade(silent, RATE, "rain", 0.5)
    with pytest.raises(PromptError, match="strength"):
        degrade(silent, RATE, "noise", 1.5)
    with pytest.raises(WorkbenchError, match="NaN"):
        degrade(np.full((1, RATE), np.nan), RATE, "noise", 0.5)


def test_levels_in_words():
    assert level("low-pass", 1.0, RATE) == "cut above 250 Hz"
    assert level("noise", 1.0, RATE) == "noise 0 dB below the sound"
    assert level("silence", 0.5, RATE) == "45% of it silent"
