"""Restrictions that the process of a student's function puts on itself before it reads their code.

`seal`: the process becomes an unprivileged user, permanently drops all privileges, sets limits, and
lets the kernel refuse system calls that no exercise needs: those that allocate uncounted memory
(memfds, System V shared memory), create namespaces, mount, or access other processes.

`watch`, used if there are no namespaces: Python's audit hook refuses sockets, other programs, and
writing outside of the work folder. C code bypasses the hook, but on Linux the kernel still refuses
programs, sockets, signals, changes to other processes and to modes of files. If the kernel has
Landlock (5.13 and later), `close_files` also closes all files except Python, the packages and the
data.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from collections.abc import Iterable, Iterator
from typing import Any

PROCESSES = 64
OPEN_FILES = 128
SET_PDEATHSIG, SET_SECCOMP, CAPBSET_DROP, SET_NO_NEW_PRIVS = 1, 22, 24, 38

# Linux's numbers of system calls: on x86-64, and on processors with the generic table
DENIED = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
}
DENIED_WATCHED = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    # change other processes: their priority, processors and memory, queues and semaphores
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semctl": (66, 191),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # change attributes of this user's files, which Landlock does not check
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}
# calls that are refused for some values of an argument: its index, and these values
SIGNALS_BY_FILE = {  # let a file that becomes ready send a signal, even KILL, to any process
    "fcntl": ((72, 25), 1, (8, 10, 15)),  # F_SETOWN, F_SETSIG, F_SETOWN_EX
    "ioctl": ((16, 29), 1, (0x8901, 0x8902)),  # FIOSETOWN, SIOCSPGRP
}
PRLIMIT = (302, 261)  # allowed for the own process, because getrlimit calls it
CLONE, CLONE3, MMAP = (56, 220), 435, (9, 222)
PROCESSORS = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7), "riscv64": (1, 0xC00000F3)}
NEW_NAMESPACES, NEW_THREAD, SHARED_ANONYMOUS = 0x7E020000, 0x00010000, 0x21
EPERM, ENOSYS = 1, 38


def seal(user: int, memory_mb: int, seconds: float, size: int, *, watched: bool) -> None:
    """Drop all privileges and set the limits.

    Args:
        user: Id of the user to become; 0 to stay.
        memory_mb: Limit of memory.
        seconds: Processor time.
        size: Maximal bytes of a file.
        watched: Whether there are no namespaces, so that the kernel must refuse other programs.

    Raises:
        OSError: if the system refuses a step.
    """
    if user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        raise PermissionError("a student's function is not run as root")
    limits(memory_mb, seconds, size)
    if sys.platform == "linux":
        _linux(watched)


def limits(memory_mb: int, seconds: float, size: int) -> None:
    """Limit writable memory, processor time (in case the grader is gone), file size, processes and
    threads, open files and message queues; no core dumps."""
    import resource  # not on Windows, where there is no sandbox

    for what, most in (
        ("DATA", memory_mb * 2**20),
        ("FSIZE", size),
        ("CORE", 0),
        ("CPU", int(seconds) + 60),
        ("NPROC", PROCESSES),
        ("NOFILE", OPEN_FILES),
        ("MSGQUEUE", 0),
    ):
        number = getattr(resource, f"RLIMIT_{what}", None)
        if number is not None:
            _, hard = resource.getrlimit(number)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(number, (most, most))


def _linux(watched: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    _check(libc.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if watched and (parent == 1 or os.getppid() != parent):
        os._exit(1)  # the grader has already ended
    _check(libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    number = 0
    while libc.prctl(CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1
    version = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(libc.capset(version, (ctypes.c_uint32 * 6)()), "capset")
    rules = program(watched)
    kept = ctypes.create_string_buffer(rules)
    filters = struct.pack("HxxxxxxP", len(rules) // 8, ctypes.addressof(kept))
    _check(libc.prctl(SET_SECCOMP, 2, filters, 0, 0), "seccomp")


def program(watched: bool) -> bytes:
    """The filter of system calls in classic BPF. Raises OSError for a processor whose call numbers
    are unknown.

    Source: Linux manual, seccomp(2).
    """
    try:
        column, machine = PROCESSORS[platform.machine()]
    except KeyError:
        raise OSError(f"no filter of system calls for {platform.machine()}") from None
    lines: list[tuple[int, int, int, int]] = []

    def load(offset: int) -> None:
        lines.append((0x20, 0, 0, offset))

    def answer(number: int | None) -> None:
        lines.append((0x06, 0, 0, 0x7FFF0000 if number is None else 0x00050000 | number))

    load(4)
    lines.append((0x15, 1, 0, machine))  # refuse all calls of another architecture
    answer(EPERM)
    load(0)
    lines.append((0x35, 0, 1, 0x40000000))  # refuse the x32 calls
    answer(EPERM)
    denied = {**DENIED, **DENIED_WATCHED} if watched else DENIED
    for numbers in denied.values():
        if numbers[column] is not None:
            lines.append((0x15, 0, 1, int(numbers[column] or 0)))
            answer(EPERM)
    for numbers, place, values in SIGNALS_BY_FILE.values() if watched else ():
        lines.append((0x15, 0, 2 + 2 * len(values), numbers[column]))
        load(16 + 8 * place)
        for value in values:
            lines.append((0x15, 0, 1, value))
            answer(EPERM)
        answer(None)
    if watched:
        lines.append((0x15, 0, 4, PRLIMIT[column]))
        load(16)
        lines.append((0x15, 1, 0, 0))
        answer(EPERM)
        answer(None)
    lines.append((0x15, 0, 1, CLONE3))  # BPF cannot read its flags; libraries fall back to clone
    answer(ENOSYS)
    lines.append((0x15, 0, 6 if watched else 4, CLONE[column]))
    load(16)
    lines.append((0x45, 0, 1, NEW_NAMESPACES))
    answer(EPERM)
    if watched:
        lines.append((0x45, 1, 0, NEW_THREAD))
        answer(EPERM)
    answer(None)
    lines.append((0x15, 0, 4, MMAP[column]))
    load(16 + 3 * 8)
    lines.append((0x54, 0, 0, SHARED_ANONYMOUS))
    lines.append((0x15, 0, 1, SHARED_ANONYMOUS))  # memory that outlives its mapping
    answer(EPERM)
    answer(None)
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


# Landlock: its system calls have the same numbers on every processor; then its access rights
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
READ_FILE, READ_DIR, OF_FILES, OF_FOLDERS, TRUNCATE = 1 << 2, 1 << 3, 0b111, (1 << 13) - 1, 1 << 14
PROC = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo")
DEVICES = ("/dev/random", "/dev/urandom")


def landlock() -> int:
    """Version of the kernel's Landlock; 0 if it has none."""
    if sys.platform != "linux":
        return 0
    return max(0, ctypes.CDLL(None).syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def close_files(shown: Iterable[str], hidden: Iterable[str], work: str) -> None:
    """Let the kernel permanently refuse to open files, except for reading below `shown` (without
    `hidden`) and for reading and writing below `work`. Names can still be listed. Does nothing
    without Landlock. Raises OSError."""
    version = landlock()
    if not version:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    every = OF_FOLDERS | (TRUNCATE if version >= 3 else 0)
    ruleset = libc.syscall(CREATE_RULESET, struct.pack("Q", every), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        _check(ruleset, "landlock_create_ruleset")

    def allow(path: str, access: int) -> None:
        try:
            handle = os.open(path, os.O_PATH)
        except OSError:
            return  # missing, or not readable for this user
        if not os.path.isdir(path):
            access &= OF_FILES | TRUNCATE
        rule = struct.pack("=Qi", access & every, handle)
        _check(libc.syscall(ADD_RULE, ruleset, 1, rule, 0), f"landlock_add_rule {path}")
        os.close(handle)

    closed = [os.path.realpath(path) for path in hidden]
    for path in {*shown, *PROC, *DEVICES}:
        for part in _without(os.path.realpath(path), closed):
            allow(part, READ_FILE | READ_DIR)
    allow("/", READ_DIR)
    allow(os.devnull, OF_FILES)
    allow(work, every)
    _check(libc.syscall(RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)


def _without(path: str, closed: list[str]) -> Iterator[str]:
    """The path, or those parts of it that are outside of closed folders."""
    if any(path == folder or path.startswith(folder + os.sep) for folder in closed):
        return
    if not any(folder.startswith(path.rstrip(os.sep) + os.sep) for folder in closed):
        yield path
        return
    for name in os.listdir(path):
        yield from _without(os.path.realpath(os.path.join(path, name)), closed)


NETWORK = {
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
}
PROGRAMS = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "pty.spawn",
}
CHANGES = {
    "os.remove": 1,
    "os.rmdir": 1,
    "os.mkdir": 1,
    "os.rename": 2,
    "os.link": 2,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.chmod": 1,
    "os.chown": 1,
    "os.utime": 1,
    "shutil.rmtree": 1,
    "shutil.move": 2,
    "os.setxattr": 1,
}
BY_FOLDER = {"os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink"}  # may take dir_fd
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def watch(work: str, hidden: Iterable[str]) -> None:
    """Permanently refuse network, programs, changes outside of `work`, and reading `hidden`."""
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
        base = next((fd for fd in given[number:] if event in BY_FOLDER and fd != -1), None)
        start = "" if base is None else os.path.realpath(f"/proc/self/fd/{base}")
        paths = [
            os.path.join(start, os.fsdecode(p)) for p in given[:number] if not isinstance(p, int)
        ]
        if not all(within(path, work) for path in paths):
            raise PermissionError(f"{event}: only in the work folder")

    sys.addaudithook(hook)
