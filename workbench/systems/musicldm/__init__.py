"""MusicLDM: its configuration, the system and its training."""

from workbench.systems.musicldm.config import MusicLDMConfig
from workbench.systems.musicldm.system import Embedder, MusicLDM

__all__ = ["Embedder", "MusicLDM", "MusicLDMConfig"]
