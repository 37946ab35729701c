"""Figures that one explores: a scatter plot with hover, a treemap, a chart with a slider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.course import widgets
from workbench.course.charts import groups, largest
from workbench.course.figure_style import COLOURS, INK, as_text, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from workbench.course.widgets.sliders import Explore


def cloud(points: ArrayLike, names: Sequence[Any], hover: Sequence[Any], title: str = "") -> Any:
    """An interactive scatter plot with colour and marker by name, different for up to 49 names.

    Args:
        points: (n, 2).
        names: Of each point.
        hover: Text of each point, shown on hover.
        title: Of the figure.

    Returns:
        A plotly figure.
    """
    import plotly.graph_objects as go

    markers = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star")
    figure = go.Figure()
    places, names, hover = np.asarray(points, float).round(3), as_text(names), as_text(hover)
    for i, kind in enumerate(dict.fromkeys(names)):
        rows = [row for row, name in enumerate(names) if name == kind]
        figure.add_scatter(
            x=places[rows, 0],
            y=places[rows, 1],
            mode="markers",
            name=kind,
            text=[hover[row] for row in rows],
            hoverinfo="text",
            # from the eighth name on, colours return with other markers
            marker={"color": COLOURS[i % 7], "symbol": markers[(i + i // 7) % 7], "size": 8},
        )
    return _styled(
        figure,
        title=title,
        xaxis={"showgrid": False, "zeroline": False},
        yaxis={"showgrid": False, "zeroline": False},
        margin={"l": 20, "r": 20, "t": 50, "b": 20},
    )


def menu(
    tables: Mapping[str, Mapping[str, Mapping[str, float]]],
    title: str,
    units: Mapping[str, str] | None = None,
) -> Explore:
    """A bar chart with a slider that chooses one of several properties, by mouse or by keyboard.

    Args:
        tables: By property, by collection, value by name. Names are in the order of the first
            collection that has them.
        title: Of the figure.
        units: Of the values by property, where they are not shares.

    Returns:
        An object that displays itself as the last line of a cell. Where nobody can choose, as in a
        report, all properties can be unfolded. The text of each figure names its largest values.
    """
    unit = units or {}

    def draw(name: str) -> Axes:
        ax = axes(width=9, height=3.6)
        return groups(ax, tables[name], xlabel=name, ylabel=unit.get(name, "share"), title=title)

    return widgets.explore(draw, widgets.Choice("property", list(tables)), still=list(tables))


def tree(values: Mapping[str, Mapping[str, float]], title: str) -> Any:
    """An interactive treemap of two levels: areas are values, a click on a name enlarges it.

    Args:
        values: By name of the upper level, value by name of the lower one, 0 or more. A name
            without names below it is left out.
        title: Of the figure.

    Returns:
        A plotly figure. Its text lists the names with their sums.
    """
    import plotly.graph_objects as go

    values = {name: below for name, below in values.items() if sum(below.values()) > 0}
    ids, labels, parents, sizes, colours = [], [], [], [], []
    for i, (name, below) in enumerate(values.items()):
        rows = [("", name, sum(below.values())), *((name, low, n) for low, n in below.items())]
        for above, label, size in rows:
            ids.append(f"{above}/{label}" if above else label)
            labels.append(label)
            parents.append(above)
            sizes.append(float(size))
            colours.append(COLOURS[i % 7] if not above else "#F3F3F3")
    figure = go.Figure(
        go.Treemap(
            ids=ids,
            labels=labels,
            parents=parents,
            values=sizes,
            branchvalues="total",
            marker={"colors": colours, "line": {"color": INK, "width": 0.5}},
            hovertemplate="%{label}: %{value}<extra></extra>",
            textinfo="label+value",
        )
    )
    parts = []
    for name, below in values.items():
        most = ", ".join(f"{low} {n:g}" for low, n in largest(below, 4))
        parts.append(f"{name} {sum(below.values()):g} ({most})")
    return _styled(
        figure,
        title=title,
        margin={"l": 10, "r": 10, "t": 50, "b": 10},
        meta={"alt": f"{title}: " + "; ".join(parts) + "."},
    )


def _styled(figure: Any, **layout: Any) -> Any:
    """Give a plotly figure the workbench's style and a layout of its own; return it."""
    return figure.update_layout(
        height=460, paper_bgcolor="white", plot_bgcolor="white", font={"color": INK}, **layout
    )
