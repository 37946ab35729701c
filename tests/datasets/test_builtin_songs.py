"""The grammar of songs: probabilities that sum to one, entropies that sampling agrees with."""

from itertools import product

import numpy as np
import pytest

from workbench.datasets import load
from workbench.datasets.builtin_songs import (
    entropy,
    log_prob,
    log_prob_notes,
    note_bits,
    notes_of,
    sample,
)
from workbench.datasets.grammar import song_scores as scores
from workbench.datasets.grammar import songs as g
from workbench.errors import PromptError
from workbench.representations.remi import table_of
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt.splice import notes_of as token_notes


@pytest.mark.parametrize("style", g.STYLES)
def test_choices_sum_to_one_and_can_be_told_apart(style):
    style = g.STYLES[style]
    for choice in (
        style.drums,
        style.bass,
        style.chords,
        style.cells,
        g.FIRST,
        g.FORMS,
        g.ACCENTS,
        *g.NEXT.values(),
    ):
        assert sum(p for _, p in choice) == pytest.approx(1)
        assert len({value for value, _ in choice}) == len(choice)
    for place, chord in product(range(g.STEPS), g.DEGREES):
        assert sum(g.moves(place).values()) == pytest.approx(1)
        assert sum(g.arrivals(place, chord).values()) == pytest.approx(1)


def test_drums_tell_the_style():
    patterns = [p for style in g.STYLES.values() for p, _ in style.drums]
    assert len(set(patterns)) == len(patterns)


@pytest.mark.parametrize("style", g.STYLES)
def test_the_entropy_is_what_sampling_says(style):
    nats = -np.array([log_prob(clip) for clip in sample(250, 5, style)]) - np.log(len(g.STYLES))
    error = nats.std() / np.sqrt(len(nats))
    assert abs(nats.mean() - entropy(style)) < 4 * error
    assert entropy() == pytest.approx(np.log(4) + np.mean([entropy(s) for s in g.STYLES]))


def test_all_songs_of_a_tiny_grammar_sum_to_one(monkeypatch):
    """One chord, two cells, few moves: every phrase is enumerated and scored from its notes."""
    style = g.SongStyle(
        "pop",
        (100,),
        g.STYLES["pop"].drums[:1],
        (g.STYLES["pop"].bass[0],),
        (g.STYLES["pop"].chords[0],),
        ((((0, 4), (4, 4)), 0.6), (((0, 8),), 0.4)),
    )
    monkeypatch.setattr(g, "FIRST", ((0, 1.0),))
    monkeypatch.setattr(g, "NEXT", {0: ((0, 1.0),)})
    monkeypatch.setattr(g, "MOVES", ((-1, 0.5), (1, 0.5)))
    monkeypatch.setattr(g, "ACCENTS", ((95, 1.0),))
    monkeypatch.setattr(g, "arrivals", lambda place, chord: {7: 0.7, 9: 0.3})
    total = 0.0
    halves = [
        (cell, steps)
        for cell, _ in style.cells
        for steps in product((6, 7, 8, 9, 10), repeat=len(cell))
        if steps[0] in (7, 9)
    ]
    for pair in product(halves, repeat=2):  # one bar; the second is fixed
        melody = tuple((cell, steps, (95,) * len(steps)) for cell, steps in pair)
        bar = g.Bar(0, style.bass[0][0], style.chords[0][0], melody)
        notes = sorted(g.bar_notes(bar, 0, "major"))
        cost, place = 0.0, g.START
        for half in range(2):
            part, place = scores._log_half(style, 0, "major", 0, place, half, notes)
            cost += part
        total += np.exp(cost)
    assert total == pytest.approx(1.0)


def test_what_the_grammar_never_writes_has_probability_zero():
    clip = sample(1, 3)[0]
    assert np.isfinite(log_prob(clip))
    assert np.isfinite(log_prob_notes(clip))
    odd = clip.with_(labels={"key": "H major"})
    assert log_prob(odd) == -np.inf
    notes = clip.notes.copy()
    notes["pitch"][len(notes) // 2] += 1
    changed = type(clip).from_notes(notes, tempo=clip.tempo, beats=32.0, labels=clip.labels)
    assert log_prob(changed) == -np.inf
    assert log_prob_notes(changed) == -np.inf
    shorter = type(clip).from_notes(notes[:-1], tempo=clip.tempo, beats=32.0, labels=clip.labels)
    assert log_prob_notes(shorter) == -np.inf


def test_notes_alone_cost_less_than_notes_with_their_labels():
    for clip in sample(12, 8):
        style = g.STYLES[clip.labels["style"]]
        assert log_prob_notes(clip) >= log_prob(clip) + np.log(len(style.tempi)) - 1e-9
    bits, error = note_bits(60)
    assert 0 < error < bits < 5


def test_songs_are_music():
    """Repeats by the form, chord tones on strong beats, everything in its register."""
    for clip in sample(30, 4):
        form, notes = clip.labels["form"], notes_of(clip)
        bars = [[(s % 32, *rest) for s, *rest in notes if s // 32 == i] for i in range(4)]
        for i, letter in enumerate(form):
            assert (bars[i] == bars[form.index(letter)]) is True
        pitches = {q: [n[2] for n in notes if n[4] == q] for q in (g.BASS, g.CHORDS, g.MELODY)}
        assert max(pitches[g.BASS]) < min(pitches[g.MELODY]) <= max(pitches[g.MELODY]) < 96
        assert min(pitches[g.BASS]) >= 24


def test_tokens_lose_nothing():
    vocabulary = Vocabulary()
    for clip in sample(8, 6):
        table = table_of(clip.score)
        back = token_notes(table, 4.0 * np.arange(9), vocabulary)
        for program, rows in back.items():
            drum = clip.notes["is_drum"]
            own = clip.notes[drum if program < 0 else ~drum & (clip.notes["program"] == program)]
            names = ("time", "duration", "pitch", "velocity")
            theirs = np.stack([own[name].astype(float) for name in names], axis=1)
            assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, theirs.tolist()))


def test_loading_is_repeatable_and_says_what_it_is():
    first, again = load("builtin-songs", "test", limit=20), load("builtin-songs", "test", limit=20)
    assert [c.midi_bytes() for c in first] == [c.midi_bytes() for c in again]
    assert len(first) == 20
    assert all("built-in" in c.caption and c.labels["split"] == "test" for c in first)
    train = {c.midi_bytes() for c in load("builtin-songs", "train", limit=200)}
    assert not train & {c.midi_bytes() for c in first}
    with pytest.raises(PromptError, match="polka"):
        sample(1, 0, "polka")
