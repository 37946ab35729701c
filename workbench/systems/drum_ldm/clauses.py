"""From the items of a request to clauses: what stands between commas, sentences and headings."""

from __future__ import annotations

from workbench.systems.drum_ldm.items import (
    Bars,
    Break,
    Form,
    Item,
    Length,
    Role,
    Steps,
    Thing,
    codes_of,
    is_drum,
)

NOTE_VALUES = {"eighth": "8ths", "sixteenth": "16ths"}
HANDS = {"CH", "OH", "RD"}  # the drums that keep time


def split(items: list[Item], strong: bool = False) -> list[list[Item]]:
    """What stands between breaks, or between strong breaks only."""
    parts: list[list[Item]] = [[]]
    for item in items:
        if isinstance(item, Break) and item.strong >= strong:
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def clauses_of(items: list[Item]) -> list[list[Item]]:
    """What stands between breaks; an empty clause where a sentence ends."""
    clauses: list[list[Item]] = [[]]
    formed = False  # whether bars that follow are those of a form
    for item in items:
        if isinstance(item, Break):
            clauses += [[], []] if item.full else [[]]
        elif not (isinstance(item, Length | Form) or item == Role("groove")):
            clauses[-1] += [] if formed and isinstance(item, Bars) else [item]
        formed = isinstance(item, Form)
    return clauses


def arranged(clauses: list[list[Item]]) -> list[list[Item]]:
    """The clauses as they are read: note values behind their hi-hat or cymbal, those of one list
    joined, and each with the bars of its heading."""
    return _headed(_merged(_note_values_last(clauses)))


def _note_values_last(clauses: list[list[Item]]) -> list[list[Item]]:
    """The clauses, with note values behind the hi-hat or cymbal that follows them, as in "backbeat
    8ths hats crash", unless another one stands before them. They end a clause."""
    result: list[list[Item]] = []
    for clause in clauses:
        own: list[Item] = []
        for item in clause:
            last, before = own[-1] if own else Break(), own[-2:-1]
            values = isinstance(last, Steps) and {*last.names} <= {*NOTE_VALUES}
            if values and _keeps_time(item) and not any(map(_keeps_time, before)):
                own.pop()
                if before == [Role("and")]:
                    result.append(own[:-1])
                    own = []
                result.append([*own, item, last])
                own = []
            else:
                own.append(item)
        if own or not clause:
            result.append(own)
    return result


def _keeps_time(item: Item) -> bool:
    return not HANDS.isdisjoint(codes_of(item))


def _merged(clauses: list[list[Item]]) -> list[list[Item]]:
    """Join the clauses of one list: "no snare, toms and crash", "kick, snare and hats only"."""
    result: list[list[Item]] = []
    start = 0
    clauses = _continued(clauses)
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


def _continued(clauses: list[list[Item]]) -> list[list[Item]]:
    """Join what goes on after a comma: "no cymbals, except the ride", "kick on 3, not on 1"."""
    result: list[list[Item]] = []
    for clause in clauses:
        before = result[-1] if result else []
        things = [item for item in clause if isinstance(item, Thing)]
        placed = any(isinstance(item, Bars | Steps) for item in clause)
        negated = bool({Role("not"), Role("nor")} & {*before})
        if before and (
            clause[:1] == [Role("except")]
            or (clause[:1] == [Role("nor")] and negated)
            or (clause[:1] in ([Role("but")], [Role("not")]) and placed and not things)
            or (clause[:1] == [Role("but")] and negated and is_drum(clause[1] if things else None))
        ):
            result[-1] = [*before, *clause]
        else:
            result.append(clause)
    return result


def _is_list(clause: list[Item]) -> bool:
    """Whether a clause is nothing but drums, and "and"."""
    drums = [item for item in clause if is_drum(item)]
    return bool(drums) and len(drums) + clause.count(Role("and")) == len(clause)


def _headed(clauses: list[list[Item]]) -> list[list[Item]]:
    """The clauses, each with the bars of the heading before it, as of "bar 1: kick, snare"."""
    result: list[list[Item]] = []
    heading: Bars | None = None
    for clause in clauses:
        if not clause:
            heading = None
            continue
        own = next((item for item in clause if isinstance(item, Bars)), None)
        if own is not None:
            heading = own if own.heading and clause[0] == own else None
        elif heading is not None:
            clause = [heading, *clause]
        result.append(clause)
    return result
