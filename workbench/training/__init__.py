"""The one training loop, the memory that it needs, and weights on disk."""

from workbench.training.alone import alone_in, training_run
from workbench.training.loop import fit
from workbench.training.plan import (
    Fit,
    Loss,
    Network,
    Plan,
    Watch,
    fast_device,
    fast_precision,
    scores_of,
    seeds,
)

__all__ = [
    "Fit",
    "Loss",
    "Network",
    "Plan",
    "Watch",
    "alone_in",
    "fast_device",
    "fast_precision",
    "fit",
    "scores_of",
    "seeds",
    "training_run",
]
