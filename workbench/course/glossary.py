"""The terms of the course, from `glossary.md`: meaning, lesson and source of each."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import PromptError

PAGE = Path(__file__).with_name("glossary.md")
ENTRY = re.compile(r"- \*\*(.+?)\*\*: (.+?)(?: \*Source:\* (.+))?")


@dataclass(frozen=True)
class Term:
    """A term of lesson "NN". source: the paper that defines it, or the workbench's module."""

    name: str
    meaning: str
    lesson: str
    source: str = ""


class Glossary(list[Term]):
    """Terms, displayed as a table."""

    def __str__(self) -> str:
        return "\n".join(f"{term.name}: {term.meaning}" for term in self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        head = "".join(
            f"<th scope='col' {left}>{name}</th>"
            for name in ("term", "meaning", "lesson", "source")
        )
        rows = "".join(
            f"<tr><th scope='row' {left}>{html.escape(term.name)}</th>"
            f"<td {left}>{html.escape(term.meaning)}</td><td>{term.lesson}</td>"
            f"<td {left}>{html.escape(term.source.replace('`', ''))}</td></tr>"
            for term in self
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def glossary(lesson: str | None = None) -> Glossary:
    """The terms of the course.

    Args:
        lesson: "00" to "14"; None for all lessons.

    Returns:
        The terms of the lesson in the order of `glossary.md`, or all terms sorted by name.

    Raises:
        PromptError: for a lesson that has no terms.
    """
    terms, here = Glossary(), ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            here = line[3:]
        elif found := ENTRY.fullmatch(line):
            terms.append(Term(found[1], found[2], here, found[3] or ""))
    if lesson is None:
        return Glossary(sorted(terms, key=lambda term: term.name.casefold()))
    own = Glossary(term for term in terms if term.lesson == lesson)
    if not own:
        known = ", ".join(sorted({term.lesson for term in terms}))
        raise PromptError(f"lesson {lesson!r} has no terms; those that have: {known}")
    return own
