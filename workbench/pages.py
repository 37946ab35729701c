"""Executed notebooks as pages that need no kernel and no network.

Equations become MathML, which browsers draw by themselves; plotly's figures share one copy of
plotly.js that lies beside the pages; whatever the template would fetch is taken out.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from workbench.files import atomic_write

PLOTLY = "application/vnd.plotly.v1+json"
_FETCHED = re.compile(r"<script[^>]*\ssrc=[\"'](?:https?:)?//[^>]*>\s*</script>", re.I)
_MATHJAX = re.compile(r"<!-- Load mathjax -->.*?<!-- End of mathjax configuration -->", re.S)
_LESSON = re.compile(r'href="([\w-]+)\.ipynb(?=["#])')
_MATH = re.compile(  # as in Jupyter: no space inside the dollars of $…$, so that prices stay
    r"(```.*?```|`[^`\n]*`)|\$\$(.+?)\$\$|(?<![\\$\w])\$(?=\S)((?:[^$\n]|\n(?!\n))+?)(?<=\S)\$(?![\d$])",
    re.S,
)


def export(notebook: Path, target: Path) -> bool:
    """Write an executed notebook as HTML. True where the page wants plotly.min.js beside it."""
    import nbformat
    from nbconvert import HTMLExporter

    content = nbformat.read(notebook, as_version=4)
    plotly = 0
    for cell in content.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
            continue
        for output in cell.get("outputs", []):
            plotly += _draw_plotly(output, f"plotly-{plotly}")
    exporter = HTMLExporter(template_name="lab", embed_images=False)
    page, _ = exporter.from_notebook_node(content)
    page = _FETCHED.sub("", _MATHJAX.sub("", page))
    page = _LESSON.sub(lambda found: _to_page(found, target.parent), page)
    if plotly:
        page = page.replace("</head>", '<script src="plotly.min.js"></script></head>', 1)
    with atomic_write(target) as path:
        path.write_text(page, encoding="utf-8")
    return plotly > 0


def _to_page(link: re.Match[str], folder: Path) -> str:
    """A link to a notebook that was executed into the same folder leads to its page."""
    there = (folder / f"{link[1]}.ipynb").exists()
    return f'href="{link[1]}.html' if there else link[0]


def with_mathml(markdown: str) -> str:
    """Replace $…$ and $$…$$ outside of code by MathML; what cannot be read stays as it is."""
    from latex2mathml.converter import convert

    def drawn(found: re.Match[str]) -> str:
        code, block, inline = found.groups()
        if code:
            return code
        try:
            text = convert(block or inline, display="block" if block else "inline")
        except Exception:  # the converter raises many kinds; the LaTeX itself is readable
            return found[0]
        return re.sub(r"\s*\n\s*", " ", text)

    return _MATH.sub(drawn, markdown)


def _draw_plotly(output: Any, key: str) -> bool:
    """Give a plotly output a piece of HTML, of id `key`, that draws it from the shared script."""
    data = output.get("data", {})
    if PLOTLY not in data:
        return False
    figure = data.pop(PLOTLY)
    parts = [json.dumps(figure.get(part, default)) for part, default in
             (("data", []), ("layout", {}), ("config", {}))]  # fmt: skip
    script = f"Plotly.newPlot({json.dumps(key)}, {', '.join(parts)})".replace("</", "<\\/")
    data["text/html"] = f'<div id="{key}" class="plotly-figure"></div><script>{script}</script>'
    return True


def copy_plotly(folder: Path) -> None:
    """plotly.js from the installed package, once for all pages."""
    import plotly

    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    with atomic_write(folder / "plotly.min.js") as path:
        path.write_bytes(source.read_bytes())


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
