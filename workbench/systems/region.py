"""The part of a clip to replace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.arguments import listed, number, shown, whole
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.kit import DRUMS


@dataclass(frozen=True, eq=False)
class Region:
    """The part of a clip to replace; everything else stays.

    Give one of bars, seconds and cells, or none of them for the whole clip. Each system converts
    them to its own unit where the clip has both units.

    Args:
        bars: (first, last), counted from 0, last exclusive. Bars beyond the end of a song continue
            it, and negative bars add an introduction.
        seconds: (first, last) in seconds from the beginning of the clip.
        cells: Cells of a drum roll, bool (sixteenths, 9), True where to replace.
        tracks: The tracks to replace within that range, None for all: names or numbers, or a single
            one. For a drum loop these are the codes of its voices, such as "SD".

    Raises:
        PromptError: If more than one of bars, seconds and cells is given, or if nothing is
            selected: an empty range, cells that are all False, no track.
    """

    bars: tuple[int, int] | None = None
    seconds: tuple[float, float] | None = None
    cells: np.ndarray | None = None
    tracks: Sequence[int | str] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("bars", "seconds", "cells") if getattr(self, name) is not None]
        if len(given) > 1:
            raise PromptError(f"region: has {' and '.join(given)}; give one of them")
        for name, read in (("bars", whole), ("seconds", number)):
            value = getattr(self, name)
            if value is None:
                continue
            try:
                first, last = value
            except (TypeError, ValueError):
                raise PromptError(f"{name}={shown(value)}: give (first, last)") from None
            pair = read(first, name), read(last, name)
            if not pair[0] < pair[1]:
                raise PromptError(f"{name}: {pair} is empty; give (first, last) with first < last")
            object.__setattr__(self, name, pair)
        if self.cells is not None:
            object.__setattr__(self, "cells", _cells(self.cells))
        if self.tracks is not None:
            one = isinstance(self.tracks, str | int | np.integer)
            tracks = [self.tracks] if one else listed(self.tracks, "tracks", "names or numbers", 1)
            tracks = [t if isinstance(t, str) else whole(t, "tracks") for t in tracks]
            if any(isinstance(t, str) and not t.strip() for t in tracks):
                raise PromptError(f"tracks={shown(self.tracks)}: give names or numbers")
            object.__setattr__(self, "tracks", tracks)

    def __repr__(self) -> str:
        given = {name: getattr(self, name) for name in ("bars", "seconds", "cells", "tracks")}
        shown = (f"{name}={value!r}" for name, value in given.items() if value is not None)
        return f"Region({', '.join(shown)})"

    def bar_range(self, clip: Clip) -> tuple[int, int]:
        """Return the bars that the region touches: (first, last), last exclusive."""
        if self.cells is not None:
            raise PromptError("region: this system replaces bars and tracks, not cells; give bars")
        if self.seconds is None:
            return self.bars or (0, clip.bars)
        lines = self._bar_seconds(clip)
        if not 0 <= self.seconds[0] < self.seconds[1] <= lines[-1] + 1e-3:
            raise PromptError(f"seconds: {self.seconds} is not in this clip of {lines[-1]:.2f} s")
        first = int(np.searchsorted(lines, self.seconds[0] + 1e-6, side="right")) - 1
        last = int(np.searchsorted(lines, self.seconds[1] - 1e-6))
        return max(first, 0), max(last, first + 1)

    def second_range(self, clip: Clip) -> tuple[float, float]:
        """Return the region as (first, last) in seconds."""
        if self.cells is not None or self.tracks is not None:
            unit = "cells" if self.cells is not None else "tracks"
            raise PromptError(f"region: a sound has no {unit}; give seconds or bars")
        if self.bars is None:
            return self.seconds or (0.0, clip.duration)
        first, last = self.bars
        if not 0 <= first < last <= clip.bars:
            raise PromptError(f"bars: {self.bars} is not in this clip of {clip.bars} bars")
        lines = self._bar_seconds(clip)
        return float(lines[first]), min(float(lines[last]), clip.duration)

    def cell_mask(self, clip: Clip, steps: int) -> np.ndarray:
        """Return the region as cells of a drum roll: bool (steps, 9), True where to replace. A bar
        of the clip's metre has 16 steps in 4/4."""
        if self.cells is not None:
            mask = self.cells
            if mask.shape != (steps, len(DRUMS)):
                raise PromptError(
                    f"cells: must have shape {(steps, len(DRUMS))} for this clip, got {mask.shape}"
                )
            mask = mask.copy()
        else:
            first, last = self.bar_range(clip)
            bars = steps * clip.meter[1] // (16 * clip.meter[0])
            if not 0 <= first < last <= bars:
                raise PromptError(f"bars: {(first, last)} is not in this clip of {bars} bars")
            begin, end = (4 * beat for beat in self.beat_range(clip))
            mask = np.zeros((steps, len(DRUMS)), dtype=bool)
            mask[int(begin + 1e-6) : int(np.ceil(end - 1e-6))] = True  # every cell it touches
        if self.tracks is not None:
            mask &= np.isin(np.arange(len(DRUMS)), [_voice(track) for track in self.tracks])
        return mask

    def beat_range(self, clip: Clip) -> tuple[float, float]:
        """Return the region as (first, last) in quarter notes."""
        bars, lines = self.bar_range(clip), clip.bar_lines
        if self.seconds is None:
            return float(lines[bars[0]]), float(lines[bars[1]])
        first, last = clip.beats_at(np.array(self.seconds)).tolist()
        return first, min(last, float(lines[-1]))

    def _bar_seconds(self, clip: Clip) -> np.ndarray:
        if not clip.tempo_known:
            raise PromptError("bars: the tempo of this clip is not known; give seconds, or a tempo")
        return np.asarray(clip.seconds_at(clip.bar_lines))


def _cells(cells: Any) -> np.ndarray:
    """Return a mask of drum cells as bool."""
    try:
        mask = np.asarray(cells)
        if mask.dtype.kind not in "biuf" or not np.isin(mask, (0, 1)).all():
            raise TypeError
    except (TypeError, ValueError):
        raise PromptError(
            f"cells={shown(cells)}: give an array of True and False, (sixteenths, {len(DRUMS)})"
        ) from None
    if not mask.any():
        raise PromptError("cells: all are False, so there is nothing to replace")
    return mask.astype(bool)


def region_of(region: Any) -> Region:
    """Return `region` if it is a Region; raise PromptError otherwise."""
    if not isinstance(region, Region):
        raise PromptError(f"region={shown(region)}: give a Region, such as Region(bars=(4, 8))")
    return region


def _voice(track: int | str) -> int:
    """Return the column of a drum voice."""
    if isinstance(track, str):
        if track.upper() not in DRUMS:
            raise PromptError(
                f"tracks: {track!r} is not a drum voice; choose from {', '.join(DRUMS)}"
            )
        return DRUMS.index(track.upper())
    return whole(track, "tracks", 0, len(DRUMS) - 1)
