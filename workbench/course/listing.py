"""Source code of the library in a notebook: the lines that a lesson explains, and where they are.

listing(read_at_stride)
listing(Block.forward, first="h = F.layer_norm", last="return")
"""

from __future__ import annotations

import ast
import html
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.arguments import text_of
from workbench.course.notebooks import PUBLISHED, REPOSITORY
from workbench.errors import PromptError

PACKAGE = Path(__file__).parents[1]
_EDITOR = "color:var(--jp-mirror-editor-{}-color)"
COLOURS = {  # of Pygments' classes, or of all classes that begin with a letter
    "k": _EDITOR.format("keyword") + ";font-weight:bold",
    "ow": _EDITOR.format("keyword") + ";font-weight:bold",
    "s": _EDITOR.format("string"),
    "m": _EDITOR.format("number"),
    "o": _EDITOR.format("operator"),
    "c": _EDITOR.format("comment") + ";font-style:italic",
    "nf": _EDITOR.format("def"),
    "nc": _EDITOR.format("def"),
}


@dataclass(frozen=True)
class Listing:
    """Lines of a source file. In a notebook they are coloured, under the name of the file.

    Args:
        name: Of the function, method or class.
        path: Of the file, below the repository: "workbench/models/mrlstm.py".
        line: Number of the first line that is shown, from 1.
        text: The lines, without the indentation that they share.
    """

    name: str
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"# {self.name}, {self.path}, line {self.line}\n{self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from nbconvert.filters.highlight import Highlight2HTML  # Pygments, in Jupyter's colours

        place = f"{html.escape(self.path)}, line {self.line}"
        if PUBLISHED:
            address = f"{REPOSITORY}/blob/main/{self.path}#L{self.line}"
            place = f'<a href="{html.escape(address)}">{place}</a>'
        lines = _coloured(Highlight2HTML()(self.text, language="python"))
        return (
            '<figure class="wb-listing" style="margin:.4em 0">'
            f"<figcaption><strong><code>{html.escape(self.name)}</code></strong>, {place}"
            f"</figcaption>{lines}</figure>"
        )


def listing(thing: Callable[..., Any], *, first: str = "", last: str = "") -> Listing:
    """Show the source of a function, method or class, without its docstrings.

    Args:
        thing: A function, method or class of the library.
        first: Part of the first line to show; by default the definition.
        last: Part of the last line to show, at or after the first; by default the end.

    Returns:
        The lines, which a notebook displays.

    Raises:
        PromptError: If `thing` has no source in Python, or no line contains `first` or `last`.
    """
    name = getattr(thing, "__qualname__", type(thing).__name__)
    try:
        source, start = inspect.getsourcelines(thing)
        path = Path(inspect.getfile(inspect.unwrap(thing)))  # past a decorator's own file
    except (TypeError, OSError):
        raise PromptError(f"listing({name}): has no source in Python") from None
    numbered = list(enumerate(textwrap.dedent("".join(source)).splitlines(), start))
    hidden = _docstrings("\n".join(line for _, line in numbered), start)
    lines = [(number, line) for number, line in numbered if number not in hidden]
    begin = _find(lines, text_of(first, "first"), 0, name) if first else 0
    end = _find(lines, text_of(last, "last"), begin, name) if last else len(lines) - 1
    shown = _without_double_gaps(lines[begin : end + 1])
    inside = path.is_relative_to(PACKAGE)
    where = path.relative_to(PACKAGE.parent).as_posix() if inside else path.name
    text = textwrap.dedent("\n".join(line for _, line in shown))
    return Listing(name, where, shown[0][0], text.rstrip())


def _docstrings(source: str, start: int) -> set[int]:
    """Numbers of the lines that hold docstrings; `source` begins at line `start`."""
    numbers: set[int] = set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            said = node.body[0]
            numbers |= set(range(said.lineno, (said.end_lineno or said.lineno) + 1))
    return {number + start - 1 for number in numbers}


def _find(lines: list[tuple[int, str]], part: str, begin: int, name: str) -> int:
    """Place of the first line from `begin` on that contains `part`."""
    for place in range(begin, len(lines)):
        if part in lines[place][1]:
            return place
    raise PromptError(f"listing({name}): no line contains {part!r}")


def _without_double_gaps(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Leave out the empty line that followed a docstring after a definition."""
    return [
        (number, line)
        for place, (number, line) in enumerate(lines)
        if line.strip() or (place > 0 and not lines[place - 1][1].rstrip().endswith(":"))
    ]


def _coloured(page: str) -> str:
    """Give Pygments' classes the colours of the editor, which follow JupyterLab's theme and that of
    exported pages. Only exported pages style the classes themselves."""

    def style(found: re.Match[str]) -> str:
        colour = next((COLOURS[kind] for kind in (found[1], found[1][0]) if kind in COLOURS), "")
        return f'<span style="{colour}">' if colour else "<span>"

    page = re.sub(r'<span class="(\w+)">', style, page)
    font = "font-family:var(--jp-code-font-family,monospace);font-size:.95em;line-height:1.35"
    return page.replace("<pre>", f'<pre style="{font};margin:.2em 0;overflow-x:auto">', 1)
