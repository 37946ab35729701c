"""Reconstruction of held-out loops by the autoencoder, beside the paper's autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.fitted import fitted
from workbench.evaluation.drums import reconstruction
from workbench.evaluation.intervals import bootstrap
from workbench.models.mrlstm import PaperAutoencoder
from workbench.representations.drum_roll import CHANNELS
from workbench.training import Plan

if TYPE_CHECKING:
    from torch import nn

    from workbench.benchmarks.drum_data import LoopSet

MEASURES = ("f1", "precision", "recall", "velocity_error", "offset_error")


def reconstruction_table(bench: Bench) -> None:
    """F1 of hits, velocity and offset error on held-out loops, beside trivial baselines."""
    test = bench.data.test
    system = bench.system
    both = _rebuilt(system.autoencoder, test.rolls_of(system.slots))
    decoded = both[..., :CHANNELS]
    size = system.config.autoencoder
    name = "paper's networks" if system.config.paper else f"{size.latent} numbers per beat"

    def f1(rows: np.ndarray) -> float:
        return reconstruction(test.rolls[rows], decoded[rows])["f1"]

    interval = bootstrap(f1, len(test), groups=test.performances, seed=bench.seed)
    scores = reconstruction(test.rolls, decoded)
    rows = [[f"{bench.name}: {name}", *(scores[m] for m in MEASURES)]]
    if system.slots == 2:
        second = reconstruction(test.rolls_of(2)[..., CHANNELS:], both[..., CHANNELS:])
        rows.append([f"{bench.name}: second hits in a cell", *_of(second)])
    steps = 150 if bench.quick else 1200
    paper = _paper(bench, steps)
    rows.append([f"paper's, 128 numbers per loop, {steps} steps", *_scores(paper, test.rolls)])
    typical = _typical(bench.data.train.rolls, test.rolls.shape)
    rows.append(
        ["the most common bar of the training loops", *_of(reconstruction(test.rolls, typical))]
    )
    bench.report.table(
        "reconstruction",
        f"Autoencoder on held-out sessions ({len(test)} loops, "
        f"{len(set(test.performances))} performances)",
        ["", "F1", "precision", "recall", "velocity error", "offset error (steps)"],
        rows,
        [
            f"95 % interval of the first F1, resampling performances: {interval[0]:.3f} to "
            f"{interval[1]:.3f}. Targets: F1 ≥ 0.95, velocity error ≤ 0.06.",
            "The paper's autoencoder knows no microtiming; it is trained here on the same loops.",
        ],
        ids={"own": str(rows[0][0]), "rebuilt": str(rows[-2][0]), "trivial": str(rows[-1][0])},
        f1=scores["f1"],
        f1_interval=interval,
        velocity_error=scores["velocity_error"],
    )


def _rebuilt(autoencoder: Any, rolls: np.ndarray, batch: int = 128) -> np.ndarray:
    """Return rolls after encoding and decoding: (n, steps, 27 · slots)."""
    autoencoder.eval()
    with torch.no_grad():
        parts = [
            autoencoder.decode(autoencoder.encode(part)).numpy()
            for part in torch.from_numpy(rolls).split(batch)
        ]
    return np.concatenate(parts)


rebuilt = _rebuilt


def through_autoencoder(bench: Bench, loops: LoopSet) -> np.ndarray:
    """Return the first hits per cell of loops after encoding and decoding: (n, steps, 27)."""
    rolls = loops.rolls_of(bench.system.slots)
    return _rebuilt(bench.system.autoencoder, rolls)[..., :CHANNELS]


def _paper(bench: Bench, steps: int) -> nn.Module:
    """Train the paper's autoencoder on training sessions for `steps` steps."""
    plan = Plan(steps=steps, batch=64, lr=1e-3, warmup=1, every=steps, precision="32-true")
    torch.manual_seed(bench.seed)
    return trained(PaperAutoencoder(), bench.data.train.rolls, plan, bench.seed)


def trained(module: nn.Module, rolls: np.ndarray, plan: Plan, seed: int) -> nn.Module:
    """Train an autoencoder on these loops according to `plan`, in a temporary folder."""
    loss: Callable[..., dict[str, torch.Tensor]] = lambda net, x: net.loss(x)  # noqa: E731
    return fitted(module, torch.from_numpy(rolls), loss, plan, seed=seed, title="autoencoder")


def _scores(module: nn.Module, rolls: np.ndarray) -> list[float]:
    return _of(reconstruction(rolls, _rebuilt(module, rolls)))


def _of(scores: dict[str, float]) -> list[float]:
    return [scores[m] for m in MEASURES]


def _typical(train: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The same answer for every loop: cells hit in a third of training bars, at mean velocity."""
    bars = train.reshape(-1, 16, 27)
    rate = bars[..., :9].mean(0)
    mean = bars[..., 9:18].sum(0) / np.maximum(1, bars[..., :9].sum(0))
    hits = (rate > 1 / 3).astype(np.float32)
    bar = np.concatenate([hits, hits * mean, 0 * hits], axis=-1)
    return np.broadcast_to(np.tile(bar, (shape[1] // 16, 1)), shape)
