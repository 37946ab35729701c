"""What Windows has not: every module is imported without it, and the commands say what needs it."""

from __future__ import annotations

import os
import subprocess
import sys

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
# First everything as it is, so that other packages are loaded; then the workbench alone, anew, in
# what a Python on Windows offers.
WINDOWS = """
import importlib, os, pkgutil, signal, sys
import workbench, workbench.cli
names = [found.name for found in pkgutil.walk_packages(workbench.__path__, "workbench.")]
for name in names:
    importlib.import_module(name)
for name in [name for name in sys.modules if name.split(".")[0] == "workbench"]:
    del sys.modules[name]
for name in ("fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "posix", "syslog"):
    sys.modules[name] = None
for name in (
    "fork", "forkpty", "geteuid", "getuid", "getegid", "getgid", "setuid", "setgid", "killpg",
    "setsid", "getpgid", "setpgid", "mkfifo", "sysconf", "getloadavg", "sched_getaffinity",
    "sched_setaffinity", "chown", "uname", "statvfs", "O_NONBLOCK", "O_NOFOLLOW", "O_DIRECTORY",
    "O_CLOEXEC", "WNOHANG", "waitid",
):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGKILL", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGPIPE", "alarm",
             "setitimer", "ITIMER_REAL", "pthread_sigmask"):
    if hasattr(signal, name):
        delattr(signal, name)
sys.platform = "win32"
"""
IMPORT_ALL = """
bad = []
for name in ["workbench", *names]:
    try:
        importlib.import_module(name)
    except Exception as error:
        bad.append(f"{name}: {type(error).__name__}: {error}")
print(len(names), *bad, sep="\\n")
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WINDOWS + code], capture_output=True, text=True, env=ENVIRONMENT
    )


def test_every_module_is_imported_without_what_windows_has_not():
    done = run(IMPORT_ALL)
    count, *bad = done.stdout.splitlines() or ["0", done.stderr]
    assert bad == []
    assert int(count) > 200


def test_grading_says_in_one_line_that_windows_has_no_sandbox():
    code = """
importlib.import_module("workbench.tools.grading.sandbox")
from workbench.tools.grading.sandbox import Limits, Sandbox, SandboxError
for sandbox in (Sandbox(Limits()), Sandbox(Limits(), weak="as asked")):
    try:
        sandbox.find_way()
    except SandboxError as error:
        print(error)
"""
    lines = run(code).stdout.splitlines()
    assert len(lines) == 2
    assert all("Windows" in line and "Linux" in line for line in lines)


def test_the_memory_of_a_process_is_its_peak():
    code = """
from workbench.processes import peak_memory
before = peak_memory()
held = b"x" * 300_000_000
del held
print(before, peak_memory())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    before, after = map(float, done.stdout.split())
    assert 5 < before < 1000
    assert 200 < after - before < 400


def test_the_dead_are_told_from_the_living():
    from workbench.files import _alive

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert _alive(os.getpid())
    assert not _alive(gone.pid)
