"""The quizzes of the lessons: complete, explained, and answered in the widget."""

import re

import pytest

from workbench import quiz
from workbench.course import quiz_cell, record
from workbench.course.notebooks import CHECKOUT
from workbench.course.outline import outlines
from workbench.course.quizzes import Choice, Item, items, lessons, lines, page
from workbench.course.widgets import QuizBox
from workbench.errors import PromptError

LESSONS = [outline.number for outline in outlines(CHECKOUT)]
EVERY = [item for lesson in lessons() for item in items(lesson)]


def test_every_lesson_has_a_quiz_and_ends_with_it():
    assert lessons() == LESSONS
    for script in (CHECKOUT / "src").glob("[0-9][0-9]_*.py"):
        text = script.read_text(encoding="utf-8")
        assert re.findall(r"(?m)^quiz\((.*)\)$", text) == [f'"{script.name[:2]}"'], script.name
        assert text.index("\nquiz(") > text.index("## You can now"), script.name


@pytest.mark.parametrize("lesson", LESSONS)
def test_five_questions_or_more_each_with_one_right_choice_and_reasons(lesson):
    asked = items(lesson)
    assert len(asked) >= 5
    for item in asked:
        assert 3 <= len(item.choices) <= 5, item.number
        assert sum(choice.right for choice in item.choices) == 1, item.number
        assert item.choices[item.right].right
        texts = {choice.text.casefold() for choice in item.choices}
        assert len(texts) == len(item.choices), item.number
        for choice in item.choices:
            assert len(choice.why.split()) >= 4, f"{item.number}: {choice.text}"
            assert choice.why[-1] in ".!?", f"{item.number}: {choice.text}"


def test_neither_place_nor_length_gives_the_right_choice_away():
    places = [item.right for item in EVERY]
    assert max(map(places.count, set(places))) < len(EVERY) / 2
    assert min(places.count(place) for place in range(4)) > 0.15 * len(EVERY)
    ranks = []  # of the right choice by length, 0 for the longest
    for item in EVERY:
        lengths = sorted((len(choice.text) for choice in item.choices), reverse=True)
        right = len(item.choices[item.right].text)
        ranks.append(lengths.index(right))
        wrong = [len(choice.text) for choice in item.choices if not choice.right]
        assert right <= 1.4 * max(wrong), item.number
    assert max(map(ranks.count, range(4))) < 0.42 * len(EVERY)


def test_computed_answers_are_those_of_their_formulas():
    """Those of the questions that ask for a number."""
    computed = {
        "00.3": f"{8 * 4 * 60 / 96:.0f} seconds",
        "01.4": f"{0.6 / 0.4:.1f}",
        "01.5": f"{0.2 * 60_000 / 120 / 4:.0f} ms early",
        "03.1": str(64 - 1),
        "04.3": f"{0.3 / 2:.2f}",
        "04.4": f"{2 * 0.8 * 1 / (0.8 + 1):.2f}",
        "05.2": f"{0.36**0.5:.1f}",
        "08.3": f"{0.5**2 + 0.5**2:.1f}",
        "13.3": f"in {100 * (1 - 0.95**18):.0f} % of such studies",
    }
    right = {item.number: item.choices[item.right].text for item in EVERY}
    assert {number: right[number] for number in computed} == computed


def test_no_two_questions_are_the_same():
    assert len({item.ask for item in EVERY}) == len(EVERY)


@pytest.mark.parametrize("lesson", ["99", "005", 99, None, "../05"])
def test_a_lesson_without_a_quiz_is_named(lesson):
    with pytest.raises(PromptError, match=f"lesson={lesson!r}.*00, 01"):
        quiz(lesson)


@pytest.mark.parametrize("lesson", ["5", 5])
def test_a_number_needs_no_zero(lesson):
    assert quiz(lesson).lesson == "05"
    assert quiz(lesson).items == items("05")


def test_nobody_there_the_page_folds_its_answers(capsys):
    shown = quiz("05")
    assert shown.widget is None
    shown._ipython_display_()
    assert "1. What does the network" in capsys.readouterr().out
    html = shown._repr_mimebundle_()["text/html"]
    assert "<input" not in html
    assert html.count("<details>") == html.count("<strong>Right.</strong>") == len(shown.items)
    assert [line for line in lines(shown.items) if "a) " in line]


def test_texts_cannot_become_markup():
    item = Item("05.1", "<b>?", (Choice("<i>", "1 < 2.", True),))
    assert "&lt;b&gt;?" in page([item])
    assert "<i>" not in page([item])


@pytest.fixture
def box():
    return QuizBox("05", items("05"))


def test_a_wrong_answer_is_explained_and_can_be_changed(box):
    item = box.items[0]
    right = item.right
    wrong = (right + 1) % len(item.choices)
    box._received(box, {"do": "answer", "question": 0, "choice": wrong}, None)
    assert box.answers[0] == [[wrong, False, item.choices[wrong].why]]
    assert box.say == f"Question 1: not right. {item.choices[wrong].why}"
    box._received(box, {"do": "answer", "question": 0, "choice": wrong}, None)
    assert len(box.answers[0]) == 1, "the same answer again"
    box._received(box, {"do": "answer", "question": 0, "choice": right}, None)
    assert [row[:2] for row in box.answers[0]] == [[wrong, False], [right, True]]
    assert box.say.startswith("Question 1: right.")
    assert not any(box.answers[1:])


def test_the_end_counts_first_answers(box):
    for number, item in enumerate(box.items):
        assert "All solved" not in box.say
        if number == 1:
            box.on_answer({"question": 1, "choice": (item.right + 1) % len(item.choices)})
        box.on_answer({"question": number, "choice": item.right})
    total = len(box.items)
    assert box.say.endswith(f"All solved: {total - 1} of {total} at the first answer.")


def test_answers_are_kept_until_a_question_is_solved(box, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_RECORD", str(tmp_path / "record.json"))
    item = box.items[0]
    wrong = (item.right + 1) % len(item.choices)
    box.on_answer({"question": 0, "choice": wrong})
    assert not (tmp_path / "record.json").exists(), "nobody is there"
    monkeypatch.setattr(record, "attended", lambda: True)
    again = QuizBox("05", items("05"))
    for place in (wrong, wrong, item.right, wrong):
        again.on_answer({"question": 0, "choice": place})
    assert record.read_record().questions == {"05.1": record.Answered(solved=True, wrong=1)}
    again = QuizBox("05", items("05"))  # the cell was run again
    again.on_answer({"question": 0, "choice": wrong})
    assert record.read_record().questions["05.1"].wrong == 1


def test_a_record_of_before_has_no_questions(tmp_path):
    old = tmp_path / "record.json"
    old.write_text('{"exercises": {}, "predictions": {}}', encoding="utf-8")
    assert record.read_record(old).questions == {}


@pytest.mark.parametrize(
    "message", [{}, {"question": 99, "choice": 0}, {"question": "0", "choice": 0}, {"question": -1}]
)
def test_messages_about_no_question_change_nothing(box, message):
    box._received(box, {"do": "answer", **message}, None)
    assert not any(box.answers)
    assert box.error is None


@pytest.mark.parametrize("choice", [None, -1, 9, "0"])
def test_no_choice_asks_for_one(box, choice):
    box.on_answer({"question": 0, "choice": choice})
    assert box.say == "Choose an answer first."
    assert not any(box.answers)


def test_the_page_learns_no_answer_before_it_is_given(box):
    state = repr({name: getattr(box, name) for name in ("questions", "answers")})
    assert box.items[0].ask in state
    assert box.items[0].choices[0].why not in state


def test_somebody_there_the_widget_and_its_static_copy(monkeypatch):
    monkeypatch.setattr(quiz_cell, "attended", lambda: True)
    shown = quiz("05")
    assert isinstance(shown.widget, QuizBox)
    still = shown.widget._still()
    assert "wb-fallback" in still["text/html"]
    assert "<details>" in still["text/html"]
