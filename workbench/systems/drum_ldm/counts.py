"""Counts of the bar, metres and forms in a request: "on 2 and 4", "the & of 3", "7/8", "AABA"."""

from __future__ import annotations

import re

from workbench.representations.drum_chart import METERS
from workbench.systems.drum_ldm.items import Form, Role, Steps
from workbench.systems.drum_ldm.words import ANDS, BEATS, OFS, SMALL, Words, is_form


class Counts(Words):
    """Reads counts, metres and forms."""

    def _form(self, i: int) -> int:
        """ "aaba", or "a a b a"."""
        n = 1
        letters = self.words[i]
        if len(letters) == 1:
            while self._word(i + n) in set("abcdef") and self._word(i + n):
                letters += self.words[i + n]
                n += 1
        short = letters in ("aa", "ab") and self._word(i + n) == "form"
        if not (short or is_form(letters)):
            return 0
        self._add(Form(letters.upper()))
        return n

    def _and_of(self, i: int) -> int:
        """ "& of 2", "a of 4": a place; "2&", "4a" as well."""
        if match := re.fullmatch(r"(\d)([ea])", self.words[i]):
            self._add(Steps((match[1] + match[2],), count=True))
            return 1
        signed = self._word(i + 1) in ("&", "+") and not self.gaps[i + 1]
        last = not self._word(i + 2).isdecimal() or self.gaps[i + 2]
        if self.words[i].isdecimal() and signed and last:
            self._add(Steps((self.words[i] + "&",), count=True))
            return 2
        entry, n = self._find(i)
        [(name, *more)] = list(entry.of("place")) if entry and entry.has("place") else [("",)]
        if more or name not in ("offbeat", "e", "a"):
            name, n = self.words[i], 1
            if name not in ANDS:
                return 0
        article = self._word(i + n) == "der" and self._word(i - 1) in (
            "der",
            "die",
        )  # "die Und der 2"
        if self._word(i + n) not in OFS and not article:
            return 0
        at = self._past_small(i + n + 1)
        at += self._word(at) in ("beat", "count")
        number = self._word(at)
        if not number.isdecimal() or int(number[:4]) > 12:
            return 0
        if name == "e" and self._word(i + n) != "of":
            name = "&"  # Portuguese for "and"
        sub = name if name in ("e", "a") else "&"
        self._add(Steps((number + sub,), count=True))
        return at + 1 - i

    def _meter(self, i: int) -> int:
        """ "7/8", and "7-8" except after "bars"."""
        top, bottom, n = self._word(i), self._word(i + 2), 3
        if self._word(i + 1) != "/":
            bottom, n = self._word(i + 1), 2
            if not (bottom.isdecimal() and self.gaps[i + 1] == "-"):
                return 0
            if self._role(i - 1)[0] == "bar" or bottom not in ("4", "8"):
                return 0
        if not (top.isdecimal() and bottom in ("2", "4", "8", "16")) or top == "1":
            return 0
        if self._find(i)[1] > n:  # a phrase such as "6/8 afro"
            return 0
        self._add_meter((int(top[:4]), int(bottom)))
        role, words = self._role(i + n)
        return n + (words if role == "bar" else 0)

    def _add_meter(self, meter: tuple[int, int]) -> None:
        """Add a metre that is wanted, or one that is not, with the words before it."""
        items = self.result.items
        while items and items[-1] in (Role("at"), Role("bar")):
            items.pop()
        if items and items[-1] in (Role("not"), Role("allbut")):
            items.pop()
            self.result.excluded_meters.append(meter)
        elif meter in METERS:
            self.result.meters.append(meter)
        else:
            known = ", ".join(f"{a}/{b}" for a, b in METERS)
            self.result.refused.append(f"{meter[0]}/{meter[1]}: metres are {known}")

    def _beats(self, i: int) -> int:
        """ "on 2 and 4", "on beat 3", "on the 1", "on the third beat": counts of the bar."""
        start, names = i, self._counts_of_phrase(i)
        role, n = self._role(i)
        if names:
            i = self._past_joints(i + n)
            if i == start + n:
                return 0
        elif role == "at" or self.words[i] == "no":  # "no" is Portuguese for "on the"
            i += n if role == "at" else 1
            if role != "at" and (taken := self._and_of(i) if i < len(self.words) else 0):
                return 1 + taken
        elif self._word(i) not in BEATS and not self._ordinal(self._past_small(i)):
            return 0
        i = self._past_small(i)
        if not names and (found := self._ordinal_beats(i)):
            counts, end = found
        else:
            if self._word(i) in BEATS:
                i += 1
            elif i == start:
                return 0
            i = self._past_small(i)
            counts, end = self._numbers(i) if i < self.ends[start] else ((), i)
        if not counts:
            return 0
        self._add(Steps((*names, *counts), count=True))
        return end - start

    def _counts_of_phrase(self, i: int) -> tuple[str, ...]:
        """The counts of a phrase such as "on the one"."""
        entry, _ = self._find(i)
        places = next(entry.of("place"), ()) if entry else ()
        return places if all(name.isdecimal() for name in places) else ()

    def _ordinal_beats(self, i: int) -> tuple[tuple[str, ...], int] | None:
        """ "third beat", "second and fourth beats", "last beat", and the index after it."""
        counts: list[str] = []
        while True:
            if number := self._ordinal(i):
                counts.append(str(number))
            elif self._role(i)[0] == "last":
                counts.append("last")
            else:
                break
            i += 1
            joint = self._past_joints(i)
            if self._ordinal(joint) or self._role(joint)[0] == "last":
                i = joint
        return (tuple(counts), i + 1) if counts and self._word(i) in BEATS else None

    def _numbers(self, i: int) -> tuple[tuple[str, ...], int]:
        """Figures that are joined by "and" and commas, and the index after the last."""
        counts: list[str] = []
        end = i
        while re.fullmatch(r"\d{1,2}[ea]?", self._word(i)) and (
            not counts or len(self._word(i)) < 3
        ):
            if self._word(i + 1) == "/" and self._word(i + 2).isdecimal():
                break  # a metre
            if self._is_bar(i + 1) or (counts and not self._is_figure(i)):
                break
            sub = ""
            if self._word(i + 1) in ("&", "+") and not self.gaps[i + 1]:
                sub = "" if self._word(i + 2).isdecimal() and not self.gaps[i + 2] else "&"
            counts.append(self.words[i] + sub)
            i += 1 + len(sub)
            end = i
            i = self._past_joints(i)
        return tuple(counts), end

    def _past_joints(self, i: int) -> int:
        """The index after "and", "on the" and the like, between two counts."""
        while self._role(i)[0] in ("and", "at") or self._word(i) in (*SMALL, "beat", "on", "no"):
            i += 1
        return i
