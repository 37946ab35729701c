"""The exercises' checks, one module per lesson:
`from workbench.course.teaching import check_density`.

A new exercise is a function under `core.exercise` in any module of this package.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from workbench.course.teaching.core import EXERCISES, Exercise, Result, Task, exercise

__all__ = ["Exercise", "Result", "Task", "exercise", "exercises"]


def exercises() -> dict[str, Exercise]:
    """All exercises by number, in order."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return dict(sorted(EXERCISES.items()))


def __getattr__(name: str) -> Any:
    """`check_…`: the modules are loaded on first use."""
    if name.startswith("check_"):
        for found in exercises().values():
            if found.name == name:
                return found
    raise AttributeError(f"workbench.course.teaching has no {name!r}")
