"""From the text of a request to its items."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from workbench.representations.drum_chart import METERS
from workbench.systems.drum_ldm.bar_places import BarPlaces
from workbench.systems.drum_ldm.counts import GROUPS, PATTERN, Counts, grouped_word, pattern_word
from workbench.systems.drum_ldm.durations import take_durations
from workbench.systems.drum_ldm.exclusions import spelled_out
from workbench.systems.drum_ldm.items import (
    Bars,
    Break,
    Length,
    Role,
    Scan,
    Steps,
    Thing,
    codes_of,
    is_drum,
    takes_steps,
)
from workbench.systems.drum_ldm.lexicon import Entry
from workbench.systems.drum_ldm.tempi import DECADE, take_tempo, with_figures
from workbench.systems.drum_ldm.words import STOPS
from workbench.systems.prompts import plain_words

_SWAPPED = (
    "for",
    "with",
    "by",
    "durch",
    "gegen",
    "por",
    "par",
    "con",
    "mit",
    "avec",
    "com",
    "pelo",
)
_GERMAN_VERBS = {"setzt", "setzen", "fallt", "fallen", "kommt", "kommen"}
_PARTICLES = {
    **dict.fromkeys(("ein", "dazu", "rein", "hinzu"), "enters"),
    **dict.fromkeys(("aus", "weg"), "leaves"),
}
_BECOMING = {
    *("get", "gets", "getting", "become", "becomes", "becoming", "grow", "grows", "growing"),
    *("hace", "vuelve", "pone", "wird", "werden", "devient", "devenant", "fica", "ficando"),
}
_INCREASINGLY = {
    *("more", "increasingly", "steadily", "gradually", "slowly", "ever", "and", "mas_", "mas"),
    *("immer", "allmahlich", "langsam", "stetig", "plus", "mais", "progressivement"),
}
_FROM = ("from", "von", "de", "desde")
_TO = ("to", "zu", "bis", "a", "ate", "hasta")
_ANY = {"any", "ningun", "ninguna", "aucun", "aucune", "nenhum", "nenhuma", "keinerlei"}
_MOVES = ("moves", "moving", "switches", "switching", "changes", "goes", "going")
_EMPTY = ("empty", "vacio", "leer", "vide", "vazio")
_ADD = ("add", "adding", "introduce", "introducing")
_SILENT_LETTERS = "aeiouyhnstdlm"  # of contractions and other languages
LONGEST_TEXT = 1000  # characters that are read
ARROW = re.compile(r"\s*(?:[-=]{1,3}>|→|➡️?|»)\s*")
_FINAL_AND = re.compile(r"(\s*[&+])[\s.,;:!?]*$")  # of "kick on 2&"

_NOTE_SIGN = re.compile(r"([♩♪])( ?\.)?(?= ?=)")  # of "♩. = 60"


def _note_name(match: re.Match[str]) -> str:
    dotted = "dotted " if match[2] else ""
    return f" {dotted}{'quarter' if match[1] == '♩' else 'eighth'}"


def scan(prompt: str, bars: int) -> Scan:
    """Find the items of a prompt for a loop of `bars` bars."""
    result = Scan()
    prompt = PATTERN.sub(pattern_word, GROUPS.sub(grouped_word, prompt[:LONGEST_TEXT]))
    text = plain_words(ARROW.sub(" then ", _NOTE_SIGN.sub(_note_name, spelled_out(prompt))))
    if ending := _FINAL_AND.search(prompt):
        text += ending[1].replace("+", "&")
    text = re.sub(r"\d", lambda digit: str(int(digit[0])), text)  # digits of other scripts
    text = take_durations(with_figures(text), result)
    result.rest = take_tempo(DECADE.sub(" ", text), result)
    _Scanner(result.rest, bars, result).run()
    return result


class _Scanner(Counts, BarPlaces):
    """Reads words from left to right; each reader returns how many words it took, 0 for none."""

    def run(self) -> None:
        readers: tuple[Callable[[int], int], ...] = (
            self._form,
            self._grid,
            self._per_bar,
            self._keep_it,
            self._small_word,
            self._separable,
            self._how_many,
            self._after_drum,
            self._last_beats,
            self._values,
            self._and_of,
            self._meter,
            self._in_letter,
            self._in_fill,
            self._phrase_with_bars,
            self._becoming,
            self._from_to,
            self._opened,
            self._between,
            self._adding,
            self._lead_in,
            self._bars,
            self._beats,
            self._phrase,
        )
        i = 0
        while i < len(self.words):
            if i and (stops := set(self.gaps[i]) & STOPS):
                self._stop(stops)
            taken = next((n for reader in readers if (n := reader(i))), 0)
            if not taken:
                self._unknown(i)
            i += taken or 1
        self._read_drums()
        self._read_cymbals()
        self._read_lengths()

    def _stop(self, stops: set[str]) -> None:
        """Add a break. A colon only makes bars before it a heading."""
        last = self._last
        if stops != {":"}:
            self._add(Break(full=bool(stops & {".", ";"})))
        elif isinstance(last, Bars):
            self.result.items[-1] = replace(last, heading=True)
        elif isinstance(last, Thing) and last.entry.has("build", "fade"):
            self._part("whole")  # "build up: kick, then snare"
            self._add(Break())

    def _read_drums(self) -> None:
        """Read "drums" as all drums where they are excluded or change, and as drums without
        cymbals in "only the drums, no cymbals"."""
        items = self.result.items
        pairs = list(pairwise(items))
        bare = any(a == Role("not") and {"RD", "CR"} <= {*codes_of(b)} for a, b in pairs)
        for i, item in enumerate(items):
            if item == Role("drums"):
                before = items[i - 1] if i else None
                after = items[i + 1] if i + 1 < len(items) else None
                silent = isinstance(after, Thing) and after.entry.has("silence")
                change = after in (Role("enters"), Role("leaves"), Role("out"))
                excluded = before in (Role("not"), Role("nor"), Role("out"))
                everything = Thing(self.table.entries["alldrums"], "drums")
                if bare and Role("only") in (before, after):
                    items[i] = Thing(self.table.entries["skins"], "drums")
                    continue
                items[i] = everything if silent or change or excluded else Role("groove")

    def _read_cymbals(self) -> None:
        """Read "any cymbals" as ride and crash where hi-hats are requested: "hats in eighths,
        without any cymbals"."""
        items, entries = self.result.items, self.table.entries
        asked = any(
            isinstance(item, Thing) and codes_of(item) in (("CH", "OH"), ("CH",), ("OH",))
            for item in items
        )
        for i, item in enumerate(items):
            if asked and isinstance(item, Thing) and item.entry == entries["anycymbals"]:
                items[i] = replace(item, entry=entries["cymbals"])

    def _becoming(self, i: int) -> int:
        """ "gets louder", "se hace más fuerte", "lauter werdend": growing or dying away. "Gets
        busy" after "starts sparse": the second half."""
        at, growing = i, self.words[i] in _BECOMING
        while growing and self._word(at + 1) in _INCREASINGLY:
            at += 1
        more = at > i
        at += growing
        if at >= self.ends[i]:
            return 0
        entry, n = self._find(at)
        if entry is None or entry.has("style"):
            return 0
        fields = {name: float(value) for name, value in entry.of("set")}
        if fields.keys().isdisjoint(("loudness", "density")):
            return 0
        if not growing and self._word(at + n) not in ("werdend", "werden"):
            return 0
        if not more and not self.words[at + n - 1].endswith("er"):
            if Role("starts") not in self.result.items:
                return 0
            self._halves([(entry, at, n)])
            return at + n - i
        louder = fields.get("loudness", 0) > 0.55 or fields.get("density", 0) > 4
        name = "build" if louder else "fade"
        end = at + n + (not growing)
        self._add(Thing(self.table.entries[name], " ".join(self.written[i:end])))
        return end - i

    def _from_to(self, i: int) -> int:
        """ "from sparse to busy": one half each; after "build up" the way of the build-up."""
        if self.words[i] not in _FROM:
            return 0
        first, n = self._find(i + 1)
        to = i + 1 + n
        if first is None or self._word(to) not in _TO:
            return 0
        second, m = self._find(to + 1)
        fields = [{f for f, _ in e.of("set")} if e is not None else set() for e in (first, second)]
        if second is None or not fields[0] & fields[1] & {"loudness", "density"}:
            return 0
        last = self._last
        if not (isinstance(last, Thing) and last.entry.has("build", "fade")):
            self._halves([(first, i + 1, n), (second, to + 1, m)])
        return to + 1 + m - i

    def _halves(self, qualities: list[tuple[Entry, int, int]]) -> None:
        """Add two qualities, or the second one after "starts …", as those of the halves of the
        loop. They are given with the place and number of their words."""
        for part, (entry, at, n) in zip(
            ("starts", "ends")[-len(qualities) :], qualities, strict=True
        ):
            self._add(Break())
            self._add(Role(part))
            self._add(Thing(entry, " ".join(self.written[at : at + n])))

    def _opened(self, i: int) -> int:
        """ "open" of "16th hats, open on the & of 4"."""
        name = {"open": "openhats", "opened": "openhats", "closed": "closedhats"}
        if self.words[i] not in name or self._find(i)[1] > 1 or i + 1 >= self.ends[i]:
            return 0
        hats = any({"CH", "OH"} & {*codes_of(item)} for item in self.result.items)
        after = self._find(i + 1)[0]
        placed = after is not None and (after.role == "at" or after.has("place"))
        if not hats or not (placed or self._is_figure(i + 1)):
            return 0
        self._add(Thing(self.table.entries[name[self.words[i]]], self.written[i]))
        return 1

    def _between(self, i: int) -> int:
        """ "between the backbeats": no place."""
        at = self._past_small(i + 1)
        if self.words[i] not in ("between", "zwischen", "entre") or self._find(i)[1] > 1:
            return 0
        entry, n = self._find(at) if at < self.ends[i] else (None, 1)
        if entry is None or not entry.has("place"):
            return 0
        text = " ".join(self.written[i : at + n])
        self.result.refused.append(f"{text}: name the beats that you want")
        return at + n - i

    def _adding(self, i: int) -> int:
        """ "add" of "start with the kick, add hats, then snare": a section begins, with what was
        there before."""
        if self.words[i] not in _ADD:
            return 0
        if not self.adding:
            starts = Role("starts") in self.result.items
            self.adding = starts or sum(word in _ADD for word in self.words) > 1
        if not self.adding:
            return 0
        if self._last not in (None, Role("enters")):
            self._add(Break(strong=True))
            self._add(Role("enters"))
        return 1

    def _in_fill(self, i: int) -> int:
        """ "in the fill", after drums."""
        role, n = self._role(i)
        last = [item for item in self.result.items[-2:] if not isinstance(item, Role)][-1:]
        if role != "at" or not (last and is_drum(last[0])):
            return 0
        at = self._past_small(i + n)
        entry, m = self._find(at)
        if entry is None or not entry.has("fill"):
            return 0
        self._add(Bars((), "the fills", fills=True))
        return at + m - i

    def _how_many(self, i: int) -> int:
        """ "two fills"."""
        if not self.words[i].isdecimal() or i + 1 >= len(self.words) or self._find(i)[1] > 1:
            return 0
        entry, _ = self._find(i + 1)
        if set(self.gaps[i + 1]) & STOPS or entry is None:
            return 0
        if not entry.has("fill") and list(entry.of("drum")) != [("CR",)]:
            return 0
        self._add(Role("count", self._number(i)))
        return 1

    def _small_word(self, i: int) -> int:
        """ "noch" after "weder"; "than" between two drums; "for" between two that are swapped;
        "off" after drums; Portuguese "mais … que"."""
        word, last, role = self.words[i], self._last, ""
        named = is_drum(last) or last == Role("drums")
        named = named or (isinstance(last, Thing) and last.entry.has("fill"))
        if word in ("off", "out", "aus") and named:
            role = "out" if self._find(i)[1] == 1 else ""
        elif word == "mais" and "que" in self.words[i : self.ends[i]]:
            role = "many"
        elif word == "noch" and "weder" in self.words[:i]:
            role = "nor"
        elif word in ("than", "als", "que") and is_drum(last):
            amounts = (Role("many"), Role("less"), Role("few"))
            role = "than" if any(item in amounts for item in self.result.items[-3:]) else ""
        elif word in _SWAPPED and self.swapping:
            self.swapping, role = False, "for"
        if role:
            self._add(Role(role))
        return int(bool(role))

    def _separable(self, i: int) -> int:
        """ "setzt" and "aus" of "setzt die Snare aus"."""
        end = self.words[self.ends[i] - 1]
        if self.words[i] in _GERMAN_VERBS and end in _PARTICLES:
            self._add(Role(_PARTICLES[end]))
            return 1
        last = i + 1 == self.ends[i] and end in _PARTICLES
        return int(last and not _GERMAN_VERBS.isdisjoint(self.words[:i]))

    def _phrase(self, i: int) -> int:
        entry, n = self._find(i)
        if entry is None:
            return 0
        figures = all(word.isdecimal() for word in self.words[i : i + n])
        if figures and (self._word(i - 1).isdecimal() or self._word(i + n).isdecimal()):
            return 0  # "three four", but not "2 3 4"
        text = " ".join(self.written[i : i + n])
        if role := entry.role:
            if role in ("last", "first", "penultimate"):
                return 0
            if role == "swap":
                self.swapping, role = True, "not"
            if role == "then" and self.words[i] in _MOVES and self._begun():
                return n
            self._add(Break(strong=True) if role == "then" else Role(role))
            if role == "then" and self.adding:
                self._add(Role("enters"))
        elif entry.has("part"):
            [(name,)] = entry.of("part")
            self._part(name)
        elif entry.has("place") and self._is_mood(i, n):
            self._add(Thing(self.table.entries["lively"], text))
        elif entry.has("place"):
            [places] = entry.of("place")
            self._add(Steps(tuple(places)))
        elif entry.meter is not None and not entry.has("style"):
            if self._word(i + n - 1).isdecimal() and self._is_bar(i + n):
                return n - 1  # "in 3 bars" is a length
            last = next((o for o in reversed(self.result.items) if not isinstance(o, Role)), None)
            if self.words[i] == "en" and (takes_steps(last) or isinstance(last, Steps)):
                return self._en(i)
            named = (self._number(i + n - 1), self._number(i + n))
            if named in METERS and self.ends[i] > i + n:  # "en trois quatre"
                self._add_meter(named, figures=False)
                return n + 1
            figures = any(word.isdecimal() for word in self.written[i : i + n])
            self._add_meter(entry.meter, figures)
        elif entry.has("stop") and self._is_breakbeat(i):
            pass
        elif entry.has("silence") and self._is_no(i + n):
            self._add(Role("not"))
        elif isinstance(self._last, Bars) and entry.sets("density") and self.words[i] in _EMPTY:
            self._add(Thing(self.table.entries["silence"], text))
        elif not entry.has("skip"):
            if codes_of(Thing(entry, text)) == ("CR", "RD") and self._word(i - 1) in _ANY:
                entry = self.table.entries["anycymbals"]
            self._add(Thing(entry, text))
        return n

    def _is_mood(self, i: int, n: int) -> bool:
        """Whether "upbeat" is a mood, as in "an upbeat groove", and not a place."""
        if self.words[i : i + n] != ["upbeat"]:
            return False
        after = self._find(i + 1)[0] if i + 1 < self.ends[i] else None
        return not takes_steps(self._last) and not (after and after.has("drum"))

    def _is_no(self, i: int) -> bool:
        """Whether "nothing" excludes a drum, as in "nothing on the toms"."""
        at = self._past_small(i + 1)
        if self._role(i)[0] != "at" or at >= self.ends[i - 1]:
            return False
        entry = self._find(at)[0]
        return entry is not None and entry.has("drum")

    def _begun(self) -> bool:
        """Whether a section is begun by its length alone: "4 bars where it moves to the ride"."""
        items = self.result.items
        begin = max(
            (k for k, o in enumerate(items) if isinstance(o, Break) and o.strong), default=0
        )
        rest = [item for item in items[begin:] if not isinstance(item, Role | Break)]
        return bool(rest) and all(isinstance(item, Length) for item in rest)

    def _is_breakbeat(self, i: int) -> bool:
        """Whether "break" is a pattern, as in "a jungle break"."""
        known = isinstance(self._last, Thing) and self._last.entry.has("style")
        return known and self.words[i] in ("break", "breaks") and not set(self.gaps[i]) & STOPS

    def _en(self, i: int) -> int:
        """ "caja en 3": a count, where "en 3" without a drum is a metre."""
        counts, end = self._numbers(i + 1)
        self._add(Steps(counts, count=True))
        return end - i

    def _unknown(self, i: int) -> None:
        word = self.words[i]
        if word in ("&", "+", "/") or (len(word) == 1 and word in _SILENT_LETTERS):
            return
        self._add(Role("unknown"))
        if self.written[i] not in self.result.unknown:
            self.result.unknown.append(self.written[i])
            guess = f"“{self.written[i]}” as “{word}”"
            self.result.corrected = [pair for pair in self.result.corrected if pair != guess]
