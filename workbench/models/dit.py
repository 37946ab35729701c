"""A diffusion transformer on sequences of latent frames (Peebles & Xie 2022, arXiv 2212.09748).

Every block reads step and condition through adaLN-Zero: scales, shifts and gates computed from
them, the gates zero at first, so that the network begins as the identity. The feed-forward part is
a pair of convolutions, as in LDMG: neighbouring frames of sound belong together. Positions are told
by rotation (RoFormer), so that a piece may be longer than those of training. Text is heard by
cross-attention, a genre through the same vector as the step; each may be left unsaid.
Notebook: `notebooks/07_audio_diffusion.ipynb`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.conditioning import Conditioning
from workbench.models.denoisers import sinusoids
from workbench.models.gpt import Rope, angles, head_size, rotate


@dataclass(frozen=True)
class DiTConfig:
    """latent: numbers a frame; genres: how many there are, 0 for none; text: numbers of a text
    token, 0 for a network that hears no text; kernel: of the convolutions, in frames."""

    latent: int
    width: int = 192
    depth: int = 8
    heads: int = 8
    kernel: int = 7
    genres: int = 0
    text: int = 0


@dataclass(frozen=True, eq=False)
class LDMGConditioning(Conditioning):
    """The conditioning of LDMG.

    Args:
        genre: Number of the genre (batch,), −1 for none.
        text: Token vectors of the text (batch, tokens, text).
        words: Which of the tokens belong to a text: bool (batch, tokens); none of them if there is
            no text.
    """

    genre: Tensor
    text: Tensor
    words: Tensor

    def dropped(self, p: float) -> Self:
        """Leave out the genre and the text of each item with probability p each."""
        rows = len(self.genre)
        off = torch.rand(2, rows, device=self.genre.device) < p
        return replace(
            self, genre=self.genre.masked_fill(off[0], -1), words=self.words & ~off[1][:, None]
        )

    def unconditional(self) -> Self:
        """Return the batch with neither text nor genre."""
        return replace(
            self, genre=torch.full_like(self.genre, -1), words=torch.zeros_like(self.words)
        )


Sound = LDMGConditioning  # the old name


class DiT(nn.Module):
    """x_t (batch, latent, frames), t (batch,), what is asked for → the prediction, as x_t."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        width, self.head_size = config.width, head_size(config.width, config.heads)
        self.inward = nn.Linear(config.latent, width)
        self.step = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.genre = nn.Embedding(config.genres + 1, width)  # the last: unsaid
        if config.text:
            self.text = nn.Linear(config.text, width)
            self.nothing = nn.Parameter(torch.randn(1, 1, width) * 0.02)  # a token always there
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.last = nn.LayerNorm(width, elementwise_affine=False)
        moves = nn.Linear(width, 2 * width)
        self.turn = nn.Sequential(nn.SiLU(), moves)
        self.outward = nn.Linear(width, config.latent)
        for layer in (moves, self.outward):  # the prediction begins at zero
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, t: Tensor, *fields: Tensor) -> Tensor:
        """fields: those of a `Sound`; none at all leaves everything unsaid."""
        asked = LDMGConditioning(*fields) if fields else None
        condition = self.step(sinusoids(t.float(), 64))  # (batch, width)
        said = x.new_full((len(x),), -1, dtype=torch.long) if asked is None else asked.genre
        condition = condition + self.genre(torch.where(said < 0, self.config.genres, said))
        text, words = self._text(len(x), asked)
        h = self.inward(x.transpose(1, 2))  # (batch, frames, width)
        cos, sin = angles(h.shape[1], self.head_size)
        rope = cos.to(h), sin.to(h)
        for block in self.blocks:
            h = block(h, condition, rope, text, words)
        shift, scale = self.turn(condition).chunk(2, dim=-1)
        h = modulate(self.last(h), shift, scale)
        return self.outward(h).transpose(1, 2)

    def _text(
        self, batch: int, asked: LDMGConditioning | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """Tokens (batch, 1 + tokens, width) and which are there; the first always is."""
        if not self.config.text:
            return None, None
        nothing = self.nothing.expand(batch, -1, -1)
        there = torch.ones(batch, 1, dtype=torch.bool, device=nothing.device)
        if asked is None:
            return nothing, there
        text = torch.cat([nothing, self.text(asked.text)], dim=1)
        return text, torch.cat([there, asked.words], dim=1)


class Block(nn.Module):
    """Attention among frames, to the text, and convolutions over time; each through its gate."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        width, self.heads = config.width, config.heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.qkv, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.cross = Cross(width, config.heads) if config.text else None
        self.feed = nn.Sequential(
            nn.Conv1d(width, 2 * width, config.kernel, padding=config.kernel // 2),
            nn.GELU(),
            nn.Conv1d(2 * width, width, config.kernel, padding=config.kernel // 2),
        )
        moves = nn.Linear(width, 6 * width)
        nn.init.zeros_(moves.weight)
        nn.init.zeros_(moves.bias)
        self.turn = nn.Sequential(nn.SiLU(), moves)

    def forward(
        self, h: Tensor, condition: Tensor, rope: Rope, text: Tensor | None, words: Tensor | None
    ) -> Tensor:
        a, b, gate, c, d, gate_feed = self.turn(condition).chunk(6, dim=-1)  # (batch, width) each
        h = h + gate[:, None] * self.attend(modulate(self.norms[0](h), a, b), rope)
        if self.cross is not None:
            h = h + self.cross(h, text, words)
        fed = self.feed(modulate(self.norms[1](h), c, d).transpose(1, 2)).transpose(1, 2)
        return h + gate_feed[:, None] * fed

    def attend(self, h: Tensor, rope: Rope) -> Tensor:
        q, k, v = (_split(x, self.heads) for x in self.qkv(h).chunk(3, dim=-1))
        mixed = F.scaled_dot_product_attention(rotate(q, rope), rotate(k, rope), v)
        return self.merge(mixed.transpose(1, 2).flatten(2))


class Cross(nn.Module):
    """Frames ask the text: zero at first, like the gates."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.norm = heads, nn.LayerNorm(width)
        self.q, self.kv = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.merge = nn.Linear(width, width)
        nn.init.zeros_(self.merge.weight)
        nn.init.zeros_(self.merge.bias)

    def forward(self, h: Tensor, text: Tensor | None, words: Tensor | None) -> Tensor:
        """h (batch, frames, width), text (batch, tokens, width), words (batch, tokens) bool."""
        assert text is not None
        assert words is not None
        k, v = (_split(x, self.heads) for x in self.kv(text).chunk(2, dim=-1))
        mixed = F.scaled_dot_product_attention(
            _split(self.q(self.norm(h)), self.heads), k, v, attn_mask=words[:, None, None]
        )
        return self.merge(mixed.transpose(1, 2).flatten(2))


def modulate(h: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """adaLN: h (batch, frames, width) scaled and shifted by what each item's condition says."""
    return h * (1 + scale[:, None]) + shift[:, None]


def _split(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)  # (batch, heads, time, size)
