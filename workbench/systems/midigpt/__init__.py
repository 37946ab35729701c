"""MidiGPT: its configuration, the system, its training."""

from workbench.systems.midigpt.system import MidiGPT, MidiGPTConfig

__all__ = ["MidiGPT", "MidiGPTConfig"]
