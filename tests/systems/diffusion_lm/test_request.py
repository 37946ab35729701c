"""What piano prompts ask for: controls, negations, a second value, articles and keys."""

import pytest

from workbench.systems.diffusion_lm.controls import classes_of
from workbench.systems.diffusion_lm.request import request_of

STYLES = ("pop909", "openscore-lieder")


@pytest.mark.parametrize(
    ("prompt", "control"),
    [
        ("busy, G major, high", {"density": "busy", "key": "G major", "register": "high"}),
        ("piano, density busy, key Bb major", {"density": "busy", "key": "Bb major"}),
        ("Openscore-Lieder style", {"style": "openscore-lieder"}),
        ("high density", {"density": "busy"}),
        ("high-density", {"density": "busy"}),
        ("low density, high register", {"density": "sparse", "register": "high"}),
        ("high density low register", {"density": "busy", "register": "low"}),
        ("density high register low", {"density": "busy", "register": "low"}),
        ("Density: medium; register is medium", {"density": "medium", "register": "middle"}),
        ("low in density", {"density": "sparse"}),
        ("density is very high", {"density": "busy"}),
        ("", {}),
    ],
)
def test_levels_belong_to_the_control_beside_them(prompt, control):
    request = request_of(prompt, STYLES)
    assert request.control == control
    assert not request.unknown
    assert not request.refused


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("Gm", "G minor"),
        ("sparse Ebm", "Eb minor"),
        ("f#m", "F# minor"),
        ("F sharp minor", "F# minor"),
        ("F-sharp minor", "F# minor"),
        ("B flat major", "Bb major"),
        ("a flat major", "Ab major"),
        ("B♭ minor", "Bb minor"),
        ("E-flat", "Eb major"),
        ("C♯", "C# major"),
        ("a minor", "A minor"),
        ("busy a minor, high", "A minor"),
        ("in A major key", "A major"),
        ("in G", "G major"),
        ("key of d", "D major"),
        ("key of f sharp", "F# major"),
        ("key: e flat", "Eb major"),
        ("C Sharp Minor", "C# minor"),
        ("Cmaj", "C major"),
        ("Fb major", "Fb major"),
    ],
)
def test_keys_as_musicians_write_them(prompt, key):
    request = request_of(prompt, STYLES)
    assert request.control["key"] == key
    assert not request.unknown
    assert not request.refused
    assert "key" in classes_of({"key": request.control["key"]}, ())


@pytest.mark.parametrize(
    "prompt", ["in a major key", "a piece in a minor key", "A minor piece", "minor", "not major"]
)
def test_an_article_is_no_key(prompt):
    request = request_of(prompt, STYLES)
    assert "key" not in request.control
    assert any("name a key" in reason for reason in request.refused)


@pytest.mark.parametrize(
    ("prompt", "control", "excluded"),
    [
        ("not busy", {}, ["not busy"]),
        ("not too busy, high", {"register": "high"}, ["not too busy"]),
        ("no high notes", {}, ["no high"]),
        ("sparse but not in G major", {"density": "sparse"}, ["not in G major"]),
        ("neither busy nor high", {}, ["neither busy", "nor high"]),
        ("not busy or high", {}, ["not busy", "high"]),
        ("don’t make it busy", {}, ["don't make it busy"]),
        ("not, busy", {"density": "busy"}, []),
    ],
)
def test_what_is_excluded_is_not_done_but_said(prompt, control, excluded):
    request = request_of(prompt, STYLES)
    assert request.control == control
    assert len(request.refused) == len(excluded)
    for words, reason in zip(excluded, request.refused, strict=True):
        assert words in reason
        assert "cannot exclude" in reason


@pytest.mark.parametrize(
    ("prompt", "first", "second"),
    [
        ("G major, then F minor", "G major", "F minor"),
        ("Gm and F sharp", "G minor", "F# major"),
        ("sparse and busy", "sparse", "busy"),
        ("high density, density low", "busy", "sparse"),
        ("pop909 openscore-lieder", "pop909", "openscore-lieder"),
    ],
)
def test_a_second_value_is_said(prompt, first, second):
    request = request_of(prompt, STYLES)
    assert list(request.control.values()) == [first]
    (reason,) = request.refused
    assert reason.startswith(f"{second}: a second")
    assert first in reason
    assert not request_of("busy, busy", STYLES).refused


def test_other_words_are_unknown():
    assert request_of("I am no drums, be bold", STYLES).unknown == [
        *("I", "am", "no", "drums", "be", "bold")
    ]
    assert request_of("@0 @7 busy", STYLES).unknown == ["0", "7"]
    assert request_of("busy or not", STYLES).unknown == ["not"]


@pytest.mark.parametrize(
    "prompt",
    ["hardly busy", "barely busy", "ain't busy", "shouldn't be busy", "everything except busy"],
)
def test_weak_words_of_negation_exclude_too(prompt):
    request = request_of(prompt, STYLES)
    assert not request.control
    assert "cannot exclude" in request.refused[0]


def test_all_but_one_key_excludes_it():
    request = request_of("anything but C major", STYLES)
    assert not request.control
    assert "C major" in request.refused[0]


@pytest.mark.parametrize("prompt", ["high tempo", "low volume", "high energy"])
def test_a_level_of_something_else_is_no_register(prompt):
    request = request_of(prompt, STYLES)
    assert not request.control
    assert request.unknown == prompt.split()
