"""A variational autoencoder of sound whose first and last layers are Fourier transforms.

    sound → STFT → log magnitudes → ConvNeXt blocks → mean, log variance → z (62.5 frames/s)
    z → ConvNeXt blocks → magnitude and phase of every bin → inverse STFT → sound

The decoder is that of Vocos (Siuzdak 2023, arXiv 2306.00814). No layer works at the sample rate, so
a training step costs a tenth of one with strided convolutions on the waveform, and a small network
can be trained on a laptop. The encoder mirrors the decoder. The interface, the losses and the
discriminator are those of `audio_vae.AudioVAE`. There is no normalisation over time, so sound of
any length can be encoded in pieces without seams. Notebook: `notebooks/06_vae_gan.ipynb`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.audio_vae import LOGVAR_RANGE

QUIET = 1e-5  # lowest magnitude of a bin, where a full-scale sine has 1
KERNEL = 7  # width of a block's convolution in frames


@dataclass(frozen=True)
class SpectralVAEConfig:
    """Sizes of a `SpectralVAE`.

    Args:
        channels: Channels of the sound, 1 or 2.
        window: Window of the Fourier transform in samples, a power of two.
        hop: Samples per latent frame, a quarter of the window.
        width: Width of the blocks.
        encoder: Number of blocks of the encoder.
        decoder: Number of blocks of the decoder.
        latent: Numbers of z per latent frame.
    """

    channels: int = 1
    window: int = 1024
    hop: int = 256
    width: int = 160
    encoder: int = 3
    decoder: int = 5
    latent: int = 32

    @property
    def bins(self) -> int:
        """Frequency bins of the transform."""
        return self.window // 2 + 1


class ConvNeXt(nn.Module):
    """Residual block: a depthwise convolution over time, then two linear layers over channels.

    Forward: (batch, width, frames) → the same.

    Source: Liu et al. 2022, arXiv 2201.03545, figure 4; parameters are named as in its code.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.pwconv1 = nn.Linear(width, 3 * width)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(3 * width, width)
        self.gamma = nn.Parameter(torch.full((width,), 0.2))

    def forward(self, x: Tensor) -> Tensor:  # (batch, width, frames)
        h = self.norm(self.dwconv(x).transpose(1, 2))  # (batch, frames, width)
        h = self.pwconv2(self.act(self.pwconv1(h)))
        return x + (self.gamma * h).transpose(1, 2)


class Layers(nn.ModuleList):
    """Layers that are applied one after another, as in `nn.Sequential`. As a `ModuleList`, its
    matrices can be trained by Muon (see `training.loop.optimizers_of`)."""

    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x)
        return x


def invert(log_magnitude: Tensor, phase: Tensor, hann: Tensor, hop: int) -> Tensor:
    """Return the inverse of a short-time Fourier transform by weighted overlap-add.

    Args:
        log_magnitude: (batch, channels, bins, frames), 0 for a full-scale sine.
        phase: Of the same shape, in radians.
        hann: The window (window,).
        hop: Samples per frame.

    Returns:
        Sound (batch, channels, frames · hop) in −1..1.

    Source: Griffin & Lim 1984, eq. 6.
    """
    window, frames = len(hann), log_magnitude.shape[-1]
    batch, channels = log_magnitude.shape[:2]
    magnitude = log_magnitude.clamp(max=0.5).exp() * (hann.sum() / 2)
    parts = torch.fft.irfft(torch.polar(magnitude, phase), window, dim=2)
    parts = (parts * hann[:, None]).flatten(0, 1)  # (batch · channels, window, frames)
    length = (frames - 1) * hop + window
    sound = F.fold(parts, (1, length), (1, window), stride=(1, hop))[:, 0, 0]
    weight = F.fold(
        hann.square()[None, :, None].expand(1, -1, frames),
        (1, length),
        (1, window),
        stride=(1, hop),
    )[:, 0, 0]
    edge = (window - hop) // 2
    sound = sound[:, edge : edge + frames * hop] / weight[:, edge : edge + frames * hop]
    return sound.unflatten(0, (batch, channels)).clamp(-1, 1)


class SpectralVAE(nn.Module):
    """A variational autoencoder of magnitude spectra; the decoder generates magnitude and phase.

    Source: Vocos, arXiv 2306.00814 (decoder).
    """

    hann: Tensor

    def __init__(self, config: SpectralVAEConfig) -> None:
        super().__init__()
        self.config = config
        width, bins = config.width, config.channels * config.bins
        self.register_buffer("hann", torch.hann_window(config.window), persistent=False)
        self.encoder = Layers(
            [
                nn.Conv1d(bins, width, 3, padding=1),
                *(ConvNeXt(width) for _ in range(config.encoder)),
                nn.Conv1d(width, 2 * config.latent, 1),
            ]
        )
        self.decoder = Layers(
            [
                nn.Conv1d(config.latent, width, KERNEL, padding=KERNEL // 2),
                *(ConvNeXt(width) for _ in range(config.decoder)),
                nn.Conv1d(width, 2 * bins, 1),
            ]
        )
        with torch.no_grad():  # start with a small variance and quiet sound
            cast(Tensor, self.encoder[-1].bias)[config.latent :] -= 4.0
            cast(Tensor, self.decoder[-1].bias)[:bins] -= 5.0

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Sound (batch, channels, samples) → mean and log variance of z, each (batch, latent,
        ⌈samples / hop⌉). The last frame is padded with silence."""
        window, hop = self.config.window, self.config.hop
        edge = (window - hop) // 2
        padded = F.pad(sound, (edge, edge + (-sound.shape[-1]) % hop))
        frames = padded.unfold(-1, window, hop) * self.hann  # (batch, channels, frames, window)
        magnitude = torch.fft.rfft(frames).abs() * (2 / self.hann.sum())
        level = magnitude.clamp(min=QUIET).log() / 4 + 1.5  # about −1.4 … 1.5
        features = level.permute(0, 1, 3, 2).flatten(1, 2)  # (batch, channels · bins, frames)
        mean, logvar = self.encoder(features).chunk(2, dim=1)
        return mean, logvar.clamp(*LOGVAR_RANGE)

    def decode(self, z: Tensor) -> Tensor:
        """z (batch, latent, frames) → (batch, channels, frames · hop) in −1..1."""
        shape = 2, self.config.channels, self.config.bins
        # each (batch, channels, bins, frames)
        log_magnitude, phase = self.decoder(z).float().unflatten(1, shape).unbind(1)
        return invert(log_magnitude, phase, self.hann, self.config.hop)

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sound (batch, channels, samples) → sound of the same shape, decoded from a sample of z,
        and z's mean and log variance (Kingma & Welling 2013, arXiv 1312.6114, eq. 10)."""
        mean, logvar = self.encode(sound)
        z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
        return self.decode(z)[..., : sound.shape[-1]], mean, logvar

    @property
    def reach(self) -> int:
        """Number of latent frames on each side that an encoded or decoded frame can depend on."""
        around = -(-self.config.window // self.config.hop)
        return around + 1 + (KERNEL // 2) * (1 + max(self.config.encoder, self.config.decoder))
