"""Pages that lessons link to: refreshers, experiments and the capstone.

Refreshers take seconds and are run with the report. Experiments take minutes per point: their pages
show the code and the committed table of their run at laptop size. The capstone is for each reader's
own music. A page exists only if one of the lessons in the report links to it.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workbench.course.experiments import committed
from workbench.course.notebooks import build, companion_scripts, read_notebook, target_of, text_of
from workbench.errors import MissingDataError
from workbench.files import write_text
from workbench.tools.report.runner import find_error, run_notebook, title_of

_LINKED = re.compile(r"\]\(((?:refreshers|experiments|capstone)/\w+)\.ipynb")
_TABLE = re.compile(r"\bcommitted\(")


def linked(notebooks: Iterable[Path]) -> list[str]:
    """The companions that these notebooks link to, such as "refreshers/midi", in that order."""
    names: dict[str, None] = {}
    for path in notebooks:
        for cell in read_executed(path).cells:
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
    run = {}
    for name in linked(notebooks):
        target = out / f"{name}.ipynb"
        target.with_suffix(".html").unlink(missing_ok=True)
        if name not in scripts:  # its link becomes plain text
            target.unlink(missing_ok=True)
            continue
        there = target_of(scripts[name])
        notebook = read_notebook(there) if there.exists() else build(scripts[name])
        if name.startswith("refreshers/"):
            run[name] = notebook
        else:
            write_text(target, text_of(_shown(notebook, scripts[name], root)))
    troubles = _run(run, out, stop, timeout) if run else []
    for name, notebook in run.items():
        write_text(out / f"{name}.ipynb", text_of(notebook))
    return troubles


def _run(
    notebooks: Mapping[str, Any], out: Path, stop: threading.Event, timeout: float
) -> list[str]:
    """Run short notebooks one after the other in one kernel, which starts and imports once, and
    put the outputs into them. Returns what failed."""
    import nbformat

    joined = nbformat.v4.new_notebook(metadata=next(iter(notebooks.values())).metadata)
    for name, notebook in notebooks.items():
        for cell in notebook.cells:
            cell["id"] = f"{name.partition('/')[2]}-{cell['id']}"[:64]
            joined.cells.append(copy.deepcopy(cell))
    source, target = (out / "source" / f"{name}.ipynb" for name in ("refreshers", "refreshers-run"))
    write_text(source, text_of(joined))
    outcome = run_notebook(source.resolve(), target, {}, timeout=timeout, threads=1, stop=stop)
    if not target.exists():
        return [f"failed: {', '.join(notebooks)} — {outcome.reason}"]
    executed = {cell["id"]: cell for cell in read_executed(target).cells}
    troubles = []
    for name, notebook in notebooks.items():
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for number, cell in enumerate(code, 1):
            cell.outputs, cell.execution_count = executed[cell["id"]].outputs, number
        error = find_error(notebook)
        troubles += [f"failed: {name} — {error[1]}"] if error else []
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
