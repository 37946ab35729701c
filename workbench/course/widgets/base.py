"""What the widgets share: module and style, messages, the worker, undo, the still copy."""

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
    from workbench.systems.base import Progress

VIEW = "application/vnd.jupyter.widget-view+json"
REDRAW_AFTER = 0.3  # seconds from an edit to the still copy
HISTORY = 50  # steps that Undo can take back
# Where no kernel answers, JupyterLab says "model not found" above the still copy.
_NO_ERROR_ABOVE = (
    ".jp-OutputArea-child:not(:has(.wb-box)):has(+ .jp-OutputArea-child .wb-fallback){display:none}"
)
log = logging.getLogger(__name__)


@cache
def read(name: str) -> str:
    """A text file that lies beside this module."""
    return files("workbench.course.widgets").joinpath(name).read_text(encoding="utf-8")


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


class Number(t.Float):
    """A trait for a number as people hand them over, NumPy's, too. Raises PromptError."""

    def validate(self, obj: Any, value: Any) -> Any:
        return number(value, self.name or "number", *_range(self))


class Whole(t.Int):
    """The same for a whole number."""

    def validate(self, obj: Any, value: Any) -> Any:
        return whole(value, self.name or "number", *_range(self))


class Text(t.Unicode):
    """A text; of Python, None is an empty one."""

    def validate(self, obj: Any, value: Any) -> Any:
        return text_of(value, self.name or "text")


def _range(trait: Number | Whole) -> tuple[float, float]:
    """The bounds of a trait, infinite where it has none."""
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
    """Base of the widgets. Messages {"do": name, …} from the page go to the method `on_<name>`,
    with the message's `buffers` in it; each is answered "heard" first, so that the page knows a
    kernel that is gone.

    Nothing that the page sends ends in a traceback: an error's one line is shown in the widget.
    `error` keeps the last unforeseen one. A widget with a history defines `_state` and `_restore`
    and calls `_remember` before a change; Undo and Redo are then its `on_undo` and `on_redo`.

    A cell shows two outputs: the widget, and a still copy of it in plain HTML that hides while the
    widget lives, and remains in a saved or exported notebook.
    """

    say = t.Unicode("").tag(sync=True)  # read out by screen readers when it changes
    busy = t.Unicode("").tag(sync=True)  # what is being done, or ""
    progress = t.List([0, 0]).tag(sync=True)  # steps done, steps in all
    key = t.Unicode().tag(sync=True)  # the model's id; finds the still copy on the page
    undos = t.Int(0).tag(sync=True)  # how many steps can be undone
    redos = t.Int(0).tag(sync=True)

    if_stopped: ClassVar[str] = ""  # what Stop leaves as it was

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.key = self.model_id or uuid4().hex  # without a kernel a model has no id
        self.error: BaseException | None = None
        self.worker = Worker()
        self._past: list[Any] = []
        self._future: list[Any] = []
        self._displayed = False
        self._redrawing = Timer(0, self._redraw)  # none waits yet
        self.on_msg(self._heard)

    def _heard(self, _: Any, message: Any, buffers: Any) -> None:
        if not isinstance(message, dict):
            return
        name, ping = message.get("do"), message.get("ping")
        if isinstance(ping, int):
            self.send({"is": "heard", "ping": ping})
        handler = getattr(self, f"on_{name}", None)
        if handler is not None and isinstance(name, str) and name != "msg":
            self._kindly(lambda: handler({**message, "buffers": buffers}))

    def _kindly(self, action: Callable[[], Any]) -> bool:
        """Do it; if that fails, say why in one line. True when it went well."""
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
                if self._kindly(job):
                    self._redraw()
            finally:
                if self.say == "Stopping…":  # the job had ended before it could be stopped
                    self.say = "It was done before it could be stopped."
                self.busy = ""

        self.progress, self.busy, self.say = [0, steps], what, f"{what}…"
        self.worker.start(run)

    def step(self, step: int, total: int) -> None:
        """Shows how far a job is; raises Stopped after Stop."""
        self.worker.check()
        self.progress = [step, total]

    def show_progress(self, record: Progress) -> None:
        """The `progress` of a system; raises Stopped after Stop."""
        self.step(record.step, record.steps)

    def on_stop(self, message: dict[str, Any] | None = None) -> None:
        """Stop button: end the drawing at its next step."""
        if self.worker.busy:
            self.say = "Stopping…"  # first, since the job's thread may have the last word at once
            self.worker.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a drawing to end, in tests and scripts; False if `timeout` seconds pass."""
        return self.worker.wait(None if timeout is None else number(timeout, "timeout", 0))

    # --- history ------------------------------------------------------------------------------

    def _state(self) -> Any:
        """What Undo brings back; never changed in place."""
        raise NotImplementedError

    def _restore(self, state: Any) -> None:
        raise NotImplementedError

    def _remember(self) -> None:
        """Keep the present state, before it changes."""
        self._past = [*self._past[-HISTORY + 1 :], self._state()]
        self._future = []
        self._count()

    def _count(self) -> None:
        self.undos, self.redos = len(self._past), len(self._future)

    def _travel(self, source: list[Any], target: list[Any], done: str, none: str) -> None:
        if self.worker.busy:
            self.say = "Wait, or press Stop, before you undo."
        elif not source:
            self.say = none
        else:
            target.append(self._state())
            self._restore(source.pop())
            self._count()
            self.say = done
            self._redraw()

    def on_undo(self, message: dict[str, Any] | None = None) -> None:
        """Take the last change back."""
        self._travel(self._past, self._future, "Undone.", "There is nothing to undo.")

    def on_redo(self, message: dict[str, Any] | None = None) -> None:
        """Make the change again that was taken back last."""
        self._travel(self._future, self._past, "Done again.", "There is nothing to redo.")

    # --- the still copy -----------------------------------------------------------------------

    def fallback_clips(self) -> Sequence[Clip]:
        """Clips that a saved or exported page, which has no kernel, plays."""
        return []

    def _still(self) -> dict[str, str]:
        """The mime bundle of the still copy."""
        name = type(self).__name__
        clips = self.fallback_clips()
        page = side_by_side(clips, note=f"{name}: run the cell in Jupyter to use it.")
        return {
            "text/plain": f"{name}, {len(clips)} clip{'' if len(clips) == 1 else 's'}",
            "text/html": f'<div class="wb-fallback" data-of="{self.key}">'
            f"<style>{_NO_ERROR_ABOVE}</style>{page}</div>",
        }

    def _redraw(self) -> None:
        """Bring the still copy of a displayed widget up to date, for the notebook's next saving."""
        if self._displayed:
            from IPython.display import display

            display(self._still(), raw=True, display_id=self.key, update=True)

    def _redraw_soon(self) -> None:
        """The same a moment later, once for many edits in a row: none waits for it."""
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
        # empty HTML, where no widget can be shown: the still copy follows
        display({**data, "text/html": ""}, metadata=about, raw=True)
        display(self._still(), raw=True, display_id=self.key)
        self._displayed = True
