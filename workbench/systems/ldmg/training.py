"""Training of LDMG: VAE-GAN, fine-tuning of its decoder, diffusion transformer on the latents.

This module has the recipe, all stages and stage two; stage one is in `coding.py`.

    workbench train sound --dataset groove+pop909+cc-music-clips --profile laptop --out my-sound
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.datasets.audio import AudioCollection, genre_of
from workbench.models.dit import LDMGConditioning
from workbench.models.principal import principal
from workbench.representations.beat_channels import CHANNELS, beat_channels
from workbench.representations.beat_tracking import known_beats
from workbench.systems.ldmg.coding import finetune_decoder, fit_vae
from workbench.systems.ldmg.config import PROFILES, LDMGConfig, Profile
from workbench.systems.ldmg.networks import Networks
from workbench.systems.prompts import caption_vocabulary, caption_words
from workbench.systems.sound_training import RESCALE, Data
from workbench.systems.stages import Recipe, Stage, profile_of
from workbench.training import Fit, Plan, Watch, fast_device, fit, seeds

DROPPED = 0.1  # share of items without conditioning, for guidance


def recipe(dataset: AudioCollection | str, profile: str, seed: int) -> Recipe:
    """Return the recipe of an LDMG."""
    size = profile_of(PROFILES, profile)
    data = Data.of(dataset, size.rate, size.limit)
    config = config_of(data.audio, data.rows, size)
    data.audio.check_enough(data.rows, config.seconds)
    return Recipe(
        asdict(config),
        {
            **data.record(dataset),
            "seconds": config.seconds,
            "beats": data.with_known_beats() if size.beat else 0,
        },
        partial(stages, data=data.with_texts(pieces=True), size=size),
    )


def stages(networks: Networks, data: Data, size: Profile) -> list[Stage]:
    """Return the stages: the VAE-GAN, its decoder alone, and the transformer on the latents."""
    pieces, vae = (data.audio, data.rows, data.validation), networks.vae
    coding: dict[str, Any] = {"crop": size.crop, "weights": size.weights}
    fit_coder = partial(fit_vae, vae, *pieces, width=size.width, **coding)
    return [
        Stage("VAE-GAN" if size.width else "VAE", size.coding, 0.33, fit_coder, "vae"),
        Stage(
            "decoder",
            size.decoder_finetune,
            0.12,
            partial(finetune_decoder, vae, *pieces, **coding),
        ),
        Stage("diffusion", size.diffusion, 0.55, partial(fit_diffusion, networks, data)),
    ]


def config_of(audio: AudioCollection, rows: Sequence[int], size: Profile) -> LDMGConfig:
    """Return the profile's configuration for this collection: its channels and genres, and a text
    input if it has captions."""
    names = [genre_of(audio.items[i].labels) for i in rows]
    common = sorted({n for n in names if n}, key=lambda n: (-names.count(n), n))[: size.genres]
    captions = [audio.items[i].caption for i in rows]
    return LDMGConfig(
        replace(size.vae, channels=audio.channels),
        replace(
            size.dit,
            genres=len(common),
            text=384 if any(captions) else 0,
            pooled=size.dit.pooled and any(captions),
            beat=CHANNELS if size.beat else 0,
        ),
        rate=size.rate,
        frames=size.frames,
        patch=size.patch,
        genres=tuple(sorted(common)),
        words=caption_words(captions),
        vocabulary=caption_vocabulary(captions),
        rescale=RESCALE,
    )


@torch.inference_mode()
def measure_latents(networks: Networks, audio: AudioCollection, rows: Sequence[int]) -> None:
    """Measure over the training sound what `Networks.standardise` needs: the principal components
    of patches, or the mean and standard deviation of each number."""
    chosen = rows[:: max(1, len(rows) // 200)]
    parts = [networks.encode_frames(audio[i]) for i in chosen]
    if networks.config.patch:
        patches = torch.cat([networks.patches(part) for part in parts], dim=1)
        found = principal(patches.T, networks.config.latent)
        networks.latent_mean.copy_(found.mean)
        networks.latent_std.copy_(found.scale)
        networks.latent_directions.copy_(found.directions)
        return
    frames = torch.cat(parts, dim=1)
    networks.latent_mean.copy_(frames.mean(1))
    networks.latent_std.copy_(frames.std(1).clamp(min=1e-3))


# --- stage two --------------------------------------------------------------------------------


def fit_diffusion(
    networks: Networks, data: Data, plan: Plan, out: Path, seed: int, watch: Watch | None
) -> Fit:
    """Measure the latents, and train the transformer on them."""
    diffusion, frames = networks.config.diffusion(), networks.config.frames
    networks.to(fast_device())
    measure_latents(networks, data.audio, data.rows)
    bank, held = (Latents(networks, data, rows) for rows in (data.rows, data.validation))
    networks.cpu()

    def terms(module: nn.Module, z: Tensor, conditioning: LDMGConditioning) -> dict[str, Tensor]:
        device = next(module.parameters()).device
        here = [part.to(device) for part in conditioning]
        return {"diffusion": diffusion.to(device).loss(module, z.to(device), *here)}

    def loss(module: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        z, conditioning = bank.crops(len(numbers), frames, int(numbers[0]) + seed)
        return terms(module, z, conditioning.dropped(DROPPED))

    def validate(module: nn.Module) -> dict[str, float]:
        return {"loss": float(terms(module, *held.crops(64, frames, 0))["diffusion"])}

    return fit(
        networks.dit,
        seeds(),
        loss,
        plan,
        out,
        seed=seed,
        validate=validate,
        watch=watch,
        title="diffusion",
    )


class Latents:
    """Pieces as latents, and their conditioning; random crops of both.

    A piece is stored as (latent + CHANNELS, frames), with the beat at each frame after the latents,
    so that both are cut in the same places.
    """

    def __init__(self, networks: Networks, data: Data, rows: Sequence[int]) -> None:
        assert data.texts is not None
        items = [data.audio.items[i] for i in rows]
        config = networks.config
        self.latent, step = config.latent, config.hop / config.rate
        self.pieces = []
        for i, item in zip(rows, items, strict=True):
            z = networks.encode_sound(data.audio[i]).half().cpu()
            beat = beat_channels(known_beats(item.labels), z.shape[1], step)
            self.pieces.append(torch.cat([z, beat.half()]))
        names = list(config.genres)
        genres = [genre_of(item.labels) for item in items]
        self.genre = torch.tensor([names.index(g) if g in names else -1 for g in genres])
        self.text, self.text_mask = data.texts.pieces([item.caption for item in items])

    def crops(self, n: int, frames: int, seed: int) -> tuple[Tensor, LDMGConditioning]:
        """Return random crops (n, latent, frames) and their conditioning."""
        out, which = latent_crops(self.pieces, n, frames, seed)
        return out[:, : self.latent], LDMGConditioning(
            self.genre[which],
            self.text[which].float(),
            self.text_mask[which],
            out[:, self.latent :],
        )


def latent_crops(pieces: Sequence[Tensor], n: int, frames: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return random crops (n, latent, frames) of pieces (latent, frames), zero-padded for short
    pieces, and the piece of each (n,). Pieces are sampled in proportion to their length."""
    random = np.random.default_rng(seed)
    sizes = np.array([z.shape[-1] for z in pieces], dtype=float)
    chosen = random.choice(len(sizes), n, p=sizes / sizes.sum())
    out = torch.zeros(n, pieces[0].shape[0], frames)
    for row, i in enumerate(chosen):
        start = int(random.integers(max(1, int(sizes[i]) - frames + 1)))
        part = pieces[i][:, start : start + frames].float()
        out[row, :, : part.shape[1]] = part
    return out, torch.from_numpy(chosen)
