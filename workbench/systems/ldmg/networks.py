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
    and standard deviation of the latents over the training sound."""

    latent_mean: Tensor
    latent_std: Tensor

    def __init__(self, config: LDMGConfig) -> None:
        super().__init__()
        self.config = config
        self.vae, self.dit = vae_of(config.vae), DiT(config.dit)
        self.register_buffer("latent_mean", torch.zeros(config.vae.latent))
        self.register_buffer("latent_std", torch.ones(config.vae.latent))

    @torch.inference_mode()
    def encode_sound(self, sound: np.ndarray) -> Tensor:
        """Encode sound (channels, samples) of any length, at the system's rate, as latents (latent,
        frames) with mean 0 and variance 1 over the training sound. The sound is encoded in
        overlapping pieces; without attention over time the result is exactly that of the whole."""
        x = torch.from_numpy(np.ascontiguousarray(checked(sound), dtype=np.float32))[None]
        x = x.to(self.latent_mean.device)
        if x.shape[1] != self.config.vae.channels:
            raise PromptError(
                f"sound: must have {self.config.vae.channels} channels, got {x.shape[1]}"
            )
        if not x.shape[2]:
            raise PromptError("sound: must have at least 1 sample, got 0")
        hop = self.config.vae.hop
        x = nn.functional.pad(x, (0, -x.shape[-1] % hop))
        parts = []
        for begin, end, left, right in self.pieces(x.shape[-1] // hop):
            mean, _ = self.vae.encode(x[..., left * hop : right * hop])
            parts.append(mean[0, :, begin - left : end - left])
        return self.standardise(torch.cat(parts, dim=-1))

    @torch.inference_mode()
    def decode_sound(self, latents: Tensor) -> np.ndarray:
        """Decode latents (latent, frames) to float32 (channels, frames · hop)."""
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

    def standardise(self, z: Tensor) -> Tensor:
        """Standardise the VAE's latents (…, latent, frames) to mean 0 and variance 1."""
        return (z - self.latent_mean[:, None]) / self.latent_std[:, None]

    def destandardise(self, z: Tensor) -> Tensor:
        """Undo `standardise`."""
        return z * self.latent_std[:, None] + self.latent_mean[:, None]
