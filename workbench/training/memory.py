"""Full memory: an error in one line, with the profile that fits."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from workbench.errors import MemoryFullError


@contextmanager
def memory_told(title: str, batch: int) -> Iterator[None]:
    """Turn an allocation failure, on a GPU or not, into a MemoryFullError of one line."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        told = ("can't allocate memory", "ALLOC_FAILED")  # by PyTorch's CPU and by CUDA's libraries
        full = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not full and not any(words in str(error) for words in told):
            raise
        raise MemoryFullError(
            f"{title}: the device's memory is full at a batch of {batch}; take a smaller profile "
            "(gpu, laptop, smoke in this order) or another device"
        ) from error


@contextmanager
def fitting(profile: str, needs: Mapping[str, float]) -> Iterator[None]:
    """Around a training: if memory is full, name the smaller profile that fits. needs: approximate
    GiB of each profile, in the order of their sizes, if known."""
    try:
        yield
    except MemoryFullError as error:
        if profile not in needs:
            raise
        there, names = memory(), list(needs)
        smaller = [name for name in names[: names.index(profile)] if needs[name] < there]
        best = smaller[-1] if smaller else None
        way_out = f"take {best!r} ({needs[best]:g} GiB)" if best else "take another device"
        raise MemoryFullError(
            f"profile: {profile!r} needs about {needs[profile]:g} GiB of memory, this device has "
            f"{there:.1f}; {way_out}"
        ) from error


def memory() -> float:
    """GiB that a training may use: the free memory of the GPU, or the machine's memory."""
    if torch.cuda.is_available():
        return (torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()) / 2**30
    if not hasattr(os, "sysconf"):  # on Windows
        return math.inf
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
