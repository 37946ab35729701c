"""Exercises and their checks. A result is: not attempted, correct, or not yet, with the mistake.

An exercise is a function, decorated with `exercise`, that samples a `Task`: inputs, the correct
answer, and typical mistakes with a message for each and the number of the hint that fits it.

    @exercise("05.1", points=1, hints=("a first step", "a second"))
    def check_add_noise(random: np.random.Generator) -> Task:
        return Task(answer, cases, mistakes)

The name then refers to an `Exercise`, which is called with the student's function:
`check_add_noise(add_noise)` returns a `Result` and never raises. Each call samples new inputs, or
those of a `seed`. The student's answers are converted to plain data before the correct ones are
computed, so that an answer can neither read them nor claim to equal them. In their own notebook
students can still cheat; `workbench grade` therefore runs and judges in two processes.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from workbench.course.record import keep_attempt
from workbench.course.teaching.asking import Answer, Function, ask
from workbench.course.teaching.judging import Task, verdict
from workbench.course.teaching.values import as_data
from workbench.errors import PromptError

EXERCISES: dict[str, Exercise] = {}  # by number; `workbench.course.teaching.exercises()` fills it


@dataclass(frozen=True)
class Result:
    """The result of a check. state: "not attempted", "correct" or "not yet"; points: earned, out of
    `of`; hints: shown so far, out of `steps`; fitting: number of the hint that fits the mistake."""

    state: str
    message: str = ""
    points: float = 0.0
    of: float = 1.0
    hints: tuple[str, ...] = ()
    steps: int = 0
    fitting: int = 0

    @property
    def passed(self) -> bool:
        return self.state == "correct"

    @property
    def hint(self) -> str:
        """The last hint shown."""
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


@dataclass
class Exercise:
    """A check. shown: numbers of the hints shown since the last correct answer, in that order."""

    name: str
    numbers: tuple[str, ...]
    points: float
    hints: tuple[str, ...]
    make: Callable[[np.random.Generator], Task]
    shown: list[int] = field(default_factory=list, repr=False)

    def __call__(self, attempt: Function, *, seed: int | None = None) -> Result:
        """Run the function and judge its answers. Each wrong answer in a row shows one more hint:
        the one that fits a recognised mistake, otherwise the next in order. The result goes into
        the student's record, see `course.record`.

        Args:
            attempt: The student's function.
            seed: Of the inputs; None for new ones.
        """
        if seed is None:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        if not callable(attempt):
            what = f"got {type(attempt).__name__}: pass the function itself, without brackets"
            return Result("not yet", what, of=self.points)
        result = self.judge(ask(attempt, self.draw(seed).cases), seed)
        self._show(result)
        shown = tuple(self.hints[number - 1] for number in self.shown)
        if result.state != "not attempted":
            keep_attempt(self.numbers, solved=result.passed, hints=len(shown))
        return replace(result, hints=shown, steps=len(self.hints))

    def _show(self, result: Result) -> None:
        """Add the next hint to those shown; an answer that is not wrong takes them all away."""
        if result.state != "not yet":
            self.shown = []
            return
        left = [n for n in range(1, len(self.hints) + 1) if n not in self.shown]
        if left:
            self.shown.append(result.fitting if result.fitting in left else left[0])

    def hint(self, step: int = 1) -> str:
        """Hint number `step`, from 1. Raises PromptError if there is none."""
        if not 1 <= step <= len(self.hints):
            raise PromptError(f"{self.name}.hint({step}): there are {len(self.hints)} hints")
        return self.hints[step - 1]

    def draw(self, seed: int) -> Task:
        """The task of a seed, sampled again, so that changes to an earlier one have no effect."""
        return self.make(np.random.default_rng(seed))

    def judge(self, answers: Sequence[Answer], seed: int) -> Result:
        """Judge answers to the cases of `seed`, from this or another process."""
        task = self.draw(seed)
        with np.errstate(all="ignore"):
            found = verdict(answers, task, lambda f: self._answers_of(f, seed))
        points = self.points if found.state == "correct" else 0.0
        return Result(found.state, found.message, points, self.points, fitting=found.hint)

    def _answers_of(self, function: Function, seed: int) -> list[Any]:
        return [as_data(function(*case)) for case in self.draw(seed).cases]


def exercise(
    *numbers: str, points: float = 1, hints: Sequence[str] = ()
) -> Callable[[Callable[[np.random.Generator], Task]], Exercise]:
    """Register a function that samples a `Task` as an exercise.

    Args:
        *numbers: "NN.N", lesson and number within it; two for an exercise that two lessons share.
        points: About one per five minutes.
        hints: Shown one after the other, from the first, or as a mistake names them.

    Raises:
        ValueError: for a number that another exercise has.
    """

    def register(make: Callable[[np.random.Generator], Task]) -> Exercise:
        made = Exercise(make.__name__, numbers, points, tuple(hints), make)
        made.__doc__ = make.__doc__
        for number in numbers:
            if number in EXERCISES and EXERCISES[number].name != made.name:
                raise ValueError(f"exercise {number}: {EXERCISES[number].name} and {made.name}")
            EXERCISES[number] = made
        return made

    return register


def variants_of(solution: Function) -> Callable[..., Function]:
    """Return what makes the typical mistakes of a solution whose keywords are its decisions.

    >>> changed = variants_of(lambda x, *, factor=2: factor * x)
    >>> changed(factor=3)(5)
    15
    """

    def changed(**decisions: Any) -> Function:
        return partial(solution, **decisions)

    return changed
