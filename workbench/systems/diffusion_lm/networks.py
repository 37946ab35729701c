"""What a DiffusionLM is made of: its configuration and its networks."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from workbench.models.control import ControlConfig, Controls
from workbench.models.diffusion_lm import DiffusionLM as Network
from workbench.models.diffusion_lm import DiffusionLMConfig


@dataclass(frozen=True)
class PianoConfig:
    """density, register: the limits between the classes of control, from the training windows."""

    network: DiffusionLMConfig
    control: ControlConfig
    rhythm: bool = True
    density: tuple[float, float] = (8.0, 16.0)
    register: tuple[float, float] = (55.0, 62.0)


class Networks(nn.Module):
    """Everything of a DiffusionLM that has weights; what a checkpoint holds."""

    def __init__(self, config: PianoConfig) -> None:
        super().__init__()
        self.diffusion = Network(config.network)
        self.controls = Controls(config.control, config.network.dim, config.network.length)
