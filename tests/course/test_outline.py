"""What the lessons ask: exercises and predictions, read from notebooks and from scripts."""

import re

import pytest

from workbench.course import notebooks, teaching
from workbench.course.outline import Asked, outlines, predictions_of
from workbench.tools.grading.lessons import lessons

SCRIPTS = notebooks.scripts()


def test_a_prediction_has_its_question_and_choices():
    cells = [
        ("markdown", "## 1 · A\n\n*Predict:* how\nmany?\n\nMore text.\n\n*Predict:* and\nwhy?"),
        ("code", "%matplotlib inline\npredict('broken', )"),
        ("code", "x = 1\npredict('05.1', [2, 5], unit='steps')"),
        ("markdown", "Nothing is asked here."),
        (
            "code",
            "predict('05.2', ['a', 'b'])\nreveal('05.2', 'a')\nother.predict('05.3', ['a', 'b'])",
        ),
    ]
    assert list(predictions_of(cells)) == [
        Asked("05.1", "and why?", ("fewer than 2 steps", "2 to 4 steps", "5 steps or more")),
        Asked("05.2", "and why?", ("a", "b")),
    ]


def test_notebooks_and_scripts_ask_the_same():
    of_notebooks = outlines()
    assert [one.file for one in of_notebooks] == [f"{script.stem}.ipynb" for script in SCRIPTS]
    for outline, lesson in zip(of_notebooks, lessons(), strict=True):
        assert outline.predictions == lesson.predictions
        assert list(outline.exercises) == [one.number for one in lesson.marked]
        assert outline.title in lesson.title
    numbers = [n for outline in of_notebooks for n in outline.exercises]
    assert numbers == list(teaching.exercises())


@pytest.mark.parametrize("outline", outlines(), ids=lambda outline: outline.number)
def test_predictions_are_numbered_and_each_is_revealed_later(outline):
    text = (notebooks.ROOT / "src" / outline.file.replace(".ipynb", ".py")).read_text("utf-8")
    asked = [one.number for one in outline.predictions]
    assert asked == [f"{outline.number}.{i + 1}" for i in range(len(asked))]
    assert len(asked) == len(re.findall(r"(?m)^predict\(", text)), "literal choices only"
    for one in outline.predictions:
        assert one.question
        place = text.index(f'predict("{one.number}"')
        assert text.count(f'reveal("{one.number}"') == 1
        assert text.index(f'reveal("{one.number}"') > place
