"""Contrastive text–audio pre-training: captions and sounds that meet in one space.

CLAP (arXiv 2211.06687) at a size of our own: a convolutional network reads log mel spectrograms, a
projection reads the vectors of a frozen BERT. MusicLDM takes its condition from either tower.
Notebook: `notebooks/07_audio_diffusion.ipynb`.
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
    """text_dim: of the frozen text encoder; dim: of the shared space; channels: of the sound
    tower's first layer."""

    text_dim: int = 384
    dim: int = 128
    channels: int = 24


class TextAudio(nn.Module):
    """Two towers and a learned temperature."""

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
        """(n, text_dim) → (n, dim), unit length."""
        return F.normalize(self.text(vectors), dim=-1)

    def embed_mel(self, mel: Tensor) -> Tensor:
        """(n, frames, bands) → (n, dim), unit length; any number of frames."""
        return F.normalize(self.sound(mel), dim=-1)

    def loss(self, mel: Tensor, vectors: Tensor) -> Tensor:
        """Symmetric InfoNCE over the batch."""
        scale = self.log_scale.clamp(max=math.log(100)).exp()
        return info_nce(self.embed_mel(mel), self.embed_text(vectors), scale)
