"""Checks of arguments: numbers, texts, names, lists and arrays.

Every public call converts its arguments here, so that `for seed in np.arange(3)` works and an
invalid value is an error of one line. `music.clip.clips_of` checks clips.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.errors import PromptError

if TYPE_CHECKING:
    import numpy as np
    import torch

LARGEST_SEED = 2**64 - 1
F = TypeVar("F", bound=Callable[..., Any])


def number(value: Any, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """`value` as a float from `low` to `high`. Raises PromptError with the argument's name."""
    plain = _plain(value)
    largest = sys.float_info.max
    if plain is None or not max(low, -largest) <= plain <= min(high, largest):
        raise PromptError(f"{name}={shown(value)}: give a number{_range(low, high)}")
    return float(plain)


def whole(value: Any, name: str, low: float = -math.inf, high: float = math.inf) -> int:
    """`value` as an int from `low` to `high`; 4.0 is 4. Raises PromptError with its name."""
    plain = _whole(value)
    if plain is None or not low <= plain <= high:
        raise PromptError(f"{name}={shown(value)}: give a whole number{_range(low, high)}")
    return plain


def seed_of(value: Any, name: str = "seed") -> int:
    """`value` as a seed from 0 to 2**64 - 1. Raises PromptError with the argument's name."""
    plain = _whole(value)
    if plain is None or not 0 <= plain <= LARGEST_SEED:
        raise PromptError(f"{name}={shown(value)}: give a whole number from 0 to 2**64 - 1")
    return plain


def flag(value: Any, name: str) -> bool:
    """`value` as a bool: True, False, 1 or 0. Raises PromptError with the argument's name."""
    plain = value.item() if _has_one(value) else value
    if not isinstance(plain, bool | int) or plain not in (0, 1):
        raise PromptError(f"{name}={shown(value)}: give True or False")
    return bool(plain)


def path_of(
    value: Any, name: str = "path", what: str = 'the path of a file, such as "loop.mid"'
) -> str:
    """`value` as the text of a path. Raises PromptError with the argument's name unless it is a
    text or a pathlib.Path that is not empty."""
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str) or not path:
        empty = " is empty;" if isinstance(path, str) else ""
        raise PromptError(f"{name}={shown(value)}:{empty} give {what}")
    try:
        named = b"\0" not in os.fsencode(path)
    except UnicodeError:  # lone surrogates that represent no byte
        named = False
    if not named:
        raise PromptError(f"{name}={shown(value)}: no file has such a name; give {what}")
    return path


def text_of(value: Any, name: str) -> str:
    """`value` as a text; None becomes "". Raises PromptError with the argument's name."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PromptError(f"{name}={shown(value)}: give a text")
    return str(value)  # converts NumPy's texts to Python's


def choice(value: Any, name: str, known: Iterable[str]) -> str:
    """`value`, which must be one of the names in `known`. Raises PromptError with all of them."""
    known = list(known)
    if not isinstance(value, str) or value not in known:
        raise PromptError(f"{name}={shown(value)}: choose one of {', '.join(known) or 'none'}")
    return str(value)


def listed(value: Any, name: str, what: str, least: int = 0) -> list[Any]:
    """The items of a list, an array or another collection. Raises PromptError with the argument's
    name for fewer than `least` items, and for a text, a mapping or anything else."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise PromptError(f"{name}={shown(value)}: give a list of {what}")
    try:
        items = list(value)
    except TypeError:  # an array without dimensions
        raise PromptError(f"{name}={shown(value)}: give a list of {what}") from None
    if len(items) < least:
        held = f"holds {len(items)}" if items else "is empty"
        raise PromptError(f"{name} {held}; give {least} or more {what}")
    return items


def mapping_of(value: Any, name: str) -> dict[str, Any]:
    """A copy of a mapping; None becomes {}. Raises PromptError with the argument's name."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise PromptError(f"{name}={shown(value)}: give a mapping such as {{'key': 'C major'}}")
    return dict(value)


def texts_of(value: Any, name: str, least: int = 0) -> list[str]:
    """The texts of a list; a single text becomes a list of one."""
    items = [value] if isinstance(value, str) else listed(value, name, "texts", least)
    return [text_of(item, f"{name}[{i}]") for i, item in enumerate(items)]


def floats(value: Any, name: str) -> np.ndarray:
    """Numbers as a float64 array of any shape; None in a list becomes NaN. Raises PromptError with
    the argument's name for anything else, such as a text, a mapping or rows of unequal lengths."""
    import numpy as np

    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufO":
            raise TypeError
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise PromptError(f"{name}={shown(value)}: give an array of numbers") from None


def same_length(**lists: Sized) -> None:
    """Check that lists have the same length. Raises PromptError with their names and lengths."""
    if len({len(items) for items in lists.values()}) > 1:
        lengths = ", ".join(f"{name} has {len(items)}" for name, items in lists.items())
        raise PromptError(f"{lengths}; give as many of each")


def function_of(value: Any, name: str, *, needed: bool = False) -> Any:
    """`value`, which must be a function or, unless it is needed, None. Raises PromptError with the
    argument's name."""
    if not callable(value) and (needed or value is not None):
        raise PromptError(f"{name}={shown(value)}: give a function{'' if needed else ', or None'}")
    return value


def later_seed(seed: int, i: int) -> int:
    """The `i`-th seed after this one; 0 follows the largest."""
    return (seed + i) % (LARGEST_SEED + 1)


def torch_seed(seed: int) -> int:
    """A seed for PyTorch, whose CPU generator uses only the lower 32 bits. Larger seeds are hashed
    into them, so that 2**32 differs from 0; smaller ones stay unchanged."""
    high, low = divmod(seed, 2**32)
    for factor in (0x7FEB352D, 0x846CA68B):  # shifts, so that 2**63 differs from 2**31
        high = (high ^ high >> 16) * factor % 2**32
    return low ^ high ^ high >> 16


def generator(seed: int) -> torch.Generator:
    """PyTorch's CPU generator, for any seed that `seed_of` accepts."""
    import torch

    return torch.Generator().manual_seed(torch_seed(seed))


def random_generator(seed: int) -> np.random.Generator:
    """NumPy's generator, for any seed that `seed_of` accepts."""
    import numpy as np

    return np.random.default_rng(seed_of(seed))


def row_seeds(seed: int, n: int) -> list[int]:
    """A seed for each of `n` rows that are sampled together. Row 0 has `seed` itself; the seed of
    row i does not depend on `n`."""
    import numpy as np

    others = (np.random.SeedSequence([seed, i]) for i in range(1, n))
    return [seed, *(int(other.generate_state(1)[0]) for other in others)][:n]


def _has_one(value: Any) -> bool:
    """Whether it is a NumPy scalar, or an array or tensor without dimensions."""
    return hasattr(value, "item") and getattr(value, "ndim", 1) == 0


def _plain(value: Any) -> int | float | None:
    """The value as a Python number, or None if it is not a number."""
    if _has_one(value):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def _whole(value: Any) -> int | None:
    """The value as a Python int, or None if it is not a whole number."""
    plain = _plain(value)
    if isinstance(plain, float):
        return int(plain) if plain.is_integer() else None
    return plain


def shown(value: Any, most: int = 60) -> str:
    """A value for an error message, on one line of bounded length."""
    plain = _plain(value)
    try:
        text = " ".join(repr(value if plain is None else plain).split())
    except ValueError:  # Python does not print whole numbers of more than 4,300 digits
        text = f"{plain:#x}" if plain is not None else f"a {type(value).__name__}"
    return text if len(text) <= most else text[: most - 3] + "..."


def _range(low: float, high: float) -> str:
    if high == math.inf:
        return "" if low == -math.inf else f", {low:g} or more"
    return f" from {low:g} to {high:g}"


def renamed(**names: str) -> Callable[[F], F]:
    """Decorate a method so that it accepts keyword arguments under their old names and warns of
    them with a DeprecationWarning. names: old="new"."""

    def decorate(function: F) -> F:
        @wraps(function)
        def call(*args: Any, **given: Any) -> Any:
            for old, new in names.items():
                if old in given:
                    warnings.warn(
                        f"{old}: has been renamed to {new}", DeprecationWarning, stacklevel=2
                    )
                    given.setdefault(new, given[old])
                    del given[old]
            return function(*args, **given)

        return call  # type: ignore[return-value]

    return decorate
