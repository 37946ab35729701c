"""Self-contained pages: one file with styles, scripts, pictures and sounds; no network.

A content security policy in the page's head forbids every request, whatever a notebook's output
contains.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from importlib.resources import files

from workbench.course.accessible import FIGURE_STYLE
from workbench.music.display import asset

_POLICY = (
    "default-src 'none'; img-src data:; media-src data: blob:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
)


def document(title: str, body: str, *, styles: str = "", scripts: str = "") -> str:
    """A complete page. body: HTML, which may contain players of clips; their style and script are
    included only once."""
    player = (f"<style>{asset('player.css')}</style>", f"<script>{asset('player.js')}</script>")
    for part in player:
        body = body.replace(part, "")
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(title)}</title>"
        f"<style>{text_of('standalone.css')}{FIGURE_STYLE}{styles}</style>"
        f"{player[0]}</head>\n<body>{body}\n{player[1]}<script>{scripts}</script></body></html>\n"
    )


def text_of(name: str) -> str:
    """A style or script file in this module's folder."""
    return files("workbench.tools").joinpath(name).read_text(encoding="utf-8")


def finder(what: str, filters: Iterable[tuple[str, str]]) -> str:
    """A search field and filters over the page's entries, elements of class `entry`.

    what: name of the entries, in the plural; filters: (value, label) of the choices. An entry has
    its values in `data-kind` and its words in `data-words`. The form is hidden until the script
    runs, because it does nothing without it.
    """
    choices = "".join(
        f"<label><input type='radio' name='kind' value='{html.escape(value)}'"
        f"{' checked' * (not value)}> {html.escape(label)}</label>"
        for value, label in [("", "all"), *filters]
    )
    name = html.escape(what)
    return (
        f"<form class='finder' role='search' aria-label='Find {name}' hidden>"
        f"<fieldset><legend>Show</legend>{choices}</fieldset>"
        "<label>Search <input type='search' name='words' autocomplete='off' spellcheck='false'>"
        "</label><button type='reset'>Show all</button>"
        f"<output aria-live='polite' data-what='{name}'></output></form>"
    )


def words_of(*texts: str) -> str:
    """The value of `data-words`: the searchable text of an entry, in lower case."""
    return html.escape(" ".join(" ".join(texts).lower().split()), quote=True)
