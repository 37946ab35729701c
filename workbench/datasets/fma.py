"""The Free Music Archive: genres, artists and splits from its metadata, audio from its subsets.

Defferrard et al. 2017 (arXiv 1612.01840). `tracks.csv` has three lines of headings; audio lies
under fma_small/000/000002.mp3. The official split keeps an artist in one split.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from workbench.datasets.audio import AudioItem
from workbench.datasets.dataset import SPLITS
from workbench.datasets.folder import split_of_word
from workbench.errors import BrokenFileError, MissingDataError, PromptError
from workbench.files import cache_dir
from workbench.tables import read_rows

SUBSETS = ("small", "medium", "large", "full")  # each holds those before it
_WANTED = {
    ("set", "split"),
    ("set", "subset"),
    ("track", "genre_top"),
    ("track", "title"),
    ("track", "license"),
    ("artist", "name"),
    ("track", "duration"),
}


def find_fma(subset: str = "small") -> tuple[Path, Path]:
    """(tracks.csv, the folder of audio) in the cache; MissingDataError says how to get them."""
    folder = find_part(subset)  # first, for the command that gets it gets the metadata too
    return find_part("metadata") / "tracks.csv", folder


def find_part(name: str) -> Path:
    """The folder in the cache of "metadata" or of a subset's audio."""
    for folder in (cache_dir() / f"fma-{name}", cache_dir() / f"fma_{name}"):
        if (folder / "tracks.csv").is_file() if name == "metadata" else folder.is_dir():
            return folder
    raise MissingDataError(
        f"fma-{name}: is not in {cache_dir()}; to get it: "
        f"python data_scripts/fma.py --subset {name}"
    )


def read_tracks(table: Path) -> list[dict[str, str]]:
    """One row a track: track_id, split, subset, genre_top, title, license, name (of the artist),
    duration in seconds."""
    lines = read_rows(table, ["track_id", "set", "artist"])
    top, second, third = ([cell.lower() for cell in next(lines, (0, []))[1]] for _ in range(3))
    heads = enumerate(zip(top, second, strict=False))
    columns = {head: i for i, head in heads if head in _WANTED}
    missing = sorted(f"{a}.{b}" for a, b in _WANTED - columns.keys())
    if missing or third[:1] != ["track_id"]:
        raise MissingDataError(
            f"{table}: is not FMA's tracks.csv (lacks {', '.join(missing) or 'track_id'}); "
            "fetch fma_metadata.zip again"
        )
    last = max(columns.values())
    rows = []
    for line, cells in lines:
        if len(cells) <= last:
            raise BrokenFileError(f"{table}, line {line}: ends early; fetch fma_metadata.zip again")
        row = {"track_id": cells[0], **{b: cells[i] for (_, b), i in columns.items()}}
        split = split_of_word(row["split"])
        if split is None or not (row["track_id"].isascii() and row["track_id"].isdecimal()):
            raise BrokenFileError(
                f"{table}, line {line}: its track_id or set.split makes no sense "
                f"({row['track_id'][:40]!r}, {row['split'][:40]!r}); fetch fma_metadata.zip again"
            )
        rows.append(row | {"split": split})
    return rows


def load_fma(
    table: Path, folder: Path, subset: str = "small", split: str | None = None
) -> list[AudioItem]:
    """The subset's tracks whose audio is there, with genre, artist, title and licence."""
    if subset not in SUBSETS:
        raise PromptError(f"subset: {subset!r} is unknown; choose one of {', '.join(SUBSETS)}")
    if split is not None and split not in SPLITS:
        raise PromptError(f"split: {split!r} is unknown; choose one of {', '.join(SPLITS)} or None")
    items = []
    for row in read_tracks(table):
        if SUBSETS.index(row["subset"] if row["subset"] in SUBSETS else "full") > SUBSETS.index(
            subset
        ):
            continue
        number = row["track_id"].zfill(6)
        path, own = folder / number[:3] / f"{number}.mp3", row["split"]
        if split not in (None, own) or not path.is_file():
            continue
        genre = row["genre_top"]
        labels = {
            "genre": genre,
            "artist": row["name"],
            "title": row["title"],
            "licence": row["license"],
            "set": f"fma-{subset}",
        }
        caption = f"{genre.lower()} music" if genre else ""
        items.append(AudioItem(path, caption, own, labels))
    if not items:
        raise MissingDataError(f"{folder}: holds no track of {table.name} (split {split!r})")
    return sorted(items, key=lambda item: item.path)


def genre_table(rows: Sequence[dict[str, str]]) -> list[tuple[str, int, int, float]]:
    """(genre, tracks, artists, hours) of metadata rows, the most frequent genre first."""
    counts = Counter(row["genre_top"] or "(none)" for row in rows)
    found = []
    for genre, tracks in counts.most_common():
        own = [row for row in rows if (row["genre_top"] or "(none)") == genre]
        hours = sum(float(row["duration"] or 0) for row in own) / 3600
        found.append((genre, tracks, len({row["name"] for row in own}), hours))
    return found
