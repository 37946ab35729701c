"""Shared by the widgets: module and style, messages, the worker, undo, the static copy."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence, Set
from functools import cache
from importlib.resources import files
from math import inf
from threading import Timer
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

import anywidget
import traitlets as t

from workbench.arguments import number, shown, text_of, whole
from workbench.course.widgets.side_by_side import side_by_side
from workbench.course.widgets.worker import Stopped, Worker
from workbench.errors import PromptError, WorkbenchError
from workbench.music.display import RATE, asset

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.progress import Progress

VIEW = "application/vnd.jupyter.widget-view+json"
REDRAW_AFTER = 0.3  # seconds from an edit to the static copy
HISTORY = 50  # steps that Undo can take back
# Without a kernel, JupyterLab shows "model not found" above the static copy.
_STILL_STYLE = (
    ".jp-OutputArea-child:not(:has(.wb-box)):has(+ .jp-OutputArea-child .wb-fallback){display:none}"
)
log = logging.getLogger(__name__)


@cache
def read(name: str) -> str:
    """A text file that lies beside this module."""
    return files("workbench.course.widgets").joinpath(name).read_text(encoding="utf-8")


def module(*names: str) -> str:
    """Join scripts into one self-contained ES module: a widget's module cannot import files.

    The clip's player becomes a function that looks for clips in its argument `document`.
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
    """A clip's gapless loop as an Ogg file, mono, at the sample rate of the page's player."""
    return clip.audio_bytes("ogg", RATE, mono=True)


class Number(t.Float):
    """A trait for a number, NumPy's included. Raises PromptError."""

    def validate(self, obj: Any, value: Any) -> Any:
        return number(value, self.name or "number", *_range(self))


class Whole(t.Int):
    """A trait for a whole number, NumPy's included. Raises PromptError."""

    def validate(self, obj: Any, value: Any) -> Any:
        return whole(value, self.name or "number", *_range(self))


class Text(t.Unicode):
    """A trait for a text; None becomes an empty one."""

    def validate(self, obj: Any, value: Any) -> Any:
        return text_of(value, self.name or "text")


def _range(trait: Number | Whole) -> tuple[float, float]:
    """The bounds of a trait; infinite if it has none."""
    return -inf if trait.min is None else trait.min, inf if trait.max is None else trait.max


def check_system(system: Any, *needed: str) -> None:
    """Raise PromptError unless it is a system that can do all this."""
    can = getattr(system, "can", None)
    if not isinstance(can, Set):
        raise PromptError(
            f"system={shown(system)}: give a system, such as DrumLDM.from_pretrained(…)"
        )
    if missing := [name for name in needed if name not in can]:
        raise PromptError(
            f"system: {type(system).__name__} cannot {missing[0]}; it can: {', '.join(sorted(can))}"
        )


class MusicWidget(anywidget.AnyWidget):
    """Base of the widgets. A message {"do": name, …} from the page calls the method `on_<name>`
    with the message and its `buffers`. Each message is acknowledged at once, so that the page
    notices when the kernel has stopped.

    No message of the page causes a traceback: the widget shows an error as one line. `error` keeps
    the last unexpected error. A widget with a history defines `_state` and `_restore` and calls
    `_remember` before a change; its `on_undo` and `on_redo` are then Undo and Redo.

    A cell shows two outputs: the widget, and a static copy of it in plain HTML. The copy is hidden
    while the widget works, and remains in a saved or exported notebook.
    """

    say = t.Unicode("").tag(sync=True)  # the status line; screen readers read it when it changes
    busy = t.Unicode("").tag(sync=True)  # the running job, or ""
    progress = t.List([0, 0]).tag(sync=True)  # steps done, all steps
    key = t.Unicode().tag(sync=True)  # the model's id; finds the static copy on the page
    undos = t.Int(0).tag(sync=True)  # how many steps can be undone
    redos = t.Int(0).tag(sync=True)

    if_stopped: ClassVar[str] = ""  # what Stop leaves unchanged

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.key = self.model_id or uuid4().hex  # without a kernel a model has no id
        self.error: BaseException | None = None
        self.worker = Worker()
        self._past: list[Any] = []
        self._future: list[Any] = []
        self._displayed = False
        self._redrawing = Timer(0, self._redraw)  # not started
        self.on_msg(self._received)

    def _received(self, _: Any, message: Any, buffers: Any) -> None:
        if not isinstance(message, dict):
            return
        name, ping = message.get("do"), message.get("ping")
        if isinstance(ping, int):
            self.send({"is": "received", "ping": ping})
        handler = getattr(self, f"on_{name}", None)
        if handler is not None and isinstance(name, str) and name != "msg":
            self._kindly(lambda: handler({**message, "buffers": buffers}))

    def _kindly(self, action: Callable[[], Any]) -> bool:
        """Run `action`; on an error show one line. Returns whether it succeeded."""
        try:
            action()
        except Stopped:
            done, total = self.progress
            self.say = f"Stopped after {done} of {total} steps. {self.if_stopped}".strip()
        except WorkbenchError as error:
            self.say = str(error)
        except Exception as error:
            self.error = error
            log.debug("in a widget", exc_info=error)
            first = (str(error).splitlines() or [""])[0][:200]
            self.say = f"This failed: {type(error).__name__} {first}"
        else:
            return True
        return False

    def start(self, what: str, steps: int, job: Callable[[], Any]) -> None:
        """Run a job in the worker and show its progress."""
        if self.worker.busy:
            self.say = "A job is still running. Wait, or press Stop."
            return

        def run() -> None:
            try:
                if self._kindly(job):
                    self._redraw()
            finally:
                if self.say == "Stopping…":  # the job had ended before it could be stopped
                    self.say = "The job finished before it could be stopped."
                self.busy = ""

        self.progress, self.busy, self.say = [0, steps], what, f"{what}…"
        self.worker.start(run)

    def step(self, step: int, total: int) -> None:
        """Show the progress of a job. Raises Stopped after Stop."""
        self.worker.check()
        self.progress = [step, total]

    def show_progress(self, record: Progress) -> None:
        """The `progress` callback for a system. Raises Stopped after Stop."""
        self.step(record.step, record.steps)

    def on_stop(self, message: dict[str, Any] | None = None) -> None:
        """Stop button: end the job at its next step."""
        if self.worker.busy:
            self.say = "Stopping…"  # set first, because the job's thread may overwrite it at once
            self.worker.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the running job, in tests and scripts.

        Args:
            timeout: Seconds to wait at most; None for no limit.

        Returns:
            Whether the job has ended.
        """
        return self.worker.wait(None if timeout is None else number(timeout, "timeout", 0))

    # --- history ------------------------------------------------------------------------------

    def _state(self) -> Any:
        """The state that Undo restores; never changed in place."""
        raise NotImplementedError

    def _restore(self, state: Any) -> None:
        raise NotImplementedError

    def _remember(self) -> None:
        """Save the current state before a change."""
        self._past = [*self._past[-HISTORY + 1 :], self._state()]
        self._future = []
        self._count()

    def _count(self) -> None:
        self.undos, self.redos = len(self._past), len(self._future)

    def _travel(self, source: list[Any], target: list[Any], done: str, none: str) -> None:
        if self.worker.busy:
            self.say = "A job is still running. Wait, or press Stop, before Undo or Redo."
        elif not source:
            self.say = none
        else:
            target.append(self._state())
            self._restore(source.pop())
            self._count()
            self.say = done
            self._redraw()

    def on_undo(self, message: dict[str, Any] | None = None) -> None:
        """Undo the last change."""
        self._travel(self._past, self._future, "Undone.", "There is nothing to undo.")

    def on_redo(self, message: dict[str, Any] | None = None) -> None:
        """Redo the change that was undone last."""
        self._travel(self._future, self._past, "Redone.", "There is nothing to redo.")

    # --- the static copy ----------------------------------------------------------------------

    def fallback_clips(self) -> Sequence[Clip]:
        """Clips for the static copy in a saved or exported page."""
        return []

    def _still(self) -> dict[str, Any]:
        """The MIME bundle of the static copy."""
        name = type(self).__name__
        clips = self.fallback_clips()
        page = side_by_side(clips, note=f"{name}: to use it, run the cell in Jupyter.")
        return {
            "text/plain": f"{name}, {len(clips)} clip{'' if len(clips) == 1 else 's'}",
            "text/html": self.as_still(page),
        }

    def as_still(self, page: str) -> str:
        """HTML as the static copy, which is hidden while the widget works."""
        return (
            f'<div class="wb-fallback" data-of="{self.key}"><style>{_STILL_STYLE}</style>'
            f"{page}</div>"
        )

    def _redraw(self) -> None:
        """Update the static copy of a displayed widget before the notebook is next saved."""
        if self._displayed:
            from IPython.display import display

            display(self._still(), raw=True, display_id=self.key, update=True)

    def _redraw_soon(self) -> None:
        """Call `_redraw` after REDRAW_AFTER seconds, once for several edits; does not block."""
        self._redrawing.cancel()
        if self._displayed:
            self._redrawing = Timer(REDRAW_AFTER, self._redraw)
            self._redrawing.daemon = True
            self._redrawing.start()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        made = super()._repr_mimebundle_(**kwargs)
        data, about = made if isinstance(made, tuple) else (made or {}, {})
        data["text/html"] = self._still()["text/html"]
        return data, about

    def _ipython_display_(self) -> None:
        from IPython.display import display

        made = super()._repr_mimebundle_()
        data, about = made if isinstance(made, tuple) else (made or {}, {})
        # empty HTML where no widget can be shown: the static copy follows
        display({**data, "text/html": ""}, metadata=about, raw=True)
        display(self._still(), raw=True, display_id=self.key)
        self._displayed = True
