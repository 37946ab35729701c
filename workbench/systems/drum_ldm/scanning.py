"""From the text of a request to its items: things, places, and the words between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workbench.datasets.keywords import TEMPO_LIMITS, parse_tempo, without_tempo
from workbench.datasets.phrases import joined
from workbench.representations.drum_chart import METERS
from workbench.systems.drum_ldm.lexicon import WORD, Entry, Lexicon, figure_of, lexicon
from workbench.systems.prompts import plain_words

LONGEST_TEXT = 1000  # characters that are read
MOST_BARS = 64  # a larger number before "bars" is not a length
_ARROW = re.compile(r"\s*(?:[-=]{1,3}>|→|➡️?|»)\s*")
_DECADE = re.compile(r"\b(?:19|20)?\d0\s?['’]?s\b")
_PER_MINUTE = re.compile(
    r"\b(?:beats?|schlage|schläge|pulsaciones|pulsos|battements|batidas|golpes) "
    r"(?:per|a|pro|por|par) (?:minute?a?o?|min)\b|\bppm\b"
)
_EQUAL = re.compile(r"(?:[a-zé]+\s*)?=\s*(\d{2,3})\b(?!\s*bpm)")
_COMMA = re.compile(r"(\d),(\d{1,2})(?=\s*bpm)")
_RANGE = re.compile(r"\b(\d{2,3})\s*(?:-|–|to|bis|or|a|à|y|/)\s*(\d{2,3})\s*-?bpm\b")
_FIGURE = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)[\s-]*bpm\b")
_TENS = ["ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_SPELLED = re.compile(
    r"\b(?:(?:(a|one|two) )?(hundred)(?: and)?|(one))?[ -]?"
    rf"({'|'.join(_TENS)})?(?:[ -]({'|'.join(_ONES)}))? ?(?=bpm\b)"
)
_NO = (
    r"(?:no|not|never|don['’]t|kein|keine|keinen|nicht|nie|sin|nunca|sem|n[aã]o|pas|jamais|"
    r"instead of|rather than|(?:an)?statt|en vez de|en lugar de|au lieu de|em vez de)"
)
_NOT_TEMPO = re.compile(rf"\b{_NO} (?:at |a |[aà] |bei |exactly )?(\d{{2,3}}(?:\.\d+)?)[\s-]*bpm\b")
_BOUND = re.compile(
    rf"\b(?P<no>{_NO} (?:go |play )?)?"
    r"(?:(?P<below>(?:slower|lower|less) than|under|below|(?:langsamer|weniger) als|unter|"
    r"m[aá]s (?:lento|despacio) (?:que|de)|menos (?:de|que)|por debajo de|(?:moins|plus lent) "
    r"(?:vite )?(?:que|de)|sous|mais (?:lento|devagar) (?:do )?que|abaixo de)"
    r"|(?P<above>(?:faster|higher|more|quicker) than|over|above|(?:schneller|mehr) als|[uü]ber|"
    r"m[aá]s (?:r[aá]pido )?(?:que|de)|por encima de|plus (?:vite |rapide )?(?:que|de)|"
    r"au-dessus de|mais (?:r[aá]pido )?(?:do )?(?:que|de)|acima de))"
    r" (?P<bpm>\d{2,3}(?:\.\d+)?)(?:[\s-]*bpm\b|(?![\d%/.-]| ?bars?\b| ?beats?\b))"
)
_FINAL_AND = re.compile(r"(\s*[&+])[\s.,;:!?]*$")  # of "kick on 2&"
_STOPS = set(",;:.")
_FORM = re.compile(r"a[a-f]{2,15}")
_ANDS = ("&", "and", "und", "y", "et", "e", "a", "ah", "i")
_OFS = ("of", "after", "von", "nach", "de", "del", "du", "da", "do")
_BARS = ("bars", "measures", "compases", "takte", "takten", "mesures", "compassos")
_BEATS = (
    *("beat", "beats", "count", "counts", "tempo", "tempos", "tiempo", "tiempos", "temps"),
    *("schlag", "schlage", "zahlzeit", "zahlzeiten", "pulso", "pulsos"),
)
_SMALL = (
    "the",
    "el",
    "la",
    "los",
    "las",
    "le",
    "les",
    "der",
    "die",
    "das",
    "den",
    "dem",
    "o",
    "os",
)


@dataclass(frozen=True)
class Thing:
    """Something with a meaning, as it was written."""

    entry: Entry
    text: str


@dataclass(frozen=True)
class Role:
    """A word of the grammar: not, only, with, and …"""

    name: str


@dataclass(frozen=True)
class Steps:
    """Places in the bar: counts such as "2" and "4&", or names such as "offbeat". count: figures
    of the metre, as a user writes them; otherwise in the notation of the lexicon."""

    names: tuple[str, ...]
    count: bool = False


@dataclass(frozen=True)
class Bars:
    """Places in the loop: bars from 0. every: the distance between them, 0 if irregular; until:
    whether the last one is where something else begins; before: whether they are those before a
    bar."""

    indices: tuple[int, ...]
    name: str
    every: int = 0
    until: bool = False
    before: bool = False


@dataclass(frozen=True)
class Length:
    """A number of bars that is named as a length."""

    bars: int


@dataclass(frozen=True)
class Form:
    """A plan of bars, such as "AABA"."""

    letters: str


@dataclass(frozen=True)
class Break:
    """Where a clause ends; strong: where a new section of the loop begins."""

    strong: bool = False


Item = Thing | Role | Steps | Bars | Length | Form | Break


@dataclass
class Scan:
    """What stands in a text: items in order, tempo and metre, and what cannot be read."""

    items: list[Item] = field(default_factory=list)
    tempo: float | None = None
    tempo_bounds: tuple[float, float] | None = None
    meters: list[tuple[int, int]] = field(default_factory=list)
    excluded_meters: list[tuple[int, int]] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)


def scan(prompt: str, bars: int) -> Scan:
    """Find the items of a prompt for a loop of `bars` bars."""
    result = Scan()
    prompt = prompt[:LONGEST_TEXT]
    text = plain_words(_ARROW.sub(" then ", prompt))
    if ending := _FINAL_AND.search(prompt):
        text += ending[1].replace("+", "&")
    text = re.sub(r"\d", lambda digit: str(int(digit[0])), text)  # digits of other scripts
    text = _take_tempo(_DECADE.sub(" ", text), result)
    _Scanner(text, bars, result).run()
    return result


def _take_tempo(text: str, result: Scan) -> str:
    """Move the tempo of a text to the result."""
    text = _COMMA.sub(r"\1.\2", _PER_MINUTE.sub("bpm", text))
    text = _EQUAL.sub(r" \1 bpm ", text)
    text = _SPELLED.sub(_spelled, text)
    if pair := _RANGE.search(text):
        mean = (float(pair[1]) + float(pair[2])) / 2
        text = f"{text[: pair.start()]}{mean:g} bpm{text[pair.end() :]}"
    low, high = TEMPO_LIMITS

    def possible(figure: re.Match[str]) -> str:
        bpm = figure[1][:12]
        if low <= float(bpm) <= high:
            return figure[0]
        result.refused.append(f"{bpm} BPM: a tempo must be from {low:g} to {high:g} BPM")
        return " "

    text = _FIGURE.sub(possible, text)
    excluded = [float(match[1]) for match in _NOT_TEMPO.finditer(text)]
    text = _BOUND.sub(lambda match: _bound(match, result), _NOT_TEMPO.sub(" ", text))
    result.tempo = parse_tempo(text)
    for bpm in excluded:
        if result.tempo in (None, bpm):
            result.refused.append(f"not {bpm:g} BPM: name the tempo that you want")
        else:
            result.statements.append(f"not {bpm:g} BPM")
    return text if result.tempo is None else without_tempo(text)


def _bound(match: re.Match[str], result: Scan) -> str:
    """Move a tempo that is named as a limit, such as "slower than 100 bpm", to the result."""
    low, high = TEMPO_LIMITS
    bpm = float(match["bpm"])
    if not low < bpm < high:
        return match[0]
    below = match["below"] is not None
    if match["no"]:
        limits = (bpm, high) if below else (low, bpm)
        result.statements.append(f"tempo {'at least' if below else 'at most'} {bpm:g} BPM")
    else:
        limits = (low, max(low, 0.95 * bpm)) if below else (min(high, 1.05 * bpm), high)
        result.statements.append(f"tempo {'below' if below else 'above'} {bpm:g} BPM")
    result.tempo_bounds = limits
    return " "


def _spelled(match: re.Match[str]) -> str:
    """A number in English words as a figure."""
    times, hundred, one, ten, unit = match.groups()
    number = 100 * (2 if times == "two" else 1) if hundred or one else 0
    number += 10 * (_TENS.index(ten) + 1) if ten else 0
    number += _ONES.index(unit) + 1 if unit else 0
    return f" {number} " if number >= 10 else match[0]


class _Scanner:
    """Reads words from left to right; each reader returns how many words it took, 0 for none."""

    def __init__(self, text: str, bars: int, result: Scan) -> None:
        self.table: Lexicon = lexicon()
        self.bars, self.result = bars, result
        self.written: list[str] = []
        self.words: list[str] = []
        self.gaps: list[str] = []  # what stands before a word
        end = 0
        for match in WORD.finditer(text):
            self.gaps.append(text[end : match.start()])
            self.written.append(match[0])
            self.words.append(figure_of(match[0]))
            end = match.end()
        # a phrase ends where its clause ends
        self.ends = [len(self.words)] * len(self.words)
        for i in range(len(self.words) - 2, -1, -1):
            self.ends[i] = i + 1 if set(self.gaps[i + 1]) & _STOPS else self.ends[i + 1]
        self._correct()

    def _correct(self) -> None:
        """Replace misspelt words; two that are one phrase together stay."""
        for i, word in enumerate(self.words):
            if _is_form(word) or len(word) < 3:
                continue
            pairs = (self.words[max(i - 1, 0) : i + 1], self.words[i : i + 2])
            if any(len(p) == 2 and self.table.find(p)[1] == 2 for p in pairs):
                continue
            meant = self.table.corrected(word)
            if meant != word:
                self.result.corrected.append(f"“{self.written[i]}” as “{meant}”")
                self.words[i] = meant

    def run(self) -> None:
        readers: tuple[Callable[[int], int], ...] = (
            self._form,
            self._and_of,
            self._meter,
            self._phrase_with_bars,
            self._bars,
            self._beats,
            self._phrase,
        )
        i = 0
        while i < len(self.words):
            if i and set(self.gaps[i]) & _STOPS:
                self._add(Break())
            taken = next((n for reader in readers if (n := reader(i))), 0)
            if not taken:
                self._unknown(i)
            i += taken or 1

    def _add(self, item: Item) -> None:
        if isinstance(item, Break) and self.result.items:
            last = self.result.items[-1]
            if isinstance(last, Break):
                if item.strong and not last.strong:
                    self.result.items[-1] = item
                return
        self.result.items.append(item)

    def _find(self, i: int) -> tuple[Entry | None, int]:
        """The longest phrase at i, and its number of words."""
        return self.table.find(self.words[i : self.ends[i]])

    def _word(self, i: int) -> str:
        return self.words[i] if 0 <= i < len(self.words) else ""

    def _role(self, i: int) -> tuple[str, int]:
        """The role of the phrase at i, and its number of words."""
        if not 0 <= i < len(self.words):
            return "", 1
        entry, n = self._find(i)
        return (entry.role if entry else ""), n

    def _past_small(self, i: int) -> int:
        while self._word(i) in _SMALL:
            i += 1
        return i

    # --- forms, metres, counts ----------------------------------------------------------------

    def _form(self, i: int) -> int:
        """ "aaba", or "a a b a"."""
        n = 1
        letters = self.words[i]
        if len(letters) == 1:
            while self._word(i + n) in set("abcdef") and self._word(i + n):
                letters += self.words[i + n]
                n += 1
        short = letters in ("aa", "ab") and self._word(i + n) == "form"
        if not (short or _is_form(letters)):
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
            if name not in _ANDS:
                return 0
        article = self._word(i + n) == "der" and self._word(i - 1) in (
            "der",
            "die",
        )  # "die Und der 2"
        if self._word(i + n) not in _OFS and not article:
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
        elif self._word(i) not in _BEATS and not self._ordinal(self._past_small(i)):
            return 0
        i = self._past_small(i)
        if not names and (found := self._ordinal_beats(i)):
            counts, end = found
        else:
            if self._word(i) in _BEATS:
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
        return (tuple(counts), i + 1) if counts and self._word(i) in _BEATS else None

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
        while self._role(i)[0] in ("and", "at") or self._word(i) in (*_SMALL, "beat", "on", "no"):
            i += 1
        return i

    # --- places in the loop -------------------------------------------------------------------

    def _phrase_with_bars(self, i: int) -> int:
        """ "at the end of every 4 bars": the bars alone."""
        entry, n = self._find(i)
        if entry is None or not entry.has("part"):
            return 0
        at = i + n
        while self._word(at) in (*_OFS, *_SMALL):
            at += 1
        if at == i + n:
            return 0
        taken = self._bars(at)
        return at + taken - i if taken else 0

    def _bars(self, i: int) -> int:
        start = i
        role, n = self._role(i)
        if role == "at" and self._role(self._past_small(i + n))[0] != "at":
            i = self._past_small(i + n)
        elif self._word(i) == "no":
            i = self._past_small(i + 1)
            if not (self._is_bar(i) or self._ordinal(i) or self._role(i)[0] == "last"):
                return 0
        i = self._past_small(i)
        for reader in (self._bar_n, self._nth_bar, self._last_bars, self._every, self._from):
            if taken := reader(i):
                return i + taken - start
        return self._length(start)

    def _is_figure(self, i: int) -> bool:
        """Whether a count stands at i, and no phrase such as "four on the floor"."""
        entry, n = self._find(i)
        figures = all(word.isdecimal() for word in self.words[i : i + n])
        return self._word(i)[:1].isdecimal() and (entry is None or figures)

    def _is_bar(self, i: int) -> bool:
        return self._role(i)[0] == "bar"

    def _number(self, i: int) -> int:
        """The figure at i, of which four digits are read; 0 if there is none."""
        word = self._word(i)
        return int(word[:4]) if word.isdecimal() else 0

    def _ordinal(self, i: int) -> int:
        """The number of "4th", or of "4." before a noun; 0 if there is none."""
        match = re.fullmatch(r"(\d+)th", self._word(i))
        if match:
            return int(match[1][:4])
        dotted = i + 1 < len(self.gaps) and "." in self.gaps[i + 1]
        return self._number(i) if dotted else 0

    def _place(self, numbers: list[int], name: str, every: int = 0, **flags: bool) -> None:
        """Add bars, counted from 1; those that the loop does not have are refused."""
        outside = sorted({n for n in numbers if not 1 <= n <= self.bars})
        if outside:
            text = f"{bars_name(outside)}: this loop has {_bars_text(self.bars)}"
            self.result.refused.append(text)
        inside = tuple(sorted({n - 1 for n in numbers if 1 <= n <= self.bars}))
        self._add(Bars(inside, name, every, **flags))

    def _bar_n(self, i: int) -> int:
        """ "bar 4", "bars 1 to 4", "bars 4 and 8"."""
        if not self._is_bar(i) or not self._word(i + 1).isdecimal():
            return 0
        signed = self._word(i + 2) == "/" and self._word(i + 3) in ("2", "4", "8", "16")
        if signed and self.words[i] not in _BARS:
            return 0  # "bar 7/8" is a metre, "bars 7/8" are two bars
        at, numbers = i + 1, [self._number(i + 1)]
        at += 1
        while True:
            role, n = self._role(at)
            ranged = role == "until" or self._word(at) in ("to", "a", "through", "bis", "à")
            dashed = self._word(at).isdecimal() and self.gaps[at].strip() in ("-", "–", "—")
            step = at if dashed else at + n
            if role in ("and", "until") or ranged or dashed:
                step += not dashed and self._is_bar(self._past_small(step))
                step = self._past_small(step)
                if self._word(step).isdecimal() and not self._is_bar(step + 1):
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
                and not self._is_bar(at + 1)
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

    def _edge(self, i: int) -> str:
        role = self._role(i)[0]
        return role if role in ("first", "last") else "first" if self._word(i) == "1th" else ""

    def _every(self, i: int) -> int:
        """ "every bar", "every 4 bars", "every other bar", "every 4th bar"."""
        role, n = self._role(i)
        if role != "every":
            return 0
        at = self._past_small(i + n)
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
        if role not in ("from", "until"):
            return 0
        after, before = (word in self.words[i : i + n] for word in ("after", "before"))
        at = self._past_small(i + n)
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

    def _length(self, i: int) -> int:
        """ "4 bars", "8-bar loop"."""
        if not (self._word(i).isdecimal() and self._is_bar(i + 1)):
            return 0
        if not 1 <= self._number(i) <= MOST_BARS:
            return 0
        self._add(Length(int(self.words[i])))
        return 2

    # --- phrases ------------------------------------------------------------------------------

    def _phrase(self, i: int) -> int:
        entry, n = self._find(i)
        if entry is None:
            return 0
        figures = all(word.isdecimal() for word in self.words[i : i + n])
        if figures and (self._word(i - 1).isdecimal() or self._word(i + n).isdecimal()):
            return 0  # "three four", but not "2 3 4"
        text = " ".join(self.written[i : i + n])
        if role := entry.role:
            self._add(Break(strong=True) if role == "then" else Role(role))
        elif entry.has("part"):
            [(name,)] = entry.of("part")
            self._part(name)
        elif entry.has("place"):
            [places] = entry.of("place")
            self._add(Steps(tuple(places)))
        elif entry.meter is not None and not entry.has("style"):
            if self._word(i + n - 1).isdecimal() and self._is_bar(i + n):
                return n - 1  # "in 3 bars" is a length
            self._add_meter(entry.meter)
        elif not entry.has("skip"):
            self._add(Thing(entry, text))
        return n

    def _part(self, name: str) -> None:
        half = max(1, self.bars // 2)
        ranges = {
            "first": (1, 1, "bar 1"),
            "last": (self.bars, self.bars, f"bar {self.bars}"),
            "half1": (1, half, "the first half"),
            "half2": (min(half + 1, self.bars), self.bars, "the second half"),
            "mid": (half, half, f"bar {half}"),
        }
        first, last, text = ranges[name]
        self._place(list(range(first, last + 1)), text)

    def _unknown(self, i: int) -> None:
        word = self.words[i]
        if len(word) > 1 and not word[0].isdecimal() and self.written[i] not in self.result.unknown:
            self.result.unknown.append(self.written[i])
            guess = f"“{self.written[i]}” as “{word}”"
            self.result.corrected = [pair for pair in self.result.corrected if pair != guess]


def _is_form(letters: str) -> bool:
    """Whether letters are a plan of bars: each new letter is the next one of the alphabet."""
    order = "".join(dict.fromkeys(letters))
    return bool(_FORM.fullmatch(letters)) and len(order) > 1 and "abcdef".startswith(order)


def _bars_text(bars: int) -> str:
    return "1 bar" if bars == 1 else f"{bars} bars"


def bars_name(numbers: Sequence[int]) -> str:
    """Name bars, counted from 1: "bar 4", "bars 1 to 4", "bars 4 and 8"."""
    if len(numbers) == 1:
        return f"bar {numbers[0]}"
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"bars {numbers[0]} to {numbers[-1]}"
    return f"bars {joined([str(number) for number in numbers])}"
