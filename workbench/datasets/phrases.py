"""Phrases: the facts about a drum loop in many informal wordings.

A model that was trained only on captions such as "funk 92 bpm beat 4-4 ghost notes" does not
generalise to "a slow funky groove with ghost notes". `phrases` turns facts into varied English:
random subsets (people name one to four facts), random order, synonyms, fillers, and numbers or
words for the tempo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from random import Random

from workbench.datasets.facts import Facts, tempo_word
from workbench.datasets.keywords import tokens

# Traits before the noun ("a busy beat") …
_ADJECTIVES = {
    "busy": ("busy", "dense", "complex"),
    "sparse": ("sparse", "simple", "minimal"),
    "loud": ("loud", "hard", "hard-hitting", "heavy"),
    "soft": ("soft", "gentle", "quiet", "light"),
    "half-time": ("half-time", "half time"),
    "double-time": ("double-time",),
    "syncopated": ("syncopated",),
    "swing": ("swung", "swinging", "swing"),
    "shuffle": ("shuffle", "shuffling", "shuffled"),
    "triplets": ("triplet",),
    "steady": ("steady", "tight", "repetitive"),
    "backbeat": ("straight backbeat",),
    "four on the floor": ("four-on-the-floor",),
    "toms": ("tom-heavy",),
}
# … and after "with".
_NOUNS = {
    "busy": ("lots of notes", "many hits"),
    "sparse": ("few notes", "lots of space"),
    "half-time": ("a half-time feel",),
    "double-time": ("a double-time feel", "snare on the offbeats"),
    "backbeat": ("a backbeat", "a strong backbeat", "snare on two and four"),
    "four on the floor": ("four on the floor", "kick on every beat"),
    "syncopated": ("syncopation", "a syncopated kick"),
    "swing": ("swing", "a swing feel", "a swung feel"),
    "shuffle": ("a shuffle feel", "a shuffle"),
    "triplets": ("triplets", "a triplet feel"),
    "16ths": ("16ths", "16th notes", "16th note hats"),
    "8ths": ("8ths", "8th notes", "straight 8ths"),
    "ride": ("ride", "a ride pattern", "ride cymbal", "the ride"),
    "hats": ("hats", "hi-hats", "hi-hat", "closed hats"),
    "open hats": ("open hats", "open hi-hats", "open hi-hat"),
    "crash": ("crash", "crashes", "crash cymbals"),
    "bell": ("ride bell", "bell", "the bell of the ride"),
    "toms": ("toms", "tom hits", "lots of toms"),
    "ghost notes": ("ghost notes", "ghosted snare", "snare ghost notes"),
    "cross-stick": ("cross-stick", "rimshots", "rim clicks", "cross-sticks"),
    "snare rolls": ("snare rolls", "a busy snare", "snare drum rolls"),
    "busy kick": ("a busy kick", "lots of kick", "busy bass drum"),
    "fills": ("fills", "tom fills", "drum fills"),
}
_STRAIGHT = {"8ths": ("8ths", "8th notes", "8th note hats"), "16ths": ("16ths", "16th notes")}
LEADS = (
    "",
    "",
    "",
    "",
    "a ",
    "a ",
    "a ",
    "give me a ",
    "play a ",
    "make me a ",
    "I want a ",
    "can you play a ",
    "please play a ",
    "I need a ",
    "let's hear a ",
)
BEATS = (
    "beat",
    "beat",
    "groove",
    "groove",
    "drum loop",
    "loop",
    "drum beat",
    "drum pattern",
    "pattern",
    "drums",
    "rhythm",
    "drum groove",
    "drum track",
)
FILLS = ("fill", "fill", "fill", "drum fill", "drum fill", "short fill", "break", "drum break")
_SLOW = ("slow", "slow", "slow", "laid-back", "relaxed")
_MEDIUM = ("medium tempo", "mid-tempo", "medium", "moderate")
_FAST = ("fast", "fast", "fast", "quick", "uptempo", "up-tempo")
_TEMPO_WORDS = {"slow": _SLOW, "medium": _MEDIUM, "fast": _FAST}
_HEADS = frozenset(tokens(" ".join((*BEATS, *FILLS, "a the"))))
_ELSEWHERE = ("half-time", "swing", "shuffle", "fills")  # in data sets styles or kinds, too
_FEEL_WORDS = frozenset(
    word
    for trait, ways in (*_ADJECTIVES.items(), *_NOUNS.items(), *_TEMPO_WORDS.items())
    if trait not in _ELSEWHERE
    for word in tokens(" ".join(("with and", *ways)))
).difference(_HEADS)
_NOUN_ENDS = frozenset(tokens(way)[-1] for ways in _NOUNS.values() for way in ways)
_HOW_MANY = (0, 0, 1, 1, 1, 2, 2, 3)  # traits per phrase


def phrases(facts: Facts, n: int = 1, seed: int = 0) -> list[str]:
    """Return `n` wordings of these facts; the same seed gives the same phrases.

    The phrases are different if the facts allow it. All are true, and none names all facts.
    """
    random = Random(f"{seed}/{facts}")
    return different(lambda: _phrase(facts, random), n)


def different(phrase: Callable[[], str], n: int) -> list[str]:
    """Call a function until it has returned `n` different phrases, at most 20 · n times; then the
    phrases repeat."""
    found: dict[str, None] = {}
    for _ in range(20 * n):
        if len(found) >= n:
            break
        found[phrase()] = None
    return list(islice(cycle(found), n))


def with_noun(text: str) -> str:
    """Add "a beat" to a text that names only a feel or a tempo.

    Each training phrase names a style, a beat or a fill. So a system that was trained on phrases
    cannot know whether "open hats" alone means a beat or a fill.

    >>> with_noun("sparse"), with_noun("open hats"), with_noun("funk, open hats"), with_noun("fill")
    ('a sparse beat', 'a beat with open hats', 'funk, open hats', 'fill')
    """
    words = tokens(text)
    if not words or not _FEEL_WORDS.issuperset(words):
        return text
    return f"a beat with {text}" if words[-1] in _NOUN_ENDS else f"a {text} beat"


def _phrase(facts: Facts, random: Random) -> str:
    """One phrase: choose the facts, then the form."""
    genre = genre_words(facts, random)
    traits = list(facts.traits)
    random.shuffle(traits)
    traits = traits[: random.choice(_HOW_MANY)]
    tempo = _tempo(facts, random)
    if not genre and not traits and not any(tempo):
        genre = facts.genre or facts.words
        traits = list(facts.traits[:1])
    forms = (_sentence, _sentence, _listing, _trailing)
    text = random.choice(forms)(facts, genre, traits, tempo, random)
    return text.strip(" ,")


def genre_words(facts: Facts, random: Random) -> str:
    if random.random() < 0.1:
        return ""
    if not facts.style:
        return facts.words.lower() if random.random() < 0.7 else ""
    kind = random.random()
    if facts.substyle and kind < 0.45:
        name = facts.genre
    elif facts.substyle and kind < 0.6:
        name = facts.substyle
    else:
        name = facts.style
    if name == "funk" and random.random() < 0.25:
        return "funky"
    return name.lower() if random.random() < 0.3 else name


def _tempo(facts: Facts, random: Random) -> tuple[str, str]:
    """(word, number), one or both empty."""
    if not facts.tempo:
        return "", ""
    word = figure = ""
    level = tempo_word(facts.tempo)
    if random.random() < (0.25 if level == "medium" else 0.45):
        word = random.choice(_TEMPO_WORDS[level])
    if random.random() < 0.5:
        bpm = f"{facts.tempo:.0f}"
        figure = bpm + random.choice((" bpm", " bpm", " bpm", " BPM", "bpm"))
    return word, figure


def _said(traits: list[str], facts: Facts, random: Random) -> tuple[list[str], list[str]]:
    """Each trait as an adjective or a noun phrase."""
    adjectives, nouns = [], []
    uneven = {"swing", "shuffle", "triplets"} & set(facts.traits)
    for trait in traits:
        if trait in _ADJECTIVES and (trait not in _NOUNS or random.random() < 0.6):
            adjectives.append(random.choice(_ADJECTIVES[trait]))
        elif uneven and trait in _STRAIGHT:
            nouns.append(random.choice(_STRAIGHT[trait]))
        else:
            nouns.append(random.choice(_NOUNS[trait]))
    return adjectives, nouns


def _head(facts: Facts, random: Random) -> str:
    return random.choice(FILLS if facts.kind == "fill" else BEATS)


def joined(words: Sequence[str], joint: str = "and") -> str:
    """Join words to a list: "kick, snare and hats"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"


def with_lead(text: str, random: Random) -> str:
    """Put words such as "give me a" before a text that ends with its noun: "an" before a vowel, no
    article before "drums"."""
    lead = random.choice(LEADS)
    if text.split()[-1] == "drums":
        lead = lead.replace(" a ", " ").removeprefix("a ")
    if lead.endswith("a ") and text[0].lower() in "aeiou8":
        lead = lead[:-1] + "n "
    return lead + text


def _sentence(
    facts: Facts, genre: str, traits: list[str], tempo: tuple[str, str], random: Random
) -> str:
    """Such as "give me a slow, busy funk groove with ghost notes, 92 bpm"."""
    adjectives, nouns = _said(traits, facts, random)
    word, figure = tempo
    head = _head(facts, random)
    before = ([word] if word else []) + adjectives
    text = with_lead(" ".join([*before, *([genre] if genre else []), head]), random)
    if figure and random.random() < 0.4:
        text, figure = f"{text} at {figure}", ""
    if nouns:
        text += " with " + joined(nouns)
    return f"{text}, {figure}" if figure else text


def _listing(
    facts: Facts, genre: str, traits: list[str], tempo: tuple[str, str], random: Random
) -> str:
    """Such as "funk, ghost notes, 92 bpm": the parts in any order, most often the style first."""
    adjectives, nouns = _said(traits, facts, random)
    rest = [part for part in (*adjectives, *nouns, *tempo) if part]
    random.shuffle(rest)
    if facts.kind == "fill" or random.random() < 0.4 or not genre:
        genre = f"{genre} {_head(facts, random)}".strip()
    parts = [genre, *rest] if random.random() < 0.7 else [*rest, genre]
    joint = ", " if random.random() < 0.75 else " "
    return joint.join(parts)


def _trailing(
    facts: Facts, genre: str, traits: list[str], tempo: tuple[str, str], random: Random
) -> str:
    """Such as "funk groove, busy, slow, with ghost notes": adjectives after the noun."""
    adjectives, nouns = _said(traits, facts, random)
    parts = [f"{genre} {_head(facts, random)}".strip(), *adjectives]
    parts += [part for part in tempo if part]
    if nouns:
        parts.append("with " + joined(nouns))
    return ", ".join(parts)
