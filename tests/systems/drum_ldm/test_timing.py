"""Timing that a chart asks for."""

import numpy as np
import pytest

from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart
from workbench.systems.drum_ldm.timing import (
    FEWEST,
    MOST,
    TOGETHER,
    sampled_together,
    timed,
    together_of,
)

N = len(DRUMS)
BD, SD, CH = (DRUMS.index(name) for name in ("BD", "SD", "CH"))


def played(seed: int, slots: int = 1, bars: int = 2) -> np.ndarray:
    """Straight bars: kick on 1 and 3, snare on 2 and 4, eighths, with small offsets."""
    random = np.random.default_rng(seed)
    cells = np.zeros((16 * bars, slots, 3, N))
    for drum, steps in ((BD, range(0, 16, 8)), (SD, range(4, 16, 8)), (CH, range(0, 16, 2))):
        for step in (16 * bar + s for bar in range(bars) for s in steps):
            for slot in range(slots if drum == SD else 1):
                cells[step, slot, :, drum] = 1, 0.6, 0.05 * random.standard_normal() + 0.3 * slot
    return cells.reshape(16 * bars, -1)


def asking(bars: int = 2, **fields: float) -> DrumChart:
    return DrumChart.empty(bars).with_(
        **{name: np.full(bars, value, dtype=np.float32) for name, value in fields.items()}
    )


@pytest.mark.parametrize("loose", [0.03, 0.08])
def test_each_bar_is_as_loose_as_asked(loose):
    roll = played(0)
    made = timed(roll, asking(loose=loose))
    assert DrumChart.measure(made).loose == pytest.approx([loose] * 2, abs=1e-6)
    assert np.array_equal(made[:, : 2 * N], roll[:, : 2 * N])


@pytest.mark.parametrize("lay", [-0.1, 0.0, 0.16])
def test_the_snare_lies_behind_the_kick_as_asked(lay):
    roll = played(1)
    made = timed(roll, asking(lay=lay))
    assert DrumChart.measure(made).lay == pytest.approx([lay] * 2, abs=1e-6)
    others = [c for c in range(3 * N) if c != 2 * N + SD]
    assert np.array_equal(made[:, others], roll[:, others])


def test_second_hits_move_with_the_first():
    roll = played(2, slots=2)
    made = timed(roll, asking(lay=0.2)).reshape(32, 2, 3, N)[:, :, 2, SD]
    before = roll.reshape(32, 2, 3, N)
    struck = (before[:, :, 0, SD] > 0.5).all(1)
    gap = np.diff(made[struck]) - np.diff(before[:, :, 2, SD][struck])
    inside = np.abs(made[struck]).max(1) < MOST
    assert inside.any()
    assert gap[inside] == pytest.approx(0, abs=1e-9)


def test_what_is_not_asked_and_what_swings_stays():
    roll = played(3)
    assert np.array_equal(timed(roll, asking()), roll)
    only = asking(loose=0.02)
    only.loose[0] = np.nan
    assert np.array_equal(timed(roll, only)[:16], roll[:16])
    cells = roll.reshape(32, 3, N)
    cells[:, 0, CH] = 0
    cells[3::4, :, CH] = np.array([1, 0.6, -1 / 3])  # the last triplet of each beat
    assert np.array_equal(timed(roll, asking(loose=0.02)), roll)


def test_the_snare_of_a_bar_that_swings_lies_as_asked_but_on_triplets():
    cells = played(3).reshape(32, 3, N)
    cells[:, 0, CH] = 0
    cells[3::4, :, CH] = np.array([1, 0.6, -1 / 3])
    cells[[7, 23], :, SD] = np.array([1, 0.6, -1 / 3])
    made = timed(cells.reshape(32, -1), asking(lay=0.2)).reshape(32, 3, N)
    for bar in (made[:16], made[16:]):
        near = (bar[:, 0] > 0.5) & (np.abs(bar[:, 2]) < 0.3)
        kick, snare = (bar[near[:, drum], 2, drum].mean() for drum in (BD, SD))
        assert snare - kick == pytest.approx(0.2, abs=1e-6)
    assert made[[7, 23], 2, SD] == pytest.approx(-1 / 3)
    assert np.array_equal(made[:, 2, CH], cells[:, 2, CH])


def test_offsets_stay_within_their_sixteenth():
    roll = played(4)
    made = timed(roll, asking(loose=0.6, lay=2.0))
    assert np.abs(made[:, 2 * N :]).max() <= MOST


@pytest.mark.parametrize("together", [0.6, 1.2])
@pytest.mark.parametrize("slots", [1, 2])
def test_hits_that_are_struck_together_are_as_near_as_asked(together, slots):
    roll = played(4, slots=slots, bars=4)
    made = timed(roll, DrumChart.empty(4).with_(together=together))
    # the deviation of all offsets, by which the range is divided, changes with it
    now, before = together_of(made), together_of(roll)
    assert abs(now - together) < abs(before - together)
    offset, old = made[:, 2 * N : 3 * N], roll[:, 2 * N : 3 * N]
    hits = roll[:, :N] > 0.5
    several = hits.sum(1) > 1
    mean = [(x * hits).sum(1)[several] / hits.sum(1)[several] for x in (offset, old)]
    assert mean[0] == pytest.approx(mean[1], abs=1e-6)
    assert np.array_equal(made[:, : 2 * N], roll[:, : 2 * N])


def test_few_hits_together_say_nothing():
    roll = played(5, bars=1)
    assert (roll[:, :N] > 0.5).sum(1).max() > 1
    assert np.isnan(together_of(roll))
    assert 0 < ((roll[:, :N] > 0.5).sum(1) > 1).sum() < FEWEST
    assert np.array_equal(timed(roll, DrumChart.empty(1).with_(together=0.5)), roll)


def test_drummers_differ_in_how_near_they_strike():
    random = np.random.default_rng(0)
    found = [sampled_together(random) for _ in range(2000)]
    assert np.quantile(found, [0.1, 0.5, 0.9]) == pytest.approx(
        np.quantile(TOGETHER, [0.1, 0.5, 0.9]), abs=0.05
    )
