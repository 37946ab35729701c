"""Fetching the song and sound sets: download, verify, unpack into the cache folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from workbench.datasets.catalogue import CATALOGUE, Entry
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import cache_dir, locked


@dataclass(frozen=True)
class Archive:
    """What `unpack` needs to know (its parameters) beyond the catalogue's address."""

    top: str
    needs: str
    max_files: int = 0
    max_bytes: int = 0


# GitHub names the folder after repository and branch, hence "*".
ARCHIVES = {
    "pop909": Archive("*/POP909", "[0-9]*/*.mid"),
    "nottingham": Archive("*/MIDI", "*.mid"),
    "lakh-clean": Archive("clean_midi", "*/*.mid"),
    "lakh": Archive("lmd_full", "*/*.mid", max_files=400_000, max_bytes=24 << 30),
    "maestro": Archive("maestro-v3.0.0", "maestro-v3.0.0.csv"),
    "fma-metadata": Archive("fma_metadata", "tracks.csv"),
    "fma-small": Archive("fma_small", "*/*.mp3", max_bytes=16 << 30),
    "fma-medium": Archive("fma_medium", "*/*.mp3", max_bytes=48 << 30),
}


def get(
    name: str,
    url: str | None = None,
    sha256: str | None = None,
    *,
    again: bool = False,
    quiet: bool = False,
) -> Path:
    """Bring a set into the cache folder; the folder that holds it.

    url, sha256: a mirror's, None for the catalogue's ("" for an unchecked download, as where
    none is published). Nothing is fetched when the data is there, unless `again`. Raises
    WorkbenchError (no network, wrong checksum, full disk, unsafe archive …) in one line; what was
    there before then stays.
    """
    if name == "groove":
        from workbench.datasets.groove import GROOVE, get_groove

        return get_groove(url or GROOVE.url, sha256 or GROOVE.sha256, again=again, quiet=quiet)
    entry = CATALOGUE.get(name)
    if entry is None or name not in ARCHIVES:
        how = f"; {entry.how_to_get}" if entry else ""
        known = ", ".join(["groove", *ARCHIVES])
        raise WorkbenchError(f"data get: {name!r} cannot be downloaded{how}; there is: {known}")
    if not again:
        with suppress(MissingDataError):
            return finder(name)()
    with locked(cache_dir() / f"{name}.lock", f"{name}: another download of it", wait=True):
        if not again:
            with suppress(MissingDataError):
                return finder(name)()  # another process brought it while this one waited
        return _fetch(name, entry, url, sha256, again=again, quiet=quiet)


def _fetch(
    name: str, entry: Entry, url: str | None, sha256: str | None, *, again: bool, quiet: bool
) -> Path:
    from workbench.datasets.download import fetch

    packed = cache_dir() / "downloads" / _file_name(entry)
    checksum = entry.sha256 if sha256 is None else sha256
    if again and not checksum:
        packed.unlink(missing_ok=True)
    size = entry.bytes if url in (None, entry.url) else 0
    fetch(url or entry.url, packed, checksum, size=size, progress=not quiet)
    return _unpack(name, packed)


def _unpack(name: str, packed: Path) -> Path:
    """Unpack into the cache; an archive that turns out broken is removed, to be fetched anew."""
    from workbench.datasets.unpack import unpack

    plan = ARCHIVES[name]
    try:
        unpack(
            packed,
            cache_dir() / name,
            top=plan.top,
            needs=plan.needs,
            max_files=plan.max_files,
            max_bytes=plan.max_bytes,
        )
    except BrokenFileError:
        packed.unlink(missing_ok=True)
        raise
    return finder(name)()


def finder(name: str) -> Callable[[], Path]:
    """The function that finds a set's folder in the cache, or raises MissingDataError."""
    if name == "groove":
        from workbench.datasets.groove import find_groove

        return find_groove
    if name == "pop909":
        from workbench.datasets.pop909 import find_pop909

        return find_pop909
    if name.startswith("fma-"):
        from workbench.datasets.fma import find_part

        return lambda: find_part(name.removeprefix("fma-"))
    from workbench.datasets.song_sets import find_songs

    return lambda: find_songs(name)


def _file_name(entry: Entry) -> str:
    """ "pop909-master.zip": the address alone would call several archives master.zip."""
    return f"{entry.name}-{Path(urlsplit(entry.url).path).name}"


def main(names: Sequence[str], arguments: Sequence[str] | None = None) -> int:
    """The data scripts' command line, for the first of `names`; --full is for the second.

    0, or 2 after an error whose one line it prints, or 130 when interrupted.
    """
    entries = [CATALOGUE[name] for name in names]
    parser = argparse.ArgumentParser(description=f"Download {entries[0].title}.")
    if len(entries) > 1:
        parser.add_argument("--full", action="store_true", help=f"{entries[1].title} instead")
    parser.add_argument("--url", help="address of the archive, if not the published one")
    parser.add_argument("--sha256", help="checksum of the archive; '' for none")
    parser.add_argument("--again", action="store_true", help="fetch even if the data is there")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    entry = entries[1] if len(entries) > 1 and options.full else entries[0]
    print(describe(entry), flush=True)
    try:
        folder = get(
            entry.name, options.url, options.sha256, again=options.again, quiet=options.quiet
        )
    except WorkbenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; run the command again and it goes on", file=sys.stderr)
        return 130
    print(f"  in        {folder}")
    return 0


def describe(entry: Entry) -> str:
    """Title, licence, citation, homepage, and whether a checksum guards the download."""
    lines = [
        entry.title,
        f"  licence   {entry.licence}  {entry.licence_url}",
        f"  citation  {entry.citation}",
        f"  homepage  {entry.homepage}",
    ]
    if entry.url and not entry.sha256:
        lines.append("  checksum  none is published; length and the archive's own sums are checked")
    return "\n".join(lines)
