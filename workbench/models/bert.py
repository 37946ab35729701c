"""BERT's and ELECTRA's transformer, on vectors instead of words.

    vectors + positions → layer norm → layers of self-attention and feed-forward → vectors

The network and the names of its parameters are those of BertModel and ElectraModel in transformers.

Source: Devlin et al. 2018, arXiv 1810.04805; Clark et al. 2020, arXiv 2003.10555.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-12  # of the layer norms


class Embeddings(nn.Module):
    """Vectors (batch, time, width) plus an embedding of each position."""

    def __init__(self, width: int, length: int, dropout: float) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(1, width)  # not used: the inputs are vectors
        self.position_embeddings = nn.Embedding(length, width)
        self.token_type_embeddings = nn.Embedding(1, width)  # of the only segment
        self.LayerNorm = nn.LayerNorm(width, EPS)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.token_type_embeddings.weight[0]
        x = x + self.position_embeddings.weight[: x.shape[1]]
        return self.dropout(self.LayerNorm(x))


class SelfAttention(nn.Module):
    """Attention of all positions to those that the mask allows."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        return F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2)


class Output(nn.Module):
    """A linear layer with dropout, a shortcut and a layer norm."""

    def __init__(self, inner: int, width: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, width)
        self.LayerNorm = nn.LayerNorm(width, EPS)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor, x: Tensor) -> Tensor:
        return self.LayerNorm(self.dropout(self.dense(h)) + x)


class Layer(nn.Module):
    """Self-attention, then two layers that are four times as wide inside."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.ModuleDict(
            {"self": SelfAttention(width, heads), "output": Output(width, width, dropout)}
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, 4 * width)})
        self.output = Output(4 * width, width, dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        x = self.attention["output"](self.attention["self"](x, mask), x)
        return self.output(F.gelu(self.intermediate["dense"](x)), x)


class Layers(nn.Module):
    """All layers, one after the other."""

    def __init__(self, width: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(width, heads, dropout) for _ in range(depth))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        for layer in self.layer:
            x = layer(x, mask)
        return x


class Transformer(nn.Module):
    """Forward: vectors (batch, time, inputs), and a mask (batch, time), true where a position may
    be attended to → (batch, time, width).

    Args:
        width: Width of the layers.
        depth: Number of layers.
        heads: Attention heads per layer.
        length: Positions, at most.
        dropout: Dropout rate.
        inputs: Width of the inputs, if it is another, as in ELECTRA.
    """

    def __init__(
        self,
        width: int,
        depth: int,
        heads: int,
        length: int,
        dropout: float,
        inputs: int | None = None,
    ) -> None:
        super().__init__()
        self.width = width
        self.embeddings = Embeddings(inputs or width, length, dropout)
        if inputs is not None:
            self.embeddings_project = nn.Linear(inputs, width)
        self.encoder = Layers(width, depth, heads, dropout)
        self.apply(_initialise)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = self.embeddings(x)
        if hasattr(self, "embeddings_project"):
            x = self.embeddings_project(x)
        allowed = None if mask is None else mask.bool()[:, None, None, :]
        return self.encoder(x, allowed)


@torch.no_grad()
def _initialise(module: nn.Module) -> None:
    """Weights of BERT: normal with a standard deviation of 0.02."""
    if isinstance(module, nn.Linear | nn.Embedding):
        module.weight.normal_(std=0.02)
    if isinstance(module, nn.Linear):
        module.bias.zero_()
