"""The Groove MIDI Dataset: human drummers on a Roland TD-11 (Gillick et al., ICML 2019).

The official split mixes the performances of one session over training and test, and a drummer
repeats himself within a session. Ours holds out whole sessions (`SESSIONS`); the official one
stays in `labels["official_split"]`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workbench.datasets.bar_lines import NEAR
from workbench.datasets.captions import caption_of, clean_style, facts_of
from workbench.datasets.catalogue import GROOVE
from workbench.datasets.dataset import Dataset, spread
from workbench.errors import BrokenFileError, MissingDataError
from workbench.files import cache_dir, locked
from workbench.tables import Row, read_table

if TYPE_CHECKING:
    from workbench.music.clip import Clip

SESSIONS = {
    "test": frozenset(
        {"drummer1/session3", "drummer5/session2", "drummer7/session2", "drummer9/session1"}
    ),
    "validation": frozenset({"drummer7/session1", "drummer3/session1"}),
}
# Performances whose bar lines lie on the wrong beat: by how many beats they must come later. And
# those that no move puts on their beats. Measured: python -m workbench.datasets.bar_lines
# None lies in a test session.
MOVED = {
    "drummer1/session2/90": 2,
    "drummer4/session1/1": 2,
    "drummer6/session3/1": 2,
    "drummer7/session1/1": 2,
    "drummer7/session1/12": 2,
    "drummer7/session1/38": 3,
}
OFF = frozenset({"drummer2/session1/1", "drummer2/session1/2"})
_COLUMNS = {
    "drummer",
    "session",
    "id",
    "style",
    "bpm",
    "beat_type",
    "time_signature",
    "midi_filename",
    "split",
}


def split_of(session: str) -> str:
    """Our split of a session such as "drummer1/session3"."""
    for split, sessions in SESSIONS.items():
        if session in sessions:
            return split
    return "train"


def find_groove() -> Path:
    """The folder that holds Groove's info.csv; MissingDataError names the script to fetch it."""
    for folder in (cache_dir() / "groove", cache_dir() / "groove" / "groove"):
        if (folder / "info.csv").is_file():
            return folder
    raise MissingDataError(
        f"groove: the Groove MIDI Dataset is not in {cache_dir() / 'groove'}; "
        "fetch it (3.3 MB, CC BY 4.0) with: python data_scripts/groove.py"
    )


def get_groove(
    url: str = GROOVE.url, sha256: str = GROOVE.sha256, *, again: bool = False, quiet: bool = False
) -> Path:
    """Download, verify and unpack Groove into the cache; the folder that holds info.csv.

    Nothing is fetched when the data is there, unless `again`. Raises WorkbenchError (no network,
    wrong checksum, full disk …) in one line; what was there before then stays.
    """
    if not again:
        with suppress(MissingDataError):
            return find_groove()
    from workbench.datasets.download import fetch
    from workbench.datasets.unpack import unpack

    archive = cache_dir() / "downloads" / "groove-v1.0.0-midionly.zip"
    size = GROOVE.bytes if sha256 == GROOVE.sha256 else 0
    with locked(cache_dir() / "groove.lock", "groove: another download of it", wait=True):
        if not again:
            with suppress(MissingDataError):
                return find_groove()  # another process brought it while this one waited
        fetch(url, archive, sha256, size=size, progress=not quiet)
        return unpack(archive, cache_dir() / "groove", top="groove", needs="info.csv")


def load_groove(
    folder: Path, split: str | None = None, limit: int | None = None, *, as_recorded: bool = False
) -> Dataset:
    """All performances listed in `folder/info.csv` whose files are there, in its order.

    Bar lines that lie on the wrong beat are moved (`MOVED`) unless `as_recorded`;
    `labels["bar_lines"]` then says by how many beats, or "off" where no move helps (`OFF`).

    Tempo and metre come from info.csv; labels are style, substyle, kind ("beat" or "fill"),
    drummer, session, performance, split, official_split. Rows without a file are counted in
    `info["absent"]`; broken files are in `skipped`.
    """
    table = read_table(folder / "info.csv", needs=_COLUMNS)
    rows = [row for row in table.rows if split in (None, split_of(row["session"]))]
    present = [row for row in rows if os.path.isfile(folder / row.inside("midi_filename"))]
    clips, skipped = [], []
    for row in spread(present, limit):
        try:
            clip = _clip(folder, row)
            clips.append(clip if as_recorded else _barred(clip))
        except BrokenFileError as error:
            skipped.append((row["midi_filename"], str(error)))
    if not clips:
        raise MissingDataError(
            f"{folder}: none of the files that info.csv lists can be read; "
            "fetch them again with: python data_scripts/groove.py --again"
        )
    return Dataset(
        clips,
        name="groove",
        licence=GROOVE.licence,
        citation=GROOVE.citation,
        skipped=skipped,
        info={
            "folder": str(folder),
            "split": split,
            "absent": len(rows) - len(present),
            "split_rule": GROOVE.splits,
            "homepage": GROOVE.homepage,
        },
    )


def _clip(folder: Path, row: Row) -> Clip:
    from workbench.music.clip import Clip

    path = folder / row["midi_filename"]
    try:
        numerator, denominator = (int(part) for part in row["time_signature"].split("-"))
        bpm = float(row["bpm"])
    except ValueError as error:
        raise BrokenFileError(f"{path}: odd tempo or metre in info.csv ({error})") from error
    style, substyle = clean_style(row["style"])
    labels = {
        "style": style,
        "substyle": substyle,
        "kind": row["beat_type"],
        "drummer": row["drummer"],
        "session": row["session"],
        "performance": row["id"],
        "split": split_of(row["session"]),
        "official_split": row["split"],
        "bpm": bpm,
    }
    clip = Clip.read_midi(path, tempo=bpm, meter=(numerator, denominator), labels=labels)
    clip.source = f"groove/{row['id']}"
    clip.caption = caption_of(facts_of(clip))
    return clip


def _barred(clip: Clip) -> Clip:
    """The performance with its bar lines where its drummer counts one."""
    name = clip.labels["performance"]
    if name in OFF:
        clip.labels["bar_lines"] = "off"
    if name not in MOVED:
        return clip
    beats = MOVED[name]
    notes = clip.notes[clip.notes["time"] >= beats - NEAR].copy()
    notes["time"] = np.maximum(notes["time"] - beats, 0)
    moved = type(clip).from_notes(
        notes,
        tempo=clip.tempo,
        meter=clip.meter,
        drums=True,
        source=clip.source,
        labels=clip.labels | {"bar_lines": f"{beats} beats later"},
    )
    moved.caption = caption_of(facts_of(moved))
    return moved
