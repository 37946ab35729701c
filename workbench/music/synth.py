"""From score to sound: one interface, three engines.

`default_synth()` takes the first that works: tinysoundfont with a SoundFont (soundfont.py),
FluidSynth where it is installed (fluid.py), and the NumPy synthesiser, which is always there
(numpy_synth.py). placing.py and mixing.py are what the engines share.
"""

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from workbench.arguments import path_of
from workbench.errors import MissingDataError
from workbench.music.fluid import FluidSynth, fluidsynth_command
from workbench.music.numpy_synth import NumpySynth
from workbench.music.soundfont import SoundFontSynth, bundled_soundfont, check_soundfont

__all__ = [
    "FluidSynth",
    "NumpySynth",
    "SoundFontSynth",
    "Synth",
    "bundled_soundfont",
    "default_synth",
]


class Synth(Protocol):
    """What every engine offers."""

    name: str

    def render(
        self, score: Any, sample_rate: int, samples: int | None = None, *, loop: bool = True
    ) -> np.ndarray:
        """Sound of the score, float32 (2, samples), peak ≤ 1.

        `samples`: the exact length (default: last note end plus a tail). With `loop`, what rings
        past the end is heard at the start.
        """
        ...


def default_synth(soundfont: str | os.PathLike[str] | None = None) -> Synth:
    """The first engine that works here, made once and kept.

    A SoundFont named by the argument or by WORKBENCH_SOUNDFONT is used or, if that fails, is an
    error (MissingDataError, BrokenFileError): nobody wants another sound in silence.
    """
    named = (
        path_of(soundfont, "soundfont") if soundfont else os.environ.get("WORKBENCH_SOUNDFONT", "")
    )
    return _synth_for(named)


@cache
def _synth_for(named: str) -> Synth:
    if find_spec("tinysoundfont") and (named or bundled_soundfont()):
        return SoundFontSynth(named or None)
    if fluidsynth_command() and (named or bundled_soundfont()):
        return FluidSynth(named or None)
    if named:
        check_soundfont(Path(named))
        raise MissingDataError(
            f"{named} needs an engine that plays SoundFonts; install tinysoundfont or FluidSynth"
        )
    return NumpySynth()
