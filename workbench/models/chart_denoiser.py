"""The denoiser of drum loops that follows a chart: a diffusion transformer over beats.

Beside a text and a tempo it receives what is asked of each beat, see `representations.drum_chart`.
In training most of the chart is switched off at random, so that any part of it may be asked alone.
Notebook: `notebooks/05_latent_diffusion.ipynb`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.conditioning import Conditioning
from workbench.models.denoisers import ConditioningEmbedding, DrumConditioning
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import ASKED_CHANNELS, BAR_FIELDS, CHART_CHANNELS, LETTERS

_SPLIT = [len(BAR_FIELDS)] * 2 + [len(DRUMS)] * 2 + [LETTERS] + [4 * len(DRUMS)] * 2


@dataclass(frozen=True, eq=False)
class ChartConditioning(Conditioning):
    """The conditioning of `ChartDenoiser`.

    Args:
        text: Text vectors (batch, text_dim).
        tempo: log₂(bpm/120), (batch,).
        known: Whether the text and the tempo are given, 0 or 1: (batch, 2).
        chart: (batch, beats, CHART_CHANNELS), see `DrumChart.to_array`.
        real: Which beats belong to the loop, bool (batch, beats); the others fill up the batch.
    """

    text: Tensor
    tempo: Tensor
    known: Tensor
    chart: Tensor
    real: Tensor

    def dropped(self, p: float) -> Self:
        """Leave out each text and each tempo with probability p, and parts of each chart."""
        keep = torch.rand_like(self.known) >= p
        return replace(self, known=self.known * keep, chart=dropped_chart(self.chart))

    def unconditional(self) -> Self:
        """Return the batch without texts and without what the charts ask, but for their forms;
        tempi and metres stay."""
        known = self.known.clone()
        known[:, 0] = 0
        chart = self.chart.clone()
        form = slice(sum(_SPLIT[:4]), sum(_SPLIT[:5]))
        letters = chart[..., form].clone()
        chart[..., :ASKED_CHANNELS] = 0
        chart[..., form] = letters
        return replace(self, known=known, chart=chart)


def dropped_chart(chart: Tensor) -> Tensor:
    """Switch off parts of charts (batch, beats, channels) at random, as requests do.

    A fifth of the charts ask nothing. Of the others a random share of the bar fields and drums
    stays, in a third of them in some bars only; the form stays in 60 %; the hits of a few drums
    stay in 45 %: all sixteenths, those on the beat, those that are struck, or a random choice.
    """
    asked, place = chart[..., :ASKED_CHANNELS], chart[..., ASKED_CHANNELS:]
    b, beats, _ = asked.shape

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, device=chart.device)

    fields, know_fields, drums, know_drums, letters, hits, know_hits = asked.split(_SPLIT, dim=-1)
    asks = (uniform(b, 1, 1) >= 0.2).float()
    share = 0.8 * uniform(b, 1, 1) ** 1.5
    span = _spans(uniform(b), uniform(b), uniform(b), beats)
    know_fields = know_fields * (uniform(b, 1, know_fields.shape[-1]) < share) * span * asks
    know_drums = know_drums * (uniform(b, 1, know_drums.shape[-1]) < share) * span * asks
    letters = letters * (uniform(b, 1, 1) < 0.6)
    cells = know_hits.reshape(b, beats, 4, len(DRUMS))
    chosen = (uniform(b, 1, 1, len(DRUMS)) < uniform(b, 1, 1, 1) ** 2) * (
        uniform(b, 1, 1, 1) < 0.45
    )
    cells = cells * chosen * _places(hits.reshape(cells.shape), uniform)
    know_hits = cells.reshape(know_hits.shape) * span * asks
    parts = [
        fields * know_fields,
        know_fields,
        drums * know_drums,
        know_drums,
        letters,
        hits * know_hits,
        know_hits,
        place,
    ]
    return torch.cat(parts, dim=-1)


def _spans(some: Tensor, a: Tensor, b: Tensor, beats: int) -> Tensor:
    """Return 1 on the beats that are asked: all, or in a third of the items those between two
    random places: (batch, beats, 1)."""
    at = (torch.arange(beats, device=a.device) + 0.5) / beats
    first, last = torch.minimum(a, b)[:, None], torch.maximum(a, b)[:, None]
    inside = (at >= first) & (at <= last)
    return torch.where(some[:, None] < 0.35, inside, torch.ones_like(inside)).float()[..., None]


def _places(hits: Tensor, uniform) -> Tensor:  # type: ignore[no-untyped-def]
    """Return 1 on the sixteenths (batch, beats, 4, drums) whose hits are asked."""
    b, beats, _, drums = hits.shape
    kind = uniform(b, 1, 1, 1)
    on_the_beat = torch.zeros(1, 1, 4, 1, device=hits.device)
    on_the_beat[:, :, 0] = 1
    scattered = (uniform(b, beats, 4, drums) < uniform(b, 1, 1, 1)).float()
    positions = (uniform(b, 1, 4, drums) < 0.5).float()
    mask = torch.where(kind < 0.8, scattered, positions)
    mask = torch.where(kind < 0.6, (hits > 0).float(), mask)
    mask = torch.where(kind < 0.45, on_the_beat, mask)
    return torch.where(kind < 0.25, torch.ones(1, device=hits.device), mask)


class ChartBlock(nn.Module):
    """Transformer block with adaLN-Zero (arXiv 2212.09748), rotary positions (arXiv 2104.09864)
    and normalised queries and keys (arXiv 2302.05442)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out_proj = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * width, width)
        )
        self.offset = nn.Parameter(torch.zeros(6, width))  # arXiv 2310.00426, section 2.3

    def forward(self, x: Tensor, modulation: Tensor, real: Tensor) -> Tensor:
        m = (modulation + self.offset).unsqueeze(2)  # (b, 6, 1, width)
        shift1, scale1, gate1, shift2, scale2, gate2 = m.unbind(1)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale1) + shift1
        x = x + gate1 * self.attend(h, real)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale2) + shift2
        return x + gate2 * self.mlp(h)

    def attend(self, h: Tensor, real: Tensor) -> Tensor:
        b, n, _width = h.shape
        q, k, v = (
            part.reshape(b, n, self.heads, -1).transpose(1, 2)  # (b, heads, n, width/heads)
            for part in self.qkv(h).chunk(3, dim=-1)
        )
        q, k = (F.rms_norm(rotated(part), part.shape[-1:]) for part in (q, k))
        h = F.scaled_dot_product_attention(q, k, v, attn_mask=real[:, None, None])
        return self.out_proj(h.transpose(1, 2).reshape(b, n, -1))


def rotated(x: Tensor, longest: float = 100.0) -> Tensor:
    """Rotate pairs of channels by angles that grow with the place (arXiv 2104.09864, eq. 34):
    (…, n, channels) → the same."""
    n, half = x.shape[-2], x.shape[-1] // 2
    rates = longest ** -(torch.arange(half, device=x.device) / half)
    angles = torch.arange(n, device=x.device)[:, None] * rates  # (n, half)
    a, b = x.chunk(2, dim=-1)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class ChartDenoiser(nn.Module):
    """Diffusion transformer over beats: (batch, beats, latent) → the same, any number of beats."""

    def __init__(
        self,
        latent: int,
        text_dim: int,
        width: int = 192,
        depth: int = 6,
        heads: int = 6,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.condition = ConditioningEmbedding(text_dim, width)
        self.chart = nn.Sequential(
            nn.Linear(CHART_CHANNELS, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.x_embedder = nn.Linear(latent, width)
        self.adaLN_modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(ChartBlock(width, heads, dropout) for _ in range(depth))
        self.final_modulation = nn.Linear(width, 2 * width)
        self.final_layer = nn.Linear(width, latent)
        for layer in (self.adaLN_modulation, self.final_modulation, self.final_layer):
            nn.init.zeros_(layer.weight)  # each block starts as identity
            nn.init.zeros_(layer.bias)

    def forward(self, z: Tensor, t: Tensor, *condition: Tensor) -> Tensor:
        asked = ChartConditioning(*condition)
        c = self.condition(t, DrumConditioning(asked.text, asked.tempo, asked.known))
        c = F.silu(c)  # (b, width)
        modulation = self.adaLN_modulation(c).reshape(len(z), 6, -1)
        x = self.x_embedder(z) + self.chart(asked.chart)  # (b, beats, width)
        for block in self.blocks:
            x = block(x, modulation, asked.real)
        scale, shift = self.final_modulation(c).unsqueeze(1).chunk(2, dim=-1)
        return self.final_layer(F.layer_norm(x, x.shape[-1:]) * (1 + scale) + shift)
