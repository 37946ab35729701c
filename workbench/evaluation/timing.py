"""How long something takes, for the benchmarks that measure speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median


def timed(run: Callable[[], object], times: int = 1) -> float:
    """Median seconds of `times` runs."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return median(seconds)
