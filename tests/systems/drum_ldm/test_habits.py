"""Patterns that keep time, as drummers play them."""

import numpy as np
import pytest

from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart
from workbench.systems.drum_ldm.forms import letters_of
from workbench.systems.drum_ldm.habits import KEPT, relaxed
from workbench.systems.drum_ldm.request import read_request

BD, SD, CH, OH = (DRUMS.index(name) for name in ("BD", "SD", "CH", "OH"))


def asked(chart: DrumChart, drum: int) -> np.ndarray:
    """Return how many hits each bar is asked for."""
    return np.nan_to_num(chart.hits[:, drum]).reshape(chart.bars, -1).sum(1)


def test_eighths_are_asked_of_the_groove_only_and_in_part():
    chart = read_request("hi-hat on eighths, four on the floor", 8).chart
    chart = chart.with_(letter=letters_of("AAAB", 8))
    counts = np.array([asked(relaxed(chart, np.random.default_rng(i)), CH) for i in range(60)])
    assert not counts[:, [3, 7]].any()
    assert counts[:, :3].mean() == pytest.approx(8 * KEPT, rel=0.05)
    assert asked(relaxed(chart, np.random.default_rng(0)), BD).tolist() == [4] * 8


@pytest.mark.parametrize("prompt", ["hats on eighths in bar 2", "snare on 2 and 4", "no hats"])
def test_everything_else_is_asked_as_before(prompt):
    chart = read_request(prompt, 4).chart.with_(letter=letters_of("AAAB", 4))
    same = relaxed(chart, np.random.default_rng(0))
    assert np.array_equal(same.hits, chart.hits, equal_nan=True)
    assert np.array_equal(same.drums, chart.drums, equal_nan=True)


def test_a_hi_hat_is_not_asked_open_and_closed_at_once():
    chart = DrumChart.empty(1)
    chart.hits[[0, 4], CH] = 1
    chart.hits[[0, 8], OH] = 1
    hits = relaxed(chart, np.random.default_rng(0)).hits
    assert np.flatnonzero(hits[:, CH] == 1).tolist() == [0, 4]
    assert np.flatnonzero(hits[:, OH] == 1).tolist() == [8]
