"""The part of a notebook that a function needs: its definition, and the statements that it uses.

Cells that have nothing to do with an exercise may train for an hour, or fail. Therefore only a
slice of the notebook is run. It starts from the last definition of the function and goes backwards:
for each name it takes the statement that last bound it, and those that changed it since. If a name
is bound only further down, that statement is taken, as in a notebook run out of order.

Source: Weiser, Program Slicing, 1981.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

PYTHON_MAGICS = {"time", "timeit", "capture", "prun"}  # cell magics whose cell is Python
COMPOUND = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Match)


@dataclass
class Statement:
    """One top-level statement of a cell. binds: names that it assigns; uses: names that it reads;
    changes: names whose object it modifies."""

    cell: int
    node: ast.stmt
    binds: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    star: bool = False  # from … import *: may bind anything
    maybe: bool = False  # an if, a loop or a try, which may bind nothing


@dataclass
class Slice:
    """Statements in the order of the notebook, or the problem. imports: modules that they name."""

    statements: list[Statement] = field(default_factory=list)
    problem: str = ""
    imports: list[str] = field(default_factory=list)


def cut(cells: Sequence[str], function: str, home: int | None) -> Slice:
    """The slice of a function. home: index of the cell that should define it, to notice a renamed
    function."""
    statements: list[Statement] = []
    broken: dict[int, str] = {}
    modules: set[str] = set()
    for number, source in enumerate(cells):
        try:
            statements += _statements(number, source, modules)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            broken[number] = f"{type(error).__name__}: {getattr(error, 'msg', error)}{line}"
    bound = [i for i, statement in enumerate(statements) if function in statement.binds]
    defined = [i for i in bound if _may_be_function(statements[i].node, function)] or bound
    spoilt = [n for n in broken if n == home or re.search(rf"def\s+{function}\b", cells[n])]
    if spoilt and (not defined or statements[defined[-1]].cell < spoilt[-1]):
        return Slice(problem=f"its cell is not Python: {broken[spoilt[-1]]}")
    if not defined:
        return Slice(problem=_missing(statements, function, home))
    wanted = _reach(statements, defined[-1])
    kept = [statements[i] for i in sorted(wanted)]
    return Slice(kept, imports=sorted({name for one in kept for name in _imports(one.node)}))


def _may_be_function(node: ast.stmt, name: str) -> bool:
    """False if the statement uses the name for something else, such as a list of results."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return not isinstance(node, ast.AugAssign | ast.For)
    value = node.value
    if isinstance(value, ast.Call):  # a wrapped function mentions itself
        return any(isinstance(part, ast.Name) and part.id == name for part in value.args)
    return isinstance(value, ast.Lambda | ast.Name | ast.Attribute)


def _missing(statements: list[Statement], function: str, home: int | None) -> str:
    names = [
        s.node.name for s in statements if s.cell == home and isinstance(s.node, ast.FunctionDef)
    ]
    if names:
        return f"{function} is not defined; its cell defines {names[-1]}: was it renamed?"
    return f"{function} is not defined"


def _reach(statements: list[Statement], start: int) -> set[int]:
    wanted: set[int] = set()
    todo = [start]
    while todo:
        at = todo.pop()
        if at in wanted:
            continue
        wanted.add(at)
        for name in statements[at].uses | statements[at].changes:
            todo += _sources(statements, name, at)
    return wanted


def _sources(statements: list[Statement], name: str, at: int) -> list[int]:
    """The statement that binds a name for the one at `at`, and those that change it in between. A
    statement that may bind it, such as an `if`, is included, and the search continues."""
    found = []
    for i in reversed(range(at)):
        if name in statements[i].binds:
            found.append(i)
            if not statements[i].maybe:
                return found
        elif name in statements[i].changes:
            found.append(i)
    stars = [i for i in range(at) if statements[i].star]
    after = [i for i in range(at + 1, len(statements)) if name in statements[i].binds]
    if found or stars:
        return found + stars
    later = [i for i in range(at + 1, len(statements)) if statements[i].star]
    return after[:1] or later * (not hasattr(builtins, name))


def _statements(number: int, source: str, modules: set[str]) -> Iterator[Statement]:
    """The statements of a cell. modules: names of the modules imported so far, extended here."""
    for node in ast.parse(as_python(source)).body:
        statement = Statement(number, node)
        table = symtable.symtable(ast.unparse(node), "cell", "exec")
        for symbol in table.get_symbols():
            if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
                statement.binds.add(symbol.get_name())
            if symbol.is_referenced():
                statement.uses.add(symbol.get_name())
        for inner in table.get_children():
            statement.uses |= set(_globals(inner))
        for part in _at_once(node):
            if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
                statement.uses.add(part.target.id)
        if isinstance(node, ast.Import):
            modules |= statement.binds
        statement.changes = set(_changed(node, modules))
        statement.maybe = isinstance(node, COMPOUND)
        statement.star = isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        yield statement


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    yield from (s.get_name() for s in table.get_symbols() if s.is_global())
    for inner in table.get_children():
        yield from _globals(inner)


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """The parts that run with the statement itself, without those in functions or classes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield node
    for part in ast.iter_child_nodes(node):
        yield from _at_once(part)


def _changed(node: ast.stmt, modules: set[str]) -> Iterator[str]:
    """Roots of `a.b = …`, `a[i] += …` and of calls of methods as statements. A module's function,
    as in `np.put(a, …)`, changes its first argument; one that seeds, the module."""
    for part in _at_once(node):
        targets: list[ast.expr] = []
        if isinstance(part, ast.Assign | ast.Delete):
            targets = list(part.targets)
        elif isinstance(part, ast.AugAssign | ast.AnnAssign):
            targets = [part.target]
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            call = part.value
            targets = [call.func]
            if _root(call.func) in modules and call.args and "seed" not in ast.unparse(call.func):
                targets = []
                yield from filter(None, [_root(call.args[0])])
        yield from filter(None, (_root(one) for one in targets if not isinstance(one, ast.Name)))


def _root(node: ast.expr) -> str | None:
    """`a` of `a`, `a.b[i]` and `a.b().c`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _imports(node: ast.stmt) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            yield from (alias.name for alias in part.names)
        elif isinstance(part, ast.ImportFrom) and part.module:
            yield part.module


def as_python(source: str) -> str:
    """A cell without IPython's syntax, with the same line numbers."""
    first, _, rest = source.partition("\n")
    if first.startswith("%%"):
        return "\n" + as_python(rest) if first[2:].split(" ")[0] in PYTHON_MAGICS else ""
    if not re.search(r"(?m)^\s*[%!?]|\?\s*$|=\s*[%!]", source):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return str(TransformerManager().transform_cell(source))
