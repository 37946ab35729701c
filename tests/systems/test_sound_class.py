"""The class of sound that a prompt names."""

import pytest
import torch

from workbench.datasets.sets.sound_classes import SOURCES
from workbench.models.dit import DiTConfig
from workbench.models.spectral_vae import SpectralVAEConfig
from workbench.systems.ldmg import LDMG, LDMGConfig
from workbench.systems.sound_class import (
    WORDS,
    amounts_in,
    class_captions,
    class_of,
    lacks,
    wanted_words,
)
from workbench.systems.sound_request import read_sound_prompt


def test_the_classes_are_those_of_the_data():
    assert set(WORDS) == set(SOURCES)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("drum loop", "drums"),
        ("Rock drums, 120 BPM!", "drums"),
        ("fast techno beat", "drums"),
        ("a slow piano ballad", "piano"),
        ("solo piano, no drums", "piano"),
        ("drums without piano", "drums"),
        ("String Quartet", "strings"),
        ("calm strings", "strings"),
        ("epic orchestral music with strings", "orchestra"),
        ("8-bit chiptune", "chip"),
        ("8bit game boy battle, drums", "chip"),
        ("pop song with piano, bass, drums", "band"),
        ("piano and drums", "band"),
        ("acoustic guitar ballad", "band"),
        ("solo piano song, 90 bpm", "piano"),
        ("drums with lots of bass drum", "drums"),
        ("a drum beat for a song", "drums"),
        ("epic drums", "drums"),
        ("cinematic piano", "piano"),
        ("double bass solo", "strings"),
        ("string trio", "strings"),
        ("a string orchestra", "strings"),
        ("jazz quartet", "band"),
        ("video game piano", "piano"),
        ("film score", "orchestra"),
        ("arcade video game", "chip"),
        ("Klavier, 90 bpm", "piano"),
        ("batería de rock", "drums"),
        ("Streichquartett", "strings"),
        ("a band without a piano", "band"),
        ("Klavier ohne Schlagzeug", "piano"),
        ("piano, 16 beats", "piano"),
        ("piano, 90 beats per minute", "piano"),
        ("something blue", None),
        ("", None),
        ("no drums", None),
        ("dramatic", None),
        ("funky piano groove", "piano"),
        ("latin groove", "drums"),
        ("piano accents on beats 2 and 4", "piano"),
        ("crash on beat 1", "drums"),
        ("rock 100 bpm beat 4-4", "drums"),
        ("hip hop beat with piano", "band"),
        ("solo piano that kicks in", "piano"),
        ("kick in bar 2", "drums"),
        ("piano with smooth voice leading", "piano"),
        ("Gitarre", "band"),
        ("guitarra triste", "band"),
        ("violon seul", "strings"),
        ("fiddle tune", "strings"),
        ("un violonchelo lento", "strings"),
        ("banda de rock", "band"),
        ("congas", "drums"),
        ("Klaviermusik", "piano"),
        ("drum and bass, 174 bpm", "drums"),
        ("piano, hardly any drums", "piano"),
        ("soul band with horns", "band"),
        ("salsa con trompetas y congas", "band"),
        ("orchestra with brass and drums", "orchestra"),
        ("trumpet solo", "orchestra"),
        ("schlagzeugfreie Klaviermusik", "piano"),
        ("mostly piano, few strings", "piano"),
        ("mainly drums with a little piano", "drums"),
        ("vor allem Streicher, etwas Klavier", "strings"),
        ("sobre todo cuerdas, poco piano", "strings"),
        ("piano with a hint of strings", "piano"),
        ("few drums", "drums"),
        ("mellow Rhodes", "piano"),
        ("cuarteto de cuerda", "strings"),
        ("bowed contrabass drone", "strings"),
        ("Atari soundtrack", "chip"),
        ("ein Computerspiel", "chip"),
        ("grupo de rock con batería", "band"),
        ("a drum track to practise guitar over", "drums"),
        ("upbeat piano", "piano"),
        ("pianno solo", "piano"),
        ("drumz, fast", "drums"),
        ("a strange dream", None),
        ("I don't want anything other than piano", "piano"),
        ("no instruments except drums", "drums"),
        ("without anything but strings", "strings"),
        ("nothing but piano", "piano"),
        ("only piano, nothing else", "piano"),
        ("no quiero nada que no sea piano", "piano"),
        ("slow_piano_90bpm", "piano"),
        ("starting slowly", None),
        ("drum'n'bass 174", "drums"),
        ("a band of strings", "strings"),
        ("a band of four, with guitar", "band"),
        ("Bigband swing", "band"),
        ("rubber band", None),
        ("contraband", None),
        ("headbands", None),
        ("husband and wife", None),
        ("chocolate chip cookies", None),
        ("a little drummer boy", None),
        ("tambourines only", "drums"),
        ("16-bit game music", "chip"),
        ("16-bit drums", "drums"),
        ("anything but piano", None),
        ("I want anything other than piano", None),
        ("piano no, drums yes", "drums"),
        ("bass clef piano", "piano"),
        ("bass clarinet", "orchestra"),
        ("no strings attached pop song", "band"),
        ("fit as a fiddle", None),
        ("jazz piano trio", "band"),
        ("banda sonora", "orchestra"),
        ("Klavier mit etwas Streichern", "piano"),
        ("Blasmusik", "band"),
        ("piano imitating a guitar", "piano"),
        ("piano with strings in the background", "piano"),
        ("Klavier mit Geigen im Hintergrund", "piano"),
        # German compounds
        ("Rockschlagzeug", "drums"),
        ("Jazzklavier und Konzertflügel", "piano"),
        ("eine Akustikgitarre", "band"),
        ("Kammerorchester", "orchestra"),
        ("Streichorchester", "strings"),
    ],
)
def test_a_prompt_names_a_class(prompt, expected):
    assert class_of(prompt) == expected


def test_a_class_that_a_system_lacks_is_not_named():
    assert class_of("string quartet", ("drums", "piano")) is None
    assert class_of("orchestra with strings", ("drums", "strings")) == "strings"


@pytest.mark.parametrize(
    ("prompt", "amounts"),
    [
        ("mostly piano, few strings", ["mostly piano", "few strings"]),
        ("mucha batería y poco piano", ["mucha batería", "poco piano"]),
        ("a bit of quiet drums", ["a bit of quiet drums"]),
        ("piano and strings", []),
        ("nothing more than piano", []),
        ("no more drums", []),
        ("drum-less piano", []),
        ("toothless piano, tooth-less piano", []),
        ("50% piano, 50 % strings", ["50% piano", "50 % strings"]),
        ("100% piano", []),
        ("piano, violins in the background", ["violins in the background"]),
        ("a little drummer boy", []),
        ("no quiero nada más que piano", []),
    ],
)
def test_how_much_of_an_instrument_is_heard_cannot_be_set(prompt, amounts):
    assert amounts_in(prompt) == amounts
    refused = read_sound_prompt(prompt, (), classes=tuple(WORDS)).refused
    refused = [reason for reason in refused if "how much" in reason]
    assert [reason.partition(":")[0] for reason in refused] == [f"“{part}”" for part in amounts]


@pytest.mark.parametrize(
    ("prompt", "kind", "others"),
    [
        ("first piano then drums", "piano", "“drums”"),
        ("strings followed by drums and piano", "strings", "“piano” and “drums”"),
        ("starts with strings and ends with drums", "strings", "“drums”"),
        ("piano first, drums later", "piano", "“drums”"),
        ("from piano to drums", "piano", "“drums”"),
        ("erst ein Klavier, dann Schlagzeug", "piano", "“schlagzeug”"),
        ("piano -> strings", "piano", "“strings”"),
        ("either piano or drums", "piano", "“drums”"),
        ("the band, then drums", "band", "“drums”"),
        ("piano and strings", "strings", "“piano”"),
        ("a piano, then drums come in", "band", ""),
        ("drums, then a fill, then drums", "drums", ""),
        ("orchestra with strings", "orchestra", ""),
        ("orchestra and chiptune together", "chip", "“orchestra”"),
        ("chiptune with violins", "chip", "“violins”"),
        ("a rock band with an orchestra", "orchestra", "“band”"),
        ("chiptune with a bass line", "chip", ""),
        ("solo piano, then no drums", "piano", ""),
        ("piano like a string quartet", "piano", ""),
    ],
)
def test_a_clip_has_one_kind_of_sound_and_the_others_are_named(prompt, kind, others):
    reading = read_sound_prompt(prompt, (), classes=tuple(WORDS))
    assert reading.understood[0] == kind
    said = [reason for reason in reading.refused if "one kind of sound" in reason]
    assert said == ([f"{others}: a clip has one kind of sound, {kind}"] if others else [])


def test_what_is_not_excluded_says_how_the_prompt_is_read():
    [reason] = read_sound_prompt("rock, no drums", (), classes=("drums", "piano")).refused
    assert reason.startswith("“no drums”")
    assert "as “rock”" in reason
    assert reason.endswith(": piano")
    [reason] = read_sound_prompt("no drums", ()).refused
    assert "kinds of sound" not in reason
    assert "an empty one" in reason


def test_what_a_class_never_holds_may_be_excluded():
    reading = read_sound_prompt("solo piano, no drums", (), classes=tuple(WORDS))
    assert reading.understood == ("piano", "no drums")
    assert not reading.refused
    assert lacks("piano", "without any drums")
    assert lacks("piano", "ohne schlagzeug")
    assert lacks("piano", "drumless")
    assert lacks("strings", "no drums or vocals")
    assert not lacks("strings", "no drums or flutes")
    assert not lacks("band", "no drums")
    refused = read_sound_prompt("pop band, no drums", (), classes=tuple(WORDS))
    assert refused.understood == ("band",)
    assert "no drums" in refused.refused[0]


def test_a_prompt_without_a_class_is_told_the_classes():
    messages = read_sound_prompt("rock, 120 bpm", (), classes=("drums", "piano")).messages
    assert "No kind of sound is named: it may be any of drums, piano." in messages
    assert not any("kind" in m for m in read_sound_prompt("rock", ()).messages)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Slow ROCK, 120 bpm!", "Slow ROCK, 120 bpm!"),
        ("Rock, no drums, calm!", "Rock, calm!"),
        ("Rock, no drums!", "Rock!"),
        ("No drums, slow JAZZ", "slow JAZZ"),
        ("10 seconds of piano", "piano"),
        ("Solo cello for 90 seconds", "Solo cello"),
        ("piano, 10 seconds, 90 bpm", "piano, 90 bpm"),
        ("drumless piano", "piano"),
        ("anything but drums", ""),
        ("", ""),
    ],
)
def test_a_text_encoder_gets_the_words_that_are_wanted(prompt, words):
    assert wanted_words(prompt) == words


@pytest.fixture(scope="module")
def system():
    config = LDMGConfig(
        SpectralVAEConfig(width=8, encoder=1, decoder=1, latent=4),
        DiTConfig(4, width=8, depth=1, heads=1, kernel=1, genres=2, text=384, beat=8),
        genres=("drums", "piano"),
    )
    return LDMG(config)


def test_ldmg_knows_the_class_of_a_prompt_and_steadies_drums(system):
    given = system.conditioning(["drum loop", "solo piano", "blue", ""])
    assert given.genre.tolist() == [0, 1, -1, -1]
    assert system.conditioning(["drum loop"], ["piano"]).genre.tolist() == [1]
    assert system.explain_prompt("drum loop").understood == ("drums",)
    ways = [system._usual_way(system.conditioning([p])) for p in ("drum loop", "piano", "blue")]
    assert ways == ["both", "network", "network"]


def test_words_that_a_prompt_excludes_do_not_reach_ldmgs_text_encoder(system):
    wanted, excluding = (system.conditioning([p]) for p in ("Rock, calm!", "Rock, no drums, calm!"))
    for name in ("genre", "text", "text_mask"):
        assert torch.equal(getattr(wanted, name), getattr(excluding, name))
    assert not system.conditioning(["no drums"]).text_mask.any()


def test_common_captions_of_each_class_lose_their_tempo_and_what_is_rare():
    captions = ["rock drums, 120 bpm", "rock drums, 85 BPM", "rock drums", "jazz drums, 90 bpm"]
    captions += ["jazz drums, 95 bpm", "solo piano, pop, 60 bpm", "solo piano, pop", "noise"] * 2
    captions += ["a piano once", "60 bpm piano", "60 bpm piano"]
    found = class_captions(captions)
    assert {*found} == {"rock drums", "jazz drums", "solo piano, pop", "60 bpm piano"}
    assert found.index("rock drums") < found.index("jazz drums")
    assert len(class_captions(captions, most=1)) == 2


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("piano in the style of a string quartet", "piano"),
        ("a violin like a flute", "strings"),
        ("something like a string quartet", "strings"),
        ("Klavier im Stil von Streichern", "piano"),
        ("I like drums and piano", "band"),
        ("I'd like drums and piano", "band"),
    ],
)
def test_an_instrument_named_for_likeness_counts_only_where_there_is_no_other(prompt, name):
    assert class_of(prompt) == name
