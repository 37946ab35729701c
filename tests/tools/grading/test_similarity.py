"""Answers that are alike: copies are listed under any names, independent answers are not."""

import ast
import csv
import inspect
import subprocess
import sys
import textwrap

from tests.course.teaching.test_exercises import ANSWERS
from workbench.course.notebooks import build, scripts
from workbench.tools.grading import similarity
from workbench.tools.grading.lessons import lessons
from workbench.tools.grading.marks import write_similar
from workbench.tools.grading.similarity import (
    SHORTEST,
    SOLUTION,
    Pair,
    alike,
    answer,
    similar,
    tokens_of,
)
from workbench.tools.grading.submissions import Handed, Student

MERGE = """
def merged(ids, pair, new):
    out, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == tuple(pair):
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out
"""
RENAMED = '''
def merged(ids, pair, new):
    """My own work!"""
    result: list = []
    k = 0
    while (k < len(ids)):  # go through all
        if tuple(ids[k:k + 2]) == tuple(pair):
            result.append(new); k += 2
        else:
            result.append(ids[k])
            k += 1
    return result
'''
OTHER = """
def merged(ids, pair, new):
    out = []
    for token in ids:
        if out and (out[-1], token) == tuple(pair) and not done:
            out[-1] = new
            done = True
        else:
            out.append(token)
            done = False
    return [x for x in out if x is not None]
"""


def test_a_copy_is_listed_under_other_names_and_an_independent_answer_is_not():
    pairs = alike("02.3", {"ada": MERGE, "ben": RENAMED, "cleo": OTHER})
    assert [(pair.one, pair.other) for pair in pairs] == [("ada", "ben")]
    assert 0.4 < pairs[0].likeness < 1, "some lines were rewritten"
    assert not pairs[0].letters


def test_the_same_to_the_letter_is_said():
    [pair] = alike("02.3", {"ada": MERGE, "ben": MERGE + "\n\n", "cleo": OTHER})
    assert pair.letters
    assert pair.likeness == 1


def test_short_answers_and_what_is_no_python_say_nothing():
    short = "def f(x):\n    return x + 1"
    assert alike("01.1", {"ada": short, "ben": short}) == []
    assert alike("01.1", {"ada": "", "ben": "def (", "cleo": "(" * 5000}) == []


def test_what_the_whole_class_writes_says_less(monkeypatch):
    monkeypatch.setattr(similarity, "LEAST", 0)
    end = "    return out\n"
    one = MERGE.replace(end, "    out = [int(x) for x in out]\n    assert out\n" + end)
    two = MERGE.replace(end, "    if not out:\n        raise ValueError(str(new))\n" + end)
    pair = {"x": one, "y": two}
    [alone] = alike("02.3", pair)
    in_class = alike("02.3", {**dict.fromkeys("abcdef", MERGE), **pair})
    [among] = [found for found in in_class if (found.one, found.other) == ("x", "y")]
    assert 0 < among.likeness < 0.7 * alone.likeness


def test_the_last_definition_counts():
    cells = ["def f(x):\n    return 1", "%time y = 1\ndef f(x):\n    return 2", "def (", "f = 3"]
    assert answer(cells, "f") == "def f(x):\n    return 2"
    assert answer(cells, "g") == ""


def renamed(source):
    """A copy with other names for arguments and variables."""
    tree = ast.parse(source)
    bound = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.arg in bound:
            node.arg = f"my_{node.arg}"
        if isinstance(node, ast.Name) and node.id in bound:
            node.id = f"my_{node.id}"
    return ast.unparse(tree)


def long_answers():
    """Number, published solution, and the independent answer of the exercises' own tests."""
    for script, lesson in zip(scripts(), lessons(), strict=True):
        cells = [c.source for c in build(script, solutions=True).cells if c.cell_type == "code"]
        for exercise in lesson.marked:
            own = ANSWERS[exercise.check]
            solution = answer(cells, exercise.function)
            source = textwrap.dedent(inspect.getsource(own))
            sizes = [len(tokens_of(text)) for text in (solution, source)]
            if source.startswith("def ") and min(sizes) >= SHORTEST:
                yield exercise.number, solution, source


def test_copies_of_real_answers_are_found_and_independent_ones_are_not():
    every = list(long_answers())
    assert len(every) > 20
    for number, solution, own in every:
        [pair] = alike(number, {"ada": solution, "ben": renamed(solution), "cleo": own})
        assert (pair.one, pair.other) == ("ada", "ben"), number
        assert pair.likeness == 1, number


def test_the_last_value_of_an_interactive_python_is_no_name_of_python():
    code = "import sys; sys.displayhook(7)\nfrom workbench.tools.grading import similarity\n"
    code += "assert '_' in dir(__builtins__)\nprint(similarity.tokens_of('_ = 1'))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == ["7", "['v', '=', '1']"]


def test_the_published_solution_takes_part():
    number, solution, own = next(long_answers())
    chosen = lessons([number[:2]])
    handed = {"ada": renamed(solution), "ben": own}
    students = [
        Student(name, {number[:2]: Handed(None, cells=[source])}) for name, source in handed.items()
    ]
    students.append(Student("gus"))
    [pair] = similar(students, chosen)
    assert {pair.one, pair.other} == {"ada", SOLUTION}
    assert pair.exercise == number


def test_the_table_holds_no_formulas(tmp_path):
    write_similar(tmp_path / "similar.csv", [Pair("02.3", "=ada", "ben", 0.987, True)])
    with (tmp_path / "similar.csv").open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert row == {
        "exercise": "02.3",
        "one": "'=ada",
        "other": "ben",
        "likeness": "0.99",
        "to the letter": "yes",
    }
