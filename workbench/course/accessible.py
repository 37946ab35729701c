"""For readers who do not see a page: figures in words, and tables with headings."""

import base64
import html
import re
from typing import Any

IN_WORDS = "wb-plot-in-words"
_UNSEEN = "position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%)"
# what plotly's titles may hold
_MARKUP = re.compile(r"</?(?:a|b|br|em|i|span|sub|sup)\b[^>]*>", re.I)


def in_words(figure: dict[str, Any]) -> str:
    """The same text as HTML that screen readers find and nobody sees, to stand after the figure."""
    return f'<p class="{IN_WORDS}" style="{_UNSEEN}">{html.escape(describe_plotly(figure))}</p>'


def describe_plotly(figure: dict[str, Any]) -> str:
    """The alternative text of a plotly figure: its own (`figure.update_layout(meta={"alt": "…"})`),
    or title, axes, and what each trace has."""
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
    """How many values a trace has: a list, or plotly's packed array."""
    if not isinstance(values, dict):
        return len(values)
    return len(base64.b64decode(values["bdata"])) // int(values["dtype"][-1])


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
