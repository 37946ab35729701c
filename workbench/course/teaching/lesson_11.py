"""Exercises of lesson 11, the diffusion language model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of


def root_schedule(
    steps: int,
    s: float,
    largest: float,
    *,
    times: Callable[[int], np.ndarray] = lambda steps: np.arange(steps + 1) / steps,
    bar_of: Callable[..., np.ndarray] = lambda t, s: 1 - np.sqrt(t + s),
    limited: Callable[..., np.ndarray] = np.minimum,
    applied: Callable[..., np.ndarray] = lambda bars, betas: bars[0] * np.cumprod(1 - betas),
) -> np.ndarray:
    """(steps,): ᾱ of Diffusion-LM's schedule, with no step above `largest`. The keywords make the
    typical mistakes.

    Args:
        steps: T.
        s: Noise at the beginning.
        largest: Of β.
        times: t/T.
        bar_of: ᾱ from t/T and s.
        limited: The new β from β and `largest`.
        applied: The new ᾱ from the old one and the new β.
    """
    bars = bar_of(times(steps), s)
    return np.asarray(applied(bars, limited(1 - bars[1:] / bars[:-1], largest)))


@exercise(
    "11.1",
    points=2,
    hints=(
        "√(t/T + s) grows from nearly 0 to about 1: the share of the noise. What is left for ᾱ?",
        "There are T + 1 values of ᾱ and T steps between them: divide `bars[1:]` by `bars[:-1]`.",
        "A step keeps the share 1 − β of what the step before has left: `np.cumprod`.",
    ),
)
def check_sqrt_schedule(random: np.random.Generator) -> Task:
    """Lesson 11: Diffusion-LM's schedule, ᾱ = 1 − √(t/T + s), with limited steps."""
    cases = [
        (int(random.integers(6, 12)), 1e-4, 0.999),
        (int(random.integers(6, 12)), 0.01, float(random.uniform(0.12, 0.2))),  # limits β_1, too
        (int(random.integers(6, 12)), 0.003, float(random.uniform(0.4, 0.6))),
    ]

    changed = variants_of(root_schedule)

    return Task(
        root_schedule,
        cases,
        [
            (
                "the root is taken of the noise: subtract it from 1",
                changed(bar_of=lambda t, s: np.sqrt(np.maximum(1 - t - s, 0))),
                1,
            ),
            (
                "s belongs under the root: it is the noise at the first step",
                changed(bar_of=lambda t, s: 1 - np.sqrt(t) - s),
                1,
            ),
            (
                "t counts from 0 to T: divide by T",
                changed(times=lambda steps: np.arange(steps + 1.0)),
                1,
            ),
            (
                "the steps are not limited: the last ᾱ is below 0",
                changed(limited=lambda betas, largest: betas),
                2,
            ),
            (
                "that raises ᾱ to 0 at the end: limit β, the share that a step removes",
                lambda *case: np.maximum(changed(limited=lambda betas, largest: betas)(*case), 0),
                2,
            ),
            (
                "a β above `largest` becomes `largest`; smaller ones stay",
                changed(limited=np.maximum),
                2,
            ),
            (
                "a limited step leaves more signal to all later steps: apply them one by one",
                changed(applied=lambda bars, betas: bars[:-1] * (1 - betas)),
                3,
            ),
            (
                "begin at ᾱ₀, which is a little below 1 because of s",
                changed(applied=lambda bars, betas: np.cumprod(1 - betas)),
                3,
            ),
            (
                "that is β: return ᾱ, the signal that is left after each step",
                changed(applied=lambda bars, betas: betas),
                3,
            ),
            (
                "a step keeps 1 − β of the signal, not β",
                changed(applied=lambda bars, betas: bars[0] * np.cumprod(betas)),
                3,
            ),
            (
                "the steps add up: multiply the shares that they keep",
                changed(applied=lambda bars, betas: bars[0] - np.cumsum(betas)),
                3,
            ),
            (
                "return ᾱ₁ to ᾱ_T: T numbers, without ᾱ₀",
                changed(applied=lambda b, betas: b[0] * np.cumprod([1, *(1 - betas)])),
                2,
            ),
        ],
        tolerance=1e-6,
    )


def likeliest(
    x: np.ndarray,
    table: np.ndarray,
    alpha_bar: float,
    frequencies: np.ndarray,
    *,
    factor: Callable[[float], float] = np.sqrt,
    prior: Callable[[np.ndarray], Any] = np.log,
    width: Callable[[float], float] = lambda bar: 2 * (1 - bar),
) -> np.ndarray:
    """(n,): the most probable word of each noisy vector. The keywords make the typical mistakes.

    Args:
        x: (n, dim).
        table: (words, dim).
        alpha_bar: Share of the variance that is signal.
        frequencies: (words,).
        factor: Of the embeddings.
        prior: From the frequencies.
        width: Divides the squared distances.
    """
    squares = np.square(x[:, None] - factor(alpha_bar) * table).sum(-1)
    return np.asarray((prior(frequencies) - squares / width(alpha_bar)).argmax(1))


@exercise(
    "11.2",
    points=2,
    hints=(
        "The squared distances of all vectors to all embeddings form a table (n, words). With an "
        "axis of length 1 in `x`, broadcasting computes it.",
        "x_t lies around √ᾱ times the embedding. What is the variance of the noise?",
        "P(word | x) is proportional to frequency · exp(−squared distance / (2 · variance)). The "
        "largest product has the largest logarithm.",
    ),
)
def check_rounding(random: np.random.Generator) -> Task:
    """Lesson 11: the most probable word of each noisy vector."""
    cases = []
    for words, dim, bar in ((9, 3, 0.75), (12, 4, 0.6), (7, 2, 0.5), (15, 6, 0.3)):
        table = random.normal(size=(words, dim)) * random.uniform(0.5, 2, size=(words, 1))
        shares = random.dirichlet(np.full(words, 0.7)) + 0.003
        at = float(bar + random.uniform(-0.05, 0.05))
        real = table[random.integers(words, size=60)]
        x = np.sqrt(at) * real + np.sqrt(1 - at) * random.normal(size=real.shape)
        cases.append((x, table, at, shares / shares.sum()))

    changed = variants_of(likeliest)

    def squares(x: np.ndarray, table: np.ndarray) -> np.ndarray:
        return np.asarray(np.square(x[:, None] - table).sum(-1))

    return Task(
        likeliest,
        cases,
        [
            (
                "that is the nearest of the embeddings: x_t lies around √ᾱ times an embedding, and "
                "frequent words are more probable",
                lambda x, table, bar, f: squares(x, table).argmin(1),
                3,
            ),
            (
                "`frequencies` is not used: a frequent word may be more probable than a nearer one",
                changed(prior=lambda f: 0.0),
                3,
            ),
            (
                "x_t lies around √ᾱ times the embedding, not around the embedding",
                changed(factor=lambda bar: 1.0),
                2,
            ),
            ("the factor of the embedding is √ᾱ, not ᾱ", changed(factor=lambda bar: bar), 2),
            (
                "the exponent is the squared distance, divided by *twice* the variance",
                changed(width=lambda bar: 1 - bar),
                3,
            ),
            (
                "the variance of the noise is 1 − ᾱ, not its root",
                changed(width=lambda bar: 2 * np.sqrt(1 - bar)),
                2,
            ),
            (
                "the variance of the noise is missing: divide the squared distance by 2 (1 − ᾱ)",
                changed(width=lambda bar: 1.0),
                2,
            ),
            (
                "add logarithms: the probability is a product of the frequency and an exponential",
                changed(prior=lambda f: f),
                3,
            ),
            (
                "the largest dot product favours long embeddings: take distances",
                lambda x, table, bar, f: (x @ table.T).argmax(1),
                1,
            ),
            (
                "that is the least probable word",
                lambda x, table, bar, f: (
                    np.log(f) - squares(x, np.sqrt(bar) * table) / (2 * (1 - bar))
                ).argmin(1),
                3,
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


def denoising_bits(
    x0: np.ndarray,
    guesses: np.ndarray,
    bars: np.ndarray,
    *,
    ratio: Callable[[np.ndarray], np.ndarray] = lambda bars: bars / (1 - bars),
    part: slice = slice(1, None),
    sign: float = 0.5,
    nat: float = float(np.log(2)),
    count: Callable[[np.ndarray], float] = len,
) -> float:
    """The denoising terms of the bound in bits per word. The keywords make the typical mistakes.

    Args:
        x0: (words, dim).
        guesses: (T, words, dim).
        bars: (T,), ᾱ.
        ratio: Of signal to noise, from ᾱ.
        part: The steps whose predictions are used.
        sign: Factor of all terms.
        nat: Nats per bit.
        count: By which the sum is divided, from x0.
    """
    snr = ratio(bars)
    squares = np.square(x0 - guesses).sum((1, 2))
    return float(sign * ((snr[:-1] - snr[1:]) * squares[part]).sum() / nat / count(x0))


@exercise(
    "11.4",
    points=2,
    hints=(
        "The signal-to-noise ratio at a step is ᾱ / (1 − ᾱ).",
        "The previous step is less noisy. Which difference of the two ratios is positive?",
        "The squared error is a sum over all numbers of all words. A nat is 1 / ln 2 bits.",
        "There are T − 1 differences. The prediction of a term is made at its noisier step, t.",
    ),
)
def check_denoising_bits(random: np.random.Generator) -> Task:
    """Lesson 11: the denoising terms of the bound, Σ ½(SNR_s − SNR_t)·‖x₀ − x̂₀‖², in bits."""
    cases = []
    for steps, words, dim in ((6, 4, 3), (2, 3, 5), (9, 2, 4)):
        bars = np.sort(random.uniform(0.05, 0.95, steps))[::-1].copy()
        x0 = random.normal(size=(words, dim))
        wrong = np.sqrt(1 - bars)[:, None, None] * random.normal(size=(steps, words, dim))
        cases.append((x0, x0 + wrong, bars))

    changed = variants_of(denoising_bits)

    return Task(
        denoising_bits,
        cases,
        [
            ("the result is in nats: divide by ln 2", changed(nat=1.0), 3),
            ("that multiplies by ln 2: a bit is fewer nats", changed(nat=1 / np.log(2)), 3),
            ("the signal-to-noise ratio is ᾱ/(1 − ᾱ), not ᾱ", changed(ratio=lambda bars: bars), 1),
            (
                "the ratio of signal to noise is inverted",
                changed(ratio=lambda bars: (1 - bars) / bars),
                1,
            ),
            (
                "no root: the ratio is that of the variances",
                changed(ratio=lambda bars: np.sqrt(bars / (1 - bars))),
                1,
            ),
            ("the previous step is less noisy: its ratio is larger", changed(sign=-0.5), 2),
            ("the factor ½ is missing", changed(sign=1.0), 2),
            (
                "the prediction of a term is that of step t, not that of step s",
                changed(part=slice(None, -1)),
                4,
            ),
            ("divide by the number of words", changed(count=lambda x0: 1.0), 3),
            (
                "per word: sum over its numbers instead of taking the mean",
                changed(count=lambda x0: x0.size),
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

    changed = variants_of(masked_nats)

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
