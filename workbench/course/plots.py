"""Figures of the notebooks, by what they show.

    figure_style   axes, colours, line styles
    charts         bars, curves, intervals, heat maps
    music_plots    drum rolls, piano rolls, spectrograms, a map
    explorable     figures with hover, a treemap, a slider over properties
    live_plot      a loss curve during training

Most functions plot on the given axes and return them. In a notebook each figure has an alternative
text, see `describe`.
"""

from __future__ import annotations

import sys

from workbench.course.accessible import describe, with_alternative_text
from workbench.course.charts import (
    bars,
    estimates,
    groups,
    histogram,
    intervals,
    lines,
    matrix,
    points,
    ranking,
)
from workbench.course.explorable import cloud, menu, tree
from workbench.course.figure_style import COLOURS, INK, LINES, MARKERS, axes, style_axes
from workbench.course.live_plot import LivePlot
from workbench.course.music_plots import notes, roll, spectrogram, strip, world

__all__ = [
    "COLOURS",
    "INK",
    "LINES",
    "MARKERS",
    "LivePlot",
    "axes",
    "bars",
    "cloud",
    "describe",
    "estimates",
    "groups",
    "histogram",
    "intervals",
    "lines",
    "matrix",
    "menu",
    "notes",
    "plain",
    "points",
    "ranking",
    "roll",
    "spectrogram",
    "strip",
    "style_axes",
    "tree",
    "world",
]

plain = style_axes  # the old name


def _register() -> None:
    """Give figures that are shown in a notebook their alternative text."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "display_formatter"):
        # for the base class, because IPython removes a formatter of Figure itself when pyplot is
        # first imported
        shell.display_formatter.formatters["text/html"].for_type_by_name(
            "matplotlib.figure", "FigureBase", with_alternative_text
        )


_register()
