"""Length and beat of a request for sound, and what its prompt asks."""

import re

import pytest

from workbench.errors import PromptError
from workbench.systems.prompts import caption_vocabulary
from workbench.systems.sound_class import WORDS as CLASSES
from workbench.systems.sound_class import wanted_words
from workbench.systems.sound_request import Timing, read_sound_prompt, timing_of

NOTHING = {"seconds": None, "tempo": None, "meter": None, "bars": None, "loop": False}


def timing(prompt="", usual=4.0, **given):
    return timing_of(prompt, usual, **{**NOTHING, **given})


def test_without_a_tempo_the_length_is_in_seconds():
    assert timing() == Timing(4.0)
    assert timing(seconds=2.5) == Timing(2.5)
    assert timing(loop=True) == Timing(4.0, loop=True)
    assert timing("waltz") == Timing(4.0)


@pytest.mark.parametrize(
    ("prompt", "given", "expected"),
    [
        ("rock, 120 bpm", {}, Timing(4.0, 120, (4, 4), 2)),
        ("rock 100", {}, Timing(4.8, 100, (4, 4), 2)),
        ("rock, 100 bpm", {"tempo": 120}, Timing(4.0, 120, (4, 4), 2)),
        ("waltz, 90 bpm", {}, Timing(4.0, 90, (3, 4), 2)),
        ("waltz, 90 bpm", {"meter": (4, 4), "bars": 3}, Timing(8.0, 90, (4, 4), 3)),
        (
            "",
            {"tempo": 90, "meter": (6, 8), "bars": 4, "loop": True},
            Timing(8, 90, (6, 8), 4, True),
        ),
        ("rock, 120 bpm", {"seconds": 3.3}, Timing(3.3, 120)),
        ("", {"tempo": 30}, Timing(8.0, 30, (4, 4), 1)),
    ],
)
def test_tempo_and_metre_come_from_arguments_or_the_prompt(prompt, given, expected):
    assert timing(prompt, **given) == expected


@pytest.mark.parametrize(
    ("prompt", "given", "named"),
    [
        ("rock", {"bars": 2}, "bars: needs a tempo"),
        ("rock", {"meter": (3, 4)}, "meter: needs a tempo"),
        ("", {"tempo": 20}, "tempo.*20"),
        ("", {"tempo": 120, "bars": 0}, "bars.*0"),
        ("", {"tempo": 120, "bars": 65}, "bars.*65"),
        ("", {"tempo": 120, "bars": 1.5}, "bars.*1.5"),
        ("", {"tempo": 30, "meter": (5, 4), "bars": 64}, "bars: .*600 s, got 64"),
        ("", {"tempo": 120, "meter": (11, 4)}, "meter.*11/4"),
        ("", {"tempo": 120, "bars": 2, "seconds": 4}, "seconds: .*bars"),
        ("120 bpm", {"seconds": 4, "loop": True}, "seconds: .*whole bars"),
        ("", {"seconds": 0}, "seconds.*0"),
        ("", {"seconds": 601}, "seconds.*601"),
        ("", {"loop": 1}, "loop: .*got 1"),
    ],
)
def test_what_does_not_fit_names_its_argument(prompt, given, named):
    with pytest.raises(PromptError, match=named):
        timing(prompt, **given)


@pytest.mark.parametrize("bpm", [30, 77, 91.7, 133, 299])
@pytest.mark.parametrize("bars", [1, 3, 8])
def test_bars_are_exact_to_the_sample(bpm, bars):
    made = timing(tempo=bpm, bars=bars)
    assert made.samples(16_000) == round(bars * 4 * 60 / bpm * 16_000)
    assert made.quarters == 4 * bars


@pytest.mark.parametrize("prompt", ["🎹🎹🎹", "???", " … "])
def test_a_prompt_of_signs_alone_is_named_and_read_as_an_empty_one(prompt):
    reading = read_sound_prompt(prompt, (), classes=("piano",))
    [reason] = reading.refused
    assert reason.startswith(f"“{prompt.strip()}”")
    assert reading.messages == (f"Not possible: {reason}.",)
    assert wanted_words(prompt) == ""
    assert read_sound_prompt(" ", ()).messages == ()


WORDS = caption_vocabulary(["rock 120 bpm beat drums", "slow rock beat with drums", "Lieder"])


def test_a_vocabulary_has_the_words_of_two_captions():
    assert WORDS == ("beat", "drums", "rock")


@pytest.mark.parametrize(
    ("prompt", "unknown", "tempo", "said"),
    [
        ("rock drums, 120 bpm", (), 120, ["Understood: tempo 120 BPM, 4/4"]),
        ("a string quartet", ("string", "quartet"), None, ["no training caption.*string, quartet"]),
        ("rock waltz at 90 bpm", ("waltz",), 90, ["tempo 90 BPM, 3/4", "no training.*waltz"]),
        ("rock, 900 bpm", (), None, ["Not possible: 900 BPM"]),
        ("rock, 1,200 bpm", (), None, ["Not possible: 1200 BPM"]),
        ("rock, slower than 100 bpm", (), 95, ["tempo 95 BPM, 4/4, tempo below 100 BPM"]),
        ("rock drums, allegro", (), 137, ["tempo 137 BPM, 4/4, “allegro” as 137 BPM"]),
        ("rock without drums", (), None, ["Not possible: “without drums”"]),
        ("rock in 3/4", (), None, ["Not possible: 3/4 without a tempo"]),
        ("", (), None, []),
        ("rock", (), None, []),
    ],
)
def test_a_prompt_is_read_and_what_cannot_be_done_is_said(prompt, unknown, tempo, said):
    reading = read_sound_prompt(prompt, WORDS)
    assert (reading.unknown, reading.tempo) == (unknown, tempo)
    assert len(reading.messages) == len(said)
    for message, words in zip(reading.messages, said, strict=True):
        assert re.search(words, message)


@pytest.mark.parametrize(
    ("prompt", "understood", "refused"),
    [
        ("rock, 120 bpm, 4 bars", ["tempo 120 BPM", "4/4", "4 bars"], []),
        ("rock, 120 bpm, un bucle de 8 compases", ["tempo 120 BPM", "4/4", "8 bars"], []),
        ("a 1-bar loop, 90 bpm", ["tempo 90 BPM", "4/4", "1 bar"], []),
        ("rock, a fill every 4 bars, 90 bpm", ["tempo 90 BPM", "4/4"], []),
        ("rock, 4 bars", [], ["4 bars without a tempo"]),
        ("rock, 120 bpm, 100 bars", ["tempo 120 BPM", "4/4"], ["100 bars: a length is a"]),
        ("rock, 120 bpm, 0 bars", ["tempo 120 BPM", "4/4"], ["0 bars: a length is a"]),
        ("rock in 11/8, 120 bpm", ["tempo 120 BPM", "4/4"], ["11/8: the metres are"]),
        ("rock, 90bpm->120bpm", ["tempo 90 BPM", "4/4"], ["90 and 120 BPM: a clip keeps one"]),
        ("rock, Opus 120", [], []),
        ("sonata no. 14, 80 bpm", ["tempo 80 BPM", "4/4"], []),
        ("rock, 120 bpm, 2.5 bars", ["tempo 120 BPM", "4/4"], ["2.5 bars: a length is a"]),
        ("rock, 120 bpm, for 4 bars", ["tempo 120 BPM", "4/4", "4 bars"], []),
        ("bars: 4, tempo: 100", ["tempo 100 BPM", "4/4", "4 bars"], []),
        ("rock, 120 bpm, 16 beats", ["tempo 120 BPM", "4/4", "4 bars"], []),
        ("12 beats in 6/8, 90 bpm", ["tempo 90 BPM", "6/8", "2 bars"], []),
        ("10 beats, 90 bpm", ["tempo 90 BPM", "4/4"], ["10 beats: only whole bars of 4 beats"]),
        ("rock, 16 beats", [], ["16 beats without a tempo"]),
        ("rock, 10 seconds", ["10 seconds"], []),
        ("rock, 120 bpm, 11 s", ["tempo 120 BPM", "4/4", "6 bars (nearest to 11 seconds)"], []),
        ("rock, 900 seconds", [], ["900 seconds: a length is above 0 and at most 600"]),
        ("120 bpm, 5 minutes", ["tempo 120 BPM", "4/4"], ["300 seconds are 150 bars: a length"]),
        ("4-8 bars, 90 bpm", ["tempo 90 BPM", "4/4"], ["4-8 bars: a length is a"]),
        ("4 bars (8 seconds), 120 bpm", ["tempo 120 BPM", "4/4", "4 bars"], []),
        ("4 bars, then 8 bars, 90 bpm", ["tempo 90 BPM", "4/4"], ["4 bars and 8 bars: a clip has"]),
        ("3/4 and 4/4, 90 bpm", ["tempo 90 BPM", "3/4"], ["3/4 and 4/4: one metre per clip"]),
        ("3/4, not 4/4, 90 bpm", ["tempo 90 BPM", "3/4", "not 4/4"], []),
        ("eleven eight, 90 bpm", ["tempo 90 BPM", "4/4"], ["11/8: the metres are"]),
        ("7⁄8, 90 bpm", ["tempo 90 BPM", "7/8"], []),
        ("vals en siete octavos, 90 bpm", ["tempo 90 BPM", "7/8"], []),
        ("piano en tres por cuatro, 90 bpm", ["tempo 90 BPM", "3/4"], []),
        ("un ritmo en siete por cuatro, 90 bpm", ["tempo 90 BPM", "4/4"], ["7/4: the metres are"]),
        ("rock, 120 bpm, a dozen bars", ["tempo 120 BPM", "4/4", "12 bars"], []),
        ("rock, one hundred and ten bpm", ["tempo 110 BPM", "4/4"], []),
        ("piano, veinte segundos", ["20 seconds"], []),
        ("piano, an hour", [], ["3600 seconds: a length is above 0 and at most 600"]),
        ("no slower than 90, 100 bpm", ["tempo 100 BPM", "4/4", "tempo at least 90 BPM"], []),
        ("from 90 to 120 bpm", ["tempo 90 BPM", "4/4"], ["90 and 120 BPM: a clip keeps one"]),
        ("rock at -50 bpm", [], ["-50 BPM: a tempo must be from 30"]),
        ("−50 bpm", [], ["-50 BPM: a tempo must be from 30"]),
        ("rock, tempo -60", [], ["-60 BPM: a tempo must be from 30"]),
        ("rock - 130 bpm", ["tempo 130 BPM", "4/4"], []),
        ("rock-120bpm", ["tempo 120 BPM", "4/4"], []),
        ("rock, 1e2 bpm", ["tempo 100 BPM", "4/4"], []),
        ("rock, 1e3 bpm", [], ["1000 BPM: a tempo must be from 30"]),
        ("rock at two beats per second", ["tempo 120 BPM", "4/4"], []),
        ("rock, minus 100 bpm", [], ["-100 BPM: a tempo must be from 30"]),
        ("menos cien bpm", [], ["-100 BPM: a tempo must be from 30"]),
        ("rock, minus 5 seconds", [], ["-5 seconds: a length is above 0"]),
        ("120 minus 20 bpm", ["tempo 120 BPM", "4/4"], ["20 BPM: a tempo must be from 30"]),
        ("10 000 bpm", [], ["10000 BPM: a tempo must be from 30"]),
        ("rock, 90BMP", ["tempo 90 BPM", "4/4"], []),
        ("1/2 note = 60", ["tempo 120 BPM", "4/4"], []),
        ("1/8 = 180", ["tempo 90 BPM", "4/4"], []),
        ("1 200 bpm", [], ["1200 BPM: a tempo must be from 30"]),
        ("rock at 1 200 bpm", [], ["1200 BPM: a tempo must be from 30"]),
        ("rock, 1'200 bpm", [], ["1200 BPM: a tempo must be from 30"]),
        ("symphony 5 120 bpm", ["tempo 120 BPM", "4/4"], []),
        ("rock, x---x---", [], ["“x---x---”: the places of hits cannot be set"]),
        ("rock, -5 seconds", [], ["-5 seconds: a length is above 0"]),
        ("-4 bars, 90 bpm", ["tempo 90 BPM", "4/4"], ["-4 bars: a length is a whole number"]),
        ("rock - 4 bars, 90 bpm", ["tempo 90 BPM", "4/4", "4 bars"], []),
        ('rock, 45"', ["45 seconds"], []),
        ("45'' of rock", ["45 seconds"], []),
        ('a 45" record', [], []),
        ('"rock 120"', ["tempo 120 BPM", "4/4"], []),
    ],
)
def test_lengths_metres_and_tempi_are_followed_or_refused(prompt, understood, refused):
    reading = read_sound_prompt(prompt, ())
    assert list(reading.understood) == understood
    assert len(reading.refused) == len(refused)
    for said, words in zip(reading.refused, refused, strict=True):
        assert said.startswith(words)


def test_bars_of_a_prompt_set_the_length_unless_another_is_given():
    usual = {"tempo": None, "meter": None, "loop": False}
    assert timing_of("rock, 120 bpm, 4 bars", 6.0, seconds=None, bars=None, **usual).seconds == 8.0
    assert timing_of("rock, 120 bpm, 4 bars", 6.0, seconds=None, bars=1, **usual).seconds == 2.0
    assert timing_of("rock, 120 bpm, 4 bars", 6.0, seconds=3, bars=None, **usual).seconds == 3.0
    assert timing_of("rock, 4 bars", 6.0, seconds=None, bars=None, **usual).seconds == 6.0


@pytest.mark.parametrize(
    ("prompt", "given", "expected"),
    [
        ("piano, 10 seconds", {}, Timing(10.0)),
        ("piano, 10 seconds", {"seconds": 3}, Timing(3.0)),
        ("piano, 10 seconds, 120 bpm", {}, Timing(10.0, 120, (4, 4), 5)),
        ("piano, 11 seconds, 120 bpm", {"loop": True}, Timing(12.0, 120, (4, 4), 6, True)),
        ("piano, 16 beats", {"tempo": 120}, Timing(8.0, 120, (4, 4), 4)),
        ("piano, 9 beats", {"tempo": 120, "meter": (3, 4)}, Timing(4.5, 120, (3, 4), 3)),
        ("piano, 900 seconds", {}, Timing(4.0)),
        ("piano, 2.5 bars", {"tempo": 120}, Timing(4.0, 120, (4, 4), 2)),
    ],
)
def test_seconds_and_beats_of_a_prompt_set_the_length(prompt, given, expected):
    assert timing(prompt, **given) == expected


def test_what_is_excluded_is_no_guess_and_is_not_promised():
    reading = read_sound_prompt("a band without a piano", WORDS, classes=("band", "piano"))
    assert reading.understood == ("band",)
    assert [reason.partition(":")[0] for reason in reading.refused] == ["“without a piano”"]
    assert reading.unknown == ()


@pytest.mark.parametrize("prompt", ["four", "rock in four", "rock, but only drums", "x--x"])
def test_numbers_and_words_of_the_grammar_are_not_called_a_guess(prompt):
    assert read_sound_prompt(prompt, WORDS).unknown == ()


@pytest.mark.parametrize("prompt", ["rock in 3/4", "rock, slower than 100 bpm", "rock, 900 bpm"])
def test_a_tempo_that_is_given_needs_none_in_the_prompt(prompt):
    reading = read_sound_prompt(prompt, (), tempo=90)
    assert reading.refused == ()
    assert reading.understood[0] == "tempo 90 BPM"


def test_a_tempo_that_is_given_settles_two_in_the_prompt():
    assert read_sound_prompt("rock, 90bpm->120bpm", (), tempo=100).refused == ()


@pytest.mark.parametrize("prompt", ["four bars of piano, 90 bpm", "4 Takte Klavier, 90 bpm"])
def test_bars_are_read_as_in_drum_prompts(prompt):
    reading = read_sound_prompt(prompt, ("piano",), classes=("piano",))
    assert reading.understood == ("piano", "tempo 90 BPM", "4/4", "4 bars")
    assert not {"bars", "takte"} & {*reading.unknown}


def test_without_a_vocabulary_no_word_is_called_unknown():
    assert read_sound_prompt("a string quartet", ()).unknown == ()


def test_a_word_that_names_the_class_is_not_called_unknown():
    reading = read_sound_prompt("spooky chip tune", ("rock",), classes=("chip", "drums"))
    assert reading.understood == ("chip",)
    assert reading.unknown == ("spooky", "tune")


@pytest.mark.parametrize(
    ("prompt", "kind", "read"),
    [
        ("vioilns", "strings", "read “vioilns” as “violins”"),
        ("pinao solo", "piano", "read “pinao” as “piano”"),
        ("ochestra", "orchestra", "read “ochestra” as “orchestra”"),
        ("drumz", "drums", "read “drumz” as “drums”"),
    ],
)
def test_a_misspelt_instrument_names_its_class_and_is_said(prompt, kind, read):
    assert read_sound_prompt(prompt, (), classes=tuple(CLASSES)).understood == (kind, read)


def test_other_misspelt_words_are_guesses_with_the_nearest_word():
    [_, message] = read_sound_prompt("rokc drums, vioilns", WORDS, classes=("drums",)).messages
    assert message.endswith("rokc (perhaps rock), vioilns (perhaps violins).")
    [_, message] = read_sound_prompt("settings", WORDS, classes=("drums",)).messages
    assert message.endswith("settings.")
    reading = read_sound_prompt("bossa drums", ("boss", "drums"), classes=("drums",))
    assert reading.messages[-1].endswith("bossa.")


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("celtic harp", "“harp” is not among the kinds of sound: it may be any of drums, piano."),
        ("harps, organ", "“harps” and “organ” are not among the kinds of sound: it may be any of"),
        ("rock", "No kind of sound is named: it may be any of drums, piano."),
    ],
)
def test_an_instrument_that_is_not_known_is_named_with_the_kinds_that_are(prompt, said):
    messages = read_sound_prompt(prompt, WORDS, classes=("drums", "piano")).messages
    assert messages[0].startswith(said)


def test_what_lies_behind_the_longest_text_is_not_read_and_said_so():
    reading = read_sound_prompt("slow rock " * 100 + "piano", (), classes=("piano",))
    assert "piano" not in reading.understood
    assert any("first 1000 characters" in reason for reason in reading.refused)
