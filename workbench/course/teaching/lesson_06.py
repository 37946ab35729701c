"""Exercises of lesson 06, the VAE-GAN."""

from __future__ import annotations

import numpy as np

from workbench.course.teaching.core import Task, exercise


def log_distance(real: np.ndarray, made: np.ndarray) -> float:
    """dB: root mean square over bins (rows), mean over frames (columns), of two powers."""
    apart = 10 * np.log10(real) - 10 * np.log10(made)
    return float(np.sqrt((apart**2).mean(0)).mean())


@exercise(
    "06.1",
    points=1,
    hints=(
        "Convert both to decibels, then square their difference.",
        "One mean is inside the root, one outside. Which axis belongs to which?",
    ),
)
def check_log_distance(random: np.random.Generator) -> Task:
    """Lesson 06: log-spectral distance of two power spectrograms (bins, frames)."""
    cases = [tuple(random.uniform(1e-3, 1, (2, 5, 7))) for _ in range(3)]

    def decibels(p: np.ndarray) -> np.ndarray:
        return 10 * np.log10(p)

    return Task(
        log_distance,
        cases,
        [
            (
                "the inputs are powers, not magnitudes: use 10 log₁₀, not 20",
                lambda a, b: 2 * log_distance(a, b),
            ),
            (
                "take the square root for each frame, before the mean over frames",
                lambda a, b: np.sqrt(((decibels(a) - decibels(b)) ** 2).mean()),
            ),
            (
                "bins are the rows: the mean inside the root is over axis 0",
                lambda a, b: np.sqrt(((decibels(a) - decibels(b)) ** 2).mean(1)).mean(),
            ),
            (
                "a difference may be negative: square it before the mean",
                lambda a, b: np.abs((decibels(a) - decibels(b)).mean(0)).mean(),
            ),
        ],
    )


def kl_normal(mean: np.ndarray, log_variance: np.ndarray) -> float:
    """Mean KL(N(mean, e^log_variance) ‖ N(0, 1)) in nats."""
    return float(0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).mean())


@exercise(
    "06.2",
    points=1,
    hints=(
        "Of the four terms, which vanish for mean 0 and variance 1?",
        "The network outputs the log variance: which terms need its exponential?",
    ),
)
def check_kl_normal(random: np.random.Generator) -> Task:
    """Lesson 06: the KL divergence of a latent from the prior."""
    cases = [(random.normal(size=6), random.normal(size=6) - 1) for _ in range(3)]
    return Task(
        kl_normal,
        cases,
        [
            ("the factor ½ applies to every term of the sum", lambda m, v: 2 * kl_normal(m, v)),
            (
                "the argument is the *log* variance: the variance is its exponential",
                lambda m, v: 0.5 * (m**2 + v - 1 - np.log(np.abs(v))).mean(),
            ),
            (
                "exp(log variance) is already σ²: do not square it",
                lambda m, v: 0.5 * (m**2 + np.exp(2 * v) - 1 - v).mean(),
            ),
            ("take the mean over latents, not the sum", lambda m, v: kl_normal(m, v) * len(m)),
        ],
    )


def hinge(real: np.ndarray, fake: np.ndarray) -> float:
    """The discriminator's hinge loss."""
    return float(np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean())


@exercise(
    "06.3",
    points=1,
    hints=(
        "A real score above 1 and a fake score below −1 cost nothing.",
        "How far is a real score of 0.3 from 1? Clip at 0 for each score, then take the mean.",
    ),
)
def check_hinge(random: np.random.Generator) -> Task:
    """Lesson 06: the discriminator's loss from its scores."""
    # scores far beyond the margin would make the mean negative
    cases = [(up + 2 * random.normal(size=9), 2 * random.normal(size=9) - up) for up in (0, 0, 4)]
    return Task(
        hinge,
        cases,
        [
            (
                "scores beyond the margin have loss 0: clip at 0",
                lambda r, f: (1 - r).mean() + (1 + f).mean(),
            ),
            (
                "generated sound should score low: 1 + score, not 1 − score",
                lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 - f).mean(),
            ),
            (
                "real and generated are swapped: real sound should score high",
                lambda r, f: hinge(f, r),
            ),
            (
                "clip before the mean: each score has its own margin",
                lambda r, f: max(0, 1 - r.mean()) + max(0, 1 + f.mean()),
            ),
        ],
    )
