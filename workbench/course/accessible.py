"""Text alternatives of figures, for screen readers.

NumPy is imported where it is used, because lessons import this module and start quickly.
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.errors import PromptError

# On a dark page, the brightness of figures is inverted and their hues stay: white becomes #121212.
# An untrusted notebook has no styles, and its figures remain white.
_DARK = "{filter:invert(.93) hue-rotate(180deg)}"
FIGURE_STYLE = (
    f"@media screen and (prefers-color-scheme:dark){{.wb-figure{_DARK}}}"
    "[data-jp-theme-light=true] .wb-figure,.vscode-light .wb-figure{filter:none}"
    f"[data-jp-theme-light=false] .wb-figure,.vscode-dark .wb-figure{_DARK}"
    "@media print{.wb-figure{filter:none!important}}"
)

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

IN_WORDS = "wb-plot-in-words"
_UNSEEN = "position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%)"
# what plotly's titles may hold
_MARKUP = re.compile(r"</?(?:a|b|br|em|i|span|sub|sup)\b[^>]*>", re.I)


def in_words(figure: dict[str, Any]) -> str:
    """The alternative text as visually hidden HTML, to follow the figure."""
    return f'<p class="{IN_WORDS}" style="{_UNSEEN}">{html.escape(describe_plotly(figure))}</p>'


def describe_plotly(figure: dict[str, Any]) -> str:
    """The alternative text of a plotly figure: its own (`figure.update_layout(meta={"alt": "…"})`),
    or else its title, axes and traces."""
    layout = figure.get("layout", {})
    meta = layout.get("meta")
    if isinstance(meta, dict) and meta.get("alt"):
        return str(meta["alt"])

    def title(part: Any) -> str:
        words = (part or {}).get("title") or ""
        words = words.get("text") or "" if isinstance(words, dict) else words
        return _MARKUP.sub(" ", str(words)).strip()

    traces = []
    for trace in figure.get("data", []):
        values: Any = next((trace[k] for k in ("x", "z", "values") if trace.get(k) is not None), [])
        n = _length(values)
        kind = "points" if trace.get("mode") == "markers" else trace.get("type", "values")
        name = trace.get("name") or ""
        traces.append(f"{name}, {n} {kind}" if name else f"{n} {kind}")
    sides = [
        f"{axis[0]}: {title(layout.get(axis))}"
        for axis in ("xaxis", "yaxis")
        if title(layout.get(axis))
    ]
    parts = [title(layout) or "Interactive plot", "; ".join(traces), "; ".join(sides)]
    return ". ".join(filter(None, parts)) + "."


def _length(values: Any) -> int:
    """Number of values of a trace, a list or plotly's packed array."""
    if not isinstance(values, dict):
        return len(values)
    return len(base64.b64decode(values["bdata"])) // int(values["dtype"][-1])


def describe(figure: Figure) -> str:
    """The alternative text of a figure.

    Args:
        figure: A Matplotlib figure.

    Returns:
        The figure's own text (`figure.set_label("…")`), or else a description of its panels: marks,
        titles, axes and legends.
    """
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
    """One sentence that describes a panel, without its full stop."""
    drawn = ", ".join(_drawn(ax)) or "no data"
    x, y = ax.get_xlabel(), ax.get_ylabel()
    sides = f"{y} over {x}" if x and y else x or y
    legend = ax.get_legend()
    names = [text.get_text() for text in legend.get_texts()] if legend else []
    title = ax.get_title()
    parts = [f"{drawn}, {'' if y or not x else 'over '}{sides}" if title and sides else drawn]
    if names and not all(name in drawn for name in names):
        parts.append("legend: " + ", ".join(names))
    return f"{title or sides or 'Plot'}: " + "; ".join(parts)


def _drawn(ax: Axes) -> list[str]:
    """The kinds of marks in a panel, each with its number and a few values."""
    import numpy as np
    from matplotlib.collections import LineCollection, PathCollection
    from matplotlib.container import BarContainer, ErrorbarContainer
    from matplotlib.patches import Polygon

    bars = [box for box in ax.containers if isinstance(box, BarContainer)]
    means = [box for box in ax.containers if isinstance(box, ErrorbarContainer)]
    of_means = [line for box in means for line in (box[0], *box[1]) if line is not None]
    lines = [line for line in ax.lines if line not in of_means and not _is_rule(line)]
    marks = [line for line in lines if line.get_linestyle() == "None" or _size(line) == 1]
    curves = [line for line in lines if line not in marks]
    whiskers = [part for box in means for part in box[2]]
    means = [box for box in means if box[0] is not None]  # others mark bars that are described
    rules = [c for c in ax.collections if isinstance(c, LineCollection) and c not in whiskers]
    dots = [c for c in ax.collections if isinstance(c, PathCollection)]
    steps = [patch for patch in ax.patches if isinstance(patch, Polygon)]
    made = [_map(ax, image) for image in ax.images]
    if bars:
        values = _bar_values(ax, bars[0]) if len(bars) == 1 else []
        made.append(_counted(sum(len(box) for box in bars), "bar", values))
    if dots:
        places = np.concatenate([np.asarray(c.get_offsets()) for c in dots])
        if len(places):
            made.append(_counted(len(places), "point", _point_counts(ax, dots, places)))
    number = sum(len(c.get_segments()) for c in rules)
    if number:
        counts = [f"{_name_of(c).strip()}: {len(c.get_segments())}" for c in rules if _name_of(c)]
        made.append(_counted(number, "line", counts))
    if curves:
        made.append(_counted(len(curves), "curve", [_course(line) for line in curves]))
    number = sum(_size(line) for line in marks)
    if number:
        made.append(_counted(number, "mark", [_places(ax, line) for line in marks]))
    if means:
        kind = "row of means with intervals"
        made.append(_counted(len(means), kind, [_means(ax, box) for box in means]))
    if steps:
        made.append(_counted(len(steps), "distribution", [_peak(patch) for patch in steps]))
    return made


def _counted(n: int, one: str, values: Sequence[str]) -> str:
    """The number of marks; if they are few, also their values."""
    known = [value for value in values if value]
    more = f" ({', '.join(known)})" if 0 < len(known) <= 12 else ""
    first, *rest = one.split(" ")
    return " ".join([f"{n} {first}{'s' if n != 1 else ''}", *rest]) + more


def _name_of(artist: Any) -> str:
    """The label of a mark and a space, or "" if it has none."""
    name = str(artist.get_label() or "")
    return "" if not name.strip() or name.startswith("_") else f"{name} "


def _tick_names(axis: Any) -> dict[int, str]:
    """Names on an axis in place of numbers, by position."""
    import numpy as np
    from matplotlib.category import StrCategoryFormatter
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    given = FixedFormatter | FuncFormatter | StrCategoryFormatter
    if not isinstance(axis.get_major_formatter(), given):
        return {}
    labels = [text.get_text() for text in axis.get_ticklabels()]
    places = np.asarray(axis.get_ticklocs(), float)
    return {
        round(float(at)): text
        for at, text in zip(places, labels, strict=False)
        if text and float(at).is_integer()
    }


def _map(ax: Axes, image: Any) -> str:
    """Size and names of a heat map, the range of its values, and the position of the largest."""
    import numpy as np

    values = np.ma.masked_invalid(np.ma.asarray(image.get_array()))
    rows, columns = values.shape[:2]
    said = f"heat map of {rows} rows and {columns} columns"
    if values.ndim > 2 or not values.count():
        return said
    bar = image.colorbar
    unit = bar.ax.get_ylabel() if bar is not None else _name_of(image).strip()
    said += f", {unit or 'values'} from {values.min():.3g} to {values.max():.3g}"
    across, down = _tick_names(ax.xaxis), _tick_names(ax.yaxis)
    row, column = (int(at) for at in np.unravel_index(int(values.argmax()), values.shape))
    place = [names[at] for names, at in ((down, row), (across, column)) if at in names]
    if place:
        said += f", largest at {', '.join(place)}"
    for word, names in (("rows", down), ("columns", across)):
        if 0 < len(names) <= 12:
            said += f", {word}: {', '.join(names.values())}"
    return said


def _bar_values(ax: Axes, bars: Any) -> list[str]:
    """Names and lengths of bars."""
    names = _tick_names(ax.yaxis if bars.orientation == "horizontal" else ax.xaxis)
    values = [f"{value:.3g}" for value in bars.datavalues]
    if len(names) != len(values):
        return values
    return [f"{name}: {value}" for name, value in zip(names.values(), values, strict=True)]


def _point_counts(ax: Axes, dots: Sequence[Any], places: np.ndarray) -> list[str]:
    """Number of points per named row or group."""
    import numpy as np

    names = _tick_names(ax.yaxis)
    if names:
        rows = np.rint(places[:, 1]).astype(int)
        counts = [(name, int((rows == at).sum())) for at, name in names.items()]
    else:
        counts = [(_name_of(group).strip(), len(group.get_offsets())) for group in dots]
    return [f"{name}: {n}" for name, n in counts if name and n]


def _course(line: Any) -> str:
    """A curve's name, first and last value, and extremes in between."""
    import numpy as np

    y = np.asarray(line.get_ydata(), float)
    y = y[np.isfinite(y)]
    if not len(y):
        return ""
    said = f"{_name_of(line)}from {y[0]:.3g} to {y[-1]:.3g}"
    margin = 0.05 * np.ptp(y)
    if y.max() > max(y[0], y[-1]) + margin:
        said += f" with at most {y.max():.3g}"
    if y.min() < min(y[0], y[-1]) - margin:
        said += f" with at least {y.min():.3g}"
    return said


def _places(ax: Axes, line: Any) -> str:
    """Name and values of marks without a line."""
    import numpy as np

    names = _tick_names(ax.yaxis)
    x, y = (np.asarray(data, float) for data in line.get_data())
    if not names:
        return "" if len(y) > 4 else _name_of(line) + " ".join(f"{value:.3g}" for value in y)
    at = [f"{names.get(round(row), row)}: {value:.3g}" for row, value in zip(y, x, strict=True)]
    return _name_of(line) + ", ".join(at)


def _means(ax: Axes, box: Any) -> str:
    """A series' name and its means, where they are few."""
    import numpy as np

    name, line = _name_of(box), box[0]
    y = np.asarray(line.get_ydata(), float)
    names = _tick_names(ax.xaxis)
    if names and len(names) == len(y) <= 12:
        pairs = zip(names.values(), y, strict=True)
        return name + ", ".join(f"{at}: {value:.3g}" for at, value in pairs)
    return name + _course(line).removeprefix(_name_of(line))


def _peak(patch: Any) -> str:
    """A histogram's name and where it is highest."""
    import numpy as np

    corners = np.asarray(patch.get_xy())
    top = corners[corners[:, 1] == corners[:, 1].max(), 0]
    return f"{_name_of(patch)}highest at {top.min():.3g} to {top.max():.3g}"


def _size(line: Any) -> int:
    """How many points a line has."""
    return len(line.get_xdata())


def _is_rule(line: Any) -> bool:
    """A line without a name between two points: of a grid, or a bound."""
    return len(line.get_xdata()) == 2 and str(line.get_label()).startswith("_")


def with_alternative_text(figure: Figure) -> str | None:
    """HTML of a figure that a notebook shows: the picture with an alternative text, which neither
    JupyterLab nor nbconvert give to an image/png. The notebook also stores the PNG, for LaTeX; the
    HTML has the same pixels as lossless WebP, which is a third of its size."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    image = shell.display_formatter.formatters["image/png"](figure)
    if image is None:  # pictures are not shown here
        return None
    return _picture(base64.b64decode(image) if isinstance(image, str) else image, describe(figure))


def figure_html(drawn: Any) -> str:
    """HTML of a figure, given itself or its axes, as `with_alternative_text`, in any process. The
    figure is closed."""
    import matplotlib.pyplot as plt
    import numpy as np

    first = np.atleast_1d(np.asarray(drawn, dtype=object)).flat[0]
    figure = getattr(first, "figure", None)
    if figure is None or not hasattr(figure, "savefig"):
        raise PromptError(f"draw: returned {type(drawn).__name__}; it must return axes or a figure")
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=figure.get_dpi(), facecolor=figure.get_facecolor())
    words = describe(figure)
    plt.close(figure)
    return _picture(data.getvalue(), words)


def _picture(data: bytes, words: str) -> str:
    """A PNG as an element with an alternative text."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        picture.save(small, "WEBP", lossless=True, quality=50, method=4, exact=True)
    alt, text = html.escape(words), base64.b64encode(small.getvalue()).decode()
    return (
        f"<style>{FIGURE_STYLE}</style>"
        f'<img class="wb-figure" alt="{alt}" src="data:image/webp;base64,{text}">'
    )


def table(columns: list[str], rows: list[list[str]], caption: str) -> str:
    """An accessible table; cells are HTML."""
    head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>"
        + f"<th scope='row'>{row[0]}</th>"
        + "".join(f"<td>{c}</td>" for c in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def show(page: str, text: str) -> None:
    """HTML in a notebook, text elsewhere."""
    try:
        from IPython import get_ipython
    except ImportError:
        print(text)
        return
    if get_ipython() is None:
        print(text)
        return
    from IPython.display import publish_display_data

    publish_display_data({"text/html": page, "text/plain": text})
