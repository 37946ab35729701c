"""The figures that compare temperatures and steps of DiffusionLM, and what its card says."""

import numpy as np
import pytest

from workbench.benchmarks.piano_likelihood import verdict
from workbench.benchmarks.piano_sampling import NOTES, SETTINGS, distance, entropy
from workbench.evaluation.symbolic import MEASURES
from workbench.systems.diffusion_lm.config import PROCESSES


def test_the_entropy_of_a_rhythm():
    assert entropy(np.array([-1, 0, -1, 4, 8, -1, 12])) == pytest.approx(2)  # four beats
    assert entropy(np.array([0, 0, 0, -1])) == 0
    assert entropy(np.array([-1, -1])) == 0
    assert entropy(np.array([0, 0, 0, 8])) == pytest.approx(0.8112781)


def test_the_distance_counts_standard_deviations_of_real_windows():
    random = np.random.default_rng(0)
    real = {"a": random.normal(5, 2, 4000), "b": random.normal(-1, 0.1, 4000)}
    assert distance(real, real) == 0
    moved = {"a": real["a"] - 2, "b": real["b"] + 0.3}
    assert distance(moved, real) == pytest.approx((1 + 3) / 2, rel=0.05)
    scaled = {name: 10 * values for name, values in real.items()}
    moved_too = {name: 10 * values for name, values in moved.items()}
    assert distance(moved_too, scaled) == pytest.approx(distance(moved, real))
    never, some = {"clashes": np.zeros(4)}, {"clashes": np.array([0, 0, 0.2, 0.2])}
    assert distance(some, never) == pytest.approx(1)
    assert distance(never, never) == 0


def test_every_process_has_settings_and_every_figure_a_measure():
    assert set(SETTINGS) == set(PROCESSES)
    assert set(NOTES) <= set(MEASURES)


def test_the_card_says_which_of_the_two_predicts_better():
    chain = "Markov chain of order 5"
    lost, won = verdict(2.34, chain, 2.26), verdict(2.1, chain, 2.26)
    assert lost.startswith(chain)
    assert "2.26 against 2.34" in lost
    assert won.startswith("DiffusionLM predicts")
    assert "2.10 against 2.26" in won
