"""Figures of the notebooks. Each function draws on the axes that it is given, and returns them.

Colours are Okabe and Ito's, which colour-blind readers can tell apart. Figures are dark ink on
white paper, on light pages and on dark ones. In a notebook each has an alternative text, see
`describe`.
"""

from __future__ import annotations

import base64
import html
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.extras import named_extras
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.representations.drum_roll import DrumRoll

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workbench.music.clip import Clip

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")
INK = "#333333"


def axes(rows: int = 1, columns: int = 1, *, width: float = 8, height: float = 3) -> Any:
    """New axes in the house's style: one, or an array of them as `plt.subplots` gives."""
    with named_extras():
        import matplotlib.pyplot as plt

    figure, made = plt.subplots(
        rows, columns, figsize=(width, height), layout="constrained", facecolor="white"
    )
    for ax in np.atleast_1d(made).flat:
        plain(ax)
    figure.set_dpi(96)
    return made


def plain(ax: Axes) -> Axes:
    """The house's ink, and no box."""
    ax.tick_params(colors=INK, labelsize=9)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(INK)
    for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
        text.set_color(INK)
    return ax


def roll(ax: Axes, drum_roll: DrumRoll, title: str = "") -> Axes:
    """A drum roll: place is time with microtiming, size and depth of colour are velocity."""
    step, drum = np.nonzero(drum_roll.hits)
    velocity = drum_roll.velocity[step, drum]
    beat = (step + drum_roll.offset[step, drum]) / drum_roll.steps_per_beat
    depth: Any = 0.25 + 0.75 * velocity  # one a point, which matplotlib's stub does not know
    ax.scatter(beat, drum, s=8 + 60 * velocity**2, c=COLOURS[0], alpha=depth)
    for line in range(round(drum_roll.beats) + 1):
        ax.axvline(line, color=INK, lw=1.2 if line % 4 == 0 else 0.4, alpha=0.6, zorder=0)
    ax.set_yticks(range(len(DRUMS)), [DRUM_NAMES[code] for code in DRUMS])
    ax.set(xlim=(-0.25, drum_roll.beats), ylim=(-0.6, 8.6), xlabel="time (beats)", title=title)
    return plain(ax)


def notes(
    ax: Axes, clip: Clip, title: str = "", *, names: Mapping[int, str] | None = None, grid: int = 4
) -> Axes:
    """A piano roll: a bar for each note from its onset to its end, coloured by instrument, drums
    as squares. names: of programs, −1 the drums; grid: thin lines a beat."""
    known = names or {}
    table = clip.notes
    thick = max(0.8, np.ptp(table["pitch"]) / 36) if len(table) else 0.8
    who = np.where(table["is_drum"], -1, table["program"])
    for i, program in enumerate(dict.fromkeys(who.tolist())):
        mine, colour = table[who == program], COLOURS[i % 7]
        label = known.get(program, "drums" if program < 0 else f"program {program}")
        if program < 0:
            ax.scatter(mine["time"], mine["pitch"], marker="s", s=22, c=colour, label=label,
                       zorder=3)  # fmt: skip
        else:
            ax.barh(mine["pitch"], mine["duration"], thick, mine["time"], color=colour,
                    edgecolor="white", linewidth=0.8, label=label)  # fmt: skip
    for line in range(round(clip.beats) * grid + 1):
        ax.axvline(line / grid, color=INK, lw=0.2 if line % grid else 0.9, alpha=0.6, zorder=0)
    ax.set(xlim=(-0.05, clip.beats), xlabel="time (beats)", ylabel="MIDI pitch", title=title)
    ax.legend(frameon=False, labelcolor=INK, fontsize=9, loc="center left",
              bbox_to_anchor=(1.0, 0.5))  # fmt: skip
    return plain(ax)


def ranking(ax: Axes, values: Mapping[str, float], *, xlabel: str, title: str = "") -> Axes:
    """Lying bars, the first one on top: for names too long to stand below."""
    ax.barh(range(len(values)), list(values.values()), color=COLOURS[0], height=0.7)
    ax.set_yticks(range(len(values)), list(values))
    ax.invert_yaxis()
    ax.set(xlabel=xlabel, title=title)
    return plain(ax)


def estimates(
    ax: Axes, values: Mapping[str, tuple[float, tuple[float, float]]], *, xlabel: str,
    title: str = "", truth: Mapping[str, float] | None = None, line: float | None = None,
) -> Axes:  # fmt: skip
    """Named estimates with their intervals, the first one on top; crosses where the truth is known;
    a dashed line for no effect."""
    for place, (mean, (low, high)) in enumerate(values.values()):
        ax.plot([low, high], [place, place], color=COLOURS[0], lw=2)
        ax.plot(mean, place, "o", color=COLOURS[0], ms=6, label="" if place else "found")
    if truth is not None:
        places = [place for place, name in enumerate(values) if name in truth]
        ax.plot([truth[name] for name in values if name in truth], places, "x", ms=8, mew=2,
                color=COLOURS[5], label="put in")  # fmt: skip
        ax.legend(frameon=False, labelcolor=INK, fontsize=9, ncols=2, loc="lower right",
                  bbox_to_anchor=(1.0, 1.0))  # fmt: skip
    if line is not None:
        ax.axvline(line, color=INK, ls="--", lw=1)
    ax.set_yticks(range(len(values)), list(values))
    ax.invert_yaxis()
    ax.set(xlabel=xlabel, title=title)
    return plain(ax)


def strip(frames: Sequence[tuple[float, DrumRoll]], most: int = 5) -> Figure:
    """Some frames of a film below each other, each with its noise level."""
    picks = np.linspace(0, len(frames) - 1, min(most, len(frames))).round().astype(int)
    made = np.atleast_1d(axes(len(picks), 1, width=8, height=1.7 * len(picks)))
    for ax, pick in zip(made, picks, strict=True):
        level, frame = frames[pick]
        roll(ax, frame, f"frame {pick + 1} of {len(frames)}, noise {level:.0%}")
        if ax is not made[-1]:
            ax.set_xlabel("")
    return made[0].figure


def matrix(
    ax: Axes, values: np.ndarray, title: str = "", *, rows: Sequence[str] = (),
    columns: Sequence[str] = (), unit: str = "", diverging: bool = False,
) -> Axes:  # fmt: skip
    """A heat map with a scale; diverging maps are centred on zero."""
    limit = float(np.abs(values).max()) or 1.0
    scale = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit} if diverging else {"cmap": "viridis"}
    image = ax.imshow(values, aspect="auto", interpolation="nearest", **scale)
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.05)
    bar.set_label(unit, color=INK)
    bar.ax.tick_params(colors=INK, labelsize=8)
    if len(rows):
        ax.set_yticks(range(len(rows)), rows)
    if len(columns):
        ax.set_xticks(range(len(columns)), columns)
    ax.set_title(title)
    return plain(ax)


def spectrogram(ax: Axes, sound: np.ndarray, rate: int, title: str = "") -> Axes:
    """Sound (samples,) as decibels over time and frequency, 80 dB deep; kHz."""
    from workbench.evaluation.spectra import WINDOW, decibels, spectrogram

    levels = decibels(spectrogram(sound)[0])
    ax.imshow(
        levels, aspect="auto", origin="lower", cmap="magma", vmin=-80, vmax=0,
        extent=(0.0, levels.shape[1] * WINDOW / 4 / rate, 0.0, rate / 2000),
    )  # fmt: skip
    ax.set(xlabel="seconds", ylabel="kHz", title=title)
    return plain(ax)


def lines(
    ax: Axes, x: Sequence[float] | np.ndarray, curves: Mapping[str, Any], *, xlabel: str,
    ylabel: str, title: str = "",
) -> Axes:  # fmt: skip
    """Named curves over one x; each has its own colour and line style."""
    styles = ("-", "--", "-.", ":")
    for i, (name, y) in enumerate(curves.items()):
        ax.plot(x, y, styles[i % 4], color=COLOURS[i % 7], label=name, lw=1.8)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.legend(frameon=False, labelcolor=INK, fontsize=9)
    return plain(ax)


def bars(
    ax: Axes, values: Mapping[str, float], *, ylabel: str, title: str = "",
    floor: float | None = None,
) -> Axes:  # fmt: skip
    """Named bars with their values written above; a dashed line for the floor."""
    made = ax.bar(list(values), list(values.values()), color=COLOURS[0], width=0.6)
    ax.bar_label(made, fmt="%.2f", color=INK, fontsize=9)
    if floor is not None:
        ax.axhline(floor, color=COLOURS[5], ls="--", lw=1.5)
        ax.text(0.99, floor, "floor ", color=COLOURS[5], ha="right", va="bottom",
                transform=ax.get_yaxis_transform(), fontsize=9)  # fmt: skip
    ax.set(ylabel=ylabel, title=title)
    ax.tick_params(axis="x", rotation=20 if len(values) > 5 else 0)
    return plain(ax)


def intervals(
    ax: Axes, x: Sequence[Any], mean: Sequence[float], low: Sequence[float], high: Sequence[float],
    *, label: str = "", curve: int = 0,
) -> Axes:  # fmt: skip
    """Means with whiskers from low to high; joined by a line where x are numbers, named places on
    the axis where they are words. curve: which colour, marker and line style. Without an interval
    (NaN) there is no whisker."""
    y = np.asarray(mean, float)
    ends = np.nan_to_num([y - np.asarray(low, float), np.asarray(high, float) - y])
    words = any(isinstance(value, str) for value in x)
    style = "none" if words else ("-", "--", "-.", ":")[curve % 4]
    place = np.arange(len(x)) + 0.12 * curve if words else np.asarray(x, float)
    ax.errorbar(
        place, y, yerr=np.maximum(ends, 0), color=COLOURS[curve % 7], marker="osD^vPX"[curve % 7],
        linestyle=style, lw=1.8, ms=5, capsize=3, label=label or None,
    )  # fmt: skip
    if words:
        ax.set_xticks(range(len(x)), [str(value) for value in x])
        ax.set_xlim(-0.5, len(x) - 0.5)
    if label:
        ax.legend(frameon=False, labelcolor=INK, fontsize=9)
    return plain(ax)


def histogram(
    ax: Axes, groups: Mapping[str, np.ndarray], *, bins: int | np.ndarray, xlabel: str,
    title: str = "",
) -> Axes:  # fmt: skip
    """Distributions as steps, each normalised to area one."""
    edges: Any = bins  # matplotlib's stub knows no array
    for i, (name, values) in enumerate(groups.items()):
        ax.hist(values, bins=edges, density=True, histtype="step", lw=1.8, label=name,
                color=COLOURS[i % 7], ls=("-", "--", "-.", ":")[i % 4])  # fmt: skip
    if len(groups) > 1:
        ax.legend(frameon=False, labelcolor=INK, fontsize=9)
    ax.set(xlabel=xlabel, ylabel="density", title=title)
    return plain(ax)


def points(ax: Axes, places: np.ndarray, names: Sequence[str], title: str = "") -> Axes:
    """A scatter of points (n, 2): colour and marker by name. The axes have no numbers, for maps
    such as t-SNE's have no unit; the legend is left to the figure."""
    for i, kind in enumerate(dict.fromkeys(names)):
        mine = places[[name == kind for name in names]]
        ax.scatter(mine[:, 0], mine[:, 1], s=22, marker=MARKERS[i % 8], color=COLOURS[i % 7],
                   edgecolors="white", linewidths=0.4, label=kind)  # fmt: skip
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=9)
    return plain(ax)


def cloud(points: np.ndarray, names: Sequence[str], hover: Sequence[str], title: str = "") -> Any:
    """An interactive scatter of points (n, 2): colour and marker by name, words on hover."""
    import plotly.graph_objects as go

    markers = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star")
    figure = go.Figure()
    kinds, hover = list(dict.fromkeys(names)), list(hover)
    for i, kind in enumerate(kinds):
        rows = [row for row, name in enumerate(names) if name == kind]
        figure.add_scatter(
            x=points[rows, 0].round(3), y=points[rows, 1].round(3), mode="markers", name=kind,
            text=[hover[row] for row in rows], hoverinfo="text",
            marker={"color": COLOURS[i % 7], "symbol": markers[i % 7], "size": 8},
        )  # fmt: skip
    figure.update_layout(
        title=title, height=460, paper_bgcolor="white", plot_bgcolor="white",
        font={"color": INK}, xaxis={"showgrid": False, "zeroline": False},
        yaxis={"showgrid": False, "zeroline": False}, margin={"l": 20, "r": 20, "t": 50, "b": 20},
    )  # fmt: skip
    return figure


class LivePlot:
    """A loss curve that grows while a network trains: pass it as `watch`.

    A new curve begins where the step goes back, that is, with each stage.
    """

    def __init__(self, every: int = 1) -> None:
        self.every, self.calls = every, 0
        self.stages: list[list[dict[str, Any]]] = []
        self._handle: Any = None

    def __call__(self, record: dict[str, Any]) -> None:
        if not self.stages or record["step"] <= self.stages[-1][-1]["step"]:
            self.stages.append([])
        self.stages[-1].append(record)
        self.calls += 1
        if self.calls % self.every == 0:
            self._draw()

    def figure(self) -> Figure:
        """The curves so far, training and validation, one panel a stage."""
        made = np.atleast_1d(axes(1, max(1, len(self.stages)), width=9, height=2.6))
        for ax, stage in zip(made, self.stages, strict=False):
            steps = [record["step"] for record in stage]
            curves = {"training": [record["loss"] for record in stage]}
            if "val_loss" in stage[0]:
                curves["validation"] = [record["val_loss"] for record in stage]
            terms = ("contrastive", "hit", "mse", "diffusion")
            named = next((term for term in terms if term in stage[0]), "")
            title = {"hit": "autoencoder", "mse": "autoencoder"}.get(named, named)
            lines(ax, steps, curves, xlabel="step", ylabel="loss", title=title)
        return made[0].figure

    def _draw(self) -> None:
        import matplotlib.pyplot as plt
        from IPython.display import display

        figure = self.figure()
        plt.close(figure)  # or the inline backend shows it a second time
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


def describe(figure: Figure) -> str:
    """The alternative text of a figure: its own (`figure.set_label("…")`), or what is drawn, with
    titles, axes and the names in the legends."""
    if own := str(figure.get_label()):
        return own
    panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>" and ax.get_visible()]
    return " ".join(
        filter(None, [_sentence(figure.get_suptitle()), *(_sentence(_panel(ax)) for ax in panels)])
    )


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text[-1] in ".?!" else text + "."


def _panel(ax: Axes) -> str:
    """What a panel shows, in one sentence without its stop."""
    drawn = ", ".join(_drawn(ax)) or "no data"
    x, y = ax.get_xlabel(), ax.get_ylabel()
    sides = f"{y} over {x}" if x and y else f"over {x}" if x else y
    legend = ax.get_legend()
    names = [text.get_text() for text in legend.get_texts()] if legend else []
    parts = [f"{drawn}, {sides}" if sides else drawn]
    if names:
        parts.append("legend: " + ", ".join(names))
    return f"{ax.get_title() or 'Plot'}: " + "; ".join(parts)


def _drawn(ax: Axes) -> list[str]:
    """The kinds of marks of a panel, each with its count."""
    from matplotlib.collections import PathCollection
    from matplotlib.container import BarContainer, ErrorbarContainer
    from matplotlib.patches import Polygon

    def count(n: int, one: str) -> list[str]:
        return [f"{n} {one}{'s' if n != 1 else ''}"] if n else []

    bars = [box for box in ax.containers if isinstance(box, BarContainer)]
    means = [box for box in ax.containers if isinstance(box, ErrorbarContainer)]
    of_means = [line for box in means for line in (box[0], *box[1])]
    curves = [line for line in ax.lines if line not in of_means and not _is_rule(line)]
    dots = [c for c in ax.collections if isinstance(c, PathCollection)]
    sizes = [np.asarray(image.get_array()).shape for image in ax.images]
    made = [f"heat map of {size[0]} rows and {size[1]} columns" for size in sizes]
    made += count(sum(len(box) for box in bars), "bar")
    if len(bars) == 1 and 0 < len(bars[0]) <= 12:
        made[-1] += _values(ax, bars[0])
    made += count(sum(len(np.asarray(c.get_offsets())) for c in dots), "point")
    made += count(len(curves), "curve")
    made += [f"{len(means)} series of means with intervals"] if means else []
    made += count(sum(isinstance(patch, Polygon) for patch in ax.patches), "distribution")
    return made


def _is_rule(line: Any) -> bool:
    """A line without a name between two points: of a grid, or a bound."""
    return len(line.get_xdata()) == 2 and str(line.get_label()).startswith("_")


def _values(ax: Axes, bars: Any) -> str:
    """Names and lengths of a few bars."""
    axis = ax.yaxis if bars.orientation == "horizontal" else ax.xaxis
    names = [text.get_text() for text in axis.get_ticklabels()]
    values = [f"{value:.3g}" for value in bars.datavalues]
    named = len(names) == len(values) and all(names)
    pairs = [f"{n} {v}" for n, v in zip(names, values, strict=True)] if named else values
    return f" ({', '.join(pairs)})"


def _with_alternative_text(figure: Figure) -> str | None:
    """HTML of a figure that a notebook shows: its PNG with an alternative text, which neither
    JupyterLab nor nbconvert give to an image/png."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    image = shell.display_formatter.formatters["image/png"](figure)
    if image is None:  # pictures are not shown here
        return None
    data = image if isinstance(image, str) else base64.b64encode(image).decode()
    alt = html.escape(describe(figure))
    return f'<img class="wb-figure" alt="{alt}" src="data:image/png;base64,{data.strip()}">'


def _register() -> None:
    """Give figures that are shown in a notebook their alternative text."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "display_formatter"):
        # for the base class: when pyplot is first imported, IPython takes back what is there for
        # Figure itself
        shell.display_formatter.formatters["text/html"].for_type_by_name(
            "matplotlib.figure", "FigureBase", _with_alternative_text
        )


_register()
