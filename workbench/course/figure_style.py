"""The style of the lessons' figures.

Colours are those of Okabe and Ito, which colour-blind readers can distinguish. Figures are dark on
white; on a dark page their brightness is inverted, see `accessible.FIGURE_STYLE`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import number, whole
from workbench.extras import named_extras

if TYPE_CHECKING:
    from matplotlib.axes import Axes


COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")
HATCHES = ("", "//", "..", "xx", "--", "++", "||")
INK = "#333333"


def axes(rows: int = 1, columns: int = 1, *, width: float = 8, height: float = 3) -> Any:
    """New axes in the workbench's style.

    Args:
        rows, columns: Number of panels.
        width, height: Of the figure, in inches.

    Returns:
        One `Axes`, or an array of them as of `plt.subplots`.
    """
    rows, columns = whole(rows, "rows", 1), whole(columns, "columns", 1)
    size = number(width, "width"), number(height, "height")
    with named_extras():
        import matplotlib.pyplot as plt

    figure, made = plt.subplots(
        rows, columns, figsize=size, layout="constrained", facecolor="white"
    )
    for ax in np.atleast_1d(made).flat:
        style_axes(ax)
    figure.set_dpi(96)
    return made


def style_axes(ax: Axes) -> Axes:
    """Apply the workbench's style: dark text and no frame. Returns the axes."""
    ax.tick_params(colors=INK, labelsize=9)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(INK)
    for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
        text.set_color(INK)
    return ax


def legend(ax: Axes, **where: Any) -> None:
    """A legend in the workbench's style."""
    ax.legend(frameon=False, labelcolor=INK, fontsize=9, **where)


def as_text(names: Iterable[Any]) -> list[str]:
    """Names as text, so that numbers are labels rather than positions."""
    return [str(name) for name in names]


def as_floats(values: Iterable[Any]) -> list[float]:
    """Numbers as Python floats, which do not overflow or round as small NumPy types do."""
    return [float(value) for value in values]
