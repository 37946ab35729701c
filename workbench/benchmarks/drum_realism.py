"""Can generated loops be told from played ones? By a judge, by Fréchet distance, by rhythm."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_autoencoder import rebuilt
from workbench.benchmarks.drum_data import LoopSet
from workbench.evaluation import rhythm as measures
from workbench.evaluation.baselines import flat_touch, independent_cells, shuffled_bars
from workbench.evaluation.classifiers import Verdict, separability
from workbench.evaluation.distances import frechet_distance, frechet_interval, kernel_distance
from workbench.evaluation.features import judge_features
from workbench.evaluation.summary import halves


def realism(bench: Bench) -> None:
    """A judge is told which loops are real and which are not, on other performances, and then,
    harder for it, on other sessions."""
    real = bench.real
    session = real.labels("session")
    matched = _matched(real, bench.data.train)
    sets: dict[str, np.ndarray] = {
        bench.name: bench.made.judged,
        "floor: real training loops, same styles and tempi": matched.judged,
        "through the autoencoder only": judge_features(
            rebuilt(bench.system.autoencoder, real.rolls)
        )[0],
        "baseline: on the grid, one velocity a drum": judge_features(flat_touch(real.rolls))[0],
        "baseline: bars shuffled over loops": judge_features(shuffled_bars(real.rolls, bench.seed))[
            0
        ],
        "baseline: independent cells": judge_features(
            independent_cells(real.rolls, len(real), bench.seed)
        )[0],
    }
    rows, figures = [], {}
    for name, features in sets.items():
        verdicts = [
            separability(features, real.judged, groups, groups, folds=folds, seed=bench.seed)
            for groups, folds in ((real.performances, 5), (session, 4))
        ]
        rows.append([name, *_cells(verdicts[0]), *_cells(verdicts[1])])
        figures[name] = {"performances": verdicts[0].accuracy, "sessions": verdicts[1].accuracy}
    floor = _halves(bench)
    rows.append(["floor: held-out loops against held-out loops", *_cells(floor), None, None, None])
    bench.report.table(
        "realism",
        f"Accuracy of a judge against {len(real)} held-out loops ({len(real)} of each kind, "
        "prompts their own captions)",
        ["", "other performances", "95 %", "AUC", "other sessions", "95 %", "AUC"], rows,
        [
            "0.5 is chance. Judge: mean vote of a linear model, extra trees and boosted trees on "
            f"{real.judged.shape[1]} features, fixed beforehand.",
            "“Other performances”: folds by performance, the judge may learn the held-out "
            "drummers' manner: the harder test to pass. “Other sessions”: folds by session, where "
            "even real training loops come out below chance.",
            "Real training loops are other drummers on other days: what the first column's floor "
            "says of them, no system that knows only them can be asked to beat.",
        ],
        verdicts=figures,
    )  # fmt: skip


def _cells(verdict: Verdict) -> list[Any]:
    return [verdict.accuracy, verdict.interval, verdict.auc]


def _matched(real: LoopSet, train: LoopSet) -> LoopSet:
    """For each real loop the free training loop nearest in kind, style and tempo."""
    style, kind = train.labels("style"), train.labels("kind")
    tempo = np.log2([clip.tempo for clip in train.clips])
    free, rows = np.zeros(len(train)), []
    for clip in real.clips:
        gap = np.abs(tempo - np.log2(clip.tempo)) + free
        gap = gap + 2 * (kind != clip.labels["kind"]) + (style != clip.labels["style"])
        rows.append(int(gap.argmin()))
        free[rows[-1]] = np.inf
    return train.take(rows)


def _halves(bench: Bench) -> Verdict:
    """Held-out performances split at random: the judge's own bias and spread."""
    real = bench.real
    names = np.random.default_rng(bench.seed).permutation(np.unique(real.performances))
    first = np.isin(real.performances, names[: len(names) // 2])
    return separability(
        real.judged[first], real.judged[~first], real.performances[first].tolist(),
        real.performances[~first].tolist(), seed=bench.seed,
    )  # fmt: skip


def frechet(bench: Bench) -> None:
    """Fréchet and kernel distance of contrastive embeddings from held-out loops."""
    real, system = bench.real, bench.system

    def embed(rolls: np.ndarray) -> np.ndarray:
        import torch

        with torch.no_grad():
            return system.contrastive.embed_roll(torch.from_numpy(rolls)).numpy()

    reference = embed(real.rolls)
    sets = {
        bench.name: embed(bench.made.rolls),
        "floor: real training loops, same styles and tempi": embed(
            _matched(real, bench.data.train).rolls
        ),
        "through the autoencoder only": embed(rebuilt(system.autoencoder, real.rolls)),
        "baseline: bars shuffled over loops": embed(shuffled_bars(real.rolls, bench.seed)),
        "baseline: independent cells": embed(independent_cells(real.rolls, len(real), bench.seed)),
    }
    rows, figures = [], {}
    for name, points in sets.items():
        value = frechet_distance(points, reference)
        interval = frechet_interval(points, reference, seed=bench.seed)
        rows.append([name, value, interval, 1000 * kernel_distance(points, reference)])
        figures[name] = value
    floor, near = (
        halves(measure, reference, groups=real.performances, seed=bench.seed)
        for measure in (frechet_distance, kernel_distance)
    )
    rows.append(["floor: halves of the held-out loops", floor, None, 1000 * near])
    bench.report.table(
        "frechet",
        f"Distance of contrastive embeddings ({reference.shape[1]} dimensions) from "
        f"{len(real)} held-out loops",
        ["", "Fréchet", "95 %", "kernel × 1000"], rows,
        [
            f"N = {len(real)} in each set; halves have {len(real) // 2}, split by performance. "
            f"Embedder: {bench.name}'s own contrastive tower.",
        ],
        distances=figures, floor=floor,
    )  # fmt: skip


def rhythm(bench: Bench) -> None:
    """Rhythm measures, mean over the loops, and Jensen–Shannon distances of where drums fall."""
    real, train = bench.real, bench.data.train.spread(bench.n)
    sets = {
        "held-out loops": real.rolls,
        bench.name: bench.made.rolls,
        "training loops": train.rolls,
        "independent cells": independent_cells(real.rolls, len(real), bench.seed),
    }
    rows = []
    for name, rolls in sets.items():
        onsets = measures.kick_and_snare(rolls)
        rows.append([
            name, float(measures.density(rolls).mean()),
            float(measures.syncopation(onsets).mean()),
            float(np.nanmedian(measures.swing_ratio(rolls))),
            float(measures.microtiming(rolls)[1].mean()),
            float(measures.velocity(rolls)[0].mean()), float(measures.velocity(rolls)[1].mean()),
            float(measures.repetition(rolls, 1).mean()),
            measures.position_distance(rolls, real.rolls),
        ])  # fmt: skip
    bench.report.table(
        "rhythm", f"Rhythm of {len(real)} loops of each kind",
        ["", "hits a beat", "syncopation a bar", "swing", "microtiming spread", "velocity",
         "velocity spread", "like next bar", "JS of places"],
        rows,
        ["Syncopation: Longuet-Higgins and Lee, on bass drum and accented snare. Swing: 1 even, "
         "2 triplets (median). JS: Jensen–Shannon distance to the held-out loops, 0 to 1."],
    )  # fmt: skip
