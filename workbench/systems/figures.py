"""The figures of all systems, beside real music and the papers: one table.

Nothing is measured here: `workbench evaluate drums|songs|piano|sound|music` does that, and
`python -m workbench.benchmarks.cards` stores it with the checkpoint. Notebook:
`notebooks/12_evaluation.ipynb`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import MissingDataError
from workbench.evaluation.table import cell
from workbench.files import UNREADABLE, load_json
from workbench.systems.registry import SYSTEMS, find, resolve
from workbench.systems.storage import folder_of

_UNIT = re.compile(r"^(.*\b(?:nats|bits)) a ")
MEASURED = "measured.json"  # a card's tables as numbers: benchmark, sections
COLUMNS = ["system", "figure", "ours", "real music", "trivial baseline", "paper"]
NOTES = [
    "↑ more is better, ↓ less is better. Real music: other real music, measured in the same way; "
    "the best value to expect. Trivial baseline: shuffled prompts or words, a Markov chain, "
    "decoded noise, the sound of another caption.",
    "The papers use other data and other embedders: compare how far a figure is from its floor, "
    "never the raw values. (rebuilt): the paper's method on our data.",
]


@dataclass(frozen=True)
class Figure:
    """One line of the table of all systems, and where the results of a benchmark hold its values.

    Args:
        name: Name of the line.
        section: Section of the benchmark; "" if only the paper measured this.
        column: Column of the section.
        own: Id of the system's row in the section.
        real: Id of the row of real music; "" if it has no meaning here.
        trivial: Id of the row of the trivial baseline; "" if there is none.
        paper: The value that the paper reports.
        rebuilt: Id of the row of the paper's method, rebuilt on our data.
        over: Id of the row that all values are divided by.
    """

    name: str
    section: str
    column: str
    own: str = "own"
    real: str = "real"
    trivial: str = "trivial"
    paper: str = ""
    rebuilt: str = ""
    over: str = ""


DRUMS = (
    Figure(
        name="accuracy of a judge against real loops ↓",
        section="realism",
        column="features, other performances",
    ),
    Figure(name="requested style recognised ↑", section="following", column="accuracy"),
    Figure(name="Fréchet distance (own contrastive tower) ↓", section="frechet", column="Fréchet"),
    Figure(
        name="Hamming distance of loops for one prompt",
        section="paper",
        column="Hamming",
        paper="same prompt below different prompts",
    ),
    Figure(
        name="hits reconstructed by the autoencoder, F1 ↑",
        section="reconstruction",
        column="F1",
        real="",
        rebuilt="rebuilt",
    ),
    Figure(
        name="match with the text, rated by people, 1 to 5 ↑",
        section="",
        column="",
        own="",
        real="",
        trivial="",
        paper="BERT 3.59, keywords 3.37, human 3.40, empty prompt 3.35",
    ),
)

SONGS = (
    Figure(
        name="nats per token of held-out songs ↓",
        section="likelihood",
        column="nats per token",
        real="",
        paper="a chart without numbers",
    ),
    Figure(
        name="nats per note of four hidden bars ↓",
        section="inpainting",
        column="nats per note of the true bars",
        real="",
        rebuilt="rebuilt",
    ),
    Figure(
        name="four-note figures repeated from elsewhere in the song",
        section="inpainting",
        column="copied",
    ),
)

PIANO = (
    Figure(name="bits per word, upper bound ↓", section="bits", column="bits per word", real=""),
    Figure(
        name="bits per word, rounding term alone",
        section="",
        column="",
        own="",
        real="",
        trivial="",
        paper="0.00007",
    ),
    Figure(
        name="bits per word of samples under a GPT judge ↓",
        section="samples",
        column="judge: bits per word",
    ),
)

SOUND = (
    Figure(
        name="Fréchet distance (MusiCNN) ↓",
        section="public",
        column="Fréchet",
        paper="385,721 (VGGish)",
    ),
    Figure(
        name="the same, divided by the prior's ↓",
        section="public",
        column="Fréchet",
        paper="0.54",
        over="trivial",
    ),
    Figure(
        name="sliced Wasserstein, standardised latents ↓",
        section="wasserstein",
        column="standardised",
        paper="0.0775",
    ),
    Figure(
        name="log-spectral distance of reconstructions, dB ↓",
        section="recordings",
        column="renders: LSD, dB",
        real="",
    ),
)

MUSIC = (
    Figure(name="inception score ↑", section="quality", column="IS", trivial="", paper="1.82"),
    Figure(
        name="relevance of sound to text ↑", section="quality", column="relevance", paper="0.281"
    ),
    Figure(
        name="SIM_AA@95, near copies ↓",
        section="quality",
        column="SIM_AA@95",
        trivial="",
        paper="0.020",
    ),
    Figure(name="Fréchet distance (MusiCNN) ↓", section="public", column="Fréchet", trivial=""),
    Figure(
        name="log-spectral distance of reconstructions, dB ↓",
        section="recordings",
        column="renders: LSD, dB",
        real="",
    ),
)


def shipped_checkpoints() -> list[str]:
    """Return the shipped checkpoint of each system."""
    return [entry.checkpoint for entry in SYSTEMS.values()]


def figures_of(benchmark: str) -> tuple[Figure, ...]:
    """Return the lines of a system in the order of the table. benchmark: the system's key."""
    return resolve(find(benchmark).figures)


def rows_of(checkpoints: Sequence[str] | None = None) -> list[list[Any]]:
    """Return the rows of the table.

    Args:
        checkpoints: Names or folders; by default the shipped checkpoint of each system.

    Returns:
        Rows of system, figure, ours, real music, trivial baseline, paper; None where there is no
        value.

    Raises:
        MissingDataError: If a checkpoint has no measurements.
    """
    rows = []
    for name in shipped_checkpoints() if checkpoints is None else checkpoints:
        path = folder_of(name) / MEASURED
        try:
            measured = load_json(path)
            kind, sections = measured["benchmark"], measured["sections"]
        except (OSError, KeyError, TypeError, *UNREADABLE) as error:
            raise MissingDataError(
                f"{path}: no measurements ({error}); run workbench evaluate, then python -m "
                "workbench.benchmarks.cards"
            ) from None
        title = find(kind).name
        rows += [[title, *_row(figure, sections)] for figure in figures_of(kind)]
    return rows


def _row(figure: Figure, sections: dict[str, Any]) -> list[Any]:
    section = dict(sections.get(figure.section) or {})
    if section:  # older cards have columns such as "nats a token"
        section["columns"] = [_UNIT.sub(r"\1 per ", name) for name in section["columns"]]

    def at(row_id: str) -> Any:
        return cell(section or None, row_id, figure.column)

    own, real, trivial = at(figure.own), at(figure.real), at(figure.trivial)
    if share := at(figure.over):
        own, real, trivial = (v if v is None else v / share for v in (own, real, trivial))
    rebuilt = at(figure.rebuilt)
    paper = figure.paper or (f"{rebuilt:.3f} (rebuilt)" if rebuilt is not None else None)
    return [figure.name, own, real, trivial, paper]
