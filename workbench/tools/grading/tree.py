"""Read folders, files and names of submissions safely, whatever they contain."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DEEPEST = 12  # folders below the student's own
MOST_FILES = 2000  # without notebooks and zip files, which are always found
MOST_SEEN = 100_000  # files and folders that are visited
SKIPPED = ("__MACOSX", ".ipynb_checkpoints")
JOINERS = "\u200c\u200d"  # of letters, in names and emoji


@dataclass(frozen=True)
class Found:
    """A regular file. name: its path below the folder; size: bytes."""

    name: str
    path: Path
    size: int
    changed: float


@dataclass
class Walk:
    """The regular files of a folder, sorted by name; notes: what was left out."""

    files: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def walk(folder: Path) -> Walk:
    """The files of a folder and its subfolders. Leaves out links, hidden files, everything that is
    not a regular file, and what is too deep or too much. Never raises."""
    found = Walk()
    left = [MOST_SEEN]
    _look(Path(folder), "", 0, found, left)
    others = [one for one in found.files if one.path.suffix.lower() not in (".ipynb", ".zip")]
    if left[0] < 0 or len(others) > MOST_FILES:
        dropped = set(sorted(others, key=lambda one: one.name)[MOST_FILES:])
        found.files = [one for one in found.files if one not in dropped]
        found.notes.append(f"more than {MOST_FILES} files: the rest is not used")
    found.files.sort(key=lambda one: one.name)
    found.notes = list(dict.fromkeys(found.notes))
    return found


def _look(folder: Path, below: str, depth: int, found: Walk, left: list[int]) -> None:
    if depth > DEEPEST:
        found.notes.append(f"folders more than {DEEPEST} deep are not used")
        return
    deeper: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                left[0] -= 1
                if left[0] < 0:
                    break
                if entry.name.startswith(".") or entry.name in SKIPPED:
                    continue
                try:
                    about = entry.stat(follow_symlinks=False)
                except OSError as error:
                    found.notes.append(f"{shown(entry.name)}: {error.strerror}")
                    continue
                if stat.S_ISDIR(about.st_mode):
                    deeper.append(entry.name)
                elif stat.S_ISREG(about.st_mode):
                    found.files.append(
                        Found(
                            below + entry.name, folder / entry.name, about.st_size, about.st_mtime
                        )
                    )
    except OSError as error:
        found.notes.append(f"{shown(folder.name)[:60]}: {error.strerror}")
    for name in sorted(deeper):
        if left[0] >= 0:
            _look(folder / name, f"{below}{name}/", depth + 1, found, left)


def read(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes, without following a link and without
    blocking. Raises OSError, or ValueError for a larger file."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError("it is not a regular file")
        if about.st_size > most:
            raise ValueError(f"larger than {most >> 20} MB")
        return file.read(most)


def contents(folder: Path, most: int) -> Iterator[tuple[str, bytes | None]]:
    """Names and contents of a folder's files, the smallest first, at most `most` bytes together;
    None for the content of files that are left out."""
    for one in sorted(walk(folder).files, key=lambda one: (one.size, one.name)):
        try:
            data = read(one.path, most)
        except (OSError, ValueError):
            yield one.name, None
            continue
        most -= len(data)
        yield one.name, data


def named(name: str) -> str:
    """A file's name as text, decoded as UTF-8, or else as code page 1252 of Windows."""
    try:
        text = os.fsencode(name).decode("utf-8")
    except UnicodeError:
        text = os.fsencode(name).decode("cp1252", "replace")
    return shown(unicodedata.normalize("NFC", text))


def shown(text: str) -> str:
    """Text on one line. Characters that move a cursor, change the writing direction, or cannot be
    encoded as UTF-8 become escapes."""
    text = re.sub(r"[\r\n\t\v\f]+", " ", text)
    return "".join(
        c if c.isprintable() or c in JOINERS else c.encode("unicode_escape").decode() for c in text
    )
