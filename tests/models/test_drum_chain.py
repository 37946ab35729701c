"""The chain of drum steps: probabilities, samples with one random number per step, watermark."""

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.models.drum_chain import (
    PLACES,
    SETS,
    DrumChain,
    count_green,
    green_sets,
    tokens_of,
    z_score,
)


def beat(random=None, steps=64):
    """Bass drum and snare; with `random`, the hi-hat at random."""
    hits = np.zeros((steps, 9), np.float32)
    hits[0::16, 0] = hits[8::16, 0] = hits[4::8, 1] = 1
    if random is not None:
        hits[:, 2] = random.random(steps) < 0.5
    return np.concatenate([hits, 0.5 * hits, 0 * hits], axis=1)


def test_a_token_holds_the_drums_and_the_place():
    tokens = tokens_of(beat())
    assert (tokens % PLACES == np.arange(64) % 16).all()
    assert tokens[0] // PLACES == 1
    assert tokens[4] // PLACES == 2


def test_what_was_always_played_is_generated():
    chain = DrumChain().fit([beat() for _ in range(40)])
    made = chain.sample(2, seed=1)
    assert made.shape == (32, 27)
    assert (made[:, :9] == beat(steps=32)[:, :9]).mean() > 0.97
    assert np.allclose(made[0, 9], 0.5)
    assert chain.nll(beat()) < 0.2 < chain.nll(beat(np.random.default_rng(1)))


def test_the_probabilities_of_a_step_sum_to_one():
    random = np.random.default_rng(0)
    chain = DrumChain().fit([beat(random) for _ in range(3)])
    past = tokens_of(beat(random))[:5].tolist()
    assert chain.chain.next(past).sum() == pytest.approx(1)


def test_equal_seeds_give_equal_rolls_and_no_rolls_are_an_error():
    chain = DrumChain().fit([beat(np.random.default_rng(0))])
    assert (chain.sample(2, seed=5) == chain.sample(2, seed=5)).all()
    assert (chain.sample(2, seed=5) != chain.sample(2, seed=6)).any()
    with pytest.raises(WorkbenchError, match="rolls"):
        DrumChain().fit([])


def test_the_watermark_is_found_by_its_key_alone():
    random = np.random.default_rng(0)
    chain = DrumChain().fit([beat(random) for _ in range(30)])
    scores = {name: [] for name in ("right key", "other key", "no watermark")}
    for seed in range(6):
        marked = chain.sample(8, seed, key=7, bias=4.0)
        scores["right key"].append(z_score(*count_green(marked, 7)))
        scores["other key"].append(z_score(*count_green(marked, 8)))
        scores["no watermark"].append(z_score(*count_green(chain.sample(8, seed), 7)))
    mean = {name: np.mean(values) for name, values in scores.items()}
    assert mean["right key"] > mean["other key"] + 1.5
    assert mean["right key"] > mean["no watermark"] + 1.5


def test_half_of_the_sets_are_green_and_repeats_count_once():
    assert abs(np.mean([green_sets(t, 3).mean() for t in range(50)]) - 0.5) < 0.02
    assert green_sets(4, 3).shape == (SETS,)
    once, twice = count_green(beat(steps=33), 1), count_green(beat(steps=65), 1)
    assert once == twice


def test_z_is_that_of_a_binomial():
    assert z_score(60, 100) == pytest.approx((60 - 50) / 5)
    assert z_score(30, 100, 0.25) == pytest.approx(5 / np.sqrt(18.75))
    assert z_score(0, 0) == 0
