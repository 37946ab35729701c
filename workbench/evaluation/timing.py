"""How long something takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from workbench.arguments import function_of, whole

Clock = Callable[[], float]  # seconds


def timed(
    run: Callable[[], object],
    times: int = 1,
    *,
    warm: bool = False,
    clock: Clock = time.perf_counter,
) -> float:
    """Median seconds of `times` runs. warm: after one that is not counted."""
    function_of(run, "run", needed=True)
    times = whole(times, "times", 1)
    if warm:
        run()
    return median(_once(run, clock) for _ in range(times))


def in_turn(
    one: Callable[[], object],
    two: Callable[[], object],
    times: int,
    clock: Clock = time.perf_counter,
) -> tuple[float, float]:
    """Median seconds of two things that take turns, so that other programs slow down both; after
    one run of each that is not counted. clock: `time.process_time` counts this process alone."""
    one()
    two()
    pairs = [(_once(one, clock), _once(two, clock)) for _ in range(times)]
    return median(a for a, _ in pairs), median(b for _, b in pairs)


def _once(run: Callable[[], object], clock: Clock) -> float:
    began = clock()
    run()
    return clock() - began
