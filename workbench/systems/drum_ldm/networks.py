"""The networks of a DrumLDM."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.models.chart_denoiser import ChartDenoiser
from workbench.models.contrastive import Contrastive
from workbench.models.denoisers import MLPDenoiser, TransformerDenoiser
from workbench.models.mrlstm import DrumAutoencoder, PaperAutoencoder
from workbench.systems.drum_ldm.config import DrumLDMConfig
from workbench.systems.drum_ldm.forms import bank_of


class DrumNetworks(nn.Module):
    """All modules of a DrumLDM that have weights: the content of a checkpoint."""

    latent_mean: Tensor
    latent_std: Tensor
    tempo_weights: Tensor
    forms: Tensor

    def __init__(self, config: DrumLDMConfig) -> None:
        super().__init__()
        self.config = config
        features = config.contrastive.text_dim + config.contrastive.dim
        # The autoencoder comes first, so that its initial weights do not depend on the text
        # encoder.
        self.autoencoder: DrumAutoencoder | PaperAutoencoder
        self.denoiser: ChartDenoiser | TransformerDenoiser | MLPDenoiser
        if config.paper:
            latent = 128
            self.autoencoder = PaperAutoencoder(latent, steps=16 * config.bars)
            self.denoiser = MLPDenoiser(latent, features)
        else:
            latent = config.autoencoder.latent
            self.autoencoder = DrumAutoencoder(config.autoencoder)
            self.denoiser = (
                ChartDenoiser(latent, features, config.width, config.depth, config.heads)
                if config.chart
                else TransformerDenoiser(
                    latent, features, config.width, config.depth, config.heads, config.bars
                )
            )
        self.contrastive = Contrastive(config.contrastive)
        self.register_buffer("latent_mean", torch.zeros(latent))
        self.register_buffer("latent_std", torch.ones(latent))
        # Weights that predict log₂(bpm/120) from a text vector and a 1, for prompts without a
        # tempo.
        self.register_buffer("tempo_weights", torch.zeros(config.contrastive.text_dim + 1))
        if config.chart:  # forms of the training loops, one of which each take follows
            self.register_buffer("forms", bank_of([]))

    def text_features(self, vectors: Tensor) -> Tensor:
        """Return the text conditioning of the denoiser, (n, text_dim + facts) → (n, text_dim +
        dim): the frozen encoder's vector at a fixed length, and the contrastive embedding."""
        own = vectors[..., : self.config.contrastive.text_dim]
        frozen = nn.functional.layer_norm(own, own.shape[-1:])
        return torch.cat([frozen, self.contrastive.embed_text(vectors)], dim=-1)

    def standardise(self, latents: Tensor) -> Tensor:
        """Standardise the autoencoder's latents to mean 0 and variance 1 over the training
        loops."""
        return (latents - self.latent_mean) / self.latent_std

    def destandardise(self, latents: Tensor) -> Tensor:
        """Undo `standardise`."""
        return latents * self.latent_std + self.latent_mean
