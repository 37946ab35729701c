"""What the commands `workbench evaluate …` share: the head of their options, and how they fail."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from workbench.errors import WorkbenchError


def parser_of(name: str, doc: str | None) -> argparse.ArgumentParser:
    """A parser for `workbench evaluate NAME`, whose help says the module's `doc`."""
    return argparse.ArgumentParser(
        prog=f"workbench evaluate {name}", description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip


def run_command(
    parser: argparse.ArgumentParser, measure: Callable[[argparse.Namespace], None],
    argv: Sequence[str] | None,
) -> int:  # fmt: skip
    """Parse and measure; an error made on purpose is one line and exit status 1."""
    args = parser.parse_args(argv)
    try:
        measure(args)
    except WorkbenchError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0
