"""A small convolutional network that reads log mel spectrograms: one vector for a clip."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

LEVEL, SPREAD = -4.0, 3.0  # of log mel values of music: what the network sees is about 0 ± 1


class MelEncoder(nn.Module):
    """(batch, frames, bands) → (batch, width): four halvings in time and frequency, then mean and
    maximum over time, so that any length will do."""

    def __init__(self, width: int = 128, channels: int = 24, bands: int = 64) -> None:
        super().__init__()
        sizes = [1, channels, 2 * channels, 4 * channels, 4 * channels]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(8, after), nn.GELU()]
            if after > channels:
                layers += [nn.Conv2d(after, after, 3, 1, 1), nn.GroupNorm(8, after), nn.GELU()]
        self.layers = nn.Sequential(*layers)
        self.merge = nn.Linear(2 * sizes[-1] * (bands // 16), width)

    def forward(self, mel: Tensor) -> Tensor:
        missing = max(0, 16 - mel.shape[1])
        mel = nn.functional.pad(mel, (0, 0, 0, missing), value=-11.5)
        h = self.layers(((mel - LEVEL) / SPREAD)[:, None])  # (batch, channels, frames/16, bands/16)
        h = h.transpose(1, 2).flatten(2)  # (batch, frames / 16, channels · bands / 16)
        return self.merge(torch.cat([h.mean(1), h.amax(1)], dim=-1))
