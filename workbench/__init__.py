"""Music workbench: learn how machines make music by building, hearing and measuring.

Names are imported on first use, so that `import workbench` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Clip": "workbench.music.clip",
    "load": "workbench.datasets",
    "DiffusionLM": "workbench.systems.diffusion_lm",
    "DrumLDM": "workbench.systems.drum_ldm",
    "LDMG": "workbench.systems.ldmg",
    "MusicLDM": "workbench.systems.musicldm",
    "MidiGPT": "workbench.systems.midigpt",
    "start": "workbench.lesson",
}
__all__ = ["LDMG", "Clip", "DiffusionLM", "DrumLDM", "MidiGPT", "MusicLDM", "load", "start"]

if TYPE_CHECKING:
    from workbench.datasets import load
    from workbench.lesson import start
    from workbench.music.clip import Clip
    from workbench.systems.diffusion_lm import DiffusionLM
    from workbench.systems.drum_ldm import DrumLDM
    from workbench.systems.ldmg import LDMG
    from workbench.systems.midigpt import MidiGPT
    from workbench.systems.musicldm import MusicLDM


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
