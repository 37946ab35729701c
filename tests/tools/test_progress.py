"""`workbench progress`: counts, the next exercise, and the page."""

import html
import json

import pytest

from workbench import cli
from workbench.course.outline import Asked, Outline
from workbench.course.quizzes import items
from workbench.course.record import Answered, Attempt, Predicted, Record
from workbench.tools.progress import body_of, next_step, rows_of, text_of

LESSONS = [
    Outline("01", "First", "01_first.ipynb", {"01.1": "A", "01.2": "B"}, ()),
    Outline(
        "02",
        "Second",
        "02_second.ipynb",
        {"02.1": "<C>"},
        (Asked("02.1", "how many?", ("few", "many")), Asked("02.2", "why?", ("a", "b"))),
    ),
]
RECORD = Record(
    {"01.1": Attempt(True, 2, 1), "02.1": Attempt(False, 3, 2), "99.1": Attempt(True, 0, 0)},
    {"02.1": Predicted(["few", "many"], 1, 80, 1), "02.2": Predicted(["a", "b"], 0, 95)},
    {"01.1": Answered(True, 0), "01.2": Answered(True, 2), "01.3": Answered(False, 1)},
)
QUIZ = {number: len(items(number)) for number in ("01", "02")}


def test_rows_count_what_the_lessons_have():
    assert rows_of(LESSONS, RECORD) == [
        ["01 First", "1 of 2", "1", "–", "–", f"2 of {QUIZ['01']}", "1 of 2"],
        ["02 Second", "0 of 1", "2", "2 of 2", "1 of 1", f"0 of {QUIZ['02']}", "–"],
        ["all lessons", "1 of 3", "3", "2 of 2", "1 of 1", f"2 of {sum(QUIZ.values())}", "1 of 2"],
    ]
    none = ["all lessons", "0 of 3", "–", "0 of 2", "–", f"0 of {sum(QUIZ.values())}", "–"]
    assert rows_of(LESSONS, Record())[-1] == none


def test_what_was_tried_comes_first_then_the_first_unsolved():
    assert next_step(LESSONS, RECORD) == (
        "Next: exercise 02.1, <C>, which you have tried 3 times, in 02_second.ipynb."
    )
    assert "01.1, A, in 01_first" in next_step(LESSONS, Record())
    done = Record({n: Attempt(True) for n in ("01.1", "01.2", "02.1")})
    assert "All exercises are solved" in next_step(LESSONS, done)


def test_the_text_and_the_page_hold_the_same(tmp_path):
    text, body = text_of(LESSONS, RECORD), body_of(LESSONS, RECORD)
    assert "1 of 1 predictions correct" in text
    assert "1 of 1 predictions correct" in body
    assert "02.1 &lt;C&gt;" in body
    assert "<td>80 %</td><td>many</td>" in body
    assert "wb-calibration" in body
    first, _, third = items("01")[:3]
    assert html.escape(first.choices[first.right].text) in body
    assert html.escape(third.ask) in body
    assert html.escape(third.choices[third.right].text) not in body  # not solved yet
    assert "Quizzes" not in body_of(LESSONS, Record())
    assert "has been decided" in text_of(LESSONS, Record())


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WORKBENCH_RECORD", str(tmp_path / "record.json"))
    out = tmp_path / "progress.html"
    for _ in range(2):  # the second page replaces the first one
        assert cli.main(["progress", "--out", str(out)]) == 0
    assert "Next: exercise 00.1" in capsys.readouterr().out
    assert "<h1>Your progress</h1>" in out.read_text(encoding="utf-8")
    (tmp_path / "record.json").write_text("{}")
    assert cli.main(["progress"]) == 2
    assert "record.json: is not a record" in capsys.readouterr().err


def test_the_page_in_a_browser(tmp_path, monkeypatch, chromium):
    monkeypatch.setenv("WORKBENCH_RECORD", str(tmp_path / "record.json"))
    about = {"choices": ["a", "b"], "choice": 0, "confidence": 65, "right": 1}
    record = {"exercises": {"01.1": {"solved": True, "tries": 1, "hints": 1}}}
    (tmp_path / "record.json").write_text(json.dumps({**record, "predictions": {"04.1": about}}))
    assert cli.main(["progress", "--out", str(tmp_path / "p.html")]) == 0
    page = chromium.new_context(offline=True).new_page()
    page.goto((tmp_path / "p.html").as_uri())
    assert page.get_by_role("row", name="01 Exploring the data").count() == 1
    assert "1 of 4" in page.get_by_role("row", name="01 Exploring the data").inner_text()
    assert page.get_by_role("img", name="Calibration: 65% sure, 0% correct").is_visible()
    page.context.close()


@pytest.mark.parametrize("name", ["", "no/such/folder/x.html"])
def test_a_page_that_cannot_be_written_is_one_line(name, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WORKBENCH_RECORD", str(tmp_path / "record.json"))
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / name if name else tmp_path
    assert cli.main(["progress", "--out", str(target)]) == 2
    assert capsys.readouterr().err.startswith("workbench: ")
