"""How many raters does an effect need? By formula, and by simulating a class of raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.arguments import floats, random_generator, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.paired import sign_flip_test

MOST = 1_000_000  # raters, prompts or studies


def power_of(effect: float, spread: float, raters: int, *, alpha: float = 0.05) -> float:
    """Chance that a two-sided paired t-test at level alpha notices a true mean difference.

    effect: the true difference; spread: standard deviation over raters of what each one's answers
    differ by. Exact for normal differences: noncentral t with n − 1 degrees of freedom and
    ncp = √n · effect / spread (Cohen, 1988, ch. 2).
    """
    from scipy.stats import nct, t

    if spread <= 0 or raters < 2:
        raise WorkbenchError("power needs a spread above 0 and 2 raters or more")
    edge = t.ppf(1 - alpha / 2, raters - 1)
    away = np.sqrt(raters) * abs(effect) / spread
    return float(nct.sf(edge, raters - 1, away) + nct.cdf(-edge, raters - 1, away))


def raters_needed(
    effect: float, spread: float, *, power: float = 0.8, alpha: float = 0.05, most: int = 100_000
) -> int:
    """The fewest raters with whom `power_of` reaches `power`. For m tests at once, pass alpha / m.

    Raises WorkbenchError where even `most` are too few.
    """
    low, high = 1, 2
    while power_of(effect, spread, high, alpha=alpha) < power:
        low, high = high, 2 * high
        if high > 2 * most:
            raise WorkbenchError(
                f"an effect of {effect:g} needs more than {most} raters; look for a larger one"
            )
    while high - low > 1:
        middle = (low + high) // 2
        reached = power_of(effect, spread, middle, alpha=alpha) >= power
        low, high = (low, middle) if reached else (middle, high)
    return high


@dataclass(frozen=True)
class Raters:
    """How simulated raters differ, standard deviations in points of the scale.

    leniency: some give more to everything. taste: each has favourites among the sources. clips:
    some clips of a source are better than others, for everyone. noise: of one answer.
    """

    leniency: float = 0.5
    taste: float = 0.4
    clips: float = 0.3
    noise: float = 0.8

    def spread(self, prompts: int) -> float:
        """Standard deviation over raters of the difference of two sources' means over so many
        clips each, before answers are rounded: more clips average noise away, never taste."""
        return float(np.sqrt(2 * self.taste**2 + 2 * self.noise**2 / prompts))


def simulate_ratings(
    means: np.ndarray,
    raters: int,
    prompts: int,
    how: Raters,
    *,
    seed: int = 0,
    points: int | None = 5,
) -> np.ndarray:
    """Ratings (raters, sources, prompts) around true means (sources,).

    points: answers are rounded to 1 … points; None leaves them as they are.
    """
    random = random_generator(seed)
    means = np.atleast_1d(floats(means, "means"))
    raters, prompts = whole(raters, "raters", 1, MOST), whole(prompts, "prompts", 1, MOST)
    sources = len(means)
    ratings = (
        means[None, :, None]
        + random.normal(0, how.leniency, (raters, 1, 1))
        + random.normal(0, how.taste, (raters, sources, 1))
        + random.normal(0, how.clips, (1, sources, prompts))
        + random.normal(0, how.noise, (raters, sources, prompts))
    )
    return ratings if points is None else ratings.round().clip(1, points)


def simulated_power(
    effect: float,
    raters: int,
    prompts: int,
    how: Raters,
    *,
    alpha: float = 0.05,
    studies: int = 200,
    seed: int = 0,
    points: int | None = 5,
) -> float:
    """Share of simulated studies in which the sign-flip test notices an effect between two sources
    that lie around the scale's middle.

    Each study has other clips. The test knows only its own, so with few prompts and `how.clips`
    above 0 it also notices what lies in the clips: at effect 0 more often than alpha (Clark,
    "The language-as-fixed-effect fallacy", 1973)."""
    found, studies = 0, whole(studies, "studies", 1, MOST)
    for study in range(studies):
        made = simulate_ratings(
            np.array([3 - effect / 2, 3 + effect / 2]),
            raters,
            prompts,
            how,
            seed=seed * studies + study,
            points=points,
        ).mean(2)
        found += sign_flip_test(made[:, 1] - made[:, 0], draws=1000, seed=study) < alpha
    return found / studies
