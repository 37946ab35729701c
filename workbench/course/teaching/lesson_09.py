"""Exercises of lesson 09, attention and a small GPT."""

from __future__ import annotations

import numpy as np

from workbench.course.teaching.core import Task, exercise


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Exponentials, divided by their sum along an axis."""
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(weights / weights.sum(axis=axis, keepdims=True))


def costs(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """−log p of each target: logits (n, vocab), target (n,) → (n,), in nats."""
    return np.asarray(-np.log(softmax(logits)[np.arange(len(target)), target]))


@exercise(
    "09.1",
    points=2,
    hints=(
        "The scores at position i are for the token at position i + 1.",
        "log_softmax(u) = u − log Σ exp(u), along the axis of the vocabulary.",
        "Pick the log-probability of each target, leave out the padding, and take the mean.",
    ),
)
def check_next_token(random: np.random.Generator) -> Task:
    """Lesson 09: mean −log p of each token given those before it; padding does not count."""
    cases = []
    for time, end in ((7, 7), (9, 6), (8, 5)):
        ids = random.integers(1, 6, size=time)
        ids[end:] = 0
        cases.append((2 * random.normal(size=(time, 6)), ids, 0))

    def right(logits: np.ndarray, ids: np.ndarray, pad: int) -> float:
        return float(costs(logits[:-1], ids[1:])[ids[1:] != pad].mean())

    return Task(
        right,
        cases,
        [
            (
                "shift by one: the scores at position i are for the token at position i + 1",
                lambda u, ids, pad: costs(u, ids)[ids != pad].mean(),
                1,
            ),
            (
                "that predicts the token before: the scores at i are for the token at i + 1",
                lambda u, ids, pad: costs(u[1:], ids[:-1])[ids[:-1] != pad].mean(),
                1,
            ),
            (
                "leave out the positions where the target is padding",
                lambda u, ids, pad: costs(u[:-1], ids[1:]).mean(),
                3,
            ),
            (
                "that is the sum: take the mean over the tokens that are not padding",
                lambda u, ids, pad: costs(u[:-1], ids[1:])[ids[1:] != pad].sum(),
                3,
            ),
            (
                "padding counts in the mean: divide by the number of real targets",
                lambda u, ids, pad: (costs(u[:-1], ids[1:]) * (ids[1:] != pad)).mean(),
                3,
            ),
            (
                "the result is in bits: use the natural logarithm",
                lambda *case: right(*case) / np.log(2),
                2,
            ),
            (
                "scores are not log-probabilities: subtract the logarithm of their sum of exp",
                lambda u, ids, pad: (
                    -u[:-1][np.arange(len(ids) - 1), ids[1:]][ids[1:] != pad].mean()
                ),
                2,
            ),
            (
                "the softmax runs over the vocabulary, not over time",
                lambda u, ids, pad: (
                    -np.log(softmax(u[:-1], 0)[np.arange(len(ids) - 1), ids[1:]])[
                        ids[1:] != pad
                    ].mean()
                ),
                2,
            ),
        ],
        tolerance=1e-6,
    )


def attention(
    x: np.ndarray,
    w_q: np.ndarray,
    w_k: np.ndarray,
    w_v: np.ndarray,
    heads: int,
    *,
    first_hidden: int = 1,
    past_hidden: bool = False,
    axis: int = 1,
    scaled_by: float | None = None,
    masked_after: bool = False,
) -> np.ndarray:
    """Causal self-attention of x (time, width). The keywords make the typical mistakes.

    Args:
        x: (time, width).
        w_q, w_k, w_v: (width, width).
        heads: Each has width / heads columns.
        first_hidden: Distance to the first token that is hidden: 1 hides all later ones, 0 also the
            token itself.
        past_hidden: Hide the earlier tokens instead of the later ones.
        axis: Of the softmax.
        scaled_by: Divisor of the scores; by default the square root of a head's width.
        masked_after: Whether weights are set to zero after the softmax.
    """
    time, width = x.shape
    size = width // heads
    hidden = np.triu(np.ones((time, time), dtype=bool), k=first_hidden)
    if past_hidden:
        hidden = hidden.T
    out = np.empty((time, width))
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        q, k, v = x @ w_q[:, part], x @ w_k[:, part], x @ w_v[:, part]
        scores = q @ k.T / (scaled_by or np.sqrt(size))
        weights = (
            np.where(hidden, 0.0, softmax(scores, axis))
            if masked_after
            else softmax(np.where(hidden, -1e9, scores), axis)
        )
        out[:, part] = weights @ v
    return out


@exercise(
    "09.2",
    points=4,
    hints=(
        "Begin with one head: queries, keys and values are x times a matrix each.",
        "scores[i, j] is the product of query i and key j, divided by √d, d the width of a head.",
        "Set the scores of later tokens (j > i) to −∞ before the softmax; np.triu(…, k=1) marks "
        "them.",
        "Head h uses columns h·d to (h+1)·d of all three matrices, and fills those of the result.",
    ),
)
def check_attention(random: np.random.Generator) -> Task:
    """Lesson 09: causal self-attention with several heads: (time, width) → (time, width)."""
    cases = []
    for time, width, heads in ((5, 8, 2), (6, 12, 3), (4, 8, 4)):
        weights = [random.normal(size=(width, width)) / np.sqrt(width) * 1.5 for _ in range(3)]
        cases.append((random.normal(size=(time, width)), *weights, heads))

    def interleaved(
        x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray, heads: int
    ) -> np.ndarray:
        order = np.arange(x.shape[1]).reshape(-1, heads).T.ravel()  # every heads-th column
        mixed = attention(x, w_q[:, order], w_k[:, order], w_v[:, order], heads)
        return mixed[:, np.argsort(order)]

    return Task(
        attention,
        cases,
        [
            (
                "no mask: a token sees those that come after it, so it need not predict them",
                lambda *case: attention(*case, first_hidden=10**6),
                3,
            ),
            (
                "a token may see itself: hide only j > i",
                lambda *case: attention(*case, first_hidden=0),
                3,
            ),
            (
                "the mask is upside down: hide the later tokens, not the earlier ones",
                lambda *case: attention(*case, past_hidden=True),
                3,
            ),
            (
                "mask before the softmax (with −∞): after it, the weights no longer add up to 1",
                lambda *case: attention(*case, masked_after=True),
                3,
            ),
            ("divide the scores by √d", lambda *case: attention(*case, scaled_by=1.0), 2),
            (
                "divide by the square root of the width of one head, not of all",
                lambda *case: attention(*case, scaled_by=np.sqrt(case[0].shape[1])),
                2,
            ),
            (
                "divide by √d, not by d",
                lambda *case: attention(*case, scaled_by=case[0].shape[1] / case[4]),
                2,
            ),
            (
                "the weights of one query add up to 1: the softmax runs over the keys",
                lambda *case: attention(*case, axis=0),
                2,
            ),
            (
                "that is a single head: each head has its own weights, from its own columns",
                lambda x, w_q, w_k, w_v, heads: attention(x, w_q, w_k, w_v, 1),
                4,
            ),
            (
                "head h uses neighbouring columns, h·d to (h+1)·d, not every h-th one",
                interleaved,
                4,
            ),
            (
                "the values are x @ w_v, not x itself",
                lambda x, w_q, w_k, w_v, heads: attention(x, w_q, w_k, np.eye(len(w_v)), heads),
                1,
            ),
        ],
        tolerance=1e-6,
    )


def rotated(
    x: np.ndarray,
    base: float,
    *,
    first: int = 0,
    sign: int = 1,
    power: float = -2.0,
    new_a: bool = False,
    plus: int = 1,
) -> np.ndarray:
    """Channel i and channel i + size/2 of x (time, size), rotated by position · base^(−2i/size).

    The keywords make the typical mistakes.
    """
    time, size = x.shape
    rate = base ** (power * np.arange(size // 2) / size)
    angle = sign * (np.arange(time)[:, None] + first) * rate
    a, b = x[:, : size // 2], x[:, size // 2 :]
    turned = a * np.cos(angle) - b * np.sin(angle)
    other = turned if new_a else a
    return np.concatenate([turned, b * np.cos(angle) + plus * other * np.sin(angle)], axis=1)


@exercise(
    "09.3",
    points=2,
    hints=(
        "A pair (a, b), rotated by φ, is (a cos φ − b sin φ, b cos φ + a sin φ).",
        "a is the first half of the channels, b the second. Each pair has its own rate.",
        "The angles form a table: positions (time, 1) times rates (size / 2,).",
    ),
)
def check_rotation(random: np.random.Generator) -> Task:
    """Lesson 09: rotary positions of queries or keys (time, size)."""
    cases = [
        (random.normal(size=(time, size)), base)
        for time, size, base in ((5, 4, 100.0), (6, 8, 50.0), (4, 6, 1000.0))
    ]

    def neighbours(x: np.ndarray, base: float) -> np.ndarray:
        order = np.r_[0 : x.shape[1] : 2, 1 : x.shape[1] : 2]
        return rotated(x[:, order], base)[:, np.argsort(order)]

    return Task(
        rotated,
        cases,
        [
            ("positions begin at 0", lambda x, base: rotated(x, base, first=1), 3),
            (
                "the rotation runs the other way: (a cos φ − b sin φ, b cos φ + a sin φ)",
                lambda x, base: rotated(x, base, sign=-1),
                1,
            ),
            (
                "the rate falls with i: the exponent is −2i/size",
                lambda x, base: rotated(x, base, power=2.0),
                2,
            ),
            (
                "the exponent is −2i/size, not −i/size",
                lambda x, base: rotated(x, base, power=-1.0),
                2,
            ),
            ("each pair has its own rate", lambda x, base: rotated(x, base, power=0.0), 2),
            ("pair channel i with channel i + size/2, not with its neighbour", neighbours, 2),
            (
                "b is rotated with the new a: keep the old one",
                lambda x, base: rotated(x, base, new_a=True),
                1,
            ),
            (
                "one of the two sines has a plus: otherwise it is no rotation",
                lambda x, base: rotated(x, base, plus=-1),
                1,
            ),
        ],
        tolerance=1e-6,
    )
