"""`workbench progress`, `workbench slides` and `workbench quiz` on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench import options
from workbench.files import write_text
from workbench.late import late
from workbench.options import check_out

progress = late("workbench.tools.progress")  # only its own command needs it
slides = late("workbench.tools.slides")
quiz_sheets = late("workbench.tools.quiz_sheets")


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

    add = commands.add_parser(
        "quiz", help="print the lessons' quizzes, or write them for a learning platform"
    )
    add.add_argument(
        "lessons", nargs="*", type=options.nonempty, metavar="NN", help="numbers (default: all)"
    )
    add.add_argument("--answers", action="store_true", help="print the answers and their reasons")
    add.add_argument(
        "--gift", action="store_true", help="GIFT, which Moodle and other platforms import"
    )
    add.add_argument("--out", type=options.path, help="write into this file, such as quiz.gift")
    add.set_defaults(run=_quiz)


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


def _quiz(args: argparse.Namespace) -> int:
    text = quiz_sheets.sheets(args.lessons, answers=args.answers, gift=args.gift)
    if args.out:
        check_out(args.out, file=True)
        write_text(args.out, text)
        print(f"quiz: {args.out}")
    else:
        print(text, end="")
    return 0
