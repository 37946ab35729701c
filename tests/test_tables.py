"""Tables as spreadsheets and other programs write them, whole and damaged."""

import csv
import io
import random
import re
import unicodedata
from contextlib import suppress

import pytest

from workbench.errors import BrokenFileError
from workbench.tables import read_rows, read_table, spelled

ROWS = [
    ["file", "caption", "split"],
    ["a.wav", "café, blues", "Test"],
    ["sub/ü.wav", 'she said "go"\nand went', ""],
]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")


def written(rows, delimiter=",", ends="\r\n"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=ends).writerows(rows)
    return text.getvalue()


@pytest.fixture
def table(tmp_path):
    """table(content) writes a file of bytes or text and returns its path."""

    def write(content, encoding="utf-8"):
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_way_to_write_a_table_gives_the_same(table, encoding, delimiter, ends):
    read = read_table(table(written(ROWS, delimiter, ends), encoding), ["file"])
    assert read.columns == ("file", "caption", "split")
    assert [list(row.values()) for row in read.rows] == ROWS[1:]
    assert [row.line for row in read.rows] == [2, 3]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_first_line_may_name_the_delimiter(table, delimiter):
    path = table(f"sep={delimiter}\r\n" + written(ROWS, delimiter))
    (first, _) = read_table(path).rows
    assert (first["caption"], first.line) == ("café, blues", 3)


def test_the_delimiter_is_the_one_that_gives_known_columns(table):
    path = table("File Name;what, in words, one hears\na.wav;drums, slow\n")
    read = read_table(path, ["file_name"])
    assert read.column("path", "file_name") == "file name"
    assert read.rows[0]["what, in words, one hears"] == "drums, slow"


def test_spaces_blank_lines_short_rows_and_composed_letters(table):
    split = unicodedata.normalize("NFD", "é")
    path = table(f'\n"FILE" , Caption ,\n\n {split}.wav , "a, b" ,\n,,\nb.wav\n"c.wav"  \n')
    read = read_table(path, ["file"])
    assert read.columns == ("file", "caption")
    assert [(r["file"], r["caption"], r.line) for r in read.rows] == [
        ("é.wav", "a, b", 4),
        ("b.wav", "", 6),
        ("c.wav", "", 7),
    ]


def test_a_long_cell_is_read_whole(table):
    assert len(read_table(table("file,x\na.wav," + "x" * 3_000_000)).rows[0]["x"]) == 3_000_000


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"file,x\na,b,c\n", "line 2, column 3: holds 'c', but there are 2 columns"),
        (b'file,x\n\na,"b\nc,d\n', "line 3: begins a quote"),
        (b'file,x\na,"b"c\n', "line 2: is not a row"),
        (b"file,x\na,b\0c\n", "line 2, character 4: is a NUL"),
        (b"file,x,File\n", "line 1, column 3: has the same name as column 1"),
        (b"x,y\na,b\n", "line 1: has no column file; its columns: 'x', 'y'"),
        ("file,é\nè,à\n".encode() + b"\xff,b\n", "line 3, byte 1: is not UTF-8"),
        (b"file,x\na,\x81b\n", "line 2, byte 3: is not UTF-8 or Windows-1252"),
        (b"\xff\xfef\0i\0l\0e\0\n\0a\0\n\0\0", "line 3, byte 2: is not UTF-16"),
        (b"PK\x03\x04 and so on", "is a spreadsheet; save it as CSV"),
        (b"", "is empty"),
        (b" \n\n\r\n", "is empty"),
    ],
)
def test_what_is_not_understood_is_named_by_its_place(table, content, place):
    with pytest.raises(BrokenFileError, match=re.escape(place)) as caught:
        read_table(table(content), needs=["file"])
    assert "t.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv", "/dev/zero"):
        with pytest.raises(BrokenFileError, match="is not a file"):
            read_table(path)


def test_numbers_of_any_country(table):
    row = read_table(table("a;b;c;d\n1,5;4,0;2e1;-.5\n")).rows[0]
    assert [row.number(name, -1, 99) for name in "abcd"] == [1.5, 4.0, 20.0, -0.5]
    assert row.whole("b", 1, 5) == 4
    for cell in ("²", "٣", "1_0", "nan", "inf", "1e999", "", "7" * 5000, "1,000.5", "0x1"):
        row = read_table(table(f"a\tb\n{cell}\tx\n")).rows[0]
        with pytest.raises(BrokenFileError, match=r"line 2, column 'a': must be a number from 0"):
            row.number("a", 0, 9)
    with pytest.raises(BrokenFileError, match="column 'a': must be a whole number, got '1,5'"):
        read_table(table("a;b\n1,5;\n")).rows[0].whole("a", 0, 9)


@pytest.mark.parametrize(
    "path",
    [
        "../a.wav",
        "a/../../b.wav",
        "/etc/a.wav",
        "C:\\a.wav",
        "c:a.wav",
        "\\\\host\\a.wav",
        "..\\a.wav",
        "",
    ],
)
def test_a_path_stays_in_the_folder(table, path):
    row = read_table(table(f"file,x\n{path},y\n")).rows[0]
    with pytest.raises(BrokenFileError, match="line 2, column 'file'"):
        row.inside("file")


def test_paths_are_spelled_one_way():
    assert spelled(".\\sub\\u\u0308.wav") == "sub/ü.wav"


def test_a_large_table_is_read_in_passing(table):
    lines = read_rows(table("a,b\n" + "x,y\n" * 400_000))
    assert next(lines) == (1, ["a", "b"])
    assert sum(1 for _ in lines) == 400_000


def test_no_damage_ends_in_another_error(table):
    """Bytes changed, taken out, put in, doubled; the whole read as one encoding or another."""
    draw = random.Random(5)
    base = written([*ROWS, *([f"{i}.wav", "x" * i, "val"] for i in range(30))])
    read = 0
    odd = [
        b"\0",
        b'"',
        b"\xff",
        b"\xfe\xff",
        b"\r",
        b";",
        b"\t",
        b",",
        b"\xe9",
        b"\xed\xa0\x80",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"sep=;\n",
    ]
    for _ in range(500):
        data = bytearray(base.encode(draw.choice(ENCODINGS)))
        for _ in range(draw.choice((1, 1, 3, 20))):
            at, to = sorted(draw.choices(range(len(data) + 1), k=2))
            kind = draw.randrange(4)
            if kind == 0:
                data[at:to] = data[at:to] * 2 if to - at < 3000 else b""
            elif kind == 1:
                data[at : at + draw.randrange(9)] = b""
            elif kind == 2:
                data[at:at] = draw.choice(odd)
            elif at < len(data):
                data[at] = draw.randrange(256)
        with suppress(BrokenFileError):
            found = read_table(table(bytes(data)), ["file"])
            read += 1
            assert all(len(row) == len(found.columns) for row in found.rows)
    assert 50 < read < 450


def test_as_many_columns_as_a_program_may_write(tmp_path):
    path = tmp_path / "wide.csv"
    names = [f"c{i}" for i in range(300_000)]  # compared with each other they take minutes
    path.write_text(",".join(names) + "\n" + ",".join(["1"] * 300_000) + "\n")
    table = read_table(path, ["c7"])
    assert table.columns == tuple(names)
    assert table.rows[0]["c299999"] == "1"
    with pytest.raises(BrokenFileError, match=r"no column file.* 299,980 more$") as caught:
        read_table(path, needs=["file"])
    assert len(str(caught.value)) < 1000
    path.write_text(",".join([*names, "c5"]) + "\n")
    with pytest.raises(BrokenFileError, match="column 300001: has the same name as column 6"):
        read_table(path)
