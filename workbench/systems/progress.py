"""How far a system has come: what `progress=` is called with."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workbench.arguments import function_of
from workbench.music.clip import Clip


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a system has come. `progress` is called with one record after each step; an exception
    that it raises stops the work.

    Args:
        step: The current step, counted from 1.
        steps: The number of steps.
        state: A function that returns the current result in the system's own representation.
        make_clips: A function that returns the current result as clips.
    """

    step: int
    steps: int
    state: Callable[[], Any]
    make_clips: Callable[[], list[Clip]]

    @cached_property
    def clips(self) -> list[Clip]:
        """The clips so far; they are computed on first access."""
        return self.make_clips()


Report = Callable[[int, int, Callable[[], Any], Callable[[], "list[Clip]"]], None]


def reporter(progress: Callable[..., Any] | None, arguments: int = 3) -> Report:
    """Return a function (step, steps, state, clips) that calls `progress`, or does nothing for
    None.

    Earlier versions called `progress` with positional arguments instead of a record. A callable
    that accepts `arguments` of them, (step, steps, state) or (step, steps), is still called so.
    """
    progress = function_of(progress, "progress")
    if progress is None:
        return lambda *_: None
    old = _takes(progress, arguments)
    if old:
        warnings.warn(
            "progress: receives one record with step, steps and clips; write a function of one "
            "argument",
            DeprecationWarning,
            stacklevel=4,
        )

    def report(
        step: int, steps: int, state: Callable[[], Any], clips: Callable[[], list[Clip]]
    ) -> None:
        if old:
            progress(step, steps, *([state()] if arguments == 3 else []))
        else:
            progress(Progress(step, steps, state, clips))

    return report


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Return whether `function` accepts `count` positional arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True
