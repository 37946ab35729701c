"""The command `workbench`: what it writes, and how it fails."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from workbench import Clip, __version__, cli

ROOT = Path(__file__).parents[1]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "workbench.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A checkpoint that `workbench train` made in seconds."""
    out = tmp_path_factory.mktemp("trained") / "drums"
    arguments = ["--dataset", "builtin", "--profile", "smoke", "--text", "keywords"]
    assert cli.main(["train", "drums", *arguments, "--out", str(out), "--seed", "1"]) == 0
    return out


def test_train_leaves_a_checkpoint(trained):
    assert {"config.json", "model.safetensors", "README.md"} <= {p.name for p in trained.iterdir()}


def test_generate_writes_takes_that_can_be_read(trained, tmp_path, capsys):
    arguments = ["-n", "2", "--bars", "2", "--steps", "3", "--seed", "7", "--wav"]
    arguments += ["--checkpoint", str(trained), "--out", str(tmp_path / "takes")]
    assert cli.main(["generate", "funk 97 bpm", *arguments]) == 0
    said = capsys.readouterr().out.split()
    assert [Path(line).name for line in said] == [
        "funk_97bpm_s7_1.mid",
        "funk_97bpm_s7_1.wav",
        "funk_97bpm_s7_2.mid",
        "funk_97bpm_s7_2.wav",
    ]
    take = Clip.read(said[0])
    assert take.tempo == pytest.approx(97, abs=0.01)
    assert Clip.read(said[1]).duration == pytest.approx(2 * 4 * 60 / 97, abs=0.01)


def test_nothing_is_overwritten_without_being_asked(trained, tmp_path, capsys):
    arguments = ["generate", "samba, 120 bpm", "-n", "2", "--bars", "2", "--steps", "2"]
    arguments += ["--checkpoint", str(trained), "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    first, second = (Path(line) for line in capsys.readouterr().out.split())
    assert first.name == "samba_120bpm_s0_1.mid"
    before = first.read_bytes()
    first.write_bytes(b"mine")
    second.unlink()
    assert cli.main(arguments) == 2
    assert "samba_120bpm_s0_1.mid" in (said := capsys.readouterr().err)
    assert "--force" in said
    assert (first.read_bytes(), second.exists()) == (b"mine", False)  # all or nothing
    assert cli.main([*arguments, "--force"]) == 0
    assert first.read_bytes() == before
    capsys.readouterr()
    assert cli.main([*arguments[:-1], str(first)]) == 2
    assert f"--out {first}" in capsys.readouterr().err


def test_generate_repeats_with_the_seed(trained, tmp_path, capsys):
    def drawn(folder: str, seed: int) -> bytes:
        arguments = ["--bars", "2", "--steps", "3", "--checkpoint", str(trained)]
        arguments += ["--seed", str(seed), "--out", str(tmp_path / folder)]
        assert cli.main(["generate", "rock 120 bpm", *arguments]) == 0
        return Path(capsys.readouterr().out.strip()).read_bytes()

    first = drawn("a", 1)
    assert drawn("b", 1) == first
    assert drawn("c", 2) != first


def test_an_error_is_one_line_and_status_2(tmp_path):
    done = command("generate", "rock", "--checkpoint", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("workbench: ")
    assert "nowhere" in lines[0]


def test_debug_shows_the_traceback(tmp_path):
    done = command("--debug", "generate", "rock", "--checkpoint", str(tmp_path / "nowhere"))
    assert done.returncode not in (0, 2)
    assert "Traceback" in done.stderr


def test_a_value_that_makes_no_sense_is_refused_in_one_line(trained, tmp_path, capsys):
    arguments = ["--checkpoint", str(trained), "--out", str(tmp_path), "--bars", "65"]
    assert cli.main(["generate", "rock", *arguments]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--profile", "huge"],
        ["train", "paintings"],
        ["evaluate", "paintings"],
        ["dance"],
        [],
    ],
)
def test_unknown_words_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "workbench" in capsys.readouterr().err


def test_data_list_names_licences(capsys):
    assert cli.main(["data", "list"]) == 0
    said = capsys.readouterr().out
    assert "groove" in said
    assert "builtin" in said
    assert "CC BY 4.0" in said


@pytest.mark.parametrize("name", ["builtin", "openewld", "nowhere"])
def test_what_has_no_archive_is_not_fetched(capsys, name):
    assert cli.main(["data", "get", name]) == 2
    said = capsys.readouterr().err
    assert {"groove", "pop909", "lakh-clean"} <= {
        *said.partition("there is: ")[2].strip().split(", ")
    }
    assert (name == "openewld") == ("under the name openewld" in said)


def test_version_and_help_are_quick_and_light():
    code = (
        "import sys; from workbench import cli; cli.parser().format_help()\n"
        "sys.exit(str({'torch', 'numpy', 'transformers'} & set(sys.modules) or '') or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert command("--version").stdout.strip() == __version__


def test_the_file_runs_as_a_script_and_hides_no_package():
    """As Fabric's launcher starts it: its folder must not lead the path."""
    code = (
        "import runpy, sys\n"
        "sys.path.insert(0, 'workbench'); sys.argv = ['cli.py', 'data', 'list']\n"
        "try: runpy.run_path('workbench/cli.py', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'workbench' not in sys.path"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "groove" in done.stdout


def test_evaluate_hands_its_options_on(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["evaluate", "drums", "--help"])
    assert caught.value.code == 0
    assert "--checkpoint" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["systems"],
        ["generate"],
        ["inpaint"],
        ["fill"],
        ["vary"],
        ["train"],
        ["evaluate"],
        ["listen"],
        ["listen", "make"],
        ["report"],
        ["gallery"],
        ["experiment"],
        ["assign"],
        ["grade"],
        ["notebooks"],
        ["data"],
    ],
)
def test_every_command_has_help(words, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([*words, "--help"])
    assert caught.value.code == 0
    assert "usage: workbench" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["groove", "generate", "evaluate systems"])
def test_an_unknown_option_names_the_help_of_its_command(command, capsys):
    words = {"groove": ["humanise", "loop.mid"]}.get(command, [])
    with pytest.raises(SystemExit) as caught:
        cli.main([*command.split(), *words, "--loud"])
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--loud" in line
    assert f"(see workbench {command} --help)" in line


def test_help_shows_defaults(capsys):
    with pytest.raises(SystemExit):
        cli.main(["generate", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "(default: drums)" in said
    assert "(default: 1)" in said
    assert "None" not in said


@pytest.mark.parametrize("bars", ["3-1", "0-2", "²", "2-²", "٣", "-1", "1-", "9" * 5000, "x"])
def test_bars_are_named_as_they_were_written(bars, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["fill", "no.mid", f"--bars={bars}"])
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--bars" in line
    assert repr(bars[:40]) in line


@pytest.mark.parametrize("words", [["report"], ["gallery"], ["train", "drums"]])
def test_a_folder_that_cannot_be_written_is_refused_first(words, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main([*words, "--out", str(tmp_path / "file")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--out {tmp_path / 'file'}" in line


COMMANDS = {
    "generate": ["generate", "rock"],
    "fill": ["fill", "there.mid", "--bars", "1"],
    "inpaint": ["inpaint", "there.wav", "--system", "sound", "--seconds", "0-1"],
    "vary": ["vary", "there.mid", "--system", "drums"],
    "train": ["train", "drums"],
    "report": ["report"],
    "gallery": ["gallery"],
    "experiment": ["experiment", "drum_noise"],
    "assign": ["assign"],
    "grade": ["grade", "there"],
    "make": ["listen", "make"],
    "merge": ["listen", "merge", "there.json", "--key", "key.json"],
    "analyse": ["listen", "analyse", "there.csv", "--key", "key.json"],
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    words, tmp_path, monkeypatch, capsys
):
    """Below a file nobody can write, not even root; nor can anyone into /proc."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("kept")
    places = [tmp_path / "file" / "out" / "more"]
    if Path("/proc/self").exists():
        places += [Path("/proc/nope/out"), Path("/proc/out/more")]
    for place in places:
        assert cli.main([*words, "--out", str(place)]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"workbench: --out {place}: cannot be written")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("seed", [2**70, -1, 2**64])
@pytest.mark.parametrize(
    "words",
    [w for n, w in COMMANDS.items() if n not in ("experiment", "assign", "merge")],
    ids=[n for n in COMMANDS if n not in ("experiment", "assign", "merge")],
)
def test_a_seed_beyond_64_bits_is_refused_before_any_work(
    words, seed, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        cli.main([*words, "--out", str(tmp_path / "out"), f"--seed={seed}"])
    assert caught.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "--seed" in line
    assert f"'{seed}'" in line
    assert list(tmp_path.iterdir()) == []


def test_every_option_of_the_commands_is_described():
    from workbench.tools.listening import command as listening

    for top in (cli.parser(), listening.parser()):
        [commands] = [a for a in top._actions if isinstance(a, argparse._SubParsersAction)]
        for name, parser in commands.choices.items():
            for action in parser._actions:
                assert action.help or not action.option_strings, f"{name} {action.option_strings}"


def test_the_table_of_answers_is_not_a_folder(tmp_path, capsys):
    words = ["listen", "merge", "a.json", "--key", "key.json", "--out", str(tmp_path)]
    assert cli.main(words) == 2
    assert f"--out {tmp_path}: cannot be written" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:bars")
@pytest.mark.parametrize(
    ("signs", "bars"),
    [
        ([(0, 1, 4), (480, 4, 4)], "1-2"),
        ([(0, 3, 4), (1440, 4, 4)], "4-5"),
        ([(0, 1, 8), (240, 6, 8)], "1"),
        ([(0, 3, 4), (4 * 1440, 4, 4)], "4-6"),
    ],
)
def test_fill_counts_bars_of_a_file_with_a_pickup_or_another_metre_first(tmp_path, signs, bars):
    import symusic

    score = symusic.Score(480)
    score.time_signatures.extend([symusic.TimeSignature(*sign) for sign in signs])
    score.tracks.append(symusic.Track("piano", 0))
    score.tracks[0].notes.extend([symusic.Note(240 * i, 200, 60 + i % 7, 70) for i in range(60)])
    clip = Clip(score)
    clip.write_midi(tmp_path / "song.mid")
    out = tmp_path / "takes"
    assert cli.main(["fill", str(tmp_path / "song.mid"), "--bars", bars, "--out", str(out)]) == 0
    (path,) = out.glob("*.mid")
    filled = Clip.read_midi(path)
    assert filled.bar_lines.tolist() == clip.bar_lines.tolist()
    first, last = int(bars[0]) - 1, int(bars[-1])
    begin, end = (round(480 * clip.bar_lines[bar]) for bar in (first, last))

    def outside(version):
        return [
            (n.time, n.duration, n.pitch, n.velocity)
            for n in version.score.tracks[0].notes
            if not begin <= n.time < end
        ]

    assert outside(filled) == outside(clip)
    written = [(n.time, n.pitch) for n in filled.score.tracks[0].notes]
    assert written != [(n.time, n.pitch) for n in score.tracks[0].notes]


@pytest.mark.parametrize(
    "command",
    [
        ["grade", "nope"],
        ["assign", "99"],
        ["listen", "make", "--systems", "nope"],
        ["gallery", "--systems", "nope"],
    ],
)
def test_a_command_that_is_refused_leaves_no_folder(command, tmp_path, capsys):
    with suppress(SystemExit):
        assert cli.main([*command, "--out", str(tmp_path / "new" / "out")]) == 2
    assert command[-1] in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_had_enough_ends_a_command_without_a_word():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "workbench.cli", "systems"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.stderr == ""
