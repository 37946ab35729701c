"""The film of a drawing: the system's guess after each step, to look at and to hear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import traitlets as t

from workbench.errors import WorkbenchError
from workbench.music.display import drum_grid_svg
from workbench.representations.drum_roll import DrumRoll
from workbench.widgets.base import MusicWidget, Whole, loop_bytes, module, style

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.drum_ldm import DrumLDM


class FilmWidget(MusicWidget):
    """A slider over the frames of `system.film(prompt)`: pairs of noise level and drum roll.

    `FilmWidget.of(system, prompt, seed=0)` draws and shows in one call.
    """

    _esm = module("film")
    _css = style("film")

    frames: t.List[Any] = t.List().tag(sync=True)  # svg, text, name of each frame
    title = t.Unicode("").tag(sync=True)
    frame = Whole(0).tag(sync=True)

    def __init__(self, frames: Sequence[tuple[float, DrumRoll]], caption: str = "") -> None:
        if not len(frames):
            raise WorkbenchError("frames: none given; pass what system.film(prompt) returns")
        self.clips: list[Clip] = [roll.to_clip(caption) for _, roll in frames]
        last = len(frames)
        shown = [
            {
                "svg": drum_grid_svg(clip),
                "text": f"Step {i} of {last} · noise {float(level):.0%} before it · {hits(roll)}",
            }
            for i, ((level, roll), clip) in enumerate(zip(frames, self.clips, strict=True), 1)
        ]
        super().__init__(frames=shown, title=caption, frame=last - 1)

    @classmethod
    def of(cls, system: DrumLDM, prompt: str = "", **settings: Any) -> FilmWidget:
        """Draw the film of a prompt; settings as for `system.film`."""
        return cls(system.film(prompt, **settings), prompt)

    def fallback_clips(self) -> Sequence[Clip]:
        return [self.clips[0], self.clips[-1]]

    def on_play(self, message: dict[str, Any]) -> None:
        """Send the sound of a frame."""
        index = int(message.get("frame", self.frame))
        clip = self.clips[min(max(index, 0), len(self.clips) - 1)]
        about = {"is": "sound", "frame": index, "seconds": clip.duration}
        self.send(about, buffers=[loop_bytes(clip)])


def hits(roll: DrumRoll) -> str:
    """How many hits a roll has, in words."""
    count = int(roll.hits.sum())
    return f"{count} hit{'' if count == 1 else 's'}"
