"""Exercises of lesson 11, the diffusion language model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise


@exercise(
    "11.1",
    points=1,
    hints=(
        "√(t/T + s) grows from nearly 0 to about 1: the share of the noise. What is left for ᾱ?",
        "The constant under the root keeps ᾱ below 1 at the first step.",
    ),
)
def check_sqrt_schedule(random: np.random.Generator) -> Task:
    """Lesson 11: ᾱ of Diffusion-LM's schedule, 1 − √(t/T + s), for an array of steps t."""
    cases = [(np.arange(1, 9.0), 10.0, 1e-4), (np.arange(1, 99, 7.0), 100.0, 1e-2)]
    return Task(
        lambda t, steps, s: 1 - np.sqrt(t / steps + s),
        cases,
        [
            (
                "the root is taken of the noise: subtract it from 1",
                lambda t, steps, s: np.sqrt(1 - t / steps - s),
                1,
            ),
            (
                "s belongs under the root: it is the noise at the first step",
                lambda t, steps, s: 1 - np.sqrt(t / steps) - s,
                2,
            ),
            ("t counts from 1 to T: divide by T", lambda t, steps, s: 1 - np.sqrt(t + s), 1),
        ],
        tolerance=1e-6,
    )


@exercise(
    "11.2",
    points=1,
    hints=(
        "The squared distances of all vectors to all embeddings form a table.",
        "With an axis of length 1 in each, broadcasting computes it in one subtraction.",
    ),
)
def check_rounding(random: np.random.Generator) -> Task:
    """Lesson 11: the nearest embedding of each vector."""
    cases = []
    for _ in range(4):
        table = random.normal(size=(9, 3)) * random.uniform(0.3, 3, size=(9, 1))
        cases.append((random.normal(size=(5, 3)), table))

    def nearest(x: np.ndarray, table: np.ndarray) -> np.ndarray:
        return np.square(x[:, None] - table[None]).sum(-1).argmin(1)

    return Task(
        nearest,
        cases,
        [
            (
                "the largest dot product favours long embeddings: take the smallest distance",
                lambda x, table: (x @ table.T).argmax(1),
                1,
            ),
            (
                "take the smallest distance, not the largest",
                lambda x, table: np.square(x[:, None] - table[None]).sum(-1).argmax(1),
                1,
            ),
            (
                "the cosine depends only on the direction; embeddings also differ in length",
                lambda x, table: (x @ table.T / np.linalg.norm(table, axis=1)).argmax(1),
                1,
            ),
        ],
    )


def log_softmax(x: np.ndarray, axis: int = 1) -> np.ndarray:
    """Logits minus the logarithm of their summed exponentials along an axis."""
    x = x - x.max(axis=axis, keepdims=True)
    return np.asarray(x - np.log(np.exp(x).sum(axis=axis, keepdims=True)))


def end_to_end(
    words: np.ndarray,
    table: np.ndarray,
    weights: np.ndarray,
    t: int,
    start: np.ndarray,
    noise: np.ndarray,
    bars: np.ndarray,
    **other: Any,
) -> dict[str, float]:
    """The three terms of the end-to-end loss. Keywords make the typical mistakes: functions that
    compute a part from the parts before it.

    Args:
        words: (time,) ids.
        table: (vocab, dim) embeddings.
        weights: (dim, dim), the network.
        t: Step, from 0.
        start, noise: (time, dim), of x₀ and of x_t.
        bars: (T,), ᾱ of all steps.
        other: By name of the part, a function of the dict of parts.
    """
    a: dict[str, Any] = {"words": words, "table": table, "t": t, "start": start, "noise": noise}
    a |= {"bars": bars, "clean": table[words], "mean": np.mean}

    def part(name: str, usual: Callable[[dict[str, Any]], Any]) -> None:
        a[name] = other.get(name, usual)(a)

    part("x0", lambda a: a["clean"] + np.sqrt(1 - bars[0]) * start)
    part("x_t", lambda a: np.sqrt(bars[t]) * a["x0"] + np.sqrt(1 - bars[t]) * noise)
    a["prediction"] = a["x_t"] @ weights
    part("target", lambda a: a["clean"] if t == 0 else a["x0"])
    part("denoise", lambda a: np.mean((a["prediction"] - a["target"]) ** 2))
    part("rounded", lambda a: a["x0"])
    part("log_p", lambda a: log_softmax(a["rounded"] @ table.T)[np.arange(len(words)), words])
    part("round", lambda a: -np.mean(a["log_p"]))
    part("prior", lambda a: bars[-1] * np.mean(a["x0"] ** 2))
    return {name: float(a[name]) for name in ("denoise", "round", "prior")}


def other_parts(**other: Any) -> Callable[..., dict[str, float]]:
    """The end-to-end loss with some parts computed in another way."""
    return lambda *case: end_to_end(*case, **other)


@exercise(
    "11.3",
    points=4,
    hints=(
        "clean = table[words]. x₀ is clean plus σ₀ times `start`; σ₀ is the root of 1 − bars[0].",
        "x_t mixes x₀ and `noise` with the roots of bars[t] and of 1 − bars[t].",
        "The target of the prediction is x₀; at step 0 it is the clean embedding.",
        "round: log-softmax of x₀ @ table.T over the words of the vocabulary, at the true words.",
        "prior: √ᾱ_T x₀ squared is ᾱ_T times x₀².",
    ),
)
def check_end_to_end(random: np.random.Generator) -> Task:
    """Lesson 11: the terms of Diffusion-LM's end-to-end loss, for one window and one step."""
    cases = []
    for t in (0, 3, 5):
        table = random.normal(size=(6, 4))
        table *= 2 / np.linalg.norm(table, axis=1, keepdims=True)
        words, weights = random.integers(0, 6, 7), random.normal(size=(4, 4)) / 2
        start, noise = random.normal(size=(2, 7, 4))
        bars = np.array([0.9, 0.8, 0.6, 0.45, 0.3, 0.15])
        cases.append((words, table, weights, t, start, noise, bars))

    def mixed(signal: Any, sigma: Any) -> Any:
        return lambda a: signal(a["bars"][a["t"]]) * a["x0"] + sigma(a["bars"][a["t"]]) * a["noise"]

    def root(bar: float) -> float:
        return float(np.sqrt(bar))

    def rest(bar: float) -> float:
        return float(np.sqrt(1 - bar))

    picked = np.arange(7)
    return Task(
        end_to_end,
        cases,
        [
            (
                "x₀ has noise of its own: add σ₀ times `start` to the embedding",
                other_parts(x0=lambda a: a["clean"]),
                1,
            ),
            (
                "σ₀ is the root of 1 − bars[0]",
                other_parts(x0=lambda a: a["clean"] + (1 - a["bars"][0]) * a["start"]),
                1,
            ),
            (
                "x₀ is the embedding plus noise: the embedding is not scaled down",
                other_parts(
                    x0=lambda a: root(a["bars"][0]) * a["clean"] + rest(a["bars"][0]) * a["start"]
                ),
                1,
            ),
            (
                "the square roots are missing in x_t",
                other_parts(x_t=mixed(lambda b: b, lambda b: 1 - b)),
                2,
            ),
            ("signal and noise are swapped in x_t", other_parts(x_t=mixed(rest, root)), 2),
            (
                "the network receives x₀: it must receive the noisy x_t",
                other_parts(x_t=lambda a: a["x0"]),
                2,
            ),
            (
                "x_t is made from x₀, not from the clean embedding",
                other_parts(
                    x_t=lambda a: (
                        root(a["bars"][a["t"]]) * a["clean"] + rest(a["bars"][a["t"]]) * a["noise"]
                    )
                ),
                2,
            ),
            (
                "at step 0 the target is the clean embedding, not x₀",
                other_parts(target=lambda a: a["x0"]),
                3,
            ),
            (
                "only at step 0 the target is the clean embedding: after it, it is x₀",
                other_parts(target=lambda a: a["clean"]),
                3,
            ),
            (
                "this network predicts x₀, not the noise: compare its prediction with x₀",
                other_parts(target=lambda a: a["noise"]),
                3,
            ),
            (
                "denoise is a mean over all numbers, not a sum",
                other_parts(denoise=lambda a: np.sum((a["prediction"] - a["target"]) ** 2)),
                3,
            ),
            (
                "round is a mean over the words, not a sum",
                other_parts(round=lambda a: -np.sum(a["log_p"])),
                4,
            ),
            (
                "round has a minus: it is the negative log-probability",
                other_parts(round=lambda a: np.mean(a["log_p"])),
                4,
            ),
            (
                "round takes the logits of x₀; those of the prediction would be the anchor",
                other_parts(rounded=lambda a: a["prediction"]),
                4,
            ),
            (
                "round takes the logits of x₀, not of the clean embedding",
                other_parts(rounded=lambda a: a["clean"]),
                4,
            ),
            (
                "round takes the logits of x₀, not of x_t",
                other_parts(rounded=lambda a: a["x_t"]),
                4,
            ),
            (
                "logits are not log-probabilities: subtract the logarithm of their sum of exp",
                other_parts(log_p=lambda a: (a["rounded"] @ a["table"].T)[picked, a["words"]]),
                4,
            ),
            (
                "round needs the logarithm of the probability",
                other_parts(round=lambda a: -np.mean(np.exp(a["log_p"]))),
                4,
            ),
            (
                "round is in bits: use the natural logarithm",
                other_parts(round=lambda a: -np.mean(a["log_p"]) / np.log(2)),
                4,
            ),
            (
                "the softmax runs over the vocabulary, not over time",
                other_parts(
                    log_p=lambda a: log_softmax(a["rounded"] @ a["table"].T, 0)[picked, a["words"]]
                ),
                4,
            ),
            (
                "the square of √ᾱ_T is ᾱ_T: prior has no root left",
                other_parts(prior=lambda a: root(a["bars"][-1]) * np.mean(a["x0"] ** 2)),
                5,
            ),
            (
                "prior takes ᾱ of the last step",
                other_parts(prior=lambda a: a["bars"][0] * np.mean(a["x0"] ** 2)),
                5,
            ),
            (
                "prior takes x₀, not the clean embedding",
                other_parts(prior=lambda a: a["bars"][-1] * np.mean(a["clean"] ** 2)),
                5,
            ),
            (
                "prior is a mean over all numbers, not a sum",
                other_parts(prior=lambda a: a["bars"][-1] * np.sum(a["x0"] ** 2)),
                5,
            ),
        ],
        tolerance=1e-6,
    )


@exercise(
    "11.4",
    points=2,
    hints=(
        "The signal-to-noise ratio at a step is ᾱ / (1 − ᾱ).",
        "The previous step is less noisy. Which difference of the two ratios is positive?",
        "The squared error is summed, not averaged; a nat is 1 / ln 2 bits.",
    ),
)
def check_kl(random: np.random.Generator) -> Task:
    """Lesson 11: one denoising term of the bound, ½(SNR_s − SNR_t)·‖x₀ − x̂₀‖², in bits."""
    cases = []
    for _ in range(4):
        now, before = np.sort(random.uniform(0.05, 0.95, 2))
        cases.append((random.normal(size=6), random.normal(size=6), now, before))

    def nats(x: np.ndarray, guess: np.ndarray, now: float, before: float) -> float:
        snr = before / (1 - before) - now / (1 - now)
        return float(0.5 * snr * np.square(x - guess).sum())

    return Task(
        lambda *case: nats(*case) / np.log(2),
        cases,
        [
            ("the result is in nats: divide by ln 2", nats, 3),
            (
                "the signal-to-noise ratio is ᾱ/(1 − ᾱ), not ᾱ",
                lambda x, g, now, before: 0.5 * (before - now) * np.square(x - g).sum() / np.log(2),
                1,
            ),
            (
                "the previous step is less noisy: its ratio is larger",
                lambda *case: -nats(*case) / np.log(2),
                2,
            ),
            (
                "sum over all numbers instead of taking the mean",
                lambda x, g, now, before: nats(x, g, now, before) / np.log(2) / len(x),
                3,
            ),
        ],
    )


def masked_nats(
    words: np.ndarray,
    order: np.ndarray,
    k: int,
    mask: int,
    mix: np.ndarray,
    table: np.ndarray,
    *,
    hidden: Callable[[np.ndarray, int], np.ndarray] = lambda order, k: order < k,
    counted: Callable[[np.ndarray], np.ndarray] = lambda hidden: hidden,
    factor: Callable[[int, int], float] = lambda n, k: n / k,
    seen: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    axis: int = 1,
    cost: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda u, log_p: -log_p,
) -> float:
    """One sample of the masked bound. The keywords make the typical mistakes.

    Args:
        words: (n,) ids.
        order: (n,), the rank of each word in a random order.
        k: Number of masked words.
        mask: Id of [MASK].
        mix: (n, n), and table: (vocab + 1, vocab), the network.
        hidden: Which words are masked.
        counted: Whose costs are summed.
        factor: Of the sum.
        seen: What the network receives, from (words, hidden).
        axis: Of the softmax.
        cost: From logits and log-probabilities.
    """
    masked = hidden(order, k)
    ids = np.where(masked, mask, words) if seen is None else seen(words, masked)
    logits = mix @ table[ids]
    nats = cost(logits, log_softmax(logits, axis))[np.arange(len(words)), words]
    return float(factor(len(words), k) * nats[counted(masked)].sum())


@exercise(
    "11.5",
    points=3,
    hints=(
        "Which words are masked? `order < k` is true for k of them.",
        "`np.where` makes the ids that the network sees; its logits have one row per word.",
        "Take −log softmax at the true words, and sum it over the masked ones only.",
        "The sum is divided by k and multiplied by n, the number of all words.",
    ),
)
def check_masked_loss(random: np.random.Generator) -> Task:
    """Lesson 11: one sample of the bound of masked diffusion, n/k times the masked words' cost."""
    cases = []
    for n, k in ((6, 2), (8, 5), (7, 1)):
        words = random.integers(0, 5, n)
        mix, table = random.normal(size=(n, n)) / 2, random.normal(size=(6, 5))
        cases.append((words, random.permutation(n), k, 5, mix, table))

    def changed(**other: Any) -> Callable[..., float]:
        return lambda *case: masked_nats(*case, **other)

    return Task(
        masked_nats,
        cases,
        [
            (
                "the network sees the answers: replace the masked words by `mask`",
                changed(seen=lambda words, masked: words),
                2,
            ),
            (
                "everything is masked: only the words with order < k are",
                changed(seen=lambda words, masked: np.full_like(words, 5)),
                1,
            ),
            (
                "the visible words are masked, and the others are not",
                changed(seen=lambda words, masked: np.where(masked, words, 5)),
                1,
            ),
            (
                "that masks one word too many: order counts from 0",
                changed(hidden=lambda order, k: order <= k),
                1,
            ),
            (
                "the words with order < k are masked, not those after them",
                changed(hidden=lambda order, k: order >= k),
                1,
            ),
            (
                "`order` holds ranks: it is compared with k, not used as an index",
                changed(hidden=lambda order, k: np.isin(np.arange(len(order)), order[:k])),
                1,
            ),
            (
                "only the masked words count",
                changed(counted=lambda hidden: np.ones_like(hidden)),
                3,
            ),
            ("the visible words count here: take the masked ones", changed(counted=np.invert), 3),
            ("that is the mean: multiply by n", changed(factor=lambda n, k: 1 / k), 4),
            ("divide by k: the sum has k words", changed(factor=lambda n, k: n), 4),
            ("that is the sum: equation (5) has n/k before it", changed(factor=lambda n, k: 1), 4),
            ("the factor is n/k, not k/n", changed(factor=lambda n, k: k / n), 4),
            (
                "the result is in bits: use the natural logarithm",
                changed(factor=lambda n, k: n / k / np.log(2)),
                3,
            ),
            ("the sign is reversed: −log p", changed(factor=lambda n, k: -n / k), 3),
            ("the softmax runs over the vocabulary, not over the words", changed(axis=0), 3),
            (
                "logits are not log-probabilities: subtract the logarithm of their sum of exp",
                changed(cost=lambda u, log_p: -u),
                3,
            ),
            (
                "that sums probabilities: take their logarithm",
                changed(cost=lambda u, log_p: -np.exp(log_p)),
                3,
            ),
        ],
        tolerance=1e-6,
    )
