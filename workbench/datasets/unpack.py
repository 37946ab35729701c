"""Unpacking a zip from outside: only plain files, only inside the folder, only of sane size.

Everything is unpacked into a new folder beside the target, which is renamed when all is there.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from workbench.errors import BrokenFileError, WorkbenchError

MAX_FILES = 100_000
MAX_BYTES = 2 << 30  # unpacked, all files together
MAX_RATIO = 200  # unpacked to packed, of one file larger than FREE_BYTES
FREE_BYTES = 1 << 20


def unpack(
    archive: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    top: str = "",
    needs: str = "",
) -> Path:
    """Unpack a zip to the folder `target`, which is replaced when it is there.

    top: a folder in the archive whose content becomes the target's; "" for all. needs: a file
    without which it is not the archive that was meant.
    Raises BrokenFileError for a damaged archive and WorkbenchError for one that holds absolute
    paths, "..", links, or more than MAX_BYTES; then nothing is written.
    """
    archive, target = Path(archive), Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = _checked(archive, zipped, top, needs)
            free = shutil.disk_usage(target.parent).free
            if sum(info.file_size for info, _ in members) > free:
                raise WorkbenchError(f"{target}: not enough room to unpack {archive.name}")
            for info, path in members:
                _write(zipped, info, beside / path)
        beside.chmod(0o755)
        _swap(beside, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BrokenFileError(
            f"{archive}: is no sound zip file ({error}); fetch it again"
        ) from error
    except OSError as error:
        raise WorkbenchError(
            f"{target}: cannot unpack {archive.name} ({error.strerror or error}); check room and "
            "rights of the folder"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _checked(
    archive: Path, zipped: zipfile.ZipFile, top: str, needs: str
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files to write and where; refuses the archive for a single bad member."""
    infos = zipped.infolist()
    if len(infos) > MAX_FILES or sum(info.file_size for info in infos) > MAX_BYTES:
        raise WorkbenchError(
            f"{archive}: would unpack to more than {MAX_FILES:,} files or {MAX_BYTES >> 30} GB; "
            "refused"
        )
    members = []
    for info in infos:
        name = info.filename.replace("\\", "/")
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
            raise WorkbenchError(f"{archive}: {name!r} points outside the folder; refused")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise WorkbenchError(f"{archive}: {name!r} is a link or no plain file; refused")
        ratio = info.file_size / max(1, info.compress_size)
        if info.file_size > FREE_BYTES and ratio > MAX_RATIO:
            raise WorkbenchError(
                f"{archive}: {name!r} unpacks to {ratio:,.0f} times its size; refused"
            )
        if info.is_dir() or (top and path.parts[:1] != (top,)):
            continue
        members.append((info, path.relative_to(top) if top else path))
    if needs and PurePosixPath(needs) not in {path for _, path in members}:
        raise BrokenFileError(
            f"{archive}: holds no {needs}; this is not the archive that was meant"
        )
    if not members:
        raise BrokenFileError(f"{archive}: holds no files{f' in {top}/' if top else ''}")
    return members


def _write(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    """One file; never more bytes than its entry announced, since the entry can lie."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipped.open(info) as source, path.open("wb") as file:
        left = info.file_size
        while chunk := source.read(1 << 16):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile(f"{info.filename} is longer than announced")
            file.write(chunk)


def _swap(beside: Path, target: Path) -> None:
    """Put the new folder in the old one's place."""
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
        os.replace(target, old / "was")
        os.replace(beside, target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(beside, target)
