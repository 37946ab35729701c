"""MidiGPT's configuration and its training profiles."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from workbench.models.gpt import GPTConfig
from workbench.representations.hints import ORDERS
from workbench.training import Plan


@dataclass(frozen=True)
class Known:
    """What the training songs had often enough to be learned.

    Args:
        programs: MIDI programs as in the tokens, such as "33", "-1" for drums; empty for older
            checkpoints, whose programs and metres are found in their vocabulary.
        metres: Such as "4/4".
    """

    programs: tuple[str, ...] = ()
    metres: tuple[str, ...] = ()


@dataclass(frozen=True)
class MidiGPTConfig:
    """Configuration of a MidiGPT: that of its network, and what it knows."""

    gpt: GPTConfig
    known: Known = field(default_factory=Known)


@dataclass(frozen=True)
class Profile:
    """A training profile.

    Args:
        vocabulary: Number of tokens.
        gpt: The network, whose vocabulary is filled in.
        plan: Of the training.
        sequences: Number of training sequences, cut once before training.
        limit: Number of songs to read of each collection.
        controls: Whether questions hold controls (`representations/controls.py`).
        short: Plan of a training before it on rows of half the length, which take more steps in the
            same time.
        short_share: Share of a time budget for it, relative to that of the rest.
    """

    vocabulary: int
    gpt: GPTConfig
    plan: Plan
    sequences: int
    limit: int | None = None
    controls: bool = False
    short: Plan | None = None
    short_share: float = 0.5


def _gpt(context: int, width: int, depth: int, heads: int, dropout: float = 0.1) -> GPTConfig:
    return GPTConfig(
        vocab=0,
        context=context,
        width=width,
        depth=depth,
        heads=heads,
        dropout=dropout,
        echoes=len(ORDERS),
        clock=True,
    )


# Muon for the matrices of the blocks, small batches, rates constant at first and then linear to
# zero: at equal time well below AdamW on POP909.
_PLAN = Plan(
    steps=12_000,
    batch=2,
    lr=3e-3,
    betas=(0.9, 0.95),
    weight_decay=0.1,
    every=500,
    muon=0.03,
    cooldown=0.7,
)

PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        600,
        _gpt(256, 32, 2, 2),
        Plan(steps=20, batch=8, lr=3e-3, warmup=5, every=10, muon=0.02, cooldown=0.5),
        sequences=160,
        limit=24,
        controls=True,
        short=Plan(steps=6, batch=8, lr=3e-3, warmup=5, every=3, muon=0.02, cooldown=0.5),
    ),
    "laptop": Profile(
        1024,
        _gpt(1024, 256, 4, 4, dropout=0.05),
        _PLAN,
        sequences=24_000,
        controls=True,
        short=replace(_PLAN, steps=6000, batch=4, cooldown=0.05),
    ),
    "gpu": Profile(
        2048,
        _gpt(2048, 512, 8, 8),
        replace(_PLAN, steps=12_000, batch=32, lr=1e-3, muon=0.02, warmup=300, every=1000),
        sequences=200_000,
        controls=True,
        short=replace(
            _PLAN, steps=8000, batch=64, lr=1e-3, muon=0.02, warmup=300, every=1000, cooldown=0.05
        ),
    ),
    # The original MidiGPT's: gpt-micro, batch 64, 50,000 iterations at a constant rate (ours
    # decays).
    "paper": Profile(
        2048,
        replace(_gpt(1024, 128, 4, 4), positions="learned", echoes=0, clock=False),
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
