"""Packages that are imported when they are first used.

Training from prepared data needs PyTorch, NumPy and safetensors only; modules that also read and
write files must be importable without the packages that do so.
"""

from importlib import import_module
from types import ModuleType
from typing import Any


class _Late(ModuleType):
    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self.__name__), name)
        setattr(self, name, value)
        return value


def late(name: str) -> Any:
    """Return a stand-in for a package; its first use imports it, or raises ModuleNotFoundError."""
    return _Late(name)
