"""The task of an exercise, and the verdict on the answers: correct, or what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from workbench.course.teaching.asking import Answer, Function
from workbench.course.teaching.values import Other, as_data, same

# Message, a function that makes the mistake, and the number of the exercise's hint that fits it, if
# one does.
Mistake = tuple[str, Function] | tuple[str, Function, int]


class Verdict(NamedTuple):
    """state: such as "correct"; message: to show; hint: number of the one that fits, 0 for none."""

    state: str
    message: str = ""
    hint: int = 0


@dataclass(frozen=True)
class Task:
    """An exercise with the inputs of one seed: the correct answer as a function, the cases (each a
    tuple of arguments), and typical mistakes. A case holds numbers, texts, arrays, tensors,
    lists, tuples, dicts, or functions that a module outside `workbench.course.teaching` defines.
    If a case is repeated, an answer that differs the second time is recognised as random."""

    answer: Function
    cases: Sequence[tuple[Any, ...]]
    mistakes: Sequence[Mistake] = ()
    tolerance: float = 1e-4


def verdict(
    answers: Sequence[Answer], task: Task, answers_of: Callable[[Function], list[Any]]
) -> Verdict:
    """Judge answers.

    answers_of: returns the results of a function of the task for the same cases.
    """
    for answer in answers:
        if answer.error:
            return Verdict("not yet", answer.error)
    given = [answer.value for answer in answers]
    if all(value is None for value in given):
        if any(answer.printed for answer in answers):
            return Verdict("not yet", "it prints its answer but returns nothing: use return")
        if not all(answer.empty for answer in answers):
            return Verdict("not yet", "it returns nothing: does it end in a line with return?")
        return Verdict("not attempted")
    if any(value is None for value in given):
        every = "for some inputs it returns nothing: does every branch end in a return?"
        return Verdict("not yet", every)
    if _differs_for_the_same(given, task.cases):
        return Verdict(
            "not yet",
            "it gives different results for the same input: it samples its own random numbers, but "
            "its arguments are all that it needs",
        )
    right = answers_of(task.answer)
    wrong = _difference(given, right, task.tolerance)
    if wrong is None:
        changes = "but it changes its arguments, which the caller does not expect"
        return Verdict("correct", changes if any(answer.changed for answer in answers) else "")
    for words, mistake, *fitting in task.mistakes:
        if _difference(given, answers_of(mistake), task.tolerance) is None:
            return Verdict("not yet", words, *fitting)
    return Verdict("not yet", _pattern(given, right) or wrong)


def _differs_for_the_same(given: Sequence[Any], cases: Sequence[tuple[Any, ...]]) -> bool:
    """Whether two answers to equal cases differ. Only exercises that repeat a case can tell."""
    data = [as_data(case) for case in cases]
    return any(
        same(data[i], data[j]) and not same(given[i], given[j])
        for j in range(len(given))
        for i in range(j)
    )


def _difference(given: Sequence[Any], right: Sequence[Any], tolerance: float) -> str | None:
    """Describe the first difference; None if all answers agree."""
    if len(given) != len(right):
        return f"{len(given)} answers to {len(right)} cases"
    for answer, expected in zip(given, right, strict=True):
        found = _apart(answer, expected, tolerance)
        if found is not None:
            return found
    return None


def _apart(answer: Any, expected: Any, tolerance: float) -> str | None:
    if isinstance(expected, dict):
        return _apart_in_dict(answer, expected, tolerance)
    if isinstance(answer, Other):
        return f"it returns {answer.name}, not {'text' if _words(expected) else 'numbers'}"
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
        swapped = ": are two axes swapped?" if sorted(a.shape) == sorted(b.shape) else ""
        return f"it returns shape {a.shape}, expected {b.shape}{swapped}"
    if not np.isfinite(a).all() and np.isfinite(b).all():
        return "it returns numbers that are not finite"
    exact = b.dtype.kind in "biu"  # integers must match exactly
    if np.allclose(
        a, b, atol=1e-6 if exact else tolerance, rtol=0 if exact else tolerance, equal_nan=True
    ):
        return None
    return f"for one input it gives {_brief(a)}, expected {_brief(b)}"


def _apart_in_dict(answer: Any, expected: dict[str, Any], tolerance: float) -> str | None:
    if not isinstance(answer, dict):
        return f"it returns {getattr(answer, 'name', type(answer).__name__)}, not a dict"
    if answer.keys() != expected.keys():
        return f"its keys are {', '.join(answer):.200}, expected {', '.join(expected)}"
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
            return f"for one input word {place} is {a!s:.40}, expected {b}"
    if len(answer) != len(expected):
        return f"for one input it gives {len(answer)} words, expected {len(expected)}"
    return None


def _pattern(given: Sequence[Any], right: Sequence[Any]) -> str:
    """What all wrong answers have in common, or "" if nothing."""
    try:
        pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(given, right, strict=True)]
    except ValueError:
        return ""
    if any(part.dtype.kind not in "biuf" for pair in pairs for part in pair):
        return ""
    if any(a.shape != b.shape or not np.isfinite(a).all() for a, b in pairs):
        return ""
    a, b = (np.concatenate([pair[i].ravel() for pair in pairs]).astype(float) for i in (0, 1))
    if len(pairs) > 1 and all(same(pairs[0][0], other) for other, _ in pairs[1:]):
        return "it gives the same result for every input: does it use its arguments?"
    if a.size < 2 or not np.abs(b).max() > 0:
        return ""
    factor = float(a @ b / (b @ b))
    alike = np.allclose(a, factor * b, rtol=1e-4, atol=1e-6)
    if not alike or min(abs(factor), abs(factor - 1)) < 1e-3:
        return ""
    if abs(factor + 1) < 1e-3:
        return "the sign is reversed"
    return f"all numbers are {factor:.4g} times the expected ones"


def _brief(values: np.ndarray) -> str:
    flat = values.ravel()
    return ", ".join(f"{v:.4g}" for v in flat[:3]) + (", …" if len(flat) > 3 else "")
