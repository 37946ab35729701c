"""Measuring run times."""

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
    """Median run time.

    Args:
        run: The function.
        times: Number of runs, 1 or more.
        warm: Whether to run it once before.
        clock: Returns seconds.

    Returns:
        Seconds.
    """
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
    """Median run times of two functions that alternate, so that other programs slow down both. Each
    runs once before.

    Args:
        one: The first function.
        two: The second function.
        times: Number of runs of each.
        clock: Returns seconds; `time.process_time` measures only this process.

    Returns:
        Seconds of both.
    """
    function_of(one, "one", needed=True)
    function_of(two, "two", needed=True)
    times = whole(times, "times", 1)
    one()
    two()
    pairs = [(_once(one, clock), _once(two, clock)) for _ in range(times)]
    return median(a for a, _ in pairs), median(b for _, b in pairs)


def _once(run: Callable[[], object], clock: Clock) -> float:
    began = clock()
    run()
    return clock() - began
