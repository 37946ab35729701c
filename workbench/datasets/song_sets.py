"""The named sets of whole songs: where they lie, how their songs are named, what is labelled."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from workbench.datasets.catalogue import CATALOGUE
from workbench.datasets.dataset import Dataset
from workbench.datasets.folder import midi_files
from workbench.datasets.songs import Rule, load_songs
from workbench.errors import BrokenFileError, MissingDataError
from workbench.files import cache_dir

TUNE_TYPES = {  # first letters of a Nottingham file's name; the other collections mix types
    "jigs": "jig", "reels": "reel", "hpps": "hornpipe", "waltzes": "waltz", "morris": "morris",
    "slip": "slip jig", "xmas": "carol", "playford": "playford", "ashover": "ashover",
}  # fmt: skip


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
    """"Beach,_Amy" → "Amy Beach"."""
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
    rows = {Path(row["midi"]).as_posix(): row for row in _table(
        folder / "labels.csv", {"midi", "title", "meter", "tonality", "genres", "styles", "authors"}
    )}  # fmt: skip

    def labels(relative: Path) -> dict[str, Any]:
        row = rows.get(relative.as_posix())
        if row is None:
            return {}
        return {
            "title": row["title"], "composer": row["authors"], "genre": row["genres"],
            "style": row["styles"], "meter": row["meter"], "key": row["tonality"],
        }  # fmt: skip

    return Rule(lambda relative: "/".join(relative.parts[-3:-1]) or relative.stem, labels)


def _nottingham(folder: Path) -> Rule:
    """The public archive holds each tune again as its melody and its chords; those are left out."""

    def kind(relative: Path) -> str:
        letters = re.match(r"[a-z]*", relative.stem.lower()).group()  # type: ignore[union-attr]
        return next((kind for start, kind in TUNE_TYPES.items() if letters.startswith(start)), "")

    return Rule(
        lambda relative: relative.stem, lambda relative: {"style": kind(relative)},
        lambda relative: not {"melody", "chords"} & set(relative.parts[:-1]), melodies=True,
    )  # fmt: skip


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
    table = _table(folder / "maestro-v3.0.0.csv", columns)
    rows = {Path(row["midi_filename"]).as_posix(): row for row in table}

    def labels(relative: Path) -> dict[str, Any]:
        row = rows[relative.as_posix()]
        return {
            "composer": row["canonical_composer"], "title": row["canonical_title"],
            "year": row["year"],
        }  # fmt: skip

    def song(relative: Path) -> str:
        row = rows[relative.as_posix()]
        return f"{row['canonical_composer']}/{row['canonical_title']}"

    return Rule(
        song, labels, lambda relative: relative.as_posix() in rows,
        lambda relative: rows[relative.as_posix()]["split"],
    )  # fmt: skip


def _table(path: Path, columns: set[str]) -> list[Mapping[str, str]]:
    """The rows of a table; BrokenFileError where it cannot be read or lacks columns."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BrokenFileError(f"{path}: cannot be read ({error}); fetch the data again") from error
    missing = columns - set(rows[0] if rows else ())
    if missing:
        raise BrokenFileError(
            f"{path}: no column {', '.join(sorted(missing))}; fetch the data again"
        )
    return rows


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
