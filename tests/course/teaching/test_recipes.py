"""The recipes of workbench/course/teaching/README.md: each block of code is run as it stands."""

import ast
import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.course.teaching.core import exercise
from workbench.course.teaching.judging import Task

TEXT = (Path(__file__).parents[3] / "workbench/course/teaching/README.md").read_text("utf-8")
RIGHT = """
def add_noise(x0, noise, alpha_bar):
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * noise

def ddim_step(x, eps, now, then):
    return add_noise((x - (1 - now) ** 0.5 * eps) / now**0.5, eps, then)
"""
WRONG = """
def ddim_step(x, eps, now, then):
    return (x - (1 - now) ** 0.5 * eps) / now**0.5
"""


def blocks(section: str) -> list[str]:
    part = re.search(rf"(?ms)^## {section}\n(.*?)(?=^## |\Z)", TEXT)
    assert part
    return re.findall(r"(?s)```python\n(.*?)```", part[1])


def test_the_example_of_an_exercise_works():
    [block] = blocks("Write an exercise")
    names = {"exercise": exercise, "Task": Task}
    code = block.replace("05.1", "97.1")  # the number is taken
    from workbench.course.teaching.core import EXERCISES

    try:
        exec("from __future__ import annotations\nimport numpy as np\n" + code, names)
        check = names["check_add_noise"]
        assert check(lambda x, e, a: a**0.5 * x + (1 - a) ** 0.5 * e).passed
        assert "roots are missing" in check(lambda x, e, a: a * x + (1 - a) * e).message
    finally:
        EXERCISES.pop("97.1", None)


@pytest.mark.parametrize(("extra", "passed", "failed"), [("", 2, 0), (WRONG, 1, 1)])
def test_pytest(tmp_path, extra, passed, failed):
    [block] = blocks("pytest")
    (tmp_path / "test_homework.py").write_text(block)
    (tmp_path / "homework.py").write_text(RIGHT + extra)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_homework.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert f"{passed} passed" in done.stdout
    assert (f"{failed} failed" in done.stdout) == bool(failed)
    assert ("that is the prediction of x₀" in done.stdout) == bool(failed)


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """The nbgrader cells and the trap, run in a real kernel: with right answers, then a wrong."""
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("papermill")
    from workbench.tools.report.runner import run_notebook

    whole, partial = blocks("nbgrader")
    trap = "check_ddim_step(ddim_step)"
    sources = [RIGHT, whole, partial, WRONG, whole, partial, trap]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    for cell in notebook.cells:
        cell.metadata["tags"] = ["raises-exception"]
    folder = tmp_path_factory.mktemp("cells")
    nbformat.write(notebook, folder / "cells.ipynb")
    run_notebook(folder / "cells.ipynb", folder / "run.ipynb", {}, timeout=280, threads=1)
    notebook = nbformat.read(folder / "run.ipynb", as_version=4)
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def test_nbgrader_cells(cells):
    """nbgrader's rule: an error is 0, a number that many points, anything else all of them."""
    _, whole, partial, _, whole_wrong, partial_wrong, _ = cells
    assert whole == []
    assert float(partial[0]["data"]["text/plain"]) == 3
    assert whole_wrong[0]["output_type"] == "error"
    assert "that is the prediction of x₀" in whole_wrong[0]["evalue"]
    assert float(partial_wrong[0]["data"]["text/plain"]) == 1


def test_nbgrader_itself(cells):
    utils = pytest.importorskip("nbgrader.utils", reason="nbgrader is not installed")
    import nbformat

    def points(outputs, most):
        about = {"grade": True, "solution": False, "locked": True, "points": most, "grade_id": "x"}
        cell = nbformat.v4.new_code_cell("", metadata={"nbgrader": about}, outputs=outputs)
        return utils.determine_grade(cell)

    _, whole, partial, _, whole_wrong, partial_wrong, trap = cells
    assert points(whole, 2) == (2, 2)
    assert points(partial, 3) == (3, 3)
    assert points(whole_wrong, 2) == (0, 2)
    assert points(partial_wrong, 3) == (1, 3)
    assert points(trap, 2) == (2, 2)  # a wrong answer with full marks: what the recipe warns of


def environment(source: str) -> dict:
    names: dict = {}
    exec(source, names)
    return names


@pytest.mark.parametrize(("source", "passed"), [(RIGHT, True), (RIGHT + WRONG, False)])
def test_otter_itself(tmp_path, source, passed):
    files = pytest.importorskip("otter.test_files", reason="otter-grader is not installed")
    by_exception, ok = blocks("Otter")
    for name, block, kind in (
        ("q1", by_exception, files.ExceptionTestFile),
        ("q2", ok, files.OKTestFile),
    ):
        (tmp_path / f"{name}.py").write_text(block)
        test = kind.from_file(str(tmp_path / f"{name}.py"))
        test.run(environment(source))
        assert test.passed_all == passed
        assert test.grade == (1 if passed else 0)
        assert test.possible == 2
        if not passed:
            assert "that is the prediction of x₀" in test.summary()


@pytest.mark.parametrize(("source", "failed"), [(RIGHT, 0), (RIGHT + WRONG, 1)])
def test_the_ok_format_is_a_doctest(source, failed):
    test = environment(blocks("Otter")[1])["test"]
    [case] = test["suites"][0]["cases"]
    example = doctest.DocTestParser().get_doctest(case["code"], environment(source), "q", None, 0)
    said: list[str] = []
    assert doctest.DocTestRunner().run(example, out=said.append).failed == failed
    assert ("that is the prediction of x₀" in "".join(said)) == bool(failed)


def test_all_blocks_are_python():
    for block in re.findall(r"(?s)```python\n(.*?)```", TEXT):
        ast.parse(block)
