"""Write the groups of a request to a drum chart, and state in English what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.keywords import TEMPO_LIMITS
from workbench.datasets.phrases import joined
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import BAR_FIELDS, DrumChart, pulse_steps
from workbench.systems.drum_ldm.bar_cells import bar_cells
from workbench.systems.drum_ldm.drum_writing import (
    COLUMN,
    EXCLUDED,
    PATTERN,
    STYLE,
    DrumWriter,
    drum_names,
    name_of,
)
from workbench.systems.drum_ldm.items import (
    EVENTS,
    Bars,
    Group,
    Steps,
    Thing,
    form_plan,
    is_pattern,
    steps_name,
)
from workbench.systems.drum_ldm.lexicon import Entry, lexicon

GHOSTS = {"few": 0.3, "some": 0.8, "many": 1.4}  # soft snare hits per quarter note
GHOSTS_ALONE = 0.2  # mean velocity where nothing else is played, of the 0.31 that end ghost notes
# Middle of a field, towards which "slightly" and "not" lead.
_MIDDLE = {
    "density": 4.0,
    "loudness": 0.55,
    "swing": 0.0,
    "lay": 0.0,
    "loose": 0.11,
    "likeness": 0.6,
    "ghosts": 0.0,
}
_MEDIUM = 105  # BPM, between slow and fast
_VERY, _SLIGHTLY = 1.35, 0.6  # factors on the distance from the middle
_ELSEWHERE = {"loudness": (0.45, 0.7), "density": (3.0, 5.0)}  # beside a loud part, a soft one
RAMP = {"loudness": (0.4, 0.82), "density": (2.6, 5.8)}  # of a build-up
_FEW_ABSENT = 2  # drums; hi-hats are two
# Hits per quarter note of the rest of the kit, chosen so that a loop without a kick or a snare and
# without a style has about as many hits as the empty prompt's loops have without that drum.
_GROOVE = {"BD": 1.2, "SD": 1.2, "CH": 2.0}
_NO_KICK = {"SD": 2.0, "CH": 2.4}
# The same of drums that keep time, in a loop that is one fill. Chosen on validation: a classifier
# recognises 84 % of such loops as fills, without it 68 %.
_FILL = {"CH": 0.4, "OH": 0.0, "RD": 0.0}
_BACKBEAT = ("SD", "2", "4")
# Bars from one fill to the next where "fills" have no place: usually, and in half of the takes. Of
# people's loops of 8 bars whose caption has "fills", 68 % have at most one bar that is a fill.
FILLS_EVERY = (4, 8)
LONGEST_FILL = 2  # bars of a section that is a fill


class ChartWriter(DrumWriter):
    """Writes groups to a chart of `bars` bars.

    Later groups overwrite earlier ones, and what a user asks overwrites what a style implies.
    """

    @property
    def style(self) -> str:
        """Names of styles and strokes for the text encoder."""
        return " ".join([*self._text, *(["fill"] if self._whole else [])])

    def implied(self) -> NDArray[np.bool_]:
        """The hits that only a style implies: (steps, 9)."""
        return (self._rank == STYLE) & (self.chart.hits == 1)

    # --- groups -------------------------------------------------------------------------------

    def write(self, group: Group, place: range, sections: int) -> None:
        """Write a group of a section that has these bars, one of this many sections."""
        if any(bars is not None and bars.fills for bars in (group.bars, group.but_bars)):
            self._in_fills.append((group, place, sections))
            return
        if group.but_bars is not None or group.but_steps is not None:
            for part in self._excepted(group, place):
                self.write(part, place, sections)
            return
        if sections > 1:
            group = replace(group, part="")
        if group.bars is not None and group.bars.until and (sections > 1 or group.only):
            group = replace(group, bars=_before(group.bars))
        if group.bars is not None and group.bars.halfway and (group.change or group.negative):
            group = replace(group, bars=_bars(range(group.bars.indices[0] + 1, self.bars)))
        until = group.bars is not None and group.bars.until
        if group.change and group.bars is not None and not until:  # "drops out for bar 4"
            some = len(group.bars.indices) > 1 and group.bars.indices[-1] < place[-1]
            leaves = group.change == "leaves"
            if group.bars.span or (some and leaves):
                only = "" if leaves else "places"
                group = replace(group, change="", negative=leaves, only=only)
        if group.change == "leaves" and until:  # "hats drop out until bar 5"
            group = replace(group, negative=True, change="")
        if group.negative and group.change:
            group = replace(group, change="enters" if until else "", negative=not until)
            if group.bars is not None and until:
                group = replace(group, bars=_bars(group.bars.indices[-1:]))
        if group.negative and group.bars is not None and group.bars.until:
            group = replace(group, bars=_before(group.bars))  # "no snare until bar 5"
        bars = self._bars_of(group, place)
        steps = self._possible(group.steps)
        if not bars or (steps is None and group.steps is not None):
            return
        group = replace(group, steps=steps)
        if group.amount == "less" and not any(_is_quality(thing.entry) for thing in group.things):
            group = replace(group, amount="few")
        where = self._where(group, bars)
        drums = self._drums_of(group)
        struck = [c for t in group.things for codes in t.entry.of("at") for c in codes]
        if struck:  # "only cross-stick and ride"
            group = replace(group, others=(*group.others, *struck))
        if drums:
            self._drums(group, drums, bars, where, place)
            self._volume(group, drums, bars, where)
        elif struck and group.only == "drums":
            self._absent([code for code in DRUMS if code not in group.others], bars)
            self._say(f"no other drums{where}")
        done: set[Entry] = set()
        for thing in group.things:
            if thing.entry.has("drum"):
                self._words(thing.entry)
            elif thing.entry not in done or thing.entry.has("refuse"):
                done.add(thing.entry)
                self._thing(thing, group, bars, where, place, sections)

    def _excepted(self, group: Group, place: range) -> Iterator[Group]:
        """A group and its exception, as two groups without exceptions."""
        plain = replace(group, but_bars=None, but_steps=None)
        events = all(t.entry.has("drum", "at", "fill") for t in group.things)
        if group.but_steps is not None:
            if not group.negative:
                yield plain
            only = "places" if group.negative else ""
            yield replace(plain, negative=not group.negative, steps=group.but_steps, only=only)
        elif group.but_bars is not None:
            excepted = group.but_bars.indices
            rest = tuple(bar for bar in self._bars_of(group, place) if bar not in excepted)
            there = replace(plain, negative=not group.negative, bars=_bars(excepted), part="")
            if events and not group.negative:
                yield plain
            elif rest:
                yield replace(plain, bars=_bars(rest), part="")
            if (events or group.negative) and excepted:
                yield there

    def _possible(self, steps: Steps | None) -> Steps | None:
        """The places that a bar of this metre has; None if it has none of them."""
        if steps is None:
            return None
        names = [n for n in steps.names if bar_cells(n, self.meter, count=steps.count)]
        bar = f"a bar of {self.meter[0]}/{self.meter[1]}"
        for name in steps.names:
            if name not in names:
                has = f"{self.size} sixteenths" if is_pattern(name) else "none"
                self.refused.append(f"{steps_name(Steps((name,)))}: {bar} has {has}")
        return replace(steps, names=tuple(names)) if names else None

    def _bars_of(self, group: Group, place: range) -> list[int]:
        if group.part:
            event = any(t.entry.has(*EVENTS) for t in group.things)
            event |= any("CR" in codes and len(codes) == 1 for codes in self._codes(group))
            first = group.part == "starts"
            if event:
                return [place[0] if first else place[-1]]
            half = max(1, len(place) // 2)
            return list(place[:half] if first else place[-half:])
        if group.bars is not None:
            return [bar for bar in group.bars.indices if bar < self.bars]
        return list(place)

    def _where(self, group: Group, bars: list[int]) -> str:
        """The bars of a group in words, with a leading space; "" for the whole loop."""
        if group.bars is not None and not group.part:
            name = group.bars.name
            return f" {name}" if name.startswith("every") else f" in {name}"
        if len(bars) == self.bars:
            return ""
        return f" in {name_of(bars)}"

    # --- other things -------------------------------------------------------------------------

    def _thing(
        self, thing: Thing, group: Group, bars: list[int], where: str, place: range, sections: int
    ) -> None:
        entry, name = thing.entry, thing.entry.name
        if entry == lexicon().entries["crossstick"]:
            self.sticks[bars] = not group.negative
        if entry.has("refuse"):
            if group.negative:
                self._say(f"no {thing.text}")
            else:
                self.refused.append(f"{thing.text}: {' '.join(next(entry.of('refuse')))}")
        elif entry.has("at") and group.steps is not None:
            self._strokes(thing, group, bars, where)
        elif entry.has("fill"):
            self._fill(group, bars, place, sections)
        elif entry.has("stop", "silence"):
            self._stop(thing, group, bars, place, sections)
        elif entry.has("build", "fade"):
            self._ramp(entry, group, bars, where)
        elif entry.has("again"):
            self._again(group, bars, where)
        elif entry.has("section"):
            if group.negative:
                self.refused.append(f"no {name}: say what the loop should be instead")
            elif entry.has("set"):
                self._say(f"{name}{where}")
                self._feel(entry, group, bars, weak=True)
        elif entry.has("style", "hit", "rest", "rate", "word"):
            self._pattern(thing, group, bars, where)
        elif entry.has("pace"):
            self._tempo(entry, group)
        elif entry.has("set"):
            self._feel(entry, group, bars)
            if entry.sets("ghosts") and group.only == "drums":  # no stroke beside them
                self.volumes[bars, COLUMN["SD"]] = GHOSTS_ALONE
            degree = {1: "very ", -1: "slightly "}.get(group.degree, "")
            degree = {"less": "less ", "few": "slightly "}.get(group.amount, degree)
            amount, no = "", "not "
            if entry.sets("ghosts"):  # a noun
                amount, no = {"few": "few ", "many": "many "}.get(group.amount, ""), "no "
            self._say(f"{no if group.negative else degree + amount}{name}{where}")

    def _volume(self, group: Group, drums: list[str], bars: list[int], where: str) -> None:
        """How loud single drums are, beside the others."""
        if group.volume is None or group.negative:
            return
        [(_, text)] = group.volume.entry.of("set")
        level = _strengthened(float(text), _MIDDLE["loudness"], group)
        self.volumes[np.ix_(bars, [COLUMN[code] for code in drums])] = min(max(level, 0.1), 1.0)
        degree = {1: "very ", -1: "slightly "}.get(group.degree, "")
        name = joined(drum_names(self._codes(group)))
        self._say(f"{name} {degree}{group.volume.entry.name}{where}")

    def _strokes(self, thing: Thing, group: Group, bars: list[int], where: str) -> None:
        """Strokes of a drum that have places, such as ghost notes on the e of 2."""
        entry, steps = thing.entry, group.steps
        if group.negative or steps is None:
            self.refused.append(f"no {thing.text} there: name what is played instead")
            return
        drums = [code for codes in entry.of("at") for code in codes]
        self._late.append(lambda: self._ask(drums, bars, steps))
        self._words(entry)
        self._feel(entry, group, bars)
        self._say(f"{entry.name} on {steps_name(steps)}{where}")

    def _words(self, entry: Entry) -> None:
        for kind in ("style", "word"):
            for words in entry.of(kind):
                text = " ".join(words)
                if not any(text in known for known in self._text):
                    self._text = [known for known in self._text if known not in text] + [text]

    def _pattern(self, thing: Thing, group: Group, bars: list[int], where: str) -> None:
        entry = thing.entry
        if group.negative and entry.sets("swing"):
            self.chart.swing[bars] = 0
            self._say(f"no {entry.name}{where}")
            return
        if group.negative:
            self.refused.append(
                f"no {thing.text}: styles and patterns cannot be excluded; name what you want"
            )
            return
        in_part = bool(where) and [*entry.of("rest")] == [_BACKBEAT] and not entry.has("style")
        if not in_part:  # the text holds for the whole loop
            self._words(entry)
        if where and (entry.has("style") or not entry.has("hit", "rest", "rate", "set")):
            self.refused.append(f"{entry.name}{where}: a style holds for the whole loop")
            where = ""
        marked = entry.has("hit", "rate") and not _generic(entry)
        marked |= entry.sets("lay") or entry.sets("loose")
        if not entry.has("style") or marked:
            self._say(f"{entry.name}{where}")
        for low, high in (args[0].split("-") for args in entry.of("bpm")):
            if self.usual_range is None:
                self.usual_range = (float(low), float(high))
        rank = STYLE if _generic(entry) else PATTERN
        own = entry.has("meter")

        def strike() -> None:
            for kind, value in (("rest", 0), ("hit", 1)):
                for code, *names in entry.of(kind):
                    cells = [bar for bar in bars if bar not in self._events]
                    self._hits([code], cells, Steps(tuple(names)), value, rank, own)

        self._late.insert(0, strike) if rank == STYLE else self._late.append(strike)
        if in_part:  # "half-time in bars 5 to 8"
            rest = [bar for bar in range(self.bars) if bar not in bars]
            backbeat = Steps(_BACKBEAT[1:])
            self._late.insert(0, lambda: self._hits(["SD"], rest, backbeat, 1, STYLE, own))
        for code, rate in entry.of("rate"):
            column = self.chart.drums[:, COLUMN[code]]
            column[[bar for bar in bars if column[bar] != 0]] = float(rate)
        self._feel(entry, group, bars, weak=entry.has("style"))

    def _feel(self, entry: Entry, group: Group, bars: list[int], weak: bool = False) -> None:
        """Set bar fields. weak: only where nothing is asked, as a style does."""
        for name, text in entry.of("set"):
            values = getattr(self.chart, name)
            value, middle = float(text), _MIDDLE[name]
            if name == "ghosts":
                value = 0.0 if group.negative else GHOSTS.get(group.amount, value)
            elif group.negative:
                value = middle
            elif group.amount == "less":
                value = middle - _SLIGHTLY * (value - middle)
            elif group.amount == "few":
                value = middle + _SLIGHTLY * (value - middle)
            elif group.degree and not (name == "swing" and value == 0):
                value = _strengthened(value, middle, group)
            value = (
                min(max(value, 0.0), 1.0) if name in ("loudness", "swing", "likeness") else value
            )
            if not weak and value != middle:
                self._oppose(name, value - middle, entry.name, tuple(bars))
            open_ = [bar for bar in bars if not weak or np.isnan(values[bar])]
            values[open_] = value
            placed = (group.bars is not None or bool(group.part)) and len(bars) < self.bars
            if name in _ELSEWHERE and placed and not weak and not group.negative:
                rest = [b for b in range(self.bars) if b not in bars and np.isnan(values[b])]
                values[rest] = _ELSEWHERE[name][0 if value > middle else 1]

    def _oppose(self, field: str, side: float, name: str, bars: tuple[int, ...]) -> None:
        """Refuse what a later word for the same bars contradicts."""
        before = self._opposed.get(field)
        if before and side * before[0] < 0 and set(before[2]) <= set(bars):
            where = "beside it" if field == "tempo" else "for the same bars"
            self.refused.append(f"{before[1]}: {name} stands {where}, and is used")
        self._opposed[field] = side, name, bars

    def _tempo(self, entry: Entry, group: Group) -> None:
        [(factor, span)] = entry.of("pace")
        low, high = map(float, span.split("-"))
        pace = float(factor)
        if group.negative or group.amount == "less":
            word = "not " if group.negative else "less "
            if low <= _MEDIUM <= high:
                self.refused.append(f"{word}{entry.name}: name the tempo that you want")
                return
            pace = pace**-0.5
            low, high = (TEMPO_LIMITS[0], low) if low > _MEDIUM else (high, TEMPO_LIMITS[1])
        elif group.degree < 0 or group.amount == "few":
            pace, low, high = (1 + pace) / 2, (low + 90) / 2, (high + 120) / 2
            word = "slightly "
        elif group.degree > 0:
            pace, word = pace**1.7, "very "
            low, high = (low * 0.8, high * 0.82) if pace < 1 else (low * 1.15, high * 1.2)
        else:
            word = ""
        if not (group.negative or group.amount):
            self._oppose("tempo", (low + high) / 2 - _MEDIUM, entry.name, ())
        self.pace, self.tempo_range = pace, (low, high)
        self._feel(entry, group, list(range(self.bars)), weak=True)
        self._say(f"{word}{entry.name}")

    # --- events -------------------------------------------------------------------------------

    def _fill(self, group: Group, bars: list[int], place: range, sections: int) -> None:
        fill = self.chart.fill
        if group.negative:
            fill[bars] = 0
            self._events.difference_update(bars)
            self._say(f"no fills{'' if len(bars) == self.bars else f' in {name_of(bars)}'}")
            return
        if group.whole:
            self._whole = True
            fill[:] = 1
            self._events.update(bars)
            self._say("the whole loop is a fill")
            return
        sometimes = ""
        if group.bars is not None and group.bars.before:
            bars = bars[-1:]  # a fill "before bar 5" leads into it
        elif sections > 1 and group.bars is None and len(place) <= LONGEST_FILL:
            bars = list(place)
        elif group.count and group.bars is None and not group.part:
            shares = range(1, min(group.count, len(place)) + 1)
            bars = [place[len(place) * k // len(shares) - 1] for k in shares]
        elif group.bars is None and not group.part:
            many = {"many": 2, "few": len(place)}.get(group.amount)
            several = FILLS_EVERY if group.plural("fill") else (len(place),) * 2
            usual, fewer = (_every(many or every, place) for every in several)
            bars = fewer if self.fewer_fills else usual
            sometimes = "" if usual == fewer else f", in half of the takes only in {name_of(fewer)}"
        fill[np.isnan(fill)] = 0
        fill[bars] = 1
        self._events.update(bars)
        self._say(f"fill in {name_of(bars)}{sometimes}")

    def _stop(
        self, thing: Thing, group: Group, bars: list[int], place: range, sections: int
    ) -> None:
        entry = thing.entry
        if group.negative:
            self.refused.append(f"no {entry.name}: a loop cannot be asked to have none")
            return
        silent = entry.has("silence")
        alone = silent and sections > 1 and not group.joined  # "2 bars of funk, 2 bars of rest"
        if group.bars is None and not group.part and len(place) > 1 and not alone:
            bars = [place[len(place) // 2 - 1]]
        self._events.update(bars)
        places = [] if group.steps is None else self._cells(group.steps, [0])
        after = steps_name(group.steps) if group.steps and places else "the first beat"
        first = 0 if silent else min(pulse_steps(self.meter)[1:] or (self.size,))
        first = max(places) + 1 if places else first
        self._say(f"{'silence' if silent else f'break after {after}'} in {name_of(bars)}")

        def rest() -> None:
            for bar in bars:
                cells = slice(bar * self.size + first, (bar + 1) * self.size)
                self.chart.hits[cells] = 0
                self._rank[cells] = EXCLUDED
                for name in BAR_FIELDS:
                    getattr(self.chart, name)[bar] = np.nan
                self.chart.fill[bar] = 0
                self.chart.drums[bar, self.chart.drums[bar] != 0] = np.nan
                if silent:
                    self.chart.drums[bar] = 0
                    self.chart.density[bar] = 0

        self._late.append(rest)

    def _ramp(self, entry: Entry, group: Group, bars: list[int], where: str) -> None:
        if group.negative:
            self.refused.append(f"no {entry.name}: a loop cannot be asked to have none")
            return
        if len(bars) < 2:
            self.refused.append(f"{entry.name}: needs at least two bars")
            return
        for name, (low, high) in RAMP.items():
            ends = (low, high) if entry.has("build") else (high, low)
            getattr(self.chart, name)[bars] = np.linspace(*ends, len(bars))
        self._say(f"{entry.name}{where}")

    def _again(self, group: Group, bars: list[int], where: str) -> None:
        whole = len(bars) == self.bars

        def same() -> None:
            events = {b for e in self._events for b in (e, (e + 1) % self.bars)}
            plain = [bar for bar in bars if bar not in events]
            self.chart.likeness[plain] = 0.3 if group.negative else 1.0
            letters = [bar for bar in bars if bar not in self._events]
            if not group.negative and whole and np.isnan(self.chart.letter).all():
                self.chart.letter[letters] = 0
            if not group.negative and whole and not self._events:
                self.chart.fill[:] = 0

        self._late.append(same)
        no = "not " if group.negative else ""
        self._say(f"{no}the same in every bar" if whole else f"{no}like the bar before{where}")

    def form(self, letters: str, part: Bars | None = None) -> None:
        """Write a form, a letter per bar, repeated to the end; two letters are two halves."""
        bars = range(self.bars) if part is None else part.indices
        self._say(f"form {letters}" if part is None else f"form {letters} in {part.name}")
        plan = form_plan(letters, len(bars))
        if len({*plan}) < len({*letters}):
            self.refused.append(f"form {letters}: needs {len(letters)} bars")
        self.chart.letter[list(bars)] = ["ABCDEF".index(letter) for letter in plan]

    # --- the end ------------------------------------------------------------------------------

    def finish(self) -> DrumChart:
        """Return the chart after all groups."""
        for group, place, sections in self._in_fills:
            bars = [bar for bar in place if self.chart.fill[bar] == 1]
            if not bars:
                bars = [place[-1]]
                self._fill(Group(), bars, range(bars[0], bars[0] + 1), sections)
            where = "but_bars" if group.but_bars is not None else "bars"
            self.write(replace(group, **{where: _bars(bars)}), place, sections)  # type: ignore[arg-type]
        for write in self._late:
            write()
        bar = np.arange(len(self.chart.hits)) // self.size
        self.chart.hits[self.chart.drums[bar] == 0] = 0
        if self.played:
            self._rest_of_kit()
        self._contradictions()
        return self.chart

    def _rest_of_kit(self) -> None:
        """Ask for a groove of the other drums where a request only leaves out the kick or the
        snare: most training loops without them have few hits at all."""
        drums = self.chart.drums
        out = drums == 0
        lame = out[:, [COLUMN["BD"], COLUMN["SD"]]].any(1) & (out.sum(1) <= _FEW_ABSENT)
        lame &= np.isnan(self.chart.density) & (self.chart.fill != 1) & ~(drums > 0).any(1)
        plain = not self._text and out[lame, COLUMN["BD"]].all()
        for code, rate in (_NO_KICK if plain else _GROOVE).items():
            column = drums[:, COLUMN[code]]
            column[lame & np.isnan(column)] = rate
        for code, rate in _FILL.items() if self._whole else ():
            column = drums[:, COLUMN[code]]
            column[np.isnan(column)] = rate
        backbeat = lame & ~out[:, COLUMN["SD"]]
        self._hits(["SD"], np.flatnonzero(backbeat).tolist(), Steps(_BACKBEAT[1:]), 1, STYLE)

    def _contradictions(self) -> None:
        """Say what is asked for and excluded."""
        chart = self.chart
        lost = {
            c
            for c, cells in self._asked
            if len(cells) and (chart.hits[cells, COLUMN[c]] != 1).all()
        }
        lost |= {c for c, bars in self._present if (chart.drums[bars, COLUMN[c]] == 0).all()}
        for name in drum_names((code,) for code in DRUMS if code in lost):
            self.refused.append(f"{name}: asked for and excluded; it is left out")
        kept = {c for c, bars in self._absences if (chart.drums[bars, COLUMN[c]] != 0).all()}
        for name in drum_names((code,) for code in DRUMS if code in kept):
            self.refused.append(f"no {name}: excluded and asked for; it is played")
        muted = (chart.drums[:, COLUMN["SD"]] == 0) & (chart.ghosts > 0)
        if muted.any():
            chart.ghosts[muted] = 0
            if not (chart.ghosts > 0).any():
                self.refused.append("ghost notes: the snare is excluded")


def _is_quality(entry: Entry) -> bool:
    """Whether something has a degree, such as "loud" and "fast", and is not counted."""
    return entry.has("set", "pace") and not entry.has("drum", "style") and not entry.sets("ghosts")


def _strengthened(value: float, middle: float, group: Group) -> float:
    """A value of a field after "very" or "slightly"."""
    factor = {1: _VERY, -1: _SLIGHTLY}.get(group.degree, 1.0)
    return middle + factor * (value - middle)


def _every(step: int, place: range) -> list[int]:
    """Every so many bars of a place, or its last bar."""
    return [bar for bar in place if (bar - place[0] + 1) % step == 0] or [place[-1]]


def _bars(indices: Sequence[int]) -> Bars:
    return Bars(tuple(indices), name_of(indices) if indices else "")


def _before(bars: Bars) -> Bars:
    """The bars without the last one."""
    return _bars(bars.indices[:-1]) if len(bars.indices) > 1 else bars


def _generic(entry: Entry) -> bool:
    """Whether a style has only what many styles have: a kick on the beat, a backbeat."""
    if entry.has("rest") or not entry.has("style", "word"):
        return False
    return {name for _, *names in entry.of("hit") for name in names} <= {"1", "2", "4"}
