"""The capstone: from one's own music with its licence to a judge and a blind test."""

import json
import re

import pytest

from workbench import Clip
from workbench.course import notebooks
from workbench.course.notebooks import CHECKOUT
from workbench.datasets import load
from workbench.tools.report.runner import run_notebook

[SCRIPT] = notebooks.capstone_scripts(CHECKOUT)
GUIDE = (CHECKOUT / "INSTRUCTORS.md").read_text(encoding="utf-8")


@pytest.fixture
def run(tmp_path):
    """Runs the capstone with parameters: its outcome."""
    source = tmp_path / "source" / f"{SCRIPT.stem}.ipynb"
    source.parent.mkdir()
    source.write_text(notebooks.text_of(notebooks.build(SCRIPT)), encoding="utf-8")

    def once(**parameters):
        parameters |= {"profile": "smoke", "out": str(tmp_path / "out")}
        target = tmp_path / "executed.ipynb"
        return run_notebook(source, target, parameters, timeout=500, threads=1)

    return once


def music(folder):
    """A folder of MIDI files, some of them held out."""
    for split, count in (("train", 8), ("test", 4)):
        (folder / split).mkdir(parents=True)
        for number, clip in enumerate(load("builtin", split=split, limit=count)):
            clip.write_midi(folder / split / f"{number}.mid")
    assert len(Clip.read_midi(folder / "train" / "0.mid").notes)
    return folder


def test_it_runs_on_a_folder_of_ones_own_music(run, tmp_path):
    """Licence and plan are written first; the test has a page and a key; both judges answer."""
    own = music(tmp_path / "own")
    outcome = run(dataset=str(own), made_by="Ada, 2026", licence="CC BY 4.0, asked for this course")
    assert outcome.status == "passed", outcome.trouble
    out = tmp_path / "out"
    statement = (out / "statement.txt").read_text(encoding="utf-8")
    assert "Made by: Ada, 2026" in statement
    assert "Licence: CC BY 4.0" in statement
    assert json.loads((out / "plan.json").read_text())["raters needed"] >= 2
    assert set(json.loads((out / "key.json").read_text())["sources"]) == {
        "people",
        "chain",
        "DrumLDM",
    }
    assert (out / "test.html").stat().st_size > 10_000
    figures = {figure["name"]: figure["value"] for figure in outcome.figures}
    assert 0 <= figures["judge's accuracy, chain"] <= 1
    assert "people minus DrumLDM, quality (simulated raters)" in figures


def test_music_without_a_licence_is_refused(run, tmp_path):
    outcome = run(dataset=str(music(tmp_path / "own")), made_by="Ada")
    assert outcome.status == "failed"
    assert "made_by and licence" in outcome.reason


def test_the_course_leads_to_it():
    path = f"capstone/{SCRIPT.stem}.ipynb"
    lessons = [script.read_text(encoding="utf-8") for script in notebooks.scripts(CHECKOUT)]
    assert sum(f"]({path})" in text for text in lessons) >= 1
    assert f"]({path})" in GUIDE
    assert f"](notebooks/{path})" in (CHECKOUT.parent / "README.md").read_text(encoding="utf-8")


def test_its_rubric_has_four_levels_for_each_criterion():
    part = GUIDE.split("## Capstone")[1].split("\n## ")[0]
    rows = re.findall(r"(?m)^\| (\w[^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", part)
    assert [row[0] for row in rows[1:]] == [
        "licence and consent",
        "system",
        "copies",
        "the judge",
        "the class",
        "honesty",
    ]
