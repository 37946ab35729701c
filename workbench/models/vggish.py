"""VGGish: the network behind most published Fréchet audio distances.

Six 3 × 3 convolutions and three linear layers on log mel patches (Hershey et al. 2017, "CNN
architectures for large-scale audio classification", arXiv 1609.09430, table 2, in the variant of
AudioSet). Parameters are named as in torchvggish, so its weights can be loaded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn

WIDTHS, HIDDEN, DIM = (64, 128, 256, 256, 512, 512), 4096, 128
POOLED = (True, True, False, True, False, True)  # whether a 2 × 2 maximum follows
FRAMES, BANDS = 96, 64  # of a patch


class VGGish(nn.Module):
    """Embeddings of patches of sound.

    Args:
        widths: Channels of the six convolutions.
        hidden: Width of the hidden linear layers.
        dim: Dimension of the embedding.
    """

    def __init__(
        self, widths: Sequence[int] = WIDTHS, hidden: int = HIDDEN, dim: int = DIM
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for width, pooled in zip(widths, POOLED, strict=True):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] * pooled
            before = width
        self.features = nn.Sequential(*layers)
        self.embeddings = nn.Sequential(
            nn.Linear(before * (FRAMES // 16) * (BANDS // 16), hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, dim),
        )

    def forward(self, patches: Tensor) -> Tensor:
        """Log mel (n, 96, 64) → embeddings (n, dim), without PCA, rounding to 8 bits or
        rectification, which would remove differences that a distance should measure."""
        h = self.features(patches[:, None])  # (n, channels, 6, 4)
        return self.embeddings(h.permute(0, 2, 3, 1).flatten(1))  # channels last, as TensorFlow

    @classmethod
    def of_state(cls, state: dict[str, Tensor]) -> VGGish:
        """Return the network with these weights; its sizes follow from them."""
        numbers = sorted(
            int(match[1]) for k in state if (match := re.fullmatch(r"features\.(\d+)\.weight", k))
        )
        widths = [len(state[f"features.{number}.weight"]) for number in numbers]
        dim, hidden = state["embeddings.4.weight"].shape
        network = cls(widths, hidden, dim)
        network.load_state_dict(state)
        return network.eval().requires_grad_(False)


def mel_patches(sounds: Tensor) -> Tensor:
    """Sounds (n, samples) at 16 kHz → patches (n, patches, 96, 64) of log(mel + 0.01).

    Frames are 25 ms long, every 10 ms; patches are 0.96 s long without overlap. Shorter sounds are
    padded with silence. A remainder that is shorter than a patch is left out, as in AudioSet's
    reference code.
    """
    least = 400 + 160 * (FRAMES - 1)
    sounds = nn.functional.pad(sounds.double(), (0, max(0, least - sounds.shape[-1])))
    hann = torch.hann_window(400, dtype=torch.float64)
    magnitude = torch.fft.rfft(sounds.unfold(-1, 400, 160) * hann, 512).abs()  # (n, frames, 257)
    mel = (magnitude @ _bands() + 0.01).log()
    whole = mel.shape[1] // FRAMES
    return mel[:, : whole * FRAMES].unflatten(1, (whole, FRAMES)).float()


def _bands() -> Tensor:
    """Return the filters (257, 64): triangles from 125 to 7,500 Hz that are linear in mel, not in
    Hz. 0 Hz is in none of them."""

    def mel(hertz: Tensor) -> Tensor:
        return 1127 * (1 + hertz / 700).log()

    bins = mel(torch.linspace(0, 8000, 257, dtype=torch.float64))
    low, high = mel(torch.tensor([125.0, 7500.0], dtype=torch.float64)).tolist()
    edges = torch.linspace(low, high, BANDS + 2, dtype=torch.float64)
    rise = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    bands = torch.minimum(rise, fall).clamp(min=0)
    bands[0] = 0
    return bands
