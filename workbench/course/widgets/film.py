"""The denoising film: the system's prediction after each sampling step, as picture and sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from workbench.arguments import listed, number, shown, text_of
from workbench.course.widgets.base import (
    MusicWidget,
    Whole,
    check_system,
    loop_bytes,
    module,
    style,
)
from workbench.errors import PromptError
from workbench.music.clip import clip_of
from workbench.music.display import drum_grid_svg
from workbench.music.picture import picture_of, svg
from workbench.representations.drum_roll import DrumRoll

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.system import System

FRAMES = "(noise level, clip) pairs, as system.film(prompt) returns"


class FilmWidget(MusicWidget):
    """A slider over the frames of `system.film(prompt)`.

    `FilmWidget.of(system, prompt, seed=0)` samples and shows in one call.

    Args:
        frames: Pairs of noise level (0 to 1) and the prediction so far, a clip or a drum roll.
        caption: Title.

    Raises:
        PromptError: for anything else, and for no frames.
    """

    _esm = module("film")
    _css = style("film")

    frames: t.List[Any] = t.List().tag(sync=True)  # svg and text of each frame
    title = t.Unicode("").tag(sync=True)
    frame = Whole(0).tag(sync=True)

    def __init__(self, frames: Sequence[tuple[float, Clip | DrumRoll]], caption: str = "") -> None:
        caption = text_of(caption, "caption")
        frames = [_frame(frame) for frame in listed(frames, "frames", FRAMES, 1)]
        self.clips: list[Clip] = [
            frame.to_clip(caption) if isinstance(frame, DrumRoll) else frame for _, frame in frames
        ]
        last = len(frames)
        shown = [
            {
                "svg": drum_grid_svg(clip)
                if isinstance(frame, DrumRoll)
                else svg(picture_of(clip)),
                "text": f"Step {i} of {last} · noise {float(level):.0%} before it · {count(clip)}",
            }
            for i, ((level, frame), clip) in enumerate(zip(frames, self.clips, strict=True), 1)
        ]
        super().__init__(frames=shown, title=caption, frame=last - 1)

    @classmethod
    def of(cls, system: System, prompt: str = "", **settings: Any) -> FilmWidget:
        """Sample the film of a prompt.

        Args:
            system: A system that can film.
            prompt: As of `system.film`.
            **settings: Other arguments of `system.film`.

        Raises:
            PromptError: for a system that cannot film, and a setting that is out of range.
        """
        check_system(system, "film")
        return cls(system.film(prompt, **settings), prompt if isinstance(prompt, str) else "")

    def fallback_clips(self) -> Sequence[Clip]:
        return [self.clips[0], self.clips[-1]]

    def on_play(self, message: dict[str, Any]) -> None:
        """Send the sound of a frame."""
        index = int(message.get("frame", self.frame))
        clip = self.clips[min(max(index, 0), len(self.clips) - 1)]
        about = {"is": "sound", "frame": index, "seconds": clip.duration}
        self.send(about, buffers=[loop_bytes(clip)])


def _frame(frame: Any) -> tuple[float, Clip | DrumRoll]:
    try:
        level, made = frame
    except (TypeError, ValueError):
        raise PromptError(f"frames: contains {shown(frame)}; give {FRAMES}") from None
    made = made if isinstance(made, DrumRoll) else clip_of(made, "frames")
    return number(level, "frames", 0, 1), made


def count(clip: Clip) -> str:
    """The content of a clip in words: its number of hits or notes, or the level of its sound."""
    if not clip.has_score:
        power = float(np.square(clip.waveform(clip.sample_rate or 44100, loop=False)).mean())
        level = f"{10 * np.log10(power):.0f}".replace("-", "−") if power else ""
        return f"{level} dB on average" if level else "silence"
    kind = "hit" if clip.is_drums or not len(clip.notes) else "note"
    return f"{len(clip.notes)} {kind}{'' if len(clip.notes) == 1 else 's'}"
