"""The decoder-only transformer of MidiGPT: GPT-2 (Radford et al. 2019), in one file.

Names of weights are GPT-2's, so that they can be held against transformers' implementation. One
thing is newer: positions may be told by rotating queries and keys (RoFormer, Su et al. 2021)
instead of by learned vectors. Then attention depends on distances, and music repeats at distances:
the network finds out much sooner that it may copy. The engine that generates, with its memory of
keys and values, is in `generation.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class GPTConfig:
    """vocab: tokens; context: the longest sequence; dropout: share of activations left out, in
    the embedding and the residual branches; positions: "learned" as in GPT-2, or "rotary"."""

    vocab: int
    context: int = 768
    width: int = 256
    depth: int = 4
    heads: int = 4
    dropout: float = 0.1
    positions: Literal["learned", "rotary"] = "rotary"


Turn = tuple[Tensor, Tensor]  # cosine and sine of each position's angles: (time, size / 2) each


def head_size(width: int, heads: int) -> int:
    """Numbers of a head, which rotary positions turn in pairs. ValueError for an odd one."""
    if width % (2 * heads):
        raise ValueError(f"heads: {heads} do not share a width of {width} in pairs of numbers")
    return width // heads


def angles(context: int, size: int) -> Turn:
    """RoFormer's: position · 10000^(−2i/size) for each pair of channels (eq. 15)."""
    rate = 10_000.0 ** (-torch.arange(0, size, 2) / size)
    angle = torch.arange(context)[:, None] * rate  # (context, size / 2)
    return angle.cos(), angle.sin()


def rotate(x: Tensor, turn: Turn) -> Tensor:
    """Turn each pair of channels by its position's angle: a product of two turned vectors then
    depends only on how far apart they stand. x (batch, heads, time, size)."""
    cos, sin = turn[0].to(x.dtype), turn[1].to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


class Memory(Protocol):
    """Keys and values of the tokens before, one layer's: see `generation.KeyValueCache`."""

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add (batch, heads, time, size) and return all so far."""
        ...


class Attention(nn.Module):
    """Causal self-attention with several heads (Vaswani et al. 2017), fused."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.c_attn = nn.Linear(config.width, 3 * config.width)  # query, key and value at once
        self.c_proj = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, turn: Turn | None = None, memory: Memory | None = None) -> Tensor:
        batch, time, width = x.shape
        split = self.c_attn(x).view(batch, time, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each (batch, heads, time, size)
        if turn is not None:
            query, key = rotate(query, turn), rotate(key, turn)
        if memory is not None:
            key, value = memory.append(key, value)
        # One new token may see all before it; several at once see a triangle. No dropout in here:
        # the fused kernel has none on a CPU, and without it a training step takes twice as long.
        y = F.scaled_dot_product_attention(query, key, value, is_causal=time > 1)
        return self.c_proj(y.transpose(1, 2).reshape(batch, time, width))


class Block(nn.Module):
    """Attention, then a feed-forward network, each around a residual connection."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.attn = Attention(config)
        self.c_fc = nn.Linear(config.width, 4 * config.width)
        self.c_proj = nn.Linear(4 * config.width, config.width)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, turn: Turn | None = None, memory: Memory | None = None) -> Tensor:
        x = x + self.drop(self.attn(self.ln_1(x), turn, memory))
        hidden = F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh")
        return x + self.drop(self.c_proj(hidden))


class GPT(nn.Module):
    """Next-token prediction: ids → logits. Token embedding and output head share their weights."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab, config.width)
        if config.positions == "learned":
            self.wpe = nn.Embedding(config.context, config.width)
        cos, sin = angles(config.context, head_size(config.width, config.heads))
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.drop = nn.Dropout(config.dropout)
        self.h = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.ln_f = nn.LayerNorm(config.width)
        self.apply(self._initialise)

    def _initialise(self, module: nn.Module) -> None:
        """GPT-2's: N(0, 0.02²), and less where residual branches add up."""
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
        if isinstance(module, Attention | Block):
            nn.init.normal_(module.c_proj.weight, std=0.02 / math.sqrt(2 * self.config.depth))

    def hidden(self, ids: Tensor, memories: list | None = None, start: int = 0) -> Tensor:
        """What the last layer knows of each token: ids (batch, time) → (batch, time, width).
        memories: one a layer, when the tokens before `start` were seen in earlier calls."""
        place = torch.arange(start, start + ids.shape[1], device=ids.device)
        x, turn = self.wte(ids), None  # (batch, time, width)
        if self.config.positions == "learned":
            x = x + self.wpe(place)
        else:
            turn = (self.cos[place], self.sin[place])
        x = self.drop(x)
        for i, block in enumerate(self.h):
            x = block(x, turn, memories[i] if memories is not None else None)
        return self.ln_f(x)

    def forward(self, ids: Tensor, memories: list | None = None, start: int = 0) -> Tensor:
        """ids (batch, time) → logits (batch, time, vocab) of the token after each."""
        return F.linear(self.hidden(ids, memories, start), self.wte.weight)


def next_token_loss(logits: Tensor, ids: Tensor, pad: int) -> Tensor:
    """Mean −log p of each token given those before it, in nats; padding counts for nothing.
    logits (batch, time, vocab), ids (batch, time)."""
    target = ids[:, 1:].masked_fill(ids[:, 1:] == pad, -100)
    return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), target.flatten())
