"""Novelty, and the drum paper's tables of Hamming and Euclidean distances (arXiv 2408.02711)."""

from __future__ import annotations

from functools import partial

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import LoopSet
from workbench.datasets.keywords import multihot
from workbench.evaluation.intervals import bootstrap
from workbench.evaluation.patterns import (
    binary_cells,
    bucket_pairs,
    euclidean,
    hamming,
    nearest,
    smallest,
)

TRAINED_HOP = 2  # bars between the windows that systems are trained on


def novelty(bench: Bench) -> None:
    """Distance to the nearest training loop: copies are nearer than real held-out loops."""
    train = binary_cells(bench.data.loops("train", TRAINED_HOP).rolls)
    real, made = bench.real, bench.generated
    rows, figures = [], {}
    for name, loops in (("real held-out loops", real), (bench.name, made)):
        cells = binary_cells(loops.rolls)
        near = nearest(cells, train)
        interval = bootstrap(
            partial(_median, near), len(near), groups=loops.performances, seed=bench.seed
        )
        quantiles = [float(np.quantile(near, q)) for q in (0.05, 0.25, 0.5, 0.75)]
        share = near / np.maximum(1, cells.sum(1))
        rows.append(
            [
                name,
                len(near),
                *quantiles,
                interval,
                float(np.median(share)),
                int((near == 0).sum()),
                smallest(hamming(cells, train)),
            ]
        )
        figures[name] = float(np.median(near))
    again = bench.data.train.spread(len(real))
    bench.report.table(
        "novelty",
        f"Hamming distance to the nearest of {len(train)} training loops (1,152 cells)",
        [
            "",
            "N",
            "5 %",
            "25 %",
            "median",
            "75 %",
            "95 % of median",
            "median/hits",
            "exact copies",
            "nearest 1 % of pairs",
        ],
        rows,
        [
            "The windows of the training set are those the system was trained on; a training loop "
            f"itself is at distance {int(np.median(nearest(binary_cells(again.rolls), train)))}.",
            "Target: generated loops are no nearer than real held-out loops.",
        ],
        medians=figures,
    )


def paper_tables(bench: Bench) -> None:
    """Loops with the same and with other keywords, of the data and generated; and variety."""
    test = bench.data.test
    buckets = _buckets(test)
    same, other = bucket_pairs(buckets, test.performances.tolist(), 1000, bench.seed)
    latents = bench.system.encode(test.clips).numpy()
    cells = binary_cells(test.rolls)
    rows = [
        ["held-out loops, same bucket", len(same), *_pairs(cells, latents, same)],
        ["held-out loops, other buckets", len(other), *_pairs(cells, latents, other)],
    ]
    rows += _against_data(bench, test, buckets, cells, latents)
    rows += _variety(bench)
    bench.report.table(
        "paper",
        "The paper's distances: Hamming on 1,152 cells, Euclidean on the latent",
        ["", "pairs", "Hamming", "Euclidean"],
        rows,
        [
            f"Bucket: loops with the same of the 57 keywords, tempo left out; "
            f"{len(set(buckets))} buckets over {len(test)} held-out loops. Pairs of data are of "
            "different performances.",
            "The paper claims that distances within a bucket are smaller.",
        ],
        ids={
            "own": "generated, same prompt",
            "real": "held-out loops, same bucket",
            "trivial": "generated, different prompts",
        },
    )


def _buckets(loops: LoopSet) -> list[str]:
    """The keywords of a loop's style and kind, as in a folder name, without the tempo."""
    found = []
    for clip in loops.clips:
        words = f"{clip.labels.get('style', '')} {clip.labels.get('substyle', '')}"
        row = multihot(f"{words} {clip.labels.get('kind', '')}")[:-1]
        found.append("".join("01"[int(v)] for v in row))
    return found


def _pairs(cells: np.ndarray, latents: np.ndarray, pairs: np.ndarray) -> list[float]:
    if len(pairs) == 0:
        return [float("nan"), float("nan")]
    a, b = pairs.T
    distances = (cells[a] != cells[b]).sum(1).mean()
    flat = latents.reshape(len(latents), -1)
    return [float(distances), float(np.linalg.norm(flat[a] - flat[b], axis=1).mean())]


def _against_data(
    bench: Bench, test: LoopSet, buckets: list[str], cells: np.ndarray, latents: np.ndarray
) -> list[list[object]]:
    """Ten loops for each of ten prompts, against five held-out loops of its bucket and five
    others."""
    random = np.random.default_rng(bench.seed)
    common = [b for b in dict.fromkeys(buckets) if buckets.count(b) >= 5][:10]
    own = [random.choice([i for i, b in enumerate(buckets) if b == c], 5, False) for c in common]
    others = [random.choice([i for i, b in enumerate(buckets) if b != c], 5, False) for c in common]
    prompts = [test.clips[int(rows[0])].caption for rows in own for _ in range(10)]
    made = bench.generate(prompts, seed=bench.seed + 2)
    made_cells, made_latents = binary_cells(made.rolls), bench.system.encode(made.clips).numpy()
    lines = []
    for name, chosen in (("same bucket", own), ("other buckets", others)):
        distances = [
            (
                hamming(made_cells[10 * i : 10 * i + 10], cells[rows]),
                euclidean(made_latents[10 * i : 10 * i + 10], latents[rows]),
            )
            for i, rows in enumerate(chosen)
        ]
        lines.append(
            [
                f"generated against held-out loops, {name}",
                50 * len(common),
                float(np.mean([h for h, _ in distances])),
                float(np.mean([e for _, e in distances])),
            ]
        )
    return lines


def _variety(bench: Bench) -> list[list[object]]:
    """All pairs of ten loops of one prompt, over eight prompts; and of loops of any prompts."""
    prompts = bench.real.spread(8).captions
    made = bench.generate([p for p in prompts for _ in range(10)], seed=bench.seed + 3)
    cells, latents = binary_cells(made.rolls), bench.system.encode(made.clips).numpy()
    distances, far = hamming(cells, cells), euclidean(latents, latents)
    upper = np.triu(np.ones(distances.shape, bool), 1)
    same = np.repeat(np.arange(len(prompts)), 10)
    same = same[:, None] == same[None]
    return [
        [
            f"generated, {name}",
            int((upper & mask).sum()),
            float(distances[upper & mask].mean()),
            float(far[upper & mask].mean()),
        ]
        for name, mask in (("same prompt", same), ("different prompts", ~same))
    ]


def _median(values: np.ndarray, rows: np.ndarray) -> float:
    return float(np.median(values[rows]))
