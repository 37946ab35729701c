"""The conditioning of a denoiser: a text, a tempo, a genre, an embedding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, Self

import torch
from torch import Tensor


class Conditioning(Protocol):
    """Tensors with one row per item, in the order in which the denoiser takes them."""

    def __iter__(self) -> Iterator[Tensor]: ...

    def dropped(self, p: float) -> Self:
        """Each condition of each item is left out with probability p: training for guidance."""
        ...

    def unconditional(self) -> Self:
        """The same batch with what guidance exaggerates left out."""
        ...


def joined(a: Conditioning, b: Conditioning) -> list[Tensor]:
    """Concatenate the tensors of two batches."""
    return [torch.cat(pair) for pair in zip(a, b, strict=True)]
