"""Classifiers as metrics: the style of a loop, and whether it was played or generated.

Both were fixed before they were applied to generated loops. All loops of a group (a performance, a
session) are in the same fold, because a classifier memorises other bars of the same take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import function_of, renamed, whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import labels, rows, same_width
from workbench.evaluation.intervals import bootstrap


def candidates(seed: int = 0) -> dict[str, Any]:
    """Untrained classifiers to choose from: linear, extra trees, boosted trees."""
    from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "logistic": make_pipeline(
            StandardScaler(), LogisticRegression(C=0.02, max_iter=500, class_weight="balanced")
        ),
        "extra trees": ExtraTreesClassifier(
            300, min_samples_leaf=2, max_features=0.2, class_weight="balanced", random_state=seed
        ),
        "boosting": HistGradientBoostingClassifier(
            max_iter=100,
            learning_rate=0.08,
            max_leaf_nodes=15,
            l2_regularization=1.0,
            max_features=0.3,
            class_weight="balanced",
            early_stopping=False,
            random_state=seed,
        ),
    }


@renamed(said="predicted")
def balanced_accuracy(true: ArrayLike, predicted: ArrayLike) -> float:
    """Balanced accuracy: the mean recall over classes.

    Args:
        true: (n,), classes.
        predicted: (n,), predicted classes.

    Returns:
        0 to 1; chance is 1 / classes, whatever their sizes.

    Raises:
        WorkbenchError: for different shapes and no rows.

    Source:
        Brodersen et al. 2010, "The balanced accuracy and its posterior distribution".
    """
    true, predicted = np.atleast_1d(np.asarray(true)), np.atleast_1d(np.asarray(predicted))
    if true.shape != predicted.shape or true.ndim != 1 or not len(true):
        raise WorkbenchError(
            f"true has shape {true.shape} and predicted {predicted.shape}; "
            "give one class per row of both"
        )
    return float(np.mean([(predicted[true == c] == c).mean() for c in np.unique(true)]))


@dataclass
class Chosen:
    """A trained classifier.

    Args:
        name: Of the candidate.
        model: The classifier, with scikit-learn's interface.
        scores: Cross-validated balanced accuracy of each candidate, 0 to 1.
    """

    name: str
    model: Any
    scores: dict[str, float]

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Classes (n,) of features (n, f)."""
        return self.model.predict(x)


def choose(
    x: np.ndarray, y: ArrayLike, groups: ArrayLike, *, folds: int = 4, seed: int = 0
) -> Chosen:
    """Train the candidate with the best balanced accuracy in cross-validation over groups.

    Args:
        x: Features of training data, (n, f).
        y: Classes, (n,), at least two.
        groups: Group of each row, (n,), at least two.
        folds: Of the cross-validation, 2 or more.
        seed: Of folds and classifiers.

    Returns:
        The trained classifier and the scores of all candidates.

    Raises:
        WorkbenchError: for shapes that do not match, one class, and one group.
    """
    x, y, groups = rows(x, "x"), np.asarray(y), np.asarray(groups)
    if y.shape != groups.shape or y.shape != (len(x),):
        raise WorkbenchError(
            f"x has {len(x)} rows, y shape {y.shape} and groups {groups.shape}; give one a row"
        )
    if len(np.unique(y)) < 2:
        raise WorkbenchError("y: a classifier needs at least two classes")
    scores = {}
    for name, model in candidates(seed).items():
        predicted = np.empty(len(y), dtype=y.dtype)
        for train, test in _folds(y, groups, folds, seed):
            predicted[test] = model.fit(x[train], y[train]).predict(x[test])
        scores[name] = balanced_accuracy(y, predicted)
    best = max(scores, key=lambda name: scores[name])
    return Chosen(best, candidates(seed)[best].fit(x, y), scores)


@dataclass
class Verdict:
    """How well two sets can be distinguished.

    Args:
        accuracy: Balanced accuracy, 0 to 1; 0.5 is chance.
        interval: 95 %, by resampling whole groups.
        auc: Area under the ROC curve, 0 to 1; 0.5 is chance.
        n: Rows of both sets.
    """

    accuracy: float
    interval: tuple[float, float]
    auc: float
    n: tuple[int, int]


def separability(
    a: np.ndarray,
    b: np.ndarray,
    groups_a: Iterable[Any],
    groups_b: Iterable[Any],
    *,
    folds: int = 5,
    seed: int = 0,
    judges: Callable[[int], dict[str, Any]] = candidates,
    measured: tuple[np.ndarray, np.ndarray] | None = None,
    resampled: tuple[Iterable[Any], Iterable[Any]] | None = None,
) -> Verdict:
    """How well classifiers distinguish rows of `a` from rows of `b` (a classifier two-sample test).

    Each row is judged by the mean probability of classifiers trained on the other folds. Groups
    with the same name in both sets are in the same fold.

    Args:
        a: Features, (n, f).
        b: Features, (m, f).
        groups_a: Group of each row of `a`, (n,).
        groups_b: The same of `b`, (m,).
        folds: Of the cross-validation, 2 or more.
        seed: Of folds and classifiers.
        judges: Makes untrained classifiers from a seed; default: a linear model, extra trees and
            boosted trees.
        measured: Bools of the rows of `a` and of `b` that count; the classifiers are trained on the
            others too. Default: all rows.
        resampled: Groups of `a` and of `b` that the interval resamples; default: those of the
            folds.

    Returns:
        Accuracy, interval and AUC of the measured rows.

    Raises:
        WorkbenchError: for tables that do not match, NaN, and one group.

    Source:
        Lopez-Paz and Oquab 2017, arXiv 1610.06545.
    """
    from sklearn.metrics import roc_auc_score

    same_width(rows(a, "a"), rows(b, "b"), ("a", "b"))
    function_of(judges, "judges", needed=True)
    x = np.concatenate([a, b])
    y = np.r_[np.zeros(len(a), int), np.ones(len(b), int)]
    groups = _of_both((groups_a, groups_b), "groups_{}", (len(a), len(b)))
    counted = np.ones(len(y), bool)
    if measured is not None:
        counted = _of_both(measured, "measured, {}", (len(a), len(b))) == "True"
    units = groups
    if resampled is not None:
        units = _of_both(resampled, "resampled, {}", (len(a), len(b)))
    vote = np.zeros(len(y))
    for train, test in _folds(y, groups, folds, seed):
        models = judges(seed).values()
        for model in models:
            vote[test] += model.fit(x[train], y[train]).predict_proba(x[test])[:, 1] / len(models)
    predicted = (vote > 0.5).astype(int)

    def measure(rows: np.ndarray) -> float:
        return balanced_accuracy(y[rows], predicted[rows])

    y, vote, predicted = y[counted], vote[counted], predicted[counted]
    interval = bootstrap(measure, len(y), groups=units[counted], seed=seed)
    everything = np.arange(len(y))
    n = (int((y == 0).sum()), int(y.sum()))
    return Verdict(measure(everything), interval, float(roc_auc_score(y, vote)), n)


def _of_both(pair: tuple[Any, Any], name: str, sizes: tuple[int, int]) -> np.ndarray:
    """Labels of the rows of both sets, as text. name: of the argument, with {} for the set."""
    found = [labels(part, name.format("ab"[i]), sizes[i]) for i, part in enumerate(pair)]
    return np.array([str(label) for part in found for label in part])


def _folds(
    y: np.ndarray, groups: np.ndarray, folds: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(train, test) rows: whole groups, with classes as balanced as possible."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = min(whole(folds, "folds", 2), len(np.unique(groups)))
    if folds < 2:
        raise WorkbenchError("groups: cross-validation needs at least two groups")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(y)), y, groups))
