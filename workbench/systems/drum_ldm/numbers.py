"""Numbers in words, in five languages, as figures, where a unit makes them lengths or tempi."""

from __future__ import annotations

import re

_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen",
    "un dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro "
    "veinticinco veintiséis veintisiete veintiocho veintinueve",
    "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn "
    "sechzehn siebzehn achtzehn neunzehn",
    "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    "um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis "
    "dezessete dezoito dezenove",
)
_TENS = (
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "vingt trente quarante cinquante soixante - quatrevingt -",
    "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
)
_TIMES = {
    **dict.fromkeys(("hundred", "hundert", "cien", "ciento", "cent", "cento", "cem"), 100),
    **dict.fromkeys(("dozen", "dutzend", "docena", "douzaine", "dúzia"), 12),
}
_VALUES = {
    **{word: n for row in _ONES for n, word in enumerate(row.split(), 1)},
    **{word: 10 * n for row in _TENS for n, word in enumerate(row.split(), 2) if word != "-"},
}
_GERMAN_ONES = "|".join(_ONES[2].split()[:9])
_GERMAN_TENS = "|".join(_TENS[2].split())
_GERMAN = re.compile(rf"({_GERMAN_ONES})und({_GERMAN_TENS})")
_WORD = (
    rf"(?:{'|'.join(sorted({*_VALUES, *_TIMES}, key=len, reverse=True))}"
    rf"|quatre[ -]vingts?|(?:\w{{3,6}})?(?:hundert\w*|und(?:{_GERMAN_TENS})))"
)
NUMBER = rf"{_WORD}(?:[ -](?:(?:and|a|y|e|et)[ -])?{_WORD})*"
_UNIT = (
    r"(?:bpm|beats|schlägen?|bars|measures|takten?|compases|mesures|compassos|hours|horas|heures|"
    r"secs?|seconds|sek|sekunden|segundos|secondes|mins?|minutes?|minuten|minutos|stunden|"
    r"second(?! ?-?(?:notes?|hats?|hi|rolls?|fills?|rhythms?)))\b"
)
_BEFORE_UNIT = re.compile(
    rf"\b(?:an? |eine? |una |une |uma )?({NUMBER})(?: (?:of|de))?[ -]?(?={_UNIT})"
)
_HALF_DOZEN = re.compile(
    r"\b(?:half(?: a)?|(?:ein )?halbes|media|demi|meia)[ -](?:dozen|dutzend|docena|douzaine|dúzia)"
    r"(?: (?:of|de))?\b"
)
_AFTER_TEMPO = re.compile(
    rf"(?<=\bat )(?:a )?({NUMBER})(?=\s*(?:[,;.]|$))|(?<=\btempo )({NUMBER})\b"
)
_ZERO = re.compile(rf"\b(?:zero|null|cero|zéro)(?: (?:of|de))? (?={_UNIT})")
_BEFORE_RANGE = re.compile(rf"\b({NUMBER})(?= (?:to|or|bis|oder|a|o|à|ou|até) \d+ ?{_UNIT})")
_MINUS = re.compile(rf"(?<!\d )\b(?:minus|negative|menos|moins) (?=\d+(?:[.,]\d+)?[ -]?{_UNIT})")
_SMALLEST = 10  # smaller numbers are read as words
_SLOWEST = 30  # tempo in BPM


def figures_for_numbers(text: str) -> str:
    """Return a text (see `plain_words`) with the numbers of tempi and lengths as figures, and with
    "-5 bars" for "minus 5 bars".

    >>> figures_for_numbers("one hundred and ten bpm"), figures_for_numbers("hundertzwanzig bpm")
    ('110 bpm', '120 bpm')
    """

    def figure(match: re.Match[str]) -> str:
        number, unit = value_of(match[1] or match[2]), match.re is _BEFORE_UNIT
        read = number >= (_SMALLEST if unit else _SLOWEST)
        return f"{number} " if read else match[0]

    text = _BEFORE_UNIT.sub(figure, _HALF_DOZEN.sub("6", _ZERO.sub("0 ", text)))
    text = _BEFORE_RANGE.sub(lambda match: f"{value_of(match[1]) or match[1]}", text)
    return _MINUS.sub("-", _AFTER_TEMPO.sub(figure, text))


def value_of(words: str) -> int:
    """Return the number that words name; 0 if they name several, as "three four"."""
    words = re.sub("quatre[ -]vingts?", "quatrevingt", words)
    words = _GERMAN.sub(r"\2 \1", words).replace("hundert", " hundert ")
    total, room = 0, 1000  # room: what may still be added is below
    for word in re.split("[ -]+", words.strip()):
        if times := _TIMES.get(word):
            if total >= 10:
                return 0
            total, room = max(total, 1) * times, times
        elif number := _VALUES.get(word):
            if total in (1, 2) and number >= 10:  # "one forty"
                total, room = 100 * total, 100
            if number >= room:
                return 0
            total += number
            room = 20 if number in (60, 80) else 10 if number >= 20 or number == 10 else 1
    return total
