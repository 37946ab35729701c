"""What the benchmarks of LDMG share: generated clips, coding, distances to held-out windows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch

from workbench.benchmarks.audio_data import CHUNK, AudioBench
from workbench.benchmarks.audio_hearing import BEAT_SECONDS
from workbench.datasets.audio import genre_of
from workbench.evaluation.distances import frechet_distance, frechet_interval, kernel_distance
from workbench.representations.mixup import Beats
from workbench.systems.ldmg import LDMG
from workbench.systems.sampling import SamplingSettings


@dataclass
class SoundBench(AudioBench):
    """One run of LDMG's benchmarks."""

    system: LDMG

    def distances(self, sounds: np.ndarray) -> list[Any]:
        """Fréchet distance to held-out windows, its interval, and 1,000 times the kernel
        distance."""
        vectors, real = self.predict(sounds)[0], self.real_predictions[0]
        times = 10 if self.quick else 50
        return [
            frechet_distance(vectors, real),
            frechet_interval(vectors, real, times=times, seed=self.seed),
            1000 * kernel_distance(vectors, real),
        ]

    def requests(self, pieces: np.ndarray) -> tuple[list[str], list[str | None]]:
        """Captions and genres of pieces, as conditioning; None for an unknown genre."""
        items = [self.audio.items[i] for i in pieces]
        known = self.system.config.genres
        genres = [genre_of(item.labels) for item in items]
        return [i.caption for i in items], [g if g in known else None for g in genres]

    def generate(
        self,
        prompts: list[str] | None = None,
        genres: list[str | None] | None = None,
        *,
        n: int | None = None,
        steps: int | None = None,
        sampler: str = "dpm++",
        guidance: float = 2.0,
        beats: list[Beats] | None = None,
    ) -> np.ndarray:
        """Generate clips (n, samples), each from its own noise; unconditional without prompts."""
        n = n or self.n
        if prompts is None:
            guidance = 1.0
        prompts, genres = prompts or [""] * n, genres or [None] * n
        out = []
        for start in range(0, n, CHUNK):
            rows = slice(start, min(n, start + CHUNK))
            clips = self.system.generate_batch(
                prompts[rows],
                genres[rows],
                [70_000 * (self.seed + 1) + i for i in range(n)[rows]],
                steps=steps or self.steps,
                guidance=guidance,
                sampler=sampler,
                beats=None if beats is None else beats[rows],
            )
            out += [cast(np.ndarray, clip.audio).mean(0) for clip in clips]
        return np.stack(out)

    def takes(self, prompt: str, n: int, beat: bool) -> np.ndarray:
        """Takes (n, samples) of BEAT_SECONDS for a prompt that names a tempo, with its beat or
        with the text alone."""
        system, steps = self.system, self.steps
        if beat:
            clips = system.generate(prompt, n, seconds=BEAT_SECONDS, steps=steps, seed=self.seed)
        else:
            seeds = SamplingSettings(seed=self.seed).seeds(n)
            clips = system.generate_batch(
                [prompt] * n, [None] * n, seeds, seconds=BEAT_SECONDS, steps=steps
            )
        return np.stack([cast(np.ndarray, clip.audio).mean(0) for clip in clips])

    @cached_property
    def free(self) -> np.ndarray:
        """Unconditional clips."""
        return self.generate()

    @cached_property
    def matched(self) -> np.ndarray:
        """One clip for genre, caption and beats of each held-out window."""
        return self.generate(*self.requests(self.real[1]), beats=self.real_beats)

    @cached_property
    def prior(self) -> np.ndarray:
        """Sounds (n, samples) decoded from the VAE's prior, z ~ N(0, 1)."""
        config = self.system.config
        shape = len(self.real[0]), config.vae.latent, config.frames * config.vae_frames
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(self.seed))
        return self.decode(self.system.standardise(noise))

    @cached_property
    def real_latents(self) -> torch.Tensor:
        """The held-out windows as latents (n, latent, frames)."""
        return self.latents(self.real[0])

    @cached_property
    def reconstructions(self) -> np.ndarray:
        return self.decode(self.real_latents)

    def rebuilt(self, sounds: np.ndarray) -> np.ndarray:
        return self.decode(self.latents(sounds))

    def decode(self, latents: torch.Tensor) -> np.ndarray:
        """Standardised latents (n, latent, frames) → sounds (n, samples)."""
        return np.stack([self.system.decode_sound(z).mean(0)[: self.length] for z in latents])

    def latents(self, sounds: np.ndarray) -> torch.Tensor:
        """Sounds (n, samples) → standardised latents (n, latent, frames)."""
        channels = self.system.config.vae.channels
        encode = self.system.encode_sound
        return torch.stack([encode(np.repeat(s[None], channels, 0)) for s in sounds])
