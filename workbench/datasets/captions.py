"""Captions: known and measured facts about a loop, and their wording.

The facts come from three sources: the labels of the data set (style, tempo, beat or fill, metre),
the words of the file's path, and traits measured on the notes (`traits.py`). `caption_of` writes
them in the style of loop packs, `phrases.py` in the words of users.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from workbench.datasets.facts import Facts, tempo_word
from workbench.datasets.keywords import parse_tempo
from workbench.datasets.phrases import phrases
from workbench.datasets.traits import traits_of

if TYPE_CHECKING:
    from workbench.music.clip import Clip

__all__ = [
    "Facts",
    "caption_from_path",
    "caption_of",
    "clean_style",
    "facts_of",
    "phrases",
    "style_from_words",
    "tempo_word",
]

STYLE_NAMES = {
    "hiphop": "hip hop",
    "neworleans": "New Orleans",
    "afrocuban": "Afro-Cuban",
    "afrobeat": "Afrobeat",
    "middleeastern": "Middle Eastern",
    "dance": "dance",
    "secondline": "second line",
    "halftime": "half-time",
    "purdieshuffle": "Purdie shuffle",
    "mediumfast": "medium fast",
    "brazilian-baiao": "Brazilian baião",
    "brazilian-samba": "Brazilian samba",
    "brazilian-bossa": "Brazilian bossa nova",
    "brazilian-songo": "Brazilian songo",
    "brazilian-ijexa": "Brazilian ijexá",
    "brazilian-sambareggae": "Brazilian samba reggae",
    "brazilian-maracatu": "Brazilian maracatu",
    "brazilian-frevo": "Brazilian frevo",
    "brazilian": "Brazilian",
    "chacha": "cha-cha",
    "venezuelan-merengue": "Venezuelan merengue",
    "dominican-merengue": "Dominican merengue",
    "venezuelan-sangueo": "Venezuelan sangueo",
    "venezuelan-joropo": "Venezuelan joropo",
    "prog": "progressive",
    "motown": "Motown",
    "drumandbass": "drum and bass",
    "dnb": "drum and bass",
    "rnb": "R&B",
    "bossanova": "bossa nova",
    "bossa": "bossa nova",
}

# Styles that are searched in paths if there are no labels.
PATH_STYLES: tuple[str, ...] = (
    "rock",
    "hip hop",
    "funk",
    "punk",
    "jazz",
    "New Orleans",
    "latin",
    "soul",
    "Afro-Cuban",
    "country",
    "gospel",
    "reggae",
    "Afrobeat",
    "pop",
    "dance",
    "blues",
    "house",
    "techno",
    "trance",
    "metal",
    "samba",
    "bossa nova",
    "drum and bass",
    "electronic",
    "fusion",
    "Motown",
    "ballad",
    "disco",
    "breakbeat",
    "trap",
    "ska",
    "salsa",
    "swing",
    "shuffle",
    "R&B",
)

_PACK_WORDS = frozenset(
    (
        "midi",
        "mid",
        "pack",
        "packs",
        "loops",
        "loop",
        "drums",
        "drum",
        "groove",
        "grooves",
        "gm",
        "general",
        "collection",
        "library",
        "vol",
        "volume",
        "free",
        "files",
        "file",
        "sample",
        "samples",
        "data",
        "music",
    )
)


def clean_style(label: str) -> tuple[str, str]:
    """Return a data set's style label as readable (style, substyle).

    >>> clean_style("neworleans/secondline"), clean_style("hiphop")
    (('New Orleans', 'second line'), ('hip hop', ''))
    """
    style, _, substyle = label.strip().partition("/")
    names = [STYLE_NAMES.get(part.lower(), part.replace("-", " ")) for part in (style, substyle)]
    return names[0], names[1]


def facts_of(clip: Clip) -> Facts:
    """Return the facts of a clip: its labels, or else the words of its path, and its measured
    traits."""
    labels = clip.labels or {}
    notes = clip.notes
    drums = notes[notes["is_drum"]]
    kind = labels.get("kind", "beat")
    meter = (int(clip.meter[0]), int(clip.meter[1]))
    return Facts(
        style=labels.get("style", ""),
        substyle=labels.get("substyle", ""),
        tempo=float(clip.tempo) if clip.tempo else None,
        kind=kind,
        meter=f"{meter[0]}-{meter[1]}",
        traits=traits_of(drums, clip.beats, kind=kind, meter=meter),
        words=labels.get("words", ""),
        built_in=bool(labels.get("built_in", False)),
    )


def caption_of(facts: Facts) -> str:
    """Return a caption in the style of loop packs: style, tempo, kind, metre, traits.

    >>> caption_of(Facts("funk", "fast", 140.0, "beat", "4-4", ("busy", "ghost notes")))
    'funk fast 140 bpm beat 4-4 busy ghost notes'
    """
    parts = [facts.words or facts.genre]
    if facts.tempo:
        if parse_tempo(facts.words) is None:
            parts.append(f"{facts.tempo:g} bpm")
        if (word := tempo_word(facts.tempo)) != "medium" and word not in parts[0].split():
            parts.append(word)
    known = set(facts.words.split())
    parts.extend(word for word in (facts.kind, facts.meter) if word and word not in known)
    parts.extend(facts.traits)
    if facts.built_in and "built-in" not in parts[0].lower():
        parts.insert(0, "built-in")
    return " ".join(part for part in parts if part)


def caption_from_path(path: str | PurePath) -> str:
    """Folder names and file name as words, split at "_" and spaces, without the names of loop
    packs.

    A word that occurs in several folders is kept once. Numbered prefixes ("01 -") are removed;
    three- digit tempi stay.

    >>> caption_from_path("My MIDI Pack/Funk/096 Funk_Ghost 8-bar Beat.mid")
    'Funk 096 Ghost 8-bar Beat'
    """
    pure = PurePath(path)
    parts = [part for part in (*pure.parent.parts, pure.stem) if part not in ("/", ".", "..")]
    kept: dict[str, str] = {}
    for part in parts:
        words = [word for word in re.split(r"[_\s]+", part) if re.search(r"\w", word)]
        pack = any(word.lower() in ("pack", "packs", "collection", "library") for word in words)
        if pack and part is not parts[-1]:
            continue
        for word in words:
            plain = word.lower().strip("()[],.-")
            if plain and plain not in _PACK_WORDS and not re.fullmatch(r"0?\d|drummer\d+", plain):
                kept.setdefault(plain, word.strip("()[],.-"))
    return " ".join(kept.values())


def style_from_words(words: str) -> str:
    """Return the style that a caption names first, as whole words; "" if there is none."""
    low = " " + re.sub(r"[\s_/-]+", " ", words.lower()) + " "
    for compact, name in STYLE_NAMES.items():
        low = low.replace(f" {compact} ", f" {name.lower()} ") if name in PATH_STYLES else low
    places = [(low.find(f" {re.sub('-', ' ', style.lower())} "), style) for style in PATH_STYLES]
    found = [(place, style) for place, style in places if place >= 0]
    return min(found)[1] if found else ""
