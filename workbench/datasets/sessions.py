"""Which sessions of the Groove MIDI Dataset are held out, wherever its files lie.

The official split mixes the performances of one session over training and test, and a drummer
repeats himself within a session. Ours holds out whole sessions.
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
    """Our split of a session such as "drummer1/session3"."""
    for split, sessions in SESSIONS.items():
        if session in sessions:
            return split
    return "train"


def split_in_copy(path: Path) -> str | None:
    """The split of a file that lies in a copy of Groove, or of a part of it, by its whole path.

    In a folder without Groove's info.csv only the held-out sessions are known by their names;
    None there for the others and for all other files.
    """
    for top, drummer, session in zip(
        reversed(path.parents[2:]), path.parts[1:], path.parts[2:-1], strict=False
    ):
        if re.fullmatch(r"drummer\d+", drummer) and re.fullmatch(r"(eval_)?session\d*", session):
            split = split_of(f"{drummer}/{session}")
            return split if split != "train" or (top / "info.csv").is_file() else None
    return None
