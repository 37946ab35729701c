"""What README.md shows works: commands parse, and blocks of Python need nothing from elsewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from workbench import cli
from workbench.tools.listening.command import parser as listen_parser

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.S | re.M)
COMMANDS = [
    line.split(" # ")[0].strip()
    for language, block in BLOCKS
    if language == "sh"
    for line in block.splitlines()
    if line.startswith("workbench ")
]
PYTHON = [block for language, block in BLOCKS if language == "python"]


def test_there_are_commands_and_python():
    assert len(COMMANDS) > 20
    assert len(PYTHON) > 2


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_parses(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in re.findall(r"path/to/\w+", command):
        Path(name).mkdir(parents=True)
        Path(name, "music.mid").touch()  # a data set has music in it
    words = shlex.split(command)[1:]
    given = cli.parser().parse_args(words)
    if given.command == "listen":
        listen_parser().parse_args(given.rest)


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_a_block_of_python_imports_all_that_it_uses(block):
    check = ["-m", "ruff", "check", "--isolated", "--select", "F821", "-"]
    done = subprocess.run(
        [sys.executable, *check], input=block, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout
