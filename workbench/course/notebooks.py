"""Notebooks from percent scripts: notebooks/src/NN_name.py → notebooks/NN_name.ipynb, and
notebooks/src/experiments/NAME.py → notebooks/experiments/NAME.ipynb (`course/experiments.py`).
Refreshers, short pages on what a lesson needs, are in notebooks/src/refreshers in the same way, and
the capstone, a project on one's own music, in notebooks/src/capstone.

Authors edit and review the scripts; readers open the notebooks. Cells begin with `# %%` (code) or
`# %% [markdown]`, and may have tags: `# %% tags=["parameters"]`.

An exercise has three or more consecutive cells:

* tag `stub`: the cell for the student to complete, with a function that returns None;
* tag `check`: the cell that checks it;
* tag `solution`: the stub with the answer.

By default the solution becomes a collapsed box after the check. With `solutions=True` it replaces
the stub; tests run the notebooks both ways. Outputs are never stored.
"""

from __future__ import annotations

import hashlib
import re
import sysconfig
from pathlib import Path
from typing import Any

from workbench.errors import BrokenFileError, MissingDataError, brief
from workbench.files import atomic_write

# In a checkout beside the package; from a wheel in share/, like JupyterLab's own files.
CHECKOUT = Path(__file__).parents[2] / "notebooks"
_INSTALLED = Path(sysconfig.get_path("data"), "share", "music-workbench", "notebooks")
ROOT = CHECKOUT if (CHECKOUT / "src").is_dir() else _INSTALLED
REPOSITORY = "https://github.com/your_organisation/music-workbench"  # as in pyproject.toml
PUBLISHED = "your_organisation" not in REPOSITORY  # otherwise the address does not exist yet
COLAB = "https://colab.research.google.com/github"
SET_UP = f"""\
# On Google Colab this installs the workbench; elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    import subprocess
    from importlib.util import find_spec

    from google.colab import output

    output.enable_custom_widget_manager()
    if find_spec("workbench") is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        package = "music-workbench[course] @ git+{REPOSITORY}"
        subprocess.run([*pip, package], check=True)
        subprocess.run([*pip, "--no-deps", "tinysoundfont"])  # better sound"""
_IN_SHORT = re.compile(
    r"^\*\*For\*\*\s+lesson\s+(\d\d)\.\s+\*\*In\s+short:\*\*\s+(.+?)\s+\*Predicted:\*\s+(.+?)\n\n",
    re.M | re.S,
)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def scripts(root: Path = ROOT) -> list[Path]:
    """The percent scripts of the lessons, in order."""
    found = sorted((root / "src").glob("[0-9][0-9]_*.py"))
    if not found:
        raise MissingDataError(f"{root / 'src'}: no notebooks; run this in a checkout")
    return found


def experiment_scripts(root: Path = ROOT) -> list[Path]:
    """The percent scripts of the experiments, by name."""
    return _scripts_in("experiments", root)


def refresher_scripts(root: Path = ROOT) -> list[Path]:
    """The percent scripts of the refreshers, by name."""
    return _scripts_in("refreshers", root)


def capstone_scripts(root: Path = ROOT) -> list[Path]:
    """The percent scripts of the capstone."""
    return _scripts_in("capstone", root)


def _scripts_in(folder: str, root: Path) -> list[Path]:
    return sorted((root / "src" / folder).glob("[a-z]*.py"))


def companion_scripts(root: Path = ROOT) -> list[Path]:
    """The percent scripts of what lessons link to: experiments, refreshers, capstone."""
    return [*experiment_scripts(root), *refresher_scripts(root), *capstone_scripts(root)]


def every_script(root: Path = ROOT) -> list[Path]:
    """All percent scripts: lessons, experiments, refreshers, capstone."""
    return [*scripts(root), *companion_scripts(root)]


def build(script: Path, *, solutions: bool = False) -> Any:
    """A notebook (nbformat 4.5) from a percent script. Cell ids depend on position and content. A
    lesson gets cells for Colab and, before its quiz, links to its experiments."""
    import jupytext
    import nbformat

    source = jupytext.read(script, fmt="py:percent")
    cells = source.cells
    made = nbformat.v4.new_notebook(
        metadata={"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    )
    for cell in exercises(cells, solutions=solutions):
        tags = list(cell.metadata.get("tags", []))
        prose = cell.cell_type == "markdown"
        new_cell = nbformat.v4.new_markdown_cell if prose else nbformat.v4.new_code_cell
        fresh = new_cell(cell.source, metadata={"tags": tags} if tags else {})
        text = f"{len(made.cells)}/{cell.source}"
        fresh["id"] = hashlib.sha256(text.encode()).hexdigest()[:12]
        made.cells.append(fresh)
    titled = made.cells and made.cells[0].cell_type == "markdown"
    if script.stem[:2].isdigit() and titled:
        made.cells[1:1] = _colab(script)
        made.cells[-2:-2] = _further(script)
    nbformat.validate(made)
    return made


def _colab(script: Path) -> list[Any]:
    """The cells after the title of a lesson: a badge that opens it in Colab, which needs no request
    to the network, and the cell that installs the workbench there."""
    import nbformat

    path = REPOSITORY.removeprefix("https://github.com/")
    badge = nbformat.v4.new_markdown_cell(
        f"[<kbd>▶ Open in Colab</kbd>]({COLAB}/{path}/blob/main/notebooks/{script.stem}.ipynb)",
        metadata={"tags": ["colab"]},
    )
    hidden = {"jupyter": {"source_hidden": True}, "cellView": "form"}
    cell = nbformat.v4.new_code_cell(SET_UP, metadata={"tags": ["colab"], **hidden})
    badge["id"], cell["id"] = "colab-badge", "colab-set-up"
    return [badge, cell]


def in_short(script: Path) -> tuple[str, str, str, str] | None:
    """An experiment's title, lesson, question and prediction in a sentence each; None if it belongs
    to no lesson."""
    text = re.sub(r"(?m)^# ?", "", script.read_text(encoding="utf-8").split("# %% tags", 1)[0])
    title = re.search(r"^# Experiment: (.+)$", text, re.M)
    short = _IN_SHORT.search(text)
    if title is None or short is None:
        return None
    return title[1], short[1], " ".join(short[2].split()), " ".join(short[3].split())


def _further(script: Path) -> list[Any]:
    """A cell before a lesson's quiz: links to its experiments, with questions and predictions."""
    import nbformat

    lines = []
    for experiment in experiment_scripts(script.parents[1]):
        found = in_short(experiment)
        if found is not None and found[1] == script.stem[:2]:
            title, _, question, prediction = found
            link = f"[{title}](experiments/{experiment.stem}.ipynb)"
            lines.append(f"- {link}: {question} *Predicted:* {prediction}")
    if not lines:
        return []
    words = "*Further:* experiments on open questions, each with the prediction before its run."
    cell = nbformat.v4.new_markdown_cell("\n".join([words, "", *lines]))
    cell["id"] = "further-experiments"
    return [cell]


def exercises(cells: list[Any], *, solutions: bool) -> list[Any]:
    """Place each solution: instead of the stub, or collapsed after the check."""
    import nbformat

    arranged: list[Any] = []
    stub: int | None = None
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        if "stub" in tags:
            stub = len(arranged)
        if "solution" not in tags:
            arranged.append(cell)
            continue
        if stub is None:
            raise MissingDataError(f"a solution without a stub before it: {cell.source[:60]!r}")
        if solutions:
            arranged[stub] = cell
        else:
            code = f"```python\n{cell.source}\n```"
            box = f"<details><summary>Solution</summary>\n\n{code}\n\n</details>"
            arranged.append(nbformat.v4.new_markdown_cell(box, metadata={"tags": ["solution"]}))
        stub = None
    return arranged


def read_notebook(path: Path) -> Any:
    """Read a notebook that may have been edited, without its outputs. Raises BrokenFileError."""
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # JSON, versions, schemas: nbformat raises many types
        raise BrokenFileError(
            f"{path}: is not a valid notebook ({brief(error)}); mend it, or `workbench notebooks` "
            "writes it again"
        ) from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def differs(notebook: Any, built: Any) -> bool:
    """Whether two notebooks differ in the types, tags or sources of their cells. Ids, outputs and
    an editor's metadata do not count."""

    def content(of: Any) -> list[tuple[str, str, list[str]]]:
        return [
            (cell.cell_type, cell.source.strip(), sorted(cell.metadata.get("tags", [])))
            for cell in of.cells
            if cell.source.strip()
        ]

    return content(notebook) != content(built)


def text_of(notebook: Any) -> str:
    import nbformat

    return nbformat.writes(notebook, version=4, indent=1).rstrip() + "\n"


def target_of(script: Path) -> Path:
    """Path of a script's notebook: the same path, without the folder src."""
    src = next(folder for folder in script.parents if folder.name == "src")
    return src.parent / script.relative_to(src).with_suffix(".ipynb")


def regenerate(root: Path = ROOT) -> list[Path]:
    """Write every notebook; return those that changed."""
    changed = []
    for script in every_script(root):
        text, target = text_of(build(script)), target_of(script)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            with atomic_write(target) as path:
                path.write_text(text, encoding="utf-8")
            changed.append(target)
    return changed


def stale(root: Path = ROOT) -> list[Path]:
    """Notebooks that differ from the output of their script."""
    return [
        target_of(script)
        for script in every_script(root)
        if not target_of(script).exists()
        or target_of(script).read_text(encoding="utf-8") != text_of(build(script))
    ]
