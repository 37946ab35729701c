"""Asking a student's function in a process of its own, with limits, and bringing home its answers.

    Sandbox(Limits()).ask(question) → Reply

The process and all that it starts are ended when they take too long, hold too much memory, print
too much or start too many others. What comes back is data: JSON that is checked, never an object.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

import workbench
from workbench import processes
from workbench.files import cache_dir
from workbench.grading.jail import PROCESSES
from workbench.teaching.asking import Answer
from workbench.teaching.values import decode, encode

PACKAGE = Path(workbench.__file__).resolve().parent
STARTING = 120  # seconds that Python and the packages may take to load, before student code runs
MOST_SENT = 32 * 2**20  # bytes of answers
PACKAGES = ("site-packages", "dist-packages")


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
    among the code cells, where it is known; files: what lies beside the notebook."""

    cells: Sequence[str]
    function: str
    cases: Sequence[tuple[Any, ...]]
    home: int | None = None
    files: Path | None = None


@dataclass
class Reply:
    """Answers, or why there are none: `missing` (no such function to ask), `problem` (the cells
    before it fail), `stopped` (a limit, or the process ended itself). imports: modules that the
    function's cells name."""

    answers: list[Answer] = field(default_factory=list)
    missing: str = ""
    problem: str = ""
    stopped: str = ""
    imports: list[str] = field(default_factory=list)
    seconds: float = 0.0
    memory_mb: float = 0.0


@dataclass
class Sandbox:
    """Asks functions. closed: folders to keep from them even where there are no namespaces, then
    `weak` says why there are none; give it to do without."""

    limits: Limits
    closed: Sequence[Path] = ()
    weak: str = ""

    def ask(self, question: Question) -> Reply:
        """Ask in a new process; a second one where the first finds no namespaces."""
        reply, lines = Reply(), _Lines()
        with tempfile.TemporaryDirectory(prefix="workbench-grade-") as folder:
            receive, pipe = os.pipe()
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.grading.worker"], cwd=folder,
                pass_fds=[pipe], env=_environment(folder), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            os.close(pipe)
            try:
                _tell(process, self._job(question, pipe, folder))
                _watch(process, receive, self.limits, lines, reply)
            finally:
                os.close(receive)
                for stream in (process.stdin, process.stdout):
                    if stream:
                        stream.close()
                process.wait()
        said = _said(lines)
        if not self.weak and ("refused", None) in said and ("start", None) not in said:
            self.weak = str(said["refused", None].get("why"))[:200]
            return self.ask(question)
        _read(said, lines, len(question.cases), reply)
        return reply

    def _job(self, question: Question, pipe: int, folder: str) -> dict[str, Any]:
        root = PACKAGE.parent
        hidden = [PACKAGE / "teaching", PACKAGE / "grading"]
        if self.weak:  # what the namespaces leave out anyway
            hidden += [*self.closed, *(root / name for name in ("notebooks", "tests", ".git"))]
        paths = [sys.prefix, sys.base_prefix, sys.exec_prefix, str(PACKAGE), str(cache_dir())]
        paths += [path for path in sys.path if Path(path).name in PACKAGES]
        return {
            "cells": list(question.cells), "function": question.function, "home": question.home,
            "cases": encode(list(question.cases)), "pipe": pipe, "box": folder,
            "files": str(question.files.resolve()) if question.files else None,
            "weak": bool(self.weak), "memory_mb": self.limits.memory_mb,
            "hidden": [str(path) for path in hidden],
            "readable": sorted({os.path.abspath(path) for path in paths}),
        }  # fmt: skip


def _tell(process: subprocess.Popen[bytes], job: dict[str, Any]) -> None:
    assert process.stdin
    try:
        process.stdin.write(json.dumps(job).encode())
        process.stdin.close()
    except BrokenPipeError:  # it ended at once; what it said is read below
        pass


def _environment(folder: str) -> dict[str, str]:
    """Nothing of the grader's own, in which there may be keys and passwords."""
    kept = ("LANG", "LC_ALL", "SYSTEMROOT", "PYTHONHOME")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": str(PACKAGE.parent),
        "HOME": folder, "TMPDIR": folder, "USER": "student", "WORKBENCH_CACHE": str(cache_dir()),
        "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "agg",
        **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")},
    }  # fmt: skip


@dataclass
class _Lines:
    """What came through the pipe, and the end of what was printed."""

    sent: bytearray = field(default_factory=bytearray)
    printed: int = 0
    tail: bytes = b""


def _watch(process: subprocess.Popen[bytes], receive: int, limits: Limits, lines: _Lines,
           reply: Reply) -> None:  # fmt: skip
    """Read until it ends, or end it."""
    tree = psutil.Process(process.pid)
    members: dict[int, Any] = {}
    began = time.monotonic()
    asked: float | None = None  # when student code began
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
                    looked = now
                    family = processes.family(tree)
                    if len(family) > PROCESSES + 2:
                        reply.stopped = f"it started more than {PROCESSES} processes"
                        return
                    members.update((one.pid, one) for one in family)
                    reply.memory_mb = max(reply.memory_mb, processes.memory(members))
                    used = processes.computed(members)
                if asked is None and b"\n" in lines.sent:
                    asked, before = now, used
                reply.seconds = round(max(0.0, used - before), 2)
                clock = now - (asked or began)
                reply.stopped = reply.stopped or _over(limits, lines, reply, clock, asked is None)
                if reply.stopped:
                    return
    finally:
        processes.end(tree, members)


def _over(limits: Limits, lines: _Lines, reply: Reply, clock: float, starting: bool) -> str:
    if starting and clock > STARTING:
        return "it did not start"
    if not starting and (reply.seconds > limits.seconds or clock > 5 * limits.seconds):
        return f"it ran longer than {limits.seconds:g} s"
    if reply.memory_mb > limits.memory_mb:
        return f"it held more than {limits.memory_mb} MB of memory"
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
    if start is None:
        reply.stopped = reply.stopped or f"it did not start {_words(lines.tail)}"
        return
    reply.missing = str(start["problem"])[:400]
    reply.imports = [str(name)[:80] for name in start["imports"]]
    if reply.missing or reply.stopped:
        return
    if ("problem", None) in said:
        reply.problem = str(said["problem", None].get("words"))[:400]
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
    error = str(message.get("error") or "")[:400]
    return Answer(value, error, bool(message.get("printed")), bool(message.get("changed")))


def _words(tail: bytes) -> str:
    lines = tail.decode(errors="replace").strip().splitlines()
    return f"({lines[-1][:200]})" if lines else ""
