"""A drum-grid editor: set hits, mark what to keep, and let the system draw the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

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
from workbench.music.clip import clip_of
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.music.timeline import needs_4_4
from workbench.representations.drum_roll import CHANNELS, N_DRUMS, DrumRoll
from workbench.systems.base import Region

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.drum_ldm import DrumLDM

STEPS = 16  # of a bar
TEMPO = Field("tempo", "Tempo (BPM)", *TEMPO_LIMITS, 120.0, whole=False)


class DrumGrid(MusicWidget):
    """An editor of a drum clip, 9 rows by 16 steps a bar; `clip` is the loop as it stands.

    clip: None starts with two empty bars of 120 BPM. system: fills in the rest (`inpaint`);
    without one the editor only edits. `keep`: (steps, 9) bool, the cells marked to stay.
    """

    _esm = module("drum_cells", "drum_grid")
    _css = style("drum_grid")

    velocity = t.Bytes().tag(sync=True)  # steps × 9 values of 0 to 127, a step's nine together
    kept = t.Bytes().tag(sync=True)  # steps × 9 values of 0 or 1
    sent = t.Int(0).tag(sync=True)  # number of the page's last edit that is contained
    rows: t.List[Any] = t.List().tag(sync=True)
    tempo = Number(120.0).tag(sync=True)
    prompt = Text("").tag(sync=True)
    can_fill = t.Bool(False).tag(sync=True)
    wrong = t.Dict().tag(sync=True)  # what is wrong with the tempo that was typed

    if_stopped = "The grid is as it was."

    def __init__(self, clip: Clip | None = None, system: DrumLDM | None = None) -> None:
        if system is not None:
            check_system(system, "inpaint")
        self.system = system
        self._seed = 0
        roll = np.zeros((2 * STEPS, CHANNELS), np.float32)
        if clip is not None:
            needs_4_4(clip_of(clip))
            whole = clip.with_(beats=4.0 * max(1, -(-round(clip.beats) // 4)))
            roll = DrumRoll.from_clip(whole).to_array()
        self.keep = np.zeros((len(roll), N_DRUMS), dtype=bool)
        self._roll = roll
        super().__init__(
            rows=[DRUM_NAMES[code] for code in DRUMS],
            tempo=clip.tempo if clip is not None else 120.0,
            prompt=clip.caption if clip is not None else "",
            can_fill=system is not None,
        )
        self._tell()

    @property
    def clip(self) -> Clip:
        """The loop as it stands now."""
        return DrumRoll.from_array(self._roll, tempo=self.tempo).to_clip(
            self.prompt, "drum grid", {"prompt": self.prompt}
        )

    def fallback_clips(self) -> Sequence[Clip]:
        return [self.clip]

    def _tell(self) -> None:
        """Show the page the loop and the marks."""
        hits, loud = self._roll[:, :N_DRUMS] > 0.5, self._roll[:, N_DRUMS : 2 * N_DRUMS]
        with self.hold_sync():
            self.velocity = (np.clip(np.rint(loud * 127), 1, 127) * hits).astype("u1").tobytes()
            self.kept = self.keep.astype("u1").tobytes()

    def _state(self) -> Any:
        return self._roll.copy(), self.keep.copy(), self.tempo

    def _restore(self, state: Any) -> None:
        self._roll, self.keep, self.tempo = state[0].copy(), state[1].copy(), state[2]
        self.wrong = {}
        self._tell()

    # --- what the page asks for ---------------------------------------------------------------

    def on_set(self, message: dict[str, Any]) -> None:
        """Give cells a velocity: cells [[step, drum, 0 to 127], …]. 0 takes the hit away; a hit
        that stays keeps its microtiming."""
        self._remember()
        for step, drum, velocity in self._cells(message):
            if not velocity:
                self._roll[step, drum::N_DRUMS] = 0
                continue
            self._roll[step, drum] = 1
            self._roll[step, drum + N_DRUMS] = min(max(velocity, 1), 127) / 127
        self.sent = int(message.get("number", self.sent))
        self._tell()
        self._redraw_soon()

    def on_keep(self, message: dict[str, Any]) -> None:
        """Mark or unmark cells: cells [[step, drum, 0 or 1], …]."""
        self._remember()
        for step, drum, on in self._cells(message):
            self.keep[step, drum] = bool(on)
        self.sent = int(message.get("number", self.sent))
        self._tell()

    def _cells(self, message: dict[str, Any]) -> list[tuple[int, int, int]]:
        cells = [tuple(map(int, cell)) for cell in message.get("cells", [])]
        steps = len(self._roll)
        return [c for c in cells if len(c) == 3 and 0 <= c[0] < steps and 0 <= c[1] < N_DRUMS]

    def on_clear(self, message: dict[str, Any] | None = None) -> None:
        """Take all hits and marks away."""
        self._remember()
        self._roll = np.zeros_like(self._roll)
        self.keep = np.zeros_like(self.keep)
        self._tell()
        self._redraw_soon()
        self.say = "The grid is empty. Undo brings it back."

    def on_tempo(self, message: dict[str, Any]) -> None:
        """Play the loop at another tempo: bpm, as it was typed."""
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
        """Render the loop as it stands and send it to the page."""
        clip = self.clip
        self.send({"is": "sound", "seconds": clip.duration}, buffers=[loop_bytes(clip)])

    def on_fill(self, message: dict[str, Any] | None = None) -> None:
        """Draw all cells that are not kept. With no mark, the hits that are there are kept."""
        system = self.system
        if system is None:
            self.say = "No system to fill in with: make it as DrumGrid(clip, system)."
            return
        if message and "prompt" in message:
            self.prompt = str(message["prompt"])
        self._seed += 1
        seed, prompt, own, keep = self._seed, self.prompt, self._roll.copy(), self.keep.copy()
        marked = bool(keep.any())
        if not marked:
            keep = own[:, :N_DRUMS] > 0.5

        def job() -> None:
            drawn = self._draw(own, keep, prompt, seed)
            self._remember()
            self._roll = np.where(np.tile(keep, (1, 3)), own, drawn)
            self._tell()
            cells = "the marked cells" if marked else "your hits"
            self.say = f"The rest is filled in; {cells} are as they were." + (
                "" if keep.any() else " There were none, so the whole loop is new."
            )

        self.start("Filling in", 20, job)

    def _draw(self, own: np.ndarray, keep: np.ndarray, prompt: str, seed: int) -> np.ndarray:
        """(steps, 27) drawn by the system around the kept cells."""
        assert self.system is not None
        if (own[:, :N_DRUMS] > 0.5).any():
            clip = DrumRoll.from_array(own, tempo=self.tempo).to_clip(prompt)
            new = self.system.inpaint(
                clip, Region(cells=~keep), prompt=prompt, seed=seed, progress=self.show_progress
            )[0]
        else:  # an empty grid says nothing to go by
            new = self.system.generate(
                prompt,
                bars=len(own) // STEPS,
                tempo=self.tempo,
                seed=seed,
                progress=self.show_progress,
            )[0]
        return DrumRoll.from_clip(new).to_array()
