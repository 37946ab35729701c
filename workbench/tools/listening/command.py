"""`workbench listen …`: make a listening test, serve it to a class, merge the answers, analyse.

    workbench listen make --out test --systems drums-groove-bert drums-groove-keywords
    workbench listen make --out own --clips my-clips --design ab
    workbench listen serve test
    workbench listen merge test/answers.sqlite sent-in/ --key test/key.json --out answers.csv
    workbench listen analyse answers.csv --key test/key.json --out analysis.json

Hand out test.html, or serve it. Keep key.json secret: it says who made which clip.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Sequence
from pathlib import Path

from workbench import options
from workbench.errors import WorkbenchError
from workbench.options import check_out
from workbench.systems.registry import SYSTEMS, datasets
from workbench.tools.listening import analysis, answers, server
from workbench.tools.listening.design import make_test, read_key
from workbench.tools.listening.page import minutes
from workbench.tools.listening.tables import report_of


def parser() -> argparse.ArgumentParser:
    top = options.Parser(
        prog="workbench listen", description=__doc__, formatter_class=options.RawHelp
    )
    commands = top.add_subparsers(dest="action", required=True, metavar="ACTION")

    add = commands.add_parser("make", help="write test.html and key.json")
    add.add_argument("--out", type=options.path, required=True, help="folder for the two files")
    add.add_argument(
        "--design",
        default="ratings",
        choices=["ratings", "ab"],
        help="rate single clips, or choose one of two",
    )
    add.add_argument(
        "--title", type=options.nonempty, default="Listening test", help="heading of the page"
    )
    add.add_argument(
        "--seconds", type=options.number(0.1), default=8.0, help="maximal length of a clip"
    )
    add.add_argument(
        "--seed", type=options.seed, help="seed of names and order (default: random, in the key)"
    )
    add.add_argument("--clips", type=options.path, help="your own clips: a folder per source")
    add.add_argument(
        "--systems",
        nargs="+",
        type=options.nonempty,
        metavar="SYSTEM",
        default=["drums-groove-bert", "drums-groove-keywords"],
        help=f"in place of clips: checkpoints, or {', '.join(SYSTEMS)} for the shipped one; all of "
        "one kind",
    )
    add.add_argument("--dataset", type=datasets, help="data set whose test split is people's music")
    add.add_argument("--prompts", type=options.whole(1), default=5, help="number of prompts")
    add.set_defaults(run=make)

    add = commands.add_parser("serve", help="serve a test on this machine's network address")
    add.add_argument("folder", type=options.path, help="folder with test.html and key.json")
    add.add_argument(
        "--host", type=options.nonempty, default="0.0.0.0", help="127.0.0.1 for this machine only"
    )
    add.add_argument(
        "--port", type=options.whole(0, 65535), default=8765, help="port of the address"
    )
    add.set_defaults(run=serve)

    add = commands.add_parser("merge", help="join answer files and databases into one table")
    add.add_argument(
        "answers", type=options.path, nargs="+", help="files, databases, or their folders"
    )
    add.add_argument("--key", type=options.path, required=True, help="the key.json of the test")
    add.add_argument("--out", type=options.path, default=Path("answers.csv"), help="the table")
    add.set_defaults(run=merge)

    add = commands.add_parser("analyse", help="means, differences, agreement, raters needed")
    add.add_argument("answers", type=options.path, help="the table that merge wrote")
    add.add_argument("--key", type=options.path, required=True, help="the key.json of the test")
    add.add_argument("--out", type=options.path, help="the same figures as JSON")
    add.add_argument(
        "--keep-failed", action="store_true", help="include raters who failed the check"
    )
    add.add_argument("--seed", type=options.seed, default=0, help="seed of the bootstrap")
    add.set_defaults(run=analyse)
    return top


def make(args: argparse.Namespace) -> int:
    # imports PyTorch, which only this command needs
    from workbench.tools.listening.materials import (
        folder_materials,
        practice_clip,
        system_materials,
    )

    if (args.out / "key.json").exists():  # without its key, an earlier test could not be analysed
        raise WorkbenchError(
            f"--out {args.out}: already contains a test (key.json); choose another folder"
        )
    seed = secrets.randbelow(2**31) if args.seed is None else args.seed
    if args.clips:
        materials = folder_materials(args.clips)
    else:
        materials = system_materials(args.systems, args.dataset, prompts=args.prompts, seed=seed)
    test = make_test(
        materials,
        practice_clip(),
        design=args.design,
        title=args.title,
        seconds=args.seconds,
        seed=seed,
    )
    page, key = test.write(args.out)
    size = page.stat().st_size / 1e6
    print(
        f"{page}: {len(test.page['trials'])} trials, about {minutes(test.page)} minutes, "
        f"{size:.1f} MB; hand it out, or: workbench listen serve {args.out}"
    )
    print(f"{key}: says who made which clip; keep it secret")
    return 0


def serve(args: argparse.Namespace) -> int:
    return server.serve(args.folder, args.host, args.port)


def merge(args: argparse.Namespace) -> int:
    merged = answers.merge(args.answers, read_key(args.key))
    print(merged.summary())
    if not merged.answers:
        raise WorkbenchError("there are no answers; nothing was written")
    answers.write_answers(args.out, merged.answers)
    print(f"written: {args.out}")
    return 0


def analyse(args: argparse.Namespace) -> int:
    key = read_key(args.key)
    given = answers.read_answers(args.answers, key)
    found = analysis.analyse(key, given, keep_failed=args.keep_failed, seed=args.seed)
    report = report_of(found, title=key["title"])
    if args.out:
        report.write(args.out)
        print(f"\nwritten: {args.out}")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run `workbench listen`; the command line prints the errors."""
    args = parser().parse_args(argv)
    if getattr(args, "out", None) is not None:
        check_out(args.out, file=args.action != "make")
    return args.run(args)
