"""One training at a time in a folder, with checked seed and time budget."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from workbench.arguments import number, seed_of
from workbench.files import locked

Trained = TypeVar("Trained")


def training_run(train: Callable[..., Trained]) -> Callable[..., Trained]:
    """Decorator of a system's `train(…, out=, seed=, budget_minutes=)`: checks seed and
    minutes, and allows one training at a time in the folder `out`. A second one is refused with a
    message that names the other process, its machine and its start."""
    signature = inspect.signature(train)

    @functools.wraps(train)
    def run(*args: Any, **more: Any) -> Trained:
        bound = signature.bind(*args, **more)
        bound.apply_defaults()
        arguments = bound.arguments
        arguments["seed"] = seed_of(arguments["seed"])
        if arguments["budget_minutes"] is not None:
            arguments["budget_minutes"] = number(arguments["budget_minutes"], "budget_minutes", 0)
        with alone_in(Path(arguments["out"])):
            return train(*bound.args, **bound.kwargs)

    return run


@contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Lock the folder of a training; of several devices' processes only the first takes the lock. A
    new folder that stays empty, because something was refused, is removed."""
    if int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))):
        yield
        return
    new = not out.exists()
    try:
        with locked(out / "training.lock", f"{out}: a training"):
            yield
    finally:
        if new:
            with suppress(OSError):  # there is something in it
                out.rmdir()
