"""Training of networks within a benchmark."""

from __future__ import annotations

import tempfile

from torch import Tensor

from workbench.training import Loss, Network, Plan, fit


def fitted(
    module: Network, rows: Tensor, loss: Loss, plan: Plan, *, seed: int, title: str
) -> Network:
    """The network after `plan` on these rows; the training's folder is temporary."""
    with tempfile.TemporaryDirectory() as folder:
        return fit(module, (rows,), loss, plan, folder, seed=seed, title=title).module
