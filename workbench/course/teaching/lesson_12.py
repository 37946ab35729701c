"""Exercises of lesson 12, evaluation."""

from __future__ import annotations

import numpy as np

from workbench.course.teaching.core import Task, exercise


def diagonal_frechet(m1: np.ndarray, v1: np.ndarray, m2: np.ndarray, v2: np.ndarray) -> float:
    """Squared Fréchet distance of two normal distributions, their columns independent."""
    return float(((m1 - m2) ** 2).sum() + ((np.sqrt(v1) - np.sqrt(v2)) ** 2).sum())


@exercise(
    "12.1",
    points=1,
    hints=(
        "Independent columns are one-dimensional normal distributions: add their distances.",
        "In one dimension: (μ₁ − μ₂)² + (σ₁ − σ₂)²; the arguments are σ².",
    ),
)
def check_diagonal_frechet(random: np.random.Generator) -> Task:
    """Lesson 12: Fréchet distance from means and variances (d,)."""
    cases = [
        (
            random.normal(size=5),
            random.uniform(0.1, 4, 5),
            random.normal(size=5),
            random.uniform(0.1, 4, 5),
        )
        for _ in range(3)
    ]
    right = diagonal_frechet
    return Task(
        right,
        cases,
        [
            (
                "compare standard deviations, not variances: take square roots first",
                lambda a, v, b, w: ((a - b) ** 2).sum() + ((v - w) ** 2).sum(),
            ),
            (
                "the term of the means is missing: their squared distance",
                lambda a, v, b, w: right(a, v, a, w),
            ),
            (
                "the term of the standard deviations is missing",
                lambda a, v, b, w: ((a - b) ** 2).sum(),
            ),
            (
                "return the squared distance, as papers report it",
                lambda a, v, b, w: np.sqrt(right(a, v, b, w)),
            ),
            (
                "sum over the columns instead of taking the mean",
                lambda a, v, b, w: right(a, v, b, w) / len(a),
            ),
            (
                "subtract 2 √(v₁ v₂), the cross term of the square, not √(v₁ v₂)",
                lambda a, v, b, w: ((a - b) ** 2).sum() + (v + w - np.sqrt(v * w)).sum(),
            ),
        ],
    )


def unbiased(kxx: np.ndarray, kyy: np.ndarray, kxy: np.ndarray) -> float:
    """Squared maximum mean discrepancy without its bias, from kernels between rows."""

    def off(k: np.ndarray) -> float:
        return (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))

    return float(off(kxx) + off(kyy) - 2 * kxy.mean())


@exercise(
    "12.2",
    points=2,
    hints=(
        "You need three means: within x, within y, and twice between them.",
        "np.trace(kxx) is the sum to exclude; how many cells remain?",
    ),
)
def check_unbiased(random: np.random.Generator) -> Task:
    """Lesson 12: kernel distance of kxx (n, n), kyy (m, m), kxy (n, m)."""

    def case(n: int, m: int, alike: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y = random.normal(size=(n, 2)), random.normal(size=(m, 2)) + 2
        if alike:  # nearly the same rows: the value is below zero
            y = x + 0.01 * y

        def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / 2)

        return kernel(x, x), kernel(y, y), kernel(x, y)

    def no_diagonal(k: np.ndarray) -> float:
        return (k.sum() - np.trace(k)) / k.size

    return Task(
        unbiased,
        [case(5, 7), case(6, 4), case(8, 8, alike=True)],
        [
            (
                "the diagonals are included: each row is identical to itself, hence the bias",
                lambda a, b, c: a.mean() + b.mean() - 2 * c.mean(),
            ),
            (
                "without its diagonal, a table of n rows has n (n − 1) cells, not n²",
                lambda a, b, c: no_diagonal(a) + no_diagonal(b) - 2 * c.mean(),
            ),
            (
                "between the sets, the diagonal is not special: include it",
                lambda a, b, c: (
                    unbiased(a, b, c)
                    + 2 * c.mean()
                    - 2 * (c.sum() - np.trace(c)) / (c.size - min(c.shape))
                ),
            ),
            ("the cross term counts twice", lambda a, b, c: unbiased(a, b, c) + c.mean()),
            (
                "do not take a root: the unbiased value can be negative",
                lambda a, b, c: np.sqrt(max(0.0, unbiased(a, b, c))),
            ),
            (
                "do not clip at zero: that makes the estimate biased",
                lambda a, b, c: max(0.0, unbiased(a, b, c)),
            ),
        ],
    )


def at_infinity(sizes: np.ndarray, distances: np.ndarray) -> float:
    """The intercept of the line through distances over 1/size."""
    return float(np.polyfit(1 / sizes, distances, 1)[1])


@exercise(
    "12.3",
    points=2,
    hints=(
        "What is 1/N for infinite N?",
        "np.polyfit(x, y, 1) returns the slope and the intercept of a line.",
    ),
)
def check_at_infinity(random: np.random.Generator) -> Task:
    """Lesson 12: Fréchet distance at infinitely many clips, from sizes (k,) and distances (k,)."""
    sizes = np.array([40.0, 60.0, 90.0, 150.0, 300.0])
    cases = [
        (sizes, random.uniform(2, 9) + random.uniform(100, 900) / sizes + random.normal(0, 0.2, 5))
        for _ in range(3)
    ]
    return Task(
        at_infinity,
        cases,
        [
            (
                "fit over 1/N, not over N: at infinity, 1/N is 0",
                lambda n, d: np.polyfit(n, d, 1)[1],
            ),
            (
                "that is the slope, the strength of the bias; return the value at 1/N = 0",
                lambda n, d: np.polyfit(1 / n, d, 1)[0],
            ),
            (
                "that is the value of the largest sample: less biased, but still biased",
                lambda n, d: d[-1],
            ),
            ("a mean of biased values is biased: extrapolate", lambda n, d: d.mean()),
            (
                "fit over 1/N, not 1/√N: the bias is proportional to 1/N",
                lambda n, d: np.polyfit(1 / np.sqrt(n), d, 1)[1],
            ),
        ],
    )
