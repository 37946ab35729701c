"""DiffusionLM's configuration and its training profiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.models.control import ControlConfig
from workbench.models.diffusion_lm import DiffusionLMConfig
from workbench.models.masked_lm import MaskedLMConfig
from workbench.training import Plan

Process = Literal["continuous", "masked"]
PROCESSES: tuple[Process, ...] = ("continuous", "masked")


@dataclass(frozen=True)
class PianoConfig:
    """Configuration of a DiffusionLM.

    Args:
        network: Configuration of the diffusion model, continuous or masked.
        control: Configuration of the classifiers that steer a continuous model. A masked one
            receives the controls itself; only the names of the styles count.
        rhythm: Whether the words also encode positions in the bar.
        density: Limits between sparse, medium and busy, in notes per bar.
        register: Limits between low, middle and high, as MIDI pitches.
        temperature: Temperature of sampling where none is given.
        guidance: Guidance where none is given: the strength of the classifiers' gradient, or the
            guidance scale of a masked model.
    """

    network: DiffusionLMConfig | MaskedLMConfig
    control: ControlConfig
    rhythm: bool = True
    density: tuple[float, float] = (8.0, 16.0)
    register: tuple[float, float] = (55.0, 62.0)
    temperature: float = 0.5
    guidance: float = 0.1

    @property
    def process(self) -> Process:
        """Which diffusion: "continuous", of embeddings, or "masked", of words."""
        return "masked" if isinstance(self.network, MaskedLMConfig) else "continuous"


@dataclass(frozen=True)
class Profile:
    """A training profile.

    Args:
        network: Sizes of the continuous network. Of all sizes the vocabulary and the controls come
            from the data.
        control: Sizes of its classifiers.
        diffusion: Plan of its training.
        classifiers: Plan of theirs.
        masked: Sizes of the masked network.
        masking: Plan of its training.
        hop: Hop between windows in bars.
        limit: Number of songs to read.
    """

    network: DiffusionLMConfig
    control: ControlConfig
    diffusion: Plan
    classifiers: Plan
    masked: MaskedLMConfig
    masking: Plan
    hop: int = 1
    limit: int | None = None


# A masked model's own settings of sampling. The temperature is chosen on validation songs
# (`workbench evaluate piano --only sampling`), the guidance scale by how many samples follow the
# controls (`--only control`): more at 2.5 than at 1.5, with no cost under the judge.
MASKED_TEMPERATURE = 0.7
MASKED_GUIDANCE = 2.5

_TEN_MINUTES = Plan(
    steps=25_000,
    batch=256,
    lr=3e-3,
    warmup=200,
    every=1000,
    ema=0.999,
    keep="last",
    muon=0.02,
    cooldown=0.5,
)

PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        DiffusionLMConfig(0, width=64, depth=1, heads=2, steps=100),
        ControlConfig(width=32),
        Plan(steps=20, batch=16, lr=3e-3, warmup=5, every=10, ema=0.9),
        Plan(steps=20, batch=16, lr=3e-3, warmup=5, every=10),
        MaskedLMConfig(0, width=64, depth=1, heads=2),
        Plan(steps=20, batch=16, lr=3e-3, warmup=5, every=10, ema=0.9, muon=0.01, cooldown=0.5),
        hop=8,
        limit=24,
    ),
    "laptop": Profile(
        DiffusionLMConfig(0, width=192),
        ControlConfig(),
        Plan(steps=7000, batch=32, lr=1e-3, warmup=200, every=500, ema=0.999, keep="last"),
        Plan(steps=5000, batch=64, lr=1e-3, every=250),
        # below 8 MB in half precision
        MaskedLMConfig(0, width=240, depth=5, heads=5, dropout=0.0),
        Plan(
            steps=8000,
            batch=32,
            lr=3e-3,
            warmup=200,
            every=500,
            ema=0.999,
            keep="last",
            muon=0.02,
            cooldown=0.5,
        ),
    ),
    # below 8 MB in half precision; more steps than a GPU takes in ten minutes
    "gpu": Profile(
        DiffusionLMConfig(0, dim=32, width=240, depth=4, heads=5),
        ControlConfig(),
        _TEN_MINUTES,
        Plan(steps=10_000, batch=256, lr=1e-3, every=500),
        MaskedLMConfig(0, width=240, depth=5, heads=5),
        _TEN_MINUTES,
    ),
    # The original's and Diffusion-LM's: the sizes of BERT-base, no self-conditioning, no anchor.
    "paper": Profile(
        DiffusionLMConfig(
            0, dim=16, width=768, depth=12, heads=12, self_conditioning=False, anchor=0.0
        ),
        ControlConfig(width=256),
        Plan(steps=200_000, batch=64, lr=1e-4, warmup=1, every=5000, ema=0.9999, keep="last"),
        Plan(steps=20_000, batch=64, lr=1e-4, every=1000),
        MaskedLMConfig(0, width=768, depth=12, heads=12),
        Plan(steps=200_000, batch=64, lr=1e-4, warmup=1, every=5000, ema=0.9999, keep="last"),
    ),
}
