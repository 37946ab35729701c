"""The Groove MIDI Dataset: human drummers on a Roland TD-11.

Whole sessions are held out (`workbench.datasets.sessions`). The official split, in which
performances of one session are in training and test, is kept in `labels["official_split"]`.

Source: Gillick et al. 2019, "Learning to Groove with Inverse Sequence Transformations", ICML.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from workbench.arguments import path_of
from workbench.datasets.bar_lines import NEAR, audit
from workbench.datasets.captions import caption_of, clean_style, facts_of
from workbench.datasets.dataset import Dataset, evenly_spaced
from workbench.datasets.entry import CC_BY, Archive, Entry, Recipe
from workbench.datasets.sessions import split_of
from workbench.errors import BrokenFileError, MissingDataError
from workbench.music.clip import Clip
from workbench.tables import Row, read_table

# Performances with bar lines on the wrong beat: how many beats later they must be. OFF: those
# for which no move helps. Measured with python -m workbench.datasets.sets.groove
# None of them is in a test session.
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


def find_in(top: Path) -> Path | None:
    """The folder that contains info.csv; None if there is none."""
    for folder in (top, top / "groove"):
        if (folder / "info.csv").is_file():
            return folder
    return None


def is_copy(folder: Path) -> bool:
    """Whether a user's folder is a copy of Groove, or of some of its drummers with the table."""
    return (folder / "info.csv").is_file() and any(folder.glob("drummer*"))


GROOVE = Entry(
    name="groove",
    title="Groove MIDI Dataset v1.0.0 (MIDI only)",
    licence="CC BY 4.0",
    licence_url=CC_BY,
    citation=(
        "Jon Gillick, Adam Roberts, Jesse Engel, Douglas Eck, David Bamman: Learning to Groove "
        "with Inverse Sequence Transformations. International Conference on Machine Learning "
        "(ICML), 2019."
    ),
    homepage="https://magenta.tensorflow.org/datasets/groove",
    how_to_get="python data_scripts/groove.py",
    size="1,150 performances by 10 drummers, 13.6 hours; 3.3 MB zipped",
    splits=(
        "by session: no performance of a held-out session is trained on. test: drummer1/session3, "
        "drummer5/session2, drummer7/session2, drummer9/session1; validation: drummer7/session1, "
        "drummer3/session1; train: all other sessions"
    ),
    url="https://storage.googleapis.com/magentadata/datasets/groove/groove-v1.0.0-midionly.zip",
    # As published by TensorFlow Datasets (tensorflow_datasets/datasets/groove/checksums.tsv).
    sha256="651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e",
    bytes=3_260_318,
    archive=Archive("groove", "info.csv"),
    finder=find_in,
    scores=lambda entry, split, limit: load_groove(entry.find(), split, limit),
    recipe=Recipe(bars=4, each=2, shortest=6.0),
)


def load_groove(
    folder: Path, split: str | None = None, limit: int | None = None, *, as_recorded: bool = False
) -> Dataset:
    """Load the performances that are listed in `folder/info.csv` and exist, in its order.

    Tempo and metre come from info.csv. Labels are style, substyle, kind ("beat" or "fill"),
    drummer, session, performance, split, official_split. Bar lines on the wrong beat are moved
    (`MOVED`): `labels["bar_lines"]` says by how many beats, or "off" if no move helps (`OFF`).

    Args:
        folder: The folder with info.csv.
        split: "train", "validation" or "test"; None for all.
        limit: Largest number of clips, at even distances over the set; None for all.
        as_recorded: Whether to leave the bar lines as they are.

    Returns:
        The data set. `info["absent"]` is the number of rows without a file, `skipped` names broken
        files.

    Raises:
        MissingDataError: If no file can be read.
    """
    folder = Path(path_of(folder, "folder", "the path of a folder"))
    table = read_table(folder / "info.csv", needs=_COLUMNS)
    rows = [row for row in table.rows if split in (None, split_of(row["session"]))]
    present = [row for row in rows if os.path.isfile(folder / row.inside("midi_filename"))]
    clips, skipped = [], []
    for row in evenly_spaced(present, limit):
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
    path = folder / row["midi_filename"]
    try:
        numerator, denominator = (int(part) for part in row["time_signature"].split("-"))
        bpm = float(row["bpm"])
    except ValueError as error:
        raise BrokenFileError(
            f"{path}: tempo or metre in info.csv is not valid ({error})"
        ) from error
    style, substyle = clean_style(row["style"])
    labels = {
        "style": style,
        "substyle": substyle,
        "kind": row["beat_type"],
        "drummer": row["drummer"],
        "session": row["session"],
        "performance": row["id"],
        "file": row["midi_filename"],
        "split": split_of(row["session"]),
        "official_split": row["split"],
        "bpm": bpm,
    }
    clip = Clip.read_midi(path, tempo=bpm, meter=(numerator, denominator), labels=labels)
    clip.source = f"groove/{row['id']}"
    clip.caption = caption_of(facts_of(clip))
    return clip


def _barred(clip: Clip) -> Clip:
    """The performance with bar lines at the drummer's beat one."""
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


def main() -> None:
    """Print the audit of Groove as recorded."""
    for finding in audit(load_groove(GROOVE.find(), as_recorded=True)):
        move = "off its beats" if finding.beats is None else f"bar lines {finding.beats} later"
        print(f"{finding.performance}, {finding.style}, {finding.split}: {move}")
        for name, beats in (("as recorded", finding.before), ("moved", finding.after)):
            if name == "moved" and finding.beats is None:
                continue
            print(
                f"  {name} ({beats.bars} bars), on beats 1 to 4: kick {beats.kick.round(2)}, "
                f"snare {beats.snare.round(2)}, crash {beats.crash.round(2)}, "
                f"hats {beats.hats.round(2)}"
            )


if __name__ == "__main__":
    main()
