"""Loss and speed of coding held-out windows, measured in the same way for every system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from workbench.benchmarks.audio_data import AudioBench
from workbench.evaluation.distances import frechet_distance
from workbench.evaluation.intervals import mean_interval
from workbench.evaluation.spectra import blurred, decimated, log_spectral_distance, spectrogram
from workbench.evaluation.timing import timed
from workbench.models.spectral import stft_loss

Coding = Callable[[np.ndarray], np.ndarray]  # sounds (n, samples) → the same, decoded again


def coding_table(bench: AudioBench, ways: Mapping[str, Coding], numbers: float) -> None:
    """Reconstruction of held-out windows by each codec, beside the original paper's baseline.

    Args:
        bench: The run.
        ways: Codecs by name; the last one is the system's own.
        numbers: Latent numbers per second.
    """
    real, _ = bench.real
    before, table = spectrogram(real), []
    for name, way in ways.items():
        again = way(real)
        distances = log_spectral_distance(before, spectrogram(again))
        level = round(loudness(again) / loudness(real), 3)
        far = frechet_distance(bench.predict(again)[0], bench.real_predictions[0])
        table.append(
            [name, distances.mean(), mean_interval(distances), *distance(real, again), level, far]
        )
    for name, half in (
        ("every second bin and frame, repeated", decimated),
        ("means of two by two, interpolated", blurred),
    ):
        distances = log_spectral_distance(before, half(before))
        table.append([name, distances.mean(), mean_interval(distances), None, None, None, None])
    other = bench.predict(bench.windows("train", 1)[0])[0]
    floor = frechet_distance(other, bench.real_predictions[0])
    table.append(["floor: as many training windows", *[None] * 5, floor])
    rate = bench.system.config.rate
    bench.report.table(
        "coding",
        f"Reconstruction of {len(real)} held-out windows of "
        f"{bench.system.config.seconds:.1f} s, {numbers:.0f} numbers per second for {rate:,} "
        "samples",
        [
            "",
            "log-spectral distance, dB",
            "95 %",
            "STFT convergence",
            "STFT log",
            "level",
            "Fréchet",
        ],
        table,
        [
            "Both baselines are a spectrogram at half size; they keep a quarter of all magnitudes, "
            f"{rate // 2:,} numbers per second, and no phase. Log-spectral distance: window 1,024, "
            "nothing below −80 dB of full scale. STFT: seven windows from 2,048 to 32. Level: mean "
            f"amplitude over the real one's. Fréchet: our tagger's 128 numbers, N {len(real)}."
        ],
        ids={"own": list(ways)[-1], "trivial": "means of two by two, interpolated"},
    )


def loudness(sounds: np.ndarray) -> float:
    """Mean over sounds (n, samples) of their root mean square."""
    return float(np.sqrt((sounds**2).mean(1)).mean())


def distance(real: np.ndarray, again: np.ndarray) -> tuple[float, float]:
    """Multi-resolution STFT distance of sounds (n, samples): spectral convergence and mean
    |log|."""
    x, y = (torch.from_numpy(s.astype(np.float32))[:, None] for s in (real, again))
    found = [
        tuple(map(float, stft_loss(a, b))) for a, b in zip(x.split(16), y.split(16), strict=True)
    ]
    weights = [len(part) for part in x.split(16)]
    return tuple(np.average(np.array(found), axis=0, weights=weights).tolist())


def speed_table(
    bench: AudioBench,
    encode: Callable[[np.ndarray], Any],
    decode: Callable[[Any], Any],
    draw: Callable[[int, int], Any],
    notes: Sequence[str],
    **figures: Any,
) -> None:
    """Speed as multiples of real time.

    Args:
        bench: The run.
        encode: Takes (samples,).
        decode: Takes the result of `encode`.
        draw: Generates; takes the number of clips and of steps.
        notes: Printed below the table.
        figures: Stored with the table.
    """
    rate = bench.audio.rate
    sound = np.resize(bench.real[0].ravel(), 20 * rate).astype(np.float32)
    latents = encode(sound)
    rows = [
        ["encoding 20 s", 20 / timed(lambda: encode(sound), 3)],
        ["decoding 20 s", 20 / timed(lambda: decode(latents), 3)],
    ]
    n = 2 if bench.quick else 8
    draw(1, 1)  # what is loaded on first use
    for steps in (10, 25, 50):
        took = timed(lambda s=steps: draw(n, s), 1)  # type: ignore[misc]
        rows.append([f"generating {n} clips, {steps} steps", n * bench.length / rate / took])
    bench.report.table(
        "speed",
        f"Speed on {torch.get_num_threads()} threads",
        ["", "× real time"],
        rows,
        notes,
        **figures,
    )
