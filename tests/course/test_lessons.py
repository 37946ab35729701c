"""What every lesson has: opening, questions, exercises, equations with their source, terms, end."""

import ast
import importlib
import json
import re

import numpy as np
import pytest
import torch

from workbench.course import notebooks, teaching
from workbench.course.glossary import Glossary, glossary
from workbench.course.lesson import TIMES
from workbench.errors import PromptError

SCRIPTS = notebooks.scripts()
LESSONS = [script.stem[:2] for script in SCRIPTS]
EXERCISE = r"(?m)^## Exercise (\d) · .+ \((\d+) minutes\)$"


def cells_of(number):
    script = SCRIPTS[LESSONS.index(number)]
    cells = notebooks.build(script, solutions=True).cells
    return [
        (cell.cell_type, cell.source)
        for cell in cells
        if "colab" not in cell.metadata.get("tags", [])
    ]


def prose_of(number):
    return "\n\n".join(text for kind, text in cells_of(number) if kind == "markdown")


def found(name):
    """What a dotted name of the library stands for."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part)
        return thing
    raise AssertionError(f"{name}: nothing of that name")


@pytest.mark.parametrize("number", LESSONS)
def test_lessons_import_nothing_from_the_benchmarks(number):
    """What a lesson calls lies where it belongs; benchmarks only measure with it."""
    code = "\n".join(text for kind, text in cells_of(number) if kind == "code")
    imported = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    assert imported
    assert not [name for name in imported if name.startswith("workbench.benchmarks")]


@pytest.mark.parametrize("number", LESSONS)
def test_the_opening_is_complete(number):
    (_, opening), (_, parameters) = cells_of(number)[:2]
    for field in ("You will", "Needs", "Time and memory:", "Exercises:", "Library:"):
        assert opening.count(f"**{field}**") == 1, field
    assert "**Paper" in opening or "**Data:**" in opening
    for profile in ("smoke", "laptop", "gpu", "paper"):
        assert profile in parameters
    beside = [script for script in SCRIPTS if abs(int(script.stem[:2]) - int(number)) == 1]
    assert all(f"]({script.stem}.ipynb)" in opening for script in beside), "its neighbours' links"
    modules = re.findall(r"`(workbench\.[\w.]+)`", opening.split("**Library:**")[1].split("**")[0])
    assert modules
    for name in modules:
        found(name)


def test_the_map_of_the_course_leads_to_every_lesson():
    course = prose_of(LESSONS[0]).split("## The map of the course")[1].split("## ")[0]
    assert re.findall(r"\]\((\w+)\.ipynb\)", course) == [script.stem for script in SCRIPTS[1:]]


@pytest.mark.parametrize("number", LESSONS)
def test_three_exercises_or_more_and_a_mini_project(number):
    text = prose_of(number)
    numbers = re.findall(EXERCISE, text)
    assert [n for n, _ in numbers] == [str(i + 1) for i in range(len(numbers))]
    assert text.count("## Exercise") == len(numbers) >= 3, "all with number and minutes"
    minutes = int(re.search(r"\*\*Exercises:\*\* (\d+) minutes", text)[1])
    assert minutes == sum(int(m) for _, m in numbers)
    told = [part.split("# %%")[0] for part in re.split(EXERCISE, text)[3::3]]
    assert all(re.search(r"\*Level:\* (easy|medium|hard)\b", part) for part in told), "its level"
    checks = [c for key, c in teaching.exercises().items() if key[:2] == number]
    assert len(checks) == len(numbers)
    assert all(len(check.draw(0).mistakes) >= 3 for check in checks), "typical mistakes are known"
    assert len(re.findall(r"(?m)^## Mini-project · .+ \(.*hour.*\)$", text)) == 1


def estimated(number):
    """Minutes of each section by hand: 150 words or 23 lines of code per minute, half a minute per
    prediction and figure, one per player or slider, the exercises' minutes, and the recorded run.
    """
    run = json.loads(TIMES.read_text(encoding="utf-8"))[number]["laptop"]["seconds"] / 60
    minutes, lines, section = {}, {}, 0
    for cell in notebooks.build(SCRIPTS[LESSONS.index(number)], solutions=False).cells:
        tags, text = set(cell.metadata.get("tags", [])), cell.source
        if cell.cell_type == "markdown" and "solution" not in tags and "colab" not in tags:
            for part in re.split(r"(?m)^(?=## )", text):
                if started := re.match(r"## (\d+) ·|## (?:Mini|You)", part):
                    section = int(started[1] or 99)
                exercises = sum(int(took) for _, took in re.findall(EXERCISE, part))
                minutes[section] = minutes.get(section, 0) + len(part.split()) / 150 + exercises
        elif cell.cell_type == "code" and not tags & {"stub", "check", "parameters", "colab"}:
            code = len([line for line in text.splitlines() if line.strip()])
            seen = len(re.findall(r"^predict\(|\bplots\.axes\(|diagram\(|listing\(", text, re.M))
            heard = len(re.findall(r"\b(?:compare|explore|\w*Widget|\w+Lab|SoundMap)\(", text))
            lines[section] = lines.get(section, 0) + code
            minutes[section] = minutes.get(section, 0) + code / 23 + seen / 2 + heard
    for place, code in lines.items():
        minutes[place] += run * code / sum(lines.values())
    return minutes


DEBATE = {"14": 30}  # minutes of a section that is talk: preparing, four speeches, questions


@pytest.mark.parametrize("number", LESSONS)
def test_the_minutes_of_the_opening_are_about_those_of_its_sections(number):
    """Within a quarter of an estimate, and no part is longer than a meeting of 90 minutes."""
    opening = " ".join(cells_of(number)[0][1].split())
    said = re.search(r"\b[Aa]bout (\d+) minutes([^.]*)", opening)
    borders = re.findall(r"(?:[Ss]ections 1|; \d+|, \d+) (?:to|and) (\d+)", opening)
    took = estimated(number)
    first = int(borders[0]) if borders else 99
    parts = [(int(said[1]), sum(m for s, m in took.items() if s <= first))]
    if more := re.search(r"\b(\d+) (?:to|and) (\d+)[^;]*? another (\d+)", said[2]):
        begin, end = int(more[1]), int(more[2])
        of_part = sum(m for s, m in took.items() if begin <= s <= end)
        parts.append((int(more[3]), of_part + DEBATE.get(number, 0)))
    for minutes, about in parts:
        assert minutes <= 90
        assert 0.75 <= minutes / about <= 1.3, (number, minutes, round(about))


@pytest.mark.parametrize(("solutions", "state"), [(False, "not attempted"), (True, "correct")])
@pytest.mark.parametrize("number", LESSONS)
def test_the_stubs_are_not_attempted_and_the_solutions_correct(number, solutions, state):
    """The exercises' own cells alone; `workbench report` runs them among all others."""
    script = SCRIPTS[LESSONS.index(number)]
    names = {"np": np, "torch": torch}  # what cells before them have imported
    for cell in notebooks.build(script, solutions=solutions).cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "code" and tags & {"stub", "solution"}:
            exec(cell.source, names)
        elif "check" in tags:
            *lines, call = cell.source.splitlines()
            exec("\n".join(lines), names)
            assert eval(call, names).state == state, call


@pytest.mark.parametrize("number", LESSONS)
def test_every_section_asks_before_it_shows(number):
    for section in re.split(r"(?m)^(?=## )", prose_of(number)):
        if re.match(r"## \d+ ·", section):
            assert re.search(r"\*(Predict|Think first):\*", section), section[:60]


@pytest.mark.parametrize("number", LESSONS)
def test_a_prediction_is_kept_and_other_questions_are_not_called_one(number):
    source = SCRIPTS[LESSONS.index(number)].read_text("utf-8")
    order = re.findall(r"\*(Predict|Think first):\*|^(predict)\(", source, re.M)
    asked = "".join({"Predict": "P", "Think first": "t", "": "p"}[name] for name, _ in order)
    assert re.fullmatch(r"(?:t|Pp+)*", asked), asked


@pytest.mark.parametrize("number", LESSONS)
def test_every_equation_names_its_code_and_its_paper(number):
    text = prose_of(number)
    numbered = re.findall(r"\\qquad \((\d)\)", text)
    assert numbered == [str(i + 1) for i in range(len(numbered))]
    named = re.findall(r"\*Equation \((\d)\):\* code `([\w.]+)`[^;]*; paper \w", text)
    assert [n for n, _ in named] == numbered
    assert all(callable(found(name)) for _, name in named)


@pytest.mark.parametrize("number", LESSONS)
def test_the_end_lists_the_terms_and_leaves_figures_to_the_run(number):
    cells = cells_of(number)
    text = prose_of(number)
    ends = text.split("## You can now")
    assert len(ends) == 2
    assert not re.search(r"\d[.,]\d|\d ?%", re.sub(r"\]\([^)]+\)", "]", ends[1])), "hard-coded"
    code = "\n".join(text for kind, text in cells if kind == "code")
    assert code.count("run.note(") >= 2
    assert cells[-1] == ("code", "run.finish()")
    [line] = re.findall(r"\*Terms:\* ([^.]+?)(?:\.|\n\n|$)", ends[1])
    terms = [term.name for term in glossary(number)]
    assert sorted(line.replace("\n", " ").split(" · ")) == sorted(terms)
    taught = re.sub(r"[\s*]+", " ", ends[0] + "\n" + code).casefold()
    assert not [term for term in terms if term.casefold() not in taught], "named in the lesson"


@pytest.mark.parametrize("number", LESSONS)
def test_a_cell_fits_on_a_screen(number):
    assert all(text.count("\n") < 25 for kind, text in cells_of(number) if kind == "code")


def test_a_term_is_explained_once_and_its_source_exists():
    terms = glossary()
    assert len({term.name.casefold() for term in terms}) == len(terms)
    assert {term.lesson for term in terms} <= set(LESSONS)
    for term in terms:
        assert term.meaning.endswith("."), term
        for name in re.findall(r"`(workbench\.[\w.]+)`", term.source):
            found(name)


def style_sheet():
    """(use, for, not) of each row of "Words we use"."""
    from workbench.course.glossary import PAGE

    part = PAGE.read_text(encoding="utf-8").split("## Words we use")[1]
    rows = re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", part)
    return [row for row in rows if row[0] != "use" and not row[0].startswith("-")]


def test_the_style_sheet_gives_one_word_for_one_meaning():
    used, meanings, avoided = zip(*style_sheet(), strict=True)
    words = [word for cell in used for word in cell.split(", ")]
    phrases = [phrase for cell in avoided for phrase in re.findall("“(.+?)”", cell)]
    assert len(words) >= 20
    assert len(set(words)) == len(words)
    assert len(set(meanings)) == len(meanings)
    assert len(set(phrases)) == len(phrases) >= 20
    assert not set(words) & set(phrases)


def test_no_lesson_uses_a_word_that_the_style_sheet_avoids():
    phrases = [p for row in style_sheet() for p in re.findall("“(.+?)”", row[2])]
    chosen = [*SCRIPTS, *notebooks.refresher_scripts(), *notebooks.capstone_scripts()]
    texts = {
        script.stem: "\n".join(
            cell.source for cell in notebooks.build(script).cells if cell.cell_type == "markdown"
        )
        for script in chosen
    }
    texts["the guide"] = (notebooks.CHECKOUT / "INSTRUCTORS.md").read_text(encoding="utf-8")
    for name, text in texts.items():
        words = " ".join(text.split()).casefold()
        found = [p for p in phrases if re.search(rf"(?<!\w){re.escape(p.casefold())}(?!\w)", words)]
        assert not found, (name, found)


def test_every_line_of_the_page_is_read():
    from workbench.course.glossary import PAGE

    assert PAGE.read_text(encoding="utf-8").count("\n- ") == len(glossary())


def test_the_glossary_shows_itself_as_text_and_as_a_table():
    [swing] = [term for term in glossary("01") if term.name == "swing ratio"]
    assert (swing.lesson, swing.source) == ("01", "Friberg and Sundström 2002")
    page = Glossary([swing])._repr_html_()
    assert "<th scope='row'" in page
    assert "Friberg" in page
    assert str(Glossary([swing])).startswith("swing ratio: the length")
    names = [term.name.casefold() for term in glossary()]
    assert names == sorted(names)


def test_a_lesson_without_terms_is_named():
    with pytest.raises(PromptError, match=r"lesson '3' has no terms; .* 00, 01"):
        glossary("3")
