"""Figures of the notebooks. Each function plots on the given axes and returns them.

Colours are those of Okabe and Ito, which colour-blind readers can distinguish. Figures are dark on
white; on a dark page their brightness is inverted, see `accessible.FIGURE_STYLE`. In a notebook
each has an alternative text, see `describe`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import number, whole
from workbench.course import widgets
from workbench.course.accessible import describe as describe
from workbench.course.accessible import with_alternative_text
from workbench.course.world import LAND
from workbench.extras import named_extras
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.representations.drum_roll import DrumRoll

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workbench.course.widgets.sliders import Explore
    from workbench.music.clip import Clip

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


plain = style_axes  # the old name


def roll(ax: Axes, drum_roll: DrumRoll, title: str = "") -> Axes:
    """Plot a drum roll: position is time with microtiming; size and opacity are velocity; thick
    lines are bars of its metre, thin ones its beats.

    Args:
        ax: Axes.
        drum_roll: With microtiming and velocity.
        title: Of the panel.

    Returns:
        The axes.
    """
    step, drum = np.nonzero(drum_roll.hits)
    velocity = drum_roll.velocity[step, drum]
    beat = (step + drum_roll.offset[step, drum]) / drum_roll.steps_per_beat
    depth: Any = 0.25 + 0.75 * velocity  # per point, which matplotlib's stub lacks
    ax.scatter(beat, drum, s=8 + 60 * velocity**2, c=COLOURS[0], alpha=depth)
    bar, unit = 4 * drum_roll.meter[0] / drum_roll.meter[1], 4 / drum_roll.meter[1]
    for line in np.arange(0, drum_roll.beats + 1e-6, unit):
        ax.axvline(line, color=INK, lw=0.4 if line % bar else 1.2, alpha=0.6, zorder=0)
    ax.set_yticks(range(len(DRUMS)), [DRUM_NAMES[code] for code in DRUMS])
    ax.set(xlim=(-0.25, drum_roll.beats), ylim=(-0.6, 8.6), xlabel="time (beats)", title=title)
    return style_axes(ax)


def notes(
    ax: Axes, clip: Clip, title: str = "", *, names: Mapping[int, str] | None = None, grid: int = 4
) -> Axes:
    """Plot a piano roll: a bar from onset to end of each note, coloured by instrument; drums are
    squares.

    Args:
        ax: Axes.
        clip: With notes.
        title: Of the panel.
        names: Of programs; −1 is the drums.
        grid: Thin lines per beat.

    Returns:
        The axes.
    """
    known, grid = names or {}, whole(grid, "grid", 1)
    table = clip.notes
    thick = max(0.8, np.ptp(table["pitch"]) / 36) if len(table) else 0.8
    who = np.where(table["is_drum"], -1, table["program"])
    for i, program in enumerate(dict.fromkeys(who.tolist())):
        mine, colour = table[who == program], COLOURS[i % 7]
        label = known.get(program, "drums" if program < 0 else f"program {program}")
        if program < 0:
            ax.scatter(
                mine["time"], mine["pitch"], marker="s", s=22, c=colour, label=label, zorder=3
            )
        else:
            ax.barh(
                mine["pitch"],
                mine["duration"],
                thick,
                mine["time"],
                color=colour,
                edgecolor="white",
                linewidth=0.8,
                label=label,
            )
    for line in range(round(clip.beats) * grid + 1):
        ax.axvline(line / grid, color=INK, lw=0.2 if line % grid else 0.9, alpha=0.6, zorder=0)
    ax.set(xlim=(-0.05, clip.beats), xlabel="time (beats)", ylabel="MIDI pitch", title=title)
    _legend(ax, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return style_axes(ax)


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
    ax.barh(range(len(values)), _floats(values.values()), color=COLOURS[0], height=0.7)
    ax.set_yticks(range(len(values)), _words(values))
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
        low, high = _floats(ends)
        ax.plot([low, high], [place, place], color=COLOURS[0], lw=2)
        ax.plot(mean, place, "o", color=COLOURS[0], ms=6, label="" if place else "estimated")
    if truth is not None:
        places = [place for place, name in enumerate(values) if name in truth]
        ax.plot(
            _floats(truth[name] for name in values if name in truth),
            places,
            "x",
            ms=8,
            mew=2,
            color=COLOURS[5],
            label="true",
        )
        _legend(ax, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0))
    if line is not None:
        ax.axvline(line, color=INK, ls="--", lw=1)
    ax.set_yticks(range(len(values)), _words(values))
    ax.invert_yaxis()
    ax.set(xlabel=xlabel, title=title)
    return style_axes(ax)


def strip(frames: Sequence[tuple[float, DrumRoll]], most: int = 5) -> Figure:
    """Plot frames of a denoising film below each other, each with its noise level.

    Args:
        frames: (noise level, drum roll) of each.
        most: Number of frames at most, evenly spaced.

    Returns:
        The figure.
    """
    number_of = min(whole(most, "most", 1), len(frames))
    picks = np.linspace(0, len(frames) - 1, number_of).round().astype(int)
    made = np.atleast_1d(axes(len(picks), 1, width=8, height=1.7 * len(picks)))
    for ax, pick in zip(made, picks, strict=True):
        level, frame = frames[pick]
        roll(ax, frame, f"frame {pick + 1} of {len(frames)}, noise {float(level):.0%}")
        if ax is not made[-1]:
            ax.set_xlabel("")
    return made[0].figure


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
        ax.set_yticks(range(len(rows)), _words(rows))
    if len(columns):
        ax.set_xticks(range(len(columns)), _words(columns))
    ax.set_title(title)
    return style_axes(ax)


def spectrogram(ax: Axes, sound: ArrayLike, rate: float, title: str = "") -> Axes:
    """Plot a spectrogram in decibels, with a range of 80 dB and a colour bar.

    Args:
        ax: Axes.
        sound: (samples,).
        rate: Sample rate in Hz.
        title: Of the panel.

    Returns:
        The axes.
    """
    # imports SciPy, which only sound needs
    from workbench.evaluation.spectra import WINDOW, decibels, spectrogram

    rate = number(rate, "rate", 1)
    levels = decibels(spectrogram(sound)[0])
    image = ax.imshow(
        levels,
        aspect="auto",
        origin="lower",
        cmap="magma_r",
        vmin=-80,
        vmax=0,
        extent=(0.0, levels.shape[1] * WINDOW / 4 / rate, 0.0, rate / 2000),
    )
    ax.set(xlabel="seconds", ylabel="kHz", title=title)
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.05)
    bar.set_label("dB", color=INK, fontsize=9)
    bar.ax.tick_params(labelsize=8, colors=INK)
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
    _legend(ax)
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
    made = ax.bar(_words(values), _floats(values.values()), color=COLOURS[0], width=0.6)
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
        _legend(ax)
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
        _legend(ax)
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
    places, names = np.asarray(places, float), _words(names)
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


def world(
    ax: Axes, places: Mapping[str, tuple[float, float]], counts: Mapping[str, float], title: str
) -> Axes:
    """Plot places on a rough map of the world, as discs whose areas are their counts.

    Args:
        ax: Axes, about twice as wide as high.
        places: Latitude and longitude in degrees, by name.
        counts: How often each name occurs, above 0.
        title: Of the map.

    Returns:
        The axes. The alternative text of the figure names the places and their counts.
    """
    from matplotlib.collections import PolyCollection

    ax.add_collection(PolyCollection(LAND, facecolors="#E8E4DA", edgecolors="#B5AE9C", lw=0.6))
    most = max(counts.values(), default=1)
    for name, (latitude, longitude) in places.items():
        area = 20 + 300 * counts[name] / most
        ax.scatter(longitude, latitude, s=area, color=COLOURS[0], alpha=0.6, edgecolors="white")
    ax.set(xlim=(-180, 180), ylim=(-58, 85), xticks=[], yticks=[], aspect=1.2, title=title)
    for side in ax.spines.values():
        side.set_visible(False)
    named = sorted(places, key=lambda name: -counts[name])
    ax.figure.set_label(f"{title}: " + ", ".join(f"{name} {counts[name]:g}" for name in named))
    return style_axes(ax)


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
    places, names, hover = np.asarray(points, float).round(3), _words(names), _words(hover)
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


def _styled(figure: Any, **layout: Any) -> Any:
    """Give a plotly figure the workbench's style and a layout of its own; return it."""
    return figure.update_layout(
        height=460, paper_bgcolor="white", plot_bgcolor="white", font={"color": INK}, **layout
    )


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
    _legend(ax)
    largest = (
        f"{who} " + ", ".join(f"{name} {value:.2g}" for name, value in _largest(table, 3))
        for who, table in tables.items()
    )
    ax.figure.set_label(f"{title + '. ' * bool(title)}{xlabel} ({ylabel}): {'; '.join(largest)}.")
    return style_axes(ax)


def menu(
    tables: Mapping[str, Mapping[str, Mapping[str, float]]],
    title: str,
    units: Mapping[str, str] | None = None,
) -> Explore:
    """A bar chart with a list that chooses one of several properties, by mouse or by keyboard.

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


def _largest(table: Mapping[str, float], n: int) -> list[tuple[str, float]]:
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
        most = ", ".join(f"{low} {n:g}" for low, n in _largest(below, 4))
        parts.append(f"{name} {sum(below.values()):g} ({most})")
    return _styled(
        figure,
        title=title,
        margin={"l": 10, "r": 10, "t": 50, "b": 10},
        meta={"alt": f"{title}: " + "; ".join(parts) + "."},
    )


def _legend(ax: Axes, **where: Any) -> None:
    """A legend in the workbench's style."""
    ax.legend(frameon=False, labelcolor=INK, fontsize=9, **where)


def _words(names: Iterable[Any]) -> list[str]:
    """Names as text, so that numbers are labels rather than positions."""
    return [str(name) for name in names]


def _floats(values: Iterable[Any]) -> list[float]:
    """Numbers as Python floats, which do not overflow or round as small NumPy types do."""
    return [float(value) for value in values]


class LivePlot:
    """A loss curve that is updated during training: pass it as `watch`.

    A new curve begins with each stage, and when the step decreases.

    Args:
        every: Records between two updates.
    """

    def __init__(self, every: int = 1) -> None:
        self.every, self.calls = whole(every, "every", 1), 0
        self.stages: list[list[dict[str, Any]]] = []
        self._handle: Any = None

    def __call__(self, record: dict[str, Any]) -> None:
        last = self.stages[-1][-1] if self.stages else None
        if (
            last is None
            or record.get("stage") != last.get("stage")
            or record["step"] <= last["step"]
        ):
            self.stages.append([])
        self.stages[-1].append(record)
        self.calls += 1
        if self.calls % self.every == 0:
            self._draw()

    def figure(self) -> Figure:
        """The curves so far, training and validation, one panel per stage."""
        made = np.atleast_1d(axes(1, max(1, len(self.stages)), width=9, height=2.6))
        for ax, stage in zip(made, self.stages, strict=False):
            steps = [record["step"] for record in stage]
            curves = {"training": [record["loss"] for record in stage]}
            if "val_loss" in stage[0]:
                curves["validation"] = [record["val_loss"] for record in stage]
            lines(ax, steps, curves, xlabel="step", ylabel="loss", title=stage[0].get("stage", ""))
        return made[0].figure

    def _draw(self) -> None:
        import matplotlib.pyplot as plt
        from IPython.display import display

        figure = self.figure()
        plt.close(figure)  # otherwise the inline backend shows it a second time
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


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
