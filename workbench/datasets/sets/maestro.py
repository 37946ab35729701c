"""MAESTRO: piano performances of a competition, with their official split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.datasets.entry import Archive, Entry
from workbench.datasets.folder import split_of_word
from workbench.datasets.song_sets import scores_by, songs_in
from workbench.datasets.songs import Rule
from workbench.tables import read_table, spelled


def _maestro(folder: Path) -> Rule:
    """The official split, in which all performances of a piece are together; labels from the
    table."""
    columns = {"canonical_composer", "canonical_title", "split", "year", "midi_filename"}
    table = read_table(folder / "maestro-v3.0.0.csv", needs=columns)
    rows = {spelled(row["midi_filename"]): row for row in table.rows}
    splits = {name: split_of_word(row["split"]) for name, row in rows.items()}
    for name, split in splits.items():
        if split is None:
            raise rows[name].error("split", f"{rows[name]['split']!r} is not a split")

    def labels(relative: Path) -> dict[str, Any]:
        row = rows[spelled(relative)]
        return {
            "composer": row["canonical_composer"],
            "title": row["canonical_title"],
            "year": row["year"],
        }

    def song(relative: Path) -> str:
        row = rows[spelled(relative)]
        return f"{row['canonical_composer']}/{row['canonical_title']}"

    return Rule(
        song,
        labels,
        lambda relative: spelled(relative) in rows,
        lambda relative: splits[spelled(relative)],
    )


MAESTRO = Entry(
    name="maestro",
    title="MAESTRO v3.0.0 (MIDI only): piano performances of a competition",
    licence="CC BY-NC-SA 4.0",
    licence_url="https://creativecommons.org/licenses/by-nc-sa/4.0/",
    citation=(
        "Curtis Hawthorne, Andriy Stasyuk, Adam Roberts, Ian Simon, Cheng-Zhi Anna Huang, "
        "Sander Dieleman, Erich Elsen, Jesse Engel, Douglas Eck: Enabling Factorized Piano "
        "Music Modeling and Generation with the MAESTRO Dataset. International Conference on "
        "Learning Representations (ICLR), 2019."
    ),
    homepage="https://magenta.tensorflow.org/datasets/maestro",
    how_to_get="python data_scripts/maestro.py",
    size="1,276 performances, 199 hours; 58 MB zipped",
    splits="the official one, all performances of a piece together",
    url=(
        "https://storage.googleapis.com/magentadata/datasets/maestro/v3.0.0/maestro-v3.0.0-midi.zip"
    ),
    # As published on the set's page.
    sha256="70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c",
    bytes=58_416_533,
    archive=Archive("maestro-v3.0.0", "maestro-v3.0.0.csv"),
    finder=songs_in,
    scores=scores_by(_maestro),
)
