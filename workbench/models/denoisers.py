"""Denoisers of DrumLDM: networks that predict the clean latent from a noisy one, a step and a
conditioning.

Both take the same `DrumConditioning`: a text vector and a tempo, each with a switch per item. A
switch that is off means that the text or the tempo is not given. Training turns some off at random,
because classifier-free guidance needs a network that works without them.
Notebook: `notebooks/05_latent_diffusion.ipynb`.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.conditioning import Conditioning
from workbench.models.gpt import Rope, rotate


@dataclass(frozen=True, eq=False)
class DrumConditioning(Conditioning):
    """The conditioning of DrumLDM.

    Args:
        text: Text vectors (batch, text_dim).
        tempo: log₂(bpm/120), (batch,).
        known: Whether the text and the tempo are given, 0 or 1: (batch, 2).
    """

    text: Tensor
    tempo: Tensor
    known: Tensor

    def dropped(self, p: float) -> Self:
        """Leave out each text and each tempo with probability p, item by item."""
        keep = torch.rand_like(self.known) >= p
        return replace(self, known=self.known * keep)

    def unconditional(self) -> Self:
        """Return the batch without its texts; the tempi stay."""
        known = self.known.clone()
        known[:, 0] = 0
        return replace(self, known=known)


class ConditioningEmbedding(nn.Module):
    """Step, text and tempo → one vector (batch, width). A missing text or tempo has a learned
    vector."""

    def __init__(self, text_dim: int, width: int) -> None:
        super().__init__()
        self.t_embedder = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.text = nn.Sequential(nn.Linear(text_dim, width), nn.SiLU(), nn.Linear(width, width))
        self.tempo = nn.Sequential(nn.Linear(16, width), nn.SiLU(), nn.Linear(width, width))
        self.no_text = nn.Parameter(torch.zeros(width))
        self.no_tempo = nn.Parameter(torch.zeros(width))

    def forward(self, t: Tensor, condition: DrumConditioning) -> Tensor:
        has_text, has_tempo = condition.known.unsqueeze(-1).unbind(1)  # each (b, 1)
        text = has_text * self.text(condition.text) + (1 - has_text) * self.no_text
        waves = sinusoids(8 * condition.tempo, 16, longest=100.0)
        tempo = has_tempo * self.tempo(waves) + (1 - has_tempo) * self.no_tempo
        return self.t_embedder(sinusoids(t.float(), 64)) + text + tempo  # (b, width)


def sinusoids(position: Tensor, channels: int, longest: float = 10_000.0) -> Tensor:
    """(n,) → (n, channels): sines and cosines of falling frequency.

    Source: Vaswani et al. 2017, arXiv 1706.03762, section 3.5.
    """
    rates = torch.exp(
        -math.log(longest) * torch.arange(channels // 2, device=position.device) / (channels // 2)
    )
    angles = position[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def sinusoid(t: Tensor, width: int) -> Tensor:
    """Steps (batch,) → (batch, width): `sinusoids` with the cosines first, as in the published code
    of Diffusion-LM and in diffusers."""
    return sinusoids(t.float(), width).roll(width // 2, dims=-1)


class MLPDenoiser(nn.Module):
    """The paper's denoiser for one latent vector: [z, step, text] → 256 → 512 → z.

    Forward: z (batch, latent), t (batch,) and the fields of a `DrumConditioning` → (batch, latent).
    LayerNorm replaces the paper's BatchNorm, whose statistics mix clips of different noise levels.

    Source: arXiv 2408.02711.
    """

    def __init__(self, latent: int, text_dim: int, hidden: tuple[int, int] = (256, 512)) -> None:
        super().__init__()
        self.condition = ConditioningEmbedding(text_dim, 64)
        a, b = hidden
        self.net = nn.Sequential(
            nn.Linear(latent + 64, a),
            nn.LayerNorm(a),
            nn.SiLU(),
            nn.Linear(a, b),
            nn.LayerNorm(b),
            nn.SiLU(),
            nn.Linear(b, latent),
        )

    def forward(self, z: Tensor, t: Tensor, *condition: Tensor) -> Tensor:
        c = self.condition(t, DrumConditioning(*condition))
        return self.net(torch.cat([z, c], dim=-1))  # (b, latent)


class Block(nn.Module):
    """Transformer block with adaLN-Zero: the conditioning scales, shifts and gates.

    All blocks share one layer that computes the modulation. Each block adds a learned table to it
    (adaLN-single), which saves a third of the parameters.

    Source: DiT, arXiv 2212.09748, section 3.2; PixArt-α, arXiv 2310.00426, section 2.3.
    """

    def __init__(self, width: int, heads: int, expand: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out_proj = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, expand * width), nn.GELU(), nn.Linear(expand * width, width)
        )
        self.scale_shift_table = nn.Parameter(torch.zeros(6, width))

    def forward(self, x: Tensor, modulation: Tensor, **attention: Any) -> Tensor:
        """x (batch, beats, width), modulation (batch, 6, width) → (batch, beats, width). attention:
        further arguments of `attend`."""
        m = (modulation + self.scale_shift_table).unsqueeze(2)  # (b, 6, 1, width)
        shift1, scale1, gate1, shift2, scale2, gate2 = m.unbind(1)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale1) + shift1
        x = x + gate1 * self.attend(h, **attention)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale2) + shift2
        return x + gate2 * self.mlp(h)

    def attend(self, h: Tensor, rope: Rope | None = None, real: Tensor | None = None) -> Tensor:
        """Self-attention: (batch, beats, width) → the same.

        rope: rotary positions, whose queries and keys are normalised (arXiv 2302.05442); real: bool
        (batch, beats), the beats that are attended to. By default neither.
        """
        b, n, _width = h.shape
        qkv = self.qkv(h).reshape(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        qk, v = qkv[:2], qkv[2]  # (2, b, heads, n, width/heads), (b, heads, n, width/heads)
        if rope is not None:
            qk = F.rms_norm(rotate(qk, rope), qk.shape[-1:])
        q, k = qk
        mask = None if real is None else real[:, None, None]
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # (b, heads, n, width/heads)
        return self.out_proj(y.transpose(1, 2).reshape(b, n, -1))


class TransformerDenoiser(nn.Module):
    """Diffusion transformer over beats.

    Forward: z (batch, beats, latent), t (batch,) and the fields of a `DrumConditioning` → (batch,
    beats, latent). The position of a beat is embedded as its bar in the loop, up to `bars` bars,
    and its beat in the bar.
    """

    def __init__(
        self,
        latent: int,
        text_dim: int,
        width: int = 192,
        depth: int = 6,
        heads: int = 4,
        bars: int = 8,
    ) -> None:
        super().__init__()
        self.bars = bars
        self.condition = ConditioningEmbedding(text_dim, width)
        modulation = nn.Linear(width, 6 * width)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), modulation)
        self.x_embedder = nn.Linear(latent, width)
        self.beat = nn.Parameter(0.02 * torch.randn(4, width))
        self.bar = nn.Parameter(0.02 * torch.randn(bars, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.final_modulation = nn.Linear(width, 2 * width)
        self.final_layer = nn.Linear(width, latent)
        # each block starts as the identity
        for layer in (modulation, self.final_modulation, self.final_layer):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, z: Tensor, t: Tensor, *fields: Tensor) -> Tensor:
        beats = z.shape[1]
        position = (self.bar[:, None] + self.beat[None]).flatten(0, 1)[:beats]  # (beats, width)
        c = self.condition(t, DrumConditioning(*fields))  # (b, width)
        modulation = self.adaLN_modulation(c).reshape(len(z), 6, -1)
        x = self.x_embedder(z) + position  # (b, beats, width)
        for block in self.blocks:
            x = block(x, modulation)
        scale, shift = self.final_modulation(F.silu(c)).unsqueeze(1).chunk(2, dim=-1)
        return self.final_layer(F.layer_norm(x, x.shape[-1:]) * (1 + scale) + shift)
