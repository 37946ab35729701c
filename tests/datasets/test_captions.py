import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.datasets.captions import (
    Facts,
    caption_from_path,
    caption_of,
    clean_style,
    facts_of,
    style_from_words,
    tempo_word,
)
from workbench.datasets.keywords import parse_tempo
from workbench.datasets.phrases import phrases, with_noun
from workbench.datasets.traits import TRAITS
from workbench.music.clip import Clip

FUNK = Facts("funk", "", 84.0, "beat", "4-4", ("busy", "ghost notes", "open hats", "backbeat"))


@pytest.mark.parametrize(
    ("label", "clean"),
    [
        ("hiphop", ("hip hop", "")),
        ("neworleans/secondline", ("New Orleans", "second line")),
        ("afrocuban/bembe", ("Afro-Cuban", "bembe")),
        ("latin/brazilian-bossa", ("latin", "Brazilian bossa nova")),
        ("rock/halftime", ("rock", "half-time")),
    ],
)
def test_style_names(label, clean):
    assert clean_style(label) == clean


def test_caption_holds_every_fact():
    assert caption_of(FUNK) == "funk 84 bpm slow beat 4-4 busy ghost notes open hats backbeat"
    assert caption_of(Facts(style="rock", built_in=True)).startswith("built-in rock")


def test_path_words():
    path = "My MIDI Pack/Funk/096 Funk_Ghost 8-bar Beat.mid"
    assert caption_from_path(path) == "Funk 096 Ghost 8-bar Beat"
    assert style_from_words(caption_from_path(path)) == "funk"
    assert style_from_words("HipHop 90") == "hip hop"
    assert style_from_words("whatever") == ""


def test_facts_of_a_clip():
    rows = [(bar * 4 + place, 0.1, 38, 90) for bar in range(8) for place in (1, 3)]
    clip = Clip.from_notes(rows, tempo=72, beats=32, labels={"style": "soul", "kind": "beat"})
    facts = facts_of(clip)
    assert (facts.style, facts.tempo, facts.meter) == ("soul", 72.0, "4-4")
    assert "backbeat" in facts.traits
    assert caption_of(facts).startswith("soul 72 bpm slow beat 4-4")


def test_phrases_repeat_with_the_seed_and_vary_without():
    assert phrases(FUNK, 30, seed=3) == phrases(FUNK, 30, seed=3)
    assert phrases(FUNK, 30, seed=3) != phrases(FUNK, 30, seed=4)
    many = phrases(FUNK, 200, seed=0)
    assert len(set(many)) == 200
    assert sum("funk" in text for text in many) > 150
    assert 60 < sum("84" in text for text in many) < 140
    assert sum("slow" in text or "relaxed" in text or "laid" in text for text in many) > 40
    assert all(len(text.split()) <= 30 for text in many)
    assert {len(text.split()) for text in many} > {2, 4, 6, 8, 10}


def test_phrases_say_fill_for_fills():
    fill = Facts("rock", "", 120.0, "fill", "4-4", ("toms", "loud"))
    texts = phrases(fill, 100, seed=1)
    assert all("fill" in text or "break" in text for text in texts if not text.startswith("rock,"))
    assert not any(word in text for text in texts for word in ("groove", "loop", "pattern"))


ANY_FACTS = st.builds(
    Facts,
    style=st.sampled_from(["", "rock", "Afro-Cuban", "hip hop"]),
    substyle=st.sampled_from(["", "bembe", "half-time"]),
    tempo=st.sampled_from([None, 60.0, 100.0, 187.0]),
    kind=st.sampled_from(["beat", "fill"]),
    traits=st.lists(st.sampled_from(TRAITS), unique=True, max_size=6).map(tuple),
)


@given(ANY_FACTS, st.integers(0, 10**6))
def test_texts_of_training_name_what_has_the_feel(facts, seed):
    """So they reach the text encoder as they are."""
    for text in [caption_of(facts), *phrases(facts, 5, seed=seed)]:
        assert with_noun(text) == text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("loud", "a loud beat"),
        ("Crash", "a beat with Crash"),
        ("toms and ghost notes", "a beat with toms and ghost notes"),
        ("slow, open hi-hats", "a beat with slow, open hi-hats"),
        ("sparse groove", "sparse groove"),
        ("reggae, sparse", "reggae, sparse"),
        ("tom fills", "tom fills"),
        ("swing", "swing"),
        ("xylophone", "xylophone"),
        ("", ""),
    ],
)
def test_a_feel_alone_is_one_of_a_beat(text, read):
    assert with_noun(text) == read


@given(ANY_FACTS, st.integers(0, 10**6))
def test_phrases_are_true_and_never_empty(facts, seed):
    for text in phrases(facts, 5, seed=seed):
        assert text.strip()
        assert ",," not in text
        assert "  " not in text
        tempo = parse_tempo(text)
        assert tempo is None or tempo == facts.tempo
        if facts.tempo and "slow" in text.split():
            assert tempo_word(facts.tempo) == "slow"
        if "ghost" in text:
            assert "ghost notes" in facts.traits
