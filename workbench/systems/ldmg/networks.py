"""The networks of an LDMG, and the conversion between sound and latents."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from workbench.errors import PromptError
from workbench.models.audio_vae import AudioVAE, AudioVAEConfig
from workbench.models.dit import DiT
from workbench.models.spectral_vae import SpectralVAE, SpectralVAEConfig
from workbench.music.audio import checked
from workbench.systems.ldmg.config import LDMGConfig

PIECE = 2048  # latent frames that are encoded or decoded at once


def vae_of(config: AudioVAEConfig | SpectralVAEConfig) -> AudioVAE | SpectralVAE:
    """Return the autoencoder of a configuration, on waveforms or on Fourier spectra."""
    return SpectralVAE(config) if isinstance(config, SpectralVAEConfig) else AudioVAE(config)


class Networks(nn.Module):
    """All modules of an LDMG that have weights: the content of a checkpoint. They include the mean
    and scale of the latents over the training sound, and the principal components of patches."""

    latent_mean: Tensor
    latent_std: Tensor
    latent_directions: Tensor

    def __init__(self, config: LDMGConfig) -> None:
        super().__init__()
        self.config = config
        self.vae, self.dit = vae_of(config.vae), DiT(config.dit)
        size = config.vae.latent * config.vae_frames
        self.register_buffer("latent_mean", torch.zeros(size))
        self.register_buffer("latent_std", torch.ones(config.latent))
        if config.patch:
            self.register_buffer("latent_directions", torch.eye(size)[: config.latent])

    @torch.inference_mode()
    def encode_sound(self, sound: np.ndarray) -> Tensor:
        """Encode sound (channels, samples) of any length, at the system's rate, as latents (latent,
        frames) with mean 0 and variance 1 over the training sound."""
        return self.standardise(self.encode_frames(sound))

    @torch.inference_mode()
    def encode_frames(self, sound: np.ndarray) -> Tensor:
        """Encode sound as the VAE's own latents (numbers, frames). It is encoded in overlapping
        pieces; without attention over time the result is exactly that of the whole."""
        x = torch.from_numpy(np.ascontiguousarray(checked(sound), dtype=np.float32))[None]
        x = x.to(self.latent_mean.device)
        if x.shape[1] != self.config.vae.channels:
            raise PromptError(
                f"sound: must have {self.config.vae.channels} channels, got {x.shape[1]}"
            )
        if not x.shape[2]:
            raise PromptError("sound: must have at least 1 sample, got 0")
        hop = self.config.vae.hop
        x = nn.functional.pad(x, (0, -x.shape[-1] % self.config.hop))
        parts = []
        for begin, end, left, right in self.pieces(x.shape[-1] // hop):
            mean, _ = self.vae.encode(x[..., left * hop : right * hop])
            parts.append(mean[0, :, begin - left : end - left])
        return torch.cat(parts, dim=-1)

    @torch.inference_mode()
    def decode_sound(self, latents: Tensor) -> np.ndarray:
        """Decode latents (latent, frames) to float32 (channels, frames · config.hop)."""
        hop, z = self.config.vae.hop, self.destandardise(latents)
        parts = []
        for begin, end, left, right in self.pieces(z.shape[-1]):
            sound = self.vae.decode(z[None, :, left:right])[0]
            parts.append(sound[:, (begin - left) * hop : (end - left) * hop])
        return torch.cat(parts, dim=-1).numpy()

    def pieces(self, frames: int) -> list[tuple[int, int, int, int]]:
        """Return (begin, end) of each piece and (left, right) of its context, in frames."""
        reach = self.vae.reach
        if reach is None:
            return [(0, frames, 0, frames)]
        return [
            (a, min(a + PIECE, frames), max(0, a - reach), min(frames, a + PIECE + reach))
            for a in range(0, frames, PIECE)
        ]

    def patches(self, z: Tensor) -> Tensor:
        """The VAE's latents (…, numbers, frames) → patches (…, numbers · patch, frames / patch)."""
        return z.unflatten(-1, (-1, self.config.patch)).transpose(-1, -2).flatten(-3, -2)

    def standardise(self, z: Tensor) -> Tensor:
        """Convert the VAE's latents (…, numbers, frames) to those of the transformer (…, latent,
        frames / patch), of mean 0 and variance 1."""
        if self.config.patch:
            centred = self.patches(z) - self.latent_mean[:, None]
            return self.latent_directions @ centred / self.latent_std[:, None]
        return (z - self.latent_mean[:, None]) / self.latent_std[:, None]

    def destandardise(self, z: Tensor) -> Tensor:
        """Undo `standardise`, but for what the principal components leave out."""
        z = z * self.latent_std[:, None]
        if not self.config.patch:
            return z + self.latent_mean[:, None]
        patches = self.latent_directions.T @ z + self.latent_mean[:, None]
        return patches.unflatten(-2, (-1, self.config.patch)).transpose(-1, -2).flatten(-2)
