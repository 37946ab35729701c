"""The beat as channels: against the closed form, around loops, and where it is unknown."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import PromptError
from workbench.representations.beat_channels import CHANNELS, beat_channels, regular_beats
from workbench.representations.drum_chart import METERS
from workbench.representations.mixup import Beats

NONE = Beats(np.empty(0), np.empty(0))


@given(st.floats(30, 300), st.sampled_from(METERS), st.floats(0, 20))
@settings(deadline=None, max_examples=40)
def test_the_phases_are_those_of_the_closed_form(tempo, meter, start):
    step, frames = 0.032, 100
    found = beat_channels(regular_beats(30, tempo, meter), frames, step, start=start).double()
    at = start + step * torch.arange(frames).double()
    beat = 240 / tempo / meter[1]
    for channel, period in ((0, beat), (2, beat * meter[0])):
        phase = 2 * torch.pi * at / period
        assert torch.allclose(found[channel], torch.cos(phase), atol=1e-4)
        assert torch.allclose(found[channel + 1], torch.sin(phase), atol=1e-4)
    assert torch.allclose(found[6], torch.full((frames,), np.log2(60 / beat / 120)).double())
    assert (found[7] == 1).all()


def test_at_each_beat_the_phase_is_zero_and_the_impulse_one():
    beats = Beats(np.array([0.0, 0.5, 0.9, 1.6, 2.0]), np.array([0.0, 1.6]))  # uneven
    found = beat_channels(beats, 25, 0.1)
    at = [0, 5, 9, 16, 20]
    assert torch.allclose(found[0, at], torch.ones(5), atol=1e-5)
    assert torch.allclose(found[1, at], torch.zeros(5), atol=1e-5)
    assert (found[4] > 0.01).nonzero()[:, 0].tolist() == [
        *at,
        24,
    ]  # the last beat lasts as the one before
    assert torch.allclose(found[4, at], torch.ones(5), atol=1e-5)
    assert (found[5] > 0.01).nonzero()[:, 0].tolist() == [0, 16]
    assert found[6, 6] == pytest.approx(np.log2(60 / 0.4 / 120))  # of the beat of that moment


def test_an_impulse_between_two_frames_is_shared_by_both():
    beats = Beats(np.array([0.25, 1.25, 2.25]), np.array([]))
    found = beat_channels(beats, 30, 0.1)
    assert found[4, [2, 3, 12, 13]].tolist() == pytest.approx([0.5] * 4, abs=1e-5)
    assert found[4].sum() == pytest.approx(3, abs=1e-4)
    assert (found[[2, 3, 5]] == 0).all()  # no bars are known


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("frames", [101, 64])
def test_around_whole_bars_the_channels_wrap(meter, frames):
    """The frame after the last one is the first one again, however many frames a bar has."""
    seconds = 2 * 240 * meter[0] / meter[1] / 97
    step = seconds / frames
    found = beat_channels(regular_beats(seconds, 97, meter), 2 * frames, step)
    assert torch.allclose(found[:, :frames], found[:, frames:], atol=1e-4)


def test_a_crop_has_the_channels_of_its_place():
    beats = Beats(np.array([0.1, 0.7, 1.2, 1.9]), np.array([0.1, 1.2]))
    whole = beat_channels(beats, 60, 0.05)
    part = beat_channels(beats, 20, 0.05, start=30 * 0.05)
    assert torch.allclose(part, whole[:, 30:50], atol=1e-5)


def test_unknown_beats_are_zeros():
    assert beat_channels(NONE, 7, 0.1).tolist() == torch.zeros(CHANNELS, 7).tolist()
    beats = regular_beats(2, 120, (4, 4))
    found = beat_channels(beats, 10, 0.1, end=0.6)  # the piece ends after six frames
    assert found[7].tolist() == [1] * 6 + [0] * 4
    assert (found[:, 6:] == 0).all()
    with pytest.raises(PromptError, match="step"):
        beat_channels(beats, 10, 0.0)
