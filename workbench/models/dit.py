"""A diffusion transformer on sequences of latent frames (Peebles & Xie 2022, arXiv 2212.09748).

Each block is conditioned through adaLN-Zero: an MLP computes shifts, scales and gates from the step
and the genre. The gates are zero at first, so each block begins as the identity. Three parts differ
from the paper. The feed-forward part consists of convolutions, as in LDMG, because neighbouring
frames of sound belong together. Positions are rotary (RoFormer), so a piece may be longer than
those of training. A text is read by cross-attention (PixArt-α, arXiv 2310.00426, section 2.3).
The beat at each frame is added to the frame's embedding, from a layer that is zero at first.
Genre, text and beat may each be missing. MusicLDM's text–audio embedding joins step and genre, like
DiT's class. Notebooks: `notebooks/07_audio_diffusion.ipynb`, `notebooks/08_musicldm.ipynb`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.conditioning import Conditioning
from workbench.models.denoisers import sinusoids
from workbench.models.gpt import Rope, angles, head_size, rotate


@dataclass(frozen=True)
class DiTConfig:
    """Sizes of a `DiT`.

    Args:
        latent: Numbers per latent frame.
        width: Width of the residual stream.
        depth: Number of blocks.
        heads: Attention heads per block.
        kernel: Width of the convolutions in frames, an odd number.
        genres: Number of genres; 0 for none.
        text: Numbers per text token; 0 for a network without text.
        beat: Channels that describe the beat at each frame; 0 for a network that does not know
            beats.
        qk_norm: Whether queries and keys are normalised (arXiv 2302.05442, section 2). Without it,
            attention to the text can saturate early in training, and the text is then ignored.
        vector: Numbers of a vector that describes the whole sound instead of a genre; 0 for a
            network without one.
        pooled: Whether the mean of the text's tokens joins step and genre, as in SDXL (arXiv
            2307.01952, section 2.2). What holds for the whole sound is learned faster so.
    """

    latent: int
    width: int = 192
    depth: int = 8
    heads: int = 8
    kernel: int = 7
    genres: int = 0
    text: int = 0
    beat: int = 0
    vector: int = 0
    qk_norm: bool = False
    pooled: bool = False


@dataclass(frozen=True, eq=False)
class LDMGConditioning(Conditioning):
    """The conditioning of LDMG.

    Args:
        genre: Number of the genre (batch,), −1 for none.
        text: Token vectors of the text (batch, tokens, text).
        text_mask: Which of the tokens belong to a text: bool (batch, tokens); none of them if there
            is no text.
        beat: The beat at each frame (batch, beat, frames), zeros where it is unknown; by default
            unknown throughout (batch, 0, 0).
    """

    timed: ClassVar = (3,)

    genre: Tensor
    text: Tensor
    text_mask: Tensor
    beat: Tensor = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.beat is None:
            object.__setattr__(self, "beat", self.text.new_zeros(len(self.genre), 0, 0))

    def dropped(self, p: float) -> Self:
        """Leave out the text and the beat of each item with probability p each. The genre is left
        out with probability 4 p, so that a text is followed without it."""
        rows, device = len(self.genre), self.genre.device
        off = torch.rand(3, rows, device=device) < torch.tensor([[4 * p], [p], [p]], device=device)
        return replace(
            self,
            genre=self.genre.masked_fill(off[0], -1),
            text_mask=self.text_mask & ~off[1][:, None],
            beat=self.beat.masked_fill(off[2][:, None, None], 0.0),
        )

    def unconditional(self) -> Self:
        """Return the batch with neither text nor genre. The beat stays: guidance strengthens words
        only."""
        return replace(
            self, genre=torch.full_like(self.genre, -1), text_mask=torch.zeros_like(self.text_mask)
        )


class DiT(nn.Module):
    """Predict the noise or the velocity of noisy latents.

    Forward: x_t (batch, latent, frames), t (batch,) and the fields of a `LDMGConditioning` → the
    prediction, of the shape of x_t. Without fields, all items are unconditional.
    """

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        width, self.head_size = config.width, head_size(config.width, config.heads)
        self.x_embedder = nn.Linear(config.latent, width)
        self.t_embedder = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        if not config.vector:
            self.y_embedder = nn.Embedding(config.genres + 1, width)  # the last row: no genre
        if config.text:
            self.text_embedder = nn.Linear(config.text, width)
            # A token that is always there: attention needs at least one.
            self.null_text = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        if config.pooled:
            self.pooled_embedder = nn.Linear(config.text, width, bias=False)
            nn.init.zeros_(self.pooled_embedder.weight)
        if config.vector:
            self.vector_embedder = nn.Linear(config.vector, width)
        if config.beat:
            self.beat_embedder = nn.Linear(config.beat, width, bias=False)
            nn.init.zeros_(self.beat_embedder.weight)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.final_layer = FinalLayer(width, config.latent)

    def forward(self, x: Tensor, t: Tensor, *fields: Tensor) -> Tensor:
        conditioning = LDMGConditioning(*fields) if fields else None
        if conditioning is None:
            genre = torch.full((len(x),), -1, dtype=torch.long, device=x.device)
        else:
            genre = conditioning.genre
        genre = torch.where(genre < 0, self.config.genres, genre)
        c = self.t_embedder(sinusoids(t.float(), 64)) + self.y_embedder(genre)  # (batch, width)
        if self.config.pooled and conditioning is not None:
            shown = conditioning.text_mask[..., None].to(conditioning.text)
            mean = (conditioning.text * shown).sum(1) / shown.sum(1).clamp(min=1)
            c = c + self.pooled_embedder(mean)
        beat = None if conditioning is None else conditioning.beat
        return self.denoise(x, c, beat, *self._text(len(x), conditioning))

    def denoise(
        self,
        x: Tensor,
        c: Tensor,
        beat: Tensor | None = None,
        text: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Apply all blocks: x_t (batch, latent, frames), the embedding c (batch, width) of step and
        conditioning, beat (batch, beat, frames), text (batch, tokens, width) and its mask (batch,
        tokens) → the prediction, of the shape of x_t."""
        h = self.x_embedder(x.transpose(1, 2))  # (batch, frames, width)
        if self.config.beat and beat is not None and beat.numel():
            h = h + self.beat_embedder(beat.transpose(1, 2))
        cos, sin = angles(h.shape[1], self.head_size)
        rope = cos.to(h), sin.to(h)
        for block in self.blocks:
            h = block(h, c, rope, text, mask)
        return self.final_layer(h, c).transpose(1, 2)  # (batch, latent, frames)

    def _text(
        self, batch: int, conditioning: LDMGConditioning | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return text tokens (batch, 1 + tokens, width) and their mask. The first token is
        `null_text`, which is never masked."""
        if not self.config.text:
            return None, None
        null = self.null_text.expand(batch, -1, -1)
        visible = torch.ones(batch, 1, dtype=torch.bool, device=null.device)
        if conditioning is None:
            return null, visible
        text = torch.cat([null, self.text_embedder(conditioning.text)], dim=1)
        return text, torch.cat([visible, conditioning.text_mask], dim=1)


class Block(nn.Module):
    """Self-attention among frames, cross-attention to the text, and convolutions over time.

    Source: DiT, figure 3 and section 3.2 (adaLN-Zero block); the cross-attention is PixArt-α's.
    """

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        width, self.heads = config.width, config.heads
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(width, elementwise_affine=False)
        self.qkv, self.out_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.scaled = unit_size if config.qk_norm else nn.Identity()
        self.cross_attn = (
            CrossAttention(width, config.heads, config.qk_norm) if config.text else None
        )
        self.mlp = nn.Sequential(
            nn.Conv1d(width, 2 * width, config.kernel, padding=config.kernel // 2),
            nn.GELU(),
            nn.Conv1d(2 * width, width, config.kernel, padding=config.kernel // 2),
        )
        self.adaLN_modulation = zero_modulation(width, 6)

    def forward(
        self, h: Tensor, c: Tensor, rope: Rope, text: Tensor | None, mask: Tensor | None
    ) -> Tensor:
        """h (batch, frames, width), conditioning c (batch, width), text (batch, tokens, width),
        mask (batch, tokens) → (batch, frames, width)."""
        # (batch, width) each
        shift_msa, scale_msa, gate_msa, shift_mlp, scale_mlp, gate_mlp = self.adaLN_modulation(
            c
        ).chunk(6, dim=-1)
        h = h + gate_msa[:, None] * self.attend(modulate(self.norm1(h), shift_msa, scale_msa), rope)
        if self.cross_attn is not None:
            h = h + self.cross_attn(h, text, mask)
        x = modulate(self.norm2(h), shift_mlp, scale_mlp).transpose(1, 2)  # (batch, width, frames)
        return h + gate_mlp[:, None] * self.mlp(x).transpose(1, 2)

    def attend(self, h: Tensor, rope: Rope) -> Tensor:
        """Self-attention with rotary positions: (batch, frames, width) → the same."""
        q, k, v = (_split(x, self.heads) for x in self.qkv(h).chunk(3, dim=-1))
        q, k = self.scaled(q), self.scaled(k)
        y = F.scaled_dot_product_attention(rotate(q, rope), rotate(k, rope), v)
        return self.out_proj(y.transpose(1, 2).flatten(2))


class CrossAttention(nn.Module):
    """Attention from frames to the text. Its output is zero at first, like that of a gate."""

    def __init__(self, width: int, heads: int, qk_norm: bool = False) -> None:
        super().__init__()
        self.heads, self.norm = heads, nn.LayerNorm(width)
        self.scaled = unit_size if qk_norm else nn.Identity()
        self.q, self.kv = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out_proj = nn.Linear(width, width)
        nn.init.zeros_(self.out_proj.weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, h: Tensor, text: Tensor | None, mask: Tensor | None) -> Tensor:
        """h (batch, frames, width), text (batch, tokens, width), mask (batch, tokens) bool →
        (batch, frames, width)."""
        assert text is not None
        assert mask is not None
        k, v = (_split(x, self.heads) for x in self.kv(text).chunk(2, dim=-1))
        q = self.scaled(_split(self.q(self.norm(h)), self.heads))
        y = F.scaled_dot_product_attention(
            q, self.scaled(k), v, attn_mask=mask[:, None, None]
        )  # (batch, heads, frames, size)
        return self.out_proj(y.transpose(1, 2).flatten(2))


class FinalLayer(nn.Module):
    """adaLN and a linear layer, both zero at first, so that the first prediction is zero."""

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.norm_final = nn.LayerNorm(width, elementwise_affine=False)
        self.adaLN_modulation = zero_modulation(width, 2)
        self.linear = nn.Linear(width, latent)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        """h (batch, frames, width), c (batch, width) → (batch, frames, latent)."""
        shift, scale = self.adaLN_modulation(c).chunk(2, dim=-1)
        return self.linear(modulate(self.norm_final(h), shift, scale))


def zero_modulation(width: int, parts: int) -> nn.Sequential:
    """Return the layer that computes `parts` vectors of modulation; all are zero at first."""
    linear = nn.Linear(width, parts * width)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(nn.SiLU(), linear)


def modulate(h: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Scale and shift h (batch, frames, width) by vectors (batch, width) of each item's
    conditioning: h · (1 + scale) + shift (DiT, section 3.2)."""
    return h * (1 + scale[:, None]) + shift[:, None]


def unit_size(x: Tensor) -> Tensor:
    """Return vectors (…, size) with a root mean square of 1."""
    return F.rms_norm(x, x.shape[-1:])


def _split(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)  # (batch, heads, time, size)
