"""The one training loop, the memory that it needs, and weights on disk."""

from workbench.training.loop import (
    Fit,
    Loss,
    Network,
    Plan,
    Watch,
    alone_in,
    fast_precision,
    fit,
    scores_of,
    seeds,
    training_run,
)

__all__ = [
    "Fit",
    "Loss",
    "Network",
    "Plan",
    "Watch",
    "alone_in",
    "fast_precision",
    "fit",
    "scores_of",
    "seeds",
    "training_run",
]
