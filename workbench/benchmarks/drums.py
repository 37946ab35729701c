"""Benchmarks of a drum system on held-out sessions: prints tables and writes them as JSON.

    workbench evaluate drums --checkpoint drums-groove-bert drums-groove-keywords --out drums.json
    workbench evaluate drums --checkpoint my-drums --only realism following --quick

The first checkpoint is measured; prompt following compares it with the others. Each figure comes
with its floor, a baseline and the number of loops.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.benchmarks import (
    drum_ablation,
    drum_autoencoder,
    drum_downbeats,
    drum_following,
    drum_grooves,
    drum_objections,
    drum_prompts,
    drum_realism,
    drum_retrieval,
    drum_samplers,
    drum_similarity,
)
from workbench.benchmarks.bench import Bench
from workbench.benchmarks.command import run_command, sections_parser
from workbench.benchmarks.drum_data import DrumData
from workbench.benchmarks.drumbench.score import TAKES, Loaded, score, write
from workbench.evaluation.table import Report
from workbench.options import nonempty, number, whole
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.drum_ldm.sampler import GUIDANCE, STEPS
from workbench.systems.registry import datasets


def drumbench(bench: Bench) -> None:
    """Prompts as musicians write them, scored by rules on the notes: see `drumbench`."""
    takes = TAKES // 2 if bench.quick else TAKES
    write(bench.report, bench.name, score(Loaded(bench.system, takes, bench.seed)))


SECTIONS: dict[str, Callable[[Bench], None]] = {
    "realism": drum_realism.realism,
    "reconstruction": drum_autoencoder.reconstruction_table,
    "objections": drum_objections.table,
    "frechet": drum_realism.frechet,
    "rhythm": drum_realism.rhythm,
    "humanise": drum_grooves.humanise_table,
    "following": drum_following.styles,
    "spread": drum_following.spread,
    "downbeats": drum_downbeats.beats_by_prompt,
    "traits": drum_prompts.traits,
    "drumbench": drumbench,
    "novelty": drum_similarity.novelty,
    "paper": drum_similarity.paper_tables,
    "retrieval": drum_retrieval.retrieval_table,
    "samplers": drum_samplers.samplers,
    "guidance": drum_samplers.guidance,
    "ablation": drum_ablation.resolutions,
}


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = sections_parser(
        "drums", __doc__, SECTIONS, quick="fewer loops, seeds and training steps"
    )
    add = options.add_argument
    add(
        "--checkpoint",
        type=nonempty,
        nargs="+",
        default=["drums-groove-bert"],
        metavar="NAME_OR_FOLDER",
        help="the system to measure, and others to compare with",
    )
    add(
        "--dataset",
        type=datasets,
        default="groove",
        help="groove, or a folder with the same layout",
    )
    add("--n", type=whole(20), default=300, help="loops in each compared set (default 300)")
    add("--guidance", type=number(), default=GUIDANCE, help="of all generated loops")
    add("--steps", type=whole(1), default=STEPS, help="sampling steps")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print their tables, write the JSON."""
    return run_command(parser(), measure, argv)


def measure(args: argparse.Namespace) -> None:
    """The requested tables."""
    bench = _bench(args)
    bench.report.run(SECTIONS, bench, args.only, args.out)


def _bench(args: argparse.Namespace) -> Bench:
    systems = {Path(name).name: DrumLDM.from_pretrained(name) for name in args.checkpoint}
    n = min(args.n, 60) if args.quick else args.n
    about = {
        "benchmark": "drums",
        "checkpoints": args.checkpoint,
        "dataset": args.dataset,
        "n": n,
        "guidance": args.guidance,
        "steps": args.steps,
        "seed": args.seed,
        "quick": args.quick,
    }
    return Bench(
        systems,
        DrumData(args.dataset),
        Report(**about),
        n=n,
        takes=4 if args.quick else 16,
        guidance=args.guidance,
        steps=args.steps,
        seed=args.seed,
        quick=args.quick,
    )


if __name__ == "__main__":
    sys.exit(main())
