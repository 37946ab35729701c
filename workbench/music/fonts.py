"""General MIDI SoundFonts on this machine, for music that is to be heard in several sounds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from workbench.music.drum_kit import KitSynth, find_kit, kit_folders
from workbench.music.soundfont import SoundFontSynth, bundled_soundfont
from workbench.music.synth import Synth, default_synth

GENERAL = (
    "MuseScore_General_Lite.sf3",  # Debian: musescore-general-soundfont-small
    "MuseScore_General.sf3",  # Debian: musescore-general-soundfont
    "FluidR3_GM.sf2",  # Debian: fluid-soundfont-gm
)


def general_fonts() -> list[Path]:
    """Return the General MIDI SoundFonts that are found: pretty_midi's, then those of `GENERAL` in
    the cache folder and where systems keep SoundFonts."""
    bundled = bundled_soundfont()
    found = [bundled] if bundled else []
    for name in GENERAL:
        path = next((top / name for top in kit_folders() if (top / name).is_file()), None)
        found += [path] if path else []
    return found


def some_synth(random: np.random.Generator, *, drums: bool = False) -> Synth:
    """Return a synthesizer with one of the fonts that are found, equally likely; `default_synth()`
    without any. drums: whether a recorded drum kit is one of the choices (`drum_kit.find_kit`)."""
    fonts = general_fonts()
    kit = find_kit() if drums and bundled_soundfont() else None
    if not fonts:
        return default_synth()
    number = int(random.integers(len(fonts) + (kit is not None)))
    return _font_synth(fonts[number]) if number < len(fonts) else _kit_synth(kit)  # type: ignore[arg-type]


@cache  # a font is read once per process
def _font_synth(font: Path) -> SoundFontSynth:
    return SoundFontSynth(font)


@cache
def _kit_synth(kit: Path) -> KitSynth:
    return KitSynth(kit, None)
