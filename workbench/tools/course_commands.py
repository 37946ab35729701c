"""`workbench progress` and `workbench slides` on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench import options
from workbench.late import late
from workbench.options import check_out

progress = late("workbench.tools.progress")  # only its own command needs it
slides = late("workbench.tools.slides")


def add_commands(commands: Any) -> None:
    add = commands.add_parser(
        "progress", help="show the exercises that you solved, your predictions, and what comes next"
    )
    add.add_argument("--out", type=options.path, help="also write a page, such as progress.html")
    add.set_defaults(run=_progress)

    add = commands.add_parser("slides", help="write lessons as slides, one HTML page each")
    add.add_argument("lessons", nargs="+", type=options.nonempty, metavar="NN", help="numbers")
    add.add_argument(
        "--report",
        type=options.path,
        metavar="FOLDER",
        help="show the figures and players of the notebooks that this report executed",
    )
    add.add_argument("--out", type=options.path, default=Path("slides"), help="folder")
    add.set_defaults(run=_slides)


def _progress(args: argparse.Namespace) -> int:
    if args.out:
        check_out(args.out, file=True)
    progress.show_progress(args.out)
    return 0


def _slides(args: argparse.Namespace) -> int:
    check_out(args.out)
    for path in slides.write_slides(args.lessons, args.report, args.out):
        print(f"slides: {path}")
    return 0
