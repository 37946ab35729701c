"""A drum-grid editor: set hits, mark cells to keep, and let the system generate the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from workbench.arguments import listed, whole
from workbench.course.widgets.base import (
    MusicWidget,
    Number,
    Text,
    check_system,
    loop_bytes,
    module,
    style,
)
from workbench.course.widgets.form import Field, read_number
from workbench.datasets.keywords import TEMPO_LIMITS
from workbench.errors import PromptError
from workbench.music.clip import clip_of
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.representations.drum_roll import CHANNELS, N_DRUMS, DrumRoll
from workbench.systems.drum_ldm.splice import Cells, in_whole_bars, left_out, with_cells
from workbench.systems.provenance import credit_of
from workbench.systems.region import Region

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.drum_ldm import DrumLDM

STEPS = 16  # of a bar
TEMPO = Field("tempo", "Tempo (BPM)", *TEMPO_LIMITS, 120.0, whole=False)


class DrumGrid(MusicWidget):
    """An editor of a drum clip, 9 rows by 16 steps per bar.

    `clip` is the current loop; `keep`, (steps, 9) bool, are the cells marked to stay.

    Args:
        clip: The loop; None starts with two empty bars at 120 BPM.
        system: Fills in the rest by `inpaint`; without one the editor only edits.

    Raises:
        WorkbenchError: for a clip that is a waveform.
        PromptError: for a system that cannot inpaint.
    """

    _esm = module("drum_cells", "drum_grid")
    _css = style("drum_grid")

    velocity = t.Bytes().tag(sync=True)  # steps × 9 values of 0 to 127, a step's nine together
    kept = t.Bytes().tag(sync=True)  # steps × 9 values of 0 or 1
    sent = t.Int(0).tag(sync=True)  # number of the page's last edit that is included
    rows: t.List[Any] = t.List().tag(sync=True)
    tempo = Number(120.0).tag(sync=True)
    prompt = Text("").tag(sync=True)
    can_fill = t.Bool(False).tag(sync=True)
    wrong = t.Dict().tag(sync=True)  # message about the tempo that was typed, if it is not allowed

    if_stopped = "The grid is unchanged."

    def __init__(self, clip: Clip | None = None, system: DrumLDM | None = None) -> None:
        if system is not None:
            check_system(system, "inpaint")
        self.system = system
        self._seed = 0
        self._base: Clip | None = None  # the clip that is edited; the grid shows its cells
        roll, hidden = np.zeros((2 * STEPS, CHANNELS), np.float32), ""
        if clip is not None:
            self._base = clip = in_whole_bars(clip_of(clip))[0]
            roll, hidden = DrumRoll.from_clip(clip).to_array(), left_out(clip)
        self.keep = np.zeros((len(roll), N_DRUMS), dtype=bool)
        self._roll = roll
        super().__init__(
            rows=[DRUM_NAMES[code] for code in DRUMS],
            tempo=clip.tempo if clip is not None else 120.0,
            prompt=clip.caption if clip is not None else "",
            can_fill=system is not None,
        )
        self._update_page()
        if hidden:
            self.say = f"Notes that the grid does not show are left unchanged: {hidden}."

    @property
    def clip(self) -> Clip:
        """The current loop: the clip that was given, with the cells that were edited or filled
        in."""
        base, labels = self._base, {"prompt": self.prompt}
        if base is None:
            plain = DrumRoll.from_array(self._roll, tempo=self.tempo)
            return plain.to_clip(self.prompt, "drum grid", labels)
        changed = DrumRoll.from_clip(base).to_array() != self._roll
        mask = changed.reshape(len(changed), -1, N_DRUMS).any(1)
        if mask.any():
            credit = credit_of(base)
            base = with_cells(base, Cells(mask), self._roll).with_(
                source=f"{base.source or credit}, edited in the drum grid",
                labels={**labels, "original": credit},
            )
        if self.tempo != base.tempo:
            base = base.with_(tempo=self.tempo)
        return base if base.caption == self.prompt else base.with_(caption=self.prompt)

    def fallback_clips(self) -> Sequence[Clip]:
        return [self.clip]

    def _update_page(self) -> None:
        """Send the loop and the marks to the page."""
        hits, loud = self._roll[:, :N_DRUMS] > 0.5, self._roll[:, N_DRUMS : 2 * N_DRUMS]
        with self.hold_sync():
            self.velocity = (np.clip(np.rint(loud * 127), 1, 127) * hits).astype("u1").tobytes()
            self.kept = self.keep.astype("u1").tobytes()

    def _state(self) -> Any:
        return self._roll.copy(), self.keep.copy(), self.tempo, self._base, self.prompt

    def _restore(self, state: Any) -> None:
        self._roll, self.keep = state[0].copy(), state[1].copy()
        self.tempo, self._base, self.prompt = state[2:]
        self.wrong = {}
        self._update_page()

    # --- what the page asks for ---------------------------------------------------------------

    def on_set(self, message: dict[str, Any]) -> None:
        """Set velocities: cells [[step, drum, 0 to 127], …]. 0 removes the hit; other values keep
        its microtiming."""
        cells = self._cells(message)
        self._remember()
        for step, drum, velocity in cells:
            if velocity <= 0:
                self._roll[step, drum::N_DRUMS] = 0
                continue
            self._roll[step, drum] = 1
            self._roll[step, drum + N_DRUMS] = min(velocity, 127) / 127
        self.sent = int(message.get("number", self.sent))
        self._update_page()
        self._redraw_soon()

    def on_keep(self, message: dict[str, Any]) -> None:
        """Mark or unmark cells: cells [[step, drum, 0 or 1], …]."""
        cells = self._cells(message)
        self._remember()
        for step, drum, on in cells:
            self.keep[step, drum] = bool(on)
        self.sent = int(message.get("number", self.sent))
        self._update_page()

    def _cells(self, message: dict[str, Any]) -> list[tuple[int, int, int]]:
        """The cells of a message that are in the grid. Raises PromptError for anything else."""
        cells, steps = [], len(self._roll)
        for cell in listed(message.get("cells", []), "cells", "cells"):
            if not isinstance(cell, list | tuple) or len(cell) != 3:
                raise PromptError(
                    f"cells: {repr(cell)[:40]} is not a cell; give [step, drum, value]"
                )
            step, drum, value = (whole(part, "cells") for part in cell)
            if 0 <= step < steps and 0 <= drum < N_DRUMS:
                cells.append((step, drum, value))
        return cells

    def on_clear(self, message: dict[str, Any] | None = None) -> None:
        """Remove all hits and marks."""
        self._remember()
        self._roll = np.zeros_like(self._roll)
        self.keep = np.zeros_like(self.keep)
        self._update_page()
        self._redraw_soon()
        self.say = "The grid is empty. Undo restores it."

    def on_tempo(self, message: dict[str, Any]) -> None:
        """Change the tempo to the message's `bpm`, a text."""
        value, complaint = read_number(TEMPO, message.get("bpm"))
        self.wrong = {"tempo": complaint} if complaint else {}
        if complaint or value is None:
            self.say = complaint
        elif value != self.tempo:
            self._remember()
            self.tempo = float(value)
            self._redraw_soon()
            self.say = f"{value:g} BPM."

    def on_play(self, message: dict[str, Any] | None = None) -> None:
        """Render the current loop and send it to the page."""
        clip = self.clip
        self.send({"is": "sound", "seconds": clip.duration}, buffers=[loop_bytes(clip)])

    def on_fill(self, message: dict[str, Any] | None = None) -> None:
        """Regenerate all cells that are not kept. Without marks, the hits are kept."""
        system = self.system
        if system is None:
            self.say = "There is no system to fill in with; use DrumGrid(clip, system)."
            return
        before = self.prompt
        if message and "prompt" in message:
            self.prompt = str(message["prompt"])
        self._seed += 1
        seed, prompt, clip, keep = self._seed, self.prompt, self.clip, self.keep.copy()
        hits = self._roll[:, :N_DRUMS] > 0.5
        marked, empty = bool(keep.any()), not hits.any()
        keep = keep if marked else hits

        def job() -> None:
            made = self._fill(clip, keep, empty, prompt, seed)
            with self.hold_sync():  # undo brings the former caption back, too
                self.prompt = before
                self._remember()
                self.prompt = prompt
            self._base, self._roll = made, DrumRoll.from_clip(made).to_array()
            self._update_page()
            cells = "the marked cells" if marked else "your hits"
            self.say = f"The rest is filled in; {cells} are unchanged." + (
                "" if keep.any() else " There were none, so the whole loop was regenerated."
            )

        self.start("Filling in", 20, job)

    def _fill(self, clip: Clip, keep: np.ndarray, empty: bool, prompt: str, seed: int) -> Clip:
        """The clip with all cells but the kept ones generated by the system."""
        assert self.system is not None
        options: Any = {"prompt": prompt, "seed": seed, "progress": self.show_progress}
        if not empty:
            return self.system.inpaint(clip, Region(cells=~keep), **options)[0]
        # an empty grid gives the system no context
        bars = len(keep) // STEPS
        new = self.system.generate(bars=bars, tempo=self.tempo, **options)[0]
        made = with_cells(clip, Cells(~keep), DrumRoll.from_clip(new).to_array())
        return made.with_(source=new.source, labels=new.labels, caption=prompt)
