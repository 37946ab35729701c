"""`workbench lab`: open the first lesson in JupyterLab."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from workbench.course.notebooks import CHECKOUT, ROOT
from workbench.extras import require

FIRST = "00_start_here.ipynb"
HIDDEN = '["src", "__pycache__", "*.pyc", "*.egg-info", "*~"]'


def open_lab(folder: Path) -> int:
    """Start JupyterLab and return its exit status. In a checkout it opens the notebooks there, else
    a copy of them in `folder`; files that exist there are left unchanged."""
    require("jupyterlab")
    if ROOT != CHECKOUT:
        copy_notebooks(folder)
    first = (ROOT if ROOT == CHECKOUT else folder) / FIRST
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "jupyter",
            "lab",
            "--LabApp.news_url=None",
            f"--ContentsManager.hide_globs={HIDDEN}",
            first,
        ]
    ).returncode


def copy_notebooks(folder: Path, root: Path = ROOT) -> list[Path]:
    """Copy the notebooks under `root` that `folder` lacks. Returns the copies."""
    made = []
    places = ("*.ipynb", "experiments/*.ipynb", "refreshers/*.ipynb", "capstone/*.ipynb")
    for source in [path for place in places for path in root.glob(place)]:
        target = folder / source.relative_to(root)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            made.append(Path(shutil.copyfile(source, target)))
    return made
