"""Getting song and sound sets: download, verify, unpack into the cache folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from workbench.datasets.catalogue import CATALOGUE
from workbench.datasets.download import fetch
from workbench.datasets.entry import Archive, Entry
from workbench.datasets.unpack import unpack
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import cache_dir, locked


def get(
    name: str,
    url: str | None = None,
    sha256: str | None = None,
    *,
    again: bool = False,
    quiet: bool = False,
) -> Path:
    """Download a set into the cache folder.

    Args:
        name: A set of the catalogue that has an archive.
        url: Address of a mirror; None for the catalogue's.
        sha256: Checksum of the mirror's archive; None for the catalogue's, "" for no check.
        again: Whether to download data that exists.
        quiet: Whether to show no progress.

    Returns:
        The folder of the set.

    Raises:
        WorkbenchError: For an unknown set, no network, a wrong checksum, a full disk and an unsafe
            archive; existing data stays.
    """
    entry = CATALOGUE.get(name)
    if entry is None or entry.archive is None:
        how = f"; {entry.how_to_get}" if entry else ""
        known = ", ".join(known.name for known in CATALOGUE.values() if known.archive)
        raise WorkbenchError(f"data get: {name!r} cannot be downloaded{how}; there is: {known}")
    if not again:
        with suppress(MissingDataError):
            return entry.find()
    with locked(cache_dir() / f"{name}.lock", f"{name}: another download of it", wait=True):
        if not again:
            with suppress(MissingDataError):
                return entry.find()  # another process downloaded it while this one waited
        return _fetch(entry, entry.archive, url, sha256, again=again, quiet=quiet)


def _fetch(
    entry: Entry, archive: Archive, url: str | None, sha256: str | None, *, again: bool, quiet: bool
) -> Path:
    """Download and unpack; a broken archive is removed, so that it is downloaded again next
    time."""
    packed = cache_dir() / "downloads" / _file_name(entry)
    checksum = entry.sha256 if sha256 is None else sha256
    if again and not checksum:
        packed.unlink(missing_ok=True)
    size = entry.bytes if url in (None, entry.url) else 0
    fetch(url or entry.url, packed, checksum, size=size, progress=not quiet)
    try:
        unpack(
            packed,
            cache_dir() / entry.name,
            top=archive.top,
            needs=archive.needs,
            max_files=archive.max_files,
            max_bytes=archive.max_bytes,
        )
    except BrokenFileError:
        packed.unlink(missing_ok=True)
        raise
    return entry.find()


def _file_name(entry: Entry) -> str:
    """Such as "pop909-master.zip", because several archives are called master.zip."""
    name = Path(urlsplit(entry.url).path).name
    return name if name.startswith(entry.name) else f"{entry.name}-{name}"


def main(names: Sequence[str], arguments: Sequence[str] | None = None) -> int:
    """The command line of the data scripts, for the first of `names`; --full is for the second.

    Returns 0; 2 after an error, which it prints in one line; or 130 if interrupted.
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
        print("interrupted; run the command again to continue", file=sys.stderr)
        return 130
    print(f"  in        {folder}")
    return 0


def describe(entry: Entry) -> str:
    """Title, licence, citation, homepage, and whether the download has a checksum."""
    lines = [
        entry.title,
        f"  licence   {entry.licence}  {entry.licence_url}",
        f"  citation  {entry.citation}",
        f"  homepage  {entry.homepage}",
    ]
    if entry.url and not entry.sha256:
        lines.append("  checksum  none is published; length and the archive's own sums are checked")
    return "\n".join(lines)
