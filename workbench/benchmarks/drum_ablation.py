"""Whether several resolutions help: MRLSTM (1, 2, 4) against one LSTM of the same size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_autoencoder import rebuilt, trained
from workbench.evaluation.drums import reconstruction
from workbench.models.mrlstm import AutoencoderConfig, DrumAutoencoder
from workbench.training import Plan

SEEDS = (0, 1, 2)
MULTI = AutoencoderConfig(latent=16, hidden=24, width=64)


def parameters(config: AutoencoderConfig) -> int:
    """Number of trainable parameters of the autoencoder with this configuration."""
    return sum(p.numel() for p in DrumAutoencoder(config).parameters())


def single_of_equal_size(multi: AutoencoderConfig) -> AutoencoderConfig:
    """The configuration with only stride 1 whose size is nearest to that of `multi`."""
    aim = parameters(multi)
    options = [
        replace(multi, strides=(1,), hidden=h) for h in range(multi.hidden, 4 * multi.hidden)
    ]
    return min(options, key=lambda option: abs(parameters(option) - aim))


def resolutions(bench: Bench) -> None:
    """Reconstruction of held-out loops by both, with a small budget, for three seeds."""
    steps, seeds = (60, SEEDS[:2]) if bench.quick else (400, SEEDS)
    plan = Plan(steps=steps, batch=64, lr=3e-3, every=steps, weight_decay=1e-4, precision="32-true")
    train, test = bench.data.train.rolls, bench.data.test.rolls
    configs = {"strides 1, 2, 4": MULTI, "stride 1": single_of_equal_size(MULTI)}
    scores: dict[str, list[dict[str, float]]] = {}
    for name, config in configs.items():
        scores[name] = []
        for seed in seeds:
            torch.manual_seed(seed)
            network = trained(DrumAutoencoder(config), train, plan, seed)
            scores[name].append(reconstruction(test, rebuilt(network, test)))
    measures = ("f1", "velocity_error", "offset_error")
    rows = [
        [
            name,
            parameters(configs[name]),
            *(f"{s['f1']:.4f}" for s in runs),
            *(f"{np.mean([s[m] for s in runs]):.4f}" for m in measures),
        ]
        for name, runs in scores.items()
    ]
    ahead = sum(a["f1"] > b["f1"] for a, b in zip(*scores.values(), strict=True))
    bench.report.table(
        "ablation",
        f"Several resolutions or one: {MULTI.latent} numbers per beat, {steps} steps of "
        f"{plan.batch} loops",
        [
            "",
            "parameters",
            *(f"F1, seed {s}" for s in seeds),
            "mean F1",
            "velocity error",
            "offset error",
        ],
        rows,
        [
            f"Held-out sessions, {len(test)} loops. Several resolutions are better in {ahead} "
            f"of {len(seeds)} seeds."
        ],
    )
