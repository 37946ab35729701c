"""The average that keeps a beat: its rows, its periods, and what it leaves alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.representations.drum_chart import METERS
from workbench.systems import beat_grid
from workbench.systems.beat_grid import BeatGrid, form_of

GRIDS = st.builds(
    BeatGrid, st.integers(1, 400), st.floats(3, 130), st.sampled_from(METERS), st.just(False)
)


@given(GRIDS)
@settings(deadline=None, max_examples=60)
def test_the_rows_of_the_average_add_up_to_one(grid):
    dense = grid.mixture.to_dense()
    assert dense.shape == (grid.frames, grid.frames)
    assert (dense >= 0).all()
    assert torch.allclose(dense.sum(1), torch.ones(grid.frames), atol=1e-5)


@pytest.mark.parametrize("meter", METERS)
def test_in_a_loop_the_average_is_a_convolution_that_wraps_around(meter):
    """Without a form, shifting the latent shifts the average, and columns add up to 1, too."""
    bars, quarter = 1, 10.5
    frames = round(bars * 4 * meter[0] / meter[1] * quarter)
    grid = BeatGrid(frames, frames / (bars * 4 * meter[0] / meter[1]), meter, loop=True)
    dense = grid.mixture.to_dense()
    assert torch.allclose(dense.sum(0), torch.ones(frames), atol=1e-4)
    rolled = torch.roll(dense, (5, 5), (0, 1))
    assert torch.allclose(rolled, dense, atol=1e-5)


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("frames", [256, 512])
def test_what_repeats_every_beat_stays_as_it_is(frames, loop):
    grid = BeatGrid(frames, 32.0, loop=loop)
    x = torch.randn(2, 3, 32).repeat(1, 1, frames // 32)
    assert torch.allclose(grid.mixed(x, 2), x, atol=1e-4)
    across = x.transpose(1, 2)[..., None]  # time on another axis
    assert torch.allclose(grid.mixed(across, 1), across, atol=1e-4)


def test_noise_becomes_more_regular_and_keeps_its_spread():
    grid = BeatGrid(512, 20.3)
    x = torch.randn(4, 8, 512, generator=torch.Generator().manual_seed(0))
    y = grid.mixed(x, 2)
    assert torch.allclose(y.std(2), x.std(2), rtol=0.02)

    def alike(z, lag):
        return float((z[..., lag:] * z[..., :-lag]).mean() / z.var())

    for lag, least in ((20, 0.015), (41, 0.08), (81, 0.08)):  # a beat, two beats, a bar
        assert alike(y, lag) > alike(x, lag) + least
    assert abs(alike(y, 30)) < 0.1  # one and a half


def test_bars_of_another_letter_are_not_averaged_with_the_bar(monkeypatch):
    monkeypatch.setattr(beat_grid, "WEIGHTS", (0.0, 0.0, 0.9))
    grid = BeatGrid(4 * 64, 16.0)  # A A A B
    bars = grid.mixture.to_dense().view(4, 64, 4, 64).sum((1, 3)) / 64
    expected = np.eye(4)
    expected[:3, :3] = 0.3 + 0.1 * np.eye(3)
    assert np.allclose(bars, expected, atol=0.02)  # the last frames are interpolated


def test_forms_have_a_bar_that_differs():
    assert form_of(1) == [0]
    for bars in range(2, 20):
        assert len(form_of(bars)) == bars
        assert set(form_of(bars)) == {0, 1}


@given(GRIDS)
@settings(deadline=None, max_examples=30)
def test_noise_stays_standard_and_repeats(grid):
    random = torch.Generator().manual_seed(1)
    free = torch.randn(40, 8, grid.frames, generator=random)
    pattern = torch.randn(40, 8, grid.pattern_frames, generator=random)
    mixed = grid.noise(free, pattern, 2)
    assert mixed.shape == free.shape
    assert float(mixed.var(0).mean()) == pytest.approx(1, abs=0.3)


def test_the_repeated_share_of_the_noise_is_the_one_named():
    grid = BeatGrid(4000, 25.0)
    random = torch.Generator().manual_seed(2)
    free = torch.randn(1, 64, 4000, generator=random)
    pattern = torch.randn(1, 64, grid.pattern_frames, generator=random)
    mixed = grid.noise(free, pattern, 2)
    for lag, share in ((50, beat_grid.SHARED), (100, beat_grid.SHARED), (70, 0)):
        assert float((mixed[..., lag:] * mixed[..., :-lag]).mean()) == pytest.approx(share, abs=0.1)


@pytest.mark.parametrize(
    ("meter", "periods"),
    [((4, 4), (1, 2, 4)), ((3, 4), (1, 3)), ((6, 8), (1.5, 3)), ((12, 8), (1.5, 3, 6))],
)
def test_periods_fit_the_metre(meter, periods):
    grid = BeatGrid(100, 10.0, meter)
    assert [period / 10 for period, _ in grid.levels] == pytest.approx(periods)
    assert sum(weight for _, weight in grid.levels) == pytest.approx(sum(beat_grid.WEIGHTS))
