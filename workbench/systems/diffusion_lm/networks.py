"""The networks of a DiffusionLM."""

from __future__ import annotations

from torch import nn

from workbench.models.control import Controls
from workbench.models.diffusion_lm import DiffusionLM as Network
from workbench.systems.diffusion_lm.config import PianoConfig


class Networks(nn.Module):
    """All modules of a DiffusionLM that have weights: the content of a checkpoint."""

    def __init__(self, config: PianoConfig) -> None:
        super().__init__()
        self.diffusion = Network(config.network)
        self.controls = Controls(config.control, config.network.dim, config.network.length)
