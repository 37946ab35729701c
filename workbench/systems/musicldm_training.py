"""Training of MusicLDM: text–audio encoder, coding (`musicldm_coding.py`), U-Net in two stages.

    workbench train music --dataset groove+pop909+builtin-songs --mixup blm --out my-music

The U-Net is trained on vectors of sound first, of real windows and of mixes, then on vectors of
captions (arXiv 2308.01546, section 3.3). All stages but the last two are the same for every mixup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from workbench.arguments import torch_seed
from workbench.datasets.audio import AudioCollection
from workbench.errors import PromptError
from workbench.models.diffusion import Prediction
from workbench.models.music_ldm import PUBLISHED, Heard, MusicLDMSizes
from workbench.models.text_audio import TextAudio, TextAudioConfig
from workbench.systems.cards import music_card
from workbench.systems.music_mixing import KINDS, Windows, check_tempi, mixes_of, windows_of
from workbench.systems.musicldm import MusicLDM, MusicLDMConfig
from workbench.systems.musicldm_coding import fit_ending, fit_vae, fit_vocoder
from workbench.systems.sound_training import Data
from workbench.systems.stages import Stage, profile_of, train_stages
from workbench.training import Fit, Plan, Watch, fit, seeds, training_run

DROPPED = 0.1  # share of conditions left unsaid, for guidance
WHOLE = "32-true"  # bfloat16 is heard as hiss in HiFi-GAN's waveform, and slows a small U-Net


@dataclass(frozen=True)
class Profile:
    """One size. ending: of the VAE's decoder and the vocoder together; frames: of the U-Net's
    windows; crop: frames that text encoder and VAE learn from; windows: real ones that the U-Net
    sees; mixes: as a share of them; speech: samples of the vocoder's crops; judge: channels of its
    discriminator, 0 for none."""

    sizes: MusicLDMSizes
    joint: Plan
    vae: Plan
    vocoder: Plan
    audio: Plan
    text: Plan
    ending: Plan | None = None
    frames: int = 512
    crop: int = 256
    windows: int = 6000
    mixes: float = 0.5
    speech: int = 8000
    judge: int = 0
    limit: int | None = None
    schedule: str = "cosine-zero-snr"
    prediction: Prediction = "v"


def _plan(steps: int, batch: int, lr: float, **more: Any) -> Plan:
    return Plan(steps=steps, batch=batch, lr=lr, every=max(1, min(250, steps // 4)), **more)


PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        MusicLDMSizes(embed=32, vae=(8, 8, 16), latent=8, unet=(16, 16, 32), vocoder=32),
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
        MusicLDMSizes(),
        _plan(1200, 64, 1e-3),
        _plan(1400, 8, 1e-3),
        _plan(4000, 8, 2e-3, betas=(0.8, 0.99), clip=5.0),
        _plan(3000, 16, 6e-4, ema=0.998, precision=WHOLE),
        _plan(1000, 16, 3e-4, ema=0.998, precision=WHOLE),
        _plan(3000, 6, 6e-4, betas=(0.8, 0.99), clip=5.0, ema=0.99, keep="last", precision=WHOLE),
    ),
    "gpu": Profile(
        MusicLDMSizes(
            embed=256,
            vae=(64, 128, 256),
            latent=8,
            unet=(96, 192, 288),
            layers=2,
            groups=32,
            vocoder=512,
            blocks=(3, 7, 11),
        ),
        _plan(6000, 256, 5e-4),
        _plan(20_000, 16, 2e-4),
        _plan(40_000, 16, 2e-4, betas=(0.8, 0.99), clip=5.0, keep="last", precision=WHOLE),
        _plan(40_000, 64, 1e-4, ema=0.9995),
        _plan(10_000, 64, 5e-5, ema=0.9995),
        _plan(
            10_000, 32, 1e-4, betas=(0.8, 0.99), clip=5.0, ema=0.999, keep="last", precision=WHOLE
        ),
        frames=1024,
        crop=1024,
        windows=60_000,
        judge=32,
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
        judge=32,
        schedule="scaled-linear",
        prediction="epsilon",
    ),
}


@training_run
def train(
    dataset: AudioCollection | str = "builtin-songs",
    profile: str = "laptop",
    *,
    mixup: str = "blm",
    out: str | Path = "runs/music",
    seed: int = 0,
    budget_minutes: float | None = None,
    watch: Watch | None = None,
) -> MusicLDM:
    """Train all stages and save in `out`; a run that was stopped goes on where it was."""
    size = profile_of(PROFILES, profile)
    if mixup not in KINDS:
        raise PromptError(f"mixup: {mixup!r} is unknown; choose one of {', '.join(KINDS)}")
    data = Data.of(dataset, 16_000, size.limit)
    audio = data.audio
    torch.manual_seed(torch_seed(seed))
    system = MusicLDM(config_of(size))
    audio.check_enough(data.rows, system.config.seconds)
    if mixup in ("bam", "blm"):
        check_tempi(audio, data.rows, round(system.config.seconds * audio.rate))
    n_mixes = 0 if mixup == "none" else int(size.mixes * size.windows)

    @cache  # both stages of the U-Net see the same
    def windows() -> tuple[Windows, Windows]:
        parts = [windows_of(system, audio, data.rows, size.windows, seed)]
        if n_mixes:
            parts.append(mixes_of(system, audio, data.rows, n_mixes, mixup, seed))
        kept = windows_of(system, audio, data.kept, min(128, size.windows), seed)
        return Windows.joined(parts), kept

    def fit_unet(by: str, *given: Any, **more: Any) -> Fit:
        return fit_denoiser(system, *windows(), by, *given, **more)

    coding = (system, data, size)
    stages = [
        Stage("joint", size.joint, 1, partial(fit_joint, *coding)),
        Stage("vae", size.vae, 1, partial(fit_vae, *coding)),
        Stage("vocoder", size.vocoder, 1, partial(fit_vocoder, *coding)),
        Stage("ending", size.ending, 1, partial(fit_ending, *coding)),
        Stage("audio", size.audio, 1, partial(fit_unet, "audio"), "unet-audio"),
        Stage("text", size.text, 1, partial(fit_unet, "text"), "unet-text"),
    ]
    about = {
        **data.record(dataset),
        "profile": profile,
        "mixup": mixup,
        "seed": seed,
        "seconds": system.config.seconds,
        "windows": size.windows + n_mixes,
    }
    return train_stages(
        system,
        stages,
        Path(out),
        about=about,
        card=music_card,
        seed=seed,
        budget_minutes=budget_minutes,
        watch=watch,
    )


def config_of(size: Profile) -> MusicLDMConfig:
    return MusicLDMConfig(
        size.sizes,
        TextAudioConfig(dim=size.sizes.embed),
        frames=size.frames,
        schedule=size.schedule,
        prediction=size.prediction,
    )


def fit_joint(
    system: MusicLDM,
    data: Data,
    size: Profile,
    plan: Plan,
    out: Path | str,
    seed: int,
    watch: Watch | None = None,
    *,
    joint: TextAudio | None = None,
) -> Any:
    """The text–audio encoder: captions of random crops against each other. joint: another one than
    the system's own, such as a judge's."""
    joint = joint or system.networks.joint
    told, held = (
        [i for i in rows if data.audio.items[i].caption.strip()] for rows in (data.rows, data.kept)
    )
    length = size.crop * system.mel.hop
    texts = system.embedder.text.embed([item.caption for item in data.audio.items])  # type: ignore[attr-defined]

    def terms(module: TextAudio, n: int, seed: int, rows: Sequence[int]) -> Tensor:
        crops, which = data.audio.crops(n, length, seed=seed, rows=rows)
        device = next(module.parameters()).device
        sound = torch.from_numpy(crops.mean(1)).to(device)
        return module.loss(system.mel(sound), texts[which].to(device))

    def loss(module: TextAudio, numbers: Tensor) -> dict[str, Tensor]:
        return {"contrastive": terms(module, len(numbers), int(numbers[0]) + seed, told)}

    def validate(module: TextAudio) -> dict[str, float]:
        return {"loss": float(terms(module, 64, 0, held))}

    return fit(
        joint,
        seeds(),
        loss,
        plan,
        out,
        seed=seed,
        validate=validate,
        watch=watch,
        title="text and sound",
    )


def fit_denoiser(
    system: MusicLDM,
    windows: Windows,
    kept: Windows,
    by: str,
    plan: Plan,
    out: Path,
    seed: int,
    watch: Watch | None = None,
) -> Any:
    """The U-Net on latents. by: "audio" for vectors of the sound itself, "text" for captions."""
    network, diffusion = system.networks.denoiser, system.diffusion
    network.nothing.copy_(system.embedder.embed_text([""])[0])

    def heard(some: Windows) -> Heard:
        if by == "text":
            return Heard(some.text, some.said)
        return Heard(some.sound, torch.ones_like(some.said))

    told = heard(windows)

    def loss(module: nn.Module, z: Tensor, vector: Tensor, said: Tensor) -> dict[str, Tensor]:
        asked = Heard(vector.float(), said).dropped(DROPPED)
        return {"diffusion": diffusion.to(z.device).loss(module, z.float(), *asked)}

    def validate(module: nn.Module) -> dict[str, float]:
        device = next(module.parameters()).device
        here = [part.to(device) for part in (kept.z, *heard(kept))]
        return {"loss": float(diffusion.to(device).loss(module, *here))}

    done = fit(
        network,
        (windows.z.half(), told.vector.half(), told.said),
        loss,
        plan,
        out,
        seed=seed,
        validate=validate,
        watch=watch,
        title=f"U-Net by {by}",
    )
    diffusion.cpu()
    return done
