"""The page for raters: one HTML file that needs no network and no kernel."""

from __future__ import annotations

import json
import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

TASKS = {
    "ratings": "You will hear short clips, one at a time, and rate each from one to five points.",
    "ab": "You will hear short clips, two at a time, and choose the one you prefer.",
}
ANSWERING = {"ratings": 15, "ab": 6}  # seconds per trial, in addition to listening


def page_html(page: dict[str, Any], server: str = "") -> str:
    """The HTML for raters. page: `ListeningTest.page`; server: path of the server that receives
    answers, without the last slash; "" for a page that stores them itself."""
    words = {
        "title": escape(page["title"]),
        "task": TASKS[page["design"]],
        "count": str(len(page["trials"])),
        "minutes": str(minutes(page)),
        "style": asset("page.css"),
        "script": asset("page.js"),
        # escape "<": a title or prompt could contain the end of the script element
        "test": json.dumps(page, ensure_ascii=False).replace("<", "\\u003c"),
    }
    template = asset("page.html").replace('data-server=""', f'data-server="{escape(server)}"')
    return re.sub(r"\{(\w+)\}", lambda found: words[found[1]], template)


def minutes(page: dict[str, Any]) -> int:
    """Approximate minutes per rater, from the sizes of the sounds (about 6 kB per second)."""
    seconds = sum(len(page["sounds"][c]) for t in page["trials"] for c in t["clips"]) * 0.75 / 6000
    return max(1, round((seconds + ANSWERING[page["design"]] * len(page["trials"])) / 60))


class EmbeddedPage:
    """A test's page as the last line of a cell, for notebooks and exported pages."""

    def __init__(self, page: dict[str, Any], height: int = 640) -> None:
        self.page, self.height = page, height

    def __repr__(self) -> str:
        return f"<listening test {self.page['title']!r}, {len(self.page['trials'])} trials>"

    def _repr_html_(self) -> str:
        label = f"{self.page['title']}, a page to rate clips on"
        return (
            f'<iframe title="{escape(label)}" style="width:100%;height:{self.height}px;'
            'border:1px solid #8a8a8a;border-radius:6px" '
            f'srcdoc="{escape(page_html(self.page))}"></iframe>'
        )


@cache
def asset(name: str) -> str:
    """A text file in this module's folder."""
    return files("workbench.tools.listening").joinpath(name).read_text(encoding="utf-8")
