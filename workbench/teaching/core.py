"""Exercises and their checks: not attempted, correct, or what the typical mistake looks like.

An exercise is a function under `exercise` that draws a `Task`: inputs, the right answer, and the
answers of typical mistakes with what to say of each.

    @exercise("05.1", points=1, hints=("a first step", "a second"))
    def check_add_noise(random: np.random.Generator) -> Task:
        return Task(answer, cases, mistakes)

Under that name it becomes an `Exercise`, called with the student's function:
`check_add_noise(add_noise)` gives a `Result` and never raises. The inputs are drawn afresh for each
call, or from a `seed`. The student's answers are taken as plain data before the right ones exist,
so an answer can neither look at them nor pretend to equal them; who wants to cheat in a notebook of
their own still can, and `workbench grade` therefore asks and judges in two processes.
"""

from __future__ import annotations

import html
import io
import linecache
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.errors import PromptError
from workbench.teaching.values import Other, plain

Function = Callable[..., Any]
Mistake = tuple[str, Function]  # what to say, and a function that makes the mistake
EXERCISES: dict[str, Exercise] = {}  # by number; `workbench.teaching.exercises()` fills it


@dataclass(frozen=True)
class Result:
    """What a check found. state: "not attempted", "correct" or "not yet"; points earned, of how
    many; hints: the steps shown so far, of `steps`."""

    state: str
    message: str = ""
    points: float = 0.0
    of: float = 1.0
    hints: tuple[str, ...] = ()
    steps: int = 0

    @property
    def passed(self) -> bool:
        return self.state == "correct"

    @property
    def hint(self) -> str:
        """The last step shown."""
        return self.hints[-1] if self.hints else ""

    def __str__(self) -> str:
        text = self.state + (f": {self.message}" if self.message else "")
        for step, hint in enumerate(self.hints, 1):
            text += f"\nhint {step} of {self.steps}: {hint}"
        return text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sign = {"correct": "✓", "not yet": "✗"}.get(self.state, "·")
        text = f"<strong>{sign} {self.state}</strong>"
        if self.message:
            text += f" — {html.escape(self.message)}"
        for step, hint in enumerate(self.hints, 1):
            text += (
                f"<details style='margin-top:.3em'><summary>Hint {step} of {self.steps}</summary>"
                f"{html.escape(hint)}</details>"
            )
        return f"<div role='status' style='padding:.4em 0'>{text}</div>"


@dataclass(frozen=True)
class Task:
    """One drawing of an exercise: the right answer as a function, the cases it is asked on (each a
    tuple of arguments), and typical mistakes. A case holds numbers, words, arrays, tensors, lists,
    tuples, dicts, or functions that a module outside `workbench.teaching` defines."""

    answer: Function
    cases: Sequence[tuple[Any, ...]]
    mistakes: Sequence[Mistake] = ()
    tolerance: float = 1e-4


@dataclass(frozen=True)
class Answer:
    """What a function gave for one case. error: what it raised; printed: it wrote something;
    changed: it changed its arguments."""

    value: Any = None
    error: str = ""
    printed: bool = False
    changed: bool = False


@dataclass
class Exercise:
    """A check that can be called. tries: wrong answers since the last right one."""

    name: str
    numbers: tuple[str, ...]
    points: float
    hints: tuple[str, ...]
    make: Callable[[np.random.Generator], Task]
    tries: int = field(default=0, repr=False)

    def __call__(self, attempt: Function, *, seed: int | None = None) -> Result:
        """Ask the function and judge. Each wrong answer in a row shows one more hint."""
        if seed is None:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        if not callable(attempt):
            what = f"that is {type(attempt).__name__}: give the function itself, without brackets"
            return Result("not yet", what, of=self.points)
        result = self.judge(ask(attempt, self.draw(seed).cases), seed)
        self.tries = self.tries + 1 if result.state == "not yet" else 0
        shown = self.hints[: self.tries]
        return Result(result.state, result.message, result.points, self.points, shown,
                      len(self.hints))  # fmt: skip

    def hint(self, step: int = 1) -> str:
        """A step towards the answer, from 1 on."""
        if not 1 <= step <= len(self.hints):
            raise PromptError(f"{self.name}.hint({step}): there are {len(self.hints)} hints")
        return self.hints[step - 1]

    def draw(self, seed: int) -> Task:
        """The task of a seed, drawn anew, so that nobody's changes to an earlier one are in it."""
        return self.make(np.random.default_rng(seed))

    def judge(self, answers: Sequence[Answer], seed: int) -> Result:
        """Judge answers to the cases of `seed`, wherever they were given."""
        task = self.draw(seed)
        with np.errstate(all="ignore"):
            state, message = _verdict(answers, task, lambda f: self._answers_of(f, seed))
        return Result(state, message, self.points if state == "correct" else 0.0, self.points)

    def _answers_of(self, function: Function, seed: int) -> list[Any]:
        return [plain(function(*case)) for case in self.draw(seed).cases]


def exercise(
    *numbers: str, points: float = 1, hints: Sequence[str] = ()
) -> Callable[[Callable[[np.random.Generator], Task]], Exercise]:
    """Register a drawing function as the exercise "NN.N": lesson and number within it. One that
    two lessons share has two numbers. points: about one for five minutes."""

    def register(make: Callable[[np.random.Generator], Task]) -> Exercise:
        made = Exercise(make.__name__, numbers, points, tuple(hints), make)
        made.__doc__ = make.__doc__
        for number in numbers:
            if number in EXERCISES and EXERCISES[number].name != made.name:
                raise ValueError(f"exercise {number}: {EXERCISES[number].name} and {made.name}")
            EXERCISES[number] = made
        return made

    return register


def ask(attempt: Function, cases: Sequence[tuple[Any, ...]]) -> list[Answer]:
    """Call a function on each case; whatever it does short of ending the process is an Answer."""
    answers = []
    for case in cases:
        before = [plain(value) for value in case]
        watch = _Watch(sys.stdout)
        try:
            with redirect_stdout(watch):
                value = plain(attempt(*case))
        except (Exception, SystemExit) as error:
            answers.append(Answer(error=_raised(error, attempt)))
            continue
        after = [plain(value) for value in case]
        answers.append(Answer(value, "", watch.wrote, not _same(before, after)))
    return answers


class _Watch(io.TextIOBase):
    """Passes text on and notes whether there was any."""

    def __init__(self, target: Any) -> None:
        self.target, self.wrote = target, False

    def write(self, text: str) -> int:
        self.wrote |= bool(text.strip())
        return int(self.target.write(text) or 0)

    def flush(self) -> None:
        self.target.flush()


def _raised(error: BaseException, attempt: Function) -> str:
    """The error and the line of the student's file or cell in which it arose."""
    text = f"it raises {type(error).__name__}" + (f": {error}" if str(error) else "")
    file = getattr(getattr(attempt, "__code__", None), "co_filename", None)
    lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    code = linecache.getline(file, lines[-1].lineno or 0).strip() if file and lines else ""
    return text[:300] + (f", in the line `{code}`" if code else "")


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other or one != one)


def _verdict(
    answers: Sequence[Answer], task: Task, answers_of: Callable[[Function], list[Any]]
) -> tuple[str, str]:
    """State and message."""
    for answer in answers:
        if answer.error:
            return "not yet", answer.error
    given = [answer.value for answer in answers]
    if all(value is None for value in given):
        if any(answer.printed for answer in answers):
            return "not yet", "it prints its answer but returns nothing: return it"
        return "not attempted", ""
    if any(value is None for value in given):
        return "not yet", "for some inputs it returns nothing: does every way end in a return?"
    right = answers_of(task.answer)
    wrong = _difference(given, right, task.tolerance)
    if wrong is None:
        changes = "but it changes its arguments, which whoever calls it will not expect"
        return "correct", changes if any(answer.changed for answer in answers) else ""
    for words, mistake in task.mistakes:
        if _difference(given, answers_of(mistake), task.tolerance) is None:
            return "not yet", words
    return "not yet", _pattern(given, right) or wrong


def _difference(given: Sequence[Any], right: Sequence[Any], tolerance: float) -> str | None:
    """None where all agree, else what differs first."""
    if len(given) != len(right):
        return f"{len(given)} answers to {len(right)} questions"
    for answer, expected in zip(given, right, strict=True):
        found = _apart(answer, expected, tolerance)
        if found is not None:
            return found
    return None


def _apart(answer: Any, expected: Any, tolerance: float) -> str | None:
    if isinstance(expected, dict):
        return _apart_in_dict(answer, expected, tolerance)
    if isinstance(answer, Other):
        return f"it returns {answer.name}, not {'words' if _words(expected) else 'numbers'}"
    if _words(expected):
        return _apart_in_words(answer, expected)
    try:
        a, b = np.asarray(answer), np.asarray(expected)
        if a.dtype.kind == "c" != b.dtype.kind:
            return "it returns complex numbers, not real numbers"
        a = a.astype(complex if b.dtype.kind == "c" else float, casting="same_kind")
    except (TypeError, ValueError):
        return f"it returns {type(answer).__name__}, not numbers of one shape"
    if a.shape != b.shape:
        turned = ": are two axes exchanged?" if sorted(a.shape) == sorted(b.shape) else ""
        return f"it returns shape {a.shape}, expected is {b.shape}{turned}"
    if not np.isfinite(a).all() and np.isfinite(b).all():
        return "it returns numbers that are not finite"
    exact = b.dtype.kind in "biu"  # of whole numbers no share is near enough
    if np.allclose(a, b, atol=1e-6 if exact else tolerance, rtol=0 if exact else tolerance,
                   equal_nan=True):  # fmt: skip
        return None
    return f"for one input it gives {_brief(a)}, expected is {_brief(b)}"


def _apart_in_dict(answer: Any, expected: dict[str, Any], tolerance: float) -> str | None:
    if not isinstance(answer, dict):
        return f"it returns {getattr(answer, 'name', type(answer).__name__)}, not a dict"
    if answer.keys() != expected.keys():
        return f"its keys are {', '.join(answer)}; expected are {', '.join(expected)}"
    for key, value in expected.items():
        found = _apart(answer[key], value, tolerance)
        if found is not None:
            return f"{key}: {found}"
    return None


def _words(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list | tuple) and any(isinstance(item, str) for item in value)
    )


def _apart_in_words(answer: Any, expected: Any) -> str | None:
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if isinstance(expected, str) or not isinstance(answer, list | tuple):
        same = isinstance(answer, str) and answer == expected
        return None if same else f"for one input it gives {answer!r:.80}, expected {expected!r:.80}"
    for place, (a, b) in enumerate(zip(answer, expected, strict=False), 1):
        if str(a) != str(b):
            return f"for one input word {place} is {a!s:.40}, expected is {b}"
    if len(answer) != len(expected):
        return f"for one input it gives {len(answer)} words, expected are {len(expected)}"
    return None


def _pattern(given: Sequence[Any], right: Sequence[Any]) -> str:
    """What all wrong answers have in common, in words; empty where nothing shows."""
    try:
        pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(given, right, strict=True)]
    except ValueError:
        return ""
    if any(part.dtype.kind not in "biuf" for pair in pairs for part in pair):
        return ""
    if any(a.shape != b.shape or not np.isfinite(a).all() for a, b in pairs):
        return ""
    a, b = (np.concatenate([pair[i].ravel() for pair in pairs]).astype(float) for i in (0, 1))
    if len(pairs) > 1 and all(_same(pairs[0][0], other) for other, _ in pairs[1:]):
        return "it gives the same for every input: does it use its arguments?"
    if a.size < 2 or not np.abs(b).max() > 0:
        return ""
    factor = float(a @ b / (b @ b))
    alike = np.allclose(a, factor * b, rtol=1e-4, atol=1e-6)
    if not alike or min(abs(factor), abs(factor - 1)) < 1e-3:
        return ""
    if abs(factor + 1) < 1e-3:
        return "the sign is the other way round"
    return f"all numbers are {factor:.4g} times what is expected"


def _brief(values: np.ndarray) -> str:
    flat = values.ravel()
    return ", ".join(f"{v:.4g}" for v in flat[:3]) + (", …" if len(flat) > 3 else "")
