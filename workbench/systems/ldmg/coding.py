"""Stage one of LDMG's training: a VAE-GAN, or a VAE, then its decoder alone.

The VAE and the discriminator are updated in the same step: the discriminator's loss receives
detached sound, and the decoder's loss evaluates the discriminator with frozen weights. Batches are
new random crops of the memory-mapped collection at every step.

At the size of the laptop profile, reconstructions are better without a discriminator by every
spectral measure (`workbench evaluate sound --only players`). That profile has none.

The decoder is then fine-tuned with a frozen encoder, so that the latents stay the same. Its loss
adds the log-spectral distance in decibels, and the distance of textures, because distances of
single magnitudes make a decoder blur.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from workbench.datasets.audio import AudioCollection
from workbench.models.audio_vae import AudioVAE, Discriminator, adversarial_terms, kl
from workbench.models.spectral import level_distance, some_windows, stft_loss, texture_distance
from workbench.models.spectral_vae import SpectralVAE
from workbench.systems.ldmg.config import Weights
from workbench.training import Fit, Plan, Watch, fit, scores_of, seeds


class VAEGAN(nn.Module):
    """VAE and discriminator as one module; a width of 0 omits the discriminator."""

    def __init__(self, vae: AudioVAE | SpectralVAE, width: int) -> None:
        super().__init__()
        self.vae = vae
        self.discriminator = Discriminator(vae.config.channels, width) if width else None


def gan_terms(module: VAEGAN, sound: Tensor, weights: Weights) -> dict[str, Tensor]:
    """Return the weighted terms of the VAE-GAN's objective for sound (batch, channels, samples)."""
    decoded, mean, logvar = module.vae(sound)
    convergence, logs = stft_loss(sound, decoded, some_windows())
    terms = {
        "convergence": weights.spectrum * convergence,
        "spectrum": weights.spectrum * logs,
        "kl": weights.kl * kl(mean, logvar),
    }
    if module.discriminator is not None:
        terms |= adversarial_terms(
            module.discriminator, sound, decoded, weights.adversarial, weights.matching
        )
    return terms


def fit_vae(
    vae: AudioVAE | SpectralVAE,
    audio: AudioCollection,
    rows: Sequence[int],
    validation: Sequence[int],
    plan: Plan,
    out: Path,
    *,
    crop: int,
    width: int,
    weights: Weights,
    seed: int,
    watch: Watch | None = None,
) -> Fit:
    """Train `vae` with a discriminator of `width` (0: none) on crops of `crop` samples. rows,
    validation: pieces of `audio` for training and validation."""
    module = VAEGAN(vae, width)

    def loss(module: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        sound = crops_of(audio, numbers, crop, seed, rows)
        return gan_terms(module, sound, weights)  # type: ignore[arg-type]

    held, _ = audio.crops(16, crop, seed=0, rows=validation)

    def validate(module: nn.Module) -> dict[str, float]:
        mean, logvar, scores = decoded_held(module.vae, held)  # type: ignore[arg-type]
        del scores["level"]
        return {**scores_of(scores), "kl": float(kl(mean, logvar))}

    return fit(
        module,
        seeds(),
        loss,
        plan,
        out,
        seed=seed,
        validate=validate,
        watch=watch,
        title="VAE-GAN" if width else "VAE",
    )


def finetune_decoder(
    vae: AudioVAE | SpectralVAE,
    audio: AudioCollection,
    rows: Sequence[int],
    validation: Sequence[int],
    plan: Plan,
    out: Path,
    *,
    crop: int,
    weights: Weights,
    seed: int,
    watch: Watch | None = None,
) -> Fit:
    """Train the decoder alone, on the encoder's means. The loss is the STFT distance times
    `weights.spectrum`, plus the log-spectral distance in dB times `weights.level`, plus that of
    textures in nats times `weights.texture`."""
    vae.encoder.requires_grad_(False)

    def loss(vae: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        sound = crops_of(audio, numbers, crop, seed, rows)
        with torch.no_grad():
            mean, _ = vae.encode(sound)  # type: ignore[operator]
        decoded = vae.decode(mean)[..., :crop]  # type: ignore[operator]
        windows = some_windows()
        convergence, logs = stft_loss(sound, decoded, windows)
        return {
            "convergence": weights.spectrum * convergence,
            "spectrum": weights.spectrum * logs,
            "level": weights.level * level_distance(sound, decoded),
            "texture": weights.texture * texture_distance(sound, decoded, audio.rate, windows),
        }

    held, _ = audio.crops(16, crop, seed=0, rows=validation)

    def validate(vae: nn.Module) -> dict[str, float]:
        scores = decoded_held(vae, held)[2]
        return {"loss": scores["level"], **scores}

    done = fit(
        vae, seeds(), loss, plan, out, seed=seed, validate=validate, watch=watch, title="decoder"
    )
    vae.encoder.requires_grad_(True)
    return done


def crops_of(
    audio: AudioCollection, numbers: Tensor, crop: int, seed: int, rows: Sequence[int]
) -> Tensor:
    """Return the batch of a step: (len(numbers), channels, crop), seeded by the first number."""
    crops, _ = audio.crops(len(numbers), crop, seed=int(numbers[0]) + seed, rows=rows)
    return torch.from_numpy(crops).to(numbers.device)


def decoded_held(vae: nn.Module, held: Any) -> tuple[Tensor, Tensor, dict[str, float]]:
    """Return mean and log-variance of held-out crops, and the distances of their
    reconstructions."""
    sound = torch.from_numpy(held).to(next(vae.parameters()).device)
    mean, logvar = vae.encode(sound)  # type: ignore[operator]
    decoded = vae.decode(mean)[..., : sound.shape[-1]]  # type: ignore[operator]
    convergence, logs = (float(x) for x in stft_loss(sound, decoded))
    level = float(level_distance(sound, decoded))
    return mean, logvar, {"convergence": convergence, "spectrum": logs, "level": level}
