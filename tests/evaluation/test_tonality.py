"""Chroma, keys, scales and roughness against tones whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.evaluation import tonality

RATE = 16_000


def tones(*pitches: float, harmonics: int = 1, seconds: float = 1.0) -> np.ndarray:
    """MIDI pitches together, (1, samples)."""
    at = np.arange(round(seconds * RATE)) / RATE
    hertz = [440 * 2 ** ((p - 69) / 12) * k for p in pitches for k in range(1, harmonics + 1)]
    return sum(np.sin(2 * np.pi * f * at) for f in hertz)[None] / len(hertz)


@pytest.mark.parametrize("pitch", range(38, 94, 5))
def test_a_tone_is_heard_as_its_pitch_class(pitch):
    found = tonality.chroma(tones(pitch), RATE)[0]
    assert found[pitch % 12] > 0.95
    assert found.sum() == pytest.approx(1)


def test_chroma_turns_with_the_music_and_knows_no_loudness():
    chord = tones(60, 64, 67, harmonics=3)
    base = tonality.chroma(chord, RATE)
    assert tonality.chroma(0.01 * chord, RATE) == pytest.approx(base, abs=1e-6)
    higher = tonality.chroma(tones(65, 69, 72, harmonics=3), RATE)
    assert np.roll(base, 5, axis=1) == pytest.approx(higher, abs=0.03)


@pytest.mark.parametrize("tonic", range(12))
def test_scales_and_cadences_have_their_key(tonic):
    chords = [(0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)]  # I, IV, V, I
    sound = np.concatenate(
        [tones(*(60 + tonic + k for k in chord), harmonics=4) for chord in chords], axis=1
    )
    found = tonality.chroma(sound, RATE)
    assert tonality.scales(found)[0][0] == tonic
    assert tonality.clarity(found)[0] > 0.75
    minor = [(0, 3, 7), (5, 8, 12), (7, 10, 14), (0, 3, 7)]
    sound = np.concatenate([tones(*(57 + tonic + k for k in c), harmonics=2) for c in minor], 1)
    assert tonality.scales(tonality.chroma(sound, RATE))[0][0] == tonic  # A minor has C's signature


def test_the_profiles_themselves_are_perfectly_clear():
    three = np.stack([np.roll(tonality.MAJOR, 7), tonality.MINOR, np.arange(12.0) % 2])
    assert tonality.clarity(three)[:2] == pytest.approx([1, 1])
    wanted = max(  # of all that a rolled profile gives, by numpy's own correlation
        np.corrcoef(three[2], np.roll(p, k))[0, 1]
        for p in (tonality.MAJOR, tonality.MINOR)
        for k in range(12)
    )
    assert tonality.clarity(three)[2] == pytest.approx(wanted)


def test_share_in_one_scale():
    scale = np.isin(np.arange(12), [2, 4, 6, 7, 9, 11, 1]).astype(float)  # D major
    assert [float(x[0]) for x in tonality.scales(scale[None])] == pytest.approx([2, 1])
    assert tonality.scales(np.ones((1, 12)))[1] == pytest.approx([7 / 12])
    tritone = np.eye(12)[0] + np.eye(12)[6]  # C and F# share a scale
    three = np.eye(12)[0] + np.eye(12)[1] + np.eye(12)[2]  # chromatic: no scale has all
    assert tonality.scales(np.stack([tritone, three]))[1] == pytest.approx([1, 2 / 3])


def test_roughness_knows_consonance():
    """Sethares 1993, figure 3: with harmonics, unison and octave are smooth, the fifth less so, the
    tritone more, the minor second most."""
    names = {"unison": 0.0, "octave": 12, "fifth": 7.02, "tritone": 6, "second": 1}
    found = {
        name: tonality.roughness(tones(60, 60 + step, harmonics=6), RATE)[0]
        for name, step in names.items()
    }
    assert found["octave"] == pytest.approx(found["unison"], abs=0.05)
    assert found["octave"] < found["fifth"] < found["tritone"] < found["second"]
    assert tonality.roughness(tones(69), RATE)[0] < 0.02
    assert tonality.roughness(0.1 * tones(60, 61), RATE) == pytest.approx(
        tonality.roughness(tones(60, 61), RATE), rel=1e-6
    )


def test_two_tones_beat_as_the_formula_says():
    low, high = 440.0, 470.0
    at = np.arange(RATE) / RATE
    sound = (np.sin(2 * np.pi * low * at) + np.sin(2 * np.pi * high * at))[None]
    d = 0.24 * (high - low) / (0.021 * low + 19)
    wanted = (np.exp(-3.5 * d) - np.exp(-5.75 * d)) / 2
    assert tonality.roughness(sound, RATE, partials=2)[0] == pytest.approx(wanted, rel=0.02)


def test_silence_short_sound_and_nan():
    quiet = np.zeros((1, RATE))
    assert tonality.chroma(quiet, RATE) == pytest.approx(np.full((1, 12), 1 / 12))
    assert tonality.clarity(tonality.chroma(quiet, RATE)) == pytest.approx([0])
    assert tonality.roughness(quiet, RATE) == pytest.approx([0])
    with pytest.raises(WorkbenchError, match="a spectrum needs 4096"):
        tonality.chroma(np.zeros((1, 100)), RATE)
    with pytest.raises(WorkbenchError, match="sounds"):
        tonality.chroma(np.full((1, RATE), np.nan), RATE)
