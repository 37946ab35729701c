"""The command `workbench experiment`: list the experiments, or run one over its grid."""

from __future__ import annotations

import argparse
import ast
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench import options
from workbench.course.notebooks import experiment_scripts
from workbench.errors import PromptError
from workbench.options import check_out
from workbench.systems.registry import datasets


def add(commands: Any, profiles: Sequence[str]) -> None:
    """Add the command's options to the parser of `workbench`."""
    add = commands.add_parser("experiment", help="run an experiment over its grid, for one table")
    add.add_argument(
        "name", nargs="?", type=options.nonempty, help="omit it to list the experiments"
    )
    add.add_argument("--profile", default="laptop", choices=profiles, help="size")
    add.add_argument("--dataset", type=datasets, help="default: the experiment's own")
    add.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="VARIABLE=VALUE,VALUE",
        help="values that replace those of the grid, such as seed=0,1,2,3,4",
    )
    add.add_argument("--jobs", type=options.whole(1), default=1, help="points at a time")
    add.add_argument("--out", type=options.path, help="folder (default: runs/experiments/NAME)")
    add.add_argument("--timeout", type=options.number(1), default=1800, help="seconds per point")
    add.add_argument("--fresh", action="store_true", help="measure stored points again")
    add.add_argument("--record", action="store_true", help="store the table beside the notebook")
    add.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table; return 1 if a point failed."""
    if args.name is None:
        return listing()
    # only this command needs it
    from workbench.tools.experiment_runs import run_experiment

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end the workers as on Ctrl-C
    out = args.out or Path("runs") / "experiments" / args.name
    if args.out:
        check_out(out)
    table = run_experiment(
        args.name,
        out,
        profile=args.profile,
        dataset=args.dataset,
        given=given(args.set),
        jobs=args.jobs,
        timeout=args.timeout,
        fresh=args.fresh,
        record=args.record,
    )
    print(f"\n{table}")
    return 1 if table.about["failed"] else 0


def listing() -> int:
    """Print the name and title of each experiment, and the number of points of its grids."""
    # only this command needs it
    from workbench.course.experiments import read

    for script in experiment_scripts():
        one = read(script.stem)
        sizes = ", ".join(f"{profile} {len(one.points(profile))}" for profile in one.grid)
        print(f"{one.name}: {one.title} (points: {sizes})")
    return 0


def given(words: list[str]) -> dict[str, list[Any]]:
    """["noise=0.1,0.5", "text=bert"] → {"noise": [0.1, 0.5], "text": ["bert"]}."""
    found: dict[str, list[Any]] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not (name and equals and values):
            raise PromptError(f"--set {word}: give VARIABLE=VALUE,VALUE")
        if name in found:
            raise PromptError(f"--set {word}: {name} is given twice; join its values by commas")
        found[name] = [_value(value) for value in values.split(",")]
    return found


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
