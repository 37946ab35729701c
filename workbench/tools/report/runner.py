"""Running one notebook through papermill, in a process of its own, and judging how it went.

papermill alone passes a notebook that ends by `sys.exit(0)`, one whose error sits inside a
widget's output, and one that is given a parameter it does not know. Here each of these fails. A
failure is told by its exception and its cell, also where the kernel died. Output is bounded, and
what a notebook started ends with it, also where the report itself is killed.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import re
import signal
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
from workbench.tools.report.kernel import MOST_OUTPUT, MOST_OUTPUTS

KERNEL = "workbench-report"
STARTS = 3  # of a kernel that dies before it answers
SILENCE = 20.0  # seconds without a message after which a cell that has ended has said all
_MAGIC = re.compile(r"^[ \t]*[%!].*$", re.M)
MOST_WORDS = 50_000_000  # bytes that a worker and its kernel may write past Jupyter


@dataclass
class Outcome:
    """How a notebook went. name: its title; status: "passed" or "failed"; memory_mb: peak of the
    whole process tree; cell: the number in brackets before the cell that failed, In [n]; reason
    and traceback only where it failed; note: what else is to be known."""

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
    note: str = ""

    @property
    def trouble(self) -> str:
        """The reason and its cell, on one line; "" where it passed."""
        return self.reason if self.cell is None else f"cell [{self.cell}]: {self.reason}"


def parameters_of(notebook: Any) -> set[str]:
    """Names that the cell tagged `parameters` assigns; lines of magics are passed over. Raises
    SyntaxError where the rest is not Python."""
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            nodes = ast.parse(_MAGIC.sub("", cell.source)).body
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
    target.unlink(missing_ok=True)  # a page of an earlier run must not pass for this one's
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
        outcome.reason = f"the cell of parameters is not Python: {error}"
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
    """A kernel that is this very interpreter, whatever kernels the machine has."""
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
    """Run the worker; watch its time and memory. False where it was stopped or died."""
    import psutil

    started = time.monotonic()
    with tempfile.TemporaryFile() as words:  # a full pipe would block it
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
                time.sleep(0.1 if passed < 10 else 0.5)  # each look costs milliseconds
        finally:
            outcome.seconds = round(time.monotonic() - started, 1)
            processes.end(tree, family)
            if worker.stdin:
                worker.stdin.close()
        if worker.wait():
            words.seek(max(0, os.fstat(words.fileno()).st_size - 4000))
            said = words.read().decode(errors="replace").strip().splitlines()
            outcome.reason = f"its process ended by {_how(worker.returncode)}"
            outcome.traceback = "\n".join(said[-20:])
            with suppress(OSError, ValueError):
                ended = json.loads(Path(job["ended"]).read_text(encoding="utf-8"))
                outcome.cell, outcome.reason = ended["cell"], ended["reason"]
    return not worker.returncode


def _how(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    why = {"SIGKILL": ", as when memory is full", "SIGSEGV": ", a fault in compiled code"}
    return name + why.get(name, "")


def _running(target: Path) -> int | None:
    """The number in brackets of the cell that ran when an unfinished notebook was last saved."""
    import nbformat

    try:
        cells = nbformat.read(target, as_version=4).cells
    except Exception:  # not there yet, or cut short
        return None
    before = 0
    for cell in cells:
        if cell.metadata.get("papermill", {}).get("status") == "running":
            return before + 1 if cell.cell_type == "code" else None
        before = cell.get("execution_count") or before
    return None


def _judge(target: Path, run_file: Path, outcome: Outcome) -> None:
    """Did the executed notebook reach its end without an error anywhere?"""
    import nbformat

    if not target.exists():
        outcome.reason = "was not executed"
        return
    notebook = nbformat.read(target, as_version=4)
    error = find_error(notebook)
    notebook.metadata.pop("widgets", None)  # a page that stores it needs the network to show it
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
    """Name and text on one line, and the traceback, without colours and control characters."""
    name, text = output.get("ename") or "error", str(output.get("evalue", ""))
    message = _plain(f"{name}: {text[:2000]}" if text.strip() else name)
    traceback = _plain("\n".join(output.get("traceback") or [message]))
    if len(traceback) > 2000:
        traceback = f"{traceback[:900]}\n…\n{traceback[-1097:]}"
    return " ".join(message.split())[:300], traceback


def _plain(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;:?]*[ -/]*[@-~]", "", text)
    return re.sub(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f]", " ", text)


def worker(job: dict[str, Any]) -> int:
    """Inside the worker process: papermill. A failing cell is left in the output to be judged; what
    else goes wrong is written to the file `ended`."""
    processes.end_with_parent()
    import papermill
    from papermill.engines import papermill_engines

    engine, running = _engine(job["timeout"])
    papermill_engines.register(KERNEL, engine)
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
        if "reason" in running:  # what the kernel said tells more than where the worker was
            return 1
        raise
    return 0


def _engine(timeout: float) -> tuple[Any, dict[str, Any]]:
    """A papermill engine that bounds output and waits for slow output as long as the notebook may
    run, and what it knows of its end: `cell`, the number of the one that runs, and `reason`."""
    import nbformat
    import zmq
    from nbclient.exceptions import DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine

    running: dict[str, Any] = {}

    class Client(PapermillNotebookClient):
        km: Any
        shown = 0  # characters, of the whole notebook
        pieces = received = 0

        def create_kernel_manager(self) -> Any:
            manager = super().create_kernel_manager()
            # else ZeroMQ drops what comes faster than it is read, beyond a thousand messages
            manager.context.setsockopt(zmq.RCVHWM, 0)
            return manager

        def start_new_kernel_client(self) -> Any:
            """A kernel is told its ports before it takes them; another program may be quicker. One
            that died before it answered has run nothing, and is started again on other ports."""
            for start in range(1, STARTS + 1):
                process = self.km.provisioner.process
                try:
                    return super().start_new_kernel_client()
                except RuntimeError as error:
                    if "died" not in str(error):  # it lives, and is silent
                        raise
                    if start == STARTS:
                        running["reason"] = (
                            f"no kernel starts: {STARTS} died before they answered, the last by "
                            f"{_how(process.poll())}"
                        )
                        raise
                self.km = self.create_kernel_manager()
                self.start_new_kernel()
            return None

        def papermill_execute_cells(self) -> None:
            try:
                super().papermill_execute_cells()
            except Exception as error:
                running["cell"] = self.code_cells_executed
                if isinstance(error, DeadKernelError):
                    process = getattr(self.km.provisioner, "process", None)
                    status = None if process is None else process.poll()
                    how = "" if status is None else f" by {_how(status)}"
                    running.setdefault("reason", f"the kernel died{how}")
                raise

        def _stop(self, reason: str) -> None:
            """End the kernel, for the first reason that there is."""
            running.setdefault("reason", f"stopped: {reason}")
            self.km.provisioner.process.kill()
            self.task_poll_for_reply.cancel()

        def _output_ended(self, output: asyncio.Future[None]) -> None:
            """Where nobody reads a cell's output any more, one without end is never stopped."""
            if not output.cancelled() and (error := output.exception()):
                self._stop(f"its output cannot be read ({type(error).__name__}: {error})")

        async def _async_poll_for_reply(
            self, msg_id: Any, cell: Any, timeout: Any, output: Any, alive: Any
        ) -> Any:
            output.add_done_callback(self._output_ended)
            rest = self._until_silent(output)  # begins when the reply is there
            try:
                return await super()._async_poll_for_reply(msg_id, cell, timeout, rest, alive)
            finally:
                if inspect.getcoroutinestate(rest) == inspect.CORO_CREATED:  # no reply came
                    rest.close()

        async def _until_silent(self, output: Any) -> None:
            """Wait for the rest of a cell's output; a last message that was lost holds up nobody
            for longer than SILENCE."""
            before = -1
            while not output.done() and self.received != before:
                before = self.received
                await asyncio.wait({output}, timeout=SILENCE)
            output.cancel()

        async def _check_raise_for_error(self, cell: Any, cell_index: int, reply: Any) -> None:
            """What IPython only prints, as of an unknown magic, becomes an error in the page."""
            about = (reply or {}).get("content", {})
            if about.get("status") == "error" and not any(
                output.output_type == "error" for output in cell.outputs
            ):
                parts = {name: about.get(name, "") for name in ("ename", "evalue")}
                cell.outputs.append(nbformat.v4.new_output("error", traceback=[], **parts))
            await super()._check_raise_for_error(cell, cell_index, reply)

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            self.received += 1
            if msg["msg_type"] in ("stream", "display_data", "execute_result"):
                content = msg["content"]
                parts = [content.get("text", ""), *content.get("data", {}).values()]
                texts = [part for part in parts if isinstance(part, str)]
                # a notebook is saved line by line, each with some 60 bytes of its own in memory
                self.shown += sum(len(text) + 60 * text.count("\n") for text in texts)
                self.pieces += 1
                if self.shown > MOST_OUTPUT or self.pieces > MOST_OUTPUTS:
                    self._stop(
                        f"its output is larger than {MOST_OUTPUT >> 20} MB, or comes in more than "
                        f"{MOST_OUTPUTS:,} pieces; print less"
                    )
                    return None
            return super().process_message(msg, cell, cell_index)

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:
            return Client(
                nb_man,
                kernel_name=kernel_name,
                startup_timeout=min(120, max(1, int(timeout))),
                iopub_timeout=max(4, int(timeout)),
                store_widget_state=True,
            ).execute()

    return Engine, running


if __name__ == "__main__":
    sys.exit(worker(json.loads(sys.argv[1])))
