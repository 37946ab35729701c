"""Errors of velocity and timing of humanised loops."""

import numpy as np
import pytest

from workbench.benchmarks.drum_grooves import _flat, _means_by_place, _spreads, touch_errors

N = 9


def rolls(seed: int, n: int = 6) -> np.ndarray:
    random = np.random.default_rng(seed)
    hits = random.random((n, 128, N)) < 0.3
    velocity, offset = random.random(hits.shape), random.random(hits.shape) - 0.5
    return np.concatenate([hits, velocity * hits, offset * hits], axis=-1)


def test_errors_are_those_of_the_hits():
    real = rolls(0)
    moved = real.copy()
    hits = real[..., :N] > 0.5
    moved[..., N : 2 * N][hits] += 0.1
    moved[..., 2 * N :][hits] -= 0.05
    velocity, offset = touch_errors(real, moved)
    assert np.allclose(velocity, 0.1)
    assert np.allclose(offset, 0.05)
    with pytest.raises(ValueError, match="made"):
        touch_errors(real, np.zeros_like(real))


def test_a_flat_touch_has_the_mean_velocity_of_each_drum():
    train, real = rolls(1), rolls(2)
    flat = _flat(train, real)
    hits = real[..., :N] > 0.5
    for drum in range(N):
        own = train[..., drum] > 0.5
        mean = train[..., N + drum][own].mean()
        assert np.allclose(flat[..., N + drum][hits[..., drum]], mean)
    assert not flat[..., 2 * N :].any()
    assert _spreads(real, flat) == pytest.approx([0, 0], abs=1e-6)


def test_the_mean_groove_is_that_of_each_sixteenth():
    real = rolls(3)
    means = _means_by_place(real)
    bars = real.reshape(-1, 16, 3, N)
    for step, drum in ((0, 0), (7, 3), (15, 8)):
        own = bars[:, step, 0, drum] > 0.5
        assert own.sum() >= 5
        assert means[step, 0, drum] == pytest.approx(bars[own, step, 1, drum].mean())
        assert means[step, 1, drum] == pytest.approx(bars[own, step, 2, drum].mean())
    rare = real.copy()
    rare.reshape(-1, 16, 3, N)[:, 4, :, 0] = 0  # never struck there
    own = rare.reshape(-1, 16, 3, N)[:, :, 0, 0] > 0.5
    anywhere = rare.reshape(-1, 16, 3, N)[:, :, 1, 0][own].mean()
    assert _means_by_place(rare)[4, 0, 0] == pytest.approx(anywhere)


def test_spreads_are_standard_deviations_within_a_loop():
    real = rolls(4, n=1)
    expected = [
        np.mean([real[0, :, i * N + d][real[0, :, d] > 0.5].std() for d in range(N)])
        for i in (1, 2)
    ]
    assert _spreads(real, real) == pytest.approx(expected)
