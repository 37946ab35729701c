"""Shared by the options of all commands: the format of their help, and checks of their values.

    add.add_argument("--jobs", type=whole(1))  # 0, nan, ² and 2**70 are refused

The types are argparse's: functions of the typed text that raise ArgumentTypeError.
"""

from __future__ import annotations

import argparse
import errno
import math
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from workbench.errors import WorkbenchError

LARGEST = 2**63 - 1  # the largest count or length: int64


class Help(argparse.HelpFormatter):
    """Help that shows the default of each option that has an informative one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        shown = action.option_strings and action.default not in (None, False, [], argparse.SUPPRESS)
        return f"{text} (default: %(default)s)" if shown and "default" not in text else text


class RawHelp(Help, argparse.RawDescriptionHelpFormatter):
    """The same, but the description keeps its line breaks."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with exit status 2."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"formatter_class": Help, **more})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what is not known where it was read, so that the message names the command."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {one_line(message)} (see {self.prog} --help)\n")


def one_line(message: object) -> str:
    """A message without line breaks and terminal control codes, which file names may contain."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(message))


def whole(low: int = -LARGEST, high: int = LARGEST) -> Callable[[str], int]:
    """A whole number from `low` to `high`, in the digits 0 to 9."""

    def read(typed: str) -> int:
        value = int(typed) if re.fullmatch("[-+]?[0-9]{1,30}", typed) else None
        if value is None or not low <= value <= high:
            raise _refused(typed, f"a whole number{_range(low, high)}")
        return value

    return read


def number(low: float = -math.inf, high: float = math.inf) -> Callable[[str], float]:
    """A finite number from `low` to `high`."""

    def read(typed: str) -> float:
        try:
            value = float(typed) if typed.isascii() else math.nan
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and low <= value <= high):
            raise _refused(typed, f"a number{_range(low, high)}")
        return value

    return read


def bar_range(typed: str) -> tuple[int, int]:
    """FIRST-LAST or one number, counted from 1, as (first, last) from 0, last exclusive."""
    found = re.fullmatch("([0-9]{1,6})(?:-([0-9]{1,6}))?", typed)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        raise _refused(typed, "FIRST-LAST, such as 9-12, where the first is 1")
    return first - 1, last


def second_range(typed: str) -> tuple[float, float]:
    """FIRST-LAST in seconds."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)-([0-9]{1,9}(?:\.[0-9]{1,9})?)", typed)
    first, last = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    if not first < last:
        raise _refused(typed, "FIRST-LAST in seconds, such as 1.5-3")
    return first, last


def meter(typed: str) -> tuple[int, int]:
    """A metre such as 3/4, its unit a power of 2 up to 64."""
    found = re.fullmatch("([0-9]{1,3})/([0-9]{1,3})", typed)
    top, bottom = (int(found[1]), int(found[2])) if found else (0, 0)
    if top < 1 or bottom not in (1, 2, 4, 8, 16, 32, 64):
        raise _refused(typed, "a metre, such as 3/4")
    return top, bottom


def seed(typed: str) -> int:
    """A whole number from 0 to 2**64 - 1."""
    if not re.fullmatch("[+]?[0-9]{1,30}", typed) or int(typed) >= 2**64:
        raise _refused(typed, "a whole number from 0 to 2**64 - 1")
    return int(typed)


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add the option --seed of all commands that sample, 0 by default."""
    parser.add_argument("--seed", type=seed, default=0, help="the same seed gives the same result")


def nonempty(typed: str) -> str:
    """A text that is not empty."""
    if not typed.strip():
        raise argparse.ArgumentTypeError(f"must not be empty, got {typed!r}")
    return typed


def path(typed: str) -> Path:
    """A file's or folder's path, which is not empty."""
    return Path(nonempty(typed))


def _refused(typed: str, wanted: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"must be {wanted}, got {typed[:40]!r}")


def _range(low: float, high: float) -> str:
    if abs(high) in (math.inf, LARGEST):
        return "" if abs(low) in (math.inf, LARGEST) else f" of at least {low:g}"
    return f" from {low:g} to {high:g}"


def check_out(out: Path, *, file: bool = False) -> None:
    """Check before any work that the folder `--out`, or the folder of a file, can be created and
    written to. Leaves nothing there.

    Raises:
        WorkbenchError: if it cannot.
    """
    folder = out.parent if file else out
    try:
        if file and out.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        new = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(
            dir=folder
        ):  # permissions are not enough: consider root and read-only mounts
            pass
        for path in new:
            path.rmdir()
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise WorkbenchError(f"--out {out}: cannot be written ({told}); name another") from error
