"""What a beat of the drum methods consists of: a metre, tempi, and patterns by letter.

A pattern has one row of letters (`grammar.cells.CELLS`) for each drum. "|" separates bars, and each
bar of a row has its own grid: its letters divide the bar evenly, so that 16 letters of a bar of 4/4
are sixteenths, 12 are triplets and 32 are thirty-seconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One way to play a beat. rows: letters by lane (`cells.LANES`); words: what it adds to the
    name of the style."""

    rows: dict[str, str]
    words: str = ""

    @property
    def bars(self) -> int:
        """Length in bars."""
        return max(row.count("|") + 1 for row in self.rows.values())

    def bar(self, lane: str, number: int) -> str:
        """The letters of a lane in a bar; a row that is shorter than the pattern repeats."""
        bars = self.rows[lane].replace(" ", "").split("|")
        return bars[number % len(bars)]


@dataclass(frozen=True)
class Beat:
    """A style with its patterns.

    style, substyle: as in captions. names: phrases for it, the first one is its key.
    meter: time signature. tempo: lowest and highest BPM (quarter notes).
    swing: in sixteenths, how late every second sixteenth is. triplets: played by drummers who
    swing. players: styles of Groove whose drummers play it best. fill: probability of a fill in the
    last bar. crash: probability of a crash after a fill. soft: loudness relative to the player's.
    fixed_kick: whether the kick is what makes the beat, so that no bar varies it.
    """

    names: tuple[str, ...]
    style: str
    meter: tuple[int, int]
    tempo: tuple[int, int]
    patterns: tuple[Pattern, ...]
    substyle: str = ""
    swing: float = 0.0
    triplets: bool = False
    players: tuple[str, ...] = ("rock", "funk", "latin")
    fill: float = 0.5
    crash: float = 0.6
    soft: float = 1.0
    fixed_kick: bool = False

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def compound(self) -> bool:
        """Whether a beat is a dotted quarter note, as in 6/8 and 12/8."""
        return self.meter[1] == 8 and self.meter[0] % 3 == 0
