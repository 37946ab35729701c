"""The drum paper's 57 keywords, found in text as whole words, and the tempo.

The authors' code matches keywords as substrings ("hip" in "ship"), and puts the raw BPM beside
zeros and ones, which it dominates. Here, words are whole, and the tempo is centred and scaled.

Matching, on lower-case text:
* "/" between digits counts as "-" ("4/4" is "4-4"); "half time" and "halftime" are "half-time",
  "8 bar" and "8 bars" are "8-bar", "hiphop" is "hip hop"; "eighths" and "sixteenths" are numbers.
* Other hyphens separate words: "hi-hats" contains "hats", "hip-hop" contains "hip" and "hop".
* Plurals: where the list has both forms ("fill", "fills"), each sets its own entry; where it has
  only one ("snare", "hats", "crash"), the other form sets it, too.

Source: arXiv 2408.02711.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np

from workbench.arguments import number, text_of

KEYWORDS: tuple[str, ...] = (
    "rock",
    "4-4",
    "electronic",
    "fill",
    "ride",
    "funk",
    "fills",
    "8ths",
    "8-bar",
    "shuffle",
    "jazz",
    "half-time",
    "blues",
    "chorus",
    "crash",
    "verse",
    "8th",
    "fusion",
    "country",
    "intro",
    "shuffles",
    "16ths",
    "metal",
    "swing",
    "quarter",
    "hard",
    "retro",
    "bridge",
    "tom",
    "punk",
    "trance",
    "hats",
    "latin",
    "kick",
    "techno",
    "slow",
    "progressive",
    "bongo",
    "house",
    "african",
    "samba",
    "intros",
    "triplet",
    "bell",
    "urban",
    "ballad",
    "snare",
    "funky",
    "fast",
    "rides",
    "hip",
    "hop",
    "toms",
    "four",
    "downbeat",
    "cowbell",
    "pop",
)

BPM_CENTRE, BPM_SCALE, BPM_LIMITS = 120.0, 60.0, (-1.5, 2.0)
TEMPO_LIMITS = (30.0, 300.0)
_COARSE = 5  # BPM

_INDEX = {word: i for i, word in enumerate(KEYWORDS)}
_JOINED = ("4-4", "8-bar", "half-time")  # keywords with a hyphen
_REWRITE = (
    (re.compile(r"(\d)\s*/\s*(\d)"), r"\1-\2"),
    (re.compile(r"\bhalf[\s_-]*time\b"), "half-time"),
    (re.compile(r"\b(?:8|eight)[\s_-]*bars?\b"), "8-bar"),
    (re.compile(r"\bhip[\s_-]*hop\b"), "hip hop"),
    (re.compile(r"\bsixteenths?\b"), "16ths"),
    (re.compile(r"\beighths\b"), "8ths"),
    (re.compile(r"\beighth\b"), "8th"),
)
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_NUMBER = r"(\d{2,3}(?:\.\d+)?)"
_NAMED = (  # before a number that is part of a name
    *("opus", "op", "op.", "no", "no.", "nr", "nr.", "bwv", "kv", "k", "k.", "symphony", "sonata"),
    *("route", "highway", "area", "studio", "level", "room"),
    *("of", "vol", "vol.", "volume", "blink", "sum", "top", "juno", "mpc", "commodore", "nintendo"),
    *("los", "años", "anos", "années"),
)
_NO_NAME = "".join(rf"(?<!\b{re.escape(name)} )" for name in _NAMED)
_UNITS = (  # after a number that is not a tempo
    *("bars?", "beats?", "dbs?", "decibels?", "k?hz", "ms", "s", "secs?", "seconds?", "mins?"),
    *("minutes?", "hours?", "bits?", "kbps", "years?", "percent", "degrees?"),
    *("cents?", "dollars?", "euros?", "days?", "weeks?", "months?", "times", "people", "pieces?"),
    *("players?", "musicians?", "voices", "instruments?", "ways", "mph", "rpm", "km", "miles?"),
    *("keys", "key piano", "key keyboard", "voice choir"),
)
_NO_UNIT = rf"(?!\s*(?:(?:{'|'.join(_UNITS)})\b|%))"
_TEMPO = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\d.]){_NUMBER}[\s-]*bpm\b",
        rf"\bbpm\s*(?:of|=|:|is)?\s*{_NUMBER}(?!\d)",
        rf"\b(?:tempo|speed|pace)\s*(?:of|=|:|is)?\s*{_NUMBER}(?!\d)",
        rf"(?:\bat|@)\s*(?:about |around )?{_NUMBER}(?![\d%]|\.\d|-bar|[a-z]){_NO_UNIT}",
        # A number alone in the range of tempi, as in "rock 120", but not "16 bars", "80s", "120 dB"
        # or "Opus 120".
        rf"{_NO_NAME}(?<![^\W_])(?<![.#'’-])(?<!\d/){_NUMBER}(?![\d%-]|/\d|\.\d|[a-z]){_NO_UNIT}",
    )
)
_ENDS = re.compile(r"""^(?:[\s,.;:!?"“”'–—]|-(?!\d))+|[\s,.;:!?"“”'–—-]+$""")
_LONE = 4  # index of the last pattern, which has narrower limits
_COUNT = re.compile(  # of things, at the start of a clause: "99 problems", "with 50 violins"
    r"(?:^|[,;]|\b(?:with|for|mit|con|avec|com))\s*(\d{2,3}) "
    r"(?!fills|hats|toms|rides|shuffles|intros|blues|breaks|brushes)[a-zñéèíóúãõç]{3,}[^\Wsui_]s\b",
    re.IGNORECASE,
)
_PLAIN = frozenset(
    (
        "a",
        "an",
        "and",
        "at",
        "the",
        "with",
        "of",
        "in",
        "on",
        "to",
        "for",
        "me",
        "i",
        "want",
        "give",
        "play",
        "make",
        "some",
        "please",
        "bpm",
        "tempo",
        "drum",
        "drums",
        "beat",
        "groove",
        "loop",
        "pattern",
        "rhythm",
        "is",
        "it",
        "by",
        "or",
        "my",
        "you",
        "can",
        "feel",
    )
)


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, spelled as in the keyword list.

    >>> tokens("Half Time HipHop 4/4, hi-hats")
    ['half-time', 'hip', 'hop', '4-4', 'hi', 'hats']
    """
    text = text_of(text, "text").lower()
    for pattern, plain in _REWRITE:
        text = pattern.sub(plain, text)
    found: list[str] = []
    for word in _WORD.findall(text):
        found.extend([word] if word in _JOINED else re.split(r"[-]", word))
    return found


def keyword_of(word: str) -> str | None:
    """The keyword of a word, by the plural rule above; None if there is none."""
    if word in _INDEX:
        return word
    for other in (word + "s", word[:-1] if word.endswith("s") else "", word.removesuffix("es")):
        if other in _INDEX:
            return other
    return None


def multihot(text: str, tempo: float | None = None) -> np.ndarray:
    """The keywords and the tempo of a text.

    Args:
        text: A caption or prompt.
        tempo: BPM; None to read it from the text.

    Returns:
        float32 (58,). The first 57 entries are 0 or 1, in the order of `KEYWORDS`. The last is
        (BPM − 120)/60, clipped to −1.5 … 2; 0 without a tempo.
    """
    row = np.zeros(len(KEYWORDS) + 1, dtype=np.float32)
    for word in tokens(text):
        keyword = keyword_of(word)
        if keyword:
            row[_INDEX[keyword]] = 1
    bpm = parse_tempo(text) if tempo is None else number(tempo, "tempo")
    if bpm is not None:
        row[-1] = np.clip((bpm - BPM_CENTRE) / BPM_SCALE, *BPM_LIMITS)
    return row


def parse_tempo(text: str) -> float | None:
    """The tempo that a text names, in BPM, 30 to 300; None if there is none.

    >>> parse_tempo("slow funk, 92 bpm"), parse_tempo("a samba at 104"), parse_tempo("8 bars")
    (92.0, 104.0, None)
    """
    found = _tempo_in(text)
    return float(found.group(1)) if found else None


def without_tempo(text: str) -> str:
    """The text without the tempo that `parse_tempo` finds, and without spaces and punctuation at
    its ends.

    >>> without_tempo("Rock, 120 bpm!"), without_tempo("a samba at 104"), without_tempo("95 bpm")
    ('Rock', 'a samba', '')
    """
    text = text_of(text, "text")
    found = _tempo_in(text)
    if found:
        text = text[: found.start()].rstrip(" ,;@/-") + " " + text[found.end() :].lstrip(" ,;/-")
    return _ENDS.sub("", text)


def at_tempo(text: str, tempo: float) -> str:
    """A caption with its tempo in BPM, which captions give as a multiple of 5.

    >>> at_tempo("rock drums", 118.2)
    'rock drums, 120 bpm'
    """
    return f"{text}, {_COARSE * round(tempo / _COARSE)} bpm"


def _tempo_in(text: str) -> re.Match[str] | None:
    """The tempo in a text as a match whose first group is the number; None if there is none."""
    text, (low, high) = text_of(text, "text"), TEMPO_LIMITS
    counts = {match.start(1) for match in _COUNT.finditer(text)}
    for place, pattern in enumerate(_TEMPO):
        for match in pattern.finditer(text):
            bpm, lone = float(match.group(1)), place == _LONE
            if lone and (not 40 <= bpm <= 260 or match.start(1) in counts):
                continue
            if low <= bpm <= high:
                return match
    return None


def unknown_words(text: str, known: Collection[str] | None = None) -> list[str]:
    """The words of a text that are not in the keyword list, in order, each once. Articles, words
    such as "drum" and "beat", and numbers are not included.

    known: Words in lower case that take the place of the keyword list; a plural is known if its
    singular is, and the other way round.
    """

    def is_known(word: str) -> bool:
        if known is None:
            return keyword_of(word) is not None
        return bool({word, f"{word}s", word.removesuffix("s")} & set(known))

    seen: dict[str, None] = {}
    for word in tokens(text):
        if not is_known(word) and word not in _PLAIN and not word[0].isdigit():
            seen[word] = None
    return list(seen)
