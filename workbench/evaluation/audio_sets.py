"""Metrics of a set of generated clips, from embeddings or class probabilities of each clip.

Embeddings are (n, d), class probabilities (n, classes); report the network together with every
value. All are computed in float64. Intervals: `workbench.evaluation.intervals`.
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

    It uses no reference and increases with n: compare only values of the same n and classifier.

    Args:
        probabilities: (n, classes) of generated clips; each row sums to 1.

    Returns:
        From 1, if all rows are equal, to the number of classes, if each clip is certain and all
        classes are equally frequent. All n clips are one split.

    Raises:
        WorkbenchError: for rows that are not probabilities.

    Source:
        Salimans et al. 2016, arXiv 1606.03498, section 4.
    """
    given = _probabilities(probabilities, "probabilities", least=2)
    return float(np.exp(_divergence(given, given.mean(0))))


def paired_kl(reference_probabilities: np.ndarray, generated_probabilities: np.ndarray) -> float:
    """Mean KL(reference ‖ generated) in nats over pairs of clips with the same caption or prompt.

    Args:
        reference_probabilities: (n, classes); each row sums to 1.
        generated_probabilities: The same of the generated clips.

    Returns:
        0 if both have equal probabilities. Probabilities below 1e-6 are raised to 1e-6, so a pair
        adds at most 13.8.

    Raises:
        WorkbenchError: for rows that are not probabilities, or do not match.

    Source:
        MusicLDM, arXiv 2308.01546, section 4.
    """
    real = _probabilities(reference_probabilities, "reference_probabilities")
    made = _probabilities(generated_probabilities, "generated_probabilities")
    names = ("reference_probabilities", "generated_probabilities")
    same_width(real, made, names)
    same_rows(real, made, names)
    return _divergence(real, made)


def relevance(text: np.ndarray, audio: np.ndarray) -> float:
    """Mean cosine of the embeddings of text and audio (MusicLDM's SIM_TA).

    A generator that selects its best candidate with the same encoder has optimised this number:
    use another encoder. Shuffled rows give the value of chance.

    Args:
        text: (n, d), of a text–audio encoder such as CLAP.
        audio: (n, d); row i belongs to row i of `text`.

    Returns:
        −1 to 1.

    Raises:
        WorkbenchError: for tables that do not match.

    Source:
        MusicLDM, arXiv 2308.01546, section 4.
    """
    text, audio = rows(text, "text"), rows(audio, "audio")
    same_width(text, audio, ("text", "audio"))
    same_rows(text, audio, ("text", "audio"))
    cosines = (_unit(text, "text") * _unit(audio, "audio")).sum(1)
    return float(cosines.clip(-1, 1).mean())


def nearest(generated: np.ndarray, training: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest training clip of each generated clip.

    It compares blocks, so memory grows with n + m rather than n · m.

    Args:
        generated: (n, d).
        training: (m, d).

    Returns:
        Cosine (n,) and row (n,) of the nearest clip; the first one of equal cosines.

    Raises:
        WorkbenchError: for tables that do not match.
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

    It measures how often a generator nearly copies. All music is similar to some degree, so compare
    with the value of held-out clips.

    Args:
        generated: (n, d).
        training: (m, d).
        thresholds: Cosines from −1 to below 1.

    Returns:
        By name, such as {"SIM_AA@90": 0.4, "SIM_AA@95": 0.03}.

    Raises:
        WorkbenchError: for a threshold out of range, and tables that do not match.

    Source:
        MusicLDM, arXiv 2308.01546, section 4.
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
            f"{name}: row {wrong[0]} sums to {total[wrong[0]]:.4g}, its smallest number is "
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
