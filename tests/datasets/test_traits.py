"""Traits on loops written by hand, where the answer is known."""

import numpy as np

from workbench.datasets.traits import TRAITS, traits_of
from workbench.music.clip import NOTE

BEATS = 32


def pattern(**lanes):
    """Eight bars; lane name p36=[(place in the bar, velocity), …]."""
    rows = [
        (bar * 4 + place, 0.1, int(lane[1:]), velocity, 0, True)
        for lane, hits in lanes.items()
        for place, velocity in hits
        for bar in range(8)
    ]
    return np.sort(np.array(rows, dtype=NOTE), order=["time", "pitch"])


def of(**lanes):
    return set(traits_of(pattern(**lanes), BEATS))


def each(step, velocity=70, start=0.0):
    return [(place, velocity) for place in np.arange(start, 4, step)]


KICK = [(0, 90), (2, 90)]
SNARE = [(1, 90), (3, 90)]


def test_rock_beat():
    held = of(p36=KICK, p38=SNARE, p42=each(0.5))
    assert {"backbeat", "8ths", "hats", "steady", "sparse"} <= held
    assert not held & {"swing", "half-time", "ghost notes", "toms", "ride", "syncopated", "busy"}


def test_half_time_and_double_time():
    assert "half-time" in of(p36=[(0, 90)], p38=[(2, 90)], p42=each(0.5))
    double = of(p36=each(1), p38=each(1, 90, 0.5), p42=each(0.5))
    assert "double-time" in double
    assert "half-time" not in double


def test_swing_needs_late_offbeats():
    swung = [(beat + phase, 70) for beat in range(4) for phase in (0, 2 / 3)]
    held = of(p36=KICK, p38=SNARE, p51=swung)
    assert {"swing", "shuffle", "ride"} <= held
    assert "triplets" not in held
    assert not of(p36=KICK, p38=SNARE, p51=each(0.5)) & {"swing", "shuffle", "triplets"}
    assert not of(p36=KICK, p38=SNARE, p42=each(0.25)) & {"swing", "shuffle", "triplets"}
    triplets = of(p36=KICK, p38=SNARE, p51=each(1 / 3))
    assert "triplets" in triplets


def test_ghosts_house_and_rims():
    assert "ghost notes" in of(p36=KICK, p38=[*SNARE, (0.75, 25), (1.75, 25), (2.25, 25)])
    house = of(p36=each(1, 100), p38=SNARE, p46=each(1, 80, 0.5))
    assert {"four on the floor", "open hats", "backbeat"} <= house
    assert "cross-stick" in of(p36=KICK, p37=SNARE, p42=each(0.5))
    assert "16ths" in of(p36=KICK, p38=SNARE, p42=each(0.25))


def test_loud_and_soft_and_syncopated():
    assert "loud" in of(p36=[(0, 110)], p38=[(1, 110)], p42=each(0.5, 100))
    assert "soft" in of(p36=[(0, 50)], p38=[(1, 50)], p42=each(0.5, 40))
    assert "syncopated" in of(p36=[(0, 90), (0.75, 90), (1.75, 90), (2.25, 90)], p42=each(0.5))


def test_a_fill_in_the_last_bar():
    notes = pattern(p36=KICK, p38=SNARE, p42=each(0.5))
    toms = pattern(p45=each(0.5))
    last = toms[toms["time"] >= 28]
    notes = np.sort(np.concatenate([notes, last]), order=["time", "pitch"])
    assert "fills" in traits_of(notes, BEATS)
    as_fill = traits_of(notes, BEATS, kind="fill")
    assert "fills" not in as_fill
    assert "backbeat" not in as_fill


def test_nothing_to_say_about_nothing():
    assert traits_of(np.empty(0, NOTE), 4) == ()
    assert traits_of(pattern(p36=KICK), 0) == ()
    assert traits_of(pattern(p36=KICK, p38=SNARE), 32, meter=(3, 4)) == ("sparse", "loud")


def test_a_hit_just_before_the_end_is_the_next_downbeat():
    notes = pattern(p36=each(1))
    early = notes.copy()
    early["time"] = (early["time"] - 0.02) % BEATS
    assert traits_of(np.sort(early, order="time"), BEATS) == traits_of(notes, BEATS)


def test_shares_on_groove(groove_loops):
    """Most traits single out between a twentieth and two fifths of human beats."""
    from workbench.datasets.captions import facts_of

    facts = [facts_of(loop) for loop in groove_loops if loop.labels["kind"] == "beat"]
    shares = {trait: np.mean([trait in f.traits for f in facts]) for trait in TRAITS}
    assert all(0.03 < share < 0.5 for share in shares.values()), shares
    assert sum(0.1 <= share <= 0.35 for share in shares.values()) >= 18, shares


def test_traits_agree_with_the_labels_of_groove(groove_loops):
    from workbench.datasets.captions import facts_of

    def share(trait, style):
        those = [loop for loop in groove_loops if style in caption_style(loop)]
        return np.mean([trait in facts_of(loop).traits for loop in those])

    def caption_style(loop):
        return f"{loop.labels['style']} {loop.labels['substyle']}"

    assert share("half-time", "half-time") > 3 * share("half-time", "funk")
    assert share("swing", "jazz") > 2 * share("swing", "soul")
    assert share("cross-stick", "bossa") > 2 * share("cross-stick", "rock")
    assert share("16ths", "disco") > 2 * share("16ths", "jazz")
    assert share("ghost notes", "funk") > 2 * share("ghost notes", "reggaeton")


def test_traits_are_the_same_after_the_drum_roll(groove_loops):
    """What a generated loop is judged by is measured like what the captions say of real ones.

    Bell and cross-stick have pitches of their own, which the nine voices of the roll do not; and
    so a soft cross-stick, which marks a beat as such, may pass as a ghost note.
    """
    from workbench.datasets.captions import facts_of
    from workbench.representations.drum_roll import DrumRoll

    lost = {"bell", "cross-stick"}
    kinds = {"ghost notes", "backbeat", "half-time", "double-time", "syncopated", "snare rolls"}
    for loop in groove_loops[::9]:
        rolled = DrumRoll.from_clip(loop).to_clip(labels=loop.labels)
        before, after = set(facts_of(loop).traits), set(facts_of(rolled).traits)
        rims = bool((loop.notes["pitch"] == 37).any())
        assert (before ^ after) <= (lost | kinds if rims else lost), loop
