"""One job at a time in a thread of the kernel, so that a Stop message can reach it.

A kernel handles a widget's messages only while no cell runs. A job that a button starts therefore
runs beside the kernel's main thread, and checks after each step whether it is to stop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Stopped(Exception):
    """Raised inside a job after `Worker.stop`; it ends the job."""


class Worker:
    """Runs one job at a time in a daemon thread."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self, job: Callable[[], Any]) -> bool:
        """Start a job; False if one is running. The job handles its own errors."""
        if self.busy:
            return False
        self._stop.clear()
        self._thread = threading.Thread(target=job, daemon=True)
        self._thread.start()
        return True

    def stop(self) -> None:
        """Ask the running job to end; `check` raises in it."""
        self._stop.set()

    def check(self) -> None:
        """Called by the job between steps. Raises Stopped after `stop`."""
        if self._stop.is_set():
            raise Stopped

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job has ended; False if it still runs after `timeout` seconds."""
        if self._thread is not None:
            self._thread.join(timeout)
        return not self.busy
