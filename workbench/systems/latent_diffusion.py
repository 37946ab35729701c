"""The base class of DrumLDM, LDMG and MusicLDM, which sample latents by diffusion and decode
them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.arguments import shown, whole
from workbench.errors import PromptError
from workbench.models.conditioning import Conditioning
from workbench.models.diffusion import Diffusion
from workbench.music.clip import Clip
from workbench.systems.sampling import SamplingSettings, noise_of, sample
from workbench.systems.system import System

LONGEST_LATENT = 1 << 20  # vectors along time


class LatentDiffusion(System):
    """A system that samples latents by diffusion and decodes them.

    A subclass sets `diffusion` and defines `latent_shape`, `denoiser_for`, `conditioning`, `encode`
    and `decode`, and `clips_so_far` for progress.

        noise = system.noise(range(4))
        z = system.sample(noise, system.conditioning(["rock"] * 4, ...), SamplingSettings())
        clips = system.decode(z)
    """

    diffusion: Diffusion

    @property
    def rescale(self) -> float:
        """How guidance is rescaled, see `guided`."""
        return 0.0

    def latent_shape(self, length: int | None = None) -> tuple[int, ...]:
        """Return the shape of one latent. length: latent vectors along time, by default as in
        training."""
        raise NotImplementedError

    def denoiser_for(self, noisy: Tensor) -> nn.Module | Callable[..., Tensor]:
        """Return the network that denoises these latents."""
        raise NotImplementedError

    def noise(self, seeds: Sequence[int], length: int | None = None) -> Tensor:
        """Return standard normal latents (n, …), one row per seed. length: latent vectors along
        time, by default as in training."""
        if length is not None:
            length = whole(length, "length", 1, LONGEST_LATENT)
        return noise_of(seeds, self.latent_shape(length))

    @torch.inference_mode()
    def sample(
        self,
        noise: Tensor,
        conditioning: Conditioning,
        settings: SamplingSettings | None = None,
        *,
        seeds: Sequence[int] | None = None,
        project: Callable[[Tensor], Tensor] | None = None,
        start: int | None = None,
        callback: Callable[[int, int, Tensor], None] | None = None,
        denoiser: nn.Module | Callable[..., Tensor] | None = None,
    ) -> Tensor:
        """Sample latents from noise.

        Args:
            noise: Noise (n, …), as returned by `noise`.
            conditioning: The conditioning of the n rows, as returned by `conditioning`.
            settings: Steps, guidance, sampler and seed.
            seeds: A seed per row for the noise that ancestral samplers add at each step; by
                default `settings.seeds(n)`.
            project: Receives each estimate of x₀ and returns the one to continue with.
            start: Number of steps of the schedule that remain, by default all.
            callback: Called with (step, steps, estimate of x₀) after each step.
            denoiser: The network to evaluate, by default `denoiser_for(noise)`.

        Returns:
            Latents (n, …) with mean 0 and variance 1, as returned by `encode`.
        """
        return sample(
            denoiser or self.denoiser_for(noise),
            self.diffusion,
            noise,
            conditioning,
            settings or SamplingSettings(),
            seeds=seeds,
            project=project,
            start=start,
            callback=callback,
            rescale=self.rescale,
        )

    @torch.inference_mode()
    def resample(
        self,
        latents: Tensor,
        noise: Tensor,
        strength: float,
        conditioning: Conditioning,
        settings: SamplingSettings,
        **more: Any,
    ) -> Tensor:
        """Add noise to latents up to a fraction `strength` of the schedule, 0 to 1, and denoise
        them from there.

        Source: SDEdit, arXiv 2108.01073.
        """
        start = round(strength * self.diffusion.steps)
        if start == 0:
            return latents
        t = torch.full((len(latents),), start - 1)
        noisy = self.diffusion.add_noise(latents, noise, t)
        return self.sample(noisy, conditioning, settings, start=start, **more)

    def film(
        self, prompt: Any = "", *, seed: int = 0, steps: int = 20, **settings: Any
    ) -> list[tuple[float, Any]]:
        """Return the steps of one sampling: pairs of the noise level √(1−ᾱ), from 1 down, and the
        clip so far."""
        levels = self.diffusion.noise_levels
        return film_of(self.generate, levels, prompt, seed=seed, steps=steps, **settings)

    def noise_levels(self, steps: int) -> list[float]:
        """Return the noise level √(1−ᾱ) before each of `steps` steps."""
        return self.diffusion.noise_levels(whole(steps, "steps", 1, self.diffusion.steps))

    def latents_of(self, latents: Any) -> Tensor:
        """Return `latents` as a tensor if they are a batch of this system's latents, of any length
        along time; raise PromptError otherwise."""
        if isinstance(latents, np.ndarray) and latents.dtype.kind == "f":
            latents = torch.from_numpy(latents)
        if not isinstance(latents, Tensor) or not latents.is_floating_point():
            raise PromptError(f"latents={shown(latents)}: give a tensor, as `encode` returns")
        one, two = self.latent_shape(1), self.latent_shape(2)
        fixed = [(a if a == b else None) for a, b in zip(one, two, strict=True)]
        given = tuple(latents.shape)
        if (
            len(given) != len(one) + 1
            or 0 in given
            or any(size not in (None, had) for size, had in zip(fixed, given[1:], strict=True))
        ):
            wanted = ", ".join("time" if size is None else str(size) for size in fixed)
            raise PromptError(f"latents: must have shape (n, {wanted}), got {given}")
        return latents


def film_of(
    generate: Callable[..., Any],
    noise_levels: Callable[[int], list[float]],
    prompt: Any,
    **settings: Any,
) -> list[tuple[float, Clip]]:
    """Return (noise level, clip so far) for each step of `generate`. noise_levels: returns the
    levels of a number of steps, such as `Diffusion.noise_levels`; they fall from 1."""
    frames: list[Clip] = []
    generate(prompt, **settings, progress=lambda record: frames.append(record.clips[0]))
    return list(zip(noise_levels(len(frames)), frames, strict=True))
