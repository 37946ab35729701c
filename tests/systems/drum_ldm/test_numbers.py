"""Numbers in words."""

import pytest

from workbench.systems.drum_ldm.numbers import figures_for_numbers


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("ninety bpm", "90 bpm"),
        ("one hundred and ten bpm", "110 bpm"),
        ("a hundred bpm", "100 bpm"),
        ("one forty bpm", "140 bpm"),
        ("two hundred fifteen bpm", "215 bpm"),
        ("rock at ninety-five, slow", "rock at 95 , slow"),
        ("fünfundneunzig bpm", "95 bpm"),
        ("hundertzwanzig bpm", "120 bpm"),
        ("ciento veinte bpm", "120 bpm"),
        ("noventa y cinco bpm", "95 bpm"),
        ("quatre-vingt-dix-sept bpm", "97 bpm"),
        ("soixante et onze bpm", "71 bpm"),
        ("cento e vinte bpm", "120 bpm"),
        ("veinte segundos", "20 segundos"),
        ("two dozen bars", "24 bars"),
        ("half a dozen bars", "6 bars"),
        ("una docena de compases", "12 compases"),
        ("fifteen-second clip", "15 second clip"),
    ],
)
def test_numbers_before_a_unit_become_figures(text, figures):
    assert figures_for_numbers(text) == figures


@pytest.mark.parametrize(
    "text",
    ["four bars", "three four bars", "thirty second notes", "the kick at one", "hundertwasser"],
)
def test_other_numbers_stay(text):
    assert figures_for_numbers(text) == text
