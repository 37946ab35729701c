"""MusicLDM's U-Net: residual blocks and self-attention, conditioned on one vector (FiLM).

    x_t → down, ÷ 2 per level ─→ middle ─→ up, × 2 per level → prediction
              └───── skip connections ──────↗

The embedding of the step, concatenated with a projection of the conditioning vector, shifts the
channels in each residual block. The network and the names of its parameters are those of
UNet2DConditionModel in diffusers without text tokens, so that published weights fit.

Source: Ronneberger et al. 2015, arXiv 1505.04597; Rombach et al. 2022, arXiv 2112.10752; Perez et
al. 2018 (FiLM), arXiv 1709.07871; MusicLDM, arXiv 2308.01546, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.denoisers import sinusoid
from workbench.models.kl_vae import Attention, Downsample, ResBlock, Upsample

HEADS = 8


class GEGLU(nn.Module):
    """Gated GELU. Source: Shazeer 2020, arXiv 2002.05202."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        h, gate = self.proj(x).chunk(2, dim=-1)
        return h * F.gelu(gate)


class FeedForward(nn.Module):
    """Two layers, four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            GEGLU(width, 4 * width), nn.Identity(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class TransformerBlock(nn.Module):
    """Two self-attentions and a feed-forward layer on tokens (batch, time, width). In networks with
    text the second attention reads the text."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.attn1, self.attn2 = Attention(width, HEADS), Attention(width, HEADS)
        self.ff = FeedForward(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x))
        return x + self.ff(self.norm3(x))


class Transformer(nn.Module):
    """A transformer block on the pixels of x (batch, channels, height, width), with a shortcut."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, 1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(channels)])
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.proj_in(self.norm(x)).permute(0, 2, 3, 1)  # (batch, height, width, channels)
        mixed = self.transformer_blocks[0](tokens.flatten(1, 2)).reshape(tokens.shape)
        return x + self.proj_out(mixed.permute(0, 3, 1, 2))


class Level(nn.Module):
    """Residual blocks of one level, each with a transformer after it or not, and an up- or
    downsampling if there is one."""

    def __init__(
        self,
        sizes: Sequence[tuple[int, int]],
        embed: int,
        groups: int,
        attention: bool,
        name: str = "",
        resampler: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.attentions = nn.ModuleList(
            Transformer(after, groups) for _, after in sizes if attention
        )
        self.resnets = nn.ModuleList(
            ResBlock(before, after, groups, embed=embed, eps=1e-5) for before, after in sizes
        )
        if resampler is not None:
            setattr(self, name, nn.ModuleList([resampler]))

    def block(self, number: int, x: Tensor, embedding: Tensor) -> Tensor:
        """Apply one residual block and its transformer."""
        x = self.resnets[number](x, embedding)
        return self.attentions[number](x) if len(self.attentions) else x


class Middle(nn.Module):
    """Residual block, transformer, residual block."""

    def __init__(self, channels: int, embed: int, groups: int) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([Transformer(channels, groups)])
        self.resnets = nn.ModuleList(
            ResBlock(channels, channels, groups, embed=embed, eps=1e-5) for _ in range(2)
        )

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        x = self.attentions[0](self.resnets[0](x, embedding))
        return self.resnets[1](x, embedding)


class TimeEmbedding(nn.Module):
    """Steps (batch,) → (batch, width): sinusoids and two layers."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.inputs = inputs
        self.linear_1, self.linear_2 = nn.Linear(inputs, width), nn.Linear(width, width)

    def forward(self, t: Tensor) -> Tensor:
        waves = sinusoid(t, self.inputs).to(self.linear_1.weight.dtype)
        return self.linear_2(F.silu(self.linear_1(waves)))


class UNet(nn.Module):
    """Forward: x (batch, latent, height, width), steps t (batch,), vector (batch, embed) → the
    prediction, of the shape of x. Height and width are multiples of 2^(levels − 1). `added` (batch,
    widths[0], height, width or 1) is added to the first feature maps.

    Args:
        latent: Channels of x.
        widths: Channels of each level; all levels but the first have attention.
        layers: Residual blocks per level on the way down; one more on the way up.
        groups: Groups of the group norms.
        embed: Width of the conditioning vector.
    """

    def __init__(
        self, latent: int, widths: Sequence[int], *, layers: int, groups: int, embed: int
    ) -> None:
        super().__init__()
        first, last = widths[0], widths[-1]
        shared = {"embed": 8 * first, "groups": groups}
        self.conv_in = nn.Conv2d(latent, first, 3, padding=1)
        self.time_embedding = TimeEmbedding(first, 4 * first)
        self.class_embedding = nn.Linear(embed, 4 * first)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        skips = [first]
        for i, (before, after) in enumerate(pairwise((first, *widths))):
            sizes = [(after if n else before, after) for n in range(layers)]
            inner = i < len(widths) - 1
            down = Downsample(after, 1, 1) if inner else None
            self.down_blocks.append(
                Level(sizes, attention=i > 0, name="downsamplers", resampler=down, **shared)
            )
            skips += [after] * (layers + inner)
        x = last
        for i, after in reversed(list(enumerate(widths))):
            sizes = []
            for _ in range(layers + 1):
                sizes.append((x + skips.pop(), after))
                x = after
            up = Upsample(after) if i else None
            self.up_blocks.append(
                Level(sizes, attention=i > 0, name="upsamplers", resampler=up, **shared)
            )
        self.mid_block = Middle(last, **shared)
        self.conv_norm_out = nn.GroupNorm(groups, first, 1e-5)
        self.conv_out = nn.Conv2d(first, latent, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor, vector: Tensor, added: Tensor | None = None) -> Tensor:
        embedding = torch.cat([self.time_embedding(t), self.class_embedding(vector)], dim=-1)
        x = self.conv_in(x)
        if added is not None:
            x = x + added
        skips = [x]
        level: Any
        for level in self.down_blocks:
            for number in range(len(level.resnets)):
                x = level.block(number, x, embedding)
                skips.append(x)
            for layer in getattr(level, "downsamplers", ()):
                x = layer(x)
                skips.append(x)
        x = self.mid_block(x, embedding)
        for level in self.up_blocks:
            for number in range(len(level.resnets)):
                x = level.block(number, torch.cat([x, skips.pop()], dim=1), embedding)
            for layer in getattr(level, "upsamplers", ()):
                x = layer(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))
