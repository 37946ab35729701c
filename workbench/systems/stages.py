"""Run the stages of a training: their time budget, their record and the final checkpoint.

The training module of a system makes a `Recipe` from a data set. `System` builds the networks that
the recipe describes, and `train_stages` runs its stages on them.
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
        name: Name in the record, on the card and in the log.
        plan: The training plan; None skips the stage.
        share: Share of the time budget, relative to the other stages.
        fit: `fit(plan, out, seed=, watch=)` trains and leaves the weights in the networks.
        folder: Folder within that of the training; by default the name.
    """

    name: str
    plan: Plan | None
    share: float
    fit: Callable[..., Fit]
    folder: str = ""


@dataclass(frozen=True)
class Recipe:
    """What a training module prepares from a data set, a profile and a seed.

    Args:
        config: Configuration of the system, as `from_config` expects it.
        about: Entries of the record that describe the data and the options.
        stages: Given the networks, returns the stages in order.
    """

    config: dict[str, Any]
    about: dict[str, Any]
    stages: Callable[[Any], list[Stage]]


def profile_of(profiles: Mapping[str, Size], name: str) -> Size:
    """Return the profile of this name; raise PromptError if there is none."""
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

    Each stage may use its share of the minutes that earlier stages have left. Time from earlier
    runs of the same training counts. Only training steps and validation count, not the preparation
    of data.

    Args:
        about: Further entries of the record. Its "stages", if any, are those of the checkpoint that
            the training starts from.
        card: Makes the model card from the record.
        budget_minutes: Time limit in minutes for all stages together; None runs all steps.
        watch: Called with each record of the log, which names its "stage".
    """
    record, spent = dict(about.get("stages", {})), 0.0
    rest = sum(stage.share for stage in stages if stage.plan)
    for i, stage in enumerate(stages):
        if not stage.plan:
            continue
        if i:  # so that a stage starts alike whether earlier stages were trained or resumed
            torch.manual_seed(torch_seed(seed))
        plan = stage.plan
        if budget_minutes is not None:
            left = max(0.0, budget_minutes - spent)
            plan = replace(plan, budget_minutes=left * stage.share / rest)
        stage_watch = watch and partial(_report, watch, stage.name)
        done = stage.fit(plan, out / (stage.folder or stage.name), seed=seed, watch=stage_watch)
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


def _report(watch: Watch, stage: str, line: dict[str, Any]) -> None:
    watch({"stage": stage, **line})
