"""HiFi-GAN's generator, the vocoder of MusicLDM.

    log mel → conv → upsampling by transposed convolutions, each followed by residual blocks of
    several kernel sizes, whose outputs are averaged → waveform

The network and the names of its parameters are those of SpeechT5HifiGan in transformers, so that
published weights fit.

Source: Kong et al. 2020, arXiv 2010.05646, section 2.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RATES, KERNELS = (5, 4, 2, 2, 2), (16, 16, 8, 4, 4)  # 160 samples per frame
DILATIONS = (1, 3, 5)
SLOPE = 0.1  # of the leaky ReLU


class ResidualBlock(nn.Module):
    """Pairs of a dilated and an ordinary convolution, each pair with a shortcut."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.convs1, self.convs2 = (
            nn.ModuleList(
                nn.Conv1d(channels, channels, kernel, dilation=d, padding=(kernel - 1) * d // 2)
                for d in dilations
            )
            for dilations in (DILATIONS, (1,) * len(DILATIONS))
        )

    def forward(self, x: Tensor) -> Tensor:
        for first, second in zip(self.convs1, self.convs2, strict=True):
            x = x + second(F.leaky_relu(first(F.leaky_relu(x, SLOPE)), SLOPE))
        return x


class HiFiGAN(nn.Module):
    """Forward: log mel (batch, frames, bands) → waveform (batch, 160 · frames and a few more).

    Args:
        bands: Bands of the mel spectrogram.
        width: Channels before the first upsampling; each halves them.
        kernels: Kernel sizes of the residual blocks.
    """

    mean: Tensor  # of the published weights; not used, because the input is not normalised
    scale: Tensor

    def __init__(self, bands: int, width: int, kernels: Sequence[int]) -> None:
        super().__init__()
        self.conv_pre = nn.Conv1d(bands, width, 7, padding=3)
        self.upsampler, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(RATES, KERNELS, strict=True):
            self.upsampler.append(
                nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2)
            )
            width //= 2
            self.resblocks.extend(ResidualBlock(width, size) for size in kernels)
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3)
        self.register_buffer("mean", torch.zeros(bands))
        self.register_buffer("scale", torch.ones(bands))

    def forward(self, mel: Tensor) -> Tensor:
        x = self.conv_pre(mel.transpose(1, 2))
        each = len(self.resblocks) // len(self.upsampler)
        for i, up in enumerate(self.upsampler):
            x = up(F.leaky_relu(x, SLOPE))
            blocks = [self.resblocks[i * each + n](x) for n in range(each)]
            x = torch.stack(blocks).sum(0) / each
        return torch.tanh(self.conv_post(F.leaky_relu(x)))[:, 0]
