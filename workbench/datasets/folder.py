"""A folder of MIDI files as a data set of drum clips, with captions from folder and file names.

The split depends on the sub-folder of a file (its whole relative path), so that takes of one
session stay together; files directly in the folder are split one by one. It is a hash of that name
(80 % train, 10 % validation, 10 % test), so it is the same on every machine and does not change
when files are added. Files in folders named train (or training), validation (or valid, val, dev)
and test (or testing), in any case, have that split. Files of the Groove MIDI Dataset, recognised by
their folders (drummer1/session3), keep their split. In a small folder a split may be empty;
loading it then raises MissingDataError.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.arguments import path_of
from workbench.datasets.captions import caption_from_path, caption_of, facts_of, style_from_words
from workbench.datasets.dataset import Dataset, evenly_spaced
from workbench.datasets.keywords import parse_tempo, tokens
from workbench.datasets.sessions import split_in_copy
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import MIDI_SUFFIXES
from workbench.music.clip import Clip
from workbench.music.kit import read_lookup
from workbench.music.notes import note_list

_NAMED = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


def split_of_path(relative: Path, top: Path = Path()) -> str:
    """Return the split of a file by its path within the folder `top`, by the rule above."""
    name = relative.parent.as_posix() if relative.parent.parts else relative.name
    return named_split(relative, top) or split_of_name(name)


def named_split(relative: Path, top: Path = Path()) -> str | None:
    """The split of a file of Groove, or that of a folder name in the path (see `split_of_word`);
    None if there is neither. top: resolved, so that links to Groove are recognised."""
    words = filter(None, map(split_of_word, relative.parts[:-1]))
    return split_in_copy(top / relative) or next(words, None)


def split_of_word(word: str) -> str | None:
    """ "train", "validation" or "test" for a synonym such as "Dev"; None for another word."""
    return _NAMED.get(word.strip().lower())


def split_of_name(name: str) -> str:
    """Return a split by a hash of the name: 80 % train, 10 % validation, 10 % test."""
    code = name.encode(errors="surrogateescape")  # archives can contain names that are not UTF-8
    percent = int(hashlib.sha256(code).hexdigest()[:8], 16) % 100
    return "train" if percent < 80 else "validation" if percent < 90 else "test"


def files_under(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files with one of these suffixes under a folder, sorted, without hidden files and
    folders and without linked folders."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(root) / name
            for name in files
            if Path(name).suffix.lower() in suffixes and not name.startswith(".")
        ]
    return sorted(found)


def load_folder(folder: Path, split: str | None = None, limit: int | None = None) -> Dataset:
    """Load the drum parts of all MIDI files under a folder.

    Args:
        folder: The folder.
        split: "train", "validation" or "test"; None for all.
        limit: Largest number of clips; None for all.

    Returns:
        The data set. Broken files and files without drum notes are listed in `skipped`.

    Raises:
        MissingDataError: If there is no MIDI file, none with drums, or none in the split.
    """
    folder = Path(path_of(folder, "folder", "the path of a folder"))
    files, top = files_under(folder, MIDI_SUFFIXES), folder.resolve()
    if not files:
        known = " ".join(MIDI_SUFFIXES)
        raise MissingDataError(f"{folder}: holds no MIDI files ({known}); name another folder")
    splits = {file: split_of_path(file.relative_to(folder), top) for file in files}
    chosen = [file for file in files if split in (None, splits[file])]
    if not chosen:
        raise MissingDataError(
            f"{folder}: none of its {len(files)} files falls into the split {split!r}; "
            "make folders named train, validation and test, or use split=None"
        )
    clips, skipped = [], []
    for file in evenly_spaced(chosen, limit):
        try:
            clips.append(_clip(folder, file, splits[file]))
        except WorkbenchError as error:
            skipped.append((file.relative_to(folder).as_posix(), str(error)))
    if not clips:
        first = skipped[0][1]
        raise MissingDataError(
            f"{folder}: no drum part in any of {len(skipped)} MIDI files (the first: {first}); "
            "name a folder with drums on MIDI channel 10"
        )
    return Dataset(
        clips,
        name=folder.name,
        licence="the folder's own",
        skipped=skipped,
        info={"folder": str(folder), "split": split, "split_rule": "by sub-folder, hashed"},
    )


def _clip(folder: Path, file: Path, split: str) -> Clip:
    """Return the drum part of one file, with caption and labels from its path."""
    import symusic

    clip = Clip.read_midi(file)
    notes = clip.notes
    drums = notes[notes["is_drum"] & (read_lookup()[notes["pitch"] & 127] >= 0)]
    if len(drums) == 0:
        raise BrokenFileError(f"{file}: has no drum notes; drums are read from MIDI channel 10")
    relative = file.relative_to(folder)
    words = caption_from_path(relative)
    spelled = tokens(words)
    labels = {
        "style": style_from_words(words),
        "words": words,
        "kind": "fill" if {"fill", "fills"} & set(spelled) else "beat",
        "performance": relative.as_posix(),
        "file": relative.as_posix(),
        "session": relative.parent.as_posix(),
        "split": split,
    }
    tempo = clip.tempo
    if tempo == 120.0 and clip.steady and (named := parse_tempo(words)):
        tempo = named  # most loop packs keep MIDI's default tempo and name theirs in the path
    score = clip.score.copy()  # with its tempo and metre changes
    track: Any = symusic.Track("", 0, True, ttype="tick")
    track.notes = note_list(drums, score.tpq)
    score.tracks = [track]
    part = Clip(score, tempo=tempo, meter=clip.meter, source=str(file), labels=labels)
    part.caption = caption_of(facts_of(part))
    return part
