"""The parts of a style: feels with their patterns, tempi, fills, and precision of timing.

A pattern has one row of letters (`cells.CELLS`) per drum. A row of 16 letters is a bar of
sixteenths, and one of 12 letters a bar of eighth-note triplets; twice as many letters are a pattern
of two bars. Each cell repeats the cell one pattern earlier with probability `repeat`, and is
sampled anew otherwise.

The feels of a style can be distinguished by their notes: some drum always plays where it never does
in another feel. Fills can be distinguished, too: they do not use the cymbals that keep the time,
which always play somewhere in both halves of a bar. A test checks both for every style.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from workbench.datasets.grammar.cells import LANE, LANES, STATES, TICKS, row


@dataclass(frozen=True, eq=False)
class Feel:
    """One way to play a style.

    Args:
        name: "" for the default one.
        rows: A row of letters per lane.
        swing: Delay of every second cell on the grid of sixteenths, in ticks (480 per beat).
        weight: Relative frequency within the style.
    """

    name: str
    rows: dict[str, str]
    swing: int = 0
    weight: float = 1.0

    @cached_property
    def grid(self) -> int:
        """Cells per bar: 16 or 12."""
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
    def cell_ticks(self) -> np.ndarray:
        """Position of each cell within the bar in ticks: (cells,)."""
        ticks = np.arange(self.grid) * (4 * TICKS // self.grid)
        if self.grid == 16:
            ticks[1::2] += self.swing
        return ticks


@dataclass(frozen=True, eq=False)
class Style:
    """A style of drumming.

    Args:
        name: As in captions.
        tempo: Lowest and highest tempo in BPM; all whole numbers in between are equally likely.
        feels: Ways to play it.
        repeat: Probability that a cell repeats the cell one pattern earlier.
        spread: Standard deviation of the timing in ticks.
        behind: Mean delay of a lane in ticks.
        fill: P(hit) in a fill on a beat, on an "and" (or triplet), and on other sixteenths.
    """

    name: str
    tempo: tuple[int, int]
    feels: tuple[Feel, ...]
    repeat: float = 0.75
    spread: float = 7.0
    behind: dict[str, float] = field(default_factory=dict)
    fill: tuple[float, float, float] = (0.92, 0.85, 0.55)

    @cached_property
    def weights(self) -> np.ndarray:
        """P(feel), (feels,)."""
        weights = np.array([feel.weight for feel in self.feels])
        return weights / weights.sum()

    @property
    def tempi(self) -> int:
        """Number of equally likely tempi."""
        return self.tempo[1] - self.tempo[0] + 1
