"""Tables as text and as JSON, and their rows by id."""

import json

import numpy as np
import pytest

from workbench.evaluation.table import Report, cell, render


def test_tables_are_aligned():
    text = render("Title", ["", "N", "share"], [["short", 5, 0.25], ["much longer", 10, None]])
    lines = text.splitlines()
    assert lines[0] == "Title"
    assert len({len(line) for line in lines[2:4]}) == 1
    assert "0.250" in lines[3]
    with pytest.raises(ValueError, match="3 columns"):
        render("Title", ["a", "b", "c"], [[1, 2]])


def test_a_report_is_plain_json(tmp_path, capsys):
    report = Report(seed=np.int64(3))
    report.table("x", "T", ["a"], [[np.float32(0.5)]], ["note"], interval=(np.float64(1), 2))
    report.write(tmp_path / "r.json")
    read = json.loads((tmp_path / "r.json").read_text())
    assert read["sections"]["x"]["rows"] == [[0.5]]
    assert "note" in capsys.readouterr().out


def test_a_run_that_is_cut_short_leaves_what_it_has(tmp_path, capsys):
    report, out = Report(benchmark="x"), tmp_path / "r.json"

    def first(n: int) -> None:
        report.table("first", "T", ["a"], [[n]])

    def broken(n: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        report.run(
            {"left out": broken, "first": first, "broken": broken}, 7, ["first", "broken"], out
        )
    read = json.loads(out.read_text())
    assert read["seconds"].keys() == {"first"}
    assert read["sections"]["first"]["rows"] == [[7]]
    assert "[first: 0 s]" in capsys.readouterr().out


def test_a_row_is_found_by_its_id_however_its_label_is_worded():
    report = Report()
    rows = [["another", 1.0], ["reworded", 2.0]]
    report.table("quality", "", ["", "IS"], rows, ids={"own": "reworded"})
    section = json.loads(json.dumps(report.sections["quality"]))
    assert cell(section, "own", "IS") == 2.0
    assert cell(section, "another", "IS") is None
    assert cell(section, "own", "another") is None
    assert cell(None, "own", "IS") is None
    for ids, table in (({"own": "gone"}, rows), ({"own": "twice"}, [["twice", 1.0]] * 2)):
        with pytest.raises(ValueError, match="own is the row"):
            report.table("quality", "", ["", "IS"], table, ids=ids)
