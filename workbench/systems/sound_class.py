"""The words of a prompt for sound that are wanted, and which of the classes of `sound-classes` they
name: drums, piano, strings, orchestra, band or chip."""

from __future__ import annotations

import re
from collections.abc import Collection

from workbench.systems.drum_ldm.durations import take_durations
from workbench.systems.drum_ldm.exclusions import spelled_out, tidied, without_excluded
from workbench.systems.drum_ldm.items import Scan
from workbench.systems.drum_ldm.lexicon import WORD
from workbench.systems.drum_ldm.scanning import LONGEST_TEXT
from workbench.systems.drum_ldm.tempi import with_figures
from workbench.systems.prompts import plain_words

# What is read as another word, before the classes are searched.
PHRASES = {
    r"bass drums?|drum ?kits?|drum ?sets?|drum (?:and|&|n) bass|dnb": "drums",
    r"double bass(?:es)?": "cello",
    r"string (?:quartets?|trios?|quintets?|ensembles?|orchestras?|sections?)": "strings",
    r"jazz (?:trios?|quartets?|quintets?|combos?)": "band",
    # Beats of a bar, and words that name no sound of their own.
    r"(?:on|off|of|after|before) (?:(?:the|every|each) )?beats?|beats? \d\b(?![-/])": "groove",
    r"kick(?:s|ed|ing)? (?:off|in(?=$|[,.;]| (?:after|again|and|at|later|with)\b))": "",
    r"voice[ -]leading": "",
}
# Words of each class, in the order in which a prompt of several classes is decided.
WORDS = {
    "chip": r"8[ -]?bits?|chip ?tunes?|chip ?music|chip|s?nes|game ?boy|nintendo|square waves?",
    "orchestra": r"orchestral?|orchestras|orchester\w*|orquest(?:r)?a|orchestre|symphon(?:y|ic)|"
    r"philharmonic|sinfon\w+|woodwinds?|brass|bläser|cuivres|horns?|hörner|trumpets?|trompetas?|"
    r"trompeten?|trompettes?|trombones?|posaunen?|tubas?|flutes?|flöten?|flautas?|flûtes?|oboes?|"
    r"clarinets?|klarinetten?|clarinetes?|clarinettes?|bassoons?|timpani|pauken",
    "band": r"bands?|bandas?|combo|guitars?|gitarren?\w*|guitarras?|guitares?|chitarr[ae]|violão|"
    r"bass|bajo|basse|saxophones?|saxophon|saxofón|sax|vocals?|voices?|singers?|gesang|stimmen?|"
    r"voz|voces|voix|chant|banjos?|ukuleles?|mandolins?|accordions?|akkordeon|acordeón|accordéon",
    "strings": r"strings?|violins?|violín|violines|violino|violons?|violon[ch]+ell?\w*|violas?|"
    r"geigen?|bratschen?|fiddles?|cellos?|celli|chelo|streich\w+|cuerdas|cordes|cordas",
    "piano": r"pianos?|pianoforte|pianist|keyboard|klavier\w*|teclado|clavier",
    "drums": r"drums?|drummer|drumming|drumbeat|drumloop|beats?|breakbeat|percussions?|percusión|"
    r"perkussion|kit|snares?|kicks?|hi-?hats?|hats|cymbals?|toms?|congas?|bongos?|djembes?|tablas?|"
    r"cajon|cajón|timbales|tambourine|schlagzeug\w*|trommel\w*|becken|bater[ií]a|batteria|batterie|"
    r"tambores|tambours?|bombo|caisse claire|grosse caisse",
}
# Words that decide only where a prompt has none of these.
WEAK = {
    "chip": r"arcade|video ?game|retro game",
    "orchestra": r"cinematic|film (?:score|music)|epic",
    "band": r"songs?|trio",
    "strings": r"quartet",
    "drums": r"grooves?|rhythms?|rhythmus|ritmos?|rythmes?|batidas?",
}


def _compiled(table: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(rf"\b(?:{words})\b") for name, words in table.items()}


_STRONG, _WEAK = _compiled(WORDS), _compiled(WEAK)
_ENSEMBLE = re.compile("orches|orques|symphon|sinfon|philharm|woodwind")  # with drums, too
# Two of these together are played by a band; strings and piano among others by an orchestra.
_PLAYERS = ("piano", "drums")
# What is in none of a class's sounds, so that a prompt may exclude it.
LACKS = {
    "drums": ("piano", "strings", "guitar", "bass", "vocals", "melody", "voice"),
    "piano": ("drums", "strings", "guitar", "bass", "vocals", "percussion", "beat", "voice"),
    "strings": ("drums", "piano", "guitar", "vocals", "percussion", "brass", "beat", "voice"),
    "orchestra": ("drums", "guitar", "piano", "beat"),
    "chip": ("vocals", "voice", "guitar", "piano"),
}


def plain_text(prompt: str) -> str:
    """Return a prompt as it is searched: in plain words, with figures, and with "no drums" for
    "-drums"."""
    return with_figures(plain_words(spelled_out(prompt[:LONGEST_TEXT])))


def wanted_words(prompt: str) -> str:
    """Return a prompt for a text encoder: without what it excludes, because an encoder reads "no
    drums" as drums, and without lengths in seconds and beats. A prompt without these stays as it
    is.

    >>> wanted_words("Rock!"), wanted_words("Rock, no drums!"), wanted_words("no drums")
    ('Rock!', 'Rock!', '')
    """
    text = plain_text(prompt)
    rest = without_excluded(take_durations(text, Scan()))
    return prompt if rest == text else _as_written(tidied(rest), prompt)


def _as_written(words: str, prompt: str) -> str:
    """Return words in the capitals of a prompt, and with the marks at its end."""
    capitals = {word.lower(): word for word in reversed(WORD.findall(prompt))}
    marks = re.search(r"[!?.…]*$", prompt.rstrip())
    words = WORD.sub(lambda word: capitals.get(word[0], word[0]), words)
    return words + marks[0] if words and marks else words


def class_of(prompt: str, known: Collection[str] = tuple(WORDS)) -> str | None:
    """Return the class that a prompt names, None if it names none. What a prompt excludes does not
    count.

    Args:
        prompt: Any text.
        known: The classes that a system has.

    >>> class_of("solo piano, no drums"), class_of("a string quartet"), class_of("something blue")
    ('piano', 'strings', None)
    """
    return _class_in(wanted_words(prompt), known)


def _class_in(text: str, known: Collection[str]) -> str | None:
    text = plain_text(text)
    for phrase, word in PHRASES.items():
        text = re.sub(rf"\b(?:{phrase})\b", word, text)
    found = [name for name, words in _STRONG.items() if words.search(text)]
    found = found or [name for name, words in _WEAK.items() if words.search(text)]
    if {"band", "drums"} & {*found} and not _ENSEMBLE.search(text):
        found = ["band" if name == "orchestra" else name for name in found]  # "drums and horns"
    if all(name in found for name in _PLAYERS):
        found = [name for name in found if name in ("chip", "orchestra")] or ["band"]
    return next((name for name in found if name in known), None)


def lacks(name: str | None, part: str) -> bool:
    """Return whether sounds of a class never hold what a part of a prompt excludes, such as "no
    drums" or "ohne Schlagzeug"."""
    never = LACKS.get(name or "", ())
    excluded = re.split(r",|\b(?:and|or|nor)\b", re.sub(r"less\b", "", part.lower()))
    return all(
        _class_in(one, never) or any(re.search(rf"\b{word}s?\b", one) for word in never)
        for one in excluded
    )
