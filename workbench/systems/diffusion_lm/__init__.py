"""DiffusionLM: its configuration, the system, its training."""

from workbench.systems.diffusion_lm.config import PianoConfig
from workbench.systems.diffusion_lm.system import DiffusionLM

__all__ = ["DiffusionLM", "PianoConfig"]
