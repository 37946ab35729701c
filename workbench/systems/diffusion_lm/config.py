"""DiffusionLM's configuration and its training profiles."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.models.control import ControlConfig
from workbench.models.diffusion_lm import DiffusionLMConfig
from workbench.training import Plan


@dataclass(frozen=True)
class PianoConfig:
    """Configuration of a DiffusionLM.

    Args:
        network: Configuration of the diffusion model.
        control: Configuration of the classifiers that steer it.
        rhythm: Whether the words also encode positions in the bar.
        density: Limits between sparse, medium and busy, in notes per bar.
        register: Limits between low, middle and high, as MIDI pitches.
    """

    network: DiffusionLMConfig
    control: ControlConfig
    rhythm: bool = True
    density: tuple[float, float] = (8.0, 16.0)
    register: tuple[float, float] = (55.0, 62.0)


@dataclass(frozen=True)
class Profile:
    """A training profile. hop: hop between windows in bars; limit: number of songs to read."""

    network: DiffusionLMConfig
    control: ControlConfig
    diffusion: Plan
    classifiers: Plan
    hop: int = 2
    limit: int | None = None


PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        DiffusionLMConfig(0, width=64, depth=1, heads=2, steps=100),
        ControlConfig(width=32),
        Plan(steps=20, batch=16, lr=3e-3, warmup=5, every=10, ema=0.9),
        Plan(steps=20, batch=16, lr=3e-3, warmup=5, every=10),
        hop=8,
        limit=24,
    ),
    "laptop": Profile(
        DiffusionLMConfig(0, width=192),
        ControlConfig(),
        Plan(steps=7000, batch=32, lr=1e-3, warmup=200, every=500, ema=0.999, keep="last"),
        Plan(steps=5000, batch=64, lr=1e-3, every=250),
    ),
    "gpu": Profile(
        DiffusionLMConfig(0, dim=64, width=512, depth=8, heads=8),
        ControlConfig(width=256),
        Plan(steps=40_000, batch=128, lr=5e-4, warmup=1000, every=2000, ema=0.9995, keep="last"),
        Plan(steps=10_000, batch=256, lr=5e-4, every=500),
        hop=1,
    ),
    # The original's and Diffusion-LM's: the sizes of BERT-base, no self-conditioning, no anchor.
    "paper": Profile(
        DiffusionLMConfig(
            0, dim=16, width=768, depth=12, heads=12, self_conditioning=False, anchor=0.0
        ),
        ControlConfig(width=256),
        Plan(steps=200_000, batch=64, lr=1e-4, warmup=1, every=5000, ema=0.9999, keep="last"),
        Plan(steps=20_000, batch=64, lr=1e-4, every=1000),
        hop=1,
    ),
}
