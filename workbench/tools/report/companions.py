"""Pages that lessons link to: refreshers, experiments and the capstone.

Refreshers take seconds and are run with the report. Experiments take minutes per point: their pages
show the code and the committed table of their run at laptop size. The capstone is for each reader's
own music. A page exists only if one of the lessons in the report links to it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workbench.course.notebooks import build, companion_scripts, read_notebook, target_of, text_of
from workbench.errors import MissingDataError
from workbench.files import write_text
from workbench.tools.report.runner import find_error, run_notebook, title_of

_LINKED = re.compile(r"\]\(((?:refreshers|experiments|capstone)/\w+)\.ipynb")
_TABLE = re.compile(r"\bcommitted\(")


def linked(notebooks: Iterable[Path]) -> list[str]:
    """The companions that these notebooks link to, such as "refreshers/midi", in that order."""
    import nbformat

    names: dict[str, None] = {}
    for path in notebooks:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                names |= dict.fromkeys(_LINKED.findall(cell.source))
    return list(names)


def add_companions(
    out: Path, notebooks: Iterable[Path], root: Path, stop: threading.Event, timeout: float
) -> list[str]:
    """Write the companions of these lessons as notebooks into folders of `out`.

    Returns:
        What failed, as lines to print.
    """
    scripts = {f"{s.parent.name}/{s.stem}": s for s in companion_scripts(root)}
    troubles = []
    for name in linked(notebooks):
        target = out / f"{name}.ipynb"
        target.with_suffix(".html").unlink(missing_ok=True)
        if name not in scripts:  # a test finds a link to what does not exist
            target.unlink(missing_ok=True)
            continue
        there = target_of(scripts[name])
        notebook = read_notebook(there) if there.exists() else build(scripts[name])
        if not name.startswith("refreshers/"):
            write_text(target, text_of(_shown(notebook, scripts[name], root)))
            continue
        source = out / "source" / f"{name}.ipynb"
        write_text(source, text_of(notebook))
        target.parent.mkdir(parents=True, exist_ok=True)
        outcome = run_notebook(source.resolve(), target, {}, timeout=timeout, threads=1, stop=stop)
        error = find_error(read_executed(target)) if target.exists() else (None, outcome.reason, "")
        if error:
            troubles.append(f"failed: {name} — {error[1]}")
    return troubles


def read_executed(path: Path) -> Any:
    """A notebook with its outputs."""
    import nbformat

    return nbformat.read(path, as_version=4)


def titled(path: Path) -> str:
    """The title of a companion's notebook."""
    return title_of(read_executed(path)) or path.stem


def _shown(notebook: Any, script: Path, root: Path) -> Any:
    """A notebook that is not run here: with a note, and the committed table of an experiment."""
    import nbformat

    from workbench.course.experiments import committed

    words = "*This notebook was not run for this page.*"
    for cell in notebook.cells:
        if cell.cell_type == "code" and _TABLE.search(cell.source):
            try:
                table = committed(script.stem, root)
            except MissingDataError:
                break
            words = "*This notebook was not run for this page. Its table is that of its last run.*"
            data = {"text/html": table._repr_html_(), "text/plain": str(table)}
            cell.outputs = [nbformat.v4.new_output("display_data", data)]
            break
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(words))
    return notebook
