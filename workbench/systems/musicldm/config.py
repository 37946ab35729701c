"""MusicLDM's configuration and its training profiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.models.diffusion import Diffusion, Prediction
from workbench.models.music_ldm import PUBLISHED, MusicLDMSizes
from workbench.models.text_audio import TextAudioConfig
from workbench.training import Plan


@dataclass(frozen=True)
class MusicLDMConfig:
    """Configuration of a MusicLDM.

    Args:
        sizes: Sizes of the VAE, denoiser and vocoder.
        clap: Configuration of the text–audio encoder.
        rate: Sample rate in Hz.
        frames: Mel frames of a training window, 100 per second.
        schedule: Noise schedule, see `models.diffusion`.
        prediction: What the denoiser predicts: "v", "epsilon" …
        steps: Number of steps of the schedule.
        words: Words for prompts that are common in the training captions.
        vocabulary: All words of at least two training captions; () if they are not known.
        captions: The commonest training captions of each class of sound, without their tempo (see
            `sound_class.class_captions`); () if they are not known.
        rescale: How guidance is rescaled, see `guided`; 0 for networks that were trained earlier.
    """

    sizes: MusicLDMSizes
    clap: TextAudioConfig
    rate: int = 16_000
    frames: int = 512
    schedule: str = "cosine-zero-snr"
    prediction: Prediction = "v"
    steps: int = 1000
    words: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    rescale: float = 0.0

    @property
    def seconds(self) -> float:
        """Length of a training window in seconds."""
        return self.frames * 160 / self.rate

    def diffusion(self) -> Diffusion:
        """Return the noise schedule with the denoiser's prediction type."""
        return Diffusion(self.schedule, self.steps, self.prediction)


WHOLE = "32-true"  # bfloat16 adds audible hiss to a vocoder's waveform


@dataclass(frozen=True)
class Profile:
    """A training profile.

    decoder_finetune: plan for the VAE's decoder and the vocoder together; frames: mel frames of the
    denoiser's windows; crop: mel frames of the crops for the text–audio encoder and the VAE;
    windows: number of real windows for the denoiser; mixes: number of mixed windows, as a share of
    these; speech: samples of the vocoder's crops; discriminator: its number of channels, 0 for
    none; beat: whether the denoiser is trained on beats.
    """

    sizes: MusicLDMSizes
    clap: Plan
    vae: Plan
    vocoder: Plan
    audio: Plan
    text: Plan
    decoder_finetune: Plan | None = None
    frames: int = 512
    crop: int = 256
    windows: int = 6000
    mixes: float = 0.5
    speech: int = 8000
    discriminator: int = 0
    limit: int | None = None
    schedule: str = "cosine-zero-snr"
    prediction: Prediction = "v"
    beat: bool = True


def _plan(steps: int, batch: int, lr: float, **more: Any) -> Plan:
    return Plan(steps=steps, batch=batch, lr=lr, every=max(1, min(250, steps // 4)), **more)


PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        MusicLDMSizes(embed=32, patch=(8, 16, 1), latent=16, transformer=(32, 2, 4), vocoder=32),
        _plan(8, 8, 1e-3, warmup=2),
        _plan(8, 4, 1e-3, warmup=2),
        _plan(8, 4, 1e-3, warmup=2),
        _plan(8, 8, 1e-3, warmup=2, ema=0.9),
        _plan(8, 8, 1e-3, warmup=2, ema=0.9),
        _plan(4, 2, 4e-4, warmup=2, precision=WHOLE),
        frames=64,
        crop=64,
        windows=24,
        limit=8,
    ),
    "laptop": Profile(
        MusicLDMSizes(
            patch=(8, 128, 2), latent=64, transformer=(160, 4, 4), vocoder=136, window=1024
        ),
        _plan(1200, 64, 1e-3),
        _plan(4000, 16, 1e-3, ema=0.998, muon=0.01),
        _plan(8000, 8, 2e-3, betas=(0.8, 0.99), clip=5.0, muon=0.02),
        _plan(12_000, 16, 1e-3, ema=0.998, muon=0.02),
        _plan(8000, 16, 5e-4, ema=0.998, muon=0.01),
        _plan(
            6000,
            6,
            6e-4,
            betas=(0.8, 0.99),
            clip=5.0,
            ema=0.99,
            keep="last",
            muon=0.005,
            precision=WHOLE,
        ),
    ),
    # For minutes on a part of a large GPU: the steps are more than fit, the budget ends them.
    "gpu": Profile(
        MusicLDMSizes(
            patch=(8, 192, 3), latent=64, transformer=(240, 4, 6), vocoder=208, depth=5, window=1024
        ),
        _plan(6000, 128, 1e-3),
        _plan(30_000, 32, 1e-3),
        _plan(
            30_000, 32, 1e-3, betas=(0.8, 0.99), clip=5.0, ema=0.998, keep="last", precision=WHOLE
        ),
        _plan(40_000, 64, 6e-4, ema=0.999),
        _plan(20_000, 64, 3e-4, ema=0.999),
        _plan(
            20_000, 32, 5e-4, betas=(0.8, 0.99), clip=5.0, ema=0.998, keep="last", precision=WHOLE
        ),
        windows=6000,
        mixes=0.1,
        speech=16_000,
    ),
    "paper": Profile(
        PUBLISHED,
        _plan(50_000, 256, 1e-4),
        _plan(200_000, 16, 1e-4),
        _plan(200_000, 16, 2e-4, betas=(0.8, 0.99), keep="last", precision=WHOLE),
        _plan(200_000, 64, 3e-5, ema=0.9999),
        _plan(100_000, 64, 3e-5, ema=0.9999),
        frames=1024,
        crop=1024,
        windows=200_000,
        discriminator=32,
        schedule="scaled-linear",
        prediction="epsilon",
        beat=False,
    ),
}


MEMORY = {"smoke": 0.6, "laptop": 0.8, "gpu": 1.2, "paper": 27.0}  # GiB of a GPU, by profile
