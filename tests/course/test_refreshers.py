"""The refreshers: one page each, runnable as they stand, with figures and links."""

import re

import pytest

from workbench.course import notebooks
from workbench.course.notebooks import CHECKOUT, build, refresher_scripts

SCRIPTS = {script.stem: script for script in refresher_scripts(CHECKOUT)}


def cells_of(name):
    return [(cell.cell_type, cell.source) for cell in build(SCRIPTS[name]).cells]


def test_there_is_one_for_each_thing_that_lessons_need():
    assert sorted(SCRIPTS) == ["midi", "probability", "pytorch", "sound"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_refresher_is_one_page(name):
    cells = cells_of(name)
    prose = "\n\n".join(text for kind, text in cells if kind == "markdown")
    code = [text for kind, text in cells if kind == "code"]
    assert prose.startswith("# Refresher: ")
    for field in ("**For** lessons", "**You need**", "**Try:**"):
        assert prose.count(field) == 1, field
    assert 3 <= len(code) <= 4
    assert all(text.count("\n") < 25 for text in code)
    assert len(prose.split()) < 450
    lessons = re.search(r"\*\*For\*\* lessons? ([^*]+?)\.", prose)[1]
    known = {script.stem[:2] for script in notebooks.scripts(CHECKOUT)}
    assert set(re.findall(r"\d\d", lessons)) <= known
    for target in re.findall(r"\]\((?!https:)([^)]+)\)", prose):
        assert (CHECKOUT / "refreshers" / target).resolve().exists(), target


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_refresher_runs(name):
    names = {}
    for kind, text in cells_of(name):
        if kind == "code":
            exec(compile(text, name, "exec"), names)


def run(name, capsys):
    test_a_refresher_runs(name)
    return capsys.readouterr().out


def test_what_the_cells_print_is_what_the_text_says(capsys):
    said = run("sound", capsys)
    assert "half the amplitude is -6.0 dB" in said
    peaks = [int(n) for n in re.findall(r"(\d+) Hz", said.split("peaks at")[1])]
    assert [round(peak / 220) for peak in peaks] == [1, 2, 3]
    said = run("pytorch", capsys)
    [(by_rule, by_difference)] = re.findall(r"backward (\S+), by a difference (\S+)", said)
    assert by_rule == by_difference
    assert float(re.search(r"second backward: (\S+)", said)[1]) == pytest.approx(
        2 * float(by_rule), abs=2e-6
    )
    first, last = map(float, re.search(r"loss (\S+) at first, (\S+) at", said).groups())
    assert last < 0.1 * first
    said = run("probability", capsys)
    assert "entropy 1.75 bits; if q is believed 2.00 bits" in said
    assert "half-way the variance is 1.00 with roots and 0.50 without" in said
    falls = re.search(r"falls by (.+?) times", said)[1].split(", ")
    assert all(1.6 < float(fall) < 2.4 for fall in falls)
    said = run("midi", capsys)
    assert "pitch 69: 440.0 Hz" in said
    assert "3/4: a bar has 3 quarter notes" in said
    assert "6/8: a bar has 3 quarter notes" in said
