"""A process and its descendants: their memory and processor time, and ending all of them.

No process that the workbench starts outlives its parent, even if the parent is killed: workers of
`worker_pool` watch their parent, and programs are started through `tied`.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from workbench.late import late

psutil = late("psutil")


def memory(members: dict[int, Any]) -> float:
    """Total resident memory of processes in MB."""
    total = 0
    for process in members.values():
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return round(total / 2**20, 1)


def peak_memory() -> float:
    """Peak resident memory of this process in MB."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would include the memory of the parent before exec
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii", errors="ignore"))
        if found:
            return int(found[1]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 1024)


def computed(members: dict[int, Any]) -> float:
    """Processor time in seconds of processes and of the children that they waited for."""
    total = 0.0
    for process in members.values():
        try:
            used = process.cpu_times()
        except psutil.Error:
            continue
        total += used.user + used.system + used.children_user + used.children_system
    return total


def written(members: dict[int, Any]) -> float:
    """MB that processes have written, to files and pipes together; 0 if the system does not count
    it."""
    total = 0
    for process in members.values():
        try:
            counted = process.io_counters()
        except (psutil.Error, AttributeError, NotImplementedError, OSError):
            continue
        total += max(counted.write_bytes, getattr(counted, "write_chars", 0))
    return total / 2**20


def family(tree: Any) -> list[Any]:
    """A process and all its descendants."""
    try:
        return [tree, *tree.children(recursive=True)]
    except psutil.Error:
        return []


def end(tree: Any, members: dict[int, Any]) -> None:
    """End a process and all its children, including those whose parent has already ended."""
    members.update((process.pid, process) for process in family(tree))
    for process in members.values():
        try:
            process.kill()  # psutil refuses if another process has this number now
        except psutil.Error:
            continue
    psutil.wait_procs(list(members.values()), timeout=10)


def end_with_parent() -> None:
    """End this process and its descendants when its standard input closes: the parent holds the
    other end of this pipe, which closes however the parent ends."""
    _end_after(_read_to_the_end)


def worker_pool(workers: int | None = None) -> ProcessPoolExecutor:
    """A pool of worker processes, by default one per core. They and their children end with the
    calling process."""
    return ProcessPoolExecutor(workers or os.cpu_count() or 1, initializer=_end_with_owner)


def _end_with_owner() -> None:
    owner = multiprocessing.parent_process()
    if owner is not None:  # a pipe, or a handle on Windows, signals that it has ended
        _end_after(owner.join)


def _read_to_the_end() -> None:
    while os.read(0, 4096):
        pass


def _end_after(wait: Callable[[], None]) -> None:
    """End this process and its descendants once `wait` returns. On Linux, orphaned descendants
    become children of this process, so that none is missed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    threading.Thread(target=_wait_and_end, args=(wait,), daemon=True).start()


def _wait_and_end(wait: Callable[[], None]) -> None:
    wait()
    tree = psutil.Process()
    for _ in range(10):  # processes that start meanwhile are found the next time
        living = [one for one in family(tree)[1:] if one.is_running()]
        for process in living:
            try:
                process.kill()
            except psutil.Error:
                continue
        if not psutil.wait_procs(living, timeout=1)[0]:
            break
    os._exit(1)


# In a process with threads, no Python code may run between fork and exec. Therefore this small
# program sets the option by which the kernel ends it with the thread that started it.
_TIE = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""


def tied(command: Sequence[str]) -> list[str]:
    """A command line that ends with the calling thread on Linux; elsewhere the command unchanged.
    Call it in the thread that waits for the command."""
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), *command]
