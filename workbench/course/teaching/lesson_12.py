"""Exercises of lesson 12, evaluation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of


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
                2,
            ),
            (
                "the term of the means is missing: their squared distance",
                lambda a, v, b, w: right(a, v, a, w),
                2,
            ),
            (
                "the term of the standard deviations is missing",
                lambda a, v, b, w: ((a - b) ** 2).sum(),
                2,
            ),
            (
                "return the squared distance, as papers report it",
                lambda a, v, b, w: np.sqrt(right(a, v, b, w)),
                2,
            ),
            (
                "sum over the columns instead of taking the mean",
                lambda a, v, b, w: right(a, v, b, w) / len(a),
                1,
            ),
            (
                "subtract 2 √(v₁ v₂), the cross term of the square, not √(v₁ v₂)",
                lambda a, v, b, w: ((a - b) ** 2).sum() + (v + w - np.sqrt(v * w)).sum(),
                2,
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
                1,
            ),
            (
                "without its diagonal, a table of n rows has n (n − 1) cells, not n²",
                lambda a, b, c: no_diagonal(a) + no_diagonal(b) - 2 * c.mean(),
                2,
            ),
            (
                "the diagonal of kxx must be left out, too",
                lambda a, b, c: unbiased(a, b, c) + np.trace(a) / (len(a) * (len(a) - 1)),
                2,
            ),
            (
                "the diagonal of kyy must be left out, too",
                lambda a, b, c: unbiased(a, b, c) + np.trace(b) / (len(b) * (len(b) - 1)),
                2,
            ),
            (
                "between the sets, the diagonal is not special: include it",
                lambda a, b, c: (
                    unbiased(a, b, c)
                    + 2 * c.mean()
                    - 2 * (c.sum() - np.trace(c)) / (c.size - min(c.shape))
                ),
                1,
            ),
            ("the cross term counts twice", lambda a, b, c: unbiased(a, b, c) + c.mean(), 1),
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
                1,
            ),
            (
                "that is the slope, the strength of the bias; return the value at 1/N = 0",
                lambda n, d: np.polyfit(1 / n, d, 1)[0],
                2,
            ),
            (
                "that is the value of the largest sample: less biased, but still biased",
                lambda n, d: d[-1],
                1,
            ),
            ("a mean of biased values is biased: extrapolate", lambda n, d: d.mean(), 1),
            (
                "fit over 1/N, not 1/√N: the bias is proportional to 1/N",
                lambda n, d: np.polyfit(1 / np.sqrt(n), d, 1)[1],
                1,
            ),
        ],
    )


def mean_divergence(part: np.ndarray, mean: np.ndarray) -> float:
    """Mean over rows of the KL from `mean`, in nats; a probability of 0 adds 0."""
    safe = np.where(part > 0, part, 1.0)
    return float((part * (np.log(safe) - np.log(np.where(mean > 0, mean, 1.0)))).sum(1).mean())


def scores(
    p: np.ndarray,
    splits: int,
    *,
    of: Callable[[np.ndarray], float] = lambda part: float(
        np.exp(mean_divergence(part, part.mean(0)))
    ),
    parts: Callable[[np.ndarray, int], list[np.ndarray]] = np.split,
) -> tuple[float, float]:
    """Mean and standard deviation of the inception scores of parts of p (n, classes). of, parts:
    what makes a mistake computes instead."""
    found = [of(part) for part in parts(p, splits)]
    return float(np.mean(found)), float(np.std(found))


@exercise(
    "12.4",
    points=3,
    hints=(
        "np.split(p, splits) cuts the rows into parts; do the same for each part.",
        "The mean of the part's rows is p(c). The KL of a row is Σ p ln(p / mean).",
        "Leave out the cells where p is 0. Then the mean over the rows, then exp.",
    ),
)
def check_inception(random: np.random.Generator) -> Task:
    """Lesson 12: mean and standard deviation of the inception score over splits."""
    cases = []
    for n, classes, splits in ((8, 3, 2), (12, 4, 3), (6, 3, 1)):
        p = random.dirichlet(0.6 * np.ones(classes), n)
        p[0] = np.eye(classes)[0]  # certain: the other classes have probability 0
        cases.append((p, splits))

    changed = variants_of(scores)

    def entropy(mean: np.ndarray) -> float:
        return float(-(mean * np.log(np.where(mean > 0, mean, 1.0))).sum())

    return Task(
        scores,
        cases,
        [
            (
                "the score is exp of the mean KL",
                changed(of=lambda part: mean_divergence(part, part.mean(0))),
                3,
            ),
            (
                "exp comes last, after the mean over the clips",
                changed(
                    of=lambda part: float(
                        np.mean([np.exp(mean_divergence(row[None], part.mean(0))) for row in part])
                    )
                ),
                3,
            ),
            (
                "that is the sum over the clips: take the mean before exp",
                changed(of=lambda part: np.exp(len(part) * mean_divergence(part, part.mean(0)))),
                3,
            ),
            (
                "the KL is reversed: p(c | x) comes first",
                changed(
                    of=lambda part: float(
                        np.exp(
                            np.mean(
                                [
                                    np.sum(
                                        part.mean(0) * np.log(part.mean(0) / np.maximum(row, 1e-12))
                                    )
                                    for row in part
                                ]
                            )
                        )
                    )
                ),
                2,
            ),
            (
                "use natural logarithms: bits do not fit exp",
                changed(of=lambda part: np.exp(mean_divergence(part, part.mean(0)) / np.log(2))),
                2,
            ),
            (
                "that is the number of classes that occur, whether or not the judge is certain",
                changed(of=lambda part: np.exp(entropy(part.mean(0)))),
                2,
            ),
            (
                "p(c) is the mean of the clips' rows: the classes need not be equally frequent",
                changed(
                    of=lambda part: float(
                        np.exp(mean_divergence(part, np.full(part.shape[1], 1 / part.shape[1])))
                    )
                ),
                2,
            ),
            (
                "p(c) is the mean of the part, not of all rows",
                lambda p, splits: scores(
                    p, splits, of=lambda part: np.exp(mean_divergence(part, p.mean(0)))
                ),
                2,
            ),
            (
                "cut the rows in order, not every splits-th one",
                changed(parts=lambda p, splits: [p[i::splits] for i in range(splits)]),
                1,
            ),
            ("split the rows into parts first", lambda p, splits: scores(p, 1), 1),
            (
                "divide by the number of scores: np.std without ddof",
                lambda p, splits: (
                    scores(p, splits)[0],
                    scores(p, splits)[1] * np.sqrt(splits / max(1, splits - 1)),
                ),
            ),
            (
                "that is the variance: take its root",
                lambda p, splits: (scores(p, splits)[0], scores(p, splits)[1] ** 2),
            ),
        ],
        tolerance=1e-6,
    )
