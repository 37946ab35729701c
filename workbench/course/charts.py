"""Charts of numbers: bars, curves, intervals, heat maps. Each function plots on the given axes and
returns them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import whole
from workbench.course.figure_style import (
    COLOURS,
    HATCHES,
    INK,
    LINES,
    MARKERS,
    as_floats,
    as_text,
    legend,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def ranking(ax: Axes, values: Mapping[str, float], *, xlabel: str, title: str = "") -> Axes:
    """Plot horizontal bars, the first one on top; suits long names.

    Args:
        ax: Axes.
        values: By name.
        xlabel: Of the axis.
        title: Of the panel.

    Returns:
        The axes.
    """
    ax.barh(range(len(values)), as_floats(values.values()), color=COLOURS[0], height=0.7)
    ax.set_yticks(range(len(values)), as_text(values))
    ax.invert_yaxis()
    ax.set(xlabel=xlabel, title=title)
    return style_axes(ax)


def estimates(
    ax: Axes,
    values: Mapping[str, tuple[float, tuple[float, float]]],
    *,
    xlabel: str,
    title: str = "",
    truth: Mapping[str, float] | None = None,
    line: float | None = None,
) -> Axes:
    """Plot named estimates with intervals, the first one on top.

    Args:
        ax: Axes.
        values: By name, (estimate, (low, high)).
        xlabel: Of the axis.
        title: Of the panel.
        truth: True values by name, shown as crosses.
        line: Position of a dashed line, such as that of no effect.

    Returns:
        The axes.
    """
    for place, (mean, ends) in enumerate(values.values()):
        low, high = as_floats(ends)
        ax.plot([low, high], [place, place], color=COLOURS[0], lw=2)
        ax.plot(mean, place, "o", color=COLOURS[0], ms=6, label="" if place else "estimated")
    if truth is not None:
        places = [place for place, name in enumerate(values) if name in truth]
        ax.plot(
            as_floats(truth[name] for name in values if name in truth),
            places,
            "x",
            ms=8,
            mew=2,
            color=COLOURS[5],
            label="true",
        )
        legend(ax, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0))
    if line is not None:
        ax.axvline(line, color=INK, ls="--", lw=1)
    ax.set_yticks(range(len(values)), as_text(values))
    ax.invert_yaxis()
    ax.set(xlabel=xlabel, title=title)
    return style_axes(ax)


def matrix(
    ax: Axes,
    values: ArrayLike,
    title: str = "",
    *,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    unit: str = "",
    diverging: bool = False,
) -> Axes:
    """Plot a heat map with a colour bar.

    Args:
        ax: Axes.
        values: (rows, columns); NaN stays blank.
        title: Of the panel.
        rows, columns: Names.
        unit: Of the values.
        diverging: Whether the colours are centred on zero.

    Returns:
        The axes.
    """
    drawn = np.ma.masked_invalid(np.ma.asarray(values).astype(float))
    limit = float(np.abs(drawn.compressed()).max(initial=0)) or 1.0
    scale = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit} if diverging else {"cmap": "viridis"}
    image = ax.imshow(drawn, aspect="auto", interpolation="nearest", **scale)
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.05)
    bar.set_label(unit, color=INK)
    bar.ax.tick_params(colors=INK, labelsize=8)
    if len(rows):
        ax.set_yticks(range(len(rows)), as_text(rows))
    if len(columns):
        ax.set_xticks(range(len(columns)), as_text(columns))
    ax.set_title(title)
    return style_axes(ax)


def lines(
    ax: Axes, x: ArrayLike, curves: Mapping[str, Any], *, xlabel: str, ylabel: str, title: str = ""
) -> Axes:
    """Plot named curves over a common x, each with its own colour and line style.

    Args:
        ax: Axes.
        x: (n,).
        curves: By name, (n,).
        xlabel, ylabel: Of the axes.
        title: Of the panel.

    Returns:
        The axes.
    """
    for i, (name, y) in enumerate(curves.items()):
        ax.plot(x, y, LINES[i % 4], color=COLOURS[i % 7], label=name, lw=1.8)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    legend(ax)
    return style_axes(ax)


def bars(
    ax: Axes,
    values: Mapping[str, float],
    *,
    ylabel: str,
    title: str = "",
    floor: float | None = None,
) -> Axes:
    """Plot named bars with their values above.

    Args:
        ax: Axes.
        values: By name.
        ylabel: Of the axis.
        title: Of the panel.
        floor: Position of a dashed line.

    Returns:
        The axes.
    """
    made = ax.bar(as_text(values), as_floats(values.values()), color=COLOURS[0], width=0.6)
    ax.bar_label(made, fmt="%.2f", color=INK, fontsize=9)
    if floor is not None:
        floor = float(floor)
        ax.axhline(floor, color=COLOURS[5], ls="--", lw=1.5)
        ax.text(
            0.99,
            floor,
            "floor ",
            color=COLOURS[5],
            ha="right",
            va="bottom",
            transform=ax.get_yaxis_transform(),
            fontsize=9,
        )
    ax.set(ylabel=ylabel, title=title)
    ax.tick_params(axis="x", rotation=20 if len(values) > 5 else 0)
    return style_axes(ax)


def intervals(
    ax: Axes,
    x: Sequence[Any],
    mean: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    *,
    label: str = "",
    curve: int = 0,
) -> Axes:
    """Plot means with whiskers.

    Args:
        ax: Axes.
        x: Numbers, whose means are joined by a line, or names.
        mean, low, high: Of each x; a NaN gives no whisker.
        label: Of the curve in the legend.
        curve: Number that selects colour, marker and line style.

    Returns:
        The axes.
    """
    curve, y = whole(curve, "curve", 0), np.asarray(mean, float)
    ends = np.nan_to_num([y - np.asarray(low, float), np.asarray(high, float) - y])
    words = any(isinstance(value, str) for value in x)
    style = "none" if words else LINES[curve % 4]
    place = np.arange(len(x)) + 0.12 * curve if words else np.asarray(x, float)
    ax.errorbar(
        place,
        y,
        yerr=np.maximum(ends, 0),
        color=COLOURS[curve % 7],
        marker=MARKERS[curve % 7],
        linestyle=style,
        lw=1.8,
        ms=5,
        capsize=3,
        label=label or None,
    )
    if words:
        ax.set_xticks(range(len(x)), [str(value) for value in x])
        ax.set_xlim(-0.5, len(x) - 0.5)
    if label:
        legend(ax)
    return style_axes(ax)


def histogram(
    ax: Axes,
    groups: Mapping[str, np.ndarray],
    *,
    bins: int | np.ndarray,
    xlabel: str,
    title: str = "",
) -> Axes:
    """Plot distributions as steps, each normalised to area one.

    Args:
        ax: Axes.
        groups: Values by name.
        bins: Number of bins, or their edges.
        xlabel: Of the axis.
        title: Of the panel.

    Returns:
        The axes.
    """
    # matplotlib's stub knows no array
    edges: Any = whole(bins, "bins", 1) if np.ndim(bins) == 0 else np.asarray(bins, float)
    for i, (name, values) in enumerate(groups.items()):
        ax.hist(
            np.asarray(values, float),
            bins=edges,
            density=True,
            histtype="step",
            lw=1.8,
            label=name,
            color=COLOURS[i % 7],
            ls=LINES[i % 4],
        )
    if len(groups) > 1:
        legend(ax)
    ax.set(xlabel=xlabel, ylabel="density", title=title)
    return style_axes(ax)


def points(ax: Axes, places: ArrayLike, names: Sequence[Any], title: str = "") -> Axes:
    """Plot points with colour and marker by name. The axes have no numbers, because maps such as
    t-SNE's have no unit; a legend is left to the figure.

    Args:
        ax: Axes.
        places: (n, 2).
        names: Of each point.
        title: Of the panel.

    Returns:
        The axes.
    """
    places, names = np.asarray(places, float), as_text(names)
    for i, kind in enumerate(dict.fromkeys(names)):
        mine = places[[name == kind for name in names]]
        ax.scatter(
            mine[:, 0],
            mine[:, 1],
            s=22,
            marker=MARKERS[i % 8],
            color=COLOURS[i % 7],
            edgecolors="white",
            linewidths=0.4,
            label=kind,
        )
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=9)
    return style_axes(ax)


def groups(
    ax: Axes,
    tables: Mapping[str, Mapping[str, float]],
    *,
    xlabel: str,
    ylabel: str = "share",
    title: str = "",
) -> Axes:
    """Plot one value per name for several collections, as bars beside each other.

    Args:
        ax: Axes.
        tables: By collection, value by name. Names are in the order of the first collection that
            has them.
        xlabel, ylabel: Of the axes.
        title: Of the panel.

    Returns:
        The axes. The alternative text of the figure names the largest values.
    """
    order = _merged([list(table) for table in tables.values()])
    width = 0.8 / max(1, len(tables))
    for kind, (who, table) in enumerate(tables.items()):
        ax.bar(
            np.arange(len(order)) + (kind - (len(tables) - 1) / 2) * width,
            [float(table.get(name, 0.0)) for name in order],
            width,
            label=who,
            color=COLOURS[kind % 7],
            hatch=HATCHES[kind % 7],
            edgecolor="white",
        )
    steep = len(order) > 5 and max(map(len, order)) > 6
    ax.set_xticks(
        range(len(order)), order, rotation=40 if steep else 0, ha="right" if steep else "center"
    )
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    legend(ax, loc="center left", bbox_to_anchor=(1.0, 0.5))  # beside the bars, not on them
    most = (
        f"{who} " + ", ".join(f"{name} {value:.2g}" for name, value in largest(table, 3))
        for who, table in tables.items()
    )
    ax.figure.set_label(f"{title + '. ' * bool(title)}{xlabel} ({ylabel}): {'; '.join(most)}.")
    return style_axes(ax)


def largest(table: Mapping[str, float], n: int) -> list[tuple[str, float]]:
    return sorted(table.items(), key=lambda item: -item[1])[:n]


def _merged(orders: Sequence[Sequence[str]]) -> list[str]:
    """All names once. A name that only a later list has follows the one before it there."""
    result: list[str] = []
    for names in orders:
        place = 0
        for name in names:
            if name in result:
                place = result.index(name) + 1
            else:
                result.insert(place, name)
                place += 1
    return result
