"""Lengths that a request names in seconds, minutes and beats, or as "bars: 4"."""

from __future__ import annotations

import re

from workbench.systems.drum_ldm.items import Scan
from workbench.systems.drum_ldm.lexicon import figure_of

_NUMBER = r"(?<![\w.,:/-])(\d{1,6}(?:[.,]\d{1,3})?|[^\W\d_]+)[ -]?"
_PLURAL = ("seconds", "sekunden", "segundos", "secondes")  # of what is an ordinal, too
_SECONDS = (
    r"(?<= )s|s(?= (?:clip|loop|long|sample)\b)|secs?|seconds?|sek|sekunden?|segs?|segundos?|"
    r"secondes?"
)
_TIME = re.compile(
    rf"{_NUMBER}(?:({_SECONDS})|(mins?|minutes?|minuten?|minutos?))\b"
    r"(?![ -]?(?:reverb|delay|fade|tail))"
)
_BEATS = re.compile(
    rf"{_NUMBER}(?:beats|schläge|schlägen)\b"
    r"(?! ?(?:\d|to\b|(?:/ ?|in )?(?:per|a|an|each|every|pro|bar)\b))"  # of a bar
)
_KEYED = re.compile(r"\b(bars|beats|seconds) ?[:=] ?(\d+)\b(?! ?[-–,&:] ?\d| (?:and|to)\b)")
_ATTACHED = re.compile(r"(?<=\d)(?=(?:bars?|beats)\b)")
_AND_HALF = re.compile(r"\b([^\W_]+) and a half (?=bar|measure|beat|sec|min)")
_HALF_A = re.compile(r"\bhalf a (?=bar|measure|minute)")
# Before a number that says where something is, or how often.
_PLACE = re.compile(
    r"\b(?:after|first|last|final|every|each|at|in|on|until|nach|ersten|letzten|alle|después de|"
    r"primeros|últimos|cada|après|premières|dernières|depois de)(?: the)? +$"
)
_ONE = ("a", "one", "eine", "un", "une", "um")  # minute; of a second, they mean another thing
_FEWEST_BEATS = 4  # "two beats" is a part of a bar


def take_durations(text: str, result: Scan) -> str:
    """Move lengths in seconds and in beats from a text to the result."""

    def seconds(match: re.Match[str]) -> str:
        number = 1.0 if match[3] and match[1] in _ONE and not _placed(match) else _number(match)
        ordinal = match[2] is not None and not match[1][0].isdigit() and match[2] not in _PLURAL
        if number is None or ordinal:
            return match[0]
        result.seconds.append(number * (60 if match[3] else 1))
        return " "

    def beats(match: re.Match[str]) -> str:
        number = _number(match)
        if number is None or number < _FEWEST_BEATS or number % 1:
            return match[0]
        result.beats.append(int(number))
        return " "

    text = _ATTACHED.sub(" ", text)
    text = _HALF_A.sub("0.5 ", _KEYED.sub(r"\2 \1", text))
    text = _AND_HALF.sub(lambda match: f"{figure_of(match[1])}.5 ", text)
    return _BEATS.sub(beats, _TIME.sub(seconds, text))


def _number(match: re.Match[str]) -> float | None:
    """Return the number of a length; None for another word, and where it names a place."""
    figure = figure_of(match[1].replace(",", "."))
    number = figure.replace(".", "").isdecimal() and not _placed(match)
    return float(figure) if number else None


def _placed(match: re.Match[str]) -> bool:
    return _PLACE.search(match.string[: match.start()]) is not None
