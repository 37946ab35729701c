"""The kernel in which the runner executes a notebook: IPython's own, with bounded output.

ZeroMQ drops what comes faster than it is sent, beyond a thousand messages; here it keeps it. In
exchange the kernel stops passing on what a notebook prints once that is more than the runner
allows, so that neither of them fills the memory before the runner ends the notebook.

What other programs print is passed on, too, whoever runs the notebook: below pytest ipykernel
alone would send it past Jupyter, and a program that prints without end would run up to the limit
of time.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

MOST_OUTPUT = 32_000_000  # characters that a notebook may print or show; a lesson has under 5 MB
MOST_OUTPUTS = 200_000  # pieces in which they come


def bound(stream: Any) -> None:
    """Make an output stream of the kernel silent beyond twice the limits of the runner."""
    write, flush = stream.write, stream.flush
    left = {"characters": 2 * MOST_OUTPUT, "pieces": 2 * MOST_OUTPUTS}

    def bounded_write(text: str) -> Any:
        left["characters"] -= len(text)
        return write(text) if left["characters"] > 0 else len(text)

    def bounded_flush() -> None:
        left["pieces"] -= 1
        if left["pieces"] > 0:
            flush()

    stream.write, stream.flush = bounded_write, bounded_flush


def main() -> None:
    """Run the kernel of the connection file that the command line names."""
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    os.environ.pop("PYTEST_CURRENT_TEST", None)

    class App(IPKernelApp):
        def init_iopub(self, context: Any) -> None:
            context.setsockopt(zmq.SNDHWM, 0)
            super().init_iopub(context)

        def init_io(self) -> None:
            super().init_io()
            bound(sys.stdout)
            bound(sys.stderr)

    App.launch_instance()


if __name__ == "__main__":
    # as ipykernel's own launcher: the folder of the notebook must not hide modules of the kernel
    if sys.path[0] == "" or Path(sys.path[0]) == Path.cwd():
        del sys.path[0]
    main()
