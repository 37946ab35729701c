"""The commands `workbench prepare` and `workbench train`, of one system or of all.

`train all` trains every shipped system in the order of `runs`, each for its share of the minutes.
It can be interrupted at any time; the same command continues it. A system whose training fails does
not stop the others.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench import options
from workbench.errors import WorkbenchError
from workbench.files import UNREADABLE, load_json, write_text
from workbench.options import check_out, one_line
from workbench.processes import tied
from workbench.system_options import SYSTEM
from workbench.systems.registry import SYSTEMS, Entry, Run, datasets, runs, system_key

ALL = "all"
SETTINGS = ("dataset", "profile", "seed")  # that prepared data bring with them


def add(commands: Any, profiles: tuple[str, ...]) -> None:
    """Add both commands to the parser of `workbench`."""
    add = commands.add_parser("prepare", help="write what a training reads into a folder")
    _add_shared(add, profiles)
    add.add_argument("--out", type=options.path, help="folder (default: prepared/SYSTEM)")
    add.set_defaults(run=prepare)

    add = commands.add_parser(
        "train", help="train a system, or all; the same command resumes a stopped training"
    )
    _add_shared(add, profiles)
    add.add_argument("--out", type=options.path, help="folder of the run (default: runs/SYSTEM)")
    add.add_argument(
        "--prepared",
        type=options.path,
        metavar="FOLDER",
        help="train on what prepare wrote; of all: on its folders of each system",
    )
    add.add_argument(
        "--budget-minutes",
        type=options.number(0),
        help="end the training after this number of minutes",
    )
    add.add_argument(
        "--together",
        action="store_true",
        help="of all: train all systems at the same time, each for all the minutes",
    )
    add.set_defaults(run=train)


def _add_shared(add: argparse.ArgumentParser, profiles: tuple[str, ...]) -> None:
    add.add_argument("system", type=_system, metavar="SYSTEM", help=f"{SYSTEM}, or {ALL}")
    add.add_argument(
        "--dataset",
        type=datasets,
        help='a name or a folder, or several joined by "+"; default: the system\'s own',
    )
    add.add_argument(
        "--profile", choices=profiles, help="size of networks and training (default: laptop)"
    )
    meanings: dict[str, list[str]] = {}  # of options that several systems may have
    for key, entry in SYSTEMS.items():
        for option, meaning in entry.options.items():
            meanings.setdefault(option, []).append(f"{key}: {meaning}")
    for option, lines in meanings.items():
        add.add_argument(f"--{option}", type=options.nonempty, help="; ".join(lines))
    add.add_argument(
        "--seed", type=options.seed, help="the same seed gives the same result (default: 0)"
    )


def _system(typed: str) -> str:
    return ALL if typed == ALL else system_key(typed)


def prepare(args: argparse.Namespace) -> int:
    """Prepare the data of one system, or of all."""
    entry, given = _chosen(args)
    out = args.out or Path("prepared") / (entry.key if entry else "")
    check_out(out)

    def one(entry: Entry, folder: Path, given: Mapping[str, str]) -> None:
        dataset = args.dataset or entry.dataset
        entry.system.prepare(
            dataset, args.profile or "laptop", out=folder, seed=args.seed or 0, **given
        )
        print(f"prepared in {folder}", flush=True)

    if entry:
        one(entry, out, given)
        return 0
    return _each(lambda run: one(run.entry, out / run.name, run.options))


def train(args: argparse.Namespace) -> int:
    """Train one system, or all."""
    entry, given = _chosen(args)
    settings = [name for name in SETTINGS if getattr(args, name) is not None]
    if args.prepared is not None and (settings or given):
        name = [*settings, *sorted(given)][0]
        raise WorkbenchError(f"--{name}: comes with the data of --prepared; omit it")
    out = args.out or Path("runs") / (entry.key if entry else "")
    check_out(out)
    if entry:
        if args.together:
            raise WorkbenchError("--together: is for all systems; omit it")
        _train(args, entry, out, args.prepared, args.budget_minutes, given)
        return 0
    if args.together:
        return _together(args, out)
    left, shares = args.budget_minutes, sum(run.share for run in runs())

    def one(run: Run) -> None:
        nonlocal left, shares
        folder = out / run.name
        budget = None if left is None else left * run.share / shares
        shares -= run.share
        prepared = args.prepared and args.prepared / run.name
        asked = _asked(args, prepared, budget)
        if not _done(folder, asked):
            _train(args, run.entry, folder, prepared, budget, run.options)
            write_text(folder / DONE, json.dumps(asked) + "\n")
        if left is not None:
            left = max(0.0, left - _minutes(folder))

    return _each(one)


def _together(args: argparse.Namespace, out: Path) -> int:
    """Train all systems at the same time, each in a process of its own, with its messages in a file
    beside its folder. One large GPU has room for them: small networks fill a part of it."""
    started, failed = dict[str, tuple[subprocess.Popen[bytes], dict[str, Any]]](), list[str]()
    for run in runs():
        folder, prepared = out / run.name, args.prepared and args.prepared / run.name
        asked = _asked(args, prepared, args.budget_minutes)
        if _done(folder, asked):
            continue
        # prepared data name the options, too
        given = {**asked, "out": folder} | ({} if prepared else dict(run.options))
        options = [
            part
            for name, value in given.items()
            if value is not None
            for part in (f"--{name.replace('_', '-')}", str(value))
        ]
        out.mkdir(parents=True, exist_ok=True)
        with (out / f"{run.name}.log").open("wb") as messages:
            command = [sys.executable, "-m", "workbench.cli", "train", run.entry.key, *options]
            process = subprocess.Popen(tied(command), stdout=messages, stderr=subprocess.STDOUT)
        started[run.name] = process, asked
    try:
        for name, (process, asked) in started.items():
            if process.wait():
                failed.append(name)
                print(f"workbench: {name}: see {out / f'{name}.log'}", file=sys.stderr, flush=True)
            else:
                write_text(out / name / DONE, json.dumps(asked) + "\n")
                print(f"saved in {out / name}", flush=True)
    except KeyboardInterrupt:  # the trainings received it as well, and save
        for process, _ in started.values():
            process.wait()
        raise
    return _ended(failed)


DONE = "done.json"  # in the folder of a run of `train all` that has ended


def _asked(args: argparse.Namespace, prepared: Path | None, budget: float | None) -> dict[str, Any]:
    """Return what a run of `train all` was asked for."""
    asked = {name: getattr(args, name) for name in SETTINGS}
    return asked | {"prepared": prepared and str(prepared), "budget_minutes": budget}


def _done(folder: Path, asked: dict[str, Any]) -> bool:
    """Has this run of `train all` ended, with the same settings?"""
    try:
        return load_json(folder / DONE) == asked
    except (OSError, *UNREADABLE):
        return False


def _minutes(folder: Path) -> float:
    """Return the minutes that a finished training took."""
    stages = load_json(folder / "training.json")["stages"]
    return sum(stage["minutes"] for stage in stages.values())


def _train(
    args: argparse.Namespace,
    entry: Entry,
    out: Path,
    prepared: Path | None,
    budget: float | None,
    given: Mapping[str, str],
) -> None:
    if prepared is not None:
        entry.system.train_prepared(prepared, out=out, budget_minutes=budget)
    else:
        entry.system.train(
            args.dataset or entry.dataset,
            args.profile or "laptop",
            out=out,
            seed=args.seed or 0,
            budget_minutes=budget,
            **given,
        )
    if os.environ.get("LOCAL_RANK", "0") == "0":  # of several processes only the first one prints
        print(f"saved in {out}", flush=True)


def _chosen(args: argparse.Namespace) -> tuple[Entry | None, dict[str, str]]:
    """Return the system, None for all of them, and the given options that only this system has.
    Raises WorkbenchError for those of others; all systems together take none."""
    entry = None if args.system == ALL else SYSTEMS[args.system]
    known = {option for other in SYSTEMS.values() for option in other.options}
    given = {option: getattr(args, option) for option in known if getattr(args, option)}
    own = entry.options if entry else {}
    for option in sorted(given.keys() - own.keys()):
        raise WorkbenchError(
            f"--{option}: is not an option of {args.command} {entry.key if entry else ALL}"
        )
    return entry, given


def _each(work: Callable[[Run], None]) -> int:
    """Do the work for each run of `runs`; a failure does not stop the others and is named at the
    end. Returns the exit status."""
    failed = []
    for run in runs():
        try:
            work(run)
        except Exception as error:  # of any kind: the others go on, and the end names it
            reason = one_line(error) or type(error).__name__
            failed.append(run.name)
            print(f"workbench: {run.name}: {reason}", file=sys.stderr, flush=True)
    return _ended(failed)


def _ended(failed: Sequence[str]) -> int:
    """Name the trainings that failed. Returns the exit status."""
    if failed:
        print(f"workbench: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0
