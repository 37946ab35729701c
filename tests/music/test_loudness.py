"""Loudness: the standard's own figures, EBU's test signals, torchaudio, and properties."""

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.music.loudness import (
    MOST_GAIN,
    PLAYBACK,
    TARGET,
    TOP,
    for_playback,
    k_weighting,
    loudness,
    matched,
    settled,
)


def sine(decibels, seconds, rate=48000, frequency=1000.0):
    time = np.arange(round(seconds * rate)) / rate
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * frequency * time)


def stereo(*parts):
    return np.tile(np.concatenate(parts), (2, 1))


def test_at_48_khz_the_filters_are_the_tables_of_the_standard():
    shelf, low_cut = k_weighting(48000)
    tables = [
        1.53512485958697,
        -2.69169618940638,
        1.19839281085285,
        1,
        -1.69065929318241,
        0.73248077421585,
    ]
    assert shelf == pytest.approx(tables, abs=1e-8)
    assert low_cut == pytest.approx([1, -2, 1, 1, -1.99004745483398, 0.99007225036621], abs=1e-8)


@pytest.mark.parametrize(
    ("rate", "within"), [(16000, 0.05), (24000, 0.05), (44100, 0.01), (48000, 0.01)]
)
def test_a_sine_at_full_scale_in_one_channel(rate, within):
    """BS.1770-4: 997 Hz at 0 dB in one channel reads −3.01 LUFS; low rates bend the shelf a bit."""
    assert loudness(sine(0, 5, rate, 997.0), rate) == pytest.approx(-3.01, abs=within)


@pytest.mark.parametrize(
    ("signal", "level"),
    [
        (stereo(sine(-23, 20)), -23),
        (stereo(sine(-33, 20)), -33),
        (stereo(sine(-36, 10), sine(-23, 60), sine(-36, 10)), -23),
        (stereo(sine(-72, 10), sine(-36, 10), sine(-23, 60), sine(-36, 10), sine(-72, 10)), -23),
        (stereo(sine(-26, 20), sine(-20, 20.1), sine(-26, 20)), -23),
    ],
    ids=[1, 2, 3, 4, 5],
)
def test_the_ebus_signals(signal, level):
    """EBU Tech 3341, cases 1 to 5: within 0.1 LU."""
    assert loudness(signal, 48000) == pytest.approx(level, abs=0.1)


def test_torchaudio_agrees_within_its_rounder_filters():
    import torch
    from torchaudio.functional import loudness as theirs

    random = np.random.default_rng(0)
    for channels in (1, 2):
        sound = random.normal(size=(channels, 48000 * 3)) * np.linspace(0.001, 0.2, 48000 * 3)
        assert loudness(sound, 48000) == pytest.approx(
            float(theirs(torch.from_numpy(sound), 48000)), abs=0.2
        )


def test_a_gain_moves_it_by_just_that():
    sound = np.random.default_rng(1).normal(0, 0.1, (1, 24000))
    assert loudness(sound / 2, 24000) - loudness(sound, 24000) == pytest.approx(-6.0206, abs=1e-4)


def test_silence_and_too_little():
    assert loudness(np.zeros((2, 48000)), 48000) == -np.inf
    with pytest.raises(WorkbenchError, match=r"needs 0\.4 s"):
        loudness(np.ones((1, 100)), 48000)


def test_matched_sounds_are_equally_loud_and_none_is_clipped():
    random = np.random.default_rng(2)
    noise = random.normal(0, 0.05, (1, 48000))
    clicks = np.zeros((1, 48000))
    clicks[0, ::4800] = 0.9  # hardly loud, and peaks near full scale
    made, gains = matched([noise, clicks, sine(-3, 1)[None]], 24000)
    levels = [loudness(sound, 24000) for sound in made]
    assert np.ptp(levels) < 1e-6
    assert levels[0] < TARGET  # the clicks leave no room for more
    top = max(20 * np.log10(np.abs(sound).max()) for sound in made)
    assert top == pytest.approx(TOP)
    assert len(gains) == 3
    soft, _ = matched([noise, sine(-3, 1)[None]], 24000)
    assert loudness(soft[0], 24000) == pytest.approx(TARGET)


def test_a_silent_sound_is_named():
    with pytest.raises(WorkbenchError, match="take two is silent"):
        matched([sine(-3, 1)[None], np.zeros((1, 48000))], 48000, ["take one", "take two"])


def true_peak(sound):
    """In dB of full scale, by SciPy's resampling."""
    from scipy.signal import resample_poly

    return 20 * np.log10(np.abs(resample_poly(sound, 4, 1, axis=1)).max())


def music(level, rate=24_000, seconds=3.0):
    """Decaying tones with noise, (2, samples), root mean square about `level` dB."""
    time, random = np.arange(round(seconds * rate)) / rate, np.random.default_rng(0)
    sound = sum(np.sin(2 * np.pi * f * time) for f in (220, 440, 1320)) * np.exp(-18 * (time % 0.5))
    sound = sound + 0.1 * random.normal(size=len(time))
    return np.stack([sound, np.roll(sound, 40)]) * 10 ** (level / 20) / np.sqrt(np.mean(sound**2))


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("level", [-35, -20, -6])
def test_players_have_one_loudness_and_no_clipping(level, loop):
    made = for_playback(music(level), 24_000, loop)
    assert made.shape == music(level).shape
    assert loudness(made, 24_000) == pytest.approx(PLAYBACK, abs=0.7)
    assert true_peak(made) <= TOP + 0.05


def test_soft_sound_is_raised_so_far_and_silence_and_blips_are_kept():
    soft = music(-60)
    raised = for_playback(soft, 24_000, False)
    assert loudness(raised, 24_000) - loudness(soft, 24_000) == pytest.approx(MOST_GAIN, abs=0.01)
    assert not for_playback(np.zeros((2, 24_000)), 24_000, True).any()
    blip = 0.1 * np.ones((2, 100), np.float32)
    assert np.array_equal(for_playback(blip, 24_000, True), blip)


def test_single_hits_stay_softer_rather_than_squashed():
    hits = np.zeros((2, 48_000))
    hits[:, ::12_000] = 0.9
    made = for_playback(hits, 24_000, False)
    assert loudness(made, 24_000) < PLAYBACK - 3
    assert np.abs(made).max() < 1


@pytest.mark.parametrize("level", [-60.0, -30.0, -3.0])
def test_generated_sound_has_one_loudness(level):
    sound = sine(level, 2)[None]
    made = settled(sound, 48000)
    assert loudness(made, 48000) == pytest.approx(TARGET, abs=0.01)
    np.testing.assert_allclose(made / np.abs(made).max(), sound / np.abs(sound).max(), atol=1e-6)


def test_generated_sound_with_high_peaks_is_softer_rather_than_clipped():
    sound = np.zeros((1, 48000))
    sound[0, 100:110] = 0.5
    made = settled(sound, 48000)
    assert 20 * np.log10(np.abs(made).max()) == pytest.approx(TOP)
    assert loudness(made, 48000) < TARGET


def test_silence_and_a_blip_stay():
    for sound in (np.zeros((2, 48000)), sine(-40, 0.1)[None]):
        assert settled(sound, 48000) is sound
