"""Counts of the bar, metres and forms in a request: "on 2 and 4", "the & of 3", "7/8", "AABA"."""

from __future__ import annotations

import re

from workbench.representations.drum_chart import METERS
from workbench.systems.drum_ldm.items import Break, Form, Role, Steps, Thing, takes_steps
from workbench.systems.drum_ldm.words import (
    ANDS,
    BAR_PLURALS,
    BEATS,
    GRID,
    OFS,
    SMALL,
    STOPS,
    Words,
    is_form,
)

_OVER = ("/", "por")  # between the figures of a metre
_ONTO = ("on", "auf", "sur")
_EXACTLY = ("exactly", "precisely", "just", "only", "exactement", "exactamente", "genau")
_PER = ("per", "each", "every", "por", "pro", "par")
_BEFORE_COUNTS = ("not", "but", "except", "only", "and", "less", "groove")  # of a drum before them
PATTERN = re.compile(r"(?<![^\s:,;=(])[xo.\-|]{2,}(?: [xo.\-|]{2,})*(?![^\s,;:)])", re.I)


GROUPS = re.compile(
    r"(?<![\d/:.,+-])(?:tresillo\s+)?([2-5](?:\s?[+-]\s?[2-5]){2,7})(?![\d/+-])", re.I
)
_GROUPED = (7, 8, 12, 16)  # eighths or sixteenths of a bar that is divided into groups
_MOST_PER_BAR = 16


def grouped_word(match: re.Match[str]) -> str:
    """Return groups such as "3+3+2" as the word of their pattern, "xqqxqqxq", other figures as
    they are. A tresillo is played by the kick."""
    sizes = [int(size) for size in re.findall(r"\d", match[1])]
    if sum(sizes) not in _GROUPED or ("-" in match[1] and len({*sizes}) > 2):
        return match[0]
    pattern = "".join("x" + "q" * (size - 1) for size in sizes)
    return f"kick {pattern}" if match[0].lower().startswith("tresillo") else pattern


def pattern_word(match: re.Match[str]) -> str:
    """Return a pattern such as "x..x..x." as a word, other signs as they are."""
    marks = re.sub(r"[|\s]", "", match[0].lower())
    struck = marks.count("x") or marks.count("o") > 1
    if len(marks) < 4 or not struck or not set(marks) & {".", "-"}:
        return match[0]
    return re.sub("[.-]", "q", marks.replace("o", "x"))


class Counts(Words):
    """Reads counts, metres and forms."""

    def _grid(self, i: int) -> int:
        if not GRID.fullmatch(self.words[i]) or "x" not in self.words[i]:
            return 0
        self._add(Steps((self.words[i].replace("q", "."),), count=True))
        return 1

    def _per_bar(self, i: int) -> int:
        """ "two kicks per bar", "exactly 2 kicks in each bar": so many, at equal distances."""
        at = i + 1 if self.words[i] in _EXACTLY else i
        number = self._number(at)
        entry, n = self._find(at + 1)
        if not 1 <= number <= _MOST_PER_BAR or at + 1 >= self.ends[i]:
            return 0
        if entry is None or not entry.has("drum") or set(self.gaps[at + 1]) & STOPS:
            return 0
        role, m = self._role(at + 1 + n)
        end = at + 1 + n + (m if role == "at" else 0)
        if self._role(end)[0] == "every" or self._word(end) in _PER:
            end += 1
        elif role == "at" or self._word(end) != "a":
            return 0
        else:
            end += 1
        if not self._is_bar(end) or self._word(end) in BAR_PLURALS:
            return 0
        self._add(Thing(entry, " ".join(self.written[at : at + 1 + n])))
        self._add(Role("only"))
        self._add(Steps((f"even{number}",)))
        return end + 1 - i

    def _keep_it(self, i: int) -> int:
        """ "keep it on 4", after what is excluded: the same drum there."""
        keeps = self.words[i] in ("keep", "leave", "put") and self._word(i + 1) in ("it", "them")
        if not keeps or self._role(i + 2)[0] != "at":
            return 0
        if Role("not") not in self.result.items[-6:]:
            return 0
        if self._last != Role("but"):
            self._add(Role("but"))
        return 2

    def _after_drum(self, i: int) -> int:
        """ "kick 1 3", "kick: 1, 3", "not 3": counts without "on"."""
        items, last = self.result.items, self._last
        if not self.words[i][:1].isdecimal():
            return 0
        if isinstance(last, Role) and last.name in _BEFORE_COUNTS:
            last = next(
                (item for item in reversed(items) if not isinstance(item, Role | Break)), last
            )
        elif isinstance(last, Break):
            return 0
        if not (takes_steps(last) or isinstance(last, Steps)) or not self._is_figure(i):
            return 0
        if self._word(i + 1) == "/" or (
            self._word(i + 1) in ("4", "8") and self.gaps[i + 1] == "-"
        ):
            return 0
        counts, end = self._numbers(i)
        if not counts or (len(counts) == 1 and self._counted(end)):
            return 0
        self._add(Steps(counts, count=True))
        return end - i

    def _counted(self, i: int) -> bool:
        """Whether what stands at i has a number before it, as in "toms, 2 crashes"."""
        if i >= len(self.words) or set(self.gaps[i]) & STOPS:
            return False
        entry, n = self._find(i)
        thing = entry is not None and (entry.has("drum", "fill") or entry.has("skip"))
        return thing and not self._word(i + n).isdecimal()

    def _form(self, i: int) -> int:
        """ "aaba", or "a a b a"."""
        n = 1
        letters = self.words[i]
        if len(letters) == 1:
            while self._word(i + n) in set("abcdef"):
                letters += self.words[i + n]
                n += 1
        short = letters in ("aa", "ab") and self._word(i + n) == "form"
        if not (short or is_form(letters)):
            return 0
        self.form = letters
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
        """ "7/8", and "7-8" except after "bars"; "in seven eight"; "eleven eight"."""
        if spelled := self._spelled_meter(i):
            return spelled
        if self._word(i + 2) in _OVER and self._word(i + 1).isdecimal() and i + 1 < self.ends[i]:
            alone = self.table.find(self.words[i : i + 1])[0]
            at = alone is not None and alone.role == "at" and self._word(i) not in _ONTO
            taken = self._meter(i + 1) if at else 0
            return 1 + taken if taken else 0
        top, bottom, n = self._word(i), self._word(i + 2), 3
        if self._word(i + 1) not in _OVER:
            bottom, n = self._word(i + 1), 2
            joined = bottom.isdecimal() and self.gaps[i + 1] == "-"
            joined = joined and self._word(i + 2) not in BAR_PLURALS  # "4-8 bars"
            if not (joined or self._is_odd_meter(i)):
                return 0
            if self._role(i - 1)[0] == "bar" or bottom not in ("4", "8"):
                return 0
        if not (top.isdecimal() and bottom in ("2", "4", "8", "16")) or top == "1":
            return 0
        if self._find(i)[1] > n:  # a phrase such as "6/8 afro"
            return 0
        self._add_meter((int(top[:4]), int(bottom)), figures=self.written[i].isdecimal())
        role, words = self._role(i + n)
        return n + (words if role == "bar" else 0)

    def _is_odd_meter(self, i: int) -> bool:
        """Whether a metre that is not in the lexicon stands at i in words: "eleven eight"."""
        if not (self._word(i).isdecimal() and self._word(i + 1).isdecimal()):
            return False
        spelled = not any(word.isdecimal() for word in self.written[i : i + 2])
        counts = takes_steps(self._last) or isinstance(self._last, Steps)
        known = (self._number(i), self._number(i + 1)) in METERS
        listed = set(self.gaps[i + 1]) & STOPS or self._word(i + 2).isdecimal()
        return spelled and not (known or counts or listed)

    def _spelled_meter(self, i: int) -> int:
        """ "en siete octavos"; "in seven eight", where no drum comes before it: "snare in 2 4" are
        counts."""
        if self._role(i)[0] != "at" or self._word(i) in _ONTO:
            return 0
        at = self._past_small(i + 1)
        entry, n = self._find(at)
        if entry is None or entry.meter is None or entry.has("style") or self.gaps[at].strip():
            return 0
        if self._word(at).isdecimal() and n > 1 and not self._word(at + 1).isdecimal():
            self._add_meter(entry.meter, figures=False)  # "en siete octavos"
            return at + n - i
        if not (self._word(at).isdecimal() and self._word(at + 1).isdecimal()):
            return 0
        if self._word(at + n).isdecimal() or self._bar_after(at + n):
            return 0
        spelled = not self.written[at].isdecimal() and not takes_steps(self._last)
        if not spelled and entry.meter[1] != 8:
            return 0
        self._add_meter(entry.meter, figures=self.written[at].isdecimal())
        return at + n - i

    def _add_meter(self, meter: tuple[int, int], figures: bool) -> None:
        """Add a metre that is wanted, or one that is not, with the words before it. figures:
        whether it is written in figures, "4/4", not in words, "twelve-eight"."""
        items = self.result.items
        while items and items[-1] in (Role("at"), Role("bar")):
            items.pop()
        if items and items[-1] in (Role("not"), Role("instead"), Role("except")):
            items.pop()
            self.result.excluded_meters.append(meter)
        elif meter in METERS:
            named = self.result.figure_meters if figures else self.result.word_meters
            named.append(meter)
        else:
            self.result.other_meters.append(meter)

    def _beats(self, i: int) -> int:
        """ "on 2 and 4", "on beat 3", "on the 1", "on the third beat": counts of the bar."""
        if taken := self._every_second(i):
            return taken
        if self._word(i) in BEATS and (taken := self._meter(i + 1)):  # "a rock beat, 4-4"
            return 1 + taken
        start, names = i, self._counts_of_phrase(i)
        role, n = self._role(i)
        if names:
            i = self._past_joints(i + n)
            listed = i < len(self.words) and self.gaps[i].strip() == "," and self._is_figure(i)
            if i == start + n and not listed:
                return 0
        elif role == "at" or (
            self.words[i] == "no" and not self._phrase_of_figures(i + 1)
        ):  # "no" is "on the"
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
            listed = bool(names) or i < self.ends[start]
            counts, end = self._numbers(i) if listed else ((), i)
            if not counts and (both := self._both(i)):
                counts, end = both, i + 3
        if not counts:
            return 0
        self._add(Steps((*names, *counts), count=True))
        return end - start

    def _every_second(self, i: int) -> int:
        """ "every second beat", "on every other beat": beats 2 and 4."""
        at = i + self._role(i)[1] if self._role(i)[0] == "at" else i
        role, n = self._role(at)
        second = self._ordinal(at + n) == 2 or self._role(at + n)[0] == "other"
        if role != "every" or not second or self._word(at + n + 1) not in BEATS:
            return 0
        self._add(Steps(("2", "4"), count=True))
        return at + n + 2 - i

    def _phrase_of_figures(self, i: int) -> bool:
        """Whether a phrase such as "four on the floor" stands at i."""
        return self._word(i).isdecimal() and not self._is_figure(i)

    def _last_beats(self, i: int) -> int:
        """ "the last two beats", "the first 2 beats"."""
        role, n = self._role(i)
        at = self._past_small(i + n) if role == "at" else i
        edge, number = self._role(at)[0], self._number(at + 1)
        if edge not in ("last", "first") and self._word(at) != "1th":
            return 0
        if not 2 <= number <= 4 or self._word(at + 2) not in BEATS:
            return 0
        first = tuple(str(k) for k in range(1, number + 1))
        self._add(Steps((f"last{number}",) if edge == "last" else first, count=True))
        return at + 3 - i

    def _values(self, i: int) -> int:
        """ "16th hats"."""
        name = {"8th": "eighth", "16th": "sixteenth", "sixteenth": "sixteenth"}.get(self.words[i])
        if name is None or i + 1 >= self.ends[i]:
            return 0
        entry, _ = self._find(i + 1)
        if entry is None or not entry.has("drum"):
            return 0
        self._add(Steps((name,)))
        return 1

    def _both(self, i: int) -> tuple[str, ...]:
        """The two counts of "snare on 2/4"."""
        first, second = self._number(i), self._number(i + 2)
        onto = takes_steps(self._last) and self._word(i - 1) in _ONTO
        if onto and self._word(i + 1) == "/" and 0 < first < second < 5:
            return str(first), str(second)
        return ()

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
            if self._bar_after(i + 1) or (counts and not self._is_figure(i)):
                break
            sub = ""
            if self._word(i + 1) in ("&", "+") and not self.gaps[i + 1]:
                sub = "" if self._word(i + 2).isdecimal() and not self.gaps[i + 2] else "&"
            if self._role(i + 1)[0] == "and" and self.gaps[i + 1] == "-":  # "two-and"
                sub = "&"
            counts.append(self.words[i] + sub)
            i += 1 + len(sub)
            end = i
            i = self._past_joints(i)
        return tuple(counts), end

    def _past_joints(self, i: int) -> int:
        """The index after "and", "on the" and the like, between two counts."""
        while self._role(i)[0] in ("and", "at") or self._word(i) in (*SMALL, "beat", "on", "no"):
            if self._word(i) == "no" and (self._role(i - 1)[0] != "and" or self._role(i + 1)[0]):
                break  # not Portuguese for "on the"
            i += 1
        return i
