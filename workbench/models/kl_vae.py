"""MusicLDM's VAE: residual blocks on images, halved or doubled from level to level.

    image → conv → levels of residual blocks, ÷ 2 after each but the last → middle → (mean, logvar)

The network and the names of its parameters are those of AutoencoderKL in diffusers, so that
published weights fit.

Source: Rombach et al. 2022, arXiv 2112.10752, appendix G; Esser et al. 2021, arXiv 2012.09841.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class KLVAEConfig:
    """Sizes of a `KLVAE`.

    Args:
        widths: Channels of each level.
        latent: Channels of the latents.
        layers: Residual blocks per level of the encoder; the decoder has one more.
        groups: Groups of the group norms.
        attention: Whether there is self-attention between the two blocks in the middle.
    """

    widths: tuple[int, ...]
    latent: int
    layers: int = 1
    groups: int = 8
    attention: bool = False


class ResBlock(nn.Module):
    """Two convolutions with a shortcut. Forward: x (batch, before, height, width), and embedding
    (batch, embed) if it has one → (batch, after, height, width)."""

    def __init__(
        self, before: int, after: int, groups: int, *, embed: int = 0, eps: float = 1e-6
    ) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, before, eps)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        if embed:
            self.time_emb_proj = nn.Linear(embed, after)
        self.norm2 = nn.GroupNorm(groups, after, eps)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor | None = None) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        if embedding is not None:
            h = h + self.time_emb_proj(F.silu(embedding))[:, :, None, None]
        return self.conv_shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class Downsample(nn.Module):
    """Halve height and width by a convolution. before, after: zeros before and after each axis."""

    def __init__(self, channels: int, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)
        self.edges = (before, after) * 2

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, self.edges))


class Upsample(nn.Module):
    """Double height and width by repeating each value, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Attention(nn.Module):
    """Self-attention of tokens (batch, time, width). bias: of queries, keys and values."""

    def __init__(self, width: int, heads: int, *, bias: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width, bias=bias) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.to_q, self.to_k, self.to_v)
        )
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.to_out[0](mixed.transpose(1, 2).flatten(2))


class PixelAttention(Attention):
    """Self-attention of the pixels of x (batch, channels, height, width), with a shortcut."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__(channels, 1, bias=True)
        self.group_norm = nn.GroupNorm(groups, channels, 1e-6)

    def forward(self, x: Tensor) -> Tensor:
        pixels = self.group_norm(x).flatten(2).transpose(1, 2)
        return x + super().forward(pixels).transpose(1, 2).reshape(x.shape)


class Level(nn.Module):
    """Residual blocks of one level, then an up- or downsampling if there is one."""

    def __init__(self, resnets: Sequence[nn.Module], name: str, resampler: nn.Module | None):
        super().__init__()
        self.resnets, self.name = nn.ModuleList(resnets), name
        if resampler is not None:
            setattr(self, name, nn.ModuleList([resampler]))

    def forward(self, x: Tensor) -> Tensor:
        for layer in (*self.resnets, *getattr(self, self.name, ())):
            x = layer(x)
        return x


class Middle(nn.Module):
    """Two residual blocks, with attention between them or without."""

    def __init__(self, width: int, config: KLVAEConfig) -> None:
        super().__init__()
        self.attentions = nn.ModuleList(
            [PixelAttention(width, config.groups)] if config.attention else []
        )
        self.resnets = nn.ModuleList(ResBlock(width, width, config.groups) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.resnets[0](x)
        for layer in (*self.attentions, self.resnets[1]):
            x = layer(x)
        return x


class Encoder(nn.Module):
    """Image (batch, 1, height, width) → (batch, 2 · latent, height / f, width / f), where f is
    2^(levels − 1)."""

    def __init__(self, config: KLVAEConfig) -> None:
        super().__init__()
        first, *_, last = (*config.widths, config.widths[-1])
        self.conv_in = nn.Conv2d(1, first, 3, padding=1)
        self.down_blocks = nn.ModuleList()
        for i, (before, after) in enumerate(pairwise((first, *config.widths))):
            inner = i < len(config.widths) - 1
            blocks = [
                ResBlock(after if n else before, after, config.groups) for n in range(config.layers)
            ]
            down = Downsample(after, 0, 1) if inner else None
            self.down_blocks.append(Level(blocks, "downsamplers", down))
        self.mid_block = Middle(last, config)
        self.conv_norm_out = nn.GroupNorm(config.groups, last, 1e-6)
        self.conv_out = nn.Conv2d(last, 2 * config.latent, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for level in self.down_blocks:
            x = level(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    """Latents (batch, latent, height, width) → image (batch, 1, f · height, f · width)."""

    def __init__(self, config: KLVAEConfig) -> None:
        super().__init__()
        widths = config.widths[::-1]
        self.conv_in = nn.Conv2d(config.latent, widths[0], 3, padding=1)
        self.mid_block = Middle(widths[0], config)
        self.up_blocks = nn.ModuleList()
        for i, (before, after) in enumerate(pairwise((widths[0], *widths))):
            inner = i < len(widths) - 1
            blocks = [
                ResBlock(after if n else before, after, config.groups)
                for n in range(config.layers + 1)
            ]
            self.up_blocks.append(Level(blocks, "upsamplers", Upsample(after) if inner else None))
        self.conv_norm_out = nn.GroupNorm(config.groups, widths[-1], 1e-6)
        self.conv_out = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        z = self.mid_block(self.conv_in(z))
        for level in self.up_blocks:
            z = level(z)
        return self.conv_out(F.silu(self.conv_norm_out(z)))


class KLVAE(nn.Module):
    """A VAE between images (batch, 1, height, width) and latents."""

    def __init__(self, config: KLVAEConfig) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.quant_conv = nn.Conv2d(2 * config.latent, 2 * config.latent, 1)
        self.post_quant_conv = nn.Conv2d(config.latent, config.latent, 1)

    @property
    def encoding(self) -> list[nn.Module]:
        """The parts that compute the mean of the latents."""
        return [self.encoder, self.quant_conv]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the latents, each (batch, latent, height / f,
        width / f)."""
        mean, logvar = self.quant_conv(self.encoder(x)).chunk(2, dim=1)
        return mean, logvar.clamp(-30.0, 20.0)

    def sample(self, mean: Tensor, logvar: Tensor) -> Tensor:
        """Sample latents."""
        return mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)

    def decode(self, z: Tensor) -> Tensor:
        """Decode latents to images."""
        return self.decoder(self.post_quant_conv(z))
