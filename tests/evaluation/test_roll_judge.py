"""The network that judges rolls tells what differs, and nothing where nothing does."""

import numpy as np

from workbench.evaluation.classifiers import separability
from workbench.evaluation.roll_judge import RollJudge


def rolls(n, late, seed):
    """n random loops of four bars whose hits come `late` steps behind the grid."""
    random = np.random.default_rng(seed)
    hits = random.random((n, 64, 9)) < 0.3
    offset = (late + 0.05 * random.standard_normal(hits.shape)) * hits
    return np.concatenate([hits, 0.7 * hits, offset], axis=-1).reshape(n, -1)


def network(seed):
    return {"network": RollJudge((seed,), steps=80)}


def test_microtiming_gives_loops_away():
    names = [str(i) for i in range(40)]
    verdict = separability(
        rolls(40, 0.0, 0), rolls(40, 0.2, 1), names, names, folds=2, judges=network
    )
    assert verdict.accuracy > 0.9


def test_the_same_music_is_not_told_apart():
    names = [str(i) for i in range(60)]
    verdict = separability(
        rolls(60, 0.0, 2), rolls(60, 0.0, 3), names, names, folds=2, judges=network
    )
    assert 0.3 < verdict.accuracy < 0.7


def test_a_judge_is_the_same_again():
    x, y = rolls(20, 0.0, 4), np.arange(20) % 2
    first, second = (RollJudge((3,), steps=10).fit(x, y).predict_proba(x) for _ in "12")
    np.testing.assert_allclose(first, second, atol=1e-6)
    np.testing.assert_allclose(first.sum(1), 1, atol=1e-6)
