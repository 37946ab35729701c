"""Lengths in seconds, minutes and beats."""

import pytest

from workbench.systems.drum_ldm.durations import take_durations
from workbench.systems.drum_ldm.items import Scan
from workbench.systems.drum_ldm.request import read_request
from workbench.systems.drum_ldm.tempi import with_figures


def taken(text):
    result = Scan()
    return take_durations(text, result), result.seconds, result.beats


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("piano, 10 seconds", 10),
        ("a 30-second loop", 30),
        ("7.5 s of piano", 7.5),
        ("zehn Sekunden Klavier".lower(), 10),
        ("piano, 2,5 segundos", 2.5),
        ("a minute of piano", 60),
        ("two and a half minutes of piano", 150),
        ("half a minute", 30),
        ("seconds: 12", 12),
        ("30s clip of piano", 30),
        ("15s tiktok jingle", 15),
        ("piano, 1:30", 90),
        ("five second piano", 5),
        ("10-20 seconds", 15),
        ("10 to 20 s", 15),
        ("between 10 and 20 seconds", 15),
        ("500ms", 0.5),
        ("an hour of piano", 3600),
        ("half an hour", 1800),
        ("1 min 30 sec", 90),
        ("1m30s", 90),
        ("2 minutes and 15 seconds", 135),
        ("media hora", 1800),
        ("a quarter of an hour", 900),
        ("eine viertelstunde", 900),
        ("anderthalb minuten", 90),
        ("techno, 30s", 30),
        ("30s of piano", 30),
        ("1'30", 90),
        ("1'30''", 90),
        ("1 min 30", 90),
        ("one minute thirty seconds of piano", 90),
        ("une minute trente", 90),
        ("eine minute dreißig", 90),
        ("a minute and a half of piano", 90),
        ("un minuto y medio", 90),
        ("une minute et demie", 90),
        ("um minuto e meio", 90),
        ("two minutes and a half", 150),
        ("meio minuto de cordas", 30),
        ("a half-minute loop", 30),
        ("a couple of minutes", 120),
        ("three quarters of a minute", 45),
        (with_figures("ten to fifteen seconds"), 12.5),
    ],
)
def test_lengths_in_seconds_are_read(text, seconds):
    assert taken(text)[1:] == ([seconds], [])


@pytest.mark.parametrize(
    ("text", "beats"), [("16 beats", 16), ("a loop of eight beats", 8), ("12 beats in 6/8", 12)]
)
def test_lengths_in_beats_are_read(text, beats):
    assert taken(text)[1:] == ([], [beats])


@pytest.mark.parametrize(
    "text",
    [
        "a second guitar",
        "the second half",
        "thirty second notes",
        "hats 16s",
        "30s jazz",
        "fade out after 10 seconds",
        "a fill in the last 4 beats",
        "five beats to the bar",
        "5 beats a bar",
        "90 beats per minute",
        "2 beats of silence",
        "a 2 second reverb",
        "d min",
        "a min",
        "808s",
        "1970s funk",
        "80-90s rock",
        "synth pop, 80s",
        "30s, jazz",
        "snare 20 ms late",
        "start at 1:30",
        "3:2 clave",
    ],
)
def test_these_are_not_lengths(text):
    assert taken(text) == (text, [], [])


def test_a_length_leaves_no_joint():
    for text in ("10 seconds of piano", "about 10 seconds long piano", "piano no longer than 10 s"):
        assert taken(text)[0].strip() == "piano"


def test_bars_that_are_attached_or_keyed_are_read():
    assert read_request("rock 16bars", 16).refused == ()
    assert read_request("rock, bars: 4", 8).refused[0].startswith("4 bars: the length is set")


def test_drums_say_that_their_length_is_set_by_bars():
    for prompt, name in (("rock, 10 seconds", "10 seconds"), ("rock, 16 beats", "16 beats")):
        request = read_request(prompt, 8)
        assert request.refused == (f"{name}: the length is set by bars, which is 8",)
        assert request.unknown == ()


@pytest.mark.parametrize(
    "text", ["2.5 bars", "2,5 bars", "2½ bars", "two and a half bars", "2 or 4 bars"]
)
def test_only_whole_bars_are_a_length(text):
    [refused] = read_request(f"rock, {text}", 8).refused
    assert refused.startswith(("2.5 bars: ", "2,5 bars: ", "2 or 4 bars: "))
    assert "a whole number of bars" in refused
