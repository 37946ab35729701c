"""The report as one file to send: the index and the pages of all executed notebooks.

Pages are packed (gzip, base64); a small script opens them in a frame over the index. Links between
index and lessons are fragments of this file, `#lesson=05_latent_diffusion` and
`#lesson=05_latent_diffusion&cell-id=…`, so that they work from disk and in the browser's history.
The frame inherits the content security policy of the index, which forbids requests to the network.
"""

from __future__ import annotations

import base64
import gzip
import html
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

_LINK = re.compile(r"""(<a\b[^>]*?\shref=)(["'])([\w./-]+)\.html(?:#([^"']*))?\2""")
_PLACE = re.compile(r"""(<a\b[^>]*?\shref=)(["'])#([^"']*)\2""")
_PLOTLY = '<script src="plotly.min.js"></script>'


def single_file(index: str, pages: Mapping[str, tuple[str, str]], plotly: str) -> str:
    """The HTML of the whole file.

    index: the report's index.html; pages: title and HTML of each notebook, by the path of its page
    without ".html"; plotly: source of plotly.js, included if a page needs it.
    """
    names = set(pages)
    parts = []
    for name, (title, page) in pages.items():
        text = _PLACE.sub(rf"\1\2#lesson={name}&amp;\3\2", page)
        text = _linked(text, names, posixpath.dirname(name)).replace(
            "<head>", '<head><base target="_top">', 1
        )
        parts.append(_packed(text, f'data-lesson="{name}" data-title="{html.escape(title)}"'))
    if any(_PLOTLY in page for _, page in pages.values()):
        script = plotly.replace("</script", "<\\/script").replace("<!--", "<\\!--")
        parts.append(_packed(script, "data-plotly"))
    style, script = (_beside(suffix) for suffix in (".css", ".js"))
    before, end, after = _linked(index, names).rpartition("</body>")
    return f"{before}<style>{style}</style>{''.join(parts)}<script>{script}</script>{end}{after}"


def _beside(suffix: str) -> str:
    return Path(__file__).with_suffix(suffix).read_text(encoding="utf-8")


def _linked(text: str, names: set[str], folder: str = "") -> str:
    """Turn links to pages, from a page in `folder`, into links to lessons in the file."""

    def link(found: re.Match[str]) -> str:
        begin, quote, path, place = found.groups()
        name = posixpath.normpath(posixpath.join(folder, path))
        if name not in names:
            return found[0]
        return f"{begin}{quote}#lesson={name}{f'&amp;{place}' if place else ''}{quote}"

    return _LINK.sub(link, text)


def _packed(text: str, about: str) -> str:
    # mtime=0, so that the same report gives the same bytes
    data = base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
    return f'<script type="application/gzip" {about}>{data}</script>\n'
