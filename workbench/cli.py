"""The command `workbench`: draw loops, train, evaluate, run the notebooks into a report.

Started by Fabric's launcher it trains on several devices: `fabric run --devices 2
workbench/cli.py train drums`.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import experiment_command, options
from workbench.errors import WorkbenchError
from workbench.extras import missing
from workbench.grading.commands import add_commands
from workbench.options import check_out, one_line
from workbench.systems.registry import SYSTEMS, datasets, find, resolve
from workbench.version import __version__

if TYPE_CHECKING:
    from workbench.music.clip import Clip

PROFILES = ("smoke", "laptop", "gpu", "paper")
EVALUATIONS = [*SYSTEMS, "systems", "beats", "tokens", "tokenisers", "metrics", "speed"]


def parser() -> argparse.ArgumentParser:
    top = options.Parser(prog="workbench", description=__doc__.splitlines()[0])
    top.add_argument("--version", action="version", version=__version__)
    top.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    add = commands.add_parser("generate", help="draw drum loops for a prompt")
    add.add_argument("prompt", help="the words, such as 'slow funk, 92 bpm'")
    add.add_argument("-n", type=options.whole(1), default=1, help="number of takes")
    add.add_argument("--bars", type=options.whole(1), default=8, help="length of a take")
    add.add_argument(
        "--steps", type=options.whole(1), default=20, help="of the sampler; more take longer"
    )
    add.add_argument(
        "--guidance", type=options.number(), default=1.5, help="how closely to follow words"
    )
    add.add_argument("--tempo", type=options.number(), help="BPM; by default what the prompt says")
    add.add_argument("--seed", type=options.seed, default=0, help="same seed, same result")
    add.add_argument(
        "--checkpoint", type=options.nonempty, default="drums-groove-bert", help="a name or folder"
    )
    add.add_argument("--out", type=options.path, default=Path("."), help="folder for the files")
    add.add_argument("--wav", action="store_true", help="write sound, too")
    add.add_argument("--force", action="store_true", help="overwrite files of the same names")
    add.set_defaults(run=generate)

    add = commands.add_parser("fill", help="write bars of a MIDI file anew")
    add.add_argument("midi", type=options.path, help="the MIDI file")
    add.add_argument("--bars", required=True, metavar="FIRST-LAST", help="such as 9-12, from 1 on")
    add.add_argument(
        "--tracks",
        nargs="+",
        type=options.nonempty,
        help="names of tracks, track1 and so on, MIDI programs, drums; default: all that play "
        "within four bars, but drums only if the checkpoint was trained on drums",
    )
    add.add_argument("-n", type=options.whole(1), default=1, help="number of versions")
    add.add_argument(
        "--temperature", type=options.number(0), default=1.0, help="below 1: safer; above: bolder"
    )
    add.add_argument("--seed", type=options.seed, default=0, help="same seed, same result")
    add.add_argument(
        "--checkpoint", type=options.nonempty, default="songs-gpt", help="a name or folder"
    )
    add.add_argument("--out", type=options.path, default=Path("."), help="folder for the files")
    add.add_argument("--force", action="store_true", help="overwrite files of the same names")
    add.set_defaults(run=fill)

    add = commands.add_parser("train", help="train a system; the same command resumes")
    add.add_argument("system", choices=list(SYSTEMS))
    add.add_argument("--dataset", type=datasets, help='a name or a folder; several joined by "+"')
    add.add_argument("--profile", default="laptop", choices=PROFILES, help="size")
    for key, entry in SYSTEMS.items():
        for option, meaning in entry.options.items():
            add.add_argument(f"--{option}", type=options.nonempty, help=f"{key}: {meaning}")
    add.add_argument("--out", type=options.path, help="folder of the run, by default runs/SYSTEM")
    add.add_argument("--seed", type=options.seed, default=0, help="same seed, same result")
    add.add_argument("--budget-minutes", type=options.number(0), help="stop after so long")
    add.set_defaults(run=train)

    add = commands.add_parser("evaluate", help="print tables of measurements")
    add.add_argument("what", choices=EVALUATIONS, help="WHAT --help shows its options")
    add.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    add.set_defaults(run=evaluate)

    add = commands.add_parser("listen", help="blind listening tests")
    add.format_help = _listen_help  # type: ignore[method-assign]
    add.add_argument("rest", nargs=argparse.REMAINDER)
    add.set_defaults(run=listen)

    add = commands.add_parser("report", help="run the notebooks into one HTML report")
    add.add_argument("--profile", default="smoke", choices=PROFILES, help="size")
    add.add_argument(
        "--dataset", type=datasets, help="for all notebooks; by default each one's own"
    )
    add.add_argument("--seed", type=options.seed, default=0, help="same seed, same result")
    add.add_argument(
        "--out", type=options.path, help="folder; default: report, or that of the marks"
    )
    add.add_argument(
        "--single-file",
        action="store_true",
        help="write report.html, too: page and executed notebooks in one file to send on",
    )
    add.add_argument(
        "--only", nargs="+", type=options.nonempty, metavar="NN", help="numbers of notebooks"
    )
    add.add_argument("--jobs", type=options.whole(1), help="notebooks at a time")
    add.add_argument("--solutions", action="store_true", help="with the exercises solved")
    add.add_argument("--timeout", type=options.number(1), default=1800, help="seconds a notebook")
    add.add_argument("--record", action="store_true", help="keep the times for the notebooks")
    add.add_argument(
        "--submissions", type=options.path, metavar="MARKS", help="compare a graded class"
    )
    add.set_defaults(run=report)

    add = commands.add_parser(
        "site", help="executed course, API reference and llms.txt as static pages"
    )
    add.add_argument("--out", type=options.path, default=Path("site"), help="folder for the pages")
    notebooks_of = add.add_mutually_exclusive_group()
    notebooks_of.add_argument(
        "--report",
        type=options.path,
        metavar="FOLDER",
        help="take the executed notebooks of this report; default: run them",
    )
    notebooks_of.add_argument("--profile", default="smoke", choices=PROFILES, help="size")
    add.add_argument(
        "--only", nargs="+", type=options.nonempty, metavar="NN", help="numbers of notebooks"
    )
    add.set_defaults(run=site)

    add = commands.add_parser("gallery", help="clips of every shipped system in one HTML page")
    add.add_argument(
        "--out", type=options.path, default=Path("gallery"), help="folder for the page"
    )
    add.add_argument("--only", nargs="+", choices=list(SYSTEMS), help="systems")
    add.add_argument("--seed", type=options.seed, default=1, help="same seed, same clips")
    add.set_defaults(run=gallery)
    experiment_command.add(commands, PROFILES)
    add_commands(commands)

    add = commands.add_parser("lab", help="open JupyterLab on the first lesson")
    add.add_argument(
        "--folder",
        type=options.path,
        default=Path("notebooks"),
        help="outside of a checkout: where the notebooks are copied to",
    )
    add.set_defaults(run=lab)

    add = commands.add_parser("notebooks", help="regenerate notebooks/*.ipynb from notebooks/src")
    add.add_argument("--check", action="store_true", help="only say whether they are in step")
    add.set_defaults(run=notebooks)

    add = commands.add_parser("data", help="the data sets")
    add.add_argument("action", choices=["list", "get"])
    add.add_argument("name", nargs="?", type=options.nonempty)
    add.set_defaults(run=data)
    return top


def _listen_help() -> str:
    from workbench.listening.command import parser

    return parser().format_help()


def generate(args: argparse.Namespace) -> int:
    from workbench.music.writing import file_stem
    from workbench.systems.drum_ldm import DrumLDM

    check_out(args.out)
    system = DrumLDM.from_pretrained(args.checkpoint)
    for message in system.explain_prompt(args.prompt).messages:
        print(message, file=sys.stderr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of what the messages have just said
        clips = system.generate(
            args.prompt,
            args.n,
            bars=args.bars,
            steps=args.steps,
            guidance=args.guidance,
            tempo=args.tempo,
            seed=args.seed,
        )
    _write(clips, [file_stem(clip, args.prompt) for clip in clips], args)
    return 0


def _write(clips: Sequence[Clip], stems: Sequence[str], args: argparse.Namespace) -> None:
    """Write clips as MIDI, with --wav as sound, too; without --force no file is overwritten."""
    suffixes = (".mid", ".wav") if getattr(args, "wav", False) else (".mid",)
    paths = [[args.out / f"{stem}{suffix}" for suffix in suffixes] for stem in stems]
    there = [path for row in paths for path in row if path.exists()]
    if there and not args.force:
        others = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise WorkbenchError(
            f"{there[0]}{others} exists; give --force to overwrite, or another --seed or --out"
        )
    for clip, row in zip(clips, paths, strict=True):
        for path in row:
            clip.write_midi(path) if path.suffix == ".mid" else clip.write_audio(path)
            print(path)


def fill(args: argparse.Namespace) -> int:
    from workbench.music.clip import Clip
    from workbench.music.writing import file_stem
    from workbench.systems.midigpt import MidiGPT

    found = re.fullmatch("([0-9]{1,6})(?:-([0-9]{1,6}))?", args.bars)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        raise WorkbenchError(
            f"--bars {args.bars[:40]}: give FIRST-LAST, such as 9-12; bars count from 1, and FIRST "
            "is not after LAST"
        )
    tracks = args.tracks and [int(t) if re.fullmatch("[0-9]{1,6}", t) else t for t in args.tracks]
    check_out(args.out)
    clip, system = Clip.read_midi(args.midi), MidiGPT.from_pretrained(args.checkpoint)
    hole = (first - 1, last)
    versions = system.fill(clip, hole, tracks, args.n, temperature=args.temperature, seed=args.seed)
    words = f"{args.midi.stem} bars {args.bars}"
    _write(versions, [file_stem(version, words) for version in versions], args)
    return 0


def train(args: argparse.Namespace) -> int:
    entry = find(args.system)
    known = {option for other in SYSTEMS.values() for option in other.options}
    given = {option: getattr(args, option) for option in known if getattr(args, option)}
    for option in sorted(given.keys() - entry.options.keys()):
        raise WorkbenchError(f"--{option}: is not an option of train {entry.key}")
    args.out = args.out or Path("runs") / entry.key
    check_out(args.out)
    entry.system.train(
        args.dataset or entry.dataset,
        args.profile,
        out=args.out,
        seed=args.seed,
        budget_minutes=args.budget_minutes,
        **given,
    )
    if os.environ.get("LOCAL_RANK", "0") == "0":  # of several processes the first one speaks
        print(f"saved in {args.out}")
    return 0


def evaluate(args: argparse.Namespace) -> int:
    entry = SYSTEMS.get(args.what)
    module = entry.benchmark if entry else f"workbench.benchmarks.{args.what}"
    return int(resolve(module).main(args.rest) or 0)


def listen(args: argparse.Namespace) -> int:
    from workbench.listening.command import main

    return main(args.rest)


def _end_on_request() -> None:
    """Asked to end by a job system, end the notebooks' processes as on Ctrl-C."""
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)


def report(args: argparse.Namespace) -> int:
    if args.submissions:
        from workbench.grading.classroom import compare

        print(f"class: {compare(args.submissions, args.out)}")
        return 0
    from workbench.report import run_report

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
    from workbench.site.build import build_site

    check_out(args.out)
    _end_on_request()
    return build_site(args.out, report=args.report, profile=args.profile, only=args.only)


def gallery(args: argparse.Namespace) -> int:
    from workbench.gallery import make

    check_out(args.out)
    make(args.out, only=args.only, seed=args.seed)
    return 0


def lab(args: argparse.Namespace) -> int:
    from workbench.lab import open_lab

    return open_lab(args.folder)


def notebooks(args: argparse.Namespace) -> int:
    from workbench.notebooks import regenerate, stale

    paths = stale() if args.check else regenerate()
    for path in paths:
        print(f"{'out of step' if args.check else 'written'}: {path}")
    return 1 if args.check and paths else 0


def data(args: argparse.Namespace) -> int:
    from workbench.datasets import CATALOGUE

    if args.action == "list":
        if args.name:
            raise WorkbenchError(f"data list: takes no name, here {args.name!r}; leave it out")
        for entry in CATALOGUE.values():
            print(f"{entry.name}: {entry.title}; {entry.licence}; {entry.size}")
        return 0
    from workbench.datasets.archives import describe, get

    if args.name in CATALOGUE:
        print(describe(CATALOGUE[args.name]), flush=True)
    print(get(args.name or ""))
    return 0


def _show_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    """A warning as one line, without the place in the code."""
    print(f"workbench: warning: {message}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; an error made on purpose is one line and exit status 2."""
    args = parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):  # names of files need not be text
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return args.run(args)
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
    # run as a script, this folder leads the path, and its datasets/ hides packages of that name
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    sys.exit(main())
