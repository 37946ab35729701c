"""`workbench quiz`: sheets to print, and GIFT that says what the quizzes say."""

import re

import pytest

from workbench.cli import main
from workbench.course.quizzes import items, lessons
from workbench.errors import PromptError
from workbench.tools.quiz_sheets import sheets


def read_gift(text):
    """Questions of GIFT by number, with (sign, choice, reply); written from the format's
    documentation."""
    found = {}
    for name, ask, body in re.findall(r"::(.+?):: (.+?) (?<!\\)\{\n(.*?)\n\}", text, re.S):
        choices = []
        for row in body.splitlines():
            sign, rest = row.strip()[0], row.strip()[1:]
            choice, reply = re.split(r"(?<!\\)#", rest)
            choices.append((sign, plain(choice).strip(), plain(reply)))
        found[name] = (plain(ask), choices)
    return found


def plain(text):
    return re.sub(r"\\([\\~=#{}:])", r"\1", text)


@pytest.mark.parametrize("lesson", lessons())
def test_gift_says_what_the_quiz_says(lesson):
    text = sheets([lesson], gift=True)
    assert text.startswith(f"$CATEGORY: music-workbench/{lesson} ")
    found = read_gift(text)
    asked = items(lesson)
    assert list(found) == [item.number for item in asked]
    for item in asked:
        ask, choices = found[item.number]
        assert ask == item.ask
        assert choices == [("=" if c.right else "~", c.text, c.why) for c in item.choices]


def test_a_sheet_has_answers_only_if_they_are_wanted():
    [first, *_] = asked = items("05")
    without, with_answers = sheets(["05"]), sheets(["05"], answers=True)
    assert without.startswith("05 Latent diffusion\n\n1. ")
    assert with_answers.startswith(without.rstrip("\n"))
    reasons = [choice.why for item in asked for choice in item.choices]
    assert not [why for why in reasons if why in without]
    assert not [why for why in reasons if why not in with_answers]
    right = first.choices[first.right]
    assert f"1{'abcd'[first.right]} right: {right.why}" in with_answers


def test_without_numbers_all_lessons_come():
    heads = re.findall(r"(?m)^(\d\d) ", sheets())
    assert heads == lessons()


def test_a_lesson_without_a_quiz_is_named():
    with pytest.raises(PromptError, match=r"'77'.*00, 01"):
        sheets(["05", "77"])


def test_the_command_prints_or_writes(tmp_path, capsys):
    assert main(["quiz", "05"]) == 0
    assert capsys.readouterr().out == sheets(["05"])
    out = tmp_path / "quiz.gift"
    assert main(["quiz", "05", "06", "--gift", "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == sheets(["05", "06"], gift=True)
    capsys.readouterr()
    assert main(["quiz", "5", "05"]) == 0
    assert capsys.readouterr().out == sheets(["05"])
    assert main(["quiz", "77"]) == 2
    assert "'77'" in capsys.readouterr().err
