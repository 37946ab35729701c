"""MusicLDM: its configuration, the system, its training."""

from workbench.systems.musicldm.system import Embedder, MusicLDM, MusicLDMConfig

__all__ = ["Embedder", "MusicLDM", "MusicLDMConfig"]
