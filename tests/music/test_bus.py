"""The room, the compressor and the limiter: exact in a loop, and never above the ceiling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from workbench.music.bus import (
    RATIO,
    ROOM_LEVEL,
    ROOM_SECONDS,
    THRESHOLD,
    compressed,
    in_room,
    limited,
    room,
)

RATE = 44100


def true_peak(sound, loop=True):
    """Highest value of the sound at eight times its rate, by another interpolator."""
    around = np.pad(sound, ((0, 0), (64, 64)), mode="wrap" if loop else "constant")
    return np.abs(resample_poly(around.astype(float), 8, 1, axis=1)[:, 512:-512]).max()


def bursts(seed, count, level):
    """Noise that decays again and again, from `level` on; (2, count)."""
    random = np.random.default_rng(seed)
    envelope = np.exp(-(np.arange(count) % 9000) / 2500)
    return (level * envelope * random.standard_normal((2, count))).astype(np.float32)


@pytest.mark.parametrize("stage", [compressed, limited])
@given(
    seed=st.integers(0, 99),
    level=st.floats(0.05, 2),
    shift=st.integers(1, 90),
    seconds=st.integers(1, 3),
)
@settings(max_examples=8, deadline=None)
def test_a_loop_has_no_beginning(stage, seed, level, shift, seconds):
    """A rotated loop gives the rotated result, so that the seam is like any other place."""
    sound = bursts(seed, seconds * RATE, level)
    samples = shift * (RATE // 1000)  # whole blocks
    sound = sound[:, : sound.shape[1] // 44 * 44]
    turned = stage(np.roll(sound, samples, axis=1), RATE, True)
    np.testing.assert_allclose(
        turned, np.roll(stage(sound, RATE, True), samples, axis=1), atol=1e-4
    )


@pytest.mark.parametrize("stage", [compressed, limited])
@pytest.mark.parametrize("count", [44100, 44117, 70001])
def test_the_gain_does_not_jump_at_the_seam(stage, count):
    """Whatever the length: the gain's step from the end to the start is like its other steps."""
    time = np.arange(count) / count
    swell = (0.02 + 1.4 * (1 + np.cos(2 * np.pi * time))).astype(np.float32)  # loudest at the seam
    sound = np.stack([swell, swell])
    gain = (stage(sound, RATE, True) / sound)[0]
    assert gain.min() < 0.7
    assert abs(gain[0] - gain[-1]) <= 1.01 * np.abs(np.diff(gain)).max()


@pytest.mark.parametrize("loop", [True, False])
@given(seed=st.integers(0, 999), level=st.floats(0.2, 4), count=st.integers(9000, 30000))
@settings(max_examples=15, deadline=None)
def test_the_true_peak_is_at_most_one_decibel_below_full_scale(loop, seed, level, count):
    sound = bursts(seed, count, level)
    assert true_peak(limited(sound, RATE, loop), loop) <= 10 ** (-1 / 20)


def test_quiet_sound_passes_unchanged():
    sound = bursts(1, 20000, 0.01)
    assert limited(sound, RATE, True) is sound
    np.testing.assert_allclose(compressed(sound, RATE, True), sound, rtol=1e-5)


def test_the_compressor_keeps_its_ratio():
    """A steady tone above the threshold rises by 1/RATIO of its input."""
    tone = np.sin(2 * np.pi * 441 * np.arange(2 * RATE) / RATE)
    for level in (-15, -9, -3):
        sound = np.stack([tone, tone]).astype(np.float32) * 10 ** ((level + 3.01) / 20)
        out = compressed(sound, RATE, True)
        found = 10 * np.log10(np.square(out).mean())
        assert found == pytest.approx(THRESHOLD + (level - THRESHOLD) / RATIO, abs=0.1)


@pytest.mark.parametrize("rate", [24000, 44100, 48000])
def test_the_room_comes_after_the_hit_and_has_its_level(rate):
    shot = np.zeros((100, 2), np.float32)
    shot[0] = 0.5
    sound = in_room(shot, rate)
    assert len(sound) == len(shot) + round(ROOM_SECONDS * rate) - 1
    np.testing.assert_allclose(sound[0], 0.5, atol=0.02)
    reflections = np.square(sound - np.pad(shot, ((0, len(sound) - 100), (0, 0)))).sum() / 2
    assert 10 * np.log10(reflections / 0.25) == pytest.approx(ROOM_LEVEL, abs=0.1)
    early = np.square(sound[1 : round(0.0025 * rate)]).sum()
    assert early < 0.05 * np.square(sound[1:]).sum()
    assert abs(np.corrcoef(room(rate).T)[0, 1]) < 0.5  # it is wide


def test_the_room_is_the_same_in_every_run():
    first = room(32000).copy()
    room.cache_clear()
    np.testing.assert_array_equal(room(32000), first)
