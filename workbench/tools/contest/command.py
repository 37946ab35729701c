"""`workbench contest` on the command line."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path
from typing import Any

from workbench import options
from workbench.late import late
from workbench.options import check_out
from workbench.systems.registry import datasets

entries = late("workbench.tools.contest.entries")  # only its own command needs these
page = late("workbench.tools.contest.page")
task = late("workbench.tools.contest.task")


def add_commands(commands: Any) -> None:
    add = commands.add_parser(
        "contest", help="run a class's entries within the same budget, and rank them"
    )
    add.add_argument(
        "entries", type=options.path, help="a folder with one folder per entry, each with entry.py"
    )
    add.add_argument(
        "--dataset", type=datasets, default="builtin", help="drum data set, or a folder"
    )
    add.add_argument(
        "--hidden-seed",
        type=options.seed,
        help="seed of the hidden loops, to repeat a contest (default: a new one)",
    )
    add.add_argument(
        "--minutes", type=options.number(0.01), default=2, help="processor time per run"
    )
    add.add_argument(
        "--memory", type=options.whole(64), default=4096, metavar="MB", help="MB per run"
    )
    add.add_argument("--seeds", type=options.whole(1, 100), default=3, help="runs per entry")
    add.add_argument("--loops", type=options.whole(8), default=400, help="training loops, at most")
    add.add_argument("--test", type=options.whole(8), default=200, help="hidden loops, at most")
    add.add_argument("--out", type=options.path, default=Path("contest"), help="folder")
    add.set_defaults(run=_contest)


def _contest(args: argparse.Namespace) -> int:
    check_out(args.out)
    secret = secrets.randbelow(2**31) if args.hidden_seed is None else args.hidden_seed
    one = task.task_of(args.dataset, secret, training=args.loops, test=args.test)
    results = entries.run_contest(
        args.entries, one, seeds=range(args.seeds), minutes=args.minutes, memory_mb=args.memory
    )
    print("\n".join([page.text_of(page.rows_of(results)), *page.problems_of(results)]))
    about = {"minutes": args.minutes, "memory_mb": args.memory, "seeds": args.seeds}
    for path in page.write(results, one, args.out, about):
        print(f"contest: {path}")
    return 0
