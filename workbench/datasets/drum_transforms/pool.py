"""What a transformation may borrow from other loops: fills, crashes, bars of the same drummer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.datasets.drum_transforms.hits import CR, HIT, SD, TOMS, Table
from workbench.music.clip import Clip

_KEYS = ("tempo", "style", "performance")


@dataclass(frozen=True)
class Fill:
    """A bar that is a fill. hits: of dtype HIT, bar 0."""

    hits: np.ndarray
    style: str
    tempo: float
    meter: tuple[int, int]
    performance: str


def _clear(table: Table, bar: int) -> bool:
    """Whether a bar would be heard as a fill in any groove: toms, or a run to its end."""
    struck = table.dense[0][bar]
    late = struck[table.cells // 2 :, [SD, *TOMS]].any(-1)
    return bool(struck[:, list(TOMS)].sum() >= 4 or late.mean() >= 0.6)


@dataclass
class Pool:
    """Built from training loops only, so that nothing of a held-out session is borrowed."""

    fills: list[Fill] = field(default_factory=list)
    crashes: np.ndarray = field(default_factory=lambda: np.zeros(0, HIT))
    takes: dict[str, list[Clip]] = field(default_factory=lambda: defaultdict(list))
    _keys: tuple[np.ndarray, ...] | None = None

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> Pool:
        """Collect the fill bars, crashes and performances of loops."""
        pool = cls()
        crashes, seen = [], set()
        for clip in clips:
            table = Table.of(clip)
            performance = str(clip.labels.get("performance", clip.source))
            pool.takes[performance].append(clip)
            crashes.append(table.main[table.main["drum"] == CR])
            whole = clip.labels.get("kind") == "fill"
            for bar in np.flatnonzero(table.dense[0].any((1, 2)) if whole else table.fills()):
                hits = table.hits[table.hits["bar"] == bar].copy()
                hits["bar"] = 0
                key = (performance, hits.tobytes())
                if key not in seen and _clear(table, int(bar)):
                    seen.add(key)
                    style = str(clip.labels.get("style", ""))
                    pool.fills.append(Fill(hits, style, clip.tempo, clip.meter, performance))
        pool.crashes = np.concatenate(crashes) if crashes else pool.crashes
        return pool

    def fill_for(
        self, style: str, tempo: float, meter: tuple[int, int], rng: np.random.Generator,
        avoid: str = "",
    ) -> Fill | None:  # fmt: skip
        """A fill of another performance in this metre, of a near tempo and, if there are some, of
        this style."""
        if self._keys is None or len(self._keys[0]) != len(self.fills):
            meters = np.array([f.meter for f in self.fills]).reshape(-1, 2)
            names = [np.array([getattr(f, n) for f in self.fills]) for n in _KEYS]
            self._keys = (np.log2(names[0]), names[1], names[2], meters)
        tempi, styles, performances, meters = self._keys
        usable = (meters == np.array(meter)).all(1) & (performances != avoid)
        if not usable.any():
            return None
        cost = np.abs(tempi - np.log2(tempo)) + 0.35 * (styles != style)
        cost = np.where(usable, cost + 0.15 * rng.random(len(cost)), np.inf)
        near = np.argsort(cost, kind="stable")[: min(24, int(usable.sum()))]
        return self.fills[int(near[rng.integers(len(near))])]
