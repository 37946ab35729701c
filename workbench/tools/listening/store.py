"""Answers of a served test in SQLite, one row each, safe with many raters at once.

With write-ahead logging, requests can read while another one writes. Every request has its own
connection and waits for its turn. A second answer to a question (from a reloaded page or a repeated
message) replaces the first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import BrokenFileError, WorkbenchError
from workbench.tools.listening.records import FORMAT, Sheet

WAIT = 30.0  # seconds to wait for a busy database before an error
TABLES = """
CREATE TABLE IF NOT EXISTS raters (
    token TEXT PRIMARY KEY, test TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
    started TEXT NOT NULL, finished INTEGER NOT NULL, UNIQUE (test, folded));
CREATE TABLE IF NOT EXISTS ratings (
    token TEXT NOT NULL REFERENCES raters (token), trial TEXT NOT NULL, scale TEXT NOT NULL,
    value INTEGER NOT NULL, place INTEGER NOT NULL, seconds REAL NOT NULL, swapped INTEGER NOT NULL,
    PRIMARY KEY (token, trial, scale));
"""


class NameTaken(WorkbenchError):
    """Another rater of this test uses the name."""


class Store:
    """The database of a served test; it is created if it does not exist."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(TABLES)

    def join(self, test: str, name: str, token: str) -> None:
        """Add a rater. A rater with the same token may return; NameTaken for anyone else."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._join(connection, test, name, token)

    def save(self, test: str, sheet: Sheet) -> None:
        """Store a sheet's answers; they replace earlier ones to the same questions."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._join(connection, test, sheet.rater, sheet.token, sheet.started)
            connection.execute(
                "UPDATE raters SET finished = ?, started = coalesce(nullif(?, ''), started) "
                "WHERE token = ?",
                (sheet.finished, sheet.started, sheet.token),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (sheet.token, a.trial, a.scale, a.value, a.place, a.seconds, a.swapped)
                    for a in sheet.answers
                ],
            )

    def records(self, test: str) -> list[dict[str, Any]]:
        """Records of all raters of a test, in the form of the files that a page saves."""
        with self._connection() as connection:
            return _records(connection, test)

    def counts(self, test: str) -> tuple[int, int, int]:
        """Number of raters, of raters who finished, and of answers."""
        with self._connection() as connection:
            return connection.execute(
                "SELECT count(*), coalesce(sum(finished), 0), (SELECT count(*) FROM ratings JOIN "
                "raters USING (token) WHERE test = ?) FROM raters WHERE test = ?",
                (test, test),
            ).fetchone()

    @staticmethod
    def _join(
        connection: sqlite3.Connection, test: str, name: str, token: str, started: str = ""
    ) -> None:
        found = connection.execute(
            "SELECT name FROM raters WHERE test = ? AND token = ?", (test, token)
        ).fetchone()
        if found and found[0] == name:
            return
        try:
            connection.execute(
                "INSERT INTO raters VALUES (?, ?, ?, ?, ?, 0)",
                (token, test, name, name.casefold(), started),
            )
        except sqlite3.IntegrityError as error:
            raise NameTaken(
                f"The name “{name}” is taken. Choose another one; if it is your name, continue in "
                "the browser in which you began."
            ) from error

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
        try:
            yield connection
            if connection.in_transaction:
                connection.commit()
        except BaseException:
            if connection.in_transaction:
                connection.rollback()
            raise
        finally:
            connection.close()


def stored(path: str | Path, test: str) -> list[dict[str, Any]]:
    """`Store.records` of a database, opened read-only. Raises BrokenFileError for another file."""
    try:
        with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as it:
            return _records(it, test)
    except sqlite3.Error as error:
        raise BrokenFileError(
            f"{path} is not a database of a listening test ({error}); give the "
            "server's answers.sqlite"
        ) from error


def _records(connection: sqlite3.Connection, test: str) -> list[dict[str, Any]]:
    connection.row_factory = sqlite3.Row
    raters = connection.execute(
        "SELECT * FROM raters WHERE test = ? ORDER BY started, token", (test,)
    ).fetchall()
    rows = connection.execute(
        "SELECT ratings.* FROM ratings JOIN raters USING (token) WHERE test = ?", (test,)
    ).fetchall()
    given: dict[str, list[dict[str, Any]]] = {rater["token"]: [] for rater in raters}
    for row in map(dict, rows):
        given[row.pop("token")].append(row | {"swapped": bool(row["swapped"])})
    return [
        {
            "format": FORMAT,
            "test": test,
            "rater": rater["name"],
            "token": rater["token"],
            "started": rater["started"],
            "finished": bool(rater["finished"]),
            "answers": given.get(rater["token"], []),
        }
        for rater in raters
    ]
