"""Predictions in notebooks that are handed in: what is read, and the spread on the class page."""

import json

import nbformat
import pytest

from tests.tools.grading.conftest import RIGHT_NOISE, SCRIPT
from workbench.course.question import MIME
from workbench.tools.grading.assign import assign
from workbench.tools.grading.classroom import compare
from workbench.tools.grading.marks import grade
from workbench.tools.grading.sandbox import Limits

ASKS = """# %% [markdown]
# *Predict:* how much <noise>?

# %%
predict("05.1", ["little", "much"])

"""
CHOICES = ["little", "much"]


def answer(choice, confidence, right=1, **other):
    return {
        "number": "05.1",
        "choices": CHOICES,
        "choice": choice,
        "confidence": confidence,
        "right": right,
        **other,
    }


@pytest.fixture
def asking(tmp_path):
    """The small lesson with one exercise and one prediction."""
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    text = SCRIPT.partition("# %% [markdown]\n# Read on.")[0]
    opening, stub = text.split("# %% [markdown]\n# ## Exercise 1", 1)
    text = f"{opening}{ASKS}# %% [markdown]\n# ## Exercise 1{stub}"
    (root / "src" / "05_small.py").write_text(text, encoding="utf-8")
    return root


def hand_in(path, notebook, *about):
    """A solved notebook whose outputs hold such predictions."""
    made = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in made.cells:
        if "stub" in cell.metadata.get("tags", []):
            cell.source = RIGHT_NOISE
        if "predict(" in cell.source:
            cell.outputs = [
                nbformat.v4.new_output("display_data", {MIME: one, "text/plain": ""})
                for one in about
            ]
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(made), encoding="utf-8")


def test_the_spread_of_a_class(asking, tmp_path, chromium):
    notebook = nbformat.read(assign([], tmp_path / "student", root=asking)[0], as_version=4)
    folder, out = tmp_path / "in", tmp_path / "out"
    hand_in(folder / "ada" / "05_small.ipynb", notebook, answer(0, 50, -1), answer(1, 95))
    hand_in(folder / "ben" / "05_small.ipynb", notebook, answer(0, 65))
    hand_in(folder / "cleo" / "05_small.ipynb", notebook, answer(0, 95, right=-1))
    hand_in(folder / "dan" / "05_small.ipynb", notebook)
    hand_in(  # all of them invalid, or of another question
        folder / "eve" / "05_small.ipynb",
        notebook,
        answer(2, 50),
        answer(0, 101),
        answer(0, "50"),
        answer(True, 50),
        answer(0, 50, right=7),
        answer(0, 50, choices=["<script>", "b"]),
        answer(0, 50, choices=3),
        answer(0, 50, number=["05.1"]),
        "text",
    )
    records = grade(folder, out, root=asking, limits=Limits(20, 1000), jobs=2)
    assert all(record["points"] == 1 for record in records)
    kept = {record["student"]: record["predictions"] for record in records}
    assert {name: len(entries) for name, entries in kept.items()} == {
        "ada": 1,
        "ben": 1,
        "cleo": 1,
        "dan": 0,
        "eve": 0,
    }
    assert kept["ada"][0]["choice"] == 1, "the last output counts"
    assert kept["ada"][0]["question"] == "how much <noise>?"
    page = chromium.new_context(offline=True).new_page()
    page.goto(compare(out).as_uri())
    table = page.get_by_role("table", name="05.1 how much <noise>? (1 of 2 correct)")
    little, much = table.locator("tbody tr").all()
    assert little.inner_text().split() == ["little", "2", "67%", "80", "%"]
    assert much.inner_text().split() == ["much", "1", "33%", "95", "%", "2"]
    page.context.close()


def test_a_changed_prediction_is_graded_again(asking, tmp_path):
    notebook = nbformat.read(assign([], tmp_path / "student", root=asking)[0], as_version=4)
    folder, out = tmp_path / "in", tmp_path / "out"
    hand_in(folder / "ada" / "05_small.ipynb", notebook, answer(0, 50))
    [before] = grade(folder, out, root=asking, limits=Limits(20, 1000))
    (folder / "ada" / "05_small.ipynb").unlink()
    (folder / "ada").rmdir()
    hand_in(folder / "ada" / "05_small.ipynb", notebook, answer(1, 50))
    [after] = grade(folder, out, root=asking, limits=Limits(20, 1000))
    assert [one["predictions"][0]["choice"] for one in (before, after)] == [0, 1]
