"""Phrases for measured charts: true, varied, and understood as what was measured."""

import numpy as np
import pytest

from workbench.datasets.builtin import sample
from workbench.datasets.facts import Facts
from workbench.music.kit import DRUMS
from workbench.representations.chart_phrases import chart_phrases
from workbench.representations.drum_chart import METERS, DrumChart, bar_steps
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm.request import read_request

D = {code: i for i, code in enumerate(DRUMS)}


def written(pattern, bars=8, meter=(4, 4), **dials):
    """A roll in which each drum plays on these sixteenths of each bar."""
    size = bar_steps(meter)
    roll = np.zeros((bars * size, 27), dtype=np.float32)
    for code, places in pattern.items():
        at = np.isin(np.arange(bars * size) % size, list(places))
        roll[at, D[code]] = 1
        roll[at, 9 + D[code]] = dials.get("velocity", 0.6)
        roll[at, 18 + D[code]] = dials.get(code, 0.0)
    return roll


ROCK = {"BD": (0, 8), "SD": (4, 12), "CH": range(0, 16, 2)}


def with_tom_bar(roll, bar, size=16):
    roll = roll.copy()
    cells = slice(bar * size, (bar + 1) * size)
    roll[cells] = 0
    roll[cells, D["HT"]], roll[cells, 9 + D["HT"]] = 1, 0.8
    return roll


def louder(roll):
    roll = roll.copy()
    roll[: len(roll) // 2, 9:18] *= 0.5
    return roll


def without(roll, *codes, bars=slice(None)):
    roll = roll.reshape(-1, 16, 27).copy()
    for code in codes:
        for channel in (0, 9, 18):
            roll[bars, :, channel + D[code]] = 0
    return roll.reshape(-1, 27)


ROLLS = {
    "rock": (written(ROCK), (4, 4)),
    "fill": (with_tom_bar(written(ROCK), 7), (4, 4)),
    "fill in 4": (with_tom_bar(written(ROCK), 3), (4, 4)),
    "louder": (louder(written(ROCK)), (4, 4)),
    "no snare": (without(written(ROCK), "SD"), (4, 4)),
    "kick only": (written({"BD": (0, 4, 8, 12)}), (4, 4)),
    "late hats": (without(written(ROCK), "CH", bars=slice(0, 4)), (4, 4)),
    "no kick in 3": (without(written(ROCK), "BD", bars=2), (4, 4)),
    "half-time": (written({"BD": (0,), "SD": (8,), "CH": range(16)}), (4, 4)),
    "one drop": (written({"BD": (8,), "SD": (8,), "CH": range(0, 16, 2)}), (4, 4)),
    "laid back": (written(ROCK, SD=0.2), (4, 4)),
    "disco": (written({"BD": (0, 4, 8, 12), "SD": (4, 12), "OH": (2, 6, 10, 14)}), (4, 4)),
    "silence": (without(written(ROCK), "BD", "SD", "CH", bars=5), (4, 4)),
    "waltz": (written({"BD": (0,), "SD": (4, 8)}, meter=(3, 4)), (3, 4)),
    "7/8": (written({"BD": (0,), "SD": (8,), "CH": range(0, 14, 2)}, meter=(7, 8)), (7, 8)),
    "ghosts": (written({"SD": (2, 5, 7, 10)}, velocity=0.2), (4, 4)),
}


def contradictions(asked, measured):
    """Fields in which a request asks for the opposite of what was measured."""
    found = []
    known = np.isfinite(asked.drums)
    if ((asked.drums == 0) & (measured.drums > 0))[known].any():
        found.append("absent")
    present = np.where(asked.drums > 0, asked.drums, np.nan)
    for drum in np.flatnonzero((present > 0).any(0)):
        toms = [D["LT"], D["MT"], D["HT"]]
        group = next((g for g in (toms, [D["CH"], D["OH"]]) if drum in g), [drum])
        bars = np.flatnonzero(present[:, drum] > 0)
        if not (measured.drums[np.ix_(bars, group)] > 0).any():
            found.append(f"present {DRUMS[drum]}")
    groove = np.repeat(measured.fill != 1, bar_steps(measured.meter))[:, None]
    struck = measured.hits[(asked.hits == 1) & groove]
    if len(struck) and struck.mean() < 0.85:
        found.append("hits")
    rests = measured.hits[(asked.hits == 0) & groove]
    if len(rests) and rests.mean() > 0.1:
        found.append("rests")
    for name, most in {"fill": 0.5, "swing": 0.5, "likeness": 0.5, "loudness": 0.3}.items():
        a, b = getattr(asked, name), getattr(measured, name)
        both = np.isfinite(a) & np.isfinite(b)
        if both.any() and np.abs(a - b)[both].mean() > most:
            found.append(name)
    for name in ("loudness", "density"):
        a, b = getattr(asked, name), getattr(measured, name)
        known = bool(np.isfinite(a).all() and np.isfinite(b).all() and a.std() > 0.05)
        if known and np.corrcoef(a, b)[0, 1] < 0:
            found.append(f"course of {name}")
    if np.nanmean([0, *asked.lay]) * np.nanmean([0, *measured.lay]) < 0:
        found.append("lay")
    if (measured.ghosts[asked.ghosts == 0] > 0.3).any():
        found.append("ghosts")
    letters = np.isfinite(asked.letter)
    if letters.any() and len(set(asked.letter[letters])) > 1:
        same = asked.letter[:, None] == asked.letter
        real = measured.letter[:, None] == measured.letter
        if (same[letters][:, letters] != real[letters][:, letters]).any():
            found.append("letter")
    return found


def check(chart, facts, n, seed):
    said = []
    for phrase in chart_phrases(chart, facts, n, seed):
        request = read_request(phrase, chart.bars)
        if chart.meter in METERS and chart.meter != (4, 4):
            assert request.meter == chart.meter, phrase
        assert contradictions(request.chart, chart) == [], (phrase, request.understood)
        assert request.unknown == (), phrase
        assert request.refused == (), phrase
        said += request.understood
    return said


@pytest.mark.parametrize("name", ROLLS)
def test_what_is_said_is_read_as_what_was_measured(name):
    roll, meter = ROLLS[name]
    chart = DrumChart.measure(roll, meter)
    for seed in range(4):
        assert check(chart, Facts(tempo=96.0), 12, seed)


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("fill", "fill in bar 8"),
        ("fill in 4", "fill in bar 4"),
        ("louder", "loud in the second half"),
        ("no snare", "no snare"),
        ("kick only", "only kick"),
        ("late hats", "hi-hats from bar 5"),
        ("no kick in 3", "no kick in bar 3"),
        ("half-time", "half-time"),
        ("one drop", "no kick on beat 1"),
        ("laid back", "laid back"),
        ("disco", "open hi-hat on the off-beats"),
        ("silence", "silence in bar 6"),
        ("7/8", "7/8"),
        ("ghosts", "ghost notes"),
        ("rock", "the same in every bar"),
    ],
)
def test_what_is_special_is_said(name, statement):
    roll, meter = ROLLS[name]
    chart = DrumChart.measure(roll, meter)
    assert statement in check(chart, Facts(), 40, 0)


def test_loops_of_the_grammar_are_described_without_contradiction():
    for number, clip in enumerate(sample(16, 0)):
        chart = DrumChart.measure(DrumRoll.from_clip(clip).to_array())
        check(chart, Facts(tempo=clip.tempo), 8, number)


def test_phrases_differ_and_are_reproducible():
    chart = DrumChart.measure(*ROLLS["fill"])
    facts = Facts(style="rock", tempo=96.0)
    phrases = chart_phrases(chart, facts, 30, 1)
    assert len(set(phrases)) == 30
    assert phrases == chart_phrases(chart, facts, 30, 1)
    assert phrases != chart_phrases(chart, facts, 30, 2)
    assert min(len(phrase.split()) for phrase in phrases) <= 2
    assert max(len(phrase.split()) for phrase in phrases) >= 10
    assert sum("rock" in phrase for phrase in phrases) > 20


def test_a_loop_that_is_a_fill_is_called_a_fill():
    chart = DrumChart.measure(with_tom_bar(written(ROCK, bars=1), 0), (4, 4), "fill")
    for phrase in chart_phrases(chart, Facts(style="funk", kind="fill"), 12, 0):
        assert "fill" in phrase
        request = read_request(phrase, 1)
        assert request.chart.fill.tolist() == [1]
        assert request.style.endswith("fill")


def test_an_empty_chart_says_the_style_alone():
    chart = DrumChart.empty(4)
    for phrase in chart_phrases(chart, Facts(style="soul"), 10, 0):
        assert read_request(phrase, 4).understood in (("style: soul",), ())
