"""Files that raters send in: broken, foreign, duplicate, incomplete, two under one name."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import pytest

from tests.tools.listening.conftest import record
from workbench import cli
from workbench.errors import BrokenFileError, MissingDataError
from workbench.tools.listening.answers import (
    COLUMNS,
    clean_name,
    merge,
    read_answers,
    read_sheet,
    write_answers,
)
from workbench.tools.listening.store import NameTaken, Store


def put(folder, name, content):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))


def test_good_files_become_one_table(ratings, tmp_path):
    put(tmp_path / "in", "a.json", record(ratings, "Ada", 1))
    put(tmp_path / "in", "b.json", record(ratings, "Grace", 2))
    put(tmp_path / "in", "notes.txt", "not asked")
    put(tmp_path / "in", "key.json", ratings.key)
    merged = merge([tmp_path / "in"], ratings.key)
    assert merged.raters == ["Ada", "Grace"]
    assert (merged.left_out, merged.conflicts, merged.half_rated) == ([], [], [])
    assert len(merged.answers) == 2 * (8 * 3 + 1)
    write_answers(tmp_path / "all.csv", merged.answers)
    assert read_answers(tmp_path / "all.csv", ratings.key) == merged.answers
    assert "human" not in (tmp_path / "all.csv").read_text()


def broken_files(test):
    good = record(test, "Eve", 9)
    trial = good["answers"][1]["trial"]

    def with_row(**row):
        return good | {"answers": [good["answers"][0] | row]}

    return {
        "empty.json": ("", "JSON"),
        "cut.json": (json.dumps(good)[:200], "JSON"),
        "deep.json": ("[" * 100_000, "JSON"),
        "list.json": ([1, 2], "file of answers"),
        "foreign.json": (good | {"test": "t000"}, "another test"),
        "nameless.json": (good | {"rater": " \u0007 "}, "names no rater"),
        "token.json": (good | {"token": "../../x"}, "names no rater"),
        "rows.json": (good | {"answers": {}}, "no list"),
        "value.json": (with_row(value=6), "not possible"),
        "float.json": (with_row(value=3.5), "not possible"),
        "true.json": (with_row(value=True), "not possible"),
        "scale.json": (with_row(scale="beauty"), "not possible"),
        "trial.json": (with_row(trial="q00"), "not possible"),
        "unhashable.json": (with_row(trial=[trial]), "not possible"),
        "place.json": (with_row(place=-1), "not possible"),
        "seconds.json": (with_row(seconds=float("nan")), "not possible"),
        "none.json": (good | {"answers": [None]}, "not possible"),
        "digits.json": ('{"x": ' + "9" * 6000 + "}", "JSON"),
        "half.json": (good | {"answers": ["\ud800"]}, "JSON"),
        "silent.json": (good | {"answers": [], "token": "f" * 32}, "no answers"),
    }


def test_broken_and_foreign_files_are_left_out_and_named(ratings, tmp_path):
    put(tmp_path / "in", "a.json", record(ratings, "Ada", 1))
    files = broken_files(ratings)
    for name, (content, _) in files.items():
        put(tmp_path / "in", name, content)
    (tmp_path / "in" / "bytes.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "in" / "no.sqlite").write_bytes(b"SQLite format 3\0 and no more")
    foreign = sqlite3.connect(tmp_path / "in" / "foreign.db")
    foreign.execute("CREATE TABLE songs (name)")
    foreign.commit()
    foreign.close()
    merged = merge([tmp_path / "in"], ratings.key)
    assert merged.raters == ["Ada"]
    reasons = {path.rsplit("/", 1)[-1]: reason for path, reason in merged.left_out}
    assert reasons.keys() == files.keys() | {"bytes.json", "no.sqlite", "foreign.db"}
    for name, (_, reason) in files.items():
        assert reason in reasons[name]
        assert name in merged.summary()
    with sqlite3.connect(tmp_path / "in" / "foreign.db") as untouched:
        assert untouched.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


def test_half_rated_tests_are_counted_and_listed(ratings, tmp_path):
    half = record(ratings, "Ada", 1, finished=False)
    half["answers"] = half["answers"][:7]
    put(tmp_path, "a.json", half)
    merged = merge([tmp_path], ratings.key)
    assert merged.half_rated == [("Ada", 7, 25)]
    assert "Ada, 7 of 25 answers" in merged.summary()
    assert len(merged.answers) == 7


def test_one_rater_who_hands_in_twice_counts_once(ratings, tmp_path):
    first = record(ratings, "Ada", 1, saved="2026-01-01T10:00:00Z")
    later = record(ratings, "Ada", 1, saved="2026-01-01T11:00:00Z")
    later["answers"] = [
        row | {"value": 2} if row["scale"] != "tones" else row for row in later["answers"]
    ]
    half = record(ratings, "Ada", 1, saved="2026-01-01T12:00:00Z")
    half["answers"] = half["answers"][:7]
    for name, content in (("a", first), ("b", later), ("c", half)):
        put(tmp_path, f"{name}.json", content)
    merged = merge([tmp_path], ratings.key)
    assert merged.raters == ["Ada"]
    assert {a.value for a in merged.answers if a.scale == "quality"} == {2}
    assert len(merged.left_out) == 2
    assert "b.json" in merged.left_out[0][1]


def test_two_raters_under_one_name_are_kept_apart_and_named(ratings, tmp_path):
    put(tmp_path, "x.json", record(ratings, "Ada", 7, started="2026-01-02"))
    put(tmp_path, "y.json", record(ratings, "ADA", 2, started="2026-01-01"))
    put(tmp_path, "z.json", record(ratings, "Ada (2)", 3))
    merged = merge([tmp_path], ratings.key)
    assert sorted(merged.raters) == ["ADA", "Ada (2)", "Ada (3)"]
    assert len(merged.conflicts) == 1
    assert "used by 2 raters" in merged.conflicts[0]
    assert "x.json" in merged.conflicts[0]
    assert len(merged.answers) == 3 * 25


def test_files_and_a_database_of_one_rater_are_one(ratings, tmp_path):
    store = Store(tmp_path / "answers.sqlite")
    sheet = read_sheet(record(ratings, "Ada", 1), ratings.key, "a message")
    store.save(ratings.key["test"], sheet)
    put(tmp_path, "a.json", record(ratings, "Ada", 1))
    merged = merge([tmp_path], ratings.key)
    assert merged.raters == ["Ada"]
    assert merged.conflicts == []
    assert len(merged.answers) == 25


def test_the_store_replaces_and_refuses(ratings, tmp_path):
    store, test = Store(tmp_path / "a" / "answers.sqlite"), ratings.key["test"]
    store.join(test, "Ada", "1" * 32)
    store.join(test, "Ada", "1" * 32)
    with pytest.raises(NameTaken, match="taken"):
        store.join(test, "aDA", "2" * 32)
    with pytest.raises(NameTaken):  # nor may a token change its name
        store.join(test, "Eve", "1" * 32)
    store.join("another test", "Ada", "3" * 32)
    sheet = read_sheet(record(ratings, "Grace", 4), ratings.key, "a message")
    store.save(test, sheet)
    store.save(test, sheet)
    assert store.counts(test) == (2, 1, 25)
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_names_are_plain():
    assert clean_name("  Ada \n Lovelace\u202e ") == "Ada Lovelace"
    assert clean_name("=SUM(A1)") == "SUM(A1)"
    assert clean_name("x" * 100) == "x" * 60
    assert clean_name(None) == clean_name("\t") == ""


def test_a_table_of_another_test_is_refused(ratings, pairs, tmp_path):
    put(tmp_path, "a.json", record(ratings, "Ada", 1))
    write_answers(tmp_path / "all.csv", merge([tmp_path], ratings.key).answers)
    with pytest.raises(BrokenFileError, match="line 2"):
        read_answers(tmp_path / "all.csv", pairs.key)
    (tmp_path / "all.csv").write_text("")
    with pytest.raises(BrokenFileError, match=r"all\.csv: is empty"):
        read_answers(tmp_path / "all.csv", ratings.key)
    (tmp_path / "all.csv").write_text(",".join(COLUMNS))
    with pytest.raises(BrokenFileError, match=r"all\.csv contains no answers"):
        read_answers(tmp_path / "all.csv", ratings.key)
    with pytest.raises(MissingDataError, match="does not exist"):
        merge([tmp_path / "nowhere"], ratings.key)


def test_merge_without_answers_writes_nothing(ratings, tmp_path, capsys):
    _, key = ratings.write(tmp_path)
    put(tmp_path / "in", "bad.json", "{")
    arguments = ["--key", str(key), "--out", str(tmp_path / "all.csv")]
    assert cli.main(["listen", "merge", str(tmp_path / "in"), *arguments]) == 2
    assert "nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "all.csv").exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_answers_survive_a_spreadsheet(ratings, tmp_path, encoding, delimiter):
    put(tmp_path, "a.json", record(ratings, "Zoë", 1))
    answers = merge([tmp_path], ratings.key).answers
    write_answers(tmp_path / "all.csv", answers)
    text = (tmp_path / "all.csv").read_text(encoding="utf-8").replace(",", delimiter)
    text = text.replace("9.5", "9,5").replace("\n", "\r\n") + "\r\n" + delimiter * 6 + "\r\n"
    (tmp_path / "all.csv").write_bytes(text.encode(encoding))
    assert read_answers(tmp_path / "all.csv", ratings.key) == answers


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("rater", ""),
        ("trial", "q99"),
        ("scale", "beauty"),
        ("value", "6"),
        ("value", "²"),
        ("value", "3.5"),
        ("value", "9" * 5000),
        ("place", "-1"),
        ("seconds", "nan"),
        ("seconds", "1e999"),
        ("swapped", "perhaps"),
    ],
)
def test_an_answer_that_is_not_understood_is_named(ratings, tmp_path, column, cell):
    put(tmp_path, "a.json", record(ratings, "Ada", 1))
    write_answers(tmp_path / "all.csv", merge([tmp_path], ratings.key).answers)
    lines = (tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()
    cells = lines[3].split(",")
    cells[COLUMNS.index(column)] = cell
    lines[3] = ",".join(cells)
    (tmp_path / "all.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BrokenFileError, match=rf"line 4, column '{column}'"):
        read_answers(tmp_path / "all.csv", ratings.key)


def test_a_line_twice_counts_once_and_two_answers_are_refused(ratings, tmp_path):
    put(tmp_path, "a.json", record(ratings, "Ada", 1))
    answers = merge([tmp_path], ratings.key).answers
    write_answers(tmp_path / "all.csv", [*answers, answers[3]])
    assert read_answers(tmp_path / "all.csv", ratings.key) == answers
    other = replace(answers[3], value=answers[3].value % 5 + 1)
    write_answers(tmp_path / "all.csv", [*answers, other])
    with pytest.raises(BrokenFileError, match=r"column 'value'.*line 5"):
        read_answers(tmp_path / "all.csv", ratings.key)
