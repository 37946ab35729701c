"""Facts: what may be said about a loop, the common ground of captions and phrases."""

from __future__ import annotations

from dataclasses import dataclass

SLOW, FAST = 90.0, 130.0  # BPM: below is slow, from here on is fast


@dataclass(frozen=True)
class Facts:
    """What may be said about a loop.

    style, substyle: as written for a reader ("hip hop", "second line"), "" if unknown.
    tempo: BPM or None. kind: "beat" or "fill". meter: like "4-4". traits: from `TRAITS`.
    words: other words of the path. built_in: made by the built-in grammar, not by a person.
    """

    style: str = ""
    substyle: str = ""
    tempo: float | None = None
    kind: str = "beat"
    meter: str = "4-4"
    traits: tuple[str, ...] = ()
    words: str = ""
    built_in: bool = False

    @property
    def genre(self) -> str:
        """Style and substyle as one name, without saying a word twice."""
        if not self.substyle:
            return self.style
        if self.style.lower() in self.substyle.lower():
            return self.substyle
        return f"{self.style} {self.substyle}".strip()


def tempo_word(bpm: float) -> str:
    """Say "slow" below 90 BPM, "fast" from 130 on, "medium" between."""
    return "slow" if bpm < SLOW else "fast" if bpm >= FAST else "medium"
