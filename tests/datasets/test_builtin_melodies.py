"""Melodies whose truth is known: the stated entropy is the closed form and what sampling gives."""

from itertools import product

import numpy as np
import pytest

from workbench.datasets import builtin_melodies
from workbench.datasets.builtin_melodies import entropy, log_prob, sample
from workbench.datasets.builtin_songs import notes_of
from workbench.datasets.grammar import songs as g
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.representations.pvd import PVD


def every_half(style, place):
    """All half bars from a step of the scale: (probability, notes, last step)."""
    for cell, p_cell in style.cells:
        for steps in product(range(g.STEPS), repeat=len(cell)):
            p, now = p_cell, place
            for number, step in enumerate(steps):
                table = g.arrivals(now, 0) if number == 0 else g.moves(now)
                p, now = p * table.get(step, 0.0), step
            if not p:
                continue
            for accents in product(g.ACCENTS, repeat=len(cell)):
                chance = p * np.prod([q for _, q in accents])
                yield chance, (cell, steps, tuple(v for v, _ in accents)), now


def clip_of(halves):
    bar = g.Bar(0, (), (), tuple(halves))
    rows = [(s / 4, n / 4, p, v, 0, False) for s, n, p, v, _ in g.bar_notes(bar, 0, "major")]
    return Clip.from_notes(np.array(rows, dtype=sample(1, 0)[0].notes.dtype), beats=4.0)


def test_all_melodies_are_listed_and_agree_with_the_entropy_and_the_probability():
    """Every bar of the smallest style is written down: −Σ p ln p is the stated entropy."""
    style = g.STYLES["ballad"]
    p, random = [], np.random.default_rng(0)
    for first, one, place in every_half(style, g.START):
        for second, other, _ in every_half(style, place):
            p.append(first * second)
            if random.random() < 0.002:
                assert log_prob(clip_of([one, other]), "ballad") == pytest.approx(np.log(p[-1]))
    p = np.array(p)
    assert len(p) > 10_000
    assert p.sum() == pytest.approx(1)
    assert entropy("ballad") == pytest.approx(-(p * np.log(p)).sum())


@pytest.mark.parametrize(("style", "bars"), [("pop", 1), ("rock", 1), ("dance", 3)])
def test_the_entropy_is_what_sampling_gives(style, bars):
    nats = -np.array([log_prob(clip, style) for clip in sample(400, 3, style, bars)])
    assert abs(nats.mean() - entropy(style, bars)) < 4 * nats.std() / 20


def test_longer_melodies_are_less_certain_and_seeds_repeat():
    assert entropy("pop", 1) < entropy("pop", 2) < 2.2 * entropy("pop", 1)
    first, again = sample(5, 1), sample(8, 1)
    assert [notes_of(clip) for clip in first] == [notes_of(clip) for clip in again[:5]]
    assert sample(0, 1) == []


def test_the_words_of_piano_music_keep_a_melody_whole():
    code = PVD(rhythm=True)
    for clip in sample(30, 2, "pop", 2):
        back = code.decode(np.concatenate(code.words(clip)), clip.tempo)
        whole = Clip.from_notes(back.notes, tempo=clip.tempo, beats=8.0)
        assert log_prob(whole) == pytest.approx(log_prob(clip))


def test_what_the_grammar_never_writes_has_probability_zero():
    clip = sample(1, 4)[0]
    for change in (("pitch", 1), ("velocity", -40), ("duration", 0.25), ("time", 0.1)):
        notes = clip.notes.copy()
        notes[change[0]][0] += change[1]
        assert log_prob(Clip.from_notes(notes, beats=4.0)) == -np.inf, change
    assert log_prob(Clip.from_notes(clip.notes, beats=5.0)) == -np.inf
    assert log_prob(clip, "ballad") == -np.inf


def test_odd_arguments_are_named():
    with pytest.raises(PromptError, match="style"):
        sample(1, 0, "polka")
    with pytest.raises(PromptError, match="bars"):
        builtin_melodies.entropy("pop", 0)
