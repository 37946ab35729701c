"""LDMG: music as sound, out of nothing, of a genre, or for a text.

    genre, text → diffusion transformer ⇄ sampler → latent frames → VAE's decoder → waveform → Clip

Stage one, a VAE-GAN, makes a few frames of numbers of every second of sound, on the waveform as the
original (`models/audio_vae.py`) or through the Fourier transform (`models/spectral_vae.py`); stage
two draws such frames (`models/dit.py`). Trained in `ldmg_training.py`.
Notebooks: `notebooks/06_vae_gan.ipynb`, `notebooks/07_audio_diffusion.ipynb`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from workbench.arguments import number, seed_of
from workbench.datasets.audio import AudioCollection
from workbench.errors import PromptError
from workbench.memory import fitting
from workbench.models.audio_vae import AudioVAE, AudioVAEConfig
from workbench.models.diffusion import Diffusion, Prediction
from workbench.models.dit import DiT, DiTConfig, Sound
from workbench.models.spectral_vae import SpectralVAE, SpectralVAEConfig
from workbench.music.audio import checked as checked_sound
from workbench.representations.text import BertText
from workbench.systems.configs import config_from
from workbench.systems.drawing import Settings, checked, draw, noise_of, overlapping
from workbench.systems.provenance import signed
from workbench.systems.storage import Pretrained

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.music.clip import Clip

__all__ = ["LDMG", "LDMGConfig"]

Progress = Callable[[int, int], None]  # step from 1, steps
MEMORY = {"smoke": 0.6, "laptop": 0.8, "gpu": 11.0, "paper": 11.0}  # GiB of a GPU, by profile
PIECE = 2048  # latent frames that are coded at once


@dataclass(frozen=True)
class LDMGConfig:
    """rate in Hz; frames: latent frames of a training window; genres: names, () for none; schedule
    and prediction: of the diffusion, see `models/diffusion.py`."""

    vae: AudioVAEConfig | SpectralVAEConfig
    dit: DiTConfig
    rate: int = 16_000
    frames: int = 512
    genres: tuple[str, ...] = ()
    schedule: str = "flow"
    prediction: Prediction = "flow"
    steps: int = 1000

    @property
    def seconds(self) -> float:
        """Of a training window."""
        return self.frames * self.vae.hop / self.rate


def vae_of(config: AudioVAEConfig | SpectralVAEConfig) -> AudioVAE | SpectralVAE:
    """The autoencoder of a configuration: on the waveform, or through the Fourier transform."""
    return SpectralVAE(config) if isinstance(config, SpectralVAEConfig) else AudioVAE(config)


class Networks(nn.Module):
    """Both stages, and the latents' mean and spread over the training sound."""

    latent_mean: Tensor
    latent_std: Tensor

    def __init__(self, config: LDMGConfig) -> None:
        super().__init__()
        self.vae, self.dit = vae_of(config.vae), DiT(config.dit)
        self.register_buffer("latent_mean", torch.zeros(config.vae.latent))
        self.register_buffer("latent_std", torch.ones(config.vae.latent))


class LDMG(Pretrained):
    """Latent diffusion of music as sound. `from_pretrained` loads a system, `train` makes one."""

    networks: Networks

    def __init__(self, config: LDMGConfig) -> None:
        self.config = config
        self.networks = Networks(config).eval()
        self.diffusion = Diffusion(config.schedule, config.steps, config.prediction)
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
    ) -> LDMG:
        """Train both stages and save in `out`; a run that was stopped goes on where it was.

        dataset: prepared audio, its folder, or names and folders joined by "+" (see `collect`).
        """
        from workbench.systems.ldmg_training import train

        with fitting(profile, MEMORY):
            return train(
                dataset, profile, out=out, seed=seed, budget_minutes=budget_minutes, watch=watch
            )

    # --- sound ↔ latent -----------------------------------------------------------------------

    @torch.inference_mode()
    def encode(self, sound: np.ndarray) -> Tensor:
        """Sound (channels, samples) at the system's rate → latents (latent, frames), mean 0 and
        variance 1 over the training sound. Any length: coded in overlapping pieces, which without
        attention over time gives exactly what the whole would."""
        x = torch.from_numpy(np.ascontiguousarray(checked_sound(sound), dtype=np.float32))[None]
        if x.shape[1] != self.config.vae.channels:
            raise PromptError(
                f"sound: {x.shape[1]} channels; this system hears {self.config.vae.channels}"
            )
        if not x.shape[2]:
            raise PromptError("sound: holds no sample; give one or more")
        hop, vae = self.config.vae.hop, self.networks.vae
        x = nn.functional.pad(x, (0, -x.shape[-1] % hop))
        parts = []
        for begin, end, left, right in self._pieces(x.shape[-1] // hop):
            mean, _ = vae.encode(x[..., left * hop : right * hop])
            parts.append(mean[0, :, begin - left : end - left])
        return self._standard(torch.cat(parts, dim=-1))

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> np.ndarray:
        """Latents (latent, frames) → float32 (channels, frames · hop)."""
        hop, plain = self.config.vae.hop, self._plain(latents)
        parts = []
        for begin, end, left, right in self._pieces(plain.shape[-1]):
            sound = self.networks.vae.decode(plain[None, :, left:right])[0]
            parts.append(sound[:, (begin - left) * hop : (end - left) * hop])
        return torch.cat(parts, dim=-1).numpy()

    def _pieces(self, frames: int) -> list[tuple[int, int, int, int]]:
        """(begin, end) of each piece and (left, right) of what it must see: frames."""
        reach = self.networks.vae.reach
        if reach is None:
            return [(0, frames, 0, frames)]
        return [
            (a, min(a + PIECE, frames), max(0, a - reach), min(frames, a + PIECE + reach))
            for a in range(0, frames, PIECE)
        ]

    def _standard(self, z: Tensor) -> Tensor:
        return (z - self.networks.latent_mean[:, None]) / self.networks.latent_std[:, None]

    def _plain(self, z: Tensor) -> Tensor:
        return z * self.networks.latent_std[:, None] + self.networks.latent_mean[:, None]

    def reconstruct(self, clip: Clip) -> Clip:
        """The clip through encoder and decoder."""
        sound = self.sound_of(clip)
        again = self.decode(self.encode(sound))[:, : sound.shape[1]]
        return signed(
            self._clip(again, clip.caption), self, "reconstruction", request={}, original=clip
        )

    def sound_of(self, clip: Clip) -> np.ndarray:
        """A clip's sound as this system hears it: (channels, samples) at its rate."""
        stereo = clip.waveform(self.config.rate, loop=False)
        return stereo.mean(0, keepdims=True) if self.config.vae.channels == 1 else stereo

    # --- drawing ------------------------------------------------------------------------------

    @torch.inference_mode()
    def generate(
        self,
        prompt: str = "",
        n: int = 1,
        *,
        genre: str | None = None,
        seconds: float | None = None,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "dpm++",
        seed: int = 0,
        progress: Progress | None = None,
    ) -> list[Clip]:
        """Draw `n` clips. prompt: words, "" for none; genre: one of `config.genres` or None;
        seconds: by default those of training; longer ones are drawn in overlapping windows whose
        predictions are averaged at every step (MultiDiffusion, arXiv 2302.08113)."""
        n = checked(n=n)["n"]
        settings = Settings(steps, guidance, sampler, seed)
        if not prompt and genre is None:
            settings = replace(settings, guidance=1.0)  # nothing to exaggerate, half of the work
        seconds = self._seconds(seconds)
        sounds = self._sounds(
            [prompt] * n, [genre] * n, settings.seeds(n), seconds, settings, progress
        )
        asked = {"prompt": prompt, "genre": genre, "seconds": seconds, **settings.asked()}
        return [
            signed(
                self._clip(sound, _caption(prompt, genre)),
                self,
                request=asked,
                seed=settings.seed,
                take=take,
            )
            for take, sound in enumerate(sounds, start=1)
        ]

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
        progress: Progress | None = None,
    ) -> list[Clip]:
        """A clip for each prompt, genre and seed, all at once. These are seeds of noise, not those
        of `generate`, which makes such a seed for each take."""
        settings, seconds = Settings(steps, guidance, sampler), self._seconds(seconds)
        seeds = [seed_of(seed, "seeds") for seed in seeds]
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
        settings: Settings,
        progress: Progress | None,
    ) -> list[np.ndarray]:
        noise = self._noise(seeds, self._frames(seconds))
        z = self._draw(noise, self._asked(prompts, genres), settings, progress, seeds=seeds)
        samples = max(1, round(seconds * self.config.rate))
        return [self.decode(row)[:, :samples] for row in z]

    @torch.inference_mode()
    def vary(
        self,
        clip: Clip,
        n: int = 1,
        *,
        strength: float = 0.5,
        prompt: str = "",
        genre: str | None = None,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "dpm++",
        seed: int = 0,
    ) -> list[Clip]:
        """Variations: noise the clip's latents part of the way, then draw back (SDEdit, arXiv
        2108.01073). strength: 0 gives the reconstruction, 1 something new."""
        settings = Settings(steps, guidance, sampler, seed)
        n, strength = checked(n=n, strength=strength).values()
        sound = self.sound_of(clip)
        z = torch.stack([self.encode(sound)] * n)
        start = round(strength * self.diffusion.steps)
        if start:
            noise, t = self._noise(settings.seeds(n), z.shape[-1]), torch.full((n,), start - 1)
            noisy = self.diffusion.add_noise(z, noise, t)
            z = self._draw(noisy, self._asked([prompt] * n, [genre] * n), settings, start=start)
        request = {"strength": strength, "prompt": prompt, "genre": genre, **settings.asked()}
        sounds = [self.decode(row)[:, : sound.shape[1]] for row in z]
        return self._edits(sounds, "variation", clip, request, settings.seed)

    @torch.inference_mode()
    def inpaint(
        self,
        clip: Clip,
        hole: tuple[float, float],
        n: int = 1,
        *,
        prompt: str = "",
        genre: str | None = None,
        steps: int = 50,
        guidance: float = 2.0,
        seed: int = 0,
    ) -> list[Clip]:
        """Draw the seconds of `hole` (first, last) anew; outside of it the clip's own samples stay,
        with cross-fades of 20 ms inside the hole. At every step the known latents are put in."""
        settings = Settings(steps, guidance, "ddpm", seed)
        n = checked(n=n)["n"]
        sound = self.sound_of(clip)
        length = sound.shape[1] / self.config.rate
        first, last = hole = number(hole[0], "hole"), number(hole[1], "hole")
        if not 0 <= first < last <= length + 1e-6:
            raise PromptError(f"hole: {hole} s; give 0 ≤ first < last ≤ {length:.2f}")
        begin, end = (round(s * self.config.rate) for s in hole)
        if begin == end:
            raise PromptError(f"hole: {hole} s; holds no sample at {self.config.rate} Hz")
        own = self.encode(sound)
        per = self.config.rate / self.config.vae.hop
        known = torch.ones(own.shape[-1], dtype=torch.bool)
        known[int(first * per) : int(np.ceil(last * per))] = False
        z = self._draw(
            self._noise(settings.seeds(n), own.shape[-1]),
            self._asked([prompt] * n, [genre] * n),
            settings,
            project=lambda x0: torch.where(known, own, x0),
        )
        inside = _fade(sound.shape[1], begin, end, round(0.02 * self.config.rate))
        drawn = [self.decode(row)[:, : sound.shape[1]] for row in z]
        sounds = [inside * d + (1 - inside) * sound for d in drawn]
        request = {
            "hole": f"{first:g} to {last:g} s",
            "prompt": prompt,
            "genre": genre,
            **settings.asked(),
        }
        return self._edits(sounds, "inpainting", clip, request, settings.seed)

    def _edits(
        self,
        sounds: Sequence[np.ndarray],
        action: str,
        clip: Clip,
        request: dict[str, Any],
        seed: int,
    ) -> list[Clip]:
        """Clips made out of a clip, with its caption and their provenance."""
        return [
            signed(
                self._clip(sound, clip.caption),
                self,
                action,
                request=request,
                seed=seed,
                take=take,
                original=clip,
            )
            for take, sound in enumerate(sounds, start=1)
        ]

    def _seconds(self, seconds: float | None) -> float:
        seconds = self.config.seconds if seconds is None else number(seconds, "seconds")
        if not 0 < seconds <= 600:
            raise PromptError(f"seconds: {seconds:g}; give more than 0 and at most 600")
        return seconds

    def _frames(self, seconds: float) -> int:
        return max(1, int(np.ceil(seconds * self.config.rate / self.config.vae.hop)))

    def _noise(self, seeds: Sequence[int], frames: int) -> Tensor:
        """(n, latent, frames), each from its own seed."""
        return noise_of(seeds, (self.config.vae.latent, frames))

    def _asked(self, prompts: Sequence[str], genres: Sequence[str | None]) -> Sound:
        known = self.config.genres
        for genre in genres:
            if genre is not None and genre not in known:
                raise PromptError(
                    f"genre: {genre!r} is unknown; this system knows: {', '.join(known) or 'none'}"
                )
        numbers = [-1 if genre is None else known.index(genre) for genre in genres]
        return Sound(torch.tensor(numbers), *self.text.pieces(list(prompts)))

    def _draw(
        self,
        noisy: Tensor,
        asked: Sound,
        settings: Settings,
        progress: Progress | None = None,
        **more: Any,
    ) -> Tensor:
        def heard(step: int, total: int, x0: Tensor) -> None:
            if progress is not None:
                progress(step, total)

        network = overlapping(self.networks.dit, self.config.frames)
        return draw(network, self.diffusion, noisy, asked, settings, callback=heard, **more)

    def _clip(self, sound: np.ndarray, caption: str) -> Clip:
        from workbench.music.clip import Clip

        return Clip(audio=sound, sample_rate=self.config.rate, caption=caption)


def _caption(prompt: str, genre: str | None) -> str:
    return ", ".join(part for part in (genre, prompt) if part) or "nothing asked"


def _fade(length: int, first: int, last: int, ramp: int) -> np.ndarray:
    """0 outside of first … last, 1 inside, with ramps of `ramp` samples inside the hole; none where
    the hole begins or ends with the sound."""
    at = np.arange(length)
    rise = np.ones(length) if first <= 0 else (at - first) / max(1, ramp)
    fall = np.ones(length) if last >= length else (last - at) / max(1, ramp)
    return np.clip(np.minimum(rise, fall), 0, 1).astype(np.float32)
