"""Places in the loop that a request names: "bar 4", "every 4 bars", "from bar 5"."""

from __future__ import annotations

import re
from dataclasses import replace

from workbench.systems.drum_ldm.items import (
    EVENTS,
    MOST_BARS,
    Bars,
    Break,
    Item,
    Length,
    Role,
    Thing,
    bars_name,
    form_plan,
    length_name,
)
from workbench.systems.drum_ldm.words import BAR_PLURALS, OFS, SMALL, Words

_AFTER = ("after", "nach", "apres")
_SPANS = ("for", "during", "throughout", "wahrend", "pendant", "durante")
_SIGNS = (".", ",", "/", "-", "–", "—", "or", "to", "o", "oder", "ou", "bis")  # in a length
_LISTING = (Role("only"), Role("not"), Role("and"), Role("many"), Role("few"))


class BarPlaces(Words):
    """Reads places in the loop and lengths."""

    def _phrase_with_bars(self, i: int) -> int:
        """ "at the end of every 4 bars": the bars alone."""
        entry, n = self._find(i)
        if entry is None or not entry.has("part"):
            return 0
        at = i + n
        while self._word(at) in (*OFS, *SMALL):
            at += 1
        if at == i + n:
            return 0
        taken = self._bars(at)
        return at + taken - i if taken else 0

    def _bars(self, i: int) -> int:
        start = i
        role, n = self._role(i)
        spans = role == "at" and self.words[i] in _SPANS
        if role == "at" and self._role(self._past_small(i + n))[0] != "at":
            i = self._past_small(i + n)
        elif self._word(i) == "no":
            i = self._past_small(i + 1)
            if not (
                self._is_bar(i) or self._ordinal(i) or self._role(i)[0] in ("last", "penultimate")
            ):
                return 0
        i = self._past_small(i)
        for reader in (self._bar_n, self._nth_bar, self._last_bars, self._every, self._from):
            if taken := reader(i):
                if spans and isinstance(self._last, Bars):
                    self.result.items[-1] = replace(self._last, span=True)
                return i + taken - start
        if spans and (taken := self._length(i, span=True)):
            return i + taken - start
        return self._length(start)

    def _lead_in(self, i: int) -> int:
        """ "into bar 5", "leading to bar 5": the bar before it."""
        role, n = self._role(i)
        if role != "then" or self._word(i + n - 1) not in ("into", "to", "before"):
            return 0
        at = self._past_small(i + n)
        if not (self._is_bar(at) and self._word(at + 1).isdecimal()):
            return 0
        before = (self._number(at + 1) - 1) or self.bars  # the loop begins again
        self._place([before], bars_name([before]))
        return at + 2 - i

    def _read_lengths(self) -> None:
        """Read a length as bars at the start or the end: "2 bars of silence at the end", "end with
        2 bars of toms"."""
        items = self.result.items
        lengths = [(k, item) for k, item in enumerate(items) if isinstance(item, Length)]
        if len(lengths) != 1:
            return
        [(k, length)] = lengths
        if length.bars >= self.bars:
            return
        before = items[k - 1] if k else None
        strong = any(isinstance(item, Break) and item.strong for item in items)
        if length.span and not strong and before is not None and not isinstance(before, Break):
            items[k] = self._edge_bars(length, first=True)  # "no snare for 4 bars"
            return
        after = next((j for j in range(k + 1, len(items)) if not _listed(items[j])), len(items))
        if before in (Role("starts"), Role("ends")):
            items[k - 1 : k + 1] = [self._edge_bars(length, before == Role("starts"))]
        elif (edge := self._edge_of(before)) and after > k + 1:
            items[k - 1 : k + 1] = [self._edge_bars(length, edge == "first")]
        elif k + 1 < after < len(items) and (edge := self._edge_of(items[after])):
            items[after] = self._edge_bars(length, edge == "first")
            del items[k]

    def _edge_of(self, item: Item | None) -> str:
        """ "first" for the first bar alone, "last" for the last one, "" for another item."""
        edges: dict[tuple[int, ...], str] = {(0,): "first", (self.bars - 1,): "last"}
        return edges.get(item.indices, "") if isinstance(item, Bars) else ""

    def _edge_bars(self, length: Length, first: bool) -> Bars:
        """As many bars at the start of the loop, or at its end."""
        begin = 0 if first else self.bars - length.bars
        indices = tuple(range(begin, begin + length.bars))
        return Bars(indices, bars_name([index + 1 for index in indices]))

    def _in_letter(self, i: int) -> int:
        """ "in B", "the B part": the bars of a letter of the form."""
        role, n = self._role(i)
        at = self._past_small(i + n) if role in ("at", "every") else self._past_small(i)
        letter, named = self._word(at), self._role(at + 1)[0] in ("bar", "groove")
        letter = letter[0] if len(letter) == 2 and letter[1] == "s" else letter
        if len(letter) != 1 or letter not in self.form:
            return 0
        after = at > i or self._word(i - 1) == "in"  # the end of "fill in"
        if not named and (not after or (letter == "a" and at + 1 < self.ends[i])):
            return 0
        plan = form_plan(self.form, self.bars)
        self._place([k + 1 for k, own in enumerate(plan) if own == letter], letter.upper())
        return at + 1 + named - i

    def _place(self, numbers: list[int], name: str, every: int = 0, **flags: bool) -> None:
        """Add bars, counted from 1; those that the loop does not have are refused."""
        outside = sorted({n for n in numbers if not 1 <= n <= self.bars})
        if outside:
            text = f"{bars_name(outside)}: this loop has {length_name(self.bars)}"
            self.result.refused.append(text)
        inside = tuple(sorted({n - 1 for n in numbers if 1 <= n <= self.bars}))
        self._add(Bars(inside, name, every, **flags))

    def _bar_n(self, i: int) -> int:
        """ "bar 4", "bars 1 to 4", "bars 4 and 8"."""
        if not self._is_bar(i) or not self._word(i + 1).isdecimal():
            return 0
        signed = self._word(i + 2) == "/" and self._word(i + 3) in ("2", "4", "8", "16")
        if signed and self.words[i] not in BAR_PLURALS:
            return 0  # "bar 7/8" is a metre, "bars 7/8" are two bars
        at, numbers = i + 2, [self._number(i + 1)]
        while True:
            role, n = self._role(at)
            ranged = role == "until" or self._word(at) in ("to", "a", "through", "bis", "à")
            dashed = self._word(at).isdecimal() and self.gaps[at].strip() in ("-", "–", "—")
            step = at if dashed else at + n
            if role in ("and", "until") or ranged or dashed:
                step += not dashed and self._is_bar(self._past_small(step))
                step = self._past_small(step)
                if self._word(step).isdecimal() and not self._bar_after(step + 1):
                    last = self._number(step)
                    if ranged or dashed:
                        numbers += range(numbers[-1] + 1, min(last, 999) + 1)
                    else:
                        numbers.append(last)
                    at = step + 1
                    continue
            elif (
                self._word(at).isdecimal()
                and self._find(at)[0] is None
                and not self._bar_after(at + 1)
                and self.gaps[at].strip() == ","
            ):
                numbers.append(self._number(at))
                at += 1
                continue
            break
        if self._role(at)[0] == "from":  # "from bar 5 onwards" is read by _from
            return 0
        self._place(numbers, bars_name(numbers))
        return at - i

    def _nth_bar(self, i: int) -> int:
        """ "the 4th bar", "the 4th and 8th bar"; "the first bar"."""
        numbers, at = [], i
        while number := self._ordinal(at):
            numbers.append(number)
            at += 1
            if self._role(at)[0] == "and" and self._ordinal(self._past_small(at + 1)):
                at = self._past_small(at + 1)
        if not numbers or not self._is_bar(at):
            return 0
        self._place(numbers, bars_name(numbers))
        return at + 1 - i

    def _last_bars(self, i: int) -> int:
        """ "the last bar", "the last 2 bars", "the first 4 bars"."""
        number, at = 1, i
        if back := self._from_end(i):
            nth, at = back
            if not self._is_bar(at):
                return 0
            self._place([self.bars - nth + 1], bars_name([self.bars - nth + 1]))
            return at + 1 - i
        if self._word(at).isdecimal() and self._edge(at + 1):
            number, at = self._number(at), at + 1
        edge = self._edge(at)
        if not edge:
            return 0
        at += 1
        if self._word(at).isdecimal():
            number, at = self._number(at), at + 1
        if not self._is_bar(at):
            return 0
        number = min(number, 999)
        first = 1 if edge == "first" else self.bars - number + 1
        name = f"the {edge} bar" if number == 1 else f"the {edge} {number} bars"
        self._place(list(range(first, first + number)), name)
        return at + 1 - i

    def _from_end(self, i: int) -> tuple[int, int] | None:
        """The number of "second to last", counted from the end, and the index after it."""
        role, n = self._role(i)
        if role == "penultimate":
            return 2, i + n
        number = self._ordinal(i)
        if number and self._word(i + 1) == "to" and self._role(i + 2)[0] == "last":
            return number, i + 3
        return None

    def _edge(self, i: int) -> str:
        role = self._role(i)[0]
        return role if role in ("first", "last") else "first" if self._word(i) == "1th" else ""

    def _every(self, i: int) -> int:
        """ "every bar", "every 4 bars", "every other bar", "every 4th bar"."""
        role, n = self._role(i)
        if role != "every":
            return 0
        at = self._past_small(i + n)
        entry = self._find(at)[0]
        if entry is not None and list(entry.of("place")) == [("1",)]:  # "every downbeat"
            self._place(list(range(1, self.bars + 1)), "every bar", every=1)
            return at - i
        step = 1
        if self._role(at)[0] == "other":
            step, at = 2, at + 1
        elif number := self._ordinal(at) or self._number(at):
            step, at = number, at + 1
        if not self._is_bar(at):
            return 0
        name = "every bar" if step == 1 else f"every {step} bars"
        self._place(list(range(step, self.bars + 1, step)), name, every=step)
        return at + 1 - i

    def _from(self, i: int) -> int:
        """ "from bar 5", "until bar 4"."""
        role, n = self._role(i)
        if self._word(i) in _AFTER and self._number(i + 1) and self._bar_after(i + 2):
            first = min(self._number(i + 1) + 1, 999)  # "after 4 bars"
            numbers = list(range(first, self.bars + 1))
            self._place(numbers or [first], bars_name(numbers or [first]))
            return 3
        if role not in ("from", "until"):
            return 0
        at = self._past_small(i + n)
        for k in dict.fromkeys((i + n, at)):
            entry, m = self._find(k)
            if entry is not None and entry.has("part"):
                return k + m - i if self._to_part(role, next(entry.of("part"))[0]) else 0
        after, before = (word in self.words[i : i + n] for word in ("after", "before"))
        at = self._past_small(at + self._is_bar(at))
        number = self._ordinal(at) or self._number(at)
        if not number or not (
            self._is_bar(at - 1) or self._is_bar(at + 1) or "bar" in self.words[i:at]
        ):
            return 0
        at += 1
        at += self._is_bar(at)
        first, last = (number + after, self.bars) if role == "from" else (1, number)
        if role == "until" and before:
            last -= 1
        until, m = self._role(at)
        if (role == "from" and until == "until") or self._word(at) in ("to", "a"):
            end = self._past_small(at + m)
            end = end + self._is_bar(end)
            if self._word(end).isdecimal():
                last, at = self._number(end), end + 1
        at += self._word(at) in ("on", "onwards", "onward")
        first, last = min(first, 999), min(last, 999)
        numbers = list(range(first, last + 1))
        until_there = role == "until" and not before
        self._place(numbers, bars_name(numbers or [first]), until=until_there, before=before)
        return at - i

    def _to_part(self, role: str, part: str) -> bool:
        """Add the bars "until the end" or "from the middle"."""
        half = max(1, self.bars // 2)
        begin = {"last": self.bars, "half2": half + 1, "mid": half + 1, "halfway": half + 1}.get(
            part
        )
        if begin is None or begin > self.bars:
            return False
        numbers = list(range(1, begin + 1) if role == "until" else range(begin, self.bars + 1))
        self._place(numbers, bars_name(numbers), until=role == "until")
        return True

    def _length(self, i: int, span: bool = False) -> int:
        """ "4 bars", "8-bar loop", but not "2.5 bars", "2 1/2 bars" and "4 or 8 bars"."""
        if not (self._word(i).isdecimal() and self._bar_after(i + 1)):
            return 0
        word = self._word(i - 1)
        sign, first = (word, i - 2) if word in _SIGNS else (self.gaps[i], i - 1)
        if sign in _SIGNS and self._word(first).isdecimal():
            sign = f" {sign} " if sign.isalpha() else sign
            self.result.other_lengths.append(f"{self.words[first][:9]}{sign}{self.words[i][:9]}")
            return 2
        minus = "-" * bool(re.search(r"(?:^|\s)-$", self.gaps[i]))
        if minus or not 1 <= self._number(i) <= MOST_BARS:
            self.result.other_lengths.append(minus + self.words[i][:9])
            return 2
        self._add(Length(int(self.words[i]), span))
        return 2

    def _part(self, name: str) -> None:
        half = max(1, self.bars // 2)
        ranges = {
            "first": (1, 1, "bar 1"),
            "last": (self.bars, self.bars, f"bar {self.bars}"),
            "half1": (1, half, "the first half"),
            "opening": (1, half, "the first half"),
            "half2": (min(half + 1, self.bars), self.bars, "the second half"),
            "mid": (half, half, f"bar {half}"),
            "halfway": (half, half, f"bar {half}"),
            "whole": (1, self.bars, bars_name(range(1, self.bars + 1))),
        }
        first, last, text = ranges[name]
        self._place(
            list(range(first, last + 1)), text, opening=name == "opening", halfway=name == "halfway"
        )


def _listed(item: Item) -> bool:
    """Whether an item is a drum, an event such as a fill, or a word between them."""
    return item in _LISTING or (isinstance(item, Thing) and item.entry.has("drum", "at", *EVENTS))
