"""Write what a request asks of drums: rates, absences, and hits on places in the bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from workbench.datasets.phrases import joined
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.representations.drum_chart import DrumChart, bar_steps
from workbench.systems.drum_ldm.bar_cells import loop_cells
from workbench.systems.drum_ldm.items import Group, Steps, bars_name, is_pattern, steps_name

# Hits per quarter note of a drum that is named with "few", without an amount, and with "many".
RATES = {
    "BD": (0.4, 1.0, 2.0),
    "SD": (0.25, 0.8, 2.2),
    "CH": (0.7, 2.0, 3.6),
    "OH": (0.15, 0.45, 1.5),
    "RD": (0.6, 1.8, 3.0),
    "CR": (0.1, 0.25, 1.0),
    "LT": (0.1, 0.8, 1.2),
    "MT": (0.05, 0.16, 0.4),
    "HT": (0.1, 0.7, 1.1),
}
COLUMN = {code: i for i, code in enumerate(DRUMS)}
# Where the only drum of a bar is struck at least, so that the bar is not empty.
_ALONE = {
    **dict.fromkeys(("BD", "LT", "MT", "HT"), ("1", "3")),
    "SD": ("2", "4"),
    **dict.fromkeys(("CH", "RD"), ("beat",)),
}
_WHOLE_PATTERNS = {"beat", "offbeat"}  # a hi-hat or ride on these places has no others
STYLE, PATTERN, ASKED, EXCLUDED = range(4)  # what outranks what
_NAMES = DRUM_NAMES | {"BD": "kick", "SD": "snare", "RD": "ride", "CR": "crash"}
_SETS = {
    ("CH", "OH"): "hi-hats",
    ("CR", "RD"): "cymbals",
    ("CH", "OH", "RD", "CR"): "cymbals of any kind",
    ("BD", "SD", "LT", "MT", "HT"): "kick, snare and toms",
    ("LT", "MT", "HT"): "toms",
    DRUMS: "all drums",
}
_LEADING = {
    ("CH", "OH"): ("CH",),
    ("CR", "RD"): ("CR",),
    ("BD", "SD", "LT", "MT", "HT"): ("BD", "SD", "LT"),
    DRUMS: ("BD", "SD", "CH"),
}


class DrumWriter:
    """Writes drums to a chart of `bars` bars. fewer_fills: see `request.read_request`."""

    def __init__(
        self, bars: int, meter: tuple[int, int], played: bool = False, fewer_fills: bool = False
    ) -> None:
        self.bars, self.meter, self.played = bars, meter, played
        self.fewer_fills = fewer_fills
        self.size = bar_steps(meter)
        self.chart = DrumChart.empty(bars, meter)
        self.statements: list[str] = []
        self.refused: list[str] = []
        self.pace = 1.0
        self.tempo_range: tuple[float, float] | None = None
        self.usual_range: tuple[float, float] | None = None
        self._text: list[str] = []  # none is a part of another
        self._whole = False
        self._rank = np.full((bars * self.size, len(DRUMS)), -1)
        self._late: list[Callable[[], None]] = []  # what needs the whole request, such as swing
        self._events: set[int] = set()  # bars with a fill, a break or silence
        self._in_fills: list[tuple[Group, range, int]] = []  # what needs to know the fills
        self._left: dict[str, int] = {}  # drums that dropped out, and the bar
        self._opposed: dict[str, tuple[float, str, tuple[int, ...]]] = {}  # what a field was set to
        self._asked: list[tuple[str, np.ndarray]] = []  # drums and their sixteenths
        self._present: list[tuple[str, list[int]]] = []  # drums and their bars
        self._absences: list[tuple[str, list[int]]] = []
        self.sticks = np.zeros(bars, dtype=bool)  # bars whose snare hits are cross-sticks
        self.volumes = np.full((bars, len(DRUMS)), np.nan)  # mean velocities of single drums

    @staticmethod
    def _codes(group: Group) -> list[tuple[str, ...]]:
        named = [codes for thing in group.things for codes in thing.entry.of("drum")]
        if not group.without:
            return named
        return [(code,) for codes in named for code in codes if code not in group.without]

    def _leading(self, group: Group) -> list[str]:
        """The drums that are asked for: of "hi-hats" the closed one, of "cymbals" the crash."""
        return [code for codes in self._codes(group) for code in _LEADING.get(codes, codes)]

    def _drums_of(self, group: Group) -> list[str]:
        return list(dict.fromkeys(code for codes in self._codes(group) for code in codes))

    def _drums(
        self, group: Group, drums: list[str], bars: list[int], where: str, place: range
    ) -> None:
        if group.negative:
            self._exclude(group, drums, bars, where)
            return
        if group.change:
            self._change(group, drums, bars, place)
            return
        named, steps = drum_names(self._codes(group)), group.steps
        crash = drums == ["CR"] or (drums == ["CR", "RD"] and steps is not None)
        placed = steps is not None or group.bars is not None or bool(group.part)
        if crash and not group.amount and (placed or group.count or not group.plural("drum")):
            self._crash(group, bars, where, place)
            return
        # "only hats in bar 5" excludes other drums, "hats only in bar 5" other bars
        if group.only == "drums":
            self._absent([c for c in DRUMS if c not in (*drums, *group.others)], bars)
            self._say(f"only {joined(named)}{where}")
        elif group.only and group.bars is not None:
            self._absent(drums, [bar for bar in place if bar not in bars])
            if steps is None:
                self._say(f"{joined(named)} only{where}")
        elif steps is None:
            amount = {"many": "many hits of ", "few": "few hits of "}.get(group.amount, "")
            self._say(f"{amount}{joined(named)}{where}")
        leading = self._leading(group)
        if steps is None:
            level = {"few": 0, "many": 2}.get(group.amount, 1)
            for code in leading:
                column = self.chart.drums[:, COLUMN[code]]  # a view
                # "no kick in bar 3, only kick and snare": the bars that were named are kept
                column[[bar for bar in bars if column[bar] != 0] or bars] = RATES[code][level]
                if group.only != "drums":
                    self._present.append((code, bars))
            one = group.only == "drums" and len(leading) == 1
            if self.played and one and not (group.others or group.amount):
                alone = Steps(_ALONE.get(leading[0], ("1",)))
                self._late.insert(0, lambda: self._hits(leading, bars, alone, 1, PATTERN))
            return
        if group.only or any(map(is_pattern, steps.names)):
            self._late.append(lambda: self._others(leading, bars, steps))
        elif {*steps.names} <= _WHOLE_PATTERNS and set(drums) <= {"CH", "OH", "RD"}:
            self._late.append(lambda: self._others(drums, bars, steps, PATTERN))
        elif self.played and drums == ["BD"] and len(steps.names) > 1 and "1" in steps.names:
            # "kick on 1 and 3" names all kicks, but for those that something else asks for
            self._late.append(lambda: self._others(drums, bars, steps, PATTERN))
        self._late.append(lambda: self._ask(leading, bars, steps))
        only = " only" if group.only else ""
        self._say(f"{joined(named)} on {steps_name(steps)}{only}{where}")

    def _exclude(self, group: Group, drums: list[str], bars: list[int], where: str) -> None:
        named, steps = drum_names(self._codes(group)), group.steps
        if len(drums) == len(DRUMS):
            named = ["drums"]
        elif group.things[0].entry.name == "other drums":
            named = ["other drums"]
        if steps is not None:
            self._late.append(lambda: self._hits(drums, bars, steps, 0, EXCLUDED))
            self._say(f"no {joined(named, 'or')} on {steps_name(steps)}{where}")
            return
        self._absent(drums, bars)
        self._absences += [(code, bars) for code in drums]
        if len(drums) == len(DRUMS):
            self.chart.density[bars] = 0
        self._say(f"no {joined(named, 'or')}{where}")

    def _change(self, group: Group, drums: list[str], bars: list[int], place: range) -> None:
        """Drums that come or go."""
        named = drum_names(self._codes(group))
        if not group.placed and len(bars) == self.bars:
            self.refused.append(f"{joined(named)}: name the bar of the change")
            return
        change = bars[0]  # the first bar with the drums, or without them
        if group.change == "leaves":
            self._left |= dict.fromkeys(drums, change)
            self._absent(drums, range(change, place[-1] + 1))
            self._say(f"{joined(named)} until bar {change}")
            return
        begin = place[0] if group.placed else 0
        begin = max((self._left.get(code, begin) for code in drums), default=begin)
        early = set()
        for code in drums:
            column = self.chart.drums[:, COLUMN[code]]  # a view
            later = column[change:]
            if (column[begin:change] > 0).any() and not (later > 0).all():
                early.add(code)
            later[later == 0] = np.nan  # a drum that left before is asked for nothing from here on
        self._absent([c for c in drums if c not in early], range(begin, change))
        if len(place) < self.bars:  # a section, such as the second of "kick, then add hats"
            for code in self._leading(group):
                self.chart.drums[change:, COLUMN[code]] = RATES[code][1]
        self._say(f"{joined(named)} from bar {change + 1}")

    def _crash(self, group: Group, bars: list[int], where: str, place: range) -> None:
        """A crash is one hit at the start of a bar, unless the place says otherwise."""
        steps = group.steps or Steps(("1",))
        one = steps.names == ("1",)
        if one and group.bars is None and not group.part:
            shares = range(min(group.count, len(place)) or 1)
            bars = [place[len(place) * k // len(shares)] for k in shares]
            where = "" if len(bars) == len(place) else f" of {name_of(bars)}"
        elif one and group.bars is not None and group.bars.every > 1:
            bars = list(place[:: group.bars.every])
            where = f" of {name_of(bars)}"
        if one and len(bars) == 1:
            where = f" of {name_of(bars)}"
        self._late.append(lambda: self._ask(["CR"], bars, steps, EXCLUDED))
        if group.only == "drums":
            self._absent([c for c in DRUMS if c not in ("CR", *group.others)], bars)
            self._say("only crash" + where.replace(" of ", " in "))
        elif group.only:
            self._absent(["CR"], [bar for bar in range(self.bars) if bar not in bars])
        self._say(f"crash on {steps_name(steps)}{where}")

    def _absent(self, drums: Iterable[str], bars: Sequence[int]) -> None:
        for code in drums:
            self.chart.drums[list(bars), COLUMN[code]] = 0
            if code == "SD":
                self.chart.ghosts[list(bars)] = 0

    def _others(
        self, drums: Iterable[str], bars: Iterable[int], steps: Steps, rank: int = EXCLUDED
    ) -> None:
        """Exclude drums from all other places of these bars, unless a higher rank asks for them."""
        wanted = set(self._cells(steps, bars))
        cells = [bar * self.size + step for bar in bars for step in range(self.size)]
        self._write_hits(drums, [cell for cell in cells if cell not in wanted], 0, rank)

    def _ask(
        self, drums: Iterable[str], bars: Iterable[int], steps: Steps, rank: int = ASKED
    ) -> None:
        """Ask for hits by name."""
        drums, bars = list(drums), list(bars)
        self._hits(drums, bars, steps, 1, rank)
        self._asked += [(code, np.array(self._cells(steps, bars), dtype=int)) for code in drums]

    def _hits(
        self,
        drums: Iterable[str],
        bars: Iterable[int],
        steps: Steps,
        value: float,
        rank: int,
        own: bool = False,
    ) -> None:
        """Write a value where nothing of a higher rank stands. own: see `_cells`."""
        self._write_hits(drums, self._cells(steps, bars, own), value, rank)

    def _write_hits(
        self, drums: Iterable[str], sixteenths: list[int], value: float, rank: int
    ) -> None:
        cells = np.array(sixteenths, dtype=int)
        for code in drums:
            column = COLUMN[code]
            open_ = cells[self._rank[cells, column] <= rank]
            self.chart.hits[open_, column] = value
            self._rank[open_, column] = rank

    def _cells(self, steps: Steps, bars: Iterable[int], own: bool = False) -> list[int]:
        """Sixteenths of the loop on which these places fall. own: places are counted in the
        metre of their row of the lexicon, and may go on in the next bar."""
        swung = bool(np.nanmax(self.chart.swing, initial=0) >= 0.5)
        return loop_cells(steps, bars, self.meter, swung, own)

    def _say(self, text: str) -> None:
        self.statements.append(text)


def drum_names(codes: Iterable[tuple[str, ...]]) -> list[str]:
    names = []
    for group in codes:
        whole = _SETS.get(tuple(group))
        names += [whole] if whole else [_NAMES[code] for code in group]
    return list(dict.fromkeys(names))


def name_of(bars: Sequence[int]) -> str:
    """Name bars, counted from 0."""
    return bars_name([bar + 1 for bar in bars])
