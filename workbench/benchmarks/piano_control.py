"""Whether DiffusionLM follows its controls, and which backbone trains faster."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch

from workbench.benchmarks.fitted import fitted
from workbench.benchmarks.piano_data import PianoBench
from workbench.evaluation.distances import diversity
from workbench.evaluation.intervals import share_interval
from workbench.models.control import KEYS
from workbench.models.diffusion_bound import bound
from workbench.models.diffusion_lm import Backbone, DiffusionLM, DiffusionLMConfig, losses
from workbench.music.keys import TONICS
from workbench.representations.pvd import PAD
from workbench.systems.diffusion_lm.controls import DENSITIES, REGISTERS, level, measures
from workbench.training import Plan

STRENGTHS = {"continuous": (0.03, 0.1, 0.2), "masked": (1.0, 1.5, 2.5)}


def obtained(bench: PianoBench, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Classes of generated windows: measured on the notes, the style by a separate judge."""
    key, density, pitch = measures(ids, bench.system.code)
    config = bench.system.config
    found = {
        "key": key,
        "density": level(density, config.density),
        "register": level(pitch, config.register),
    }
    if len(config.control.styles) > 1:
        found["style"] = bench.style_judge[0].predict(bench.shares(ids))
    return found


def control(bench: PianoBench) -> None:
    """Share of samples of the requested class, beside the rate without control, by strength."""
    n = 4 if bench.quick else 16
    asked: dict[str, list[tuple[str, int]]] = {
        "density": [(name, i) for i, name in enumerate(DENSITIES)],
        "register": [(name, i) for i, name in enumerate(REGISTERS)],
        "key": [(TONICS[i] + " major", i) for i in range(0, KEYS, 3)],
    }
    styles = bench.system.config.control.styles
    notes = []
    if len(styles) > 1:
        asked["style"] = [(name, i) for i, name in enumerate(styles)]
        notes.append(
            f"Style ({', '.join(styles)}) is judged by a logistic regression on word "
            f"counts; balanced accuracy on held-out songs {bench.style_judge[1]:.2f}."
        )
    free, real = obtained(bench, bench.samples), obtained(bench, bench.test)
    width = bench.features(bench.test)
    scale = np.maximum(width.std(0), 1e-9)
    rows, figures = [], {}
    strengths = STRENGTHS[bench.system.config.process]
    for name, values in asked.items():
        chance = float(np.mean([(free[name] == i).mean() for _, i in values]))
        for strength in strengths[1:2] if bench.quick else strengths:
            hits, cost, made = 0, [], []
            for number, (word, i) in enumerate(values):
                ids = bench.system.sample_words(
                    n,
                    {name: word},
                    steps=bench.steps,
                    guidance=strength,
                    seed=bench.seed + 100 * number,
                )
                hits += int((obtained(bench, ids)[name] == i).sum())
                made.append(bench.features(ids))
                cost.append(bench.judged(ids).mean() / np.log(2))
            total = n * len(values)
            figures[f"{name} {strength}"] = hits / total
            groups = np.repeat(np.arange(len(values)), n)
            varied = diversity(np.concatenate(made) / scale, groups) / diversity(
                width / scale, real[name]
            )
            rows.append(
                [
                    name,
                    strength,
                    hits / total,
                    share_interval(hits, total),
                    chance,
                    varied,
                    float(np.mean(cost)),
                ]
            )
    plain = float(bench.judged(bench.samples).mean() / np.log(2))
    bench.report.table(
        "control",
        f"Control: {n} samples for each class",
        [
            "requested",
            "strength",
            "obtained",
            "95 %",
            "uncontrolled",
            "spread",
            "judge: bits per word",
        ],
        rows,
        [
            f"Samples without control have {plain:.3f} bits per word under the judge. Measured on "
            "the decoded notes, not by what steers the sampling. Key: the signature whose "
            "scale holds most notes, one of twelve. Target: 0.80. Spread: root mean square "
            "distance of two samples of one request in standardised measures of notes, over that "
            "of two held-out windows of the class; 1 is as varied as real music.",
            *notes,
        ],
        obtained=figures,
    )


def backbones(bench: PianoBench) -> None:
    """BERT against ELECTRA from scratch: the bound after equal steps and after equal time. Only of
    the continuous process."""
    network = bench.system.config.network
    if not isinstance(network, DiffusionLMConfig):
        return
    steps = 20 if bench.quick else 500
    ids = torch.from_numpy(bench.test[:64])
    rows = []
    spent: dict[str, float] = {}
    runs: tuple[tuple[Backbone, str | None], ...] = (
        ("bert", None),
        ("electra", None),
        ("electra", "bert"),
    )
    for backbone, budget in runs:
        config = replace(network, backbone=backbone)
        torch.manual_seed(bench.seed)
        model = DiffusionLM(config)
        longer = steps if budget is None else int(steps * spent["bert"] / spent["electra"])
        plan = Plan(steps=longer, batch=32, lr=1e-3, every=longer, keep="last", ema=0.99)

        def loss(module: DiffusionLM, rows: torch.Tensor) -> dict[str, torch.Tensor]:
            return losses(module, rows.long(), PAD)

        started = time.monotonic()
        model = fitted(model, bench.moved.short(), loss, plan, seed=bench.seed, title=backbone)
        if budget is None:
            spent[backbone] = time.monotonic() - started
        total = bound(model, ids, PAD, draws=4, seed=bench.seed)
        size = sum(p.numel() for p in model.parameters()) / 1e6
        rows.append(
            [
                f"{backbone}, {size:.1f} M",
                longer,
                "equal steps" if budget is None else "equal time",
                total["total"],
                total["error"],
            ]
        )
    bench.report.table(
        "backbones",
        f"BERT and ELECTRA from scratch on {len(bench.moved):,} windows",
        ["", "steps", "", "bound, bits per word", "± (standard error)"],
        rows,
        [f"A step of ELECTRA takes {spent['electra'] / spent['bert']:.2f} of BERT's time."],
    )
