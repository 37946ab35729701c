"""What a DrumLDM is made of: its configuration and its networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.models.contrastive import Contrastive
from workbench.models.denoisers import MLPDenoiser, TransformerDenoiser
from workbench.models.mrlstm import DrumAutoencoder, PaperAutoencoder
from workbench.systems.drum_ldm.config import DrumLDMConfig


class DrumNetworks(nn.Module):
    """Everything of a DrumLDM that has weights; what a checkpoint holds."""

    latent_mean: Tensor
    latent_std: Tensor
    tempo_weights: Tensor

    def __init__(self, config: DrumLDMConfig) -> None:
        super().__init__()
        self.config = config
        features = config.contrastive.text_dim + config.contrastive.dim
        # The autoencoder comes first, so that a seed gives it the same start whatever the text.
        self.autoencoder: DrumAutoencoder | PaperAutoencoder
        self.denoiser: TransformerDenoiser | MLPDenoiser
        if config.paper:
            size = 128
            self.autoencoder = PaperAutoencoder(size, steps=16 * config.bars)
            self.denoiser = MLPDenoiser(size, features)
        else:
            size = config.autoencoder.latent
            self.autoencoder = DrumAutoencoder(config.autoencoder)
            self.denoiser = TransformerDenoiser(
                size, features, config.width, config.depth, config.heads, config.bars
            )
        self.contrastive = Contrastive(config.contrastive)
        self.register_buffer("latent_mean", torch.zeros(size))
        self.register_buffer("latent_std", torch.ones(size))
        # log₂(bpm/120) of a prompt that names no tempo, from its text vector and a 1.
        self.register_buffer("tempo_weights", torch.zeros(config.contrastive.text_dim + 1))

    def text_features(self, vectors: Tensor) -> Tensor:
        """What the denoiser is told of a text: the frozen encoder's vector, at a fixed length,
        beside its place in the contrastive space. (n, text_dim) → (n, text_dim + dim)."""
        frozen = nn.functional.layer_norm(vectors, vectors.shape[-1:])
        return torch.cat([frozen, self.contrastive.embed_text(vectors)], dim=-1)

    def standard(self, latents: Tensor) -> Tensor:
        """The autoencoder's latents at mean 0 and variance 1 over the training loops."""
        return (latents - self.latent_mean) / self.latent_std

    def plain(self, latents: Tensor) -> Tensor:
        """Back from `standard`."""
        return latents * self.latent_std + self.latent_mean
