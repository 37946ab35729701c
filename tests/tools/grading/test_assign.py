"""Student versions: no solution in them, the same bytes each time, notes that add up."""

import json
import re

import nbformat
import pytest

from workbench import cli
from workbench.course import notebooks
from workbench.errors import WorkbenchError
from workbench.tools.grading.assign import assign
from workbench.tools.grading.lessons import lessons


def test_solutions_are_cut_out(student_version):
    notebook = nbformat.read(student_version, as_version=4)
    nbformat.validate(notebook)
    text = student_version.read_text()
    assert "Solution" not in text
    assert "** 0.5 * eps" not in text
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    assert tags == ["colab", "colab", "parameters", "stub", "check", "stub", "check"]
    assert [
        cell.metadata.get("editable", True)
        for cell in notebook.cells
        if "check" in cell.metadata.get("tags", [])
    ] == [False, False]
    assert notebook.metadata["workbench"]["lesson"] == "05"


def test_no_line_of_a_solution_is_in_a_student_version(tmp_path):
    written = {path.stem: path.read_text() for path in assign([], tmp_path) if path.suffix != ".md"}
    assert len(written) == len(notebooks.scripts())
    for script in notebooks.scripts():
        parts = re.split(r"(?m)^# %%", script.read_text(encoding="utf-8"))
        for part in parts:
            if part.startswith(' tags=["solution"]'):
                body = part.split("def ", 1)[1].split("\n", 1)[1].strip()
                assert json.dumps(body)[1:-1] not in written[script.stem], body


def test_twice_gives_the_same_bytes(root, tmp_path):
    one, two = (assign(["05"], tmp_path / name, root=root) for name in "ab")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_the_notes_list_what_is_asked(root, tmp_path):
    notes = assign(["05"], tmp_path, root=root)[-1].read_text()
    assert "| 05.1 | The forward process | 5 minutes | `add_noise` | 1 |" in notes
    assert "| 05.3 | A DDIM step | 10 minutes | `ddim_step` | 2 |" in notes
    assert "| project | Your own question | an hour | open, graded by people | – |" in notes
    assert "Total points: 3." in notes
    assert "workbench 0." in notes


def test_every_stub_and_check_of_the_course_is_found():
    for lesson in lessons():
        tags = [tag for cell in lesson.notebook.cells for tag in cell.metadata.get("tags", [])]
        assert len(lesson.marked) == tags.count("check") == tags.count("stub"), lesson.name
        assert all(exercise.cell and exercise.points > 0 for exercise in lesson.marked)


def test_the_notebooks_themselves_are_not_overwritten(root):
    with pytest.raises(WorkbenchError, match="another folder"):
        assign([], root, root=root)


def test_the_command(tmp_path, capsys):
    assert cli.main(["assign", "00", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00_start_here.ipynb",
        "RELEASE_NOTES.md",
    ]
    assert cli.main(["assign", "77", "--out", str(tmp_path)]) == 2
    assert "no notebook 77; there are: 00" in capsys.readouterr().err
