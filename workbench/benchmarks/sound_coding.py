"""Reconstruction by the VAE-GAN, beside a blurred spectrogram and the same VAE without a GAN."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from workbench.benchmarks import audio_hearing
from workbench.benchmarks.audio_coding import coding_table, distance
from workbench.benchmarks.sound_data import SoundBench
from workbench.evaluation.distances import frechet_distance
from workbench.evaluation.intervals import mean_interval
from workbench.evaluation.spectra import log_spectral_distance, spectrogram
from workbench.systems.ldmg import LDMG
from workbench.systems.ldmg.coding import finetune_decoder, fit_vae
from workbench.systems.ldmg.config import PROFILES

DISCRIMINATOR = 8  # its width where it is compared


def coding(bench: SoundBench) -> None:
    """Reconstruction of held-out windows."""
    config = bench.system.config
    coding_table(
        bench,
        {"VAE-GAN": lambda sounds: bench.decode(bench.latents(sounds))},
        config.latent * config.rate / config.hop,
    )


def recordings(bench: SoundBench) -> None:
    """Reconstruction of renders and of recordings by other artists."""
    config = bench.system.config
    audio_hearing.recordings(
        bench,
        {"VAE-GAN": lambda sounds: bench.decode(bench.latents(sounds))[:, : bench.length]},
        config.latent * bench.audio.rate / config.hop,
    )


def players(bench: SoundBench) -> None:
    """The same VAE after the same steps, with and without the discriminator, each before and
    after its decoder is fine-tuned alone. All are trained here."""
    size = PROFILES["smoke" if bench.quick else "laptop"]
    steps = 12 if bench.quick else bench.training_steps or 600
    assert size.decoder_finetune
    finishing = replace(size.decoder_finetune, steps=min(steps, size.decoder_finetune.steps))
    coding = replace(size.coding, steps=steps, every=min(steps, size.coding.every))
    rows, validation = bench.audio.split("train"), bench.audio.split("validation")
    table = []
    config = bench.system.config
    for name, width in (("with discriminator", DISCRIMINATOR), ("without", 0)):
        torch.manual_seed(bench.seed)
        system = LDMG(
            replace(
                config,
                vae=replace(size.vae, channels=bench.audio.channels),
                dit=replace(config.dit, latent=size.vae.latent),
                frames=config.frames * config.vae_frames,
                patch=0,
            )
        )
        vae, out = system.networks.vae, bench.folder / name.replace(" ", "-")
        fit_vae(
            vae,
            bench.audio,
            rows,
            validation,
            coding,
            out / "vae",
            crop=size.crop,
            width=width,
            weights=size.weights,
            seed=bench.seed,
        )
        table.append([name, steps, *row(bench, system)])
        finetune_decoder(
            vae,
            bench.audio,
            rows,
            validation,
            finishing,
            out / "decoder",
            crop=size.crop,
            weights=size.weights,
            seed=bench.seed,
        )
        table.append([f"{name}, decoder fine-tuned", steps + finishing.steps, *row(bench, system)])
    bench.report.table(
        "players",
        "What the discriminator adds: one VAE, equal steps",
        [
            "",
            "steps",
            "log-spectral distance, dB",
            "95 %",
            "STFT convergence",
            "STFT log",
            "Fréchet",
        ],
        table,
    )


def row(bench: SoundBench, system: LDMG) -> list[object]:
    """Reconstruction errors of the system's VAE on held-out windows."""
    real = bench.real[0]
    coder = SoundBench(system, bench.audio, bench.report, n=bench.n, seed=bench.seed)
    again = coder.decode(coder.latents(real))
    distances = log_spectral_distance(spectrogram(real), spectrogram(again))
    far = frechet_distance(bench.predict(again)[0], bench.real_predictions[0])
    return [float(np.mean(distances)), mean_interval(distances), *distance(real, again), far]
