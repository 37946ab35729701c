"""MusiCNN: a public tagger of music, and an embedder that was not trained here.

Pons and Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio tagging"
(arXiv 1909.06654), and Pons et al. 2018 (arXiv 1711.02520, section 3.2), on log mel patches of 3 s.
The front end has filters as tall as timbres (7 frames × 38 or 67 bands) and as long as rhythms (32
to 128 frames × 1 band), and takes the maximum over bands. The middle has three convolutions over
time with residual connections. The back end pools all of them over time, by maximum and mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn

RATE, WINDOW, HOP, BANDS = 16_000, 512, 256, 96  # Hz, samples, samples, mel bands
FRAMES = 187  # of a patch of 3 s, as in training
TIMBRAL = ((7, 38, 204), (7, 67, 204))  # frames, bands, filters
TEMPORAL = ((128, 1, 51), (64, 1, 51), (32, 1, 51))
MIDDLE, HIDDEN = 64, 200
EPSILON = 1e-3  # of TensorFlow's batch normalisation

# The 50 tags of each training set, in the order of the outputs.
_NAMES = {
    "mtt": (  # MagnaTagATune: instruments and voices
        "guitar, classical, slow, techno, strings, drums, electronic, rock, fast, piano, ambient, "
        "beat, violin, vocal, synth, female, indian, opera, male, singing, vocals, no vocals, "
        "harpsichord, loud, quiet, flute, woman, male vocal, no vocal, pop, soft, sitar, solo, "
        "man, classic, choir, voice, new age, dance, male voice, female vocal, beats, harp, cello, "
        "no voice, weird, country, metal, female voice, choral"
    ),
    "msd": (  # Million Song Dataset with tags of Last.fm: genres, decades, moods
        "rock, pop, alternative, indie, electronic, female vocalists, dance, 00s, alternative "
        "rock, jazz, beautiful, metal, chillout, male vocalists, classic rock, soul, indie rock, "
        "Mellow, electronica, 80s, folk, 90s, chill, instrumental, punk, oldies, blues, hard rock, "
        "ambient, acoustic, experimental, female vocalist, guitar, Hip-Hop, 70s, party, country, "
        "easy listening, sexy, catchy, funk, electro, heavy metal, Progressive rock, 60s, rnb, "
        "indie pop, sad, House, happy"
    ),
}
TAGS = {training: names.split(", ") for training, names in _NAMES.items()}


class Front(nn.Module):
    """A convolution over a patch (n, 1, frames, bands) → (n, filters, frames): maximum over bands.

    Args:
        frames, bands: Size of the filters; the time axis is padded.
        filters: Their number.
    """

    def __init__(self, frames: int, bands: int, filters: int) -> None:
        super().__init__()
        self.pad = nn.ZeroPad2d((0, 0, (frames - 1) // 2, frames // 2))
        self.conv = nn.Conv2d(1, filters, (frames, bands))
        self.norm = nn.BatchNorm2d(filters, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(self.pad(x)).relu()).amax(3)


class Middle(nn.Module):
    """A convolution over time: (n, channels, frames) → (n, filters, frames)."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, filters, 7, padding=3)
        self.norm = nn.BatchNorm1d(filters, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x).relu())


class Musicnn(nn.Module):
    """Tags of patches of sound, and the vector before the last layer."""

    def __init__(self, tags: int = 50) -> None:
        super().__init__()
        front = sum(filters for *_, filters in TIMBRAL + TEMPORAL)  # 561
        pooled = 2 * (front + 3 * MIDDLE)  # 1506
        self.norm = nn.BatchNorm2d(1, EPSILON)
        self.front = nn.ModuleList(Front(*size) for size in TIMBRAL + TEMPORAL)
        self.middle = nn.ModuleList(Middle(width, MIDDLE) for width in (front, MIDDLE, MIDDLE))
        self.pooled_norm = nn.BatchNorm1d(pooled, EPSILON)
        self.dense = nn.Linear(pooled, HIDDEN)
        self.dense_norm = nn.BatchNorm1d(HIDDEN, EPSILON)
        self.output = nn.Linear(HIDDEN, tags)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Log mel (n, frames, 96) → embeddings (n, 200) and the logits of the tags (n, tags)."""
        x = self.norm(patches[:, None])
        first = torch.cat([front(x) for front in self.front], dim=1)  # (n, 561, frames)
        second = self.middle[0](first)  # (n, 64, frames)
        third = self.middle[1](second) + second
        fourth = self.middle[2](third) + third
        features = torch.cat([first, second, third, fourth], dim=1)  # (n, 753, frames)
        pooled = torch.stack([features.amax(2), features.mean(2)], dim=2).flatten(1)  # (n, 1506)
        embedding = self.dense_norm(self.dense(self.pooled_norm(pooled)).relu())
        return embedding, self.output(embedding)

    @classmethod
    def of_state(cls, state: Mapping[str, Tensor]) -> Musicnn:
        """Return the network with these weights."""
        network = cls(len(state["output.bias"]))
        network.load_state_dict(dict(state))
        return network.eval().requires_grad_(False)

    @classmethod
    def of_tensorflow(cls, tensors: Mapping[str, np.ndarray]) -> Musicnn:
        """Return the network with the weights of the published checkpoint, whose layers are
        numbered in the order in which they are built: conv2d, conv2d_1 and so on."""
        numbers = {kind: count() for kind in ("conv2d", "batch_normalization", "dense")}

        def layer(kind: str) -> str:
            number = next(numbers[kind])
            return f"{kind}_{number}" if number else kind

        state: dict[str, Tensor] = {}

        def put(name: str, array: np.ndarray) -> None:
            state[name] = torch.from_numpy(np.array(array, np.float32, order="C"))

        def put_norm(name: str) -> None:
            own = layer("batch_normalization")
            for ours, theirs in (
                ("weight", "gamma"),
                ("bias", "beta"),
                ("running_mean", "moving_mean"),
                ("running_var", "moving_variance"),
            ):
                put(f"{name}.{ours}", tensors[f"{own}/{theirs}"])
            state[f"{name}.num_batches_tracked"] = torch.tensor(0)

        put_norm("norm")
        for name, number in (("front", len(TIMBRAL + TEMPORAL)), ("middle", 3)):
            for i in range(number):
                own = layer("conv2d")
                kernel = tensors[f"{own}/kernel"]  # (frames, bands, 1, filters)
                kernel = kernel.transpose(3, 2, 0, 1)
                put(
                    f"{name}.{i}.conv.weight",
                    kernel if name == "front" else kernel[:, 0].transpose(0, 2, 1),
                )
                put(f"{name}.{i}.conv.bias", tensors[f"{own}/bias"])
                put_norm(f"{name}.{i}.norm")
        put_norm("pooled_norm")
        for name in ("dense", "output"):
            own = layer("dense")
            put(f"{name}.weight", tensors[f"{own}/kernel"].T)
            put(f"{name}.bias", tensors[f"{own}/bias"])
            if name == "dense":
                put_norm("dense_norm")
        return cls.of_state(state)


@cache
def _bands() -> Tensor:
    """Return the mel filters of librosa: (257, 96)."""
    import librosa

    filters = librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=BANDS)
    return torch.from_numpy(filters).T.contiguous()


def log_mel(sounds: Tensor) -> Tensor:
    """Sounds (n, samples) at 16 kHz → log10(1 + 10,000 · mel power), (n, frames, 96).

    The published code rounds mel powers to 16 bits, in which loud music overflows; here they are
    kept in 32 bits.
    """
    hann = torch.hann_window(WINDOW)
    spectrum = torch.stft(
        sounds.float(), WINDOW, HOP, window=hann, pad_mode="constant", return_complex=True
    )
    power = spectrum.abs().square().transpose(1, 2)  # (n, frames, 257)
    return (1 + 10_000 * (power @ _bands())).log10()


def mel_patches(sounds: Tensor) -> Tensor:
    """Sounds (n, samples) at 16 kHz → patches (n, patches, 187, 96) of `log_mel`.

    As few patches as cover the sound, at equal distances: the first begins with it and the last
    ends with it, and neighbours overlap where its length is not a multiple of 3 s. Sound shorter
    than 3 s is padded with silence.
    """
    least = HOP * (FRAMES - 1)
    mel = log_mel(nn.functional.pad(sounds, (0, max(0, least - sounds.shape[-1]))))
    length = mel.shape[1]
    starts = np.linspace(0, length - FRAMES, -(-length // FRAMES)).round().astype(int)
    return torch.stack([mel[:, start : start + FRAMES] for start in starts], dim=1)
