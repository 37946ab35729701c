"""Cross-sticks and the loudness of single drums, on loops as a roll gives them."""

import numpy as np
import pytest

from workbench.music.clip import Clip
from workbench.music.kit import CROSS_STICK, WRITE_PITCH
from workbench.systems.drum_ldm.request import read_request
from workbench.systems.drum_ldm.strokes import MOST, with_strokes

BD, SD, CH = (WRITE_PITCH[code] for code in ("BD", "SD", "CH"))


@pytest.fixture
def loop() -> Clip:
    """Two bars: a kick on 1, snares on 2 and 4, the second of them softer, and hats."""
    notes = []
    for bar in (0, 4):
        notes += [(bar, 0.1, BD, 70), (bar + 1, 0.1, SD, 70), (bar + 3, 0.1, SD, 50)]
        notes += [(bar + beat, 0.1, CH, 70) for beat in range(4)]
    return Clip.from_notes(np.array(notes), beats=8, drums=True)


def velocities(clip, pitch, bar):
    inside = (clip.notes["time"] >= 4 * bar) & (clip.notes["time"] < 4 * bar + 4)
    return clip.notes["velocity"][inside & (clip.notes["pitch"] == pitch)]


def test_a_loud_drum_is_louder_and_keeps_its_accents(loop):
    played = with_strokes(loop, read_request("loud snare, soft hats", 2))
    assert velocities(played, SD, 0).mean() == pytest.approx(0.8 * 127, abs=1)
    first, second = velocities(played, SD, 0)
    assert first / second == pytest.approx(70 / 50, rel=0.02)
    assert velocities(played, CH, 1).mean() == pytest.approx(0.38 * 127, abs=1)
    assert velocities(played, BD, 0).tolist() == [70]
    assert played.notes["time"].tolist() == loop.notes["time"].tolist()


def test_loudness_has_its_bars_and_its_limit(loop):
    played = with_strokes(loop, read_request("very loud snare in bar 2", 2))
    assert velocities(played, SD, 0).tolist() == [70, 50]
    assert velocities(played, SD, 1).mean() > 100
    notes = loop.notes.copy()
    notes["velocity"][notes["pitch"] == SD] = 10
    soft = Clip.from_notes(notes, beats=8, drums=True)
    assert velocities(with_strokes(soft, read_request("loud snare", 2)), SD, 0).max() == 10 * MOST


def test_cross_sticks_have_the_loudness_of_the_snare(loop):
    played = with_strokes(loop, read_request("cross-stick in bar 1, loud snare", 2))
    assert velocities(played, SD, 0).size == 0
    assert velocities(played, CROSS_STICK, 0).mean() > velocities(loop, SD, 0).mean() + 20


def test_a_loop_of_which_nothing_is_asked_stays(loop):
    assert with_strokes(loop, read_request("loud rock", 2)) is loop


@pytest.mark.parametrize("prompt", ["ghost notes only", "only ghost notes"])
def test_ghost_notes_alone_are_soft(loop, prompt):
    played = with_strokes(loop, read_request(prompt, 2))
    assert all((velocities(played, SD, bar) < 40).all() for bar in (0, 1))
    there = with_strokes(loop, read_request("ghost notes only in bar 2", 2))
    assert velocities(there, SD, 0).tolist() == [70, 50], "elsewhere all is as before"
    assert with_strokes(loop, read_request("rock with ghost notes", 2)) is loop
