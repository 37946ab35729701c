"""The decoder-only transformer of MidiGPT: GPT-2 (Radford et al. 2019), in one file.

Weights have GPT-2's names, so that they can be compared with the implementation in transformers.
One part is newer: positions may be encoded by rotating queries and keys (RoFormer, Su et al. 2021,
arXiv 2104.09864) instead of by learned vectors. Attention then depends on distances. Because music
repeats at fixed distances, the network learns to copy much sooner. Beside the tokens, a network may
read the hints of `representations/hints.py`: which token followed when the song went this way
before, and the time in the song. Generation with a cache of keys and values is in `generation.py`.
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
    """Configuration of a GPT.

    Args:
        vocab: Number of tokens.
        context: Length of the longest sequence.
        width: Width of the residual stream.
        depth: Number of layers.
        heads: Number of attention heads.
        dropout: Dropout rate in the embedding and the residual branches.
        positions: "learned" as in GPT-2, or "rotary".
        echoes: Largest reach of the echoes in the hints, 0 if the network reads none.
        clock: Whether the second half of the heads rotates by the time in the hints, in twelfths of
            a beat, instead of by the number of tokens. Only with rotary positions.
    """

    vocab: int
    context: int = 768
    width: int = 256
    depth: int = 4
    heads: int = 4
    dropout: float = 0.1
    positions: Literal["learned", "rotary"] = "rotary"
    echoes: int = 0
    clock: bool = False

    @property
    def hints(self) -> bool:
        """Whether the network needs hints."""
        return bool(self.echoes) or self.clock


# cosine and sine of the angles: (time, size / 2) or (batch, heads, time, size / 2) each
Rope = tuple[Tensor, Tensor]
SHORTEST_PERIOD = 6  # of the clock's angles: an eighth note in twelfths of a beat


def head_size(width: int, heads: int) -> int:
    """Return the width of a head; rotary positions rotate it in pairs, so it must be even."""
    if width % (2 * heads):
        raise ValueError(f"width must be a multiple of 2 · heads = {2 * heads}, got {width}")
    return width // heads


def angles(context: int, size: int, base: float = 10_000.0) -> Rope:
    """Return cosine and sine of position · base^(−2i/size) for each pair i of channels, (context,
    size / 2) each.

    Source: RoFormer, arXiv 2104.09864, eq. 15.
    """
    rate = base ** (-torch.arange(0, size, 2) / size)
    angle = torch.arange(context)[:, None] * rate  # (context, size / 2)
    return angle.cos(), angle.sin()


def rotate(x: Tensor, rope: Rope) -> Tensor:
    """Rotate each pair of channels of x (batch, heads, time, size) by the angle of its position.
    The product of two rotated vectors depends only on their distance.

    Source: RoFormer, arXiv 2104.09864, eq. 34.
    """
    cos, sin = rope[0].to(x.dtype), rope[1].to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def causal(time: int, past: int, device: torch.device) -> Tensor:
    """Return which tokens each of `time` new ones attends to, of `past` before them and of
    themselves: (time, past + time) bool."""
    return torch.ones(time, past + time, dtype=torch.bool, device=device).tril(past)


class KVCache(Protocol):
    """Keys and values of earlier tokens in one layer, see `generation.KeyValueCache`."""

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values (batch, heads, time, size) and return all so far."""
        ...


class Attention(nn.Module):
    """Causal self-attention with several heads, in one fused kernel.

    Source: Vaswani et al. 2017, arXiv 1706.03762, section 3.2.2.
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.c_attn = nn.Linear(config.width, 3 * config.width)  # query, key and value at once
        self.c_proj = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, rope: Rope | None = None, cache: KVCache | None = None) -> Tensor:
        """x (batch, time, width) → the same shape. cache: keys and values of earlier tokens."""
        batch, time, width = x.shape
        split = self.c_attn(x).view(batch, time, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each (batch, heads, time, size)
        if rope is not None:
            query, key = rotate(query, rope), rotate(key, rope)
        if cache is not None:
            key, value = cache.append(key, value)
        # One new token attends to all before it; several at once need a causal mask. There is no
        # dropout here, because the fused kernel does not support it on a CPU, and a training step
        # without that kernel takes twice as long.
        past = key.shape[2] - time
        mask = causal(time, past, x.device) if past and time > 1 else None
        y = F.scaled_dot_product_attention(  # as query
            query, key, value, attn_mask=mask, is_causal=time > 1 and mask is None
        )
        return self.c_proj(y.transpose(1, 2).reshape(batch, time, width))


class Block(nn.Module):
    """Attention, then a feed-forward network, each with a residual connection; (batch, time, width)
    → the same."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.attn = Attention(config)
        self.c_fc = nn.Linear(config.width, 4 * config.width)
        self.c_proj = nn.Linear(4 * config.width, config.width)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, rope: Rope | None = None, cache: KVCache | None = None) -> Tensor:
        x = x + self.drop(self.attn(self.ln_1(x), rope, cache))
        hidden = F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh")  # (batch, time, 4 · width)
        return x + self.drop(self.c_proj(hidden))


class GPT(nn.Module):
    """Next-token prediction: ids → logits. Token embedding and output head share their weights.

    Source: Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.3.
    """

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
        if config.echoes:
            self.echo = nn.Embedding(config.vocab, config.width)
            self.reach = nn.Embedding(config.echoes + 1, config.width)
        self.drop = nn.Dropout(config.dropout)
        self.h = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.ln_f = nn.LayerNorm(config.width)
        self.apply(self._initialise)

    def _initialise(self, module: nn.Module) -> None:
        """Initialise as GPT-2: N(0, 0.02²), and less where residual branches add up."""
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
        if isinstance(module, Attention | Block):
            nn.init.normal_(module.c_proj.weight, std=0.02 / math.sqrt(2 * self.config.depth))

    def hidden(
        self, ids: Tensor, caches: list | None = None, start: int = 0, hints: Tensor | None = None
    ) -> Tensor:
        """Return the last layer's hidden states: ids (batch, time) → (batch, time, width). caches:
        one per layer, if the tokens before `start` were processed in earlier calls. hints: (batch,
        time, 3), if the network reads them."""
        x, rope = self.embedded(ids, start, hints)
        x = self.drop(x)
        for i, block in enumerate(self.h):
            x = block(x, rope, caches[i] if caches is not None else None)
        return self.ln_f(x)

    def embedded(self, ids: Tensor, start: int, hints: Tensor | None) -> tuple[Tensor, Rope | None]:
        """Return the input of the first layer (batch, time, width), and the angles of all."""
        if self.config.hints and hints is None:
            raise ValueError("hints: this network reads them beside the tokens; see Hints.of")
        position = torch.arange(start, start + ids.shape[1], device=ids.device)
        x = self.wte(ids)
        if self.config.echoes and hints is not None:
            x = x + self._echoed(hints)
        if self.config.positions == "learned":
            return x + self.wpe(position), None
        rope = (self.cos[position], self.sin[position])
        if self.config.clock and hints is not None:
            rope = self._clocked(rope, hints[..., 2])
        return x, rope

    def _echoed(self, hints: Tensor) -> Tensor:
        """Return the embedding of each echo and its reach: (batch, time, width)."""
        echo, reach = hints[..., 0], hints[..., 1]
        return self.reach(reach) + self.echo(echo) * (reach > 0)[..., None]

    def _clocked(self, rope: Rope, time: Tensor) -> Rope:
        """Return the angles for each head: by position for the first half of the heads, by the time
        (batch, time) for the others: (batch, heads, time, size / 2) each."""
        heads, pairs = self.config.heads, self.cos.shape[1]
        # periods from an eighth note to a hundred bars and more
        period = SHORTEST_PERIOD * 4000.0 ** (torch.arange(pairs, device=time.device) / pairs)
        angle = 2 * math.pi * time[:, None, :, None] / period  # (batch, 1, time, pairs)
        by_place, by_time = heads - heads // 2, heads // 2
        return tuple(  # type: ignore[return-value]
            torch.cat(
                [
                    place[None, None].expand(len(time), by_place, -1, -1),
                    moment.expand(len(time), by_time, -1, -1),
                ],
                dim=1,
            )
            for place, moment in zip(rope, (angle.cos(), angle.sin()), strict=True)
        )

    def forward(
        self, ids: Tensor, caches: list | None = None, start: int = 0, hints: Tensor | None = None
    ) -> Tensor:
        """ids (batch, time) → logits (batch, time, vocab) of the token after each."""
        return F.linear(self.hidden(ids, caches, start, hints), self.wte.weight)


def next_token_loss(logits: Tensor, ids: Tensor, pad: int) -> Tensor:
    """Return the mean of −log p of each token given those before it, in nats; padding is ignored.
    logits (batch, time, vocab), ids (batch, time)."""
    target = ids[:, 1:].masked_fill(ids[:, 1:] == pad, -100)
    return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), target.flatten())
