"""What a piano prompt asks for: controls, unknown words, and what is understood but not possible.

    "busy, B flat minor, not high" → density busy, key Bb minor; not possible: "not high"

A prompt is read from left to right. A level such as "high" belongs to the control named beside it,
as in "high density" or "density: high"; alone, "high" is a register.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import takewhile

DENSITIES = ("sparse", "medium", "busy")
REGISTERS = ("low", "middle", "high")
LEVELS = {
    "density": {name: name for name in DENSITIES}
    | {"low": "sparse", "middle": "medium", "high": "busy"},
    "register": {name: name for name in REGISTERS} | {"medium": "middle"},
}
_ALONE = {name: "register" for name in REGISTERS} | {name: "density" for name in DENSITIES}
_NAMES = {"density": "density", "register": "register", "pitch": "register", "range": "register"}
_NOUNS = "key|mode|scale|tonality|piece|song|tune|melody|mood|feel|sound|music|chord"
_SIGNS = {"#": "#", "♯": "#", "sharp": "#", "b": "b", "♭": "b", "flat": "b"}
_START, _END = r"(?<![\w#♯♭'’])", r"(?![\w#♯♭'’])"
_SIGN = r"(?P<sign>[#♯b♭]|[ -]?(?i:sharp|flat)\b)"
_MODES = r"[ -]?(?P<mode>major|minor|maj|min)"
_KEYS = [
    re.compile(_START + pattern + _END)
    for pattern in (
        # F sharp minor, B♭ major, Cmaj, c minor
        rf"(?P<tonic>[A-Ga-g]){_SIGN}?(?i:{_MODES})",
        # Gm, Ebm, f#m; "am" and "em" are words
        rf"(?:(?P<tonic>[A-G]){_SIGN}?|(?P<lower>[a-g])(?P<accidental>[#♯b♭]))(?P<mode>m)",
        rf"(?P<tonic>[A-G]){_SIGN}",  # Bb, F sharp
        rf"(?i:key of|key:|key is) ?(?P<tonic>[A-Ga-g]){_SIGN}?",
        r"(?:[Ii]n|[Kk]ey) (?P<tonic>[A-G])",
    )
]
_FOREIGN_KEY = re.compile(
    r"(?i)\b(?:[a-h](?:is|es|s)?[- ]?(?:dur|moll)|(?:do|r[eéè]|mi|f[aá]|sol|l[aá]|si)"
    r"(?: (?:sostenido|bemol|dièse|bémol|sustenido))? (?:mayor|menor|majeur|mineur|maior))\b"
)
_ARTICLE = re.compile(rf"(?:\ba|^A)(?= (?:major|minor)[ -](?:{_NOUNS})\b)")
_NOT = {"not", "no", "never", "without", "non", "neither", "nor", "less", "don't", "isn't", "avoid"}
_NOT |= {"hardly", "barely", "scarcely", "ain't", "shouldn't", "except", "excluding"}
_ALL_BUT = re.compile(r"(?i)\b(?:anything|everything|all) (?:but|except)\b")
_BETWEEN = {"too", "so", "very", "that", "at", "all", "any", "make", "it", "be", "really", "quite"}
_DEGREES = {"is", "very", "quite", "really", "rather"}  # between a control and its level
_FILLERS = {*_NAMES, "piano", "with", "the", "notes", "of", "in", "and", "a", "an", "key", "is"}
_FILLERS |= {"style", "music", "piece", "or", "but", "uncontrolled"}
# a level of these is none of density or register
_OTHERS = {"tempo", "volume", "velocity", "velocities", "dynamics", "energy", "speed", "loudness"}


@dataclass
class Request:
    """What a text asks for.

    Args:
        control: The controls by name.
        unknown: Words that are not understood.
        refused: What is understood and not possible, with the reason.
    """

    control: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def take(self, name: str, value: str, excluded: str) -> None:
        """Add a control. excluded: the words that negate it, "" for none."""
        if excluded:
            self.refused.append(
                f"“{excluded}”: a prompt cannot exclude anything; name what you want instead"
            )
        elif self.control.setdefault(name, value) != value:
            self.refused.append(
                f"{value}: a second {name}; the first, {self.control[name]}, is used"
            )


def request_of(prompt: str, styles: tuple[str, ...]) -> Request:
    """Return what a text such as "busy, G major, high" asks for. Of several values of one control,
    the first counts."""
    request, keys = Request(), list[str]()
    text = _ARTICLE.sub("", " ".join(prompt.replace("’", "'").replace("@", " ").split()))
    text = _ALL_BUT.sub("not", text)

    def numbered(match: re.Match[str]) -> str:
        keys.append(_key(match))
        return f" @{len(keys) - 1} "

    for pattern in _KEYS:
        text = pattern.sub(numbered, text)
    text = re.sub(rf"(?i)(?<=\w)-(?=(?:{'|'.join(_NAMES)})\b)|[:=]", " ", text)
    words = re.findall(r"@\d+|[\w#♯♭'-]+|[,.;!?/]", text)
    negation: list[str] = []
    while words:
        word = words.pop(0)
        plain = word.lower()
        name, value, used = _control(plain, words, keys, styles)
        if name:
            spoken = [value if name == "key" else word, *words[:used]]
            del words[:used]
            request.take(name, value, " ".join([*negation, *spoken]) if negation else "")
            if not (words and words[0].lower() in ("or", "nor")):
                negation = []
        elif plain in _NOT:
            negation = [word]
        elif negation and plain in _BETWEEN | _FILLERS:
            negation.append(word)
        elif plain in ("major", "minor"):
            request.refused.append(f"“{word}” without a tonic: name a key, such as A {plain}")
            negation = []
        else:
            request.unknown += negation[:1]
            negation = []
            if plain not in _FILLERS and word not in ",.;!?/":
                request.unknown.append(word)
    request.unknown = list(dict.fromkeys([*request.unknown, *negation[:1]]))
    return request


def keys_in(text: str) -> list[str]:
    """Return the parts of a text that name a key, in five languages.

    >>> keys_in("sad piano in C sharp minor"), keys_in("Klavier in a-Moll"), keys_in("a band")
    (['C sharp minor'], ['a-Moll'], [])
    """
    text, found = _ARTICLE.sub("", text), list[str]()
    for pattern in (_FOREIGN_KEY, *_KEYS):
        found += [match[0] for match in pattern.finditer(text)]
        text = pattern.sub(" ", text)
    return found


def _key(match: re.Match[str]) -> str:
    """Return the name of a key, such as "Bb minor"."""
    parts = match.groupdict()
    tonic = (parts["tonic"] or parts["lower"]).upper()
    sign = parts.get("sign") or parts.get("accidental") or ""
    minor = (parts.get("mode") or "").lower() in ("m", "min", "minor")
    return f"{tonic}{_SIGNS.get(sign.lower().strip(' -'), '')} {'minor' if minor else 'major'}"


def _control(
    word: str, after: list[str], keys: list[str], styles: tuple[str, ...]
) -> tuple[str, str, int]:
    """Return the control that a word names, its value, and how many words after it belong to it;
    "" for no control."""
    if word[0] == "@":
        return "key", keys[int(word[1:])], 0
    if word in styles:
        return "style", word, 0
    following = [other.lower() for other in after[:3]]
    if word in _NAMES:  # density high, density is high, density is very high
        used = 1 + len(list(takewhile(_DEGREES.__contains__, following)))
        value = LEVELS[_NAMES[word]].get(following[used - 1], "") if used <= len(following) else ""
        return (_NAMES[word], value, used) if value else ("", "", 0)
    if word not in _ALONE or (following and following[0] in _OTHERS):
        return "", "", 0
    used = 2 if following[:1] in (["in"], ["of"]) else 1  # high density, low in register
    name = _NAMES.get(following[used - 1], "") if used <= len(following) else ""
    if name and word in LEVELS[name]:
        return name, LEVELS[name][word], used
    return _ALONE[word], word, 0
