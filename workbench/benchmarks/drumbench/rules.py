"""Rules of DrumBench: what a take must have to be what the prompt asks for.

    rule = Rule.read("on(BD, 3) >= 0.6 & on(BD, 1) <= 0.4")
    rule.met(Loop.of(clip))

A rule is comparisons of measures (`loop.MEASURES`) with numbers, all joined by `&` or all by `|`.
`d(late, hip hop) >= 0.5` compares all takes of a prompt with those of another: Cohen's d, the
difference of the means of a measure over their pooled standard deviation.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.benchmarks.drumbench.loop import MEASURES, Loop
from workbench.errors import WorkbenchError

COMPARED = {">=": operator.ge, "<=": operator.le, "=": operator.eq}
_TERM = re.compile(r"(\w+)\s*(?:\(([^)]*)\))?\s*(>=|<=|=)\s*(-?[\d.]+)")
SMALLEST = 1e-6  # pooled standard deviation; takes that are all the same have none


@dataclass(frozen=True)
class Term:
    """One comparison. against: for `d`, the prompt whose takes have the other mean."""

    measure: str
    words: tuple[str, ...]
    sign: str
    bound: float
    against: str | None = None

    def value(self, loop: Loop) -> float:
        """The measure of one take."""
        return MEASURES[self.measure](loop, *self.words)

    def holds(self, value: float) -> bool:
        return bool(COMPARED[self.sign](round(value, 9), self.bound))


@dataclass(frozen=True)
class Rule:
    """Comparisons; any: one of them is enough."""

    text: str
    terms: tuple[Term, ...]
    any: bool

    @classmethod
    def read(cls, text: str) -> Rule:
        """Parse a rule; WorkbenchError for what is not one."""
        if "&" in re.sub(r"\([^)]*\)", "", text) and "|" in text:
            raise WorkbenchError(f"rule {text!r}: join comparisons by & or by |, not by both")
        either = "|" in text
        parts = re.split(r"\s*[|]\s*", text) if either else re.split(r"\s+&\s+", text)
        return cls(text, tuple(_term(part, text) for part in parts), either)

    @property
    def references(self) -> list[str]:
        """Prompts whose takes it compares with."""
        return [term.against for term in self.terms if term.against is not None]

    def met(self, loop: Loop) -> bool:
        """Does one take satisfy the comparisons with numbers? True if there are none; False for a
        take with fewer hits than bars: it would satisfy "no snare", but is not a groove."""
        if len(loop.time) < loop.bars:
            return False
        own = [term.holds(term.value(loop)) for term in self.terms if term.against is None]
        return (any if self.any else all)(own) if own else True

    def together(self, takes: Sequence[Loop], others: Mapping[str, Sequence[Loop]]) -> bool:
        """Do the takes satisfy the comparisons with other prompts' takes?"""
        return all(
            term.holds(cohen(self._values(term, takes), self._values(term, others[term.against])))
            for term in self.terms
            if term.against is not None
        )

    def effect(self, takes: Sequence[Loop], others: Mapping[str, Sequence[Loop]]) -> float:
        """Cohen's d of the comparison with another prompt's takes; NaN without one or without
        takes."""
        for term in self.terms:
            if term.against is not None and takes and others[term.against]:
                return cohen(self._values(term, takes), self._values(term, others[term.against]))
        return float("nan")

    @staticmethod
    def _values(term: Term, takes: Sequence[Loop]) -> np.ndarray:
        return np.array([term.value(take) for take in takes])


def cohen(a: np.ndarray, b: np.ndarray) -> float:
    """Difference of two sets' means over their pooled standard deviation."""
    spread = np.sqrt((a.var() * len(a) + b.var() * len(b)) / max(1, len(a) + len(b) - 2))
    return float((a.mean() - b.mean()) / max(SMALLEST, spread))


def _term(part: str, text: str) -> Term:
    match = _TERM.fullmatch(part.strip())
    if match is None:
        raise WorkbenchError(f"rule {text!r}: {part!r} is not a comparison such as rate(SD) <= 1")
    name, inside, sign, bound = match.groups()
    words = tuple(word.strip() for word in inside.split(",")) if inside else ()
    against = None
    if name == "d":
        name, *words_list, against = words
        words = tuple(words_list)
    if name not in MEASURES:
        raise WorkbenchError(f"rule {text!r}: {name!r} is not a measure; see loop.MEASURES")
    return Term(name, words, sign, float(bound), against)
