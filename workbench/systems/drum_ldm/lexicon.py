"""The words that a request for a drum loop may hold, in five languages, and their meanings.

The table is `lexicon.txt`, which documents its notation. Phrases are found whole, the longest
first; a word that is in no phrase is read as its nearest one if it looks like a spelling mistake.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

WORD = re.compile(r"[^\W_]+|[&/+]")
LONGEST_PHRASE = 7  # words
_CARDINALS = (
    "one two three four five six seven eight nine ten eleven twelve",
    "- dos tres cuatro cinco seis siete ocho nueve diez - doce",
    "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "- deux trois quatre cinq - sept huit neuf dix - douze",
    "- dois três quatro - - sete oito nove dez - doze",
)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth",
    "primer segundo tercer cuarto quinto sexto séptimo octavo",
    "erster zweiter dritter vierter fünfter sechster siebter achter",
    "erste zweite dritte vierte fünfte sechste siebte achte",
    "ersten zweiten dritten vierten fünften sechsten siebten achten",
    "premier deuxième troisième quatrième cinquième sixième septième huitième",
    "première seconde - - - - - -",
    "primeiro - terceiro quarto - sexto sétimo oitavo",
)
_ACCENT_MATTERS = ("très", "só", "más", "é")  # not Spanish 3, English "so", "mas" (but), "e" (and)
_ROWS = "qwertyuiop", "asdfghjkl", "zxcvbnm"
_SHORTEST = 4  # letters of a word whose misspellings are read
_JOINED = 5  # letters; words that are shorter together are not read as one
_LONG, _VERY_LONG = 7, 9  # letters from which on any letter, or two, may be wrong


@dataclass(frozen=True)
class Entry:
    """A meaning: its effects, each a kind and its arguments, and the name shown for it."""

    name: str
    effects: tuple[tuple[str, ...], ...]

    @property
    def role(self) -> str:
        """The entry's role in the grammar; "" for an entry with another effect."""
        kind, *rest = self.effects[0]
        return " ".join(rest) if kind == "role" else ""

    def of(self, kind: str) -> Iterator[tuple[str, ...]]:
        """Arguments of the effects of a kind."""
        return (effect[1:] for effect in self.effects if effect[0] == kind)

    def has(self, *kinds: str) -> bool:
        """Whether the entry has an effect of one of these kinds."""
        return any(effect[0] in kinds for effect in self.effects)

    def sets(self, name: str) -> bool:
        """Whether the entry sets this bar field of a chart."""
        return any(field == name for field, _ in self.of("set"))

    @property
    def meter(self) -> tuple[int, int] | None:
        """The entry's metre; None for an entry without one."""
        for (meter,) in self.of("meter"):
            top, bottom = map(int, meter.split("/"))
            return top, bottom
        return None


def folded(text: str) -> str:
    """Return a text in lower case, without accents.

    >>> folded("Rápida"), folded("Schläge"), folded("groß")
    ('rapida', 'schlage', 'gross')
    """
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))


@cache
def _figures() -> dict[str, str]:
    """Number words, unfolded and folded, as figures. "très" is not a number; "tres" is."""
    words: dict[str, str] = {}
    for rows, ending in ((_CARDINALS, ""), (_ORDINALS, "th")):
        for row in rows:
            for number, word in enumerate(row.split(), 1):
                for spelling in {word, folded(word)} - {"-"}:
                    words.setdefault(spelling, f"{number}{ending}")
    return words


def figure_of(word: str) -> str:
    """Return a number word as a figure, other words without accents.

    >>> figure_of("eight"), figure_of("vierten"), figure_of("2nd"), figure_of("très")
    ('8', '4th', '2th', 'tres_')
    """
    if word in _ACCENT_MATTERS:
        return folded(word) + "_"
    if re.fullmatch(r"\d+(?:st|nd|rd|th)", word):
        return f"{word[:-2]}th"
    return _figures().get(word) or folded(word)


def words_of(text: str) -> list[str]:
    """Return the words of a text in the spelling in which phrases are compared."""
    return [figure_of(word) for word in WORD.findall(text.lower())]


class Lexicon:
    """Phrases and their meanings.

    Args:
        lines: Rows in the notation of `lexicon.txt`.

    Raises:
        ValueError: If two rows hold the same phrase.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.entries: dict[str, Entry] = {}
        self.words: set[str] = set()
        self.ordinary: set[str] = set()
        self.spelled: set[tuple[str, ...]] = set()
        for line in lines:
            if line.strip() and not line.startswith("#"):
                self._add(line)
        self.near: dict[str, set[str]] = {}  # words by what is left of them without a letter
        for word in self.words:
            if len(word) >= _SHORTEST:
                for shorter in _shorter(word):
                    self.near.setdefault(shorter, set()).add(word)

    def _add(self, line: str) -> None:
        meaning, *columns = line.split("|")
        effects = tuple(tuple(effect.split()) for effect in meaning.split(";"))
        phrases = [p.strip() for c in columns for p in c.partition(":")[2].split(",")]
        if effects == (("ordinary",),):
            self.ordinary.update(phrases)
            return
        entry = Entry(phrases[0], effects)
        for phrase in phrases:
            words = words_of(phrase)
            key = "".join(words)
            self.spelled.add(tuple(words))
            if self.entries.setdefault(key, entry).effects != effects:
                raise ValueError(f"lexicon: {phrase!r} stands in two rows: {meaning.strip()!r}")
            self.words.update(words)

    def find(self, words: Sequence[str]) -> tuple[Entry | None, int]:
        """Return the meaning of the longest phrase with which words begin, and its number of
        words; (None, 1) if there is none."""
        for n in range(min(LONGEST_PHRASE, len(words)), 0, -1):
            if n == 1 and words[0].isdecimal():  # "34" is not "three four"
                continue
            key = "".join(words[:n])
            if n > 1 and len(key) <= _JOINED and tuple(words[:n]) not in self.spelled:
                continue  # "for a" is not Portuguese "fora"
            for form in _forms(key, single=n == 1):
                if form in self.entries:
                    return self.entries[form], n
        return None, 1

    def corrected(self, word: str) -> str:
        """Return the word of the lexicon that a misspelt word stands for, otherwise the word."""
        return _corrected(self, word)

    def knows(self, word: str) -> bool:
        """Whether a word occurs in a phrase, or is an ordinary word without a meaning here."""
        return word in self.ordinary or any(
            f in self.words or f in self.entries for f in _forms(word, single=True)
        )


def _forms(key: str, single: bool) -> Iterator[str]:
    """A phrase, and what it may be the plural of; a word also without a German ending."""
    yield key
    for ending in ("s", "es"):
        if len(key) > len(ending) + 2 and key.endswith(ending):
            yield key.removesuffix(ending)
    if single and key.isalpha():
        for ending in ("er", "en", "es", "em", "e"):
            if len(key) > len(ending) + 4 and key.endswith(ending):
                yield key.removesuffix(ending)


@cache
def lexicon() -> Lexicon:
    """Return the shipped lexicon."""
    text = files(__package__).joinpath("lexicon.txt").read_text(encoding="utf-8")
    return Lexicon(text.splitlines())


@lru_cache(maxsize=4096)
def _corrected(table: Lexicon, word: str) -> str:
    if len(word) < _SHORTEST - 1 or len(word) > 24 or not word.isalpha() or table.knows(word):
        return word
    near = {other for shorter in _shorter(word) for other in table.near.get(shorter, ())}
    fits = sorted((rank, other) for other in near if (rank := _mistake(word, other)) is not None)
    return fits[0][1] if fits else word


def _shorter(word: str) -> set[str]:
    """The word, and the word without one of its letters; a long word also without two."""
    once = {word[:i] + word[i + 1 :] for i in range(len(word))}
    if len(word) < _VERY_LONG:
        return {word} | once
    return {word} | once | {w[:i] + w[i + 1 :] for w in once for i in range(len(w))}


def _mistake(word: str, meant: str) -> float | None:
    """How unlikely a slip leads from one word to the other; None if it is another word.

    Short words are mistaken by two letters in the wrong order or one letter doubled; longer ones
    by a letter too many, too few, or its neighbour on the keyboard; the longest by any two.
    """
    if sorted(word) == sorted(meant) and sum(a != b for a, b in zip(word, meant, strict=True)) == 2:
        i = next(i for i, (a, b) in enumerate(zip(word, meant, strict=True)) if a != b)
        return 0.0 if i and word[i : i + 2] == meant[i : i + 2][::-1] else None
    if _singles(word) == _singles(meant):
        return 0.1
    size = min(len(word), len(meant))
    if word[0] != meant[0] or size < _SHORTEST:
        return None
    distance = _distance(word, meant)
    if distance == 1 and len(word) != len(meant):
        return 0.5 if len(meant) > _SHORTEST else None
    if distance == 1:
        a, b = next((a, b) for a, b in zip(word, meant, strict=True) if a != b)
        if size >= _LONG or (size > _SHORTEST + 1 and _neighbours(a, b)):
            return 0.7
    ends = word[-1] == meant[-1]  # "alternating" is not "alternative"
    return 2.0 if distance == 2 and size >= _VERY_LONG and ends else None


def _singles(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def _neighbours(a: str, b: str) -> bool:
    """Whether two letters lie side by side on a keyboard."""
    return any(abs(row.index(a) - row.index(b)) == 1 for row in _ROWS if a in row and b in row)


def _distance(a: str, b: str) -> int:
    """Edit distance, two letters in the wrong order counting as one."""
    before, row = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, before, row = before, row, [i] + [0] * len(b)
        for j, y in enumerate(b, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]
