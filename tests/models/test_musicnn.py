"""MusiCNN: against the published code's layers written out slowly, librosa's mel, and, where the
published weights are, against TensorFlow's outputs."""

import librosa
import numpy as np
import pytest
import torch

from tests.conftest import data_file
from workbench.datasets.wheels import read_member
from workbench.models.musicnn import FRAMES, TAGS, Musicnn, log_mel, mel_patches
from workbench.models.tf_bundle import read_bundle

RATE = 16_000


def published_names(seed=0, tags=50):
    """Random tensors with the names and shapes of the published checkpoint."""
    random, tensors = np.random.default_rng(seed), {}

    def put(name, *shape, scale=1.0, least=None):
        value = scale * random.normal(size=shape)
        if least is not None:
            value = least + np.abs(value)
        tensors[name] = value.astype(np.float32)

    kernels = [(7, 38, 204), (7, 67, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51)]
    kernels += [(7, 561, 64), (7, 64, 64), (7, 64, 64)]
    for number, (frames, bands, filters) in enumerate(kernels):
        name = f"conv2d_{number}" if number else "conv2d"
        put(f"{name}/kernel", frames, bands, 1, filters, scale=(frames * bands) ** -0.5)
        put(f"{name}/bias", filters, scale=0.1)
    for number, width in enumerate([1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200]):
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        put(f"{name}/gamma", width)
        put(f"{name}/beta", width, scale=0.1)
        put(f"{name}/moving_mean", width, scale=0.1)
        put(f"{name}/moving_variance", width, least=0.5)
    put("dense/kernel", 1506, 200, scale=0.03)
    put("dense/bias", 200, scale=0.1)
    put("dense_1/kernel", 200, tags, scale=0.1)
    put("dense_1/bias", tags, scale=0.1)
    return tensors


def slowly(patch, tensors):
    """One patch (frames, bands) through the layers, channels last as in TensorFlow."""

    def norm(x, number):
        own = f"batch_normalization_{number}" if number else "batch_normalization"
        gamma, beta, mean, variance = (
            tensors[f"{own}/{part}"].astype(float)
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / np.sqrt(variance + 0.001) + beta

    def conv(x, number):  # "valid": (frames, bands) → (frames', bands', filters), rectified
        own = f"conv2d_{number}" if number else "conv2d"
        kernel = tensors[f"{own}/kernel"][:, :, 0].astype(float)
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2])
        return np.maximum(np.einsum("tbij,ijf->tbf", windows, kernel) + tensors[f"{own}/bias"], 0)

    x = norm(patch[:, :, None], 0)[:, :, 0]
    padded = np.pad(x, ((3, 3), (0, 0)))
    front = [norm(conv(padded, n), n + 1).max(1) for n in (0, 1)]
    for n, size in ((2, 128), (3, 64), (4, 32)):
        same = np.pad(x, ((size // 2 - 1, size // 2), (0, 0)))  # TensorFlow's "same"
        front.append(norm(conv(same, n), n + 1).max(1))
    layers = [np.concatenate(front, axis=1)]
    for n in (5, 6, 7):
        h = norm(conv(np.pad(layers[-1], ((3, 3), (0, 0))), n)[:, 0], n + 1)
        layers.append(h if n == 5 else h + layers[-1])
    features = np.concatenate(layers, axis=1)
    pooled = norm(np.stack([features.max(0), features.mean(0)], axis=1).ravel(), 9)
    hidden = np.maximum(pooled @ tensors["dense/kernel"] + tensors["dense/bias"], 0)
    hidden = norm(hidden, 10)
    return hidden, hidden @ tensors["dense_1/kernel"] + tensors["dense_1/bias"]


def test_the_network_is_the_published_codes_layers():
    tensors = published_names()
    patch = np.random.default_rng(1).uniform(0, 4, (40, 96))
    network = Musicnn.of_tensorflow(tensors)
    embedding, logits = network(torch.from_numpy(patch).float()[None])
    slow_embedding, slow_logits = slowly(patch, tensors)
    assert embedding[0].numpy() == pytest.approx(slow_embedding, abs=2e-3, rel=1e-3)
    assert logits[0].numpy() == pytest.approx(slow_logits, abs=2e-3, rel=1e-3)
    again = Musicnn.of_state(network.state_dict())
    assert torch.equal(again(torch.from_numpy(patch).float()[None])[1], logits)


def test_mel_is_librosas():
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    theirs = librosa.feature.melspectrogram(y=sound, sr=RATE, hop_length=256, n_fft=512, n_mels=96)
    ours = log_mel(torch.from_numpy(sound)[None])[0].numpy()
    assert ours == pytest.approx(np.log10(1 + 10_000 * theirs.T), abs=1e-4)


@pytest.mark.parametrize(
    ("frames", "starts"),
    [(FRAMES, [0]), (FRAMES + 1, [0, 1]), (2 * FRAMES, [0, FRAMES]), (500, [0, 156, 313])],
)
def test_patches_cover_the_sound(frames, starts):
    sound = torch.randn(2, 256 * (frames - 1))
    mel, made = log_mel(sound), mel_patches(sound)
    assert made.shape == (2, len(starts), FRAMES, 96)
    for number, start in enumerate(starts):
        assert torch.equal(made[:, number], mel[:, start : start + FRAMES])


def test_short_sound_is_padded():
    sound = torch.randn(1, 5000)
    padded = torch.nn.functional.pad(sound, (0, 256 * (FRAMES - 1) - 5000))
    assert torch.equal(mel_patches(sound)[:, 0], log_mel(padded))


def test_fifty_tags_each():
    assert {name: len(set(tags)) for name, tags in TAGS.items()} == {"mtt": 50, "msd": 50}


# Outputs of TensorFlow 2.21 with the package's own code and weights, for the sound below: sigmoid
# of the first six logits, the first six numbers of the vector before the last layer, the likeliest
# tag, and the sum of the vector; means over both patches.
TENSORFLOW = {
    "msd": (
        [0.062251, 0.049412, 0.053408, 0.063420, 0.216227, 0.123281],
        [0.034306, -0.127029, -0.212008, -0.275121, -0.072067, 0.731627],
        "electronic",
        11.648444,
    ),
    "mtt": (
        [0.015628, 0.000052, 0.010300, 0.002801, 0.000114, 0.007154],
        [2.379656, 2.089052, 0.412363, -0.186058, -0.078703, 1.493888],
        "male",
        78.32096,
    ),
}


@pytest.mark.parametrize("training", ["msd", "mtt"])
def test_published_weights_give_tensorflows_outputs(training):
    wheel = data_file("musicnn-0.1.0-py3-none-any.whl")
    folder = f"musicnn/{training.upper()}_musicnn/"
    files = [read_member(wheel, folder + name) for name in (".index", ".data-00000-of-00001")]
    network = Musicnn.of_tensorflow(read_bundle(*files, skip=("Adam",)))
    time = np.arange(4 * RATE) / RATE
    sound = 0.3 * np.sin(2 * np.pi * 440 * time) * np.exp(-3 * (time % 0.5))
    sound += 0.2 * np.sin(2 * np.pi * (100 + 900 * time) * time)
    embedding, logits = network(mel_patches(torch.from_numpy(sound)[None])[0])
    likelihoods = logits.sigmoid().mean(0).numpy()
    expected, vector, best, total = TENSORFLOW[training]
    assert likelihoods[:6] == pytest.approx(expected, abs=1e-5)
    assert embedding.mean(0).numpy()[:6] == pytest.approx(vector, abs=1e-3)
    assert float(embedding.mean(0).sum()) == pytest.approx(total, abs=1e-2)
    assert TAGS[training][likelihoods.argmax()] == best
