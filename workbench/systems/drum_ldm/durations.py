"""Lengths that a request names in seconds, minutes, hours and beats, or as "bars: 4"."""

from __future__ import annotations

import re

from workbench.systems.drum_ldm.items import Scan
from workbench.systems.drum_ldm.lexicon import figure_of
from workbench.systems.drum_ldm.numbers import NUMBER, value_of

_NUMBER = r"(?<![\w.,:/-])((?:(?<!\S)-)?\d{1,6}(?:[.,]\d{1,3})?|[^\W\d_]+)[ -]?"
_SECONDS = r"(?:(?<= )s|secs?|seconds?|sek|sekunden?|segs?|segundos?|secondes?)"
_MINUTES = r"(?:mins?|minutes?|minuten?|minutos?)"
_HOURS = r"(?:hours?|hrs?|stunden?|horas?|heures?)"
_MILLISECONDS = r"(?:ms|milliseconds?|millisekunden|milisegundos|millisecondes)"
ROUGHLY = (
    r"about|around|roughly|approx\.?|approximately|circa|ca\.?|etwa|ungefähr|unos|unas|environ|"
    r"cerca de|alrededor de|autour de|por volta de|rund"
)
_ABOUT = (
    rf"(?:{ROUGHLY}|at (?:least|most)|up to|max(?:imum)?\.?|minimum|"
    r"(?:less|(?:no|not) (?:more|longer)|more) than|höchstens|mindestens|menos de|más de|al menos|"
    r"moins de|plus de|au moins)"
)
_TIME = re.compile(
    rf"(?:\b{_ABOUT} )?{_NUMBER}"
    rf"(?:(?P<s>{_SECONDS})|(?P<m>{_MINUTES})|(?P<h>{_HOURS})|(?P<ms>{_MILLISECONDS}))\b"
    r"(?![ -]?(?:reverb|delay|fade|tail|attack|release|decay|late|early|ahead|behind|before|swing"
    r"|notes?\b))(?: (?:long|lang)\b)?(?: (?:of|de)\b)?"
)
_SCALES = {"s": 1, "m": 60, "h": 3600, "ms": 0.001}  # in seconds
_FIGURE = r"(?<![\w.,:/-])(\d{1,4}(?:[.,]\d{1,3})?)"
_AND = r"(?:(?:and|und|y|et|e) )?"
_MIN_SEC = re.compile(  # "1 min 30 s", "1m30s", "one minute thirty", "une minute trente"
    rf"{_NUMBER}(?:{_MINUTES}|m(?= ?\d)),? ?{_AND}(\d{{1,2}}|{NUMBER})"
    rf"(?:[ -]?(?:{_SECONDS}|s)\b|(?=\s*(?:[,;.]|$|(?:of|de|long|lang)\b)))"
)
_MIN_HALF = re.compile(  # "a minute and a half"
    rf"{_NUMBER}({_MINUTES}|{_HOURS}) (?:and|und|y|et|e) "
    r"(?:a half|(?:eine )?halbe|medi[oa]|demie?|mei[oa])\b"
)
_PRIMES = re.compile(r"(?<![\w.,:/'’′-])(\d{1,2})['’′]([0-5]\d)(?:''|″)?(?![\w'])")
_CLOCK = re.compile(rf"(?<![\w.,:/-])(\d{{1,2}}):([0-5]\d)(?![\w:.])(?: ?{_MINUTES}\b)?")
_SPAN = re.compile(
    rf"(?:\b(?:from|between|von|zwischen|de|entre) )?{_FIGURE} ?"
    r"(?:[-–]|(?:to|and|bis|und|a|y|à|et|e|até)(?= )) ?(\d{1,4}(?:[.,]\d{1,3})?)"
    rf"(?=[ -]?(?:{_SECONDS}|{_MINUTES}|s)\b)"
)
_ATTACHED_S = re.compile(
    r"(?<![\w.,:/-])(\d{1,3}(?:[.,]\d{1,3})?)s\b"
    r"(?P<clip>(?= (?:clip|loop|long|sample|snippet|of|de)\b)|(?<=, [23]0s)$)?"
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
    r"(?<!and )(?<!and a )(?:a )?half[ -](?=minute|hour)|"
    r"(?:eine |une |uma? |un )?(?:halbe|medi[oa]|demi|mei[oa])[ -](?=minut|hora|stunde|heure))",
    "0.75 ": r"\b(?:three|3)[ -]quarters of an? (?=minute|hour)",
    "0.25 ": r"\b(?:(?:an? )?quarter of an? (?=minute|hour)|(?:eine )?viertel(?=stunde)|"
    r"(?:un )?(?:cuarto de (?=hora)|quart d['’](?=heure)))",
    "1.5 ": r"\b(?:anderthalb|eineinhalb) (?=minuten|stunden)",
    "2 ": r"\b(?:an? |um? |un )?(?:(?:couple|pair) of|par de) "
    r"(?=(?:bars|measures|compases|compassos|seconds|minutes|segundos|minutos)\b)",
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
        minutes = 1.0 if match[1] in _ONE else _number(match)
        seconds = int(match[2]) if match[2].isdecimal() else value_of(match[2])
        if minutes is None or seconds >= 60 or _placed(match):
            return match[0]
        return f"{60 * minutes + seconds:g} seconds"

    def half(match: re.Match[str]) -> str:
        number = 1.0 if match[1] in _ONE else _number(match)
        return match[0] if number is None else f"{number + 0.5:g} {match[2]}"

    def mean(match: re.Match[str]) -> str:
        low, high = (float(number.replace(",", ".")) for number in match.groups())
        decades = match.string[match.end() :].startswith("s") and _is_decade(low)
        return match[0] if decades and _is_decade(high) else f"{(low + high) / 2:g}"

    def attached(match: re.Match[str]) -> str:
        number = float(match[1].replace(",", "."))
        name = number in _NAMES_IN_S or _is_decade(number)
        return match[0] if name and match["clip"] is None else f"{match[1]} seconds"

    text = _MIN_HALF.sub(half, _PRIMES.sub(clock, _CLOCK.sub(clock, text)))
    text = _MIN_SEC.sub(clock, text)
    return _ATTACHED_S.sub(attached, _SPAN.sub(mean, text))


def _is_decade(number: float) -> bool:
    """Whether a number with "s" is a decade, as in "30s jazz"."""
    return 20 <= number < 100 and number % 10 == 0


def _number(match: re.Match[str]) -> float | None:
    """Return the number of a length; None for another word, and where it names a place."""
    figure = figure_of(match[1].replace(",", "."))
    number = figure.replace(".", "").removeprefix("-").isdecimal() and not _placed(match)
    return float(figure) if number else None


def _placed(match: re.Match[str]) -> bool:
    return _PLACE.search(match.string[: match.start()]) is not None
