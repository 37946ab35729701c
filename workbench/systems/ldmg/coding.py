"""Stage one of LDMG's training: a VAE-GAN, or a VAE, then its decoder alone.

Both players of the VAE-GAN learn in the same step: the discriminator's loss sees decoded sound cut
off from the decoder, the decoder's sees the discriminator with its weights held. Batches are random
crops, drawn anew at every step from the memory-mapped collection.

What comes out of the decoder is nearer to the sound without a discriminator, at the size of a
laptop and by every measure of spectra (`workbench evaluate sound --only players`; the card of
`sound-ldmg` has the table).

The decoder is finished with the encoder held: the latents stay, and the level in decibels is asked
for beside the spectrum.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from workbench.datasets.audio import AudioCollection
from workbench.models.audio_vae import AudioVAE, Discriminator, adversarial_terms, kl
from workbench.models.spectral import level_distance, stft_loss
from workbench.models.spectral_vae import SpectralVAE
from workbench.systems.ldmg.config import Weights
from workbench.training import Fit, Plan, Watch, fit, scores_of, seeds


class VAEGAN(nn.Module):
    """Both players as one module; a width of 0 leaves the discriminator out."""

    def __init__(self, vae: AudioVAE | SpectralVAE, width: int) -> None:
        super().__init__()
        self.vae = vae
        self.judge = Discriminator(vae.config.channels, width) if width else None


def gan_terms(module: VAEGAN, sound: Tensor, weights: Weights) -> dict[str, Tensor]:
    """The VAE-GAN's objective by term, weighted: sound (batch, channels, samples)."""
    decoded, mean, spread = module.vae(sound)
    convergence, logs = stft_loss(sound, decoded)
    terms = {
        "convergence": weights.spectrum * convergence,
        "spectrum": weights.spectrum * logs,
        "kl": weights.kl * kl(mean, spread),
    }
    if module.judge is not None:
        terms |= adversarial_terms(
            module.judge, sound, decoded, weights.adversarial, weights.matching
        )
    return terms


def fit_vae(
    vae: AudioVAE | SpectralVAE,
    audio: AudioCollection,
    rows: Sequence[int],
    kept: Sequence[int],
    plan: Plan,
    out: Path,
    *,
    crop: int,
    width: int,
    weights: Weights,
    seed: int,
    watch: Watch | None = None,
) -> Fit:
    """Train `vae` against a discriminator of `width` (0: none) on crops of `crop` samples; rows,
    kept: training and validation pieces of `audio`."""
    module = VAEGAN(vae, width)

    def loss(module: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        sound = crops_of(audio, numbers, crop, seed, rows)
        return gan_terms(module, sound, weights)  # type: ignore[arg-type]

    held, _ = audio.crops(16, crop, seed=0, rows=kept)

    def validate(module: nn.Module) -> dict[str, float]:
        mean, spread, found = decoded_held(module.vae, held)  # type: ignore[arg-type]
        del found["level"]
        return {**scores_of(found), "kl": float(kl(mean, spread))}

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


def finish_decoder(
    vae: AudioVAE | SpectralVAE,
    audio: AudioCollection,
    rows: Sequence[int],
    kept: Sequence[int],
    plan: Plan,
    out: Path,
    *,
    crop: int,
    weights: Weights,
    seed: int,
    watch: Watch | None = None,
) -> Fit:
    """Train the decoder alone, on the encoder's means: `weights.spectrum` of the STFT distance and
    `weights.level` of the log-spectral distance in dB."""
    vae.encoder.requires_grad_(False)

    def loss(vae: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        sound = crops_of(audio, numbers, crop, seed, rows)
        with torch.no_grad():
            mean, _ = vae.encode(sound)  # type: ignore[operator]
        decoded = vae.decode(mean)[..., :crop]  # type: ignore[operator]
        convergence, logs = stft_loss(sound, decoded)
        return {
            "convergence": weights.spectrum * convergence,
            "spectrum": weights.spectrum * logs,
            "level": weights.level * level_distance(sound, decoded),
        }

    held, _ = audio.crops(16, crop, seed=0, rows=kept)

    def validate(vae: nn.Module) -> dict[str, float]:
        found = decoded_held(vae, held)[2]
        return {"loss": found["level"], **found}

    done = fit(
        vae, seeds(), loss, plan, out, seed=seed, validate=validate, watch=watch, title="decoder"
    )
    vae.encoder.requires_grad_(True)
    return done


def crops_of(
    audio: AudioCollection, numbers: Tensor, crop: int, seed: int, rows: Sequence[int]
) -> Tensor:
    """A batch of a step: (len(numbers), channels, crop), drawn by the first number."""
    crops, _ = audio.crops(len(numbers), crop, seed=int(numbers[0]) + seed, rows=rows)
    return torch.from_numpy(crops).to(numbers.device)


def decoded_held(vae: nn.Module, held: Any) -> tuple[Tensor, Tensor, dict[str, float]]:
    """Mean and log variance of held-out crops, and how far the decoded means are from them."""
    sound = torch.from_numpy(held).to(next(vae.parameters()).device)
    mean, spread = vae.encode(sound)  # type: ignore[operator]
    decoded = vae.decode(mean)[..., : sound.shape[-1]]  # type: ignore[operator]
    convergence, logs = (float(x) for x in stft_loss(sound, decoded))
    level = float(level_distance(sound, decoded))
    return mean, spread, {"convergence": convergence, "spectrum": logs, "level": level}
