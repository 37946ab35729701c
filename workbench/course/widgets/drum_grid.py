"""A drum-grid editor: set hits, mark cells to keep, and let the system play the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from workbench.arguments import choice, listed, number, whole
from workbench.course.widgets.base import (
    MusicWidget,
    Number,
    Text,
    check_system,
    loop_bytes,
    module,
    style,
)
from workbench.course.widgets.form import METER, METER_NAMES, Field, read_field
from workbench.course.widgets.side_by_side import short
from workbench.datasets.keywords import TEMPO_LIMITS
from workbench.errors import PromptError
from workbench.music.clip import Clip, clip_of, clips_of
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.music.timeline import check_meter
from workbench.representations.drum_chart import METERS, bar_steps, count_names, pulse_steps
from workbench.representations.drum_roll import CHANNELS, N_DRUMS, DrumRoll
from workbench.systems.drum_ldm.grooves import TAP_VELOCITY
from workbench.systems.drum_ldm.sampler import STEPS
from workbench.systems.drum_ldm.splice import Cells, in_whole_bars, left_out, with_cells
from workbench.systems.provenance import credit_of
from workbench.systems.region import Region

if TYPE_CHECKING:
    from workbench.systems.drum_ldm import DrumLDM

MOST_BARS = 16
BARS = 2  # of an empty grid
TAPS_PITCH = 60  # no drum: the system chooses the drums that play the taps
FIELDS = {
    "tempo": Field("tempo", "Tempo (BPM)", *TEMPO_LIMITS, 120.0, whole=False),
    "bars": Field("bars", "Bars", 1, MOST_BARS, BARS),
    "meter": METER,
}
TOOLS = ("humanise", "fill", "add", "transfer", "tap")
# Differences that a change of a cell has at least: half a step of MIDI velocity, and an offset (in
# steps) beyond the rounding to ticks.
_HEARD = {1: 0.5 / 127, 2: 0.02}


class DrumGrid(MusicWidget):
    """An editor of a drum clip of 1 to 16 bars: 9 rows, a column per sixteenth.

    `clip` is the current loop; `keep`, (steps, 9) bool, are the cells marked to stay.

    Args:
        clip: The loop; None starts with two empty bars at 120 BPM.
        system: Fills in the rest by `inpaint` and plays the groove tools that it has; without one
            the editor only edits.
        grooves: Loops whose groove may be transferred, one or several.
        meter: Metre of an empty grid; a clip has its own.

    Raises:
        WorkbenchError: for a clip that is a waveform.
        PromptError: for a system that cannot inpaint, and for a clip that is too long or in a metre
            that drum charts do not have.
    """

    _esm = module("drum_cells", "drum_tools", "drum_grid")
    _css = style("drum_grid")

    velocity = t.Bytes().tag(sync=True)  # steps × 9 values of 0 to 127, a step's nine together
    offset = t.Bytes().tag(sync=True)  # of hits, steps × 9 values: 128 + 100 · offset in steps
    kept = t.Bytes().tag(sync=True)  # steps × 9 values of 0 or 1
    changed = t.Bytes().tag(sync=True)  # 1 where the last job changed a cell
    meter = t.Unicode("4/4").tag(sync=True)
    meters: t.List[Any] = t.List(list(METER_NAMES)).tag(sync=True)
    counts: t.List[Any] = t.List().tag(sync=True)  # what is counted on each step of a bar
    pulse: t.List[Any] = t.List().tag(sync=True)  # steps of a bar on which its pulse falls
    sent = t.Int(0).tag(sync=True)  # number of the page's last edit that is included
    rows: t.List[Any] = t.List().tag(sync=True)
    tempo = Number(120.0).tag(sync=True)
    prompt = Text("").tag(sync=True)
    can_fill = t.Bool(False).tag(sync=True)
    tools: t.List[Any] = t.List().tag(sync=True)  # groove tools that the system has
    grooves: t.List[Any] = t.List().tag(sync=True)  # names of the loops for “Transfer groove of”
    wrong = t.Dict().tag(sync=True)  # messages about what was typed, by field

    if_stopped = "The grid is unchanged."

    def __init__(
        self,
        clip: Clip | None = None,
        system: DrumLDM | None = None,
        *,
        grooves: Clip | Sequence[Clip] = (),
        meter: tuple[int, int] | None = None,
    ) -> None:
        if system is not None:
            check_system(system, "inpaint")
        self.system = system
        self.groove_clips = clips_of([grooves] if isinstance(grooves, Clip) else grooves, "grooves")
        self._seed = 0
        self._base: Clip | None = None  # the clip that is edited; the grid shows its cells
        hidden = ""
        self._meter = (4, 4) if meter is None else check_meter(meter)
        roll = np.zeros((BARS * bar_steps(self._meter), CHANNELS), np.float32)
        if clip is not None:
            if meter is not None:
                raise PromptError("meter: a clip has its own; omit meter, or choose it in the grid")
            clip, bars = in_whole_bars(clip_of(clip), meters=METERS)
            if bars > MOST_BARS:
                raise PromptError(
                    f"clip: must have at most {MOST_BARS} bars, got {bars}; give a part of it, "
                    "such as clip.excerpt(0, 32)"
                )
            self._base, self._meter = clip, (int(clip.meter[0]), int(clip.meter[1]))
            roll, hidden = DrumRoll.from_clip(clip).to_array(), left_out(clip)
        self.keep = np.zeros((len(roll), N_DRUMS), dtype=bool)
        self._new = np.zeros_like(self.keep)  # cells that the last job changed
        self._roll = roll
        tools = [name for name in TOOLS if callable(getattr(system, name, None))]
        if not self.groove_clips:
            tools = [name for name in tools if name != "transfer"]
        super().__init__(
            rows=[DRUM_NAMES[code] for code in DRUMS],
            tempo=clip.tempo if clip is not None else 120.0,
            prompt=clip.caption if clip is not None else "",
            can_fill=system is not None,
            tools=tools,
            grooves=[
                short(c.caption or c.source or f"loop {i}", 40)
                for i, c in enumerate(self.groove_clips, 1)
            ],
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
            plain.meter = self._meter
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

    def _update_page(self, edit: dict[str, Any] | None = None) -> None:
        """Send the loop and the marks to the page, with the number of an edit that they include:
        both in one message, or the page would show the loop of before for a moment."""
        struck, loud, offset = np.split(self._roll, 3, axis=1)
        hits = struck > 0.5
        with self.hold_sync():
            self.sent = int((edit or {}).get("number", self.sent))
            self.meter = f"{self._meter[0]}/{self._meter[1]}"
            self.counts, self.pulse = [*count_names(self._meter)], [*pulse_steps(self._meter)]
            self.velocity = (np.clip(np.rint(loud * 127), 1, 127) * hits).astype("u1").tobytes()
            self.offset = np.rint(128 + 100 * offset * hits).astype("u1").tobytes()
            self.kept = self.keep.astype("u1").tobytes()
            self.changed = self._new.astype("u1").tobytes()

    def _state(self) -> Any:
        own = self._roll.copy(), self.keep.copy(), self._new.copy()
        return *own, self.tempo, self._base, self.prompt, self._meter

    def _restore(self, state: Any) -> None:
        self._roll, self.keep, self._new = (array.copy() for array in state[:3])
        self.tempo, self._base, self.prompt, self._meter = state[3:]
        self.wrong = {}
        self._update_page()

    @property
    def bars(self) -> int:
        """Number of bars."""
        return len(self._roll) // bar_steps(self._meter)

    # --- what the page asks for ---------------------------------------------------------------

    def on_set(self, message: dict[str, Any]) -> None:
        """Set velocities: cells [[step, drum, 0 to 127], …]. 0 removes the hit; other values keep
        its microtiming."""
        cells = self._cells(message)
        self._remember()
        self._new = np.zeros_like(self.keep)
        for step, drum, velocity in cells:
            if velocity <= 0:
                self._roll[step, drum::N_DRUMS] = 0
                continue
            self._roll[step, drum] = 1
            self._roll[step, drum + N_DRUMS] = min(velocity, 127) / 127
        self._update_page(message)
        self._redraw_soon()

    def on_keep(self, message: dict[str, Any]) -> None:
        """Mark or unmark cells: cells [[step, drum, 0 or 1], …]."""
        cells = self._cells(message)
        self._remember()
        for step, drum, on in cells:
            self.keep[step, drum] = bool(on)
        self._update_page(message)

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
        self.keep, self._new = np.zeros_like(self.keep), np.zeros_like(self.keep)
        self._update_page()
        self._redraw_soon()
        self.say = "The grid is empty. Undo restores it."

    def on_tempo(self, message: dict[str, Any]) -> None:
        """Change the tempo to the message's `bpm`, a text."""
        value = self._typed("tempo", message.get("bpm"))
        if value is not None and value != self.tempo:
            self._remember()
            self.tempo = float(value)
            self._redraw_soon()
            self.say = f"{value:g} BPM."

    def on_bars(self, message: dict[str, Any]) -> None:
        """Change the length to the message's `bars`, a text: add empty bars, or remove the last
        ones."""
        value = self._typed("bars", message.get("bars"))
        if value is not None and value != self.bars:
            self._resize(int(value), self._meter)
            self.say = f"{self.bars} bar{'' if self.bars == 1 else 's'}."

    def on_meter(self, message: dict[str, Any]) -> None:
        """Change the metre to the message's `meter`, such as "6/8". Hits stay at their times, and
        the last bar is completed."""
        meter = self._typed("meter", message.get("meter"))
        if meter is not None and meter != self._meter:
            value = f"{meter[0]}/{meter[1]}"
            bars = -(-len(self._roll) // bar_steps(meter))
            if bars > MOST_BARS:
                self.say = (
                    f"In {value} this would be {bars} bars; at most {MOST_BARS} are possible."
                )
                self.send({"is": "fields"})  # the page shows its own values again
                return
            self._resize(bars, meter)
            self.say = f"{value}." + " Hits stay at their times." * bool(self._roll.any())

    def _typed(self, name: str, raw: Any) -> Any:
        """The value that was typed in a field; None, with a message, where it is not allowed."""
        value, complaint = read_field(FIELDS[name], raw)
        self.wrong = {name: complaint} if complaint else {}
        if complaint:
            self.say = complaint
        return None if complaint else value

    def _resize(self, bars: int, meter: tuple[int, int]) -> None:
        """Cut or extend the loop to bars of a metre."""
        steps = bars * bar_steps(meter)
        self._remember()
        roll, keep = (
            np.pad(array[:steps], ((0, max(steps - len(array), 0)), (0, 0)))
            for array in (self._roll, self.keep)
        )
        if self._base is not None:
            base, beats = self.clip, steps / 4
            loop = base.anticipation
            base = base.excerpt(0, beats) if beats < base.beats else base.with_(beats=beats)
            base = base.with_(meter=meter, anticipation=loop)
            # early hits of beat 1, which stand at the end of a loop, move with the end
            moved = _changes(DrumRoll.from_clip(base).to_array(), roll)
            self._base = with_cells(base, Cells(moved), roll) if moved.any() else base
        self._roll, self.keep, self._meter = roll, keep, meter
        self._new = np.zeros_like(keep)
        self._update_page()
        self._redraw_soon()

    def on_play(self, message: dict[str, Any] | None = None) -> None:
        """Render the current loop and send it to the page."""
        clip = self.clip
        self.send({"is": "sound", "seconds": clip.duration}, buffers=[loop_bytes(clip)])

    def on_fill(self, message: dict[str, Any] | None = None) -> None:
        """Regenerate all cells that are not kept. Without marks, the hits are kept."""
        if self.system is None:
            self.say = "There is no system to fill in with; use DrumGrid(clip, system)."
            return
        hits = self._roll[:, :N_DRUMS] > 0.5
        marked, empty = bool(self.keep.any()), not hits.any()
        keep = self.keep.copy() if marked else hits
        cells = "the marked cells" if marked else "your hits"

        def make(clip: Clip, prompt: str, **options: Any) -> Clip:
            return self._fill(clip, keep, empty, prompt, **options)

        def said(made: Clip, changes: int) -> str:
            return f"The rest is filled in; {cells} are unchanged." + (
                "" if keep.any() else " There were none, so the whole loop was regenerated."
            )

        self._run("Filling in", message, make, said)

    def _run(
        self,
        what: str,
        message: dict[str, Any] | None,
        make: Callable[..., Clip],
        said: Callable[[Clip, int], str],
    ) -> None:
        """Start a job that makes another loop of the same length.

        Args:
            what: Its name.
            message: Of the page, with the prompt.
            make: Called with the loop, the prompt, `seed` and `progress`; returns the new loop.
            said: Called with the new loop and the number of changed cells; returns what is said.
        """
        before = self.prompt
        if message and "prompt" in message:
            self.prompt = str(message["prompt"])
        self._seed += 1
        seed, prompt, clip = self._seed, self.prompt, self.clip

        def job() -> None:
            made = make(clip, prompt, seed=seed, progress=self.show_progress)
            roll = DrumRoll.from_clip(made).to_array()
            with self.hold_sync():  # undo brings the former caption back, too
                self.prompt = before
                self._remember()
                self.prompt = prompt
            self._new = _changes(self._roll, roll)
            self._base, self._roll = made, roll
            self._update_page()
            self.say = said(made, int(self._new.sum()))

        self.start(what, STEPS, job)

    def _fill(self, clip: Clip, keep: np.ndarray, empty: bool, prompt: str, **options: Any) -> Clip:
        """The clip with all cells but the kept ones generated by the system."""
        assert self.system is not None
        if not empty:
            return self.system.inpaint(clip, Region(cells=~keep), prompt=prompt, **options)[0]
        # an empty grid gives the system no context
        new = self.system.generate(
            prompt, bars=self.bars, tempo=self.tempo, meter=self._meter, **options
        )[0]
        made = with_cells(clip, Cells(~keep), DrumRoll.from_clip(new, slots=2).to_array())
        return made.with_(source=new.source, labels=new.labels, caption=prompt)

    # --- groove tools ---------------------------------------------------------------------------

    def on_groove(self, message: dict[str, Any]) -> None:
        """Use a groove tool: the message's `tool`, with `bar` (from 0) for fill, `drum` (a row) for
        add, `groove` (a number of `grooves`) for transfer, and `onsets` for tap. Marked cells
        stay."""
        tool = choice(message.get("tool"), "tool", TOOLS)
        if tool not in self.tools:
            needs = "loops: DrumGrid(clip, system, grooves=…)" if tool == "transfer" else "a system"
            self.say = f"This grid cannot {tool}; it needs {needs}."
            return
        make, said = getattr(self, f"_{tool}_job")(self.system, message)
        keep = self.keep.copy()

        def kept(clip: Clip, prompt: str, **options: Any) -> Clip:
            made = make(clip, prompt, **options)
            own, new = (DrumRoll.from_clip(c, slots=2).to_array() for c in (clip, made))
            back = keep & _changes(own, new)
            return with_cells(made, Cells(back), own) if back.any() else made

        names = {"humanise": "Humanising", "transfer": "Transferring", "tap": "Playing your taps"}
        self._run(names.get(tool, "Generating"), message, kept, said)

    def _humanise_job(self, system: Any, message: dict[str, Any]) -> Any:
        def make(clip: Clip, prompt: str, **options: Any) -> Clip:
            return system.humanise(clip, prompt=prompt, **options)[0]

        return make, lambda made, n: f"Humanised: velocity and timing of {_hits(n)} changed."

    def _fill_job(self, system: Any, message: dict[str, Any]) -> Any:
        bar = whole(message.get("bar"), "bar", 0, self.bars - 1)

        def make(clip: Clip, prompt: str, **options: Any) -> Clip:
            return system.fill(clip, bar, prompt=prompt, **options)[0]

        return make, lambda made, n: f"Bar {bar + 1} is now a fill."

    def _add_job(self, system: Any, message: dict[str, Any]) -> Any:
        drum = whole(message.get("drum"), "drum", 0, N_DRUMS - 1)

        def make(clip: Clip, prompt: str, **options: Any) -> Clip:
            return system.add(clip, DRUMS[drum], prompt=prompt, **options)[0]

        def said(made: Clip, n: int) -> str:
            count = int(DrumRoll.from_clip(made).hits[:, drum].sum())
            if not count:
                return f"The system played no {self.rows[drum]} here; try again."
            return f"The {self.rows[drum]} was added: {_hits(count)}."

        return make, said

    def _transfer_job(self, system: Any, message: dict[str, Any]) -> Any:
        at = whole(message.get("groove"), "groove", 0, len(self.grooves) - 1)

        def make(clip: Clip, prompt: str, **options: Any) -> Clip:
            return system.transfer(self.groove_clips[at], clip, **options)[0]

        return make, lambda made, n: f"{_hits(n)} took the groove of “{self.grooves[at]}”."

    def _tap_job(self, system: Any, message: dict[str, Any]) -> Any:
        onsets = listed(message.get("onsets"), "onsets", "seconds from the first beat", 1)
        beats = np.array([number(at, "onsets") for at in onsets]) * self.tempo / 60
        length = len(self._roll) / 4
        # a tap shortly before the first beat is an early hit of a loop
        beats = np.sort(beats[(beats >= -0.25) & (beats < length)] % length)
        if not len(beats):
            raise PromptError("onsets: no tap is within the loop; tap after the count-in")

        def make(clip: Clip, prompt: str, **options: Any) -> Clip:
            taps = Clip.from_notes(
                [(at, 0.1, TAPS_PITCH, TAP_VELOCITY) for at in beats.tolist()],
                tempo=clip.tempo,
                meter=clip.meter,
                beats=length,
                drums=False,
            )
            return system.tap(taps, prompt, bars=self.bars, **options)[0]

        def said(made: Clip, n: int) -> str:
            played = made.labels["request"]["taps"]
            return f"{played} of {len(onsets)} taps are played; the other drums were generated."

        return make, said


def _changes(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where two rolls (steps, 27 · slots) differ in a hit, its velocity or its timing: bool
    (steps, 9)."""
    old, new = (array.reshape(len(array), -1, 3, N_DRUMS) for array in (before, after))
    changed = (old[:, :, 0] > 0.5) != (new[:, :, 0] > 0.5)
    for channel, least in _HEARD.items():
        changed |= np.abs(old[:, :, channel] - new[:, :, channel]) > least
    return np.asarray(changed.any(1))


def _hits(n: int) -> str:
    return f"{n} hit{'' if n == 1 else 's'}"
