"""Exercises of lesson 14, people: copies, shares of the credit, watermarks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress
from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of
from workbench.evaluation.attribution import shapley


@exercise(
    "14.1",
    points=1,
    hints=(
        "Compare one loop with all training loops: loops[i] != training has a row for each.",
        "Sum over the cells, then take the smallest sum.",
    ),
)
def check_nearest(random: np.random.Generator) -> Task:
    """Lesson 14: Hamming distance of loops (n, cells) to the nearest of training (m, cells)."""

    def apart(loops: np.ndarray, training: np.ndarray) -> np.ndarray:
        return (loops[:, None] != training[None]).sum(-1)

    cases = [
        (random.random((n, 20)) < 0.4, random.random((m, 20)) < 0.3) for n, m in ((4, 7), (6, 3))
    ]
    return Task(
        lambda loops, training: apart(loops, training).min(1),
        cases,
        [
            (
                "that is the mean over the training loops; a copy has one source: take the minimum",
                lambda x, y: apart(x, y).mean(1),
                2,
            ),
            (
                "that is the farthest training loop: take the minimum",
                lambda x, y: apart(x, y).max(1),
                2,
            ),
            (
                "that is one number for each training loop; give one for each loop: the minimum "
                "over the other axis",
                lambda x, y: apart(x, y).min(0),
                2,
            ),
            (
                "that is a share: count the cells that differ, do not take their mean",
                lambda x, y: apart(x, y).min(1) / x.shape[1],
                2,
            ),
            (
                "that counts hits of the loop that the training loop lacks; the reverse counts, "
                "too",
                lambda x, y: (x[:, None] & ~y[None]).sum(-1).min(1),
                1,
            ),
            (
                "that counts the cells that agree: count those that differ",
                lambda x, y: (x.shape[1] - apart(x, y)).max(1),
                1,
            ),
        ],
    )


@exercise(
    "14.2",
    points=1,
    hints=(
        "The threshold comes from people's loops alone: np.quantile(people, 0.05).",
        "The result is the share of the generated distances that are below it.",
    ),
)
def check_suspects(random: np.random.Generator) -> Task:
    """Lesson 14: share of generated loops nearer to training than 95 % of people's loops are."""
    cases = [
        (random.uniform(10, 100, 40), random.uniform(20, 120, 60)),
        (random.uniform(40, 100, 50), random.uniform(20, 90, 30)),
        (random.uniform(5, 60, 50), random.uniform(20, 90, 30)),
    ]
    return Task(
        lambda generated, people: (generated < np.quantile(people, 0.05)).mean(),
        cases,
        [
            (
                "the threshold is that of the generated loops, so the share is always 5 %: take "
                "people's",
                lambda g, p: (g < np.quantile(g, 0.05)).mean(),
                1,
            ),
            (
                "that is the 95 % quantile: almost every loop is nearer; use 5 %",
                lambda g, p: (g < np.quantile(p, 0.95)).mean(),
                1,
            ),
            (
                "that is the share that is farther away: a copy is nearer",
                lambda g, p: (g > np.quantile(p, 0.05)).mean(),
                2,
            ),
            (
                "that is a number of loops: return the share",
                lambda g, p: (g < np.quantile(p, 0.05)).sum(),
                2,
            ),
            (
                "half of people's own loops are below their median: use the 5 % quantile",
                lambda g, p: (g < np.median(p)).mean(),
                1,
            ),
            (
                "one loop by a person decides the minimum: use the 5 % quantile",
                lambda g, p: (g < p.min()).mean(),
                1,
            ),
        ],
    )


def shapley_of(value: np.ndarray) -> np.ndarray:
    """Shapley values (3,) from the values of all subsets of three people: value[a, b, c], where an
    index is 1 if the person is in the subset."""
    names = ("a", "b", "c")
    subsets = {
        frozenset(compress(names, inside)): float(value[inside]) for inside in np.ndindex(2, 2, 2)
    }
    return np.array(list(shapley(subsets, names).values()))


@exercise(
    "14.3",
    points=3,
    hints=(
        "itertools.permutations(range(3)) gives the six orders in which people may join.",
        "Go through an order with inside = [0, 0, 0]; each person who joins sets a 1.",
        "Add value[tuple(inside)] after minus before joining to the person; at the end divide by "
        "the number of orders.",
    ),
)
def check_shapley(random: np.random.Generator) -> Task:
    """Lesson 14: Shapley values (3,) from value (2, 2, 2)."""

    def corner(value: np.ndarray, person: int, rest: int, own: int) -> float:
        place = [rest] * 3
        place[person] = own
        return float(value[tuple(place)])

    def last(value: np.ndarray) -> np.ndarray:
        return np.array([corner(value, i, 1, 1) - corner(value, i, 1, 0) for i in range(3)])

    def first(value: np.ndarray) -> np.ndarray:
        return np.array([corner(value, i, 0, 1) - corner(value, i, 0, 0) for i in range(3)])

    def equal_weights(value: np.ndarray) -> np.ndarray:
        return np.array([np.diff(value, axis=i).mean() for i in range(3)])

    def one_order(value: np.ndarray) -> np.ndarray:
        path = [value[0, 0, 0], value[1, 0, 0], value[1, 1, 0], value[1, 1, 1]]
        return np.diff(path)

    return Task(
        shapley_of,
        [(random.normal(size=(2, 2, 2)) * 3,) for _ in range(3)],
        [
            (
                "that leaves each person out of all three: two people with the same music would "
                "both get nothing; average over the orders of joining",
                last,
                1,
            ),
            (
                "that is what each adds to nobody, as if everybody joined first; average over the "
                "orders of joining",
                first,
                1,
            ),
            (
                "that weighs all subsets alike; the empty and the full one each weigh 1/3, the two "
                "between them 1/6",
                equal_weights,
                1,
            ),
            ("that is one order of joining: average over all six", one_order, 1),
            ("divide by the number of orders, 3! = 6", lambda v: 6 * shapley_of(v), 3),
            ("there are 3! = 6 orders, not 3", lambda v: 2 * shapley_of(v), 3),
            (
                "the sign is wrong: the value after joining minus the value before",
                lambda v: -shapley_of(v),
                3,
            ),
        ],
    )


def _deviations(g: float, n: int, share: float) -> float:
    return float((g - share * n) / np.sqrt(n * share * (1 - share)))


def z_of(
    tokens: np.ndarray,
    green: np.ndarray,
    share: float,
    *,
    distinct: Callable[[list[tuple[int, int]]], Any] = set,
    steps: Callable[[Any, np.ndarray], int] = lambda pairs, tokens: len(pairs),
    score: Callable[..., float] = _deviations,
    empty: float = 0.0,
) -> float:
    """z of a loop, each pair of neighbours once. The keywords make the typical mistakes.

    Args:
        tokens: (steps,) numbers of sets of drums.
        green: (sets, sets), whether a set is green after another.
        share: Of green steps by chance.
        distinct: The pairs that count.
        steps: n, from these and the tokens.
        score: z from g, n and the share.
        empty: z without pairs.
    """
    pairs = distinct(list(zip(tokens[:-1].tolist(), tokens[1:].tolist(), strict=True)))
    if not pairs:
        return empty
    return score(sum(bool(green[a, b]) for a, b in pairs), steps(pairs, tokens), share)


@exercise(
    "14.4",
    points=2,
    hints=(
        "`zip(tokens[:-1], tokens[1:])` gives the pairs; a set holds each of them once.",
        "n is the number of pairs that you count, g the number of green ones among them.",
        "By chance share · n steps are green.",
        "The standard deviation of a binomial count is √(n · share · (1 − share)).",
    ),
)
def check_z(random: np.random.Generator) -> Task:
    """Lesson 14: z of a loop, when chance makes `share` of its steps green."""

    def case(
        sets: int, bar: int, bars: int, below: bool = False
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """A bar that repeats, and a few more steps. Both orders of a pair differ in their number
        of green ones, and so do all pairs and the different ones in their share. The last set and
        the first are no pair of their own. below: whether z is below 0."""
        while True:
            share = float(random.uniform(0.2, 0.45))
            green = random.random((sets, sets)) < share
            once, more = random.integers(sets, size=bar), random.integers(sets, size=5)
            tokens = np.concatenate([*[once] * bars, more])
            others = [z_of(tokens, green.T, share), z_of(tokens, green, share, distinct=list)]
            others.append(z_of(np.append(tokens, tokens[0]), green, share))
            z = z_of(tokens, green, share)
            if z not in others and (z < 0 or not below):
                return tokens, green, share

    cases = [case(6, 9, 3), case(9, 16, 2, below=True), case(5, 7, 4)]
    cases.append((cases[0][0][:1], *cases[0][1:]))

    changed = variants_of(z_of)

    return Task(
        z_of,
        cases,
        [
            (
                "a pair that repeats is no new evidence: count each pair once",
                changed(distinct=lambda pairs: pairs),
                1,
            ),
            (
                "n is the number of *different* pairs, as g counts only these",
                changed(steps=lambda pairs, tokens: len(tokens) - 1),
                2,
            ),
            (
                "g counts repeated pairs, too: count each green pair once",
                lambda tokens, green, share: z_of(
                    tokens,
                    green,
                    share,
                    distinct=lambda pairs: pairs,
                    steps=lambda pairs, _: len(set(pairs)),
                ),
                2,
            ),
            (
                "the table is green[a, b], with the earlier set first",
                lambda tokens, green, share: z_of(tokens, green.T, share),
                1,
            ),
            ("a loop without a pair gives 0/0: return 0 for it", changed(empty=float("nan")), 2),
            (
                "take the root of the variance",
                changed(score=lambda g, n, s: (g - s * n) / (n * s * (1 - s))),
                4,
            ),
            (
                "the variance of a binomial is n · share · (1 − share): the last factor is missing",
                changed(score=lambda g, n, s: (g - s * n) / np.sqrt(n * s)),
                4,
            ),
            (
                "that divides by √n alone: the variance also has share · (1 − share)",
                changed(score=lambda g, n, s: (g - s * n) / np.sqrt(n)),
                4,
            ),
            (
                "chance makes share · n steps green, not half of them",
                changed(score=lambda g, n, s: (g - n / 2) / np.sqrt(n / 4)),
                3,
            ),
            (
                "that compares a share with a share, but divides by the deviation of a count",
                changed(score=lambda g, n, s: (g / n - s) / np.sqrt(n * s * (1 - s))),
                3,
            ),
            (
                "the sign is wrong: more green steps than by chance give a positive z",
                changed(score=lambda g, n, s: -_deviations(g, n, s)),
                3,
            ),
            (
                "subtract what chance gives, share · n",
                changed(score=lambda g, n, s: g / np.sqrt(n * s * (1 - s))),
                3,
            ),
        ],
    )
