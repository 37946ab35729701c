"""Metrics of rows and of sound, compared with a library or a closed form.

Data are generated from a seed, so that anyone can run the checks; the tests run every one of them.
Metrics of notes: `workbench.benchmarks.metric_checks_notes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.evaluation import audio_sets, spectra
from workbench.evaluation.distances import frechet_distance, kernel_distance
from workbench.evaluation.extrapolation import frechet_extrapolated
from workbench.evaluation.retrieval import ranks, retrieval
from workbench.evaluation.table import Report
from workbench.evaluation.wasserstein import sliced_wasserstein


@dataclass
class MetricsRun:
    """One run of the command. quick: fewer rows and clips."""

    report: Report
    seed: int = 0
    quick: bool = False


@dataclass(frozen=True)
class Check:
    """One metric beside one reference. within: allowed difference, relative to the larger of 1 and
    the reference's value."""

    metric: str
    ours: float
    theirs: float
    reference: str
    within: float = 1e-6

    @property
    def difference(self) -> float:
        return abs(self.ours - self.theirs)

    @property
    def agrees(self) -> bool:
        return bool(self.difference <= self.within * max(1.0, abs(self.theirs)))


def frechet(random: np.random.Generator) -> Iterator[Check]:
    """With few rows and with many, and where the value is known."""
    import ot
    from scipy.linalg import sqrtm

    x, y = random.normal(size=(400, 24)), 0.3 + 1.3 * random.normal(size=(300, 24))
    ours = frechet_distance(x, y)
    means, covs = (x.mean(0), y.mean(0)), (np.cov(x.T), np.cov(y.T))
    theirs = float(ot.gaussian.bures_wasserstein_distance(*means, *covs)) ** 2
    yield Check("Fréchet distance", ours, theirs, "POT, Bures–Wasserstein")
    gap = means[0] - means[1]
    root = np.trace(sqrtm(covs[0] @ covs[1])).real
    theirs = gap @ gap + np.trace(covs[0]) + np.trace(covs[1]) - 2 * root
    yield Check("Fréchet distance", ours, float(theirs), "SciPy, sqrtm")
    a, b = _exact(random, 200, 6, 1.0), 2 + _exact(random, 150, 6, 3.0)
    yield Check(
        "Fréchet distance",
        frechet_distance(a, b),
        6 * (4.0 + 4.0),
        "closed form, N(0, 1) and N(2, 3²) in 6 dimensions",
    )
    few = random.normal(size=(30, 64))
    yield Check(
        "Fréchet distance, 30 rows in 64 dimensions",
        frechet_distance(few, few + 0.5),
        64 * 0.25,
        "closed form, a shift",
    )
    values = [
        frechet_extrapolated(
            random.normal(size=(512, 16)), 0.5 + random.normal(size=(512, 16)), seed=i
        ).value
        for i in range(20)
    ]
    yield Check(
        "Fréchet distance, N → ∞ (mean of 20)",
        float(np.mean(values)),
        4.0,
        "closed form of the distributions",
        0.05,
    )


def kernels(random: np.random.Generator) -> Iterator[Check]:
    """Sums over all pairs, one by one."""
    x, y = random.normal(size=(40, 5)), 0.4 + random.normal(size=(30, 5))
    kinds: dict[str, Callable[[Any, Any], float]] = {
        "gaussian": lambda a, b: math.exp(-((a - b) ** 2).sum() / (2 * 1.5**2)),
        "polynomial": lambda a, b: (float(a @ b) / 5 + 1) ** 3,
    }
    for name, k in kinds.items():
        within = _mean(k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j)
        within += _mean(k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j)
        theirs = within - 2 * _mean(k(a, b) for a in x for b in y)
        ours = kernel_distance(x, y, name, bandwidth=1.5)  # type: ignore[arg-type]
        yield Check(f"kernel distance, {name}", ours, theirs, "sum over pairs, one by one")


def wasserstein(random: np.random.Generator) -> Iterator[Check]:
    """Along the same directions, and where the value is known."""
    import ot

    x, y = random.normal(size=(80, 5)), 1.5 * random.normal(size=(50, 5))
    unit = np.random.default_rng(3).normal(size=(5, 64))
    theirs = ot.sliced_wasserstein_distance(x, y, projections=unit / np.linalg.norm(unit, axis=0))
    yield Check(
        "sliced Wasserstein distance",
        sliced_wasserstein(x, y, directions=64, seed=3),
        float(theirs),
        "POT, the same directions",
    )
    shift = np.array([3.0, 0.0, 4.0, 0.0, 0.0])
    ours = sliced_wasserstein(x, x + shift, directions=20_000)
    yield Check("sliced Wasserstein distance", ours, 5**0.5, "closed form, a shift: |v| / √d", 0.02)


def sets(random: np.random.Generator) -> Iterator[Check]:
    """Scores of sets: IS, KL, relevance, copies."""
    from scipy.stats import entropy
    from sklearn.metrics import top_k_accuracy_score
    from sklearn.metrics.pairwise import paired_cosine_distances
    from sklearn.neighbors import NearestNeighbors

    logits = 2 * random.normal(size=(300, 12))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    theirs = float(np.exp(entropy(p.T, p.mean(0)[:, None]).mean()))
    score = audio_sets.inception_score(p)
    yield Check("inception score", score, theirs, "SciPy, relative entropy", 1e-4)
    q = random.permutation(p)
    yield Check(
        "paired KL",
        audio_sets.paired_kl(p, q),
        float(entropy(p.T, q.T).mean()),
        "SciPy, relative entropy",
        1e-3,
    )
    text, audio = random.normal(size=(60, 9)), random.normal(size=(60, 9))
    yield Check(
        "text–audio relevance",
        audio_sets.relevance(text, audio),
        float(1 - paired_cosine_distances(text, audio).mean()),
        "scikit-learn, cosine",
    )
    made, train = random.normal(size=(200, 3)), random.normal(size=(300, 3))
    far, _ = NearestNeighbors(n_neighbors=1, metric="cosine").fit(train).kneighbors(made)
    yield Check(
        "SIM_AA@99.5",
        audio_sets.sim_aa(made, train, (0.995,))["SIM_AA@99.5"],
        float((1 - far > 0.995).mean()),
        "scikit-learn, nearest neighbours",
    )
    order = np.argsort(-(text @ audio.T), axis=1)
    place = (order == np.arange(60)[:, None]).argmax(1) + 1
    yield Check(
        "retrieval, median rank",
        float(np.median(ranks(text, audio))),
        float(np.median(place)),
        "NumPy, sorting",
    )
    yield Check(
        "retrieval, R@5",
        retrieval(text, audio)["R@5"],
        float(top_k_accuracy_score(np.arange(60), text @ audio.T, k=5)),
        "scikit-learn, top-k accuracy",
    )


def sound(random: np.random.Generator) -> Iterator[Check]:
    """Spectra whose level is known."""
    from scipy.signal import stft

    wave = np.sin(2 * np.pi * np.arange(16_000) * 64 / 1024)
    power = spectra.spectrogram(wave)
    yield Check("spectrogram of a full-scale sine", float(power[0, 64, 8]), 1.0, "closed form")
    one, other = 0.3 * random.normal(size=(2, 16_000))
    soft, loud = (spectra.spectrogram(level * one) for level in (1, 2))
    yield Check(
        "log-spectral distance, twice as loud",
        float(spectra.log_spectral_distance(soft, loud)[0]),
        20 * math.log10(2),
        "closed form, 6.02 dB",
        1e-3,
    )
    levels = []
    for sound in (one, other):
        _, _, z = stft(sound, nperseg=1024, noverlap=768)
        inner = 2 * np.abs(z[:, 4:40])  # frame 4 is centred on sample 1,024, as our frame 2 is
        levels.append(np.maximum(20 * np.log10(inner), spectra.FLOOR))
    theirs = np.sqrt(((levels[0] - levels[1]) ** 2).mean(0)).mean()
    a, b = (spectra.spectrogram(sound)[..., 2:38] for sound in (one, other))
    yield Check(
        "log-spectral distance",
        float(spectra.log_spectral_distance(a, b)[0]),
        float(theirs),
        "SciPy, stft",
        1e-4,
    )


def _exact(random: np.random.Generator, n: int, d: int, scale: float) -> np.ndarray:
    """Rows whose mean is 0 and whose covariance is scale² I, to the last digit."""
    rows = random.normal(size=(n, d))
    q = np.linalg.qr(rows - rows.mean(0))[0]
    return scale * math.sqrt(n - 1) * (q - q.mean(0))


def _mean(values: Iterator[float]) -> float:
    return float(np.mean(list(values)))
