"""Holes in songs: what each prompt shows of the music around them, and what the true bars cost."""

import numpy as np
import pytest
import symusic
import torch

from workbench.evaluation.inpainting import LENGTH, PROMPTS, SIDE, cases, nats
from workbench.music.clip import Clip
from workbench.representations.holes import tokens_a_bar
from workbench.representations.tokens import BOS, END, FILL, HOLE, Vocabulary

CONTEXT = 1024
VOCABULARY = Vocabulary()


def song(seed, bars=24):
    """Eighths in 4/4, no two bars alike."""
    rng = np.random.default_rng(seed)
    score = symusic.Score(480)
    track = symusic.Track(program=seed)
    for start in range(0, bars * 1920, 240):
        track.notes.append(symusic.Note(start, 240, int(rng.integers(40, 90)), 64, "tick"))
    score.tracks.append(track)
    return Clip(score, beats=4.0 * bars)


SONGS = [song(seed) for seed in range(4)]


@pytest.fixture(scope="module")
def chosen():
    return cases(SONGS, VOCABULARY, CONTEXT, 5)


def notes(ids):
    """Base tokens of each bar."""
    return [bar.tolist() for bar in VOCABULARY.bars(VOCABULARY.decode(ids))]


def test_holes_have_music_around_them(chosen):
    assert len(chosen) == 5
    assert len({case.number for case in chosen}) == 5
    for case in chosen:
        assert SIDE <= case.first <= len(case.song.bars) - LENGTH - SIDE
        assert len(case.truth.notes) >= 8
        assert len(case.truth.notes) + len(case.open.notes) == len(case.song.notes)
        assert case.size == sum(tokens_a_bar(case.truth, VOCABULARY)) < CONTEXT / 3


def test_the_same_seed_gives_the_same_holes(chosen):
    again, other = (cases(SONGS, VOCABULARY, CONTEXT, 5, seed=seed) for seed in (0, 1))
    assert [case.first for case in again] == [case.first for case in chosen]
    assert [case.first for case in other] != [case.first for case in chosen]


def test_songs_without_room_have_no_holes():
    assert cases([], VOCABULARY, CONTEXT, 3) == []
    assert cases([song(0, bars=LENGTH + 2 * SIDE - 1)], VOCABULARY, CONTEXT, 3) == []
    assert cases(SONGS, VOCABULARY, 3 * 4 * 8, 3) == []  # 4 bars of 8 notes need more than that


def test_a_prompt_says_what_its_name_says(chosen):
    """All ask for the same bars; none but the leaking one shows them; each fits with its answer."""
    for case in chosen:
        asked = {name: prompt(case) for name, prompt in PROMPTS.items()}
        wanted = notes(asked["prefix"][1])
        assert len(wanted) == LENGTH
        for name, (prompt, truth) in asked.items():
            assert notes(truth) == wanted, name
            assert prompt[0] == BOS
            assert len(prompt) + len(truth) <= CONTEXT
        middle, truth = asked["middle"]
        assert (middle == HOLE).sum() == LENGTH
        assert middle[-1] == FILL
        assert END not in truth
        hidden, shown = (notes(asked[name][0]) for name in ("hidden", "shown"))
        before = notes(asked["prefix"][0])
        for bars in (hidden, shown):  # both end with what is before the hole
            assert bars[-1] == before[-1]
        runs = [shown[i : i + LENGTH] for i in range(len(shown))]
        assert wanted in runs


def test_the_cost_is_that_of_the_true_bars_alone(chosen):
    """A model that gives token i the cost i: the sum over the answer has a closed form."""
    prompt, truth = PROMPTS["prefix"](chosen[0])
    found = nats(lambda ids: ids[:, 1:].double(), prompt, truth)
    assert found == truth.sum()
    flat = nats(lambda ids: torch.full((1, ids.shape[1] - 1), np.log(7.0)), prompt, truth)
    assert flat == pytest.approx(len(truth) * np.log(7))
