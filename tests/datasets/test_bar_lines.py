"""Bar lines on the wrong beat are found by measurement, and styles that leave the one free stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.datasets import cut_loops, load
from workbench.datasets.bar_lines import audit, beats_of, fault_of
from workbench.datasets.sets.groove import GROOVE, MOVED, OFF, load_groove
from workbench.evaluation.rhythm import backbeats, downbeats
from workbench.music.clip import NOTE, Clip
from workbench.music.kit import WRITE_PITCH
from workbench.representations.drum_roll import rolls_of

ROCK = {"BD": (0, 2.5), "SD": (1, 3), "CH": tuple(np.arange(0, 4, 0.5)), "CR": (0,)}
HALF_TIME = {"BD": (0.5, 3.5), "SD": (2,), "CH": tuple(np.arange(0, 4, 0.5))}
PUSHED = {"BD": (3.5, 2), "SD": (1, 3), "CH": tuple(np.arange(0, 4, 0.5)), "CR": (3.5,)}
IJEXA = {"BD": (1, 3), "CH": (0, 1, 1.5, 2.5, 3)}


def played(pattern, late=0.0, bars=16):
    """Notes of a pattern of one bar, again and again, from `late` beats on."""
    hits = [
        (4 * bar + beat, drum) for bar in range(bars) for drum in pattern for beat in pattern[drum]
    ]
    notes = np.zeros(len(hits), dtype=NOTE)
    notes["time"] = [late + time for time, _ in hits]
    notes["pitch"] = [WRITE_PITCH[drum] for _, drum in hits]
    notes["velocity"], notes["duration"], notes["is_drum"] = 100, 0.1, True
    return notes[np.argsort(notes["time"], kind="stable")]


def performance(pattern, late=0.0, style="rock", kind="beat"):
    labels = {"style": style, "kind": kind, "performance": "me/1", "split": "train"}
    return Clip.from_notes(played(pattern, late), tempo=100, drums=True, labels=labels)


@given(st.integers(0, 3), st.integers(9, 40))
def test_a_late_start_is_found_to_the_beat(late, bars):
    assert fault_of(beats_of(played(ROCK, late, bars))) == late


@pytest.mark.parametrize("pattern", [ROCK, HALF_TIME, PUSHED])
def test_beats_that_are_right_are_left_alone(pattern):
    assert audit([performance(pattern)]) == []


def test_only_styles_with_a_backbeat_and_only_beats_are_judged():
    assert audit([performance(IJEXA, style="latin"), performance(ROCK, 2, kind="fill")]) == []
    assert audit([performance(ROCK, 2, style="reggae")]) == []
    assert [f.beats for f in audit([performance(ROCK, 2)])] == [2]


def test_what_no_move_helps_is_off():
    both = {"BD": (1, 3), "SD": (1, 3), "CH": (0, 1, 2, 3)}
    assert [f.beats for f in audit([performance(both)])] == [None]


def test_the_shares_are_those_of_the_notes():
    beats = beats_of(played({"BD": (0,), "SD": (1.1, 3.3), "CR": (3.5,)}, bars=4), bars=4)
    assert beats.kick.tolist() == [1, 0, 0, 0]
    assert beats.snare.tolist() == [0, 1, 0, 0]  # 0.3 of a beat late is no hit on the beat
    assert beats.pushes.tolist() == [0.75, 0, 0, 0]  # the last push belongs to a bar that is not
    assert beats.moved(1).kick.tolist() == [0, 0, 0, 1]


def test_the_table_of_groove_is_what_the_audit_finds(groove_root):
    found = {f.performance: f for f in audit(load_groove(GROOVE.find(), as_recorded=True))}
    assert {name: f.beats for name, f in found.items() if f.beats} == MOVED
    assert {name for name, f in found.items() if f.beats is None} == OFF
    assert all(f.split != "test" for f in found.values())


def test_groove_is_cut_at_its_bar_lines(groove_root):
    moved = load("groove")
    assert len(moved) == 1021
    names = {clip.labels["performance"]: clip for clip in moved}
    for name in MOVED:
        kick = beats_of(names[name].notes).kick
        assert kick.argmax() == 0, name
        assert names[name].labels["bar_lines"] == f"{MOVED[name]} beats later"
    loops = cut_loops([names[name] for name in (*MOVED, *OFF)], bars=4)
    assert {loop.labels["performance"] for loop in loops} == set(MOVED)
    left = audit(moved)
    assert {f.performance for f in left} == OFF


def test_where_the_beat_falls():
    clips = [performance(ROCK), performance(ROCK, late=2), performance(HALF_TIME)]
    rolls = rolls_of([clip.with_(labels={}) for clip in cut_loops(clips[:1] + clips[2:], 4, 16)])
    one, other = downbeats(rolls)
    assert one.tolist() == [1, 0]
    assert other.tolist() == [0, 0]
    assert backbeats(rolls).tolist() == [1, 0]
    assert backbeats(rolls, half_time=True).tolist() == [0, 1]
