"""Numbers as people hand them over: Python's, NumPy's, or an array without dimensions.

Every public call that takes a seed, a count or another number reads it here, so that
`for seed in np.arange(3)` works and what cannot be followed is named in one line.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workbench.errors import PromptError

if TYPE_CHECKING:
    import numpy as np
    import torch

LARGEST_SEED = 2**64 - 1


def number(value: Any, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """`value` as a float from `low` to `high`. Raises PromptError with the argument's name."""
    plain = _plain(value)
    if plain is None or not low <= plain <= high or abs(plain) == math.inf:
        raise PromptError(f"{name}={_shown(value)}: give a number{_range(low, high)}")
    return float(plain)


def whole(value: Any, name: str, low: float = -math.inf, high: float = math.inf) -> int:
    """`value` as an int from `low` to `high`; 4.0 is 4. Raises PromptError with its name."""
    plain = _whole(value)
    if plain is None or not low <= plain <= high:
        raise PromptError(f"{name}={_shown(value)}: give a whole number{_range(low, high)}")
    return plain


def seed_of(value: Any, name: str = "seed") -> int:
    """`value` as a seed from 0 to 2**64 - 1. Raises PromptError with the argument's name."""
    plain = _whole(value)
    if plain is None or not 0 <= plain <= LARGEST_SEED:
        raise PromptError(f"{name}={_shown(value)}: give a whole number from 0 to 2**64 - 1")
    return plain


def later_seed(seed: int, i: int) -> int:
    """The `i`-th seed after this one; after the largest comes 0."""
    return (seed + i) % (LARGEST_SEED + 1)


def torch_seed(seed: int) -> int:
    """A seed for PyTorch, whose generator on the CPU reads the lower 32 bits alone: larger seeds
    are folded, so that 2**32 does not give the same as 0. Smaller ones stay."""
    high, low = divmod(seed, 2**32)
    return low ^ (high * 0x9E3779B1 % 2**32)


def generator(seed: int) -> torch.Generator:
    """PyTorch's generator on the CPU, for any seed that `seed_of` lets through."""
    import torch

    return torch.Generator().manual_seed(torch_seed(seed))


def random_generator(seed: int) -> np.random.Generator:
    """NumPy's generator, for any seed that `seed_of` lets through."""
    import numpy as np

    return np.random.default_rng(seed_of(seed))


def row_seeds(seed: int, n: int) -> list[int]:
    """A seed for each of `n` rows that are sampled together: the first has `seed` itself, and row i
    has the same whatever `n` is."""
    import numpy as np

    others = (np.random.SeedSequence([seed, i]) for i in range(1, n))
    return [seed, *(int(other.generate_state(1)[0]) for other in others)][:n]


def _plain(value: Any) -> int | float | None:
    """A Python number, or None for what is none."""
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # NumPy's scalars, 0-d tensors
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def _whole(value: Any) -> int | None:
    """A Python int, or None for what is no whole number."""
    plain = _plain(value)
    if isinstance(plain, float):
        return int(plain) if plain.is_integer() else None
    return plain


def _shown(value: Any) -> str:
    plain = _plain(value)
    try:
        text = repr(value) if plain is None else repr(plain)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        text = f"{plain:#x}"
    return text if len(text) <= 60 else text[:57] + "..."


def _range(low: float, high: float) -> str:
    if high == math.inf:
        return "" if low == -math.inf else f", {low:g} or more"
    return f" from {low:g} to {high:g}"
