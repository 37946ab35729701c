"""MusicLDM's mel VAE and vocoder: what they lose, and how fast all of it is."""

from __future__ import annotations

import numpy as np
import torch

from workbench.benchmarks.music_data import MusicBench
from workbench.benchmarks.song_speed import timed
from workbench.benchmarks.sound_coding import distance, interval
from workbench.evaluation.distances import frechet_distance
from workbench.evaluation.spectra import (
    blurred,
    decimated,
    log_spectral_distance,
    spectrogram,
)


def coding(bench: MusicBench) -> None:
    """Held-out windows through the vocoder alone, and through VAE and vocoder."""
    system, real = bench.system, bench.real[0]
    parts = torch.from_numpy(real).float().split(16)
    before, table = spectrogram(real), []
    for name, again in (
        ("mel, vocoder", [system.vocode(system.mel(part)) for part in parts]),
        ("mel, VAE, vocoder", [system.decode(system.encode(part)) for part in parts]),
    ):
        sound = torch.cat(again)[:, : bench.length].numpy()
        apart = log_spectral_distance(before, spectrogram(sound))
        far = frechet_distance(bench.hear(sound)[0], bench.real_heard[0])
        table.append([name, apart.mean(), interval(apart), *distance(real, sound), far])
    for name, half in (("every second bin and frame, said twice", decimated),
                       ("means of two by two, drawn apart", blurred)):  # fmt: skip
        apart = log_spectral_distance(before, half(before))
        table.append([name, apart.mean(), interval(apart), None, None, None])
    other = bench.hear(bench.windows("train", 1)[0])[0]
    floor = frechet_distance(other, bench.real_heard[0])
    table.append(["floor: as many training windows", None, None, None, None, floor])
    numbers = system.encode(parts[0][:1]).numel() / system.config.seconds
    bench.report.table(
        "coding", f"Reconstruction of {len(real)} held-out windows; the VAE keeps {numbers:.0f} "
        f"numbers a second of {system.config.rate:,} samples",
        ["", "log-spectral distance, dB", "95 %", "STFT convergence", "STFT log", "Fréchet"],
        table,
        ["Both baselines are a spectrogram at half size: 8,000 magnitudes a second, and no phase. "
         "Measures as in LDMG's card."],
    )  # fmt: skip


def speed(bench: MusicBench) -> None:
    """Seconds of sound a second of computing."""
    system, rate = bench.system, bench.audio.rate
    sound = torch.from_numpy(np.resize(bench.real[0].ravel(), 20 * rate)[None]).float()
    latents = system.encode(sound)
    rows = [["encoding 20 s", 20 / timed(lambda: system.encode(sound), 3)],
            ["decoding 20 s", 20 / timed(lambda: system.decode(latents), 3)]]  # fmt: skip
    n = 2 if bench.quick else 8
    vectors = system.embedder.embed_text(bench.captions[:1]).expand(n, -1)
    for steps in (10, 25, 50):
        took = timed(lambda s=steps: system.draw_each(vectors, range(n), steps=s), 1)  # type: ignore[misc]
        rows.append([f"drawing {n} clips, {steps} steps", n * bench.length / rate / took])
    bench.report.table(
        "speed", f"Speed on {torch.get_num_threads()} threads",
        ["", "seconds of sound a second"], rows, ["Drawing with guidance, vocoder included."],
    )  # fmt: skip
