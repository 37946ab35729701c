"""OpenEWLD: lead sheets in the public domain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.datasets.entry import MIT, Entry
from workbench.datasets.song_sets import BY_SONG, by_hand, scores_by, songs_in
from workbench.datasets.songs import Rule
from workbench.tables import read_table, spelled


def _openewld(folder: Path) -> Rule:
    """Labels from labels.csv: title, genre, style, meter, key, composer; "" if missing."""
    columns = {"midi", "title", "meter", "tonality", "genres", "styles", "authors"}
    table = read_table(folder / "labels.csv", needs=columns)
    rows = {spelled(row["midi"]): row for row in table.rows}

    def labels(relative: Path) -> dict[str, Any]:
        row = rows.get(spelled(relative))
        if row is None:
            return {}
        return {
            "title": row["title"],
            "composer": row["authors"],
            "genre": row["genres"],
            "style": row["styles"],
            "meter": row["meter"],
            "key": row["tonality"],
        }

    return Rule(lambda relative: "/".join(relative.parts[-3:-1]) or relative.stem, labels)


OPENEWLD = Entry(
    name="openewld",
    title="OpenEWLD: lead sheets in the public domain, converted to MIDI",
    licence="public domain; the collection MIT",
    licence_url=MIT,
    citation=(
        "Federico Simonetta, Filippo Carnovalini, Nicola Orio, Antonio Rodà: Symbolic Music "
        "Similarity through a Graph-Based Representation. Audio Mostly, 2018."
    ),
    homepage="https://framagit.org/sapo/OpenEWLD",
    how_to_get=by_hand("openewld"),
    size="410 melodies",
    splits=BY_SONG + "author and title",
    finder=songs_in,
    scores=scores_by(_openewld),
)
