"""The table of lessons in the instructors' guide, from the lessons' scripts.

`workbench notebooks` writes it between its two marks in INSTRUCTORS.md. Nothing of a lesson is run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.course.notebooks import ROOT, scripts
from workbench.files import atomic_write

BEGIN, END = "<!-- lessons: begin -->", "<!-- lessons: end -->"
COLUMNS = (
    "lesson",
    "equations",
    "loss",
    "models",
    "library shown",
    "trains",
    "players",
    "diagrams",
    "predictions",
    "lines of the solutions",
    "exercise minutes",
    "lesson minutes",
)
_CELL = re.compile(r"(?m)^# %%(.*)$")
_LOSS = re.compile(
    r"\$\$\s*(?:L\b|L_|\\mathcal ?\{?L|\\mathrm\{L|-\\log p|\\log p).*?\\qquad \((\d)\)", re.S
)
_SOURCE = re.compile(r"\*Equation \((\d)\):\* code `([\w.]+)`")
_SETTINGS = ("Config", "Sampling")  # ends of the names of classes that hold settings
_TRAINS = re.compile(r"\.backward\(\)|(?m:^train_\w+\()")


@dataclass(frozen=True)
class Lesson:
    """What a lesson's script contains.

    Args:
        number: "05".
        equations: Number of numbered equations.
        losses: Functions of the library that compute its losses.
        networks: Classes of models that it imports or defines.
        shown: Functions of the library whose source it prints.
        trains: Whether its own code trains a network.
        players: Number of cells that play clips side by side.
        diagrams: Number of diagrams.
        predictions: Number of predictions that are recorded.
        lines: Lines of each exercise's solution, without its first.
        minutes: Minutes for the exercises.
        sessions: Minutes of the whole lesson, first those of the sections that belong to the
            course, then those of what goes further; empty if its opening names none.
    """

    number: str
    equations: int
    losses: tuple[str, ...]
    networks: tuple[str, ...]
    shown: tuple[str, ...]
    trains: bool
    players: int
    diagrams: int
    predictions: int
    lines: tuple[int, ...]
    minutes: int
    sessions: tuple[int, ...] = ()


def read(script: Path) -> Lesson:
    """Read a lesson's script."""
    prose, code, solutions = [], [], []
    parts = _CELL.split(script.read_text(encoding="utf-8"))
    for tags, text in zip(parts[1::2], parts[2::2], strict=True):
        if "[markdown]" in tags:
            prose.append(re.sub(r"(?m)^# ?", "", text))
        elif "solution" in tags:
            solutions.append(text)
        elif "stub" not in tags:
            code.append(text)
    words, lines = "\n".join(prose), "\n".join(code)
    sources = dict(_SOURCE.findall(words))
    called = [name for text in code for name in _calls(text)]
    minutes = re.search(r"\*\*Exercises:\*\* (\d+) minutes", words)
    return Lesson(
        number=script.stem[:2],
        equations=len(sources),
        losses=tuple(dict.fromkeys(sources[n].rpartition(".")[2] for n in _LOSS.findall(words))),
        networks=tuple(dict.fromkeys(name for text in code for name in _networks(text))),
        shown=tuple(dict.fromkeys(re.findall(r"\blisting\(([\w.]+)", lines))),
        trains=bool(_TRAINS.search(lines)),
        players=called.count("compare"),
        diagrams=sum(called.count(name) for name in ("diagram", "pipeline")),
        predictions=called.count("predict"),
        lines=tuple(_length(text) for text in solutions),
        minutes=int(minutes[1]) if minutes else 0,
        sessions=_sessions(" ".join(prose[0].split()) if prose else ""),
    )


def _sessions(opening: str) -> tuple[int, ...]:
    """The minutes that a lesson's opening names: "take about 90 minutes …; … another 70"."""
    first = re.search(r"\b[Aa]bout (\d+) minutes([^.]*)", opening)
    if first is None:
        return ()
    more = re.search(r"\banother (\d+)\b", first[2])
    return (int(first[1]), int(more[1])) if more else (int(first[1]),)


def _calls(source: str) -> Iterator[str]:
    """The names of the functions that a cell calls, except in functions that it defines."""
    nodes: list[ast.AST] = list(ast.parse(source).body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        nodes += ast.iter_child_nodes(node)


def _networks(source: str) -> Iterator[str]:
    """The models of a cell: classes of `workbench.models` that it imports, except settings, and
    networks that it defines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("workbench.models"):
            classes = [alias.name for alias in node.names if re.match("[A-Z]+[a-z]", alias.name)]
            yield from (name for name in classes if not name.endswith(_SETTINGS))
        if isinstance(node, ast.ClassDef) and any("Module" in ast.unparse(b) for b in node.bases):
            yield node.name


def _length(source: str) -> int:
    """Lines of code below the first line of the last function."""
    [*_, function] = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    rows = source.splitlines()[function.lineno : function.end_lineno]
    return sum(bool(row.strip()) for row in rows)


def table(root: Path = ROOT) -> str:
    """The lessons as a Markdown table."""
    rows = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for lesson in map(read, scripts(root)):
        cells = (
            lesson.number,
            lesson.equations,
            ", ".join(f"`{name}`" for name in lesson.losses),
            ", ".join(f"`{name}`" for name in lesson.networks),
            ", ".join(f"`{name}`" for name in lesson.shown),
            "yes" if lesson.trains else "",
            lesson.players,
            lesson.diagrams,
            lesson.predictions,
            ", ".join(map(str, lesson.lines)),
            lesson.minutes,
            " + ".join(map(str, lesson.sessions)),
        )
        rows.append("| " + " | ".join(str(cell or "–") for cell in cells) + " |")
    return "\n".join(rows)


def stale(root: Path = ROOT) -> list[Path]:
    """The guide, if its table differs from the scripts."""
    guide = root / "INSTRUCTORS.md"
    return [guide] if guide.exists() and _fresh(guide) != guide.read_text(encoding="utf-8") else []


def regenerate(root: Path = ROOT) -> list[Path]:
    """Write the table into the guide; return the guide if that changed it."""
    changed = stale(root)
    for guide in changed:
        text = _fresh(guide)
        with atomic_write(guide) as path:
            path.write_text(text, encoding="utf-8")
    return changed


def _fresh(guide: Path) -> str:
    """The guide's text with the table of the scripts beside it."""
    before, rest = guide.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table(guide.parent)}\n{END}{after}"
