"""Encode a large collection of MIDI files in parallel into one memory-mapped file of tokens.

    collection = prepare("lakh", "lakh-tokens", workers=8)
    collection[17]  # the ids of one song, read from disk when they are used

The call may be stopped at any time; the same call continues. Unreadable files are left out and
listed with the reason. Of songs with identical tokens, the first by name is kept. The result does
not depend on the number of workers or on interruptions.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from workbench.datasets.folder import files_under
from workbench.datasets.shards import Shards, prepare_shards, write_joined
from workbench.errors import BrokenFileError, MissingDataError
from workbench.files import MIDI_SUFFIXES, UNREADABLE, atomic_write, load_json
from workbench.music.midi import read_score
from workbench.representations.remi import encode as remi

SHARD = 256  # files per shard
Encode = Callable[[Any], np.ndarray]


class Collection:
    """Songs as ids; `collection[i]` gives those of song i, (tokens,).

    `names` holds the songs' paths in the folder, `skipped` pairs (path, reason), and `duplicates`
    pairs (path, path of the song that is kept). Raises MissingDataError if the folder does not hold
    a prepared collection.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        try:
            about = load_json(self.folder / "collection.json")
            self.offsets = np.load(self.folder / "offsets.npy", mmap_mode="r")
            self.ids = np.load(self.folder / "ids.npy", mmap_mode="r")
            self.names: list[str] = about["names"]
            self.skipped = [(path, reason) for path, reason in about["skipped"]]
            self.duplicates = [(path, kept) for path, kept in about["duplicates"]]
        except (OSError, EOFError, KeyError, TypeError, *UNREADABLE) as error:
            raise MissingDataError(
                f"{folder}: holds no prepared collection ({error}); run prepare again"
            ) from None

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> np.ndarray:
        if not -len(self) <= number < len(self):
            raise IndexError(f"song {number} of {len(self)}")
        number %= len(self)
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def __repr__(self) -> str:
        return (
            f"<Collection {self.folder.name}: {len(self)} songs, {len(self.ids):,} tokens, "
            f"{len(self.skipped)} files left out, {len(self.duplicates)} duplicates>"
        )


def prepare(
    source: str | Path | Sequence[Path],
    out: str | Path,
    *,
    encode: Encode | None = None,
    workers: int | None = None,
    quiet: bool = False,
) -> Collection:
    """Encode all MIDI files in a folder, or in a list of files.

    Args:
        source: The folder or the files.
        out: Folder of the result.
        encode: A picklable function from a symusic score to ids; default: REMI ids.
        workers: Number of processes; default: one per core.
        quiet: Whether to hide the progress bar.

    Returns:
        The collection.

    Raises:
        MissingDataError: If there are no MIDI files, or none of them has notes.
    """
    files, base = _files(source)
    work = partial(_ids, encode=encode)
    recipe = getattr(encode, "__qualname__", repr(encode)) if encode else "remi"
    shards = Shards(files, base, Path(out), recipe, SHARD)
    prepare_shards(shards, work, workers=workers, quiet=quiet, title="encoding")
    return _join(shards)


def _files(source: str | Path | Sequence[Path]) -> tuple[list[Path], Path]:
    if isinstance(source, str | Path):
        base = Path(source)
        files = files_under(base, MIDI_SUFFIXES)
    else:
        files = sorted(Path(path) for path in source)
        base = Path(os.path.commonpath([file.parent for file in files])) if files else Path()
    if not files:
        raise MissingDataError(f"{source}: holds no MIDI files ({' '.join(MIDI_SUFFIXES)})")
    return files, base


def _ids(file: Path, encode: Encode | None = None) -> np.ndarray:
    """Read and encode one file, in a worker."""
    ids = np.asarray((encode or remi)(read_score(file)))
    if not len(ids):
        raise BrokenFileError("has no notes")
    return ids.astype(np.int32)


def _join(shards: Shards) -> Collection:
    """Join all shards in one file, without duplicates."""
    largest = max((int(ids.max()) for _, ids, _ in shards.rows() if len(ids)), default=-1)
    joined = write_joined(shards, "ids", np.uint16 if largest < 2**16 else np.int32)
    if not joined.names:
        raise MissingDataError(
            f"{shards.base}: none of its files has notes (the first: {joined.skipped[0]})"
        )
    with atomic_write(shards.out / "collection.json") as beside:
        about = {"names": joined.names, "skipped": joined.skipped, "duplicates": joined.duplicates}
        beside.write_text(json.dumps(about, indent=0) + "\n", encoding="utf-8")
    return Collection(shards.out)
