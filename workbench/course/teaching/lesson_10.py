"""Exercises of lesson 10, inpainting with MidiGPT."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise


@exercise(
    "10.1",
    points=2,
    hints=(
        "The sequence has four parts: the context of the hole, FILL, its content, END.",
        "In the context, each bar of the hole is one HOLE.",
        "The model continues what directly precedes: which bars should come last before FILL?",
    ),
)
def check_question(random: np.random.Generator) -> Task:
    """Lesson 10: bars with a hole as one sequence, with the content of the hole last."""
    cases = []
    for first, last in ((1, 2), (0, 2), (2, 5)):
        bars = [[f"b{i}"] * int(random.integers(1, 4)) for i in range(5)]
        cases.append((bars, first, last))

    def flat(*parts: Any) -> list[str]:
        return [word for part in parts for bar in part for word in bar]

    fill, end = [["FILL"]], [["END"]]

    def right(bars: Any, a: int, b: int) -> list[str]:
        return flat([["HOLE"]] * (b - a), bars[b:], bars[:a], fill, bars[a:b], end)

    return Task(
        right,
        cases,
        [
            (
                "as in the original MidiGPT's code, the bars of the hole are in the prompt, so the "
                "model can copy them",
                lambda bars, a, b: flat(bars, fill, bars[a:b], end),
            ),
            (
                "use one HOLE per bar, so that the number of bars is known",
                lambda bars, a, b: flat([["HOLE"]], bars[b:], bars[:a], fill, bars[a:b], end),
            ),
            (
                "the bars after the hole are missing: that is only a continuation",
                lambda bars, a, b: flat([["HOLE"]] * (b - a), bars[:a], fill, bars[a:b], end),
            ),
            (
                "the bars before the hole come last, so that the model can continue them",
                lambda bars, a, b: flat(
                    bars[:a], [["HOLE"]] * (b - a), bars[b:], fill, bars[a:b], end
                ),
            ),
            (
                "the bars before the hole come directly before FILL, after those behind the hole",
                lambda bars, a, b: flat(
                    [["HOLE"]] * (b - a), bars[:a], bars[b:], fill, bars[a:b], end
                ),
            ),
            (
                "without END the model does not learn where to stop",
                lambda bars, a, b: right(bars, a, b)[:-1],
            ),
        ],
    )


def echo_list(
    ids: list[int],
    order: int,
    *,
    shift: int = 1,
    first: bool = False,
    itself: bool = False,
    missing: int = -1,
    size: int | None = None,
) -> list[int]:
    """For each position the token after the last earlier occurrence of its tail, −1 without one.

    The keywords make the typical mistakes.

    Args:
        ids: Tokens.
        order: Length of the tail.
        shift: From the end of the occurrence to the token that is returned.
        first: The first occurrence instead of the last.
        itself: The place itself counts as an occurrence.
        missing: Value without an occurrence.
        size: Length of the tail, if it is not `order`.
    """
    length = order if size is None else size
    found = []
    for i in range(len(ids)):
        tail = ids[max(0, i + 1 - length) : i + 1]
        ends = [
            j
            for j in range(length - 1, i + 1 if itself else i)
            if len(tail) == length and ids[j + 1 - length : j + 1] == tail
        ]
        at = (ends[0] if first else ends[-1]) + shift if ends else -1
        found.append(ids[at] if ends and at < len(ids) else missing)
    return found


@exercise(
    "10.2",
    points=3,
    hints=(
        "The tail that ends at i is ids[i + 1 - order : i + 1]. The first order − 1 positions have "
        "none.",
        "Keep a dict from each tail (a tuple) to the last place where it ended.",
        "Look the tail up *before* you store its own place.",
        "The echo is the token after that place: one further.",
    ),
)
def check_echoes(random: np.random.Generator) -> Task:
    """Lesson 10: the token that followed the last time a sequence went the same way."""
    # a phrase returns, with another end each time; a longer tail tells the two apart
    a, b, c, d, e = (int(x) for x in random.permutation(50)[:5])
    fixed = [a, b, c, a, b, d, c, a, b, e, a, b, c, a, b, d, d, d, e, c, a, b]
    more = [int(x) for x in random.integers(0, 3, 24)]
    cases = [(fixed, 2), (fixed, 3), (more, 2), (more, 1)]

    def changed(**other: Any) -> Any:
        return lambda ids, order: echo_list(ids, order, **other)

    return Task(
        echo_list,
        cases,
        [
            ("that is the end of the tail itself: return the token after it", changed(shift=0)),
            ("that is two tokens after the tail: return the one after it", changed(shift=2)),
            ("take the last occurrence, not the first", changed(first=True)),
            (
                "the tail finds itself: look it up before you store its place",
                lambda ids, order: [
                    ids[i + 1] if i + 1 < len(ids) and i + 1 >= order else -1
                    for i in range(len(ids))
                ],
            ),
            ("the tail finds itself: look it up before you store its place", changed(itself=True)),
            ("the tail is one token too short", lambda ids, n: echo_list(ids, n, size=n - 1 or 2)),
            ("the tail is one token too long", lambda ids, n: echo_list(ids, n, size=n + 1)),
            ("without an earlier occurrence the answer is −1", changed(missing=0)),
            (
                "without an earlier occurrence the answer is −1, not 0",
                lambda ids, order: [
                    max(x, 0) if i + 1 >= order else x for i, x in enumerate(echo_list(ids, order))
                ],
            ),
            (
                "leave no position out: the list is as long as ids",
                lambda ids, order: [x for x in echo_list(ids, order) if x >= 0],
            ),
            (
                "the list begins too late: the first positions, which have no tail, get −1",
                lambda ids, order: echo_list(ids, order)[order - 1 :],
            ),
        ],
    )


def heated(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax of logits / temperature."""
    weights = np.exp((logits - logits.max()) / temperature)
    return weights / weights.sum()


@exercise(
    "10.3",
    points=1,
    hints=(
        "A temperature below 1 makes the most probable token more probable.",
        "Scale the logits before the softmax, not the probabilities after it.",
        "What must the probabilities add up to?",
    ),
)
def check_temperature(random: np.random.Generator) -> Task:
    """Lesson 10: probabilities from logits at a temperature."""
    cases = [(3 * random.normal(size=7), t) for t in (0.5, 0.8, 1.7, 1.0)]
    return Task(
        heated,
        cases,
        [
            (
                "a low temperature makes the most probable token more so: divide the logits",
                lambda u, t: heated(u * t, 1.0),
            ),
            (
                "divide the logits: dividing and renormalising probabilities changes nothing",
                lambda u, t: heated(u, 1.0),
            ),
            ("the probabilities must add up to 1: divide by their sum", lambda u, t: np.exp(u / t)),
            (
                "the largest is 1 now, but the probabilities must add up to 1",
                lambda u, t: np.exp((u - u.max()) / t),
            ),
            (
                "that divides the probabilities after the softmax: they no longer add up to 1",
                lambda u, t: heated(u, 1.0) / t,
            ),
            ("the result is still logits: apply the softmax", lambda u, t: u / t),
            ("the result is log-probabilities", lambda u, t: np.log(heated(u, t))),
        ],
        tolerance=1e-6,
    )


def nucleus(p: np.ndarray, top: float) -> np.ndarray:
    """Probabilities with all but the smallest set that reaches `top` set to zero, summing to 1."""
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - p[order]
    kept = np.zeros_like(p)
    chosen = order[before < top]
    kept[chosen] = p[chosen]
    return kept / kept.sum()


@exercise(
    "10.4",
    points=2,
    hints=(
        "Sort the probabilities in decreasing order and compute their cumulative sum.",
        "Keep a token if the sum *before* it has not reached the threshold.",
        "Put the kept ones back at their indices, zero elsewhere, and normalise.",
    ),
)
def check_nucleus(random: np.random.Generator) -> Task:
    """Lesson 10: nucleus sampling (Holtzman et al. 2020)."""
    cases = [(random.dirichlet(np.ones(8)), top) for top in (0.3, 0.7, 0.95, 1.0)]

    def short(p: np.ndarray, top: float) -> np.ndarray:
        order = np.argsort(-p)
        kept = np.where(np.isin(np.arange(len(p)), order[np.cumsum(p[order]) <= top]), p, 0)
        return kept / kept.sum() if kept.sum() else kept

    def unscaled(p: np.ndarray, top: float) -> np.ndarray:
        return np.where(nucleus(p, top) > 0, p, 0)

    return Task(
        nucleus,
        cases,
        [
            (
                "the token that crosses the threshold belongs to the set: otherwise one very "
                "probable token would leave the set empty",
                short,
            ),
            ("the remaining probabilities must add up to 1", unscaled),
            (
                "keep the most probable ones up to a sum, not those above a threshold",
                lambda p, top: np.where(p >= 1 - top, p, 0) / max(1e-9, p[p >= 1 - top].sum()),
            ),
        ],
        tolerance=1e-6,
    )
