"""Excerpts of an executed notebook for the report: some of its pictures and sounds."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIDTH = 480  # pixels of a picture
SOUND_BYTES = 450_000  # bytes of players that one notebook may add to the report
_FIGURE = re.compile(r'<img class="wb-figure" alt="([^"]*)"')


@dataclass(frozen=True)
class Excerpt:
    """An output: its HTML, the heading above it, and the id of its cell."""

    page: str
    heading: str
    cell: str


def outputs(notebook: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (heading above, id of the cell, data by MIME type) of each output that has data."""
    import nbformat

    heading = ""
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#+ (.+)$", cell.source, re.M)
            heading = found[-1] if found else heading
            continue
        for output in cell.get("outputs", []):
            if output.get("data"):
                yield heading, cell.get("id", ""), output["data"]


def pictures(notebook: Path, most: int = 4) -> list[Excerpt]:
    """Up to `most` Matplotlib figures, evenly spaced over the notebook, reduced in size."""
    found = [
        (heading, cell, data["image/png"], _alternative(data) or f"Plot of the section {heading}")
        for heading, cell, data in outputs(notebook)
        if "image/png" in data and ("text/html" not in data or _alternative(data))
    ]
    chosen = (
        found
        if len(found) <= most
        else [found[round(i * (len(found) - 1) / (most - 1))] for i in range(most)]
    )
    return [
        Excerpt(f'{_small(image)} alt="{html.escape(alt)}"', heading, cell)
        for heading, cell, image, alt in chosen
    ]


def _alternative(data: dict[str, Any]) -> str:
    """The alternative text of a figure by `workbench.course.plots`, or ""."""
    found = _FIGURE.search("".join(data.get("text/html", "")))
    return html.unescape(found[1]) if found else ""


def _small(image: str) -> str:
    """A PNG in base64 as a small WebP in the page."""
    from PIL import Image

    picture = Image.open(io.BytesIO(base64.b64decode(image))).convert("RGB")
    picture.thumbnail((WIDTH, 2 * WIDTH))
    small = io.BytesIO()
    picture.save(small, "WEBP", quality=72, method=4)
    data = base64.b64encode(small.getvalue()).decode()
    return f'src="data:image/webp;base64,{data}" width="{picture.width}" height="{picture.height}"'


def sounds(notebook: Path, most: int = 2, room: int = SOUND_BYTES) -> list[Excerpt]:
    """The first players of a notebook as self-contained HTML, as many as fit in `room` bytes."""
    found: list[Excerpt] = []
    for heading, cell, data in outputs(notebook):
        page = "".join(data.get("text/html", ""))
        if "<audio" in page and len(found) < most and len(page) <= room:
            found.append(Excerpt(page, heading, cell))
            room -= len(page)
    return found
