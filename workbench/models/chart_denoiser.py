"""The denoiser of drum loops that follows a chart: a diffusion transformer over beats.

Beside a text and a tempo it receives what is asked of each beat, see `representations.drum_chart`.
In training most of the chart is switched off at random, so that any part of it may be asked alone.
Notebook: `notebooks/05_latent_diffusion.ipynb`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.conditioning import Conditioning
from workbench.models.denoisers import Block, ConditioningEmbedding, DrumConditioning
from workbench.models.gpt import angles, head_size
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import (
    ASKED_CHANNELS,
    ASKED_PARTS,
    CHART_CHANNELS,
    FORM_CHANNELS,
)


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
        letters = chart[..., FORM_CHANNELS].clone()
        chart[..., :ASKED_CHANNELS] = 0
        chart[..., FORM_CHANNELS] = letters
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

    fields, know_fields, drums, know_drums, letters, hits, know_hits = asked.split(
        ASKED_PARTS, dim=-1
    )
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


def _places(hits: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
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


class ChartBlock(Block):
    """The block of `TransformerDenoiser` with dropout in its MLP."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__(width, heads)
        self.mlp.insert(2, nn.Dropout(dropout))  # after the activation


class ChartDenoiser(nn.Module):
    """Diffusion transformer over beats: (batch, beats, latent) → the same, any number of beats.

    Positions are rotary (arXiv 2104.09864), so that a loop may be longer than those of training.
    """

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
        self.head_size = head_size(width, heads)
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
        cos, sin = angles(z.shape[1], self.head_size, base=100.0)
        rope = cos.to(x.device), sin.to(x.device)
        for block in self.blocks:
            x = block(x, modulation, rope=rope, real=asked.real)
        scale, shift = self.final_modulation(c).unsqueeze(1).chunk(2, dim=-1)
        return self.final_layer(F.layer_norm(x, x.shape[-1:]) * (1 + scale) + shift)
