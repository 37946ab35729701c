"""Training throughput: what share of the rate of a plain matrix product the training loop reaches.

A step is a step of `training.fit` with the system's own data, loss and optimisers at `laptop` size.
Its floating-point operations are those of the network and its loss, forward and backward; those of
the optimisers are not counted as work, but their time is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from workbench.evaluation.table import Report
from workbench.evaluation.timing import timed
from workbench.systems.registry import SYSTEMS, Entry, resolve
from workbench.systems.stages import Stage
from workbench.training import Plan, fast_device, fast_precision

SIDE = 2048  # of the square matrices
FEW = 24  # songs or clips: what a step does depends on their number no more
PROFILE = "throughput"  # a laptop profile on few data
SHARE = 0.4  # target of the diffusion networks


@dataclass(frozen=True)
class Case:
    """A training that is measured: a system, options of its training, the stage, the target."""

    system: str
    stage: str
    target: float = SHARE
    options: tuple[tuple[str, str], ...] = ()


CASES = (
    Case("songs", "gpt", 0.6),
    Case("piano", "diffusion"),
    Case("piano", "diffusion", options=(("process", "masked"),)),
    Case("drums", "diffusion", options=(("text", "keywords"),)),
    Case("sound", "diffusion"),
    Case("music", "audio"),
)


def training(report: Report, runs: int, *, profile: str = "laptop") -> None:
    """Steps of each system's largest network against matrix products in the same precision. Both
    alternate, so that other programs slow down both."""
    rows = []
    for case in CASES:
        entry, options = SYSTEMS[case.system], dict(case.options)
        with tempfile.TemporaryDirectory() as folder, few(entry, profile):
            stage = stage_of(entry, case.stage, options)
            step = Steps(stage, Path(folder))
            work = step.work()
            product = product_of(step.precision)
            pairs = [(step.seconds(), product()) for _ in range(runs)]
        seconds, rate = (median(values) for values in zip(*pairs, strict=True))
        name = ", ".join([f"{entry.name}: {case.stage}", *options.values()])
        rows.append(
            (
                name,
                step.precision,
                work / 1e9,
                1000 * seconds,
                work / seconds / 1e9,
                rate / 1e9,
                work / seconds / rate,
                case.target,
            )
        )
    columns = [
        "training",
        "precision",
        "GFLOP per step",
        "ms per step",
        "GFLOP/s",
        f"product of {SIDE} × {SIDE}, GFLOP/s",
        "share",
        "target ≥",
    ]
    title = f"Training throughput at {profile} size, {torch.get_num_threads()} threads"
    report.table("training", title, columns, rows)


@contextmanager
def few(entry: Entry, profile: str) -> Iterator[None]:
    """While this lasts, the system has the profile PROFILE: this profile on few data."""
    profiles: dict[str, Any] = resolve(f"{entry.home.partition(':')[0]}.config:PROFILES")
    profiles[PROFILE] = replace(profiles[profile], limit=FEW)
    try:
        yield
    finally:
        del profiles[PROFILE]


def stage_of(entry: Entry, name: str, options: dict[str, str]) -> Stage:
    """Return a stage of the system's training on its built-in data."""
    recipe = entry.system.recipe(entry.built_in, PROFILE, 0, **options)
    networks = entry.system.from_config(recipe.config).networks
    return next(stage for stage in recipe.stages(networks) if stage.name == name)


class Steps:
    """Short trainings of a stage, each in a folder of its own."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        assert stage.plan is not None
        self.stage, self.folder, self.plan = stage, folder, stage.plan
        auto = stage.plan.precision == "auto"
        self.precision = fast_precision() if auto else stage.plan.precision

    def work(self) -> int:
        """Return the floating-point operations of a step, without those of Muon."""
        plan = replace(self.plan, muon=0.0)
        return (self._operations(plan, 3) - self._operations(plan, 1)) // 2

    def _operations(self, plan: Plan, steps: int) -> int:
        with FlopCounterMode(display=False) as counter:
            self._run(plan, steps)
        return counter.get_total_flops()

    def seconds(self) -> float:
        """Return the duration of a step, without the start of the training and its validation."""
        return (self._run(self.plan, 9) - self._run(self.plan, 1)) / 8

    def _run(self, plan: Plan, steps: int) -> float:
        out = self.folder / str(len(list(self.folder.iterdir())))
        plan = replace(plan, steps=steps, every=steps, warmup=1)
        return self.stage.fit(plan, out, seed=0, watch=None).seconds


def product_of(precision: str) -> Any:
    """Return a function that measures the rate of a plain matrix product, in operations per second
    of the training's precision."""
    dtype = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
    a, b = torch.randn(2, SIDE, SIDE, device=fast_device(), dtype=dtype)

    def once() -> Tensor:
        product = a @ b
        if product.is_cuda:
            torch.cuda.synchronize()
        return product

    return lambda: 2 * SIDE**3 / timed(once, 5, warm=True)
