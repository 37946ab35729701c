"""Songs off the beats of their file are recognised, and moved onto their bars."""

import numpy as np
import pytest

from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.notes import NOTE
from workbench.systems.midigpt.alignment import aligned, grid_of, off_the_beat


def waltz_or_march(offset: float, meter: tuple[int, int] = (4, 4), bars: int = 12) -> Clip:
    """A bass on the first beat, chords on the others and a tune of eighths, all late by `offset`
    quarter notes."""
    beats, rng = 4 * meter[0] // meter[1], np.random.default_rng(3)
    notes = []
    for bar in range(bars):
        at = offset + bar * beats
        notes.append((at, float(beats), 40 + bar % 5, 80, 0, False))
        for beat in range(1, beats):
            notes += [(at + beat, 0.5, pitch, 70, 0, False) for pitch in (60, 64, 67)]
        for step in range(2 * beats):
            notes.append((at + step / 2, 0.5, int(rng.integers(70, 84)), 75, 0, False))
    array = np.array(notes, dtype=NOTE)
    array = array[np.argsort(array["time"], kind="stable")]
    return Clip.from_notes(array, tempo=100, meter=meter)


@pytest.mark.parametrize("meter", [(4, 4), (3, 4)])
@pytest.mark.parametrize("offset", [0.0, 0.1, 1.0, 1.6, 2.9])
def test_bars_are_moved_to_bar_lines(offset, meter):
    clip = waltz_or_march(offset, meter)
    moved = aligned(clip)
    bar = 4 * meter[0] / meter[1]
    assert len(moved.notes) == len(clip.notes)
    bass = moved.notes["time"][moved.notes["pitch"] < 46]
    assert np.abs(bass / bar - np.rint(bass / bar)).max() < 0.01
    assert moved.meter == meter
    given = aligned(clip, first_bar=offset)
    assert given.notes["time"] == pytest.approx(moved.notes["time"], abs=0.02)
    assert not off_the_beat(moved)


@pytest.mark.parametrize("tempo", [60, 100, 137])
def test_quarter_notes_lie_on_the_grid_of_sixteenths(tempo):
    """They fit triplets equally well, with another offset."""
    notes = waltz_or_march(0.7).notes
    quarters = notes[np.abs((notes["time"] - 0.7 + 0.25) % 1 - 0.25) < 0.1]
    strength, offset = grid_of(Clip.from_notes(quarters, tempo=tempo))
    assert strength == pytest.approx(1)
    assert offset == pytest.approx(-0.05, abs=0.005)


def test_what_is_off_is_named():
    assert not off_the_beat(waltz_or_march(0.25))
    assert "0.10 quarter notes after" in off_the_beat(waltz_or_march(0.1))
    assert "before" in off_the_beat(waltz_or_march(0.9))
    clip = waltz_or_march(0.0)
    notes = clip.notes.copy()
    notes["time"] = np.sort(np.random.default_rng(0).uniform(0, 40, len(notes)))
    played = Clip.from_notes(notes, tempo=100)
    assert grid_of(played)[0] < 0.3
    assert "no grid" in off_the_beat(played)
    with pytest.raises(PromptError, match="first_bar"):
        aligned(played)
    assert not off_the_beat(Clip.from_notes(clip.notes[:5], tempo=100))
    with pytest.raises(PromptError, match="waveform"):
        aligned(Clip(audio=np.zeros((1, 800)), sample_rate=16_000))
