"""Properties that every distance must have, and the speed of the Fréchet distance."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np

from workbench.benchmarks.metric_checks import MetricsRun
from workbench.evaluation import spectra
from workbench.evaluation.audio_sets import paired_kl
from workbench.evaluation.comparison import compare
from workbench.evaluation.distances import frechet_distance, kernel_distance
from workbench.evaluation.extrapolation import frechet_extrapolated
from workbench.evaluation.timing import timed
from workbench.evaluation.wasserstein import sliced_wasserstein

LEVELS = (0.5, 1.0, 2.0, 4.0)  # standard deviations of the noise, in the rows' own
Distance = Callable[[np.ndarray, np.ndarray], float]


def _extrapolated(x: np.ndarray, y: np.ndarray) -> float:
    return frechet_extrapolated(x, y).value


def _divergence(x: np.ndarray, y: np.ndarray) -> float:
    """Rows as logits."""
    weights = [np.exp(rows) for rows in (y, x)]
    return paired_kl(*(w / w.sum(1, keepdims=True) for w in weights))


def _apart(x: np.ndarray, y: np.ndarray) -> float:
    return 1 - compare(y, x).overlap


def _level(x: np.ndarray, y: np.ndarray) -> float:
    """Rows, end to end, as sound."""
    powers = [spectra.spectrogram(0.1 * rows.ravel()) for rows in (y, x)]
    return float(spectra.log_spectral_distance(*powers).mean())


SETS: dict[str, Distance] = {
    "Fréchet distance": frechet_distance,
    "Fréchet distance, N → ∞": _extrapolated,
    "kernel distance, gaussian": kernel_distance,
    "kernel distance, polynomial": partial(kernel_distance, kernel="polynomial"),
    "sliced Wasserstein distance": partial(sliced_wasserstein, directions=2000),
    "1 − overlapping area of distances": _apart,
}
PAIRS: dict[str, Distance] = {"paired KL": _divergence, "log-spectral distance": _level}
IDS = {  # of rows
    "frechet": "Fréchet distance",
    "extrapolated": "Fréchet distance, N → ∞",
    "gaussian": "kernel distance, gaussian",
    "polynomial": "kernel distance, polynomial",
    "wasserstein": "sliced Wasserstein distance",
    "overlap": "1 − overlapping area of distances",
    "kl": "paired KL",
    "level": "log-spectral distance",
}


def properties(run: MetricsRun) -> None:
    """Zero on itself, symmetry, invariance, and growth with noise."""
    random = np.random.default_rng(run.seed)
    x = random.normal(size=(160 if run.quick else 320, 8)) * np.exp(0.4 * random.normal(size=8))
    other = 0.5 + 1.5 * random.normal(size=x.shape)
    noise = random.normal(size=x.shape) * x.std(0)
    turn = np.linalg.qr(random.normal(size=(8, 8)))[0]
    table, held = [], {}
    for name, distance in (SETS | PAIRS).items():
        value = distance(x, other)
        grown = [distance(x + level * noise, x) for level in LEVELS]
        held[name] = bool(np.all(np.diff(grown) > 0))
        within = name in SETS
        table.append(
            [
                name,
                distance(x, x),
                abs(distance(other, x) / value - 1),
                abs(distance(random.permutation(x), other) / value - 1) if within else None,
                abs(distance(x @ turn, other @ turn) / value - 1) if within else None,
                *grown,
                held[name],
            ]
        )
    run.report.table(
        "properties",
        f"Properties, on {len(x)} rows in 8 dimensions",
        [
            "",
            "on itself",
            "swapped",
            "shuffled",
            "rotated",
            *(f"noise {level:g}" for level in LEVELS),
            "grows",
        ],
        table,
        [
            "Swapped, shuffled, rotated: relative change of the value. The kernel's "
            "width is the "
            "reference's, so swapping changes it; KL is not symmetric by definition; the "
            "unbiased kernel distance is below 0 on itself, and 0 on average for two samples "
            "of one "
            "distribution; subsets of one set are not equal, so N → ∞ is not exactly 0 "
            "either. "
            "Under less noise than here an unbiased distance changes by less than its error."
        ],
        ids=IDS,
        grows=held,
    )


def speed(run: MetricsRun) -> None:
    """Ours beside SciPy's matrix root, in one run."""
    random = np.random.default_rng(run.seed)
    table, ratios = [], {}
    for n, d in ((256, 128), (1024, 256)) if run.quick else ((1024, 128), (2048, 512), (256, 512)):
        x, y = random.normal(size=(n, d)), 0.1 + 1.1 * random.normal(size=(n, d))
        mine, root = frechet_distance(x, y), by_square_root(x, y)
        ours = timed(partial(frechet_distance, x, y), 3)
        theirs = timed(partial(by_square_root, x, y), 3)
        ratios[f"{n} × {d}"] = theirs / ours
        table.append(
            [
                f"{n:,} rows, {d} dimensions",
                1000 * ours,
                1000 * theirs,
                theirs / ours,
                f"{abs(root / mine - 1):.1e}",
            ]
        )
    run.report.table(
        "speed",
        "Fréchet distance: singular values against SciPy's sqrtm",
        ["", "ours, ms", "sqrtm, ms", "times faster", "relative difference"],
        table,
        [
            "Medians of three, the same process; both take means and covariances from the rows. "
            "With fewer rows than dimensions sqrtm is given singular matrices."
        ],
        faster=ratios,
    )


def by_square_root(x: np.ndarray, y: np.ndarray) -> float:
    """The usual way: the root of the product of the covariances, its real part."""
    from scipy.linalg import sqrtm

    a, b = np.cov(x.T), np.cov(y.T)
    gap = x.mean(0) - y.mean(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of singular matrices
        root = np.trace(sqrtm(a @ b)).real
    return float(gap @ gap + np.trace(a) + np.trace(b) - 2 * root)
