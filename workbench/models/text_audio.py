"""Contrastive text–audio pre-training: captions and sounds in one embedding space.

A small CLAP (arXiv 2211.06687): a convolutional network encodes log mel spectrograms, and a
projection encodes the vectors of a frozen BERT. MusicLDM is conditioned on either embedding.
Notebook: `notebooks/08_musicldm.ipynb`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.contrastive import info_nce
from workbench.models.mel_encoder import MelEncoder


@dataclass(frozen=True)
class TextAudioConfig:
    """Sizes of a `TextAudio`.

    Args:
        text_dim: Width of the frozen text encoder's vectors.
        dim: Dimension of the shared space.
        channels: Channels of the audio encoder's first layer.
    """

    text_dim: int = 384
    dim: int = 128
    channels: int = 24


class TextAudio(nn.Module):
    """A text encoder and an audio encoder with a learned temperature.

    Source: CLAP, arXiv 2211.06687; the temperature is CLIP's (arXiv 2103.00020, section 2.5).
    """

    def __init__(self, config: TextAudioConfig = TextAudioConfig()) -> None:
        super().__init__()
        self.config = c = config
        self.text = nn.Sequential(
            nn.LayerNorm(c.text_dim),
            nn.Linear(c.text_dim, 256),
            nn.GELU(),
            nn.Dropout(0.1),
            nn.Linear(256, c.dim),
        )
        self.sound = MelEncoder(c.dim, c.channels)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def embed_text(self, vectors: Tensor) -> Tensor:
        """Text vectors (n, text_dim) → embeddings (n, dim) of unit length."""
        return F.normalize(self.text(vectors), dim=-1)

    def embed_mel(self, mel: Tensor) -> Tensor:
        """Log mel (n, frames, bands) of any length → embeddings (n, dim) of unit length."""
        return F.normalize(self.sound(mel), dim=-1)

    def loss(self, mel: Tensor, vectors: Tensor) -> Tensor:
        """InfoNCE of log mel (n, frames, bands) and vectors of its captions (n, text_dim)."""
        scale = self.log_scale.clamp(max=math.log(100)).exp()
        return info_nce(self.embed_mel(mel), self.embed_text(vectors), scale)
