"""Training of MusicLDM's mel VAE and vocoder, first separately, then together.

The VAE learns to reconstruct mel spectrograms, and the vocoder to turn real and reconstructed ones
into sound; neither is trained on the final waveform. The VAE's decoder and the vocoder are
therefore fine-tuned together on sound. The encoder is frozen, so that the latents stay the same.

Distances of single magnitudes make the decoder blur: attacks are dull, and noise fills the gaps
between partials, so that judges take chiptunes for strings although the latents tell them apart.
The last stage therefore compares textures, too (`models.spectral.texture_distance`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from workbench.models.audio_vae import Discriminator, adversarial_terms
from workbench.models.patch_vae import PatchVAE
from workbench.models.spectral import (
    WINDOWS,
    level_distance,
    some_windows,
    stft_loss,
    texture_distance,
)
from workbench.systems.musicldm.networks import Networks, by_parts, vocode
from workbench.systems.sound_training import Data
from workbench.training import Fit, Plan, Watch, fit, scores_of, seeds

KL = 1e-3  # weight in the mel VAE
ADVERSARIAL, MATCHING = 0.1, 0.3  # weights in the vocoder's loss
LEVEL = 0.1  # weight per dB of log-spectral distance, beside the STFT distance
TEXTURE = 3.0  # weight per nat of the texture's distance
BEGIN = 1024  # crops of which the principal components are computed
CROP = 128  # mel frames per sound in the last stage


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
    """Train the mel VAE on crops of `crop` frames, with absolute error and a small KL term; then
    measure the scale of the latents. A VAE of patches begins with their principal components."""
    length = crop * networks.mel.hop
    sample = networks.mel(data.sounds(64, length, seed))
    networks.mel_mean.copy_(sample.mean())
    networks.mel_std.copy_(sample.std().clamp(min=0.1))  # about 3 for music, 0 for silence
    if isinstance(networks.vae, PatchVAE):
        crops = torch.cat([data.sounds(64, length, seed + k) for k in range(BEGIN // 64)])
        mel = by_parts(networks.mel, crops)
        networks.vae.begin(((mel - networks.mel_mean) / networks.mel_std)[:, None])

    def terms(module: Any, sound: Tensor, noise: bool) -> dict[str, Tensor]:
        mel = ((networks.mel(sound) - networks.mel_mean) / networks.mel_std)[:, None]
        mean, logvar = module.encode(mel)
        decoded = module.decode(module.sample(mean, logvar) if noise else mean)
        kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean()
        return {"distance": (decoded - mel).abs().mean(), "kl": KL * kl}

    def loss(module: Any, numbers: Tensor) -> dict[str, Tensor]:
        sound = data.sounds(len(numbers), length, int(numbers[0]) + seed)
        return terms(module, sound.to(numbers.device), True)

    held = data.sounds(16, length, 0, validation=True)

    def validate(module: Any) -> dict[str, float]:
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


class VocoderGAN(nn.Module):
    """The vocoder, and its discriminator if it has one."""

    def __init__(self, vocoder: nn.Module, width: int) -> None:
        super().__init__()
        self.vocoder = vocoder
        self.discriminator = Discriminator(1, width) if width else None


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
    """Train the vocoder on crops of `crop` samples. Half of the mel spectrograms are real, half are
    reconstructed by the VAE, as at sampling time. width: width of the discriminator, 0 for none."""
    module = VocoderGAN(networks.vocoder, width)

    def mel_of(sound: Tensor) -> Tensor:
        networks.vae.to(sound.device)
        mel = networks.mel(sound)
        half = len(mel) // 2
        with torch.no_grad():
            decoded = networks.decode_mel(networks.encode_mel(mel[:half]))[:, : mel.shape[1]]
        return torch.cat([decoded.clone(), mel[half:]])

    def distance(real: Tensor, fake: Tensor, windows: Sequence[int]) -> dict[str, Tensor]:
        convergence, logs = stft_loss(real, fake, windows)
        mel = (networks.mel(fake[:, 0]) - networks.mel(real[:, 0])).abs().mean()
        return {"convergence": convergence, "spectrum": logs, "mel": mel}

    def loss(module: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        sound = data.sounds(len(numbers), crop, int(numbers[0]) + seed).to(numbers.device)
        fake = vocode(module.vocoder, mel_of(sound))[:, None]  # type: ignore[arg-type]
        real = sound[:, None, : fake.shape[-1]]
        terms = distance(real, fake, some_windows())
        if module.discriminator is not None:
            critic: Any = module.discriminator
            terms |= adversarial_terms(critic, real, fake, ADVERSARIAL, MATCHING)
        return terms

    held = data.sounds(16, crop, 0, validation=True)

    def validate(module: nn.Module) -> dict[str, float]:
        sound = held.to(next(module.parameters()).device)
        fake = vocode(module.vocoder, networks.mel(sound))[:, None]  # type: ignore[arg-type]
        return scores_of(distance(sound[:, None, : fake.shape[-1]], fake, WINDOWS))

    done = fit(
        module, seeds(), loss, plan, out, seed=seed, validate=validate, watch=watch, title="vocoder"
    )
    networks.vae.cpu()
    return done


class WaveformDecoder(nn.Module):
    """The VAE's decoder and the vocoder: latents (batch, latent, frames / shorter, latent bands) →
    sounds (batch + n, frames · 160). The vocoder also receives true log mel spectrograms
    (n, frames, bands), so that it does not forget them; n may be 0."""

    mel_mean: Tensor
    mel_std: Tensor
    latent_std: Tensor

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        self.vae, self.vocoder = networks.vae, networks.vocoder
        for name in ("mel_mean", "mel_std", "latent_std"):
            self.register_buffer(name, getattr(networks, name).clone(), persistent=False)

    def forward(self, z: Tensor, true: Tensor) -> Tensor:
        mel = self.vae.decode(z * self.latent_std)[:, 0]  # (batch, frames, bands)
        return vocode(self.vocoder, torch.cat([mel * self.mel_std + self.mel_mean, true]))


def finetune_decoder(
    networks: Networks, data: Data, plan: Plan, out: Path, *, seed: int, watch: Watch | None = None
) -> Fit:
    """Train the VAE's decoder and the vocoder together, on the encoder's means. The vocoder
    receives true mel spectrograms, too, so that what the decoder passes to it remains one."""
    length, rate = CROP * networks.mel.hop, networks.mel.rate
    module = WaveformDecoder(networks)
    frozen = networks.vae.encoding
    for part in frozen:
        part.requires_grad_(False)

    def terms(
        module: nn.Module, sound: Tensor, windows: Sequence[int], true: int = 0
    ) -> dict[str, Tensor]:
        mel, encoded = networks.mel(sound), len(sound) - true  # rows
        with torch.no_grad():
            z = networks.encode_mel(mel[:encoded]).clone()  # a copy outside inference mode
        decoded = module(z, mel[encoded:])[:, None]
        real = sound[:, None, : decoded.shape[-1]]
        convergence, logs = stft_loss(real, decoded, windows)
        return {
            "convergence": convergence,
            "spectrum": logs,
            "level": LEVEL * level_distance(real, decoded),
            "texture": TEXTURE * texture_distance(real, decoded, rate, windows),
        }

    def loss(module: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        sound = data.sounds(len(numbers), length, int(numbers[0]) + seed)
        networks.to(numbers.device)
        third = (len(sound) + 1) // 3  # of the vocoder's spectrograms are true
        return terms(module, sound.to(numbers.device), some_windows(), third)

    held = data.sounds(16, length, 0, validation=True)

    def validate(module: nn.Module) -> dict[str, float]:
        sound = held.to(next(module.parameters()).device)
        return scores_of(terms(module, sound, WINDOWS))

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
    for part in frozen:
        part.requires_grad_(True)
    return done
