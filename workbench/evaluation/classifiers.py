"""Classifiers as judges: what style is this loop, and was it played or made?

Both were fixed before any generated loop was judged. Folds keep all loops of a group (a
performance, a session) together: a judge that has seen other bars of the same take knows it by
heart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import whole
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import rows, same_width
from workbench.evaluation.intervals import bootstrap


def candidates(seed: int = 0) -> dict[str, Any]:
    """Classifiers to choose from, untrained: linear, trees with much chance, boosted trees."""
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
    """Mean over the classes of the share found; chance is 1/classes whatever their sizes."""
    true, said = np.atleast_1d(np.asarray(true)), np.atleast_1d(np.asarray(said))
    if true.shape != said.shape or true.ndim != 1 or not len(true):
        raise WorkbenchError(
            f"true has shape {true.shape} and said {said.shape}; give one class a row of both"
        )
    return float(np.mean([(said[true == c] == c).mean() for c in np.unique(true)]))


@dataclass
class Chosen:
    """A trained classifier, how it was chosen, and its cross-validated balanced accuracies."""

    name: str
    model: Any
    scores: dict[str, float]

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x)


def choose(
    x: np.ndarray, y: ArrayLike, groups: ArrayLike, *, folds: int = 4, seed: int = 0
) -> Chosen:
    """Train the candidate with the best balanced accuracy in cross-validation over groups.

    x (n, f), y (n,) classes, groups (n,): training data only.
    """
    x, y, groups = rows(x, "x"), np.asarray(y), np.asarray(groups)
    if y.shape != groups.shape or y.shape != (len(x),):
        raise WorkbenchError(
            f"x has {len(x)} rows, y shape {y.shape} and groups {groups.shape}; give one a row"
        )
    if len(np.unique(y)) < 2:
        raise WorkbenchError("choose: a classifier needs two classes or more")
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
    """How well two sets can be told apart. accuracy: balanced, 0.5 is chance; interval: 95 %, by
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
    """Can a judge tell rows of `a` from rows of `b` (features (n, f) and (m, f))?

    The judge is the mean vote of untrained classifiers that `judges` makes of the seed (by default
    a linear model, extra trees and boosted trees), trained on the other folds. Groups with the same
    name in both sets share a fold.
    """
    from sklearn.metrics import roc_auc_score

    same_width(rows(a, "a"), rows(b, "b"), ("a", "b"))
    x = np.concatenate([a, b])
    y = np.r_[np.zeros(len(a), int), np.ones(len(b), int)]
    groups = np.array([str(g) for g in (*groups_a, *groups_b)])
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
    """(train, test) rows: whole groups, classes spread as evenly as they allow."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = min(whole(folds, "folds", 2), len(np.unique(groups)))
    if folds < 2:
        raise WorkbenchError("cross-validation over groups needs two groups or more")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(y)), y, groups))
