"""What a training needs and returns: plan, result, data, scores and numerical precision."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

# loss(module, *batch) → named terms; their sum is minimised
Loss = Callable[..., dict[str, Tensor]]
Watch = Callable[[dict[str, Any]], None]  # receives each line of the log

Network = TypeVar("Network", bound=nn.Module)
Validate = Callable[[Network], dict[str, float]]  # must return "loss"; the lowest is the best


@dataclass(frozen=True)
class Plan:
    """Length, batch size and learning rate of a training.

    Args:
        steps: Number of steps.
        batch: Rows per step, over all devices.
        lr: Highest learning rate of AdamW.
        warmup: Steps of the linear warm-up.
        weight_decay: Weight decay of AdamW.
        betas: Betas of AdamW.
        clip: Largest norm of the gradient; a larger gradient is scaled down.
        ema: Decay of the averaged weights, 0 to 1; 0 for none.
        every: Steps from one validation, which also saves a checkpoint, to the next.
        precision: One of Fabric's; "auto" for bfloat16 if the device supports it.
        keep: Which weights the run returns: those with the "best" validation loss, or the "last".
        muon: Learning rate of Muon, which then trains the matrices of hidden layers instead of
            AdamW; 0 for AdamW alone.
        cooldown: Share of the steps in which the rates fall linearly, 0 to 1; 0 for half a cosine
            over all steps.
        budget_minutes: The training stops after this time, and the rates fall with the time if
            it ends before the last step; None for no limit.
    """

    steps: int
    batch: int
    lr: float
    warmup: int = 100
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    ema: float = 0.0
    every: int = 200
    precision: str = "auto"
    keep: str = "best"
    muon: float = 0.0
    cooldown: float = 0.0
    budget_minutes: float | None = None

    def rate(self, step: int) -> float:
        """Learning rate of AdamW: linear warm-up, then decay to a hundredth."""
        return self.lr * self.factor(step)

    def factor(self, step: int) -> float:
        """Learning rate at a step as a share of the highest, above 0 to 1."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        if self.cooldown:
            left = (self.steps - step) / max(1.0, self.cooldown * self.steps)
            return 0.01 + 0.99 * min(1.0, left)
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))


@dataclass
class Fit(Generic[Network]):
    """The result of a training.

    Args:
        module: The network.
        best: Scores of the best validation.
        step: Number of steps.
        seconds: Duration.
        log: One record per validation.
        skipped: Number of steps whose loss or gradient was not finite.
    """

    module: Network
    best: dict[str, float]
    step: int
    seconds: float
    log: list[dict[str, Any]] = field(default_factory=list)
    skipped: int = 0


def seeds() -> tuple[Tensor]:
    """Return data for `fit` if the loss samples each batch itself, such as crops of sound.

    The data are the numbers from 0 to 2²⁰ − 1 instead of rows. `fit` shuffles them like rows, and
    the loss uses the first number of a batch as the seed of its sampling. A step therefore depends
    only on the seed of the run and the number of the step.
    """
    return (torch.arange(1 << 20),)


def scores_of(terms: Mapping[str, Tensor | float]) -> dict[str, float]:
    """Scores of a validation from the terms of a loss: each as a number, their sum as "loss"."""
    scores = {name: float(value) for name, value in terms.items()}
    return {"loss": sum(scores.values()), **scores}


def fast_device() -> torch.device:
    """The GPU if there is one that PyTorch can use, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_precision() -> str:
    """Mixed bfloat16 where the hardware supports it, else float32."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return "bf16-mixed" if native else "32-true"
