"""Groove tools: what stays of a loop stays to the note."""

import numpy as np
import pytest

from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.kit import DRUMS
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm import DrumLDM

BD, SD, RD = (DRUMS.index(code) for code in ("BD", "SD", "RD"))


@pytest.fixture(scope="module")
def system(smoke_folder) -> DrumLDM:
    return DrumLDM.from_pretrained(smoke_folder)


def loop(bars: int = 2, offset: float = 0.0, velocity: float = 0.8):
    """Kick on 1 and 3, snare on 2 and 4, hats on eighths; all with one offset and velocity."""
    roll = np.zeros((16 * bars, 27), dtype=np.float32)
    step = np.arange(16 * bars) % 16
    for drum, places in ((BD, (0, 8)), (SD, (4, 12)), (2, range(0, 16, 2))):
        at = np.isin(step, list(places))
        roll[at, drum], roll[at, 9 + drum], roll[at, 18 + drum] = 1, velocity, offset
    return DrumRoll.from_array(roll, tempo=110).to_clip(caption="rock")


def test_humanise_keeps_the_hits_and_plays_them_anew(system):
    clip = loop()
    for made in system.humanise(clip, 2, steps=3):
        before, after = DrumRoll.from_clip(clip), DrumRoll.from_clip(made)
        assert np.array_equal(before.hits, after.hits)
        assert (after.velocity != before.velocity).any()
        assert (after.offset != before.offset).any()
        assert made.tempo == clip.tempo


def test_transfer_takes_the_feel_where_both_strike(system):
    groove, notes = loop(offset=0.25, velocity=0.4), loop(bars=4, offset=0.0, velocity=1.0)
    made = DrumRoll.from_clip(system.transfer(groove, notes, steps=3)[0])
    struck = made.hits
    assert np.array_equal(struck, DrumRoll.from_clip(notes).hits)
    assert np.allclose(made.offset[struck], 0.25, atol=0.01)
    assert np.allclose(made.velocity[struck], 0.4, atol=0.01)


def test_taps_are_played_at_their_own_time(system):
    seconds = np.array([0.02, 0.5, 1.03, 1.5, 2.0, 2.5])  # at 120 BPM: beats 1, 2, 3 …
    clip = system.tap(seconds, "rock", tempo=120, steps=3)[0]
    notes = clip.notes
    kicks, snares = (notes[notes["pitch"] == pitch]["time"] for pitch in (36, 38))
    assert np.allclose(kicks, 2 * seconds[[0, 2, 4]], atol=0.01)
    assert np.allclose(snares, 2 * seconds[[1, 3, 5]], atol=0.01)
    only = system.tap(seconds, tempo=120, drum="BD", steps=3)[0]
    assert np.allclose(only.notes[only.notes["pitch"] == 36]["time"], 2 * seconds, atol=0.01)


@pytest.mark.parametrize(
    ("rhythm", "more", "match"),
    [
        ([], {"tempo": 120}, "rhythm"),
        ([0.5], {}, "tempo"),
        ([-1.0, 0.5], {"tempo": 120}, "rhythm"),
        ([0.5], {"tempo": 120, "drum": "XX"}, "drum"),
        ([1000.0], {"tempo": 120}, "rhythm"),
        ([0.0, np.nan], {"tempo": 120}, "rhythm"),
        ([0.0, np.inf], {"tempo": 120}, "rhythm"),
        (np.zeros((2, 2)), {"tempo": 120}, "rhythm"),
        ([2.5, 3.0], {"tempo": 120, "bars": 1}, "rhythm"),
        ([0.5], {"tempo": 120, "bars": 0}, "bars"),
    ],
)
def test_rhythms_that_cannot_be_played(system, rhythm, more, match):
    with pytest.raises(PromptError, match=match):
        system.tap(rhythm, **more)


def test_fill_and_add_leave_the_rest(system):
    clip = loop(4)
    before = DrumRoll.from_clip(clip).hits
    filled = DrumRoll.from_clip(system.fill(clip, -1, steps=3)[0]).hits
    assert np.array_equal(filled[:48], before[:48])
    added = DrumRoll.from_clip(system.add(clip, "RD", steps=3)[0]).hits
    others = np.arange(9) != RD
    assert np.array_equal(added[:, others], before[:, others])
    with pytest.raises(PromptError, match="bar"):
        system.fill(clip, 4)
    with pytest.raises(PromptError, match="drum"):
        system.add(clip, "piano")


def test_a_recording_of_taps(system):
    """Clicks at beats of 120 BPM, recorded at 16 kHz."""
    rate, seconds = 16_000, [0.0, 0.5, 1.0, 1.75]
    sound = np.zeros(rate * 2, np.float32)
    for at in seconds:
        start = int(at * rate)
        sound[start : start + 400] += np.exp(-np.arange(400) / 80) * np.sin(np.arange(400) / 2)
    clip = Clip(audio=sound[None], sample_rate=rate)
    with pytest.raises(PromptError, match="tempo"):
        system.tap(clip)
    notes = system.tap(clip, tempo=120, drum="BD", steps=3)[0].notes
    kicks = notes[notes["pitch"] == 36]["time"]
    assert np.allclose(kicks, 2 * np.array(seconds), atol=0.06)  # 30 ms
    with pytest.raises(PromptError, match="rhythm"):
        system.tap(Clip(audio=np.zeros((1, rate), np.float32), sample_rate=rate), tempo=120)


def test_every_note_keeps_its_pitch_when_it_is_played_anew(system):
    """Rims, rides' bells, three snare hits in a sixteenth, a cowbell and a conga all stay."""
    rows = [(t, 0.1, pitch, 90) for t in range(8) for pitch in (36, 40, 53, 56, 57, 43)]
    rows += [(1.04, 0.1, 38, 50), (1.08, 0.1, 38, 40), (2.5, 0.1, 64, 80), (3.5, 0.1, 76, 70)]
    clip = Clip.from_notes(sorted(rows), tempo=100, beats=8, drums=True)
    for made in (*system.humanise(clip, 2, steps=3), *system.transfer(loop(2), clip, steps=3)):
        assert sorted(made.notes["pitch"]) == sorted(clip.notes["pitch"])
        assert np.array_equal(DrumRoll.from_clip(made).hits, DrumRoll.from_clip(clip).hits)
        other = made.notes[made.notes["pitch"] == 76]  # a wood block is none of the nine voices
        assert (other["time"].tolist(), other["velocity"].tolist()) == ([3.5], [70])


def test_a_tap_just_before_a_bar_line_is_not_lost(system):
    taps = [0.0, 0.5, 1.0, 1.5, 1.97]  # at 120 BPM the last one is for the second bar
    notes = system.tap(taps, tempo=120, drum="BD", steps=2)[0].notes
    kicks = notes[notes["pitch"] == 36]["time"]
    assert np.allclose(kicks, 2 * np.array(taps), atol=0.01)


def test_taps_that_share_a_sixteenth_are_kept_or_told(system):
    close = [0.0, 0.03, 0.5, 0.54, 1.0, 1.04]
    notes = system.tap(close, tempo=120, drum="SD", steps=2)[0].notes
    assert np.allclose(notes[notes["pitch"] == 38]["time"], 2 * np.array(close), atol=0.01)
    with pytest.warns(UserWarning, match="1 of 3 taps"):
        system.tap([0.0, 0.02, 0.04], tempo=120, steps=2)
    with pytest.warns(UserWarning, match="2 of 4 taps"):
        system.tap([0.0, 0.5, 2.5, 3.0], tempo=120, bars=1, steps=2)


def test_the_drums_that_play_taps_play_nothing_else(system):
    for drum, pitch in (("BD", 36), ("RD", 51)):
        notes = system.tap([0.0, 0.75], tempo=120, drum=drum, steps=2)[0].notes
        assert (notes["pitch"] == pitch).sum() == 2


def test_a_waltz_is_tapped_in_three(system):
    rows = [(t, 0.1, 36 if t % 3 == 0 else 38, 90) for t in range(6)]
    clip = Clip.from_notes(rows, tempo=120, meter=(3, 4), beats=6, drums=True)
    made = system.tap(clip, steps=2)[0]
    assert (made.meter, made.bars) == ((3, 4), 2)
