"""The tempo that a request names, as a figure or as a limit."""

from __future__ import annotations

import re

from workbench.datasets.keywords import TEMPO_LIMITS, parse_tempo, without_tempo
from workbench.systems.drum_ldm.durations import ROUGHLY
from workbench.systems.drum_ldm.items import Scan
from workbench.systems.drum_ldm.lexicon import folded
from workbench.systems.drum_ldm.numbers import NUMBER, figures_for_numbers, value_of

DECADE = re.compile(r"\b(?:19|20)?\d0\s?['’]?s\b")
_PER_MINUTE = re.compile(
    r"\b(?:beats?|schlage|schläge|pulsaciones|pulsos|battements|batidas|golpes)"
    r"(?: (?:per|a|pro|por|par) | ?/ ?)(?:minute?a?o?|min)\b"
    r"|(?<=\d )(?:à|a) la (?:noire|negra)\b|\bb\. ?p\. ?m\b\.?"
    r"|(?<![^\W\d_])(?:ppm|bmp|bpms|bpn|bmps)\b"  # slips of "bpm"
)
_UNIT_FIRST = re.compile(  # "bpm: 120", "MM 72", "tempo = 400"
    r"(?<!\d )(?<!\d)\b(?:bpm|mm|m\.m\.?|m[eé]tr[oó]nome?|(tempo)(?= ?[:=]| -\d))"
    r"(?: ?[:=]| is| of)? ?((?:(?<=[ :=])-)?\d{1,4}(?:\.\d+)?)"
    r"(?![\d/:-]|\.\d|[a-z]|\s*(?:bpm|bars?|beats?|takte?|bis|to)\b)"
)
_EQUAL = re.compile(r"(?:[a-zé]+\s*)?=\s*(\d{2,3})\b(?!\s*bpm)")
_COMMA = re.compile(r"(\d),(\d{1,2})(?=\s*bpm)")
_RANGE = re.compile(r"\b(\d{2,3})\s*(?:-|–|to|bis|a|à|y|/)\s*(\d{2,3})\s*-?bpm\b")
_EITHER = re.compile(r"\b(\d{2,3})(?: ?bpm)? (?:or|oder|o|ou) \d{2,3}(?= ?-?bpm\b)")
_BETWEEN = re.compile(
    r"\b(?:between|zwischen|entre) (\d{2,3}) (?:and|und|y|et|e|&) (\d{2,3})\b"
    r"(?:[\s-]*bpm\b)?(?! ?(?:bars?|beats?)\b)"
)
_CHANGE = re.compile(
    r"\b(?:from|von|desde|de) (\d{2,3})(?: ?bpm)? (?:up |down )?(?:to|bis|a|à|hasta|at[eé]) "
    r"(\d{2,3})(?= ?-?bpm\b)"
)
_LATER = re.compile(
    r"\b(?:then|to|into|dann|bis|luego|despu[eé]s|hasta|puis|depois|at[eé]|ends?|ending|endet|"
    r"termina|finit)\b"
)
_ISH = re.compile(r"\b(\d{2,3})[\s-]?(?:ish\b(?:\s*bpm\b)?|bpm[\s-]?ish\b)")
_ROUGHLY = re.compile(rf"\b(?:{ROUGHLY}) (?=\d{{2,3}}(?:\.\d+)?(?:[ -]?bpm\b|\s*(?:[,;]|$)))")
_FIGURE = re.compile(r"((?:(?<![^\s(:=@,])-)?(?<![\d.])\d+(?:\.\d+)?)[\s-]*bpm\b")
_EXPONENT = re.compile(r"(?<![\w.])\d+(?:\.\d+)?e[+-]?\d(?=[\s-]*bpm\b)")  # "1e2 bpm"
_THOUSANDS = re.compile(  # "1,200 bpm"; "1 200 bpm" at the start of a clause
    r"(?<![\d.,])(\d{1,3})[,'’](\d{3})(?=[\s-]*bpm\b)"
    r"|((?:^|[,;:=(@]|\b(?:at|tempo|bei|um|a|à)(?= ))\s*-?\d(?:\d{1,2}(?= 000))?) (\d{3})"
    r"(?=[\s-]*bpm\b)"
)
_PER_SECOND = re.compile(rf"\b(\d+(?:\.\d+)?|{NUMBER}) beats? (?:per|a|each|every) second\b")
_NOTES = {  # in quarter notes
    **dict.fromkeys(("whole", "semibreve", "ganze", "redonda", "ronde"), 4),
    **dict.fromkeys(("half", "minim", "halbe", "blanca", "blanche", "minima"), 2),
    **dict.fromkeys(("quarter", "crotchet", "viertel", "negra", "noire", "seminima"), 1),
    **dict.fromkeys(("eighth", "8th", "quaver", "achtel", "corchea", "croche", "colcheia"), 0.5),
    **dict.fromkeys(("sixteenth", "16th", "semiquaver", "sechzehntel", "semicorchea"), 0.25),
    **{"1/2": 2, "1/8": 0.5, "1/16": 0.25},
}
_NOTE_TEMPO = re.compile(
    r"(?:\b(?P<dotted>dotted|punktierte)[ -])?"
    rf"\b(?P<note>{'|'.join(_NOTES)}|mínima|semínima)(?:[ -]?note)?"
    r"(?P<dot> (?:con puntillo|pointée|pontuada))? ?(?:=|equals|is|gleich) ?"
    r"(?P<bpm>\d{2,3}(?:\.\d+)?)\b(?: ?bpm\b)?"
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


def with_figures(text: str) -> str:
    """Return a text with the unit of tempi as "bpm", and the numbers of tempi and lengths as
    figures. Tempi of other notes become those of quarter notes.

    >>> with_figures("ninety beats per minute"), with_figures("half note = 60")
    ('90 bpm', '120 bpm')
    """
    text = _THOUSANDS.sub(r"\1\2\3\4", _PER_MINUTE.sub("bpm", text))
    text = _EXPONENT.sub(lambda figure: f"{float(figure[0]):.9g}", text)
    text = _UNIT_FIRST.sub(r"\1 \2 bpm", _PER_SECOND.sub(_per_minute, text))
    return _NOTE_TEMPO.sub(_quarters, figures_for_numbers(text))


def _quarters(match: re.Match[str]) -> str:
    """Return a tempo such as "dotted quarter = 60" in quarter notes."""
    dotted = match["dotted"] or match["dot"]
    bpm = float(match["bpm"]) * _NOTES[folded(match["note"])] * (1.5 if dotted else 1)
    return f"{bpm:g} bpm"


def _per_minute(match: re.Match[str]) -> str:
    """Return a tempo such as "two beats per second" in beats per minute."""
    return f"{60 * (value_of(match[1]) or float(match[1])):g} bpm"


def take_tempo(text: str, result: Scan) -> str:
    """Move the tempo of a text (see `with_figures`) to the result."""
    text = _COMMA.sub(r"\1.\2", text)
    text = _ISH.sub(r"\1 bpm", _EQUAL.sub(r" \1 bpm ", text))
    text = _CHANGE.sub(r"\1 bpm, \2", _ROUGHLY.sub("", text))
    text = _EITHER.sub(r"\1", text)  # the first of two that would do
    if pair := _RANGE.search(text) or _BETWEEN.search(text):
        mean = (float(pair[1]) + float(pair[2])) / 2
        text = f"{text[: pair.start()]}{mean:g} bpm{text[pair.end() :]}"
    low, high = TEMPO_LIMITS

    def possible(figure: re.Match[str]) -> str:
        bpm = figure[1][:12]
        if low <= float(bpm) <= high:
            return figure[0]
        result.tempo_refused.append(f"{bpm} BPM: a tempo must be from {low:g} to {high:g} BPM")
        return " "

    text = _FIGURE.sub(possible, text)
    excluded = [float(match[1]) for match in _NOT_TEMPO.finditer(text)]
    text = _BOUND.sub(lambda match: _bound(match, result), _NOT_TEMPO.sub(" ", text))
    result.tempo = parse_tempo(text)
    if others := _other_tempi(text, result):
        named = " and ".join([f"{result.tempo:g}", *others])
        result.tempo_refused.append(f"{named}: a clip keeps one tempo, {result.tempo:g} BPM")
    for bpm in excluded:
        if result.tempo in (None, bpm):
            result.tempo_refused.append(f"not {bpm:g} BPM: name the tempo that you want")
        else:
            result.statements.append(f"not {bpm:g} BPM")
    return text if result.tempo is None else without_tempo(text)


def _other_tempi(text: str, result: Scan) -> list[str]:
    """Return the tempi of a text beside that of the result: with a unit, or without one where the
    tempo has none either or a change is named, as in "90, then 120". A limit that the tempo does
    not keep is another one: "90 bpm drums over 120 bpm piano"."""
    if result.tempo is None:
        return []
    figures = [float(figure) for figure in _FIGURE.findall(text)]
    alone = parse_tempo(without_tempo(text))
    if alone is not None and (not figures or _LATER.search(text)):
        figures.append(alone)
    others = [f"{bpm:g} BPM" for bpm in dict.fromkeys(figures) if bpm != result.tempo]
    low, high = result.tempo_bounds or TEMPO_LIMITS
    if not low <= result.tempo <= high:
        others += [statement.removeprefix("tempo ") for statement in result.statements]
        result.statements, result.tempo_bounds = [], None
    return others


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
