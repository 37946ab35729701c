"""The facts of a prompt as numbers, beside the vector of the text encoder.

A mean of word vectors hardly tells "no snare" from "snare", or "loud, then soft" from "soft, then
loud". The parser reads such facts, and the contrastive text encoder receives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import ASKED_CHANNELS, METERS, bar_steps
from workbench.systems.drum_ldm.request import read_request

BARS = 8  # for which prompts are read
_STEPS = 16  # of a bar, of which the hits are told apart
FACTS = 2 * ASKED_CHANNELS + 2 * _STEPS * len(DRUMS) + len(METERS) + 2


def with_facts(vectors: Tensor, texts: Sequence[str]) -> Tensor:
    """Return text vectors (n, text_dim) followed by the facts of their texts, (n, text_dim +
    FACTS)."""
    facts = torch.from_numpy(np.stack([prompt_facts(text) for text in texts]))
    return torch.cat([vectors, facts.to(vectors)], dim=1)


@lru_cache(maxsize=256)
def prompt_facts(prompt: str) -> np.ndarray:
    """Return what a prompt asks of a loop, (FACTS,) float32.

    The means of its chart over the first and over the second half, the share of the bars in which
    each of the first 16 sixteenths must have a hit of each drum and in which this is asked, the
    metre unless it is 4/4, whether a tempo is named, and log₂(bpm/120).
    """
    request = read_request(prompt, BARS)
    chart = request.chart
    asked = chart.to_array()[:, :ASKED_CHANNELS]
    half = len(asked) // 2
    size = min(bar_steps(chart.meter), _STEPS)
    hits = chart.hits.reshape(BARS, -1, len(DRUMS))[:, :size]
    places = np.zeros((2, _STEPS, len(DRUMS)))
    places[0, :size] = np.nan_to_num(hits).mean(0)
    places[1, :size] = (~np.isnan(hits)).mean(0)
    meter = [chart.meter == meter != (4, 4) for meter in METERS]
    tempo = [0, 0] if request.tempo is None else [1, np.log2(request.tempo / 120)]
    parts = [asked[:half].mean(0), asked[half:].mean(0), places.reshape(-1), meter, tempo]
    return np.concatenate(parts).astype(np.float32)
