"""Generate and edit music, train and evaluate the systems, run the course.

With Fabric's launcher it trains on several devices: `fabric run --devices 2
workbench/cli.py train drums`.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench import options, system_command, train_command
from workbench.course import overview
from workbench.course.lab import open_lab
from workbench.course.notebooks import regenerate, stale
from workbench.errors import WorkbenchError
from workbench.extras import missing
from workbench.options import check_out, one_line
from workbench.systems.registry import SYSTEMS, datasets, evaluated, resolve, system_key
from workbench.tools import course_commands, experiment_command
from workbench.tools.contest import command as contest
from workbench.tools.grading.commands import add_commands
from workbench.version import __version__

PROFILES = ("smoke", "laptop", "gpu", "large", "paper")
EVALUATIONS = [*SYSTEMS, "systems", "beats", "tokens", "tokenisers", "metrics", "speed"]


def parser() -> argparse.ArgumentParser:
    top = options.Parser(prog="workbench", description=__doc__.splitlines()[0])
    top.add_argument("--version", action="version", version=__version__)
    top.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    system_command.add(commands)
    train_command.add(commands, PROFILES)

    add = commands.add_parser("evaluate", help="measure a system and print the tables")
    add.add_argument(
        "what", type=evaluated, choices=EVALUATIONS, help="evaluate WHAT --help shows its options"
    )
    add.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    add.set_defaults(run=evaluate)

    add = commands.add_parser("listen", help="make, serve and analyse blind listening tests")
    add.format_help = _listen_help  # type: ignore[method-assign]
    add.add_argument("rest", nargs=argparse.REMAINDER)
    add.set_defaults(run=listen)

    add = commands.add_parser("report", help="run the notebooks and write one HTML report")
    add.add_argument("--profile", default="smoke", choices=PROFILES, help="size")
    add.add_argument(
        "--dataset", type=datasets, help="data set of all notebooks (default: the notebook's own)"
    )
    options.add_seed(add)
    add.add_argument(
        "--out",
        type=options.path,
        help="folder (default: report; with --submissions the folder of the marks)",
    )
    add.add_argument(
        "--single-file",
        action="store_true",
        help="also write report.html, one file with the page and the executed notebooks",
    )
    add.add_argument(
        "--only",
        nargs="+",
        type=options.nonempty,
        metavar="NN",
        help="numbers of the notebooks to run",
    )
    add.add_argument("--jobs", type=options.whole(1), help="notebooks that run at the same time")
    add.add_argument(
        "--solutions", action="store_true", help="run the notebooks with solved exercises"
    )
    add.add_argument("--timeout", type=options.number(1), default=1800, help="seconds per notebook")
    add.add_argument(
        "--record", action="store_true", help="store the measured times for the notebooks"
    )
    add.add_argument(
        "--submissions",
        type=options.path,
        metavar="MARKS",
        help="compare a class by its graded submissions",
    )
    add.set_defaults(run=report)

    add = commands.add_parser(
        "site", help="write the executed course, the API reference and llms.txt as static pages"
    )
    add.add_argument("--out", type=options.path, default=Path("site"), help="folder for the pages")
    notebooks_of = add.add_mutually_exclusive_group()
    notebooks_of.add_argument(
        "--report",
        type=options.path,
        metavar="FOLDER",
        help="use the executed notebooks of this report; default: run them",
    )
    notebooks_of.add_argument("--profile", default="smoke", choices=PROFILES, help="size")
    add.add_argument(
        "--only",
        nargs="+",
        type=options.nonempty,
        metavar="NN",
        help="numbers of the notebooks to run",
    )
    add.set_defaults(run=site)

    add = commands.add_parser(
        "gallery", help="generate clips with every shipped system for one HTML page"
    )
    add.add_argument(
        "--out", type=options.path, default=Path("gallery"), help="folder for the page"
    )
    add.add_argument(
        "--systems",
        "--only",
        nargs="+",
        dest="only",
        type=system_key,
        metavar="SYSTEM",
        help=f"default: all ({', '.join(SYSTEMS)})",
    )
    add.add_argument(
        "--seed", type=options.seed, default=1, help="the same seed gives the same clips"
    )
    add.set_defaults(run=gallery)
    experiment_command.add(commands, PROFILES)
    add_commands(commands)
    course_commands.add_commands(commands)
    contest.add_commands(commands)

    add = commands.add_parser("lab", help="open JupyterLab on the first lesson")
    add.add_argument(
        "--folder",
        type=options.path,
        default=Path("notebooks"),
        help="outside a checkout: folder for a copy of the notebooks",
    )
    add.set_defaults(run=lab)

    add = commands.add_parser("notebooks", help="regenerate notebooks/*.ipynb from notebooks/src")
    add.add_argument("--check", action="store_true", help="only check whether they are up to date")
    add.set_defaults(run=notebooks)

    add = commands.add_parser("data", help="list the data sets, or download one")
    add.add_argument("action", choices=["list", "get"], help="list all, or get one")
    add.add_argument("name", nargs="?", type=options.nonempty, help="the data set to get")
    add.set_defaults(run=data)
    return top


def _listen_help() -> str:
    # needed by this command alone
    from workbench.tools.listening.command import parser

    return parser().format_help()


def evaluate(args: argparse.Namespace) -> int:
    entry = SYSTEMS.get(args.what)
    module = entry.benchmark if entry else f"workbench.benchmarks.{args.what}"
    return int(resolve(module).main(args.rest) or 0)


def listen(args: argparse.Namespace) -> int:
    # needed by this command alone
    from workbench.tools.listening.command import main

    return main(args.rest)


def _end_on_request() -> None:
    """On SIGTERM, as from a job system, end the notebooks' processes like Ctrl-C does."""
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)


def report(args: argparse.Namespace) -> int:
    if args.submissions:
        # needed by this command alone
        from workbench.tools.grading.classroom import compare

        print(f"class: {compare(args.submissions, args.out)}")
        return 0
    # needed by this command alone
    from workbench.tools.report.build import run_report

    check_out(args.out or Path("report"))
    _end_on_request()
    return run_report(
        args.out or Path("report"),
        profile=args.profile,
        dataset=args.dataset,
        seed=args.seed,
        only=args.only,
        one_file=args.single_file,
        jobs=args.jobs,
        solutions=args.solutions,
        timeout=args.timeout,
        record=args.record,
    )


def site(args: argparse.Namespace) -> int:
    # needed by this command alone
    from workbench.tools.site.build import build_site

    check_out(args.out)
    _end_on_request()
    return build_site(args.out, report=args.report, profile=args.profile, only=args.only)


def gallery(args: argparse.Namespace) -> int:
    # needed by this command alone
    from workbench.tools.gallery.build import make

    check_out(args.out)
    make(args.out, only=args.only, seed=args.seed)
    return 0


def lab(args: argparse.Namespace) -> int:
    return open_lab(args.folder)


def notebooks(args: argparse.Namespace) -> int:
    first, then = (stale, overview.stale) if args.check else (regenerate, overview.regenerate)
    paths = [*first(), *then()]
    for path in paths:
        print(f"{'out of date' if args.check else 'written'}: {path}")
    return 1 if args.check and paths else 0


def data(args: argparse.Namespace) -> int:
    # needed by this command alone
    from workbench.datasets import CATALOGUE

    if args.action == "list":
        if args.name:
            raise WorkbenchError(f"data list: takes no name, got {args.name!r}")
        for entry in CATALOGUE.values():
            print(f"{entry.name}: {entry.title}; {entry.licence}; {entry.size}")
        return 0
    # needed by this command alone
    from workbench.datasets.archives import describe, get

    if args.name in CATALOGUE:
        print(describe(CATALOGUE[args.name]), flush=True)
    print(get(args.name or ""))
    return 0


def _show_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    """A warning as one line, without the place in the code."""
    print(f"workbench: warning: {message}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; an expected error is one line and exit status 2."""
    args = parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):  # names of files may not be valid text
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return args.run(args)
    except BrokenPipeError:  # the reader of our output, such as head, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # like a shell: 128 + SIGPIPE
    except (WorkbenchError, OSError, ModuleNotFoundError) as error:
        if args.debug:
            raise
        if isinstance(error, ModuleNotFoundError):
            error = missing(error)
        print(f"workbench: {one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print(f"workbench: {str(error) or 'interrupted'}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    # as a script, this folder is first on the path, and its datasets/ hides packages of that name
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    sys.exit(main())
