"""Each rule of DrumBench: a hand-made loop that obeys it, and one that does not."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.benchmarks.drumbench.loops import EIGHTHS, ROCK, SIXTEENTHS, play
from workbench.benchmarks.drumbench.loop import MEASURES, Loop
from workbench.benchmarks.drumbench.people import CHANGES, People
from workbench.benchmarks.drumbench.rules import Rule, cohen
from workbench.benchmarks.drumbench.table import prompts
from workbench.errors import WorkbenchError
from workbench.music.clip import Clip

HATS = f"CH {EIGHTHS}"
FULL = (  # all nine drums: what a change leaves out was there
    "BD 1 2a 3 3&; SD 2 4& 1e:0.2 3e:0.2; CH 1 1&t 2 2&t 3 3&t 4; OH 4&; RD 3&; CR 3; LT 4; "
    "MT 4e; HT 4&"
)
TWO_BARS = {bar: FULL.replace("BD 1 2a 3 3&", "BD 1 3e 4a") for bar in (2, 4, 6, 8)}
FILL = "BD 1; SD 1 1e 1& 1a 2 2e; HT 2& 2a 3 3e; MT 3& 3a 4; LT 4e 4& 4a"
WALTZ = "BD 1; SD 2 3; CH 1 2 3"
SIX = "BD 1; SD 2&; CH 1 1& 2 2& 3 3&"
SWING = "RD 1 2 2&t 3 4 4&t; CH 2 4; BD 1 3"
FAST = "BD 1 1& 2 2& 3 3& 4 4&; SD 1e 1a 2e 2a 3e 3a 4e 4a"
HAND_MADE = {  # rule: (pattern that obeys, what it is played with), and one that does not
    "accent(SD, 2+4) >= 0.6 & on(BD, 1) >= 0.6": (ROCK, {}, f"BD 2; SD 1 3; {HATS}"),
    "pulse(BD) >= 0.85": ("BD 1 2 3 4; OH 1& 2& 3& 4&", {}, ROCK),
    "on(BD, 3) >= 0.6 & on(BD, 1) <= 0.4": (f"BD 3; SD 3; {HATS}", {}, ROCK),
    "accent(SD, 3) >= 0.6 & accent(SD, 2+4) <= 0.3": (f"BD 1; SD 3 2:0.2; {HATS}", {}, ROCK),
    "rate(SD) >= 2": (f"BD 1 3; SD {SIXTEENTHS}", {}, ROCK),
    "pulse(BD, 1a) >= 0.4": ("BD 1 1a 2 2a 3 3a 4 4a; CH 1& 2& 3& 4&", {}, ROCK),
    "on(BD, 1) >= 0.5 & on(BD, 2&) >= 0.5 & accent(SD, 2+4) <= 0.5": (
        f"BD 1 2& 3 4&; SD 1 2& 4; {HATS}",
        {},
        ROCK.replace("BD 1", "BD 1 2&"),
    ),
    "speed(SD) >= 4 & speed(BD) >= 4": (FAST, {"tempo": 180}, ROCK),
    "runs(BD, 3) >= 0.5": (f"BD {SIXTEENTHS}; SD 2 4", {}, ROCK),
    "rate(CH) >= 2 & fastest(CH) >= 6": (
        f"BD 1; SD 3; CH {SIXTEENTHS} 4.125 4.375 4.625",
        {},
        f"BD 1; SD 3; CH {SIXTEENTHS}",
    ),
    "rate(SD) >= 1.5 & pulse(SD, 1a) >= 0.4": (f"BD 1 2&; SD {SIXTEENTHS}", {}, ROCK),
    "triplets() >= 0.5": ("BD 1 3; SD 2 4; CH 1 1&t 2 2&t 3 3&t 4 4&t", {}, ROCK),
    "triplets() >= 0.4 & rate(RD) >= 1": (SWING, {}, ROCK),
    "offbeat(BD) >= 0.55": ("BD 1 2& 3e 4a; SD 2 4; CH 1 2 3 4", {}, ROCK),
    "share(SD) >= 0.4": ("SD 1 1& 1a 2 3 3& 3a 4; BD 1 3", {}, ROCK),
    "on(SD, 1a) >= 0.5 & on(SD, 2&) >= 0.5": ("BD 1 2 3 4; SD 1a 2& 3a 4&", {}, ROCK),
    "on(BD, 1+1a) >= 0.5": ("BD 1 1a 3 3a; SD 2& 4&; CH 1 2 3 4", {}, ROCK),
    "ghosts() >= 2": ("BD 1; SD 2 4 1a:0.2 2e:0.15 3e:0.2", {}, ROCK),
    "playable() = 1": (ROCK, {}, "BD 1 2 3 4; SD 1 2 3 4; CH 1 2 3 4; CR 1 2 3 4"),
    "metre(3/4) = 1": (WALTZ, {"meter": (3, 4)}, ROCK),
    "metre(6/8) = 1": (SIX, {"meter": (6, 8)}, ROCK),
}


@pytest.mark.parametrize("text", HAND_MADE)
def test_a_rule_tells_a_loop_that_obeys_from_one_that_does_not(text):
    assert text in {p.rule.text for p in prompts()}
    pattern, how, other = HAND_MADE[text]
    rule = Rule.read(text)
    assert rule.met(play(pattern, **how))
    assert not rule.met(play(other))


def fills():
    return [Clip.from_notes(notes_of(play(FILL, bars=1)), beats=4, drums=True, tempo=100)]


def notes_of(loop):
    from workbench.music.kit import WRITE_PITCH
    from workbench.music.midi import NOTE

    notes = np.zeros(len(loop.time), NOTE)
    pitches = np.array(list(WRITE_PITCH.values()))
    notes["time"], notes["pitch"], notes["is_drum"] = loop.time, pitches[loop.drum], True
    notes["velocity"], notes["duration"] = np.round(127 * loop.velocity), 0.1
    return notes


CHANGED = [p for p in prompts() if not p.people.startswith("label=") and not p.rule.references]


@pytest.mark.parametrize("prompt", CHANGED, ids=lambda p: p.id)
def test_a_change_that_gives_a_loop_the_property_makes_it_obey(prompt):
    loop = play(FULL, only=TWO_BARS, tempo=104)
    loop.time = loop.time + 0.04 * np.sin(np.arange(len(loop.time)))  # nobody plays on the grid
    people = People([], fills())
    random = np.random.default_rng(0)
    changed = loop
    for part in prompt.people.split(";"):
        name, _, value = part.partition("=")
        changed = CHANGES[name](changed, value, people, random)
    assert prompt.rule.met(changed)
    if prompt.rule.text not in {"tempo >= 95 & tempo <= 130"}:
        assert not prompt.rule.met(loop)


def test_every_rule_is_tried():
    tried = set(HAND_MADE) | {p.rule.text for p in CHANGED}
    left = {p.rule.text for p in prompts() if not p.rule.references} - tried
    backbeat_and_tempo = {text for text in left if text.startswith("accent(SD, 2+4)")}
    assert left - backbeat_and_tempo == {"pulse(BD, 1a) >= 0.4 & tempo >= 100"}


@pytest.mark.parametrize("meter", ["2/4", "3/4", "5/4", "6/8", "7/8", "12/8"])
def test_a_metre_must_be_both_written_and_played(meter):
    top, bottom = map(int, meter.split("/"))
    beats = round(8 * top / bottom)
    pattern = "BD 1; SD 2; CH " + " ".join(f"{1 + i // 2}{'&' * (i % 2)}" for i in range(beats))
    if bottom == 8 and not top % 3:
        pattern = pattern.replace("SD 2", "SD 2&")
    elif meter == "3/4":
        pattern = pattern.replace("SD 2", "SD 2 3")
    loop = play(pattern, meter=(top, bottom))
    rule = Rule.read(f"metre({meter}) = 1")
    assert rule.met(loop)
    loop.meter = (4, 4)
    assert not rule.met(loop)
    four = play(ROCK, bars=8)
    wrong = Loop(four.time, four.drum, four.velocity, four.beats, 100.0, (top, bottom))
    assert not rule.met(wrong) or meter == "2/4"  # 4/4 repeats every two beats in this pattern


def test_three_four_is_no_six_eight():
    waltz, six = play(WALTZ, meter=(3, 4)), play(SIX, meter=(6, 8))
    waltz.meter, six.meter = (6, 8), (3, 4)
    assert not Rule.read("metre(6/8) = 1").met(waltz)
    assert not Rule.read("metre(3/4) = 1").met(six)


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("d(late, rock) >= 0.5", {"late": {"SD": 0.15}}, {}),
        ("d(late, rock) <= -0.5", {"late": {"SD": -0.15}}, {}),
        ("d(velocity, ) <= -0.5", {"velocity": 0.4}, {}),
        ("d(velocity, ) >= 0.5", {"velocity": 0.9}, {}),
        ("d(rate, all, ) <= -0.5", {"pattern": "BD 1; SD 3"}, {}),
        ("d(triplets, hip hop) >= 0.5", {"pattern": SWING}, {}),
    ],
)
def test_rules_that_compare_with_another_prompt(text, one, other):
    rule = Rule.read(text)
    (reference,) = rule.references
    usual = {reference: [play(velocity=v) for v in (0.68, 0.7, 0.72)]}
    assert rule.together([play(**{"velocity": v, **one}) for v in (0.69, 0.7, 0.71)], usual)
    assert not rule.together([play(**{"velocity": v, **other}) for v in (0.69, 0.7, 0.71)], usual)


def test_looser_and_tighter_time():
    random = np.random.default_rng(0)

    def takes(spread):
        loops = [play() for _ in range(4)]
        for loop in loops:
            loop.time = np.abs(loop.time + random.normal(0, spread / 4, len(loop.time)))
        return loops

    usual = {"rock": takes(0.08), "funk": takes(0.08)}
    assert Rule.read("d(loose, rock) >= 0.5").together(takes(0.12), usual)
    assert Rule.read("d(loose, funk) <= -0.5").together(takes(0.03), usual)
    assert not Rule.read("d(loose, funk) <= -0.5").together(takes(0.12), usual)
    assert_allclose(MEASURES["loose"](takes(0.05)[0]), 0.05, rtol=0.25)


def test_cohen_is_the_difference_in_pooled_standard_deviations():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 5.0])
    assert_allclose(cohen(b, a), 2.0)  # both have a standard deviation of 1


def test_silence_obeys_nothing():
    silence = play("")
    assert not any(p.rule.met(silence) for p in prompts())


@pytest.mark.parametrize(
    "text", ["rate(XX) >= 1", "on(BD, 9x) >= 1", "tune() = 1", "rate(SD)", "rate(SD) >= 1 & a | b"]
)
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(WorkbenchError):
        Rule.read(text).met(play())


def test_a_hit_just_before_the_end_is_on_the_next_downbeat():
    loop = play("BD 1; SD 2; CH 3")
    loop.time[0] = loop.beats - 0.05  # played early
    assert MEASURES["on"](loop, "BD", "1") == 1
