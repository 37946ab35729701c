"""Nottingham: British and American folk tunes, each the melody and its chords."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.datasets.entry import Archive, Entry, Recipe
from workbench.datasets.song_sets import BY_SONG, scores_by, songs_in
from workbench.datasets.songs import Rule

TUNE_TYPES = {  # first letters of a file's name; other collections contain several types
    "jigs": "jig",
    "reels": "reel",
    "hpps": "hornpipe",
    "waltzes": "waltz",
    "morris": "morris",
    "slip": "slip jig",
    "xmas": "carol",
    "playford": "playford",
    "ashover": "ashover",
}


def _nottingham(folder: Path) -> Rule:
    """Omits the archive's separate copies of each tune's melody and chords."""

    def kind(relative: Path) -> str:
        letters = re.match(r"[a-z]*", relative.stem.lower()).group()  # type: ignore[union-attr]
        return next((kind for start, kind in TUNE_TYPES.items() if letters.startswith(start)), "")

    return Rule(
        lambda relative: relative.stem,
        lambda relative: {"style": kind(relative)},
        lambda relative: not {"melody", "chords"} & set(relative.parts[:-1]),
        melodies=True,
    )


NOTTINGHAM = Entry(
    name="nottingham",
    title="Nottingham Music Database: British and American folk tunes, melody and chords",
    licence="GPL-3.0",
    licence_url="https://www.gnu.org/licenses/gpl-3.0.html",
    citation="Eric Foxley: Nottingham Music Database; cleaned by Jukedeck, 2017.",
    homepage="https://github.com/jukedeck/nottingham-dataset",
    how_to_get="python data_scripts/nottingham.py",
    size="1,034 tunes",
    splits=BY_SONG + "the tune's file name; versions of a tune together",
    url="https://github.com/jukedeck/nottingham-dataset/archive/refs/heads/master.zip",
    archive=Archive("*/MIDI", "*.mid"),
    finder=songs_in,
    scores=scores_by(_nottingham),
    recipe=Recipe(limit=300, genre="folk dance"),
)
