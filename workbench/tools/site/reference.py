"""The API reference: the docstrings of the public modules as pages, made by pdoc."""

from __future__ import annotations

import inspect
import pkgutil
import re
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import workbench
from workbench.files import write_text

# What notebooks and programs import. The rest serves the commands, and the exercises' answers.
PUBLIC = (
    "course.glossary",
    "course.lesson",
    "course.plots",
    "course.widgets",
    "datasets",
    "errors",
    "evaluation",
    "models",
    "music",
    "representations",
    "systems",
    "tools.listening",
    "training",
)


def public_modules() -> list[str]:
    """Names of the documented modules: `workbench`, those of PUBLIC and all that lie in them."""
    found = [each.name for each in pkgutil.walk_packages(workbench.__path__, "workbench.")]
    names = [n for n in found if any(f"{n}.".startswith(f"workbench.{part}.") for part in PUBLIC)]
    return ["workbench", *(n for n in names if not n.rpartition(".")[2].startswith("_"))]


def summary(documented: Any) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = (inspect.getdoc(documented) or "").split("\n\n")[0]
    text = " ".join(paragraph.split())
    return re.split(r"(?<!et al)(?<=\.) ", text, maxsplit=1)[0]


def write_reference(folder: Path, repository: str = "") -> dict[str, str]:
    """Write a page for each public module and a search index into `folder`.

    repository: its address on a forge; sources become links to their lines there. With "" the
    pages hold the sources. Returns the pages' paths within `folder` by the modules' names.
    """
    import pdoc.doc
    import pdoc.render

    pdoc.render.configure(
        docformat="google",
        include_undocumented=False,
        show_source=not repository,
        template_directory=Path(__file__).parent,
    )
    root = Path(workbench.__file__).parents[1]

    def source_address(documented: Any) -> str:
        file, lines = documented.source_file, documented.source_lines
        if not (repository and file and lines and Path(file).is_relative_to(root)):
            return ""
        path = Path(file).relative_to(root).as_posix()
        return f"{repository}/blob/main/{path}#L{lines[0]}-L{lines[1]}"

    pdoc.render.env.globals["source_address"] = source_address
    for name in public_modules():
        _load_lazy_names(import_module(name))
    modules = {name: pdoc.doc.Module.from_name(name) for name in public_modules()}
    pages = {name: f"{name.replace('.', '/')}.html" for name in modules}
    with warnings.catch_warnings():  # of annotations whose names are imported for types alone
        warnings.filterwarnings("ignore", message="Error parsing type annotation")
        for name, module in modules.items():
            write_text(folder / pages[name], pdoc.render.html_module(module, modules))
    write_text(folder / "index.html", pdoc.render.html_index(modules))
    write_text(folder / "search.js", pdoc.render.search_index(modules))
    return pages


def _load_lazy_names(module: Any) -> None:
    """Import what a module names in `__all__` and loads on first use; pdoc would not find it."""
    for name in getattr(module, "__all__", ()):
        vars(module).setdefault(name, getattr(module, name))
