import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets import cut_loops
from workbench.errors import PromptError
from workbench.music.clip import Clip


def clip(times, beats=None, pitch=36, **fields):
    return Clip.from_notes([(float(t), 0.1, pitch, 90) for t in times], beats=beats, **fields)


def test_windows_start_on_bar_lines():
    long = clip(np.arange(0, 80, 0.5), labels={"style": "rock", "kind": "beat"})
    loops = cut_loops([long], bars=8, hop_bars=4)
    assert [loop.labels["start_bar"] for loop in loops] == [0, 4, 8, 12]
    assert all(loop.beats == 32 and loop.bars == 8 for loop in loops)
    assert all(not loop.labels["tiled"] for loop in loops)
    assert all(loop.labels["style"] == "rock" for loop in loops)
    assert len(cut_loops([long], bars=8, hop_bars=1)) == 13


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_hit_is_in_one_of_adjoining_windows(seed):
    """Windows side by side hold each hit once, within half a sixteenth of where it was."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.choice(64 * 40, size=200, replace=False)) / 40
    times = np.append(times[times < 63.5], 63.8)
    loops = cut_loops([clip(times)], bars=4, hop_bars=4)
    found = []
    for loop in loops:
        back = loop.notes["time"] + 4 * loop.labels["start_bar"]
        found.extend(np.where(loop.notes["time"] >= 16 - 0.125, back - 16, back))
    inside = times[times < 64 - 0.125]
    np.testing.assert_allclose(np.sort(found), inside, atol=1 / 480)


def test_an_early_downbeat_belongs_to_its_bar():
    times = [*np.arange(0, 15.9, 0.5), 15.98, *np.arange(16.5, 31.9, 0.5)]
    second = cut_loops([clip(times)], bars=4, hop_bars=4)[1]
    assert second.notes["time"][-1] == pytest.approx(15.98, abs=0.01)
    assert len(second.notes) == 32


def test_short_performances_are_tiled():
    fill = clip(np.arange(0, 4, 0.5), labels={"kind": "fill"})
    (loop,) = cut_loops([fill], bars=8)
    assert loop.labels["tiled"]
    assert loop.labels["kind"] == "fill"
    np.testing.assert_allclose(loop.notes["time"], np.arange(0, 32, 0.5), atol=1e-6)


def test_a_closing_hit_falls_on_the_next_downbeat():
    rows = [(t, 0.1, 38, 90) for t in np.arange(0, 8, 0.5)] + [(8.02, 0.1, 49, 100)]
    (loop,) = cut_loops([Clip.from_notes(rows)], bars=8)
    crash = loop.notes[loop.notes["pitch"] == 49]["time"]
    np.testing.assert_allclose(crash, np.arange(0, 32, 8) + 0.02, atol=1 / 480)
    assert (loop.notes["pitch"] == 38).sum() == 64


def test_three_bars_repeat_every_two():
    (loop,) = cut_loops([clip(np.arange(0, 12, 0.5))], bars=8)
    assert len(loop.notes) == 64


def test_what_is_left_out():
    assert cut_loops([clip([0, 31], pitch=36)]) == []  # too empty
    with pytest.warns(UserWarning, match="3/4"):
        assert cut_loops([clip(np.arange(0, 24, 0.5), meter=(3, 4))]) == []
    assert cut_loops([Clip.from_notes([(t, 1, 60, 80) for t in range(32)], drums=False)]) == []
    assert len(cut_loops([clip(np.arange(0, 24, 0.5), meter=(3, 4))], meter=(3, 4))) == 1
    with pytest.raises(PromptError):
        cut_loops([], bars=0)


def test_groove_loops(groove_loops):
    assert 3200 < len(groove_loops) < 3700  # without performances off their bar lines
    assert {loop.beats for loop in groove_loops} == {32.0}
    assert all(
        loop.notes["time"].min() >= 0 and loop.notes["time"].max() < 32 for loop in groove_loops
    )
    assert len({loop.caption for loop in groove_loops}) > 1500


@pytest.mark.parametrize("bars", [1001, 10**12, 2**70, 1e300])
def test_endless_windows_are_refused(bars):
    with pytest.raises(PromptError, match="bars="):
        cut_loops([clip([0, 1, 2])], bars=bars)
    assert cut_loops([clip(np.arange(8))], bars=1000, hop_bars=10**12)[0].beats == 4000


@pytest.mark.parametrize("odd", [None, 5, "a", [None], ["a.mid"], [5]])
def test_what_are_no_clips(odd):
    with pytest.raises(PromptError, match="clips"):
        cut_loops(odd)
    one = clip(np.arange(8))
    assert len(cut_loops(one, bars=2)) == len(cut_loops([one], bars=2)) == 1
