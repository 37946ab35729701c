"""Training of MusicLDM: text–audio encoder, VAE and vocoder (`coding.py`), denoiser in two stages.

    workbench train music --dataset groove+pop909+builtin-songs --mixup blm --out my-music

The denoiser is first trained on audio embeddings of real and mixed windows, then on text embeddings
of captions (arXiv 2308.01546, section 3.3). All stages except the last two are the same for every
mixup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.datasets.audio import AudioCollection
from workbench.errors import PromptError
from workbench.models.music_ldm import MusicLDMConditioning
from workbench.models.text_audio import TextAudio, TextAudioConfig
from workbench.representations.beat_channels import CHANNELS
from workbench.representations.beat_tracking import with_beats
from workbench.systems.musicldm.coding import finetune_decoder, fit_vae, fit_vocoder
from workbench.systems.musicldm.config import PROFILES, MusicLDMConfig, Profile
from workbench.systems.musicldm.mixing import KINDS, Windows, check_tempi, mixes_of, windows_of
from workbench.systems.musicldm.networks import Embedder, Networks, OwnEmbedder
from workbench.systems.prompts import caption_vocabulary, caption_words
from workbench.systems.sound_class import class_captions
from workbench.systems.sound_training import RESCALE, Data
from workbench.systems.stages import Recipe, Stage, profile_of
from workbench.training import Fit, Plan, Watch, fast_device, fit, seeds

DROPPED = 0.1  # share of items without conditioning, for guidance


def recipe(
    dataset: AudioCollection | str, profile: str, seed: int, *, mixup: str = "blm"
) -> Recipe:
    """Return the recipe of a MusicLDM. mixup: one of `mixing.KINDS`."""
    size = profile_of(PROFILES, profile)
    if mixup not in KINDS:
        raise PromptError(f"mixup: {mixup!r} is unknown; choose one of {', '.join(KINDS)}")
    config = config_of(size)
    data = Data.of(dataset, config.rate, size.limit)
    data.audio.check_enough(data.rows, config.seconds)
    if mixup in ("bam", "blm"):
        data = replace(data, audio=with_beats(data.audio, data.rows))
        check_tempi(data.audio, data.rows, round(config.seconds * config.rate))
    n_mixes = 0 if mixup == "none" else int(size.mixes * size.windows)
    captions = [data.audio.items[i].caption for i in data.rows]
    known = replace(
        config,
        words=caption_words(captions),
        vocabulary=caption_vocabulary(captions),
        captions=class_captions(captions),
    )
    return Recipe(
        asdict(known),
        {
            **data.record(dataset),
            "mixup": mixup,
            "seconds": config.seconds,
            "windows": size.windows + n_mixes,
            "beats": data.with_known_beats() if size.beat else 0,
        },
        partial(stages, data=data.with_texts(), size=size, mixup=mixup, n_mixes=n_mixes, seed=seed),
    )


def stages(
    networks: Networks, data: Data, size: Profile, *, mixup: str, n_mixes: int, seed: int
) -> list[Stage]:
    """Return the stages: the text–audio encoder, VAE and vocoder in three stages, the denoiser in
    two. n_mixes: number of mixed windows for the denoiser; seed: seed of all windows."""
    assert data.texts is not None
    embedder = OwnEmbedder(networks.clap, data.texts, networks.mel)

    @cache  # both stages of the denoiser use the same windows
    def windows() -> tuple[Windows, Windows]:
        coder = (networks.to(fast_device()), embedder, data.audio)
        parts = [windows_of(*coder, data.rows, size.windows, seed)]
        if n_mixes:
            parts.append(mixes_of(*coder, data.rows, n_mixes, mixup, seed))
        validation = windows_of(*coder, data.validation, min(128, size.windows), seed)
        networks.cpu()
        return Windows.joined(parts), validation

    def fit_unet(by: str, *given: Any, **more: Any) -> Fit:
        return fit_denoiser(networks, embedder, *windows(), by, *given, **more)

    coder = (networks, data)
    train_vocoder = partial(fit_vocoder, *coder, crop=size.speech, width=size.discriminator)
    return [
        # The folders keep their names, so that an unfinished training can be continued.
        Stage("clap", size.clap, 0.08, partial(fit_clap, embedder, data, crop=size.crop), "joint"),
        Stage("vae", size.vae, 0.17, partial(fit_vae, *coder, crop=size.crop)),
        Stage("vocoder", size.vocoder, 0.15, train_vocoder),
        Stage(
            "decoder_finetune",
            size.decoder_finetune,
            0.15,
            partial(finetune_decoder, *coder),
            "ending",
        ),
        Stage("audio", size.audio, 0.25, partial(fit_unet, "audio"), "unet-audio"),
        Stage("text", size.text, 0.2, partial(fit_unet, "text"), "unet-text"),
    ]


def config_of(size: Profile) -> MusicLDMConfig:
    return MusicLDMConfig(
        replace(size.sizes, beat=CHANNELS if size.beat else 0),
        TextAudioConfig(dim=size.sizes.embed),
        frames=size.frames,
        rescale=RESCALE,
        schedule=size.schedule,
        prediction=size.prediction,
    )


def fit_clap(
    embedder: OwnEmbedder,
    data: Data,
    plan: Plan,
    out: Path | str,
    *,
    crop: int,
    seed: int,
    watch: Watch | None = None,
) -> Fit:
    """Train the text–audio encoder contrastively, on random crops of `crop` frames and their
    captions."""
    mel = embedder.mel
    train_rows, held = (
        [i for i in rows if data.audio.items[i].caption.strip()]
        for rows in (data.rows, data.validation)
    )
    length = crop * mel.hop
    captions = {i: data.audio.items[i].caption for i in (*train_rows, *held)}
    row = np.full(len(data.audio), -1)
    row[list(captions)] = np.arange(len(captions))  # of each piece in the vectors
    texts = embedder.text.embed(list(captions.values()))

    def terms(module: TextAudio, n: int, seed: int, rows: Sequence[int]) -> Tensor:
        crops, which = data.audio.crops(n, length, seed=seed, rows=rows)
        device = next(module.parameters()).device
        sound = torch.from_numpy(crops.mean(1)).to(device)
        return module.loss(mel(sound), texts[row[which]].to(device))

    def loss(module: TextAudio, numbers: Tensor) -> dict[str, Tensor]:
        return {"contrastive": terms(module, len(numbers), int(numbers[0]) + seed, train_rows)}

    def validate(module: TextAudio) -> dict[str, float]:
        return {"loss": float(terms(module, 64, 0, held))}

    return fit(
        embedder.clap,
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
    networks: Networks,
    embedder: Embedder,
    windows: Windows,
    validation: Windows,
    by: str,
    plan: Plan,
    out: Path,
    seed: int,
    watch: Watch | None = None,
) -> Fit:
    """Train the denoiser on latents. by: "audio" conditions on audio embeddings, "text" on those of
    captions."""
    network, diffusion = networks.denoiser, networks.config.diffusion()
    network.null_text.copy_(embedder.embed_text([""])[0])

    def conditioning(some: Windows) -> MusicLDMConditioning:
        if by == "text":
            return MusicLDMConditioning(some.text, some.captioned, some.beat)
        return MusicLDMConditioning(some.sound, torch.ones_like(some.captioned), some.beat)

    vector, mask, beat = conditioning(windows)

    def loss(
        module: nn.Module, z: Tensor, vector: Tensor, mask: Tensor, beat: Tensor
    ) -> dict[str, Tensor]:
        dropped = MusicLDMConditioning(vector.float(), mask, beat.float()).dropped(DROPPED)
        return {"diffusion": diffusion.to(z.device).loss(module, z.float(), *dropped)}

    def validate(module: nn.Module) -> dict[str, float]:
        device = next(module.parameters()).device
        here = [part.to(device) for part in (validation.z, *conditioning(validation))]
        return {"loss": float(diffusion.to(device).loss(module, *here))}

    return fit(
        network,
        (windows.z.half(), vector.half(), mask, beat.half()),
        loss,
        plan,
        out,
        seed=seed,
        validate=validate,
        watch=watch,
        title=f"denoiser by {by}",
    )
