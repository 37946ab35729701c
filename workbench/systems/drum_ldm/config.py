"""DrumLDM's configuration and its training profiles."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from workbench.models.contrastive import ContrastiveConfig
from workbench.models.diffusion import Diffusion, Prediction
from workbench.models.mrlstm import AutoencoderConfig
from workbench.systems.drum_ldm.facts import FACTS
from workbench.training import Plan


@dataclass(frozen=True)
class DrumLDMConfig:
    """Configuration of a DrumLDM.

    Args:
        text: Text encoder: "bert", "keywords", or any BERT by name.
        paper: Use the published networks (one latent vector per loop, MLP denoiser) instead of
            ours.
        autoencoder: Configuration of the autoencoder.
        contrastive: Configuration of the contrastive text and MIDI encoders.
        width: Width of the denoiser's transformer.
        depth: Its number of layers.
        heads: Its number of attention heads.
        bars: Length of the longest loop, in bars.
        chart: Whether the denoiser follows a chart, see `representations.drum_chart`.
        schedule: Noise schedule, see `models.diffusion`.
        prediction: What the denoiser predicts: "v", "epsilon" …
        vocabulary: Words of the training captions.
    """

    text: str = "bert"
    paper: bool = False
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    contrastive: ContrastiveConfig = field(default_factory=ContrastiveConfig)
    width: int = 192
    depth: int = 5
    heads: int = 4
    bars: int = 8
    chart: bool = False
    schedule: str = "cosine-zero-snr"
    prediction: Prediction = "v"
    vocabulary: tuple[str, ...] = ()

    def diffusion(self) -> Diffusion:
        """Return the noise schedule with the denoiser's prediction type."""
        return Diffusion(self.schedule, prediction=self.prediction)


@dataclass(frozen=True)
class Profile:
    """A training profile: the configuration and the plan of each stage.

    Args:
        config: The configuration.
        contrastive, autoencoder, diffusion: The plans.
        limit: Number of performances to read; None reads all.
        hop_bars: Hop between the windows cut from them, in bars.
        transformed: Share of transformed loops, see `datasets.drum_transforms`.
        styled: Number of loops of the grammar, see `datasets.styled`.
    """

    config: DrumLDMConfig
    contrastive: Plan
    autoencoder: Plan
    diffusion: Plan
    limit: int | None = None
    hop_bars: int = 2
    transformed: float = 0.0
    styled: int = 0


_DIFFUSION = Plan(
    steps=4000,
    batch=64,
    lr=2e-3,
    muon=0.01,
    weight_decay=0.1,
    cooldown=0.6,
    every=250,
    ema=0.998,
    keep="last",
)
_CONTRASTIVE = Plan(
    steps=300, batch=256, lr=1e-3, warmup=50, weight_decay=0.1, cooldown=0.6, every=50, ema=0.98
)
_SMOKE = Plan(steps=20, batch=16, lr=1e-3, warmup=5, every=10)


PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        DrumLDMConfig(
            autoencoder=AutoencoderConfig(hidden=16, width=32, slots=2),
            contrastive=ContrastiveConfig(width=32, depth=1, facts=FACTS),
            width=64,
            depth=2,
            bars=16,
            chart=True,
        ),
        _SMOKE,
        _SMOKE,
        replace(_SMOKE, ema=0.9, muon=0.01),
        limit=60,
        hop_bars=8,
        transformed=0.2,
        styled=8,
    ),
    "laptop": Profile(
        DrumLDMConfig(
            autoencoder=AutoencoderConfig(latent=32, hidden=72, noise=0.4, slots=2),
            contrastive=ContrastiveConfig(facts=FACTS, dropout=0.3),
            heads=6,
            bars=16,
            chart=True,
        ),
        _CONTRASTIVE,
        Plan(steps=2500, batch=64, lr=3e-3, every=250, weight_decay=1e-4),
        _DIFFUSION,
        transformed=0.4,
        styled=1500,
    ),
    "gpu": Profile(
        DrumLDMConfig(
            autoencoder=AutoencoderConfig(latent=32, hidden=128, width=256, noise=0.4, slots=2),
            contrastive=ContrastiveConfig(facts=FACTS, dropout=0.3),
            width=384,
            depth=10,
            heads=6,
            bars=16,
            chart=True,
        ),
        replace(_CONTRASTIVE, steps=600, batch=512, warmup=100, every=100, ema=0.99),
        Plan(steps=4000, batch=256, lr=2e-3, every=400, weight_decay=1e-4, precision="32-true"),
        replace(_DIFFUSION, steps=12_000, batch=256, lr=1e-3, every=1000, ema=0.9995),
        hop_bars=1,
        transformed=0.4,
        styled=4000,
    ),
    # The published recipe: epochs of 100, 100 and 150 over 11,340 loops, as steps.
    "paper": Profile(
        DrumLDMConfig(paper=True, schedule="linear", prediction="epsilon"),
        Plan(steps=35_000, batch=32, lr=1e-3, warmup=1, every=1000),
        Plan(steps=17_700, batch=64, lr=1e-3, warmup=1, every=1000),
        Plan(steps=26_600, batch=64, lr=3e-4, warmup=1, every=1000),
    ),
}
