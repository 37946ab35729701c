"""Lengths that a request names in seconds, minutes, hours and beats, or as "bars: 4"."""

from __future__ import annotations

import re

from workbench.systems.drum_ldm.items import Scan
from workbench.systems.drum_ldm.lexicon import figure_of

_NUMBER = r"(?<![\w.,:/-])(\d{1,6}(?:[.,]\d{1,3})?|[^\W\d_]+)[ -]?"
_SECONDS = r"(?:(?<= )s|secs?|seconds?|sek|sekunden?|segs?|segundos?|secondes?)"
_MINUTES = r"(?:mins?|minutes?|minuten?|minutos?)"
_HOURS = r"(?:hours?|hrs?|stunden?|horas?|heures?)"
_MILLISECONDS = r"(?:ms|milliseconds?|millisekunden|milisegundos|millisecondes)"
_ABOUT = (
    r"(?:about|around|roughly|approx\.?|approximately|circa|ca\.?|at (?:least|most)|up to|"
    r"max(?:imum)?\.?|minimum|(?:less|(?:no|not) (?:more|longer)|more) than|etwa|ungefähr|"
    r"höchstens|mindestens|unos|unas|menos de|más de|al menos|environ|moins de|plus de|au moins)"
)
_TIME = re.compile(
    rf"(?:\b{_ABOUT} )?{_NUMBER}"
    rf"(?:(?P<s>{_SECONDS})|(?P<m>{_MINUTES})|(?P<h>{_HOURS})|(?P<ms>{_MILLISECONDS}))\b"
    r"(?![ -]?(?:reverb|delay|fade|tail|attack|release|decay|late|early|ahead|behind|before|swing"
    r"|notes?\b))(?: (?:long|lang)\b)?(?: (?:of|de)\b)?"
)
_SCALES = {"s": 1, "m": 60, "h": 3600, "ms": 0.001}  # in seconds
_FIGURE = r"(?<![\w.,:/-])(\d{1,4}(?:[.,]\d{1,3})?)"
_MIN_SEC = re.compile(
    rf"{_FIGURE}[ -]?(?:{_MINUTES}|m(?= ?\d)),? ?(?:(?:and|und|y|et|e) )?(\d{{1,2}})[ -]?"
    rf"(?:{_SECONDS}|s)\b"
)
_CLOCK = re.compile(rf"(?<![\w.,:/-])(\d{{1,2}}):([0-5]\d)(?![\w:.])(?: ?{_MINUTES}\b)?")
_SPAN = re.compile(
    rf"(?:\b(?:from|between|von|zwischen|de|entre) )?{_FIGURE} ?"
    r"(?:[-–]|(?:to|and|bis|und|a|y|à|et|e|até)(?= )) ?(\d{1,4}(?:[.,]\d{1,3})?)"
    rf"(?=[ -]?(?:{_SECONDS}|{_MINUTES}|s)\b)"
)
_ATTACHED_S = re.compile(
    r"(?<![\w.,:/-])(\d{1,3}(?:[.,]\d{1,3})?)s\b(?P<clip>(?= (?:clip|loop|long|sample|snippet)\b)|"
    r"(?<=, [23]0s)$)?"
)
_NAMES_IN_S = (8, 16, 32, 64, 303, 606, 707, 808, 909)  # of notes and drum machines
_BEATS = re.compile(
    rf"{_NUMBER}(?:beats|schläge|schlägen)\b"
    r"(?! ?(?:\d|to\b|(?:/ ?|in )?(?:per|a|an|each|every|pro|bar)\b))"  # of a bar
)
_KEYED = re.compile(r"\b(bars|beats|seconds) ?[:=] ?(\d+)\b(?! ?[-–,&:] ?\d| (?:and|to)\b)")
_ATTACHED = re.compile(r"(?<=\d)(?=(?:bars?|beats)\b)")
_AND_HALF = re.compile(r"\b([^\W_]+) and a half (?=bar|measure|beat|sec|min|hour)")
_FRACTIONS = {
    "0.5 ": r"\b(?:half an? (?=bar|measure|minute|hour)|"
    r"(?:eine |une |un )?(?:halbe|media|medio|demi)[ -](?=minut|hora|stunde|heure))",
    "0.25 ": r"\b(?:(?:an? )?quarter of an? (?=minute|hour)|(?:eine )?viertel(?=stunde)|"
    r"(?:un )?(?:cuarto de (?=hora)|quart d['’](?=heure)))",
    "1.5 ": r"\b(?:anderthalb|eineinhalb) (?=minuten|stunden)",
}
# Before a number that says where something is, or how often.
_PLACE = re.compile(
    r"\b(?:after|first|last|final|every|each|at|in|on|until|nach|ersten|letzten|alle|después de|"
    r"primeros|últimos|cada|après|premières|dernières|depois de)(?: the)? +$"
)
# Of a minute or an hour; of a second, they mean another thing, and "a min" is a key.
_ONE = ("a", "an", "one", "eine", "un", "una", "une", "um", "uma")
_FEWEST_MS = 100  # less is the time between two hits
_FEWEST_BEATS = 4  # "two beats" is a part of a bar


def take_durations(text: str, result: Scan) -> str:
    """Move lengths in units of time and in beats from a text to the result. A range such as "10-20
    seconds" is its mean."""

    def seconds(match: re.Match[str]) -> str:
        unit = match.lastgroup or "s"
        one = unit in ("m", "h") and match[unit] != "min" and match[1] in _ONE
        number = 1.0 if one and not _placed(match) else _number(match)
        if number is None or (unit == "ms" and number < _FEWEST_MS):
            return match[0]
        result.seconds.append(number * _SCALES[unit])
        return " "

    def beats(match: re.Match[str]) -> str:
        number = _number(match)
        if number is None or number < _FEWEST_BEATS or number % 1:
            return match[0]
        result.beats.append(int(number))
        return " "

    text = _in_one_unit(_ATTACHED.sub(" ", text))
    text = _KEYED.sub(r"\2 \1", text)
    for figure, words in _FRACTIONS.items():
        text = re.sub(words, figure, text)
    text = _AND_HALF.sub(lambda match: f"{figure_of(match[1])}.5 ", text)
    return _BEATS.sub(beats, _TIME.sub(seconds, text))


def _in_one_unit(text: str) -> str:
    """Return a text with lengths such as "1:30", "1 min 30 s", "15s" and "10-20 s" as one number
    and a unit."""

    def clock(match: re.Match[str]) -> str:
        seconds = 60 * float(match[1].replace(",", ".")) + int(match[2])
        return match[0] if _placed(match) else f"{seconds:g} seconds"

    def mean(match: re.Match[str]) -> str:
        low, high = (float(number.replace(",", ".")) for number in match.groups())
        decades = match.string[match.end() :].startswith("s") and _is_decade(low)
        return match[0] if decades and _is_decade(high) else f"{(low + high) / 2:g}"

    def attached(match: re.Match[str]) -> str:
        number = float(match[1].replace(",", "."))
        name = number in _NAMES_IN_S or _is_decade(number)
        return match[0] if name and match["clip"] is None else f"{match[1]} seconds"

    text = _MIN_SEC.sub(clock, _CLOCK.sub(clock, text))
    return _ATTACHED_S.sub(attached, _SPAN.sub(mean, text))


def _is_decade(number: float) -> bool:
    """Whether a number with "s" is a decade, as in "30s jazz"."""
    return 20 <= number < 100 and number % 10 == 0


def _number(match: re.Match[str]) -> float | None:
    """Return the number of a length; None for another word, and where it names a place."""
    figure = figure_of(match[1].replace(",", "."))
    number = figure.replace(".", "").isdecimal() and not _placed(match)
    return float(figure) if number else None


def _placed(match: re.Match[str]) -> bool:
    return _PLACE.search(match.string[: match.start()]) is not None
