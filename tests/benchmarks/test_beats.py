"""The beat benchmark at its quickest."""

import json

import numpy as np
import pytest

from workbench.benchmarks import beats
from workbench.benchmarks.beats import Excerpt, _apart
from workbench.representations.mixup import Beats


def excerpt(tempo, first, rate=8000, seconds=8):
    times = np.arange(first, seconds, 60 / tempo)
    known = Beats(times, times[::4])
    return Excerpt(np.zeros((1, seconds * rate), dtype=np.float32), known, {}, "")


def test_known_beats_fall_together_and_a_wrong_phase_counts():
    a, b = excerpt(100, 0.3), excerpt(104, 0.7)
    assert _apart(a, a.truth, b, b.truth, 8000) < 5
    late = Beats(b.truth.times + 0.1, b.truth.downbeats + 0.1)
    assert _apart(a, a.truth, b, late, 8000) == pytest.approx(100, abs=10)
    assert _apart(a, a.truth, b, Beats(np.empty(0), np.empty(0)), 8000) is None


def test_tables_are_printed_and_written(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    out = tmp_path / "beats.json"
    assert beats.main(["--quick", "--out", str(out)]) == 0
    sections = json.loads(out.read_text())["sections"]
    tracked = sections["tracking"]["rows"][-1]
    assert tracked[0] == "all, librosa"
    assert 0.3 < tracked[2] <= 1
    by_known, by_found = sections["alignment"]["rows"]
    assert [by_known[0], by_found[0]] == ["known beats", "librosa"]
    assert by_known[3] < 20
    assert by_known[3] <= by_found[3]
