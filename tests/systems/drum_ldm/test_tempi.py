"""The tempo of a request."""

import pytest

from workbench.systems.drum_ldm.items import Scan
from workbench.systems.drum_ldm.request import read_request
from workbench.systems.drum_ldm.tempi import take_tempo, with_figures


def taken(text):
    result = Scan()
    take_tempo(with_figures(text), result)
    return result


@pytest.mark.parametrize(
    ("text", "tempo", "refused"),
    [
        ("from 90 to 120 bpm", 90, "90 and 120 BPM"),
        ("von 90 bis 120 bpm", 90, "90 and 120 BPM"),
        ("speed up from 80 to 140", 80, "80 and 140 BPM"),
        ("90, then 120", 90, "90 and 120 BPM"),
        ("120 bpm, then 90", 120, "120 and 90 BPM"),
        ("90 bpm drums over 120 bpm piano", 90, "90 and above 120 BPM"),
        ("60 bpm, 70 bpm, 80 bpm", 60, "60 and 70 BPM and 80 BPM"),
        ("starts at 90 and ends at 120 bpm", 120, "120 and 90 BPM"),
    ],
)
def test_of_two_tempi_the_first_is_kept_and_the_other_refused(text, tempo, refused):
    result = taken(text)
    assert result.tempo == tempo
    assert result.tempo_refused == [f"{refused}: a clip keeps one tempo, {tempo} BPM"]
    assert result.statements == []


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("120 bpm, 120.0 bpm", 120),
        ("rock, 95-105 bpm", 100),
        ("rock, 90 or 100 bpm", 90),
        ("120 bpm oder 100 bpm", 120),
        ("blink 182 style punk, 160 bpm", 160),
        ("90 bpm, slower than 100 bpm", 90),
        ("no slower than 90 bpm, 100 bpm", 100),
        ("rock/120", 120),
        ("120/rock", 120),
        ("rock/no drums/120", 120),
        ("at a speed of 90", 90),
        ("about 95 bpm, funk", 95),
        ("128 b.p.m. techno", 128),
        ("120 bpm-ish funk", 120),
        ("metronome 60", 60),
        ("mm 72 piano", 72),
        ("m.m. = 84", 84),
        ("bpm: 88", 88),
        ("120 bpm 808 drums", 120),
    ],
)
def test_one_tempo_is_not_called_two(text, tempo):
    result = taken(text)
    assert result.tempo == tempo
    assert result.tempo_refused == []


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("dotted quarter = 60", 90),
        ("half note = 60", 120),
        ("quarter note = 100", 100),
        ("eighth = 180", 90),
        ("negra con puntillo = 60", 90),
        ("halbe = 50", 100),
    ],
)
def test_a_tempo_of_other_notes_becomes_that_of_quarter_notes(text, tempo):
    assert taken(text).tempo == tempo


@pytest.mark.parametrize(("prompt", "tempo"), [("♩. = 60", 90), ("♪=180", 90), ("♩ = 100", 100)])
def test_signs_of_notes_are_read(prompt, tempo):
    assert read_request(prompt, 4).tempo == tempo


@pytest.mark.parametrize(
    "text",
    [
        "summer of 69",
        "50 cent style rap",
        "60 piece orchestra",
        "top 40 pop",
        "bars 4/16",
        "rock, 100 musicians",
    ],
)
def test_numbers_of_other_things_are_not_tempi(text):
    assert taken(text).tempo is None
