"""Contrastive text–MIDI pre-training: two encoders with one embedding space.

CLIP (arXiv 2103.00020, figure 3) with drum loops instead of images, as in the drum paper
(arXiv 2408.02711). Notebook: `notebooks/03_contrastive_pretraining.ipynb`.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.mrlstm import centred


@dataclass(frozen=True)
class ContrastiveConfig:
    """Sizes of a `Contrastive`.

    Args:
        text_dim: Width of the frozen text encoder's vectors.
        facts: Width of the facts that a parser reads in a text, which follow its vector; 0 for
            none.
        dim: Dimension of the shared space.
        width: Width of the MIDI encoder, a transformer with one token per beat.
        depth: Its number of layers.
        heads: Its attention heads per layer.
        steps_per_beat: Steps of a roll per beat.
        max_beats: Length of the longest loop in beats.
        dropout: Share of activations that are set to zero in training, 0 to 1.
    """

    text_dim: int = 384
    facts: int = 0
    dim: int = 64
    width: int = 96
    depth: int = 3
    heads: int = 4
    steps_per_beat: int = 4
    max_beats: int = 32
    dropout: float = 0.1


class TextInput(nn.Module):
    """Normalise a text vector and the facts after it, each by itself: (n, text_dim + facts).

    In training half of the vectors are set to zero, so that the facts, which hold for texts of any
    wording, are not ignored for what single training texts have in their vectors.
    """

    def __init__(self, text_dim: int, facts: int) -> None:
        super().__init__()
        self.widths = text_dim, facts
        self.vector, self.facts = nn.LayerNorm(text_dim), nn.LayerNorm(facts)

    def forward(self, x: Tensor) -> Tensor:
        """Return inputs of the text encoder, (n, text_dim + facts)."""
        vector, facts = x.split(self.widths, dim=-1)
        vector = self.vector(vector)
        if self.training:
            vector = vector * (torch.rand_like(vector[..., :1]) >= 0.5)
        return torch.cat([vector, self.facts(facts)], dim=-1)


class Contrastive(nn.Module):
    """A projection of text vectors and an encoder of drum rolls, with a learned temperature."""

    def __init__(self, config: ContrastiveConfig = ContrastiveConfig()) -> None:
        super().__init__()
        self.config = c = config
        self.text = nn.Sequential(
            TextInput(c.text_dim, c.facts) if c.facts else nn.LayerNorm(c.text_dim),
            nn.Linear(c.text_dim + c.facts, 2 * c.width),
            nn.GELU(),
            nn.Dropout(c.dropout),
            nn.Linear(2 * c.width, c.dim),
        )
        self.beat = nn.Linear(27 * c.steps_per_beat, c.width)
        self.pos_embed = nn.Parameter(0.02 * torch.randn(c.max_beats, c.width))
        layer = nn.TransformerEncoderLayer(
            c.width, c.heads, 2 * c.width, c.dropout, F.gelu, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, c.depth, enable_nested_tensor=False)
        self.midi = nn.Sequential(nn.LayerNorm(c.width), nn.Linear(c.width, c.dim))
        # CLIP starts at 1/0.07. The drum paper fixes exp(0.07) = 1.07; the loss of a batch of 32
        # then cannot fall below 2.42, however good the embeddings are.
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    @property
    def scale(self) -> Tensor:
        """The inverse of the temperature, at most 100 (CLIP, section 2.5)."""
        return self.log_scale.clamp(max=math.log(100)).exp()

    def embed_text(self, vectors: Tensor) -> Tensor:
        """Text vectors (n, text_dim + facts) → embeddings (n, dim) of unit length."""
        return F.normalize(self.text(vectors), dim=-1)

    def embed_roll(self, roll: Tensor) -> Tensor:
        """Rolls (n, steps, 27) of up to `max_beats` beats → embeddings (n, dim) of unit length."""
        beats = centred(roll).reshape(len(roll), -1, 27 * self.config.steps_per_beat)
        h = self.beat(beats) + self.pos_embed[: beats.shape[1]]  # (n, beats, width)
        return F.normalize(self.midi(self.layers(h).mean(1)), dim=-1)

    def loss(self, roll: Tensor, vectors: Tensor) -> dict[str, Tensor]:
        """InfoNCE of rolls (n, steps, 27) and the text vectors (n, text_dim + facts) of their
        descriptions."""
        return {
            "contrastive": info_nce(self.embed_roll(roll), self.embed_text(vectors), self.scale)
        }


def info_nce(a: Tensor, b: Tensor, scale: Tensor | float) -> Tensor:
    """Return the symmetric InfoNCE loss in nats: row i of `a` belongs to row i of `b`.

    a, b: (n, dim), of unit length. scale: the inverse of the temperature. At chance the loss is
    log n.

    Source: CLIP, arXiv 2103.00020, figure 3.
    """
    logits = scale * a @ b.T  # (n, n): cosine of every pair
    own = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
