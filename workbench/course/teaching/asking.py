"""Calling a student's function safely."""

from __future__ import annotations

import dis
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
_NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}  # of the bytecode
_CHOOSING = {"STORE_FAST", "COMPARE_OP", "BINARY_OP", "FOR_ITER"}


@dataclass(frozen=True)
class Answer:
    """The result of a function for one case. error: the exception; printed: whether it printed;
    changed: whether it changed its arguments; empty: whether nothing is written in it yet."""

    value: Any = None
    error: str = ""
    printed: bool = False
    changed: bool = False
    empty: bool = False


def ask(attempt: Function, cases: Sequence[tuple[Any, ...]]) -> list[Answer]:
    """Call a function on each case. Every outcome that does not end the process is an Answer."""
    answers = []
    empty = _is_empty(attempt)
    for case in cases:
        before = [as_data(value) for value in case]
        watch = _Watch(sys.stdout)
        try:
            with redirect_stdout(watch):
                value = as_data(attempt(*case))
        except (Exception, SystemExit) as error:
            if empty:
                answers.append(Answer(empty=True))
                continue
            answers.append(Answer(error=_raised(error, attempt)))
            continue
        after = [as_data(value) for value in case]
        answers.append(Answer(value, "", watch.wrote, not same(before, after), empty))
    return answers


def _is_empty(attempt: Function) -> bool:
    """Whether a function only returns None, passes, or raises NotImplementedError."""
    code = getattr(attempt, "__code__", None)
    if code is None:
        return False
    steps = list(dis.get_instructions(code))
    names = {step.opname for step in steps}
    if "RAISE_VARARGS" in names:
        return bool(code.co_names == ("NotImplementedError",)) and not names & _CHOOSING
    constants = {step.argval for step in steps if step.opname.endswith("_CONST")}
    return names <= _NOTHING and constants <= {None}


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
