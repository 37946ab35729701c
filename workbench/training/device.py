"""The device of a training: Lightning Fabric's devices, or one in plain PyTorch without it.

A machine that is rented for an hour has PyTorch, but often neither Fabric nor tqdm.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import torch
from torch import Tensor, nn

from workbench.errors import WorkbenchError
from workbench.training.plan import fast_device


def fabric(precision: str) -> Any:
    """Return a Fabric of this precision, or an `OneDevice` if Lightning Fabric is not installed.
    Raises WorkbenchError if a launcher has started several processes, which need Fabric."""
    try:
        from lightning_fabric import Fabric
    except ModuleNotFoundError:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise WorkbenchError(
                "several devices need lightning-fabric; install it, or start one process"
            ) from None
        return OneDevice(precision)
    # in a notebook its remarks on precision would stand in red among a lesson's results
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
    names: Any = precision
    return Fabric(precision=names)


class OneDevice:
    """What the training loop uses of Fabric, for one process and one device."""

    world_size, global_rank, is_global_zero = 1, 0, True

    def __init__(self, precision: str) -> None:
        if precision not in ("bf16-mixed", "32-true"):
            raise WorkbenchError(
                f"precision={precision!r}: without lightning-fabric only bf16-mixed or 32-true"
            )
        self.device, self.mixed = fast_device(), precision == "bf16-mixed"

    def setup(self, module: nn.Module, *optimizers: Any) -> tuple[Any, ...]:
        return (_Precise(module.to(self.device), self.mixed), *optimizers)

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def all_reduce(self, value: Tensor) -> Tensor:
        return value

    def broadcast(self, value: Any) -> Any:
        return value

    def barrier(self) -> None:
        pass


class _Precise(nn.Module):
    """A module in mixed precision as in Fabric: bfloat16 inputs and autocast, float32 outputs."""

    def __init__(self, module: nn.Module, mixed: bool) -> None:
        super().__init__()
        self.module, self.mixed = module, mixed

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        if not self.mixed:
            return self.module(*batch)
        batch = tuple(x.bfloat16() if x.is_floating_point() else x for x in batch)
        with torch.autocast(batch[0].device.type, dtype=torch.bfloat16):
            terms = self.module(*batch)
        return {name: value.float() for name, value in terms.items()}


def progress_bar(total: int, initial: int, title: str, shown: bool) -> Any:
    """Return tqdm's bar, or one of plain lines if tqdm is not installed."""
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError:
        return _Lines(total, initial, title, shown)
    return tqdm(total=total, initial=initial, desc=title, disable=not shown)


class _Lines:
    """What the training loop uses of tqdm: a line on standard error per validation."""

    def __init__(self, total: int, step: int, title: str, shown: bool) -> None:
        self.total, self.step, self.title, self.shown = total, step, title, shown

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def update(self) -> None:
        self.step += 1

    def set_postfix(self, scores: dict[str, str]) -> None:
        if self.shown:
            told = ", ".join(f"{name} {value}" for name, value in scores.items())
            print(f"{self.title}: step {self.step} of {self.total}, {told}", file=sys.stderr)
