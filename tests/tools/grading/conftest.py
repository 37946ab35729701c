"""A small lesson with two real exercises, and a class that handed it in."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest

from workbench.tools.grading import jail
from workbench.tools.grading.sandbox import Limits, Sandbox

SCRIPT = """# %% [markdown]
# # 05 · A small lesson

# %% tags=["parameters"]
profile = "smoke"

# %% [markdown]
# ## Exercise 1 · The forward process (5 minutes)

# %% tags=["stub"]
def add_noise(x0, noise, alpha_bar):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_add_noise

check_add_noise(add_noise)

# %% tags=["solution"]
def add_noise(x0, noise, alpha_bar):
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * noise


# %% [markdown]
# Read on.
#
# ## Exercise 3 · A DDIM step (10 minutes)

# %% tags=["stub"]
def ddim_step(x, eps, now, then):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_ddim_step

check_ddim_step(ddim_step)

# %% tags=["solution"]
def ddim_step(x, eps, now, then):
    x0 = (x - (1 - now) ** 0.5 * eps) / now**0.5
    return then**0.5 * x0 + (1 - then) ** 0.5 * eps


# %% [markdown]
# ## Mini-project · Your own question (an hour)
"""
NOISE = "def add_noise(x0, noise, alpha_bar):\n    return {}\n"
RIGHT_NOISE = NOISE.format("alpha_bar**0.5 * x0 + (1 - alpha_bar)**0.5 * noise")
RIGHT_STEP = (
    "import numpy as np\n\ndef ddim_step(x, eps, now, then):\n"
    "    x0 = (x - np.sqrt(1 - now) * eps) / np.sqrt(now)\n"
    "    return add_noise(x0, eps, then)\n"
)


@pytest.fixture(scope="session")
def root(tmp_path_factory) -> Path:
    """Trusted notebooks of one lesson."""
    root = tmp_path_factory.mktemp("notebooks")
    (root / "src").mkdir()
    (root / "src" / "05_small.py").write_text(SCRIPT, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def root_of_one(tmp_path_factory) -> Path:
    """The same lesson with its first exercise alone: half as much to ask a large class."""
    root = tmp_path_factory.mktemp("one")
    (root / "src").mkdir()
    text = SCRIPT.partition("# %% [markdown]\n# Read on.")[0]
    (root / "src" / "05_small.py").write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def student_version(root, tmp_path_factory) -> Path:
    from workbench.tools.grading.assign import assign

    return assign([], tmp_path_factory.mktemp("student"), root=root)[0]


@pytest.fixture(scope="session")
def hand_in(student_version):
    """hand_in(path, cell of exercise 1, cell of exercise 3, changed=seconds, lead=first cell)"""

    def write(path, first=None, second=None, *, changed=0, lead=None):
        path.parent.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.read(student_version, as_version=4)
        stubs = [cell for cell in notebook.cells if "stub" in cell.metadata.get("tags", [])]
        for cell, source in zip(stubs, (first, second), strict=True):
            cell.source = source or cell.source
        if lead:
            notebook.cells.insert(0, nbformat.v4.new_code_cell(lead))
        path.write_text(json.dumps(notebook), encoding="utf-8")
        os.utime(path, (1e9 + changed, 1e9 + changed))

    return write


@cache
def way_here(way: str) -> str:
    """The same way, where this machine has it; else the test is skipped with the reason."""
    if way == "bubblewrap" and not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed")
    started, status, words = Sandbox(Limits())._try(way)
    if not started and (way == "bubblewrap" or status == jail.REFUSED):
        pytest.skip(f"the kernel refuses {way}: {words}")
    assert started, words
    return way


@pytest.fixture
def readable_python(monkeypatch) -> Iterator[None]:
    """Where only root may enter the folder in which Python lies, a Python that sees it open: in a
    mount namespace of its own, with an open folder laid over the closed one."""
    closed = [folder for folder in Path(sys.base_prefix).parents if not folder.stat().st_mode & 1]
    if os.geteuid() or not closed:
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="open-"))
    folder.chmod(0o755)
    program, place = folder / "python", folder / "place"
    place.mkdir()
    inside, base = Path(sys.base_prefix).relative_to(closed[0]), sys.base_prefix
    script = (
        f"mount --bind {base} {place} && mount -t tmpfs -o mode=755 none {closed[0]} && "
        f'cd {closed[0]} && mkdir -p {inside} && mount --bind {place} {base} && cd "$0" && '
        f'exec {sys.executable} "$@"'
    )
    program.write_text(f'#!/bin/sh\nexec unshare -m sh -c \'{script}\' "$PWD" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    yield
    shutil.rmtree(folder)
