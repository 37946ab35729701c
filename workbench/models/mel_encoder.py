"""A small convolutional network from log mel spectrograms to one vector per clip."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

# Mean and standard deviation of log mel values of music; the network's input is about 0 ± 1.
MEL_MEAN, MEL_STD = -4.0, 3.0
SILENCE = -11.5  # log mel value of silence, about log(1e-5)


class MelEncoder(nn.Module):
    """Log mel (batch, frames, bands) → (batch, width), for any number of frames. Four strided
    convolutions halve time and frequency; then mean and maximum over time are taken."""

    def __init__(self, width: int = 128, channels: int = 24, bands: int = 64) -> None:
        super().__init__()
        sizes = [1, channels, 2 * channels, 4 * channels, 4 * channels]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(8, after), nn.GELU()]
            if after > channels:
                layers += [nn.Conv2d(after, after, 3, 1, 1), nn.GroupNorm(8, after), nn.GELU()]
        self.layers = nn.Sequential(*layers)
        self.out_proj = nn.Linear(2 * sizes[-1] * (bands // 16), width)

    def forward(self, mel: Tensor) -> Tensor:
        missing = max(0, 16 - mel.shape[1])
        mel = nn.functional.pad(mel, (0, 0, 0, missing), value=SILENCE)
        h = self.layers(
            ((mel - MEL_MEAN) / MEL_STD)[:, None]
        )  # (batch, channels, frames/16, bands/16)
        h = h.transpose(1, 2).flatten(2)  # (batch, frames / 16, channels · bands / 16)
        return self.out_proj(torch.cat([h.mean(1), h.amax(1)], dim=-1))
