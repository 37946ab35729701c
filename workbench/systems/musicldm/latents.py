"""MusicLDM's networks at work: sound to mel spectrograms to latents and back, and the conditioning
of the denoiser."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from workbench.arguments import renamed, texts_of
from workbench.datasets.keywords import at_tempo, unknown_words
from workbench.models.music_ldm import MusicLDMConditioning
from workbench.music.clip import clip_of
from workbench.systems.musicldm.config import MusicLDMConfig
from workbench.systems.musicldm.networks import Embedder, Networks, own_embedder
from workbench.systems.sampling import circular, overlapping
from workbench.systems.sound_class import WORDS, by_class, class_of, wanted_words
from workbench.systems.sound_diffusion import SoundDiffusion

if TYPE_CHECKING:
    from workbench.music.clip import Clip


class MusicLatents(SoundDiffusion):
    """The part of MusicLDM that evaluates its networks once: encode, decode, condition."""

    networks: Networks
    config_class: ClassVar = MusicLDMConfig
    networks_class: ClassVar = Networks
    time_axis: ClassVar = 2

    def __init__(self, config: MusicLDMConfig) -> None:
        self.config = config
        self.networks = Networks(config).eval()
        self.mel, self.diffusion = self.networks.mel, config.diffusion()
        self.embedder: Embedder = own_embedder(self.networks)

    # --- sound ↔ mel ↔ latent -----------------------------------------------------------------

    def encode(self, clips: Clip | Sequence[Clip] | Tensor) -> Tensor:
        """Encode clips of equal length as latents (n, latent, frames / 8, latent bands) of variance
        about 1. Raises PromptError if the lengths differ."""
        if isinstance(clips, Tensor):
            warnings.warn(
                "encode: give clips; use encode_sound for a tensor",
                DeprecationWarning,
                stacklevel=2,
            )
            return self.encode_sound(clips)
        return self.encode_clips(clips)

    def decode(self, latents: Tensor, caption: str = "") -> list[Clip]:
        """Decode latents to clips, one per row; `decode_sound` returns a tensor."""
        return self.decode_clips(latents, caption)

    def encode_sound(self, sounds: Tensor | np.ndarray) -> Tensor:
        """Encode sounds (n, samples) at `config.rate` as latents (n, latent, frames / 8, latent
        bands) of variance about 1. Raises WorkbenchError for NaN, infinite and huge samples."""
        return self.networks.encode_sound(sounds)

    def encode_mel(self, mel: Tensor) -> Tensor:
        """Encode log mel spectrograms (n, frames, bands) as latents; frames are padded to a
        multiple of the VAE's downsampling."""
        return self.networks.encode_mel(mel)

    def decode_mel(self, latents: Tensor) -> Tensor:
        """Decode latents to log mel spectrograms (n, frames, bands)."""
        return self.networks.decode_mel(latents)

    def vocode(self, mel: Tensor) -> Tensor:
        """Convert log mel spectrograms (n, frames, bands) to sounds (n, frames · 160) in [−1,
        1]."""
        return self.networks.vocode(mel)

    def decode_sound(self, latents: Tensor) -> Tensor:
        """Decode latents to sounds (n, samples) in [−1, 1]."""
        return self.networks.decode_sound(self.latents_of(latents))

    def sound_of(self, clip: Clip) -> Tensor:
        """Return a clip's sound as this system's input: mono (samples,) at `config.rate`."""
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
        """Return the shape of one latent. length: latent frames, each of 8 mel frames; by default
        as in training."""
        sizes = self.config.sizes
        frames = self.config.frames // sizes.shorter if length is None else length
        return (sizes.latent, frames, sizes.latent_bands)

    def denoiser_for(self, noisy: Tensor) -> Callable[..., Tensor]:
        """Return the denoiser. Latents longer than the training windows are denoised in overlapping
        windows."""
        return overlapping(
            self.networks.denoiser, self.latent_shape()[1], 2, MusicLDMConditioning.timed
        )

    def circular_denoiser(self) -> Callable[..., Tensor]:
        return circular(
            self.networks.denoiser, self.latent_shape()[1], 2, MusicLDMConditioning.timed
        )

    @property
    def knows_beats(self) -> bool:
        return self.config.sizes.beat > 0

    @renamed(said="conditional")
    @torch.inference_mode()
    def conditioning(
        self, prompts: Sequence[str] | Tensor, *, conditional: bool | None = None
    ) -> MusicLDMConditioning:
        """Return the conditioning of the denoiser.

        Args:
            prompts: Texts, or embeddings (n, embed) of texts or sounds.
            conditional: Whether the prompts are used; by default those that are not empty.

        Returns:
            The conditioning of n rows.
        """
        if isinstance(prompts, Tensor):
            return MusicLDMConditioning(
                prompts, torch.full((len(prompts),), conditional is not False)
            )
        prompts = texts_of(prompts, "prompts", 1)
        present = [bool(wanted_words(p).strip()) and conditional is not False for p in prompts]
        return MusicLDMConditioning(self.embed_prompts(prompts), torch.tensor(present))

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(name for name in WORDS if name in by_class(self.config.captions))

    @torch.inference_mode()
    def embed_prompts(self, prompts: Sequence[str], tempo: float | None = None) -> Tensor:
        """Embed prompts: (n, embed), unit length. A person's words are not those of the training
        captions. Where a prompt names a class of sound, the mean embedding of that class's captions
        is therefore added to its own.

        Drums at a tempo whose words are all in captions are embedded as they are: the tempo is then
        kept in 77 % of the clips, with the mean in 60 to 71 %.

        Args:
            prompts: Texts.
            tempo: Tempo in BPM that the captions name, too; by default that of each prompt.

        Source:
            Radford et al. 2021, "Learning transferable visual models from natural language
            supervision", arXiv 2103.00020 (ensembles of prompts in embedding space).
        """
        words, captions = [wanted_words(prompt) for prompt in prompts], self.config.captions
        own = self.embedder.embed_text(words)

        @cache  # prompts of one class and tempo share it
        def usual(name: str, bpm: float | None) -> Tensor:
            texts = by_class(captions)[name]
            texts = texts if bpm is None else [at_tempo(text, bpm) for text in texts]
            return normalize(self.embedder.embed_text(texts).mean(0), dim=0)

        for row, prompt in enumerate(prompts):
            if (name := class_of(prompt, self.classes)) is None:
                continue
            bpm = self.explain_prompt(prompt).tempo if tempo is None else tempo
            known = not unknown_words(words[row], self.config.vocabulary)
            if name == "drums" and known and bpm is not None:
                continue
            own[row] = normalize(own[row] + usual(name, bpm), dim=0)
        return own
