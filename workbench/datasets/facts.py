"""Facts about a loop, from which captions and phrases are made."""

from __future__ import annotations

from dataclasses import dataclass

SLOW, FAST = 90.0, 130.0  # BPM: slow is below 90, fast is 130 or more


@dataclass(frozen=True)
class Facts:
    """Facts about a drum loop.

    Args:
        style: As written for a reader ("hip hop"); "" if unknown.
        substyle: The same ("second line").
        tempo: BPM; None if unknown.
        kind: "beat" or "fill".
        meter: Such as "4-4".
        traits: From `TRAITS`.
        words: Other words of the path.
        built_in: Whether the built-in grammar generated it.
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
        """Style and substyle as one name, without repeating a word."""
        if not self.substyle:
            return self.style
        if self.style.lower() in self.substyle.lower():
            return self.substyle
        return f"{self.style} {self.substyle}".strip()


def tempo_word(bpm: float) -> str:
    """ "slow" below 90 BPM, "fast" from 130 BPM on, "medium" in between."""
    return "slow" if bpm < SLOW else "fast" if bpm >= FAST else "medium"
