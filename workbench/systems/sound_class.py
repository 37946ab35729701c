"""The words of a prompt for sound that are wanted, and which of the classes of `sound-classes` they
name: drums, piano, strings, orchestra, band or chip."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import lru_cache

from workbench.systems.drum_ldm.durations import take_durations
from workbench.systems.drum_ldm.exclusions import spelled_out, tidied, without_excluded
from workbench.systems.drum_ldm.items import Scan
from workbench.systems.drum_ldm.lexicon import WORD, lexicon
from workbench.systems.drum_ldm.scanning import ARROW, LONGEST_TEXT
from workbench.systems.drum_ldm.tempi import with_figures
from workbench.systems.prompts import plain_words

# What is read as another word, before the classes are searched.
PHRASES = {
    r"bass drums?|drum ?kits?|drum ?sets?|drum ?['’]?(?:and|&|n)['’]? ?bass|dnb": "drums",
    r"double bass(?:es)?": "cello",
    r"(?:bass|tenor|alto) (?=clarinet|flute|oboe|trombone|trumpet|tuba|horn)": "",
    r"bandas? sonoras?|bandes? originales?|trilhas? sonoras?|filmmusik": "film score",
    r"string (?:quartets?|trios?|quintets?|ensembles?|orchestras?|sections?)": "strings",
    r"jazz (?:piano |guitar )?(?:trios?|quartets?|quintets?|combos?)": "band",
    r"(?:grupos?|groupes?|conjuntos?|gruppen?) (?:de )?(?:rock|pop|jazz|punk|metal|funk)": "band",
    # Beats of a bar, and words that name no sound of their own.
    r"(?:on|off|of|after|before) (?:(?:the|every|each) )?beats?|beats? \d\b(?![-/])": "groove",
    r"kick(?:s|ed|ing)? (?:off|in(?=$|[,.;]| (?:after|again|and|at|later|with)\b))": "",
    r"voice[ -]leading|(?:bass|treble|tenor|alto|soprano) clefs?|mezzo[ -]piano": "",
    # Words that are no instrument beside these.
    r"(?:rubber|elastic|frequency|pass) bands?": "",
    r"(?:chocolate|potato|tortilla|poker|wood|micro|computer)[ -]?chips?": "",
    r"chip on (?:(?:my|your|his|her|the|their) )?shoulders?": "",
    r"drummer (?:boy|girl)s?": "",
    r"no strings attached|pull(?:s|ing|ed)? (?:some |the )?strings|fit as a fiddle": "",
    r"(?:second fiddle|blow(?:s|ing)? (?:my|your|his|her|our|their) own (?:horn|trumpet))s?": "",
    r"drum(?:s|ming)? up|beats? me": "",
    r"bands? of (?=(?:[^\W\d_]+ )?(?:string|violin|cello|fiddle|drum|percussion|piano))": "",
    # What the listener does.
    r"to (?:practi[sc]e|play|sing|rap|solo|improvise|jam) (?:(?:the|my|a) )?(?:\w+ )?"
    r"(?:over|along)": "",
}
# Words of each class, in the order in which a prompt of several classes is decided.
WORDS = {
    "chip": r"(?:8|eight|ocho|acht|huit|oito)[ -]?bits?|chip ?tunes?|chip ?music|chip|s?nes|"
    r"game ?boy|nintendo|sega|atari|c64|commodore|bitpop|square waves?",
    "orchestra": r"orchestral?|orchestras|(?:kammer|jugend|blas|schul)?orchester\w*|"
    r"orquest(?:r)?a|orchestre|symphon(?:y|ic)|"
    r"philharmonic|sinfon\w+|woodwinds?|brass|(?:blech|holz)?bläser|cuivres|horns?|hörner|"
    r"trumpets?|trompetas?|"
    r"trompeten?|trompettes?|trombones?|posaunen?|tubas?|flutes?|flöten?|flautas?|flûtes?|oboes?|"
    r"clarinets?|klarinetten?|clarinetes?|clarinettes?|bassoons?|timpani|pauken",
    "band": r"(?:\w*(?:rock|pop|jazz|funk|soul|punk|metal|blues|folk|swing|ska|big|brass|boy|girl|"
    r"cover|garage|studio|house|dance|tanz|live|schul|schüler))?bands?|bandas?|combo|guitars?|"
    r"\w*gitarren?\w*|guitarr(?:as?|istas?)|guitar(?:es?|ists?)|chitarr[ae]|violão|violões|"
    r"bass|bajo|basse|baixo|basso|bassist|saxophones?|saxophon|saxofón|saxofone|sax|vocals?|"
    r"voices?|singers?|gesang|stimmen?|voz|"
    r"voces|voix|blasmusik|blaskapellen?|chant|cantante|sänger(?:in)?|banjos?|ukuleles?|mandolins?|accordions?|akkordeon|"
    r"acordeón|accordéon|sanfona",
    "strings": r"strings?|violins?|violinists?|violín|violines|violin[io]s?|violons?|"
    r"violon[ch]+ell?\w*|violas?|geige\w*|bratschen?|fiddles?|cellos?|cellists?|celli|chelos?|"
    r"streich\w+|cuerdas?|cordes?|cordas?|archi|contrabass(?:es)?|contrabajos?|contrebasses?|"
    r"contrabaixos?|kontrab[aä]ss\w*",
    "piano": r"pianos?|pianoforte|pianists?|pianista|keyboards?|keys|\w*klavier\w*|(?:e|"
    r"elektro)pianos?|(?:konzert)?flügel|teclados?|"
    r"clavier|rhodes|wurlitzer|steinway|(?:concert|baby) grand",
    "drums": r"drums?|drummers?|drumming|drumbeats?|drumloops?|drumline|beats?|breakbeats?|"
    r"afrobeats?|percussi(?:ons?|vo)|percusión|percussão|perkussion|kit|snares?|kicks?|"
    r"hi-?hats?|hats|"
    r"cymbals?|toms?|rimshots?|congas?|bongos?|djembes?|tablas?|taikos?|shakers?|maracas|claps|"
    r"claves|cowbells?|pandeiro|surdo|cajon|cajón|timbales|tambourines?|\w*schlagzeug\w*|"
    r"\w*trommel\w*|"
    r"becken|bater[ií]as?|batteria|batterie|tambor(?:es)?|tambours?|bombo|bumbo|caisse claire|"
    r"grosse caisse",
}
# Words that are read for others of which this share is right, beside those of the lexicon.
_SPELT = ("drums", "piano", "violin", "guitar", "orchestra", "chiptune")
_CLOSE = 0.8
_SHORTEST = 4  # letters of a word whose misspellings are read
_TEMPO = re.compile(r",? *\b\d+ bpm$", re.I)  # at the end of a caption
# Words that decide only where a prompt has none of these.
WEAK = {
    "chip": r"arcade|video ?games?|videospiel\w*|computerspiel\w*|videojuegos?|jeux? vidéo|pixels?|"
    r"retro game|game music|16[ -]?bits?",
    "orchestra": r"cinematic|film (?:score|music)|epic",
    "band": r"songs?|trio|groupe|grupo|conjunto|riffs?|singing",
    "strings": r"quartet|pizzicato|bowed",
    "drums": r"grooves?|rhythms?|rhythmus|ritmos?|rythmes?|batidas?|levadas?|paradiddles?",
}


def _compiled(table: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(rf"\b(?:{words})\b") for name, words in table.items()}


_STRONG, _WEAK = _compiled(WORDS), _compiled(WEAK)
_INSTRUMENT = rf"(?:(?!than\b|que\b|als\b)[^\W\d_]+ )?(?:{'|'.join(WORDS.values())})\b"
_SCARCE = (
    r"(?:(?:just a |only a |an? |very |eine? |une? |um )?(?:few|(?<=a )little|bit of|touch of|"
    r"hint of|sprinkle of|dash of|wenige?|etwas|bisschen|hauch|poc[oa]s?|peu de|touche de|"
    r"pouc[oa]s?|toque de)(?: de)?|(?:occasional|subtle|faint|distant|dezente?|vereinzelte?))"
)
_MOST = (
    r"(?:mostly|mainly|primarily|predominantly|chiefly|above all|hauptsächlich|vor allem|"
    r"überwiegend|principalmente|sobre todo|principalement|surtout|sobretudo)"
)
_MUCH = (
    r"(?:lots of|a lot of|plenty of|many|more|less|fewer|viele?|mehr|weniger|much[oa]s?|más|menos|"
    r"beaucoup de|plus de|moins de|muit[oa]s?|mais|"
    r"(?!100\b)\d{1,3} ?(?:%|percent|prozent)(?: of)?)"
)
_LIKENESS = re.compile(
    r"\b(?:in the (?:style|manner) of|sounding like|as if played by|im stil von|wie|"
    r"imitat(?:es|ing)|imitando|imitant|"
    r"(?<!\bi )(?<!\bwe )(?<!would )(?<!'d )like|"
    r"al estilo de|como|dans le style d'?e?|comme|no estilo de) "
    rf"(?:(?:an?|the|eine?[rs]?|une?|um|uma|una?) )?{_INSTRUMENT}"
)
_THEN = re.compile(
    r"\b(?:then|or|oder|followed by|(?:turn|chang|switch|morph|mov|fad)\w* (?:in)?to|into|"
    r"after that|afterwards|before|end(?:s|ing)? (?:with|in|on)|dann|danach|gefolgt von|luego|"
    r"después|seguid[oa] (?:de|por)|puis|ensuite|suivie? de|depois)\b|(?<=\w) first\b"
)
_FROM_TO = re.compile(r"\bfrom ([^\W\d_]+) to\b")
_JOINS = re.compile(  # sounds that are added to others
    r"\b(?:joins?|joined|enters?|(?:comes?|kicks?|brought) in|added?|adds|entran?|dazu)\b"
)
_BEHIND = rf"{_INSTRUMENT} (?:in (?:the )?background|im hintergrund|de fondo|en fond|ao fundo)\b"
_LITTLE = re.compile(rf"\b(?:{_SCARCE} {_INSTRUMENT}|{_BEHIND})")
_MAINLY = re.compile(
    rf"\b{_MOST} (?P<part>.*?)(?=$|[,;.]|\b(?:with|plus|but|mit|aber|con|pero|avec|mais|com)\b)"
)
_AMOUNT = re.compile(rf"(?<!-)\b(?:{_SCARCE}|{_MOST}|{_MUCH}) {_INSTRUMENT}|\b{_BEHIND}")
_ENSEMBLE = re.compile("orches|orques|symphon|sinfon|philharm|woodwind")  # with drums, too
# Two of these together are played by a band; strings and piano among others by an orchestra.
_PLAYERS = ("piano", "drums")
# What is in none of a class's sounds, so that a prompt may exclude it.
_GROUPS = ("orchestra", "band", "chip")
_BAND = r"\w*band"  # the word alone: its bass or its horns may be there
LACKS = {
    "drums": ("piano", "strings", "guitar", "bass", "vocals", "melody", "voice", *_GROUPS),
    "piano": (
        "drums",
        "percussion",
        "beat",
        "strings",
        "guitar",
        "bass",
        "vocals",
        "voice",
        *_GROUPS,
    ),
    "strings": ("drums", "piano", "guitar", "vocals", "percussion", "brass", "beat", "voice"),
    "orchestra": ("drums", "guitar", "piano", "beat", _BAND),
    "chip": ("vocals", "voice", "guitar", "piano", "strings", "orchestra", _BAND),
}


def plain_text(prompt: str) -> str:
    """Return a prompt as it is searched: in plain words, with figures, and with "no drums" for
    "-drums"."""
    prompt = ARROW.sub(" then ", spelled_out(prompt[:LONGEST_TEXT].replace("_", " ")))
    return with_figures(plain_words(prompt))


def wanted_words(prompt: str) -> str:
    """Return a prompt for a text encoder: without what it excludes, because an encoder reads "no
    drums" as drums, and without lengths in seconds and beats. A prompt without these stays as it
    is; one of signs alone, such as emoji, has no words.

    >>> wanted_words("Rock!"), wanted_words("Rock, no drums!"), wanted_words("no drums")
    ('Rock!', 'Rock!', '')
    """
    text = plain_text(prompt)
    rest = without_excluded(take_durations(text, Scan()))
    return prompt if text and rest == text else _as_written(tidied(rest), prompt)


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


def class_captions(captions: Iterable[str], most: int = 8) -> tuple[str, ...]:
    """Return the commonest captions of each class, without their tempo.

    Args:
        captions: Captions of the training pieces.
        most: The largest number of captions of a class.

    Returns:
        Captions that at least two pieces have and that name a class, the commonest first.

    >>> class_captions(["piano, pop, 90 bpm", "piano, pop, 120 bpm", "jazz drums", "noise"])
    ('piano, pop',)
    """
    counts = Counter(_TEMPO.sub("", caption.strip()) for caption in captions)
    common = tuple(words for words, count in counts.most_common() if count > 1)
    return tuple(words for own in by_class(common).values() for words in own[:most])


@lru_cache(maxsize=16)
def by_class(captions: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the captions of each class, in their order; those that name none are left out.

    >>> by_class(("solo piano, pop", "noise", "rock drums", "piano"))
    {'piano': ['solo piano, pop', 'piano'], 'drums': ['rock drums']}
    """
    kept: dict[str, list[str]] = {}
    for words in captions:
        if (name := class_of(words)) is not None:
            kept.setdefault(name, []).append(words)
    return kept


def amounts_in(prompt: str) -> list[str]:
    """Return the parts of a prompt that say how much of an instrument is heard.

    >>> amounts_in("mostly piano, few strings"), amounts_in("piano and strings")
    (['mostly piano', 'few strings'], [])
    """
    text = without_excluded(plain_text(prompt))
    for phrase in (phrase for phrase, word in PHRASES.items() if not word):
        text = re.sub(rf"\b(?:{phrase})\b", " ", text)
    return [match[0] for match in _AMOUNT.finditer(text)]


def other_sounds(prompt: str, kind: str, known: Collection[str] = tuple(WORDS)) -> list[str]:
    """Return the words of a prompt that name sounds beside a class: those that its sounds never
    hold (see `LACKS`), and those of another class that is to follow.

    Args:
        prompt: Any text.
        kind: The class that the prompt names.
        known: The classes that a system has.

    >>> other_sounds("piano and violins", "strings"), other_sounds("drums, then guitar", "drums")
    (['piano'], ['guitar'])
    >>> other_sounds("a band with piano and drums", "band")
    []
    """
    parts = _parts(wanted_words(prompt))
    names = [_class_of_part(part, known) for part in parts]
    first = names.index(kind) if kind in names else 0
    return list(
        dict.fromkeys(
            match[0]
            for i, part in enumerate(parts)
            for name, words in _STRONG.items()
            for match in words.finditer(part)
            if lacks(kind, match[0]) or (i > first and name != kind)
        )
    )


def misspelt(prompt: str) -> dict[str, str]:
    """Return the misspelt words of a prompt by which it names a class, with what they are read as;
    they are read only where no other word names one.

    >>> misspelt("vioilns, fast"), misspelt("vioilns and drums"), misspelt("a strange dream")
    ({'vioilns': 'violins'}, {}, {})
    """
    return _misspelt(_parts(wanted_words(prompt))[0])


def nearest(word: str, known: Collection[str] = ()) -> str | None:
    """Return the word that a misspelt one may stand for: one that names a class, or one of those
    that are known; None if there is none, or if the word is one of the lexicon, such as "bossa"."""
    if len(word) < _SHORTEST or _names(word, _STRONG, _WEAK) or lexicon().knows(word):
        return None
    meant = lexicon().corrected(word)
    if meant != word and (meant in known or _names(meant, _STRONG, _WEAK)):
        return meant
    near = [other for other in (*_SPELT, *known) if other[:1] == word[0]]
    return next(iter(get_close_matches(word, near, 1, _CLOSE)), None)


def _misspelt(text: str) -> dict[str, str]:
    if _names(text, _STRONG, _WEAK):
        return {}
    return {word: meant for word in WORD.findall(text) if (meant := nearest(word))}


def _names(text: str, *tables: dict[str, re.Pattern[str]]) -> bool:
    """Whether a text names a class by a word of these tables."""
    return any(words.search(text) for table in tables for words in table.values())


def _main_part(text: str) -> str:
    """Return a text without the instruments that are heard little ("a bit of piano") or only named
    for likeness ("like a flute"), or the part that is heard most ("mostly piano")."""
    found = _MAINLY.search(text)
    part = found["part"] if found else _LIKENESS.sub(" ", _LITTLE.sub(" ", text))
    return part if _names(part, _STRONG) else text


def _parts(text: str) -> list[str]:
    """Return the part of a text that is searched for classes, or its parts if they name classes one
    after the other, or as a choice: "piano, then drums", "piano or drums"."""
    text = plain_text(text)
    joins = _JOINS.search(text)
    for phrase, word in PHRASES.items():
        text = re.sub(rf"\b(?:{phrase})\b", word, text)
    text = _main_part(_FROM_TO.sub(r"\1 then", text))
    parts = [part for part in _THEN.split(text) if _names(part, _STRONG)]
    return [text] if joins or len(parts) < 2 else parts


def _class_in(text: str, known: Collection[str]) -> str | None:
    return next((name for part in _parts(text) if (name := _class_of_part(part, known))), None)


def _class_of_part(text: str, known: Collection[str]) -> str | None:
    text = " ".join([text, *_misspelt(text).values()])
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
