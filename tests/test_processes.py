"""Whatever the workbench starts ends with what started it, also where that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from workbench.processes import tied, worker_pool

# Each script's workers write a file named by their number, and would go on for ten minutes.
REST = """
import os, subprocess, sys, time
from pathlib import Path

def rest(folder):
    nap = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(folder, str(os.getpid())).touch()
    Path(folder, str(nap.pid)).touch()
    time.sleep(600)
"""
POOL = """
import multiprocessing
from workbench.processes import worker_pool

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[2])
    with worker_pool(2) as pool:
        list(pool.map(rest, [sys.argv[1]] * 2))
"""
SHARDS = """
from workbench.datasets.shards import Shards, prepare_shards

def work(path):
    rest(sys.argv[1])

if __name__ == "__main__":
    files = sorted(Path(sys.argv[2]).iterdir())
    out = Path(sys.argv[2]).parent / "out"
    prepare_shards(Shards(files, files[0].parent, out, "", size=1), work, workers=2, quiet=True)
"""
RENDERING = """
import workbench.datasets.rendered as rendered
from workbench.datasets import load

rendered.write_audio = lambda path, *more: rest(sys.argv[1])

if __name__ == "__main__":
    clips = load("builtin", "train", limit=8).clips
    rendered.render_set(clips, sys.argv[2], bars=1, workers=2, quiet=True)
"""
PROGRAM = """
from workbench.processes import tied

if __name__ == "__main__":
    code = "import os, sys, time; open(f'{sys.argv[1]}/{os.getpid()}', 'w'); time.sleep(600)"
    subprocess.run(tied([sys.executable, "-c", code, sys.argv[1]]))
"""


def killed(tmp_path: Path, script: str, number: int, *more: str) -> list[psutil.Process]:
    """What a script had started, `number` processes, when it was killed."""
    place = tmp_path / "run.py"
    place.write_text(REST + textwrap.dedent(script))
    pids = tmp_path / "pids"
    pids.mkdir()
    running = subprocess.Popen([sys.executable, str(place), str(pids), *more])
    try:
        deadline = time.monotonic() + 120
        while len(list(pids.iterdir())) < number:
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        started = psutil.Process(running.pid).children(recursive=True)
        assert {int(path.name) for path in pids.iterdir()} <= {one.pid for one in started}
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    return started


def all_ended(started: list[psutil.Process]) -> bool:
    """Within twenty seconds; without a process 1 that buries them they stay as zombies."""
    deadline = time.monotonic() + 20
    left = started
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    for process in left:
        process.kill()
    return not left


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_and_their_children_end_with_a_killed_parent(tmp_path, method):
    assert all_ended(killed(tmp_path, POOL, 4, method))


def test_the_workers_of_a_killed_preparation_end(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    for number in range(5):
        (files / str(number)).touch()
    assert all_ended(killed(tmp_path, SHARDS, 4, str(files)))


def test_the_workers_of_a_killed_rendering_end(tmp_path):
    assert all_ended(killed(tmp_path, RENDERING, 4, str(tmp_path / "set")))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a program to its parent")
def test_a_program_ends_with_its_killed_parent(tmp_path):
    assert all_ended(killed(tmp_path, PROGRAM, 1))


def test_a_tied_program_is_the_program():
    code = "import sys; print(sys.argv[1:]); sys.exit(3)"
    done = subprocess.run(tied([sys.executable, "-c", code, "a b", ""]), capture_output=True)
    assert (done.returncode, done.stdout) == (3, b"['a b', '']\n")
    done = subprocess.run(tied(["no such program"]), capture_output=True)
    assert done.returncode != 0
    assert b"FileNotFoundError" in done.stderr


def test_a_pool_works_as_any_other():
    with worker_pool(2) as pool:
        assert list(pool.map(abs, [-1, 2, -3])) == [1, 2, 3]


def test_every_worker_is_of_the_pool():
    """No other place starts processes that could outlive their parent."""
    package = Path(__file__).parents[1] / "workbench"
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "processes.py":
            assert "ProcessPoolExecutor" not in text, path
            assert "multiprocessing" not in text, path
