"""The catalogue: which data sets the workbench knows; each entry stands in its set's own module."""

from __future__ import annotations

from workbench.datasets.builtin import BUILTIN
from workbench.datasets.builtin_songs import BUILTIN_SONGS
from workbench.datasets.entry import Entry
from workbench.datasets.sets.cc_music import CC_MUSIC_CLIPS
from workbench.datasets.sets.fma import MEDIUM, METADATA, SMALL
from workbench.datasets.sets.game_midi import GAME_MIDI
from workbench.datasets.sets.groove import GROOVE
from workbench.datasets.sets.lakh import LAKH, LAKH_CLEAN
from workbench.datasets.sets.maestro import MAESTRO
from workbench.datasets.sets.nottingham import NOTTINGHAM
from workbench.datasets.sets.openewld import OPENEWLD
from workbench.datasets.sets.openscore import LIEDER, ORCHESTRA
from workbench.datasets.sets.pop909 import POP909

CATALOGUE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        GROOVE,
        BUILTIN,
        BUILTIN_SONGS,
        POP909,
        NOTTINGHAM,
        LAKH_CLEAN,
        LAKH,
        MAESTRO,
        ORCHESTRA,
        LIEDER,
        OPENEWLD,
        GAME_MIDI,
        METADATA,
        SMALL,
        MEDIUM,
        CC_MUSIC_CLIPS,
    )
}
