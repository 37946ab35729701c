"""Drum rolls: nine drums on a grid; each cell has a hit, its velocity and its microtiming.

A loop becomes three arrays of shape (steps, 9): *hits* (a drum is struck in this cell),
*velocity* (how hard, 0 to 1) and *offset* (how far from the grid line, in steps, −0.5 to 0.5).
Notebook: `notebooks/01_eda.ipynb`.

The offset represents triplets on the grid of sixteenths: the second note of an eighth-note triplet
is in cell 1 with offset +1/3, the third in cell 3 with offset −1/3. A cell may contain two hits of
one drum: in flams, drags and sixteenth triplets, and if the foot closes the hi-hat while the stick
hits it. With `slots=2` the softer hit is in a second roll, `DrumRoll.second`; otherwise it is left
out.

A loop has no end: a hit just before the end that belongs to the next downbeat is in cell 0 with a
negative offset. A clip of the roll has it at its end again (`Clip.anticipation`), which is right
for a player that loops. A MIDI file, which does not loop, has the hit at its start.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.arguments import number, whole
from workbench.errors import PromptError
from workbench.music.clip import MOST_BEATS, Clip, clip_of, clips_of
from workbench.music.kit import DRUMS, WRITE_PITCH, read_lookup
from workbench.music.midi import read_columns
from workbench.music.notes import NOTE
from workbench.music.timeline import main_meter, main_tempo, natural_beats, other_meters

N_DRUMS = len(DRUMS)
SAME = 0.02  # steps; two hits of one drum within this distance are one hit
MOST_STEPS = 960  # per beat, the resolution of the finest sequencers
CHANNELS = 3 * N_DRUMS  # hits, velocity, offset
_PITCHES = np.array([WRITE_PITCH[code] for code in DRUMS], dtype=np.int16)
_NOTE_BEATS = 0.1  # duration of a note: drums have none, but players need one


@dataclass
class DrumRoll:
    """A drum loop on a grid.

    Args:
        hits: (steps, 9) bool.
        velocity: (steps, 9) float32, 0 to 1, zero where there is no hit.
        offset: (steps, 9) float32 in steps, −0.5 ≤ offset < 0.5, zero where there is no hit.
        tempo: Beats per minute.
        steps_per_beat: Steps per quarter note.
        meter: Metre of the bars, which the arrays do not contain.
        second: The softer hits of cells with two hits; None if they are left out.
    """

    hits: np.ndarray
    velocity: np.ndarray
    offset: np.ndarray
    tempo: float = 120.0
    steps_per_beat: int = 4
    meter: tuple[int, int] = (4, 4)
    second: DrumRoll | None = None

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.hits)

    @property
    def beats(self) -> float:
        """Length in quarter notes."""
        return self.steps / self.steps_per_beat

    @classmethod
    def from_notes(
        cls,
        notes: np.ndarray,
        beats: float,
        *,
        tempo: float = 120.0,
        steps_per_beat: int = 4,
        slots: int = 1,
    ) -> DrumRoll:
        """Return the roll of a note array.

        Of several hits of one drum in one cell, the loudest is used; with `slots=2` the loudest of
        the others is in `second`. Pitches outside the read map and notes after the end are left
        out.

        Args:
            notes: Structured array (notes,) with fields time (quarter notes), pitch and velocity.
            beats: Length in quarter notes.
            tempo: Beats per minute.
            steps_per_beat: Steps per quarter note, 1 to 960.
            slots: Hits of one drum per cell, 1 or 2.
        """
        slots = whole(slots, "slots", 1, 2)
        steps_per_beat = whole(steps_per_beat, "steps_per_beat", 1, MOST_STEPS)
        steps = round(number(beats, "beats", 0, MOST_BEATS) * steps_per_beat)
        time = notes["time"]
        if (time[1:] < time[:-1]).any():
            notes = notes[np.argsort(time, kind="stable")]
        position = notes["time"] * steps_per_beat
        hits, velocity, offset = _grid(position, notes["pitch"], notes["velocity"], steps)
        offset = np.minimum(offset, np.float32(0.499999))  # float32 could round it up to a half
        roll = cls(hits, velocity, offset, tempo, steps_per_beat)
        if slots == 2:
            rest = notes[roll._not_kept(position, notes["pitch"])]
            roll.second = cls.from_notes(rest, beats, tempo=tempo, steps_per_beat=steps_per_beat)
        return roll

    def _not_kept(self, position: np.ndarray, pitch: np.ndarray) -> np.ndarray:
        """Return which notes at these positions (in steps) are not the hit of their cell: bool
        (notes,)."""
        cell, drum = (position + 0.5).astype(np.int64), read_lookup()[pitch]
        inside = (position >= -0.5) & (cell <= self.steps) & (drum >= 0)
        kept = self.offset[cell % max(self.steps, 1), drum] if self.steps else np.zeros(len(cell))
        return inside & (np.abs(position - cell - kept) > SAME)

    @classmethod
    def read(cls, path: str | os.PathLike[str], steps_per_beat: int = 4) -> DrumRoll:
        """Return the roll of a MIDI file, the same as `from_clip(Clip.read_midi(path))` but faster,
        for large collections. Raises the errors of `Clip.read_midi`."""
        steps_per_beat = whole(steps_per_beat, "steps_per_beat", 1, MOST_STEPS)
        score, columns = read_columns(path)
        played = [
            (track.is_drum, notes)
            for track, notes in zip(score.tracks, columns, strict=True)
            if len(notes["time"])
        ]
        ends = [int(notes["time"][i]) for _, notes in played for i in (0, -1)]
        music = np.zeros(2 if ends else 0, dtype=[("time", "f8")])  # the first note and the last
        if ends:
            music["time"] = min(ends) / score.tpq, max(ends) / score.tpq
        time, pitch, velocity = _joined([notes for is_drum, notes in played if is_drum])
        steps = round(natural_beats(score, music) * steps_per_beat)
        arrays = _grid(time / score.tpq * steps_per_beat, pitch, velocity, steps)
        tempo, meter = round(main_tempo(score, music), 3), main_meter(score, music)
        return cls(*arrays, tempo, steps_per_beat, meter)

    @classmethod
    def from_clip(cls, clip: Clip, steps_per_beat: int = 4, slots: int = 1) -> DrumRoll:
        """Return the roll of a clip's drum notes; without drum notes it is empty."""
        notes = clip_of(clip).notes
        drums = notes[notes["is_drum"]]
        roll = cls.from_notes(
            drums, clip.beats, tempo=clip.tempo, steps_per_beat=steps_per_beat, slots=slots
        )
        roll.meter = clip.meter
        return roll

    @classmethod
    def from_array(
        cls, array: np.ndarray, *, tempo: float = 120.0, steps_per_beat: int = 4
    ) -> DrumRoll:
        """Return the roll of an array (steps, 27) of hits, velocity and offset, or (steps, 54) with
        second hits. Values above ½ are hits. Raises PromptError for another shape."""
        if array.ndim != 2 or array.shape[1] not in (CHANNELS, 2 * CHANNELS):
            raise PromptError(
                f"array: shape {array.shape} is not a drum roll; give (steps, {CHANNELS}) or, with "
                f"second hits, (steps, {2 * CHANNELS})"
            )
        array, rest = array[:, :CHANNELS], array[:, CHANNELS:]
        hits = array[:, :N_DRUMS] > 0.5
        velocity = np.clip(array[:, N_DRUMS : 2 * N_DRUMS], 1 / 127, 1) * hits
        offset = np.clip(array[:, 2 * N_DRUMS :], -0.5, np.nextafter(np.float32(0.5), 0)) * hits
        roll = cls(
            hits, velocity.astype(np.float32), offset.astype(np.float32), tempo, steps_per_beat
        )
        if rest.shape[1]:
            both = rest.copy()
            both[:, :N_DRUMS] *= hits  # a second hit needs a first one
            roll.second = cls.from_array(both, tempo=tempo, steps_per_beat=steps_per_beat)
        return roll

    def to_array(self) -> np.ndarray:
        """Return hits, velocity and offset as an array (steps, 27) float32, or (steps, 54) with
        second hits."""
        parts = [self.hits, self.velocity, self.offset]
        if self.second is not None:
            parts += [self.second.hits, self.second.velocity, self.second.offset]
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def to_notes(self) -> np.ndarray:
        """Return a note array (dtype NOTE) on the kit's write pitches, sorted by time, then
        pitch."""
        notes = self._first_notes()
        if self.second is not None:
            notes = np.concatenate([notes, self.second.to_notes()])
        return notes[np.lexsort((notes["pitch"], notes["time"]))]

    def _first_notes(self) -> np.ndarray:
        """Return the notes of the first hits."""
        step, drum = np.nonzero(self.hits)
        notes = np.zeros(len(step), dtype=NOTE)
        time = (step + self.offset[step, drum].astype(np.float64)) / self.steps_per_beat
        notes["time"] = np.where(time < 0, time + self.beats, time)
        notes["duration"] = _NOTE_BEATS
        notes["pitch"] = _PITCHES[drum]
        notes["velocity"] = np.clip(np.rint(self.velocity[step, drum] * 127), 1, 127)
        notes["is_drum"] = True
        return notes

    def to_clip(self, caption: str = "", source: str = "", labels: dict | None = None) -> Clip:
        """Return a clip of the same length and tempo on the kit's write pitches."""
        return Clip.from_notes(
            self.to_notes(),
            tempo=self.tempo,
            meter=self.meter,
            beats=self.beats,
            drums=True,
            caption=caption,
            source=source,
            labels=labels or {},
            anticipation=0.5 / self.steps_per_beat,
        )


def _joined(tracks: list[dict[str, np.ndarray]]) -> list[np.ndarray]:
    """Return onsets (ticks), pitches and velocities of all tracks, sorted by onset: (notes,)
    each."""
    fields = ("time", "pitch", "velocity")
    if len(tracks) == 1:
        return [tracks[0][name] for name in fields]
    if not tracks:
        return [np.zeros(0, np.int32) for _ in fields]
    joined = [np.concatenate([notes[name] for notes in tracks]) for name in fields]
    order = np.argsort(joined[0], kind="stable")
    return [column[order] for column in joined]


def _grid(
    position: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hits, velocity and offset, each (steps, 9), of notes at ascending positions in
    steps."""
    level, offset = np.zeros((2, steps, N_DRUMS), dtype=np.float32)
    if not steps or not len(position):
        return level > 0, level, offset
    cell = (position + 0.5).astype(np.int64)  # rounds down what is not negative
    drum = read_lookup()[pitch]
    if position[0] < -0.5 or cell[-1] > steps or drum.min() < 0:
        kept = (position >= -0.5) & (cell <= steps) & (drum >= 0)
        position, velocity, cell, drum = (a[kept] for a in (position, velocity, cell, drum))
    place = cell * N_DRUMS + drum
    # The last write to a cell remains: it must be the louder hit, or the earlier of two equally
    # loud ones.
    order = velocity[::-1].argsort(kind="stable")
    if len(cell) and cell[-1] == steps:
        # The last half step belongs to the next downbeat; a note on the downbeat itself has
        # priority.
        order = order[(cell[::-1][order] != steps).argsort(kind="stable")]
        place %= steps * N_DRUMS
    place = place[::-1][order]
    level.reshape(-1)[place] = (velocity / np.float32(127))[::-1][order]
    offset.reshape(-1)[place] = (position - cell)[::-1][order]
    return level > 0, level, offset


def rolls_of(clips: Sequence[Clip], steps_per_beat: int = 4, slots: int = 1) -> np.ndarray:
    """Stack the rolls of clips of equal length: (n, steps, 27 · slots) float32. Warns of metres
    other than 4/4, because the stack has no metre, and measures of rhythm count 16 steps as a bar.
    Raises PromptError if the lengths differ."""
    clips = clips_of(clips)
    if others := sorted({other for clip in clips if (other := other_meters(clip))}):
        warnings.warn(
            f"clips: some have bars of {', '.join(others)}, which a stack of rolls does not "
            "contain; systems and measures of rhythm count them as bars of 4/4",
            UserWarning,
            stacklevel=2,
        )
    arrays = [DrumRoll.from_clip(clip, steps_per_beat, slots).to_array() for clip in clips]
    if len({len(array) for array in arrays}) > 1:
        raise PromptError("clips: lengths differ; cut them with datasets.cut_loops(clips, bars=…)")
    return np.stack(arrays) if arrays else np.zeros((0, 0, CHANNELS * slots), np.float32)


def tile(array: np.ndarray, steps: int) -> np.ndarray:
    """Repeat or cut a roll (steps, channels) to `steps` steps, as the drum paper does with short
    loops."""
    repeats = -(-steps // len(array))
    return np.tile(array, (repeats, 1))[:steps]
