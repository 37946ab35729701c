"""How MusicLDM's coding is trained: mel VAE, vocoder, and then both of them together.

The VAE learns to return spectrograms, the vocoder to play real ones as well as these; neither
learns from what is heard at the end. So the VAE's decoder and the vocoder are finished together, on
sound; the encoder stays, and so do the latents that the U-Net draws.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from workbench.models.audio_vae import Discriminator, adversarial_terms
from workbench.models.spectral import level_distance, stft_loss
from workbench.systems.musicldm.networks import Networks, spoken
from workbench.systems.sound_training import Data
from workbench.training import Fit, Plan, Watch, fit, scores_of, seeds

KL = 1e-3  # weight in the mel VAE
ADVERSARIAL, MATCHING = 0.1, 0.3  # weights in the vocoder's loss
LEVEL = 0.1  # weight of a dB of log-spectral distance beside the STFT distance
CROP = 128  # mel frames of the last stage's sounds


def fit_vae(
    networks: Networks,
    data: Data,
    plan: Plan,
    out: Path,
    *,
    crop: int,
    seed: int,
    watch: Watch | None = None,
) -> Fit:
    """The mel VAE on crops of `crop` frames: absolute error and a little KL; then the latents'
    scale."""
    length = crop * networks.mel.hop
    sample = networks.mel(data.sounds(64, length, seed))
    networks.mel_mean.copy_(sample.mean())
    networks.mel_std.copy_(sample.std().clamp(min=0.1))  # of music about 3, of silence 0

    def terms(module: nn.Module, sound: Tensor, noise: bool) -> dict[str, Tensor]:
        mel = ((networks.mel(sound) - networks.mel_mean) / networks.mel_std)[:, None]
        said = module.encode(mel).latent_dist  # type: ignore[operator]
        again = module.decode(said.sample() if noise else said.mean).sample  # type: ignore[operator]
        kl = 0.5 * (said.mean**2 + said.var - 1 - said.logvar).mean()
        return {"distance": (again - mel).abs().mean(), "kl": KL * kl}

    def loss(module: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        sound = data.sounds(len(numbers), length, int(numbers[0]) + seed)
        return terms(module, sound.to(numbers.device), True)

    held = data.sounds(16, length, 0, kept=True)

    def validate(module: nn.Module) -> dict[str, float]:
        sound = held.to(next(module.parameters()).device)
        return scores_of(terms(module, sound, False))

    done = fit(
        networks.vae,
        seeds(),
        loss,
        plan,
        out,
        seed=seed,
        validate=validate,
        watch=watch,
        title="mel VAE",
    )
    networks.latent_std.fill_(1.0)
    z = networks.encode_sound(data.sounds(64, length, seed))
    networks.latent_std.copy_(z.std().clamp(min=1e-3))
    networks.latent_mean.copy_((z / networks.latent_std).mean((0, 2))[:, None])
    return done


class Speakers(nn.Module):
    """The vocoder, and its judge if it has one."""

    def __init__(self, vocoder: nn.Module, width: int) -> None:
        super().__init__()
        self.vocoder, self.judge = vocoder, Discriminator(1, width) if width else None


def fit_vocoder(
    networks: Networks,
    data: Data,
    plan: Plan,
    out: Path,
    *,
    crop: int,
    width: int,
    seed: int,
    watch: Watch | None = None,
) -> Fit:
    """The vocoder on crops of `crop` samples: half of the mel spectrograms real, half as the VAE
    returns them, so that it knows the ones that it will be given. width: of its discriminator, 0
    for none."""
    module = Speakers(networks.vocoder, width)

    def mel_of(sound: Tensor) -> Tensor:
        vae: nn.Module = networks.vae
        vae.to(sound.device)  # diffusers' stub of its own `to` takes no device
        mel = networks.mel(sound)
        half = len(mel) // 2
        with torch.no_grad():
            again = networks.decode_mel(networks.encode_mel(mel[:half]))[:, : mel.shape[1]]
        return torch.cat([again.clone(), mel[half:]])

    def apart(real: Tensor, made: Tensor) -> dict[str, Tensor]:
        convergence, logs = stft_loss(real, made)
        mel = (networks.mel(made[:, 0]) - networks.mel(real[:, 0])).abs().mean()
        return {"convergence": convergence, "spectrum": logs, "mel": mel}

    def loss(module: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        sound = data.sounds(len(numbers), crop, int(numbers[0]) + seed).to(numbers.device)
        made = spoken(module.vocoder, mel_of(sound))[:, None]  # type: ignore[arg-type]
        real = sound[:, None, : made.shape[-1]]
        terms = apart(real, made)
        if module.judge is not None:
            terms |= adversarial_terms(module.judge, real, made, ADVERSARIAL, MATCHING)  # type: ignore[arg-type]
        return terms

    held = data.sounds(16, crop, 0, kept=True)

    def validate(module: nn.Module) -> dict[str, float]:
        sound = held.to(next(module.parameters()).device)
        made = spoken(module.vocoder, networks.mel(sound))[:, None]  # type: ignore[arg-type]
        return scores_of(apart(sound[:, None, : made.shape[-1]], made))

    done = fit(
        module, seeds(), loss, plan, out, seed=seed, validate=validate, watch=watch, title="vocoder"
    )
    networks.vae.cpu()
    return done


class Ending(nn.Module):
    """Latents (batch, latent, frames / shorter, bands / shorter) → sounds (batch, frames · 160)."""

    mel_mean: Tensor
    mel_std: Tensor
    latent_std: Tensor

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        self.vae, self.vocoder = networks.vae, networks.vocoder
        for name in ("mel_mean", "mel_std", "latent_std"):
            self.register_buffer(name, getattr(networks, name).clone(), persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        mel = self.vae.decode(z * self.latent_std).sample[:, 0]  # (batch, frames, bands)
        return spoken(self.vocoder, mel * self.mel_std + self.mel_mean)


def fit_ending(
    networks: Networks, data: Data, plan: Plan, out: Path, *, seed: int, watch: Watch | None = None
) -> Fit:
    """Train the VAE's decoder and the vocoder on the encoder's means."""
    length = CROP * networks.mel.hop
    module = Ending(networks)
    kept: list[Any] = [networks.vae.encoder, networks.vae.quant_conv]
    for part in kept:
        part.requires_grad_(False)

    def terms(module: nn.Module, sound: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            z = networks.encode_mel(networks.mel(sound)).clone()  # of inference, not to be recorded
        made = module(z)[:, None]
        real = sound[:, None, : made.shape[-1]]
        convergence, logs = stft_loss(real, made)
        return {
            "convergence": convergence,
            "spectrum": logs,
            "level": LEVEL * level_distance(real, made),
        }

    def loss(module: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        sound = data.sounds(len(numbers), length, int(numbers[0]) + seed)
        networks.to(numbers.device)
        return terms(module, sound.to(numbers.device))

    held = data.sounds(16, length, 0, kept=True)

    def validate(module: nn.Module) -> dict[str, float]:
        sound = held.to(next(module.parameters()).device)
        return scores_of(terms(module, sound))

    done = fit(
        module,
        seeds(),
        loss,
        plan,
        out,
        seed=seed,
        validate=validate,
        watch=watch,
        title="decoder and vocoder",
    )
    networks.cpu()
    for part in kept:
        part.requires_grad_(True)
    return done
