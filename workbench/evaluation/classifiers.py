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

from workbench.arguments import function_of, whole
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


def balanced_accuracy(true: ArrayLike, said: ArrayLike) -> float:
    """Mean recall over classes; chance is 1/classes, whatever their sizes."""
    true, said = np.atleast_1d(np.asarray(true)), np.atleast_1d(np.asarray(said))
    if true.shape != said.shape or true.ndim != 1 or not len(true):
        raise WorkbenchError(
            f"true has shape {true.shape} and said {said.shape}; give one class per row of both"
        )
    return float(np.mean([(said[true == c] == c).mean() for c in np.unique(true)]))


@dataclass
class Chosen:
    """A trained classifier, and the cross-validated balanced accuracies of all candidates."""

    name: str
    model: Any
    scores: dict[str, float]

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x)


def choose(
    x: np.ndarray, y: ArrayLike, groups: ArrayLike, *, folds: int = 4, seed: int = 0
) -> Chosen:
    """Train the candidate with the best balanced accuracy in cross-validation over groups.

    x (n, f), y (n,) classes and groups (n,) are training data only.
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
        said = np.empty(len(y), dtype=y.dtype)
        for train, test in _folds(y, groups, folds, seed):
            said[test] = model.fit(x[train], y[train]).predict(x[test])
        scores[name] = balanced_accuracy(y, said)
    best = max(scores, key=lambda name: scores[name])
    return Chosen(best, candidates(seed)[best].fit(x, y), scores)


@dataclass
class Verdict:
    """How well two sets can be distinguished. accuracy: balanced, 0.5 is chance; interval: 95 %, by
    resampling whole groups; auc: area under the ROC curve; n: loops of each set."""

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
) -> Verdict:
    """How well a classifier distinguishes rows of `a` from rows of `b` (features (n, f), (m, f)).

    It takes the mean vote of the classifiers that `judges` makes from the seed (default: a linear
    model, extra trees and boosted trees), trained on the other folds. Groups with the same name in
    both sets are in the same fold.
    """
    from sklearn.metrics import roc_auc_score

    same_width(rows(a, "a"), rows(b, "b"), ("a", "b"))
    function_of(judges, "judges", needed=True)
    x = np.concatenate([a, b])
    y = np.r_[np.zeros(len(a), int), np.ones(len(b), int)]
    both = (*labels(groups_a, "groups_a", len(a)), *labels(groups_b, "groups_b", len(b)))
    groups = np.array([str(group) for group in both])
    vote = np.zeros(len(y))
    for train, test in _folds(y, groups, folds, seed):
        models = judges(seed).values()
        for model in models:
            vote[test] += model.fit(x[train], y[train]).predict_proba(x[test])[:, 1] / len(models)
    said = (vote > 0.5).astype(int)

    def measure(rows: np.ndarray) -> float:
        return balanced_accuracy(y[rows], said[rows])

    interval = bootstrap(measure, len(y), groups=groups, seed=seed)
    everything = np.arange(len(y))
    return Verdict(measure(everything), interval, float(roc_auc_score(y, vote)), (len(a), len(b)))


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
