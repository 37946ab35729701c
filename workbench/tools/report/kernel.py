"""The kernel in which the runner executes a notebook: IPython's kernel with bounded output, which
reports every exception with its name and message.

By default ZeroMQ keeps a thousand unsent messages and drops the rest; here it keeps all of them. To
bound the memory instead, the kernel drops output that exceeds twice the runner's limits; the
runner then ends the notebook.

Output of other programs is passed on, too. Under pytest, ipykernel would otherwise not capture it,
and a program that prints without end would run until the timeout.
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
MOST_OUTPUTS = 200_000  # messages with output
MOST_TEXT = 100_000  # characters of an exception's message


def bound(stream: Any) -> None:
    """Make an output stream of the kernel drop what exceeds twice the runner's limits."""
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
    """A message as JSON in UTF-8. A lone surrogate, which UTF-8 cannot encode, becomes an escape;
    Jupyter's packer would fail and lose the message."""
    from jupyter_client.jsonutil import json_clean, json_default
    from jupyter_client.session import json_packer

    try:
        return json_packer(message)
    except UnicodeEncodeError:
        text = json.dumps(json_clean(message), default=json_default, ensure_ascii=False)
        return re.sub(r"[\ud800-\udfff]", lambda one: rf"\\u{ord(one[0]):x}", text).encode()


def readable(error: BaseException) -> BaseException:
    """The exception, or a replacement of the same name in two cases: its message cannot be read or
    is very long; or it is a group, which IPython would print outside of Jupyter, and the
    replacement names the first exception in it."""
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
    """Run the kernel with the connection file given on the command line."""
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
    # as in ipykernel's launcher: files beside the notebook must not hide modules of the kernel
    if sys.path[0] == "" or Path(sys.path[0]) == Path.cwd():
        del sys.path[0]
    main()
