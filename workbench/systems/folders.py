"""A checkpoint's folder: several files that change together.

A save writes its files into a temporary folder within the checkpoint's and renames it to `.saved`;
from this moment on the new files are valid. They then replace the old ones, and `.saved` is
removed. A reader takes each file from `.saved` if it is still there. A process that is killed at
any moment therefore leaves either the old or the new checkpoint, and the user's other files
unchanged.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from workbench.errors import CheckpointError
from workbench.files import clear_dead, locked, open_regular, temporary, umask, written

SAVED = ".saved"
# the first two are required
NAMES = (
    *("config.json", "model.safetensors", "README.md", "training.json"),
    *("critic.safetensors", "words.safetensors", "plans.safetensors"),
)
TRIES = 1000  # attempts of a reader whose files are being replaced


@contextmanager
def saving(folder: Path) -> Iterator[Path]:
    """Yield an empty folder; its files become part of `folder` when the block succeeds.

    If two processes save at once, the later one replaces all files of the other. Raises
    WorkbenchError for a folder that cannot be written.
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
    """Move the files of a finished save to their places."""
    saved = folder / SAVED
    if saved.is_dir():
        for name in sorted(os.listdir(saved)):
            os.replace(saved / name, folder / name)
        saved.rmdir()


@contextmanager
def opened(folder: Path) -> Iterator[dict[str, Path]]:
    """Yield the paths of the files that exist, all of one save. They stay readable until the block
    ends even if a save replaces them (on Windows these are the files' own paths). Raises
    CheckpointError for a file that cannot be opened, and for a pipe or a folder in its place."""
    for _ in range(TRIES):
        with ExitStack() as stack:
            files = {name: _open(folder, name, stack) for name in NAMES}
            # files that are still in place after the last one was opened belong to one save;
            # because they are open, no new file can have received the inode of one of them
            if all(_stands(folder, name, file) for name, file in files.items()):
                there = [(name, file) for name, file in files.items() if file is not None]
                if os.path.isdir("/dev/fd"):
                    yield {name: Path(f"/dev/fd/{file.fileno()}") for name, file in there}
                else:
                    yield {
                        name: next(filter(Path.exists, _places(folder, name))) for name, _ in there
                    }
                return
        time.sleep(0.001)
    raise CheckpointError(f"{folder}: is being saved repeatedly; try again later")


def _places(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the places of a file in the order of search. A save moves it from the first to the
    second, so it is always found."""
    return folder / SAVED / name, folder / name


def _open(folder: Path, name: str, stack: ExitStack) -> BinaryIO | None:
    for path in _places(folder, name):
        try:
            return stack.enter_context(open_regular(path))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CheckpointError(
                f"{folder / name}: cannot be opened ({error.strerror}); download it again"
            ) from None
    return None


def _stands(folder: Path, name: str, file: BinaryIO | None) -> bool:
    """Return whether `file` is still the file that a reader would open now."""
    for path in _places(folder, name):
        with suppress(OSError):
            there = path.stat()
            return file is not None and os.path.samestat(there, os.fstat(file.fileno()))
    return file is None
