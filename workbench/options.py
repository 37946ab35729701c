"""What the options of all commands have in common: their help, and checks before any work."""

from __future__ import annotations

import argparse
import errno
import os
import tempfile
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError


class Help(argparse.HelpFormatter):
    """Help that shows each option's default, where it has one that says something."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        shown = action.option_strings and action.default not in (None, False, [], argparse.SUPPRESS)
        return f"{text} (default: %(default)s)" if shown and "default" not in text else text


class CommandParser(argparse.ArgumentParser):
    """The parser of one command, with that help."""

    def __init__(self, **more: Any) -> None:
        more.setdefault("formatter_class", Help)
        super().__init__(**more)


def check_seed(args: argparse.Namespace) -> None:
    """Raises PromptError with what was typed, where `--seed` is beyond what seeds may be."""
    if getattr(args, "seed", None) is not None:
        from workbench.arguments import seed_of  # NumPy, which --help does without

        args.seed = seed_of(args.seed, "--seed")


def check_out(out: Path, *, file: bool = False) -> None:
    """Make the folder named by `--out`, or that of a file, before any work is done for it. Raises
    WorkbenchError where nothing can be written there."""
    folder = out.parent if file else out
    try:
        if file and out.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # root may write where the file system may not
            pass
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise WorkbenchError(f"--out {out}: cannot be written ({told}); name another") from error
