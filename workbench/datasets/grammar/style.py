"""What a style consists of: feels with their patterns, tempi, fills, and how tightly it is played.

A pattern has one row of letters (`cells.CELLS`) for each drum. A row of 16 letters is a bar of
sixteenths, 12 letters a bar of eighth-note triplets; twice as many are a pattern of two bars.
A bar repeats the bar one pattern earlier, cell by cell, with probability `repeat`, and is drawn
afresh otherwise.

The feels of a style can be told apart from the notes: some drum always plays where it never does
in the other feel. So can fills: they use none of the cymbals that keep the time, which always play
somewhere in the first and in the second half of a bar. A test holds every style to both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from workbench.datasets.grammar.cells import LANE, LANES, STATES, TICKS, row


@dataclass(frozen=True, eq=False)
class Feel:
    """One way to play a style. name: "" for the plain one. swing: ticks (of 480 a beat) by which
    every second cell is late, on the grid of sixteenths."""

    name: str
    rows: dict[str, str]
    swing: int = 0
    weight: float = 1.0

    @cached_property
    def grid(self) -> int:
        """Cells a bar: 16 or 12."""
        cells = len(self.rows["BD"].replace(" ", "").replace("|", ""))
        return 16 if cells % 16 == 0 else 12

    @cached_property
    def table(self) -> np.ndarray:
        """P(state) of each cell: (bars of the pattern, cells, lanes, 5)."""
        parts = {lane: row(letters) for lane, letters in self.rows.items()}
        cells = max(len(part) for part in parts.values())
        table = np.zeros((cells, len(LANES), STATES))
        table[:, :, 0] = 1
        for lane, part in parts.items():
            table[:, LANE[lane]] = np.tile(part, (cells // len(part), 1))
        return table.reshape(-1, self.grid, len(LANES), STATES)

    @cached_property
    def places(self) -> np.ndarray:
        """Tick of each cell within the bar: (cells,)."""
        ticks = np.arange(self.grid) * (4 * TICKS // self.grid)
        if self.grid == 16:
            ticks[1::2] += self.swing
        return ticks


@dataclass(frozen=True, eq=False)
class Style:
    """tempo: lowest and highest BPM, whole numbers, all equally likely. spread: standard deviation
    of the timing, ticks. behind: mean lateness of a drum, ticks. repeat: see the module. fill:
    P(hit) in a fill on a beat, on an "and" (or triplet), and on other sixteenths."""

    name: str
    tempo: tuple[int, int]
    feels: tuple[Feel, ...]
    repeat: float = 0.75
    spread: float = 7.0
    behind: dict[str, float] = field(default_factory=dict)
    fill: tuple[float, float, float] = (0.92, 0.85, 0.55)

    @cached_property
    def weights(self) -> np.ndarray:
        """P(feel)."""
        weights = np.array([feel.weight for feel in self.feels])
        return weights / weights.sum()

    @property
    def tempi(self) -> int:
        return self.tempo[1] - self.tempo[0] + 1
