"""From the items of a request to groups of things that share an amount, a negation and a place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest

from workbench.systems.drum_ldm.items import (
    Bars,
    Break,
    Form,
    Group,
    Item,
    Length,
    Role,
    Steps,
    Thing,
    is_drum,
)
from workbench.systems.drum_ldm.lexicon import Entry

_AMOUNTS = ("many", "few", "less", "some")
EVENTS = ("fill", "stop", "silence")
_NOTE_VALUES = {"eighth": "8ths", "sixteenth": "16ths"}
_DEGREES = ("very", "slightly")
_SWITCHES = ("only", "not", "out", "allbut", "enters", "leaves", "starts", "ends", *_AMOUNTS)


@dataclass
class _Draft:
    """A group while its clause is read. after: kinds of places that came after its things;
    joined: whether "and" stands before what comes next; last: the item before it."""

    group: Group = field(default_factory=Group)
    after: set[str] = field(default_factory=set)
    joined: bool = False
    last: Item | None = None


def groups_of(items: list[Item]) -> list[Group]:
    clauses: list[list[Item]] = [
        [i for i in clause if not isinstance(i, Length | Form) and i != Role("groove")]
        for clause in split(items)
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


def split(items: list[Item], strong: bool = False) -> list[list[Item]]:
    """What stands between breaks, or between strong breaks only."""
    parts: list[list[Item]] = [[]]
    for item in items:
        if isinstance(item, Break) and item.strong >= strong:
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def _with_place(groups: list[Group], place: Bars | Steps) -> list[Group]:
    """The groups with a place that stands after them. Note values without a drum are a feel."""
    drums = bool(groups) and any(is_drum(thing) for thing in groups[-1].things)
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
        bound = (Role("not") in first or Role("only") in first) and is_drum(first[-1])
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
    drums = [item for item in clause if is_drum(item)]
    return bool(drums) and len(drums) + clause.count(Role("and")) == len(clause)


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
        if group.negative and group.steps and all(is_drum(thing) for thing in before.things):
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
                is_drum(t) or t.entry.has("fill") for t in group.things
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
                if all(is_drum(thing) for thing in everything):
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
        drum = is_drum(thing)
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
        drums = any(is_drum(thing) for thing in group.things)
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
    if entry.has(*EVENTS) or entry.sets("ghosts"):
        return "drum" if not entry.has("style", "hit") else "style"
    return "style" if entry.has("style", "hit", "word") else "feel"


def _is_drum_like(item: Item | None) -> bool:
    return isinstance(item, Thing) and (is_drum(item) or item.entry.has("fill"))


def _switch_like(item: Item | None) -> bool:
    return isinstance(item, Role) and item.name in _AMOUNTS
