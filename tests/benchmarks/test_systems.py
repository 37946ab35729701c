"""The table of the five systems: its figures are those of the cards; what is missing is said."""

import json

import pytest

from workbench.benchmarks import cards, systems
from workbench.benchmarks.table import Report, show
from workbench.systems.registry import SYSTEMS
from workbench.systems.storage import SHIPPED, shipped


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_card_says_what_its_measurements_say(name):
    measured = json.loads((SHIPPED / name / cards.MEASURED).read_text(encoding="utf-8"))
    card = (SHIPPED / name / "README.md").read_text(encoding="utf-8")
    assert cards.tables(measured["sections"]) in card


def test_every_figure_is_found_in_its_card():
    rows = systems.rows_of()
    figures = [(entry, f) for key, entry in SYSTEMS.items() for f in systems.figures_of(key)]
    assert {entry.key for entry, _ in figures} == set(SYSTEMS)
    assert [row[:2] for row in rows] == [[entry.name, f.name] for entry, f in figures]
    for (entry, figure), (_, _, *values, paper) in zip(figures, rows, strict=True):
        wanted = (figure.own, figure.real, figure.trivial)
        assert [v is not None for v in values] == [bool(row) for row in wanted], figure
        assert (paper is not None) == bool(figure.paper or figure.rebuilt)
        card = (SHIPPED / entry.checkpoint / "README.md").read_text(encoding="utf-8")
        if not figure.over:
            assert all(show(v) in card for v in values if v is not None)


def test_a_row_is_found_by_its_id_however_its_label_is_worded(capsys):
    report = Report()
    rows = [["another", 1.0], ["reworded", 2.0]]
    report.table("quality", "", ["", "IS"], rows, ids={"own": "reworded"})
    capsys.readouterr()
    assert systems._cell(report.sections["quality"], "IS", "own") == 2.0
    assert systems._cell(report.sections["quality"], "IS", "another") is None
    for ids, table in (({"own": "gone"}, rows), ({"own": "twice"}, [["twice", 1.0]] * 2)):
        with pytest.raises(ValueError, match="own is the row"):
            report.table("quality", "", ["", "IS"], table, ids=ids)


@pytest.mark.parametrize("column", ["nats per token", "nats a token"])
def test_a_card_written_before_columns_were_renamed_is_read(column, capsys):
    report = Report()
    report.table("likelihood", "", ["", column], [["x", 2.5]], ids={"own": "x"})
    capsys.readouterr()
    assert systems._cell(report.sections["likelihood"], "nats per token", "own") == 2.5


def test_the_share_is_a_quotient_of_the_card():
    figures, rows = systems.figures_of("sound"), systems.rows_of(["sound-ldmg"])
    share = next(k for k, figure in enumerate(figures) if figure.over)
    same = next(k for k, f in enumerate(figures) if f.section == figures[share].section)
    own, floor, prior = rows[same][2:5]
    assert rows[share][2:5] == pytest.approx([own / prior, floor / prior, 1.0])


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
    assert [row[2] for row in table] == [2.5, None, None, None]
    assert "2.500" in capsys.readouterr().out
