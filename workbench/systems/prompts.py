"""Reading prompts, and advice for the user: never a traceback, always a way forward."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from workbench.arguments import texts_of
from workbench.datasets.keywords import keyword_of, tokens, unknown_words
from workbench.errors import PromptError

# Words that are offered for a prompt.
STYLES = (
    "rock",
    "funk",
    "jazz",
    "latin",
    "hip hop",
    "soul",
    "reggae",
    "afro",
    "punk",
    "country",
    "samba",
    "pop",
)
TRAITS = (
    "slow",
    "fast",
    "busy",
    "sparse",
    "loud",
    "soft",
    "swing",
    "shuffle",
    "half-time",
    "backbeat",
    "ghost notes",
    "ride",
    "toms",
    "open hats",
    "crash",
    "fill",
)
NO_WORDS = "No words: a loop is sampled without a text. Try “slow funk with ghost notes”."
NO_MUSIC = "The prompt describes no music: name a style, such as rock, funk, jazz or latin."
_MARKS = frozenset('!?…"“”„‟«»‹›()[]{}<>*#~^|\\')  # around words, without musical meaning
_SIGNS = ("So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn")  # emoji, control characters and the like
_VARIANTS = re.compile("[\ufe00-\ufe0f]")  # as text or as emoji
_MIXED = re.compile(r"(?<=\d)[¼½¾]")  # the fraction of "2½"
_SLASHES = re.compile("[⁄∕]")  # NFKC leaves these
_ENDS = " ,.;:'’‘`-–—_/&+"
_START = re.compile(rf"^[{re.escape(_ENDS)}]*?(?=-\d|[^{re.escape(_ENDS)}]|$)")  # but "-50 bpm"
_SIZE = re.compile(r"(?<![\w.,:/'’′])(\d+(?:[.,]\d+)?)(?:[\"″]|''|’’)(?!\w)")
_OF_TIME = re.compile(r"\s*(?:$|[^\w\s]|(?:of|de|long|lang|clip|loop|piece|sample)\b)")


def prompt_of(prompt: Any, reads: str = "words") -> str:
    """Return a prompt as text; None is the empty text. Raises PromptError for anything else."""
    if prompt is None:
        return ""
    if not isinstance(prompt, str):
        kind = "a mapping" if isinstance(prompt, Mapping) else repr(prompt)[:40]
        raise PromptError(f"prompt: {kind} is not text; this system reads {reads}")
    return prompt


def prompts_of(prompt: Any) -> list[str]:
    """Return one prompt, or a list of prompts, as a list of texts; None is one empty text. Raises
    PromptError for anything else, and for an empty list."""
    if prompt is None or isinstance(prompt, bytes | int | float):
        return [prompt_of(prompt, "words, or a list of them")]
    return texts_of(prompt, "prompt", 1)


def plain_words(prompt: str) -> str:
    """Normalise a prompt for the text encoder: lower case, letters of one width, without emoji,
    quotes, brackets, exclamation marks and punctuation at its ends. Without this, the encoder would
    embed "rock!" differently from "rock", which leads to another tempo.

    >>> plain_words("ROCK!!! 🤘"), plain_words("«Hip-hop», 90 bpm."), plain_words("rock & roll")
    ('rock', 'hip-hop, 90 bpm', 'rock & roll')
    """
    text = _VARIANTS.sub("", _SIZE.sub(_size, prompt)).replace("−", "-")
    text = "".join(" " if unicodedata.category(c) in _SIGNS else c for c in text)
    text = _MIXED.sub(lambda part: f"{unicodedata.numeric(part[0]):g}"[1:], text)
    text = "".join(" " if c in _MARKS else c for c in unicodedata.normalize("NFKC", text))
    text = _SLASHES.sub("/", text)
    text = re.sub(r"\s+(?=[,.;:])|(?<=\s)\s+", "", re.sub(r"\s", " ", text))
    return _START.sub("", text.rstrip(_ENDS), 1).lower()


def _size(match: re.Match[str]) -> str:
    """Return a figure with a double prime: seconds at the end of a clause, as in scores, otherwise
    inches, as in a 22-inch kick. A quotation mark that closes one stays."""
    text, end = match.string, match.end()
    if text[end - 1] == '"' and text.count('"', 0, end - 1) % 2:
        return match[0]
    return f"{match[1]} seconds" if _OF_TIME.match(text, end) else f"{match[1]}-inch"


@dataclass(frozen=True)
class PromptReading:
    """How a prompt is understood.

    Args:
        prompt: The prompt as given.
        tempo: Tempo in BPM, None if the prompt names none.
        keywords: Words from the paper's list of 57.
        unknown: Words that occur in no training caption, or that are not understood.
        messages: Advice for the user; empty if there is none.
        understood: Statements in English of what the system does for the prompt, such as "no
            snare"; empty for a system that follows the text as a whole.
        refused: What is understood and cannot be done, each with the reason.
    """

    prompt: str
    tempo: float | None
    keywords: tuple[str, ...]
    unknown: tuple[str, ...]
    messages: tuple[str, ...]
    understood: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def facts_reading(
    prompt: str,
    tempo: float | None,
    understood: Sequence[str],
    unknown: Sequence[str],
    refused: Sequence[str],
) -> PromptReading:
    """Return the reading of a prompt for a system that follows its facts.

    Args:
        prompt: The prompt as given.
        tempo: Tempo in BPM, None if the prompt names none.
        understood: Statements of what the system does.
        unknown: Words that have no effect.
        refused: What cannot be done, with the reason.

    Returns:
        The reading; its messages say what is understood, what is not, and what is refused.
    """
    messages, words = [], plain_words(prompt)
    if not words:
        messages.append(NO_WORDS)
    elif not (understood or unknown or refused):
        messages.append(NO_MUSIC)
    if understood:
        messages.append(f"Understood: {'; '.join(understood)}.")
    if unknown:
        messages.append(f"Not understood and without effect: {first_words(unknown)}.")
    messages += [f"Not possible: {reason}." for reason in refused]
    return PromptReading(
        prompt,
        tempo,
        keywords_of(tokens(words)),
        tuple(unknown),
        tuple(messages),
        tuple(understood),
        tuple(refused),
    )


def keywords_of(words: Iterable[str]) -> tuple[str, ...]:
    """Return the keywords of words, each once."""
    return tuple(dict.fromkeys(k for w in words if (k := keyword_of(w))))


def guess_of(unknown: Sequence[str], meant: Mapping[str, str] | None = None) -> str:
    """Return advice on words that occur in no training caption. meant: those that look misspelt,
    with the nearest words."""
    near = {word: f"{word} (perhaps {other})" for word, other in (meant or {}).items()}
    unknown = [near.get(word, word) for word in unknown]
    return f"In no training caption, so the result is a guess: {first_words(unknown)}."


def first_words(words: Sequence[str]) -> str:
    """Return the first five of a list of words, as a text."""
    return ", ".join(words[:5]) + ("…" if len(words) > 5 else "")


def chip_words(system: Any) -> dict[str, list[str]]:
    """Return words for the chips: those that occur in the training captions and that the text
    encoder reads."""
    known = set(system.config.vocabulary)
    keywords_only = system.text.name == "keywords"

    def read(words: Sequence[str]) -> list[str]:
        return [
            word
            for word in words
            if (not known or known.issuperset(tokens(word)))
            and not (keywords_only and unknown_words(word))
        ]

    return {"Style": read(STYLES), "Feel": read(TRAITS)}


_PLAYED = (*range(80), *range(104, 112))  # programs of General MIDI that are instruments
_PARTS = {"aahs", "oohs", "bottle", "box", "hit", "section", "ensemble", "harmonics"}
MOST_WORDS = 8  # words per kind


@cache
def _kinds() -> dict[str, tuple[str, ...]]:
    """Return the words to look for in captions, by what they describe. Instruments have the names
    of General MIDI, which the captions of rendered music use."""
    from pretty_midi.constants import INSTRUMENT_MAP

    tonics = [f"{letter}{sign}" for letter in "CDEFGAB" for sign in ("", "b", "#")]
    return {
        "Genre": STYLES,
        "Instrument": (*(name.lower() for name in INSTRUMENT_MAP), "drums"),
        "Key": tuple(f"{tonic} {mode}" for mode in ("major", "minor") for tonic in tonics),
        "Feel": TRAITS,
    }


@cache
def instrument_words() -> frozenset[str]:
    """Return the words that name an instrument in General MIDI: "harp" of "Orchestral Harp"."""
    from pretty_midi.constants import INSTRUMENT_MAP

    names = (INSTRUMENT_MAP[program].lower().split(" (")[0] for program in _PLAYED)
    return frozenset(name.split()[-1] for name in names) - _PARTS


def caption_words(captions: Iterable[str]) -> tuple[str, ...]:
    """Return words that a prompt to a system trained on these captions may use.

    Args:
        captions: Captions of the training clips.

    Returns:
        Genres, instruments, keys and feels that at least two captions contain as whole words: at
        most 8 of each, the most frequent first.
    """
    texts = [" ".join(caption.lower().split()) for caption in captions]
    chosen = []
    for words in _kinds().values():
        counts = {
            word: sum(bool(pattern.search(text)) for text in texts)
            for word in words
            if (pattern := re.compile(rf"(?<![\w#]){re.escape(word.lower())}(?!\w)"))
        }
        common = sorted((w for w in words if counts[w] > 1), key=lambda w: -counts[w])
        chosen += common[:MOST_WORDS]
    return tuple(chosen)


def caption_vocabulary(captions: Iterable[str]) -> tuple[str, ...]:
    """Return the words of at least two captions, sorted; titles have words that occur once."""
    counts = Counter(word for caption in captions for word in set(tokens(caption)))
    return tuple(sorted(w for w, count in counts.items() if count > 1 and not w[0].isdigit()))


def words_by_kind(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the words of `caption_words` by what they describe."""
    kinds = {kind: [w for w in words if w in known] for kind, known in _kinds().items()}
    return {kind: found for kind, found in kinds.items() if found}
