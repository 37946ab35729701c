"""Bits of models against coins, SciPy's entropy, and a corpus that is known exactly."""

import numpy as np
import pytest
from scipy.stats import entropy

from workbench.datasets import builtin, builtin_songs
from workbench.errors import WorkbenchError
from workbench.evaluation.likelihood import bits_each, bits_interval, true_entropy
from workbench.models.markov import MarkovChain


def test_a_fair_coin_costs_one_bit():
    tosses = np.array([3, 10, 1])
    assert bits_each(tosses * np.log(2), tosses) == pytest.approx(1)
    assert bits_each(5 * np.log(2), 10) == pytest.approx(0.5)


def test_it_is_a_ratio_of_sums():
    assert bits_each(np.log(2) * np.array([10.0, 0.0]), [10, 990]) == pytest.approx(0.01)


def test_a_unigram_costs_the_entropy_of_its_counts():
    """A chain of order 0 on the tokens that it was fitted on, beside SciPy's entropy of them."""
    row = np.random.default_rng(0).choice(6, 5000, p=[0.4, 0.3, 0.1, 0.1, 0.05, 0.05])
    nats = MarkovChain(0, 6).fit([row]).nll(row)
    theirs = entropy(np.bincount(row), base=2)
    assert bits_each(nats.sum(), len(row)) == pytest.approx(theirs, abs=0.01)


def test_the_interval_holds_the_truth_and_songs_stay_whole():
    random = np.random.default_rng(1)
    units = random.integers(5, 50, 200)
    nats = units * np.log(2) + random.normal(0, 3, 200)
    low, high = bits_interval(nats, units)
    assert low < 1 < high
    groups = np.repeat(np.arange(20), 10)
    shared = nats + units * np.repeat(random.normal(0, 0.3, 20), 10)
    whole, alone = bits_interval(shared, units, groups=groups), bits_interval(shared, units)
    assert whole[1] - whole[0] > 1.5 * (alone[1] - alone[0])


def test_the_grammar_itself_costs_its_entropy():
    """The mean of −log P over loops drawn from the grammar, by their exact probabilities, is the
    entropy that sums over its choices, within the error of so many loops."""
    clips = builtin.sample(300, seed=77)
    nats = np.array([-builtin.log_prob(clip) for clip in clips])
    found = true_entropy("builtin", 100)
    loops = bits_each(nats, np.ones(300))
    error = nats.std() / np.log(2) / 300**0.5
    assert abs(loops - found.bits) < 4 * error
    notes = np.array([len(clip.notes) for clip in clips])
    low, high = bits_interval(nats, notes)
    assert low - 2 * found.error < found.note_bits < high + 2 * found.error


def test_songs_cost_what_the_songs_grammar_says():
    found = true_entropy("builtin-songs", 6)
    assert (found.note_bits, found.error) == builtin_songs.note_bits(6)
    assert found.bits == pytest.approx(builtin_songs.entropy() / np.log(2))
    with_all = found.bits / np.mean([len(c.notes) for c in builtin_songs.sample(60, 13)])
    assert found.note_bits < with_all  # what is hidden is paid for in the whole song's bits


def test_what_has_no_cost_is_named():
    with pytest.raises(WorkbenchError, match="nats of row 1 is inf"):
        bits_each([1.0, np.inf], [1, 1])
    with pytest.raises(WorkbenchError, match="nats of row 0 is nan"):
        bits_each([np.nan], [1])
    with pytest.raises(WorkbenchError, match="units: "):
        bits_each([1.0, 2.0], [0, 0])
    with pytest.raises(WorkbenchError, match=r"nats has shape \(2,\) and units \(3,\)"):
        bits_each([1.0, 2.0], [1, 2, 3])
    with pytest.raises(WorkbenchError, match="two rows"):
        bits_interval([1.0], [1])
    with pytest.raises(WorkbenchError, match="groove: the entropy of real music is not known"):
        true_entropy("groove")
