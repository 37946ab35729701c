"""MusicLDM's mel VAE and vocoder: loss and speed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from workbench.benchmarks import audio_hearing
from workbench.benchmarks.audio_coding import Coding, coding_table, speed_table
from workbench.benchmarks.music_data import MusicBench


def ways(bench: MusicBench) -> dict[str, Coding]:
    """Reconstruction by the vocoder alone, and by VAE and vocoder."""
    system = bench.system

    def through(way: Callable[[Tensor], Tensor]) -> Coding:
        def again(sounds: np.ndarray) -> np.ndarray:
            parts = torch.from_numpy(sounds).float().split(16)
            return torch.cat([way(part) for part in parts])[:, : bench.length].numpy()

        return again

    return {
        "mel, vocoder": through(lambda x: system.vocode(system.mel(x))),
        "mel, VAE, vocoder": through(lambda x: system.decode_sound(system.encode_sound(x))),
    }


def coding(bench: MusicBench) -> None:
    """Reconstruction of held-out windows."""
    coding_table(bench, ways(bench), _numbers(bench))


def _numbers(bench: MusicBench) -> float:
    """Latent numbers per second."""
    system = bench.system
    return system.encode_sound(torch.zeros(1, bench.length)).numel() / system.config.seconds


def recordings(bench: MusicBench) -> None:
    """Reconstruction of renders and of recordings by other artists."""
    audio_hearing.recordings(bench, ways(bench), _numbers(bench))


def speed(bench: MusicBench) -> None:
    """Multiples of real time."""
    system = bench.system
    vector = system.embedder.embed_text(bench.captions[:1])
    speed_table(
        bench,
        lambda sound: system.encode_sound(torch.from_numpy(sound)[None]),
        system.decode_sound,
        lambda n, steps: system.generate_batch(vector.expand(n, -1), range(n), steps=steps),
        ["Generation uses guidance and includes the vocoder."],
    )
