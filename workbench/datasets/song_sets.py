"""The named sets of whole songs: where they lie, how their songs are named, what is labelled."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from workbench.datasets.catalogue import CATALOGUE
from workbench.datasets.dataset import Dataset
from workbench.datasets.folder import midi_files, split_of_word
from workbench.datasets.songs import Rule, load_songs
from workbench.errors import MissingDataError
from workbench.files import cache_dir
from workbench.tables import read_table, spelled

TUNE_TYPES = {  # first letters of a Nottingham file's name; the other collections mix types
    "jigs": "jig",
    "reels": "reel",
    "hpps": "hornpipe",
    "waltzes": "waltz",
    "morris": "morris",
    "slip": "slip jig",
    "xmas": "carol",
    "playford": "playford",
    "ashover": "ashover",
}


def load_song_set(name: str, split: str | None = None, limit: int | None = None) -> Dataset:
    """A set of `SETS` from the cache folder; MissingDataError says how to get it."""
    folder = find_songs(name)
    return load_songs(folder, split, limit, rule=SETS[name](folder), entry=CATALOGUE[name])


def find_songs(name: str) -> Path:
    """The folder of a set in the cache: under its name, or once more under it as a zip unpacks."""
    top = cache_dir() / name
    for folder in (top / name, top):
        if folder.is_dir() and midi_files(folder):
            return folder
    entry = CATALOGUE[name]
    raise MissingDataError(
        f"{name}: {entry.title.split(':')[0]} is not in {top} ({entry.licence}); to get it: "
        f"{entry.how_to_get}"
    )


def _words(text: str) -> str:
    return re.sub(r"[_\s]+", " ", text).strip()


def _composer(part: str) -> str:
    """ "Beach,_Amy" → "Amy Beach"."""
    last, _, first = _words(part).partition(", ")
    return f"{first} {last}".strip()


def _openscore(folder: Path, *, work: bool) -> Rule:
    """…/Composer/Work/Part/file.mid: split by work where its parts are movements of one piece
    (`work`), else by part, which is a song of its own."""

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
        title = _words(parts[2]) if not work else f"{_words(parts[1])}, {_words(parts[2])}"
        return {"composer": _composer(parts[0]), "work": _words(parts[1]), "title": title}

    return Rule(song, labels)


def _openewld(folder: Path) -> Rule:
    """Labels from labels.csv: title, genre, style, meter, key, composer; "" where it has none."""
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


def _nottingham(folder: Path) -> Rule:
    """The public archive holds each tune again as its melody and its chords; those are left out."""

    def kind(relative: Path) -> str:
        letters = re.match(r"[a-z]*", relative.stem.lower()).group()  # type: ignore[union-attr]
        return next((kind for start, kind in TUNE_TYPES.items() if letters.startswith(start)), "")

    return Rule(
        lambda relative: relative.stem,
        lambda relative: {"style": kind(relative)},
        lambda relative: not {"melody", "chords"} & set(relative.parts[:-1]),
        melodies=True,
    )


def _game_midi(folder: Path) -> Rule:
    return Rule(
        lambda relative: "/".join((relative.parts[0], relative.stem)),
        lambda relative: {"game": relative.parts[0], "title": _words(relative.stem)},
    )


def _lakh_clean(folder: Path) -> Rule:
    """Artist/Title.2.mid: the versions of a title are one song."""

    def title(relative: Path) -> str:
        return re.sub(r"\.\d+$", "", relative.stem)

    return Rule(
        lambda relative: f"{relative.parent.name}/{title(relative)}".lower(),
        lambda relative: {"artist": relative.parent.name, "title": title(relative)},
    )


def _lakh(folder: Path) -> Rule:
    return Rule(lambda relative: relative.stem)  # named by the MD5 of the file


def _maestro(folder: Path) -> Rule:
    """The official split, which keeps all performances of a piece together; labels by the table."""
    columns = {"canonical_composer", "canonical_title", "split", "year", "midi_filename"}
    table = read_table(folder / "maestro-v3.0.0.csv", needs=columns)
    rows = {spelled(row["midi_filename"]): row for row in table.rows}
    splits = {name: split_of_word(row["split"]) for name, row in rows.items()}
    for name, split in splits.items():
        if split is None:
            raise rows[name].error("split", f"{rows[name]['split']!r} is no split")

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


SETS: dict[str, Callable[[Path], Rule]] = {
    "openscore-orchestra": partial(_openscore, work=True),
    "openscore-lieder": partial(_openscore, work=False),
    "openewld": _openewld,
    "game-midi": _game_midi,
    "nottingham": _nottingham,
    "lakh-clean": _lakh_clean,
    "lakh": _lakh,
    "maestro": _maestro,
}
