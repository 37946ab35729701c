"""Statistical power: how many raters an effect needs, by formula and by simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.arguments import floats, number, random_generator, renamed, seed_of, shown, whole
from workbench.errors import PromptError, WorkbenchError
from workbench.evaluation.checks import array
from workbench.evaluation.paired import sign_flip_test

MOST = 1_000_000  # raters, prompts or studies


@renamed(spread="sd")
def power_of(effect: float, sd: float, raters: int, *, alpha: float = 0.05) -> float:
    """Power of a two-sided paired t-test.

    The test statistic has a noncentral t distribution with n − 1 degrees of freedom and
    noncentrality √n · effect / sd; exact for normal differences.

    Args:
        effect: The true mean difference.
        sd: Standard deviation of the raters' differences, above 0, in the unit of `effect`.
        raters: n, 2 or more.
        alpha: Significance level, 0 to 1.

    Returns:
        Probability that the test detects the effect, alpha to 1.

    Raises:
        WorkbenchError: for arguments out of range.

    Source:
        Cohen 1988, "Statistical power analysis for the behavioral sciences", chapter 2.
    """
    from scipy.stats import nct, t

    effect, sd = number(effect, "effect"), number(sd, "sd")
    raters, alpha = whole(raters, "raters"), number(alpha, "alpha", 0, 1)
    if sd <= 0 or raters < 2:
        raise WorkbenchError("power needs an sd above 0 and 2 raters or more")
    edge = t.ppf(1 - alpha / 2, raters - 1)
    away = np.sqrt(raters) * abs(effect) / sd
    return float(nct.sf(edge, raters - 1, away) + nct.cdf(-edge, raters - 1, away))


@renamed(spread="sd")
def raters_needed(
    effect: float, sd: float, *, power: float = 0.8, alpha: float = 0.05, most: int = 100_000
) -> int:
    """The smallest number of raters for which `power_of` reaches `power`.

    Args:
        effect: The true mean difference.
        sd: Standard deviation of the raters' differences, above 0.
        power: Probability to detect the effect, 0 to 1.
        alpha: Significance level; for m tests at once, pass alpha / m.
        most: The search ends at this number.

    Returns:
        2 or more.

    Raises:
        WorkbenchError: if `most` raters are too few.
    """
    power, most = number(power, "power", 0, 1), whole(most, "most", 2)
    low, high = 1, 2
    while power_of(effect, sd, high, alpha=alpha) < power:
        low, high = high, 2 * high
        if high > 2 * most:
            raise WorkbenchError(
                f"an effect of {effect:g} needs more than {most} raters; look for a larger one"
            )
    while high - low > 1:
        middle = (low + high) // 2
        reached = power_of(effect, sd, middle, alpha=alpha) >= power
        low, high = (low, middle) if reached else (middle, high)
    return high


@dataclass(frozen=True)
class Raters:
    """How simulated raters differ; standard deviations in points of the scale.

    Args:
        leniency: Of a rater: some rate everything higher.
        taste: Of a rater and source: each prefers some of the sources.
        clips: Of a clip: some clips of a source are better than others, for all raters.
        noise: Of a single rating.
    """

    leniency: float = 0.5
    taste: float = 0.4
    clips: float = 0.3
    noise: float = 0.8

    def sd(self, prompts: int) -> float:
        """Standard deviation over raters of the difference between two sources' means over
        `prompts` clips each, before rounding: √(2 taste² + 2 noise² / prompts). More clips
        average out noise, but never taste."""
        prompts = whole(prompts, "prompts", 1)
        return float(np.sqrt(2 * self.taste**2 + 2 * self.noise**2 / prompts))

    spread = sd  # the old name


def simulate_ratings(
    means: np.ndarray,
    raters: int,
    prompts: int,
    how: Raters,
    *,
    seed: int = 0,
    points: int | None = 5,
) -> np.ndarray:
    """Simulated ratings around true means.

    Args:
        means: True mean of each source, (sources,), in points of the scale.
        raters: Number of raters.
        prompts: Clips per source.
        how: How raters differ.
        seed: Of the simulation.
        points: Ratings are rounded to 1 … points; None leaves them unrounded.

    Returns:
        (raters, sources, prompts).
    """
    random = random_generator(seed)
    means = array(np.atleast_1d(floats(means, "means")), "means", "(sources,)")
    raters, prompts = whole(raters, "raters", 1, MOST), whole(prompts, "prompts", 1, MOST)
    points = None if points is None else whole(points, "points", 1)
    if not isinstance(how, Raters):
        raise PromptError(f"how={shown(how)}: give Raters(...)")
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
    """Share of simulated studies in which the sign-flip test detects a difference between two
    sources around 3, the middle of a five-point scale.

    Each study has new clips. The test does not know that clips differ. With few prompts and
    `how.clips` above 0 it therefore also detects differences between clips: at effect 0, more often
    than alpha.

    Args:
        effect: True difference of the sources' means, in points of the scale.
        raters: Number of raters.
        prompts: Clips per source.
        how: How raters differ.
        alpha: Significance level, 0 to 1.
        studies: Number of simulated studies.
        seed: Of the simulation.
        points: As of `simulate_ratings`.

    Returns:
        0 to 1.

    Source:
        Clark 1973, "The language-as-fixed-effect fallacy".
    """
    effect, alpha, seed = number(effect, "effect"), number(alpha, "alpha", 0, 1), seed_of(seed)
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
