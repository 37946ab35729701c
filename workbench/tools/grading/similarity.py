"""Answers of a class that are alike: a hint to look, never a verdict.

Two answers to the same exercise are compared by runs of tokens. Names of variables, comments,
docstrings and layout do not count. A run that few students have says more than one that many have,
so each is weighted by the logarithm of its rarity in the class. Nothing is run.

Short answers are left out: whoever solves a task of one line writes that line. Even long answers
may be alike for good reasons, such as working in pairs, a tutor, or the same example in a book.

Sources: Schleimer, Wilkerson and Aiken, Winnowing, 2003 (runs of tokens as fingerprints); Spärck
Jones, A statistical interpretation of term specificity, 1972 (the weights).
"""

from __future__ import annotations

import ast
import builtins
import io
import math
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from workbench.course.notebooks import ROOT, build, scripts
from workbench.tools.grading.lessons import Lesson
from workbench.tools.grading.slicing import as_python
from workbench.tools.grading.submissions import Student

RUN = 6  # tokens in a run
SHORTEST = 45  # tokens of an answer that is compared
# Likeness of pairs that are listed. Of 27 long exercises, answers that two authors wrote
# independently reach 0.14 at most, copies with other names 1, and with some lines rewritten 0.5.
LEAST = 0.4
SOLUTION = "(the lesson's solution)"  # stands for a student
# An interactive Python adds `_`, the last value, which answers use as a name of their own.
_BUILTINS = frozenset(dir(builtins)) - {"_"}


@dataclass(frozen=True)
class Pair:
    """Two answers that are alike. likeness: 0 to 1; letters: whether they are the same to the
    letter, with names and comments."""

    exercise: str
    one: str
    other: str
    likeness: float
    letters: bool


def alike(exercise: str, answers: Mapping[str, str]) -> list[Pair]:
    """The pairs of answers to one exercise that are alike, the most alike first.

    Args:
        exercise: Its number.
        answers: Source of the function by name of the student; "" for none.
    """
    runs = {name: found for name, source in answers.items() if (found := runs_of(source))}
    spread = Counter(run for found in runs.values() for run in found)
    weights = {run: math.log((len(runs) + 1) / n) for run, n in spread.items()}
    pairs = []
    for one, other in combinations(sorted(runs), 2):
        shared = math.fsum(weights[run] for run in runs[one] & runs[other])
        every = math.fsum(weights[run] for run in runs[one] | runs[other])
        if shared >= LEAST * every:
            same = answers[one].split() == answers[other].split()
            pairs.append(Pair(exercise, one, other, shared / every, same))
    return sorted(pairs, key=lambda pair: -pair.likeness)


def runs_of(source: str) -> set[tuple[str, ...]]:
    """The runs of tokens of an answer; none if it is short or not Python."""
    tokens = tokens_of(source)
    if len(tokens) < SHORTEST:
        return set()
    return {tuple(tokens[i : i + RUN]) for i in range(len(tokens) - RUN + 1)}


def tokens_of(source: str) -> list[str]:
    """The tokens of an answer, with one name for all of its own variables."""
    try:
        tree = _Plain(_own_names(ast.parse(source))).visit(ast.parse(source))
        text = ast.unparse(ast.fix_missing_locations(tree))
        read = tokenize.generate_tokens(io.StringIO(text).readline)
        return [token.string for token in read if token.string.strip()]
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return []


def _own_names(tree: ast.AST) -> set[str]:
    """Names that an answer binds: functions, arguments, variables."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name) | ast.ClassDef(name) | ast.arg(name):
                found.add(name)
            case ast.Name(name, ast.Store()):
                found.add(name)
    return found - _BUILTINS


class _Plain(ast.NodeTransformer):
    """Takes out what may differ between copies: own names, docstrings, annotations."""

    def __init__(self, own: set[str]) -> None:
        self.own = own

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name("v", node.ctx) if node.id in self.own else node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg("v")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        node.name, node.returns = "f", None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.Assign([node.target], node.value) if node.value else ast.Pass()


def answer(cells: Sequence[str], function: str) -> str:
    """The source of the last definition of a function in the cells; "" if there is none."""
    found = ""
    for cell in cells:
        try:
            cell = as_python(cell)
            nodes = ast.parse(cell).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in nodes:
            if isinstance(node, ast.FunctionDef) and node.name == function:
                found = ast.get_source_segment(cell, node) or found
    return found


def similar(
    students: Sequence[Student], chosen: Sequence[Lesson], root: Path = ROOT
) -> Iterator[Pair]:
    """The pairs of all exercises of some lessons. The published solution takes part under the name
    SOLUTION."""
    published = {path.stem: path for path in scripts(root)}
    for lesson in chosen:
        made = build(published[lesson.name], solutions=True).cells
        known = [cell.source for cell in made if cell.cell_type == "code"]
        handed = {
            student.name: student.lessons[lesson.number].cells
            for student in students
            if lesson.number in student.lessons
        }
        for exercise in lesson.marked:
            answers = {name: answer(cells, exercise.function) for name, cells in handed.items()}
            answers[SOLUTION] = answer(known, exercise.function)
            yield from alike(exercise.number, answers)
