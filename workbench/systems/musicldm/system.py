"""MusicLDM: text → a vector → latent diffusion of mel spectrograms → vocoder → sound.

    text → TextAudio ┐
    sound → TextAudio┴→ U-Net (FiLM) ⇄ sampler → VAE's decoder → mel → HiFi-GAN → waveform → Clip

Because text and sound share one space, the U-Net can be trained on sound alone and asked by words
(Chen et al. 2023, arXiv 2308.01546). Networks: `models/music_ldm.py`, `models/text_audio.py`;
training with beat-synchronous mixup: `training.py`.
Notebook: `notebooks/07_audio_diffusion.ipynb`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import listed, same_length, shown, texts_of
from workbench.errors import PromptError
from workbench.models.music_ldm import Heard
from workbench.music.audio import SILENT
from workbench.music.clip import clip_of
from workbench.systems.base import Progress, Region, SamplingSettings
from workbench.systems.cards import music_card
from workbench.systems.configs import config_from
from workbench.systems.musicldm.config import MEMORY, MusicLDMConfig
from workbench.systems.musicldm.networks import Embedder, Networks, own_embedder
from workbench.systems.musicldm.published import load_published
from workbench.systems.musicldm.training import recipe
from workbench.systems.prompts import prompt_of, words_by_kind
from workbench.systems.provenance import credit_of, signed_takes
from workbench.systems.sampling import checked, overlapping
from workbench.systems.sound_diffusion import SoundDiffusion
from workbench.training.memory import fitting

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.datasets.audio import AudioCollection
    from workbench.music.clip import Clip

__all__ = ["Embedder", "MusicLDM", "MusicLDMConfig"]


class MusicLDM(SoundDiffusion):
    """Music as sound from words. `from_pretrained` loads a system, `train` makes one."""

    networks: Networks
    reads: ClassVar = ("text",)
    replaces: ClassVar = ("bars", "seconds")
    time_axis: ClassVar = 2

    def __init__(self, config: MusicLDMConfig) -> None:
        self.config = config
        self.networks = Networks(config).eval()
        self.mel, self.diffusion = self.networks.mel, config.diffusion()
        self.embedder: Embedder = own_embedder(self.networks)

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
    ) -> Self:
        """Train all stages and save in `out`; a run that was stopped goes on where it was.

        dataset: as of `LDMG.train`; mixup: "none", "plain", "bam" or "blm".
        """
        with fitting(profile, MEMORY):
            return cls._train(
                recipe,
                music_card,
                dataset,
                profile,
                out=out,
                seed=seed,
                budget_minutes=budget_minutes,
                watch=watch,
                mixup=mixup,
            )

    @classmethod
    def from_diffusers(cls, name: str | Path) -> Self:
        """A published pipeline: a folder, or a name on the hub such as "ucsd-reach/musicldm".
        Raises CheckpointError."""
        parts = load_published(name)
        system = cls(parts.config)
        parts.put_into(system.networks)
        system.embedder, system.checkpoint = parts.embedder, str(name)
        return system

    def prompt_words(self) -> dict[str, list[str]]:
        """Words that are common in the training captions."""
        return words_by_kind(self.config.words)

    # --- sound ↔ mel ↔ latent -----------------------------------------------------------------

    def encode(self, clips: Clip | Sequence[Clip] | Tensor) -> Tensor:
        """Latents of clips of equal length: (n, latent, frames / 8, bands / 8) of variance about
        1."""
        if isinstance(clips, Tensor):
            warnings.warn(
                "encode: takes clips; for a tensor there is encode_sound",
                DeprecationWarning,
                stacklevel=2,
            )
            return self.encode_sound(clips)
        return self.encode_clips(clips)

    def decode(self, latents: Tensor, caption: str = "") -> list[Clip]:
        """Latents back to clips; `decode_sound` gives a tensor."""
        return self.decode_clips(latents, caption)

    def encode_sound(self, sounds: Tensor | np.ndarray) -> Tensor:
        """Sounds (n, samples) → latents (n, latent, frames / 8, bands / 8) of variance about 1.
        WorkbenchError for NaN and infinite samples."""
        return self.networks.encode_sound(sounds)

    def encode_mel(self, mel: Tensor) -> Tensor:
        """(n, frames, bands) → latents; frames are filled up to a multiple of the VAE's."""
        return self.networks.encode_mel(mel)

    def decode_mel(self, latents: Tensor) -> Tensor:
        """Latents → log mel (n, frames, bands)."""
        return self.networks.decode_mel(latents)

    def vocode(self, mel: Tensor) -> Tensor:
        """Log mel (n, frames, bands) → sounds (n, frames · 160) in −1..1."""
        return self.networks.vocode(mel)

    def decode_sound(self, latents: Tensor) -> Tensor:
        """Latents → sounds (n, samples) in −1..1."""
        return self.networks.decode_sound(self.latents_of(latents))

    def sound_of(self, clip: Clip) -> Tensor:
        """A clip's sound as this system hears it: (samples,)."""
        return torch.from_numpy(
            clip_of(clip).waveform(self.config.rate, loop=False).mean(0)
        ).float()

    def sound_array(self, clip: Clip) -> np.ndarray:
        return self.sound_of(clip)[None].numpy()

    def latent_of(self, sound: np.ndarray) -> Tensor:
        return self.encode_sound(sound)[0]

    def sound_from(self, latent: Tensor) -> np.ndarray:
        return self.decode_sound(latent[None]).numpy()

    # --- latents ------------------------------------------------------------------------------

    @property
    def hop(self) -> int:
        return self.mel.hop * self.config.sizes.shorter

    def frames_of(self, seconds: float) -> int:
        return -(-max(1, round(seconds * self.config.rate)) // self.hop)

    def latent_shape(self, length: int | None = None) -> tuple[int, ...]:
        """length: latent frames, 8 of the mel spectrogram's each."""
        sizes = self.config.sizes
        frames = self.config.frames // sizes.shorter if length is None else length
        return (sizes.latent, frames, sizes.bands // sizes.shorter)

    def denoiser_for(self, noisy: Tensor) -> Callable[..., Tensor]:
        """The U-Net, which is asked about overlapping windows of what is longer than those of
        training."""
        frames = self.config.frames // self.config.sizes.shorter
        return overlapping(self.networks.denoiser, frames, axis=2)

    @torch.inference_mode()
    def conditioning(self, prompts: Sequence[str] | Tensor, *, said: bool | None = None) -> Heard:
        """What the U-Net is conditioned on. prompts: words, or vectors (n, embed) of texts or
        sounds; said: False for the empty text, by default where there are no words."""
        if isinstance(prompts, Tensor):
            return Heard(prompts, torch.full((len(prompts),), said is not False))
        prompts = texts_of(prompts, "prompts", 1)
        present = [bool(prompt.strip()) and said is not False for prompt in prompts]
        return Heard(self.embedder.embed_text(prompts), torch.tensor(present))

    # --- drawing ------------------------------------------------------------------------------

    def generate(
        self,
        prompt: str | None = "",
        n: int = 1,
        *,
        like: Clip | None = None,
        seconds: float | None = None,
        steps: int = 50,
        guidance: float = 4.0,
        sampler: str = "ddim",
        candidates: int = 1,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate `n` clips. like: a clip whose sound is asked for instead of the prompt.
        candidates: generated for each clip; the embedder picks the one nearest to what was asked
        (the paper: 5). seconds: by default those of training, longer ones in overlapping
        windows."""
        n, candidates = checked(n=n, candidates=candidates).values()
        prompt = prompt_of(prompt, "words, or a sound as like=")
        vector, asked = self._vector(prompt, like)
        said = like is not None or bool(prompt.strip())
        settings = SamplingSettings(steps, guidance if said else 1.0, sampler, seed)
        seeds = settings.seeds(n * candidates)
        seconds = self.seconds_of(seconds)
        sounds = self._sounds(
            self.conditioning(vector.expand(len(seeds), -1), said=said),
            seeds,
            seconds,
            settings,
            progress,
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
        clips = (self._clip(sound[None].numpy(), asked or "nothing asked") for sound in sounds)
        return signed_takes(clips, self, request=request, seed=settings.seed)

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
        progress: Callable[[Progress], None] | None = None,
    ) -> Tensor:
        """Sounds (n, samples) for vectors (n, embed) and seeds, all at once; see `generate`."""
        settings, seconds = SamplingSettings(steps, guidance, sampler), self.seconds_of(seconds)
        seeds = listed(seeds, "seeds", "seeds", 1)
        if not isinstance(vectors, Tensor) or vectors.ndim != 2:
            raise PromptError(f"vectors={shown(vectors)}: give a tensor (n, embed)")
        same_length(vectors=vectors, seeds=seeds)
        conditioning = self.conditioning(vectors, said=said)
        return self._sounds(conditioning, seeds, seconds, settings, progress)

    @torch.inference_mode()
    def vary(
        self,
        clip: Clip,
        n: int = 1,
        *,
        strength: float = 0.5,
        prompt: str | None = None,
        like: Clip | None = None,
        steps: int = 50,
        guidance: float = 4.0,
        sampler: str = "ddim",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Variations: noise the clip's latents part of the way, then sample again from there
        (SDEdit, arXiv 2108.01073). strength: 0 gives the reconstruction, 1 something new."""
        conditioning, request = self._request(prompt, like)
        return self._vary(
            clip,
            n,
            strength,
            conditioning,
            SamplingSettings(steps, guidance, sampler, seed),
            request,
            progress,
        )

    @torch.inference_mode()
    def inpaint(
        self,
        clip: Clip,
        region: Region,
        n: int = 1,
        *,
        prompt: str | None = None,
        like: Clip | None = None,
        steps: int = 50,
        guidance: float = 4.0,
        sampler: str = "ddpm",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Regenerate the seconds of a region; outside of it the clip's own samples stay, with
        cross-fades of 20 ms inside the region. At every step the known latents are put in."""
        conditioning, request = self._request(prompt, like)
        return self._inpaint(
            clip,
            region,
            n,
            conditioning,
            SamplingSettings(steps, guidance, sampler, seed),
            request,
            progress,
        )

    def _vector(self, prompt: str, like: Clip | None) -> tuple[Tensor, str]:
        """The embedding (1, embed) of a sound or of words, and what to call it."""
        if like is None:
            return self.embedder.embed_text([prompt]), prompt
        sound = self.sound_of(clip_of(like, "like"))
        if not sound.abs().max() > SILENT:
            raise PromptError("like: the clip is silent; give one that sounds, or words")
        return (
            self.embedder.embed_sound(sound[None]),
            f"like {like.caption or like.source or 'a clip'}",
        )

    def _request(
        self, prompt: str | None, like: Clip | None
    ) -> tuple[Callable[[int], Heard], dict[str, Any]]:
        """The conditioning of n rows, and what provenance says of it."""
        prompt = prompt_of(prompt, "words, or a sound as like=")
        vector, _ = self._vector(prompt, like)
        said = like is not None or bool(prompt.strip())
        return (
            lambda n: self.conditioning(vector.expand(n, -1), said=said),
            {"prompt": prompt} if like is None else {"like": credit_of(like)},
        )

    def _sounds(
        self,
        conditioning: Heard,
        seeds: Sequence[int],
        seconds: float,
        settings: SamplingSettings,
        progress: Callable[[Progress], None] | None,
    ) -> Tensor:
        """Sounds (n, samples)."""
        samples = max(1, round(seconds * self.config.rate))
        z = self.sample(
            self.noise(seeds, self.frames_of(seconds)),
            conditioning,
            settings,
            seeds=seeds,
            callback=self._callback(progress, samples),
        )
        return torch.cat([self.decode_sound(part) for part in z.split(8)])[:, :samples]
