"""Shutting a process in, before it runs anything of a student's.

On Linux with user namespaces (`enter`, then `seal`): a network without a way out, process numbers
of its own, and a file system in memory that holds Python, the installed packages and the data
folder, read-only, and nothing else of the machine: no home folder, no other submission, no
solution. All privileges are dropped and cannot be gained again.

Elsewhere (`watch`): Python's audit hook refuses sockets, other programs, and writing outside of the
work folder. That stops accidents and simple mischief; C code called through ctypes gets past it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

HOME = "/home/student"
SIZE = 64 * 2**20  # bytes of the file system in memory, and of any one file
PROCESSES = 64
SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/etc/ld.so.cache",
    "/etc/alternatives", "/etc/localtime", "/etc/fonts", "/sys/devices/system/cpu",
    *(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")),
)  # fmt: skip
NEW = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
# mounts, host name, IPC, users, process numbers, network
NOSUID, NODEV, NOEXEC, BIND, REC, PRIVATE = 2, 4, 8, 0x1000, 0x4000, 1 << 18
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, DETACH = 442, -100, 0x8000, 2
SET_PDEATHSIG, CAPBSET_DROP, SET_NO_NEW_PRIVS = 1, 24, 38


def limits(memory_mb: int) -> None:
    """Memory that can be written to, the size of a file, no core dumps."""
    for what, most in (("RLIMIT_DATA", memory_mb * 2**20), ("RLIMIT_FSIZE", SIZE),
                       ("RLIMIT_CORE", 0)):  # fmt: skip
        number = getattr(resource, what)
        _, hard = resource.getrlimit(number)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (most, most))


def copy(files: Path | None, work: Path) -> None:
    """Regular files of a folder, without following links."""
    for folder, _, names in os.walk(files) if files else ():
        for name in names:
            source = Path(folder, name)
            if stat.S_ISREG(source.lstat().st_mode):
                target = work / source.relative_to(files or "")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


# --- namespaces -----------------------------------------------------------------------------------


def enter(box: Path, readable: Iterable[str], files: Path | None) -> None:
    """Go on as process 1 of new namespaces, in a new root with the `readable` paths and a copy of
    `files` as home. box: an empty folder. Raises OSError where the system does not permit it.

    The calling process waits for that one and ends as it ends.
    """
    libc = _libc()
    uid, gid = os.geteuid(), os.getegid()
    _check(libc.unshare(NEW), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")
    child = os.fork()
    if child:
        os.close(0)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 255)
    _check(libc.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    _mount(libc, None, "/", None, REC | PRIVATE)
    _mount(libc, "tmpfs", str(box), "tmpfs", NOSUID | NODEV, f"size={SIZE},mode=755")
    bound: list[str] = []
    paths = {*SYSTEM, *readable}
    for path in sorted(paths | set(map(os.path.realpath, paths)), key=len):
        if os.path.exists(path) and not any(path.startswith(f"{known}/") for known in bound):
            _show(libc, path, box / path[1:])
            bound.append(path)
    home = box / HOME[1:]
    home.mkdir(parents=True)
    copy(files, home)
    for name in ("proc", "tmp", "etc", "dev/shm"):
        (box / name).mkdir(parents=True, exist_ok=True)
    (box / "etc/passwd").write_text(f"student:x:1000:1000::{HOME}:/bin/sh\n")
    # /proc cannot be had in some containers; what needs it then fails, and only that
    libc.mount(b"proc", str(box / "proc").encode(), b"proc", NOSUID | NODEV | NOEXEC, None)
    with suppress(OSError):  # Linux 6.14; a root user's processes are limited in no other way
        (box / "proc/sys/kernel/pid_max").write_text("400")
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    os.chdir(box)
    _check(libc.pivot_root(b".", b"."), "pivot_root")
    _check(libc.umount2(b".", DETACH), "umount2")
    os.chdir(HOME)


def seal(hidden: Iterable[str]) -> None:
    """Lay an empty folder over each of `hidden`, then give up all privileges for good."""
    libc = _libc()
    for path in hidden:
        if os.path.isdir(path):
            _mount(libc, "tmpfs", path, "tmpfs", NOSUID | NODEV, "size=4k,mode=555")
    _check(libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    number = 0
    while libc.prctl(CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1
    version = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(libc.capset(version, (ctypes.c_uint32 * 6)()), "capset")


def _show(libc: Any, path: str, target: Path) -> None:
    """Bind a path read-only at a target; make a link where it is one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.islink(path):
        target.symlink_to(os.readlink(path))
        return
    if os.path.isdir(path):
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    _mount(libc, path, str(target), None, BIND | REC)
    if not path.startswith("/dev/"):
        read_only = (ctypes.c_uint64 * 4)(1 | NOSUID, 0, 0, 0)
        _check(libc.syscall(MOUNT_SETATTR, AT_FDCWD, str(target).encode(), AT_RECURSIVE,
                            read_only, ctypes.c_size_t(32)), f"mount_setattr {path}")  # fmt: skip


def _libc() -> Any:
    if sys.platform != "linux":
        raise OSError(f"{sys.platform} has no namespaces")
    libc = ctypes.CDLL(None, use_errno=True)
    for name in ("unshare", "mount", "umount2", "pivot_root", "prctl", "capset"):
        if not hasattr(libc, name):
            raise OSError(f"the C library has no {name}")
    return libc


def _mount(libc: Any, source: str | None, target: str, kind: str | None, flags: int,
           options: str | None = None) -> None:  # fmt: skip
    texts = [text.encode() if text else None for text in (source, target, kind, options)]
    _check(libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]), f"mount {target}")


def _check(answer: int, what: str) -> None:
    if answer != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


# --- the weaker way -------------------------------------------------------------------------------

NETWORK = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
           "socket.gethostbyname", "socket.gethostbyaddr"}  # fmt: skip
PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
            "os.forkpty", "pty.spawn"}  # fmt: skip
CHANGES = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 1, "os.rename": 2, "os.link": 2,
           "os.symlink": 2, "os.truncate": 1, "os.chmod": 1, "os.chown": 1, "os.utime": 1,
           "shutil.rmtree": 1, "shutil.move": 2, "os.setxattr": 1}  # fmt: skip
OF_FOLDERS = {"os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink"}  # by descriptor, too
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def watch(work: str, hidden: Iterable[str]) -> None:
    """Refuse network, programs, changes outside of `work`, a look into `hidden`; for good."""
    work, closed, own = os.path.realpath(work), [os.path.realpath(p) for p in hidden], os.getpid()

    def within(path: Any, folder: str) -> bool:
        real = os.path.realpath(os.fsdecode(path))
        return real == folder or real.startswith(folder + os.sep)

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event in NETWORK:
            raise PermissionError("there is no network while an exercise is graded")
        if event in PROGRAMS or (event in ("os.kill", "os.killpg") and given[0] != own):
            raise PermissionError(f"{event}: no other programs while an exercise is graded")
        if event == "open" and not isinstance(given[0], int):
            if given[2] and given[2] & WRITES and given[0] != os.devnull:
                allowed = within(given[0], work)
            else:
                allowed = not any(within(given[0], folder) for folder in closed)
            if not allowed:
                raise PermissionError(f"{given[0]}: not open while an exercise is graded")
        number = CHANGES.get(event, 0)
        base = next((fd for fd in given[number:] if event in OF_FOLDERS and fd != -1), None)
        start = "" if base is None else os.path.realpath(f"/proc/self/fd/{base}")
        paths = [os.path.join(start, os.fsdecode(p)) for p in given[:number]
                 if not isinstance(p, int)]  # fmt: skip
        if not all(within(path, work) for path in paths):
            raise PermissionError(f"{event}: only in the work folder")

    sys.addaudithook(hook)
