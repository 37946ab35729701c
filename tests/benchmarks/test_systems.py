"""The table of all systems: its figures are those of the cards; what is missing is said."""

import json

import pytest

from workbench.benchmarks import cards, systems
from workbench.evaluation.table import show
from workbench.systems import figures
from workbench.systems.registry import SYSTEMS
from workbench.systems.storage import SHIPPED, shipped


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_card_says_what_its_measurements_say(name):
    measured = json.loads((SHIPPED / name / cards.MEASURED).read_text(encoding="utf-8"))
    card = (SHIPPED / name / "README.md").read_text(encoding="utf-8")
    assert cards.tables(measured["sections"]) in card


def test_every_figure_is_found_in_its_card():
    rows = figures.rows_of()
    listed = [(entry, f) for key, entry in SYSTEMS.items() for f in figures.figures_of(key)]
    assert {entry.key for entry, _ in listed} == set(SYSTEMS)
    assert [row[:2] for row in rows] == [[entry.name, f.name] for entry, f in listed]
    for (entry, figure), (_, _, *values, paper) in zip(listed, rows, strict=True):
        wanted = (figure.own, figure.real, figure.trivial)
        assert [v is not None for v in values] == [bool(row) for row in wanted], figure
        assert (paper is not None) == bool(figure.paper or figure.rebuilt)
        card = (SHIPPED / entry.checkpoint / "README.md").read_text(encoding="utf-8")
        if not figure.over:
            assert all(show(v) in card for v in values if v is not None)


def test_the_share_is_a_quotient_of_the_card():
    lines, rows = figures.figures_of("sound"), figures.rows_of(["sound-ldmg"])
    share = next(k for k, figure in enumerate(lines) if figure.over)
    same = next(k for k, f in enumerate(lines) if f.section == lines[share].section)
    own, floor, prior = rows[same][2:5]
    assert rows[share][2:5] == pytest.approx([own / prior, floor / prior, 1.0])


@pytest.mark.parametrize("column", ["nats per token", "nats a token"])
def test_a_card_written_before_columns_were_renamed_is_read(column, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    section = {"columns": ["", column], "rows": [["x", 2.5]], "ids": {"own": 0}}
    told = {"benchmark": "songs", "sections": {"likelihood": section}}
    (tmp_path / cards.MEASURED).write_text(json.dumps(told))
    line = next(k for k, f in enumerate(figures.figures_of("songs")) if f.section == "likelihood")
    assert figures.rows_of([str(tmp_path)])[line][2] == 2.5


def test_what_was_not_measured_is_left_blank_or_said(tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text("{}")
    assert systems.main(["--checkpoints", str(folder)]) == 1
    assert "no measurements" in capsys.readouterr().err
    sections = {
        "quality": {"columns": ["", "IS"], "rows": [["x", 2], ["y", 2.5]], "ids": {"own": 1}}
    }
    (folder / cards.MEASURED).write_text(json.dumps({"benchmark": "music", "sections": sections}))
    out = tmp_path / "out.json"
    assert systems.main(["--checkpoints", str(folder), "--out", str(out)]) == 0
    table = json.loads(out.read_text())["sections"]["systems"]["rows"]
    assert [row[2] for row in table] == [2.5, *[None] * 4]
    assert "2.500" in capsys.readouterr().out
