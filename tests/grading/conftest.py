"""A small lesson with two real exercises, and a class that handed it in."""

import json
import os
from pathlib import Path

import nbformat
import pytest

SCRIPT = '''# %% [markdown]
# # 05 · A small lesson

# %% tags=["parameters"]
profile = "smoke"

# %% [markdown]
# ## Exercise 1 · The forward process (5 minutes)

# %% tags=["stub"]
def add_noise(x0, noise, alpha_bar):
    return None  # your line here


# %% tags=["check"]
from workbench.teaching import check_add_noise

check_add_noise(add_noise)

# %% tags=["solution"]
def add_noise(x0, noise, alpha_bar):
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * noise


# %% [markdown]
# Read on.
#
# ## Exercise 2 · A DDIM step (10 minutes)

# %% tags=["stub"]
def ddim_step(x, eps, now, then):
    return None  # your lines here


# %% tags=["check"]
from workbench.teaching import check_ddim_step

check_ddim_step(ddim_step)

# %% tags=["solution"]
def ddim_step(x, eps, now, then):
    x0 = (x - (1 - now) ** 0.5 * eps) / now**0.5
    return then**0.5 * x0 + (1 - then) ** 0.5 * eps


# %% [markdown]
# ## Mini-project · Your own question (an hour)
'''
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
def student_version(root, tmp_path_factory) -> Path:
    from workbench.grading.assign import assign

    return assign([], tmp_path_factory.mktemp("student"), root=root)[0]


@pytest.fixture(scope="session")
def hand_in(student_version):
    """hand_in(path, cell of exercise 1, cell of exercise 2, changed=seconds, lead=first cell)"""

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
