"""What a DiffusionLM is made of: its configuration and its networks."""

from __future__ import annotations

from torch import nn

from workbench.models.control import Controls
from workbench.models.diffusion_lm import DiffusionLM as Network
from workbench.systems.diffusion_lm.config import PianoConfig


class Networks(nn.Module):
    """Everything of a DiffusionLM that has weights; what a checkpoint holds."""

    def __init__(self, config: PianoConfig) -> None:
        super().__init__()
        self.diffusion = Network(config.network)
        self.controls = Controls(config.control, config.network.dim, config.network.length)
