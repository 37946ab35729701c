"""LDMG: music as sound, out of nothing, of a genre, or for a text.

    genre, text → diffusion transformer ⇄ sampler → latent frames → VAE's decoder → waveform → Clip

Stage one, a VAE-GAN, makes a few frames of numbers of every second of sound, on the waveform as the
original (`models/audio_vae.py`) or through the Fourier transform (`models/spectral_vae.py`); stage
two draws such frames (`models/dit.py`). Trained in `training.py`.
Notebooks: `notebooks/06_vae_gan.ipynb`, `notebooks/07_audio_diffusion.ipynb`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import choice, listed, same_length, seed_of, texts_of
from workbench.datasets.audio import AudioCollection
from workbench.models.dit import Sound
from workbench.music.clip import clip_of
from workbench.representations.text import BertText
from workbench.systems.base import Progress, Region, SamplingSettings, renamed
from workbench.systems.cards import sound_card
from workbench.systems.configs import config_from
from workbench.systems.ldmg.config import MEMORY, LDMGConfig
from workbench.systems.ldmg.networks import Networks
from workbench.systems.ldmg.training import recipe
from workbench.systems.prompts import prompt_of, words_by_kind
from workbench.systems.provenance import signed, signed_takes
from workbench.systems.sampling import checked, overlapping
from workbench.systems.sound_diffusion import SoundDiffusion
from workbench.training.memory import fitting

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.music.clip import Clip

__all__ = ["LDMG", "LDMGConfig"]


class LDMG(SoundDiffusion):
    """Latent diffusion of music as sound. `from_pretrained` loads a system, `train` makes one."""

    networks: Networks
    reads: ClassVar = ("text",)
    replaces: ClassVar = ("bars", "seconds")
    time_axis: ClassVar = 2

    def __init__(self, config: LDMGConfig) -> None:
        self.config = config
        self.networks = Networks(config).eval()
        self.diffusion = config.diffusion()
        self.text = BertText()

    def config_dict(self) -> dict[str, Any]:
        return asdict(self.config)

    @classmethod
    def from_config(cls, data: dict[str, Any]) -> Self:
        return cls(config_from(LDMGConfig, data))

    @classmethod
    def networks_of(cls, data: dict[str, Any]) -> Networks:
        return Networks(config_from(LDMGConfig, data))

    @classmethod
    def train(
        cls,
        dataset: AudioCollection | str = "builtin-songs",
        profile: str = "laptop",
        *,
        out: str | Path = "runs/sound",
        seed: int = 0,
        budget_minutes: float | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> Self:
        """Train both stages and save in `out`; a run that was stopped goes on where it was.

        dataset: prepared audio, its folder, or names and folders joined by "+" (see `collect`).
        """
        with fitting(profile, MEMORY):
            return cls._train(
                recipe,
                sound_card,
                dataset,
                profile,
                out=out,
                seed=seed,
                budget_minutes=budget_minutes,
                watch=watch,
            )

    # --- sound ↔ latent -----------------------------------------------------------------------

    def encode(self, clips: Clip | Sequence[Clip] | np.ndarray) -> Tensor:
        """Latents of clips of equal length: (n, latent, frames), mean 0 and variance 1 over the
        training sound."""
        if isinstance(clips, np.ndarray):
            _warn("encode: takes clips; for an array there is encode_sound")
            return self.encode_sound(clips)
        return self.encode_clips(clips)

    def decode(self, latents: Tensor, caption: str = "") -> list[Clip]:
        """Latents (n, latent, frames) back to clips."""
        if getattr(latents, "ndim", 3) == 2:
            _warn("decode: takes latents (n, latent, frames); for one there is decode_sound")
            return self.decode_sound(latents)  # type: ignore[return-value]
        return self.decode_clips(latents, caption)

    def encode_sound(self, sound: np.ndarray) -> Tensor:
        """Sound (channels, samples) at the system's rate → latents (latent, frames), mean 0 and
        variance 1 over the training sound; any length."""
        return self.networks.encode_sound(sound)

    def decode_sound(self, latents: Tensor) -> np.ndarray:
        """Latents (latent, frames) → float32 (channels, frames · hop)."""
        latents = self.latents_of(latents[None] if hasattr(latents, "ndim") else latents)[0]
        return self.networks.decode_sound(latents)

    def standard(self, z: Tensor) -> Tensor:
        """The VAE's latents (…, latent, frames), standardised to mean 0 and variance 1."""
        return self.networks.standard(z)

    def plain(self, z: Tensor) -> Tensor:
        """Standardised latents as the VAE's own."""
        return self.networks.plain(z)

    def sound_of(self, clip: Clip) -> np.ndarray:
        """A clip's sound as this system hears it: (channels, samples) at its rate."""
        stereo = clip_of(clip).waveform(self.config.rate, loop=False)
        return stereo.mean(0, keepdims=True) if self.config.vae.channels == 1 else stereo

    sound_array, latent_of, sound_from = sound_of, encode_sound, decode_sound

    # --- latents ------------------------------------------------------------------------------

    @property
    def hop(self) -> int:
        return self.config.vae.hop

    def frames_of(self, seconds: float) -> int:
        return max(1, int(np.ceil(seconds * self.config.rate / self.hop)))

    def latent_shape(self, length: int | None = None) -> tuple[int, ...]:
        """length: frames."""
        return (self.config.vae.latent, self.config.frames if length is None else length)

    def denoiser_for(self, noisy: Tensor) -> Callable[..., Tensor]:
        """The transformer, which is asked about overlapping windows of what is longer than those
        of training."""
        return overlapping(self.networks.dit, self.config.frames)

    @torch.inference_mode()
    def conditioning(
        self, prompts: Sequence[str], genres: Sequence[str | None] | None = None
    ) -> Sound:
        """What the transformer is conditioned on: a prompt and a genre per clip."""
        prompts, known = texts_of(prompts, "prompts", 1), self.config.genres
        genres = [None] * len(prompts) if genres is None else listed(genres, "genres", "genres")
        same_length(prompts=prompts, genres=genres)
        numbers = [
            -1 if genre is None else known.index(choice(genre, "genre", known)) for genre in genres
        ]
        return Sound(torch.tensor(numbers), *self.text.pieces(prompts))

    def prompt_words(self) -> dict[str, list[str]]:
        """Words that are common in the training captions. Genres are not among them: they have an
        argument of their own."""
        kinds = words_by_kind(self.config.words)
        return {kind: words for kind, words in kinds.items() if kind != "Genre"}

    # --- drawing ------------------------------------------------------------------------------

    @torch.inference_mode()
    def generate(
        self,
        prompt: str | None = "",
        n: int = 1,
        *,
        genre: str | None = None,
        seconds: float | None = None,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "dpm++",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate `n` clips. prompt: words, "" for none; genre: one of `config.genres` or None;
        seconds: by default those of training; longer ones are sampled in overlapping windows whose
        predictions are averaged at every step (MultiDiffusion, arXiv 2302.08113)."""
        prompt = prompt_of(prompt, "words, and genre=")
        n = checked(n=n)["n"]
        settings = SamplingSettings(steps, guidance, sampler, seed)
        if not prompt and genre is None:
            settings = replace(settings, guidance=1.0)  # nothing to exaggerate, half of the work
        seconds = self.seconds_of(seconds)
        sounds = self._sounds(
            [prompt] * n, [genre] * n, settings.seeds(n), seconds, settings, progress
        )
        asked = {"prompt": prompt, "genre": genre, "seconds": seconds, **settings.asked()}
        clips = (self._clip(sound, _caption(prompt, genre)) for sound in sounds)
        return signed_takes(clips, self, request=asked, seed=settings.seed)

    @torch.inference_mode()
    def draw_each(
        self,
        prompts: Sequence[str],
        genres: Sequence[str | None],
        seeds: Sequence[int],
        *,
        seconds: float | None = None,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "dpm++",
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """A clip for each prompt, genre and seed, all at once. These are seeds of noise, not those
        of `generate`, which makes such a seed for each take."""
        settings, seconds = SamplingSettings(steps, guidance, sampler), self.seconds_of(seconds)
        seeds = [seed_of(seed, "seeds") for seed in listed(seeds, "seeds", "seeds", 1)]
        prompts, genres = texts_of(prompts, "prompts", 1), listed(genres, "genres", "genres", 1)
        same_length(prompts=prompts, genres=genres, seeds=seeds)
        sounds = self._sounds(prompts, genres, seeds, seconds, settings, progress)
        asked = {"seconds": seconds, **settings.asked()}
        return [
            signed(
                self._clip(sound, _caption(prompt, genre)),
                self,
                request={"prompt": prompt, "genre": genre, **asked, "noise seed": seed},
            )
            for sound, prompt, genre, seed in zip(sounds, prompts, genres, seeds, strict=True)
        ]

    def _sounds(
        self,
        prompts: Sequence[str],
        genres: Sequence[str | None],
        seeds: Sequence[int],
        seconds: float,
        settings: SamplingSettings,
        progress: Callable[[Progress], None] | None,
    ) -> list[np.ndarray]:
        samples = max(1, round(seconds * self.config.rate))
        z = self.sample(
            self.noise(seeds, self.frames_of(seconds)),
            self.conditioning(prompts, genres),
            settings,
            seeds=seeds,
            callback=self._callback(progress, samples),
        )
        return [self.decode_sound(row)[:, :samples] for row in z]

    @torch.inference_mode()
    def vary(
        self,
        clip: Clip,
        n: int = 1,
        *,
        strength: float = 0.5,
        prompt: str | None = "",
        genre: str | None = None,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "dpm++",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Variations: noise the clip's latents part of the way, then sample again from there
        (SDEdit, arXiv 2108.01073). strength: 0 gives the reconstruction, 1 something new."""
        prompt = prompt_of(prompt, "words, and genre=")
        return self._vary(
            clip,
            n,
            strength,
            lambda n: self.conditioning([prompt] * n, [genre] * n),
            SamplingSettings(steps, guidance, sampler, seed),
            {"prompt": prompt, "genre": genre},
            progress,
        )

    @renamed(hole="region")
    @torch.inference_mode()
    def inpaint(
        self,
        clip: Clip,
        region: Region,
        n: int = 1,
        *,
        prompt: str | None = "",
        genre: str | None = None,
        steps: int = 50,
        guidance: float = 2.0,
        sampler: str = "ddpm",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Regenerate the seconds of a region; outside of it the clip's own samples stay, with
        cross-fades of 20 ms inside the region. At every step the known latents are put in."""
        if isinstance(region, tuple | list):
            _warn("inpaint: takes a Region; for seconds that is Region(seconds=(first, last))")
            region = Region(seconds=region)  # type: ignore[arg-type]
        prompt = prompt_of(prompt, "words, and genre=")
        return self._inpaint(
            clip,
            region,
            n,
            lambda n: self.conditioning([prompt] * n, [genre] * n),
            SamplingSettings(steps, guidance, sampler, seed),
            {"prompt": prompt, "genre": genre},
            progress,
        )


def _warn(text: str) -> None:
    warnings.warn(text, DeprecationWarning, stacklevel=3)


def _caption(prompt: str, genre: str | None) -> str:
    return ", ".join(part for part in (genre, prompt) if part) or "nothing asked"
