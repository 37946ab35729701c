"""Asking a student's function in a process of its own, with limits, and bringing home its answers.

    Sandbox(Limits()).ask(question) → Reply

The process and all that it starts are ended when they take too long, hold too much memory, print
too much or start too many others. What comes back is data: JSON that is checked, never an object.

How the process is shut in is found out once, with a question of our own, before anything of a
student's is looked at: by bubblewrap, else by Linux namespaces, else, only where the system refuses
those, by Python itself. Whatever goes wrong later is an error or the student's, never a reason to
ask in a weaker way.
"""

from __future__ import annotations

import itertools
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

import workbench
from workbench import processes
from workbench.course.teaching.asking import Answer
from workbench.course.teaching.values import decode, encode
from workbench.errors import WorkbenchError
from workbench.files import cache_dir
from workbench.tools.grading import jail, seal, tree

PACKAGE = Path(workbench.__file__).resolve().parent
STARTING = 120  # seconds that Python and the packages may take to load, before student code runs
MOST_SENT = 32 * 2**20  # bytes of answers
MOST_BESIDE = 48 * 2**20  # bytes of the files beside a notebook
MOST_WRITTEN = 512  # MB, into whatever files
SECRET = (PACKAGE / "course" / "teaching", PACKAGE / "tools" / "grading")  # the checks' answers
WORKER = (
    "tools/grading/worker.py",
    "tools/grading/seal.py",
    "tools/grading/slicing.py",
    "course/teaching/asking.py",
    "course/teaching/values.py",
)  # the only files of SECRET that the process can read
USERS = range(61184, 65520)  # who runs what root asks; systemd takes such numbers for the like
WAYS = {
    "bubblewrap": "bubblewrap: no network, a file system of its own",
    "namespaces": "Linux namespaces: no network, a file system of its own",
    "weak": "weak, Python refuses sockets, programs and writes, and the kernel all other files"
    if seal.landlock()
    else "weak, Python refuses sockets, programs and writes; code in C can read every file",
}
_count = itertools.count()


class SandboxError(WorkbenchError):
    """A sandbox that cannot start: nobody's answers are at fault."""


@dataclass(frozen=True)
class Limits:
    """What one exercise may use. seconds: of the processor, so that a busy machine harms nobody; of
    the clock five times as many. printed: bytes."""

    seconds: float = 20
    memory_mb: int = 2048
    printed: int = 1_000_000


@dataclass(frozen=True)
class Question:
    """A function of a notebook, and the cases to ask it. home: the place of the exercise's cell
    among the code cells, where it is known; files: the folder of what lies beside the notebook."""

    cells: Sequence[str]
    function: str
    cases: Sequence[tuple[Any, ...]]
    home: int | None = None
    files: Path | None = None


@dataclass
class Reply:
    """Answers, or why there are none: `missing` (no such function to ask), `problem` (the cells
    before it fail), `stopped` (a limit, or the process ended itself). imports: modules that the
    function's cells name, or that it was heard to import; left_out: files beside the notebook that
    it did not get; seconds: of the processor; clock: of the clock."""

    answers: list[Answer] = field(default_factory=list)
    missing: str = ""
    problem: str = ""
    stopped: str = ""
    imports: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    seconds: float = 0.0
    clock: float = 0.0
    memory_mb: float = 0.0


PROBE = Question(["def probe():\n    return 1"], "probe", [()])


@dataclass
class Sandbox:
    """Asks functions. closed: folders to keep from them in every way; way: one of `WAYS`, by
    default the best that this machine has; weak: why there are no namespaces, give it to do
    without."""

    limits: Limits
    closed: Sequence[Path] = ()
    weak: str = ""
    way: str = ""
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    @property
    def isolation(self) -> str:
        """How functions are shut in, in words."""
        self.find_way()
        return WAYS[self.way] + (f" ({self.weak})" if self.weak else "")

    def find_way(self) -> str:
        """Which of the ways works here. Raises SandboxError where none starts."""
        if not hasattr(os, "fork"):
            raise SandboxError(
                "submissions are run on Linux and macOS alone; on Windows, grade in WSL or in the "
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
        """Did it start, its exit status, and what it said."""
        said, lines, status = self._run(PROBE, way, Reply())
        return ("ready", None) in said, status, _words(lines.tail)

    def ask(self, question: Question) -> Reply:
        """Ask in a new process. Raises SandboxError where it does not start."""
        way = self.find_way()
        for _ in range(2):  # a busy machine gets a second chance
            reply = Reply()
            said, lines, status = self._run(question, way, reply)
            if ("ready", None) in said:
                _read(said, lines, len(question.cases), reply)
                return reply
        why = _words(lines.tail) or reply.stopped or f"status {status}"
        raise SandboxError(f"the sandbox ({way}) cannot start: {why}")

    def _run(self, question: Question, way: str, reply: Reply) -> tuple[Any, _Lines, int]:
        lines = _Lines()
        user = 0
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            user = USERS[(os.getpid() * 89 + next(_count)) % len(USERS)]
        with _work_folder() as folder, tempfile.TemporaryFile() as job:
            if user and way == "weak":
                os.chown(folder, user, user)
            self._write_job(job, question, way, reply)
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
                _watch(process, receive, self.limits, lines, reply)
            finally:
                os.close(receive)
                if process.stdout:
                    process.stdout.close()
                process.wait()
        return _said(lines), lines, process.returncode

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

    def _write_job(self, job: Any, question: Question, way: str, reply: Reply) -> None:
        """The job into a file, so that nobody waits for a process that does not read."""
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
    """An empty folder, removed afterwards, whatever was left in it."""
    folder = tempfile.TemporaryDirectory(prefix="workbench-grade-", ignore_cleanup_errors=True)
    try:
        yield folder.name
    finally:
        try:
            folder.cleanup()
        except RecursionError:  # folders in folders, deeper than Python goes
            with suppress(OSError):
                subprocess.run(["rm", "-rf", folder.name], stderr=subprocess.DEVNULL)


def _readable() -> list[str]:
    """Python and the packages: without them no worker starts."""
    paths = [sys.prefix, sys.base_prefix, sys.exec_prefix, str(PACKAGE)]
    paths += [*_packages(), *jail.links(sys.executable)]
    return sorted({os.path.abspath(path) for path in paths if os.path.exists(path)})


def _data() -> list[str]:
    """The data folder. Where root keeps it from other users, answers are graded all the same, and
    code that wants its data finds none."""
    return [os.path.abspath(cache_dir())] if cache_dir().is_dir() else []


def _packages() -> list[str]:
    """Where packages are found, also those that came by PYTHONPATH or `pip install --user`."""
    found = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    for name in ("numpy", "scipy", "torch", "IPython"):
        spec = find_spec(name)
        if spec and spec.origin:
            found.append(str(Path(spec.origin).parents[1]))
    return list(dict.fromkeys(found))


def _environment(home: str) -> dict[str, str]:
    """Nothing of the grader's own, in which there may be keys and passwords."""
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


@dataclass
class _Lines:
    """What came through the pipe, and the end of what was printed."""

    sent: bytearray = field(default_factory=bytearray)
    printed: int = 0
    tail: bytes = b""


def _watch(
    process: subprocess.Popen[bytes], receive: int, limits: Limits, lines: _Lines, reply: Reply
) -> None:
    """Read until it ends, or end it."""
    root = psutil.Process(process.pid)
    members: dict[int, Any] = {}
    began = time.monotonic()
    asked: float | None = None  # when student code began
    unseen = 0.0  # seconds of processes that came and went between two looks
    assert process.stdout
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(receive, selectors.EVENT_READ, "sent")
            selector.register(process.stdout, selectors.EVENT_READ, "printed")
            looked = used = before = 0.0
            while selector.get_map():
                ended = process.poll() is not None  # what it left running may hold the pipes open
                ready = selector.select(timeout=0.1)
                if ended and not ready:
                    return
                for key, _ in ready:
                    data = os.read(key.fd, 65536)
                    if not data:
                        selector.unregister(key.fileobj)
                    elif key.data == "sent":
                        lines.sent += data
                    else:
                        lines.printed += len(data)
                        lines.tail = (lines.tail + data)[-2000:]
                now = time.monotonic()
                if now - looked > 0.1:
                    since, looked = now - (looked or now), now
                    family = processes.family(root)
                    if len(family) > seal.PROCESSES + 2:
                        reply.stopped = f"it started more than {seal.PROCESSES} processes"
                        return
                    if asked is not None:  # many short ones, in turn, are as dear as a long one
                        unseen += since * sum(one.pid not in members for one in family)
                    members.update((one.pid, one) for one in family)
                    reply.memory_mb = max(reply.memory_mb, processes.memory(members))
                    used = processes.computed(members) + unseen
                if asked is None and b"\n" in lines.sent:
                    asked, before = now, used
                reply.seconds = round(max(0.0, used - before), 2)
                reply.clock = round(now - (asked or began), 2)
                reply.stopped = reply.stopped or _over(limits, lines, reply, asked is None)
                if processes.written(members) > MOST_WRITTEN:  # a disk full stops the class
                    reply.stopped = reply.stopped or f"it wrote more than {MOST_WRITTEN} MB"
                if reply.stopped:
                    return
        with suppress(subprocess.TimeoutExpired):  # psutil, which ends it, would lose its status
            process.wait(1)
    finally:
        processes.end(root, members)


def _over(limits: Limits, lines: _Lines, reply: Reply, starting: bool) -> str:
    if starting and reply.clock > STARTING:
        return "it did not start"
    if not starting and (reply.seconds > limits.seconds or reply.clock > 5 * limits.seconds):
        return f"it ran longer than {limits.seconds:g} s"
    if reply.memory_mb > limits.memory_mb:
        return f"it used more than {limits.memory_mb} MB of memory"
    if lines.printed > limits.printed:
        return f"it printed more than {limits.printed:,} bytes"
    if len(lines.sent) > MOST_SENT:
        return f"its answers are larger than {MOST_SENT >> 20} MB"
    return ""


def _said(lines: _Lines) -> dict[Any, dict[str, Any]]:
    """The first message of each kind and number."""
    said: dict[Any, dict[str, Any]] = {}
    for line in bytes(lines.sent).split(b"\n"):
        try:
            message = json.loads(line)
            said.setdefault((message["kind"], message.get("number")), message)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # the last line of a process that was ended, or nonsense
    return said


def _read(said: dict[Any, dict[str, Any]], lines: _Lines, number: int, reply: Reply) -> None:
    start = said.get(("start", None))
    if start is None:  # it was ended by what the notebook holds
        ended = f"its cells cannot be read: the process ended {_words(lines.tail)}".strip()
        reply.stopped = reply.stopped or ended
        return
    reply.missing = tree.shown(str(start.get("problem"))[:400])
    names = start.get("imports")
    names = names if type(names) is list else []
    names += [number for kind, number in said if kind == "import"][:20]
    reply.imports = list(dict.fromkeys(tree.shown(str(name)[:80]) for name in names))
    if reply.missing or reply.stopped:
        return
    if ("problem", None) in said:
        reply.problem = tree.shown(str(said["problem", None].get("words"))[:400])
        return
    answers = [said.get(("answer", place)) for place in range(number)]
    if None in answers:
        reply.stopped = f"its process ended before it answered {_words(lines.tail)}".strip()
        return
    reply.answers = [_answer(message or {}) for message in answers]


def _answer(message: dict[str, Any]) -> Answer:
    try:
        value = decode(message["value"])
    except (ValueError, KeyError, TypeError, RecursionError, MemoryError):
        return Answer(error="its answer cannot be read")
    error = tree.shown(str(message.get("error") or "")[:400])
    return Answer(value, error, bool(message.get("printed")), bool(message.get("changed")))


def _words(tail: bytes) -> str:
    lines = tail.decode(errors="replace").strip().splitlines()
    return tree.shown(f"({lines[-1][:200]})") if lines else ""
