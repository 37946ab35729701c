"""LDMG's configuration and its training profiles."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.models.audio_vae import AudioVAEConfig
from workbench.models.diffusion import Diffusion, Prediction
from workbench.models.dit import DiTConfig
from workbench.models.spectral_vae import SpectralVAEConfig
from workbench.training import Plan


@dataclass(frozen=True)
class LDMGConfig:
    """Configuration of an LDMG.

    Args:
        vae: Configuration of the autoencoder.
        dit: Configuration of the diffusion transformer.
        rate: Sample rate in Hz.
        frames: Latents of a training window, in time.
        patch: Frames of the autoencoder per latent, whose first principal components the latent is;
            0 for one frame each, standardised.
        genres: Names of the genres, () for none.
        schedule: Noise schedule, see `models.diffusion`.
        prediction: What the transformer predicts: "flow", "v" …
        steps: Number of steps of the schedule.
        words: Words for prompts that are common in the training captions.
        vocabulary: All words of at least two training captions; () if they are not known.
        rescale: How guidance is rescaled, see `guided`; 0 for networks that were trained earlier.
    """

    vae: AudioVAEConfig | SpectralVAEConfig
    dit: DiTConfig
    rate: int = 16_000
    frames: int = 512
    patch: int = 0
    genres: tuple[str, ...] = ()
    schedule: str = "flow"
    prediction: Prediction = "flow"
    steps: int = 1000
    words: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    rescale: float = 0.0

    @property
    def latent(self) -> int:
        """Numbers of a latent."""
        return self.dit.latent

    @property
    def vae_frames(self) -> int:
        """Frames of the autoencoder per latent."""
        return max(1, self.patch)

    @property
    def hop(self) -> int:
        """Samples per latent."""
        return self.vae.hop * self.vae_frames

    @property
    def seconds(self) -> float:
        """Length of a training window in seconds."""
        return self.frames * self.hop / self.rate

    def diffusion(self) -> Diffusion:
        """Return the noise schedule with the transformer's prediction type."""
        return Diffusion(self.schedule, self.steps, self.prediction)


@dataclass(frozen=True)
class Weights:
    """Weights of the VAE-GAN's loss terms; the original's are 1, 1e-2, 1, 1. Feature matching is
    relative to the magnitude of the features; at 1 and more it dominated the spectral loss here,
    and z was not used."""

    spectrum: float = 1.0
    kl: float = 3e-3
    adversarial: float = 0.1
    matching: float = 0.3
    level: float = 0.1  # per dB, when the decoder is fine-tuned
    texture: float = 3.0  # per nat, when the decoder is fine-tuned


@dataclass(frozen=True)
class Profile:
    """A training profile.

    coding: plan of the VAE-GAN; decoder_finetune: plan for its decoder alone, after that; crop:
    length of the crops for both, in samples; width: width of the discriminator, 0 for none; frames,
    patch: see `LDMGConfig`.
    """

    vae: AudioVAEConfig | SpectralVAEConfig
    dit: DiTConfig
    coding: Plan
    diffusion: Plan
    decoder_finetune: Plan | None = None
    rate: int = 16_000
    frames: int = 512
    patch: int = 0
    crop: int = 16_384
    width: int = 16
    weights: Weights = field(default_factory=Weights)
    genres: int = 16  # at most; the most frequent ones are kept
    limit: int | None = None  # training clips per data set; None for all
    beat: bool = True  # whether the transformer is trained on beats


PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        SpectralVAEConfig(width=32, encoder=1, decoder=1, latent=8),
        DiTConfig(16, width=32, depth=2, heads=4, kernel=3, qk_norm=True, pooled=True),
        Plan(steps=12, batch=4, lr=1e-3, warmup=4, betas=(0.8, 0.99), every=6),
        Plan(steps=12, batch=8, lr=1e-3, warmup=4, every=6, ema=0.9),
        Plan(steps=6, batch=4, lr=4e-4, warmup=2, every=3),
        frames=16,
        patch=4,
        crop=4096,
        width=8,
        limit=8,
    ),
    "laptop": Profile(
        SpectralVAEConfig(latent=64),
        DiTConfig(96, width=156, depth=3, heads=3, kernel=3, qk_norm=True, pooled=True),
        Plan(
            steps=20_000,
            batch=8,
            lr=1e-3,
            betas=(0.8, 0.99),
            clip=5.0,
            every=500,
            ema=0.998,
            keep="last",
            muon=0.02,
        ),
        Plan(steps=12_000, batch=16, lr=1e-3, every=500, ema=0.999, muon=0.02),
        Plan(
            steps=8000,
            batch=8,
            lr=4e-4,
            betas=(0.8, 0.99),
            clip=5.0,
            every=500,
            ema=0.99,
            keep="last",
            muon=0.005,
        ),
        frames=96,
        patch=4,
        crop=8192,
        width=0,
    ),
    # For minutes on a part of a large GPU: the steps are more than fit, the budget ends them.
    "gpu": Profile(
        SpectralVAEConfig(width=192, encoder=3, decoder=6, latent=64),
        DiTConfig(128, width=192, depth=5, heads=6, kernel=3, qk_norm=True, pooled=True),
        Plan(
            steps=40_000,
            batch=32,
            lr=1e-3,
            betas=(0.8, 0.99),
            clip=5.0,
            every=500,
            ema=0.998,
            keep="last",
            precision="32-true",  # bfloat16 is too coarse for log magnitudes
        ),
        Plan(steps=60_000, batch=64, lr=8e-4, every=500, ema=0.999),
        Plan(
            steps=20_000,
            batch=32,
            lr=4e-4,
            betas=(0.8, 0.99),
            clip=5.0,
            every=500,
            ema=0.998,
            keep="last",
            precision="32-true",
        ),
        frames=128,
        patch=4,
        crop=16_384,
        width=0,
    ),
    # The original's sizes and weights (its noise schedule leaves signal at the last step and is not
    # used).
    "paper": Profile(
        AudioVAEConfig(width=16, latent=32, attention=True),
        DiTConfig(32),
        Plan(
            steps=400_000, batch=8, lr=1e-4, betas=(0.9, 0.999), warmup=1, every=5000, keep="last"
        ),
        Plan(steps=400_000, batch=16, lr=1e-4, warmup=1, every=5000),
        frames=2500,
        crop=160_000,
        weights=Weights(1.0, 1e-2, 1.0, 1.0),
        beat=False,
    ),
}


MEMORY = {"smoke": 0.6, "laptop": 0.8, "gpu": 1.5, "paper": 11.0}  # GiB of a GPU, by profile
