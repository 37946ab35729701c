"""The networks of a DiffusionLM."""

from __future__ import annotations

from torch import nn

from workbench.models.control import Controls
from workbench.models.diffusion_lm import DiffusionLM as Network
from workbench.models.masked_lm import MaskedLM, MaskedLMConfig
from workbench.systems.diffusion_lm.config import PianoConfig


class Networks(nn.Module):
    """All modules of a DiffusionLM that have weights: the content of a checkpoint. A masked model
    needs no classifiers."""

    diffusion: Network | MaskedLM
    controls: Controls

    def __init__(self, config: PianoConfig) -> None:
        super().__init__()
        network = config.network
        if isinstance(network, MaskedLMConfig):
            self.diffusion = MaskedLM(network)
        else:
            self.diffusion = Network(network)
            self.controls = Controls(config.control, network.dim, network.length)
