"""Old names of modules: the same module, and a warning with the new name."""

import importlib
import subprocess
import sys

import pytest

from workbench.moved import new_name

IMPORT = """
import importlib, sys, warnings
from workbench.moved import MOVED
for old, new in MOVED.items():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module = importlib.import_module(old)
    assert any(f"{old} is {new} now" in str(w.message) for w in caught), old
    assert module is importlib.import_module(new), old
    assert module.__name__ == module.__spec__.name == new, old
    assert importlib.reload(module) is module, old
"""


def test_the_old_names_give_the_same_modules():
    """In a process of its own, because a reloaded module has other functions and classes than those
    that other tests hold."""
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_modules_of_a_folder_that_moved_are_not_loaded_twice():
    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "from workbench.widgets.form import read_form\n"
        "import workbench.widgets, workbench.course.widgets.form as form\n"
        "print(form.read_form is read_form, workbench.widgets.form is form)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_the_warning_names_the_line_that_imports():
    code = "import workbench.lesson\nfrom workbench import plots\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count("DeprecationWarning") == 1
    assert "<string>:1: DeprecationWarning: workbench.lesson is workbench.course" in done.stderr


def test_running_a_module_by_its_old_name_says_the_new_one():
    command = [sys.executable, "-m", "workbench.grading.worker"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode
    assert "workbench.tools.grading.worker" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_names_that_did_not_move_are_left_alone():
    assert new_name("workbench.music.clip") is None
    assert new_name("lesson") is None
    assert new_name("workbench.lessons") is None
    with pytest.raises(ModuleNotFoundError, match=r"workbench\.course\.widgets\.nothing"):
        importlib.import_module("workbench.widgets.nothing")


def test_all_names_of_systems_base_are_there_as_before():
    from workbench.music.clip import clips_of
    from workbench.systems import base

    names = "Conditioning LatentDiffusion Progress PromptReading Region SamplingSettings System"
    assert {*names.split()} <= {*base.__all__} <= {*dir(base)}
    assert base.clips_of is clips_of
