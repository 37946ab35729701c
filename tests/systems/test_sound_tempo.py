"""Tempi in words, and requests about time that are refused."""

import pytest

from workbench.systems.diffusion_lm.request import keys_in
from workbench.systems.sound_request import Timing, read_sound_prompt, timing_of


@pytest.mark.parametrize(
    ("prompt", "tempo"),
    [
        ("piano, allegro", 137),
        ("andante", 89),
        ("strings at a walking pace", 108),
        ("slow rock", 65),
        ("langsame Streicher", 65),
        ("piano rapide", 169),
        ("batería, más rápido", 169),
        ("piano devagar", 65),
        ("under 100 bpm", 95),
        ("no slower than 100 bpm", 100),
        ("slow, under 60 bpm", 52),
        ("slow, 70 bpm", 70),
        ("very slow strings", 56),
        ("very fast drums", 188),
        ("moderately fast piano", 152),
        ("rock at 33 rpm", None),
        ("not fast, piano", None),
        ("drums with fast hats", None),
        ("a cheerful piano", None),
    ],
)
def test_words_and_limits_name_a_tempo(prompt, tempo):
    reading = read_sound_prompt(prompt, ())
    assert reading.tempo == tempo
    assert (f"tempo {tempo:g} BPM" in reading.understood) if tempo else not reading.understood


@pytest.mark.parametrize(
    ("prompt", "tempo", "part"),
    [
        ("slow, 180 bpm", 180, "slow"),
        ("allegro, 50 bpm", 50, "allegro"),
        ("slow, then fast", 65, "fast"),
        ("slow, faster than 150 bpm", 158, "slow"),
        ("rock, 120 bpm, twice as fast", 120, "twice as fast"),
        ("piano, half as slow", None, "half as slow"),
        ("piano at half speed", None, "half speed"),
        ("piano, ½ speed", None, "½ speed"),
        ("1/2 speed", None, "1/2 speed"),
        ("rock,0.5x speed", None, "0.5x speed"),
        ("50% of the original tempo", None, "50% of the original tempo"),
        ("2x faster", None, "2x faster"),
        ("halbes Tempo", None, "halbes Tempo"),
        ("a mitad de velocidad", None, "mitad de velocidad"),
        ("moitié de la vitesse", None, "moitié de la vitesse"),
        ("metade da velocidade", None, "metade da velocidade"),
        ("piano, accelerando", None, "accelerando"),
        ("drums, speed up", None, "speed up"),
        ("piano, a few bars", None, "a few bars"),
        ("sad piano in C sharp minor", None, "C sharp minor"),
    ],
)
def test_contradictions_and_what_cannot_be_done_are_said(prompt, tempo, part):
    reading = read_sound_prompt(prompt, ("rock",))
    assert reading.tempo == tempo
    assert [reason.partition(":")[0] for reason in reading.refused] == [f"“{part}”"]
    assert not {*part.lower().split()} & {*reading.unknown}


def test_a_metre_before_tempo_is_no_factor():
    reading = read_sound_prompt("3/4 tempo, 90 bpm", ())
    assert reading.understood == ("tempo 90 BPM", "3/4")
    assert not reading.refused


def test_a_tempo_that_is_given_replaces_the_words_for_one():
    reading = read_sound_prompt("slow piano, twice as fast", (), tempo=150)
    assert reading.understood == ("tempo 150 BPM", "4/4")
    assert not reading.refused


def test_a_tempo_in_words_gives_the_length_whole_bars():
    nothing = {"seconds": None, "tempo": None, "meter": None, "loop": False}
    assert timing_of("allegro", 4.0, bars=None, **nothing) == Timing(480 / 137, 137, (4, 4), 2)
    assert timing_of("slow, 3 bars", 4.0, bars=None, **nothing) == Timing(720 / 65, 65, (4, 4), 3)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Klavier in a-Moll", ["a-Moll"]),
        ("piano en do menor", ["do menor"]),
        ("piano en ré majeur", ["ré majeur"]),
        ("strings in the key of G", ["key of G"]),
        ("a band", []),
        ("rock do Rio", []),
    ],
)
def test_keys_are_found_in_five_languages(text, keys):
    assert keys_in(text) == keys
