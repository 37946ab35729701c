"""How a drum system without charts reads a prompt: words for its text encoder, and advice."""

from __future__ import annotations

import re
from collections.abc import Collection

from workbench.datasets.keywords import tokens, unknown_words
from workbench.representations.text import TextEncoder
from workbench.systems.drum_ldm.exclusions import excluded_in
from workbench.systems.drum_ldm.scanning import scan
from workbench.systems.prompts import (
    NO_MUSIC,
    NO_WORDS,
    PromptReading,
    first_words,
    guess_of,
    keywords_of,
    plain_words,
)

_METRES = re.compile(
    r"\b(waltz(?:es)?|(?:in|triple|compound|odd) (?:three|five|six|seven|meter|metre|time)|"
    r"(?!4\s*/\s*4\b)\d{1,2}\s*/\s*(?:2|4|8|16)|[35-9]-4|[3-9]-8)\b",
    re.I,
)
LONGEST = 400  # characters; a text encoder reads less than that anyway


def read_prompt(prompt: str, text: TextEncoder, vocabulary: Collection[str]) -> PromptReading:
    """Read a prompt for a text encoder and a training vocabulary. Any text can be read."""
    given, prompt = prompt, plain_words(prompt)
    words, scanned = tokens(prompt), scan(given, 1)
    keywords = keywords_of(words)
    known = set(vocabulary)
    unknown = tuple(w for w in unknown_words(prompt) if w not in known)
    content = [w for w in words if not w[0].isdigit()]
    messages: list[str] = []
    if not prompt.strip():
        messages.append(NO_WORDS)
    elif not content and scanned.tempo is None:
        messages.append(NO_MUSIC)
    else:
        answered = {w for span in _spans_answered(prompt) for w in tokens(span)}
        guessed = tuple(w for w in unknown if w not in answered)
        messages += _advice(prompt, text, content, keywords, guessed)
    messages += _cannot(prompt[: 10 * LONGEST])
    messages += [f"Not possible: {reason}." for reason in scanned.tempo_refused]
    return PromptReading(given, scanned.tempo, keywords, unknown, tuple(messages))


def _advice(
    prompt: str,
    text: TextEncoder,
    words: list[str],
    keywords: tuple[str, ...],
    unknown: tuple[str, ...],
) -> list[str]:
    messages = []
    length, read = text.length(prompt[: 10 * LONGEST])
    if length > read or len(prompt) > LONGEST:
        messages.append("The prompt is long: only its beginning is read. One sentence is enough.")
    foreign = [w for w in words if not w.isascii()]
    if (len(unknown) >= 2 and 2 * len(unknown) > len(words)) or 3 * len(foreign) > len(words):
        messages.append(
            "Most of these words occur in no training caption; the captions are in English. "
            "Try style, tempo and feel, such as “slow funk with ghost notes”."
        )
    elif unknown and text.name != "keywords":
        messages.append(guess_of(unknown))
    if text.name == "keywords" and words:
        unread = unknown_words(prompt)
        if not keywords:
            messages.append(
                "The prompt has none of the 57 keywords, and this system reads no other words."
            )
        elif unread:
            messages.append(f"Not among the 57 keywords and without effect: {first_words(unread)}.")
    return messages


def metre_advice(prompt: str) -> str:
    """Return advice for a prompt that names a metre other than 4/4; "" for any other prompt."""
    metre = _METRES.search(prompt[: 10 * LONGEST])
    return f"“{metre[1]}”: only 4/4 can be generated, so the loop will be in 4/4." if metre else ""


def _cannot(prompt: str) -> list[str]:
    """Return advice on requests of a prompt that no drum system here can fulfil."""
    messages = []
    if advice := metre_advice(prompt):
        messages.append(advice)
    for part in excluded_in(plain_words(prompt))[:1]:
        messages.append(
            f"“{part}”: a prompt cannot exclude anything; naming it may even add it. "
            "Leave the word out, or remove the hits in the drum grid."
        )
    return messages


def _spans_answered(prompt: str) -> list[str]:
    """Return the parts of a prompt that `_cannot` comments on; their words are not reported as
    unknown as well."""
    text = prompt[: 10 * LONGEST]
    return [match[0] for match in _METRES.finditer(text)] + excluded_in(plain_words(text))
