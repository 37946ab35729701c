"""The VAE-GAN: what it loses, beside a blurred spectrogram and the same VAE without a GAN."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from workbench.benchmarks.sound_data import SoundBench
from workbench.evaluation.distances import frechet_distance
from workbench.evaluation.intervals import bootstrap
from workbench.evaluation.spectra import (
    blurred,
    decimated,
    log_spectral_distance,
    spectrogram,
)
from workbench.models.spectral import stft_loss
from workbench.systems.ldmg import LDMG
from workbench.systems.ldmg_training import PROFILES, fit_vae


def coding(bench: SoundBench) -> None:
    """Reconstruction of held-out windows."""
    real, system = bench.real[0], bench.system
    again = bench.decode(bench.latents(real))
    before = spectrogram(real)
    ours = log_spectral_distance(before, spectrogram(again))
    blur = log_spectral_distance(before, blurred(before))
    rough = log_spectral_distance(before, decimated(before))
    loud = [np.sqrt((x**2).mean(1)) for x in (again, real)]
    config = system.config
    rate = config.vae.latent * config.rate / config.vae.hop
    convergence, logs = distance(real, again)
    other, _ = bench.hear(bench.windows("train", 1)[0])
    bench.report.table(
        "coding", f"Reconstruction of {len(real)} held-out windows of {config.seconds:.1f} s, "
        f"{rate:.0f} numbers a second for {config.rate:,} samples",
        ["", "log-spectral distance, dB", "95 %", "STFT convergence", "STFT log", "Fréchet"],
        [["VAE-GAN", ours.mean(), interval(ours), convergence, logs,
          bench.apart(again)[0]],
         ["every second bin and frame, said twice", rough.mean(), interval(rough), None, None,
          None],
         ["means of two by two, drawn apart", blur.mean(), interval(blur), None, None, None],
         ["floor: as many training windows", None, None, None, None,
          frechet_distance(other, bench.real_heard[0])]],
        [f"Level of the reconstruction: {np.mean(loud[0]) / np.mean(loud[1]):.2f} of the real one. "
         "Both baselines are the original's spectrogram at half size; they keep a quarter of all "
         "magnitudes, 8,000 numbers a second, and no phase. Log-spectral distance: window 1,024, "
         "nothing below −80 dB of full scale. STFT: seven "
         f"windows from 2,048 to 32. Fréchet: our tagger's 128 numbers, N {len(real)}."],
        ours=float(ours.mean()), decimated=float(rough.mean()), blurred=float(blur.mean()),
    )  # fmt: skip


def interval(values: np.ndarray) -> tuple[float, float]:
    return bootstrap(lambda rows: float(values[rows].mean()), len(values))


def distance(real: np.ndarray, again: np.ndarray) -> tuple[float, float]:
    """Multi-resolution STFT distance of sounds (n, samples): convergence and mean |log|."""
    x, y = (torch.from_numpy(s.astype(np.float32))[:, None] for s in (real, again))
    found = [tuple(map(float, stft_loss(a, b))) for a, b in zip(x.split(16), y.split(16),
                                                               strict=True)]  # fmt: skip
    weights = [len(part) for part in x.split(16)]
    return tuple(np.average(np.array(found), axis=0, weights=weights).tolist())  # type: ignore[return-value]


def players(bench: SoundBench) -> None:
    """The same VAE at the same steps with and without the discriminator, both trained here."""
    steps = 12 if bench.quick else 600
    size = PROFILES["smoke" if bench.quick else "laptop"]
    plan = replace(size.coding, steps=steps, every=steps)
    rows, kept = bench.audio.split("train"), bench.audio.split("validation")
    real, table = bench.real[0], []
    for name, on in (("with discriminator", 1.0), ("without", 0.0)):
        torch.manual_seed(bench.seed)
        system = LDMG(replace(bench.system.config, vae=replace(size.vae,
                      channels=bench.audio.channels),
                      dit=replace(bench.system.config.dit, latent=size.vae.latent)))  # fmt: skip
        weights = replace(size.weights, adversarial=on * size.weights.adversarial,
                          matching=on * size.weights.matching)  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            fit_vae(system, bench.audio, rows, kept, replace(size, weights=weights), plan,
                    Path(folder), bench.seed, None)  # fmt: skip
        heard = SoundBench(system, bench.audio, bench.report, n=bench.n, seed=bench.seed)
        again = heard.decode(heard.latents(real))
        table.append([name, steps, *distance(real, again),
                      frechet_distance(bench.hear(again)[0], bench.real_heard[0])])  # fmt: skip
    bench.report.table(
        "players", "What the discriminator adds: one VAE, equal steps",
        ["", "steps", "STFT convergence", "STFT log", "Fréchet"], table,
    )  # fmt: skip
