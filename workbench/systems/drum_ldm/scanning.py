"""From the text of a request to its items."""

from __future__ import annotations

import re
from collections.abc import Callable

from workbench.systems.drum_ldm.bar_places import BarPlaces
from workbench.systems.drum_ldm.counts import Counts
from workbench.systems.drum_ldm.items import Break, Role, Scan, Steps, Thing
from workbench.systems.drum_ldm.tempi import DECADE, take_tempo
from workbench.systems.drum_ldm.words import STOPS
from workbench.systems.prompts import plain_words

LONGEST_TEXT = 1000  # characters that are read
_ARROW = re.compile(r"\s*(?:[-=]{1,3}>|→|➡️?|»)\s*")
_FINAL_AND = re.compile(r"(\s*[&+])[\s.,;:!?]*$")  # of "kick on 2&"


def scan(prompt: str, bars: int) -> Scan:
    """Find the items of a prompt for a loop of `bars` bars."""
    result = Scan()
    prompt = prompt[:LONGEST_TEXT]
    text = plain_words(_ARROW.sub(" then ", prompt))
    if ending := _FINAL_AND.search(prompt):
        text += ending[1].replace("+", "&")
    text = re.sub(r"\d", lambda digit: str(int(digit[0])), text)  # digits of other scripts
    text = take_tempo(DECADE.sub(" ", text), result)
    _Scanner(text, bars, result).run()
    return result


class _Scanner(Counts, BarPlaces):
    """Reads words from left to right; each reader returns how many words it took, 0 for none."""

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
            if i and set(self.gaps[i]) & STOPS:
                self._add(Break())
            taken = next((n for reader in readers if (n := reader(i))), 0)
            if not taken:
                self._unknown(i)
            i += taken or 1

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

    def _unknown(self, i: int) -> None:
        word = self.words[i]
        if len(word) > 1 and not word[0].isdecimal() and self.written[i] not in self.result.unknown:
            self.result.unknown.append(self.written[i])
            guess = f"“{self.written[i]}” as “{word}”"
            self.result.corrected = [pair for pair in self.result.corrected if pair != guess]
