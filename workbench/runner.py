"""Running one notebook through papermill, in a process of its own, and judging how it went.

papermill alone passes a notebook that ends by `sys.exit(0)`, one whose error sits inside a
widget's output, and one that is given a parameter it does not know. Here each of these fails.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench import processes
from workbench.lesson import SENTINEL, called

KERNEL = "workbench-report"


@dataclass
class Outcome:
    """How a notebook went. name: its title; status: "passed" or "failed"; memory_mb: peak of the
    whole process tree; cell: the number in brackets before the cell that failed, In [n]; reason
    and traceback only where it failed."""

    number: str
    name: str
    status: str = "failed"
    seconds: float = 0.0
    memory_mb: float = 0.0
    reason: str = ""
    cell: int | None = None
    traceback: str = ""
    figures: list[dict[str, Any]] = field(default_factory=list)
    dataset: str = ""


def parameters_of(notebook: Any) -> set[str]:
    """Names that the cell tagged `parameters` assigns."""
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            nodes = ast.parse(cell.source).body
            targets = [t for n in nodes if isinstance(n, ast.Assign) for t in n.targets]
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def title_of(notebook: Any) -> str:
    """What the first heading says after the notebook's number; "" where there is none."""
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
    """Execute `source` into `target` in a worker process; never raises for what a notebook does.

    `stop`, set by another thread, ends the worker and its kernel.
    """
    import nbformat

    target.unlink(missing_ok=True)  # a page of an earlier run must not pass for this one's
    number, _, name = source.stem.partition("_")
    if not number.isdigit():  # an experiment
        number = name = source.stem
    notebook = nbformat.read(source, as_version=4)
    outcome = Outcome(number, title_of(notebook) or name.replace("_", " "))
    known = parameters_of(notebook)
    odd = sorted(parameters.keys() - known)
    if odd:
        outcome.reason = (
            f"unknown parameter {odd[0]!r}; it has: {', '.join(sorted(known)) or 'none'}"
        )
        return outcome
    with tempfile.TemporaryDirectory() as folder:
        run_file = Path(folder) / "run.json"
        job = {"source": str(source), "target": str(target), "parameters": parameters}
        environment = {
            **os.environ,
            "WORKBENCH_RUN_FILE": str(run_file),
            "JUPYTER_PATH": str(_kernelspec(Path(folder))),
            "OMP_NUM_THREADS": str(threads),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        }
        ended = _supervise(json.dumps(job), environment, timeout, stop, outcome)
        if ended:
            _judge(target, run_file, outcome)
    return outcome


def _kernelspec(folder: Path) -> Path:
    """A kernel that is this very interpreter, whatever kernels the machine has."""
    place = folder / "jupyter" / "kernels" / KERNEL
    place.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec))
    return folder / "jupyter"


def _supervise(
    job: str,
    environment: dict[str, str],
    timeout: float,
    stop: threading.Event | None,
    outcome: Outcome,
) -> bool:
    """Run the worker; watch its time and memory. False where it was stopped or died."""
    import psutil

    started = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as words:  # a full pipe would block it
        worker = subprocess.Popen(
            [sys.executable, "-m", "workbench.runner", job], env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words,
        )  # fmt: skip
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
                time.sleep(0.1 if passed < 10 else 0.5)  # each look costs milliseconds
        finally:
            outcome.seconds = round(time.monotonic() - started, 1)
            processes.end(tree, family)
        if worker.wait():
            words.seek(0)
            said = words.read().strip().splitlines() or [f"worker: status {worker.returncode}"]
            outcome.reason = said[-1][:300]
            outcome.traceback = "\n".join(said[-20:])
    return not worker.returncode


def _judge(target: Path, run_file: Path, outcome: Outcome) -> None:
    """Did the executed notebook reach its end without an error anywhere?"""
    import nbformat

    notebook = nbformat.read(target, as_version=4)
    error = find_error(notebook)
    notebook.metadata.pop("widgets", None)  # a page that stores it needs the network to show it
    nbformat.write(notebook, target)
    if error:
        outcome.cell, outcome.reason, outcome.traceback = error
        return
    printed = "".join(
        output.get("text", "")
        for cell in notebook.cells if cell.cell_type == "code"
        for output in cell.outputs
    )  # fmt: skip
    if not run_file.exists() or SENTINEL.format(called(outcome.number)) not in printed:
        outcome.reason = "did not reach run.finish(): it ended early"
        return
    about = json.loads(run_file.read_text(encoding="utf-8"))
    outcome.figures, outcome.dataset = about["figures"], about["dataset"]
    outcome.status = "passed"


def find_error(notebook: Any) -> tuple[int | None, str, str] | None:
    """(cell, message, traceback) of the first error among outputs and inside widgets."""
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
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.get("traceback", [])))
    return f"{output.get('ename', 'error')}: {output.get('evalue', '')}"[:300], plain[-2000:]


def worker(job: dict[str, Any]) -> int:
    """Inside the worker process: papermill. A failing cell is left in the output to be judged."""
    import papermill

    try:
        papermill.execute_notebook(
            job["source"], job["target"], job["parameters"], kernel_name=KERNEL,
            cwd=str(Path(job["source"]).parent), progress_bar=False, store_widget_state=True,
        )  # fmt: skip
    except papermill.exceptions.PapermillExecutionError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(worker(json.loads(sys.argv[1])))
