"""What a drummer would object to: figures of hand-made loops."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.benchmarks.drumbench.loops import EIGHTHS, ROCK, play
from tests.benchmarks.drumbench.test_score import clip
from workbench.benchmarks.drum_data import LoopSet
from workbench.benchmarks.drum_objections import objections, session_range

FILL = "BD 1; SD 1 1e 1& 1a; HT 2& 2a 3 3e; MT 3& 3a 4; LT 4e 4& 4a"


def figures(**how):
    return {name: values[0] for name, values in objections([play(**how)]).items()}


def test_one_bar_again_and_again():
    found = figures()
    assert found["distinct bars"] == found["distinct bars of kick and accents"] == 1
    assert found["bars exactly as the one before"] == found["overlap with the next bar"] == 1
    assert found["stray hits"] == found["last bar is a fill"] == found["bars with toms"] == 0


def test_a_fill_at_the_end_stands_out():
    found = figures(only={8: FILL})
    assert found["last bar is a fill"] == 1
    assert found["bar 4 is a fill"] == found["other bars are fills"] == 0
    assert found["last bar: distance from its neighbours"] > 0.5
    assert found["other bars: distance from theirs"] < 0.2
    assert found["distinct bars"] == 2
    assert_allclose(found["bars with toms"], 1 / 8)
    assert found["stray hits"] > 0


def test_time_and_touch():
    found = figures(
        pattern=f"BD 1 3; SD 2:0.9 4:0.9 3a:0.2 1a:0.5; CH {EIGHTHS}", late={"SD": 0.1, "CH": 0.04}
    )
    assert_allclose(found["snare behind the kick"], 0.1, atol=1e-9)
    assert_allclose(found["hi-hat and ride behind the kick"], 0.04, atol=1e-9)
    assert_allclose(found["backbeats: velocity"], 0.9)
    assert_allclose(found["other snare hits: velocity"], 0.35)
    assert_allclose(found["ghost notes per bar"], 1)
    assert_allclose(found["snare hits of middle velocity"], 1 / 4)
    assert found["kick: SD of timing"] < 1e-6


def test_too_tidy_time_is_seen():
    loose = play()
    loose.time = np.abs(loose.time + np.random.default_rng(0).normal(0, 0.02, len(loose.time)))
    found = objections([play(), loose])
    tidy, human = found["spread of hits struck together"]
    assert tidy < 1e-6
    assert human > 0.04


def test_hands():
    found = figures(pattern="BD 1; SD 1; CH 1; OH 1; RD 1 2 3 4")
    assert_allclose(found["three hands or more"], 1 / 16)
    assert_allclose(found["hi-hat open and closed at once"], 1 / 16)
    assert found["kick with an accented snare"] == 1


def test_the_range_is_of_means_over_sessions():
    clips = []
    for session, pattern in (("a", ROCK), ("b", "BD 1 2 3 4"), ("few", "SD 1")):
        for _ in range(8 if session != "few" else 2):
            clips.append(clip(pattern))
            clips[-1].labels["session"] = session
    mean, low, high = session_range(LoopSet(clips))["hits per beat"]
    assert mean == pytest.approx(2)  # two sessions count, however long they are
    assert (low, high) == (1, 3)
