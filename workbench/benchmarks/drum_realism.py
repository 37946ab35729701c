"""Whether generated loops can be distinguished from played ones: classifiers, Fréchet distances,
rhythm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_autoencoder import through_autoencoder
from workbench.benchmarks.drum_data import LoopSet
from workbench.benchmarks.drum_objections import objections
from workbench.benchmarks.drumbench.loop import Loop
from workbench.evaluation import rhythm as measures
from workbench.evaluation.baselines import flat_touch, independent_cells, shuffled_bars
from workbench.evaluation.classifiers import Verdict, separability
from workbench.evaluation.distances import frechet_distance, frechet_interval, kernel_distance
from workbench.evaluation.features import judge_features
from workbench.evaluation.roll_judge import RollJudge
from workbench.evaluation.summary import halves
from workbench.representations.drum_roll import DrumRoll

FLOOR = "floor: real training loops, same styles and tempi"
SHUFFLED = "baseline: bars shuffled over loops"
INDEPENDENT = "baseline: independent cells"
FOLDS = 6  # of whole sessions


def realism(bench: Bench) -> None:
    """Accuracy of classifiers that are trained on other sessions to recognise real loops."""
    real, held_out = bench.data.sessions(bench.n)
    judges = Judges(real, held_out, seed=bench.seed)
    sets: dict[str, np.ndarray] = {
        bench.name: bench.like(real).rolls,
        FLOOR: _matched(real, bench.data.train).rolls,
        "through the autoencoder only": through_autoencoder(bench, real),
        "baseline: on the grid, one velocity per drum": flat_touch(real.rolls),
        SHUFFLED: shuffled_bars(real.rolls, bench.seed),
        INDEPENDENT: independent_cells(real.rolls, len(real), bench.seed),
    }
    rows, figures = [], {}
    for name, rolls in sets.items():
        verdicts = judges.verdicts(rolls, quick=name not in (bench.name, FLOOR))
        cells = [cell for verdict in verdicts.values() for cell in _cells(verdict)]
        rows.append([name, *cells, *[None] * (9 - len(cells))])
        figures[name] = {key: verdict.accuracy for key, verdict in verdicts.items()}
    floor = _halves(bench)
    rows.append(["floor: held-out loops against held-out loops", *_cells(floor), *[None] * 6])
    sessions, held = (len(np.unique(s)) for s in (_sessions(real), _sessions(real)[held_out]))
    bench.report.table(
        "realism",
        f"Accuracy of two judges against {held_out.sum()} loops not trained on (as many of each "
        "kind, prompts are their captions)",
        [
            "",
            "features, other performances",
            "95 %",
            "AUC",
            "features, other sessions",
            "95 %",
            "AUC",
            "network, other sessions",
            "95 %",
            "AUC",
        ],
        rows,
        [
            "0.5 is chance. Features: mean vote of a linear model, extra trees and boosted trees "
            f"on {judges.played.shape[1]} features. Network: four convolutions on the roll (hits, "
            "velocity, microtiming), shifted by bars, mean of two seeds. Both were "
            "fixed before measuring. Autoencoder and baselines by the first column only.",
            "“Other performances”: five folds of the held-out loops. “Other sessions”: "
            f"{FOLDS} folds of {sessions} sessions. The judge also learns from "
            f"{(~held_out).sum()} loops of sessions that were trained on, and from those generated "
            f"for their captions: it knows more drummers than the {held} sessions held out, on "
            "which it is measured (test and validation; validation chose the step to stop at). A "
            "real loop and the one that is compared with it are in one fold. Intervals resample "
            "performances.",
            "Floor: for each loop a person's training loop of the same style and a similar tempo, "
            "of another session.",
        ],
        ids={"own": bench.name, "real": FLOOR, "trivial": SHUFFLED},
        verdicts=figures,
    )


@dataclass
class Judges:
    """Classifiers that are trained to distinguish loops from those of people.

    Args:
        real: Loops of people, of many sessions, as `DrumData.sessions` chooses them.
        held_out: Bools (n,): the loops that count. The classifiers are trained on the others too.
        folds: Folds of whole sessions.
        seed: Of folds and classifiers.
    """

    real: LoopSet
    held_out: np.ndarray
    folds: int = FOLDS
    seed: int = 0

    @cached_property
    def played(self) -> np.ndarray:
        """Features of the real loops."""
        return features_of(self.real.rolls)

    def verdicts(self, rolls: np.ndarray, *, quick: bool = False) -> dict[str, Verdict]:
        """How well rolls are distinguished from the real loops.

        Args:
            rolls: One per real loop, (n, steps, 27), such as the loop generated for its caption.
            quick: Only the first of the verdicts, in a tenth of the time.

        Returns:
            "performances": features, folds of performances of the held-out loops only;
            "sessions": features, folds of sessions; "network": the network, the same folds.
        """
        groups, performances = _sessions(self.real), self.real.performances
        how: dict[str, Any] = {
            "folds": self.folds,
            "seed": self.seed,
            "measured": (self.held_out, self.held_out),
            "resampled": (performances, performances),
        }
        made, played, own = features_of(rolls), self.played, performances[self.held_out]
        first = separability(made[self.held_out], played[self.held_out], own, own, seed=self.seed)
        if quick:
            return {"performances": first}
        flat = _flat(rolls), _flat(self.real.rolls)
        return {
            "performances": first,
            "sessions": separability(made, played, groups, groups, **how),
            "network": separability(*flat, groups, groups, judges=_network, **how),
        }


def features_of(rolls: np.ndarray) -> np.ndarray:
    """Features that the classifiers read: hits, velocity and timing by place and drum, and what a
    drummer would object to. (n, f); 0 where a loop has nothing to measure."""
    figures = objections([Loop.of(DrumRoll.from_array(roll).to_clip()) for roll in rolls])
    objected = np.nan_to_num(np.stack(list(figures.values()), axis=1))
    return np.concatenate([judge_features(rolls)[0], objected], axis=1)


def _sessions(loops: LoopSet) -> np.ndarray:
    return loops.labels("session")


def _flat(rolls: np.ndarray) -> np.ndarray:
    return rolls.reshape(len(rolls), -1)


def _network(seed: int) -> dict[str, Any]:
    return {"network": RollJudge((seed, seed + 1))}


def _cells(verdict: Verdict) -> list[Any]:
    return [verdict.accuracy, verdict.interval, verdict.auc]


def _matched(real: LoopSet, train: LoopSet) -> LoopSet:
    """For each real loop, the unused training loop of another session that is nearest in kind,
    style and tempo."""
    style, kind, session = train.labels("style"), train.labels("kind"), _sessions(train)
    tempo = np.log2([clip.tempo for clip in train.clips])
    free, rows = np.zeros(len(train)), []
    for clip in real.clips:
        gap = np.abs(tempo - np.log2(clip.tempo)) + free
        gap = gap + 2 * (kind != clip.labels["kind"]) + (style != clip.labels["style"])
        gap = gap + 4 * (session == clip.labels["session"])
        rows.append(int(gap.argmin()))
        free[rows[-1]] = np.inf
    return train.take(rows)


def _halves(bench: Bench) -> Verdict:
    """Random halves of the held-out performances: bias and variance of the classifier itself."""
    real = bench.real
    names = np.random.default_rng(bench.seed).permutation(np.unique(real.performances))
    first = np.isin(real.performances, names[: len(names) // 2])
    return separability(
        real.judged[first],
        real.judged[~first],
        real.performances[first].tolist(),
        real.performances[~first].tolist(),
        seed=bench.seed,
    )


def frechet(bench: Bench) -> None:
    """Fréchet and kernel distance to held-out loops, of contrastive embeddings."""
    real, system = bench.real, bench.system

    def embed(rolls: np.ndarray) -> np.ndarray:
        import torch

        with torch.no_grad():
            return system.contrastive.embed_roll(torch.from_numpy(rolls)).numpy()

    project = _projection(bench.data.train.judged)
    reference, described = embed(real.rolls), project(real.judged)
    sets = {
        bench.name: bench.generated.rolls,
        FLOOR: _matched(real, bench.data.train).rolls,
        "through the autoencoder only": through_autoencoder(bench, real),
        SHUFFLED: shuffled_bars(real.rolls, bench.seed),
        INDEPENDENT: independent_cells(real.rolls, len(real), bench.seed),
    }
    rows, figures = [], {}
    for name, rolls in sets.items():
        points, features = embed(rolls), project(judge_features(rolls)[0])
        value = frechet_distance(points, reference)
        interval = frechet_interval(points, reference, seed=bench.seed)
        other = frechet_distance(features, described)
        rows.append([name, value, interval, 1000 * kernel_distance(points, reference), other])
        figures[name] = [value, other]
    floor, near, features_floor = (
        halves(measure, points, groups=real.performances, seed=bench.seed)
        for measure, points in (
            (frechet_distance, reference),
            (kernel_distance, reference),
            (frechet_distance, described),
        )
    )
    rows.append(["floor: halves of the held-out loops", floor, None, 1000 * near, features_floor])
    bench.report.table(
        "frechet",
        f"Distance from {len(real)} held-out loops, of contrastive embeddings "
        f"({reference.shape[1]} dimensions) and of hand-made features ({described.shape[1]})",
        ["", "Fréchet", "95 %", "kernel × 1000", "Fréchet, hand-made features"],
        rows,
        [
            f"N = {len(real)} in each set; halves have {len(real) // 2}, split by performance. "
            f"The first three columns embed by {bench.name}'s own contrastive tower, which also "
            "steers it, so they flatter it. The last column shares nothing with any system: "
            "features of the judge, standardised, on the principal components of training loops."
        ],
        ids={"own": bench.name, "real": FLOOR, "trivial": INDEPENDENT},
        distances=figures,
        floor=floor,
    )


def _projection(train: np.ndarray, dimensions: int = 32) -> Callable[[np.ndarray], np.ndarray]:
    """Standardise and project features, fitted on training loops."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), PCA(dimensions, random_state=0)).fit(train).transform


def rhythm(bench: Bench) -> None:
    """Metrics of rhythm, mean over loops, and Jensen–Shannon distances of positions."""
    real, train = bench.real, bench.data.train.spread(bench.n)
    sets = {
        "held-out loops": real.rolls,
        bench.name: bench.generated.rolls,
        "training loops": train.rolls,
        "independent cells": independent_cells(real.rolls, len(real), bench.seed),
    }
    rows = []
    for name, rolls in sets.items():
        onsets = measures.kick_and_snare(rolls)
        rows.append(
            [
                name,
                float(measures.density(rolls).mean()),
                float(measures.syncopation(onsets).mean()),
                float(np.nanmedian(measures.swing_ratio(rolls))),
                float(measures.microtiming(rolls)[1].mean()),
                float(measures.velocity(rolls)[0].mean()),
                float(measures.velocity(rolls)[1].mean()),
                float(measures.repetition(rolls, 1).mean()),
                measures.position_distance(rolls, real.rolls),
            ]
        )
    bench.report.table(
        "rhythm",
        f"Rhythm of {len(real)} loops of each kind",
        [
            "",
            "hits per beat",
            "syncopation per bar",
            "swing",
            "SD of microtiming",
            "velocity",
            "velocity spread",
            "similarity to next bar",
            "JS of positions",
        ],
        rows,
        [
            "Syncopation: Longuet-Higgins and Lee, on bass drum and accented snare. Swing: 1 even, "
            "2 triplets (median). JS: Jensen–Shannon distance to the held-out loops, 0 to 1."
        ],
    )
