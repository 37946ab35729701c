"""Sliders with a figure that answers at once, from ipywidgets alone.

    explore(draw, Slider("noise level", np.linspace(0, 1, 21), 0.3))
    explore(draw, Choice("property", ["tempo", "key"]))

calls `draw(0.3)`, or `draw("tempo")`, and again for each value that is chosen. Each figure is drawn
once and kept.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets
import traitlets as t

from workbench.arguments import function_of, listed, number, shown, text_of
from workbench.course.accessible import figure_html
from workbench.course.record import attended
from workbench.course.widgets.base import MusicWidget, module, style
from workbench.errors import PromptError

MOST = 201  # values of a slider


@dataclass(frozen=True)
class Slider:
    """A slider. label: what it sets; values: increasing numbers; start: the first one shown, by
    default the middle one."""

    label: str
    values: Sequence[float]
    start: float | None = None

    def checked(self) -> Slider:
        """The same with its values as floats.

        Raises:
            PromptError: for no label, fewer than two values, values that do not increase, and a
                start that is not one of them.
        """
        label = text_of(self.label, "label").strip()
        values = [number(v, "values") for v in listed(self.values, "values", "numbers", 2)]
        if not label or values != sorted(set(values)) or len(values) > MOST:
            raise PromptError(
                f"Slider({shown(self.label)}): give a label and 2 to {MOST} increasing values"
            )
        middle = values[len(values) // 2]
        return Slider(label, values, middle if self.start is None else _one_of(values, self.start))

    def place(self, given: Any) -> float:
        """The value that a start is, up to rounding. Raises PromptError."""
        return _one_of(self.values, given)

    def control(self) -> Any:
        """The control of ipywidgets."""
        options = [(f"{value:.4g}", value) for value in self.values]
        return _selection(self.label, options, self.start)

    def __str__(self) -> str:
        return f"{self.label} from {self.values[0]:.4g} to {self.values[-1]:.4g}"


@dataclass(frozen=True)
class Choice:
    """Names to choose from. label: what it sets; values: names; start: the first one shown, by
    default the first of the list."""

    label: str
    values: Sequence[str]
    start: str | None = None

    def checked(self) -> Choice:
        """The same with its start.

        Raises:
            PromptError: for no label, no names, a name that occurs twice, and a start that is not
                one of them.
        """
        label = text_of(self.label, "label").strip()
        values = [text_of(v, "values") for v in listed(self.values, "values", "names", 1)]
        if not label or len(values) != len(set(values)):
            raise PromptError(f"Choice({shown(self.label)}): give a label and different names")
        return Choice(label, values, values[0] if self.start is None else self.place(self.start))

    def place(self, given: Any) -> str:
        """The name that a start is. Raises PromptError."""
        if given not in self.values:
            raise PromptError(f"start={shown(given)}: is not one of {', '.join(self.values)}")
        return str(given)

    def control(self) -> Any:
        """The control of ipywidgets. In JupyterLab the arrow keys reach a slider, but not a list:
        there they move from cell to cell."""
        return _selection(self.label, list(self.values), self.start)

    def __str__(self) -> str:
        return f"{self.label} of {', '.join(self.values)}"


def _selection(label: str, options: Sequence[Any], value: Any) -> Any:
    """A slider over names, or over pairs of a name and a value."""
    return ipywidgets.SelectionSlider(
        options=options,
        value=value,
        description=label,
        style={"description_width": "initial"},
        layout={"width": "min(100%, 560px)"},
    )


def _one_of(values: Sequence[float], given: float) -> float:
    """The value of a slider that a start is, up to rounding. Raises PromptError."""
    start = number(given, "start")
    near = min(values, key=lambda value: abs(value - start))
    if abs(near - start) > 1e-9 * max(1.0, abs(start)):
        raise PromptError(f"start={shown(given)}: is not one of the slider's values")
    return near


class Figure(MusicWidget):
    """The figure under the sliders. It gives the sliders' handles their names, which ipywidgets
    does not, and hides the static copy while the kernel lives."""

    _esm = module("sliders")
    _css = style("sliders")

    page = t.Unicode("").tag(sync=True)


class Explore:
    """The result of `explore`; displays itself as the last line of a cell. widget: the sliders and
    the figure, or None where nobody can use them; values: those that are shown now."""

    def __init__(
        self, draw: Callable[..., Any], sliders: Sequence[Slider | Choice], still: Sequence[Any]
    ) -> None:
        self.draw, self.sliders, self.still = draw, sliders, still
        self.values = tuple(slider.start for slider in sliders)
        self.pages: dict[tuple[Any, ...], str] = {}
        self.widget: Any = None
        if attended():
            self.figure = Figure(page=self.page_of(self.values))
            self.controls = [self._control(slider) for slider in sliders]
            self.widget = ipywidgets.VBox([*self.controls, self.figure])
            self.widget.add_class("wb-explore")

    def _control(self, slider: Slider | Choice) -> Any:
        control = slider.control()
        control.observe(self._moved, "value")
        return control

    def _moved(self, change: Any) -> None:
        self.values = tuple(control.value for control in self.controls)
        self.figure._kindly(self._show)

    def _show(self) -> None:
        self.figure.page = self.page_of(self.values)
        self.figure.say = ""

    def page_of(self, values: tuple[Any, ...]) -> str:
        """The figure for these values as HTML."""
        if values not in self.pages:
            self.pages[values] = figure_html(self.draw(*values))
        return self.pages[values]

    def still_html(self) -> str:
        """The figures of the static copy, each with the values that it shows. If they are
        names, the figures can be folded, and all but the first one are."""
        first = self.sliders[0]
        parts: list[str] = []
        for place in self.still or (first.start,):
            values = (place, *(slider.start for slider in self.sliders[1:]))
            said = ", ".join(
                f"{slider.label} {value if isinstance(value, str) else f'{value:.4g}'}"
                for slider, value in zip(self.sliders, values, strict=True)
            )
            name, figure = html.escape(said), self.page_of(values)
            if isinstance(first, Choice):
                opened = "" if parts else " open"
                parts.append(f"<details{opened}><summary>{name}</summary>{figure}</details>")
            else:
                parts.append(f"<p>{name}:</p>{figure}")
        return f"<div class='wb-still'>{''.join(parts)}</div>"

    def __repr__(self) -> str:
        labels = ", ".join(map(str, self.sliders))
        return f"<controls: {labels}; to use them, run the cell in Jupyter>"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        text, still = repr(self), self.still_html()
        if self.widget is not None:
            display(self.widget)
            still = self.figure.as_still(still)
        display({"text/plain": text, "text/html": still}, raw=True)


def explore(
    draw: Callable[..., Any], *sliders: Slider | Choice, still: Sequence[Any] = ()
) -> Explore:
    """Show sliders, and below them what a function draws for their values.

    Args:
        draw: Function of one number for each `Slider` and one name for each `Choice`, which
            returns Matplotlib axes or a figure. It should take less than 0.3 s.
        sliders: One or more, each a `Slider` or a `Choice`.
        still: Values of the first one that a saved or exported page shows, default: its start.

    Returns:
        An object that displays itself as the last line of a cell. Where nobody can move a slider,
        as in a report, it shows the figures of `still` only.

    Raises:
        PromptError: for no slider, and for values that a slider cannot have.
    """
    draw = function_of(draw, "draw", needed=True)
    if not sliders:
        raise PromptError("sliders: give at least one Slider")
    checked = [slider.checked() for slider in sliders]
    return Explore(draw, checked, [checked[0].place(value) for value in still])
