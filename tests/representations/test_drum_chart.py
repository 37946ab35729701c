"""The drum chart: measured facts of a loop and what a request asks for."""

import numpy as np
import pytest

from workbench.errors import PromptError
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import (
    CHART_CHANNELS,
    METERS,
    DrumChart,
    bar_steps,
    count_names,
    pulse_steps,
)

BD, SD, CH, LT = (DRUMS.index(code) for code in ("BD", "SD", "CH", "LT"))


def rock(bars: int = 4, size: int = 16) -> np.ndarray:
    """A roll with kick on 1 and 3, snare on 2 and 4, eighth hats; the snare is late."""
    roll = np.zeros((bars * size, 27), dtype=np.float32)
    step = np.arange(bars * size) % 16
    for drum, places, velocity, offset in (
        (BD, (0, 8), 0.8, 0.0),
        (SD, (4, 12), 0.9, 0.2),
        (CH, range(0, 16, 2), 0.5, 0.0),
    ):
        at = np.isin(step, list(places))
        roll[at, drum], roll[at, 9 + drum], roll[at, 18 + drum] = 1, velocity, offset
    return roll


def test_measured_facts_of_a_rock_beat():
    chart = DrumChart.measure(rock())
    assert chart.drums[0, [BD, SD, CH, LT]].tolist() == [0.5, 0.5, 2.0, 0.0]
    assert chart.density.tolist() == [3.0] * 4
    assert np.allclose(chart.loudness, (2 * 0.8 + 2 * 0.9 + 8 * 0.5) / 12)
    assert chart.likeness.tolist() == [1.0] * 4
    assert np.allclose(chart.lay, 0.2)
    assert chart.fill.tolist() == chart.swing.tolist() == [0.0] * 4
    assert chart.letter.tolist() == [0.0] * 4
    assert chart.hits.sum() == 48


def test_a_bar_of_toms_at_the_end_is_a_fill_and_another_letter():
    roll = rock()
    roll[-16:] = 0
    roll[-16:, LT], roll[-16:, 9 + LT] = 1, 0.8
    chart = DrumChart.measure(roll)
    assert chart.fill.tolist() == [0, 0, 0, 1]
    assert chart.letter.tolist() == [0, 0, 0, 1]
    assert chart.likeness[3] == 0


def test_triplets_are_swing_and_say_nothing_about_looseness():
    roll = np.zeros((32, 27), dtype=np.float32)
    for step, offset in ((0, 0.0), (3, -1 / 3)):
        roll[step::4, CH], roll[step::4, 9 + CH], roll[step::4, 18 + CH] = 1, 0.6, offset
    chart = DrumChart.measure(roll)
    assert chart.swing.tolist() == [1, 1]
    assert np.isnan(chart.loose).all()


def test_an_empty_bar_has_no_loudness():
    roll = rock(2)
    roll[16:] = 0
    chart = DrumChart.measure(roll)
    assert np.isnan(chart.loudness[1])
    assert chart.density[1] == 0
    assert (chart.drums[1] == 0).all()


@pytest.mark.parametrize("meter", METERS)
def test_every_metre_has_its_bar_lines_and_pulse(meter):
    bars = 4
    chart = DrumChart.empty(bars, meter)
    assert not chart.asks()
    array = chart.to_array()
    assert array.shape == (-(-bars * bar_steps(meter) // 4), CHART_CHANNELS)
    lines = array[:, -24:-20].reshape(-1)[: chart.steps]
    pulse = array[:, -20:-16].reshape(-1)[: chart.steps]
    assert np.flatnonzero(lines).tolist() == [i * bar_steps(meter) for i in range(bars)]
    assert pulse.sum() == bars * len(pulse_steps(meter))
    assert (pulse >= lines).all()


def test_what_is_not_asked_is_switched_off():
    chart = DrumChart.empty(2)
    before = chart.to_array()
    asked = chart.with_(fill=np.array([np.nan, 1], dtype=np.float32))
    assert asked.asks()
    assert not chart.asks()
    changed = np.argwhere(asked.to_array() != before)
    assert set(changed[:, 0].tolist()) == {4, 5, 6, 7}  # the beats of bar 2
    assert len(set(changed[:, 1].tolist())) == 2  # the value and its switch


def test_forbidden_cells():
    chart = DrumChart.empty(2)
    chart.drums[:, SD] = 0
    chart.hits[0, CH] = 0
    absent = chart.absent()
    assert absent[:, SD].all()
    assert absent[0, CH]
    assert absent.sum() == 33


def test_bars_are_counted():
    assert " ".join(count_names((3, 4))) == "1 e & a 2 e & a 3 e & a"
    assert " ".join(count_names((6, 8))) == "1 & 2 & 3 & 4 & 5 & 6 &"
    for meter in METERS:
        counts = count_names(meter)
        assert len(counts) == bar_steps(meter)
        assert [int(c) for c in counts if c.isdigit()] == [*range(1, meter[0] + 1)]
        assert all(counts[step].isdigit() for step in pulse_steps(meter))


def test_another_metre_is_refused():
    with pytest.raises(PromptError, match="11/16"):
        DrumChart.empty(2, (11, 16))


def test_a_chart_is_one_fill_if_every_bar_is_asked_to_be_one():
    chart = DrumChart.empty(2)
    assert not chart.one_fill
    assert not chart.with_(fill=np.array([1, np.nan], np.float32)).one_fill
    assert chart.with_(fill=np.ones(2, np.float32)).one_fill
