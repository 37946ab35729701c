"""MusicLDM: text → a vector → latent diffusion of mel spectrograms → vocoder → sound.

    text → TextAudio ┐
    sound → TextAudio┴→ U-Net (FiLM) ⇄ sampler → VAE's decoder → mel → HiFi-GAN → waveform → Clip

Because text and sound share one space, the U-Net can be trained on sound alone and asked by words
(Chen et al. 2023, arXiv 2308.01546). Networks: `models/music_ldm.py`, `models/text_audio.py`;
training with beat-synchronous mixup: `musicldm_training.py`.
Notebook: `notebooks/07_audio_diffusion.ipynb`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import torch
from torch import Tensor, nn

from workbench.arguments import number
from workbench.errors import PromptError
from workbench.memory import fitting
from workbench.models.diffusion import Diffusion, Prediction
from workbench.models.music_ldm import FiLMUNet, Heard, MusicLDMSizes, mel_vae, vocoder
from workbench.models.text_audio import TextAudio, TextAudioConfig
from workbench.music.audio import SILENT
from workbench.music.audio import checked as checked_sound
from workbench.representations.mel import Mel
from workbench.representations.text import BertText
from workbench.systems.configs import config_from
from workbench.systems.drawing import Settings, checked, draw, noise_of, overlapping
from workbench.systems.provenance import credit_of, signed
from workbench.systems.storage import Pretrained

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.datasets.audio import AudioCollection
    from workbench.music.clip import Clip

__all__ = ["Embedder", "MusicLDM", "MusicLDMConfig"]

MEMORY = {"smoke": 0.6, "laptop": 0.8, "gpu": 14.0, "paper": 27.0}  # GiB of a GPU, by profile
Progress = Callable[[int, int], None]  # step from 1, steps


class Embedder(Protocol):
    """Text and sound in one space: our own `TextAudio`, or CLAP."""

    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """(n, dim), unit length."""
        ...

    def embed_sound(self, sounds: Tensor) -> Tensor:
        """Sounds (n, samples) at 16 kHz → (n, dim), unit length."""
        ...


@dataclass(frozen=True)
class MusicLDMConfig:
    """frames: mel frames of a training window, 100 a second."""

    sizes: MusicLDMSizes
    joint: TextAudioConfig
    rate: int = 16_000
    frames: int = 512
    schedule: str = "cosine-zero-snr"
    prediction: Prediction = "v"
    steps: int = 1000

    @property
    def seconds(self) -> float:
        """Of a training window."""
        return self.frames * 160 / self.rate


class Networks(nn.Module):
    """All weights, and the scales of mel values and latents over the training sound."""

    mel_mean: Tensor
    mel_std: Tensor
    latent_mean: Tensor  # (latent, 1, bands), after the division by latent_std
    latent_std: Tensor

    def __init__(self, config: MusicLDMConfig) -> None:
        super().__init__()
        self.joint = TextAudio(config.joint)
        self.vae, self.denoiser = mel_vae(config.sizes), FiLMUNet(config.sizes)
        self.vocoder = vocoder(config.sizes, config.rate)
        for name, value in (("mel_mean", -4.0), ("mel_std", 3.0), ("latent_std", 1.0)):
            self.register_buffer(name, torch.tensor(value))
        bands = config.sizes.bands // config.sizes.shorter
        self.register_buffer("latent_mean", torch.zeros(config.sizes.latent, 1, bands))


def spoken(vocoder: nn.Module, mel: Tensor) -> Tensor:
    """Log mel (n, frames, bands) → sounds (n, frames · 160): HiFi-GAN's upsampling says a few
    samples more than that."""
    return vocoder(mel).reshape(len(mel), -1)[:, : mel.shape[1] * 160]


class OwnEmbedder:
    """`TextAudio` with the frozen BERT and the mel spectrogram that it reads."""

    def __init__(self, joint: TextAudio, text: BertText, mel: Mel) -> None:
        self.joint, self.text, self.mel = joint, text, mel

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        return self.joint.eval().embed_text(self.text.embed(list(texts)))

    @torch.inference_mode()
    def embed_sound(self, sounds: Tensor) -> Tensor:
        return self.joint.eval().embed_mel(self.mel(sounds))


class MusicLDM(Pretrained):
    """Music as sound from words. `from_pretrained` loads a system, `train` makes one."""

    networks: Networks

    def __init__(self, config: MusicLDMConfig) -> None:
        self.config, self.mel = config, Mel(config.rate, bands=config.sizes.bands)
        self.networks = Networks(config).eval()
        self.diffusion = Diffusion(config.schedule, config.steps, config.prediction)
        self.embedder: Embedder = OwnEmbedder(self.networks.joint, BertText(), self.mel)

    def config_dict(self) -> dict[str, Any]:
        return asdict(self.config)

    @classmethod
    def from_config(cls, data: dict[str, Any]) -> Self:
        return cls(config_from(MusicLDMConfig, data))

    @classmethod
    def networks_of(cls, data: dict[str, Any]) -> Networks:
        return Networks(config_from(MusicLDMConfig, data))

    @classmethod
    def train(
        cls,
        dataset: AudioCollection | str = "builtin-songs",
        profile: str = "laptop",
        *,
        mixup: str = "blm",
        out: str | Path = "runs/music",
        seed: int = 0,
        budget_minutes: float | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> MusicLDM:
        """Train all stages and save in `out`; a run that was stopped goes on where it was.

        dataset: as of `LDMG.train`; mixup: "none", "plain", "bam" or "blm".
        """
        from workbench.systems.musicldm_training import train

        with fitting(profile, MEMORY):
            return train(
                dataset,
                profile,
                mixup=mixup,
                out=out,
                seed=seed,
                budget_minutes=budget_minutes,
                watch=watch,
            )

    @classmethod
    def from_diffusers(cls, name: str | Path) -> MusicLDM:
        """A published pipeline: a folder, or a name on the hub such as "ucsd-reach/musicldm"."""
        from workbench.systems.published import load_published

        return load_published(name)

    # --- sound ↔ mel ↔ latent -----------------------------------------------------------------

    @torch.inference_mode()
    def encode(self, sounds: Tensor) -> Tensor:
        """Sounds (n, samples) → latents (n, latent, frames / 8, bands / 8) of variance about 1.
        WorkbenchError for NaN and infinite samples."""
        checked_sound(sounds, "sounds")
        return self.encode_mel(self.mel(sounds))

    @torch.inference_mode()
    def encode_mel(self, mel: Tensor) -> Tensor:
        """(n, frames, bands) → latents; frames are filled up to a multiple of the VAE's."""
        networks = self.networks
        missing = -mel.shape[1] % self.config.sizes.shorter
        mel = nn.functional.pad(mel, (0, 0, 0, missing), value=float(np.log(1e-5)))
        scaled = ((mel - networks.mel_mean) / networks.mel_std)[:, None]
        return networks.vae.encode(scaled).latent_dist.mean / networks.latent_std

    @torch.inference_mode()
    def decode_mel(self, latents: Tensor) -> Tensor:
        """Latents → log mel (n, frames, bands)."""
        networks = self.networks
        found = networks.vae.decode(latents * networks.latent_std).sample[:, 0]
        return found * networks.mel_std + networks.mel_mean

    @torch.inference_mode()
    def vocode(self, mel: Tensor) -> Tensor:
        """Log mel (n, frames, bands) → sounds (n, frames · 160) in −1..1."""
        return spoken(self.networks.vocoder, mel).clamp(-1, 1)

    def decode(self, latents: Tensor) -> Tensor:
        return self.vocode(self.decode_mel(latents))

    def reconstruct(self, clip: Clip) -> Clip:
        """The clip through mel, VAE and vocoder."""
        sound = self.sound_of(clip)
        again = self.decode(self.encode(sound[None]))[0, : len(sound)]
        return signed(
            self._clip(again, clip.caption), self, "reconstruction", request={}, original=clip
        )

    def sound_of(self, clip: Clip) -> Tensor:
        """A clip's sound as this system hears it: (samples,)."""
        return torch.from_numpy(clip.waveform(self.config.rate, loop=False).mean(0)).float()

    # --- drawing ------------------------------------------------------------------------------

    def generate(
        self,
        prompt: str = "",
        n: int = 1,
        *,
        like: Clip | None = None,
        seconds: float | None = None,
        steps: int = 50,
        guidance: float = 4.0,
        sampler: str = "ddim",
        candidates: int = 1,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> list[Clip]:
        """Draw `n` clips. like: a clip whose sound is asked for instead of the prompt. candidates:
        drawn for each clip; the embedder picks the one nearest to what was asked (the paper: 5).
        seconds: by default those of training, longer ones in overlapping windows."""
        n, candidates = checked(n=n, candidates=candidates).values()
        if like is not None:
            sound = self.sound_of(like)
            if not sound.abs().max() > SILENT:
                raise PromptError("like: the clip is silent; give one that sounds, or words")
            vector = self.embedder.embed_sound(sound[None])
            asked = f"like {like.caption or like.source or 'a clip'}"
        else:
            vector, asked = self.embedder.embed_text([prompt]), prompt
        said = like is not None or bool(prompt.strip())
        settings = Settings(steps, guidance if said else 1.0, sampler, seed)
        seeds = settings.seeds(n * candidates)
        seconds = self._seconds(seconds)
        sounds = self.draw_each(
            vector.expand(len(seeds), -1),
            seeds,
            said=said,
            seconds=seconds,
            **settings.asked(),
            progress=progress,
        )
        if candidates > 1:
            sounds = self.best(sounds, vector, n)
        request = {
            "prompt": prompt if like is None else None,
            "like": None if like is None else credit_of(like),
            "seconds": seconds,
            "candidates": candidates if candidates > 1 else None,
            **settings.asked(),
        }
        return [
            signed(
                self._clip(sound, asked or "nothing asked"),
                self,
                request=request,
                seed=settings.seed,
                take=take,
            )
            for take, sound in enumerate(sounds, start=1)
        ]

    def best(self, sounds: Tensor, vector: Tensor, n: int) -> Tensor:
        """Of sounds (n · candidates, samples), takes of one request side by side, the one of each
        group whose embedding is nearest to the vector (1, embed)."""
        near = (self.embedder.embed_sound(sounds) @ vector[0]).view(n, -1)
        rows = near.argmax(1) + torch.arange(n) * near.shape[1]
        return sounds[rows]

    @torch.inference_mode()
    def draw_each(
        self,
        vectors: Tensor,
        seeds: Sequence[int],
        *,
        said: bool = True,
        seconds: float | None = None,
        steps: int = 50,
        guidance: float = 4.0,
        sampler: str = "ddim",
        progress: Progress | None = None,
    ) -> Tensor:
        """Sounds (n, samples) for vectors (n, embed) and seeds, all at once; see `generate`."""
        settings, seconds = Settings(steps, guidance, sampler), self._seconds(seconds)
        sizes = self.config.sizes
        samples = max(1, round(seconds * self.config.rate))
        frames = -(-samples // (self.mel.hop * sizes.shorter))
        shape = (sizes.latent, frames, sizes.bands // sizes.shorter)
        noise = noise_of(seeds, shape)
        asked = Heard(vectors, torch.full((len(seeds),), said))
        network = overlapping(self.networks.denoiser, self.config.frames // sizes.shorter, axis=2)

        def heard(step: int, total: int, x0: Tensor) -> None:
            if progress is not None:
                progress(step, total)

        z = draw(network, self.diffusion, noise, asked, settings, seeds=seeds, callback=heard)
        return torch.cat([self.decode(part) for part in z.split(8)])[:, :samples]

    def _seconds(self, seconds: float | None) -> float:
        seconds = self.config.seconds if seconds is None else number(seconds, "seconds")
        if not 0 < seconds <= 600:
            raise PromptError(f"seconds: {seconds:g}; give more than 0 and at most 600")
        return seconds

    def _clip(self, sound: Tensor, caption: str) -> Clip:
        from workbench.music.clip import Clip

        return Clip(audio=sound[None].numpy(), sample_rate=self.config.rate, caption=caption)
