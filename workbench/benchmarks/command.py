"""What the commands `workbench evaluate …` share: common options and the form of errors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence

from workbench.errors import WorkbenchError
from workbench.options import Parser, RawHelp, add_seed, check_out, nonempty, one_line, path


def parser_of(name: str, doc: str | None) -> argparse.ArgumentParser:
    """A parser for `workbench evaluate NAME` with --out; its help shows the module's `doc`."""
    options = Parser(prog=f"workbench evaluate {name}", description=doc, formatter_class=RawHelp)
    options.add_argument("--out", type=path, help="JSON file for all tables")
    return options


def sections_parser(
    name: str, doc: str | None, sections: Iterable[str], *, quick: str
) -> argparse.ArgumentParser:
    """A parser for a benchmark with several sections, with --only, --seed and --quick.

    quick: help of --quick, which makes the benchmark smaller.
    """
    names = list(sections)
    options = parser_of(name, doc)
    add = options.add_argument
    add("--only", nargs="+", choices=names, metavar="SECTION", help="sections: " + ", ".join(names))
    add_seed(options)
    add("--quick", action="store_true", help=quick)
    return options


def add_checkpoint(options: argparse.ArgumentParser, default: str) -> None:
    """Add --checkpoint, the system to measure."""
    options.add_argument(
        "--checkpoint",
        type=nonempty,
        default=default,
        metavar="NAME_OR_FOLDER",
        help="the system to measure",
    )


def run_command(
    parser: argparse.ArgumentParser,
    measure: Callable[[argparse.Namespace], None],
    argv: Sequence[str] | None,
) -> int:
    """Parse and measure. An expected error is printed in one line; the exit status is then 1."""
    args = parser.parse_args(argv)
    try:
        if args.out is not None:
            check_out(args.out, file=True)
        measure(args)
    except (WorkbenchError, OSError) as error:
        print(f"{parser.prog}: {one_line(error)}", file=sys.stderr)
        return 1
    return 0
