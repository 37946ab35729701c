"""Call a student's function in an isolated process with limits, and return its answers.

    Sandbox(Limits()).ask(question) → Reply

The process and everything that it starts are ended if they take too long, use too much memory,
print too much or start too many processes. Answers come back as data: JSON that is checked, never
an object.

The kind of isolation is chosen once, with a test question, before any student code is read:
bubblewrap if it works, else Linux namespaces, else Python's own checks, and these only if the
system refuses namespaces. A later failure is an error or the student's fault, never a reason for
weaker isolation.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import workbench
from workbench.course.teaching.values import encode
from workbench.errors import WorkbenchError
from workbench.files import cache_dir
from workbench.tools.grading import jail, seal, tree
from workbench.tools.grading.supervision import (
    Limits,
    Output,
    Reply,
    last_line,
    messages,
    read,
    watch,
)

PACKAGE = Path(workbench.__file__).resolve().parent
MOST_BESIDE = 48 * 2**20  # bytes of the files beside a notebook
SECRET = (PACKAGE / "course" / "teaching", PACKAGE / "tools" / "grading")  # the checks' answers
WORKER = (
    "tools/grading/worker.py",
    "tools/grading/seal.py",
    "tools/grading/slicing.py",
    "course/teaching/asking.py",
    "course/teaching/values.py",
)  # the only files of SECRET that the process can read
USERS = range(61184, 65520)  # user ids for the process if the grader is root, as in systemd
WAYS = {
    "bubblewrap": "bubblewrap: no network, a file system of its own",
    "namespaces": "Linux namespaces: no network, a file system of its own",
    "weak": "weak, Python refuses sockets, programs and writes, and the kernel all other files"
    if seal.landlock()
    else "weak, Python refuses sockets, programs and writes; code in C can read every file",
}
_count = itertools.count()


class SandboxError(WorkbenchError):
    """A sandbox that cannot start, which is no student's fault."""


@dataclass(frozen=True)
class Question:
    """A function of a notebook, and the cases to call it with.

    cells: the source of each code cell; cases: the arguments of each call; home: index of the
    exercise's cell among the code cells, if it is known; files: folder with the files beside the
    notebook.
    """

    cells: Sequence[str]
    function: str
    cases: Sequence[tuple[Any, ...]]
    home: int | None = None
    files: Path | None = None


PROBE = Question(["def probe():\n    return 1"], "probe", [()])


@dataclass
class Sandbox:
    """Calls students' functions.

    closed: folders that no function can read in any way; way: one of `WAYS`, default: the best on
    this machine; weak: why there are no namespaces; give a reason to do without them.
    """

    limits: Limits
    closed: Sequence[Path] = ()
    weak: str = ""
    way: str = ""
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    @property
    def isolation(self) -> str:
        """The kind of isolation, in words."""
        self.find_way()
        return WAYS[self.way] + (f" ({self.weak})" if self.weak else "")

    def find_way(self) -> str:
        """The best of the `WAYS` that works here. Raises SandboxError if none starts."""
        if not hasattr(os, "fork"):
            raise SandboxError(
                "submissions run on Linux and macOS only; on Windows, grade in WSL or in the "
                "container of ci/Dockerfile"
            )
        with self._lock:
            if self.weak:
                self.way = "weak"
            elif not self.way:
                self.way = self._found()
        return self.way

    def _found(self) -> str:
        if shutil.which("bwrap") and self._try("bubblewrap")[0]:
            return "bubblewrap"
        started, status, words = self._try("namespaces")
        if started:
            return "namespaces"
        if status != jail.REFUSED:
            raise SandboxError(f"the sandbox cannot start: {words or f'status {status}'}")
        self.weak = words[:200]
        return "weak"

    def _try(self, way: str) -> tuple[bool, int, str]:
        """Whether it started, its exit status, and the last line that it printed."""
        said, lines, status = self._run(PROBE, way, Reply())
        return ("ready", None) in said, status, last_line(lines.tail)

    def ask(self, question: Question) -> Reply:
        """Call the function in a new process. Raises SandboxError if the process does not start."""
        way = self.find_way()
        for _ in range(2):  # a busy machine gets a second chance
            reply = Reply()
            said, lines, status = self._run(question, way, reply)
            if ("ready", None) in said:
                read(said, lines, len(question.cases), reply)
                return reply
        why = last_line(lines.tail) or reply.stopped or f"status {status}"
        raise SandboxError(f"the sandbox ({way}) cannot start: {why}")

    def _run(self, question: Question, way: str, reply: Reply) -> tuple[Any, Output, int]:
        lines = Output()
        user = 0
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            user = USERS[(os.getpid() * 89 + next(_count)) % len(USERS)]
        with _work_folder() as folder, tempfile.TemporaryFile() as job:
            if user and way == "weak":
                os.chown(folder, user, user)
            self._write_job(job, question, reply)
            receive, pipe = os.pipe()
            try:
                process = subprocess.Popen(
                    self._command(way, pipe, user),
                    cwd=folder,
                    pass_fds=[pipe],
                    stdin=job,
                    env=_environment(folder if way == "weak" else jail.HOME),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                os.close(receive)
                raise SandboxError(f"the sandbox ({way}) cannot start: {error}") from error
            finally:
                os.close(pipe)
            try:
                watch(process, receive, self.limits, lines, reply)
            finally:
                os.close(receive)
                if process.stdout:
                    process.stdout.close()
                process.wait()
        return messages(lines), lines, process.returncode

    def _command(self, way: str, pipe: int, user: int) -> list[str]:
        numbers = (pipe, user, self.limits.memory_mb, self.limits.seconds, jail.SIZE)
        worker = [
            sys.executable,
            "-P",
            "-m",
            "workbench.tools.grading.worker",
            *map(str, numbers),
            way,
        ]
        if way == "weak":
            return worker
        worker_files = [str(PACKAGE / name) for name in WORKER]
        steps = jail.layout([*_readable(), *_data()], self._hidden(), worker_files)
        if way == "bubblewrap":
            return [*jail.bubblewrap(str(shutil.which("bwrap")), steps), *worker]
        return [*jail.namespaces(steps), *worker]

    def _hidden(self) -> list[str]:
        root = PACKAGE.parent
        hidden = [*SECRET, *self.closed]
        hidden += [root / name for name in ("notebooks", "tests", ".git")]
        return [os.path.realpath(path) for path in hidden]

    def _write_job(self, job: Any, question: Question, reply: Reply) -> None:
        """Write the job to a file; a pipe would block if the process does not read."""
        files = []
        for name, data in tree.contents(question.files, MOST_BESIDE) if question.files else ():
            if data is None:
                reply.left_out.append(tree.named(name))
            elif not name.endswith(".ipynb"):
                files.append((name, data))
        content = {
            "cells": list(question.cells),
            "function": question.function,
            "home": question.home,
            "cases": encode(list(question.cases)),
            "hidden": self._hidden(),
            "readable": _readable(),
            "shown": [*jail.SYSTEM, *_readable(), *_data()],
            "files": [(os.fsencode(name).hex(), len(data)) for name, data in files],
        }
        job.write(json.dumps(content).encode() + b"\n")
        for _, data in files:
            job.write(data)
        job.seek(0)


@contextmanager
def _work_folder() -> Iterator[str]:
    """An empty folder, which is removed afterwards with all its contents."""
    folder = tempfile.TemporaryDirectory(prefix="workbench-grade-", ignore_cleanup_errors=True)
    try:
        yield folder.name
    finally:
        try:
            folder.cleanup()
        except RecursionError:  # nested folders, deeper than Python's recursion limit
            with suppress(OSError):
                subprocess.run(["rm", "-rf", folder.name], stderr=subprocess.DEVNULL)


def _readable() -> list[str]:
    """Paths of Python and the packages, without which no worker starts."""
    paths = [sys.prefix, sys.base_prefix, sys.exec_prefix, str(PACKAGE)]
    paths += [*_packages(), *jail.links(sys.executable)]
    return sorted({os.path.abspath(path) for path in paths if os.path.exists(path)})


def _data() -> list[str]:
    """The data folder, if there is one. If other users than root may not read it, functions are
    graded nevertheless, but find no data."""
    return [os.path.abspath(cache_dir())] if cache_dir().is_dir() else []


def _packages() -> list[str]:
    """Folders of packages, also those from PYTHONPATH or `pip install --user`."""
    found = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    for name in ("numpy", "scipy", "torch", "IPython"):
        spec = find_spec(name)
        if spec and spec.origin:
            found.append(str(Path(spec.origin).parents[1]))
    return list(dict.fromkeys(found))


def _environment(home: str) -> dict[str, str]:
    """Environment variables without the grader's own, which may contain keys and passwords."""
    kept = ("LANG", "LC_ALL", "SYSTEMROOT", "PYTHONHOME")
    temporary = home if home != jail.HOME else "/tmp"
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *_packages()]),
        "HOME": home,
        "TMPDIR": temporary,
        "USER": "student",
        "WORKBENCH_CACHE": str(cache_dir()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
        **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")},
    }
