"""Measures of sets against SciPy, scikit-learn, closed forms, and their properties."""

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.neighbors import NearestNeighbors

from workbench.errors import WorkbenchError
from workbench.evaluation import audio_sets
from workbench.evaluation.audio_sets import inception_score, nearest, paired_kl, relevance, sim_aa


def softmax(n: int, classes: int, seed: int, sharp: float = 2.0) -> np.ndarray:
    logits = sharp * np.random.default_rng(seed).normal(size=(n, classes))
    weights = np.exp(logits)
    return weights / weights.sum(1, keepdims=True)


def points(n: int, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def test_inception_score_is_scipys_relative_entropy():
    p = softmax(200, 12, 0)
    theirs = np.exp(np.mean([entropy(row, p.mean(0)) for row in p]))
    assert inception_score(p) == pytest.approx(theirs, rel=1e-4)


def test_inception_score_is_between_one_and_the_number_of_classes():
    sure, unsure = np.eye(10)[np.arange(500) % 10], np.full((500, 10), 0.1)
    assert inception_score(sure) == pytest.approx(10, rel=1e-3)
    assert inception_score(sure[:1].repeat(500, 0)) == pytest.approx(1)
    assert inception_score(unsure) == pytest.approx(1)
    two = np.eye(10)[np.arange(500) % 2]
    assert inception_score(two) == pytest.approx(2, rel=1e-3)
    scores = [inception_score(softmax(500, 10, 1, sharp)) for sharp in (0.5, 1, 2, 4)]
    assert scores == sorted(scores)


def test_paired_kl_is_scipys_in_its_direction():
    real, made = softmax(50, 9, 2), softmax(50, 9, 3)
    theirs = np.mean([entropy(a, b) for a, b in zip(real, made, strict=True)])
    assert paired_kl(real, made) == pytest.approx(theirs, rel=1e-4)
    assert abs(paired_kl(made, real) - theirs) > 0.01
    assert paired_kl(real, real) == 0


def test_paired_kl_of_two_classes_has_a_closed_form():
    real, made = np.array([[0.5, 0.5]]), np.array([[0.9, 0.1]])
    assert paired_kl(real, made) == pytest.approx(-0.5 * np.log(4 * 0.9 * 0.1), rel=1e-4)


def test_a_class_ruled_out_by_mistake_costs_a_finite_amount():
    assert paired_kl(np.eye(3), np.eye(3)[[1, 2, 0]]) == pytest.approx(-np.log(1e-6), rel=1e-3)


def test_shuffled_pairs_are_further_apart():
    real = softmax(300, 20, 4)
    made = 0.7 * real + 0.3 * softmax(300, 20, 5)
    assert paired_kl(real, made) < 0.5 * paired_kl(real, np.roll(made, 1, axis=0))


def test_relevance_is_the_mean_cosine():
    text, audio = points(40, 6, 6), points(40, 6, 7)
    theirs = np.mean(
        [a @ b / (a @ a) ** 0.5 / (b @ b) ** 0.5 for a, b in zip(text, audio, strict=True)]
    )
    assert relevance(text, audio) == pytest.approx(theirs)
    assert relevance(text, 5 * text) == pytest.approx(1)
    assert relevance(text, -text) == pytest.approx(-1)
    assert relevance(text, audio * np.arange(1, 41)[:, None]) == pytest.approx(theirs)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (5, 300), (300, 7), (65, 129), (64, 128)])
def test_nearest_is_scikit_learns_whatever_the_blocks(n, m, monkeypatch):
    monkeypatch.setattr(audio_sets, "BLOCK", 64)
    made, real = points(n, 5, 8), points(m, 5, 9)
    distance, index = NearestNeighbors(n_neighbors=1, metric="cosine").fit(real).kneighbors(made)
    cosine, found = nearest(made, real)
    assert found.tolist() == index[:, 0].tolist()
    assert cosine == pytest.approx(1 - distance[:, 0])


def test_of_equal_neighbours_the_first_counts(monkeypatch):
    monkeypatch.setattr(audio_sets, "BLOCK", 2)
    cosine, found = nearest(np.ones((3, 4)), np.ones((7, 4)))
    assert found.tolist() == [0, 0, 0]
    assert cosine.tolist() == [1, 1, 1]


def test_float16_rows_are_compared_in_float64():
    real = points(50, 32, 10).astype(np.float16)
    wide = real.astype(np.float64)
    assert nearest(real, real)[0].tolist() == nearest(wide, wide)[0].tolist()
    assert nearest(real, real)[0].dtype == np.float64


def test_sim_aa_counts_copies_and_only_copies():
    """A turn by an angle in a plane of its own has a known cosine to the clip it came from."""
    training = np.eye(20)
    angles = np.arccos([0.99, 0.96, 0.93, 0.91, 0.5])
    made = np.stack([np.cos(a) * training[i] for i, a in enumerate(angles)])
    made = np.pad(made, ((0, 0), (0, 5)))
    made[np.arange(5), 20 + np.arange(5)] = np.sin(angles)
    training = np.pad(training, ((0, 0), (0, 5)))
    assert sim_aa(made, training) == {"SIM_AA@90": 0.8, "SIM_AA@95": 0.4}
    assert sim_aa(made, training, (0.985,)) == {"SIM_AA@98.5": 0.2}
    assert sim_aa(training, training) == {"SIM_AA@90": 1.0, "SIM_AA@95": 1.0}


def test_a_clip_exactly_at_the_threshold_is_not_above_it():
    assert sim_aa([[1.0, 0.0]], [[0.0, 2.0]], (0.0,)) == {"SIM_AA@0": 0.0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inception_score(np.ones((1, 1))), "probabilities has too few rows: 1"),
        (lambda: inception_score(np.zeros((4, 3))), "probabilities: row 0 sums to 0"),
        (lambda: inception_score([[1.5, -0.5], [0, 1]]), "its smallest number is -0.5"),
        (lambda: paired_kl(np.eye(3), np.eye(4)), "generated_probabilities has 4"),
        (lambda: paired_kl(np.eye(3)[:2], np.eye(3)), "reference_probabilities has 2 rows"),
        (lambda: paired_kl(np.eye(2), np.full((2, 2), np.nan)), "generated_probabilities holds"),
        (lambda: relevance(np.eye(3), np.eye(3)[:2]), "text has 3 rows and audio has 2"),
        (lambda: relevance(np.eye(3), np.diag([1, 0, 1])), "audio: row 1 is all zeros"),
        (lambda: relevance(np.full((2, 2), np.inf), np.eye(2)), "text holds NaN or infinity"),
        (lambda: relevance(np.zeros((0, 2)), np.eye(2)), "text has too few rows: 0"),
        (lambda: nearest(np.eye(3), np.eye(4)), "generated has 3 columns and training has 4"),
        (lambda: nearest(np.eye(2), np.zeros((0, 2))), "training has too few rows"),
        (lambda: nearest(np.eye(2), np.array([[0, 1], [0, np.nan]])), "training .* row 1"),
        (lambda: nearest(np.ones(3), np.eye(3)), "generated has shape"),
        (lambda: sim_aa(np.eye(2), np.eye(2), (0.9, 1.0)), r"thresholds holds 1\.0"),
    ],
)
def test_what_cannot_be_measured_is_named(call, message):
    with pytest.raises(WorkbenchError, match=message):
        call()
