"""Exercises of lesson 10, inpainting with MidiGPT."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of


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
                2,
            ),
            (
                "use one HOLE per bar, so that the number of bars is known",
                lambda bars, a, b: flat([["HOLE"]], bars[b:], bars[:a], fill, bars[a:b], end),
                2,
            ),
            (
                "the bars after the hole are missing: that is only a continuation",
                lambda bars, a, b: flat([["HOLE"]] * (b - a), bars[:a], fill, bars[a:b], end),
                1,
            ),
            (
                "the bars before the hole come last, so that the model can continue them",
                lambda bars, a, b: flat(
                    bars[:a], [["HOLE"]] * (b - a), bars[b:], fill, bars[a:b], end
                ),
                3,
            ),
            (
                "the bars before the hole come directly before FILL, after those behind the hole",
                lambda bars, a, b: flat(
                    [["HOLE"]] * (b - a), bars[:a], bars[b:], fill, bars[a:b], end
                ),
                3,
            ),
            (
                "without END the model does not learn where to stop",
                lambda bars, a, b: right(bars, a, b)[:-1],
                1,
            ),
        ],
    )


def echo_list(
    ids: list[int],
    orders: Sequence[int],
    *,
    shift: int = 1,
    first: bool = False,
    itself: bool = False,
    missing: int = -1,
    longer: int = 0,
    shortest: bool = False,
) -> list[int]:
    """For each position the token after the last earlier occurrence of its longest tail that
    occurred before, −1 if none did.

    The keywords make the typical mistakes.

    Args:
        ids: Tokens.
        orders: Lengths of the tails.
        shift: From the end of the occurrence to the token that is returned.
        first: The first occurrence instead of the last.
        itself: The place itself counts as an occurrence.
        missing: Value without an occurrence.
        longer: Added to the length of each tail.
        shortest: The shortest tail instead of the longest.
    """
    found = []
    for i in range(len(ids)):
        echo = missing
        for length in sorted((max(1, n + longer) for n in orders), reverse=shortest):
            tail = ids[max(0, i + 1 - length) : i + 1]
            ends = [
                j
                for j in range(length - 1, i + 1 if itself else i)
                if len(tail) == length and ids[j + 1 - length : j + 1] == tail
            ]
            if ends:
                at = (ends[0] if first else ends[-1]) + shift
                echo = ids[at] if at < len(ids) else missing
        found.append(echo)
    return found


@exercise(
    "10.2",
    points=4,
    hints=(
        "The tail of length n that ends at i is ids[i + 1 - n : i + 1]. The first n − 1 positions "
        "have none.",
        "Keep a dict from each tail (a tuple) to the last place where it ended. Tails of all "
        "lengths fit into one dict. A tail that is not in it gives no echo: −1.",
        "Look the tail up *before* you store its own place.",
        "The echo is the token after that place: one further.",
        "Go from the shortest tail to the longest: what a longer one finds replaces the echo.",
    ),
)
def check_echoes(random: np.random.Generator) -> Task:
    """Lesson 10: the token that followed the last time a sequence went the same way."""
    # a phrase returns, with another end each time; a longer tail tells the two apart
    a, b, c, d, e = (int(x) for x in random.permutation(50)[:5])
    fixed = [a, b, c, a, b, d, c, a, b, e, a, b, c, a, b, d, d, d, e, c, a, b]
    more = [int(x) for x in random.integers(0, 3, 24)]
    cases = [(fixed, [2]), (fixed, [2, 3]), (more, [1, 3]), (more, [1, 2, 4])]

    changed = variants_of(echo_list)

    def no_shorter(ids: list[int], orders: list[int]) -> list[int]:
        return echo_list(ids, orders[-1:])

    def latest(ids: list[int], orders: list[int]) -> list[int]:
        """The tail that occurred last, whatever its length: a shorter one always did."""
        return echo_list(ids, orders[:1])

    return Task(
        echo_list,
        cases,
        [
            ("that is the end of the tail itself: return the token after it", changed(shift=0), 4),
            ("that is two tokens after the tail: return the one after it", changed(shift=2), 4),
            ("take the last occurrence, not the first", changed(first=True), 2),
            (
                "the tail finds itself: look it up before you store its place",
                lambda ids, orders: [
                    ids[i + 1] if i + 1 < len(ids) and i + 1 >= min(orders) else -1
                    for i in range(len(ids))
                ],
                3,
            ),
            (
                "the tail finds itself: look it up before you store its place",
                changed(itself=True),
                3,
            ),
            ("the longest tail that occurred decides, not the shortest", changed(shortest=True), 5),
            ("the longest tail that occurred decides, not the shortest", latest, 5),
            ("where the longest tail is new, a shorter one may have occurred", no_shorter, 5),
            ("the tail is one token too short", changed(longer=-1), 1),
            ("the tail is one token too long", changed(longer=1), 1),
            ("without an earlier occurrence the answer is −1", changed(missing=0), 2),
            (
                "without an earlier occurrence the answer is −1, not 0",
                lambda ids, orders: [
                    max(x, 0) if i + 1 >= min(orders) else x
                    for i, x in enumerate(echo_list(ids, orders))
                ],
                2,
            ),
            (
                "leave no position out: the list is as long as ids",
                lambda ids, orders: [x for x in echo_list(ids, orders) if x >= 0],
                1,
            ),
            (
                "the list begins too late: the first positions, which have no tail, get −1",
                lambda ids, orders: echo_list(ids, orders)[min(orders) - 1 :],
                1,
            ),
        ],
    )


def heated(
    logits: np.ndarray,
    temperature: float,
    allowed: np.ndarray,
    *,
    masked: Callable[..., np.ndarray] = lambda u, allowed: np.where(allowed, u, -np.inf),
    warm: Callable[..., Any] | None = None,
    cold: Callable[..., Any] = lambda u: np.eye(len(u))[u.argmax()],
) -> np.ndarray:
    """Softmax of logits / temperature over the allowed tokens; at 0 the likeliest one. The keywords
    make the typical mistakes.

    Args:
        logits: (tokens,).
        temperature: 0 or more.
        allowed: (tokens,), true or false.
        masked: The logits of the allowed tokens, from both.
        warm: Probabilities from these and a temperature above 0.
        cold: Probabilities at temperature 0.
    """
    u = masked(logits, allowed)
    return np.asarray(cold(u) if temperature == 0 else (warm or _softmax)(u, temperature))


def _softmax(u: np.ndarray, t: float = 1.0) -> np.ndarray:
    weights = np.exp((u - u.max()) / t)
    return np.asarray(weights / weights.sum())


@exercise(
    "10.3",
    points=2,
    hints=(
        "A temperature below 1 makes the most probable token more probable.",
        "Scale the logits before the softmax, not the probabilities after it.",
        "What must the probabilities add up to?",
        "Which logit gives probability 0? `np.where` with −np.inf, before everything else.",
        "Subtract the largest allowed logit before `np.exp`: the probabilities stay the same.",
        "Temperature 0 needs a branch of its own: nothing is divided by 0 there.",
    ),
)
def check_temperature(random: np.random.Generator) -> Task:
    """Lesson 10: probabilities of the allowed tokens from logits at a temperature."""

    def case(t: float, raised: float = 0.0, forbidden: float | None = None) -> tuple[Any, ...]:
        logits = np.round(256 * 3 * random.normal(size=7)) / 256 + raised  # exact in float32, too
        allowed = np.array([True, True, False, True, True, False, True])[random.permutation(7)]
        top = logits.max() + 1 if forbidden is None else forbidden
        logits[np.flatnonzero(~allowed)[0]] = top  # the likeliest token is not allowed
        return logits, t, allowed

    def coldest() -> tuple[Any, ...]:
        """Temperature 0: negative logits, the first token is not allowed, and the likeliest of the
        others is only a little more so."""
        logits, _, _ = case(0, raised=-30)
        first, second = 1 + random.permutation(6)[:2]
        logits[first] = logits[1:].max() + 1
        logits[second], logits[0] = logits[first] - 1 / 256, logits[first] + 1
        return logits, 0, np.arange(7) > 0

    changed = variants_of(heated)

    def after(u: np.ndarray, t: float, allowed: np.ndarray) -> np.ndarray:
        """The tokens that are not allowed are removed at the end."""
        return heated(u, t, np.full(len(u), True)) * allowed

    def all_subtracted(u: np.ndarray, t: float, allowed: np.ndarray) -> np.ndarray:
        if t == 0:
            return heated(u, t, allowed)
        weights = np.exp((u - u.max()) / t) * allowed
        return np.asarray(weights / weights.sum())

    def likeliest_of_all(u: np.ndarray, t: float, allowed: np.ndarray) -> np.ndarray:
        return heated(u, t, allowed) if t else np.eye(len(u))[u.argmax()]

    return Task(
        heated,
        [
            case(0.5),
            case(1.7),
            case(1.0),
            coldest(),
            case(0.5, raised=800),
            case(1.0, raised=-1500),
            case(1.2, 0, 1500),
        ],
        [
            (
                "a low temperature makes the most probable token more so: divide the logits",
                changed(warm=lambda u, t: _softmax(u * t)),
                1,
            ),
            (
                "divide the logits: dividing and renormalising probabilities changes nothing",
                changed(warm=lambda u, t: _softmax(u)),
                2,
            ),
            (
                "the probabilities must add up to 1: divide by their sum",
                changed(warm=lambda u, t: np.exp(u / t)),
                3,
            ),
            (
                "the largest is 1 now, but the probabilities must add up to 1",
                changed(warm=lambda u, t: np.exp((u - u.max()) / t)),
                3,
            ),
            (
                "that divides the probabilities after the softmax: they no longer add up to 1",
                changed(warm=lambda u, t: _softmax(u) / t),
                2,
            ),
            ("the result is still logits: apply the softmax", changed(warm=lambda u, t: u / t), 3),
            (
                "the result is log-probabilities",
                changed(warm=lambda u, t: np.log(_softmax(u, t))),
                3,
            ),
            (
                "`allowed` is not used: tokens that are not allowed have probability 0",
                changed(masked=lambda u, allowed: u),
                4,
            ),
            (
                "the probabilities of the allowed tokens must add up to 1: leave the others out "
                "before the softmax",
                after,
                4,
            ),
            (
                "a logit of 0 is not a probability of 0: e⁰ is 1",
                changed(masked=lambda u, allowed: np.where(allowed, u, 0.0)),
                4,
            ),
            (
                "large logits overflow: subtract the largest one before np.exp",
                changed(warm=lambda u, t: np.exp(u / t) / np.exp(u / t).sum()),
                5,
            ),
            (
                "that subtracts the largest logit of all tokens: subtract the largest allowed one, "
                "otherwise all weights may become 0",
                all_subtracted,
                5,
            ),
            (
                "at temperature 0 it divides by 0",
                changed(cold=lambda u: np.full(len(u), np.nan)),
                6,
            ),
            (
                "at temperature 0 the likeliest token gets probability 1, not all tokens the same",
                changed(cold=lambda u: np.isfinite(u) / np.isfinite(u).sum()),
                6,
            ),
            ("at temperature 0, too, the token must be an allowed one", likeliest_of_all, 4),
            (
                "at temperature 0 it returns the number of the token: return all probabilities",
                changed(cold=lambda u: u.argmax()),
                6,
            ),
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

    def of(p: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """The chosen probabilities, normalised: NaN if there are none."""
        kept = np.where(np.isin(np.arange(len(p)), chosen), p, 0)
        return kept / kept.sum()

    def short(p: np.ndarray, top: float) -> np.ndarray:
        """As np.searchsorted finds it, without the token that crosses the threshold."""
        order = np.argsort(-p)
        return of(p, order[: np.searchsorted(np.cumsum(p[order]), top)])

    def up_to(p: np.ndarray, top: float) -> np.ndarray:
        order = np.argsort(-p)
        return of(p, order[np.cumsum(p[order]) <= top])

    def unsorted(p: np.ndarray, top: float) -> np.ndarray:
        return of(p, np.flatnonzero(np.cumsum(p) - p < top))

    def ascending(p: np.ndarray, top: float) -> np.ndarray:
        order = np.argsort(p)
        return of(p, order[np.cumsum(p[order]) - p[order] < top])

    def unscaled(p: np.ndarray, top: float) -> np.ndarray:
        return np.where(nucleus(p, top) > 0, p, 0)

    return Task(
        nucleus,
        cases,
        [
            *(
                (
                    "the token that crosses the threshold belongs to the set: otherwise one very "
                    "probable token would leave the set empty, and 0 / 0 is NaN",
                    mistake,
                    2,
                )
                for way in (short, up_to)
                for mistake in (way, lambda p, top, way=way: np.nan_to_num(way(p, top)))
            ),
            *(
                ("without sorting: the most probable token comes first", mistake, 1)
                for mistake in (
                    unsorted,
                    lambda p, top: of(p, np.flatnonzero(np.cumsum(p) <= top)),
                    lambda p, top: of(p, np.arange(np.searchsorted(np.cumsum(p), top))),
                    lambda p, top: of(p, np.arange(1 + np.searchsorted(np.cumsum(p), top))),
                )
            ),
            (
                "sorted the wrong way round: the most probable token comes first (np.argsort "
                "sorts in increasing order)",
                ascending,
                1,
            ),
            ("the remaining probabilities must add up to 1", unscaled, 3),
            (
                "keep the most probable ones up to a sum, not those above a threshold",
                lambda p, top: np.where(p >= 1 - top, p, 0) / max(1e-9, p[p >= 1 - top].sum()),
                2,
            ),
        ],
        tolerance=1e-6,
    )
