"""What a DrumLDM is made of: its configuration and its networks."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from workbench.models.contrastive import Contrastive, ContrastiveConfig
from workbench.models.denoisers import MLPDenoiser, TransformerDenoiser
from workbench.models.diffusion import Diffusion, Prediction
from workbench.models.mrlstm import AutoencoderConfig, DrumAutoencoder, PaperAutoencoder


@dataclass(frozen=True)
class DrumLDMConfig:
    """What a DrumLDM is made of.

    text: "bert", "keywords", or any BERT by name. paper: the published networks (one latent
    vector a loop, MLP denoiser) in place of ours. width, depth, heads: the denoiser's transformer.
    bars: longest loop. vocabulary: words of the captions it was trained on.
    """

    text: str = "bert"
    paper: bool = False
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    contrastive: ContrastiveConfig = field(default_factory=ContrastiveConfig)
    width: int = 192
    depth: int = 5
    heads: int = 4
    bars: int = 8
    schedule: str = "cosine-zero-snr"
    prediction: Prediction = "v"
    vocabulary: tuple[str, ...] = ()

    def diffusion(self) -> Diffusion:
        """The noise schedule, and what the denoiser predicts."""
        return Diffusion(self.schedule, prediction=self.prediction)


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
