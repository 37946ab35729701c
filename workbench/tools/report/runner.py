"""Run one notebook with papermill in its own process, and decide whether it passed.

papermill alone passes a notebook that ends by `sys.exit(0)`, one with an error inside a widget's
output, and one that gets an unknown parameter. Here each of these fails. A failure is reported with
its exception and its cell, also if the kernel died. Output is bounded. Processes that a notebook
started end with it, even if the report itself is killed.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench import processes
from workbench.course.lesson import SENTINEL, called
from workbench.course.notebooks import read_notebook
from workbench.errors import BrokenFileError
from workbench.files import write_text
from workbench.tools.report.engine import engine_of, how_it_ended

KERNEL = "workbench-report"
_MAGIC = re.compile(r"^[ \t]*[%!].*$", re.M)
_ANSWER = re.compile(r"Prediction (\d\d\.\d+): the run gives (.+)", re.S)  # of `reveal`
MOST_WORDS = 50_000_000  # bytes that a worker and its kernel may write outside of Jupyter


@dataclass
class Outcome:
    """The result of running a notebook.

    name: its title; status: "passed" or "failed"; seconds: wall time; memory_mb: peak of the whole
    process tree; cell: number n of the failed cell, In [n]; reason, traceback: only if it failed;
    figures: its recorded measurements; answers: what its run gave for each prediction, by number;
    note: a remark for the reader.
    """

    number: str
    name: str
    status: str = "failed"
    seconds: float = 0.0
    memory_mb: float = 0.0
    reason: str = ""
    cell: int | None = None
    traceback: str = ""
    figures: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    dataset: str = ""
    note: str = ""

    @property
    def trouble(self) -> str:
        """The reason and its cell, on one line; "" if it passed."""
        return self.reason if self.cell is None else f"cell [{self.cell}]: {self.reason}"


def parameters_of(notebook: Any) -> set[str]:
    """Names that the cell tagged `parameters` assigns; lines with magics are skipped. Raises
    SyntaxError if the rest is not Python."""
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            nodes = ast.parse(_MAGIC.sub("", cell.source)).body
            targets = [t for n in nodes if isinstance(n, ast.Assign) for t in n.targets]
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def title_of(notebook: Any) -> str:
    """The first heading without the notebook's number; "" if there is none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = re.search(r"^# (?:\d+ · )?(.+)$", cell.source, re.M)
            return found[1].strip() if found else ""
    return ""


def run_notebook(
    source: Path,
    target: Path,
    parameters: dict[str, Any],
    *,
    timeout: float,
    threads: int,
    stop: threading.Event | None = None,
) -> Outcome:
    """Execute a notebook in a worker process. Never raises for anything that the notebook does.

    Args:
        source: Notebook to run.
        target: Where to write the executed notebook.
        parameters: Values for its cell tagged `parameters`.
        timeout: Wall time in seconds, after which it is stopped.
        threads: Number of CPU threads for its numerical libraries.
        stop: When another thread sets it, the worker and its kernel end.

    Returns:
        The result.
    """
    target.unlink(missing_ok=True)  # the output of an earlier run must not be taken for this one's
    number, _, name = source.stem.partition("_")
    if not number.isdigit():  # an experiment
        number = name = source.stem
    outcome = Outcome(number, name.replace("_", " "))
    try:
        notebook = read_notebook(source)
        outcome.name = title_of(notebook) or outcome.name
        known = parameters_of(notebook)
    except BrokenFileError as error:
        outcome.reason = str(error)
        return outcome
    except SyntaxError as error:
        outcome.reason = f"the cell with the parameters is not Python: {error}"
        return outcome
    odd = sorted(parameters.keys() - known)
    if odd:
        outcome.reason = (
            f"unknown parameter {odd[0]!r}; it has: {', '.join(sorted(known)) or 'none'}"
        )
        return outcome
    with tempfile.TemporaryDirectory() as folder:
        run_file = Path(folder) / "run.json"
        job = {
            "source": str(source),
            "target": str(target),
            "parameters": parameters,
            "timeout": timeout,
            "ended": str(Path(folder) / "ended.json"),
        }
        environment = {
            **os.environ,
            "WORKBENCH_RUN_FILE": str(run_file),
            "JUPYTER_PATH": str(_kernelspec(Path(folder))),
            "OMP_NUM_THREADS": str(threads),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        }
        ended = _supervise(job, environment, timeout, stop, outcome)
        if ended:
            _judge(target, run_file, outcome)
        elif outcome.cell is None:
            outcome.cell = _running(target)
    return outcome


def _kernelspec(folder: Path) -> Path:
    """Write a kernel specification for this interpreter, so that other kernels do not matter."""
    place = folder / "jupyter" / "kernels" / KERNEL
    place.mkdir(parents=True)
    argv = [sys.executable, "-m", "workbench.tools.report.kernel", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec))
    return folder / "jupyter"


def _supervise(
    job: dict[str, Any],
    environment: dict[str, str],
    timeout: float,
    stop: threading.Event | None,
    outcome: Outcome,
) -> bool:
    """Run the worker; watch its time and memory. False if it was stopped or died."""
    import psutil

    started = time.monotonic()
    with tempfile.TemporaryFile() as words:  # not a pipe: a full one would block the worker
        worker = subprocess.Popen(
            [sys.executable, "-m", "workbench.tools.report.runner", json.dumps(job)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=words,
            start_new_session=True,
        )
        tree = psutil.Process(worker.pid)
        family: dict[int, Any] = {}
        try:
            while worker.poll() is None:
                family.update((process.pid, process) for process in processes.family(tree))
                outcome.memory_mb = max(outcome.memory_mb, processes.memory(family))
                if stop is not None and stop.is_set():
                    outcome.reason = "interrupted"
                    return False
                passed = time.monotonic() - started
                if passed > timeout:
                    outcome.reason = f"still running after {timeout:g} s; stopped"
                    return False
                if os.fstat(words.fileno()).st_size > MOST_WORDS:
                    outcome.reason = f"wrote more than {MOST_WORDS // 10**6} MB of messages"
                    return False
                time.sleep(0.1 if passed < 10 else 0.5)  # each check costs milliseconds
        finally:
            outcome.seconds = round(time.monotonic() - started, 1)
            processes.end(tree, family)
            if worker.stdin:
                worker.stdin.close()
        if worker.wait():
            words.seek(max(0, os.fstat(words.fileno()).st_size - 4000))
            said = words.read().decode(errors="replace").strip().splitlines()
            outcome.reason = f"its process ended by {how_it_ended(worker.returncode)}"
            outcome.traceback = "\n".join(said[-20:])
            with suppress(OSError, ValueError):
                ended = json.loads(Path(job["ended"]).read_text(encoding="utf-8"))
                outcome.cell, outcome.reason = ended["cell"], ended["reason"]
    return not worker.returncode


def _running(target: Path) -> int | None:
    """Number n of the cell In [n] that was running when an unfinished notebook was last saved, or
    of the last one before: papermill also marks a cell as completed whose kernel was ended."""
    import nbformat

    try:
        cells = nbformat.read(target, as_version=4).cells
    except Exception:  # not written yet, or truncated
        return None
    before = 0
    for cell in cells:
        if cell.metadata.get("papermill", {}).get("status") == "running":
            return before + 1 if cell.cell_type == "code" else None
        before = cell.get("execution_count") or before
    return before or None


def _judge(target: Path, run_file: Path, outcome: Outcome) -> None:
    """Set the outcome: passed if the executed notebook reached its end without any error."""
    import nbformat

    if not target.exists():
        outcome.reason = "was not executed"
        return
    notebook = nbformat.read(target, as_version=4)
    error = find_error(notebook)
    notebook.metadata.pop("widgets", None)  # pages would need the network to show this state
    nbformat.write(notebook, target)
    if error:
        outcome.cell, outcome.reason, outcome.traceback = error
        return
    printed = "".join(
        output.get("text", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    if not run_file.exists() or SENTINEL.format(called(outcome.number)) not in printed:
        outcome.reason = "did not reach run.finish(): it ended early"
        return
    about = json.loads(run_file.read_text(encoding="utf-8"))
    outcome.figures, outcome.dataset = about["figures"], about["dataset"]
    outcome.answers = answers_of(notebook)
    outcome.status = "passed"


def answers_of(notebook: Any) -> dict[str, str]:
    """What `reveal` showed for each prediction, by its number: "3 styles: “3 to 5 styles”."."""
    outputs = (o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs)
    texts = (str(output.get("data", {}).get("text/plain", "")) for output in outputs)
    found = (_ANSWER.match(text) for text in texts)
    return {match[1]: " ".join(match[2].split()) for match in found if match}


def find_error(notebook: Any) -> tuple[int | None, str, str] | None:
    """(cell, message, traceback) of the first error in outputs or inside widgets, or None."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            for output in cell.outputs:
                if output.output_type == "error":
                    return cell.execution_count or index, *_words(output)
    widgets = notebook.metadata.get("widgets", {})
    for view in (
        widgets.get("application/vnd.jupyter.widget-state+json", {}).get("state", {}).values()
    ):
        for output in view.get("state", {}).get("outputs", None) or ():
            if output.get("output_type") == "error":
                message, traceback = _words(output)
                return None, f"inside a widget: {message}", traceback
    return None


def _words(output: Any) -> tuple[str, str]:
    """Name and message on one line, and the traceback, without colours and control characters."""
    name, text = output.get("ename") or "error", str(output.get("evalue", ""))
    message = _plain(f"{name}: {text[:2000]}" if text.strip() else name)
    traceback = _plain("\n".join(output.get("traceback") or [message]))
    if len(traceback) > 2000:
        traceback = f"{traceback[:900]}\n…\n{traceback[-1097:]}"
    return " ".join(message.split())[:300], traceback


def _plain(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;:?]*[ -/]*[@-~]", "", text)
    return re.sub(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f]", " ", text)


def keep_whole(target: str) -> None:
    """Let papermill save this notebook beside itself and rename it: it also saves while a cell
    runs, and a worker that is stopped then would leave a notebook that says nothing."""
    from papermill.iorw import LocalHandler, papermill_io

    class Whole(LocalHandler):
        def write(self, buf: str, path: str) -> None:
            write_text(path, buf)

    papermill_io.register(target, Whole())


def worker(job: dict[str, Any]) -> int:
    """The worker process: run papermill. A failed cell stays in the output, where `_judge` finds
    it; any other failure is written to the file `ended`. Returns the exit status."""
    processes.end_with_parent()
    import papermill
    from papermill.engines import papermill_engines

    engine, running = engine_of(job["timeout"])
    papermill_engines.register(KERNEL, engine)
    keep_whole(job["target"])
    try:
        papermill.execute_notebook(
            job["source"],
            job["target"],
            job["parameters"],
            kernel_name=KERNEL,
            engine_name=KERNEL,
            cwd=str(Path(job["source"]).parent),
            progress_bar=False,
        )
    except papermill.exceptions.PapermillExecutionError:
        return 0
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}"[:2000].split())[:300]
        ended = {"cell": running.get("cell"), "reason": running.get("reason", reason)}
        Path(job["ended"]).write_text(json.dumps(ended), encoding="utf-8")
        if "reason" in running:  # the kernel's message explains more than the worker's traceback
            return 1
        raise
    return 0


if __name__ == "__main__":
    sys.exit(worker(json.loads(sys.argv[1])))
