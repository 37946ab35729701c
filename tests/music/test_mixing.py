"""Mixing one-shots: sound that goes on beyond the end of a loop."""

import numpy as np
import pytest

from workbench.music.mixing import PEAK, finish, fold


@pytest.mark.parametrize("length", [3, 10, 11, 20, 37])
def test_a_loop_receives_all_that_lies_beyond_its_end(length):
    sound = np.random.default_rng(length).normal(size=(length, 2)).astype(np.float32)
    folded = fold(sound, 10)
    expected = np.zeros((2, 10), dtype=np.float64)
    for i, sample in enumerate(sound):
        expected[:, i % 10] += sample
    assert folded.shape == (2, 10)
    assert folded.flags["C_CONTIGUOUS"]
    assert np.allclose(folded, expected, atol=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_mix_is_scaled_down_to_the_peak_of_either_sign(sign):
    sound = np.zeros((2, 8), dtype=np.float32)
    sound[1, 3] = 2 * sign
    assert np.abs(finish(sound, 44100, loop=True)).max() == pytest.approx(PEAK)
    quiet = finish(sound / 4, 44100, loop=True)
    assert np.array_equal(quiet, sound / 4)
