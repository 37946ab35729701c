"""Game MIDI: music of open games."""

from __future__ import annotations

from pathlib import Path

from workbench.datasets.entry import Entry
from workbench.datasets.song_sets import BY_SONG, scores_by, songs_in, words_of
from workbench.datasets.songs import Rule


def _game_midi(folder: Path) -> Rule:
    return Rule(
        lambda relative: "/".join((relative.parts[0], relative.stem)),
        lambda relative: {"game": relative.parts[0], "title": words_of(relative.stem)},
    )


GAME_MIDI = Entry(
    name="game-midi",
    title="Game MIDI: music of open games (Freedoom, Simutrans)",
    licence="BSD-3-Clause (Freedoom), Artistic License (Simutrans)",
    licence_url="https://opensource.org/license/bsd-3-clause",
    citation="The musicians of Freedoom and of Simutrans, named in the games' credits.",
    homepage="https://github.com/freedoom/freedoom",
    how_to_get=(
        "put musics/ of Freedoom and music/ of Simutrans (https://github.com/simutrans/"
        "simutrans) into the cache folder (WORKBENCH_CACHE) under the name game-midi"
    ),
    size="165 pieces, most with drums",
    splits=BY_SONG + "game and file name",
    finder=songs_in,
    scores=scores_by(_game_midi),
)
