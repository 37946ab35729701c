"""The papermill engine of the runner: it bounds output, waits for slow output, and starts a kernel
again that died before it ran anything.
"""

from __future__ import annotations

import asyncio
import inspect
import signal
from typing import Any

from workbench.tools.report.kernel import MOST_OUTPUT, MOST_OUTPUTS

STARTS = 3  # attempts to start a kernel that dies before it answers
SILENCE = 20.0  # seconds without a message after which the output of an ended cell is complete


def how_it_ended(status: int) -> str:
    """How a process ended, in words. status: negative for a signal, as in `subprocess`."""
    if status >= 0:
        return f"exit status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    why = {"SIGKILL": ", as when memory is full", "SIGSEGV": ", a fault in compiled code"}
    return name + why.get(name, "")


def engine_of(timeout: float) -> tuple[Any, dict[str, Any]]:
    """A papermill engine that bounds output and waits for slow output.

    Args:
        timeout: Seconds that the notebook may run.

    Returns:
        The engine, and a dict that it fills if the run fails: `cell`, the number of the running
        cell, and `reason`.
    """
    import nbformat
    import zmq
    from nbclient.exceptions import DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine

    running: dict[str, Any] = {}

    class Client(PapermillNotebookClient):
        km: Any
        shown = 0  # characters of output, of the whole notebook
        pieces = received = 0

        def create_kernel_manager(self) -> Any:
            manager = super().create_kernel_manager()
            # otherwise ZeroMQ keeps only a thousand unread messages and drops the rest
            manager.context.setsockopt(zmq.RCVHWM, 0)
            return manager

        def start_new_kernel_client(self) -> Any:
            """A kernel gets its port numbers before it opens the ports, so another program may take
            them first. A kernel that died before it answered has run nothing; it is started again
            on other ports."""
            for start in range(1, STARTS + 1):
                process = self.km.provisioner.process
                try:
                    return super().start_new_kernel_client()
                except RuntimeError as error:
                    if "died" not in str(error):  # it is alive but silent
                        raise
                    if start == STARTS:
                        running["reason"] = (
                            f"no kernel starts: {STARTS} died before they answered, the last by "
                            f"{how_it_ended(process.poll())}"
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
                    how = "" if status is None else f" by {how_it_ended(status)}"
                    running.setdefault("reason", f"the kernel died{how}")
                raise

        def _stop(self, reason: str) -> None:
            """End the kernel; only the first reason is kept."""
            running.setdefault("reason", f"stopped: {reason}")
            self.km.provisioner.process.kill()
            self.task_poll_for_reply.cancel()

        def _output_ended(self, output: asyncio.Future[None]) -> None:
            """Stop if reading the output failed: nothing else would stop a cell that prints without
            end."""
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
            """Wait for the rest of a cell's output, until SILENCE seconds pass without a message:
            the last message may have been lost."""
            before = -1
            while not output.done() and self.received != before:
                before = self.received
                await asyncio.wait({output}, timeout=SILENCE)
            output.cancel()

        async def _check_raise_for_error(self, cell: Any, cell_index: int, reply: Any) -> None:
            """Show as an error what IPython only prints, such as an unknown magic."""
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
                # a notebook stores text as a list of lines, which costs about 60 bytes per line
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
