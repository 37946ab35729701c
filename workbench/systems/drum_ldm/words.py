"""The words of a request, and where phrases and figures stand among them."""

from __future__ import annotations

import re

from workbench.systems.drum_ldm.items import Break, Item, Scan
from workbench.systems.drum_ldm.lexicon import WORD, Entry, Lexicon, figure_of, lexicon

GRID = re.compile("[xq]{4,}")  # a pattern such as "x..x..x.", with q for a rest
STOPS = set(",;:.")
_FORM = re.compile(r"a[a-f]{2,15}")
ANDS = ("&", "and", "und", "y", "et", "e", "a", "ah", "i")
OFS = ("of", "after", "von", "nach", "de", "del", "du", "da", "do")
BAR_PLURALS = ("bars", "measures", "compases", "takte", "takten", "mesures", "compassos")
BEATS = (
    *("beat", "beats", "count", "counts", "tempo", "tempos", "tiempo", "tiempos", "temps"),
    *("schlag", "schlage", "zahlzeit", "zahlzeiten", "pulso", "pulsos"),
)
SMALL = (
    *("the", "el", "la", "los", "las", "le", "les"),
    *("der", "die", "das", "den", "dem", "o", "os"),
)
SLIPS = {"teh": "the", "hte": "the", "adn": "and", "wiht": "with"}  # words too short to correct


class Words:
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
            self.words.append(SLIPS.get(match[0], figure_of(match[0])))
            end = match.end()
        # a phrase ends where its clause ends
        self.ends = [len(self.words)] * len(self.words)
        for i in range(len(self.words) - 2, -1, -1):
            self.ends[i] = i + 1 if set(self.gaps[i + 1]) & STOPS else self.ends[i + 1]
        self._correct()
        self._found: dict[int, tuple[Entry | None, int]] = {}  # each reader looks up the same words
        self.form = next((word for word in self.words if is_form(word)), "")
        self.swapping = False
        self.adding = False

    def _correct(self) -> None:
        """Replace misspelt words; two that are one phrase together stay."""
        for i, word in enumerate(self.words):
            if is_form(word) or len(word) < 3 or GRID.fullmatch(word):
                continue
            pairs = (self.words[max(i - 1, 0) : i + 1], self.words[i : i + 2])
            if any(len(p) == 2 and self.table.find(p)[1] == 2 for p in pairs):
                continue
            meant = self.table.corrected(word)
            if meant != word:
                entry = self.table.find([meant])[0]
                name = meant if entry is None or entry.role or entry.has("skip") else entry.name
                self.result.corrected.append(f"“{self.written[i]}” as “{name}”")
                self.words[i] = meant

    def _add(self, item: Item) -> None:
        if isinstance(item, Break) and isinstance(self._last, Break):
            if item.strong and not self._last.strong:
                self.result.items[-1] = item
            return
        self.result.items.append(item)

    @property
    def _last(self) -> Item | None:
        """The item that was added last; None before the first one."""
        return self.result.items[-1] if self.result.items else None

    def _find(self, i: int) -> tuple[Entry | None, int]:
        """The longest phrase at i, and its number of words; (None, 1) outside the text. In "hats
        open hats" the adjective belongs to the second one."""
        if not 0 <= i < len(self.words):
            return None, 1
        if i not in self._found:
            entry, n = self.table.find(self.words[i : self.ends[i]])
            if n > 1:
                other, m = self.table.find(self.words[i + n - 1 : self.ends[i]])
                head, k = self.table.find(self.words[i : i + n - 1])
                same = other is entry and not other.has("fill")  # type: ignore[union-attr]
                strokes = other is not None and other.has("at") and k == n - 1
                if m > 1 and (same or (strokes and head is not None)):
                    entry, n = head, k
            self._found[i] = entry, n
        return self._found[i]

    def _word(self, i: int) -> str:
        return self.words[i] if 0 <= i < len(self.words) else ""

    def _role(self, i: int) -> tuple[str, int]:
        """The role of the phrase at i, and its number of words."""
        entry, n = self._find(i)
        return (entry.role if entry else ""), n

    def _past_small(self, i: int) -> int:
        while self._word(i) in SMALL:
            i += 1
        return i

    def _is_figure(self, i: int) -> bool:
        """Whether a count stands at i, and no phrase such as "four on the floor"."""
        entry, n = self._find(i)
        figures = all(word.isdecimal() for word in self.words[i : i + n])
        return self._word(i)[:1].isdecimal() and (entry is None or figures)

    def _is_bar(self, i: int) -> bool:
        return self._role(i)[0] == "bar"

    def _bar_after(self, i: int) -> bool:
        """Whether a word for bars stands at i, in the clause of the word before."""
        return self._is_bar(i) and not set(self.gaps[i]) & {",", ";", ":"}

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


def is_form(letters: str) -> bool:
    """Whether letters are a plan of bars: each new letter is the next one of the alphabet."""
    order = "".join(dict.fromkeys(letters))
    return bool(_FORM.fullmatch(letters)) and len(order) > 1 and "abcdef".startswith(order)
