"""A variational autoencoder of sound whose outer layers are the Fourier transform.

    sound → STFT → log magnitudes → ConvNeXt blocks → mean, log variance → z (62.5 frames a second)
    z → ConvNeXt blocks → magnitude and phase of every bin → inverse STFT → sound

The decoder is that of Vocos (Siuzdak 2023, arXiv 2306.00814): it never works at the sample rate, so
a step of training costs a tenth of what strided convolutions on the waveform do, and a small
network on a laptop gets far. The encoder mirrors it. It has the interface of `audio_vae.AudioVAE`,
whose losses and discriminator train it. Nothing is normalised over time: sound of any length is
coded in pieces without seams. Notebook: `notebooks/06_vae_gan.ipynb`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.audio_vae import SPREAD

QUIET = 1e-5  # magnitude of a bin, of a full-scale sine's; what is below counts as silence
KERNEL = 7  # frames


@dataclass(frozen=True)
class SpectralVAEConfig:
    """channels: 1 or 2; window and hop: of the transform, in samples, a power of two and a quarter
    of it; width and depths: of the blocks, before and after z; latent: numbers of z a frame."""

    channels: int = 1
    window: int = 1024
    hop: int = 256
    width: int = 160
    encoder: int = 3
    decoder: int = 5
    latent: int = 32

    @property
    def bins(self) -> int:
        return self.window // 2 + 1


class ConvNeXt(nn.Module):
    """Residual: a convolution over time for each channel, then two layers across channels (Liu et
    al. 2022, arXiv 2201.03545)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.along = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.across = nn.Sequential(
            nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width)
        )
        self.scale = nn.Parameter(torch.full((width,), 0.2))

    def forward(self, x: Tensor) -> Tensor:  # (batch, width, frames)
        h = self.norm(self.along(x).transpose(1, 2))  # (batch, frames, width)
        return x + (self.scale * self.across(h)).transpose(1, 2)


def invert(size: Tensor, phase: Tensor, hann: Tensor, hop: int) -> Tensor:
    """The inverse of a short-time Fourier transform, by weighted overlap and add: logarithm of
    magnitudes (1 of a full-scale sine) and phases (batch, channels, bins, frames) each → (batch,
    channels, frames · hop) in −1..1."""
    window, frames, (batch, channels) = len(hann), size.shape[-1], size.shape[:2]
    size = size.clamp(max=0.5).exp() * (hann.sum() / 2)
    parts = torch.fft.irfft(torch.polar(size, phase), window, dim=2)
    parts = (parts * hann[:, None]).flatten(0, 1)  # (batch · channels, window, frames)
    length = (frames - 1) * hop + window
    sound = F.fold(parts, (1, length), (1, window), stride=(1, hop))[:, 0, 0]
    cover = F.fold(
        hann.square()[None, :, None].expand(1, -1, frames),
        (1, length),
        (1, window),
        stride=(1, hop),
    )[:, 0, 0]
    edge = (window - hop) // 2
    sound = sound[:, edge : edge + frames * hop] / cover[:, edge : edge + frames * hop]
    return sound.unflatten(0, (batch, channels)).clamp(-1, 1)


class SpectralVAE(nn.Module):
    """Encoder and decoder."""

    hann: Tensor

    def __init__(self, config: SpectralVAEConfig) -> None:
        super().__init__()
        self.config = config
        width, heard = config.width, config.channels * config.bins
        self.register_buffer("hann", torch.hann_window(config.window), persistent=False)
        self.encoder = nn.Sequential(
            nn.Conv1d(heard, width, 3, padding=1),
            *(ConvNeXt(width) for _ in range(config.encoder)),
            nn.Conv1d(width, 2 * config.latent, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv1d(config.latent, width, KERNEL, padding=KERNEL // 2),
            *(ConvNeXt(width) for _ in range(config.decoder)),
            nn.Conv1d(width, 2 * heard, 1),
        )
        with torch.no_grad():  # begin nearly certain, and quiet
            cast(Tensor, self.encoder[-1].bias)[config.latent :] -= 4.0
            cast(Tensor, self.decoder[-1].bias)[:heard] -= 5.0

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, channels, samples) → mean and log variance (batch, latent, ⌈samples / hop⌉); what
        lacks to whole frames is filled up with silence."""
        window, hop = self.config.window, self.config.hop
        edge = (window - hop) // 2
        padded = F.pad(sound, (edge, edge + (-sound.shape[-1]) % hop))
        frames = padded.unfold(-1, window, hop) * self.hann  # (batch, channels, frames, window)
        size = torch.fft.rfft(frames).abs() * (2 / self.hann.sum())
        level = size.clamp(min=QUIET).log() / 4 + 1.5  # about −1.4 … 1.5
        heard = level.permute(0, 1, 3, 2).flatten(1, 2)  # (batch, channels · bins, frames)
        mean, spread = self.encoder(heard).chunk(2, dim=1)
        return mean, spread.clamp(*SPREAD)

    def decode(self, z: Tensor) -> Tensor:
        """z (batch, latent, frames) → (batch, channels, frames · hop) in −1..1."""
        said = self.decoder(z).float().unflatten(1, (2, self.config.channels, self.config.bins))
        size, phase = said.unbind(1)
        return invert(size, phase, self.hann, self.config.hop)

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sound with z drawn from what the encoder says: (decoded, mean, log variance)."""
        mean, spread = self.encode(sound)
        z = mean + torch.randn_like(mean) * (0.5 * spread).exp()
        return self.decode(z)[..., : sound.shape[-1]], mean, spread

    @property
    def reach(self) -> int:
        """Latent frames on each side that a decoded or encoded frame can depend on."""
        around = -(-self.config.window // self.config.hop)
        return around + 1 + (KERNEL // 2) * (1 + max(self.config.encoder, self.config.decoder))
