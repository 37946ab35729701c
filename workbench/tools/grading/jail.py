"""What a process in the sandbox can see of the machine, and two ways to isolate it.

In both, the process sees Python, the installed packages and the data folder, read-only, and nothing
else of the machine: no home folder, no other submission, no solution. It has no network, its own
process numbers, and a home folder in memory. If bubblewrap is installed, it does this; otherwise
this file, run as a program, does it with Linux namespaces. Therefore it imports the standard
library only. `seal` has the restrictions that the process then puts on itself.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

HOME = "/home/student"
SIZE = 64 * 2**20  # bytes of each file system in memory, and of any one file
SYSTEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/fonts",
    "/sys/devices/system/cpu",
)
DEVICES = ("null", "full", "random", "urandom")  # not zero: mapped, it is uncounted memory
REFUSED = 97  # exit status of `main` where the system permits no namespaces

Step = tuple[str, ...]  # what to do, a path, and more


def layout(readable: Iterable[str], hidden: Iterable[str], shown: Iterable[str]) -> list[Step]:
    """Steps that build the file system of the sandbox.

    readable: paths to show besides the system's; hidden: folders in them that appear empty; shown:
    files in hidden folders to show nevertheless.
    """
    steps: list[Step] = []
    bound: list[str] = []
    linked: list[str] = []
    paths = {*SYSTEM, *readable}
    for path in sorted(paths | set(map(os.path.realpath, paths)), key=lambda p: (len(p), p)):
        if os.path.lexists(path) and not _within(path, bound + linked):
            if os.path.islink(path):
                steps.append(("link", path, os.readlink(path)))
                linked.append(path)  # what is behind it is shown at its real place
            elif os.path.exists(path):
                steps.append(("show", path))
                bound.append(path)
    covered = [path for path in sorted(set(hidden)) if os.path.isdir(path) and _within(path, bound)]
    for path in covered:
        steps.append(("memory", path, "4096", "755"))
        steps += [("show", one) for one in shown if one.startswith(f"{path}/")]
        steps.append(("close", path))
    steps += [("memory", "/dev", "4096", "755")]
    steps += [("device", f"/dev/{name}") for name in DEVICES if os.path.exists(f"/dev/{name}")]
    for path in (HOME, "/tmp", "/dev/shm"):
        steps.append(("memory", path, str(SIZE), "1777"))
    targets = [*(Path(step[1]) for step in steps), Path("/proc/any")]
    above = sorted({str(folder) for target in targets for folder in target.parents[:-1]}, key=len)
    steps = [("folder", path) for path in above if not _within(path, bound)] + steps
    return [*steps, ("close", "/dev"), ("proc", "/proc"), ("close", "/")]


def _within(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def links(path: str) -> list[str]:
    """A path and every symbolic link on the way to its file."""
    found = [path]
    while os.path.islink(path) and len(found) < 20:
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
        found.append(path)
    return found


def bubblewrap(program: str, steps: Sequence[Step]) -> list[str]:
    """The command line of bubblewrap, which isolates the command appended to it."""
    command = [
        program,
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
    ]
    if os.geteuid() == 0:  # the process first changes to another user
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    for what, path, *more in steps:
        match what:
            case "folder":
                command += ["--perms", "755", "--dir", path]
            case "show":
                command += ["--ro-bind", path, path]
            case "device":
                command += ["--dev-bind", path, path]
            case "link":
                command += ["--symlink", more[0], path]
            case "memory":
                command += ["--size", more[0], "--perms", more[1], "--tmpfs", path]
            case "close":
                command += ["--remount-ro", path]
            case "proc":
                command += ["--proc", path, "--remount-ro", path]
    return [*command, "--chdir", HOME]


def namespaces(steps: Sequence[Step]) -> list[str]:
    """The same with this file instead of bubblewrap."""
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), json.dumps(steps)]


# --- this file as a program -----------------------------------------------------------------------

NEW_USER = 0x10000000
NEW = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
# mounts, control groups, host name, IPC, process numbers, network
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 0x1000, 0x4000, 1 << 18
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, DETACH = 442, -100, 0x8000, 2
SET_PDEATHSIG = 1


class Refused(OSError):
    """The system permits no namespaces, or no mounts in them."""


def main(steps: list[list[str]], command: list[str]) -> None:
    """Run `command` in new namespaces; end when it or the calling process ends. The current folder,
    which is empty, becomes the root."""
    libc = _libc()
    parent = os.getppid()
    _check(libc.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        return
    uid, gid = os.geteuid(), os.getegid()
    _check(libc.unshare(NEW if uid == 0 else NEW | NEW_USER), "unshare")
    if uid:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")
    child = os.fork()
    if not child:  # process 1: builds the file system, starts the command and reaps orphans
        _check(libc.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
        _build(libc, steps)
        child = os.fork()
        if not child:
            os.chdir(HOME)
            try:
                os.execv(command[0], command)
            except OSError as error:  # its message does not name the file
                raise OSError(error.errno, error.strerror, command[0]) from error
        os.closerange(0, 3)
        _wait(child, orphans=True)
    _wait(child)


def _wait(child: int, *, orphans: bool = False) -> None:
    """Wait for a child and end as it ends."""
    while True:
        pid, status = os.waitpid(-1 if orphans else child, 0)
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 255)


def _build(libc: Any, steps: list[list[str]]) -> None:
    """Replace the root by a new one in memory, built from `steps`."""
    _mount(libc, None, "/", None, REC | PRIVATE)
    root = Path.cwd()  # an empty folder
    os.umask(0o022)
    _mount(libc, "tmpfs", str(root), "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
    for what, path, *more in steps:
        target = root / path[1:]
        match what:
            case "folder":
                target.mkdir()
            case "show" | "device":
                _show(libc, path, target, what == "device")
            case "link":
                target.symlink_to(more[0])
            case "memory":
                target.mkdir(exist_ok=True)
                _mount(
                    libc,
                    "tmpfs",
                    str(target),
                    "tmpfs",
                    NOSUID | NODEV,
                    f"size={more[0]},mode={more[1]},nr_inodes=50000",
                )
            case "close":
                _mount(libc, None, str(target), None, BIND | REMOUNT | RDONLY | NOSUID | NODEV)
            case "proc":  # some containers refuse it; then only code that needs it fails
                target.mkdir(exist_ok=True)
                with suppress(Refused):
                    _mount(libc, "proc", str(target), "proc", RDONLY | NOSUID | NODEV | NOEXEC)
    os.chdir(root)
    _check(libc.pivot_root(b".", b"."), "pivot_root")
    _check(libc.umount2(b".", DETACH), "umount2")


def _show(libc: Any, source: str, target: Path, device: bool) -> None:
    """Bind a path at a target, read-only unless it is a device."""
    if os.path.isdir(source):
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    _mount(libc, source, str(target), None, BIND | REC)
    if not device:
        read_only = (ctypes.c_uint64 * 4)(RDONLY | NOSUID, 0, 0, 0)
        _check(
            libc.syscall(
                MOUNT_SETATTR,
                AT_FDCWD,
                os.fsencode(target),
                AT_RECURSIVE,
                read_only,
                ctypes.c_size_t(32),
            ),
            f"mount_setattr {target}",
        )


def _libc() -> Any:
    if sys.platform != "linux":
        raise Refused(f"{sys.platform} has no namespaces")
    libc = ctypes.CDLL(None, use_errno=True)
    for name in ("unshare", "mount", "umount2", "pivot_root", "prctl"):
        if not hasattr(libc, name):
            raise Refused(f"the C library has no {name}")
    return libc


def _mount(
    libc: Any,
    source: str | None,
    target: str,
    kind: str | None,
    flags: int,
    options: str | None = None,
) -> None:
    texts = [os.fsencode(text) if text else None for text in (source, target, kind, options)]
    _check(libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]), f"mount {target}")


def _check(answer: int, what: str) -> None:
    if answer != 0:
        number = ctypes.get_errno()
        raise Refused(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]), sys.argv[2:])
    except Refused as error:
        print(error.strerror or error, file=sys.stderr, flush=True)
        os._exit(REFUSED)
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)
