"""Executed notebooks as pages that need no kernel and no network.

Equations become MathML, which browsers show without a script. Figures by plotly share one copy of
plotly.js beside the pages. Everything that the template would load from the network is removed.
Pages are light or dark as the reader's system is. Very long outputs are shortened in the middle;
the executed notebook keeps them complete.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from workbench.course.accessible import IN_WORDS, describe_plotly
from workbench.files import atomic_write

PLOTLY = "application/vnd.plotly.v1+json"
_FETCHED = re.compile(r"<script[^>]*\ssrc=[\"'](?:https?:)?//[^>]*>\s*</script>", re.I)
_MATHJAX = re.compile(r"<!-- Load mathjax -->.*?<!-- End of mathjax configuration -->", re.S)
_HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)<a class="anchor-link".*?</a></h2>', re.S)
_TITLE = re.compile(r"<h1 .*?</h1>", re.S)
_LINK = re.compile(r'<a\b([^>]*?)\shref="(?!#)([^":#?]+)(#[^"]*)?"([^>]*)>(.*?)</a>', re.S)
MOST_TEXT = 40_000  # characters of text in one cell
MOST_PIECES = 500  # outputs of one cell
MOST_SHOWN = 8_000_000  # characters of a picture, a sound or HTML; a whole lesson has fewer
TEXTS = ("text/plain", "text/markdown", "text/latex", "application/json")
_BODY = re.compile(r'<body class="jp-Notebook"[^>]*>')
_STYLE = """
:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) { DARK }
:root {
  --jp-cell-prompt-not-active-opacity: 1;
  --jp-mirror-editor-comment-color: light-dark(#356b6b, #85b8b8);
  --jp-mirror-editor-number-color: light-dark(#007600, #8fd18f);
  --jp-mirror-editor-operator-color: light-dark(#8a14d6, #d3a6ff);
}
.jp-OutputArea-output img { background: #fff; }
.ansi-red-fg, .ansi-red-intense-fg { color: light-dark(#a01515, #ffb0a8) !important; }
.ansi-green-fg, .ansi-green-intense-fg { color: light-dark(#005c2c, #86dca8) !important; }
.ansi-cyan-fg, .ansi-cyan-intense-fg { color: light-dark(#06585c, #8be3e6) !important; }
.ansi-yellow-fg, .ansi-yellow-intense-fg { color: light-dark(#684c00, #f0d080) !important; }
.ansi-blue-fg, .ansi-blue-intense-fg { color: light-dark(#124d8c, #a9cfff) !important; }
.ansi-magenta-fg, .ansi-magenta-intense-fg { color: light-dark(#861a86, #f0b0f0) !important; }
@media screen and (prefers-color-scheme: dark) {
  .plotly-figure { filter: invert(.93) hue-rotate(180deg); }
}
.wb-contents { max-width: 60rem; margin: 1rem 0; padding: .6rem 1.2rem;
  font: 15px/1.6 system-ui, sans-serif;
  border: 1px solid light-dark(#c9c9c9, #555); border-radius: 6px; }
.wb-contents summary { cursor: pointer; font-weight: 600; }
.wb-contents ul { columns: 2 18rem; margin: .4rem 0 0; padding: 0; list-style: none; }
.wb-contents a { color: light-dark(#0b57b0, #8ec1ff); }
@media print { @page { size: auto; } .wb-contents { break-inside: avoid; } }
"""
_MATH = re.compile(  # as in Jupyter: no space inside the dollars of $…$, so that prices stay
    r"(```.*?```|`[^`\n]*`)|\$\$(.+?)\$\$|(?<![\\$\w])\$(?=\S)((?:[^$\n]|\n(?!\n))+?)(?<=\S)\$(?![\d$])",
    re.S,
)


def export(notebook: Path, target: Path) -> bool:
    """Write an executed notebook as HTML. True if the page needs plotly.min.js beside it."""
    import nbformat
    from nbconvert import HTMLExporter

    content = nbformat.read(notebook, as_version=4)
    plotly = 0
    for cell in content.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
            continue
        shorten(cell)
        # the workbench's own figures have their alternative text already
        cell.outputs = [output for output in cell.get("outputs", []) if not is_words(output)]
        for output in cell.outputs:
            plotly += _draw_plotly(output, f"plotly-{plotly}")
    exporter = HTMLExporter(template_name="lab", embed_images=False)
    page, _ = exporter.from_notebook_node(content)
    page = _FETCHED.sub("", _MATHJAX.sub("", page))
    page = _BODY.sub('<body class="jp-Notebook">', page)  # it named a theme
    page = page.replace("</head>", f"<style>{_style(exporter)}</style></head>", 1)
    page = with_contents(page)
    page = _LINK.sub(lambda found: _to_page(found, target.parent), page)
    if plotly:
        page = page.replace("</head>", '<script src="plotly.min.js"></script></head>', 1)
    with atomic_write(target) as path:
        path.write_text(page, encoding="utf-8")
    return plotly > 0


def with_contents(page: str) -> str:
    """Put links to the sections of a page below its title, if it has two or more."""
    sections = _HEADING.findall(page)
    if len(sections) < 2:
        return page
    links = "".join(
        f'<li><a href="#{place}">{re.sub("<[^>]*>", "", title).strip()}</a></li>'
        for place, title in sections
    )
    contents = (
        '<nav class="wb-contents" aria-label="Contents"><details open>'
        f"<summary>Contents</summary><ul>{links}</ul></details></nav>"
    )
    return _TITLE.sub(lambda found: found[0] + contents, page, count=1)


def shorten(cell: Any) -> None:
    """Shorten a cell's outputs: text to MOST_TEXT characters, MOST_PIECES outputs, and no picture,
    sound or HTML of more than MOST_SHOWN characters. A note says what is missing. Errors stay."""
    left = MOST_TEXT
    kept: list[Any] = []
    outputs = cell.get("outputs", [])
    for output in outputs:
        full = left <= 0 or len(kept) >= MOST_PIECES
        if full and output.output_type != "error":
            continue
        if output.output_type in ("stream", "error"):
            key = "text" if output.output_type == "stream" else "traceback"
            text = output[key] if key == "text" else "\n".join(output[key])
            short = _short(text, left)
            output[key] = short if key == "text" else short.split("\n")
            left -= len(short)
        for kind, content in list(output.get("data", {}).items()):
            if kind == PLOTLY or not isinstance(content, str):
                continue
            if kind in TEXTS:
                output.data[kind] = _short(content, left)
                left -= len(output.data[kind])
            elif len(content) > MOST_SHOWN:
                del output.data[kind]
                output.data["text/plain"] = f"[an output of {len(content):,} characters]"
        kept.append(output)
    if len(kept) < len(outputs):
        note = f"[{len(outputs) - len(kept):,} more outputs are in the executed notebook]\n"
        kept.append(type(outputs[0])(output_type="stream", name="stdout", text=note))
    cell.outputs = kept


def _short(text: str, room: int) -> str:
    """The beginning and end of a text, at most `room` characters together, with a note between."""
    if len(text) <= room:
        return text
    head, tail = max(200, room * 3 // 4), max(100, room // 4)
    gap = len(text) - head - tail
    if gap <= 0:
        return text
    note = f"\n[… {gap:,} characters left out; the executed notebook has them …]\n"
    return text[:head] + note + text[-tail:]


def _style(exporter: Any) -> str:
    """Styles: JupyterLab's dark theme for dark systems, and readable prompts."""
    places = [Path(folder) / "static" / "theme-dark.css" for folder in exporter.template_paths]
    dark = next(place for place in places if place.exists()).read_text(encoding="utf-8")
    return _STYLE.replace("DARK", dark)


def _to_page(link: re.Match[str], folder: Path) -> str:
    """Replace a link to a notebook that was executed into the same folders by one to its page. A
    link to a file that is not there becomes plain text."""
    before, path, place, after, words = link.groups()
    target = folder / unquote(path)
    if not target.exists():
        return words
    if target.suffix == ".ipynb":
        path = path.removesuffix("ipynb") + "html"
    return f'<a{before} href="{path}{place or ""}"{after}>{words}</a>'


def with_mathml(markdown: str) -> str:
    """Replace $…$ and $$…$$ outside of code by MathML. LaTeX that cannot be converted stays."""
    from latex2mathml.converter import convert

    def drawn(found: re.Match[str]) -> str:
        code, block, inline = found.groups()
        if code:
            return code
        try:
            text = convert(block or inline, display="block" if block else "inline")
        except Exception:  # the converter raises many types; readers can still read the LaTeX
            return found[0]
        return re.sub(r"\s*\n\s*", " ", text)

    return _MATH.sub(drawn, markdown)


def is_words(output: Any) -> bool:
    """Whether an output of a notebook is the description of a plotly figure, for screen readers."""
    page = "".join(output.get("data", {}).get("text/html", ""))
    return page.startswith(f'<p class="{IN_WORDS}"')


def _draw_plotly(output: Any, key: str) -> bool:
    """Give a plotly output HTML, with id `key`, that draws it with the shared plotly.js."""
    data = output.get("data", {})
    if PLOTLY not in data:
        return False
    figure = data.pop(PLOTLY)
    parts = [
        json.dumps(figure.get(part, default))
        for part, default in (("data", []), ("layout", {}), ("config", {}))
    ]
    script = f"Plotly.newPlot({json.dumps(key)}, {', '.join(parts)})".replace("</", "<\\/")
    label = html.escape(describe_plotly(figure))
    data["text/html"] = (
        f'<div id="{key}" class="plotly-figure" role="img" aria-label="{label}"></div>'
        f"<script>{script}</script>"
    )
    return True


def copy_plotly(folder: Path) -> None:
    """Copy plotly.js from the installed package into the folder, once for all pages."""
    import plotly

    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    with atomic_write(folder / "plotly.min.js") as path:
        path.write_bytes(source.read_bytes())
