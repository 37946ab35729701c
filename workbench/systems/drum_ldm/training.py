"""Training of DrumLDM in three stages, as in the paper (arXiv 2408.02711).

1. Contrastive pre-training of the text and MIDI encoders, 2. the autoencoder, 3. diffusion in its
latent space, conditioned on the text. Each stage has a folder under `out` and can be resumed.

    workbench train drums --dataset groove --profile laptop --text bert --out my-drums
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.datasets import cut_loops
from workbench.datasets.keywords import parse_tempo, tokens
from workbench.errors import CheckpointError
from workbench.evaluation.drums import reconstruction
from workbench.models.chart_denoiser import ChartConditioning, dropped_chart
from workbench.models.conditioning import Conditioning
from workbench.models.contrastive import Contrastive, ContrastiveConfig
from workbench.models.denoisers import DrumConditioning
from workbench.models.mrlstm import PaperAutoencoder
from workbench.representations.drum_chart import METERS, bar_steps
from workbench.representations.text import text_encoder
from workbench.systems.drum_ldm.config import PROFILES, DrumLDMConfig, Profile
from workbench.systems.drum_ldm.loops import (
    PHRASES,
    Loops,
    loops_in_metres,
    loops_of,
    random_crops,
    splits_of,
    with_more,
)
from workbench.systems.drum_ldm.networks import DrumNetworks
from workbench.systems.stages import Recipe, Stage, profile_of
from workbench.training import Fit, Plan, fit

if TYPE_CHECKING:
    from workbench.music.clip import Clip

# Octaves: augments each groove to about 9 % slower or faster. Otherwise a tempo and a style
# together would identify one performance, and its peculiarities would become the meaning of the
# words.
TEMPO_SPREAD = 0.12
DROP = 0.15  # share of items without their text, and without their tempo, for guidance


@dataclass(frozen=True)
class Start:
    """A checkpoint to start from: its configuration, weights and training record."""

    name: str
    config: DrumLDMConfig
    weights: Mapping[str, Tensor]
    record: Mapping[str, Any]

    def check(self, config: DrumLDMConfig) -> None:
        """Raise CheckpointError if its shape differs from `config` in more than the text."""
        if _without_text(self.config) != _without_text(config):
            raise CheckpointError(
                f"{self.name}: differs from this profile in shape; choose the profile that it was "
                "trained with, or omit start"
            )

    def kept(self, config: DrumLDMConfig) -> list[str]:
        """Return the stages that a training of this configuration takes from it."""
        own = self.config
        same = (own.text, own.contrastive) == (config.text, config.contrastive)
        return ["contrastive", "autoencoder"] if same else ["autoencoder"]

    def about(self, config: DrumLDMConfig) -> dict[str, Any]:
        """Return its entries in the record of a training of this configuration."""
        before = self.record.get("stages", self.record)  # older records have no such entry
        names = self.kept(config)
        return {
            "start": self.name,
            "kept": names,
            "stages": {name: before[name] for name in names if name in before},
        }

    def load_into(self, networks: DrumNetworks) -> None:
        """Copy its weights. What reads another text encoder or other facts has another width and
        keeps its new weights."""
        own, kept = networks.state_dict(), self.weights
        same = {k: v for k, v in kept.items() if k in own and v.shape == own[k].shape}
        networks.load_state_dict({**own, **same})


def _without_text(config: DrumLDMConfig) -> DrumLDMConfig:
    """Return the configuration without what the text encoder and the contrastive encoders set."""
    return replace(config, text="", vocabulary=(), contrastive=ContrastiveConfig())


def recipe(
    dataset: str, profile: str, seed: int, *, text: str = "bert", start: Start | None = None
) -> Recipe:
    """Return the recipe of a DrumLDM. start: a checkpoint whose denoiser is trained further."""
    size = profile_of(PROFILES, profile)
    encoder = text_encoder(text)
    config = replace(
        size.config, text=text, contrastive=replace(size.config.contrastive, text_dim=encoder.dim)
    )
    if start is not None:
        start.check(config)
    clips = clips_of_splits(dataset, size, config, seed)
    facts = config.contrastive.facts > 0
    slots = 1 if config.paper else config.autoencoder.slots
    train, held_out = (
        loops_of(loops, encoder, seed, slots=slots, charts=config.chart, prompt_facts=facts)
        for loops in clips.values()
    )
    words = {word for phrase in train.texts for word in tokens(phrase)}
    return Recipe(
        asdict(replace(config, vocabulary=tuple(sorted(words)))),
        {
            "text": text,
            "chart": config.chart,
            "bars": config.bars,
            **(start.about(config) if start else {}),
        },
        partial(stages, train=train, held_out=held_out, size=size, start=start),
    )


def clips_of_splits(
    dataset: str, size: Profile, config: DrumLDMConfig, seed: int
) -> dict[str, list[Clip]]:
    """Return the training loops of a data set, with transformed ones and loops of the grammar after
    them, and its validation loops, by "train" and "validation"."""
    split = splits_of(dataset, size.limit)
    clips = {
        "train": _cut(split["train"], config, size.hop_bars),
        "validation": _cut(split["validation"], config, 4),
    }
    if size.transformed or size.styled:
        windows = cut_loops(split["train"], 8, 2 * size.hop_bars)
        clips["train"] = with_more(clips["train"], windows, size.transformed, size.styled, seed)
    return clips


def _cut(clips: Sequence[Clip], config: DrumLDMConfig, hop_bars: int) -> list[Clip]:
    """Cut the performances of a split into loops; with charts, in all metres."""
    if config.chart:
        return loops_in_metres(clips, config.bars, hop_bars)
    return cut_loops(clips, config.bars, hop_bars)


def stages(
    networks: DrumNetworks, train: Loops, held_out: Loops, size: Profile, start: Start | None = None
) -> list[Stage]:
    """Return all three stages.

    From a checkpoint, the autoencoder is kept, and so are the contrastive encoders unless text or
    encoders of the profile are others; the denoiser is trained for 40 % of the steps at half of
    the learning rates."""
    data, towers, plan = (train, held_out), networks.contrastive, size.diffusion
    kept: list[str] = []
    if start is not None:
        start.load_into(networks)
        kept = start.kept(networks.config)
        plan = replace(
            plan,
            steps=max(1, plan.steps * 2 // 5),
            every=max(1, plan.every * 2 // 5),
            lr=plan.lr / 2,
            muon=plan.muon / 2,
            # trained weights start near their lowest loss, which does not measure how they follow
            # text
            keep="last",
        )
    all_stages = [
        Stage("contrastive", size.contrastive, 0.15, partial(train_contrastive, towers, *data)),
        Stage("autoencoder", size.autoencoder, 0.25, partial(train_autoencoder, networks, *data)),
        Stage("diffusion", plan, 0.60, partial(train_diffusion, networks, *data)),
    ]
    return [stage for stage in all_stages if stage.name not in kept]


def train_contrastive(
    towers: Contrastive, train: Loops, held_out: Loops, plan: Plan, out: Path, **more: Any
) -> Fit[Contrastive]:
    """Stage 1. Each time a loop is used, one of its phrases is chosen at random."""

    def loss(module: nn.Module, rolls: Tensor, phrase: Tensor) -> dict[str, Tensor]:
        assert isinstance(module, Contrastive)
        pick = torch.randint(PHRASES, (len(phrase), 1)).to(phrase.device)
        text = train.vectors[phrase.gather(1, pick)[:, 0].cpu()].to(rolls.device)
        return module.loss(_augmented(_random_bars(first_bars(rolls))), text)

    def validate(module: nn.Module) -> dict[str, float]:
        assert isinstance(module, Contrastive)
        rolls = first_bars(held_out.rolls[:256]).to(module.log_scale.device)
        text = held_out.vectors[held_out.phrase[:256, 0]].to(rolls.device)
        return {"loss": float(module.loss(rolls, text)["contrastive"])}

    data = (train.rolls, train.phrase)
    return fit(
        towers,
        data,
        loss,
        plan,
        out,
        weights=train.weights,
        validate=validate,
        title="contrastive",
        **more,
    )


def train_autoencoder(
    networks: DrumNetworks, train: Loops, held_out: Loops, plan: Plan, out: Path, **more: Any
) -> Fit:
    """Stage 2, and the mean and standard deviation of the latents over the training loops."""
    paper = isinstance(networks.autoencoder, PaperAutoencoder)

    def loss(module: Any, rolls: Tensor) -> dict[str, Tensor]:
        return module.loss(rolls if paper else _random_bars(rolls))

    def validate(module: Any) -> dict[str, float]:
        rolls = held_out.rolls[:256].to(next(module.parameters()).device)
        rebuilt = module.decode(module.encode(rolls))
        scores = reconstruction(*(x[..., :27].cpu().numpy() for x in (rolls, rebuilt)))
        return {"loss": (1 - scores["f1"]) + scores["velocity_error"], **scores}

    done = fit(
        networks.autoencoder,
        (train.rolls,),
        loss,
        plan,
        out,
        validate=validate,
        title="autoencoder",
        **more,
    )
    latents = encode_all(networks, train.rolls)
    latents = latents.flatten(0, -2) if train.bars is None else latents[beats_of(train)]
    networks.latent_mean.copy_(latents.mean(0))
    networks.latent_std.copy_(latents.std(0).clamp(min=1e-4))
    return done


def train_diffusion(
    networks: DrumNetworks, train: Loops, held_out: Loops, plan: Plan, out: Path, **more: Any
) -> Fit:
    """Stage 3. With charts, batches are of 1 to 16 bars and parts of the charts are switched off at
    random; otherwise half of the batches are four bars long. They start at a random bar."""
    diffusion = networks.config.diffusion()
    networks.tempo_weights.copy_(tempo_regression(train, networks.config.contrastive.text_dim))
    if train.forms is not None:
        networks.forms.copy_(train.forms)
    standard = [networks.standardise(encode_all(networks, x.rolls)) for x in (train, held_out)]
    with torch.no_grad():
        features = [networks.text_features(loops.vectors) for loops in (train, held_out)]

    def loss(
        module: nn.Module, z: Tensor, tempo: Tensor, phrase: Tensor, *chart: Tensor
    ) -> dict[str, Tensor]:
        pick = torch.randint(PHRASES, (len(phrase), 1)).to(phrase.device)
        text = features[0][phrase.gather(1, pick)[:, 0].cpu()].to(z.device)
        tempo = tempo + TEMPO_SPREAD * torch.randn_like(tempo)
        known = torch.ones(len(z), 2, device=z.device)
        if chart:
            z, asked, real = random_crops(z, chart[0], chart[1], chart[2])
            charted = ChartConditioning(text, tempo, known, asked, real).dropped(DROP)
            return {"diffusion": diffusion.to(z.device).loss(module, z, *charted, real=real)}
        if not networks.config.paper:
            z = _random_bars(z, per_bar=4)
        condition = DrumConditioning(text, tempo, known).dropped(DROP)
        return {"diffusion": diffusion.to(z.device).loss(module, z, *condition)}

    def validate(module: nn.Module) -> dict[str, float]:
        device = next(module.parameters()).device
        z, tempo, *chart = (part[:256].to(device) for part in _rows(standard[1], held_out))
        text = features[1][held_out.phrase[:256, 0]].to(device)
        known = torch.ones(len(z), 2, device=device)
        terms = []
        for _ in range(4):
            condition: Conditioning = DrumConditioning(text, tempo, known)
            x, real = z, None
            if chart:
                half = networks.config.bars // 2
                x, asked, real = random_crops(z, chart[0], chart[1], chart[2], half)
                condition = ChartConditioning(text, tempo, known, dropped_chart(asked), real)
            terms.append(float(diffusion.to(device).loss(module, x, *condition, real=real)))
        return {"loss": float(np.mean(terms))}

    z, tempo, *chart = _rows(standard[0], train)
    return fit(
        networks.denoiser,
        (z, tempo, train.phrase, *chart),
        loss,
        plan,
        out,
        weights=train.weights,
        validate=validate,
        title="diffusion",
        **more,
    )


def _rows(z: Tensor, loops: Loops) -> list[Tensor]:
    """Return latents and tempi of loops, and with charts what is measured on their beats, their
    lengths in bars and their metres."""
    chart = [part for part in (loops.asked, loops.bars, loops.meter) if part is not None]
    return [z, loops.tempo, *chart]


@torch.inference_mode()
def encode_all(networks: DrumNetworks, rolls: Tensor, batch: int = 256) -> Tensor:
    """Return the autoencoder's latents before standardisation: (n, beats, latent) or (n,
    latent)."""
    parts = [networks.autoencoder.eval().encode(part) for part in rolls.split(batch)]
    return torch.cat(parts).clone()


def tempo_regression(loops: Loops, width: int | None = None, ridge: float = 1.0) -> Tensor:
    """Fit log₂(bpm/120) to text vectors by ridge regression, on phrases without a figure: weights
    (width + 1,). width: that of the text encoder's vectors, without the facts that follow them."""
    silent = torch.tensor([parse_tempo(phrase) is None for phrase in loops.texts])
    item, column = torch.nonzero(silent[loops.phrase], as_tuple=True)
    x = loops.vectors[loops.phrase[item, column], :width].double()
    x = torch.cat([x, torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
    y = loops.tempo[item].double()
    penalty = ridge * torch.eye(x.shape[1], dtype=torch.float64)
    penalty[-1, -1] = 1e-6
    return torch.linalg.solve(x.T @ x + penalty, x.T @ y).float()


def beats_of(loops: Loops) -> Tensor:
    """Return which beats belong to each loop: bool (n, beats)."""
    assert loops.bars is not None
    assert loops.meter is not None
    steps = torch.tensor([bar_steps(meter) for meter in METERS])[loops.meter] * loops.bars
    return torch.arange(loops.rolls.shape[1] // 4) < ((steps + 3) // 4)[:, None]


def first_bars(rolls: Tensor, steps: int = 128) -> Tensor:
    """Return the first hits of at most 32 beats, which the contrastive encoder reads: (n, steps,
    27)."""
    return rolls[:, :steps, :27]


def _random_bars(x: Tensor, per_bar: int = 16, short: int = 4) -> Tensor:
    """Return the whole batch, or, with probability ½, `short` bars from a random bar on."""
    bars = x.shape[1] // per_bar
    if bars <= short or torch.rand(()) < 0.5:
        return x
    start = int(torch.randint(bars - short + 1, ()))
    return x[:, start * per_bar : (start + short) * per_bar]


def _augmented(rolls: Tensor, drop: float = 0.1, touch: float = 0.1) -> Tensor:
    """Augment loops: drop some hits and scale all velocities slightly."""
    hits, velocity, offset = rolls.chunk(3, dim=-1)
    hits = hits * (torch.rand_like(hits) >= drop)
    scale = 1 + touch * (2 * torch.rand(len(rolls), 1, 1, device=rolls.device) - 1)
    return torch.cat([hits, (velocity * scale).clamp(max=1) * hits, offset * hits], dim=-1)
