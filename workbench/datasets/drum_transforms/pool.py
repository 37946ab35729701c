"""What a transformation may borrow from other loops: fills, crashes, bars of the same drummer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.datasets.drum_transforms.hits import CR, HIT, SD, TOMS, Table
from workbench.music.clip import Clip


@dataclass(frozen=True)
class Fill:
    """A bar that is a fill. hits: of dtype HIT, bar 0."""

    hits: np.ndarray
    style: str
    tempo: float
    meter: tuple[int, int]
    performance: str


def _clear(table: Table, bar: int) -> bool:
    """Whether a bar is clearly a fill in any groove: toms, or a run to its end."""
    struck = table.dense[0][bar]
    late = struck[table.cells // 2 :, [SD, *TOMS]].any(-1)
    return bool(struck[:, list(TOMS)].sum() >= 4 or late.mean() >= 0.6)


def performance_of(clip: Clip) -> str:
    """The performance that a loop was cut from."""
    return str(clip.labels.get("performance", clip.source))


@dataclass(frozen=True)
class Pool:
    """Built from training loops only, so that nothing of a held-out session is borrowed.

    fills: bars that are fills; crashes: hits of dtype HIT; takes: the loops of each performance.
    """

    fills: list[Fill]
    crashes: np.ndarray
    takes: dict[str, list[Clip]]

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> Pool:
        """Collect the fill bars, crashes and performances of loops."""
        fills: list[Fill] = []
        crashes, seen = [np.zeros(0, HIT)], set()
        takes: dict[str, list[Clip]] = defaultdict(list)
        for clip in clips:
            table = Table.of(clip)
            performance = performance_of(clip)
            takes[performance].append(clip)
            crashes.append(table.main[table.main["drum"] == CR])
            whole = clip.labels.get("kind") == "fill"
            for bar in np.flatnonzero(table.dense[0].any((1, 2)) if whole else table.fills()):
                hits = table.hits[table.hits["bar"] == bar].copy()
                hits["bar"] = 0
                key = (performance, hits.tobytes())
                if key not in seen and _clear(table, int(bar)):
                    seen.add(key)
                    style = str(clip.labels.get("style", ""))
                    fills.append(Fill(hits, style, clip.tempo, clip.meter, performance))
        return cls(fills, np.concatenate(crashes), dict(takes))

    @cached_property
    def _columns(self) -> tuple[np.ndarray, ...]:
        """log2 of the tempo, style, performance and metre of each fill."""
        names = ("tempo", "style", "performance")
        tempi, styles, performances = (
            np.array([getattr(fill, name) for fill in self.fills]) for name in names
        )
        meters = np.array([fill.meter for fill in self.fills]).reshape(-1, 2)
        return np.log2(tempi), styles, performances, meters

    def fill_for(
        self,
        style: str,
        tempo: float,
        meter: tuple[int, int],
        rng: np.random.Generator,
        avoid: str = "",
    ) -> Fill | None:
        """A fill of another performance in this metre, of a near tempo and, if there are some, of
        this style."""
        tempi, styles, performances, meters = self._columns
        usable = (meters == np.array(meter)).all(1) & (performances != avoid)
        if not usable.any():
            return None
        cost = np.abs(tempi - np.log2(tempo)) + 0.35 * (styles != style)
        cost = np.where(usable, cost + 0.15 * rng.random(len(cost)), np.inf)
        near = np.argsort(cost, kind="stable")[: min(24, int(usable.sum()))]
        return self.fills[int(near[rng.integers(len(near))])]
