"""Music workbench: learn how machines make music by building, hearing and measuring.

Names are imported on first use, so that `import workbench` stays quick.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.moved import answer_to_old_names
from workbench.systems.registry import SYSTEMS
from workbench.version import __version__ as __version__

_HOMES = {
    "Clip": "workbench.music.clip",
    "Region": "workbench.systems.region",
    "load": "workbench.datasets",
    "plots": "workbench.course.plots",
    "predict": "workbench.course.predictions",
    "quiz": "workbench.course.quiz_cell",
    "reveal": "workbench.course.predictions",
    "start": "workbench.course.lesson",
} | {entry.name: entry.home.partition(":")[0] for entry in SYSTEMS.values()}
__all__ = sorted(_HOMES)
answer_to_old_names()
# PyTorch's threads sleep while they wait, unless it is imported earlier: where other processes use
# the cores, too, a step with two spinning threads took 15 times as long as with one.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if TYPE_CHECKING:
    from workbench.course import plots as plots
    from workbench.course.lesson import start as start
    from workbench.course.predictions import predict as predict
    from workbench.course.predictions import reveal as reveal
    from workbench.course.quiz_cell import quiz as quiz
    from workbench.datasets import load as load
    from workbench.music.clip import Clip as Clip
    from workbench.systems.diffusion_lm import DiffusionLM as DiffusionLM
    from workbench.systems.drum_ldm import DrumLDM as DrumLDM
    from workbench.systems.ldmg import LDMG as LDMG
    from workbench.systems.midigpt import MidiGPT as MidiGPT
    from workbench.systems.musicldm import MusicLDM as MusicLDM
    from workbench.systems.region import Region as Region


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    # importlib.metadata: `import workbench` stays quick
    from workbench.extras import named_extras

    with named_extras():
        home = import_module(_HOMES[name])
    value = home if _HOMES[name].endswith(f".{name}") else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
