"""LDMG's speed: coding and generation as multiples of real time; training against a plain loop."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch

from workbench.benchmarks.audio_coding import speed_table
from workbench.benchmarks.sound_data import SoundBench
from workbench.processes import tied
from workbench.systems.ldmg.coding import VAEGAN, gan_terms
from workbench.systems.ldmg.config import PROFILES
from workbench.systems.ldmg.networks import vae_of
from workbench.training import Plan, fast_precision, fit, seeds

MEMORY = """
import sys, torch
from workbench.processes import peak_memory
from workbench.systems.ldmg.coding import VAEGAN, gan_terms
from workbench.systems.ldmg.networks import vae_of
from workbench.systems.ldmg.config import PROFILES
size = PROFILES[sys.argv[1]]
module = VAEGAN(vae_of(size.vae), size.width)
optimizer = torch.optim.AdamW(module.parameters())
for _ in range(2):
    sum(gan_terms(module, 0.1 * torch.randn(size.coding.batch, 1, size.crop), size.weights)
        .values()).backward()
    optimizer.step()
print(peak_memory())
"""


def speed(bench: SoundBench) -> None:
    """Multiples of real time; medians of alternating runs."""
    system, channels = bench.system, bench.system.config.vae.channels
    ratio = overhead(bench)
    memory = [
        f"{name} {peak(name):.1f} GiB"
        for name in (("smoke",) if bench.quick else ("smoke", "laptop"))
    ]
    speed_table(
        bench,
        lambda sound: system.encode_sound(np.repeat(sound[None], channels, 0)),
        system.decode_sound,
        lambda n, steps: bench.generate(n=n, steps=steps),
        [
            f"A step of training the VAE-GAN takes {ratio:.3f} of the same step in a plain loop "
            "(medians of alternating runs). Peak memory of such a step, the libraries "
            "included: "
            f"{', '.join(memory)}; the larger profiles are meant for a GPU."
        ],
        overhead=ratio,
    )


def overhead(bench: SoundBench) -> float:
    """Time of a step of `fit`, divided by that of a plain loop on the same batches."""
    size = PROFILES["smoke" if bench.quick else "laptop"]
    steps, turns = (3, 1) if bench.quick else (15, 5)
    rows = bench.audio.split("train")
    config = bench.system.config.vae

    def batch(seed: int) -> torch.Tensor:
        return torch.from_numpy(
            bench.audio.crops(size.coding.batch, size.crop, seed=seed, rows=rows)[0]
        )

    def ours() -> float:
        torch.manual_seed(0)
        plan = Plan(
            steps=steps, batch=size.coding.batch, lr=1e-3, every=steps + 1, keep="last", clip=5.0
        )
        with tempfile.TemporaryDirectory() as folder:
            return (
                fit(
                    VAEGAN(vae_of(config), size.width),
                    seeds(),
                    lambda module, numbers: gan_terms(module, batch(int(numbers[0])), size.weights),
                    plan,
                    Path(folder),
                    seed=0,
                    title="overhead",
                ).seconds
                / steps
            )

    def plain() -> float:
        torch.manual_seed(0)
        module = VAEGAN(vae_of(config), size.width)
        optimizer = torch.optim.AdamW(module.parameters(), 1e-3)
        half, started = fast_precision() == "bf16-mixed", time.perf_counter()
        for step in range(steps):
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                total = torch.stack(list(gan_terms(module, batch(step), size.weights).values()))
            optimizer.zero_grad()
            total.sum().backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 5.0)
            optimizer.step()
        return (time.perf_counter() - started) / steps

    ours(), plain()
    return median(ours() / plain() for _ in range(turns))


def peak(profile: str) -> float:
    """Peak memory in GiB of a process during two steps of the VAE-GAN."""
    done = subprocess.run(
        tied([sys.executable, "-c", MEMORY, profile]), capture_output=True, text=True, check=True
    )
    return float(done.stdout) / 1024
