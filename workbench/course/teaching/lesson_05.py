"""Exercises of lesson 05, latent diffusion."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise


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
        cases,
        [
            (
                "the square roots are missing: variances add, not amplitudes",
                lambda x, e, a: a * x + (1 - a) * e,
            ),
            (
                "the square root is missing for the noise: use √(1 − ᾱ)",
                lambda x, e, a: np.sqrt(a) * x + (1 - a) * e,
            ),
            (
                "signal and noise are swapped: ᾱ near 1 means almost no noise",
                lambda x, e, a: np.sqrt(1 - a) * x + np.sqrt(a) * e,
            ),
            (
                "the factor of the noise is √(1 − ᾱ), not 1 − √ᾱ",
                lambda x, e, a: np.sqrt(a) * x + (1 - np.sqrt(a)) * e,
            ),
        ],
    )


@exercise(
    "05.2",
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

    return Task(
        lambda x, e, now, then: np.sqrt(then) * clean(x, e, now) + np.sqrt(1 - then) * e,
        cases,
        [
            (
                "that is the prediction of x₀: add noise of the next level",
                lambda x, e, now, then: clean(x, e, now),
            ),
            (
                "the square root is missing: the noise is √(1 − ᾱ) · ε",
                lambda x, e, now, then: (
                    np.sqrt(then) * (x - (1 - now) * e) / np.sqrt(now) + (1 - then) * e
                ),
            ),
            (
                "the current and the next ᾱ are swapped",
                lambda x, e, now, then: np.sqrt(now) * clean(x, e, then) + np.sqrt(1 - now) * e,
            ),
            (
                "that adds noise of the current level: use the next ᾱ",
                lambda x, e, now, then: np.sqrt(then) * clean(x, e, now) + np.sqrt(1 - now) * e,
            ),
        ],
    )


@exercise(
    "05.3",
    points=1,
    hints=(
        "What must remain at scale 0, and what at scale 1?",
        "The difference of the two predictions is a direction. Start from one prediction and "
        "move along it.",
    ),
)
def check_guidance(random: np.random.Generator) -> Task:
    """Lesson 05: classifier-free guidance from the predictions with and without the text."""
    cases = [(random.normal(size=5), random.normal(size=5), s) for s in (0.0, 1.0, 3.0)]
    return Task(
        lambda with_text, without, s: without + s * (with_text - without),
        cases,
        [
            (
                "start from the unconditional prediction: scale 1 must give the conditional one",
                lambda c, u, s: c + s * (c - u),
            ),
            ("the difference has the wrong sign", lambda c, u, s: u + s * (u - c)),
            (
                "that is a mean: above 1, guidance extrapolates beyond the conditional prediction",
                lambda c, u, s: (c + s * u) / (1 + s),
            ),
        ],
    )
