"""Keeping a beat while a latent is sampled, by a network that was not trained on beats.

Music repeats after a beat, two beats or a bar. Here, each estimate of x₀ is averaged with its own
shifts by these periods, and part of the starting noise repeats every two beats, so that sampling
ends in a latent whose onsets are regular. It is the beat-synchronous latent mixup of MusicLDM with
one piece in both roles: the music is mixed with itself a beat or a bar later. A form decides which
bars are averaged with each other, so that not all bars are the same.

A network that is trained on the position in the bar needs neither. It receives the beat as channels
instead (see `representations.beat_channels`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

# Weights of the means over shifts by beats, by pairs of beats and by bars; the rest is the estimate
# itself. SHARED: share of the noise's variance that repeats. NEAREST: shifts on each side.
WEIGHTS = (0.2, 0.3, 0.2)
SHARED = 0.8
NEAREST = 16
LOUDEST = 3.0  # factor at most by which an average is scaled to the spread of the estimate


@dataclass(frozen=True)
class BeatGrid:
    """Where beats and bars fall in a latent.

    Args:
        frames: Length of the latent along time.
        quarter: Frames of a quarter note, not necessarily whole.
        meter: Metre, such as (4, 4) or (6, 8).
        loop: Whether the end continues at the start. The latent then has whole bars.
    """

    frames: int
    quarter: float
    meter: tuple[int, int] = (4, 4)
    loop: bool = False

    @property
    def bar(self) -> float:
        """Frames of a bar."""
        return 4 * self.meter[0] / self.meter[1] * self.quarter

    @property
    def levels(self) -> tuple[tuple[float, float], ...]:
        """Pairs (period in frames, weight of the mean over its shifts), the shortest first: beats,
        pairs of beats where a bar is divided into them, bars. The beat of 6/8 and 12/8 is a dotted
        quarter, that of 7/8 an eighth."""
        top, bottom = self.meter
        per_bar = top // 3 if bottom == 8 and top % 3 == 0 else top
        beat, (one, two, whole) = self.bar / per_bar, WEIGHTS
        if per_bar % 2 == 0 and per_bar > 2:
            return (beat, one), (2 * beat, two), (self.bar, whole)
        return (beat, one), (self.bar, two + whole)

    def noise(self, noise: Tensor, pattern: Tensor, axis: int) -> Tensor:
        """Return noise of which a share repeats every two beats, or every bar where a bar is not
        divided into pairs of beats.

        Args:
            noise: Standard normal noise (n, …), `frames` long along `axis`.
            pattern: The same, at least `pattern_frames` long along `axis`.
            axis: The axis of time.

        Returns:
            Standard normal noise of the shape of `noise`.
        """
        phase = torch.remainder(torch.arange(self.frames).double() + 1e-6, self._repeated)
        low = phase.floor().long()
        part = (phase - low).float()
        pattern = pattern.movedim(axis, -1)
        # a mean of two independent numbers has a smaller variance
        size = (part**2 + (1 - part) ** 2).sqrt()
        repeated = (pattern[..., low] * (1 - part) + pattern[..., low + 1] * part) / size
        return math.sqrt(SHARED) * repeated.movedim(-1, axis) + math.sqrt(1 - SHARED) * noise

    @property
    def pattern_frames(self) -> int:
        """Frames of the noise that repeats."""
        return math.floor(self._repeated) + 2

    @property
    def _repeated(self) -> float:
        return self.levels[1][0]

    def mixed(self, x0: Tensor, axis: int) -> Tensor:
        """Average estimates of x₀ (n, …) with their shifts along `axis`. Each channel keeps its
        standard deviation over time, which an average of different sounds would reduce."""
        x = x0.movedim(axis, -1)
        rows = x.reshape(-1, self.frames)
        y = torch.sparse.mm(self.mixture.to(rows), rows.T).T
        mean = y.mean(1, keepdim=True)
        spread = rows.std(1, correction=0, keepdim=True) / y.std(
            1, correction=0, keepdim=True
        ).clamp(min=1e-6)
        y = mean + (y - mean) * spread.clamp(max=LOUDEST)
        return y.reshape(x.shape).movedim(-1, axis)

    @cached_property
    def mixture(self) -> Tensor:
        """The average as a sparse matrix (frames, frames), whose rows add up to 1. A shift by a
        fraction of a frame is interpolated linearly."""
        at = torch.arange(self.frames).double()
        own = 1 - sum(weight for _, weight in self.levels)
        entries = [(at.long(), at.long(), torch.full_like(at, own))]
        for period, weight in self.levels:
            place = at[:, None] + self._shifts(period) * period
            if self.loop:
                place = torch.remainder(place, self.frames)
            inside = (place >= 0) & (place <= self.frames - 1 + self.loop)
            if period == self.bar:
                inside &= self._letters(place) == self._letters(at)[:, None]
            low = place.floor().clamp(0, self.frames - 1)
            part = (place - low).clamp(0, 1)
            high = torch.remainder(low + 1, self.frames) if self.loop else low + 1
            share = weight * inside / inside.sum(1, keepdim=True)
            here = at[:, None].expand_as(place)
            for column, value in ((low, share * (1 - part)), (high, share * part)):
                some = value > 0
                entries.append((here[some].long(), column[some].long(), value[some]))
        rows, columns, values = (torch.cat(part) for part in zip(*entries, strict=True))
        size = (self.frames, self.frames)
        with torch.sparse.check_sparse_tensor_invariants():  # PyTorch warns of an implicit choice
            matrix = torch.sparse_coo_tensor(torch.stack([rows, columns]), values.float(), size)
        return matrix.coalesce()

    def _shifts(self, period: float) -> Tensor:
        """Return the numbers of periods by which the latent is shifted; in a loop, each place is
        met at most once."""
        if self.loop:
            count = min(round(self.frames / period), 2 * NEAREST + 1)
            return torch.arange(count) - count // 2
        most = min(NEAREST, math.floor(self.frames / period))
        return torch.arange(-most, most + 1)

    def _letters(self, place: Tensor) -> Tensor:
        """Return the letters of the bars at places in frames, as numbers."""
        bar = (place / self.bar + 1e-6).floor().long()
        form = form_of(math.ceil(self.frames / self.bar - 1e-6))
        return torch.tensor(form)[bar.clamp(0, len(form) - 1)]


def form_of(bars: int) -> list[int]:
    """Return the letter of each bar as a number; bars of one letter are averaged with each other.
    Every fourth bar differs, and so does the last of two or three.

    >>> "".join("AB"[letter] for letter in form_of(8)), form_of(3)
    ('AAABAAAB', [0, 0, 1])
    """
    return [int(i % 4 == 3 or 0 < i == bars - 1 < 3) for i in range(bars)]
