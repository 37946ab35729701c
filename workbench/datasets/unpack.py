"""Unpacking an untrusted zip or .tar.gz archive: only regular files, only inside the target folder,
and only up to a maximum size.

Everything is unpacked to a new folder beside the target, which is renamed when it is complete.
"""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO

from workbench.errors import BrokenFileError, WorkbenchError
from workbench.files import clear_dead, temporary

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
    max_files: int = 0,
    max_bytes: int = 0,
) -> Path:
    """Unpack a zip or .tar.gz archive to a folder. An existing folder is replaced.

    Args:
        archive: The archive.
        target: The folder.
        top: A folder in the archive whose content becomes the target's; "*" stands for any name, ""
            for the whole archive.
        needs: A file, or a pattern such as "*.mid", that the archive must contain.
        max_files: Largest number of files; 0 for MAX_FILES.
        max_bytes: Largest unpacked size; 0 for MAX_BYTES.

    Returns:
        The folder.

    Raises:
        BrokenFileError: If the archive is damaged, or is not the expected one.
        WorkbenchError: If it contains absolute paths, "..", links, or more than the limits. Nothing
            is written then.
    """
    archive, target = Path(archive), Path(target)
    plan = _Plan(archive, top, needs, max_files or MAX_FILES, max_bytes or MAX_BYTES)
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_dead(target.parent)
    beside = Path(tempfile.mkdtemp(prefix=temporary(target.name), dir=target.parent))
    try:
        with archive.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        _untar(plan, beside) if packed else _unzip(plan, beside)
        beside.chmod(0o755)
        _swap(beside, target)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        gzip.BadGzipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        UnicodeDecodeError,
    ) as error:
        raise BrokenFileError(
            f"{archive}: is not a valid {'tar.gz' if packed else 'zip'} file ({error}); "
            "fetch it again"
        ) from error
    except OSError as error:
        raise WorkbenchError(
            f"{target}: cannot unpack {archive.name} ({error.strerror or error}); check room and "
            "rights of the folder"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


@dataclass(frozen=True)
class _Plan:
    """Which files of an archive are unpacked, and where."""

    archive: Path
    top: str
    needs: str
    max_files: int
    max_bytes: int

    def check_size(self, files: int, size: int) -> None:
        if files > self.max_files or size > self.max_bytes:
            raise WorkbenchError(
                f"{self.archive}: would unpack to more than {self.max_files:,} files or "
                f"{self.max_bytes >> 30} GB; refused"
            )

    def place(self, name: str) -> PurePosixPath | None:
        """Path of a member within the target, None if it is not needed; refuses a path outside."""
        path = PurePosixPath(name)
        drive = ":" in name[:2] or (":" in name and os.name == "nt")
        if path.is_absolute() or ".." in path.parts or drive or "\0" in name:
            raise WorkbenchError(f"{self.archive}: {name!r} points outside the folder; refused")
        tops = PurePosixPath(self.top).parts
        given = path.parts[: len(tops)]
        if len(path.parts) <= len(tops) or any(
            part not in ("*", found) for part, found in zip(tops, given, strict=True)
        ):
            return None
        return PurePosixPath(*path.parts[len(tops) :])

    def check_found(self, paths: Iterable[PurePosixPath]) -> None:
        """Refuse an archive that lacks the required file, or is empty."""
        paths = list(paths)
        fits = (
            any(path.match(self.needs) for path in paths)
            if "*" in self.needs
            else PurePosixPath(self.needs) in paths
        )
        if self.needs and not fits:
            raise BrokenFileError(
                f"{self.archive}: holds no {self.needs}; this is not the archive that was meant"
            )
        if not paths:
            where = f" in {self.top}/" if self.top else ""
            raise BrokenFileError(f"{self.archive}: holds no files{where}")


def _untar(plan: _Plan, beside: Path) -> None:
    """One pass over the stream. Each member is checked, also by Python's data filter, before it is
    written. The stream is read to its end, which contains gzip's length and checksum: without a
    published SHA-256, only these show that an archive is complete."""
    written, files, size = [], 0, 0
    try:
        with gzip.open(plan.archive) as stream, tarfile.open(fileobj=stream, mode="r|") as packed:
            for member in packed:
                files, size = files + 1, size + member.size
                plan.check_size(files, size)
                if member.isdir():
                    continue
                if not member.isreg():
                    raise WorkbenchError(
                        f"{plan.archive}: {member.name!r} is a link or special file; refused"
                    )
                path = plan.place(member.name.replace("\\", "/"))
                tarfile.data_filter(member, str(beside))
                source = packed.extractfile(member)
                if path is None or source is None:
                    continue
                with source:
                    _copy(source, member.size, beside / path)
                written.append(path)
            while stream.read(1 << 20):
                size += 1 << 20
                plan.check_size(files, size)
    except tarfile.FilterError as error:
        raise WorkbenchError(f"{plan.archive}: {error}; refused") from error
    plan.check_found(written)


def _unzip(plan: _Plan, beside: Path) -> None:
    with zipfile.ZipFile(plan.archive) as zipped:
        members = _checked(plan, zipped)
        if sum(info.file_size for info, _ in members) > shutil.disk_usage(beside).free:
            raise WorkbenchError(f"{beside.parent}: not enough room to unpack {plan.archive.name}")
        for info, path in members:
            try:
                with zipped.open(info) as source:
                    _copy(source, info.file_size, beside / path)
            except (RuntimeError, NotImplementedError, LZMAError) as error:
                # a password, or a compression that Python lacks; the message is zipfile's
                encrypted = "password" in str(error) or "encrypt" in str(error)
                why = "is encrypted" if encrypted else f"cannot be unpacked ({error})"
                raise BrokenFileError(
                    f"{plan.archive}: {info.filename!r} {why}; unpack it with another program, "
                    "and give the folder, or pack it again as a plain zip file"
                ) from error


def _checked(plan: _Plan, zipped: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files to write, and where; refuses an archive with a single bad member."""
    archive, infos = plan.archive, zipped.infolist()
    plan.check_size(len(infos), sum(info.file_size for info in infos))
    members = []
    for info in infos:
        path = plan.place(info.filename.replace("\\", "/"))
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise WorkbenchError(f"{archive}: {info.filename!r} is a link or special file; refused")
        ratio = info.file_size / max(1, info.compress_size)
        if info.file_size > FREE_BYTES and ratio > MAX_RATIO:
            raise WorkbenchError(
                f"{archive}: {info.filename!r} unpacks to {ratio:,.0f} times its size; refused"
            )
        if path is not None and not info.is_dir():
            members.append((info, path))
    plan.check_found(path for _, path in members)
    return members


def _copy(source: IO[bytes], size: int, path: Path) -> None:
    """Write one file, with exactly as many bytes as its entry announces, because the entry can
    lie."""
    path.parent.mkdir(parents=True, exist_ok=True)
    left = size
    with path.open("wb") as file:
        while chunk := source.read(1 << 16):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile(f"{path.name} is longer than announced")
            file.write(chunk)
    if left:
        raise EOFError(f"{path.name} is shorter than announced")


def _swap(beside: Path, target: Path) -> None:
    """Replace the old folder by the new one."""
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=temporary(target.name), dir=target.parent))
        os.replace(target, old / "was")
        os.replace(beside, target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(beside, target)
