import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.datasets.keywords import (
    KEYWORDS,
    multihot,
    parse_tempo,
    tokens,
    unknown_words,
    without_tempo,
)


def held(text):
    return {KEYWORDS[i] for i in np.flatnonzero(multihot(text)[:57])}


def test_there_are_57_different_keywords():
    assert len(KEYWORDS) == len(set(KEYWORDS)) == 57


@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("Half Time HipHop", {"half-time", "hip", "hop"}),
        ("halftime hip-hop 4/4", {"half-time", "hip", "hop", "4-4"}),
        ("8 bars of 16th hi-hats", {"8-bar", "16ths", "hats"}),
        ("a fill", {"fill"}),
        ("fills", {"fills"}),
        ("snares and crashes, triplets", {"snare", "crash", "triplet"}),
        ("four on the floor house", {"four", "house"}),
        ("ship hopper scattered housekeeper", set()),  # the original found hip, hop, house here
        ("", set()),
    ],
)
def test_keywords_are_whole_words(text, keywords):
    assert held(text) == keywords


@given(st.sets(st.sampled_from(KEYWORDS), max_size=8), st.randoms())
def test_every_keyword_is_found_in_any_order(words, random):
    text = list(words)
    random.shuffle(text)
    assert held(", ".join(text)) == words


def test_bpm_is_normalised_and_clipped():
    assert multihot("funk", tempo=120)[-1] == 0
    assert multihot("funk 180 bpm")[-1] == pytest.approx(1)
    assert multihot("funk", tempo=290)[-1] == 2
    assert multihot("funk")[-1] == 0
    assert multihot("funk").dtype == np.float32
    assert multihot("funk").shape == (58,)


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("slow funk with ghost notes, 92 bpm", 92),
        ("at 104", 104),
        ("92.5BPM", 92.5),
        ("tempo: 77", 77),
        ("rock 120", 120),
        ("096 Funk", 96),
        ("16 bars of rock", None),
        ("80s rock", None),
        ("Opus 120 for piano", None),
        ("99 problems", None),
        ("100 drums", None),
        ("100 % drums", None),
        ("at 97.5 % noise", None),
        ("88 key piano", None),
        ("Commodore 64", None),
        ("música de los 80", None),
        ("a waltz with 100 violins", None),
        ("rock 90 brushes", 90),
        ("120 blues", 120),
        ("Symphony No. 104", None),
        ("Mozart K 120", None),
        ("Route 66", None),
        ("120 dB", None),
        ("at 48 kHz", None),
        ("120 seconds of rock", None),
        ("mk120", None),
        ("rock_120_beat", 120),
        ("drum track 120", 120),
        ("4-4 8th 808", None),
        ("5 bpm", None),
        ("", None),
    ],
)
def test_tempo_from_text(text, tempo):
    assert parse_tempo(text) == tempo


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text):
    row = multihot(text)
    assert set(np.unique(row[:57])) <= {0.0, 1.0}
    assert -1.5 <= row[57] <= 2
    assert all(word in tokens(text) for word in unknown_words(text))


def test_unknown_words():
    assert unknown_words("a slow bossa nova with bossa and 92 bpm") == ["bossa", "nova"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Rock, 120 bpm!", "Rock"),
        ("slow funk with ghost notes, 92 bpm", "slow funk with ghost notes"),
        ("rock 110 bpm beat 4-4 crash fills", "rock beat 4-4 crash fills"),
        ("funk at around 95", "funk"),
        ("BPM: 120, jazz", "jazz"),
        ("8 bars of rock", "8 bars of rock"),
        ("95 bpm", ""),
        (" … ", "…"),
        ("", ""),
    ],
)
def test_the_words_of_a_prompt_are_told_from_its_tempo(text, words):
    assert without_tempo(text) == words


@given(st.text(max_size=40))
def test_what_is_left_names_no_tempo_that_was_there(text):
    left = without_tempo(text)
    assert left == left.strip()
    if parse_tempo(text) is None:
        assert left in text
