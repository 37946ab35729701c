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
        apart: Whether pitches are tokens of their own, so that training transposes each sequence
            anew in each epoch. Needs hints.
        short: Plan of a training before it on the halves of the rows, which take more steps in the
            same time.
        short_share: Share of a time budget for it, relative to that of the rest.
    """

    vocabulary: int
    gpt: GPTConfig
    plan: Plan
    sequences: int
    limit: int | None = None
    controls: bool = False
    apart: bool = False
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


SEQUENCES = 18_000  # of 1024 tokens

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


def _ten_minutes(gpt: GPTConfig) -> Profile:
    """Return a profile for a GPU: large batches, more steps than it takes in ten minutes."""
    plan = replace(_PLAN, steps=20_000, batch=48, lr=2e-3, muon=0.02, warmup=200, every=1000)
    short = replace(plan, batch=96, cooldown=0.05)
    return Profile(
        1024,
        gpt,
        plan,
        sequences=SEQUENCES,
        controls=True,
        apart=True,
        short=short,
        short_share=0.5,
    )


PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        600,
        _gpt(256, 32, 2, 2),
        Plan(steps=20, batch=8, lr=3e-3, warmup=5, every=10, muon=0.02, cooldown=0.5),
        sequences=160,
        limit=24,
        controls=True,
        apart=True,
        short=Plan(steps=6, batch=8, lr=3e-3, warmup=5, every=3, muon=0.02, cooldown=0.5),
    ),
    "laptop": Profile(
        1024,
        _gpt(1024, 256, 4, 4, dropout=0.05),
        _PLAN,
        sequences=SEQUENCES,
        controls=True,
        apart=True,
        short=replace(_PLAN, steps=6000, batch=4, cooldown=0.05),
    ),
    # networks of 8 and 16 MB in half precision for ten minutes of a GPU
    "gpu": _ten_minutes(_gpt(1024, 256, 4, 4)),
    "large": _ten_minutes(_gpt(1024, 384, 4, 6)),
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
