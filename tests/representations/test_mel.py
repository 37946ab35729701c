"""Log mel spectrograms against librosa's and transformers'."""

import librosa
import numpy as np
import pytest
import torch

from workbench.representations.mel import Mel


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).normal(size=samples)).astype(np.float32)


def test_it_is_librosas():
    sound = noise(16_000)
    padded = np.pad(sound, 432, mode="reflect")
    size = np.abs(librosa.stft(padded, n_fft=1024, hop_length=160, center=False))
    bands = librosa.filters.mel(sr=16_000, n_fft=1024, n_mels=64, fmin=0, fmax=8000)
    theirs = np.log(np.maximum(bands @ size, 1e-5)).T
    ours = Mel()(torch.from_numpy(sound)[None])[0].numpy()
    assert ours.shape == theirs.shape == (100, 64)
    assert np.allclose(ours, theirs, atol=2e-3)


@pytest.mark.parametrize("samples", [1, 100, 432, 592, 593, 1600, 16_000])
def test_any_length(samples):
    mel = Mel()
    found = mel(torch.from_numpy(noise(samples))[None])
    assert found.shape == (1, max(1, samples // 160), 64)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("gain", [0.0, 1e-6, 1.0, 50.0])
def test_any_level_is_finite_and_never_below_the_floor(gain):
    sound = gain * torch.from_numpy(noise(8000).clip(-0.1, 0.1))[None]
    found = Mel()(sound)
    assert torch.isfinite(found).all()
    assert found.min() >= np.log(1e-5) - 1e-4


def test_silence_is_the_floor_and_a_tone_is_in_its_band():
    mel = Mel()
    assert torch.allclose(mel(torch.zeros(1, 8000)), torch.tensor(np.log(1e-5)).float(), atol=1e-3)
    sine = 0.5 * torch.sin(2 * torch.pi * 1000 * torch.arange(16_000) / 16_000)[None]
    peak = int(mel(sine)[0].mean(0).argmax())
    centres = librosa.mel_frequencies(66, fmin=0, fmax=8000)[1:-1]
    assert abs(centres[peak] - 1000) < 60
