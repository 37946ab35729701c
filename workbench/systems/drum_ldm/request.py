"""What a prompt asks of a drum loop, in facts: a `DrumChart`, a tempo and a style.

The denoiser receives these facts beside the text vector, so that "no snare" does not depend on a
sentence embedding. `scanning.py` finds what a prompt names, with the phrases of `lexicon.txt`; here
items become groups ("no" + "snare, toms" + "in bar 4"), groups of the sections of a loop ("verse,
then fill"), and `writing.py` writes them to the chart.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest

from workbench.arguments import whole
from workbench.datasets.keywords import TEMPO_LIMITS
from workbench.representations.drum_chart import DrumChart
from workbench.systems.drum_ldm.lexicon import Entry
from workbench.systems.drum_ldm.scanning import (
    MOST_BARS,
    Bars,
    Break,
    Form,
    Item,
    Length,
    Role,
    Scan,
    Steps,
    Thing,
    scan,
)
from workbench.systems.drum_ldm.writing import ChartWriter, Group
from workbench.systems.prompts import PromptReading, facts_reading, prompt_of

_AMOUNTS = ("many", "few", "less", "some")
_EVENTS = ("fill", "stop", "silence")
_NOTE_VALUES = {"eighth": "8ths", "sixteenth": "16ths"}
_DEGREES = ("very", "slightly")
_SWITCHES = ("only", "not", "out", "allbut", "enters", "leaves", "starts", "ends", *_AMOUNTS)


@dataclass(frozen=True, eq=False)
class DrumRequest:
    """What a prompt asks of a loop.

    Args:
        prompt: The prompt as given.
        tempo: Tempo in BPM that the prompt names; None if it names none.
        meter: Metre; 4/4 if the prompt names none.
        style: Names of styles and strokes in the English of training captions, for the text
            encoder; "" if the prompt names none.
        chart: What the prompt asks of each bar and each sixteenth.
        understood: Statements in English about what was understood.
        unknown: Words that were not understood.
        refused: What was understood and cannot be done, each with the reason.
        pace: Factor on the usual tempo of a style, from words such as "slow".
        tempo_range: Tempi in BPM that the words for the tempo or the style mean; None without any.
        usual_range: Usual tempi of the style in BPM; None if the style is unknown.
    """

    prompt: str
    tempo: float | None
    meter: tuple[int, int]
    style: str
    chart: DrumChart
    understood: tuple[str, ...]
    unknown: tuple[str, ...]
    refused: tuple[str, ...]
    pace: float = 1.0
    tempo_range: tuple[float, float] | None = None
    usual_range: tuple[float, float] | None = None

    def reading(self) -> PromptReading:
        """Return the request as a reading of the prompt, which a system shows to its user."""
        return facts_reading(self.prompt, self.tempo, self.understood, self.unknown, self.refused)

    def tempo_near(self, usual: float) -> float:
        """Return the tempo in BPM: the one that is named, otherwise `usual` (the typical tempo of
        captions like this one), moved into the style's usual range and by the words for the tempo.

        >>> read_request("doom metal, slow as hell", 8).tempo_near(114) <= 75
        True
        """
        if self.tempo is not None:
            return self.tempo
        if self.usual_range is not None:
            usual = min(max(usual, self.usual_range[0]), self.usual_range[1])
        usual *= self.pace
        if self.tempo_range is not None:
            usual = min(max(usual, self.tempo_range[0]), self.tempo_range[1])
        return min(max(usual, TEMPO_LIMITS[0]), TEMPO_LIMITS[1])


def read_request(prompt: str, bars: int, meter: tuple[int, int] | None = None) -> DrumRequest:
    """Read what a prompt asks of a loop. Any text can be read.

    Args:
        prompt: A text in English, Spanish, German, French or Portuguese, or in a mixture.
        bars: Length of the loop in bars, 1 to 64.
        meter: Its metre, one of METERS, whatever the prompt names; None for the one of the prompt.

    Returns:
        The request. Its chart asks for nothing where the prompt does not.

    Raises:
        PromptError: If the prompt is not a text, or the length or metre is out of range.

    >>> request = read_request("half-time rock, no crash, fill in bar 8, 140 bpm", 8)
    >>> request.style, request.tempo, request.chart.fill[7]
    ('half-time rock', 140.0, np.float32(1.0))
    """
    prompt, bars = prompt_of(prompt), whole(bars, "bars", 1, MOST_BARS)
    scanned = scan(prompt, bars)
    meter = _meter(scanned, meter)
    writer = ChartWriter(bars, meter)
    parts = _sections(scanned.items)
    for section, places in zip(parts, _places(parts, bars), strict=True):
        if not places:
            scanned.refused.append(f"{len(parts)} sections: too many for {bars} bars")
            break
        alone = len(parts) == 1 and not isinstance(next(iter(scanned.items), None), Break)
        for group in _whole_fill(section.groups) if alone else section.groups:
            for place in places:
                writer.write(group, place, len(parts))
    for item in scanned.items:
        if isinstance(item, Form):
            writer.form(item.letters)
        elif isinstance(item, Length) and len(parts) == 1 and item.bars != bars:
            scanned.refused.append(f"{item.bars} bars: the length is set by bars, which is {bars}")
    chart = writer.finish()
    understood = [f"style: {writer.style}"] if writer.style else []
    if scanned.tempo is not None:
        understood.append(f"tempo {scanned.tempo:g} BPM")
    if scanned.meters or meter != (4, 4):
        understood.append(f"{meter[0]}/{meter[1]}")
    for top, bottom in scanned.excluded_meters:
        if (top, bottom) == meter:
            scanned.refused.append(f"not {top}/{bottom}: name the metre that you want")
        else:
            understood.append(f"not {top}/{bottom}")
    understood += [
        *scanned.statements,
        *writer.statements,
        *(f"read {pair}" for pair in scanned.corrected),
    ]
    return DrumRequest(
        prompt,
        scanned.tempo,
        meter,
        writer.style,
        chart,
        tuple(dict.fromkeys(understood)),
        tuple(scanned.unknown),
        tuple(dict.fromkeys((*scanned.refused, *writer.refused))),
        writer.pace,
        _within(writer.tempo_range, scanned.tempo_bounds),
        writer.usual_range,
    )


def _within(
    span: tuple[float, float] | None, bounds: tuple[float, float] | None
) -> tuple[float, float] | None:
    """The tempi of a range that lie in the bounds, otherwise the nearest bound."""
    if span is None or bounds is None:
        return span or bounds
    low, high = bounds
    return min(max(span[0], low), high), min(max(span[1], low), high)


def _meter(scanned: Scan, given: tuple[int, int] | None) -> tuple[int, int]:
    """The metre that is given, otherwise the one that is named, otherwise that of the style."""
    if given is not None:
        others = [f"{top}/{bottom}" for top, bottom in scanned.meters if (top, bottom) != given]
        scanned.refused += [
            f"{name}: the metre is set by meter, which is {given[0]}/{given[1]}" for name in others
        ]
        return given
    if scanned.meters:
        if len(set(scanned.meters)) > 1:
            scanned.refused.append("one metre per loop: the first one is used")
        return scanned.meters[0]
    for item in scanned.items:
        if isinstance(item, Thing) and item.entry.meter is not None:
            return item.entry.meter
    return 4, 4


# --- sections -------------------------------------------------------------------------------------


@dataclass
class _Section:
    groups: list[Group]
    length: int | None = None

    @property
    def event(self) -> bool:
        """Whether the section is a fill, a break or a hit, which take one bar."""
        things = [thing for group in self.groups for thing in group.things]
        events = [t.entry.has(*_EVENTS) or _is_drum(t, "CR") for t in things]
        others = [t for t in things if not t.entry.has(*_EVENTS, "drum", "set", "style")]
        return any(events) and not others and things[-1].entry.has(*_EVENTS, "drum")

    @property
    def placed(self) -> bool:
        """Whether each of its groups names its own bars."""
        return bool(self.groups) and all(group.bars is not None for group in self.groups)


def _sections(items: list[Item]) -> list[_Section]:
    sections: list[_Section] = []
    for part in _split(_with_breaks(items), strong=True):
        length = next((item.bars for item in part if isinstance(item, Length)), None)
        section = _Section(_groups(part), length)
        if section.groups or section.length or Role("groove") in part:
            sections.append(section)
    return sections or [_Section([])]


def _split(items: list[Item], strong: bool = False) -> list[list[Item]]:
    """What stands between breaks, or between strong breaks only."""
    parts: list[list[Item]] = [[]]
    for item in items:
        if isinstance(item, Break) and item.strong >= strong:
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def _with_breaks(items: list[Item]) -> list[Item]:
    """Begin a new section at the second of two that are named, as in "a quiet verse and a loud
    chorus", or that have a length, as in "3 bars of rock and 1 bar of fill"."""
    if any(isinstance(item, Break) and item.strong for item in items):
        return items
    result: list[Item] = []
    last: dict[type, tuple[str, int]] = {}  # the kind of mark, its name and place
    for item in items:
        if name := _mark(item):
            before = last.get(type(item))
            if before is not None and (before[0] != name or isinstance(item, Length)):
                joints = (Role("and"), Role("with"), Break())
                after = range(before[1] + 1, len(result))
                at = next((i for i in after if result[i] in joints), len(result))
                result[at : at + 1] = [Break(strong=True)]
            last[type(item)] = name, len(result)
        result.append(item)
    return result


def _mark(item: Item) -> str:
    """The name by which an item marks a section; "" if it does not."""
    if isinstance(item, Length):
        return "length"
    return next(item.entry.of("section"), ("",))[0] if isinstance(item, Thing) else ""


def _places(sections: list[_Section], bars: int) -> list[list[range]]:
    """The bars of each section: those that it names, one for a fill, otherwise equal shares. None
    for a section that finds no room. Sections that are shorter together than the loop repeat."""
    if len(sections) == 1:
        return [[range(bars)]]
    lengths = [section.length for section in sections]
    whole = sum(length or 0 for length in lengths)
    if None not in lengths and 0 < whole < bars and bars % whole == 0:
        once = _shares(sections, whole)
        repeats = range(0, bars, whole)
        return [[range(p.start + r, p.stop + r) for r in repeats for p in part] for part in once]
    if whole > bars:
        sections = [_Section(section.groups) for section in sections]
    return _shares(sections, bars)


def _shares(sections: list[_Section], bars: int) -> list[list[range]]:
    # An event takes the last bar of what is before it, so that sections begin on even bars.
    blocks: list[list[int]] = []
    for i, section in enumerate(sections):
        if blocks and section.event and section.length is None and not section.placed:
            blocks[-1].append(i)
        else:
            blocks.append([i])
    sizes = [_size(sections[block[0]], len(block) - 1) for block in blocks]
    free = [k for k, size in enumerate(sizes) if size is None]
    left = max(bars - sum(size or 0 for size in sizes), 0)
    for share, k in enumerate(free):
        sizes[k] = left * (share + 1) // len(free) - left * share // len(free)
    places: list[list[range]] = [[] for _ in sections]
    start = 0
    for k, ((lead, *events), size) in enumerate(zip(blocks, sizes, strict=True)):
        last = k == len(blocks) - 1 and not sections[lead].placed
        end = bars if last else min(start + (size or 0), bars)
        head = end - len(events)
        if sections[lead].placed:
            places[lead] = [range(bars)]
        elif head > start:
            places[lead] = [range(start, head)]
        for offset, i in enumerate(events):
            if head + offset >= 0:
                places[i] = [range(head + offset, head + offset + 1)]
        start = end
    return places


def _size(lead: _Section, events: int) -> int | None:
    """Bars of a section and the events after it; None if they are not named."""
    if lead.placed:
        return events
    if lead.length is None and not lead.event:
        return None
    return (lead.length or 1) + events


def _whole_fill(groups: list[Group]) -> list[Group]:
    """Mark a fill that is the whole loop ("a funk fill", not "funk with a fill")."""
    fills = [group for group in groups if any(t.entry.has("fill") for t in group.things)]
    if len(fills) != 1 or fills[0].joined or fills[0].negative:
        return groups
    fill = fills[0]
    if fill.bars is not None or fill.amount or fill.part or fill.plural("fill"):
        return groups
    return [replace(g, whole=True) if g is fill else g for g in groups]


# --- groups ---------------------------------------------------------------------------------------


@dataclass
class _Draft:
    """A group while its clause is read. after: kinds of places that came after its things;
    joined: whether "and" stands before what comes next; last: the item before it."""

    group: Group = field(default_factory=Group)
    after: set[str] = field(default_factory=set)
    joined: bool = False
    last: Item | None = None


def _groups(items: list[Item]) -> list[Group]:
    clauses: list[list[Item]] = [
        [i for i in clause if not isinstance(i, Length | Form) and i != Role("groove")]
        for clause in _split(items)
    ]
    groups: list[Group] = []
    for clause in _merged(clauses):
        places = [item for item in clause if isinstance(item, Bars | Steps)]
        if groups and places and not any(isinstance(i, Thing) or _switch(i) for i in clause):
            for place in places:
                groups = _with_place(groups, place)
        else:
            groups += _Reader(clause, joined=bool(groups)).groups
    return groups


def _with_place(groups: list[Group], place: Bars | Steps) -> list[Group]:
    """The groups with a place that stands after them. Note values without a drum are a feel."""
    drums = bool(groups) and any(_is_drum(thing) for thing in groups[-1].things)
    if isinstance(place, Steps) and not drums:
        words = [_NOTE_VALUES[name] for name in place.names if name in _NOTE_VALUES]
        things = tuple(Thing(Entry(word, (("word", word),)), word) for word in words)
        return [*groups, Group(things)] if things else groups
    return [*groups[:-1], _placed(groups[-1], place)] if groups else groups


def _switch(item: Item) -> bool:
    return isinstance(item, Role) and item.name in _SWITCHES


def _merged(clauses: list[list[Item]]) -> list[list[Item]]:
    """Join the clauses of one list: "no snare, toms and crash", "kick, snare and hats only"."""
    result: list[list[Item]] = []
    start = 0
    while start < len(clauses):
        end = start + 1
        while end < len(clauses) - 1 and _is_list(clauses[end]) and Role("and") not in clauses[end]:
            end += 1
        first, last = clauses[start], clauses[end] if end < len(clauses) else []
        bound = (Role("not") in first or Role("only") in first) and _is_drum(first[-1])
        listed = _is_list(first) and last[-1:] == [Role("only")]
        if (bound and _is_list(last) and Role("and") in last) or (listed and _is_list(last[:-1])):
            run = clauses[start : end + 1]
            result.append([item for clause in run for item in (*clause, Role("and"))][:-1])
            start = end + 1
        else:
            result.append(first)
            start += 1
    return result


def _is_list(clause: list[Item]) -> bool:
    """Whether a clause is nothing but drums, and "and"."""
    drums = [item for item in clause if _is_drum(item)]
    return bool(drums) and len(drums) + clause.count(Role("and")) == len(clause)


def _is_drum(item: Item, code: str = "") -> bool:
    """Whether an item names drums, or this drum."""
    if not isinstance(item, Thing):
        return False
    return any(not code or code in codes for codes in item.entry.of("drum"))


def _placed(group: Group, place: Bars | Steps) -> Group:
    """The group with one more place."""
    if isinstance(place, Steps):
        steps = place if group.steps is None else _both_steps(group.steps, place)
        return replace(group, steps=steps)
    if group.bars is None:
        return replace(group, bars=place)
    if place.name == group.bars.name:
        return group
    indices = tuple(sorted({*group.bars.indices, *place.indices}))
    return replace(group, bars=Bars(indices, f"{group.bars.name} and {place.name}"))


def _both_steps(a: Steps, b: Steps) -> Steps:
    return Steps((*a.names, *(n for n in b.names if n not in a.names)), a.count or b.count)


class _Reader:
    """Reads the groups of one clause."""

    def __init__(self, clause: list[Item], joined: bool) -> None:
        self.groups: list[Group] = []
        self.clause = clause
        self.draft = _Draft(Group(joined=joined))
        self.degree = 0
        for item, following in zip_longest(clause, clause[1:]):
            if isinstance(item, Role):
                self._role(item.name, following)
            elif isinstance(item, Thing):
                self._thing(item, following)
            elif isinstance(item, Bars | Steps):
                self._place(item, following)
            self.draft.last = item
        self._end()

    def _flush(self, joined: bool = False, keep: bool = False) -> None:
        """End a group. keep: the next one has the places that came before this one's things."""
        group, after = self.draft.group, self.draft.after
        fresh = Group(joined=joined or group.joined)
        if group.things:
            self.groups.append(group)
        if keep or not group.things:
            fresh = replace(
                fresh,
                bars=None if "bars" in after else group.bars,
                steps=None if group.things else group.steps,
                part=group.part,
                change="" if group.things else group.change,
            )
        self.draft = _Draft(fresh)

    def _end(self) -> None:
        """End the clause. Places without a thing belong to the group before."""
        group = self.draft.group
        if group.things:
            self.groups.append(group)
            return
        before = self.groups[-1] if self.groups else group
        if group.negative and group.steps and all(_is_drum(thing) for thing in before.things):
            self.groups.append(replace(group, things=before.things))  # "kick on 3, not on 1"
            return
        for place in (group.bars, group.steps):
            if place is not None:
                self.groups = _with_place(self.groups, place)

    def _set(self, **changes: object) -> None:
        self.draft.group = replace(self.draft.group, **changes)  # type: ignore[arg-type]

    def _role(self, name: str, following: Item | None) -> None:
        group = self.draft.group
        if name == "and":
            self.draft.joined = True
        elif name in ("but", "with"):
            self._flush(joined=True)
        elif name in _DEGREES:
            degree = 1 if name == "very" else -1
            if isinstance(following, Thing) or _switch_like(following) or not group.things:
                self.degree = degree
            else:
                self._set(degree=degree)
        elif name == "only":
            drums = bool(group.things) and all(
                _is_drum(t) or t.entry.has("fill") for t in group.things
            )
            later = isinstance(following, Thing) or following == Role("with")
            if not (drums and not later):
                self._flush(joined=group.joined, keep=True)
            self._set(only=True)
        elif name in ("not", "allbut"):
            if group.things or group.only:
                self._flush(joined=True)
            self._set(negative=True)
            if name == "allbut" and self.groups and not self.groups[-1].negative:
                everything = self.groups[-1].things
                if all(_is_drum(thing) for thing in everything):
                    self.groups.pop()
        elif name == "out":
            self._set(negative=True)
        elif name in _AMOUNTS:
            if group.things:
                self._flush(joined=self.draft.joined or group.joined, keep=True)
            self._set(amount=name)
        elif name in ("starts", "ends"):
            if group.things:
                self._flush(joined=True)
            self._set(part=name)
            if name == "ends":
                self._set(joined=True)
        elif name in ("enters", "leaves"):
            self._set(change=name)

    def _thing(self, thing: Thing, following: Item | None) -> None:
        entry, group = thing.entry, self.draft.group
        drum = _is_drum(thing)
        density = next((float(v) for f, v in entry.of("set") if f == "density"), None)
        if density is not None and len(entry.effects) == 1 and _is_drum_like(following):
            if group.things:
                self._flush(joined=group.joined, keep=True)
            self._set(amount="many" if density > 4 else "few")
            return
        if group.things:
            bound = group.negative or group.only
            kinds = {_kind(t) for t in group.things}
            if (
                self.draft.after
                or (bound and not self.draft.joined and not (drum and group.only))
                or _kind(thing) not in kinds
            ):
                neg = bound and self.draft.joined and not self.draft.after and drum
                negative, only = group.negative and neg, group.only and neg
                joined = self.draft.joined or group.joined
                self._flush(joined=joined, keep=not self.draft.joined)
                self._set(negative=negative, only=only)
        degree, self.degree = self.degree, 0
        changes = {"degree": degree} if degree else {}
        group = self.draft.group
        self._set(things=(*group.things, thing), **changes)
        self.draft.joined = False

    def _place(self, place: Bars | Steps, following: Item | None) -> None:
        kind = "bars" if isinstance(place, Bars) else "steps"
        group = self.draft.group
        there = getattr(group, kind) is not None
        adjacent = isinstance(self.draft.last, type(place)) or (
            self.draft.joined and kind in self.draft.after
        )
        drums = any(_is_drum(thing) for thing in group.things)
        if kind == "steps" and self.draft.joined and not there and _is_drum_like(following):
            drums = False  # "ride and 16th note hats"
        if group.things and ((there and not adjacent) or (kind == "steps" and not drums)):
            self._flush(joined=True)
            group = self.draft.group
        if group.things:
            self.draft.after.add(kind)
        self.draft.group = _placed(self.draft.group, place)


def _kind(thing: Thing) -> str:
    """Things of one kind may share an amount, a negation and a place."""
    entry = thing.entry
    if entry.has("drum"):
        return "drum"
    if entry.has(*_EVENTS) or entry.sets("ghosts"):
        return "drum" if not entry.has("style", "hit") else "style"
    return "style" if entry.has("style", "hit", "word") else "feel"


def _is_drum_like(item: Item | None) -> bool:
    return isinstance(item, Thing) and (_is_drum(item) or item.entry.has("fill"))


def _switch_like(item: Item | None) -> bool:
    return isinstance(item, Role) and item.name in _AMOUNTS
