"""Read tables that spreadsheets and other programs write.

    table = read_table("captions.csv", ["file", "caption"])
    where = table.column("file", "file_name", "path")
    for row in table.rows:
        row[where], row.error(where, "is not there")

Supported: comma, semicolon or tab (also given by a first line `sep=;`); UTF-8 with or without a
byte order mark, UTF-16 in either order, UTF-32 with its mark, Windows-1252; any line endings,
quoted cells over several lines, blank lines, and rows without their last cells. Names of columns
match in any case and with spaces, "_" or "-" between words. Cells are stripped of surrounding
spaces and have composed letters (é as one character). Anything else raises BrokenFileError with
file, line and column.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from os import PathLike
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from workbench.errors import BrokenFileError

MOST_BYTES = 1 << 30  # of a table
MOST_NAMED = 20  # columns in an error
DELIMITERS = (",", ";", "\t")
_MARKS = (  # UTF-32's first, because its mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls
_BLOCK = 1 << 20  # bytes read at a time
_SEPARATOR = re.compile(r'"?sep=([,;|:\t])"?\s*', re.I)


@dataclass(frozen=True)
class Row(Mapping[str, str]):
    """Cells by the name of their column. line: first line of the row in the file, from 1."""

    cells: Mapping[str, str]
    path: Path
    line: int

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    def error(self, column: str, reason: str) -> BrokenFileError:
        """An error with the file, the line and the column."""
        return _error(self.path, self.line, f"column {column!r}", reason)

    def inside(self, column: str) -> str:
        """A path inside the folder, as `spelled` writes it. Raises BrokenFileError if the cell is
        empty, or the path is absolute or contains ".."."""
        text = self[column]
        name = text.replace("\\", "/")
        if not name:
            raise self.error(column, "names no file")
        outside = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive
        if outside or ".." in name.split("/"):
            raise self.error(
                column,
                f"{_short(text)} leads out of the folder; name a file inside it, such as "
                "album/song.wav",
            )
        return spelled(name)

    def whole(self, column: str, least: int, most: int) -> int:
        """A whole number from least to most; "4.0" and "4,0" are 4, as spreadsheets may write it.
        Raises BrokenFileError."""
        value = self.number(column, least, most)
        if not value.is_integer():
            raise self.error(column, f"must be a whole number, got {_short(self[column])}")
        return int(value)

    def number(self, column: str, least: float, most: float) -> float:
        """A number from least to most, with a decimal point or comma. Raises BrokenFileError."""
        text = self[column]
        value = math.nan
        if re.fullmatch(r"[+-]?(\d{1,30}([.,]\d*)?|[.,]\d+)(e[+-]?\d{1,3})?", text, re.A | re.I):
            value = float(text.replace(",", "."))
        if not least <= value <= most:
            raise self.error(
                column, f"must be a number from {least:g} to {most:g}, got {_short(text)}"
            )
        return value


@dataclass(frozen=True)
class Table:
    """A table. columns: their names in lower case, in order; columns without a name are omitted."""

    path: Path
    columns: tuple[str, ...]
    rows: list[Row]

    def column(self, *names: str) -> str | None:
        """The first of these names that is a column; None if none is."""
        written = {_key(column): column for column in reversed(self.columns)}
        return next((written[_key(name)] for name in names if _key(name) in written), None)


def read_table(
    path: str | PathLike[str], known: Iterable[str] = (), *, needs: Iterable[str] = ()
) -> Table:
    """Read a table. Its first row that is not blank contains the names of the columns.

    Args:
        path: The file.
        known: Names of possible columns, by which the delimiter is recognised.
        needs: Names of required columns, exactly as they are used with rows.

    Raises:
        BrokenFileError: if it cannot be read, lacks a column or has one twice, or a row has more
            cells than there are columns.
    """
    path, needs = Path(path), list(needs)
    records = read_rows(path, [*known, *needs])
    number, head = next(records, (1, []))
    if not head:
        raise BrokenFileError(f"{path}: is empty; its first row must name the columns")
    columns = [_plain(name) for name in head]
    places: dict[str, int] = {}
    for place, name in enumerate(columns):
        if name and (first := places.setdefault(name, place)) < place:
            raise _error(
                path,
                number,
                f"column {place + 1}",
                f"has the same name as column {first + 1}, {_short(name)}; rename one of them",
            )
    named = tuple(name for name in columns if name)
    if missing := sorted(set(needs) - set(named)):
        has = ", ".join(map(_short, named[:MOST_NAMED])) or "none"
        if len(named) > MOST_NAMED:
            has += f" and {len(named) - MOST_NAMED:,} more"
        raise _error(path, number, "", f"has no column {', '.join(missing)}; its columns: {has}")
    return Table(path, named, [_row(path, at, columns, cells) for at, cells in records])


def spelled(path: str | PurePath) -> str:
    """A path in the form used for comparison: "/" between its parts, none of them ".", and composed
    letters, which macOS decomposes."""
    text = path if isinstance(path, str) else path.as_posix()
    return unicodedata.normalize("NFC", PurePosixPath(text.replace("\\", "/")).as_posix())


def _row(path: Path, line: int, columns: list[str], cells: list[str]) -> Row:
    if len(cells) > len(columns):
        over = next((i for i in range(len(columns), len(cells)) if cells[i]), None)
        if over is not None:
            raise _error(
                path,
                line,
                f"column {over + 1}",
                f"holds {_short(cells[over])}, but there are {len(columns)} columns; put cells "
                "that hold the delimiter in quotes",
            )
    padded = chain(cells, [""] * len(columns))
    pairs = zip(columns, padded, strict=False)
    return Row({name: cell for name, cell in pairs if name}, path, line)


def read_rows(
    path: str | PathLike[str], known: Iterable[str] = ()
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of each row that is not blank, including the header; the file is read
    during iteration. known, errors: see `read_table`."""
    path = Path(path)
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, newline="") as file:
            delimiter, skip = _delimiter(file.read(_BLOCK), {_key(name) for name in known})
        with path.open(encoding=encoding, newline="") as file:
            for _ in range(skip):
                file.readline()
            yield from _records(path, file, delimiter, skip)
    except OSError as error:
        raise BrokenFileError(f"{path}: cannot be read ({error.strerror})") from error


def _records(
    path: Path, file: io.TextIOBase, delimiter: str, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # Python's own limit is 128 kB
    reader = csv.reader(
        _lines(path, file, delimiter, skipped),
        delimiter=delimiter,
        skipinitialspace=True,
        strict=True,
    )
    while True:
        begins = skipped + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            reason = f"is not a row of a table ({error})"
            if "end of data" in str(error):
                reason = "begins a quote that is never closed"
            raise _error(path, begins, "", reason) from error
        if cells is None:
            return
        cells = [unicodedata.normalize("NFC", cell).strip() for cell in cells]
        if any(cells):
            yield begins, cells


def _lines(path: Path, file: io.TextIOBase, delimiter: str, skipped: int) -> Iterator[str]:
    """The lines without spaces after closing quotes."""
    after_quote = re.compile(rf'"[ ]+(?={re.escape(delimiter)}|[\r\n]|$)')
    for number, text in enumerate(file, skipped + 1):
        if "\0" in text:
            raise _error(path, number, f"character {text.index(chr(0)) + 1}", "is a NUL byte")
        yield after_quote.sub('"', text) if '" ' in text else text


def _encoding(path: Path) -> str:
    """The encoding of the file; BrokenFileError if it is unknown, or the file is not text."""
    if not path.is_file():  # reading a pipe or a device might never end
        raise BrokenFileError(f"{path}: is not a file; name a table")
    if path.stat().st_size > MOST_BYTES:
        raise BrokenFileError(f"{path}: is larger than {MOST_BYTES >> 30} GiB, which no table is")
    with path.open("rb") as file:
        head = file.read(64)
        if head.startswith(_SPREADSHEETS):
            raise BrokenFileError(f"{path}: is a spreadsheet; save it as CSV, UTF-8")
        encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "")
        if not encoding and len(head) > 3:  # names of columns begin with ASCII letters
            zeros = [not any(head[i:8:2]) and all(head[1 - i : 8 : 2]) for i in (0, 1)]
            encoding = "utf-16-be" if zeros[0] else "utf-16-le" if zeros[1] else ""
    if encoding:
        _check(path, encoding)
        return encoding
    if _broken(path, "utf-8") is None:
        return "utf-8"
    broken = whole = 0
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with path.open("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            text = decoder.decode(block)
            broken += len(re.findall("[\udc80-\udcff]", text))
            whole += len(re.findall("[^\0-\x7f\udc80-\udcff]", text))
    # text in Windows-1252 rarely contains valid sequences of UTF-8
    _check(path, "utf-8" if whole >= broken else "cp1252")
    return "cp1252"


def _check(path: Path, encoding: str) -> None:
    """The BrokenFileError for a byte that is invalid in this encoding."""
    if place := _broken(path, encoding):
        name = {"cp1252": "UTF-8 or Windows-1252"}.get(encoding, encoding.upper())
        raise _error(path, place[0], f"byte {place[1]}", f"is not {name}; save it again as UTF-8")


def _broken(path: Path, encoding: str) -> tuple[int, int] | None:
    """(line, byte in it), from 1, of the first byte that is invalid in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, begins, read = 1, 0, 0  # begins: offset of the line's first byte
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                start = read + len(block) - len(error.object) + error.start
                before = error.object[: error.start]
                line += before.count(b"\n")
                if b"\n" in before:
                    begins = start - len(before) + before.rindex(b"\n") + 1
                return line, start - begins + 1
            if not block:
                return None
            line += block.count(b"\n")
            if b"\n" in block:
                begins = read + block.rindex(b"\n") + 1
            read += len(block)


def _delimiter(sample: str, known: set[str]) -> tuple[str, int]:
    """The delimiter, and the number of lines to skip: 1 if the first line gives the delimiter."""
    said = _SEPARATOR.fullmatch(sample.lstrip("\ufeff").splitlines()[0]) if sample.strip() else None
    if said:
        return said[1], 1

    def fit(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(
            io.StringIO(sample.replace("\0", ""), newline=""),
            delimiter=delimiter,
            skipinitialspace=True,
        )
        csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        names = next((cells for cells in reader if any(map(str.strip, cells))), [])
        return len({_key(name) for name in names} & known), len(names)

    return max(DELIMITERS, key=fit), 0


def _key(name: str) -> str:
    """A column's name in lower case, without the separators between its words."""
    return re.sub(r"[\s_-]+", "", _plain(name))


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFC", name).replace("\ufeff", " ")  # a mark before a quoted name
    return " ".join(text.lower().split())


def _short(text: str) -> str:
    return repr(text if len(text) < 60 else text[:57] + "…")


def _error(path: Path, line: int, column: str, reason: str) -> BrokenFileError:
    place = f"line {line}, {column}" if column else f"line {line}"
    return BrokenFileError(f"{path}, {place}: {reason}")
