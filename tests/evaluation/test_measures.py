"""Patterns, rhythm, retrieval, intervals and baselines: exact cases and properties."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, jensenshannon
from scipy.stats import binomtest

from workbench.errors import WorkbenchError
from workbench.evaluation import baselines, patterns, rhythm
from workbench.evaluation.classifiers import balanced_accuracy
from workbench.evaluation.comparison import compare
from workbench.evaluation.drums import reconstruction
from workbench.evaluation.intervals import bootstrap, share_interval
from workbench.evaluation.pulse import tempo_is
from workbench.evaluation.retrieval import WordModel, ceiling, chance, ranks, retrieval
from workbench.evaluation.spectra import log_spectral_distance


def rolls(n: int = 6, steps: int = 32, seed: int = 0, rate: float = 0.3) -> np.ndarray:
    random = np.random.default_rng(seed)
    hits = random.random((n, steps, 9)) < rate
    loud = random.uniform(0.1, 1, hits.shape) * hits
    late = random.uniform(-0.3, 0.3, hits.shape) * hits
    return np.concatenate([hits, loud, late], axis=-1).astype(np.float32)


def test_reconstruction_of_itself_is_perfect():
    assert reconstruction(rolls(), rolls()) == {
        "f1": 1.0,
        "precision": 1.0,
        "recall": 1.0,
        "velocity_error": 0.0,
        "offset_error": 0.0,
    }


def test_reconstruction_by_hand():
    true = np.zeros((1, 4, 27), np.float32)
    true[0, :4, 0], true[0, :4, 9] = 1, 0.5
    heard = np.zeros_like(true)
    heard[0, :2, 0], heard[0, :2, 9] = 1, 0.7  # two of four found
    heard[0, 0, 5] = 1  # one that is not there
    scores = reconstruction(true, heard)
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["recall"] == 0.5
    assert scores["f1"] == pytest.approx(4 / 7)
    assert scores["velocity_error"] == pytest.approx(0.2)


def test_the_binariser_does_not_overflow():
    """The original compared uint8 after an overflow, so its threshold of 5 was inert."""
    levels = np.arange(256, dtype=np.uint8)
    assert patterns.binarise(levels).tolist() == [v > 5 for v in range(256)]
    scaled = (np.arange(128) / 127).astype(np.float32)
    assert patterns.binarise(scaled).tolist() == [v > 5 for v in range(128)]


def test_hamming_and_euclidean_are_scipys():
    a, b = patterns.binary_cells(rolls(5)), patterns.binary_cells(rolls(7, seed=1))
    assert a.shape[1] == 288
    assert np.array_equal(patterns.hamming(a, b), cdist(a, b, "hamming") * a.shape[1])
    assert np.array_equal(patterns.nearest(a, b, batch=2), patterns.hamming(a, b).min(1))
    x, y = np.random.default_rng(0).normal(size=(2, 6, 4, 3))
    expected = cdist(x.reshape(6, -1), y.reshape(6, -1))
    assert np.allclose(patterns.euclidean(x, y), expected)


def test_bucket_pairs_never_share_a_performance():
    buckets, groups = ["a", "a", "a", "b", "b"], ["1", "1", "2", "3", "4"]
    same, other = patterns.bucket_pairs(buckets, groups, n=200)
    for pairs, alike in ((same, True), (other, False)):
        for i, j in pairs:
            assert groups[i] != groups[j]
            assert (buckets[i] == buckets[j]) is alike


def test_smallest_takes_the_share_it_says():
    assert patterns.smallest(np.arange(1000.0).reshape(10, 100), 0.01) == pytest.approx(4.5)


def test_syncopation_by_the_book():
    """Longuet-Higgins and Lee: on the beat 0; anticipating beat three by a sixteenth 3."""
    onbeat = np.zeros(16, bool)
    onbeat[::4] = True
    assert rhythm.syncopation(onbeat) == [0]
    anticipated = np.zeros(16, bool)
    anticipated[[0, 7, 12]] = True  # the place before beat three, held over it
    assert rhythm.syncopation(anticipated) == [3]


def test_swing_ratio_of_triplets_and_even_eighths():
    array = np.zeros((2, 16, 27), np.float32)
    array[0, 2::4, 2] = 1  # off-beats exactly in the middle
    array[1, 3::4, 2], array[1, 3::4, 20] = 1, -1 / 3  # on the last triplet
    assert rhythm.swing_ratio(array) == pytest.approx([1.0, 2.0], rel=1e-5)
    assert np.isnan(rhythm.swing_ratio(np.zeros((1, 16, 27))))[0]


def test_density_positions_and_repetition():
    array = np.zeros((1, 64, 27), np.float32)
    array[0, ::4, 0] = 1
    assert rhythm.density(array) == [1.0]
    assert rhythm.positions(array)[0, 0].tolist() == [1, 0, 0, 0] * 4
    assert rhythm.repetition(array, 1) == [1.0]
    array[0, 16:32, 0] = 0
    assert rhythm.repetition(array, 2)[0] == pytest.approx(0.5)


def test_jensen_shannon_is_scipys():
    p, q = np.random.default_rng(0).random((2, 20))
    assert rhythm.jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2))
    assert rhythm.jensen_shannon(np.array([1, 0]), np.array([0, 1])) == pytest.approx(1)


def test_ranks_share_ties():
    query = np.eye(3)
    assert ranks(query, np.eye(3)).tolist() == [1, 1, 1]
    assert ranks(query, np.ones((3, 3))).tolist() == [2, 2, 2]  # says the same of all: the middle
    assert retrieval(query, np.eye(3)[[1, 0, 2]])["R@1"] == pytest.approx(1 / 3)
    assert chance(50)["R@10"] == 0.2


def test_the_ceiling_of_recall_is_that_of_the_best_set_of_candidates():
    likelihood = np.random.default_rng(0).random((3, 5))
    posterior = likelihood / likelihood.sum(1, keepdims=True)
    for k in (1, 2, 4):
        best = [
            max(row[list(some)].sum() for some in combinations(range(5), k)) for row in posterior
        ]
        assert ceiling(likelihood, [k]) == pytest.approx([np.mean(best)])
    assert ceiling(likelihood * [[2], [1], [7]], [2]) == pytest.approx(ceiling(likelihood, [2]))
    alike = np.kron(np.eye(4), np.ones((3, 3)))  # each text suits three candidates equally well
    assert ceiling(alike, (1, 2, 3, 50)) == pytest.approx([1 / 3, 2 / 3, 1, 1])
    with pytest.raises(WorkbenchError, match="likelihood: each row"):
        ceiling(np.eye(3) - np.eye(3)[::-1])
    with pytest.raises(WorkbenchError, match="likelihood: each row"):
        ceiling(np.diag([1.0, 0.0]))


def test_the_word_model_finds_what_words_say():
    random = np.random.default_rng(0)
    kinds = random.integers(3, size=120)
    texts = [("funk beat", "jazz ride", "rock crash")[k] for k in kinds]
    features = np.eye(3)[kinds] + 0.1 * random.normal(size=(120, 3))
    model = WordModel(texts[:60], features[:60])
    scores = model.embed_text(texts[60:]) @ model.embed_loops(features[60:]).T
    assert (kinds[60:][scores.argmax(1)] == kinds[60:]).all()


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (96, 96), (50, 200)])
def test_share_interval_is_wilsons(hits, n):
    theirs = binomtest(hits, n).proportion_ci(method="wilson")
    assert share_interval(hits, n) == pytest.approx((theirs.low, theirs.high), abs=1e-3)


def test_bootstrap_covers_the_mean_and_groups_widen_it():
    random = np.random.default_rng(0)
    values = np.repeat(random.normal(size=20), 10)
    groups = np.repeat(np.arange(20), 10)

    def mean(rows):
        return float(values[rows].mean())

    alone, whole = bootstrap(mean, 200), bootstrap(mean, 200, groups=groups)
    assert whole[0] < values.mean() < whole[1]
    assert whole[1] - whole[0] > 2 * (alone[1] - alone[0])


def test_independent_cells_have_the_right_marginals():
    real = rolls(200, rate=0.2)
    made = baselines.independent_cells(real, 400, seed=1)
    gap = rhythm.positions(made).mean(0) - rhythm.positions(real).mean(0)
    assert np.abs(gap).max() < 0.08
    assert made[..., 9:18][made[..., :9] == 0].max() == 0


def test_shuffled_bars_are_real_bars():
    real = rolls(5, steps=64)
    mixed = baselines.shuffled_bars(real)
    bars = {bar.tobytes() for bar in real.reshape(-1, 16, 27)}
    assert {bar.tobytes() for bar in mixed.reshape(-1, 16, 27)} == bars


def test_flat_touch_keeps_the_hits():
    real = rolls()
    flat = baselines.flat_touch(real)
    assert np.array_equal(flat[..., :9], real[..., :9])
    assert rhythm.microtiming(flat)[1].max() == 0


def test_nan_does_not_come_first():
    """Nothing is larger than NaN: counted, such a row would have rank 1."""
    query = np.eye(4)
    query[2, 1] = np.nan
    with pytest.raises(WorkbenchError, match="query holds NaN or infinity in row 2"):
        retrieval(query, np.eye(4))
    with pytest.raises(WorkbenchError, match="query has 4 rows and candidates has 3"):
        ranks(np.eye(4), np.eye(4)[:3])
    with pytest.raises(WorkbenchError, match="query has too few rows: 0"):
        retrieval(np.zeros((0, 4)), np.zeros((0, 4)))


POWER = np.random.default_rng(0).random((2, 5, 3))


@pytest.mark.parametrize(
    ("measure", "old", "new", "first", "second"),
    [
        (balanced_accuracy, "said", "predicted", ["a", "b"], ["a", "a"]),
        (compare, "made", "generated", np.arange(5.0), np.arange(4.0)),
        (log_spectral_distance, "made", "generated", POWER, 2 * POWER),
        (ranks, "found", "candidates", np.eye(3), np.eye(3)[::-1]),
        (reconstruction, "heard", "reconstructed", rolls(), rolls(seed=1)),
        (tempo_is, "asked", "requested", np.array([120.0, 90]), np.array([60.0, 100])),
    ],
)
def test_an_old_name_of_an_argument_gives_the_same_figure(measure, old, new, first, second):
    with pytest.warns(DeprecationWarning, match=f"{old}: .*{new}"):
        before = measure(first, **{old: second})
    np.testing.assert_equal(before, measure(first, second))
