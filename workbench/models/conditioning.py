"""The conditioning of a denoiser: what all its kinds have in common.

`denoisers.DrumConditioning` holds a text vector and a tempo, `dit.LDMGConditioning` a genre and
text tokens, `music_ldm.MusicLDMConditioning` a text–audio embedding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What a denoiser is conditioned on: tensors with one row per item.

    Each network has a subclass of its own, whose fields are in the order in which the network takes
    them: `network(x, t, *conditioning)`. `timed`: numbers of the fields (batch, channels, frames)
    that run along the latent's time; a field without channels and frames is left out.
    """

    timed: ClassVar[tuple[int, ...]] = ()

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, field.name) for field in fields(self))

    def dropped(self, p: float) -> Self:
        """Return the batch with each condition of each item left out with probability p, as in
        training for classifier-free guidance."""
        raise NotImplementedError

    def unconditional(self) -> Self:
        """Return the batch without the conditions that guidance strengthens."""
        raise NotImplementedError


def joined(a: Conditioning, b: Conditioning) -> list[Tensor]:
    """Concatenate the tensors of two batches, row by row."""
    return [torch.cat(pair) for pair in zip(a, b, strict=True)]
