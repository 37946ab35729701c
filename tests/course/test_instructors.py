"""The instructors' guide names the lessons and exercises that exist, and its minutes add up."""

import json
import math
import re

import pytest
import torch

from workbench.course.lesson import ANSWERS
from workbench.course.notebooks import CHECKOUT
from workbench.course.outline import outlines
from workbench.course.teaching import exercises

GUIDE = (CHECKOUT / "INSTRUCTORS.md").read_text(encoding="utf-8")
LESSONS = {outline.number: outline for outline in outlines(CHECKOUT)}
MEETINGS = [
    [cell.strip() for cell in row.strip("|").split("|")]
    for row in re.findall(r"(?m)^\| \d+ \|.+$", GUIDE.split("## Three tracks")[0])
]


def script_of(outline):
    path = CHECKOUT / "src" / outline.file.replace(".ipynb", ".py")
    return path.read_text(encoding="utf-8")


def test_every_lesson_has_its_part():
    parts = re.split(r"(?m)^### ", GUIDE.split("## Rubric")[0])[1:]
    assert [part[:2] for part in parts] == list(LESSONS)
    for part in parts:
        for field in ("**Outcomes:**", "**Misconception", "**Discuss:**"):
            assert field in part, part[:30]
        title = part.splitlines()[0][5:]
        assert LESSONS[part[:2]].title == title


def answers_of(part):
    """Number of words of each answer, by the prediction's number."""
    block = re.search(r"(?ms)^- \*\*Predictions?\b.*?(?=^- |\Z)", part)
    pieces = re.split(r"\b(\d\d\.\d{1,2}): ", block[0]) if block else []
    return {n: len(text.split()) for n, text in zip(pieces[1::2], pieces[2::2], strict=True)}


def test_every_prediction_of_the_lessons_has_an_answer():
    parts = re.split(r"(?m)^### ", GUIDE.split("## Rubric")[0])[1:]
    answers = {part[:2]: answers_of(part) for part in parts if part[:2] in LESSONS}
    for number, outline in LESSONS.items():
        assert list(answers[number]) == [asked.number for asked in outline.predictions]
        assert min(answers[number].values()) >= 4, answers[number]


RECORDED = {
    number: answer
    for lesson in json.loads(ANSWERS.read_text(encoding="utf-8")).values()
    for number, answer in lesson["answers"].items()
}
MACHINE = ("00.1", "02.9", "10.4")  # times: the guide says that they depend on the machine
NUMBER = re.compile(r"(?<![\d.,])-?\d+(?:\.\d+)?")


def words_of_answers():
    """What the guide says of each prediction, by its number, without the usual mistake."""
    block = "".join(re.findall(r"(?ms)^- \*\*Predictions?\b.*?(?=^- |^## |^### )", GUIDE))
    pieces = re.split(r"\b(\d\d\.\d{1,2}): ", block)
    said = zip(pieces[1::2], pieces[2::2], strict=True)
    return {number: " ".join(text.split("*Usual")[0].split()) for number, text in said}


def rounds_to(value, text):
    """Whether a number, as it is written, is the value in fewer digits."""
    places = len(text.partition(".")[2])
    return abs(float(text) - value) <= 0.5001 * 10**-places


@pytest.mark.parametrize("number", [n for n, a in RECORDED.items() if NUMBER.match(a)])
def test_the_guide_gives_the_answers_of_the_recorded_run(number):
    """`workbench report --profile laptop --record` records them."""
    if number in MACHINE:
        return
    said = words_of_answers()[number]
    value = float(NUMBER.match(RECORDED[number])[0])
    if number == "12.4":
        assert "a quarter" in said
        assert abs(value - 0.25) < 0.05
        return
    percent = [value, 100 * value] if abs(value) < 1 else [value]
    assert any(rounds_to(v, n) for v in percent for n in NUMBER.findall(said)), said


@pytest.mark.parametrize("number", [n for n, a in RECORDED.items() if not NUMBER.match(a)])
def test_the_guide_names_the_choice_of_the_recorded_run(number):
    """Its first words, or the number that the run measured beside it."""
    choice, _, why = RECORDED[number].partition("”")
    first = words_of_answers()[number].lower()
    answer = choice.partition("“")[2] or choice
    word = (re.search(r"[\w/]{4,}|\d+", answer) or re.search(r"\w+", answer))[0].lower()
    named = word[:5] in first
    assert named or any(n in first for n in NUMBER.findall(why)), (first, choice)


FROM_THE_LESSON = {  # further figures of the answers, and where the lesson has them
    "00.2": {"1": 'mean["busy"] / mean["sparse"], floor=1.0'},
    "01.3": {"13": "on beats two and four\n# (steps 5 and 13)"},
    "02.7": {"8192": "run.size([1024, 2048, 8192], [1024, 2048, 4096, 8192])"},
    "03.3": {"14.3": "$1/0.07 = 14.3$", "32": "in a batch of 32 pairs"},
    "03.10": {"19": "built-in loops of 19 styles"},
    "04.1": {"4": "the LSTM of stride 4"},
    "04.3": {"0.3": "a ghost note of velocity 0.3"},
    "05.1": {"60": "at 60 % noise", "0.64": "1 - 0.6^2 = 0.64"},
    "05.4": {"9": "the same nine values of noise"},
    "05.7": {"500": "(0, 50, 150, 500)"},
    "06.1": {"513": "here 513 frequencies"},
    "06.2": {"1200": "steps = run.size(80, 1200)"},
    "06.3": {"60": "audio.crops(run.size(10, 60)"},
    "07.3": {"400": "total = run.size(30, 400)"},
    "08.5": {"6": "of 6 results are nearest", "1": 'floor="chance 1"', "3": '"08.5", [2, 4]'},
    "09.3": {"300": "total = run.size(40, 300)"},
    "10.2": {"150": "steps = run.size(16, 150)"},
    "11.1": {"16": "a vector of 16 numbers"},
    "11.3": {"100": "steps=run.size(20, 100)"},
    "14.7": {"32": "of 32 bars of drums"},
}
COMPUTED = {  # by `test_computed_answers_are_those_of_the_code` and its neighbours
    "03.3": ["3.47"],
    "04.7": ["0.4"],
    "05.11": ["57"],
    "08.1": ["8"],
    "08.6": ["0.71"],
}


@pytest.mark.parametrize("number", words_of_answers())
def test_each_figure_of_an_answer_has_a_source(number):
    """The recorded answer, the lesson, or code; else the guide gives no figure."""
    script = script_of(LESSONS[number[:2]])
    known = FROM_THE_LESSON.get(number, {})
    for quote in known.values():
        assert quote in script, quote
    answer = [abs(float(n)) for n in NUMBER.findall(RECORDED[number])]
    answer += [100 * value for value in answer if value < 1]
    said = re.sub(r"(\d),(\d{3})", r"\1\2", words_of_answers()[number])
    for figure in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", re.sub(r"\$.+?\$", "", said)):
        held = figure in known or figure in COMPUTED.get(number, [])
        assert held or any(rounds_to(value, figure) for value in answer), (figure, said)


def test_computed_answers_are_those_of_the_code():
    """Those that need no data and no training."""
    from workbench.datasets.keywords import KEYWORDS, multihot
    from workbench.models.contrastive import info_nce
    from workbench.models.diffusion import SCHEDULES

    perfect = torch.nn.functional.normalize(torch.eye(32) - 1 / 32, dim=-1)
    assert f"03.4: {float(info_nce(perfect, perfect, 1.0)):.2f}, where chance is " in GUIDE
    left = 100 * float(SCHEDULES["linear"](1000)[-1].sqrt())
    assert f"05.3: {left:.1f} % of the amplitude" in GUIDE
    said = words_of_answers()
    assert f"log 32 = {math.log(32):.2f}" in said["03.3"]
    assert f"√½ = {0.5**0.5:.2f}" in said["08.6"]
    assert f"where chance is {100 / 12:.0f} %" in said["08.1"]
    assert "run.size(4, 12)]\ncaptions =" in script_of(LESSONS["08"]), "twelve captions"
    assert f"knows {len(KEYWORDS)} words" in said["05.11"]
    prompts = "jazz swing ride", "something gentle with lots of soft snare in between"
    known = [int(multihot(prompt)[: len(KEYWORDS)].sum()) for prompt in prompts]
    assert known == [3, 1], "the guide: all of the short prompt, only “snare” of the long one"


def test_the_noise_of_04_7_is_that_of_the_shipped_autoencoder():
    from workbench import DrumLDM

    noise = DrumLDM.from_pretrained("drums-groove-bert").config.autoencoder.noise
    assert f"training used up to {noise:g}" in words_of_answers()["04.7"]


def test_the_mlps_of_09_2_have_twice_the_weights_of_attention():
    from workbench.models.gpt import GPT, GPTConfig

    [block] = GPT(GPTConfig(64, context=64, width=128, depth=1, heads=4)).h
    attention = sum(p.numel() for p in block.attn.parameters())
    rest = sum(p.numel() for p in block.parameters()) - attention
    assert "twice the weights of attention" in words_of_answers()["09.2"]
    assert round(rest / attention, 1) == 2.0


def test_the_limits_of_the_contest_are_those_of_the_code():
    from workbench.tools.contest.entries import MOST_BYTES
    from workbench.tools.contest.task import LEAST

    words = " ".join(GUIDE.split("## A contest")[1].split())
    assert f"together at most {MOST_BYTES / 1e6:g} MB:" in words
    assert f"clipped to {LEAST:g} … {1 - LEAST:g}." in words


def test_the_answer_of_14_1_is_that_of_the_catalogue():
    from workbench.datasets import CATALOGUE
    from workbench.systems.registry import SYSTEMS
    from workbench.systems.storage import trained_on

    used = {n for entry in SYSTEMS.values() for n in trained_on(entry.checkpoint).split("+")}
    by = [name for name in used if "CC BY" in CATALOGUE[name].licence]
    assert f"14.1: {len(by)} sets" in GUIDE
    assert all(CATALOGUE[name].citation for name in used), "people, or the grammar's name"


def test_twelve_meetings_of_ninety_minutes_take_every_lesson_in_order():
    assert [row[0] for row in MEETINGS] == [str(n) for n in range(1, 13)]
    for row in MEETINGS:
        assert sum(map(int, row[2].split(" / "))) == 90, row
    taught = [lesson for row in MEETINGS for lesson in row[1].split(", ")]
    assert list(dict.fromkeys(taught)) == list(LESSONS)


def test_the_exercises_exist_and_fit_into_their_minutes():
    minutes = {}
    for number, outline in LESSONS.items():
        text = script_of(outline)
        for place, took in re.findall(r"(?m)^# ## Exercise (\d) · .+ \((\d+) minutes\)$", text):
            minutes[f"{number}.{place}"] = int(took)
    for row in MEETINGS:
        named = row[3].split(", ")
        assert set(named) <= set(exercises()), row
        assert {name[:2] for name in named} <= set(row[1].split(", ")), row
        assert sum(minutes[name] for name in named) <= int(row[2].split(" / ")[2]), row


def last_section(opening):
    """The last section that does not go further; None if a lesson has no such sections."""
    further = re.search(r"\b(\d+) (?:to|and) \d+ go further", opening)
    if further:
        return int(further[1]) - 1
    first = re.search(r"[Ss]ections 1 to (\d+)", opening)
    return int(first[1]) if first else None


def test_the_exercises_of_the_meetings_are_in_sections_that_do_not_go_further():
    """A lesson whose opening names no sections belongs to the course as a whole."""
    for name in (name for row in MEETINGS for name in row[3].split(", ")):
        text = script_of(LESSONS[name[:2]])
        opening = " ".join(re.sub(r"(?m)^# ?", "", text.split("# %%")[1]).split())
        last = last_section(opening)
        before = text.split(f"# ## Exercise {name[3:]} · ")[0]
        section = int(re.findall(r"(?m)^# ## (\d+) · ", before)[-1])
        assert last is None or section <= last, name


def test_the_tracks_name_lessons_that_exist():
    tracks = GUIDE.split("## Three tracks")[1].split("## ")[0]
    named = re.findall(r"\b\d\d\b", tracks)
    assert named
    assert set(named) <= set(LESSONS)


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (CHECKOUT / target).exists(), target


def test_each_mini_project_has_its_row_under_the_rubric():
    rows = re.findall(r"(?m)^\| (\d\d) \| (.+?) \| (.+?) \| (.+?) \|$", GUIDE.split("## Rubric")[1])
    projects = [
        (number, re.search(r"(?m)^# ## Mini-project · (.+?) \(", script_of(outline))[1])
        for number, outline in LESSONS.items()
    ]
    assert [row[:2] for row in rows] == projects
    assert all(len(cell.split()) >= 3 for row in rows for cell in row[2:])
