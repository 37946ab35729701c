"""The kernel in which the runner executes a notebook: IPython's own, with bounded output, in which
every exception is told by its name and text.

ZeroMQ drops what comes faster than it is sent, beyond a thousand messages; here it keeps it. In
exchange the kernel stops passing on what a notebook prints once that is more than the runner
allows, so that neither of them fills the memory before the runner ends the notebook.

What other programs print is passed on, too, whoever runs the notebook: below pytest ipykernel
alone would send it past Jupyter, and a program that prints without end would run up to the limit
of time.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from workbench.errors import NO_TEXT, text_of

MOST_OUTPUT = 32_000_000  # characters that a notebook may print or show; a lesson has under 5 MB
MOST_OUTPUTS = 200_000  # pieces in which they come
MOST_TEXT = 100_000  # characters of an exception's text


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


def pack(message: Any) -> bytes:
    """A message as JSON. A lone surrogate, which UTF-8 has no bytes for, becomes its code in
    letters; Jupyter's own packer fails on it, and what was to be said is lost."""
    from jupyter_client.jsonutil import json_clean, json_default
    from jupyter_client.session import json_packer

    try:
        return json_packer(message)
    except UnicodeEncodeError:
        text = json.dumps(json_clean(message), default=json_default, ensure_ascii=False)
        return re.sub(r"[\ud800-\udfff]", lambda one: rf"\\u{ord(one[0]):x}", text).encode()


def readable(error: BaseException) -> BaseException:
    """The exception, or in its place one of the same name: where its text cannot be had or is very
    long; and for a group, which IPython prints past Jupyter, one that names the first inside."""
    text = text_of(error)
    as_it_is = len(text) <= MOST_TEXT and not text.startswith(NO_TEXT)
    first = error
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    if first is error and as_it_is:
        return error
    told = type(type(error).__name__, (Exception,), {"__module__": type(error).__module__})
    if len(text) > MOST_TEXT:
        text = f"{text[:MOST_TEXT]}…"
    if first is error:
        return told(text)
    first = readable(first)
    stand_in = told(f"{text}, the first {type(first).__name__}: {first}")
    stand_in.__cause__ = first
    return stand_in


def main() -> None:
    """Run the kernel of the connection file that the command line names."""
    import zmq
    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.kernelapp import IPKernelApp
    from ipykernel.zmqshell import ZMQInteractiveShell

    os.environ.pop("PYTEST_CURRENT_TEST", None)

    class Shell(ZMQInteractiveShell):
        def _get_exc_info(self, exc_tuple: Any = None) -> Any:
            _, error, trace = super()._get_exc_info(exc_tuple)
            error = readable(error)
            return type(error), error, trace

        async def run_cell_async(self, *args: Any, **kwargs: Any) -> Any:
            result = await super().run_cell_async(*args, **kwargs)
            for name in ("error_before_exec", "error_in_exec"):
                if error := getattr(result, name):
                    setattr(result, name, readable(error))
            return result

    class Kernel(IPythonKernel):
        shell_class = Shell

    class App(IPKernelApp):
        kernel_class = Kernel

        def init_iopub(self, context: Any) -> None:
            context.setsockopt(zmq.SNDHWM, 0)
            super().init_iopub(context)

        def init_io(self) -> None:
            self.session.pack = pack
            super().init_io()
            bound(sys.stdout)
            bound(sys.stderr)

    App.launch_instance()


if __name__ == "__main__":
    # as ipykernel's own launcher: the folder of the notebook must not hide modules of the kernel
    if sys.path[0] == "" or Path(sys.path[0]) == Path.cwd():
        del sys.path[0]
    main()
