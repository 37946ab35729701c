"""Analysis of a listening test: means, differences between sources, agreement, preferences.

The unit is the rater: the answers of one person are not independent, so intervals resample raters,
and tests compare each rater's own means. A second interval of each difference also resamples
prompts, because few clips say little about others (Clark, 1973).

Raters who failed the check are excluded, and named; this rule is fixed before the answers are
analysed. Incomplete tests are used as far as they go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from workbench.arguments import later_seed, random_generator, seed_of
from workbench.errors import WorkbenchError
from workbench.evaluation.agreement import alpha_interval, krippendorff_alpha
from workbench.evaluation.intervals import bootstrap
from workbench.evaluation.paired import holm, sign_flip_test
from workbench.evaluation.preference import bradley_terry
from workbench.tools.listening.records import Answer

LEAST_RATERS = 2
TIMES = 400  # bootstrap samples
Interval = tuple[float, float]


@dataclass(frozen=True)
class Mean:
    """One source on one scale: mean over raters of their means, and 95 % interval over raters."""

    scale: str
    source: str
    mean: float
    interval: Interval
    answers: int


@dataclass(frozen=True)
class Difference:
    """Two sources on one scale, judged by the same raters.

    mean: of first − second over raters (for preferences: share of choices of the first − 0.5).
    raters_only, also_prompts: 95 % intervals over raters, and over raters and prompts.
    effect: the mean over its standard deviation between raters (d_z).
    p: of the sign-flip test; corrected: by Holm for all differences of the study.
    """

    scale: str
    first: str
    second: str
    mean: float
    raters_only: Interval
    also_prompts: Interval
    effect: float
    spread: float
    raters: int
    p: float
    corrected: float = np.nan


@dataclass(frozen=True)
class Agreement:
    """Agreement between raters on one scale. alpha: ordinal, with its interval over clips;
    self_distance: mean distance of a rater's two answers to a repeated clip; other_distance: of two
    raters' answers to the same clip."""

    scale: str
    alpha: float
    interval: Interval
    self_distance: float
    other_distance: float


@dataclass(frozen=True)
class Strength:
    """Bradley–Terry strength of one source in logits, mean 0, with its interval over raters."""

    source: str
    strength: float
    interval: Interval


@dataclass
class Analysis:
    """All results. failed: raters excluded by the check; side: share of choices of A."""

    design: str
    raters: list[str]
    failed: list[str]
    half_rated: list[str]
    means: list[Mean] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    agreement: list[Agreement] = field(default_factory=list)
    strengths: list[Strength] = field(default_factory=list)
    side: tuple[float, Interval] | None = None


def analyse(
    key: dict[str, Any], answers: Sequence[Answer], *, keep_failed: bool = False, seed: int = 0
) -> Analysis:
    """Analyse a test.

    Args:
        key: Of the test.
        answers: Of all raters.
        keep_failed: Whether to include raters who failed the check.
        seed: Of the bootstrap.

    Returns:
        The results.

    Raises:
        WorkbenchError: for fewer than two raters.
    """
    seed, failed = seed_of(seed), failed_checks(key, answers)
    used = [a for a in answers if keep_failed or a.rater not in failed]
    raters = list(dict.fromkeys(a.rater for a in used))
    if len(raters) < LEAST_RATERS:
        raise WorkbenchError(
            f"an analysis needs at least {LEAST_RATERS} raters who passed the check, "
            f"got {len(raters)}"
        )
    counted = [a for a in used if key["trials"][a.trial]["kind"] == "test"]
    whole = sum(t["kind"] == "test" for t in key["trials"].values()) * len(key["scales"])
    mine = {rater: sum(a.rater == rater for a in counted) for rater in raters}
    made = Analysis(key["design"], raters, failed, [r for r in raters if mine[r] < whole])
    if key["design"] == "ab":
        _preferences(made, key, counted, raters, seed)
    else:
        for scale in key["scales"]:
            _ratings(made, key, cube(key, counted, raters, scale), scale, seed)
            made.agreement.append(_agreement(key, used, raters, scale, seed))
    corrected = holm([difference.p for difference in made.differences])
    made.differences = [
        Difference(**{**vars(d), "corrected": float(p)})
        for d, p in zip(made.differences, corrected, strict=True)
    ]
    return made


def failed_checks(key: dict[str, Any], answers: Sequence[Answer]) -> list[str]:
    """Raters with a wrong answer to the check. A rater without an answer has not failed it."""
    right = {name: t["answer"] for name, t in key["trials"].items() if t["kind"] == "check"}
    wrong = (a.rater for a in answers if a.trial in right and a.value != right[a.trial])
    return list(dict.fromkeys(wrong))


def cube(
    key: dict[str, Any], answers: Sequence[Answer], raters: Sequence[str], scale: str
) -> np.ndarray:
    """Ratings (raters, sources, prompts) of one scale; NaN if missing."""
    made = np.full((len(raters), len(key["sources"]), len(key["prompts"])), np.nan)
    for a in answers:
        trial = key["trials"][a.trial]
        if a.scale == scale and trial["kind"] == "test" and a.rater in raters:
            clip = key["clips"][trial["clips"][0]]
            place = key["sources"].index(clip["source"]), key["prompts"].index(clip["prompt"])
            made[(raters.index(a.rater), *place)] = a.value
    return made


def _mean(values: np.ndarray, axis: int | None = None) -> Any:
    """Mean of the finite values; NaN, without a warning, if there are none."""
    count = np.isfinite(values).sum(axis)
    return np.where(count > 0, np.nansum(values, axis) / np.maximum(count, 1), np.nan)[()]


def _ratings(made: Analysis, key: dict[str, Any], table: np.ndarray, scale: str, seed: int) -> None:
    for i, source in enumerate(key["sources"]):
        own = _mean(table[:, i], 1)  # (raters,)
        made.means.append(
            Mean(
                scale,
                source,
                float(_mean(own)),
                _over_raters(own, seed),
                int(np.isfinite(table[:, i]).sum()),
            )
        )
    for i, j in combinations(range(len(key["sources"])), 2):
        apart = table[:, i] - table[:, j]  # (raters, prompts)
        names = key["sources"][i], key["sources"][j]
        made.differences.append(_difference(scale, *names, apart, seed))


def _over_raters(own: np.ndarray, seed: int) -> Interval:
    if not np.isfinite(own).any():
        return np.nan, np.nan
    return bootstrap(lambda rows: float(_mean(own[rows])), len(own), times=TIMES, seed=seed)


def _difference(scale: str, first: str, second: str, apart: np.ndarray, seed: int) -> Difference:
    """apart: first − second, (raters, prompts); NaN if one of the two is missing."""
    own = _mean(apart, 1)
    own = own[np.isfinite(own)]
    random = random_generator(seed)
    prompts = apart.shape[1]

    def crossed(rows: np.ndarray) -> float:
        columns = random.integers(prompts, size=prompts)
        return float(_mean(_mean(apart[rows][:, columns], 1)))

    if len(own) < LEAST_RATERS:
        none = (np.nan, np.nan)
        return Difference(
            scale, first, second, np.nan, none, none, np.nan, np.nan, len(own), np.nan
        )
    spread = float(own.std(ddof=1))
    return Difference(
        scale,
        first,
        second,
        float(own.mean()),
        _over_raters(own, seed),
        bootstrap(crossed, len(apart), times=TIMES, seed=later_seed(seed, 1)),
        float(own.mean() / spread) if spread > 0 else np.nan,
        spread,
        len(own),
        sign_flip_test(own, seed=seed),
    )


# ------------------------------------------------------------------------------ agreement


def by_trial(answers: Sequence[Answer], raters: Sequence[str], scale: str) -> dict[str, np.ndarray]:
    """By trial, values (raters,); NaN if missing."""
    made: dict[str, np.ndarray] = {}
    for a in answers:
        if a.scale == scale and a.rater in raters:
            made.setdefault(a.trial, np.full(len(raters), np.nan))[raters.index(a.rater)] = a.value
    return made


def _agreement(
    key: dict[str, Any], answers: Sequence[Answer], raters: Sequence[str], scale: str, seed: int
) -> Agreement:
    values = by_trial(answers, raters, scale)
    trials = key["trials"]
    tested = [row for name, row in values.items() if trials[name]["kind"] == "test"]
    table = np.array(tested).T if tested else np.full((len(raters), 1), np.nan)
    again = [
        np.abs(row - values[trials[name]["of"]])
        for name, row in values.items()
        if trials[name]["kind"] == "repeat" and trials[name]["of"] in values
    ]
    pairs = [np.abs(table[i] - table[j]) for i, j in combinations(range(len(raters)), 2)]
    return Agreement(
        scale,
        krippendorff_alpha(table),
        alpha_interval(table, seed=seed),
        float(_mean(np.array(again))) if again else np.nan,
        float(_mean(np.array(pairs))),
    )


# ------------------------------------------------------------------------------ A/B


def _preferences(
    made: Analysis, key: dict[str, Any], answers: Sequence[Answer], raters: list[str], seed: int
) -> None:
    sources, prompts = key["sources"], key["prompts"]
    won = np.full((len(raters), len(sources), len(sources), len(prompts)), np.nan)
    chose_a: list[list[bool]] = [[] for _ in raters]
    for a in answers:
        clips = [key["clips"][c] for c in key["trials"][a.trial]["clips"]]
        i, j = (sources.index(clip["source"]) for clip in clips)
        who, prompt = raters.index(a.rater), prompts.index(clips[0]["prompt"])
        won[who, i, j, prompt], won[who, j, i, prompt] = a.value == 0, a.value == 1
        chose_a[who].append((a.value == 1) == a.swapped)
    for i, j in combinations(range(len(sources)), 2):
        names = sources[i], sources[j]
        made.differences.append(_difference("preference", *names, won[:, i, j] - 0.5, seed))

    def strengths(rows: np.ndarray) -> np.ndarray:
        return bradley_terry(np.nansum(won[rows], (0, 3)))

    random = random_generator(seed)
    resampled = [strengths(random.integers(len(raters), size=len(raters))) for _ in range(TIMES)]
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    everyone = strengths(np.arange(len(raters)))
    for i, source in enumerate(sources):
        made.strengths.append(Strength(source, float(everyone[i]), (float(low[i]), float(high[i]))))
    own = np.array([np.mean(choices) if choices else np.nan for choices in chose_a])
    made.side = float(_mean(own)), _over_raters(own, seed)
