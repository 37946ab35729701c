"""Odd values in every option of every command: one line that names them, before any work."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench import cli, options
from workbench.benchmarks import cards
from workbench.errors import MissingDataError, WorkbenchError
from workbench.music.clip import Clip
from workbench.systems import storage
from workbench.systems.figures import rows_of
from workbench.systems.registry import SYSTEMS, resolve
from workbench.tools.listening import command as listening
from workbench.tools.listening.design import make_test
from workbench.tools.listening.materials import system_materials
from workbench.tools.report.build import run_report

ODD = {  # by a value that the option would take
    "1": ["nan", "inf", "", "abc", "3-1", "\u00b2", "\u0663", "1e"],
    "seed": ["-1", "nan", "", "0.5", "\u00b2", "3-1", str(2**64), str(2**70), "9" * 5000],
    "name": ["", "  "],
}
GIVEN = {  # what a command needs besides
    "generate": ["rock"],
    "fill": ["song.mid", "--bars", "1"],
    "inpaint": ["song.mid", "--system", "songs", "--bars", "1"],
    "vary": ["loop.mid", "--system", "drums"],
    "train": ["drums"],
    "assign": ["--out", "out"],
    "grade": ["folder"],
    "make": ["--out", "out"],
    "serve": ["folder"],
    "merge": ["answers", "--key", "key"],
    "analyse": ["answers", "--key", "key"],
    "tokens": ["folder"],
}


def subcommands(parser):
    [found] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return found.choices


def commands():
    """(words before the options, parser) of every command that has options."""
    for name, parser in subcommands(cli.parser()).items():
        if name not in ("evaluate", "listen"):
            yield [name, *GIVEN.get(name, [])], parser
    for name, parser in subcommands(listening.parser()).items():
        yield ["listen", name, *GIVEN[name]], parser
    for name in cli.EVALUATIONS:
        module = SYSTEMS[name].benchmark if name in SYSTEMS else f"workbench.benchmarks.{name}"
        yield ["evaluate", name, *GIVEN.get(name, [])], resolve(module).parser()


def accepts(action, value):
    try:
        action.type(value)
    except argparse.ArgumentTypeError:
        return False
    return True


def status(words):
    """What a command exits with."""
    try:
        return cli.main(words)
    except SystemExit as ended:
        return ended.code


def kind_of(action):
    if accepts(action, "x"):
        return "name"
    return "seed" if accepts(action, str(2**64 - 1)) and not accepts(action, str(2**64)) else "1"


def cases():
    for words, parser in commands():
        for action in parser._actions:
            option = action.option_strings and action.option_strings[-1]
            if option and action.nargs != 0 and not action.choices and action.type is not None:
                yield pytest.param(words, action, option, id=" ".join([*words[:2], option]))


@pytest.mark.parametrize(("words", "action", "option"), list(cases()))
def test_an_odd_value_is_refused_in_one_line(words, action, option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for value in ODD[kind_of(action)]:
        with pytest.raises(SystemExit) as caught:
            cli.main([*words, f"{option}={value}"])
        assert caught.value.code == 2
        said = capsys.readouterr()
        [line] = said.err.splitlines()
        assert option in line
        assert repr(value[:40])[:-1] in line
        assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_every_option_with_a_value_is_checked():
    """None takes a number as argparse's own `int` and `float` would read it."""
    for words, parser in commands():
        for action in parser._actions:
            assert action.type not in (int, float, Path), (words, action.option_strings)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["report", "--jobs", "0"], "'0'"),
        (["report", "--timeout", "nan"], "'nan'"),
        (["report", "--timeout", "0"], "'0'"),
        (["experiment", "drum_noise", "--jobs", "-2"], "'-2'"),
        (["listen", "serve", "folder", "--port", "70000"], "'70000'"),
        (["evaluate", "drums", "--n", "19"], "'19'"),
        (["generate", "rock", "--nonsense\x1b[2J"], "--nonsense\\x1b[2J"),
        (["grade", "folder", "--memory", "1"], "'1'"),
    ],
)
def test_values_out_of_range_are_named(words, named, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert named in line


@pytest.mark.parametrize(
    ("read", "typed", "value"),
    [
        (options.whole(1), "+007", 7),
        (options.whole(), "-3", -3),
        (options.number(), "-2.5e1", -25.0),
        (options.number(1, 2), "2", 2.0),
        (options.seed, str(2**64 - 1), 2**64 - 1),
        (options.path, "a b", Path("a b")),
        (options.nonempty, " x ", " x "),
    ],
)
def test_ordinary_values_are_read(read, typed, value):
    assert read(typed) == value


@pytest.mark.parametrize("name", [n for n in cli.EVALUATIONS if n != "tokens"])
def test_evaluate_refuses_where_it_cannot_write_before_it_measures(name, tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    for out in (tmp_path, tmp_path / "file" / "out.json"):
        assert cli.main(["evaluate", name, "--out", str(out)]) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert f"--out {out}: cannot be written" in line


FOLDERS = [
    ["fill", "folder", "--bars", "1"],
    ["generate", "rock", "--checkpoint", "folder"],
    ["generate", "rock", "--checkpoint", "file"],
    ["evaluate", "drums", "--checkpoint", "file"],
    ["evaluate", "systems", "--checkpoints", "file"],
    ["evaluate", "tokens", "file"],
    *(["evaluate", name, "--dataset", "file"] for name in ("drums", "speed", "beats", "songs")),
    ["listen", "merge", "folder", "--key", "folder"],
    ["listen", "analyse", "folder", "--key", "folder"],
    ["listen", "serve", "file"],
    ["listen", "make", "--out", "out", "--clips", "file"],
    ["report", "--submissions", "file"],
    ["grade", "file"],
    ["train", "drums", "--dataset", "file"],
    ["train", "drums", "--start", "file"],
    ["data", "get", "file"],
    ["experiment", "../file"],
    ["assign", "99", "--out", "out"],
]


@pytest.mark.parametrize("words", FOLDERS, ids=[" ".join(words[:2]) for words in FOLDERS])
def test_a_folder_for_a_file_and_a_file_for_a_folder(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    assert status(words) in (1, 2)
    [line] = capsys.readouterr().err.splitlines()
    assert "99" in line if words[0] == "assign" else ("folder" in line or "file" in line)


WITH_DATA = [
    words
    for words, parser in commands()
    if any("--dataset" in action.option_strings for action in parser._actions)
]


@pytest.mark.parametrize("words", WITH_DATA, ids=[" ".join(words[:2]) for words in WITH_DATA])
def test_data_that_is_not_there_is_refused_before_any_work(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no music").mkdir()
    (tmp_path / "no music" / "notes.txt").write_text("text")
    for names, named in (
        ("nope", "'nope'"),
        ("builtin+ nope", "'nope'"),
        ("builtin+", "'builtin+'"),
        ("no music", "'no music'"),
        ("~nobody/loops", "'~nobody/loops'"),
        ("a\0b", r"'a\x00b'"),
    ):
        assert status([*words, "--dataset", names]) == 2
        said = capsys.readouterr()
        [line] = said.err.splitlines()
        assert "--dataset" in line
        assert named in line
        assert said.out == ""
    assert os.listdir(tmp_path) == ["no music"]


LATE = [
    (["listen", "make", "--out", "out", "--title", " "], "--title"),
    (["experiment", "drum_noise", "--set", "noise=loud"], "noise='loud'"),
    (["experiment", "drum_noise", "--set", "noise=-0.1"], "noise=-0.1"),
    (["experiment", "drum_noise", "--set", "noise=1e999"], "noise=inf"),
    (["experiment", "drum_noise", "--set", "noise="], "--set noise="),
    (["experiment", "drum_noise", "--set", "noise=0.5,"], "noise=''"),
    (["experiment", "drum_noise", "--set", "noise=0", "noise=1"], "noise=1"),
    (["experiment", "drum_noise", "--set", "seed=0,-1"], "seed=-1"),
    (["experiment", "drum_noise", "--set", "seed=0.5"], "seed=0.5"),
    (["experiment", "midigpt_scaling", "--set", "width=8.5"], "width=8.5"),
    (["data", "list", "groove"], "'groove'"),
]


@pytest.mark.parametrize(("words", "named"), LATE, ids=[" ".join(words) for words, _ in LATE])
def test_what_cannot_be_done_is_refused_before_any_work(
    words, named, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert status(words) == 2
    said = capsys.readouterr()
    [line] = said.err.splitlines()
    assert named in line
    assert said.out == ""
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_functions_behind_the_commands_refuse_it_too(tmp_path):
    """Before a notebook is run or a checkpoint is read."""
    with pytest.raises(MissingDataError, match="'nope'"):
        run_report(tmp_path, dataset="groove+nope")
    with pytest.raises(MissingDataError, match="'nope'"):
        system_materials(["no checkpoint"], "nope")
    with pytest.raises(WorkbenchError, match="title"):
        make_test([], Clip(audio=np.zeros(9), sample_rate=8000), title=" \n", seed=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_names_that_are_not_utf8_can_be_printed(tmp_path):
    """In the error, and in the paths of what was written."""
    root, odd = os.fsencode(Path(cli.__file__).parents[1]), os.fsencode(tmp_path) + b"/b\xe4d\xff"
    command = [sys.executable, "-m", "workbench.cli"]
    done = subprocess.run([*command, "fill", odd, "--bars", "1"], cwd=root, capture_output=True)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert rb"b\udce4d\udcff" in line
    done = subprocess.run([*command, "assign", "01", "--out", odd], cwd=root, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"b\udce4d\udcff/01_" in done.stdout
    assert os.listdir(odd)


@pytest.mark.parametrize(
    "content", ["[", "[1]", "{}", '{"benchmark": 3}', "9" * 5000, "[" * 100_000, '"\\ud800"']
)
def test_measurements_that_are_none_are_named(content, tmp_path):
    for file in storage.FILES:
        (tmp_path / file).touch()
    (tmp_path / "measured.json").write_text(content)
    (tmp_path / "training.json").write_text("{}")
    with pytest.raises(MissingDataError, match=r"measured\.json"):
        rows_of([str(tmp_path)])
    with pytest.raises(MissingDataError, match=r"measured\.json"):
        cards.write_card(tmp_path, tmp_path / "measured.json")
