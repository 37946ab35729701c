"""`workbench assign` and `workbench grade` on the command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from workbench import options
from workbench.options import check_out


def add_commands(commands: Any) -> None:
    add = commands.add_parser(
        "assign", help="write the student versions of the notebooks, without solutions"
    )
    add.add_argument(
        "numbers", nargs="*", type=options.nonempty, metavar="NN", help="lessons (default: all)"
    )
    add.add_argument("--out", type=options.path, required=True, help="folder for the notebooks")
    add.set_defaults(run=_assign)

    add = commands.add_parser("grade", help="grade submissions: marks and feedback")
    add.add_argument(
        "submissions",
        type=options.path,
        help="a folder with one folder per student, or a zip file of it",
    )
    add.add_argument(
        "numbers",
        nargs="*",
        type=options.nonempty,
        metavar="NN",
        help="lessons (default: those that were handed in)",
    )
    add.add_argument("--out", type=options.path, default=Path("marks"), help="folder for the marks")
    add.add_argument(
        "--seed", type=options.seed, help="seed of the checks' inputs (default: a new one)"
    )
    add.add_argument("--seconds", type=options.number(0.1), default=20, help="seconds per exercise")
    add.add_argument(
        "--notebook-seconds", type=options.number(0.1), default=120, help="seconds per notebook"
    )
    add.add_argument(
        "--memory", type=options.whole(64), default=2048, metavar="MB", help="MB per exercise"
    )
    add.add_argument("--jobs", type=options.whole(1), help="exercises at a time")
    add.add_argument(
        "--similar",
        action="store_true",
        help="also write similar.csv: pairs of answers that are alike, as a hint to look",
    )
    add.set_defaults(run=_grade)


def _assign(args: argparse.Namespace) -> int:
    # only this command needs it
    from workbench.tools.grading.assign import assign

    check_out(args.out)
    for path in assign(args.numbers, args.out):
        print(path)
    return 0


def _grade(args: argparse.Namespace) -> int:
    # only this command needs it
    from workbench.tools.grading.marks import check_apart, grade
    from workbench.tools.grading.sandbox import Limits

    check_apart(args.submissions, args.out)
    check_out(args.out)
    records = grade(
        args.submissions,
        args.out,
        args.numbers,
        seed=args.seed,
        jobs=args.jobs,
        limits=Limits(args.seconds, args.memory),
        notebook_seconds=args.notebook_seconds,
        similar=args.similar,
    )
    print(f"marks: {args.out / 'marks.csv'}; feedback: {args.out / 'feedback'}")
    failed = sorted({r["student"] for r in records if r["state"].startswith("could not be graded")})
    if failed:
        print(f"not graded: {', '.join(failed)}; see their rows in marks.csv", file=sys.stderr)
    return int(bool(failed))
