"""Sliders with a figure that answers at once, from ipywidgets alone.

    explore(draw, Slider("noise level", np.linspace(0, 1, 21), 0.3))

calls `draw(0.3)` and again for each value that is chosen. Each figure is drawn once and kept.
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
        self, draw: Callable[..., Any], sliders: Sequence[Slider], still: Sequence[float]
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

    def _control(self, slider: Slider) -> Any:
        options = [(f"{value:.4g}", value) for value in slider.values]
        control = ipywidgets.SelectionSlider(
            options=options,
            value=slider.start,
            description=slider.label,
            continuous_update=True,
            style={"description_width": "initial"},
            layout={"width": "min(100%, 560px)"},
        )
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
        """The figures of the static copy, each with the values that it shows."""
        first = self.sliders[0]
        places = self.still or (first.start,)
        parts = []
        for place in places:
            values = (place, *(slider.start for slider in self.sliders[1:]))
            said = ", ".join(
                f"{slider.label} {value:.4g}"
                for slider, value in zip(self.sliders, values, strict=True)
            )
            parts.append(f"<p>{html.escape(said)}:</p>{self.page_of(values)}")
        return f"<div class='wb-still'>{''.join(parts)}</div>"

    def __repr__(self) -> str:
        labels = ", ".join(
            f"{slider.label} from {slider.values[0]:.4g} to {slider.values[-1]:.4g}"
            for slider in self.sliders
        )
        return f"<sliders: {labels}; to use them, run the cell in Jupyter>"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        text, still = repr(self), self.still_html()
        if self.widget is not None:
            display(self.widget)
            still = self.figure.as_still(still)
        display({"text/plain": text, "text/html": still}, raw=True)


def explore(draw: Callable[..., Any], *sliders: Slider, still: Sequence[float] = ()) -> Explore:
    """Show sliders, and below them what a function draws for their values.

    Args:
        draw: Function of one number per slider, which returns Matplotlib axes or a figure. It
            should take less than 0.3 s.
        sliders: One or more.
        still: Values of the first slider that a saved or exported page shows, default: its start.

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
    return Explore(draw, checked, [_one_of(checked[0].values, value) for value in still])
