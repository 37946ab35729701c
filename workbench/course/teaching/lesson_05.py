"""Exercises of lesson 05, latent diffusion."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise


@exercise(
    "05.1",
    points=1,
    hints=(
        "Which number goes before x₀ so that its variance is ᾱ, if x₀'s is 1?",
        "The variances of both parts add up to 1: what is left for the noise?",
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
                "the roots are missing: variances add, not amplitudes",
                lambda x, e, a: a * x + (1 - a) * e,
            ),
            (
                "only the signal's root is there: the noise needs √(1 − ᾱ)",
                lambda x, e, a: np.sqrt(a) * x + (1 - a) * e,
            ),
            (
                "signal and noise are exchanged: ᾱ near 1 is nearly clean",
                lambda x, e, a: np.sqrt(1 - a) * x + np.sqrt(a) * e,
            ),
            (
                "is 1 − √ᾱ what you mean? the noise needs √(1 − ᾱ)",
                lambda x, e, a: np.sqrt(a) * x + (1 - np.sqrt(a)) * e,
            ),
        ],
    )


@exercise(
    "05.2",
    points=2,
    hints=(
        "Two lines: the clean guess, then noise on it again.",
        "The clean guess uses only ᾱ now: solve equation (1) for x₀.",
        "The second line is equation (1) once more. Which ᾱ belongs in it?",
    ),
)
def check_ddim_step(random: np.random.Generator) -> Task:
    """Lesson 05: from x_t and ε to the next, less noisy x, given ᾱ now and ᾱ next."""
    levels = np.sort(random.uniform(0.05, 0.95, (3, 2)), axis=1)
    cases = [(random.normal(size=4), random.normal(size=4), now, then) for now, then in levels]

    def clean(x: Any, e: Any, now: float) -> Any:
        return (x - np.sqrt(1 - now) * e) / np.sqrt(now)

    return Task(
        lambda x, e, now, then: np.sqrt(then) * clean(x, e, now) + np.sqrt(1 - then) * e,
        cases,
        [
            (
                "that is the guess of x₀; put noise of the next level back on",
                lambda x, e, now, then: clean(x, e, now),
            ),
            (
                "is your epsilon inside the root? the noise is √(1 − ᾱ) · ε",
                lambda x, e, now, then: (
                    np.sqrt(then) * (x - (1 - now) * e) / np.sqrt(now) + (1 - then) * e
                ),
            ),
            (
                "ᾱ now and ᾱ next are exchanged",
                lambda x, e, now, then: np.sqrt(now) * clean(x, e, then) + np.sqrt(1 - now) * e,
            ),
            (
                "that puts the old noise level back on: use ᾱ next",
                lambda x, e, now, then: np.sqrt(then) * clean(x, e, now) + np.sqrt(1 - now) * e,
            ),
        ],
    )


@exercise(
    "05.3",
    points=1,
    hints=(
        "What must be left at scale 0, and what at scale 1?",
        "The difference of the two answers is a direction. Start from one answer and walk "
        "along it.",
    ),
)
def check_guidance(random: np.random.Generator) -> Task:
    """Lesson 05: classifier-free guidance from the answers with and without the text."""
    cases = [(random.normal(size=5), random.normal(size=5), s) for s in (0.0, 1.0, 3.0)]
    return Task(
        lambda with_text, without, s: without + s * (with_text - without),
        cases,
        [
            (
                "start from the answer without the text: at scale 1 the text alone must be left",
                lambda c, u, s: c + s * (c - u),
            ),
            ("the difference is the wrong way round", lambda c, u, s: u + s * (u - c)),
            (
                "that is a mean: beyond 1 guidance goes on past the text",
                lambda c, u, s: (c + s * u) / (1 + s),
            ),
        ],
    )
