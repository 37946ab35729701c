"""Benchmarks of DiffusionLM on songs kept out of training: tables on the screen, and JSON.

    workbench evaluate piano --checkpoint piano-diffusion --out piano.json
    workbench evaluate piano --checkpoint my-piano --only control --quick
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.benchmarks import piano_control, piano_likelihood
from workbench.benchmarks.piano_data import PianoBench
from workbench.benchmarks.table import Report
from workbench.errors import WorkbenchError

SECTIONS: dict[str, Callable[[PianoBench], None]] = {
    "bits": piano_likelihood.bits,
    "samples": piano_likelihood.samples,
    "control": piano_control.control,
    "steps": piano_likelihood.few_steps,
    "backbones": piano_control.backbones,
}


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = argparse.ArgumentParser(
        prog="workbench evaluate piano",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = options.add_argument
    add("--checkpoint", default="piano-diffusion", metavar="NAME_OR_FOLDER")
    add("--dataset", default="pop909+openscore-lieder", help='names or folders, joined by "+"')
    add("--only", nargs="+", choices=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS))
    add("--out", type=Path, help="JSON file for all tables")
    add("--n", type=int, default=128, help="samples and held-out windows (default 128)")
    add("--steps", type=int, default=100, help="of the sampler (default 100)")
    add("--seed", type=int, default=0)
    add("--quick", action="store_true", help="fewer samples and training steps")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print their tables, write the JSON."""
    args = parser().parse_args(argv)
    try:
        from workbench.systems.diffusion_lm import DiffusionLM

        about = {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()}
        bench = PianoBench(
            DiffusionLM.from_pretrained(args.checkpoint), args.dataset,
            Report(benchmark="piano", **about), n=min(args.n, 8) if args.quick else args.n,
            steps=min(args.steps, 10) if args.quick else args.steps, seed=args.seed,
            quick=args.quick,
        )  # fmt: skip
        for name in args.only or SECTIONS:
            started = time.monotonic()
            SECTIONS[name](bench)
            bench.times[name] = round(time.monotonic() - started, 1)
            if args.out:  # after each section, so that a run cut short leaves what it has
                bench.report.about["seconds"] = bench.times
                bench.report.write(args.out)
    except WorkbenchError as error:
        print(f"workbench evaluate piano: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
