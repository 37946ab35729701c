"""Every import of the package by itself: where it stands, in which form, and the circles it makes.

`python tests/import_graph.py` prints the figures, and `--list` each import inside a function.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MODULE, FUNCTION, TYPES = "module", "function", "types"


@dataclass(frozen=True)
class Import:
    """`source` imports `target`, both dotted module names.

    kind: MODULE (runs with the module), FUNCTION (when the function is called), or TYPES (under
    `if TYPE_CHECKING`, never run). reason: the comment on its line or right above it.
    """

    source: str
    target: str
    line: int
    kind: str
    reason: str = ""


def modules(package: Path) -> dict[str, Path]:
    """The package's modules by their dotted name; a folder's is its `__init__.py`."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(package: Path) -> list[Import]:
    """What the package's modules import of the package itself."""
    known = modules(package)
    return [each for name in known for each in imports_of(name, known)]


def imports_of(name: str, known: dict[str, Path]) -> Iterator[Import]:
    """One module's imports of modules in `known`, in every form.

    `import a.b`, `from a import b` (a module or a name in one), `from . import b`,
    `from ..a import b`, and `import_module("a.b")` with the name written out.
    """
    text = known[name].read_text(encoding="utf-8")
    comments = _comments(text)
    inside = name if known[name].name == "__init__.py" else name.rpartition(".")[0]
    for node, kind in _statements(ast.parse(text)):
        line = node.lineno
        reason = comments.get(node.end_lineno or line) or comments.get(line)
        for target in sorted(set(_targets(node, inside, known)) - {name}):
            yield Import(name, target, line, kind, reason or _above(comments, text, line))


def _targets(node: ast.AST, inside: str, known: dict[str, Path]) -> Iterator[str]:
    """The modules that a statement imports; a name that is no module is its module's."""
    if isinstance(node, ast.Import):
        wanted = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            up = inside.split(".")
            up = up[: len(up) - node.level + 1]
            base = ".".join([*up, base] if base else up)
        wanted = [f"{base}.{alias.name}" for alias in node.names]
    elif (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ):
        relative = str(node.args[0].value)
        wanted = [f"{inside}{relative}" if relative.startswith(".") else relative]
    else:
        return
    for target in wanted:
        if target in known:
            yield target
        elif isinstance(node, ast.ImportFrom) and target.rpartition(".")[0] in known:
            yield target.rpartition(".")[0]


def _statements(tree: ast.Module) -> Iterator[tuple[ast.stmt | ast.Call, str]]:
    """Imports with their kind, those inside other statements too."""

    def walk(node: ast.AST, kind: str) -> Iterator[tuple[ast.stmt | ast.Call, str]]:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            yield node, kind
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.body:
                yield from walk(child, TYPES)
            for child in node.orelse:
                yield from walk(child, kind)
            return
        deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, FUNCTION if deferred and kind == MODULE else kind)

    yield from walk(tree, MODULE)


def _comments(text: str) -> dict[int, str]:
    """The comments by line, without those to tools."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            words = token.string.lstrip("#").strip()
            if words and not words.startswith(("noqa", "fmt:", "type:")):
                found[token.start[0]] = words
    return found


def _above(comments: dict[int, str], text: str, line: int) -> str:
    """The comment that stands above a block of imports to which the line belongs."""
    lines = text.splitlines()
    block = ("import ", "from ", ")")
    nested = False  # inside the brackets of a longer import, read upwards
    while line > 1:
        line -= 1
        words = lines[line - 1].strip()
        if words.startswith("#"):
            return comments.get(line, "")
        nested = (nested or words == ")") and not words.startswith(("import ", "from "))
        if not (nested or words.startswith(block)):
            break
    return ""


def circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Strongly connected components of more than one module (Tarjan), the largest first."""
    graph: dict[str, list[str]] = {}
    for source, target in sorted(set(edges)):
        graph.setdefault(source, []).append(target)
        graph.setdefault(target, [])
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in graph[node]:
            if target not in order:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], order[target])
        if low[node] == order[node]:
            cut = stack.index(node)
            found.append(sorted(stack[cut:]))
            del stack[cut:]

    for node in graph:
        if node not in order:
            visit(node)
    return sorted((circle for circle in found if len(circle) > 1), key=lambda c: (-len(c), c))


def main() -> None:
    found = imports(Path(__file__).parents[1] / "workbench")
    lazy = [each for each in found if each.kind == FUNCTION]
    eager = [(each.source, each.target) for each in found if each.kind == MODULE]
    print(f"{len({each.source for each in found})} modules import others of the package")
    for kind in (MODULE, FUNCTION, TYPES):
        statements = {(e.source, e.line) for e in found if e.kind == kind}
        print(f"{kind}-level import statements: {len(statements)}")
    bare = {(e.source, e.line) for e in lazy if not e.reason}
    print(f"function-level without a reason beside it: {len(bare)}")
    for title, edges in (
        ("module level", eager),
        ("with functions", eager + [(e.source, e.target) for e in lazy]),
        ("with functions and types", [(e.source, e.target) for e in found]),
    ):
        rings = circles(edges)
        print(f"circles, {title}: {len(rings)}, of {sum(map(len, rings))} modules")
        for ring in rings:
            print("    " + " ".join(name.removeprefix("workbench.") for name in ring))
    if "--list" in sys.argv:
        for each in lazy:
            print(f"{each.source}:{each.line} -> {each.target}  # {each.reason}")


if __name__ == "__main__":
    main()
