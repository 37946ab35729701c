"""Forms: which bars of a loop are alike, and noise that makes them so.

A drummer states a groove, repeats it and then breaks it: AAABAAAC. The forms of the training loops
are kept in the checkpoint, with how much each bar resembles the one before and how its hits lie in
time; each take follows one of them, unless the request gives its own. Bars of one letter start
from noise that they share in part, so that they become alike, and the denoiser is told the letters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from workbench.errors import PromptError
from workbench.models.samplers import normal
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import ALPHABET, LETTERS, DrumChart, bar_steps

FORMS = 256  # kept in a checkpoint
LONGEST = 16  # bars of a kept form
# Fields of a chart that a form has, the letters first.
FIELDS = ("letter", "likeness", "lay", "loose")
TIMING = ("lay", "loose")
UNKNOWN = -9.0  # in a bank
NEAREST = 24  # forms among which one of a likeness is chosen
TWO_BARS = 0.14  # share of the training loops that are one fill whose fill has two bars; others one


def letters_of(form: str, bars: int) -> np.ndarray:
    """Return a form as numbers, repeated to `bars` bars: "AAAB" → 0, 0, 0, 1.

    Raises:
        PromptError: If the form is empty or has other letters than A to F.
    """
    if not isinstance(form, str):
        raise PromptError(f"form: must be a text such as AAAB, got {type(form).__name__}")
    plain = form.strip().upper()
    if not plain or set(plain) - set(ALPHABET):
        raise PromptError(f"form={form!r}: give letters from A to F, such as AAAB")
    numbers = [ALPHABET.index(letter) for letter in plain]
    return np.resize(np.array(numbers, dtype=np.float32), bars)


def bank_of(
    charts: Sequence[DrumChart], players: Sequence[str] | None = None, seed: int = 0
) -> Tensor:
    """Return forms of training loops: (FORMS, FIELDS, LONGEST) float16, the FIELDS of each bar as
    in `DrumChart`; UNKNOWN also beyond the end of a loop. Loops shorter than 4 bars have no form.

    Args:
        charts: A chart per loop.
        players: Who played each, such as a session. Each player counts the same, however many loops
            are theirs: two of fourteen sessions hold 40 % of Groove's, and steadier ones than most.
        seed: Seed of the choice.
    """
    groups: dict[str, list[np.ndarray]] = {}
    for chart, player in zip(charts, players or [""] * len(charts), strict=True):
        if chart.bars >= 4:
            rows = np.stack([getattr(chart, name) for name in FIELDS])[:, :LONGEST]
            groups.setdefault(player, []).append(rows)
    bank = np.full((FORMS, len(FIELDS), LONGEST), UNKNOWN, dtype=np.float16)
    if not groups:
        bank[:, 0] = 0
        return torch.from_numpy(bank)
    random = np.random.default_rng(seed)
    own = [groups[player] for player in sorted(groups)]
    for i, row in enumerate(bank):
        forms = own[i % len(own)]
        form = forms[random.integers(len(forms))]
        row[:, : form.shape[1]] = np.nan_to_num(form, nan=UNKNOWN)
    return torch.from_numpy(bank)


def sampled_form(
    bank: Tensor, bars: int, generator: np.random.Generator, likeness: float | None = None
) -> dict[str, np.ndarray]:
    """Return the FIELDS of `bars` bars, of a form of the bank that is long enough if there is one:
    (bars,) float32 each, NaN for unknown values.

    Args:
        bank: As made by `bank_of`.
        bars: Length in bars.
        generator: Chooses the form.
        likeness: Choose among the NEAREST forms whose mean likeness is nearest to this, 0 to 1.

    Lay and looseness of a bar in which they are unknown, because it swings or has no kick, are the
    means of the form; of a form without any they are those of another one.
    """
    forms = bank.numpy().astype(np.float32)
    forms[forms == UNKNOWN] = np.nan
    known = ~np.isnan(forms[:, 0])
    lengths = np.where(known.any(1), LONGEST - known[:, ::-1].argmax(1), 1)
    wanted = min(bars, int(lengths.max()))
    fitting = np.flatnonzero(lengths >= wanted)
    if likeness is not None:
        means = np.nan_to_num(_means(forms[fitting, FIELDS.index("likeness"), :wanted]), nan=9.0)
        fitting = fitting[np.argsort(np.abs(means - likeness), kind="stable")[:NEAREST]]
    form = forms[fitting[generator.integers(len(fitting))], :, :wanted]
    timing = [FIELDS.index(name) for name in TIMING]
    if np.isnan(form[timing]).all():
        timed = np.flatnonzero(~np.isnan(forms[:, timing, :wanted]).all((1, 2)))
        if len(timed):
            form[timing] = forms[timed[generator.integers(len(timed))], timing, :wanted]
    form[timing] = np.where(np.isnan(form[timing]), _means(form[timing])[:, None], form[timing])
    form[FIELDS.index("likeness"), 0] = np.nan  # the last bar, like which it was, may be cut off
    return {name: np.resize(row, bars) for name, row in zip(FIELDS, form, strict=True)}


def fill_form(generator: np.random.Generator) -> str:
    """Return the form of a loop that is one fill: a fill of one bar, or sometimes of two, is
    repeated."""
    return "AB" if generator.random() < TWO_BARS else "A"


def _means(rows: np.ndarray) -> np.ndarray:
    """Return the mean of the known values of each row; NaN for a row without any."""
    known = ~np.isnan(rows)
    total = np.where(known, rows, 0).sum(1)
    return np.where(known.any(1), total / np.maximum(known.sum(1), 1), np.nan)


def shared_noise(
    noise: Tensor, letters: np.ndarray, meter: tuple[int, int], share: float, seed: int
) -> Tensor:
    """Return noise (beats, latent) in which bars of one letter share some of its variance.

    Args:
        noise: Standard normal numbers of one loop.
        letters: (bars,) of its form, NaN for bars that share with no other.
        meter: Its metre. Bars that begin within a beat share by whole beats.
        share: Share of the variance that bars of one letter have in common, 0 to 1.
        seed: Seed of the common part, which does not depend on the number of bars.
    """
    if not share:
        return noise
    size = bar_steps(meter)
    beats = -(-size // 4)
    mixed = noise.clone()
    for letter in range(LETTERS):
        generator = torch.Generator().manual_seed((seed * 7919 + letter) % 2**63)
        common = normal((beats, noise.shape[1]), generator)
        for bar in np.flatnonzero(letters == letter).tolist():
            first = bar * size // 4
            last = min((bar + 1) * size // 4, len(noise))
            own = noise[first:last]
            mixed[first:last] = share**0.5 * common[: last - first] + (1 - share) ** 0.5 * own
    return mixed


def restated(roll: np.ndarray, chart: DrumChart) -> np.ndarray:
    """Return a roll (steps, channels) in which bars of one letter have the hits of the first of
    them, in their own touch where both have a hit. What the chart asks of a bar, and its fills,
    stay; a loop that is one fill is repeated, too."""
    size, drums = bar_steps(chart.meter), len(DRUMS)
    cells = roll.reshape(chart.bars, size, -1, drums).copy()
    asked = (~np.isnan(chart.hits)).reshape(chart.bars, size, 1, drums)
    asked = asked | (chart.drums == 0)[:, None, None]
    plain = ~np.isnan(chart.letter)
    if not chart.one_fill:
        plain &= chart.fill != 1
    for letter in np.unique(chart.letter[plain]):
        first, *others = np.flatnonzero(plain & (chart.letter == letter))
        model = cells[first]
        for bar in others:
            both = (model[:, :1] > 0) & (cells[bar, :, :1] > 0)
            cells[bar] = np.where(both | asked[bar], cells[bar], model)
    return cells.reshape(roll.shape)
