"""Keys: names such as "C", "F# minor" or "Bb major" as the major tonic of their signature, and
contents of their scales."""

from __future__ import annotations

import numpy as np

from workbench.arguments import shown
from workbench.errors import PromptError

TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SPELLED = {"C#": "Db", "D#": "Eb", "Gb": "F#", "G#": "Ab", "A#": "Bb", "Cb": "B", "E#": "F"}
SPELLED |= {"B#": "C", "Fb": "E"}
MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])  # natural minor is the major scale of another tonic


def signature(text: str) -> int:
    """Return the tonic (C = 0) of the major scale of a key: "A minor" has that of C major. A flat
    may be written as in Humdrum and music21, "E- major". Raises PromptError for an unknown key."""
    if not isinstance(text, str):
        raise PromptError(f'key={shown(text)}: write "C major", "F# minor", "Bb major" …')
    tonic, _, mode = text.strip().partition(" ")
    tonic = tonic[:1].upper() + tonic[1:].replace("-", "b")
    tonic = SPELLED.get(tonic, tonic)
    if tonic not in TONICS or mode not in ("", "major", "minor"):
        raise PromptError(f'key: {text!r} is unknown; write "C major", "F# minor", "Bb major" …')
    return (TONICS.index(tonic) + (3 if mode == "minor" else 0)) % 12


def in_scales(classes: np.ndarray) -> np.ndarray:
    """Return how much of a distribution of pitch classes (…, 12), C first, lies in each major
    scale: (…, 12), by tonic."""
    return np.stack([classes[..., (MAJOR + tonic) % 12].sum(-1) for tonic in range(12)], axis=-1)
