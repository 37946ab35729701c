"""What the commands `workbench evaluate …` share: the head of their options, and how they fail."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from workbench.errors import WorkbenchError
from workbench.options import Parser, RawHelp, check_out, one_line


def parser_of(name: str, doc: str | None) -> argparse.ArgumentParser:
    """A parser for `workbench evaluate NAME`, whose help says the module's `doc`."""
    return Parser(prog=f"workbench evaluate {name}", description=doc, formatter_class=RawHelp)


def run_command(
    parser: argparse.ArgumentParser,
    measure: Callable[[argparse.Namespace], None],
    argv: Sequence[str] | None,
) -> int:
    """Parse and measure; an error made on purpose is one line and exit status 1."""
    args = parser.parse_args(argv)
    try:
        if args.out is not None:
            check_out(args.out, file=True)
        measure(args)
    except (WorkbenchError, OSError) as error:
        print(f"{parser.prog}: {one_line(error)}", file=sys.stderr)
        return 1
    return 0
