"""What sets of whole songs have in common: where their files are, and how they are loaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from workbench.datasets.dataset import Dataset
from workbench.datasets.entry import Entry
from workbench.datasets.folder import files_under
from workbench.datasets.songs import Rule, load_songs
from workbench.files import MIDI_SUFFIXES

BY_SONG = "by song: 80 % train, 10 % validation, 10 % test, by a hash of "


def by_hand(name: str) -> str:
    """How to get a set that is not published as MIDI files."""
    return (
        "no public archive of MIDI files exists; convert the scores and put the folder into the "
        f"cache folder (WORKBENCH_CACHE) under the name {name}"
    )


def songs_in(top: Path) -> Path | None:
    """The folder with MIDI files: `top`, or a folder with its name inside it, as in some
    archives; None if there is neither."""
    for folder in (top / top.name, top):
        if folder.is_dir() and files_under(folder, MIDI_SUFFIXES):
            return folder
    return None


def scores_by(rule: Callable[[Path], Rule]) -> Callable[[Entry, str | None, int | None], Dataset]:
    """The `scores` of an entry of songs. rule: makes the rule from the set's folder."""

    def scores(entry: Entry, split: str | None, limit: int | None) -> Dataset:
        folder = entry.find()
        return load_songs(folder, split, limit, rule=rule(folder), entry=entry)

    return scores


def words_of(text: str) -> str:
    """Underscores replaced by spaces."""
    return re.sub(r"[_\s]+", " ", text).strip()
