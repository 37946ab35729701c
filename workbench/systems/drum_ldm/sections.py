"""The sections of a requested loop, such as "verse, then fill", and the bars that they have."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from workbench.systems.drum_ldm.clauses import split
from workbench.systems.drum_ldm.grouping import groups_of
from workbench.systems.drum_ldm.items import (
    EVENTS,
    Bars,
    Break,
    Group,
    Item,
    Length,
    Role,
    Steps,
    Thing,
    codes_of,
)


@dataclass
class Section:
    groups: list[Group]
    length: int | None = None
    orphans: list[Bars | Steps] = field(default_factory=list)

    @property
    def event(self) -> bool:
        """Whether the section is a fill, a break or a hit, which take one bar."""
        things = [thing for group in self.groups for thing in group.things]
        crashes = all(codes_of(t) in ((), ("CR",)) for t in things)  # "chorus with crash and ride"
        events = [t.entry.has(*EVENTS) or (crashes and codes_of(t) == ("CR",)) for t in things]
        if any(t.entry.has("section") for t in things):
            return False
        others = [t for t in things if not t.entry.has(*EVENTS, "drum", "set", "style")]
        return any(events) and not others and things[-1].entry.has(*EVENTS, "drum")

    @property
    def placed(self) -> bool:
        """Whether each of its groups names its own bars."""
        return bool(self.groups) and all(group.bars is not None for group in self.groups)

    @property
    def named(self) -> list[int]:
        """The bars that its groups name."""
        return [bar for group in self.groups if group.bars for bar in group.bars.indices]

    @property
    def end(self) -> int:
        """The bar after the last one that its groups name."""
        until = any(group.bars.until for group in self.groups if group.bars)
        return max(self.named, default=-1) + (not until)


def sections_of(items: list[Item]) -> list[Section]:
    """The sections of a loop; one if it has no parts."""
    sections: list[Section] = []
    parts = split(_with_breaks(items), strong=True)
    for part in parts:
        if len(parts) > 1:  # "at first" names the section, not the first half
            part = [item for item in part if not (isinstance(item, Bars) and item.opening)]
        length = next((item.bars for item in part if isinstance(item, Length)), None)
        groups, orphans = groups_of(part)
        section = Section(groups, length, orphans)
        if section.groups or section.length or orphans or Role("groove") in part:
            sections.append(section)
    return sections or [Section([])]


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
                joints = (Role("and"), Role("with"), Break(), Break(full=True))
                after = [i for i in range(before[1] + 1, len(result)) if result[i] in joints]
                at = next(iter(after), len(result))
                if after and after[-1] == len(result) - 1:  # "verse: no snare, chorus: crash"
                    at = after[-1]
                result[at : at + 1] = [Break(strong=True)]
            last[type(item)] = name, len(result)
            if isinstance(item, Thing):  # "chorus 4 bars" is one section
                last.pop(Length, None)
        result.append(item)
    return result


def _mark(item: Item) -> str:
    """The name by which an item marks a section; "" if it does not."""
    if isinstance(item, Length):
        return "length"
    return next(item.entry.of("section"), ("",))[0] if isinstance(item, Thing) else ""


def places_of(sections: list[Section], bars: int) -> list[list[range]]:
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
        sections = [Section(section.groups) for section in sections]
    return _shares(sections, bars)


def _shares(sections: list[Section], bars: int) -> list[list[range]]:
    # An event takes the last bar of what is before it, so that sections begin on even bars.
    blocks: list[list[int]] = []
    for i, section in enumerate(sections):
        if blocks and section.event and section.length is None and not section.placed:
            blocks[-1].append(i)
        else:
            blocks.append([i])
    sizes = [_size(sections[block[0]], len(block) - 1) for block in blocks]
    places: list[list[range]] = [[] for _ in sections]
    start = 0
    for k, (lead, *events) in enumerate(blocks):
        section = sections[lead]
        if section.placed:
            places[lead] = [range(bars)]
            head = section.end if section.end < bars else start
        else:
            head = _end(start, sizes[k:], blocks[k:], sections, bars) - len(events)
            if head > start:
                places[lead] = [range(start, head)]
        for offset, i in enumerate(events):
            if 0 <= head + offset < bars:
                places[i] = [range(head + offset, head + offset + 1)]
        start = head + len(events)
    return places


def _end(
    start: int, sizes: list[int | None], blocks: list[list[int]], sections: list[Section], bars: int
) -> int:
    """The bar after the first of these blocks, which begins at `start`: blocks without a size share
    what is left before the next that names its bars."""
    stop = next((k for k, (lead, *_) in enumerate(blocks) if sections[lead].placed), len(blocks))
    limit = bars
    if stop < len(blocks):
        limit = min(sections[blocks[stop][0]].named, default=bars)
        limit = limit if limit > start else bars
    if stop == 1:
        return limit
    if sizes[0] is not None:
        return min(start + sizes[0], limit)
    left = max(limit - start - sum(size or 0 for size in sizes[:stop]), 0)
    return start + left // sizes[:stop].count(None)


def _size(lead: Section, events: int) -> int | None:
    """Bars of a section and the events after it; None if they are not named."""
    if lead.placed:
        return events
    if lead.length is None and not lead.event:
        return None
    return (lead.length or 1) + events


def whole_fill(groups: list[Group]) -> list[Group]:
    """Mark a fill that is the whole loop ("a funk fill", not "funk with a fill")."""
    fills = [group for group in groups if any(t.entry.has("fill") for t in group.things)]
    if len(fills) != 1 or fills[0].joined or fills[0].negative:
        return groups
    fill = fills[0]
    if fill.bars is not None or fill.amount or fill.part or fill.plural("fill"):
        return groups
    return [replace(g, whole=True) if g is fill else g for g in groups]
