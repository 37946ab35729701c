"""The frame of a notebook: what `start` refuses and says, what `finish` leaves."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from workbench.course import lesson
from workbench.datasets.audio import find_audio, prepare_audio
from workbench.errors import MissingDataError, WorkbenchError
from workbench.music.clip import Clip


@pytest.fixture
def quiet(monkeypatch, tmp_path):
    """No run file, no Groove, no recorded times."""
    monkeypatch.delenv("WORKBENCH_RUN_FILE", raising=False)
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(lesson, "TIMES", tmp_path / "times.json")
    return tmp_path


def test_an_unknown_profile_is_refused_in_one_line(quiet):
    with pytest.raises(WorkbenchError, match="smoke, laptop, gpu, paper") as caught:
        lesson.start("05", profile="huge", dataset="builtin")
    assert "\n" not in str(caught.value)


def test_a_library_older_than_the_notebook_is_refused(quiet):
    with pytest.raises(WorkbenchError, match=r"needs workbench 99\.1"):
        lesson.start("05", profile="smoke", dataset="builtin", needs="99.1")


def test_versions_compare_as_numbers(quiet, monkeypatch):
    monkeypatch.setattr(lesson, "__version__", "0.10")
    assert lesson.start("05", profile="smoke", dataset="builtin", needs="0.9").number == "05"


def test_the_same_seed_gives_the_same_draws(quiet):
    def draws(seed: int) -> tuple[float, float, float]:
        lesson.start("05", profile="smoke", dataset="builtin", seed=seed)
        return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002

    first, other = draws(3), draws(4)
    assert draws(3) == first
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_start_says_what_runs_here(quiet, capsys):
    run = lesson.start("05", profile="smoke", dataset="builtin", train=True)
    said = capsys.readouterr().out
    assert torch.__version__ in said
    assert run.device in said
    assert "not measured yet" in said
    assert (run.profile, run.dataset, run.train, run.small) == ("smoke", "builtin", True, True)


def test_start_tells_the_recorded_time(quiet, capsys):
    times = {"05": {"smoke": {"seconds": 90, "memory_mb": 1536, "machine": "an abacus"}}}
    lesson.TIMES.write_text(json.dumps(times))
    lesson.start("05", profile="smoke", dataset="builtin")
    assert "took 1.5 min and 1.5 GiB on an abacus" in capsys.readouterr().out
    lesson.start("05", profile="laptop", dataset="builtin")
    said = capsys.readouterr().out
    assert "at laptop size" in said
    assert "smoke size took 1.5 min" in said


def test_without_groove_the_builtin_corpus_is_used_and_named(quiet, monkeypatch, capsys):
    monkeypatch.chdir(quiet)
    run = lesson.start("05", profile="smoke", dataset="groove")
    said = capsys.readouterr().out
    assert run.dataset == "builtin"
    assert "built-in" in said
    assert "data_scripts/groove.py" in said


def test_recordings_and_songs_that_are_not_here_are_stood_in_for_too(quiet, monkeypatch, capsys):
    monkeypatch.chdir(quiet)
    run = lesson.start("07", profile="smoke", dataset="openscore-lieder+cc-music-clips")
    assert run.dataset == "builtin-songs"
    assert "manifest.csv" in capsys.readouterr().out  # how to get the clips


def test_several_data_sets_and_recordings_are_taken_each_for_itself(quiet, monkeypatch, capsys):
    monkeypatch.chdir(quiet)
    sound = 0.1 * np.sin(np.arange(8000) / 10)
    (quiet / "mine").mkdir()
    soundfile.write(quiet / "mine" / "tone.wav", sound, 8000)
    run = lesson.start("06", profile="smoke", dataset="groove + builtin-songs + mine + builtin")
    assert run.dataset == "builtin+builtin-songs+mine"
    assert "data_scripts/groove.py" in capsys.readouterr().out
    prepare_audio(find_audio(quiet / "mine"), quiet / "prepared", rate=8000, quiet=True)
    shutil.rmtree(quiet / "mine")
    assert lesson.start("06", profile="smoke", dataset="prepared").dataset == "prepared"
    for missing in ("mine", "builtin+mine", "fma-small"):
        with pytest.raises(MissingDataError, match=missing.split("+")[-1]):
            lesson.start("06", profile="smoke", dataset=missing)


def test_a_folder_of_songs_without_drums_is_data_too(quiet, monkeypatch):
    monkeypatch.chdir(quiet)
    (quiet / "songs").mkdir()
    notes = [(0, 1, 60, 90), (1, 1, 64, 90)]
    Clip.from_notes(notes, tempo=100, drums=False).write_midi(quiet / "songs" / "song.mid")
    assert lesson.start("10", profile="smoke", dataset="songs").dataset == "songs"


def test_a_misspelt_data_set_is_an_error_and_not_replaced(quiet):
    with pytest.raises(WorkbenchError):
        lesson.start("05", profile="smoke", dataset="grove")


def test_finish_leaves_figures_a_file_and_the_sentinel(quiet, monkeypatch, capsys):
    target = quiet / "deep" / "run.json"
    monkeypatch.setenv("WORKBENCH_RUN_FILE", str(target))
    run = lesson.start("07", profile="smoke", dataset="builtin", seed=5)
    run.note("F1", 0.1)
    run.note("F1", 0.5, paper=0.67, floor="chance", unit="of 1")  # replaces
    run.note("a tensor's floor", torch.tensor(2.0), floor=torch.tensor(1.0))
    run.finish({"loss <b>": np.float32(2)})
    said = capsys.readouterr().out
    assert "F1 (of 1): 0.5, floor chance, paper 0.67" in said
    assert "Terms of this lesson\n" in said
    assert "\nrectified flow: " in said
    assert said.rstrip().endswith("lesson 07 finished")
    left = json.loads(target.read_text())
    assert [f["name"] for f in left["figures"]] == ["F1", "a tensor's floor", "loss <b>"]
    assert (left["number"], left["seed"], left["dataset"]) == ("07", 5, "builtin")
    assert "loss &lt;b&gt;" in run._html()
    assert list(target.parent.iterdir()) == [target]


def test_the_table_of_figures_has_no_empty_column(quiet, capsys):
    run = lesson.start("07", profile="smoke", dataset="builtin")
    run.note("F1", 0.5)
    assert "paper" not in run._html()
    assert "floor" not in run._html()
    run.note("F1 of words", 0.5, floor=0.1)
    assert "<th scope='col'>floor</th>" in run._html()
    assert "<td>–</td>" in run._html()
    run.finish()
    assert "F1: 0.5\nF1 of words: 0.5, floor 0.1\n" in capsys.readouterr().out


def test_importing_it_is_light():
    code = (
        "import sys, workbench.course.lesson\n"
        "heavy = {'torch', 'numpy', 'matplotlib', 'plotly', 'symusic'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
