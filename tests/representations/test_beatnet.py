"""BeatNet: features and outputs against those of the published code, its layers, its padding."""

import io

import numpy as np
import pytest
import torch

from tests.conftest import data_file
from workbench.datasets.wheels import read_member
from workbench.representations.beatnet import HOP, RATE, BeatNet, BeatNets, log_spectrogram

# Of the sound below, by madmom 0.17 with BeatNet's settings: the sum of all features, sums of four
# frames and of six bands; and probabilities by the package's own network.
SUM = 2932.506795
FRAMES = [16.0804, 10.6957, 55.2604, 67.7872]
BANDS = [15.7677, 16.2437, 8.69698, 1.29209, 6.65586, 2.15298]
PROBABILITIES = [0.0631879, 0.0964217, 0.146141, 0.0285831, 0.0752283, 0.0388864]


def known_sound():
    """Decaying tones, a chirp and gaps, 4 s: (samples,) float32."""
    time = np.arange(4 * RATE) / RATE
    sound = 0.3 * np.sin(2 * np.pi * 440 * time) * np.exp(-3 * (time % 0.5))
    sound += 0.2 * np.sin(2 * np.pi * (100 + 900 * time) * time)
    sound[:3000] = 0
    sound[2 * RATE :] *= time[2 * RATE :] % 0.25 < 0.05
    return torch.from_numpy(sound.astype(np.float32))


def test_features_are_madmoms():
    features = log_spectrogram(known_sound()).numpy()
    assert features.shape == (200, 272)
    assert float(features.sum()) == pytest.approx(SUM, rel=1e-5)
    assert features[[20, 60, 100, 150]].sum(1) == pytest.approx(FRAMES, abs=1e-3)
    assert features[:, [5, 40, 90, 135, 141, 226]].sum(0) == pytest.approx(BANDS, abs=1e-3)


def test_silence_and_short_sounds_have_frames():
    assert not log_spectrogram(torch.zeros(5 * HOP)).any()
    assert log_spectrogram(torch.zeros(0)).shape == (1, 272)
    assert log_spectrogram(torch.zeros(HOP + 1)).shape == (2, 272)


def test_it_does_not_look_ahead():
    torch.manual_seed(0)
    network = BeatNet().eval()
    x = torch.rand(2, 30, 272)
    later = x.clone()
    later[:, 20:] = 0
    with torch.no_grad():
        p, q = network(x), network(later)
    assert torch.allclose(p.sum(-1), torch.ones(2, 30))
    assert torch.allclose(p[:, :20], q[:, :20])
    assert not torch.allclose(p[:, 20:], q[:, 20:])


def test_published_weights_give_the_published_codes_probabilities():
    data = read_member(
        data_file("BeatNet-1.1.3-py3-none-any.whl"), "BeatNet/models/model_1_weights.pt"
    )
    network = BeatNets.of_states([torch.load(io.BytesIO(data), weights_only=True)])
    p = network(log_spectrogram(known_sound())[None])[0]
    assert p[[10, 60, 120], :2].numpy().ravel() == pytest.approx(PROBABILITIES, abs=1e-5)


def test_networks_are_averaged():
    torch.manual_seed(0)
    two, x = BeatNets(2).eval(), torch.rand(1, 9, 272)
    with torch.no_grad():
        single = [network(x) for network in two.networks]
        assert torch.allclose(two(x), (single[0] + single[1]) / 2)
