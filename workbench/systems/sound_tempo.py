"""The tempo that a prompt for sound names in words, and what it says of time that no network here
can follow: changes of tempo, relative tempi and lengths without a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.datasets.keywords import TEMPO_LIMITS
from workbench.systems.drum_ldm.items import EXCLUDING, Item, Role, Scan, Thing, is_drum
from workbench.systems.drum_ldm.request import within

_MOODS = ("lively",)  # rows of the lexicon whose words name a mood rather than a tempo
_MODERATE = 110  # BPM
_NEAR = 1.25  # factor by which a tempo may be outside the range of a word
_CHANGES = {  # refusals of the lexicon that hold for sounds, too
    "one tempo per loop": "a clip keeps one tempo",
    "one metre per loop": "a clip keeps one metre",
}
_FACTOR = (
    r"(?<![\w/])(?<!\d[.,])(?:twice|half|double|(?:two|three|four) times|"
    r"\d+(?:[.,]\d+)? ?(?:[x×%]|times)|[½⅓⅔¼¾]|1[/⁄][2-8]|2[/⁄]3|"
    r"doppelt(?:e[mnrs]?)?|halb(?:e[mnrs]?)?|(?:el )?doble|dos veces|(?:la )?mitad|"
    r"(?:la )?moitié|deux fois|duas vezes|metade|(?:o )?dobro)"
)
_RELATIVE = re.compile(
    rf"{_FACTOR}[ -](?:(?:as|so|de|plus|moins|mais|más)[ -])*(?:fast|slow|quick|schnell|"
    r"langsam|r[aá]pid[oae]|lent[oae]?|vite|rapide|devagar)(?:ly|er)?(?: as)?\b"
    rf"|{_FACTOR} (?:(?:of|the|its|normal|original|d[aeo]|la) )*"
    r"(?:speed|tempo|geschwindigkeit|velocidade?|vitesse)\b",
    re.I,
)
_VAGUE = re.compile(
    r"(?<!\bin )\b(?:a few|several|some|ein paar|einige|unos|unas|algunos|quelques|alguns) "
    r"(?:bars|beats|measures|seconds|minutes|takte|sekunden|minuten|compases|segundos|minutos|"
    r"mesures|secondes|compassos)\b",
    re.I,
)


@dataclass(frozen=True)
class Pace:
    """A word for a tempo, such as "allegro", and the tempi in BPM that it means."""

    text: str
    low: float
    high: float

    def fits(self, tempo: float) -> bool:
        """Whether a tempo in BPM is about what the word means."""
        return self.low / _NEAR <= tempo <= self.high * _NEAR


def without_relative(prompt: str) -> tuple[str, list[str]]:
    """Return a prompt without "twice as fast" and the like, and the reasons why these are refused.

    >>> without_relative("rock, twice as fast")
    ('rock,  ', ['“twice as fast”: name the tempo in BPM'])
    """
    parts = [match[0] for match in _RELATIVE.finditer(prompt)]
    return _RELATIVE.sub(" ", prompt), [f"“{part}”: name the tempo in BPM" for part in parts]


def vague_lengths(prompt: str) -> list[str]:
    """Return the reasons why lengths such as "a few bars" are refused."""
    return [f"“{match[0]}”: name the number" for match in _VAGUE.finditer(prompt)]


def changes_in(scanned: Scan) -> list[str]:
    """Return the reasons why changes of tempo or metre are refused."""
    return [
        f"“{item.text}”: {_CHANGES[reason]}"
        for item in scanned.items
        if isinstance(item, Thing)
        for words in item.entry.of("refuse")
        if (reason := " ".join(words)) in _CHANGES
    ]


def tempo_in_words(scanned: Scan) -> tuple[float | None, list[str], list[str]]:
    """Return the tempo of a prompt that names it in words or as a limit, if there is one, with what
    is understood and what is refused. A word means the middle of its range, by ratio; a limit means
    the nearest tempo that keeps it.

    Args:
        scanned: What stands in the prompt.

    Returns:
        The tempo in BPM, None without one or where a figure names it; statements; refusals.
    """
    paces, bounds, words = _paces(scanned.items), scanned.tempo_bounds, list[str]()
    tempo, worded = scanned.tempo, None
    if tempo is None and paces:
        low, high = within((paces[0].low, paces[0].high), bounds) or (0, 0)
        tempo = worded = float(round((low * high) ** 0.5))
        words = [f"“{paces[0].text}” as {tempo:g} BPM"] if paces[0].fits(tempo) else []
    elif tempo is None and bounds is not None:
        low, high = bounds
        worded = float(round(low if high == TEMPO_LIMITS[1] else high))
    unfit = [] if tempo is None else [pace.text for pace in paces if not pace.fits(tempo)]
    return worded, words, [f"“{text}”: the tempo is {tempo:g} BPM" for text in unfit]


def _paces(items: list[Item]) -> list[Pace]:
    """Return the words for a tempo that are not excluded and not those of a drum ("fast hats")."""
    found = []
    for i, item in enumerate(items):
        if not isinstance(item, Thing) or item.entry.name in _MOODS:
            continue
        after = items[i + 1] if i + 1 < len(items) else None
        of_drum = is_drum(after) or (isinstance(after, Thing) and after.entry.has("fill"))
        before, degree = i - 1, ""
        while before >= 0 and items[before] in (Role("very"), Role("slightly")):
            degree = "very" if items[before] == Role("very") else "slightly"
            before -= 1
        last = items[before] if before >= 0 else None
        if of_drum or (isinstance(last, Role) and last.name in EXCLUDING):
            continue
        for _, span in item.entry.of("pace"):
            low, high = map(float, span.split("-"))
            found.append(_pace(item.text, low, high, degree))
    return found


def _pace(text: str, low: float, high: float, degree: str) -> Pace:
    """Return a word for a tempo. degree: "very" for the half of its range that is farther from a
    moderate tempo, "slightly" for the nearer one, "" for all of it."""
    middle = (low * high) ** 0.5
    if degree and (middle > _MODERATE) == (degree == "very"):
        low = middle
    elif degree:
        high = middle
    return Pace(text, low, high)
