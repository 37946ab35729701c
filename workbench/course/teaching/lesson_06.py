"""Exercises of lesson 06, the VAE-GAN."""

from __future__ import annotations

from typing import Any

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


def kl_normal(mean: np.ndarray, log_variance: np.ndarray) -> float:
    """Mean KL(N(mean, e^log_variance) ‖ N(0, 1)) in nats."""
    return float(0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).mean())


@exercise(
    "06.2",
    points=1,
    hints=(
        "The KL is 0 for mean 0 and variance 1: check that your four terms cancel there.",
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
                2,
            ),
            (
                "the variance is missing: it is the exponential of the log variance",
                lambda m, v: 0.5 * (m**2 + v - 1 - v).mean(),
                2,
            ),
            (
                "exp(log variance) is already σ²: do not square it",
                lambda m, v: 0.5 * (m**2 + np.exp(2 * v) - 1 - v).mean(),
                2,
            ),
            (
                "exp(½ log variance) is σ: the KL needs its square, exp(log variance)",
                lambda m, v: 0.5 * (m**2 + np.exp(0.5 * v) - 1 - v).mean(),
                2,
            ),
            ("take the mean over the numbers, not the sum", lambda m, v: kl_normal(m, v) * len(m)),
        ],
    )


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

    def changed(**how: Any) -> Any:
        return lambda *a: elbo(*a, **how)

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


def hinge(real: np.ndarray, fake: np.ndarray) -> float:
    """The discriminator's hinge loss."""
    return float(np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean())


@exercise(
    "06.4",
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
                1,
            ),
            (
                "generated sound should score low: 1 + score, not 1 − score",
                lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 - f).mean(),
                1,
            ),
            (
                "real and generated are swapped: real sound should score high",
                lambda r, f: hinge(f, r),
                1,
            ),
            (
                "clip before the mean: each score has its own margin",
                lambda r, f: max(0, 1 - r.mean()) + max(0, 1 + f.mean()),
                2,
            ),
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
                lambda *a: generator_loss(*a, score=hinge),
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
