"""Measures of a set of generated clips, from what an encoder or a classifier says of each clip.

Embeddings are (n, d), class probabilities (n, classes); which network made them stands beside
every value shown. All are computed in float64. Intervals: `workbench.evaluation.intervals`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.arguments import listed, number
from workbench.errors import WorkbenchError
from workbench.evaluation.checks import rows, same_rows, same_width

SMALLEST = 1e-6  # probability: a class that was ruled out must not make a divergence infinite
BLOCK = 2048  # rows compared at once: 2,048 × 2,048 cosines are 32 MiB


def inception_score(probabilities: np.ndarray) -> float:
    """exp of the mean KL divergence of p(class | clip) from its mean over clips.

    probabilities: (n, classes) of generated clips, each row summing to 1. 1 where all clips get
    the same row, at most the number of classes: sure for each clip, and all classes equally often
    (Salimans et al. 2016, arXiv 1606.03498, section 4). It knows no reference, and rises with n,
    so only values at one n and one classifier compare. All n are one split.
    """
    given = _probabilities(probabilities, "probabilities", least=2)
    return float(np.exp(_divergence(given, given.mean(0))))


def paired_kl(reference_probabilities: np.ndarray, generated_probabilities: np.ndarray) -> float:
    """Mean KL(reference ‖ generated) in nats: row i of both belongs to one caption or prompt.

    (n, classes), each row summing to 1. 0 where the classifier hears the same in both clips. As
    in MusicLDM (arXiv 2308.01546, section 4) and AudioLDM; probabilities below 1e-6 are raised to
    it, so one pair adds at most 13.8.
    """
    real = _probabilities(reference_probabilities, "reference_probabilities")
    made = _probabilities(generated_probabilities, "generated_probabilities")
    names = ("reference_probabilities", "generated_probabilities")
    same_width(real, made, names)
    same_rows(real, made, names)
    return _divergence(real, made)


def relevance(text: np.ndarray, audio: np.ndarray) -> float:
    """Mean cosine of row i of `text` and row i of `audio`, −1 to 1.

    Both (n, d), from one joint encoder such as CLAP. MusicLDM's text relevance SIM_TA (arXiv
    2308.01546, section 4). A generator that picks its best candidate by the same encoder has
    optimised this number: judge it by another. Shuffled rows give the value of chance.
    """
    text, audio = rows(text, "text"), rows(audio, "audio")
    same_width(text, audio, ("text", "audio"))
    same_rows(text, audio, ("text", "audio"))
    cosines = (_unit(text, "text") * _unit(audio, "audio")).sum(1)
    return float(cosines.clip(-1, 1).mean())


def nearest(generated: np.ndarray, training: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine (n,) and row (n,) of each generated clip's nearest clip in `training`.

    generated: (n, d), training: (m, d); of equal cosines the first counts. In blocks, so memory
    grows with n + m and not with n · m.
    """
    generated, training = rows(generated, "generated"), rows(training, "training")
    same_width(generated, training, ("generated", "training"))
    generated, training = _unit(generated, "generated"), _unit(training, "training")
    best = np.full(len(generated), -np.inf)
    found = np.zeros(len(generated), dtype=np.int64)
    for start in range(0, len(generated), BLOCK):
        mine = slice(start, start + BLOCK)
        for first in range(0, len(training), BLOCK):
            cosines = generated[mine] @ training[first : first + BLOCK].T
            place = cosines.argmax(1)
            value = np.take_along_axis(cosines, place[:, None], 1)[:, 0]
            closer = value > best[mine]
            best[mine] = np.where(closer, value, best[mine])
            found[mine] = np.where(closer, first + place, found[mine])
    return best.clip(-1, 1), found


def sim_aa(
    generated: np.ndarray, training: np.ndarray, thresholds: Sequence[float] = (0.90, 0.95)
) -> dict[str, float]:
    """Share of generated clips whose nearest training clip has a cosine above each threshold.

    generated (n, d), training (m, d). {"SIM_AA@90": 0.4, "SIM_AA@95": 0.03}: how often a
    generator comes close to copying (MusicLDM, arXiv 2308.01546, section 4). Music is like other
    music, so held-out clips in place of the generated ones give the share to hold it against.
    """
    thresholds = [number(t, "thresholds") for t in listed(thresholds, "thresholds", "cosines")]
    for threshold in thresholds:
        if not -1 <= threshold < 1:
            raise WorkbenchError(f"thresholds holds {threshold}; give cosines from -1 to below 1")
    cosine, _ = nearest(generated, training)
    return {f"SIM_AA@{100 * t:g}": float((cosine > t).mean()) for t in thresholds}


def _divergence(first: np.ndarray, second: np.ndarray) -> float:
    """Mean over rows of KL(first ‖ second) in nats, both raised to SMALLEST and renormalised."""
    first, second = (p.clip(SMALLEST) for p in (first, second))
    first, second = (p / p.sum(-1, keepdims=True) for p in (first, second))
    return float((first * np.log(first / second)).sum(-1).mean().clip(0))


def _probabilities(values: np.ndarray, name: str, least: int = 1) -> np.ndarray:
    values = rows(values, name, least)
    total = values.sum(1)
    wrong = np.flatnonzero((values < 0).any(1) | (np.abs(total - 1) > 1e-3))
    if len(wrong):
        raise WorkbenchError(
            f"{name}: row {wrong[0]} sums to {total[wrong[0]]:.4g}, its least number is "
            f"{values[wrong[0]].min():.3g}; give probabilities that sum to 1, such as a softmax"
        )
    return values / total[:, None]


def _unit(values: np.ndarray, name: str) -> np.ndarray:
    length = np.linalg.norm(values, axis=1)
    if not length.all():
        raise WorkbenchError(
            f"{name}: row {np.flatnonzero(length == 0)[0]} is all zeros and has no direction; "
            "leave it out"
        )
    return values / length[:, None]
