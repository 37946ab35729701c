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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from workbench.errors import CheckpointError
from workbench.files import clear_dead, locked, open_regular, temporary, umask, written

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


@contextmanager
def opened(folder: Path) -> Iterator[dict[str, Path]]:
    """Paths of the files that are there, all of one save, which stay readable until the block ends
    even where a save replaces them meanwhile (on Windows, the files' own paths). Raises
    CheckpointError for a file that cannot be opened, and for a pipe or a folder in its place."""
    for _ in range(TRIES):
        with ExitStack() as stack:
            files = {name: _open(folder, name, stack) for name in NAMES}
            # files that still stand after the last was opened stood together when it was; as they
            # are open, no new file can have got the number of one of them
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
    raise CheckpointError(f"{folder}: is being saved again and again; try later")


def _places(folder: Path, name: str) -> tuple[Path, Path]:
    """Where a file is to be looked for, in this order: as a save moves it from the one place to the
    other, it is always found."""
    return folder / SAVED / name, folder / name


def _open(folder: Path, name: str, stack: ExitStack) -> BinaryIO | None:
    for path in _places(folder, name):
        try:
            return stack.enter_context(open_regular(path))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CheckpointError(
                f"{folder / name}: cannot be opened ({error.strerror}); fetch it again"
            ) from None
    return None


def _stands(folder: Path, name: str, file: BinaryIO | None) -> bool:
    for path in _places(folder, name):
        with suppress(OSError):
            there = path.stat()
            return file is not None and os.path.samestat(there, os.fstat(file.fileno()))
    return file is None
