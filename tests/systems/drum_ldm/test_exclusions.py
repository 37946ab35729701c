"""What a text excludes."""

import pytest

from workbench.systems.drum_ldm.exclusions import excluded_in, spelled_out, without_excluded
from workbench.systems.drum_ldm.request import read_request
from workbench.systems.sound_request import read_sound_prompt


@pytest.mark.parametrize(
    ("text", "excluded", "rest"),
    [
        ("rock, no drums", ["no drums"], "rock"),
        ("piano, anything but drums", ["anything but drums"], "piano"),
        ("rock, everything except drums", ["everything except drums"], "rock"),
        ("rock apart from drums", ["apart from drums"], "rock"),
        ("rock minus the drums", ["minus the drums"], "rock"),
        ("rock, i hate drums", ["hate drums"], "rock, i"),
        ("rock, dont use drums", ["dont use drums"], "rock"),
        ("rock, get rid of the drums", ["get rid of the drums"], "rock"),
        ("a band without a piano", ["without a piano"], "a band"),
        ("drumless piano", ["drumless"], "piano"),
        ("beatless ambient", ["beatless"], "ambient"),
        ("drum-free rock", ["drum-free"], "rock"),
        ("rock ohne schlagzeug", ["ohne schlagzeug"], "rock"),
        ("rock sin batería ni bajo", ["sin batería ni bajo"], "rock"),
        ("rock, nada de batería", ["nada de batería"], "rock"),
        ("rock sans batterie", ["sans batterie"], "rock"),
        ("rock sem bateria", ["sem bateria"], "rock"),
        ("rock witout drums", ["witout drums"], "rock"),
        ("piano, drums left out", ["drums left out"], "piano"),
        ("piano instead of guitar", ["instead of guitar"], "piano"),
        ("replace the drums with piano", ["replace the drums"], "piano"),
        ("rock/no drums/120", ["no drums"], "rock/120"),
        ("rock, all instruments but drums", ["all instruments but drums"], "rock"),
        ("piano, hardly any drums", ["hardly any drums"], "piano"),
        ("piano, kaum schlagzeug", ["kaum schlagzeug"], "piano"),
        ("rock, schlagzeug weglassen", ["schlagzeug weglassen"], "rock"),
        ("rock, das schlagzeug bitte weglassen", ["das schlagzeug bitte weglassen"], "rock"),
        ("schlagzeugfreie klaviermusik", ["schlagzeugfreie"], "klaviermusik"),
        ("triste, ni piano ni guitare", ["ni piano ni guitare"], "triste"),
        ("rock, drums excluded", ["drums excluded"], "rock"),
        ("rock senza batteria", ["senza batteria"], "rock"),
        ("piano without the sustain pedal", ["without the sustain pedal"], "piano"),
        ("piano without sustain pedal, slow", ["without sustain pedal"], "piano, slow"),
        ("piano, no guitar solo, slow", ["no guitar solo"], "piano, slow"),
        ("no guitar solo piano", ["no guitar"], "solo piano"),
        ("strings and no piano, slow", ["no piano"], "strings, slow"),
        ("piano and strings but no drums", ["no drums"], "piano and strings"),
        ("piano - no guitar - 105 bpm", ["no guitar"], "piano - 105 bpm"),
        ("rock in e, no drums", ["no drums"], "rock in e"),
        ("no piano +drums", ["no piano"], "drums"),
        ("beat-less strings", ["beat-less"], "strings"),
        ("piano, drums are not allowed", ["drums are not allowed"], "piano"),
        ("klavier, schlagzeug ist verboten", ["schlagzeug ist verboten"], "klavier"),
        ("turn off the drums, keep the piano", ["turn off the drums"], "keep the piano"),
        ("piano, forget the drums", ["forget the drums"], "piano"),
    ],
)
def test_what_is_excluded_is_found_in_many_words(text, excluded, rest):
    assert excluded_in(text) == excluded
    assert without_excluded(text) == rest


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("no drums or bass, just piano", ["no drums or bass"]),
        ("no drums, bass or vocals", ["no drums, bass or vocals"]),
        ("piano, no drums, guitar and strings", ["no drums"]),
        ("without drums and with piano", ["without drums"]),
        ("strings without brass and without drums", ["without brass", "without drums"]),
        ("no electric guitar", ["no electric guitar"]),
        ("no heavy metal drums, piano", ["no heavy metal drums"]),
        ("no drum fills, piano", ["no drum fills"]),
        ("no drum beat, piano", ["no drum beat"]),
        ("not a drum loop, a piano loop", ["not a drum loop"]),
        ("drums without cymbals and toms", ["without cymbals and toms"]),
        ("no drummer, piano", ["no drummer"]),
        ("leave the drums out, piano", ["leave the drums out"]),
        ("without the drums and the choir", ["without the drums and the choir"]),
        ("no drums and the piano plays", ["no drums"]),
        ("a quartet that doesn't have a piano", ["doesn't have a piano"]),
        ("don't play any drums", ["don't play any drums"]),
        ("not too fast piano", ["not too fast"]),
        ("no reverb on the piano", ["no reverb"]),
        ("drum loop without drums removed", ["without drums"]),
    ],
)
def test_an_exclusion_ends_where_something_else_is_wanted(text, excluded):
    assert excluded_in(text) == excluded


@pytest.mark.parametrize(
    "text",
    [
        "nothing but drums",
        "nothing except drums",
        "nothing other than drums",
        "drums fade out",
        "don't forget the drums",
        "no strings attached pop song",
        "not only piano but strings",
        "sonata no. 14",
        "never-ending piano",
        "not in 3/4",
        "no more than 120 bpm",
        "no slower than 90 bpm",
        "nicht langsamer als 90 bpm",
        "piano, hardly audible",
        "a few drums",
        "um piano no estilo bossa nova",
        "carlos plays cellos",
        "",
    ],
)
def test_these_exclude_nothing(text):
    assert excluded_in(text) == []
    assert without_excluded(text) == text


@pytest.mark.parametrize(
    "text", ["no drums", "drumless", "i don't want any drums, please", "je ne veux pas de batterie"]
)
def test_where_all_is_excluded_nothing_is_left(text):
    assert without_excluded(text) == ""


@pytest.mark.parametrize(
    "prompt", ["no waltz, rock", "anything but a waltz", "ohne Walzer", "rock instead of a waltz"]
)
def test_the_metre_is_not_that_of_an_excluded_style(prompt):
    assert read_request(prompt, 4).meter == (4, 4)
    assert "4/4" in read_sound_prompt(f"{prompt}, 120 bpm", ()).understood


def test_a_style_beside_an_exclusion_keeps_its_metre():
    assert read_request("waltz, no snare", 4).meter == (3, 4)
    assert read_request("no snare, waltz", 4).meter == (3, 4)


def test_fills_are_left_out_as_drums_are():
    assert read_request("leave the fills out", 8).understood == ("no fills",)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("piano no, drums yes", "no piano, drums"),
        ("Piano? No!", "no Piano!"),
        ("drums? yes. piano? no.", "drums. no piano."),
        ("piano: yes, drums: no thanks", "piano, no drums"),
        ("Schlagzeug? Nein danke, nur Klavier", "no Schlagzeug, nur Klavier"),
        ("Klavier ja, Schlagzeug nein", "Klavier, no Schlagzeug"),
        ("batería no, guitarra sí", "no batería, guitarra"),
        ("batterie non, piano oui", "no batterie, piano"),
        ("bateria não, piano sim", "no bateria, piano"),
        ("orquesta no, solo piano", "no orquesta, solo piano"),
        ("Orchester nein, nur Klavier", "no Orchester, nur Klavier"),
        ("piano no. 14", "piano no. 14"),
        ("drums no bass", "drums no bass"),
        ("slow? no", "slow? no"),
    ],
)
def test_yes_and_no_after_an_instrument_are_read(prompt, words):
    assert spelled_out(prompt) == words


def test_phrases_that_only_look_like_exclusions_stay():
    for prompt in ("no nonsense rock drums", "no-frills country guitar", "no wave, drum machine"):
        assert without_excluded(prompt) == prompt


@pytest.mark.parametrize(
    "prompt",
    [
        "rock -drums",
        "-Drums, rock",
        "rock w/out drums",
        "rock, drums aren't wanted",
        "rock, Schlagzeug raus",
        "rock, auf Schlagzeug verzichten",
        "Rock, DRUMS: None!",
        "rock, –drums",
        "rock, drums: none",
        "rock, drums = 0",
        "rock, nodrums",
        "rock, drums excluded",
        "rock, Schlagzeug weglassen",
        "rock senza batteria",
    ],
)
def test_short_exclusions_hold_for_drums_too(prompt):
    assert "no drums" in read_request(prompt, 4).understood
    assert read_sound_prompt(prompt, (), classes=("drums", "piano")).understood == ()


@pytest.mark.parametrize(
    "text", ["rock - drums", "north", "piano -slow", "drums: 0.5", "drum-bass"]
)
def test_these_are_no_short_exclusions(text):
    assert spelled_out(text) == text
