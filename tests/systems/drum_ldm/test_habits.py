"""Patterns that keep time, as drummers play them."""

import numpy as np
import pytest

from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart
from workbench.systems.drum_ldm.forms import letters_of
from workbench.systems.drum_ldm.habits import KEPT, relaxed
from workbench.systems.drum_ldm.request import read_request

BD, SD, CH, OH = (DRUMS.index(name) for name in ("BD", "SD", "CH", "OH"))


def relaxed_request(prompt: str, form: str, bars: int, seed: int = 0) -> DrumChart:
    request = read_request(prompt, bars)
    chart = request.chart.with_(letter=letters_of(form, bars))
    return relaxed(chart, request.implied, np.random.default_rng(seed))


def asked(chart: DrumChart, drum: int) -> np.ndarray:
    """Return how many hits each bar is asked for."""
    return np.nan_to_num(chart.hits[:, drum]).reshape(chart.bars, -1).sum(1)


def test_eighths_are_asked_of_the_groove_only_and_in_part():
    prompt = "hi-hat on eighths, four on the floor"
    charts = [relaxed_request(prompt, "AAAB", 8, seed) for seed in range(60)]
    counts = np.array([asked(chart, CH) for chart in charts])
    assert not counts[:, [3, 7]].any()
    assert counts[:, :3].mean() == pytest.approx(8 * KEPT, rel=0.05)
    assert asked(charts[0], BD).tolist() == [4] * 8


def test_sixteenths_have_no_rests_that_are_requested():
    chart = relaxed_request("hi-hat on sixteenths", "AAAB", 4)
    counts = asked(chart, CH)
    assert counts[3] == 0
    assert (counts[:3] < 16).any()


def test_what_a_style_implies_is_asked_of_the_groove_only():
    chart = relaxed_request("rock", "AABA", 4)
    assert asked(chart, SD).tolist() == [2, 2, 0, 2]
    assert asked(chart, BD).tolist() == [1, 1, 0, 1]
    assert np.isnan(chart.hits[32:48]).all()  # left open, not excluded


def test_what_is_said_beside_a_style_is_asked_of_all_bars():
    chart = relaxed_request("rock, snare on 2 and 4, no kick in bar 3", "AABA", 4)
    assert asked(chart, SD).tolist() == [2] * 4
    assert chart.absent()[32:48, BD].all()


@pytest.mark.parametrize(
    "prompt",
    [
        "hats on eighths in bar 2",
        "snare on 2 and 4",
        "no hats",
        "one drop",
        "hi-hats in quarter notes",
    ],
)
def test_everything_else_is_asked_as_before(prompt):
    chart = read_request(prompt, 4).chart
    same = relaxed_request(prompt, "AAAB", 4)
    assert np.array_equal(same.hits, chart.hits, equal_nan=True)
    assert np.array_equal(same.drums, chart.drums, equal_nan=True)


def test_a_hi_hat_is_not_asked_open_and_closed_at_once():
    chart = DrumChart.empty(1)
    chart.hits[[0, 4], CH] = 1
    chart.hits[[0, 8], OH] = 1
    hits = relaxed(chart, np.zeros((16, 9), dtype=bool), np.random.default_rng(0)).hits
    assert np.flatnonzero(hits[:, CH] == 1).tolist() == [0, 4]
    assert np.flatnonzero(hits[:, OH] == 1).tolist() == [8]
