"""A map of clips: each clip is a point that plays it, in several pictures side by side.

It is plain HTML with its own script rather than a widget of the kernel, so that it works in
JupyterLab and in an exported page. Hovering shows the caption, a click plays the clip, and a list
does both by keyboard.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import floats, listed, mapping_of, number
from workbench.course.widgets.base import read
from workbench.course.widgets.side_by_side import short
from workbench.errors import WorkbenchError
from workbench.music.audio import encode
from workbench.music.clip import clips_of
from workbench.music.display import asset

if TYPE_CHECKING:
    from workbench.music.clip import Clip

SIZE, EDGE = 400.0, 16.0  # width and margin of a picture, in SVG units
RATE = 16_000  # Hz of the sounds
SECONDS = 3.0  # of each clip
MARKERS = (  # shapes around (0, 0): circle, square, diamond, triangles, plus, cross, star
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "M-4.5 -4.5h9v9h-9z",
    "M0 -6.5L6.5 0L0 6.5L-6.5 0z",
    "M0 -6L6 5H-6z",
    "M0 6L6 -5H-6z",
    "M-2 -6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
    "M-6 -3.5L-3.5 -6L0 -2.5L3.5 -6L6 -3.5L2.5 0L6 3.5L3.5 6L0 2.5L-3.5 6L-6 3.5L-2.5 0z",
    "M0 -7L1.8 -2.2L7 -2L2.8 1.2L4.3 6.2L0 3.2L-4.3 6.2L-2.8 1.2L-7 -2L-1.8 -2.2z",
)
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#777777", "#222222")


class SoundMap:
    """Pictures of the same clips, side by side; each point plays its clip.

    Args:
        views: The points (n, 2) of the n clips in each picture, by its title.
        clips: The clips.
        groups: The group of each clip, shown by colour and shape; at most eight different ones.
        seconds: How much of each clip is played, from its start.

    Raises:
        WorkbenchError: for views or groups that do not match the clips, points that are not
            finite, and more than eight groups.
    """

    def __init__(
        self,
        views: Mapping[str, np.ndarray],
        clips: Sequence[Clip],
        groups: Sequence[str],
        *,
        seconds: float = SECONDS,
    ) -> None:
        self.views = {
            str(name): floats(points, f"views[{name!r}]")
            for name, points in mapping_of(views, "views").items()
        }
        self.clips = clips_of(clips)
        self.groups = [str(group) for group in listed(groups, "groups", "texts")]
        self.seconds = number(seconds, "seconds", 0)
        self.names = list(dict.fromkeys(self.groups))
        n = len(self.clips)
        if not n or len(self.groups) != n:
            raise WorkbenchError(f"groups: {len(self.groups)} for {n} clips; give one per clip")
        if len(self.names) > len(MARKERS):
            raise WorkbenchError(
                f"groups: {len(self.names)} different ones; give {len(MARKERS)} at most"
            )
        for name, points in self.views.items():
            if points.shape != (n, 2) or not np.isfinite(points).all():
                raise WorkbenchError(
                    f"views[{name!r}] has shape {points.shape}; give ({n}, 2), finite"
                )

    def __repr__(self) -> str:
        return f"<Map of {len(self.clips)} clips: {', '.join(self.names)}; {', '.join(self.views)}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self.html()}

    def html(self) -> str:
        """The map as self-contained HTML without ids. Its script adds the controls. Where scripts
        are removed, as in an untrusted notebook, pictures and legend remain."""
        views = "".join(self._view(name, points) for name, points in self.views.items())
        controls = (
            f'<div class="wb-bar"><select size="6" aria-label="Clips">{self._list()}</select>'
            '<div><button type="button" class="wb-play" disabled>▶ Play</button>'
            '<audio controls hidden aria-label="Chosen clip"></audio></div></div>'
        )
        as_data = json.dumps(controls).replace("</", "<\\/")
        return (
            f'<div class="wb-box wb-map" role="group" aria-label="Map of {len(self.clips)} clips">'
            f"<style>{read('shared.css')}\n{read('sound_map.css')}</style>"
            f'<div class="wb-legend" role="group" aria-label="Groups">{self._legend()}</div>'
            f'<div class="wb-views">{views}</div>'
            '<p class="wb-say" role="status" aria-live="polite">Trust the notebook, or run the '
            "cell, to play the clips.</p>"
            f'<script type="application/json" class="wb-live">{as_data}</script>'
            f"<script>{asset('player.js')}</script><script>{read('sound_map.js')}</script></div>"
        )

    def _view(self, name: str, points: np.ndarray) -> str:
        low, high = points.min(0), points.max(0)
        place = (points - low) / np.maximum(high - low, 1e-12) * (SIZE - 2 * EDGE) + EDGE
        marks = []
        for i, (x, y) in enumerate(place):
            kind = self.names.index(self.groups[i])
            marks.append(
                f'<path class="wb-mark wb-kind{kind}" data-clip="{i}" d="{MARKERS[kind]}" '
                f'fill="{COLOURS[kind]}" transform="translate({x:.1f} {SIZE - y:.1f})"/>'
            )
        ring = '<circle class="wb-ring" r="11" visibility="hidden"/>'
        label = f"{name}: {len(points)} clips of {len(self.names)} groups, one mark each"
        box = f"0 0 {SIZE:g} {SIZE:g}"
        return (
            f"<figure><figcaption>{escape(name)}</figcaption>"
            f"{_picture(box, ''.join(marks) + ring, label)}</figure>"
        )

    def _legend(self) -> str:
        made = []
        for kind, name in enumerate(self.names):
            look = f'd="{MARKERS[kind]}" fill="{COLOURS[kind]}"'
            mark = f'<path class="wb-mark wb-kind{kind}" {look}/>'
            made.append(
                f'<span data-kind="{kind}">{_picture("-8 -8 16 16", mark)} {escape(name)} '
                f"({self.groups.count(name)})</span>"
            )
        return "".join(made)

    def _list(self) -> str:
        made = []
        for name in self.names:
            options = "".join(
                f'<option value="{i}" data-sound="{self._sound(clip)}">'
                f"{escape(short(clip.caption) or f'clip {i + 1}')}</option>"
                for i, clip in enumerate(self.clips)
                if self.groups[i] == name
            )
            made.append(f'<optgroup label="{escape(name)}">{options}</optgroup>')
        return "".join(made)

    def _sound(self, clip: Clip) -> str:
        sound = clip.waveform(RATE, loop=False).mean(0)[: round(self.seconds * RATE)]
        fade = min(len(sound), RATE // 50)
        sound[len(sound) - fade :] *= np.linspace(1, 0, fade, dtype=sound.dtype)
        return base64.b64encode(encode(sound[None], RATE, "ogg", quality=0.8)).decode()


def _picture(box: str, shapes: str, label: str = "") -> str:
    """An SVG as an image, which the script replaces by the SVG itself: unlike SVG, images are not
    removed from untrusted notebooks."""
    size = box.split()[2]
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{size}" height="{size}">'
        f"{shapes}</svg>"
    )
    url = "data:image/svg+xml," + drawn.replace("%", "%25").replace("#", "%23")
    return f'<img class="wb-picture" alt="{escape(label)}" src="{escape(url)}">'
