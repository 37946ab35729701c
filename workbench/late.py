"""Packages that are imported when they are first used.

Training from prepared data needs PyTorch, NumPy and safetensors only; modules that also read and
write files must be importable without the packages that do so.
"""

from importlib import import_module
from typing import Any

from workbench.extras import named_extras


class _Late:
    """Not a module itself: tools that look through a module's modules, such as pdoc, rename or
    register those that they find."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # tools that look at every object do not use it
            raise AttributeError(name)
        with named_extras():
            package = import_module(self._name)
        value = getattr(package, name)
        setattr(self, name, value)
        return value


def late(name: str) -> Any:
    """Return a stand-in for a package; its first use imports it, or raises MissingPackageError."""
    return _Late(name)
