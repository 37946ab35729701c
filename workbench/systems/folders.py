"""A checkpoint's folder: several files that change together.

A save writes its files into a folder of their own, within the checkpoint's, and renames that to
`.saved`: from this moment on they count. Then they take the places of the old ones, and `.saved`
goes. Whoever reads the folder takes each file from `.saved` where it is still there; so a kill at
any moment leaves the checkpoint of before or the new one, and the user's other files where they
are.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workbench.errors import CheckpointError
from workbench.files import clear_dead, locked, temporary, umask, written

SAVED = ".saved"
NAMES = ("config.json", "model.safetensors", "README.md", "training.json")  # two must be there
TRIES = 1000  # of a reader whose files were replaced meanwhile


@contextmanager
def saving(folder: Path) -> Iterator[Path]:
    """Yield an empty folder; what is in it when the block succeeds becomes part of `folder`.

    Of two saves at once the later one counts, whole. Raises WorkbenchError for a folder that cannot
    be written.
    """
    new = not folder.exists()  # then the whole folder is renamed
    place = folder.absolute().parent if new else folder
    beside = None
    with written(folder):
        try:
            place.mkdir(parents=True, exist_ok=True)
            clear_dead(place)
            prefix = temporary(folder.absolute().name)
            beside = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
            yield beside
            beside.chmod(0o777 & ~umask())
            if new:
                with suppress(OSError):  # another process has made it meanwhile
                    os.rename(beside, folder)
                    return
            with locked(folder / "saving.lock", f"{folder}: another save", wait=True):
                _settle(folder)
                os.rename(beside, folder / SAVED)
                _settle(folder)
        finally:
            if beside is not None:
                shutil.rmtree(beside, ignore_errors=True)


def _settle(folder: Path) -> None:
    """Put the files of a save that counts in their places."""
    saved = folder / SAVED
    if saved.is_dir():
        for name in sorted(os.listdir(saved)):
            os.replace(saved / name, folder / name)
        saved.rmdir()


def files_of(folder: Path) -> dict[str, Path]:
    """Where each file of a checkpoint is to be read at this moment."""
    saved = folder / SAVED
    there = set()
    with suppress(OSError):
        there = set(os.listdir(saved))
    return {name: (saved if name in there else folder) / name for name in NAMES}


@contextmanager
def opened(folder: Path) -> Iterator[dict[str, Path]]:
    """Paths of the files that are there, all of one save, which stay readable until the block ends
    even where a save replaces them meanwhile (on Windows, the files' own paths)."""
    for attempt in range(TRIES):
        before, handles = _state(folder), {}
        try:
            for name, path in files_of(folder).items():
                with suppress(FileNotFoundError):
                    handles[name] = os.open(path, os.O_RDONLY)
            # a file that is on its way from one place to the other is missed for a moment
            sure = None not in before[: len(NAMES) // 2] or attempt > 9
            if sure and _state(folder) == before:
                kept = os.path.isdir("/dev/fd")
                yield {
                    name: Path(f"/dev/fd/{handle}") if kept else files_of(folder)[name]
                    for name, handle in handles.items()
                }
                return
        finally:
            for handle in handles.values():
                os.close(handle)
        time.sleep(0.001)
    raise CheckpointError(f"{folder}: is being saved again and again; try later")


def _state(folder: Path) -> list[tuple[int, int, int] | None]:
    """Which file stands for each name: the same wherever a save has got to in moving them."""
    marks: list[tuple[int, int, int] | None] = []
    for path in files_of(folder).values():
        try:
            about = path.stat()
            marks.append((about.st_dev, about.st_ino, about.st_mtime_ns))
        except OSError:
            marks.append(None)
    return marks
