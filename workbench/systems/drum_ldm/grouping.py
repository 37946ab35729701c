"""From clauses to groups of things that share an amount, a negation and a place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import takewhile

from workbench.music.kit import DRUMS
from workbench.systems.drum_ldm.clauses import HANDS, NOTE_VALUES, arranged, clauses_of
from workbench.systems.drum_ldm.items import (
    EVENTS,
    Bars,
    Group,
    Item,
    Role,
    Steps,
    Thing,
    codes_of,
    is_drum,
    is_pattern,
    takes_steps,
)
from workbench.systems.drum_ldm.lexicon import Entry, lexicon

_AMOUNTS = ("many", "few", "less", "some")
_LIST = 3  # so many things in a row before "fills" are a list of keywords
_DEGREES = ("very", "slightly")
_SWITCHES = (
    *("only", "not", "nor", "instead", "but", "except", "out", "allbut", "unknown"),
    *("enters", "leaves", "starts", "ends", *_AMOUNTS),
)


@dataclass
class _Draft:
    """A group while its clause is read. after: kinds of places that came after its things;
    joined: whether "and" stands before what comes next; last: the item before it; shared: whether
    a place after its things is also that of the group before."""

    group: Group = field(default_factory=Group)
    after: set[str] = field(default_factory=set)
    joined: bool = False
    last: Item | None = None
    shared: bool = False


def groups_of(items: list[Item]) -> tuple[list[Group], list[Bars | Steps]]:
    """The groups of a section, and places for which nothing is named."""
    groups: list[Group] = []
    orphans: list[Bars | Steps] = []
    clauses = clauses_of(items)
    for clause in arranged(clauses):
        places = [item for item in clause if isinstance(item, Bars | Steps)]
        if places and not any(isinstance(i, Thing) or _switch(i) for i in clause):
            for place in places:
                groups = _with_place(groups, place, orphans)
        else:
            reader = _Reader(clause, groups)
            groups = reader.groups
            orphans += reader.orphans
    named = {code for g in groups if not g.negative for t in g.things for code in codes_of(t)}
    rest = Role("nothing else") in items or [Role("only")] in clauses
    if named and rest:
        codes = tuple(code for code in DRUMS if code not in named)
        bars = groups[-1].bars if all(g.bars == groups[-1].bars for g in groups) else None
        others = Thing(Entry("other drums", (("drum", *codes),)), "other drums")
        groups.append(Group((others,), negative=True, bars=bars))
    return [
        replace(g, others=tuple(named)) if g.only == "drums" and g.steps is not None else g
        for g in groups
    ], orphans


def _with_place(
    groups: list[Group], place: Bars | Steps, orphans: list[Bars | Steps]
) -> list[Group]:
    """The groups with a place that stands after them. Note values without a drum are a feel."""
    drums = bool(groups) and any(takes_steps(thing) for thing in groups[-1].things)
    if isinstance(place, Steps) and not drums:
        words = [NOTE_VALUES[name] for name in place.names if name in NOTE_VALUES]
        things = tuple(Thing(Entry(word, (("word", word),)), word) for word in words)
        if not things:
            orphans.append(place)
        return [*groups, Group(things)] if things else groups
    if not groups:
        orphans.append(place)
        return groups
    return [*groups[:-1], _placed(groups[-1], place)]


def _switch(item: Item) -> bool:
    return isinstance(item, Role) and item.name in _SWITCHES


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
    """Reads the groups of one clause, after those of the clauses before it."""

    def __init__(self, clause: list[Item], before: list[Group]) -> None:
        self.groups = list(before)
        self.orphans: list[Bars | Steps] = []
        self.clause = clause
        self.draft = _Draft(Group(joined=bool(before)))
        self.degree = 0
        self.excepting = False  # whether an exception from the last group is read
        self.exception = False  # whether the draft is one
        self.lost = False  # whether places are those of something unknown
        for self.at, item in enumerate(clause):
            if isinstance(item, Role):
                self._role(item)
            elif isinstance(item, Thing):
                self._thing(item)
            elif isinstance(item, Bars | Steps):
                self._place(item)
            self.draft.last = item
        self._end()

    @property
    def following(self) -> Item | None:
        return self.clause[self.at + 1] if self.at + 1 < len(self.clause) else None

    def _place_alone(self) -> bool:
        """Whether places follow that belong to what is before them."""
        if not isinstance(self.following, Bars | Steps):
            return False
        rest = [item for item in self.clause[self.at + 1 :] if item != Role("and")]
        end = next((k for k, i in enumerate(rest) if not isinstance(i, Bars | Steps)), len(rest))
        after = rest[end] if end < len(rest) else None
        return not (isinstance(after, Thing) or after == Role("not"))

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
        self.exception = False

    def _again(self, negative: bool) -> None:
        """Begin a group of the same drums, for other places."""
        if self.draft.group.things:
            self._flush(joined=True)
        last = self.groups[-1]
        if not negative:  # "snare not on 2 but on 3": the snare alone says nothing more
            bare = [g for g in self.groups[:-1] if g.things == last.things and not g.placed]
            self.groups = [g for g in self.groups if not any(g is b for b in bare)]
        self.draft = _Draft(Group(last.things, negative, joined=True), {"again"})

    def _end(self) -> None:
        """End the clause. Places without a thing belong to the group before."""
        group = self.draft.group
        if group.things:
            self.groups.append(group)
            return
        for place in (group.bars, group.steps):
            if place is not None and self.lost:
                self.orphans.append(place)
            elif place is not None:
                self.groups = _with_place(self.groups, place, self.orphans)

    def _set(self, **changes: object) -> None:
        self.draft.group = replace(self.draft.group, **changes)  # type: ignore[arg-type]

    def _last(self) -> Group:
        """The group that was named last, in the draft or before it."""
        if self.draft.group.things or not self.groups:
            return self.draft.group
        return self.groups[-1]

    # --- words of the grammar -----------------------------------------------------------------

    def _role(self, role: Role) -> None:
        group, following, name = self.draft.group, self.following, role.name
        if name == "and" or (
            name == "nor" and group.negative and group.things and not self.draft.after
        ):
            self.draft.joined = True
        elif name == "unknown":
            self.lost = self.excepting or self.draft.joined or not group.things
            self.excepting = False
        elif name == "but":
            self._but()
        elif name == "except":
            self._except()
        elif name in ("with", "for"):
            if group.things and group.things[-1].entry.has("fill") and is_drum(following):
                self._flush(joined=True)  # "a fill with toms"
                self._set(bars=Bars((), "the fills", fills=True))
            elif group.things or not group.only:
                self._flush(joined=True, keep=True)
                self.draft.shared = name == "for"  # "swap the hats for the ride in bar 5"
        elif name in _DEGREES:
            degree = 1 if name == "very" else -1
            if isinstance(following, Thing) or _switch_like(following) or not group.things:
                self.degree = degree
            else:
                self._set(degree=degree)
        elif name == "only":
            self._only()
        elif name in ("not", "nor", "instead", "allbut"):
            self._not(name)
        elif name == "out":
            self._set(negative=True)
        elif name == "less" and self._place_alone() and self._last().things:
            self._except()  # "menos en el 3"
        elif name in _AMOUNTS:
            drums = bool(group.things) and all(is_drum(thing) for thing in group.things)
            if drums and following is None and not (group.amount or self.draft.after):
                self._set(amount=name)  # "crash cymbals all over"
                return
            if group.things:
                self._flush(joined=self.draft.joined or group.joined, keep=True)
            self._set(amount=name)
        elif name == "than" and group.amount in ("many", "less", "few"):
            self._flush(joined=True)
            self._set(amount="few" if self.groups[-1].amount == "many" else "many")
        elif name == "count":
            if group.things:
                self._flush(joined=True, keep=True)
            self._set(count=role.number)
        elif name in ("starts", "ends"):
            if group.things:
                self._flush(joined=True)
            self._set(part=name)
            if name == "ends":
                self._set(joined=True)
        elif name in ("enters", "leaves"):
            if group.things and group.change:  # "drops out in bar 5 and comes back in bar 7"
                self._again(negative=False)
            elif group.things and self.draft.joined:  # "and in comes the ride"
                self._flush(joined=True)
            self._set(change=name)

    def _but(self) -> None:
        """ "no crash but on bar 1", "on every beat but 1", "not on 2 but on 3"."""
        last, following = self._last(), self.following
        if self._place_alone() and last.things and all(_is_event(t) for t in last.things):
            if last.negative and last.placed:
                self._again(negative=False)
                return
            held = last.steps is not None and isinstance(following, Steps)
            if last.negative or (held and last.steps.holds(following)):  # type: ignore[union-attr,arg-type]
                self._except()
                return
        if is_drum(following) and last.things:
            drums = {code for thing in last.things for code in codes_of(thing)}
            among = last.negative and drums.issuperset(codes_of(following))
            if among or last.things[-1].entry.has("silence"):
                self._except()
                return
        self._flush(joined=True)

    def _except(self) -> None:
        if self._last().things:
            if self.draft.group.things:
                self._flush(joined=True)
            self.draft = _Draft(Group(joined=True))
            self.excepting = True
        else:
            self._not("not")

    def _only(self) -> None:
        group, following = self.draft.group, self.following
        if group.negative and not group.things and following is not None:  # "not only"
            self._set(negative=False)
            return
        place = isinstance(following, Bars | Steps) and (bool(group.things) or not self.groups)
        place = place and not (isinstance(following, Bars) and following.until)
        after = isinstance(self.draft.last, Bars | Steps) and bool(group.things)
        if place or (after and not following):
            self._set(only="places")
            return
        drums = bool(group.things) and all(
            is_drum(t) or t.entry.has("fill") or t.entry.has("at") for t in group.things
        )
        if not drums or isinstance(following, Thing) or following == Role("with"):
            self._flush(joined=group.joined, keep=True)
        self._set(only="drums")

    def _not(self, name: str) -> None:
        group, anded = self.draft.group, self.draft.joined
        if name == "allbut" and isinstance(self.following, Steps) and self._last().things:
            self._except()  # "on everything except 3"
            return
        if name == "allbut" and group.negative and not group.things:  # "without anything but"
            self._set(negative=False, only="drums")
            return
        if group.things and self.following in (Role("enters"), Role("leaves"), Role("out")):
            self._set(negative=True)  # "hats don't come in until bar 3"
            return
        if group.things and self.following is None:  # "ride: none"
            self._set(negative=True)
            return
        last = self._last()
        events = bool(last.things) and all(_is_event(thing) for thing in last.things)
        if name != "allbut" and events and not last.negative and self._place_alone():
            self._again(negative=True)
            return
        if group.things or group.only:
            self._flush(joined=True)
        self._set(negative=True)
        before = self.groups[-1] if self.groups else Group()
        if name == "instead" and all(is_drum(thing) for thing in before.things):
            self._set(bars=before.bars)
        self.draft.shared = name == "instead" or (anded and before.negative)
        drums = bool(before.things) and all(is_drum(thing) for thing in before.things)
        if name == "allbut" and drums and not before.negative:
            self.groups.pop()

    # --- things and places --------------------------------------------------------------------

    def _excepted(self, thing: Thing) -> None:
        """Take a thing out of the last group, and ask for it."""
        self.excepting = False
        last = self.groups[-1]
        codes = codes_of(thing)
        drums = {code for t in last.things for code in codes_of(t)}
        changed = drums == {*DRUMS} and (last.change == "leaves" or last.negative)
        if codes and (changed or last.things[-1].entry.has("silence", "stop")):
            self.groups[-1:] = []
            self._set(things=(thing,), only="drums", bars=last.bars, part=last.part)
            return
        if codes and last.negative:
            self.groups[-1] = replace(last, without=(*last.without, *codes))
            if drums <= {*self.groups[-1].without}:
                self.groups.pop()
            self._set(things=(thing,), bars=last.bars, steps=last.steps)
            self.exception = True
            return
        if codes and drums == {*DRUMS}:
            self.groups.pop()
            self._set(bars=last.bars)
        self._set(things=(thing,), negative=not last.negative)

    def _thing(self, thing: Thing) -> None:
        entry, group, following = thing.entry, self.draft.group, self.following
        self.lost = False
        if self.excepting:
            self._excepted(thing)
            return
        drum = is_drum(thing)
        if self._of_fill(thing) and not self._of_tempo(entry):  # "a big tom fill"
            quality = thing
            if entry.has("pace"):
                [(factor, _)] = entry.of("pace")
                busy = lexicon().entries["busy" if float(factor) >= 1 else "sparse"]
                quality = Thing(busy, thing.text)
            there = Bars((), "the fills", fills=True)
            self.groups.append(Group((quality,), bars=there, joined=True, degree=self.degree))
            self.degree = 0
            return
        if entry.has("pace") and isinstance(following, Thing) and "roll" in following.text:
            return  # "fast hi-hat rolls"
        if (amount := _amount(entry)) and self._of_drum(entry):  # "fast hats", "busy kick"
            if group.things:
                self._flush(joined=group.joined, keep=True)
            self._set(amount=amount)
            return
        if side := self._side_of_loudness(thing):  # "loud snare, soft hats"
            joined = self.draft.joined or group.joined
            if side == "after" and group.things:
                self._flush(joined=joined, keep=True)
            degree = self.degree or self.draft.group.degree
            self._set(volume=thing, degree=degree)
            self.degree = 0
            self.draft.joined = False
            if side == "before" and is_drum(following):
                self._flush(joined=joined)
            return
        loud = group.negative and bool(group.things) and group.things[-1].entry.sets("loudness")
        if drum and loud and not self.draft.joined and not self.draft.after:
            self._flush(joined=True)
            self._set(amount="few")  # "no loud cymbals"
            group = self.draft.group
        if group.part and group.things and self.draft.joined and entry.has("build", "fade"):
            self._flush(joined=True)  # "start soft and build up"
            self._set(part="")
            group = self.draft.group
        if entry.has("silence") and group.things and is_drum(self.draft.last):
            self._set(negative=True)  # "hats silent in bar 2"
            return
        if entry.has("stop") and group.things and is_drum(self.draft.last):
            self._set(change="leaves")  # "hats stop in bar 4"
            return
        if entry == lexicon().entries["together"]:  # "kick and snare together"
            if group.negative and group.things:
                self.draft = _Draft(Group((thing,)))
            return
        if self.exception and self.draft.joined and not self.draft.after:
            last = self.groups[-1]
            self.groups[-1] = replace(last, without=(*last.without, *codes_of(thing)))
        if group.things:
            bound = group.negative or bool(group.only)
            kinds = {_kind(t) for t in group.things}
            other = bool(group.amount) and entry.has("fill")  # "busy kick fills": fills, not many
            if (
                self.draft.after
                or (other and not self.draft.joined)
                or (bound and not self.draft.joined and not (drum and group.only))
                or _kind(thing) not in kinds
            ):
                neg = bound and self.draft.joined and not self.draft.after and drum
                negative, only = group.negative and neg, group.only if neg else ""
                joined = self.draft.joined or group.joined
                self._flush(joined=joined, keep=not self.draft.joined)
                self._set(negative=negative, only=only)
        degree, self.degree = self.degree, 0
        changes = {"degree": degree} if degree else {}
        group = self.draft.group
        self._set(things=(*group.things, thing), **changes)
        self.draft.joined = False

    def _of_tempo(self, entry: Entry) -> bool:
        """Whether a pace before a fill is that of the tempo: the fill has a density of its own
        after it, as in "125 bpm fast fill 4-4 sparse"."""
        after = (item for item in self.clause[self.at + 2 :] if isinstance(item, Thing))
        return entry.has("pace") and any(item.entry.sets("density") for item in after)

    def _of_drum(self, entry: Entry) -> bool:
        """Whether an amount is that of what follows. A pace is only that of hands: "fast hats"."""
        if not entry.has("pace"):
            return _is_drum_like(self.following)
        before = self.clause[self.at - 1] if self.at else None
        tempo = isinstance(before, Thing) and before.entry.has("style")  # "rock, fast, hats"
        codes = {*codes_of(self.following)}
        return bool(codes) and codes <= HANDS and not tempo

    def _side_of_loudness(self, thing: Thing) -> str:
        """Whether a loudness is that of the drum "before" or "after" it; "" if it is the loop's."""
        group, following = self.draft.group, self.following
        if not thing.entry.sets("loudness") or len(thing.entry.effects) > 1:
            return ""
        if group.negative or group.amount == "less":
            return ""
        before = self.clause[self.at - 1] if self.at else None
        then = _names_some(following)
        last = _names_some(before) and group.volume is None and not self.draft.after
        if last and (then or not isinstance(following, Thing)):
            return "before"
        styled = isinstance(before, Thing) and before.entry.has("style", "section")
        return "after" if then and not styled else ""  # not in "rock loud hats"

    def _of_fill(self, thing: Thing) -> bool:
        """Whether a drum or a quality stands before "fill", perhaps with others between them. A
        longer row, such as "8ths hats toms busy kick fills", is a list of keywords."""
        if self.draft.group.negative or not _describes_fill(thing):
            return False
        places = range(self.at + 1, len(self.clause))
        end = next((i for i in places if not _describes_fill(self.clause[i])), None)
        if end is None:
            return False
        before = reversed(self.clause[:end])
        row = list(takewhile(lambda item: isinstance(item, Thing | Steps), before))
        fill = self.clause[end]
        if not isinstance(fill, Thing) or not fill.entry.has("fill"):
            return False
        drums = sum(map(_is_drum_like, row))
        return len(row) < _LIST and not (fill.text.endswith("s") and drums > 1)

    def _place(self, place: Bars | Steps) -> None:
        kind = "bars" if isinstance(place, Bars) else "steps"
        if self.lost:
            self.orphans.append(place)
            return
        if self.excepting:
            last = _placed(Group(bars=self.groups[-1].but_bars), place)
            if kind == "bars":
                self.groups[-1] = replace(self.groups[-1], but_bars=last.bars)
            else:
                self.groups[-1] = replace(self.groups[-1], but_steps=last.steps)
            return
        group = self.draft.group
        if kind == "steps" and group.things and group.things[-1].entry.has("fill"):
            if not any(isinstance(item, Bars) for item in self.clause):
                self._set(part="ends")  # "a fill over the last two beats"
            return
        if kind == "steps" and group.things and group.things[-1].entry.has("silence"):
            everything = Thing(lexicon().entries["alldrums"], "drums")  # "nothing on beat 1"
            self._set(things=(everything,), negative=True)
            group = self.draft.group
        if (
            isinstance(place, Steps)
            and group.steps
            and ({"eighth", "sixteenth"} & {*group.steps.names} or is_pattern(group.steps.names[0]))
        ):
            self.orphans.append(place)
            return
        crash = bool(group.things) and codes_of(group.things[-1]) == ("CR",)
        others = {code for thing in group.things[:-1] for code in codes_of(thing)}
        if kind == "steps" and place.names == ("1",) and crash and others & HANDS:  # type: ignore[union-attr]
            self.groups.append(replace(group, things=group.things[:-1]))  # "ride and a crash on 1"
            self._set(things=group.things[-1:], joined=True)
            group = self.draft.group
        there = getattr(group, kind) is not None
        adjacent = isinstance(self.draft.last, type(place)) or (
            self.draft.joined and kind in self.draft.after
        )
        drums = any(takes_steps(thing) for thing in group.things)
        if kind == "steps" and self.draft.joined and not there and _is_drum_like(self.following):
            drums = False  # "ride and 16th note hats"
        if group.things and ((there and not adjacent) or (kind == "steps" and not drums)):
            self._flush(joined=True)
            group = self.draft.group
        if group.things:
            self.draft.after.add(kind)
            before = self.groups[-1] if self.groups else Group()
            bare = bool(before.things) and not before.placed
            bare = bare and all(is_drum(thing) for thing in before.things)
            if self.draft.shared and bare:
                self.groups[-1] = _placed(before, place)
            if self.exception:  # "no cymbals except the ride in bar 3"
                self._set(only="places")
        self.draft.group = _placed(self.draft.group, place)


def _names_some(item: Item | None) -> bool:
    """Whether an item names drums, but not all of them."""
    return 0 < len({*codes_of(item)}) < len(DRUMS)


def _is_event(thing: Thing) -> bool:
    """Whether a thing may stand again for other places: drums and fills."""
    return takes_steps(thing) or thing.entry.has("fill")


def _describes_fill(item: Item) -> bool:
    """Whether an item is a drum, or a quality such as "big" or "fast"."""
    if not isinstance(item, Thing) or item.entry.has("style", "section"):
        return False
    return is_drum(item) or item.entry.sets("loudness") or bool(_amount(item.entry))


def _amount(entry: Entry) -> str:
    """The amount of a drum's hits that "busy" or "fast" means; "" for other words."""
    for factor, _ in entry.of("pace"):
        return "many" if float(factor) > 1 else "few"
    for name, value in entry.of("set"):
        if name == "density" and len(entry.effects) == 1:
            return "many" if float(value) > 4 else "few"
    return ""


def _kind(thing: Thing) -> str:
    """Things of one kind may share an amount, a negation and a place."""
    entry = thing.entry
    if entry.has("drum") or (entry.has("at") and not entry.has("hit")):
        return "drum"
    if entry.has(*EVENTS) or entry.sets("ghosts"):
        return "drum" if not entry.has("style", "hit") else "style"
    return "style" if entry.has("style", "hit", "word") else "feel"


def _is_drum_like(item: Item | None) -> bool:
    return isinstance(item, Thing) and (is_drum(item) or item.entry.has("fill"))


def _switch_like(item: Item | None) -> bool:
    return isinstance(item, Role) and item.name in _AMOUNTS
