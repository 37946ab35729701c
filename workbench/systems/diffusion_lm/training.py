"""Training of DiffusionLM: piano parts → windows of p/v/d words → diffusion model.

    workbench train piano --dataset pop909+openscore-lieder --profile laptop --out my-piano

A masked model, the default, has one stage: it receives the controls as it is trained. A continuous
one (`--process continuous`) has two: stage one trains the diffusion model end to end, stage two the
classifiers of noised embeddings that steer it. Windows are transposed at random by up to half an
octave.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.arguments import generator
from workbench.datasets.load import load_parts, names_of
from workbench.errors import MissingDataError, PromptError
from workbench.models import masked_lm
from workbench.models.control import Controls, control_loss
from workbench.models.diffusion_lm import DiffusionLM as Network
from workbench.models.diffusion_lm import losses
from workbench.models.masked_lm import MaskedLM
from workbench.music.clip import Clip
from workbench.representations.pvd import HIGH, LOW, PAD, PVD
from workbench.systems.diffusion_lm.config import (
    MASKED_GUIDANCE,
    MASKED_TEMPERATURE,
    PROCESSES,
    PROFILES,
    PianoConfig,
    Profile,
)
from workbench.systems.diffusion_lm.controls import Labels, labels_of, level
from workbench.systems.diffusion_lm.networks import Networks
from workbench.systems.stages import Recipe, Stage, profile_of
from workbench.training import Fit, Plan, Watch, fast_device, fit, scores_of


def piano_of(clip: Clip) -> Clip:
    """Return the clip with its piano part only (program 0), or unchanged if it has none."""
    notes = clip.notes
    piano = notes[(notes["program"] == 0) & ~notes["is_drum"]]
    if not len(piano) or len(piano) == len(notes):
        return clip
    score = clip.score.copy()
    score.tracks = [t for t in score.tracks if t.program == 0 and not t.is_drum]
    return Clip(
        score,
        tempo=clip.tempo if clip.steady else None,
        beats=clip.beats,
        source=clip.source,
        labels=clip.labels,
        caption=clip.caption,
    )


@dataclass
class Windows:
    """Windows: ids (n, 130), their labels, and the index (n,) of each window's song."""

    ids: Tensor
    labels: Labels
    song: np.ndarray


def windows_of(clips: Sequence[Clip], code: PVD, hop: int, styles: Sequence[str]) -> Windows:
    """Return windows of all clips with labels; the style is the index of the data set's name."""
    parts, style, song = [], [], []
    for number, clip in enumerate(clips):
        rows = code.windows(piano_of(clip), hop)
        parts.append(rows)
        style += [styles.index(clip.labels.get("set", styles[0]))] * len(rows)
        song += [number] * len(rows)
    ids = np.concatenate(parts) if parts else np.empty((0, 130), dtype=np.int64)
    if not len(ids):
        raise MissingDataError(
            "dataset: has no piano part that is long enough for a window; name another data set"
        )
    labels = labels_of(ids, code, np.array(style))
    return Windows(torch.from_numpy(ids), labels, np.array(song))


def sets_of(dataset: str, split: str, limit: int | None) -> list[Clip]:
    """Return songs of data sets joined by "+", each labelled with the name of its set. Duplicates
    are taken from the first set that has them. limit: songs per data set."""
    names, clips = names_of(dataset), []
    for name, part in zip(names, load_parts(names, split, limit=limit, songs=True), strict=True):
        for clip in part:
            clip.labels["set"] = name
            clips.append(clip)
    return clips


def shift(ids: Tensor, semitones: Tensor, code: PVD) -> Tensor:
    """Transpose each row by its own number of semitones, clamped to the pitch range."""
    low, high = code.first["p"], code.first["p"] + HIGH - LOW
    moved = (ids + semitones[:, None]).clamp(low, high)
    return torch.where((ids >= low) & (ids <= high), moved, ids)


def recipe(
    dataset: str, profile: str, seed: int, *, backbone: str = "bert", process: str = "masked"
) -> Recipe:
    """Return the recipe of a DiffusionLM. process: "masked" or "continuous"; backbone of a
    continuous one: "bert" or "electra"."""
    size = profile_of(PROFILES, profile)
    if backbone not in ("bert", "electra"):
        raise PromptError(f"backbone: must be bert or electra, got {backbone!r}")
    if process not in PROCESSES:
        raise PromptError(f"process: must be masked or continuous, got {process!r}")
    if process == "masked" and backbone != "bert":
        raise PromptError(
            f"backbone: a masked model has its own network, got {backbone!r}; only the process "
            "continuous has backbones"
        )
    code = PVD(rhythm=True)
    styles = names_of(dataset)
    windows = windows_of(sets_of(dataset, "train", size.limit), code, size.hop, styles)
    few = min(40, size.limit or 40)
    validation = windows_of(sets_of(dataset, "validation", few), code, 8, styles)
    validation.labels = validation.labels.like(windows.labels)
    network = replace(size.network, vocab=code.size, backbone=backbone)  # type: ignore[arg-type]
    config = PianoConfig(
        network,
        replace(size.control, styles=tuple(styles)),
        rhythm=True,
        density=windows.labels.density_limits,
        register=windows.labels.register_limits,
    )
    about: dict[str, Any] = {"process": process, "windows": len(windows.ids)}
    if process == "continuous":
        about["backbone"] = backbone
    else:
        config = replace(
            config,
            network=replace(
                size.masked, vocab=code.size, controls=tuple(config.control.sizes.values())
            ),
            temperature=MASKED_TEMPERATURE,
            guidance=MASKED_GUIDANCE,
        )
    return Recipe(
        asdict(config),
        about,
        partial(stages, windows=windows, validation=validation, code=code, size=size),
    )


def stages(
    networks: Networks, windows: Windows, validation: Windows, code: PVD, size: Profile
) -> list[Stage]:
    """Return the stages: the diffusion model, then the classifiers that steer a continuous one."""
    network = networks.diffusion
    if isinstance(network, MaskedLM):
        fit_words = partial(fit_masked, network, windows, validation.ids, code)
        return [Stage("diffusion", size.masking, 1.0, fit_words)]
    fit_network = partial(fit_diffusion, network, windows.ids, validation.ids, code)
    fit_classifiers = partial(fit_controls, networks, windows, validation, code)
    return [
        Stage("diffusion", size.diffusion, 0.85, fit_network),
        Stage("control", size.classifiers, 0.15, fit_classifiers),
    ]


def fit_masked(
    network: MaskedLM,
    windows: Windows,
    validation: Tensor,
    code: PVD,
    plan: Plan,
    out: Path,
    **more: Any,
) -> Fit[MaskedLM]:
    """Train a masked model on windows, transposed at random, together with their controls."""
    labels = windows.labels
    density = level(labels.notes_per_bar, labels.density_limits)
    # in hundredths of a semitone, since mixed precision would round numbers that are not whole
    limits = torch.tensor(labels.register_limits).mul(100).round().long()
    pitches = np.round(100 * labels.pitch)
    columns = (labels.key, density, pitches, labels.style)  # as in `ControlConfig.sizes`
    table = torch.from_numpy(np.stack(columns, 1)).long()

    def loss(module: MaskedLM, ids: Tensor, table: Tensor) -> dict[str, Tensor]:
        ids, by = ids.long(), torch.randint(-5, 7, (len(ids),)).to(ids.device)
        key, density, pitch, style = table.T
        register = torch.bucketize(pitch + 100 * by, limits.to(pitch), right=True)
        classes = torch.stack([(key + by) % 12, density, register, style], 1)
        return masked_lm.losses(module, shift(ids, by, code), PAD, classes)

    def check(module: MaskedLM) -> dict[str, float]:
        rows = validation[:256].to(next(module.parameters()).device)
        bits = masked_lm.bound(module, rows, PAD, draws=4)["total"]
        return {"loss": bits * math.log(2)}  # nats per word, as in training

    data = (windows.ids.short(), table)
    return fit(network, data, loss, plan, out, validate=check, title="masked diffusion", **more)


def fit_diffusion(
    network: Network, ids: Tensor, validation: Tensor, code: PVD, plan: Plan, out: Path, **more: Any
) -> Fit[Network]:
    """Train the diffusion model on windows (n, 130), transposed at random."""

    def loss(module: Network, ids: Tensor) -> dict[str, Tensor]:
        ids = ids.long()
        return losses(module, shift(ids, torch.randint(-5, 7, (len(ids),)).to(ids), code), PAD)

    check = diffusion_check(validation[:256])
    return fit(
        network, (ids.short(),), loss, plan, out, validate=check, title="Diffusion-LM", **more
    )


def diffusion_check(ids: Tensor) -> Callable[[Network], dict[str, float]]:
    """Return a function that computes the training terms on held-out windows."""

    def score(module: Network) -> dict[str, float]:
        device = next(module.parameters()).device
        parts = [losses(module, rows.to(device).long(), PAD) for rows in ids.split(64)]
        return scores_of({k: float(np.mean([float(p[k]) for p in parts])) for k in parts[0]})

    return score


def fit_controls(
    networks: Networks,
    windows: Windows,
    validation: Windows,
    code: PVD,
    plan: Plan,
    out: Path,
    seed: int,
    watch: Watch | None = None,
) -> Fit[Controls]:
    """Train the classifiers on noised embeddings of the frozen diffusion model."""
    network = networks.diffusion.requires_grad_(False).eval().to(fast_device())
    assert isinstance(network, Network)

    def loss(module: nn.Module, ids: Tensor, *labels: Tensor) -> dict[str, Tensor]:
        return control_loss(module, network, ids.long(), labels, PAD)

    def moved(ids: Tensor, labels: Labels) -> tuple[Tensor, ...]:
        """Transpose each window and its labels at random."""
        by = torch.randint(-5, 7, (len(ids),), generator=generator(seed))
        return (shift(ids, by, code).short(), *labels.tensors(by))

    def validate(module: Controls) -> dict[str, float]:
        device = next(module.parameters()).device
        held = moved(validation.ids[:512], validation.labels.take(512))
        ids, *labels = (part.to(device) for part in held)
        return scores_of(control_loss(module, network, ids.long(), tuple(labels), PAD))

    done = fit(
        networks.controls,
        moved(windows.ids, windows.labels),
        loss,
        plan,
        out,
        seed=seed,
        validate=validate,
        watch=watch,
        title="controls",
    )
    network.cpu()
    return done
