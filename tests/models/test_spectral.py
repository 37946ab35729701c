"""The distance of textures: an independent implementation, and what it is for."""

import numpy as np
import scipy.signal
import torch

from workbench.models.spectral import stft_loss, texture_distance


def by_hand(real: np.ndarray, decoded: np.ndarray, span: float, window: int) -> float:
    """The same for one pair, with SciPy's transform and loops."""
    hop, logs = window // 4, []
    for sound in (real, decoded):
        _, _, spectrum = scipy.signal.stft(
            np.pad(sound, window // 2, mode="reflect"),
            window=scipy.signal.get_window("hann", window),
            nperseg=window,
            noverlap=window - hop,
            boundary=None,
            padded=False,
        )
        logs.append(np.log(np.maximum(2 * np.abs(spectrum), 1e-4)))
    means = []
    for change in (lambda x: np.abs(x[1:] - x[:-1]), lambda x: np.abs(x[:, 1:] - x[:, :-1])):
        a, b = (change(x) for x in logs)
        frames = min(round(span / hop), a.shape[1])
        count = 1 + -(-(a.shape[1] - frames) // (frames // 2))  # the last one may be shorter
        starts = [i * (frames // 2) for i in range(count)]
        parts = [
            np.abs(a[:, i : i + frames].mean(1) - b[:, i : i + frames].mean(1)) for i in starts
        ]
        means.append(np.mean(parts))
    return float(np.mean(means))


def test_texture_distance_is_that_of_an_independent_implementation():
    random = np.random.default_rng(0)
    sounds = random.normal(size=(2, 4000)) * np.array([[0.1], [0.03]])
    sounds[1, 1000:] = np.sin(0.3 * np.arange(3000))
    real, decoded = torch.from_numpy(sounds.astype(np.float32))[:, None, None]
    for window in (512, 256):
        ours = float(texture_distance(real, decoded, 5333, (window,)))
        assert abs(ours - by_hand(sounds[0], sounds[1], 0.3 * 5333, window)) < 2e-3
    assert float(texture_distance(real, real, 16_000)) == 0
    short = real[..., :2200]  # fewer frames than an average has
    assert float(texture_distance(short, short.flip(-1), 16_000)) > 0


def test_other_noise_has_the_texture_of_noise_and_a_tone_has_not():
    torch.manual_seed(0)
    noise, other = 0.1 * torch.randn(2, 1, 1, 16_000)
    tone = 0.14 * torch.sin(0.3 * torch.arange(16_000.0))[None, None]
    windows = (1024, 256, 64)
    near, far = (float(texture_distance(noise, x, 16_000, windows)) for x in (other, tone))
    assert near < 0.12 < 0.4 < far
    assert float(stft_loss(noise, other, windows)[1]) > 0.5  # single magnitudes differ


def test_the_end_of_a_crop_counts():
    torch.manual_seed(0)
    tone = 0.3 * torch.sin(0.2 * torch.arange(8192.0))[None, None]
    spoilt = tone.clone()
    spoilt[..., -480:] = torch.randn(480)  # the last 30 ms
    assert float(texture_distance(tone, spoilt, 16_000, (256,))) > 0.02, "0 without the end"
