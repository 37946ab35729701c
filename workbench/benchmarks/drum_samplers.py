"""Time and quality of samplers and guidance scales."""

from __future__ import annotations

import time

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_following import plain_prompt
from workbench.evaluation.distances import frechet_distance, frechet_interval
from workbench.evaluation.intervals import share_interval

WAYS = (("dpm++", 20), ("dpm++", 10), ("ddim", 50), ("ddpm", 999))


def samplers(bench: Bench) -> None:
    """Time and Fréchet distance of each sampler on the same prompts and noise."""
    n = 24 if bench.quick else min(100, bench.n)
    real, all_real = bench.real.spread(n), bench.real
    reference = bench.system.embed_clips(all_real.clips).numpy()
    rows, seconds = [], {}
    bench.generate(real.captions, steps=2)  # loads the text encoder, which is not part of the time
    for sampler, steps in WAYS:
        started = time.perf_counter()
        made = bench.generate(
            real.captions, steps=steps, sampler=sampler, tempos=[c.tempo for c in real.clips]
        )
        seconds[f"{sampler} {steps}"] = time.perf_counter() - started
        points = bench.system.embed_clips(made.clips).numpy()
        value = frechet_distance(points, reference)
        interval = frechet_interval(points, reference, seed=bench.seed)
        rows.append([f"{sampler}, {steps} steps", seconds[f"{sampler} {steps}"], value, interval])
    slowest = seconds["ddpm 999"]
    for row, spent in zip(rows, seconds.values(), strict=True):
        row.insert(2, slowest / spent)
    bench.report.table(
        "samplers",
        f"Samplers: {n} loops for held-out captions, guidance {bench.guidance:g}",
        ["", "seconds", "times faster", "Fréchet", "95 %"],
        rows,
        [
            f"Fréchet on the contrastive embedding, {n} generated against {len(all_real)} held-out "
            "loops. Target: few steps ≥ 20 times faster at no worse distance."
        ],
        seconds=seconds,
    )


def guidance(bench: Bench) -> None:
    """Style accuracy, similarity to real loops, and variety, by guidance scale."""
    names, judge = bench.data.styles, bench.style_judge
    takes = max(3, bench.takes // 2)
    asked = np.array([name for name in names for _ in range(takes)])
    prompts = [plain_prompt(name, take) for name in names for take in range(takes)]
    real = bench.real.spread(40 if bench.quick else 150)
    reference = bench.system.embed_clips(bench.real.clips).numpy()
    rows = []
    for scale in (1.0, 1.5, 2.0, 3.0, 4.0):
        right = judge.predict(bench.generate(prompts, guidance=scale, seed=5).styled) == asked
        made = bench.generate(
            real.captions, guidance=scale, tempos=[c.tempo for c in real.clips], like=real
        )
        points = bench.system.embed_clips(made.clips).numpy()
        spread = float(np.linalg.norm(points - points.mean(0), axis=1).mean())
        interval = share_interval(int(right.sum()), len(right))
        rows.append(
            [
                f"{scale:g}",
                float(right.mean()),
                interval,
                frechet_distance(points, reference),
                spread,
            ]
        )
    own = bench.system.embed_clips(real.clips).numpy()
    spread = float(np.linalg.norm(own - own.mean(0), axis=1).mean())
    rows.append(["real", None, None, frechet_distance(own, reference), spread])
    bench.report.table(
        "guidance",
        f"Guidance: {len(asked)} style prompts, {len(real)} held-out captions",
        ["guidance", "style accuracy", "95 %", "Fréchet", "spread of embeddings"],
        rows,
        ["“real” are a part of the reference itself, so their distance is not a floor."],
    )
