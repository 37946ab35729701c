"""What a text excludes, in the words of the lexicon: "no drums", "ohne Schlagzeug", "drumless"."""

from __future__ import annotations

import re
from functools import lru_cache

from workbench.systems.drum_ldm.items import EXCLUDING, Scan
from workbench.systems.drum_ldm.lexicon import Entry
from workbench.systems.drum_ldm.words import Words
from workbench.systems.prompts import plain_words

_BEFORE_NOUN = ("not", "every", "very", "slightly", "many", "few", "some", "with")
_DEGREES = {"too", "very", "so", "that", "really", "muy", "zu", "sehr", "trop", "tres_", "muito"}
_OR = {"or", "nor", "o", "ni", "oder", "noch", "ou", "nem"}
_OUT = ("out", "off", "aus", "weg")
_LONGEST_NOUN = 3  # words, as in "no electric guitar"
_COMPOUND = re.compile(r"(.{3,})(?:less|los|frei)")


def excluded_in(text: str) -> list[str]:
    """Return the parts of a text (see `plain_words`) that exclude something.

    >>> excluded_in("rock, no drums or bass, ohne klavier"), excluded_in("drumless")
    (['no drums or bass', 'ohne klavier'], ['drumless'])
    """
    return [text[start:end] for start, end in _spans(text)]


def without_excluded(text: str) -> str:
    """Return a text (see `plain_words`) without what it excludes; "" if it says nothing else.

    >>> without_excluded("slow rock, no drums, please"), without_excluded("i don't want drums")
    ('slow rock, please', '')
    """
    spans = _spans(text)
    if not spans:
        return text
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    rest = tidied(" ".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)))
    return rest if _Excluding(rest).says_something else ""


def tidied(text: str) -> str:
    """Return a text without the spaces and commas that stay where words were taken out.

    >>> tidied("slow rock,  , please, ")
    'slow rock, please'
    """
    return re.sub(r"([,;.])[,;.]+", r"\1", plain_words(text))


@lru_cache(maxsize=256)
def _spans(text: str) -> list[tuple[int, int]]:
    return _Excluding(text).spans()


class _Excluding(Words):
    """Finds what a text excludes; each reader returns the end of what it took, in words."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 1, Scan())

    @property
    def says_something(self) -> bool:
        """Whether there is more than words without effect and words of the grammar."""
        entries = [self._find(i)[0] for i in range(len(self.words))]
        return any(e is None or _is_noun(e) or not (e.role or e.has("skip")) for e in entries)

    def spans(self) -> list[tuple[int, int]]:
        """Return the start and the end of each part of the text that excludes something."""
        starts, ends, at = list[int](), list[int](), 0
        for gap, word in zip(self.gaps, self.written, strict=True):
            starts.append(at + len(gap))
            ends.append(at := starts[-1] + len(word))
        found, taken, i = list[tuple[int, int]](), 0, 0
        while i < len(self.words):
            first, end = self._part(i)
            if end > first >= taken:
                found.append((starts[first], ends[end - 1]))
                taken = end
            role, n = self._role(i)  # "drums without cymbals" is a phrase, too
            i = max(end, i + n if role else i + 1)
        return found

    def _part(self, i: int) -> tuple[int, int]:
        """The first word and the end of what is excluded at i; they are equal if nothing is."""
        role, n = self._role(i)
        compound = _COMPOUND.fullmatch(self.words[i])
        if compound and _is_noun(self.table.find([compound[1]])[0]):
            return i, i + 1
        if self._word(i + 1) in ("less", "free") and self.gaps[i + 1] == "-" and self._noun(i):
            return i, i + 2
        if role == "out" or (self.words[i] in _OUT and n == 1 and self._ends_noun(i)):
            near = range(i - 1, max(i - 1 - _LONGEST_NOUN, -1), -1)
            return next(((k, i + n) for k in near if self._noun(k) and self.ends[k] > i), (i, i))
        silent = self._find(i - 1)[0]
        if role not in EXCLUDING or (role == "except" and silent and silent.has("silence")):
            return i, i  # "nothing except drums"
        quality = self.words[i] in ("not", "nicht") or self.words[i + n - 1] in _DEGREES
        end = self._object(i + n, quality)
        while end > i + n and (further := self._further(end)) > end:
            end = further
        return (i, end) if end > i + n else (i, i)

    def _object(self, i: int, quality: bool = False) -> int:
        """The end of what is named at i: a noun with what stands before it, otherwise one word;
        i itself if nothing is named there. quality: whether it may be one, as in "not too fast"."""
        at, end = i, self.ends[i - 1]
        while at < end and not self._noun(at):
            if not (self._is("skip", at) or self._role(at)[0] in _BEFORE_NOUN):
                break
            at += self._find(at)[1]
        if at >= end or not self._names(at):
            return at if at >= end else i  # "no drummer", or nothing
        entry, n = self._find(at)
        k = at
        while k < min(at + _LONGEST_NOUN, end) and not (quality and entry and not self._noun(at)):
            if self._noun(k):
                k = self._noun(k)
                pattern = k < end and (self._is("fill", k) or self._role(k)[0] == "groove")
                return k + self._find(k)[1] if pattern else k
            if self._role(k)[0]:
                break
            k += self._find(k)[1]
        return self._noun(at) or at + n

    def _names(self, i: int) -> bool:
        """Whether something is named at i: no figure, metre or word of the grammar, and no end of a
        word such as "never-ending"."""
        entry = self._find(i)[0]
        if self._noun(i) or self.gaps[i] == "-" or self.words[i][0].isdecimal():
            return bool(self._noun(i))
        return entry is None or not (entry.role or (entry.meter and not entry.has("style")))

    def _further(self, i: int) -> int:
        """The end of what is excluded too: "no drums or bass", "no drums, bass or guitar"."""
        if self._word(i) in _OR:
            return self._object(i + 1)
        if self._role(i)[0] == "and":
            return self._noun(i + self._find(i)[1])
        k = i
        while k < len(self.words) and self.gaps[k].strip() == "," and self._noun(k):
            k = self._noun(k)
        return k if self._word(k) in _OR else i

    def _noun(self, i: int) -> int:
        """The end of a noun at i, perhaps with its style, as in "metal drums"; 0 for none."""
        entry, n = self._find(i)
        named = _is_noun(entry) or (n > 1 and _is_noun(self._find(i + n - 1)[0]))
        return i + n if named else 0

    def _ends_noun(self, i: int) -> bool:
        """Whether a noun stands right before i, as in "leave the drums out"."""
        return any(self._noun(k) == i for k in range(max(i - _LONGEST_NOUN, 0), i))

    def _is(self, kind: str, i: int) -> bool:
        entry = self._find(i)[0]
        return entry is not None and entry.has(kind)


def _is_noun(entry: Entry | None) -> bool:
    """Whether a meaning is that of an instrument or of its sound."""
    return entry is not None and (entry.has("drum", "refuse") or entry.role in ("drums", "groove"))
