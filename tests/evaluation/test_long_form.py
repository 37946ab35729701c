"""Seams, level and recurrence against clips whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.evaluation import long_form

RATE = 16_000


def noise(n: int, samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (n, samples))


def test_level_is_that_of_a_sine():
    sine = np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)
    both = np.concatenate([sine, 0.1 * sine, 0 * sine])[None]
    assert long_form.level(both, RATE)[0] == pytest.approx([-3.01, -23.01, -80], abs=0.01)
    assert long_form.level(both[:, :-1], RATE).shape == (1, 2)
    with pytest.raises(WorkbenchError, match="shorter"):
        long_form.level(both, 4 * RATE)


def test_a_steady_sound_has_no_seam_and_a_joined_one_has():
    """Different harmonic tones joined every second change there and nowhere else."""
    at = np.arange(RATE) / RATE
    tones = [sum(np.sin(2 * np.pi * k * f * at) / k for k in range(1, 20)) for f in (200, 317, 503)]
    joined = 0.2 * np.concatenate(tones)[None]
    one = 0.2 * np.concatenate(3 * tones[:1])[None]
    assert long_form.seams(joined, RATE) > 5
    assert long_form.seams(one + noise(1, 3 * RATE) / 10, RATE) == pytest.approx(1, abs=0.2)
    shifted = np.roll(joined, RATE // 2, axis=1)  # the seams lie where they are not looked for
    assert long_form.seams(shifted, RATE) < 0.5
    with pytest.raises(WorkbenchError, match="no multiple"):
        long_form.seams(one[:, :RATE], RATE)


def test_seams_of_noise_are_like_any_other_place():
    found = [long_form.seams(noise(8, 5 * RATE, seed), RATE) for seed in range(5)]
    assert np.mean(found) == pytest.approx(1, abs=0.05)


def test_change_names_places_too_near_the_ends():
    with pytest.raises(WorkbenchError, match="places: 100"):
        long_form.change(noise(1, RATE), [100])


def test_recurrence_knows_loops_and_noise():
    part = noise(1, 50 * 16).reshape(1, 50, 16)
    loop = np.concatenate([part, noise(1, 80 * 16, 1).reshape(1, 80, 16), part], axis=1)
    assert long_form.recurrence(loop, 50, stride=1)[0] > 0.97
    other = noise(3, 180 * 16, 2).reshape(3, 180, 16)
    assert long_form.recurrence(other, 50).max() < 0.3
    assert long_form.recurrence(np.ones((1, 100, 4)), 50) == pytest.approx([0])
    louder = np.concatenate([part, 3 * part], axis=1)  # louder, but the same
    assert long_form.recurrence(louder, 50)[0] > 0.9
    with pytest.raises(WorkbenchError, match="twice as many"):
        long_form.recurrence(part, 50)
