"""Metrics of notes, histograms and likelihood, held against published values and libraries."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from workbench.benchmarks.metric_checks import Check
from workbench.datasets import builtin
from workbench.evaluation import comparison, rhythm, symbolic
from workbench.evaluation.classifiers import balanced_accuracy
from workbench.evaluation.drums import reconstruction
from workbench.evaluation.intervals import share_interval
from workbench.evaluation.likelihood import bits_each, true_entropy
from workbench.evaluation.patterns import bits, hamming
from workbench.models.markov import MarkovChain
from workbench.music.clip import Clip

LOOPS = 1000  # drawn from the grammar to hold its entropy against
ELISE = (76, 75, 76, 75, 76, 71, 74, 72, 69)  # Für Elise, eighths: the piece of MusPy's own tests


def notes(random: np.random.Generator) -> Iterator[Check]:
    """MusPy publishes exact values of one piece; the rest has libraries."""
    rows = [(i / 2, 0.5, pitch, 127) for i, pitch in enumerate(ELISE)]
    clip = Clip.from_notes(rows, drums=False, meter=(3, 8))
    fourth = Clip.from_notes(rows, drums=False, meter=(3, 8), beats=6)
    source = "MusPy 0.5.0, tests/test_metrics.py"
    classes = float((symbolic.pitch_class_histogram(clip) > 0).sum())
    for name, ours, theirs in (
        ("pitches used", symbolic.pitches_used(clip), 6),
        ("pitch classes used", classes, 6),
        ("pitch range", symbolic.pitch_range(clip), 7),
        ("polyphony", symbolic.polyphony(clip), 1),
        ("polyphony rate", symbolic.polyphony_rate(clip), 0),
        ("scale consistency", symbolic.scale_consistency(clip), 7 / 9),
        ("empty bar rate", symbolic.empty_bar_rate(clip), 0),
    ):
        yield Check(name, float(ours), float(theirs), source)
    yield Check(
        "groove consistency, with MusPy's phantom fourth bar",
        symbolic.groove_consistency(fourth),
        5 / 6,
        source,
    )
    yield Check(
        "groove consistency, three bars alike",
        symbolic.groove_consistency(clip),
        1.0,
        "by definition",
    )
    swung = Clip.from_notes(
        [(t + d, 0.2, 60, 90) for t in range(4) for d in (0, 2 / 3)], drums=False
    )
    yield Check("swing ratio of triplets", symbolic.swing_ratio(swung), 2.0, "by definition", 0.01)
    early = np.zeros(16, bool)
    early[[0, 7, 12]] = True  # beat three anticipated by a sixteenth and held over it
    yield Check(
        "syncopation",
        float(rhythm.syncopation(early)[0]),
        3.0,
        "Longuet-Higgins and Lee 1984, by hand",
    )


def histograms(random: np.random.Generator) -> Iterator[Check]:
    """mgeval's densities, and divergences of histograms."""
    from scipy.integrate import quad
    from scipy.spatial.distance import jensenshannon, pdist
    from scipy.stats import entropy, gaussian_kde, norm

    a, b = random.normal(size=120), 1 + 1.5 * random.normal(size=90)
    p, q = gaussian_kde(a), gaussian_kde(b)
    theirs = quad(lambda x: min(p(x)[0], q(x)[0]), -12, 12, limit=200)[0]
    yield Check(
        "overlapping area",
        comparison.overlap_area(a, b),
        theirs,
        "SciPy, gaussian_kde and quad",
        1e-3,
    )
    grid = np.linspace(-9, 10, 4000)
    yield Check(
        "KL of densities",
        comparison.kl_divergence(a, b),
        float(entropy(p(grid), q(grid))),
        "SciPy, on one grid",
        3e-3,
    )
    far = random.normal(size=200_000), random.normal(1.0, size=200_000)
    wide = math.sqrt(1 + 200_000**-0.4)
    yield Check(
        "overlapping area",
        comparison.overlap_area(*far),
        2 * norm.cdf(-0.5 / wide),
        "closed form, two normal distributions",
        0.01,
    )
    rows = random.dirichlet(np.ones(12), size=30)
    yield Check(
        "distances within a set",
        comparison.compare(rows, rows).within_real,
        float(pdist(rows).mean()),
        "SciPy, pdist",
    )
    yield Check(
        "Jensen–Shannon distance",
        rhythm.jensen_shannon(rows[0], rows[1]),
        float(jensenshannon(rows[0], rows[1], base=2)),
        "SciPy",
    )


def patterns(random: np.random.Generator) -> Iterator[Check]:
    """Drum rolls as notes, and counts."""
    import mir_eval
    from scipy.spatial.distance import cdist
    from scipy.stats import binomtest
    from sklearn.metrics import balanced_accuracy_score

    rolls = np.zeros((2, 64, 27), np.float32)
    rolls[..., :9] = random.random((2, 64, 9)) < [[[0.3]], [[0.25]]]
    rolls[1, ..., :9] = np.where(random.random((64, 9)) < 0.6, rolls[0, ..., :9], rolls[1, ..., :9])
    (on, drum), (heard, which) = (np.nonzero(roll[:, :9]) for roll in rolls)
    precision, recall, f1, _ = mir_eval.transcription.precision_recall_f1_overlap(
        _spans(on),
        100.0 * 2.0 ** (drum / 2),
        _spans(heard),
        100.0 * 2.0 ** (which / 2),
        offset_ratio=None,
    )
    ours = reconstruction(rolls[:1], rolls[1:])
    for name, theirs in (("precision", precision), ("recall", recall), ("f1", f1)):
        yield Check(f"drum hits, {name}", ours[name], float(theirs), "mir_eval, transcription")
    rolls[..., 9:18] = rolls[..., :9]
    cells = bits(rolls)
    yield Check(
        "Hamming distance",
        float(hamming(cells[:1], cells[1:])[0, 0]),
        float(cdist(cells[:1], cells[1:], "hamming")[0, 0] * cells.shape[1]),
        "SciPy, cdist",
    )
    true, said = random.integers(3, size=(2, 200))
    yield Check(
        "balanced accuracy",
        balanced_accuracy(true.tolist(), said.tolist()),
        float(balanced_accuracy_score(true, said)),
        "scikit-learn",
    )
    yield Check(
        "interval of a share, 7 of 50",
        share_interval(7, 50)[1],
        float(binomtest(7, 50).proportion_ci(method="wilson").high),
        "SciPy, Wilson",
        1e-4,
    )


def likelihood(random: np.random.Generator) -> Iterator[Check]:
    """Bits of a unigram model, and of the grammar whose probabilities are known."""
    from scipy.stats import entropy

    row = random.choice(6, 20_000, p=[0.4, 0.3, 0.1, 0.1, 0.05, 0.05])
    nats = MarkovChain(0, 6).fit([row]).nll(row)
    yield Check(
        "bits a token of a unigram",
        bits_each(nats.sum(), len(row)),
        float(entropy(np.bincount(row), base=2)),
        "SciPy, entropy of the counts",
        2e-3,
    )
    nats = np.array([-builtin.log_prob(clip) for clip in builtin.sample(LOOPS, seed=5)])
    error = float(nats.std() / np.log(2) / LOOPS**0.5)
    bound = true_entropy("builtin", 50).bits
    yield Check(
        "true entropy of a built-in loop, bits",
        bound,
        bits_each(nats, np.ones(LOOPS)),
        f"mean −log P of {LOOPS:,} loops, ± {error:.0f}",
        3 * error / bound,
    )


def _spans(steps: np.ndarray) -> np.ndarray:
    """Steps of a second each as (onset, end): far enough apart for mir_eval's 50 ms."""
    return np.stack([steps, steps + 0.5], axis=1).astype(float)
