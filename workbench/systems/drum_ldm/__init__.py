"""DrumLDM: its configuration, the system, its training."""

from workbench.systems.drum_ldm.system import DrumLDM, DrumLDMConfig

__all__ = ["DrumLDM", "DrumLDMConfig"]
