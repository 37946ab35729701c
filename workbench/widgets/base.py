"""What the widgets share: their module and style, messages, the worker, the offline fallback."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets as t

from workbench.errors import WorkbenchError
from workbench.music.display import RATE, asset
from workbench.widgets.worker import Stopped, Worker

if TYPE_CHECKING:
    import numpy as np

    from workbench.music.clip import Clip

VIEW = "application/vnd.jupyter.widget-view+json"
log = logging.getLogger(__name__)


@cache
def read(name: str) -> str:
    """A text file that lies beside this module."""
    return files("workbench.widgets").joinpath(name).read_text(encoding="utf-8")


def module(*names: str) -> str:
    """One self-contained ES module of the pieces: a widget's module cannot import its neighbours.

    The clip's player comes as a function: it looks for clips in what it is given as `document`.
    """
    player = (
        f"const SOUND_RATE = {RATE};\nfunction wireClips(document) {{\n"
        + asset("player.js")
        + "\n}\n"
    )
    return "\n".join([player, *(read(f"{name}.js") for name in ("shared", "sound", *names))])


def style(*names: str) -> str:
    return "\n".join(read(f"{name}.css") for name in ("shared", *names))


def loop_bytes(clip: Clip) -> bytes:
    """A clip's gapless loop as an Ogg file, mono, at the rate the page's player runs at."""
    return clip.audio_bytes("ogg", RATE, mono=True)


class MusicWidget(anywidget.AnyWidget):
    """Base of the widgets. Messages {"do": name, …} from the page go to the method `on_<name>`.

    Nothing that the page sends ends in a traceback: an error's one line is shown in the widget.
    `error` keeps the last unforeseen one.
    """

    say = t.Unicode("").tag(sync=True)  # read out by screen readers when it changes
    busy = t.Unicode("").tag(sync=True)  # what is being done, or ""
    progress = t.List([0, 0]).tag(sync=True)  # steps done, steps in all

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.error: BaseException | None = None
        self.worker = Worker()
        self.on_msg(self._heard)

    def _heard(self, _: Any, message: Any, buffers: Any) -> None:
        name = message.get("do") if isinstance(message, dict) else None
        handler = getattr(self, f"on_{name}", None)
        if handler is not None and isinstance(name, str) and name != "msg":
            self._kindly(lambda: handler(message))

    def _kindly(self, action: Callable[[], Any]) -> bool:
        """Do it; if that fails, say why in one line. True when it went well."""
        try:
            action()
        except Stopped:
            done, total = self.progress
            self.say = f"Stopped after {done} of {total} steps. What was there is kept."
        except WorkbenchError as error:
            self.say = str(error)
        except Exception as error:
            self.error = error
            log.debug("in a widget", exc_info=error)
            first = (str(error).splitlines() or [""])[0][:200]
            self.say = f"That did not work: {type(error).__name__} {first}"
        else:
            return True
        return False

    def start(self, what: str, steps: int, job: Callable[[], Any]) -> None:
        """Run a job in the worker and show that it runs."""
        if self.worker.busy:
            self.say = "Still drawing. Wait, or press Stop."
            return

        def run() -> None:
            try:
                self._kindly(job)
            finally:
                if self.say == "Stopping…":  # the job had ended before it could be stopped
                    self.say = "It was done before it could be stopped."
                self.busy = ""

        self.progress, self.busy, self.say = [0, steps], what, f"{what}…"
        self.worker.start(run)

    def step(self, step: int, total: int, rolls: np.ndarray | None = None) -> None:
        """A system's progress callback; raises Stopped after Stop."""
        self.worker.check()
        self.progress = [step, total]

    def on_stop(self, message: dict[str, Any] | None = None) -> None:
        """Stop button: end the drawing at its next step."""
        if self.worker.busy:
            self.say = "Stopping…"  # first, since the job's thread may have the last word at once
            self.worker.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a drawing to end, in tests and scripts; False if `timeout` seconds pass."""
        return self.worker.wait(timeout)

    def fallback_clips(self) -> Sequence[Clip]:
        """Clips that an exported page, which has no kernel, shall play."""
        return []

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        from workbench.widgets.side_by_side import side_by_side

        made = super()._repr_mimebundle_(**kwargs)
        data, about = made if isinstance(made, tuple) else (made or {}, {})
        note = f"{type(self).__name__}: run the cell in Jupyter to use it."
        data["text/html"] = side_by_side(self.fallback_clips(), note=note)
        return data, about
