"""Simulated raters with known opinions, to check whether an analysis finds these opinions.

They do not measure music; the names of simulated raters say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.arguments import later_seed, random_generator, seed_of, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.power import Raters, simulate_ratings
from workbench.tools.listening.records import FORMAT

Means = Mapping[str, Mapping[str, float]]  # scale → source → true mean


def simulate_class(
    key: dict[str, Any],
    means: Means,
    raters: int = 20,
    how: Raters | None = None,
    *,
    seed: int = 0,
    careless: int = 0,
    unfinished: int = 0,
) -> list[dict[str, Any]]:
    """Records of simulated raters, as their browsers would save them.

    Args:
        key: Of the test.
        means: True mean of each source on each scale; for the scale "preference" its strength in
            logits.
        raters: Number of raters.
        how: Spread of their opinions; default: `Raters()`.
        seed: Of the opinions and answers.
        careless: Number of raters (the last ones) who answer at random, also the check.
        unfinished: Number of raters (the first ones) who stop half-way.

    Returns:
        One record per rater.

    Raises:
        WorkbenchError: if `means` lacks a scale of the test.
    """
    how = how or Raters()
    if set(means) != set(key["scales"]):
        raise WorkbenchError(f"means: give them for {', '.join(key['scales'])}")
    seed, raters = seed_of(seed), whole(raters, "raters", 1)
    random = random_generator(seed)
    sources, prompts = key["sources"], key["prompts"]
    opinions = {
        scale: simulate_ratings(
            np.array([means[scale][s] for s in sources]),
            raters,
            len(prompts),
            how,
            seed=later_seed(seed, 1 + i),
            points=None,
        )
        for i, scale in enumerate(key["scales"])
    }
    records = []
    for rater in range(raters):
        own = {scale: opinion[rater] for scale, opinion in opinions.items()}
        rows = _answers(key, own, how.noise, random, careless=rater >= raters - careless)
        finished = rater >= unfinished
        rows = rows if finished else rows[: len(rows) // 2]
        records.append(
            {
                "format": FORMAT,
                "test": key["test"],
                "rater": f"simulated {rater + 1:02d}",
                "token": random.bytes(16).hex(),
                "started": "",
                "finished": finished,
                "answers": rows,
            }
        )
    return records


def _answers(
    key: dict[str, Any],
    own: dict[str, np.ndarray],
    noise: float,
    random: np.random.Generator,
    careless: bool,
) -> list[dict[str, Any]]:
    """One rater's rows in an individual order. own: scale → opinions (sources, prompts)."""
    rows: list[dict[str, Any]] = []
    names = list(key["trials"])
    for place, name in enumerate(names[i] for i in random.permutation(len(names))):
        trial = key["trials"][name]
        about = {
            "trial": name,
            "place": place,
            "seconds": round(float(random.gamma(9, 2)), 1),
            "swapped": bool(random.random() < 0.5),
        }
        if trial["kind"] == "check":
            heard = int(random.integers(1, 6)) if careless else trial["answer"]
            rows.append({**about, "scale": "tones", "value": heard})
            continue
        for scale, opinion in own.items():
            values = [_opinion(key, clip, opinion) for clip in trial["clips"]]
            if trial["kind"] == "repeat":  # the same opinion with new noise
                values = [value + random.normal(0, noise / 2) for value in values]
            if scale == "preference":
                chance = 0.5 if careless else 1 / (1 + np.exp(values[0] - values[-1]))
                value = int(random.random() < chance)
            else:
                value = int(random.integers(1, 6) if careless else np.clip(round(values[0]), 1, 5))
            rows.append({**about, "scale": scale, "value": value})
    return rows


def _opinion(key: dict[str, Any], clip: str, opinion: np.ndarray) -> float:
    """The rater's opinion of a clip; 3 for the practice clip, which has no source."""
    of = key["clips"].get(clip)
    if of is None:
        return 3.0
    return float(opinion[key["sources"].index(of["source"]), key["prompts"].index(of["prompt"])])
