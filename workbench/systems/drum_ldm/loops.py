"""The training data of DrumLDM: loops as tensors, with their phrases and charts."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from workbench.datasets import cut_loops, load
from workbench.datasets.captions import caption_of, facts_of
from workbench.datasets.drum_transforms import augmented
from workbench.datasets.phrases import phrases
from workbench.datasets.styled import band_of, styled_loops
from workbench.errors import MissingDataError
from workbench.representations.chart_phrases import chart_phrases
from workbench.representations.drum_chart import (
    ASKED_CHANNELS,
    CHART_CHANNELS,
    FORM_CHANNELS,
    LETTERS,
    METERS,
    DrumChart,
    bar_steps,
)
from workbench.representations.drum_roll import DrumRoll
from workbench.representations.text import TextEncoder
from workbench.systems.drum_ldm.facts import with_facts
from workbench.systems.drum_ldm.forms import bank_of

if TYPE_CHECKING:
    from workbench.music.clip import Clip

PHRASES = 7  # per loop: its caption, the name of its style, five informal phrasings
CHART_PHRASES = 3  # of these five, with charts, say what the chart measures
# Of a batch with transformed loops and loops of the grammar: how much of it each makes up.
SHARES = {"played": 0.55, "transformed": 0.27, "grammar": 0.18}
FILL_WEIGHT = 0.5  # of a recorded fill, which fills a whole loop, beside a beat
MOST_WINDOWS = 16  # largest weight of a performance, in windows
LONGEST_BAR = 4  # quarter notes; performances in longer bars are cut to half as many
LENGTHS = {16: 0.12, 8: 0.53, 4: 0.2, 2: 0.1, 1: 0.05}  # bars of a batch, and how often


@dataclass
class Loops:
    """Loops as tensors, filled up with silence to the longest.

    Args:
        rolls: (n, steps, 27 · slots).
        tempo: log₂(bpm/120), (n,).
        phrase: (n, PHRASES) indices into `texts`.
        texts: All phrases, each once.
        vectors: (texts, text_dim) from the frozen encoder, or (texts, text_dim + FACTS).
        weights: Sampling weights (n,); None for equal ones.
        asked: What is measured on each beat, (n, beats, ASKED_CHANNELS); None without charts.
        bars: Length in bars, (n,).
        meter: Index into METERS, (n,).
        forms: The forms of the loops, see `forms.bank_of`.
    """

    rolls: Tensor
    tempo: Tensor
    phrase: Tensor
    texts: list[str]
    vectors: Tensor
    weights: Tensor | None = None
    asked: Tensor | None = None
    bars: Tensor | None = None
    meter: Tensor | None = None
    forms: Tensor | None = None

    def take(self, rows: Tensor, weights: Tensor | None) -> Loops:
        """Return the loops of some rows (k,), with these weights. Texts and forms stay."""
        names = ("rolls", "tempo", "phrase", "asked", "bars", "meter")
        parts = {name: getattr(self, name) for name in names}
        chosen = {name: part[rows] for name, part in parts.items() if part is not None}
        return replace(self, weights=weights, **chosen)


def loops_of(
    clips: Sequence[Clip],
    text: TextEncoder,
    seed: int,
    *,
    slots: int = 1,
    charts: bool = False,
    prompt_facts: bool = False,
) -> Loops:
    """Convert cut loops to tensors; each distinct phrase is embedded once.

    Args:
        clips: Loops of whole bars; without charts all of one length in 4/4.
        text: The frozen text encoder.
        seed: Seed of the phrasings.
        slots: Hits of one drum in a cell, 1 or 2.
        charts: Whether to measure a chart of each loop.
        prompt_facts: Whether what the parser reads in a phrase follows its vector.
    """
    arrays = [DrumRoll.from_clip(clip, slots=slots).to_array() for clip in clips]
    measured = [_chart(*pair) for pair in zip(arrays, clips, strict=True)] if charts else []
    index: dict[str, int] = {}
    rows = []
    for i, clip in enumerate(clips):
        facts = facts_of(clip)
        caption = caption_of(facts)
        said = chart_phrases(measured[i], facts, CHART_PHRASES, seed + i) if charts else []
        informal = phrases(facts, PHRASES - 2 - len(said), seed + i)
        texts = [caption, facts.style or caption, *informal, *said]
        rows.append([index.setdefault(phrase, len(index)) for phrase in texts])
    vectors = text.embed(list(index))
    if prompt_facts:
        vectors = with_facts(vectors, list(index))
    loops = Loops(
        torch.from_numpy(_stacked(arrays, 27 * slots)),
        torch.tensor([np.log2(clip.tempo / 120) for clip in clips], dtype=torch.float32),
        torch.tensor(rows, dtype=torch.long).reshape(-1, PHRASES),
        list(index),
        vectors,
        weights_of(clips),
    )
    if charts:
        asked = [chart.to_array()[:, :ASKED_CHANNELS] for chart in measured]
        beats = loops.rolls.shape[1] // 4
        loops.asked = torch.from_numpy(_stacked(asked, ASKED_CHANNELS, beats))
        loops.bars = torch.tensor([chart.bars for chart in measured])
        loops.meter = torch.tensor([METERS.index(chart.meter) for chart in measured])
        played = [pair for pair in zip(measured, clips, strict=True) if _is_beat(pair[1])]
        players = [str((clip.labels or {}).get("session", "")) for _, clip in played]
        loops.forms = bank_of([chart for chart, _ in played], players, seed)
    return loops


def _chart(array: np.ndarray, clip: Clip) -> DrumChart:
    meter = (int(clip.meter[0]), int(clip.meter[1]))
    return DrumChart.measure(array, meter, str((clip.labels or {}).get("kind", "beat")))


def origin_of(clip: Clip) -> str:
    """Return the key of SHARES under which a loop counts: played, transformed or grammar."""
    labels = clip.labels or {}
    if labels.get("origin") == "grammar":
        return "grammar"
    return "transformed" if labels.get("transform") else "played"


def _is_beat(clip: Clip) -> bool:
    """Is it a beat as a person played it? Its form is one that people play."""
    return origin_of(clip) == "played" and (clip.labels or {}).get("kind", "beat") == "beat"


def _stacked(arrays: Sequence[np.ndarray], channels: int, longest: int = 0) -> np.ndarray:
    """Stack arrays (time, channels), filled up with zeros to a multiple of 4."""
    longest = longest or -4 * (-max((len(array) for array in arrays), default=0) // 4)
    stack = np.zeros((len(arrays), longest, channels), dtype=np.float32)
    for row, array in zip(stack, arrays, strict=True):
        row[: len(array)] = array
    return stack


def weights_of(clips: Sequence[Clip]) -> Tensor:
    """Return a sampling weight per window: (n,), mean 1.

    A performance has the weight of its number of windows, at most MOST_WINDOWS, so that the longest
    performances do not determine the meaning of a word. A style has the square root of the weight
    of its performances, so that rare styles are not dominated by frequent ones. A recorded fill has
    the weight FILL_WEIGHT, and loops of different origin make up SHARES.
    """
    performance = [str(clip.labels.get("performance", i)) for i, clip in enumerate(clips)]
    style = [str(clip.labels.get("style", "")) for clip in clips]
    windows = Counter(performance)
    weights = [min(1.0, MOST_WINDOWS / windows[name]) for name in performance]
    counts: dict[str, float] = defaultdict(float)
    for name, weight in zip(style, weights, strict=True):
        counts[name] += weight
    weights = [w / counts[name] ** 0.5 for name, w in zip(style, weights, strict=True)]
    origins = [origin_of(clip) for clip in clips]
    totals: dict[str, float] = defaultdict(float)
    for i, clip in enumerate(clips):
        if (clip.labels or {}).get("kind") == "fill":
            weights[i] *= FILL_WEIGHT
        totals[origins[i]] += weights[i]
    weights = [w * SHARES[o] / totals[o] for w, o in zip(weights, origins, strict=True)]
    tensor = torch.tensor(weights, dtype=torch.float64)
    return tensor / tensor.mean() if len(tensor) else tensor


def splits_of(dataset: str, limit: int | None = None) -> dict[str, Sequence[Clip]]:
    """Return the training and validation clips. A folder that is too small for the usual split is
    split clip by clip: every eighth clip is held out."""
    try:
        return {split: load(dataset, split, limit=limit) for split in ("train", "validation")}
    except MissingDataError:
        clips = load(dataset, limit=limit).clips  # raises again if there are no clips
    print(f"{dataset}: few files; every eighth is held out for validation")
    return {
        "train": [clip for i, clip in enumerate(clips) if i % 8] or clips,
        "validation": clips[::8],
    }


def loops_in_metres(clips: Sequence[Clip], longest: int, hop_bars: int) -> list[Clip]:
    """Cut performances in all METERS: loops of `longest` bars from those that are long enough, of
    half as many bars from the others."""
    loops: list[Clip] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of metres that no performance has
        for meter in METERS:
            quarters = bar_steps(meter) / 4
            own = [clip for clip in clips if tuple(clip.meter) == meter and len(clip.notes)]
            long = [
                clip
                for clip in own
                if quarters <= LONGEST_BAR and clip.notes["time"].max() >= quarters * (longest - 1)
            ]
            short = [clip for clip in own if clip not in long]
            loops += cut_loops(long, longest, 2 * hop_bars, meter=meter)
            loops += cut_loops(short, max(1, longest // 2), hop_bars, meter=meter)
    return loops


def with_more(
    real: Sequence[Clip], windows: Sequence[Clip], share: float, styled: int, seed: int
) -> list[Clip]:
    """Return loops with transformed ones and loops of the grammar after them.

    Args:
        real: Loops that people played.
        windows: Loops of 8 bars in 4/4 to transform and to learn touch and fills from.
        share: Number of transformed loops as a share of the windows with them, 0 to 0.5.
        styled: Number of loops of the grammar.
        seed: Seed of all choices.
    """
    if not windows:
        return list(real)
    transformed = augmented(windows, seed, share)[len(windows) :]
    return [*real, *transformed, *styled_loops(styled, seed, band=band_of(windows))]


# --- crops ------------------------------------------------------------------------------------


def random_crops(
    z: Tensor, asked: Tensor, bars: Tensor, meter: Tensor, length: int | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Cut a batch of latents to a random number of bars, from a random bar on.

    Args:
        z: Latents (batch, beats, latent) of whole loops.
        asked: What is measured on each beat, (batch, beats, ASKED_CHANNELS).
        bars: Length of each loop in bars.
        meter: Index of its metre.
        length: Number of bars; None chooses one for the batch, see LENGTHS. Shorter loops are taken
            whole.

    Returns:
        Latents (batch, n, latent), charts (batch, n, CHART_CHANNELS), and which beats belong to the
        loop, bool (batch, n). Letters are renamed at random, because a form that begins at another
        bar has other letters.
    """
    if length is None:
        names, chances = list(LENGTHS), torch.tensor(list(LENGTHS.values()))
        length = names[int(torch.multinomial(chances, 1))]
    spans = [
        _span(int(n), bar_steps(METERS[int(m)]), length)
        for n, m in zip(bars.tolist(), meter.tolist(), strict=True)
    ]
    longest = max(beats for _, _, beats in spans)
    crops = z.new_zeros(len(z), longest, z.shape[2])
    charts = z.new_zeros(len(z), longest, CHART_CHANNELS)
    real = torch.zeros(len(z), longest, dtype=torch.bool, device=z.device)
    for i, (first, own_bars, beats) in enumerate(spans):
        crops[i, :beats] = z[i, first : first + beats]
        part = asked[i, first : first + beats].clone()
        part[:, FORM_CHANNELS] = part[:, FORM_CHANNELS][:, torch.randperm(LETTERS)]
        charts[i, :beats, :ASKED_CHANNELS] = part
        charts[i, :beats, ASKED_CHANNELS:] = place_of(int(meter[i]), own_bars).to(z)
        real[i, :beats] = True
    return crops, charts, real


def _span(bars: int, steps: int, length: int) -> tuple[int, int, int]:
    """Return the first beat of a crop, its bars and its beats. Crops of four bars and more begin at
    every fourth bar in 70 %, where phrases do; all begin on a beat."""
    own = min(length, bars)
    grid = 4 if own >= 4 and torch.rand(()) < 0.7 else 1 if steps % 4 == 0 else 2
    start = grid * int(torch.randint((bars - own) // grid + 1, ()))
    return start * steps // 4, own, -(-own * steps // 4)


@cache
def place_of(meter: int, bars: int) -> Tensor:
    """Return the place of each beat in its bar and in the loop: (beats, PLACE_CHANNELS)."""
    return torch.from_numpy(DrumChart.empty(bars, METERS[meter]).to_array()[:, ASKED_CHANNELS:])
