"""Diagrams of networks as SVG: boxes and arrows on a grid, in the colours of the page.

`pipeline("denoiser")` shows the parts of DrumLDM, with the named ones highlighted. A lesson draws
others with `diagram`. Lines and text have the colour of the text around them, so that diagrams suit
light and dark pages. A highlighted box has a thick border and bold text besides its colour.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.errors import PromptError

WIDTH, HEIGHT = 104, 46  # of a box, in pixels
COLUMN, ROW = 134, 84  # from one box to the next
ACCENT = "#3b8fd4"  # readable on white and on black
SIZE, LINE = 12.5, 15  # of the text, and from one line of it to the next
ARCH = 18  # height of an arrow that passes over boxes


@dataclass(frozen=True)
class Arrow:
    """An arrow between two boxes.

    Args:
        start, end: Keys of the boxes.
        label: Text beside it.
        over: Whether it passes over the boxes between the two, in one row.
        dashed: Whether it is dashed, for what happens in training only.
        both: Whether it has two heads.
        beside: Whether an arrow that leads down enters the side of its box, not the top.
    """

    start: str
    end: str
    label: str = ""
    over: bool = False
    dashed: bool = False
    both: bool = False
    beside: bool = False


@dataclass(frozen=True)
class Diagram:
    """A picture that a notebook displays. alt: its text alternative; svg: its source."""

    alt: str
    svg: str

    def __str__(self) -> str:
        return self.alt

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.svg


Place = tuple[str, float, float]  # label, column, row


def diagram(
    title: str, boxes: Mapping[str, Place], arrows: Sequence[Arrow], *, here: Sequence[str] = ()
) -> Diagram:
    """Draw boxes and arrows.

    Args:
        title: What the diagram shows; it begins the text alternative.
        boxes: By key: label, column, row. The lines of a label are separated by newlines; the first
            one is the name.
        arrows: Between the boxes.
        here: Keys of the boxes to highlight.

    Returns:
        The diagram, with a text alternative that lists all arrows.

    Raises:
        PromptError: If an arrow or `here` names no box.
    """
    named = [key for arrow in arrows for key in (arrow.start, arrow.end)]
    for key in [*named, *here]:
        if key not in boxes:
            raise PromptError(f"diagram: no box {key!r}; there are {', '.join(boxes)}")
    alt = _alternative(title, boxes, arrows, here)
    left = min(column for _, column, _ in boxes.values()) * COLUMN
    top = min(row for _, _, row in boxes.values()) * ROW - (ARCH + 16)
    right = max(column for _, column, _ in boxes.values()) * COLUMN + WIDTH
    bottom = max(row for _, _, row in boxes.values()) * ROW + HEIGHT
    parts = [_arrow(arrow, boxes) for arrow in arrows]
    parts += [_box(place, key in here) for key, place in boxes.items()]
    box = (left - 8, top, right - left + 16, bottom - top + 10)
    view = " ".join(f"{value:g}" for value in box)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="wb-diagram" role="img" viewBox="{view}" '
        f'aria-label="{html.escape(alt)}" style="display:block;width:100%;max-width:{box[2]:g}px;'
        f'height:auto;font:{SIZE}px system-ui,sans-serif;color:inherit" fill="currentColor">'
        f"{''.join(parts)}</svg>"
    )
    return Diagram(alt, svg)


def _alternative(
    title: str, boxes: Mapping[str, Place], arrows: Sequence[Arrow], here: Sequence[str]
) -> str:
    """All that the picture says, in words."""
    names = {key: place[0].replace("\n", ", ") for key, place in boxes.items()}
    short = {key: place[0].partition("\n")[0] for key, place in boxes.items()}
    listed = "; ".join(
        f"{short[arrow.start]} {'↔' if arrow.both else '→'} {short[arrow.end]}"
        + (f" ({arrow.label})" if arrow.label else "")
        for arrow in arrows
    )
    details = "; ".join(name for key, name in names.items() if name != short[key])
    parts = [title, listed, details]
    if here:
        parts.append("Highlighted: " + ", ".join(short[key] for key in here))
    return ". ".join(filter(None, parts)) + "."


def _box(place: Place, here: bool) -> str:
    label, column, row = place
    x, y = column * COLUMN, row * ROW
    lines = label.split("\n")
    middle = y + HEIGHT / 2 - LINE * (len(lines) - 1) / 2 + SIZE * 0.36
    texts = "".join(
        f'<text x="{x + WIDTH / 2:g}" y="{middle + LINE * i:g}" text-anchor="middle"'
        + (' font-weight="700"' if here and i == 0 else "")
        + (' opacity=".8" font-size="11"' if i else "")
        + f">{html.escape(line)}</text>"
        for i, line in enumerate(lines)
    )
    border = f'stroke="{ACCENT}" stroke-width="2.5"' if here else 'stroke="currentColor"'
    inside = f'fill="{ACCENT}" fill-opacity=".18"' if here else 'fill-opacity=".05"'
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="7" {inside} {border}/>'
        + texts
    )


def _arrow(arrow: Arrow, boxes: Mapping[str, Place]) -> str:
    """A line with its head and its label."""
    _, column, row = boxes[arrow.start]
    _, column_end, row_end = boxes[arrow.end]
    x, y = column * COLUMN + WIDTH / 2, row * ROW + HEIGHT / 2
    u, v = column_end * COLUMN + WIDTH / 2, row_end * ROW + HEIGHT / 2
    across = 1 if u >= x else -1
    if arrow.over:
        y, v = y - HEIGHT / 2, v - HEIGHT / 2
        points = [(x, y), (x, y - ARCH), (u, y - ARCH), (u, v)]
        at = ((x + u) / 2, y - ARCH - 5)
    elif row == row_end:
        points = [(x + across * WIDTH / 2, y), (u - across * WIDTH / 2, v)]
        at = ((points[0][0] + points[1][0]) / 2, y - 6)
    elif x != u and v < y:  # out of the side, then up
        points = [(x + across * WIDTH / 2, y), (u, y), (u, v + HEIGHT / 2)]
        at = ((points[0][0] + u) / 2, y - 6)
    elif arrow.beside:  # down, then into the side
        points = [(x, y + HEIGHT / 2), (x, v), (u - across * WIDTH / 2, v)]
        at = ((x + u) / 2, v - 6)
    else:
        down = 1 if v > y else -1
        start, end = y + down * HEIGHT / 2, v - down * HEIGHT / 2
        half = (start + end) / 2
        points = [(x, start), (x, half), (u, half), (u, end)] if x != u else [(x, start), (u, end)]
        at = ((x + u) / 2 + (6 if x == u else 0), half + (4 if x == u else -5))
    dash = ' stroke-dasharray="5 4"' if arrow.dashed else ""
    path = "M" + " L".join(f"{a:g},{b:g}" for a, b in points)
    heads = _head(points[-2], points[-1]) + (_head(points[1], points[0]) if arrow.both else "")
    anchor = "start" if x == u and not arrow.over else "middle"
    label = (
        f'<text x="{at[0]:g}" y="{at[1]:g}" text-anchor="{anchor}" font-size="11" opacity=".85">'
        f"{html.escape(arrow.label)}</text>"
        if arrow.label
        else ""
    )
    return f'<path d="{path}" fill="none" stroke="currentColor"{dash}/>{heads}{label}'


def _head(before: tuple[float, float], tip: tuple[float, float]) -> str:
    """The head of an arrow that ends at `tip` and comes from `before`, along one axis."""
    (a, b), (x, y) = before, tip
    dx, dy = (x > a) - (x < a), (y > b) - (y < b)
    left = (x - 7 * dx - 4 * dy, y - 7 * dy - 4 * dx)
    right = (x - 7 * dx + 4 * dy, y - 7 * dy + 4 * dx)
    corners = " ".join(f"{p:g},{q:g}" for p, q in ((x, y), left, right))
    return f'<polygon points="{corners}"/>'


PARTS: dict[str, Place] = {
    "data": ("loop\nMIDI notes", 0, 0),
    "roll": ("drum roll\nsteps × drums", 1, 0),
    "encoder": ("encoder\nMRLSTM", 2, 0),
    "latent": ("latent\nbeats × numbers", 3, 0),
    "denoiser": ("denoiser\n⇄ sampler", 4, 0),
    "decoder": ("decoder\nMRLSTM", 5, 0),
    "sound": ("sound\nroll → notes", 6, 0),
    "prompt": ("prompt\nwords", 0, 1),
    "bert": ("BERT\nfrozen", 1, 1),
    "towers": ("two towers\ncontrastive", 2, 1),
    "parser": ("parser\nreads facts", 1, 2),
    "noise": ("noise\nGaussian", 5, 1),
}
FLOW = (
    Arrow("data", "roll"),
    Arrow("roll", "encoder"),
    Arrow("encoder", "latent"),
    Arrow("latent", "denoiser", dashed=True),
    Arrow("denoiser", "decoder"),
    Arrow("decoder", "sound"),
    Arrow("prompt", "bert"),
    Arrow("bert", "towers"),
    Arrow("prompt", "parser", beside=True),
    Arrow("parser", "towers", "facts"),
    Arrow("parser", "denoiser", "chart"),
    Arrow("towers", "denoiser", "text vector"),
    Arrow("roll", "towers", dashed=True),
    Arrow("noise", "denoiser"),
)


def pipeline(*here: str) -> Diagram:
    """The parts of DrumLDM, from data to sound.

    Args:
        *here: Keys of `PARTS` to highlight, such as "encoder", "latent", "denoiser", "towers".

    Raises:
        PromptError: If there is no such part.
    """
    title = "The parts of DrumLDM; dashed arrows are used in training only"
    return diagram(title, PARTS, FLOW, here=here)
