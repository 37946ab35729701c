"""Patterns that keep time, and the two hits of a hi-hat."""

import numpy as np
import pytest

from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart
from workbench.systems.drum_ldm.forms import letters_of
from workbench.systems.drum_ldm.habits import KEPT, one_hi_hat, relaxed
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


def test_a_hi_hat_is_open_or_closed():
    roll = np.zeros((4, 54), dtype=np.float32)
    for slot in (0, 27):
        for drum in (CH, OH, SD):
            roll[:, [slot + drum, slot + 9 + drum, slot + 18 + drum]] = 0.5
    roll[3, OH] = 0
    one_hi_hat(roll, np.array([True, False, False, False]))
    cells = roll.reshape(4, 6, 9)
    assert (cells[:, 0, CH] > 0).tolist() == [True, False, False, True]
    assert (cells[:, 0, OH] > 0).tolist() == [False, True, True, False]
    assert not cells[0, :, OH].any()
    assert not cells[1, :, CH].any()
    assert (cells[:, :, SD] == 0.5).all()
