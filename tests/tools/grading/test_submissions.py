"""Which lesson a notebook belongs to, by its name and by the mark of `workbench assign`."""

import nbformat
import pytest

from workbench.tools.grading.assign import assign
from workbench.tools.grading.lessons import lessons
from workbench.tools.grading.submissions import collect


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assigned")
    return nbformat.read(assign(["10"], folder)[0], as_version=4)


@pytest.fixture(scope="module")
def course():
    return lessons()


@pytest.mark.parametrize(
    ("mark", "file", "lesson"),
    [
        ({"lesson": "10", "name": "10_midigpt_inpainting"}, "mine.ipynb", "10"),
        ({"lesson": "08", "name": "08_musicldm"}, "mine.ipynb", "08"),
        ({"lesson": "09"}, "mine.ipynb", "10"),  # assigned under the numbers of version 0.1
        ({"lesson": "08"}, "08_diffusion_lm.ipynb", "11"),
        ({"lesson": "05"}, "mine.ipynb", "05"),
        ({"lesson": "09", "name": "09_midigpt_inpainting"}, "mine.ipynb", "10"),
        (None, "Ada 11 Listening-Test.ipynb", "13"),
        (None, "10_evaluation (2).ipynb", "12"),
        (None, "08_musicldm.ipynb", "08"),
        (None, "mine.ipynb", None),
    ],
)
def test_old_numbers_lead_to_the_lesson_of_that_name(
    handed_out, course, tmp_path, mark, file, lesson
):
    notebook = handed_out.copy()
    notebook.metadata = {"workbench": mark} if mark else {}
    (tmp_path / "ada").mkdir()
    nbformat.write(notebook, tmp_path / "ada" / file)
    [student] = collect(tmp_path, course)
    assert list(student.lessons) == ([lesson] if lesson else [])
