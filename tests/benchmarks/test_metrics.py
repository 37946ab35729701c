"""`workbench evaluate metrics`: the table of references, and that a wrong metric is found."""

import json

from workbench.benchmarks import metric_checks, metrics


def test_every_metric_agrees_with_its_references(tmp_path, capsys):
    """The whole command at its small size."""
    out = tmp_path / "metrics.json"
    assert metrics.main(["--quick", "--out", str(out)]) == 0
    found = json.loads(out.read_text())["sections"]
    assert set(found) == set(metrics.SECTIONS)
    rows = found["references"]["rows"]
    assert len(rows) > 35
    assert all(row[4] for row in rows)
    assert all(row[-1] for row in found["properties"]["rows"])
    assert found["speed"]["faster"].keys() == {"256 × 128", "1024 × 256"}
    printed = capsys.readouterr().out
    for name in ("Fréchet distance", "groove consistency", "overlapping area", "true entropy"):
        assert name in printed
    sound = {row[0]: row[1:] for row in found["sound"]["rows"]}
    for name in ("Fréchet distance", "kernel distance, × 1,000", "paired KL"):
        value, interval, floor, baseline = sound[name]
        assert floor < interval[0] < value < interval[1]
        assert value < baseline
    notes = {row[0]: row[1:] for row in found["notes"]["rows"]}
    for name in ("overlap: pitch class", "overlap: groove consistency"):
        value, _, floor, baseline = notes[name]
        assert baseline < value < floor


def test_a_wrong_metric_is_found(monkeypatch, capsys):
    """With the mean left out of the Fréchet distance the command names it and fails."""
    right = metric_checks.frechet_distance
    monkeypatch.setattr(
        metric_checks, "frechet_distance", lambda x, y: right(x - x.mean(0), y - y.mean(0))
    )
    monkeypatch.setattr(metrics, "GROUPS", (metric_checks.frechet,))
    assert metrics.main(["--only", "references"]) == 1
    assert "fail their checks: Fréchet distance" in capsys.readouterr().err


def test_checks_do_not_hang_on_a_lucky_seed():
    assert [c.metric for c in metrics.checks(seed=1) if not c.agrees] == []


def test_what_is_not_installed_is_said(monkeypatch, capsys):
    monkeypatch.setattr(metric_checks, "OPTIONAL", ("a_library_that_is_not_there",))
    monkeypatch.setattr(metrics, "GROUPS", ())
    assert metrics.main(["--only", "references"]) == 0
    assert "a_library_that_is_not_there is not installed" in capsys.readouterr().out
