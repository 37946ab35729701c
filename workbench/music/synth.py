"""From score to sound: one interface, three engines.

`default_synth()` returns the first that works: tinysoundfont with a SoundFont (soundfont.py),
FluidSynth if it is installed (fluid.py), or the NumPy synthesizer, which is always available
(numpy_synth.py). The engines share placing.py and mixing.py.

What people hear (players, widgets, audio files) is played by `playback_synth()`, with a better drum
kit if one is installed. What is measured (data sets, evaluation, systems of sound) is rendered by
`default_synth()`, so that figures are the same on every machine.
"""

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from workbench.arguments import path_of
from workbench.errors import MissingDataError
from workbench.music.drum_kit import KitSynth, find_kit
from workbench.music.fluid import FluidSynth, fluidsynth_command
from workbench.music.numpy_synth import NumpySynth
from workbench.music.soundfont import SoundFontSynth, bundled_soundfont, check_soundfont

__all__ = [
    "FluidSynth",
    "KitSynth",
    "NumpySynth",
    "SoundFontSynth",
    "Synth",
    "bundled_soundfont",
    "default_synth",
    "playback_synth",
]

BUNDLED = "bundled"  # value of WORKBENCH_DRUMS: drums as everything else


class Synth(Protocol):
    """The interface of all engines."""

    name: str

    @property
    def sound(self) -> str:
        """Which SoundFont plays, in words."""
        ...

    def render(
        self, score: Any, sample_rate: int, samples: int | None = None, *, loop: bool = True
    ) -> np.ndarray:
        """Render a score.

        Args:
            score: A symusic score.
            sample_rate: Sample rate in Hz.
            samples: Exact length in samples; by default up to the last note end plus a tail.
            loop: Whether sound past the end continues at the start.

        Returns:
            float32 (2, samples), peak ≤ 1.
        """
        ...


def default_synth(soundfont: str | os.PathLike[str] | None = None) -> Synth:
    """Return the first engine that works, created once.

    Args:
        soundfont: A SoundFont; by default that of WORKBENCH_SOUNDFONT, if set.

    Returns:
        The engine.

    Raises:
        MissingDataError: If a named SoundFont does not exist or no engine can play it.
        BrokenFileError: If a named SoundFont is not valid. It is never replaced silently.
    """
    named = (
        path_of(soundfont, "soundfont") if soundfont else os.environ.get("WORKBENCH_SOUNDFONT", "")
    )
    return _synth_for(named)


def playback_synth() -> Synth:
    """Return the engine for what people hear: drums on the best kit that is found.

    WORKBENCH_DRUMS names the SoundFont of the drums, or is "bundled" for `default_synth()`.
    Otherwise the kits of drum_kit.KITS are looked for in the cache and where systems keep
    SoundFonts, unless WORKBENCH_SOUNDFONT names a font for everything.

    Raises:
        MissingDataError: If a named SoundFont does not exist or no engine can play it.
        BrokenFileError: If a named SoundFont is not valid.
    """
    named, font = os.environ.get("WORKBENCH_DRUMS", ""), os.environ.get("WORKBENCH_SOUNDFONT", "")
    if named == BUNDLED or (font and not named):
        return default_synth()
    if find_spec("tinysoundfont") and (font or bundled_soundfont()):
        kit = Path(named).expanduser() if named else find_kit()
        if kit is not None:
            return _kit_synth(kit, font)
    elif named:
        raise MissingDataError(
            f"WORKBENCH_DRUMS names {named}, which needs tinysoundfont and a SoundFont for the "
            f"other instruments; install them, or set WORKBENCH_DRUMS={BUNDLED}"
        )
    return default_synth()


@cache
def _kit_synth(drums: Path, font: str) -> KitSynth:
    return KitSynth(drums, font or None)


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
