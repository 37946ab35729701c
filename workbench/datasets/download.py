"""Downloading an archive: resumable, verified, and never incomplete under its final name.

The download is written to `<file>.part`. After a lost connection, a kill or a full disk that part
remains, and the next attempt requests only the rest. The part is renamed to its final name only if
length and checksum are correct. If no checksum is published, only the length can be checked; then
the server's version of the file (ETag or date) is stored in `<file>.part.version`, so that a part
is never continued with a newer file. If several processes request one file, one downloads it and
the others wait. pooch is not used, because it does not resume downloads or check the disk space
first.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workbench.errors import MissingDataError, WorkbenchError
from workbench.files import locked

CHUNK = 1 << 16  # bytes
ATTEMPTS = 5
TIMEOUT = 30.0  # seconds without data
RESERVE = 16 << 20  # bytes of disk space that stay free
LARGEST = 64 << 30  # bytes; more than any data set of the catalogue


class _Cut(Exception):
    """The connection ended before the file was complete; another attempt may succeed."""


def fetch(
    url: str,
    target: str | os.PathLike[str],
    checksum: str = "",
    *,
    size: int = 0,
    attempts: int = ATTEMPTS,
    wait: Callable[[float], None] = time.sleep,
    progress: bool = True,
) -> Path:
    """Download a file, unless it exists with this checksum.

    Args:
        url: An http or https address.
        target: The file to write.
        checksum: SHA-256, or SHA-1 if only that is published; "" if none is, and then an existing
            complete file is accepted.
        size: Expected bytes, 0 if unknown; for the disk check and the progress bar if the server
            does not send it.
        attempts: Number of attempts.
        wait: Called with the seconds (1, 2, 4 … 16) before each new attempt.
        progress: Whether to show a progress bar.

    Returns:
        The file.

    Raises:
        MissingDataError: If the server cannot be reached or the connection is lost too often.
        WorkbenchError: For a wrong checksum (the file is removed), a full disk, or an address that
            is not http(s).
    """
    target = Path(target)
    if urlsplit(url).scheme not in ("http", "https"):
        raise WorkbenchError(f"{url}: not an http or https address; correct --url")
    checksum = checksum.lower()
    if checksum and not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", checksum):
        raise WorkbenchError(
            f"checksum: {checksum!r} is not 64 hexadecimal digits (40 of SHA-1); correct --sha256"
        )
    lock = target.with_name(f"{target.name}.lock")
    with locked(lock, f"{target.name}: another download of it", wait=True):
        return _fetch(url, target, checksum, size, attempts, wait, progress)


def _fetch(
    url: str,
    target: Path,
    checksum: str,
    size: int,
    attempts: int,
    wait: Callable[[float], None],
    progress: bool,
) -> Path:
    if target.is_file() and (not checksum or digest(target, checksum) == checksum):
        return target  # another process downloaded it while this one waited
    part = target.with_name(target.name + ".part")
    reason = ""
    for attempt in range(attempts):
        if attempt:
            wait(min(16.0, 2.0 ** (attempt - 1)))
        try:
            _attempt(url, part, size, progress, bool(checksum))
            break
        except _Cut as cut:
            reason = str(cut)
            if checksum and part.is_file() and digest(part, checksum) == checksum:
                break  # the file is complete; the announced length was wrong
    else:
        raise MissingDataError(
            f"{url}: {reason}, {attempts} times; run the command again later to continue at byte "
            f"{_length(part):,}"
        )
    found = digest(part, checksum) if checksum else ""
    if found != checksum:
        part.unlink(missing_ok=True)
        raise WorkbenchError(
            f"{target.name}: checksum is {found} but should be {checksum}; the download was "
            "removed; try again, and if it repeats the file at this address has changed"
        )
    os.replace(part, target)
    _version_file(part).unlink(missing_ok=True)
    return target


def _version_file(part: Path) -> Path:
    return part.with_name(part.name + ".version")


def _attempt(url: str, part: Path, expected: int, progress: bool, checked: bool) -> None:
    """Download the rest of `part`. Raises _Cut if the connection is lost.

    checked: whether a checksum will verify the pieces; otherwise they must be of one version.
    """
    headers = {"User-Agent": "music-workbench", "Accept-Encoding": "identity"}
    if not checked:
        headers |= _same_version(part)
    have = _length(part)
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=TIMEOUT
        )
    except urllib.error.HTTPError as error:
        _refused(url, part, have, error)
        return
    except (OSError, http.client.HTTPException) as error:
        cause = getattr(error, "reason", error)
        raise _Cut(f"cannot be reached ({cause})") from error
    with answer:
        start, total = _extent(answer, have)
        _check_disk(part.parent, (total or expected) - start)
        if not checked:
            _note_version(part, answer)
        if total > LARGEST:
            raise WorkbenchError(f"{url}: claims {total:,} bytes, more than any data set here")
        _receive(url, answer, part, start, total, expected, progress)


def _same_version(part: Path) -> dict[str, str]:
    """The header that requests the rest only from the version of `part`; if that version is
    unknown, the part is deleted."""
    note = _version_file(part)
    if part.is_file() and note.is_file():
        return {"If-Range": note.read_text(encoding="ascii")}
    part.unlink(missing_ok=True)
    return {}


def _note_version(part: Path, answer: Any) -> None:
    """Store the version of the download; a weak ETag does not identify one."""
    mark = answer.headers.get("ETag", "")
    if not mark or mark.startswith("W/"):
        mark = answer.headers.get("Last-Modified", "")
    if mark.isascii() and mark:
        _version_file(part).write_text(mark, encoding="ascii")
    else:
        _version_file(part).unlink(missing_ok=True)


def _refused(url: str, part: Path, have: int, error: urllib.error.HTTPError) -> None:
    """Classify an error status: already complete, temporary, or final."""
    if error.code == 416:  # no bytes after `have`: the part is complete, or longer than the file
        total = re.search(r"/(\d+)$", error.headers.get("Content-Range", ""))
        if total and int(total.group(1)) == have:
            return
        part.unlink(missing_ok=True)
        raise _Cut("the part here did not fit the file there; started again") from error
    if error.code in (408, 425, 429) or error.code >= 500:
        raise _Cut(f"the server answered {error.code} {error.reason}") from error
    raise MissingDataError(
        f"{url}: the server answered {error.code} {error.reason}; check the address or give --url"
    ) from error


def _extent(answer: Any, have: int) -> tuple[int, int]:
    """(first byte of the response, length of the whole file or 0 if unknown)."""
    length = answer.headers.get("Content-Length", "")
    length = int(length) if length.isdigit() else 0
    if answer.status == 206:
        match = re.match(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if match and int(match.group(1)) <= have:
            total = match.group(2)
            start = int(match.group(1))
            return start, int(total) if total != "*" else start + length
    return 0, length  # no ranges: the whole file is sent again


def _receive(
    url: str, answer: Any, part: Path, start: int, total: int, expected: int, progress: bool
) -> None:
    """Write the response from byte `start` of `part` on."""
    from tqdm import tqdm

    done = start
    bar = tqdm(
        total=total or expected or None,
        initial=start,
        unit="B",
        unit_scale=True,
        desc=Path(urlsplit(url).path).name,
        disable=not progress,
        leave=False,
    )
    try:
        if start < _length(part):
            os.truncate(part, start)
        with bar, part.open("ab") as file:
            while chunk := _read(answer):
                done += len(chunk)
                if done > (total or LARGEST):
                    raise _Cut(f"sent more than the {total or LARGEST:,} bytes it announced")
                file.write(chunk)
                bar.update(len(chunk))
    except OSError as error:
        raise _disk_error(part, error) from error
    except _Cut:
        if done > (total or LARGEST):
            part.unlink(missing_ok=True)  # the part cannot be trusted
        raise
    if total and done < total:
        raise _Cut(f"the connection ended at byte {done:,} of {total:,}")


def _read(answer: Any) -> bytes:
    """The next chunk, b"" at the end; a lost connection is a _Cut, not a disk's OSError."""
    try:
        return answer.read1(CHUNK)
    except http.client.IncompleteRead as error:
        raise _Cut("the connection ended before the file did") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(f"the connection broke off ({error or type(error).__name__})") from error


def _check_disk(folder: Path, more: int) -> None:
    free = shutil.disk_usage(folder).free
    if more + RESERVE > free:
        raise WorkbenchError(
            f"{folder}: {more / 1e6:,.0f} MB are to come and {free / 1e6:,.0f} MB are free; make "
            "room, or set WORKBENCH_CACHE to a folder on a larger disk"
        )


def _disk_error(path: Path, error: OSError) -> WorkbenchError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WorkbenchError(
            f"{path}: the disk is full; make room and run the command again, it goes on where it "
            "stopped"
        )
    return WorkbenchError(
        f"{path}: cannot be written ({error.strerror or error}); check the folder"
    )


def digest(path: str | os.PathLike[str], like: str = "") -> str:
    """SHA-256 of a file in hexadecimal digits; SHA-1 if `like` is one."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha1" if len(like) == 40 else "sha256").hexdigest()


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
