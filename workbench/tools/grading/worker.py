"""The process that calls a student's function:
`python -m workbench.tools.grading.worker PIPE USER MEMORY SECONDS SIZE WAY`.

It seals itself and reads a job from its standard input (a line of JSON, then the files beside the
notebook). It sends "ready", runs the slice of the notebook that the function needs, and calls the
function on the job's cases. It writes its messages to the pipe as lines of JSON. Before "ready" it
uses nothing of the student's. The right answers are never in this process. As soon as student code
runs, its messages may be forged; the reader uses the first one of each kind, and judges only the
values.
"""

from __future__ import annotations

import ast
import json
import linecache
import os
import sys
import types
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.errors import text_of
from workbench.tools.grading import seal, slicing


class _Nothing(types.ModuleType):
    """Replaces `workbench.course.teaching`: every check exists and does nothing."""

    __path__: list[str] = []  # noqa: RUF012 — a package without modules

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


class _Shell:
    """Replaces IPython's shell: magics do nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def main(
    pipe_number: int, user: int, memory_mb: int, seconds: float, size: int, watched: bool
) -> None:
    seal.seal(user, memory_mb, seconds, size, watched=watched)
    pipe = os.fdopen(pipe_number, "w", encoding="utf-8")

    def send(kind: str, **content: Any) -> None:
        pipe.write(json.dumps({"kind": kind, **content}) + "\n")
        pipe.flush()

    given = sys.stdin.buffer
    job = json.loads(given.readline())
    for path in job["readable"]:
        if not os.access(path, os.R_OK):
            why = "as root the worker runs as an unprivileged user, who may not read it; "
            raise PermissionError(f"{path}: {why}grade as an ordinary user")
    # after the check that the files are readable
    from workbench.course.teaching import asking, values

    cases = values.decode(job["cases"], trusted=True)
    files = [(bytes.fromhex(name), given.read(length)) for name, length in job["files"]]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if watched:
        seal.close_files(job["shown"], job["hidden"], os.getcwd())
        seal.watch(os.getcwd(), job["hidden"])
    send("ready")
    for name, data in files:
        _write(Path(os.fsdecode(name)), data)
    del files
    sys.path.insert(0, os.getcwd())
    _hide()
    found = slicing.cut(job["cells"], job["function"], job["home"])
    send("start", problem=found.problem, imports=found.imports)
    if found.problem:
        return
    _hear_imports(send)
    function, problem = _run(found, job["function"], job["cells"])
    if problem:
        send("problem", words=problem)
        return
    for number, answer in enumerate(asking.ask(function, cases)):
        send("answer", number=number, **{**asdict(answer), "value": values.encode(answer.value)})


def _write(path: Path, data: bytes) -> None:
    """Write a file beside the notebook; one that cannot be written is missing, without an error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except (OSError, ValueError):
        pass


def _hide() -> None:
    """Make the checks unreachable from the notebook."""
    for name in [name for name in sys.modules if name.startswith("workbench.course.teaching")]:
        del sys.modules[name]
    sys.modules["workbench.course.teaching"] = _Nothing("workbench.course.teaching")


def _hear_imports(send: Callable[..., None]) -> None:
    """Report which modules of the workbench the student's code imports, also if its text contains
    no `import`."""
    heard: set[str] = set()
    work, library = os.getcwd() + os.sep, str(Path(slicing.__file__).parents[2]) + os.sep

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event != "exec" or len(heard) >= 20:
            return
        file = str(getattr(given[0], "co_filename", ""))
        if not file.startswith(library) or file in heard:
            return
        frame = sys._getframe(1)
        while frame.f_back and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        asking = frame.f_code.co_filename
        if not os.path.isabs(asking) or asking.startswith(work):
            heard.add(file)
            parts = Path(file).relative_to(library).with_suffix("").parts
            send("import", number=".".join(["workbench", *parts]).removesuffix(".__init__"))

    sys.addaudithook(hook)


def _run(found: slicing.Slice, function: str, cells: list[str]) -> tuple[Any, str]:
    """The function, or what went wrong before it was defined."""
    main_module = types.ModuleType("__main__")
    sys.modules["__main__"] = main_module
    names = main_module.__dict__
    names |= {"display": lambda *args, **kwargs: None, "get_ipython": _Shell}
    for number in {statement.cell for statement in found.statements}:
        lines = [line + "\n" for line in cells[number].split("\n")]
        linecache.cache[f"cell {number}"] = (len(cells[number]), None, lines, f"cell {number}")
    for statement in found.statements:
        code = compile(ast.Module([statement.node], []), f"cell {statement.cell}", "exec")
        try:
            exec(code, names)
        except (Exception, SystemExit) as error:
            line = linecache.getline(f"cell {statement.cell}", statement.node.lineno).strip()
            what = f"{type(error).__name__}: {text_of(error)}"
            return None, f"before the function is called, the line `{line:.80}` raises {what:.200}"
    return names.get(function), ""


if __name__ == "__main__":
    pipe_number, user, memory_mb, seconds, size, way = sys.argv[1:]
    main(int(pipe_number), int(user), int(memory_mb), float(seconds), int(size), way == "weak")
