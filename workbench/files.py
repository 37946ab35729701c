"""The cache folder, atomic writing, and locks."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
import stat
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from workbench.arguments import path_of
from workbench.errors import WorkbenchError

MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi", ".smf")
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
# errors of json, including those for deep nesting and for numbers with too many digits
UNREADABLE = (ValueError, RecursionError)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
POLL = 0.2  # seconds between two checks of a lock


def cache_dir() -> Path:
    """Folder for data sets and downloads: `WORKBENCH_CACHE`, or the user's cache folder."""
    named = os.environ.get("WORKBENCH_CACHE")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("music-workbench", appauthor=False)


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading bytes. Raises OSError unless it is a regular file: a pipe would
    block, and a device such as /dev/zero never ends."""
    return os.fdopen(_regular(path)[0], "rb")


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """The first `most` bytes of a regular file; OSError for anything else. It creates no file
    object, which would take longer than reading a short file."""
    handle, size = _regular(path)
    try:
        part = os.read(handle, min(most, size + 1))
        if len(part) == min(most, size):  # the whole file
            return part
        parts = [part]
        while part and (part := os.read(handle, most - sum(map(len, parts)))):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(handle)


def _regular(path: str | os.PathLike[str]) -> tuple[int, int]:
    """The file descriptor of a regular file, open for reading, and the file's size."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    status = os.fstat(handle)
    if stat.S_ISREG(status.st_mode):
        return handle, status.st_size
    os.close(handle)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it over `path` when the block succeeds.

    If `path` is a symbolic link, its target is replaced and the link stays.

    After a crash, a full disk or an interrupt, `path` is unchanged and there is no temporary file.
    Temporary files of a killed process are removed by the next one that writes into the folder. The
    temporary name keeps the suffix, because audio writers choose the format by it. Raises
    WorkbenchError if the disk is full, the folder cannot be written to, or `path` is a folder, a
    pipe or a device.
    """
    target = Path(path_of(path))
    with written(target):
        _check_replaceable(target)
        if target.is_symlink():
            target = Path(os.path.realpath(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        clear_dead(target.parent)
        handle, name = tempfile.mkstemp(
            prefix=temporary(target.stem), suffix=target.suffix, dir=target.parent
        )
        os.close(handle)
    beside = Path(name)
    try:
        with _full_told(target):
            yield beside
        with written(target):
            beside.chmod(0o666 & ~umask())
            os.replace(beside, target)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _check_replaceable(target: Path) -> None:
    """Raise an error if the path exists and is not a regular file. A pipe or a device would be
    replaced by a file, and its readers would wait forever."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(mode):
        raise WorkbenchError(f"{target}: is a pipe or a device, not a file; choose another name")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file as `atomic_write` does, in UTF-8."""
    with atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8")


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`, which it replaces when the block succeeds. Raises
    WorkbenchError if the disk is full or the folder cannot be written."""
    with _full_told(folder), written(folder):
        parent = folder.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
        clear_dead(parent)
        beside = Path(tempfile.mkdtemp(prefix=temporary(folder.absolute().name), dir=parent))
        new, old = beside / "new", beside / "old"
        try:
            new.mkdir()
            yield new
            new.chmod(0o777 & ~umask())
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _full_told(target: Path) -> Iterator[None]:
    """Within this context, a full disk or an exceeded file size is an error of one line."""
    try:
        yield
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else _number_in(error)
        if number not in FULL:
            raise
        raise _cannot(target, number) from error


@contextmanager
def written(target: Path) -> Iterator[None]:
    """The error of one line that says why `target` cannot be written."""
    try:
        yield
    except OSError as error:
        raise _cannot(target, error.errno) from error


def _cannot(target: Path, number: int | None) -> WorkbenchError:
    if number in (errno.ENOSPC, errno.EDQUOT):
        return WorkbenchError(f"{target}: the disk is full; make room and run it again")
    if number == errno.EFBIG:
        return WorkbenchError(
            f"{target}: larger than files may be here (see ulimit -f); raise that and run it again"
        )
    told = os.strerror(number) if number else "no reason given"
    return WorkbenchError(f"{target}: cannot be written ({told}); choose another folder")


def _number_in(error: Exception) -> int | None:
    """The errno in the message of an error of safetensors, which is written in Rust."""
    found = re.search(r"os error (\d+)", str(error)) or re.search(r"code: (\d+)", str(error))
    return int(found.group(1)) if found else None


# --- temporary names --------------------------------------------------------------------------


def temporary(stem: str) -> str:
    """The prefix of a temporary name, which contains its machine and process."""
    return f".{stem[:100]}~{_host()}-{os.getpid()}-"


def clear_dead(folder: Path) -> None:
    """Remove the temporary files and folders that killed processes of this machine left here."""
    if folder not in _cleared:
        _cleared.add(folder)
        with suppress(OSError):
            for entry in list(os.scandir(folder)):
                found = _TEMPORARY.match(entry.name)
                if found and found[1] == _host() and not _alive(int(found[2])):
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path, ignore_errors=True)
                    else:
                        os.unlink(entry.path)


_TEMPORARY = re.compile(r"\..*~([0-9a-f]{8})-(\d{1,9})-")
_cleared: set[Path] = set()  # folders that this process has already cleared


@cache
def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _alive(process: int) -> bool:
    import psutil  # rarely needed; on Windows, os.kill(process, 0) would be Ctrl-C instead

    return psutil.pid_exists(process)


# --- locks ------------------------------------------------------------------------------------


@contextmanager
def locked(
    path: str | os.PathLike[str],
    what: str,
    *,
    wait: bool = False,
    tell: Callable[[str], None] = print,
) -> Iterator[None]:
    """Hold a lock while the block runs; the operating system frees it when its holder dies.

    Args:
        path: The lock's file, which exists only while a process holds it.
        what: What is locked, for the message, such as "runs/drums: a training".
        wait: Whether to wait for the holder, after one line that names it, or to raise an error.
        tell: Function that prints this line.

    Raises:
        WorkbenchError: if another process holds it; the message has its machine, number and start.
    """
    path = Path(path)
    handle, told = -1, False
    while handle < 0:
        handle = _try_lock(path)
        if handle >= 0 or handle == UNSUPPORTED:
            break
        holder = _holder(path)
        if not wait:
            raise WorkbenchError(f"{what} is under way ({holder}); wait for it or end it first")
        if not told:
            tell(f"{what} is under way ({holder}); waiting for it")
            told = True
        time.sleep(POLL)
    try:
        yield
    finally:
        if handle >= 0:
            with suppress(OSError):
                path.unlink()
            os.close(handle)


HELD, UNSUPPORTED = -1, -2


def _try_lock(path: Path) -> int:
    """The open file of the acquired lock; HELD if another process has it; UNSUPPORTED if the file
    system has no locks."""
    try:
        import fcntl
    except ImportError:  # on Windows
        return UNSUPPORTED
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(FileNotFoundError):
            if os.fstat(handle).st_ino == path.stat().st_ino:  # otherwise its holder removed it
                about = {
                    "host": socket.gethostname(),
                    "process": os.getpid(),
                    "since": time.strftime("%Y-%m-%d %H:%M:%S"),
                }
                with suppress(
                    OSError
                ):  # a full disk: the lock works, but without the holder's name
                    os.truncate(handle, 0)
                    os.write(handle, json.dumps(about).encode())
                return handle
    except OSError as error:
        os.close(handle)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return HELD
        return UNSUPPORTED  # a file system without locks
    os.close(handle)
    return _try_lock(path)


def _holder(path: Path) -> str:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        return f"process {about['process']} on {about['host']}, since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "by another process"


def umask() -> int:
    """The umask of this process, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load_json(path: str | os.PathLike[str]) -> Any:
    """The content of a JSON file. Raises OSError or one of UNREADABLE, also for lone surrogates,
    which could not be printed or written."""
    with open_regular(path) as file:
        text = file.read().decode("utf-8-sig")
    content = json.loads(text)
    if "\\u" in text:
        json.dumps(content, ensure_ascii=False).encode()
    return content
