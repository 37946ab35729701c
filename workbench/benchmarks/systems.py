"""The five systems in one table: what their cards say, beside real music and the papers.

    workbench evaluate systems
    workbench evaluate systems --checkpoints my-drums my-music --out systems.json

Nothing is measured here: `workbench evaluate drums|songs|piano|sound|music` does that, and
`python -m workbench.benchmarks.cards` keeps it with the checkpoint. Notebook:
`notebooks/10_evaluation.ipynb`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.benchmarks.cards import MEASURED
from workbench.benchmarks.command import parser_of, run_command
from workbench.benchmarks.table import Report
from workbench.errors import MissingDataError
from workbench.systems.storage import folder_of

CHECKPOINTS = ("drums-groove-bert", "songs-gpt", "sound-ldmg", "music-ldm", "piano-diffusion")
TITLES = {"drums": "DrumLDM", "songs": "MidiGPT", "sound": "LDMG", "music": "MusicLDM",
          "piano": "DiffusionLM"}  # fmt: skip
COLUMNS = ["system", "figure", "ours", "real music", "trivial way", "paper"]
NOTES = [
    "↑ more is better, ↓ less is. Real music: other real music, measured in the same way, what a "
    "system can be asked to reach. Trivial way: shuffled prompts or words, a Markov chain, decoded "
    "noise, another caption's sound.",
    "The papers' data and encoders are others: compare how far a figure is from its floor, and "
    "never the raw values. (rebuilt): the paper's way on our data.",
]


@dataclass(frozen=True)
class Figure:
    """One line: where a benchmark's tables hold it. section, column: of the benchmark; own, real,
    trivial: how the first cell of their rows begins, {name} being the checkpoint's. over: a row
    that ours is divided by. paper: what the paper reports, or a row of its way, rebuilt."""

    benchmark: str
    name: str
    section: str
    column: str
    own: str
    real: str = ""
    trivial: str = ""
    paper: str = ""
    rebuilt: str = ""
    over: str = ""


FIGURES = (
    Figure("drums", "style heard as asked ↑", "following", "accuracy", "{name}: plain words",
           "real held-out loops", "{name}: shuffled prompts"),
    Figure("drums", "a judge tells it from real loops ↓", "realism",
           "features, other performances", "{name}",
           "floor: real training loops, same styles and tempi",
           "baseline: bars shuffled over loops"),
    Figure("drums", "Fréchet distance, contrastive embeddings ↓", "frechet", "Fréchet", "{name}",
           "floor: real training loops", "baseline: independent cells"),
    Figure("drums", "Hamming distance of loops for one prompt", "paper", "Hamming",
           "generated, same prompt", "held-out loops, same bucket", "generated, different prompts",
           "same prompt below different prompts"),
    Figure("drums", "hits rebuilt by the autoencoder, F1 ↑", "reconstruction", "F1", "{name}",
           "", "the commonest bar", rebuilt="paper's"),
    Figure("drums", "aptness to the words, rated by people, 1 to 5 ↑", "", "", "",
           paper="BERT 3.59, keywords 3.37, human 3.40, empty prompt 3.35"),
    Figure("songs", "nats a token of held-out songs ↓", "likelihood", "nats a token", "MidiGPT", "",
           "Markov chain of order 4", "a chart without numbers"),
    Figure("songs", "nats a note of four hidden bars ↓", "inpainting",
           "nats a note of the true bars", "fill-in-the-middle", "", "Markov chain",
           rebuilt="the seed's prompt"),
    Figure("songs", "figures it takes from the rest of the song", "inpainting", "copied",
           "fill-in-the-middle", "the true bars", "Markov chain"),
    Figure("sound", "Fréchet distance, nothing asked ↓", "frechet", "Fréchet",
           "diffusion, nothing asked", "floor: training windows", "VAE's prior",
           "385,721 (VGGish)"),
    Figure("sound", "the same, as a share of the prior's ↓", "frechet", "Fréchet",
           "diffusion, nothing asked", "floor: training windows", "VAE's prior", "0.54",
           over="VAE's prior"),
    Figure("sound", "sliced Wasserstein, standardised latents ↓", "wasserstein", "standardised",
           "drawn", "training music", "normal noise", "0.0775"),
    Figure("sound", "log-spectral distance of reconstructions, dB ↓", "coding",
           "log-spectral distance, dB", "VAE-GAN", "", "means of two by two"),
    Figure("music", "inception score ↑", "quality", "IS", "drawn, guidance 2",
           "the held-out windows", "", "1.82"),
    Figure("music", "relevance of sound to words ↑", "quality", "relevance", "drawn, guidance 2",
           "the held-out windows", "held-out windows of other captions", "0.281"),
    Figure("music", "SIM_AA@95, near copies ↓", "quality", "SIM_AA@95", "drawn, guidance 2",
           "the held-out windows", "", "0.020"),
    Figure("music", "Fréchet distance ↓", "quality", "Fréchet", "drawn, guidance 2",
           "training windows"),
    Figure("piano", "bits a word, a bound ↓", "bits", "bits a word", "DiffusionLM: bound", "",
           "Markov chain of order 3"),
    Figure("piano", "bits a word, rounding alone", "bits", "bits a word", "    rounding",
           paper="0.00007"),
    Figure("piano", "bits a word that a judge pays for samples ↓", "samples",
           "judge: bits a word", "DiffusionLM, 100 steps", "held-out windows",
           "held-out windows, words shuffled"),
)  # fmt: skip


def rows_of(checkpoints: Sequence[str] = CHECKPOINTS) -> list[list[Any]]:
    """The table's rows: system, figure, ours, real music, trivial way, paper. None where a thing
    was not measured, or does not exist. MissingDataError for a checkpoint without measurements."""
    rows = []
    for name in checkpoints:
        path = folder_of(name) / MEASURED
        try:
            measured = json.loads(path.read_text(encoding="utf-8"))
            kind, sections = measured["benchmark"], measured["sections"]
        except (OSError, ValueError, KeyError) as error:
            raise MissingDataError(
                f"{path}: no measurements ({error}); run workbench evaluate, then python -m "
                "workbench.benchmarks.cards"
            ) from None
        rows += [_row(f, sections, folder_of(name).name) for f in FIGURES if f.benchmark == kind]
    return rows


def _row(figure: Figure, sections: dict[str, Any], name: str) -> list[Any]:
    def at(row: str) -> Any:
        return _cell(sections.get(figure.section), figure.column, row.format(name=name))

    own, real, trivial = at(figure.own), at(figure.real), at(figure.trivial)
    if share := at(figure.over):
        own, real, trivial = (v if v is None else v / share for v in (own, real, trivial))
    rebuilt = at(figure.rebuilt)
    paper = figure.paper or (f"{rebuilt:.3f} (rebuilt)" if rebuilt is not None else None)
    return [TITLES[figure.benchmark], figure.name, own, real, trivial, paper]


def _cell(table: dict[str, Any] | None, column: str, row: str) -> Any:
    """Of the row of that name, else of the first one that begins so; None where there is none."""
    if not row or table is None or column not in table["columns"]:
        return None
    names = [str(line[0]) for line in table["rows"]]
    begun = [i for i, name in enumerate(names) if name.startswith(row)]
    found = names.index(row) if row in names else next(iter(begun), None)
    return None if found is None else table["rows"][found][table["columns"].index(column)]


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = parser_of("systems", __doc__)
    options.add_argument("--checkpoints", nargs="+", default=list(CHECKPOINTS), metavar="NAME")
    options.add_argument("--out", type=Path, help="JSON file for the table")
    return options


def _print(args: argparse.Namespace) -> None:
    report = Report(benchmark="systems", checkpoints=args.checkpoints)
    report.table("systems", "Five systems", COLUMNS, rows_of(args.checkpoints), NOTES)
    if args.out:
        report.write(args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(parser(), _print, argv)


if __name__ == "__main__":
    sys.exit(main())
