"""A class with every kind of trouble in it, graded, graded again, and compared."""

import csv
import json
import shutil

import pytest

from tests.tools.grading.conftest import NOISE, RIGHT_NOISE, RIGHT_STEP
from workbench import cli
from workbench.errors import MissingDataError
from workbench.tools.grading.classroom import compare
from workbench.tools.grading.marks import grade, slug, write_marks, write_worksheet
from workbench.tools.grading.sandbox import Limits, Sandbox

FORGERY = """
import sys, types
from workbench.course import teaching
from workbench.course.teaching import check_add_noise
class Result:
    state, passed, points, of = "correct", True, 99, 1
check_add_noise = lambda *args, **kwargs: Result()
teaching.check_add_noise = check_add_noise
for name in list(sys.modules):
    if name.startswith("workbench.course.teaching"):
        sys.modules[name].Result = Result
        sys.modules[name].verdict = lambda *args: ("correct", "")
class Equal:
    def __eq__(self, other):
        return True
def add_noise(x0, noise, alpha_bar):
    return Equal()
"""
LIMITS = Limits(seconds=20, memory_mb=1000)


@pytest.fixture(scope="module")
def folder(hand_in, tmp_path_factory):
    """Submissions; see what each has in `test_each_gets_what_they_earned`."""
    folder = tmp_path_factory.mktemp("submissions")
    hand_in(folder / "ada" / "05_small.ipynb", RIGHT_NOISE, RIGHT_STEP)
    hand_in(
        folder / "ben" / "renamed.ipynb",
        NOISE.format("alpha_bar * x0 + (1 - alpha_bar) * noise"),
        "import os\ndef ddim_step(x, eps, now, then):\n    os._exit(0)",
    )
    hand_in(
        folder / "cleo_7_assignsubmission_file_" / "05_small.ipynb",
        RIGHT_NOISE.replace("add_noise", "add_nose"),
        "def ddim_step(x, eps, now, then)\n    return 1",
        lead="1 / 0",
    )
    hand_in(
        folder / "dan_05_small.ipynb",
        "import sys\nsys.exit()\n" + RIGHT_NOISE,
        RIGHT_STEP,
        lead="!rm -rf ~\nraise SystemExit\nwhile True: pass",
    )
    hand_in(folder / "eve" / "05_small.ipynb", FORGERY)
    hand_in(folder / "fay" / "05_small.ipynb", RIGHT_NOISE, changed=5)
    hand_in(folder / "fay" / "old" / "05_small_v1.ipynb", NOISE.format("0"), changed=1)
    (folder / "gus").mkdir()
    (folder / "gus" / "05_small.ipynb").write_text("{[not a notebook")
    (folder / "hal").mkdir()
    (folder / "hal" / "Untitled.ipynb").write_text(json.dumps({"cells": [], "metadata": {}}))
    (folder / "=ivy").mkdir()
    (folder / "=ivy" / "essay.pdf").write_bytes(b"%PDF")
    hand_in(
        folder / "joe" / "05_small.ipynb",
        "from workbench.files import cache_dir\n" + RIGHT_NOISE + "    cache_dir",
    )
    (folder / "kim").symlink_to(folder / "ada")
    (folder / "__MACOSX").mkdir()
    return folder


@pytest.fixture(scope="module")
def marks(folder, root, tmp_path_factory):
    out = tmp_path_factory.mktemp("marks")
    grade(folder, out, seed=1, limits=LIMITS, root=root)
    return out


@pytest.fixture(scope="module")
def rows(marks):
    with (marks / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("student", "points", "state", "notes"),
    [
        ("ada", ["1", "2", "3"], "graded", ""),
        ("ben", ["0", "0", "0"], "graded", "05.3 stopped: its process ended before it answered"),
        ("cleo", ["0", "0", "0"], "graded", "its cell defines add_nose: was it renamed?"),
        ("dan", ["1", "2", "3"], "graded", ""),
        ("eve", ["0", "0", "0"], "graded", ""),
        ("fay", ["1", "0", "1"], "graded", "05_small.ipynb, the last changed, counts"),
        ("gus", ["0", "0", "0"], "cannot be read", ""),
        ("hal", ["0", "0", "0"], "not handed in", "the lesson cannot be identified"),
        ("'=ivy", ["0", "0", "0"], "not handed in", "no notebook in =ivy"),
        ("joe", ["1", "0", "1"], "graded", "05.1 imports workbench.files"),
    ],
)
def test_each_gets_what_they_earned(rows, student, points, state, notes):
    row = rows[student]
    assert [row["05.1"], row["05.3"], row["points"]] == points
    assert row["of"] == "3"
    assert state in row["state"]
    assert notes in row["notes"]
    if not notes:
        assert row["notes"] == ""


def test_links_are_not_followed(rows):
    assert len(rows) == 10
    assert "kim" not in rows


def states(marks, student):
    record = json.loads((marks / "results" / f"{student}-05.json").read_text())
    return {entry["number"]: (entry["state"], entry["message"]) for entry in record["exercises"]}


def test_what_went_wrong_is_kept(marks):
    assert states(marks, "ben")["05.1"] == (
        "not yet",
        "the square roots are missing: variances add, not amplitudes",
    )
    assert states(marks, "cleo")["05.3"][0] == "missing"
    assert "not Python: SyntaxError" in states(marks, "cleo")["05.3"][1]
    assert states(marks, "eve")["05.1"] == ("not yet", "it returns Equal, not numbers")
    assert states(marks, "fay")["05.3"] == ("not attempted", "")


def test_feedback_names_mistakes_and_hints_but_no_answers(marks):
    page = (marks / "feedback" / "ben.html").read_text()
    assert "roots are missing" in page
    assert "Hint 1 of 2" in page
    assert "0 of 3 points" in page
    assert "alpha_bar**0.5" not in page
    assert "http" not in page
    assert len(list((marks / "feedback").iterdir())) == 10


def test_a_second_run_grades_only_what_changed(folder, root, marks, hand_in, capsys):
    before = {path: path.stat().st_mtime_ns for path in (marks / "results").iterdir()}
    text = (marks / "marks.csv").read_bytes()
    grade(folder, marks, limits=LIMITS, root=root)
    assert {path: path.stat().st_mtime_ns for path in (marks / "results").iterdir()} == before
    assert (marks / "marks.csv").read_bytes() == text
    hand_in(folder / "joe" / "05_small.ipynb", RIGHT_NOISE, RIGHT_STEP)
    (marks / "results" / "ada-05.json").write_text("{cut off")
    grade(folder, marks, limits=LIMITS, root=root)
    changed = {path.name for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert changed == {"joe-05.json", "ada-05.json"}
    assert "joe 05: 3 of 3, graded" in capsys.readouterr().out


def test_the_class_on_one_page(marks, chromium):
    path = compare(marks)
    page = chromium.new_context(offline=True).new_page()
    page.goto(path.as_uri())
    assert page.locator("h1").inner_text() == "10 students"
    row = page.locator("#class tbody tr", has_text="ben")
    assert "0 of 3" in row.inner_text()
    mistakes = page.locator("table", has_text="Most frequent mistakes")
    assert "roots are missing" in mistakes.inner_text()
    page.get_by_label("Show students or mistakes with").fill("roots")
    assert page.locator("#class tbody tr:visible").count() == 1
    assert page.locator("#shown").inner_text() == "1 of 10 students"
    page.locator("#class a", has_text="ben").click()
    assert page.locator("h1").inner_text() == "Feedback for ben"
    page.locator("summary", has_text="Hint 1 of 2").click()
    page.close()


def some_of(folder, target, *names):
    for name in names:
        shutil.copytree(folder / name, target / name)
    return target


@pytest.mark.usefixtures("readable_python")
def test_the_watched_way_gives_the_same_marks(folder, root, tmp_path, rows):
    part = some_of(folder, tmp_path / "in", "ada", "ben", "eve")
    out = tmp_path / "out"
    grade(part, out, seed=1, limits=LIMITS, root=root, weak="asked for by the test")
    with (out / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        again = {row["student"]: row["points"] for row in csv.DictReader(file)}
    assert again == {name: rows[name]["points"] for name in ("ada", "ben", "eve")}
    assert "weak" in json.loads((out / "grading.json").read_text())["isolation"]


def test_time_of_a_notebook_is_shared_by_its_exercises(hand_in, root, tmp_path):
    slow = "    while True: pass\n"
    hand_in(
        tmp_path / "in" / "lea" / "05_small.ipynb",
        "def add_noise(x0, noise, alpha_bar):\n" + slow,
        "def ddim_step(x, eps, now, then):\n" + slow,
    )
    [record] = grade(
        tmp_path / "in", tmp_path / "out", limits=Limits(1), notebook_seconds=1.5, root=root
    )
    first, second = (entry["message"] for entry in record["exercises"])
    assert first == "it ran longer than 1 s"
    assert second.startswith("it ran longer than 0.")


def test_one_that_breaks_the_grader_does_not_stop_it(folder, root, tmp_path, monkeypatch):
    ask = Sandbox.ask

    def breaks(self, question):
        if "add_nose" in "".join(question.cells):
            raise RuntimeError("a fault of the grader's own")
        return ask(self, question)

    monkeypatch.setattr(Sandbox, "ask", breaks)
    part = some_of(folder, tmp_path / "in", "ada", "cleo_7_assignsubmission_file_")
    records = grade(part, tmp_path / "out", seed=1, limits=LIMITS, root=root)
    found = {record["student"]: record for record in records}
    assert "could not be graded: RuntimeError" in found["cleo"]["state"]
    assert found["ada"]["points"] == 3


def test_folders_without_submissions(tmp_path, root):
    with pytest.raises(MissingDataError, match="no such folder"):
        grade(tmp_path / "none", tmp_path / "out", root=root)
    (tmp_path / "in").mkdir()
    with pytest.raises(MissingDataError, match="one folder per student"):
        grade(tmp_path / "in", tmp_path / "out", root=root)
    (tmp_path / "in" / "ada").mkdir()
    with pytest.raises(MissingDataError, match="no notebook in ada"):
        grade(tmp_path / "in", tmp_path / "out", root=root)
    with pytest.raises(MissingDataError, match="run: workbench grade"):
        compare(tmp_path)


def test_the_commands(tmp_path, capsys):
    assert cli.main(["assign", "00", "--out", str(tmp_path / "in" / "ada")]) == 0
    arguments = ["grade", str(tmp_path / "in"), "00", "--out", str(tmp_path / "out"), "--seed", "3"]
    assert cli.main(arguments) == 0
    assert "ada 00: 0 of" in capsys.readouterr().out
    assert cli.main(["report", "--submissions", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "class.html").exists()
    elsewhere = tmp_path / "class"
    command = ["report", "--submissions", str(tmp_path / "out"), "--out", str(elsewhere)]
    assert cli.main(command) == 0
    assert (elsewhere / "class.html").exists()
    assert (elsewhere / "feedback" / "ada.html").exists()


def test_two_names_never_share_a_file():
    assert slug("Ada Lovelace") != slug("Ada-Lovelace") == "Ada-Lovelace"
    assert slug("../../etc") not in ("..", "etc")
    assert "/" not in slug("a/b")


def test_formulas_are_text(tmp_path):
    record = {
        "student": "=cmd()",
        "lesson": "05",
        "state": "graded",
        "notes": ["+1"],
        "points": 0,
        "of": 0,
        "exercises": [],
    }
    write_marks(tmp_path / "m.csv", [record])
    assert "'=cmd(),0,0,graded,'+1" in (tmp_path / "m.csv").read_text(encoding="utf-8-sig")


def test_moodle_gets_the_sum_of_a_students_points(tmp_path):
    records = [
        {"student": "Ada L", "points": 2.0, "of": 3.0},
        {"student": "Ada L", "points": 1.5, "of": 4.0},
        {"student": "ben", "points": 1.0, "of": 3.0},
    ]
    write_worksheet(tmp_path / "moodle.csv", records, {"Ada L": "17"})
    with (tmp_path / "moodle.csv").open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["Identifier"], row["Full name"]) == ("Participant 17", "Ada L")
    assert (row["Grade"], row["Maximum grade"]) == ("3.5", "7")


def test_only_students_whom_moodle_numbered_are_in_its_worksheet(marks):
    with (marks / "moodle.csv").open(encoding="utf-8", newline="") as file:
        assert [row["Identifier"] for row in csv.DictReader(file)] == ["Participant 7"]
    assert not (marks / "similar.csv").exists()
