"""Reading prompts: tempo, keywords, advice."""

import numpy as np
import pytest

from workbench.errors import PromptError
from workbench.representations.text import KeywordText
from workbench.systems.drum_ldm.advice import read_prompt
from workbench.systems.prompts import plain_words, prompt_of, prompts_of

WORDS = ("funk", "slow", "ghost", "notes", "rock")


def read(prompt):
    return read_prompt(prompt, KeywordText(), WORDS)


def test_a_good_prompt_needs_no_advice():
    reading = read("slow funk with ghost notes, 92 bpm")
    assert reading.tempo == 92
    assert reading.keywords == ("slow", "funk")
    assert reading.unknown == ()
    assert read_prompt("slow funk with ghost notes", Frozen(), WORDS).messages == ()


class Frozen(KeywordText):
    """As a language model: it reads all words."""

    name = "bert"


@pytest.mark.parametrize(
    ("prompt", "ignored"),
    [("slow funk with ghost notes", "ghost, notes"), ("a soul ballad", "soul")],
)
def test_words_that_keywords_leave_out_are_named(prompt, ignored):
    messages = read_prompt(prompt, KeywordText(), [*WORDS, "soul", "ballad"]).messages
    assert len(messages) == 1
    assert messages[0].endswith(f"{ignored}.")
    assert read_prompt("a slow rock beat", KeywordText(), WORDS).messages == ()


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("", "No words"),
        ("!!! ???", "No words"),
        ("funk xylophone", "xylophone"),
        ("langsamer Funk mit Geisternoten bitte", "English"),
        ("медленный фанк", "English"),
        ("slow funk " * 200, "long"),
        ("rock at 900 bpm", "30 to 300"),
        ("rock at 999999999999999999999 bpm", "30 to 300"),
        ("ghost notes", "57 keywords"),
        ("a waltz", "only 4/4"),
        ("slow funk in 6/8", "only 4/4"),
        ("rock, 7/8, 100 bpm", "only 4/4"),
        ("rock, no crash", "drum grid"),
        ("funk without the hi-hats", "drum grid"),
        ("rock, don't use toms", "drum grid"),
    ],
)
def test_advice_fits(prompt, said):
    assert any(said in message for message in read(prompt).messages), read(prompt).messages


@pytest.mark.parametrize("prompt", ["waltz in 3/4", "a waltz", "rock, no crash", "funk minus toms"])
def test_a_word_that_is_answered_is_not_called_a_guess_too(prompt):
    [message] = read_prompt(prompt, Frozen(), WORDS).messages
    assert "guess" not in message


@pytest.mark.parametrize(
    "spelling",
    [
        "rock!",
        "ROCK!!!",
        "rock 🤘",
        "Rock.",
        "rock,",
        "«rock»",
        "rock\n",
        "ｒｏｃｋ",
        "“rock”",
        "rock…",
        "#rock",
        "*rock*",
        "(rock)",
        "rock ❤️",
        "👩‍🎤 rock",
        "rock™",
        "‘Rock’",
        "\trock？！",
    ],
)
def test_a_word_is_read_alike_however_it_is_written(spelling):
    assert plain_words(spelling) == "rock"
    assert read(spelling).keywords == ("rock",)
    assert read(spelling).messages == ()
    assert read(spelling).prompt == spelling


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("slow funk with ghost notes, 92 bpm", None),
        ("rock & roll", None),
        ("hip-hop", None),
        ("drum'n'bass, 4/4", None),
        ("ジャズのドラム", None),
        ("Hard  Rock !! fast , 120 BPM.", "hard rock fast, 120 bpm"),
        ("🥁 funk 🥁, 92 bpm", "funk, 92 bpm"),
        ("?!", ""),
        ("7⁄8, 3∕4, 6／8, ¾, 2½", "7/8, 3/4, 6/8, 3/4, 2.5"),
    ],
)
def test_what_says_something_stays(given, plain):
    assert plain_words(given) == (given if plain is None else plain)


def test_prompts_are_texts():
    assert prompts_of(None) == [""]
    assert prompts_of("rock") == prompts_of(np.str_("rock")) == prompts_of(("rock",)) == ["rock"]
    assert prompts_of(["rock", ""]) == ["rock", ""]
    assert prompt_of(None) == ""
    for odd in (5, 2.5, True, b"rock", [], {}, {"prompt": "rock"}, [["rock"]], ["rock", 3]):
        with pytest.raises(PromptError, match="prompt"):
            prompts_of(odd)
