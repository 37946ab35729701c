"""MidiGPT: its configuration, the system and its training."""

from workbench.systems.midigpt.config import MidiGPTConfig
from workbench.systems.midigpt.system import MidiGPT

__all__ = ["MidiGPT", "MidiGPTConfig"]
