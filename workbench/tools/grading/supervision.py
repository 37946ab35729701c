"""Watch the process of a student's function, and read its messages.

`watch` ends the process when it exceeds a limit. `read` turns its messages into answers. Messages
may be forged as soon as student code runs: the first one of each kind counts, and it is data, JSON
that is checked, never an object.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from workbench import processes
from workbench.course.teaching.asking import Answer
from workbench.course.teaching.values import decode
from workbench.tools.grading import seal, tree

STARTING = 120  # seconds for loading Python and the packages, before student code runs
MOST_SENT = 32 * 2**20  # bytes of answers
MOST_WRITTEN = 512  # MB, in all files together


@dataclass(frozen=True)
class Limits:
    """What one exercise may use. seconds: processor time, so that a busy machine is no
    disadvantage; wall time is limited to five times as much. printed: bytes."""

    seconds: float = 20
    memory_mb: int = 2048
    printed: int = 1_000_000


@dataclass
class Reply:
    """Answers, or the reason why there are none.

    missing: there is no such function; problem: the cells before it fail; stopped: it exceeded a
    limit, or the process ended itself; imports: modules that the function's cells name or that it
    imported when called; left_out: files beside the notebook that it did not get; seconds:
    processor time; clock: wall time in seconds.
    """

    answers: list[Answer] = field(default_factory=list)
    missing: str = ""
    problem: str = ""
    stopped: str = ""
    imports: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    seconds: float = 0.0
    clock: float = 0.0
    memory_mb: float = 0.0


@dataclass
class Output:
    """The bytes from the pipe, and the end of what was printed."""

    sent: bytearray = field(default_factory=bytearray)
    printed: int = 0
    tail: bytes = b""


def watch(
    process: subprocess.Popen[bytes], receive: int, limits: Limits, lines: Output, reply: Reply
) -> None:
    """Read until the process ends; end it when it exceeds a limit."""
    root = psutil.Process(process.pid)
    members: dict[int, Any] = {}
    began = time.monotonic()
    code_began: float | None = None  # None before student code runs
    unseen = 0.0  # seconds of processes that started and ended between two checks
    assert process.stdout
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(receive, selectors.EVENT_READ, "sent")
            selector.register(process.stdout, selectors.EVENT_READ, "printed")
            looked = used = before = 0.0
            while selector.get_map():
                ended = process.poll() is not None  # its children may still hold the pipes open
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
                    if code_began is not None:  # many short processes count as much as a long one
                        unseen += since * sum(one.pid not in members for one in family)
                    members.update((one.pid, one) for one in family)
                    reply.memory_mb = max(reply.memory_mb, processes.memory(members))
                    used = processes.computed(members) + unseen
                if code_began is None and b"\n" in lines.sent:
                    code_began, before = now, used
                reply.seconds = round(max(0.0, used - before), 2)
                reply.clock = round(now - (code_began or began), 2)
                reply.stopped = reply.stopped or _over(limits, lines, reply, code_began is None)
                if processes.written(members) > MOST_WRITTEN:  # a full disk would stop the grader
                    reply.stopped = reply.stopped or f"it wrote more than {MOST_WRITTEN} MB"
                if reply.stopped:
                    return
        with suppress(subprocess.TimeoutExpired):  # before psutil ends it and loses its status
            process.wait(1)
    finally:
        processes.end(root, members)


def _over(limits: Limits, lines: Output, reply: Reply, starting: bool) -> str:
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


def messages(lines: Output) -> dict[Any, dict[str, Any]]:
    """The first message of each kind and number; later ones may be forged."""
    first: dict[Any, dict[str, Any]] = {}
    for line in bytes(lines.sent).split(b"\n"):
        try:
            message = json.loads(line)
            first.setdefault((message["kind"], message.get("number")), message)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # truncated when the process was ended, or not a message
    return first


def read(first: dict[Any, dict[str, Any]], lines: Output, number: int, reply: Reply) -> None:
    """Turn the messages of `messages` into the answers of a reply. number: of answers expected."""
    start = first.get(("start", None))
    if start is None:  # reading the cells ended the process
        ended = f"its cells cannot be read: the process ended {last_line(lines.tail)}".strip()
        reply.stopped = reply.stopped or ended
        return
    reply.missing = tree.shown(str(start.get("problem"))[:400])
    names = start.get("imports")
    names = names if type(names) is list else []
    names += [number for kind, number in first if kind == "import"][:20]
    reply.imports = list(dict.fromkeys(tree.shown(str(name)[:80]) for name in names))
    if reply.missing or reply.stopped:
        return
    if ("problem", None) in first:
        reply.problem = tree.shown(str(first["problem", None].get("words"))[:400])
        return
    answers = [first.get(("answer", place)) for place in range(number)]
    if None in answers:
        reply.stopped = f"its process ended before it answered {last_line(lines.tail)}".strip()
        return
    reply.answers = [_answer(message or {}) for message in answers]


def _answer(message: dict[str, Any]) -> Answer:
    try:
        value = decode(message["value"])
    except (ValueError, KeyError, TypeError, RecursionError, MemoryError):
        return Answer(error="its answer cannot be read")
    error = tree.shown(str(message.get("error") or "")[:400])
    printed, changed, empty = (bool(message.get(name)) for name in ("printed", "changed", "empty"))
    return Answer(value, error, printed, changed, empty)


def last_line(tail: bytes) -> str:
    lines = tail.decode(errors="replace").strip().splitlines()
    return tree.shown(f"({lines[-1][:200]})") if lines else ""
