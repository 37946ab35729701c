"""Folders of whole songs: all tracks of all MIDI files, split by song, without duplicates.

The split is a hash of the song's name (80 % train, 10 % validation, 10 % test). The name is the
file's path without its suffix, unless a `Rule` defines it. Files in folders named train, validation
and test have that split. Files with the same notes count as one song: the first by path is kept and
the others are omitted, whatever their splits, so no duplicate is in two splits. To find duplicates,
all files are read for any split: 300 (orchestra) to 2,700 (melodies) files per second, once per
process while they do not change.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import path_of
from workbench.datasets.dataset import Dataset, evenly_spaced
from workbench.datasets.folder import files_under, named_split, split_of_name
from workbench.datasets.melodies import interval_runs, together, versions
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import MIDI_SUFFIXES
from workbench.music.clip import Clip
from workbench.music.midi import read_score

if TYPE_CHECKING:
    from workbench.datasets.entry import Entry

MAX_SECONDS = 3600.0  # longer files are whole concerts or broken, not songs
GRID = 24  # steps per beat at which notes are compared


@dataclass(frozen=True)
class Rule:
    """How a collection names its songs. Each function takes a file's path within the folder.

    Args:
        song: Returns the name that decides the split.
        labels: Returns further labels.
        wanted: Returns whether the file is part of the set.
        official: Returns the official split, None if there is none. Default: the one that folders
            name (`named_split`).
        melodies: Whether the first track is the melody, and songs with nearly the same melody are
            in one split; for sets with one file per song.
    """

    song: Callable[[Path], str] = lambda relative: relative.with_suffix("").as_posix()
    labels: Callable[[Path], Mapping[str, Any]] = lambda relative: {}
    wanted: Callable[[Path], bool] = lambda relative: True
    official: Callable[[Path], str | None] | None = None
    melodies: bool = False

    def split(self, relative: Path) -> str:
        return (self.official and self.official(relative)) or split_of_name(self.song(relative))


def load_songs(
    folder: Path,
    split: str | None = None,
    limit: int | None = None,
    *,
    rule: Rule | None = None,
    entry: Entry | None = None,
) -> Dataset:
    """Load all tracks of the MIDI files under `folder`, in the order of their paths.

    Args:
        folder: The folder.
        split: "train", "validation" or "test"; None for all.
        limit: Largest number of songs, at even distances; None for all.
        rule: How songs are named; None for their paths.
        entry: The set's name, licence and citation.

    Returns:
        The data set. Labels are song, split, file, and the rule's. Broken files, files without
        notes and files longer than MAX_SECONDS are named in `skipped` with the reason; duplicates
        are in `info["duplicates"]` as (omitted, kept), and groups of songs with nearly the same
        melody, if the rule asks for them, in `info["versions"]`.

    Raises:
        MissingDataError: If nothing is left.
    """
    folder = Path(path_of(folder, "folder", "the path of a folder"))
    rule = rule or Rule()
    if rule.official is None:
        rule = replace(rule, official=partial(named_split, top=folder.resolve()))
    files = [path.relative_to(folder) for path in files_under(folder, MIDI_SUFFIXES)]
    files = [file for file in files if rule.wanted(file)]
    if not files:
        known = " ".join(MIDI_SUFFIXES)
        raise MissingDataError(f"{folder}: holds no MIDI files ({known}); name another folder")
    fine, left_out, duplicates = survey(folder, tuple(files), _stamps(folder, files))
    skipped = list(left_out)
    groups = versions([_melody(folder / file) for file in fine]) if rule.melodies else []
    names = together([rule.split(file) for file in fine], groups)
    splits = dict(zip(fine, names, strict=True))
    chosen = [file for file in fine if split in (None, splits[file])]
    if not chosen:
        reason = f" (the first: {skipped[0][1]})" if skipped else ""
        where = f"falls into the split {split!r}; use split=None" if fine else f"is a song{reason}"
        raise MissingDataError(f"{folder}: none of its {len(files)} MIDI files {where}")
    clips = []
    for file in evenly_spaced(chosen, limit):
        try:
            clips.append(_clip(folder, file, splits[file], rule, entry))
        except WorkbenchError as error:
            skipped.append((file.as_posix(), str(error)))
    return Dataset(
        clips,
        name=entry.name if entry else folder.name,
        licence=entry.licence if entry else "the folder's own",
        citation=entry.citation if entry else "",
        skipped=skipped,
        info={
            "folder": str(folder),
            "split": split,
            "duplicates": list(duplicates),
            "split_rule": entry.splits if entry else "by song, hashed",
            "versions": [[fine[index].as_posix() for index in group] for group in groups],
        },
    )


def _stamps(folder: Path, files: list[Path]) -> int:
    """Return a value that changes when a file changes. A broken link counts as a file."""
    facts = [os.lstat(folder / file) for file in files]
    return hash(tuple((fact.st_size, fact.st_mtime_ns) for fact in facts))


@lru_cache(maxsize=8)
def survey(
    folder: Path, files: tuple[Path, ...], stamps: int = 0
) -> tuple[tuple[Path, ...], tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Read all files; return those to use, those skipped (path, reason), duplicates (dropped,
    kept).

    The result is cached for the same files with the same `stamps`.
    """
    from tqdm import tqdm

    kept: dict[bytes, Path] = {}
    skipped, duplicates = [], []
    for file in tqdm(files, "reading songs", disable=len(files) < 5000, leave=False):
        try:
            score = read_score(folder / file, notes_only=True)
            code = _checked(score, file)
        except WorkbenchError as error:
            skipped.append((file.as_posix(), str(error)))
            continue
        if code in kept:
            duplicates.append((file.as_posix(), kept[code].as_posix()))
        else:
            kept[code] = file
    return tuple(kept.values()), tuple(skipped), tuple(duplicates)


def _melody(path: Path) -> frozenset[int]:
    """The runs of intervals of the first track with notes."""
    notes = next(
        track.notes for track in read_score(path, notes_only=True).tracks if len(track.notes)
    ).numpy()
    return interval_runs(notes["time"], notes["pitch"])


def _checked(score: Any, file: Path) -> bytes:
    """The signature of a score that is a song; BrokenFileError gives the reason if it is not."""
    if not score.note_num():
        raise BrokenFileError(f"{file}: has no notes")
    seconds = score.to("second").end()
    if seconds > MAX_SECONDS:
        raise BrokenFileError(
            f"{file}: lasts {seconds / 60:.0f} minutes, more than {MAX_SECONDS / 60:.0f}; "
            "cut it into songs"
        )
    return signature(score)


def signature(score: Any) -> bytes:
    """A hash of pitches and onsets (in steps of 1/24 beat from the first note), and of which
    notes are drums. It depends on transposition, but not on tempo, velocity, note lengths,
    instruments and the order of tracks. Two songs with the same notes are the same song."""
    parts = []
    for track in score.tracks:
        notes = track.notes.numpy()
        step = np.rint(notes["time"].astype(np.int64) * GRID / score.tpq).astype(np.int64)
        parts.append((step << 8) + (notes["pitch"].astype(np.int64) << 1) + bool(track.is_drum))
    cells = np.unique(np.concatenate(parts))
    return hashlib.sha256((cells - (cells[0] >> 8 << 8)).tobytes()).digest()


def _clip(folder: Path, file: Path, split: str, rule: Rule, entry: Entry | None) -> Clip:
    labels = {"song": rule.song(file), "split": split, "file": file.as_posix(), **rule.labels(file)}
    clip = Clip.read_midi(folder / file, labels=labels)
    if entry:
        clip.source = f"{entry.name}/{file.with_suffix('').as_posix()}"
    title = labels.get("title") or file.stem.replace("_", " ")
    clip.caption = " ".join(str(part) for part in (title, labels.get("style")) if part)
    return clip
