"""DiffusionLM: its configuration, the system, its training."""

from workbench.systems.diffusion_lm.system import DiffusionLM, PianoConfig

__all__ = ["DiffusionLM", "PianoConfig"]
