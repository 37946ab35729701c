"""Loading scores: names from the catalogue and folders of MIDI files, joined by "+".

    load("groove", "train")                   # a set of the catalogue
    load("my loops")                          # a folder: the drum part of every file
    load("my songs", songs=True)              # a folder: whole songs
    load("groove+my loops", "train")          # both, without duplicates

Recordings are loaded by `workbench.datasets.sounds.collect`, which accepts names and folders alike.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.arguments import path_of, shown, whole
from workbench.datasets.audio import PREPARED
from workbench.datasets.catalogue import CATALOGUE
from workbench.datasets.dataset import Dataset, check_split, evenly_spaced
from workbench.datasets.folder import load_folder
from workbench.datasets.sets.groove import is_copy, load_groove
from workbench.datasets.songs import load_songs, signature
from workbench.errors import MissingDataError, PromptError
from workbench.files import AUDIO_SUFFIXES, MIDI_SUFFIXES
from workbench.music.midi import read_score

if TYPE_CHECKING:
    from workbench.music.clip import Clip

MUSIC = (*MIDI_SUFFIXES, *AUDIO_SUFFIXES)


def load(
    name_or_folder: str | os.PathLike[str],
    split: str | None = None,
    *,
    limit: int | None = None,
    songs: bool = False,
) -> Dataset:
    """Load data sets from the catalogue ("groove", "pop909" …) or folders of MIDI files.

    Args:
        name_or_folder: One name or folder, or several joined by "+". Each has its own rule for
            splits. A clip that is in several belongs to the first one, and to a set of the
            catalogue before any folder, so that a copy of a held-out piece is never trained on.
        split: "train", "validation" or "test"; None for all.
        limit: Largest number of clips, taken at even distances over the set, because the first ones
            may come from one drummer.
        songs: Whether to load whole songs with all tracks from a folder, instead of only the drum
            part.

    Returns:
        The data set.

    Raises:
        MissingDataError: If the data is not on this machine; the message says how to get it.
        PromptError: If the split is unknown or the data are recordings.
    """
    check_split(split)
    if limit is not None:
        limit = whole(limit, "limit", 1)
    names = names_of(name_or_folder)
    if len(names) == 1:
        return _load_one(names[0], split, limit, songs)
    parts = load_parts(names, split, songs=songs)
    clips = [clip for part in parts for clip in part]
    if not clips:
        raise MissingDataError(f"{'+'.join(names)}: split {split!r} is empty; use split=None")
    return Dataset(
        evenly_spaced(clips, limit),
        name="+".join(part.name for part in parts),
        licence="; ".join(dict.fromkeys(part.licence for part in parts)),
        citation="\n".join(dict.fromkeys(part.citation for part in parts if part.citation)),
        skipped=[(f"{part.name}/{path}", why) for part in parts for path, why in part.skipped],
        info={"split": split, "parts": {part.name: part.info for part in parts}},
    )


def names_of(dataset: str | os.PathLike[str]) -> list[str]:
    """Return the names in `dataset`, which are joined by "+", without duplicates.

    A folder with a "+" in its name counts as one. Nothing is read yet. Raises PromptError for an
    empty name, and MissingDataError for a name that is neither in the catalogue nor a folder with
    music. `find` checks whether a set of the catalogue is on this machine.
    """
    text = path_of(dataset, "dataset", "names of data sets or folders, joined by +")
    whole_name = text.strip() and os.path.isdir(os.path.expanduser(text))
    names = [text] if whole_name else [name.strip() for name in text.split("+")]
    for name in names:
        if not name:
            raise PromptError(f"dataset: {text!r} has an empty name; join names or folders by +")
        if name not in CATALOGUE:
            _folder(name)
    return list(dict.fromkeys(names))


def find(name: str) -> Path | None:
    """Return the folder of one data set, None if it is generated. Raises MissingDataError, which
    says how to get the set, if it is not on this machine."""
    name = path_of(name, "name", "a data set of the catalogue or a folder")
    if name not in CATALOGUE:
        return _folder(name)
    return None if CATALOGUE[name].built_in else CATALOGUE[name].find()


def _folder(name: str) -> Path:
    """Return a folder that contains a music file."""
    folder = Path(os.path.expanduser(name))
    if not os.path.isdir(folder):  # False for a name that is too long for a path
        known = ", ".join(CATALOGUE)
        raise MissingDataError(
            f"{shown(name, 300)} is neither a data set of the catalogue ({known}) nor a folder; "
            "check the name or the path"
        )
    for _, _, files in os.walk(folder):
        if any(Path(file).suffix.lower() in MUSIC or file == PREPARED for file in files):
            return folder
    raise MissingDataError(
        f"{name!r}: a folder without MIDI files ({' '.join(MIDI_SUFFIXES)}) and recordings "
        f"({' '.join(AUDIO_SUFFIXES)}); name another"
    )


def load_parts(
    names: Sequence[str], split: str | None = None, *, limit: int | None = None, songs: bool = False
) -> list[Dataset]:
    """Return the data sets of several names, in order. A clip that occurs in an earlier set, in any
    split, is omitted from later ones (sets of the catalogue come first). limit: largest number of
    clips per set."""
    for name in names:  # before anything is read
        if name in CATALOGUE:
            CATALOGUE[name].check_scores()
        find(name)
    own = [name for name in names if name not in CATALOGUE]
    if not own or len(names) == 1:
        return [_load_one(name, split, limit, songs) for name in names]
    parts: dict[str, Dataset] = {}
    seen: set[bytes] = set()
    for name in sorted(names, key=lambda name: name in own):
        if name in CATALOGUE and CATALOGUE[name].built_in:
            parts[name] = _load_one(name, split, limit, songs)
            continue
        part = parts[name] = _load_one(name, None, None, songs)
        codes = [_codes(clip, part) for clip in part]
        fresh = [name not in own or not each & seen for each in codes]
        seen.update(*codes)
        kept = [
            clip
            for clip, new in zip(part.clips, fresh, strict=True)
            if new and split in (None, clip.labels["split"])
        ]
        part.clips = evenly_spaced(kept, limit)
        part.info |= {"split": split, "repeats": fresh.count(False)}
    return [parts[name] for name in names]


def _load_one(name: str, split: str | None, limit: int | None, songs: bool) -> Dataset:
    if name in CATALOGUE:
        return CATALOGUE[name].load(split, limit)
    folder = find(name)
    assert folder is not None  # only sets of the catalogue are written on the spot
    if is_copy(folder):
        return load_groove(folder, split, limit)
    return (load_songs if songs else load_folder)(folder, split, limit)


def _codes(clip: Clip, part: Dataset) -> set[bytes]:
    """Return codes that are equal for clips with the same notes, in the clip or in its file,
    because a set may have moved the notes or kept only the drums. Empty for a clip without
    notes."""
    scores = [clip.score] if len(clip.notes) else []
    if scores and "file" in clip.labels:
        scores.append(read_score(Path(part.info["folder"]) / clip.labels["file"], notes_only=True))
    return {signature(score) for score in scores}
