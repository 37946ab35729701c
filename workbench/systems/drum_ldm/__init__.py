"""DrumLDM: its configuration, the system and its training."""

from workbench.systems.drum_ldm.config import DrumLDMConfig
from workbench.systems.drum_ldm.system import DrumLDM

__all__ = ["DrumLDM", "DrumLDMConfig"]
