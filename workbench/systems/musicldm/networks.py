"""The networks of a MusicLDM, and the conversion between sound and latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from workbench.errors import WorkbenchError
from workbench.models.music_ldm import film_denoiser, mel_vae, vocoder
from workbench.models.text_audio import TextAudio
from workbench.music.audio import checked
from workbench.representations.mel import Mel
from workbench.representations.text import BertText, TextTable
from workbench.systems.musicldm.config import MusicLDMConfig

PART = 32  # rows that are converted at a time, so that memory does not grow with their number


def by_parts(convert: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """Convert the rows of a batch, `PART` at a time. Each row must be independent of the others."""
    return torch.cat([convert(part) for part in rows.split(PART)])


def vocode(vocoder: nn.Module, mel: Tensor) -> Tensor:
    """Convert log mel spectrograms (n, frames, bands) to sounds (n, frames · 160). HiFi-GAN's
    upsampling returns a few more samples, which are cut off."""
    return vocoder(mel).reshape(len(mel), -1)[:, : mel.shape[1] * 160]


class Networks(nn.Module):
    """All modules of a MusicLDM that have weights: the content of a checkpoint. They include the
    mean and scale of mel values and latents over the training sound."""

    mel_mean: Tensor
    mel_std: Tensor
    latent_mean: Tensor  # (latent, 1, bands), after the division by latent_std
    latent_std: Tensor

    def __init__(self, config: MusicLDMConfig) -> None:
        super().__init__()
        self.config, self.mel = config, Mel(config.rate, bands=config.sizes.bands)
        self.clap = TextAudio(config.clap)
        self.vae, self.denoiser = mel_vae(config.sizes), film_denoiser(config.sizes)
        self.vocoder = vocoder(config.sizes)
        for name, value in (("mel_mean", -4.0), ("mel_std", 3.0), ("latent_std", 1.0)):
            self.register_buffer(name, torch.tensor(value))
        shape = config.sizes.latent, 1, config.sizes.latent_bands
        self.register_buffer("latent_mean", torch.zeros(shape))

    @torch.inference_mode()
    def encode_sound(self, sounds: Tensor | np.ndarray) -> Tensor:
        """Encode sounds (n, samples) as latents (n, latent, frames / 8, bands / 8) of variance
        about 1. Raises WorkbenchError for NaN, infinite and huge samples."""
        samples = np.ascontiguousarray(checked(sounds, "sounds"), dtype=np.float32)
        device = self.mel_mean.device
        mel = by_parts(lambda part: self.mel(part.to(device)), torch.from_numpy(samples))
        if not mel.isfinite().all():
            raise WorkbenchError("sounds: too loud for a mel spectrogram; full scale is 1")
        return self.encode_mel(mel)

    @torch.inference_mode()
    def encode_mel(self, mel: Tensor) -> Tensor:
        """Encode log mel spectrograms (n, frames, bands) as latents; frames are padded to a
        multiple of the VAE's downsampling."""
        missing = -mel.shape[1] % self.config.sizes.shorter
        mel = nn.functional.pad(mel, (0, 0, 0, missing), value=float(np.log(1e-5)))
        scaled = ((mel - self.mel_mean) / self.mel_std)[:, None]
        return by_parts(lambda part: self.vae.encode(part)[0], scaled) / self.latent_std

    @torch.inference_mode()
    def decode_mel(self, latents: Tensor) -> Tensor:
        """Decode latents to log mel spectrograms (n, frames, bands)."""
        mel = by_parts(self.vae.decode, latents * self.latent_std)[:, 0]
        return mel * self.mel_std + self.mel_mean

    @torch.inference_mode()
    def vocode(self, mel: Tensor) -> Tensor:
        """Convert log mel spectrograms (n, frames, bands) to sounds (n, frames · 160) in [−1,
        1]."""
        return by_parts(lambda part: vocode(self.vocoder, part), mel).clamp(-1, 1)

    def decode_sound(self, latents: Tensor) -> Tensor:
        """Decode latents to sounds (n, samples) in [−1, 1]."""
        return self.vocode(self.decode_mel(latents))


class Embedder(Protocol):
    """Embeds text and sound in one space: our own `TextAudio`, or CLAP."""

    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Embed texts: (n, dim), unit length."""
        ...

    def embed_sound(self, sounds: Tensor) -> Tensor:
        """Embed sounds (n, samples) at 16 kHz: (n, dim), unit length."""
        ...


class OwnEmbedder:
    """`TextAudio` with the frozen BERT and the mel spectrogram that are its inputs."""

    def __init__(self, clap: TextAudio, text: BertText | TextTable, mel: Mel) -> None:
        self.clap, self.text, self.mel = clap, text, mel

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        vectors = self.text.embed(list(texts))
        return self.clap.eval().embed_text(vectors.to(self.clap.log_scale.device))

    @torch.inference_mode()
    def embed_sound(self, sounds: Tensor) -> Tensor:
        clap, device = self.clap.eval(), self.clap.log_scale.device
        return by_parts(lambda part: clap.embed_mel(self.mel(part.to(device))), sounds)


def own_embedder(networks: Networks) -> OwnEmbedder:
    """Return the embedder of networks that were trained here."""
    return OwnEmbedder(networks.clap, BertText(), networks.mel)
