"""Calling a student's function safely."""

from __future__ import annotations

import io
import linecache
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from workbench.course.teaching.values import as_data, same
from workbench.errors import text_of

Function = Callable[..., Any]


@dataclass(frozen=True)
class Answer:
    """The result of a function for one case. error: the exception; printed: whether it printed;
    changed: whether it changed its arguments."""

    value: Any = None
    error: str = ""
    printed: bool = False
    changed: bool = False


def ask(attempt: Function, cases: Sequence[tuple[Any, ...]]) -> list[Answer]:
    """Call a function on each case. Every outcome that does not end the process is an Answer."""
    answers = []
    for case in cases:
        before = [as_data(value) for value in case]
        watch = _Watch(sys.stdout)
        try:
            with redirect_stdout(watch):
                value = as_data(attempt(*case))
        except (Exception, SystemExit) as error:
            answers.append(Answer(error=_raised(error, attempt)))
            continue
        after = [as_data(value) for value in case]
        answers.append(Answer(value, "", watch.wrote, not same(before, after)))
    return answers


class _Watch(io.TextIOBase):
    """Forwards text and records whether there was any."""

    def __init__(self, target: Any) -> None:
        self.target, self.wrote = target, False

    def write(self, text: str) -> int:
        self.wrote |= bool(text.strip())
        return int(self.target.write(text) or 0)

    def flush(self) -> None:
        self.target.flush()


def _raised(error: BaseException, attempt: Function) -> str:
    """The error and the line of the student's file or cell that caused it."""
    words = text_of(error)
    text = f"it raises {type(error).__name__}" + (f": {words}" if words else "")
    file = getattr(getattr(attempt, "__code__", None), "co_filename", None)
    lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    code = linecache.getline(file, lines[-1].lineno or 0).strip() if file and lines else ""
    return text[:300] + (f", in the line `{code}`" if code else "")
