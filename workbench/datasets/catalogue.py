"""The catalogue of data sets. The entry of each set is in the set's own module.

All modules of `workbench.datasets.sets` are imported, so adding a module adds a set.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from workbench.datasets import sets
from workbench.datasets.builtin import BUILTIN
from workbench.datasets.builtin_songs import BUILTIN_SONGS
from workbench.datasets.entry import Entry


def entries() -> Iterator[Entry]:
    """The generated sets, then those of the modules in alphabetical order."""
    yield from (BUILTIN, BUILTIN_SONGS)
    for name in sorted(module.name for module in iter_modules(sets.__path__)):
        module = import_module(f"{sets.__name__}.{name}")
        yield from (value for value in vars(module).values() if isinstance(value, Entry))


CATALOGUE: dict[str, Entry] = {entry.name: entry for entry in entries()}
