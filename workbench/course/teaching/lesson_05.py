"""Exercises of lesson 05, latent diffusion."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of
from workbench.models import mixture


@exercise(
    "05.1",
    points=1,
    hints=(
        "By which factor must x₀, of variance 1, be multiplied so that its variance is ᾱ?",
        "The variances of the two parts add up to 1: how much remains for the noise?",
    ),
)
def check_add_noise(random: np.random.Generator) -> Task:
    """Lesson 05: the forward process x_t from x₀, ε and ᾱ_t."""
    cases = [(random.normal(size=(4, 3)), random.normal(size=(4, 3)), a) for a in random.random(3)]
    return Task(
        lambda x, e, a: np.sqrt(a) * x + np.sqrt(1 - a) * e,
        [*cases, cases[0]],  # the same again: noise that the function samples itself would differ
        [
            (
                "the square roots are missing: variances add, not amplitudes",
                lambda x, e, a: a * x + (1 - a) * e,
                1,
            ),
            (
                "those are squares; ᾱ is a variance, its factor is the square root",
                lambda x, e, a: a**2 * x + (1 - a) ** 2 * e,
                1,
            ),
            (
                "the square root is missing for the noise: use √(1 − ᾱ)",
                lambda x, e, a: np.sqrt(a) * x + (1 - a) * e,
                2,
            ),
            (
                "signal and noise are swapped: ᾱ near 1 means almost no noise",
                lambda x, e, a: np.sqrt(1 - a) * x + np.sqrt(a) * e,
                1,
            ),
            (
                "the factor of the noise is √(1 − ᾱ), not 1 − √ᾱ",
                lambda x, e, a: np.sqrt(a) * x + (1 - np.sqrt(a)) * e,
                2,
            ),
            ("the noise is missing", lambda x, e, a: np.sqrt(a) * x),
            (
                "that subtracts the noise; equation (1) adds it",
                lambda x, e, a: np.sqrt(a) * x - np.sqrt(1 - a) * e,
            ),
        ],
    )


@exercise(
    "05.2",
    points=3,
    hints=(
        "First x_t by equation (1). ᾱ is a number per row: give it an axis that broadcasts.",
        "Where `drop` is true, the row's text becomes zeros: `torch.where`.",
        "The network receives x_t, t and the text. What it should predict depends on `target`.",
        "v = √ᾱ ε − √(1−ᾱ) x₀. The loss is the mean of all squared differences.",
    ),
)
def check_training_loss(random: np.random.Generator) -> Task:
    """Lesson 05: the loss of one training step with text dropout, for three predictions."""
    import torch

    def normal() -> Any:
        return torch.from_numpy(random.normal(size=(5, 3)).astype(np.float32))

    def case(target: str) -> tuple[Any, ...]:
        t = torch.from_numpy(random.integers(50, 950, 5))
        drop = torch.from_numpy(random.permutation([True, True, False, False, False]))
        text = 2 * normal()
        return mixture.best_noise, normal(), text, t, normal(), drop, mixture.SCHEDULE, target

    def noised(x0: Any, t: Any, noise: Any, bars: Any) -> tuple[Any, Any, Any]:
        signal, sigma = bars[t].sqrt()[:, None], (1 - bars[t]).sqrt()[:, None]
        return signal * x0 + sigma * noise, signal, sigma

    def errors(
        network: Any, x0: Any, text: Any, t: Any, noise: Any, drop: Any, bars: Any, target: str
    ) -> Any:
        x, signal, sigma = noised(x0, t, noise, bars)
        wanted = {"epsilon": noise, "x0": x0, "v": signal * noise - sigma * x0}[target]
        return network(x, t, torch.where(drop[:, None], 0.0, text)) - wanted

    def changed(**other: Any) -> Any:
        """The loss with some arguments computed from the others."""
        names = ("network", "x0", "text", "t", "noise", "drop", "bars", "target")

        def loss(*args: Any) -> Any:
            given = dict(zip(names, args, strict=True))
            given |= {name: change(given) for name, change in other.items()}
            return (errors(**given) ** 2).mean()

        return loss

    def with_parts(x_of: Any, wanted_of: Any) -> Any:
        """The loss with another input of the network or another target."""

        def loss(
            network: Any, x0: Any, text: Any, t: Any, noise: Any, drop: Any, bars: Any, target: str
        ) -> Any:
            x, signal, sigma = noised(x0, t, noise, bars)
            v = signal * noise - sigma * x0
            wanted = {"epsilon": noise, "x0": x0, "v": v}[target]
            text = torch.where(drop[:, None], 0.0, text)
            seen = x_of(x, x0, noise, bars[t][:, None])
            wanted = wanted_of(wanted, target, x, v, noise)
            return ((network(seen, t, text) - wanted) ** 2).mean()

        return loss

    def own(wanted: Any, *_: Any) -> Any:
        return wanted

    return Task(
        changed(),
        [case("epsilon"), case("x0"), case("v")],
        [
            ("the text is never dropped", changed(drop=lambda a: torch.zeros_like(a["drop"])), 2),
            ("the text is dropped where it should stay", changed(drop=lambda a: ~a["drop"]), 2),
            (
                "the text is always dropped: only rows of `drop` lose it",
                changed(drop=lambda a: torch.ones_like(a["drop"])),
                2,
            ),
            (
                "the network receives x₀: it must receive the noisy x_t",
                with_parts(lambda x, x0, e, bar: x0, own),
                3,
            ),
            (
                "the network receives pure noise: mix it with x₀ by equation (1)",
                with_parts(lambda x, x0, e, bar: e, own),
                3,
            ),
            (
                "the square roots are missing in x_t",
                with_parts(lambda x, x0, e, bar: bar * x0 + (1 - bar) * e, own),
                1,
            ),
            (
                "signal and noise are swapped in x_t",
                with_parts(lambda x, x0, e, bar: (1 - bar).sqrt() * x0 + bar.sqrt() * e, own),
                1,
            ),
            (
                "the target is ε whatever `target` says",
                with_parts(lambda x, *_: x, lambda w, target, x, v, e: e),
                3,
            ),
            (
                "the sign of v is reversed: v = √ᾱ ε − √(1−ᾱ) x₀",
                with_parts(lambda x, *_: x, lambda w, target, x, v, e: -v if target == "v" else w),
                4,
            ),
            (
                "that is the sum of the squares: take their mean",
                lambda *a: (errors(*a) ** 2).sum(),
                4,
            ),
            (
                "that is the mean of absolute differences: square them",
                lambda *a: errors(*a).abs().mean(),
                4,
            ),
            (
                "no root: the loss is the mean of the squares",
                lambda *a: (errors(*a) ** 2).mean().sqrt(),
                4,
            ),
        ],
    )


@exercise(
    "05.3",
    points=2,
    hints=(
        "Two lines: the prediction of x₀, then noise added to it again.",
        "The prediction of x₀ uses only the current ᾱ: solve equation (1) for x₀.",
        "The second line is equation (1) again. Which ᾱ does it use?",
    ),
)
def check_ddim_step(random: np.random.Generator) -> Task:
    """Lesson 05: from x_t and ε to the next, less noisy x, given the current and the next ᾱ."""
    levels = np.sort(random.uniform(0.05, 0.95, (3, 2)), axis=1)
    cases = [(random.normal(size=4), random.normal(size=4), now, then) for now, then in levels]

    def clean(x: Any, e: Any, now: float) -> Any:
        return (x - np.sqrt(1 - now) * e) / np.sqrt(now)

    def noised(x0: Any, e: Any, then: float) -> Any:
        return np.sqrt(then) * x0 + np.sqrt(1 - then) * e

    return Task(
        lambda x, e, now, then: noised(clean(x, e, now), e, then),
        cases,
        [
            (
                "that is the prediction of x₀: add noise of the next level",
                lambda x, e, now, then: clean(x, e, now),
                1,
            ),
            (
                "the square root is missing: the noise is √(1 − ᾱ) · ε",
                lambda x, e, now, then: (
                    np.sqrt(then) * (x - (1 - now) * e) / np.sqrt(now) + (1 - then) * e
                ),
                3,
            ),
            (
                "that gives x_t again: add the noise of the next level, not of the current one",
                lambda x, e, now, then: x,
                3,
            ),
            (
                "the current and the next ᾱ are swapped",
                lambda x, e, now, then: np.sqrt(now) * clean(x, e, then) + np.sqrt(1 - now) * e,
                3,
            ),
            (
                "that adds noise of the current level: use the next ᾱ",
                lambda x, e, now, then: np.sqrt(then) * clean(x, e, now) + np.sqrt(1 - now) * e,
                3,
            ),
            (
                "x̂₀ is not divided by √ᾱ of the current level",
                lambda x, e, now, then: noised(x - np.sqrt(1 - now) * e, e, then),
                2,
            ),
            (
                "x̂₀ is divided by ᾱ: divide by its square root",
                lambda x, e, now, then: noised((x - np.sqrt(1 - now) * e) / now, e, then),
                2,
            ),
            (
                "x̂₀ is x_t minus the noise, not plus",
                lambda x, e, now, then: noised((x + np.sqrt(1 - now) * e) / np.sqrt(now), e, then),
                2,
            ),
            (
                "the noise of the next level is missing: x_s has the term √(1−ᾱ_s) · ε",
                lambda x, e, now, then: np.sqrt(then) * clean(x, e, now),
                1,
            ),
            (
                "the noise of the next level is added, not subtracted",
                lambda x, e, now, then: np.sqrt(then) * clean(x, e, now) - np.sqrt(1 - then) * e,
                3,
            ),
        ],
    )


@exercise(
    "05.4",
    points=3,
    hints=(
        "λ is half the logarithm of ᾱ/(1−ᾱ). Compute it for all three levels.",
        "h is the step in λ that you take now, r · h the one before.",
        "D lies on the line through the last two predictions, half a step beyond the second one.",
        "σ is √(1−ᾱ). Which of the levels does each σ and the α belong to?",
    ),
)
def check_dpm_step(random: np.random.Generator) -> Task:
    """Lesson 05: a step of DPM-Solver++(2M), given three levels ᾱ and two predictions of x₀."""
    levels = np.sort(random.uniform(0.03, 0.97, (3, 3)), axis=1)
    cases = [(*random.normal(size=(3, 4)), *map(float, row)) for row in levels]

    def lam(bar: float, half: float = 0.5) -> float:
        return half * float(np.log(bar / (1 - bar)))

    def step(
        x: Any,
        x0: Any,
        x0_before: Any,
        before: float,
        now: float,
        then: float,
        *,
        half: float = 0.5,
        weight: Any = lambda r: 1 / (2 * r),
        sign: float = 1.0,
        alpha_of: Any = lambda now, then: then,
        ratio: Any = lambda now, then: np.sqrt((1 - then) / (1 - now)),
    ) -> Any:
        h = lam(then, half) - lam(now, half)
        w = weight((lam(now, half) - lam(before, half)) / h)
        line = (1 + w) * x0 - w * x0_before
        return ratio(now, then) * x - sign * np.sqrt(alpha_of(now, then)) * np.expm1(-h) * line

    return Task(
        step,
        cases,
        [
            (
                "that is a step of first order (DDIM): x0_before is not used",
                lambda *a: step(*a, weight=lambda r: 0.0),
                3,
            ),
            (
                "λ is half of the logarithm of ᾱ/(1−ᾱ): the factor ½ is missing",
                lambda *a: step(*a, half=1.0),
                1,
            ),
            (
                "r is inverted: it is the previous step in λ divided by this one",
                lambda *a: step(*a, weight=lambda r: r / 2),
                2,
            ),
            (
                "the weight of the difference is 1/(2r), not 1/r",
                lambda *a: step(*a, weight=lambda r: 1 / r),
                3,
            ),
            (
                "the sign in D is reversed: it continues from x0_before through x0",
                lambda *a: step(*a, weight=lambda r: -1 / (2 * r)),
                3,
            ),
            (
                "the second term is subtracted: −α (e^{−h} − 1) is positive",
                lambda *a: step(*a, sign=-1.0),
            ),
            ("α belongs to the next level", lambda *a: step(*a, alpha_of=lambda now, then: now), 4),
            ("α is √ᾱ, not ᾱ", lambda *a: step(*a, alpha_of=lambda now, then: then**2), 4),
            (
                "the ratio of the σ is inverted: x shrinks as noise is removed",
                lambda *a: step(*a, ratio=lambda now, then: np.sqrt((1 - now) / (1 - then))),
                4,
            ),
            (
                "σ is √(1−ᾱ), not 1−ᾱ",
                lambda *a: step(*a, ratio=lambda now, then: (1 - then) / (1 - now)),
                4,
            ),
        ],
    )


def guided_rows(
    network: Any,
    x: Any,
    t: Any,
    text: Any,
    scale: float,
    first: int,
    *,
    without: Any = lambda text: 0 * text,
    noisy: Any = lambda t, first: t >= first,
    rule: Any = lambda c, u, s: u + s * (c - u),
    elsewhere: Any = lambda c, u: c,
) -> Any:
    """(batch, n): guided at steps from `first` on, elsewhere the prediction with text. The keywords
    make the typical mistakes.

    Args:
        network: From x, t and text to a prediction.
        x: (batch, n).
        t: (batch,).
        text: (batch, n).
        scale: Of the guidance.
        first: The least noisy step with guidance.
        without: What the network receives instead of the text.
        noisy: Which rows are guided.
        rule: From the predictions with and without text, and the scale.
        elsewhere: The prediction of the other rows.
    """
    import torch

    c, u = network(x, t, text), network(x, t, without(text))
    return torch.where(noisy(t, first)[:, None], rule(c, u, scale), elsewhere(c, u))


@exercise(
    "05.5",
    points=2,
    hints=(
        "Evaluate the network twice: with the text, and with zeros in its place.",
        "What must remain of equation (6) at scale 0, and what at scale 1?",
        "The difference of the two predictions is a direction. Start from the one without text and "
        "move along it.",
        "Which scale gives the prediction with text? Let each row have its own scale: `torch.where`"
        " on t, with an axis that broadcasts.",
    ),
)
def check_guidance(random: np.random.Generator) -> Task:
    """Lesson 05: classifier-free guidance of a batch, at its noisier steps only."""
    import torch

    def normal(rows: int) -> Any:
        return torch.from_numpy(random.normal(size=(rows, 4)).astype(np.float32))

    cases = []
    for rows, scale in ((6, 0.0), (5, float(random.uniform(2, 3))), (7, 4.0)):
        first = int(random.integers(450, 550))
        steps = [first, first - 1, *random.integers(250, first, 2)]
        steps = [*steps, *random.integers(first, 900, rows - 4)]
        t = torch.from_numpy(random.permutation(steps))
        cases.append((mixture.best_noise, normal(rows), t, 2 * normal(rows), scale, first))

    changed = variants_of(guided_rows)

    def always(t: Any, first: int) -> Any:
        return t >= 0

    return Task(
        guided_rows,
        cases,
        [
            (
                "every row is guided: rows before step `first` get the prediction with text",
                changed(noisy=always),
                4,
            ),
            (
                "rows before step `first` get the prediction with text, not the one without",
                changed(elsewhere=lambda c, u: u),
                4,
            ),
            (
                "the wrong half is guided: a larger step is noisier",
                changed(noisy=lambda t, first: t < first),
                4,
            ),
            ("the row at step `first` is guided, too", changed(noisy=lambda t, f: t > f), 4),
            (
                "that is the prediction with text alone: guidance also needs the one without",
                changed(noisy=lambda t, first: t < 0),
                1,
            ),
            (
                "start from the unconditional prediction: scale 1 must give the conditional one",
                changed(rule=lambda c, u, s: c + s * (c - u)),
                2,
            ),
            ("the difference has the wrong sign", changed(rule=lambda c, u, s: u + s * (u - c)), 3),
            (
                "the two predictions are exchanged: scale 0 must give the one without text",
                changed(rule=lambda c, u, s: c + s * (u - c)),
                2,
            ),
            (
                "that is a mean: above 1, guidance extrapolates beyond the conditional prediction",
                changed(rule=lambda c, u, s: (c + s * u) / (1 + s)),
                3,
            ),
            (
                "the unconditional prediction is missing: add it",
                changed(rule=lambda c, u, s: s * (c - u)),
                3,
            ),
        ],
    )
