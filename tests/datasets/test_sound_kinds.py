"""Windows of six kinds of sound that need no data set."""

import numpy as np
import pytest

from workbench.datasets.sound_kinds import KINDS, built_in_kinds
from workbench.errors import WorkbenchError


@pytest.fixture(scope="module")
def windows():
    return built_in_kinds(3, seconds=2.0, rate=16_000)


def test_each_kind_has_its_windows(windows):
    assert [clip.labels["style"] for clip in windows] == [kind for kind in KINDS for _ in range(3)]
    for clip in windows:
        assert clip.audio.shape == (1, 32_000)
        assert np.isfinite(clip.audio).all()
        assert 1e-3 < np.abs(clip.audio).max() <= 1
        assert clip.tempo > 0
        assert clip.labels["built_in"]


def test_they_begin_at_a_downbeat(windows):
    """The first tenth of a second is not silent in drums and bands."""
    loud = [
        np.abs(clip.audio[0, :1_600]).max() / np.abs(clip.audio).max()
        for clip in windows
        if clip.labels["style"] in ("band", "drums")
    ]
    assert np.mean(np.array(loud) > 0.02) >= 0.8


def test_the_seed_and_the_split_decide(windows):
    again = built_in_kinds(1, seconds=2.0, rate=16_000)
    assert all(np.array_equal(a.audio, b.audio) for a, b in zip(windows[::3], again, strict=True))
    for other in (
        built_in_kinds(1, seconds=2.0, rate=16_000, seed=1),
        built_in_kinds(1, seconds=2.0, rate=16_000, split="test"),
    ):
        assert not np.array_equal(other[0].audio, windows[0].audio)


def test_drums_are_noisier_than_strings(windows):
    """What the judge of lesson 07 relies on: kinds differ in their spectra."""

    def flatness(kind):
        powers = [
            np.abs(np.fft.rfft(clip.audio[0])) ** 2 + 1e-12
            for clip in windows
            if clip.labels["style"] == kind
        ]
        return np.array([np.log(power).mean() - np.log(power.mean()) for power in powers])

    assert flatness("drums").mean() > flatness("strings").mean()


@pytest.mark.parametrize("wrong", [{"each": 0}, {"seconds": 0}, {"rate": 0}, {"seed": -1}])
def test_numbers_out_of_range_are_named(wrong):
    given = {"each": 1, "seconds": 1.0, "rate": 16_000} | wrong
    [name] = wrong
    with pytest.raises(WorkbenchError, match=name):
        built_in_kinds(given.pop("each"), **given)
