"""Checks of the exercises: not attempted, correct, or what the typical mistake looks like.

A check calls the student's function on inputs drawn afresh, compares with the reference, and, where
it differs, with the answers of typical mistakes, so that the hint names the one that was made. It
never raises: a function that fails is told how.
"""

from __future__ import annotations

import copy
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[..., Any]
Mistake = tuple[str, Function]  # a hint, and a function that makes the mistake


@dataclass(frozen=True)
class Result:
    """What a check found. state: "not attempted", "correct" or "not yet"."""

    state: str
    message: str = ""

    @property
    def passed(self) -> bool:
        return self.state == "correct"

    def __str__(self) -> str:
        return self.state + (f": {self.message}" if self.message else "")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sign = {"correct": "✓", "not yet": "✗"}.get(self.state, "·")
        text = f"<strong>{sign} {self.state}</strong>"
        if self.message:
            text += f" — {html.escape(self.message)}"
        return f"<div role='status' style='padding:.4em 0'>{text}</div>"


def judge(
    attempt: Function,
    reference: Function,
    cases: Sequence[tuple[Any, ...]],
    mistakes: Sequence[Mistake] = (),
    *,
    tolerance: float = 1e-4,
) -> Result:
    """Compare a function with the reference on all cases."""
    answers = []
    for case in cases:
        try:
            answers.append(attempt(*copy.deepcopy(case)))
        except Exception as error:  # whatever the student's code raises is told, not raised
            return Result("not yet", f"it raises {type(error).__name__}: {error}")
    if all(answer is None for answer in answers):
        return Result("not attempted")
    expected = [reference(*copy.deepcopy(case)) for case in cases]
    wrong = _difference(answers, expected, tolerance)
    if wrong is None:
        return Result("correct")
    for hint, mistake in mistakes:
        slips = [mistake(*copy.deepcopy(case)) for case in cases]
        if _difference(answers, slips, tolerance) is None:
            return Result("not yet", hint)
    return Result("not yet", wrong)


def _difference(answers: Sequence[Any], expected: Sequence[Any], tolerance: float) -> str | None:
    """None where all agree, else what differs first."""
    for answer, right in zip(answers, expected, strict=True):
        try:
            a, b = np.asarray(answer, dtype=float), np.asarray(right, dtype=float)
        except (TypeError, ValueError, RuntimeError):
            return f"it returns {type(answer).__name__}, not numbers"
        if a.shape != b.shape:
            return f"it returns shape {a.shape}, expected is {b.shape}"
        if not np.isfinite(a).all():
            return "it returns numbers that are not finite"
        if not np.allclose(a, b, atol=tolerance, rtol=tolerance):
            return f"for one input it gives {_brief(a)}, expected is {_brief(b)}"
    return None


def _brief(values: np.ndarray) -> str:
    flat = values.ravel()
    return ", ".join(f"{v:.4g}" for v in flat[:3]) + (", …" if len(flat) > 3 else "")


# --- the exercises ------------------------------------------------------------------------------


def check_density(attempt: Function) -> Result:
    """Lesson 00: hits a beat of a roll of hits (steps, 9), four steps a beat."""
    random = np.random.default_rng()
    cases = [(random.random((16 * bars, 9)) < 0.3,) for bars in (1, 2, 8)]
    return judge(
        attempt,
        lambda hits: hits.sum() / (len(hits) / 4),
        cases,
        [
            ("that is hits a step; a beat has four steps", lambda h: h.sum() / len(h)),
            ("that counts all hits; divide by the number of beats", lambda h: h.sum()),
            ("that is the share of filled cells, not hits a beat", lambda h: h.mean()),
            ("that is hits a bar; a bar has four beats", lambda h: h.sum() / (len(h) / 16)),
        ],
    )


def check_swing_ratio(attempt: Function) -> Result:
    """Lesson 01: long over short, from where the off-beat falls between two beats (0 to 1)."""
    random = np.random.default_rng()
    cases = [(random.uniform(0.4, 0.75, 50),) for _ in range(3)] + [(np.full(4, 2 / 3),)]
    return judge(
        attempt,
        lambda place: np.mean(place) / (1 - np.mean(place)),
        cases,
        [
            ("that is short over long: turn it round", lambda p: (1 - p.mean()) / p.mean()),
            ("that is only the long part; divide by the short one", lambda p: p.mean()),
            ("that compares with the beat's middle: long is `place`, short is `1 − place`",
             lambda p: p.mean() / 0.5),
            ("take the mean place first: a mean of ratios leans to the large ones",
             lambda p: np.mean(p / (1 - p))),
        ],
    )  # fmt: skip


def check_onset_histogram(attempt: Function) -> Result:
    """Lesson 01: share of bars in which a drum is hit on each of the 16 steps."""
    random = np.random.default_rng()
    cases = [(random.random((16 * bars, 9)) < 0.3, drum) for bars, drum in ((4, 0), (8, 1), (2, 5))]
    return judge(
        attempt,
        lambda hits, drum: hits[:, drum].reshape(-1, 16).mean(0),
        cases,
        [
            ("those are counts; divide by the number of bars",
             lambda h, d: h[:, d].reshape(-1, 16).sum(0)),
            ("the bars got mixed: reshape to (bars, 16), not (16, bars)",
             lambda h, d: h[:, d].reshape(16, -1).mean(1)),
            ("those shares add up to 1; asked is the share of bars, step by step",
             lambda h, d: h[:, d].reshape(-1, 16).sum(0) / max(1, h[:, d].sum())),
        ],
    )  # fmt: skip


def check_masked_mean(attempt: Function) -> Result:
    """Lesson 03: mean over real word pieces; hidden (n, pieces, dim), mask (n, pieces)."""
    import torch

    def case(n: int, pieces: int) -> tuple[Any, Any]:
        length = torch.randint(1, pieces, (n, 1))
        return torch.randn(n, pieces, 3), (torch.arange(pieces)[None] < length).long()

    return judge(
        attempt,
        lambda h, m: (h * m[..., None]).sum(1) / m.sum(1, keepdim=True),
        [case(4, 6), case(2, 9)],
        [
            ("that averages padding in: divide by the number of real pieces, not by all",
             lambda h, m: (h * m[..., None]).mean(1)),
            ("that is the mean over padding, too: use the mask", lambda h, m: h.mean(1)),
            ("that is the sum; divide by the number of real pieces",
             lambda h, m: (h * m[..., None]).sum(1)),
        ],
    )  # fmt: skip


def check_info_nce(attempt: Function) -> Result:
    """Lesson 03: symmetric InfoNCE of unit vectors a, b (n, dim) at a scale."""
    import torch
    import torch.nn.functional as F

    from workbench.models.contrastive import info_nce

    def pair(n: int) -> tuple[Any, Any, float]:
        return F.normalize(torch.randn(n, 5), dim=-1), F.normalize(torch.randn(n, 5), dim=-1), 5.0

    def one_way(a: Any, b: Any, s: float) -> Any:
        return F.cross_entropy(s * a @ b.T, torch.arange(len(a)))

    return judge(
        attempt,
        info_nce,
        [pair(6), pair(9)],
        [
            ("that asks only rows for columns; ask columns for rows, too, and take the mean",
             one_way),
            ("that asks only columns for rows; take the mean of both ways",
             lambda a, b, s: one_way(b, a, s)),
            ("the two ways are added; take their mean", lambda a, b, s: 2 * info_nce(a, b, s)),
            ("the scale is missing: multiply the cosines by it",
             lambda a, b, s: info_nce(a, b, 1.0)),
            ("divide by the temperature or multiply by the scale: here `scale` multiplies",
             lambda a, b, s: info_nce(a, b, 1 / s)),
        ],
    )  # fmt: skip


def check_phases(attempt: Function) -> Result:
    """Lesson 04: split (time, channels) into its phases at a stride: (stride, time/stride, c)."""
    random = np.random.default_rng()
    cases = [(random.normal(size=(16, 2)), 4), (random.normal(size=(8, 3)), 2)]
    return judge(
        attempt,
        lambda x, r: np.stack([x[phase::r] for phase in range(r)]),
        cases,
        [
            ("those are neighbouring chunks; a phase takes every `stride`-th step",
             lambda x, r: x.reshape(r, -1, x.shape[1])),
            ("that is (time/stride, stride, channels): exchange the first two axes",
             lambda x, r: x.reshape(-1, r, x.shape[1])),
            ("that is one phase; there are `stride` of them", lambda x, r: x[::r]),
        ],
    )  # fmt: skip


def check_hit_loss(attempt: Function) -> Result:
    """Lesson 04: binary cross-entropy of hit logits, summed over cells, a true hit."""
    import torch
    import torch.nn.functional as F

    def case() -> tuple[Any, Any]:
        return torch.randn(5, 9), (torch.rand(5, 9) < 0.4).float()

    def total(logits: Any, hits: Any) -> Any:
        return F.binary_cross_entropy_with_logits(logits, hits, reduction="sum")

    return judge(
        attempt,
        lambda x, h: total(x, h) / h.sum(),
        [case(), case()],
        [
            ("that is the mean over all cells; divide the sum by the number of true hits",
             lambda x, h: total(x, h) / h.numel()),
            ("that is the sum; divide it by the number of true hits", total),
            ("the sign: a loss is minus the log-probability", lambda x, h: -total(x, h) / h.sum()),
            ("that only looks at the cells with a hit; a hit that is not there costs, too",
             lambda x, h: (F.softplus(-x) * h).sum() / h.sum()),
        ],
    )  # fmt: skip


def check_add_noise(attempt: Function) -> Result:
    """Lesson 05: the forward process x_t from x₀, ε and ᾱ_t."""
    random = np.random.default_rng()
    cases = [
        (random.normal(size=(4, 3)), random.normal(size=(4, 3)), a) for a in random.random(3)
    ]
    return judge(
        attempt,
        lambda x, e, a: np.sqrt(a) * x + np.sqrt(1 - a) * e,
        cases,
        [
            ("the roots are missing: variances add, not amplitudes",
             lambda x, e, a: a * x + (1 - a) * e),
            ("only the signal's root is there: the noise needs √(1 − ᾱ)",
             lambda x, e, a: np.sqrt(a) * x + (1 - a) * e),
            ("signal and noise are exchanged: ᾱ near 1 is nearly clean",
             lambda x, e, a: np.sqrt(1 - a) * x + np.sqrt(a) * e),
            ("is 1 − √ᾱ what you mean? the noise needs √(1 − ᾱ)",
             lambda x, e, a: np.sqrt(a) * x + (1 - np.sqrt(a)) * e),
        ],
    )  # fmt: skip


def check_ddim_step(attempt: Function) -> Result:
    """Lesson 05: from x_t and ε to the next, less noisy x, given ᾱ now and ᾱ next."""
    random = np.random.default_rng()
    levels = np.sort(random.uniform(0.05, 0.95, (3, 2)), axis=1)
    cases = [(random.normal(size=4), random.normal(size=4), now, then) for now, then in levels]

    def clean(x: Any, e: Any, now: float) -> Any:
        return (x - np.sqrt(1 - now) * e) / np.sqrt(now)

    return judge(
        attempt,
        lambda x, e, now, then: np.sqrt(then) * clean(x, e, now) + np.sqrt(1 - then) * e,
        cases,
        [
            ("that is the guess of x₀; put noise of the next level back on",
             lambda x, e, now, then: clean(x, e, now)),
            ("is your epsilon inside the root? the noise is √(1 − ᾱ) · ε",
             lambda x, e, now, then: np.sqrt(then) * (x - (1 - now) * e) / np.sqrt(now)
             + (1 - then) * e),
            ("ᾱ now and ᾱ next are exchanged",
             lambda x, e, now, then: np.sqrt(now) * clean(x, e, then) + np.sqrt(1 - now) * e),
            ("that puts the old noise level back on: use ᾱ next",
             lambda x, e, now, then: np.sqrt(then) * clean(x, e, now) + np.sqrt(1 - now) * e),
        ],
    )  # fmt: skip


def check_guidance(attempt: Function) -> Result:
    """Lesson 05: classifier-free guidance from the answers with and without the text."""
    random = np.random.default_rng()
    cases = [(random.normal(size=5), random.normal(size=5), s) for s in (0.0, 1.0, 3.0)]
    return judge(
        attempt,
        lambda with_text, without, s: without + s * (with_text - without),
        cases,
        [
            ("start from the answer without the text: at scale 1 the text alone must be left",
             lambda c, u, s: c + s * (c - u)),
            ("the difference is the wrong way round", lambda c, u, s: u + s * (u - c)),
            ("that is a mean: beyond 1 guidance goes on past the text",
             lambda c, u, s: (c + s * u) / (1 + s)),
        ],
    )  # fmt: skip
