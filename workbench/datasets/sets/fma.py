"""The Free Music Archive: genres, artists and splits from its metadata, audio from its subsets.

`tracks.csv` has three header lines; audio files are named like fma_small/000/000002.mp3. In the
official split, all tracks of an artist are in one split.

Source: Defferrard et al. 2017, arXiv 1612.01840.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from workbench.datasets.audio import AudioItem
from workbench.datasets.dataset import check_split
from workbench.datasets.entry import Archive, Entry
from workbench.datasets.folder import split_of_word
from workbench.errors import BrokenFileError, MissingDataError, PromptError
from workbench.files import cache_dir
from workbench.tables import Row, read_rows, read_table

SUBSETS = ("small", "medium", "large", "full")  # each contains those before it
_WANTED = {
    ("set", "split"),
    ("set", "subset"),
    ("track", "genre_top"),
    ("track", "title"),
    ("track", "license"),
    ("artist", "name"),
    ("track", "duration"),
}
_OPTIONAL = {("artist", "latitude"), ("artist", "longitude")}  # in degrees, empty for most artists


def find_fma(subset: str = "small") -> tuple[Path, Path]:
    """Return tracks.csv and the folder of audio; raise MissingDataError, which says how to get
    them."""
    folder = find_part(subset)  # first, because the command for it gets the metadata, too
    return find_part("metadata") / "tracks.csv", folder


def find_part(name: str) -> Path:
    """Return the folder of "metadata" or of a subset's audio in the cache."""
    folder = _part_in(cache_dir() / f"fma-{name}")
    if folder is None:
        raise MissingDataError(
            f"fma-{name}: is not in {cache_dir()}; to get it: "
            f"python data_scripts/fma.py --subset {name}"
        )
    return folder


def _part_in(top: Path) -> Path | None:
    """The folder with this name or with FMA's own ("fma_small"); None if there is neither."""
    for folder in (top, top.with_name(top.name.replace("-", "_"))):
        if (folder / "tracks.csv").is_file() if "metadata" in top.name else folder.is_dir():
            return folder
    return None


def read_tracks(table: Path) -> list[dict[str, str]]:
    """Return one row per track: track_id, split, subset, genre_top, title, license, name (of the
    artist), duration in seconds; and, if the table has them, latitude and longitude of the artist.

    Raises:
        MissingDataError: If the file is not FMA's table.
        BrokenFileError: If a row is not valid; the message names the line.
    """
    lines = read_rows(table, ["track_id", "set", "artist"])
    top, second, third = ([cell.lower() for cell in next(lines, (0, []))[1]] for _ in range(3))
    heads = enumerate(zip(top, second, strict=False))
    columns = {head: i for i, head in heads if head in _WANTED | _OPTIONAL}
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
                f"{table}, line {line}: its track_id or set.split is not valid "
                f"({row['track_id'][:40]!r}, {row['split'][:40]!r}); fetch fma_metadata.zip again"
            )
        rows.append(row | {"split": split})
    return rows


def load_fma(
    table: Path, folder: Path, subset: str = "small", split: str | None = None
) -> list[AudioItem]:
    """Return the tracks of a subset whose audio exists, with genre, artist, title and licence.

    Args:
        table: FMA's tracks.csv.
        folder: The folder of audio.
        subset: One of `SUBSETS`.
        split: "train", "validation" or "test"; None for all.

    Raises:
        PromptError: If subset or split is unknown.
        MissingDataError: If there is no such track.
    """
    if subset not in SUBSETS:
        raise PromptError(f"subset: {subset!r} is unknown; choose one of {', '.join(SUBSETS)}")
    check_split(split)
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
            "track_seconds": row["duration"],
            "latitude": row.get("latitude", ""),
            "longitude": row.get("longitude", ""),
        }
        caption = f"{genre.lower()} music" if genre else ""
        items.append(AudioItem(path, caption, own, labels))
    if not items:
        raise MissingDataError(f"{folder}: holds no track of {table.name} (split {split!r})")
    return sorted(items, key=lambda item: item.path)


def genre_table(rows: Sequence[dict[str, str]]) -> list[tuple[str, int, int, float]]:
    """Return (genre, tracks, artists, hours) of metadata rows, the most frequent genre first."""
    counts = Counter(row["genre_top"] or "(none)" for row in rows)
    table = []
    for genre, tracks in counts.most_common():
        own = [row for row in rows if (row["genre_top"] or "(none)") == genre]
        hours = sum(float(row["duration"] or 0) for row in own) / 3600
        table.append((genre, tracks, len({row["name"] for row in own}), hours))
    return table


def genre_tree() -> dict[str, dict[str, int]]:
    """Return the archive's top genres with the genres directly below them and their numbers of
    tracks, the most frequent first; empty if the metadata is not on this machine.

    Raises:
        BrokenFileError: If genres.csv is not valid; the message names line and column.
    """
    try:
        path = find_part("metadata") / "genres.csv"
    except MissingDataError:
        return {}
    if not path.exists():
        return {}
    rows = read_table(path, needs=["genre_id", "title", "parent", "#tracks"]).rows
    names = {row["genre_id"]: row["title"] for row in rows}
    tree: dict[str, dict[str, int]] = {row["title"]: {} for row in rows if row["parent"] == "0"}
    for tracks, row in sorted(((_tracks(row), row) for row in rows), key=lambda one: -one[0]):
        above = names.get(row["parent"], "")
        if above in tree:
            tree[above][row["title"]] = tracks
    return dict(sorted(tree.items(), key=lambda item: -sum(item[1].values())))


def _tracks(row: Row) -> int:
    try:
        return int(row["#tracks"])
    except ValueError:
        raise row.error("#tracks", f"{row['#tracks'][:40]!r} is not a number") from None


def _free(entry: Entry) -> list[AudioItem]:
    """Tracks under a licence that requires at most to name the artist."""
    subset = entry.name.removeprefix("fma-")
    bound = ("share", "noncommercial", "noderiv", "nc", "nd", "sa")
    free = []
    for item in load_fma(*find_fma(subset), subset):
        words = re.findall("[a-z]+", str(item.labels.get("licence", "")).lower())
        if {"attribution", "cc", "domain"} & set(words) and not any(
            word.startswith(bound) for word in words
        ):
            free.append(item)
    return free


def _entry(
    part: str, title: str, licence: str, size: str, checksum: str, archive: Archive
) -> Entry:
    """The entry of one of FMA's archives; its README publishes SHA-1 checksums."""
    return Entry(
        name=f"fma-{part}",
        title=f"Free Music Archive, {part}: {title}",
        licence=licence,
        licence_url="https://github.com/mdeff/fma#license",
        citation=(
            "Michaël Defferrard, Kirell Benzi, Pierre Vandergheynst, Xavier Bresson: FMA: A "
            "Dataset for Music Analysis. International Society for Music Information Retrieval "
            "Conference (ISMIR), 2017."
        ),
        homepage="https://github.com/mdeff/fma",
        how_to_get=f"python data_scripts/fma.py --subset {part}",
        size=size,
        splits="the official one, all tracks of an artist together",
        url=f"https://os.unil.cloud.switch.ch/fma/fma_{part}.zip",
        sha256=checksum,
        archive=archive,
        finder=_part_in,
        recordings=_free,
    )


_EACH = "each track its artist's own, mostly Creative Commons: see the metadata"
METADATA = _entry(
    "metadata",
    "genres, artists, licences of all tracks",
    "CC BY 4.0 (metadata); each track its artist's own",
    "342 MiB zipped",
    "f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
    Archive("fma_metadata", "tracks.csv"),
)
SMALL = _entry(
    "small",
    "8,000 clips of 30 s, 8 genres",
    _EACH,
    "7.2 GiB zipped",
    "ade154f733639d52e35e32f5593efe5be76c6d70",
    Archive("fma_small", "*/*.mp3", max_bytes=16 << 30),
)
MEDIUM = _entry(
    "medium",
    "25,000 clips of 30 s, 16 genres",
    _EACH,
    "22 GiB zipped",
    "c67b69ea232021025fca9231fc1c7c1a063ab50b",
    Archive("fma_medium", "*/*.mp3", max_bytes=48 << 30),
)
