"""OpenScore: orchestral movements, and songs for voice and piano."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from workbench.datasets.entry import CC0, Entry, Recipe
from workbench.datasets.song_sets import BY_SONG, by_hand, scores_by, songs_in, words_of
from workbench.datasets.songs import Rule


def _composer(part: str) -> str:
    """ "Beach,_Amy" → "Amy Beach"."""
    last, _, first = words_of(part).partition(", ")
    return f"{first} {last}".strip()


def _openscore(folder: Path, *, work: bool) -> Rule:
    """…/Composer/Work/Part/file.mid. The split is by work if its parts are movements of one piece
    (`work`), otherwise by part, because each part is a song."""

    def inside(relative: Path) -> tuple[str, ...]:
        parts = relative.parts
        for top in ("scores", "data"):
            if top in parts[:-3]:
                return parts[parts.index(top) + 1 :]
        return parts

    def song(relative: Path) -> str:
        parts = inside(relative)[:-1]
        return (parts[1] if work and len(parts) > 1 else "/".join(parts)) or relative.stem

    def labels(relative: Path) -> dict[str, Any]:
        parts = inside(relative)
        if len(parts) < 4:
            return {}
        title = words_of(parts[2]) if not work else f"{words_of(parts[1])}, {words_of(parts[2])}"
        return {"composer": _composer(parts[0]), "work": words_of(parts[1]), "title": title}

    return Rule(song, labels)


ORCHESTRA = Entry(
    name="openscore-orchestra",
    title="OpenScore Orchestra: orchestral movements, converted to MIDI",
    licence="CC0 1.0",
    licence_url=CC0,
    citation="Mark Gotham and others: OpenScore Orchestra, in the Hauptstimme corpus, 2025.",
    homepage="https://github.com/MarkGotham/Hauptstimme",
    how_to_get=by_hand("openscore-orchestra"),
    size="96 movements",
    splits=BY_SONG + "the work's name, its movements together",
    finder=songs_in,
    scores=scores_by(partial(_openscore, work=True)),
    recipe=Recipe(each=8, genre="orchestra"),
)


LIEDER = Entry(
    name="openscore-lieder",
    title="OpenScore Lieder: songs for voice and piano, converted to MIDI",
    licence="CC0 1.0",
    licence_url=CC0,
    citation=(
        "Mark Gotham, Peter Jonas: The OpenScore Lieder Corpus. Music Encoding Conference, 2021."
    ),
    homepage="https://github.com/OpenScore/Lieder",
    how_to_get=by_hand("openscore-lieder"),
    size="1,072 songs",
    splits=BY_SONG + "composer, cycle and song",
    finder=songs_in,
    scores=scores_by(partial(_openscore, work=False)),
    recipe=Recipe(limit=200, genre="art song"),
)
