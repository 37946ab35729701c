"""Spectrogram measures against another spectrogram, closed forms, and their properties."""

import numpy as np
import pytest
import torch

from workbench.errors import WorkbenchError
from workbench.evaluation.spectra import (
    FLOOR,
    blurred,
    decibels,
    decimated,
    log_spectral_distance,
    spectrogram,
)

RATE = 16_000


def noise(n: int, seconds: float = 0.5, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).normal(size=(n, int(RATE * seconds)))


def test_the_spectrogram_is_torchs():
    sound = noise(2)
    window = torch.hann_window(1024, dtype=torch.float64)
    theirs = torch.stft(
        torch.from_numpy(sound), 1024, 256, window=window, center=False, return_complex=True
    )
    theirs = (theirs.abs() * 2 / window.sum()).square().numpy()
    ours = spectrogram(sound)
    assert ours.shape[:2] == theirs.shape[:2] == (2, 513)
    assert abs(ours.shape[2] - theirs.shape[2]) <= 1
    frames = min(ours.shape[2], theirs.shape[2])
    assert np.allclose(ours[..., :frames], theirs[..., :frames])


def test_a_full_scale_sine_has_power_one():
    sine = np.sin(2 * np.pi * 64 * np.arange(RATE) / 1024)
    power = spectrogram(sine)[0]
    assert power[64] == pytest.approx(1, abs=1e-6)
    assert power[:60].max() < 1e-12
    assert decibels(power).min() == FLOOR


def test_twice_as_loud_is_six_decibels_away():
    power = spectrogram(noise(3))
    louder = log_spectral_distance(power, 4 * power)
    assert louder == pytest.approx([20 * np.log10(2)] * 3, rel=1e-3)
    assert log_spectral_distance(power, power).tolist() == [0, 0, 0]


def test_one_bin_alone():
    """10 dB in one bin of 513, in every frame: 10/√513."""
    power = spectrogram(noise(1))
    made = power.copy()
    made[:, 100] *= 10
    assert log_spectral_distance(power, made)[0] == pytest.approx(10 / np.sqrt(513))


def test_it_grows_with_noise_and_is_symmetric():
    sound = noise(1)
    found = [
        log_spectral_distance(spectrogram(sound), spectrogram(sound + share * noise(1, seed=1)))[0]
        for share in (0.1, 0.3, 1.0, 3.0)
    ]
    assert found == sorted(found)
    a, b = spectrogram(sound), spectrogram(noise(1, seed=1))
    assert log_spectral_distance(a, b) == pytest.approx(log_spectral_distance(b, a))


def test_the_blur_keeps_what_is_smooth_and_loses_what_is_not():
    flat = np.full((1, 512, 40), 0.25)
    assert blurred(flat) == pytest.approx(flat)
    power = spectrogram(noise(1))
    assert blurred(power).shape == power.shape
    assert log_spectral_distance(power, blurred(power))[0] > 2
    lines = np.zeros((1, 8, 8))
    lines[:, ::2] = 1
    assert blurred(lines)[0, 2:6, 2:6] == pytest.approx(0.5)


def test_decimation_keeps_every_second_value():
    power = np.arange(30.0).reshape(1, 5, 6)
    found = decimated(power)
    assert found.shape == power.shape
    assert found[0, :2, :2].tolist() == [[0, 0], [0, 0]]
    assert found[0, 4, 4] == power[0, 4, 4]
    real = spectrogram(noise(1))
    assert log_spectral_distance(real, decimated(real)) > log_spectral_distance(real, blurred(real))


def test_silence_and_clipped_sound_are_measured():
    silent, loud = spectrogram(np.zeros((1, RATE))), spectrogram(noise(1, 1.0))
    clipped = spectrogram((30 * noise(1, 1.0)).clip(-1, 1))
    assert decibels(silent).max() == FLOOR
    assert log_spectral_distance(silent, silent).tolist() == [0]
    assert 0 < log_spectral_distance(silent, loud)[0] <= -FLOOR
    assert np.isfinite(log_spectral_distance(loud, clipped)).all()
    assert not blurred(silent).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spectrogram(np.zeros(1000)), "with 1024 samples or more"),
        (lambda: spectrogram(np.zeros((2, 3, 4000))), "sound has shape"),
        (lambda: spectrogram([np.zeros(2048), np.full(2048, np.nan)]), "row 1 holds NaN"),
        (lambda: log_spectral_distance(np.ones((1, 2, 3)), np.ones((1, 2, 4))), "give equal ones"),
    ],
)
def test_what_cannot_be_measured_is_named(call, message):
    with pytest.raises(WorkbenchError, match=message):
        call()
