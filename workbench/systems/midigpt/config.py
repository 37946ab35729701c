"""MidiGPT's configuration and its training profiles."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.models.gpt import GPTConfig
from workbench.training import Plan


@dataclass(frozen=True)
class MidiGPTConfig:
    """Configuration of a MidiGPT: that of its network."""

    gpt: GPTConfig


@dataclass(frozen=True)
class Profile:
    """A training profile. sequences: number of training sequences, cut once before training; limit:
    number of songs to read."""

    vocabulary: int
    gpt: GPTConfig
    plan: Plan
    sequences: int
    limit: int | None = None


def _gpt(context: int, width: int, depth: int, heads: int) -> GPTConfig:
    return GPTConfig(vocab=0, context=context, width=width, depth=depth, heads=heads)


PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        600,
        _gpt(256, 32, 2, 2),
        Plan(steps=20, batch=8, lr=3e-3, warmup=5, every=10),
        sequences=160,
        limit=24,
    ),
    "laptop": Profile(
        1024,
        _gpt(1024, 256, 4, 4),
        Plan(
            steps=2600, batch=6, lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, every=250, ema=0.998
        ),
        sequences=24_000,
    ),
    "gpu": Profile(
        2048,
        _gpt(1024, 512, 8, 8),
        Plan(
            steps=20_000,
            batch=64,
            lr=6e-4,
            betas=(0.9, 0.95),
            weight_decay=0.1,
            warmup=500,
            every=1000,
            ema=0.999,
        ),
        sequences=200_000,
    ),
    # The original MidiGPT's: gpt-micro, batch 64, 50,000 iterations at a constant rate (ours
    # decays).
    "paper": Profile(
        2048,
        replace(_gpt(1024, 128, 4, 4), positions="learned"),
        Plan(
            steps=50_000,
            batch=64,
            lr=5e-4,
            betas=(0.9, 0.95),
            weight_decay=0.1,
            warmup=1,
            every=1000,
        ),
        sequences=200_000,
    ),
}
