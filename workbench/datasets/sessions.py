"""The held-out sessions of the Groove MIDI Dataset, for its files in any folder.

In the official split, performances of one session are in training and test, and drummers repeat
themselves within a session. The workbench holds out whole sessions.
"""

from __future__ import annotations

import re
from pathlib import Path

SESSIONS = {
    "test": frozenset(
        {"drummer1/session3", "drummer5/session2", "drummer7/session2", "drummer9/session1"}
    ),
    "validation": frozenset({"drummer7/session1", "drummer3/session1"}),
}


def split_of(session: str) -> str:
    """The workbench's split of a session such as "drummer1/session3"."""
    for split, sessions in SESSIONS.items():
        if session in sessions:
            return split
    return "train"


def split_in_copy(path: Path) -> str | None:
    """The split of a file in a copy of Groove, or of a part of it, by its whole path.

    In a folder without Groove's info.csv, only the held-out sessions are recognised by name. None
    for all other files.
    """
    for top, drummer, session in zip(
        reversed(path.parents[2:]), path.parts[1:], path.parts[2:-1], strict=False
    ):
        if re.fullmatch(r"drummer\d+", drummer) and re.fullmatch(r"(eval_)?session\d*", session):
            split = split_of(f"{drummer}/{session}")
            return split if split != "train" or (top / "info.csv").is_file() else None
    return None
