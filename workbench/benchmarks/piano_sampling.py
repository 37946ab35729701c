"""Temperatures and numbers of steps of DiffusionLM's sampling, compared on the validation split.

Validity alone prefers cold samples, and so does a judge by likelihood. A listener also hears wrong
notes, dynamics and rhythm. A setting is therefore judged by how far its samples are from real
windows in measures of all of these. No default follows from it by itself.
"""

from __future__ import annotations

import numpy as np

from workbench.benchmarks.piano_data import PianoBench
from workbench.evaluation.symbolic import measures

NOTES = ("clash rate", "velocity spread", "mean length", "polyphony", "leap", "scale consistency")
RHYTHM, JUDGE = "rhythm entropy", "judge: bits per word"
# process → temperatures, numbers of steps
SETTINGS: dict[str, tuple[tuple[float, ...], tuple[int, ...]]] = {
    "continuous": ((0.3, 0.5, 0.7, 0.85, 1.0), (50, 100, 200)),
    "masked": ((0.6, 0.7, 0.8, 1.0), (32, 64, 128)),
}


def figures(bench: PianoBench, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Figures of windows (n, 130) by name, (n,) each: measures of notes, the entropy in bits of the
    sixteenths of a bar on which notes begin, and bits per word under the GPT judge."""
    code = bench.system.code
    found = measures([code.decode(row) for row in ids])
    values = {name: np.nan_to_num(found[name]) for name in NOTES}
    values[RHYTHM] = np.array([entropy(code.positions[row]) for row in ids])
    values[JUDGE] = bench.judged(ids) / np.log(2)
    return values


def entropy(positions: np.ndarray) -> float:
    """Entropy in bits of the sixteenths of a bar on which notes begin, from the position of each
    word, −1 where a word has none."""
    counts = np.bincount(positions[positions >= 0])
    share = counts[counts > 0] / max(1, counts.sum())
    return float(-(share * np.log2(share)).sum())


def distance(found: dict[str, np.ndarray], real: dict[str, np.ndarray]) -> float:
    """Return the mean over all figures of |mean of samples − mean of real windows| in standard
    deviations, the larger of the two; 0 is best. Real windows may all have the same value, such as
    no clash at all."""
    gaps = []
    for name, values in real.items():
        spread = max(float(values.std()), float(found[name].std()), 1e-9)
        gaps.append(abs(found[name].mean() - values.mean()) / spread)
    return float(np.mean(gaps))


def sampling(bench: PianoBench) -> None:
    """Temperatures and numbers of steps: measures of notes and a judge, against validation
    windows."""
    few = 8 if bench.quick else 48
    validation, _ = bench.full(bench.windows("validation", 20 if bench.quick else None, 4))
    real = figures(bench, validation)
    other = figures(bench, bench.full(bench.train)[0])
    temperatures, steps = SETTINGS[bench.system.config.process]
    if bench.quick:
        temperatures, steps = temperatures[::2], steps[:1]
    names = [*NOTES, RHYTHM, JUDGE]
    sets = {"validation windows": real, "training windows": other}
    for number in steps:
        for temperature in temperatures:
            ids = bench.system.sample_words(
                min(bench.n, few), steps=number, temperature=temperature, seed=bench.seed
            )
            sets[f"{number} steps, temperature {temperature:g}"] = figures(bench, ids)
    gaps = {label: distance(found, real) for label, found in sets.items()}
    rows = [
        [label, *(float(found[name].mean()) for name in names), gaps[label]]
        for label, found in sets.items()
    ]
    best = min([*sets][2:], key=gaps.__getitem__)
    bench.report.table(
        "sampling",
        f"{min(bench.n, few)} samples per setting, {len(validation)} windows of validation songs",
        ["", *names, "distance"],
        rows,
        [
            "Means over windows. Distance: mean over all columns of the difference to the "
            "validation windows in standard deviations; training windows are its floor. "
            f"Smallest: {best}."
        ],
        best=best,
    )
