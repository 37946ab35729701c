"""The instructors' guide names the lessons and exercises that exist, and its minutes add up."""

import re

from workbench.course.notebooks import CHECKOUT
from workbench.course.outline import outlines
from workbench.course.teaching import exercises

GUIDE = (CHECKOUT / "INSTRUCTORS.md").read_text(encoding="utf-8")
LESSONS = {outline.number: outline for outline in outlines(CHECKOUT)}
MEETINGS = [
    [cell.strip() for cell in row.strip("|").split("|")]
    for row in re.findall(r"(?m)^\| \d+ \|.+$", GUIDE.split("## Three tracks")[0])
]


def test_every_lesson_has_its_part():
    parts = re.split(r"(?m)^### ", GUIDE.split("## Rubric")[0])[1:]
    assert [part[:2] for part in parts] == list(LESSONS)
    for part in parts:
        for field in ("**Outcomes:**", "**Misconception", "**Discuss:**"):
            assert field in part, part[:30]
        title = part.splitlines()[0][5:]
        assert LESSONS[part[:2]].title == title


def test_twelve_meetings_of_ninety_minutes_take_every_lesson_in_order():
    assert [row[0] for row in MEETINGS] == [str(n) for n in range(1, 13)]
    for row in MEETINGS:
        assert sum(map(int, row[2].split(" / "))) == 90, row
    taught = [lesson for row in MEETINGS for lesson in row[1].split(", ")]
    assert list(dict.fromkeys(taught)) == list(LESSONS)


def test_the_exercises_exist_and_fit_into_their_minutes():
    minutes = {}
    for number, outline in LESSONS.items():
        text = (CHECKOUT / "src" / f"{outline.file.removesuffix('.ipynb')}.py").read_text("utf-8")
        for place, took in re.findall(r"(?m)^# ## Exercise (\d) · .+ \((\d+) minutes\)$", text):
            minutes[f"{number}.{place}"] = int(took)
    for row in MEETINGS:
        named = row[3].split(", ")
        assert set(named) <= set(exercises()), row
        assert {name[:2] for name in named} <= set(row[1].split(", ")), row
        assert sum(minutes[name] for name in named) <= int(row[2].split(" / ")[2]), row


def test_the_tracks_name_lessons_that_exist():
    tracks = GUIDE.split("## Three tracks")[1].split("## ")[0]
    named = re.findall(r"\b\d\d\b", tracks)
    assert named
    assert set(named) <= set(LESSONS)


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (CHECKOUT / target).exists(), target
