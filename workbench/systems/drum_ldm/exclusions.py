"""What a text excludes, in the words of the lexicon: "no drums", "ohne Schlagzeug", "drumless"."""

from __future__ import annotations

import re
from functools import lru_cache

from workbench.systems.drum_ldm.items import EXCLUDING, Scan
from workbench.systems.drum_ldm.lexicon import Entry, lexicon, words_of
from workbench.systems.drum_ldm.words import SMALL, Words
from workbench.systems.prompts import plain_words

_BEFORE_NOUN = ("not", "every", "very", "slightly", "many", "few", "some", "with")
_DEGREES = {"too", "very", "so", "that", "really", "muy", "zu", "sehr", "trop", "tres_", "muito"}
_OR = {"or", "nor", "o", "ni", "oder", "noch", "ou", "nem"}
_THAN = ("than", "als", "que")
_HEADS = {"solo", "solos", "hit", "hits", "line", "lines", "part", "parts", "player", "players"}
_JOINTS = (  # that stay before a comma, or at an end, where words were taken out
    "and|but|with|of|for|about|around|und|aber|sondern|mit|von|für|etwa|y|pero|con|para|unos|unas|"
    "et|mais|avec|pour|environ|mas|com"
)
_OUT = ("out", "off", "aus", "weg")
_LEAVE = ("leave", "lass", "lasst", "laisse", "deja", "auf")  # before what is left out
_LONGEST_NOUN = 3  # words, as in "no electric guitar"
_COMPOUND = re.compile(r"(.{3,})(?:less|(?:los|frei)(?:e[mnrs]?)?)")
_HARDLY = {"hardly any", "barely any", "almost no", "kaum", "casi sin", "quase sem"}
_NOTHING_BUT = re.compile(  # "I don't want anything other than", "no instruments except"
    r"\b(?:(?:(?:do|does|did|should|must|can|could|would|will|wo)n['’]?t|not|never|without)"
    r"(?: \w+){0,2}? any(?:thing|(?: other)? (?:instruments?|sounds?))"
    r"|no(?: other)? (?:instruments?|sounds?)|nothing)(?: else| more)?(?: at all)? "
    r"(?:other than|than|but|besides|except(?: for)?|apart from)\b|\bnada que no sea\b",
    re.I,
)
_THANKS = (  # after "yes" or "no"
    r"(?:,? (?:please|thanks|thank you|bitte|danke|por favor|gracias|s'il vous plaît|merci|"
    r"obrigad[oa]))?"
)
_ANSWER = r"(?: ?[:=?] ?| )"
_CLOSED = r"(?=\s*(?:[,;!)]|\.(?! ?\d)|$))"  # the end of a clause, but not "no. 14"
_SHORT = (  # before or after one word
    re.compile(r"(?:^|(?<=[\s,;(]))[-–]([^\W\d_]+)"),
    re.compile(r"\bno([^\W\d_]{3,})\b", re.I),
    re.compile(rf"\b([^\W\d_]+){_ANSWER}(?:no|nope|nah|nein|non|n[aã]o){_THANKS}{_CLOSED}", re.I),
    re.compile(
        r"\b([^\W\d_]+) ?[:=] ?"
        r"(?:none|no|off|0|zero|keine?|aus|ningun[ao]|aucune?|nenhuma?)"
        r"(?= ?(?:[,;!?)]|\.?(?:\s|$)))",
        re.I,
    ),
)
_WANTED = re.compile(rf"\b([^\W\d_]+){_ANSWER}(?:yes|ja|sí|oui|sim){_THANKS}{_CLOSED}", re.I)


def excluded_in(text: str) -> list[str]:
    """Return the parts of a text (see `plain_words`) that exclude something.

    >>> excluded_in("rock, no drums or bass, ohne klavier"), excluded_in("drumless")
    (['no drums or bass', 'ohne klavier'], ['drumless'])
    """
    return [text[start:end] for start, end in _spans(text)]


def spelled_out(text: str) -> str:
    """Return a prompt with "-drums", "drums: none", "drums? no" and "nodrums" as "no drums", with
    "drums yes" as "drums", and with two negations that exclude all but one thing as "nothing but".

    >>> spelled_out("Rock -drums, vocals: none, 120 bpm"), spelled_out("nodrums - piano")
    ('Rock no drums, no vocals, 120 bpm', 'no drums - piano')
    >>> spelled_out("never anything except drums"), spelled_out("anything except drums")
    ('nothing but drums', 'anything except drums')
    """

    def spelled(match: re.Match[str]) -> str:
        if not _is_noun(lexicon().find(words_of(match[1]))[0]):
            return match[0]
        return match[1] if match.re is _WANTED else f"no {match[1]}"

    text = _NOTHING_BUT.sub("nothing but", text)
    for pattern in (*_SHORT, _WANTED):
        text = pattern.sub(spelled, text)
    return text


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
    """Return a text without the spaces, commas and joints that stay where words were taken out.

    >>> tidied("slow rock,  , please, "), tidied("strings and  , 150 bpm")
    ('slow rock, please', 'strings, 150 bpm')
    """
    text = re.sub(rf"^\W*(?:{_JOINTS})\b|\b(?:{_JOINTS})(?=\s*(?:[,;.]|$))", "", text)
    text = re.sub(r"([-–])(?:\s+[-–])+(?=\s)", r"\1", text)
    return re.sub(r"([,;./])(?: ?[,;./])+", r"\1", plain_words(text))


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
            i = max(end, i + n if role or self._is("skip", i) else i + 1)  # "don't forget"
        return found

    def _part(self, i: int) -> tuple[int, int]:
        """The first word and the end of what is excluded at i; they are equal if nothing is."""
        role, n = self._role(i)
        compound = _COMPOUND.fullmatch(self.words[i])
        if compound and _is_noun(self.table.find([compound[1]])[0]):
            return i, i + 1
        hyphenated = self._word(i + 1) in ("less", "free") and self.gaps[i + 1] == "-"
        if hyphenated and _is_noun(self.table.find([self.words[i]])[0]):
            return i, i + 2
        if role == "out" or (self.words[i] in _OUT and n == 1 and self._ends_noun(i)):
            near = range(i - 1, max(i - 1 - _LONGEST_NOUN, -1), -1)
            k = next((k for k in near if self._noun(k) and self.ends[k] > i), i)
            while i > k > 0 and self.ends[k - 1] > i and self._word(k - 1) in (*SMALL, *_LEAVE):
                k -= 1
            return (k, i + n) if k < i else (i, i)
        silent = self._find(i - 1)[0]
        hardly = " ".join(self.words[i : i + n]) in _HARDLY
        if not (hardly or role in (*EXCLUDING, "nor")) or (
            role == "except" and silent and silent.has("silence")
        ):
            return i, i  # "nothing except drums"
        quality = self.words[i] in ("not", "nicht") or self.words[i + n - 1] in _DEGREES
        end = self._object(i + n, quality)
        article = self._word(i + n) in SMALL
        while end > i + n and (further := self._further(end, article)) > end:
            end = further
        if hardly and not self._ends_noun(end):
            return i, i
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
                return self._past_head(self._noun(k))
            if self._role(k)[0]:
                break
            k += self._find(k)[1]
        if self._word(at + n) in _THAN:
            return i  # "no slower than 90 bpm"
        return self._noun(at) or self._unknown_end(at) or at + n

    def _past_head(self, i: int) -> int:
        """The index after a word at i that goes with the noun before it: "drum fills", "drum beat",
        "guitar solo" at the end of a clause."""
        if i in self.ends or i >= len(self.words):
            return i
        k = i + self._find(i)[1]
        ends = k in self.ends or bool(self._role(k)[0])
        head = self._is("fill", i) or self._role(i)[0] == "groove"
        return k if head or (ends and self.words[i] in _HEADS) else i

    def _unknown_end(self, i: int) -> int:
        """The end of a name of two unknown words at i, as in "no sustain pedal"; 0 if it has
        another number of them."""
        k = i
        while k < self.ends[i] and self._find(k)[0] is None:
            k += 1
        return k if k == i + 2 and (k == self.ends[i] or self._role(k)[0]) else 0

    def _names(self, i: int) -> bool:
        """Whether something is named at i: no figure, metre or word of the grammar, and no end of a
        word such as "never-ending"."""
        entry = self._find(i)[0]
        if self._noun(i) or self.gaps[i] == "-" or self.words[i][0].isdecimal():
            return bool(self._noun(i))
        return entry is None or not (entry.role or (entry.meter and not entry.has("style")))

    def _further(self, i: int, article: bool) -> int:
        """The end of what is excluded too: "no drums or bass", "no drums, bass or guitar". article:
        whether one may stand there, as in "without the drums and the bass"."""
        if self._word(i) in _OR:
            return self._object(i + 1)
        sign = self._word(i) == "+" and i + 1 < len(self.gaps) and not self.gaps[i + 1]
        if self._role(i)[0] == "and" and not sign:  # "-piano +drums"
            at = i + self._find(i)[1]
            return self._noun(self._past_small(at) if article else at)
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
