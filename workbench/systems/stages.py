"""The stages of a training, one after another: their time, their record, the checkpoint at the end.

A system's training module makes a `Recipe` of a data set; `System` makes the networks that it
describes, and `train_stages` runs its stages on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch

from workbench.arguments import torch_seed
from workbench.errors import PromptError
from workbench.systems.storage import Pretrained
from workbench.training import Fit, Plan, Watch

Size = TypeVar("Size")
Trained = TypeVar("Trained", bound=Pretrained)


@dataclass(frozen=True)
class Stage:
    """One stage of a training.

    Args:
        name: In the record, on the card, and in what `watch` receives.
        plan: Its steps; None skips the stage.
        share: Of a budget of minutes, relative to those of the other stages.
        fit: `fit(plan, out, seed=, watch=)` trains, and leaves the weights in the networks.
        folder: Under the folder of the training; by default the name.
    """

    name: str
    plan: Plan | None
    share: float
    fit: Callable[..., Fit]
    folder: str = ""


@dataclass(frozen=True)
class Recipe:
    """What a training module makes of a data set, a profile and a seed, before there are networks.

    Args:
        config: Of the system, as its `from_config` takes it.
        about: What the record says of the data and of the options.
        stages: The stages that train such networks, in their order.
    """

    config: dict[str, Any]
    about: dict[str, Any]
    stages: Callable[[Any], list[Stage]]


def profile_of(profiles: Mapping[str, Size], name: str) -> Size:
    """The profile of this name; PromptError where there is none."""
    if name not in profiles:
        raise PromptError(f"profile={name!r}: choose one of {', '.join(profiles)}")
    return profiles[name]


def train_stages(
    system: Trained,
    stages: Sequence[Stage],
    out: Path,
    *,
    about: Mapping[str, Any],
    card: Callable[[dict[str, Any]], str],
    seed: int,
    budget_minutes: float | None,
    watch: Watch | None,
) -> Trained:
    """Run the stages and save the system in `out`, with its record and its card.

    A stage may take its share of the minutes that the stages before it left; what these took in
    earlier runs of the same training counts. Only the time of the stages' steps and validations
    counts, not that of preparing their data.

    Args:
        about: What the record says beside its stages. "stages" in it are those of a checkpoint that
            the training goes on from.
        card: Makes the model card from the record.
        budget_minutes: Of all stages together; None for the steps of their plans, however long.
        watch: Called with each line of the log, and the name of its "stage".
    """
    record, spent = dict(about.get("stages", {})), 0.0
    rest = sum(stage.share for stage in stages if stage.plan)
    for i, stage in enumerate(stages):
        if not stage.plan:
            continue
        if i:  # what it draws before its first step is the same where earlier stages are resumed
            torch.manual_seed(torch_seed(seed))
        plan = stage.plan
        if budget_minutes is not None:
            left = max(0.0, budget_minutes - spent)
            plan = replace(plan, budget_minutes=left * stage.share / rest)
        told = watch and partial(_tell, watch, stage.name)
        done = stage.fit(plan, out / (stage.folder or stage.name), seed=seed, watch=told)
        minutes = done.seconds / 60
        spent, rest = spent + minutes, rest - stage.share
        record[stage.name] = {
            "steps": done.step,
            "minutes": minutes,
            "best": done.best,
            "log": done.log,
        }
    system.networks.eval()
    report = {**about, "stages": record}
    system.save_pretrained(out, card=card(report), training=report)
    return system


def _tell(watch: Watch, stage: str, line: dict[str, Any]) -> None:
    watch({"stage": stage, **line})
