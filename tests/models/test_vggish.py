"""VGGish: patches against a slow reading of AudioSet's recipe, the network against its parts."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from workbench.models.vggish import VGGish, mel_patches

SMALL = {"widths": (2, 3, 4, 4, 5, 5), "hidden": 16, "dim": 8}


def slow_mel(sound: np.ndarray, frame: int) -> np.ndarray:
    """One frame's 64 log mel values, by sums: a periodic Hann window, a Fourier sum of 512 points,
    triangles whose sides are straight over 1127 ln(1 + f/700)."""
    part = sound[160 * frame : 160 * frame + 400]
    part = part * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400))
    k, t = np.arange(257)[:, None], np.arange(400)[None]
    size = np.abs((part * np.exp(-2j * np.pi * k * t / 512)).sum(1))
    mel = 1127 * np.log(1 + np.arange(257) * 8000 / 256 / 700)
    edges = np.linspace(1127 * np.log(1 + 125 / 700), 1127 * np.log(1 + 7500 / 700), 66)
    found = []
    for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
        weight = np.interp(mel, [low, centre, high], [0, 1, 0], left=0, right=0)
        found.append(np.log((weight * size).sum() + 0.01))
    return np.array(found)


def test_patches_are_audiosets():
    sound = np.random.default_rng(0).normal(0, 0.1, 40_000)
    made = mel_patches(torch.from_numpy(sound)[None])
    assert made.shape == (1, 2, 96, 64)
    for patch, frame in ((0, 0), (0, 95), (1, 0), (1, 50)):
        assert made[0, patch, frame].numpy() == pytest.approx(
            slow_mel(sound, 96 * patch + frame), abs=1e-4
        )


def test_short_sound_is_filled_up_and_silence_is_a_value():
    assert mel_patches(torch.zeros(1, 100)).shape == (1, 1, 96, 64)
    assert mel_patches(torch.zeros(2, 16_000)).allclose(torch.tensor(np.log(0.01)).float())


def test_the_network_is_its_layers_with_channels_last():
    torch.manual_seed(0)
    network = VGGish(**SMALL).eval()
    state = network.state_dict()
    x = torch.randn(3, 96, 64)
    h = x[:, None]
    for number, pooled in ((0, 1), (3, 1), (6, 0), (8, 1), (11, 0), (13, 1)):
        h = F.relu(
            F.conv2d(
                h, state[f"features.{number}.weight"], state[f"features.{number}.bias"], padding=1
            )
        )
        h = F.max_pool2d(h, 2) if pooled else h
    flat = np.stack(
        [
            [one[c, t, f] for t in range(6) for f in range(4) for c in range(5)]
            for one in h.detach().numpy()
        ]
    )
    h = torch.from_numpy(flat)
    for number in (0, 2, 4):
        h = h @ state[f"embeddings.{number}.weight"].T + state[f"embeddings.{number}.bias"]
        h = F.relu(h) if number < 4 else h
    with torch.no_grad():
        assert torch.allclose(network(x), h, atol=1e-5)
        assert torch.allclose(VGGish.of_state(state)(x), h, atol=1e-5)


def test_the_published_size_has_the_published_shapes():
    with torch.device("meta"):
        state = VGGish().state_dict()
    assert state["features.13.weight"].shape == (512, 512, 3, 3)
    assert state["embeddings.0.weight"].shape == (4096, 512 * 4 * 6)
    assert state["embeddings.4.weight"].shape == (128, 4096)
    assert sum(v.numel() for v in state.values()) == 72_141_184
