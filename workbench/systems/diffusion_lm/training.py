"""Training of DiffusionLM: piano parts → windows of p/v/d words → embeddings, network, control.

    workbench train piano --dataset pop909+openscore-lieder --profile laptop --out my-piano

Two stages: the diffusion model end to end, then classifiers of noised embeddings, which steer it.
Windows are transposed by up to half an octave as they are drawn.
"""

from __future__ import annotations

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
from workbench.models.control import Controls, control_loss
from workbench.models.diffusion_lm import DiffusionLM as Network
from workbench.models.diffusion_lm import losses
from workbench.music.clip import Clip
from workbench.representations.pvd import HIGH, LOW, PAD, PVD
from workbench.systems.diffusion_lm.config import PROFILES, PianoConfig, Profile
from workbench.systems.diffusion_lm.controls import Labels, labels_of
from workbench.systems.diffusion_lm.networks import Networks
from workbench.systems.stages import Recipe, Stage, profile_of
from workbench.training import Fit, Plan, Watch, fit, scores_of


def piano_of(clip: Clip) -> Clip:
    """The clip with its piano part only (program 0), or as it is where it has none."""
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
    """ids (n, 130), what is known of each window (see `controls.Labels`), and the number of
    its song among the clips (n,)."""

    ids: Tensor
    labels: Labels
    song: np.ndarray


def windows_of(clips: Sequence[Clip], code: PVD, hop: int, styles: Sequence[str]) -> Windows:
    """Windows of all clips, with labels; the style is the index of its data set's name."""
    found, style, song = [], [], []
    for number, clip in enumerate(clips):
        rows = code.windows(piano_of(clip), hop)
        found.append(rows)
        style += [styles.index(clip.labels.get("set", styles[0]))] * len(rows)
        song += [number] * len(rows)
    ids = np.concatenate(found) if found else np.empty((0, 130), dtype=np.int64)
    if not len(ids):
        raise MissingDataError("no piano part long enough for a window; name another data set")
    labels = labels_of(ids, code, np.array(style))
    return Windows(torch.from_numpy(ids), labels, np.array(song))


def sets_of(dataset: str, split: str, limit: int | None) -> list[Clip]:
    """Songs of data sets joined by "+", each labelled with the name of its set; of songs that are
    in several, those of the first. limit: of each data set."""
    names, clips = names_of(dataset), []
    for name, part in zip(names, load_parts(names, split, limit=limit, songs=True), strict=True):
        for clip in part:
            clip.labels["set"] = name
            clips.append(clip)
    return clips


def shift(ids: Tensor, semitones: Tensor, code: PVD) -> Tensor:
    """Pitches of each row moved by its own number of semitones, clamped to the range."""
    low, high = code.first["p"], code.first["p"] + HIGH - LOW
    moved = (ids + semitones[:, None]).clamp(low, high)
    return torch.where((ids >= low) & (ids <= high), moved, ids)


def recipe(dataset: str, profile: str, seed: int, *, backbone: str = "bert") -> Recipe:
    """What a DiffusionLM is made of and trained by. backbone: "bert" or "electra"."""
    size = profile_of(PROFILES, profile)
    if backbone not in ("bert", "electra"):
        raise PromptError(f"backbone: {backbone!r} is unknown; choose bert or electra")
    code = PVD(rhythm=True)
    styles = names_of(dataset)
    windows = windows_of(sets_of(dataset, "train", size.limit), code, size.hop, styles)
    few = min(40, size.limit or 40)
    kept = windows_of(sets_of(dataset, "validation", few), code, 8, styles)
    kept.labels = kept.labels.like(windows.labels)
    config = PianoConfig(
        replace(size.network, vocab=code.size, backbone=backbone),  # type: ignore[arg-type]
        replace(size.control, styles=tuple(styles)),
        rhythm=True,
        density=windows.labels.density_limits,
        register=windows.labels.register_limits,
    )
    return Recipe(
        asdict(config),
        {"backbone": backbone, "windows": len(windows.ids)},
        partial(stages, windows=windows, kept=kept, code=code, size=size),
    )


def stages(
    networks: Networks, windows: Windows, kept: Windows, code: PVD, size: Profile
) -> list[Stage]:
    """The diffusion model, then the classifiers that steer it."""
    fit_network = partial(fit_diffusion, networks.diffusion, windows.ids, kept.ids, code)
    fit_classifiers = partial(fit_controls, networks, windows, kept, code)
    return [
        Stage("diffusion", size.diffusion, 0.75, fit_network),
        Stage("control", size.classifiers, 0.25, fit_classifiers),
    ]


def fit_diffusion(
    network: Network, ids: Tensor, kept: Tensor, code: PVD, plan: Plan, out: Path, **more: Any
) -> Fit[Network]:
    """Train the diffusion model on windows (n, 130), each in a random key."""

    def loss(module: Network, ids: Tensor) -> dict[str, Tensor]:
        ids = ids.long()
        return losses(module, shift(ids, torch.randint(-5, 7, (len(ids),)).to(ids), code), PAD)

    check = diffusion_check(kept[:256])
    return fit(
        network, (ids.short(),), loss, plan, out, validate=check, title="Diffusion-LM", **more
    )


def diffusion_check(ids: Tensor) -> Callable[[Network], dict[str, float]]:
    """The training terms on held-out windows."""

    def score(module: Network) -> dict[str, float]:
        device = next(module.parameters()).device
        parts = [losses(module, rows.to(device).long(), PAD) for rows in ids.split(64)]
        return scores_of({k: float(np.mean([float(p[k]) for p in parts])) for k in parts[0]})

    return score


def fit_controls(
    networks: Networks,
    windows: Windows,
    kept: Windows,
    code: PVD,
    plan: Plan,
    out: Path,
    seed: int,
    watch: Watch | None = None,
) -> Fit[Controls]:
    """Train the classifiers on noised embeddings of the frozen diffusion model."""
    network: Network = networks.diffusion.requires_grad_(False).eval()

    def loss(module: nn.Module, ids: Tensor, *labels: Tensor) -> dict[str, Tensor]:
        return control_loss(module, network, ids.long(), labels, PAD)

    def moved(ids: Tensor, labels: Labels) -> tuple[Tensor, ...]:
        """Each window in a random key, its labels with it."""
        by = torch.randint(-5, 7, (len(ids),), generator=generator(seed))
        return (shift(ids, by, code).short(), *labels.tensors(by))

    def validate(module: Controls) -> dict[str, float]:
        ids, *labels = moved(kept.ids[:512], kept.labels.take(512))
        return scores_of(control_loss(module, network, ids.long(), tuple(labels), PAD))

    return fit(
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
