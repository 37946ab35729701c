"""Exercises of lesson 06, the VAE-GAN."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of


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
                1,
            ),
            (
                "take the square root for each frame, before the mean over frames",
                lambda a, b: np.sqrt(((decibels(a) - decibels(b)) ** 2).mean()),
                2,
            ),
            (
                "bins are the rows: the mean inside the root is over axis 0",
                lambda a, b: np.sqrt(((decibels(a) - decibels(b)) ** 2).mean(1)).mean(),
                2,
            ),
            (
                "a difference may be negative: square it before the mean",
                lambda a, b: np.abs((decibels(a) - decibels(b)).mean(0)).mean(),
                1,
            ),
        ],
    )


def kl_with_free_bits(
    mean: np.ndarray,
    log_variance: np.ndarray,
    free: float,
    *,
    variance_of: Any = np.exp,
    log_of: Any = lambda log_variance: log_variance,
    factor: float = 0.5,
    prices_of: Any = lambda kl, free: np.maximum(kl.mean(0), free),
    reduce: Any = np.sum,
) -> float:
    """KL(N(mean, e^log_variance) ‖ N(0, 1)) in nats, with free bits. The keywords make the typical
    mistakes.

    Args:
        mean, log_variance: (frames, k).
        free: Least price of each of the k numbers.
        variance_of, log_of: The variance and its logarithm from log_variance.
        factor: Of the four terms.
        prices_of: From the KL (frames, k) and the free nats.
        reduce: From the prices to one number.
    """
    kl = factor * (mean**2 + variance_of(log_variance) - 1 - log_of(log_variance))
    return float(reduce(prices_of(kl, free)))


@exercise(
    "06.2",
    points=2,
    hints=(
        "The KL is 0 for mean 0 and variance 1: check that your four terms cancel there.",
        "The network outputs the log variance: which terms need its exponential?",
        "A price belongs to one number and is a mean over all frames. Which axis are the frames?",
        "Only a price can be below `free`; the KL of one frame may be. Which comes first, the mean "
        "or the comparison?",
    ),
)
def check_free_bits(random: np.random.Generator) -> Task:
    """Lesson 06: the KL divergence of a latent from the prior, with free bits."""

    def case(frames: int, k: int, free: float) -> tuple[np.ndarray, np.ndarray, float]:
        # the first number has collapsed; of the last, some frames cost less than `free`
        width = np.linspace(0.05, 1.5, k)
        mean, log_variance = (width * random.normal(size=(frames, k)) for _ in range(2))
        mean[0, -1] = log_variance[0, -1] = 0.01
        mean[1, -1] += 2.5
        return mean, log_variance - width, free

    changed = variants_of(kl_with_free_bits)

    return Task(
        kl_with_free_bits,
        [case(7, 4, 0.3), case(4, 5, 0.15), case(5, 3, 0.0)],
        [
            ("the factor ½ applies to every term of the sum", changed(factor=1.0), 1),
            (
                "the argument is the *log* variance: the variance is its exponential",
                changed(variance_of=lambda v: v, log_of=lambda v: np.log(np.abs(v))),
                2,
            ),
            (
                "the variance is missing: it is the exponential of the log variance",
                changed(variance_of=lambda v: v),
                2,
            ),
            (
                "exp(log variance) is already σ²: do not square it",
                changed(variance_of=lambda v: np.exp(2 * v)),
                2,
            ),
            (
                "exp(½ log variance) is σ: the KL needs its square, exp(log variance)",
                changed(variance_of=lambda v: np.exp(0.5 * v)),
                2,
            ),
            (
                "`free` is not used: a price below it counts as `free`",
                changed(prices_of=lambda kl, free: kl.mean(0)),
                4,
            ),
            (
                "compare the price, a mean over all frames, with `free`, not the KL of each frame",
                changed(prices_of=lambda kl, free: np.maximum(kl, free).mean(0)),
                4,
            ),
            (
                "a price *below* `free` counts as `free`; a higher one stays",
                changed(prices_of=lambda kl, free: np.minimum(kl.mean(0), free)),
                4,
            ),
            (
                "a price below `free` counts as `free`, not as 0",
                changed(prices_of=lambda kl, free: kl.mean(0) * (kl.mean(0) >= free)),
                4,
            ),
            (
                "`free` is not subtracted: the least price is `free`, not 0",
                changed(prices_of=lambda kl, free: np.maximum(kl.mean(0) - free, 0)),
                4,
            ),
            (
                "frames are the rows: the mean is over axis 0, the sum over the numbers",
                changed(prices_of=lambda kl, free: np.maximum(kl.mean(1), free)),
                3,
            ),
            ("take the sum over the numbers, not the mean", changed(reduce=np.mean), 3),
            (
                "that returns the prices: add them up",
                lambda *args: np.maximum(_kl(*args[:2]).mean(0), args[2]),
                3,
            ),
        ],
    )


def _kl(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)


def elbo(
    x: Any,
    mean: Any,
    logvar: Any,
    noise: Any,
    weights: Any,
    variance: float,
    *,
    sigma_of: Any = lambda logvar: np.exp(0.5 * logvar),
    square_of: Any = np.exp,
    constant: Any = lambda variance: np.log(2 * np.pi * variance),
    divisor: Any = lambda variance: variance,
    kl_factor: float = 1.0,
    own_log: float = 1.0,
    sampled_factor: float = 1.0,
    prior: float = 1.0,
    proposal: float = 1.0,
    reduce: Any = lambda terms: terms.sum(-1).mean(),
) -> tuple[float, float]:
    """Two estimates of the ELBO in nats per example, with a linear decoder: with the KL by its
    formula, and with the KL by sampling."""
    z = mean + sigma_of(logvar) * noise
    log_likelihood = -0.5 * ((x - z @ weights) ** 2 / divisor(variance) + constant(variance))
    kl = 0.5 * (mean**2 + square_of(logvar) - 1 - logvar)
    log_prior = -0.5 * (z**2 + np.log(2 * np.pi))
    log_q = -0.5 * (noise**2 + np.log(2 * np.pi) + own_log * logvar)
    sampled = reduce(prior * log_prior) - reduce(proposal * log_q)
    first = reduce(log_likelihood)
    by_formula = first - kl_factor * reduce(np.broadcast_to(kl, z.shape))
    return float(by_formula), float(first + sampled_factor * sampled)


@exercise(
    "06.3",
    points=3,
    hints=(
        "z is the mean plus the standard deviation times the noise. The standard deviation is the "
        "exponential of half the log variance.",
        "log p(x|z) of one number is −½ ((x − x̂)²/s² + log 2πs²). What is x̂ here?",
        "Add up each term over the numbers of an example (the last axis), then take the mean.",
        "The ELBO is the first term minus the KL, a number that is smaller for a worse model.",
        "log q(z|x) of one number is −½ ((z − μ)²/σ² + log 2πσ²), and (z − μ)/σ is the noise. "
        "log p(z) is the same with μ = 0 and σ = 1.",
    ),
)
def check_elbo(random: np.random.Generator) -> Task:
    """Lesson 06: the ELBO of a batch, with the KL by its formula and by sampling."""

    def case(variance: float) -> tuple[Any, ...]:
        x, weights = random.normal(size=(4, 5)), random.normal(size=(2, 5))
        mean, logvar = random.normal(size=(2, 4, 2))
        return x, mean, logvar - 1, random.normal(size=(3, 4, 2)), weights, variance

    cases = [case(float(variance)) for variance in random.uniform(0.2, 0.8, 3)]

    changed = variants_of(elbo)

    def loss(*a: Any) -> tuple[float, ...]:
        return tuple(-bound for bound in elbo(*a))

    return Task(
        elbo,
        [*cases, cases[0]],  # the same again: noise that the function samples itself would differ
        [
            (
                "exp(log variance) is σ²: the noise is multiplied by σ, its square root",
                changed(sigma_of=np.exp),
                1,
            ),
            (
                "the noise is multiplied by the log variance itself: σ = exp(½ log variance)",
                changed(sigma_of=lambda logvar: logvar),
                1,
            ),
            (
                "the noise is not used: z = μ + σε, not the mean alone",
                changed(sigma_of=np.zeros_like),
                1,
            ),
            ("σ is missing: z = μ + σε", changed(sigma_of=np.ones_like), 1),
            (
                "the KL takes exp(½ log variance), which is σ: it needs σ²",
                changed(square_of=lambda logvar: np.exp(0.5 * logvar)),
                1,
            ),
            ("the KL is subtracted, not added", changed(kl_factor=-1.0), 4),
            ("the KL is missing", changed(kl_factor=0.0), 4),
            ("the factor ½ of the KL is missing: see equation (5)", changed(kl_factor=2.0), 4),
            (
                "log 2πs² is missing: without it p(x|z) is not a density",
                changed(constant=lambda variance: 0.0),
                2,
            ),
            (
                "the squares are divided by the variance s², not by its root",
                changed(divisor=np.sqrt),
                2,
            ),
            (
                "the squares are not divided by the variance s²",
                changed(divisor=lambda variance: 1.0),
                2,
            ),
            (
                "log q misses its −½ log variance: a narrow density is a high one",
                changed(own_log=0.0),
                5,
            ),
            (
                "the sampled KL is log q − log p: it is subtracted, not added",
                changed(sampled_factor=-1.0),
                5,
            ),
            ("log p(z) is missing in the second bound", changed(prior=0.0), 5),
            ("log q(z|x) is missing in the second bound", changed(proposal=0.0), 5),
            (
                "add up over the numbers of an example; the mean is over samples and examples only",
                changed(reduce=np.mean),
                3,
            ),
            (
                "that is the sum over samples and batch: take the mean over both",
                changed(reduce=np.sum),
                3,
            ),
            ("the sign is reversed: that is the loss, −ELBO", loss, 4),
            (
                "that is one number: return the bound by the formula and the one by sampling",
                lambda *a: elbo(*a)[0],
                5,
            ),
            (
                "the two bounds are swapped: first the one by the formula",
                lambda *a: elbo(*a)[::-1],
                5,
            ),
        ],
    )


def hinge(
    real: Any,
    fake: Any,
    *,
    costs: Any = lambda r, f: (np.maximum(0, 1 - r), np.maximum(0, 1 + f)),
    loss_of: Any = lambda of_real, of_fake: of_real.mean() + of_fake.mean(),
    reduce: Any = np.mean,
    idle: Any = lambda r, f: np.concatenate([r >= 1, f <= -1]),
    share_of: Any = lambda idle: np.concatenate(idle).mean(),
) -> tuple[float, float]:
    """The discriminator's hinge loss, and the share of scores that cost nothing. The keywords make
    the typical mistakes.

    Args:
        real, fake: Lists of scores (patches,), one per scale.
        costs: Of the scores of one scale.
        loss_of: From these costs to a number.
        reduce: From the losses of all scales to one number.
        idle: Which scores of one scale cost nothing.
        share_of: From a list of those to a number.
    """
    pairs = list(zip(real, fake, strict=True))
    return float(reduce([loss_of(*costs(r, f)) for r, f in pairs])), float(
        share_of([idle(r, f) for r, f in pairs])
    )


@exercise(
    "06.4",
    points=2,
    hints=(
        "A real score above 1 and a fake score below −1 cost nothing.",
        "How far is a real score of 0.3 from 1? Clip at 0 for each score, then take the mean.",
        "First a loss for each scale, then the mean of these losses: a scale with few patches "
        "counts as much as one with many.",
        "For the share, put the costs of all scales and of both lists into one array.",
    ),
)
def check_hinge(random: np.random.Generator) -> Task:
    """Lesson 06: the discriminator's loss from its scores at several scales."""

    # scores far beyond the margin would make the mean negative
    def case(up: float, *patches: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        ups = [up + 0.5 * scale for scale in range(len(patches))]
        return (
            [u + 2 * random.normal(size=n) for u, n in zip(ups, patches, strict=True)],
            [2 * random.normal(size=n) - u for u, n in zip(ups, patches, strict=True)],
        )

    margin = case(0.5, 16, 7, 3)
    margin[0][0][0], margin[1][0][0] = 1.0, -1.0  # these cost nothing, too

    changed = variants_of(hinge)

    def pooled(real: Any, fake: Any) -> tuple[float, float]:
        loss, _ = hinge([np.concatenate(real)], [np.concatenate(fake)])
        return loss, hinge(real, fake)[1]

    return Task(
        hinge,
        [case(0, 12, 5), margin, case(4, 9, 4)],
        [
            (
                "scores beyond the margin have loss 0: clip at 0",
                changed(costs=lambda r, f: (1 - r, 1 + f)),
                1,
            ),
            (
                "generated sound should score low: 1 + score, not 1 − score",
                changed(
                    costs=lambda r, f: (np.maximum(0, 1 - r), np.maximum(0, 1 - f)),
                    idle=lambda r, f: np.concatenate([r >= 1, f >= 1]),
                ),
                1,
            ),
            (
                "real and generated are swapped: real sound should score high",
                lambda r, f: hinge(f, r),
                1,
            ),
            (
                "clip before the mean: each score has its own margin",
                changed(
                    costs=lambda r, f: (1 - r, 1 + f),
                    loss_of=lambda a, b: max(0, a.mean()) + max(0, b.mean()),
                ),
                2,
            ),
            (
                "the loss is a mean over scales: first take the mean over the patches of each",
                pooled,
                3,
            ),
            ("take the mean over the scales, not the sum", changed(reduce=np.sum), 3),
            (
                "equation (7) adds its two means: do not halve the sum",
                changed(loss_of=lambda a, b: (a.mean() + b.mean()) / 2),
                2,
            ),
            (
                "the share counts the scores that cost nothing, not those that cost something",
                changed(share_of=lambda idle: 1 - np.concatenate(idle).mean()),
                4,
            ),
            (
                "a score on the right side of 0 still costs something: it must reach the margin",
                changed(idle=lambda r, f: np.concatenate([r > 0, f < 0])),
                1,
            ),
            (
                "the share counts each score once: do not take a mean over the scales",
                changed(share_of=lambda idle: np.mean([x.mean() for x in idle])),
                4,
            ),
            ("return two numbers, the loss and the share", lambda r, f: hinge(r, f)[0], 4),
        ],
    )


def generator_loss(
    real: Any,
    fake: Any,
    error: float,
    kl: float,
    weights: Any,
    *,
    score: Any = lambda real, fake: -fake.mean(),
    layers: slice = slice(None, -1),
    difference: Any = lambda real, fake: np.abs(real - fake).mean(),
    size: Any = lambda real, fake: np.abs(real).mean(),
    reduce: Any = np.mean,
) -> float:
    """The generator's loss in a VAE-GAN, from the layers of a discriminator with one scale."""
    pairs = list(zip(real, fake, strict=True))[layers]
    matching = reduce([difference(a, b) / size(a, b) for a, b in pairs])
    terms = {
        "error": error,
        "kl": kl,
        "adversarial": score(real[-1], fake[-1]),
        "matching": matching,
    }
    return float(sum(weights[name] * value for name, value in terms.items()))


@exercise(
    "06.5",
    points=3,
    hints=(
        "The last entry of each list holds the scores, all others are features.",
        "The generator wants high scores for its sound: which sign makes that a loss?",
        "Matching: for each layer of features the mean absolute difference, divided by the mean "
        "absolute value of the real ones; then the mean over the layers.",
        "The sum of four terms, each times its weight.",
    ),
)
def check_generator_loss(random: np.random.Generator) -> Task:
    """Lesson 06: the generator's loss from the discriminator's layers and the VAE's terms."""
    sizes = ((3, 8), (4, 5), (1, 6))

    def case() -> tuple[Any, ...]:
        layers = [[2 * random.normal(size=size) for size in sizes] for _ in range(2)]
        names = ("error", "kl", "adversarial", "matching")
        weights = dict(zip(names, map(float, random.uniform(0.3, 2, 4)), strict=True))
        return (*layers, *map(float, random.uniform(0.5, 2, 2)), weights)

    def swapped(real: Any, fake: Any, error: float, kl: float, weights: Any) -> float:
        other = {"adversarial": weights["matching"], "matching": weights["adversarial"]}
        return generator_loss(real, fake, error, kl, weights | other)

    def without(name: str) -> Any:
        def loss(real: Any, fake: Any, error: float, kl: float, weights: Any) -> float:
            return generator_loss(real, fake, error, kl, weights | {name: 0.0})

        return loss

    return Task(
        generator_loss,
        [case() for _ in range(3)],
        [
            (
                "the sign of the score is reversed: the generator wants a high score",
                lambda *a: generator_loss(*a, score=lambda r, f: f.mean()),
                2,
            ),
            (
                "that takes the scores of the real sound: the generator can only change its own",
                lambda *a: generator_loss(*a, score=lambda r, f: -r.mean()),
                2,
            ),
            (
                "the generator has no hinge: its term is −E D(x̂), the hinge is the discriminator's",
                lambda *a: generator_loss(*a, score=lambda r, f: np.maximum(0, 1 - f).mean()),
                2,
            ),
            (
                "that is the discriminator's loss: it wants low scores for generated sound",
                lambda *a: generator_loss(*a, score=lambda r, f: hinge([r], [f])[0]),
                2,
            ),
            (
                "matching compares features: leave out the last entry, the scores",
                lambda *a: generator_loss(*a, layers=slice(None)),
                1,
            ),
            (
                "matching compares all layers of features, not only the last",
                lambda *a: generator_loss(*a, layers=slice(-2, -1)),
                3,
            ),
            (
                "divide each difference by the mean absolute value of the real features",
                lambda *a: generator_loss(*a, size=lambda r, f: 1.0),
                3,
            ),
            (
                "divide by the size of the real features, not of the generated ones",
                lambda *a: generator_loss(*a, size=lambda r, f: np.abs(f).mean()),
                3,
            ),
            (
                "matching takes absolute differences, not squares",
                lambda *a: generator_loss(*a, difference=lambda r, f: ((r - f) ** 2).mean()),
                3,
            ),
            (
                "take the mean over the layers, not the sum",
                lambda *a: generator_loss(*a, reduce=np.sum),
                3,
            ),
            ("the weights of adversarial and matching are swapped", swapped, 4),
            (
                "the weights are not used",
                lambda r, f, s, k, w: generator_loss(r, f, s, k, dict.fromkeys(w, 1.0)),
                4,
            ),
            *(
                (f"the term {name!r} is missing", without(name))
                for name in ("error", "kl", "adversarial", "matching")
            ),
        ],
    )
