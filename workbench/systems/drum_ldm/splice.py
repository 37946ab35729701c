"""Insert drum hits into a score; every other event stays unchanged.

A drum roll has one hit per cell and nine voices. The clip's own score also holds what a roll does
not represent: other tracks, flams, other percussion, the tempo map, controllers. New cells
therefore replace the hits of these cells in that score, and in its file if there is one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workbench.late import late
from workbench.music.channel import note_events
from workbench.music.columns import add_notes, columns_of, picked
from workbench.music.kit import DRUMS, WRITE_PITCH, read_lookup
from workbench.music.timeline import needs_one_meter
from workbench.representations.drum_chart import bar_steps
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.splicing import needs_score, with_fine_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.music.clip import Clip
    from workbench.systems.region import Region

symusic = late("symusic")

STEP = 0.25  # quarter notes per cell
_LENGTH = 0.1  # quarter notes; drum notes need some duration in a file


class Cells(NamedTuple):
    """Cells to replace: bool (steps, 9), and the range of the new hits in quarter notes, None if
    the cells alone define it."""

    mask: np.ndarray
    span: tuple[float, float] | None = None


def in_whole_bars(
    clip: Clip, name: str = "clip", meters: Sequence[tuple[int, int]] = ((4, 4),)
) -> tuple[Clip, int]:
    """Return a score extended to whole bars, and their number. meters: those that are allowed.
    Raises PromptError for a waveform, for other metres and for a change of metre."""
    needs_score(clip, name)
    needs_one_meter(clip, name, meters)
    bar = bar_steps(clip.meter) / 4
    bars = max(1, math.ceil(round(clip.beats / bar, 2)))
    return (clip if clip.beats == bar * bars else clip.with_(beats=bar * bars)), bars


def cells_of(clip: Clip, region: Region, steps: int) -> Cells:
    """Return the cells that a region replaces. A hit slightly before a bar line belongs to the bar
    after it in the roll and to the bar before it in time. If one of these bars is not replaced, the
    hit and its cell stay."""
    mask = region.cell_mask(clip, steps)
    if region.cells is not None:
        return Cells(mask)
    begin, end = region.beat_range(clip)
    for track in _drum_tracks(clip.score):
        beats, cell, drum = _places(track, clip.score.tpq, steps)
        outside = (cell >= 0) & ((beats < begin - 1e-9) | (beats >= end - 1e-9))
        mask[cell[outside], drum[outside]] = False
    return Cells(mask, (begin, end))


def with_cells(clip: Clip, cells: Cells, roll: np.ndarray) -> Clip:
    """Return the clip with its hits in these cells replaced by those of a roll (steps, 27 · slots).

    New hits use the clip's own pitch for that voice, on the track that plays it most. Early hits of
    the first beat go to the end of a loop, as in `DrumRoll.to_notes`, and to the first beat of a
    clip that is not a loop.
    """
    loop, clip = clip.anticipation, with_fine_ticks(clip)
    score: Any = clip.score.copy()
    steps, tpq = len(roll), score.tpq
    drum_tracks = _drum_tracks(score)
    if not drum_tracks:
        score.tracks.append(symusic.Track(name="Drums", is_drum=True, ttype="tick"))
        drum_tracks = [score.tracks[-1]]
    played = np.zeros((len(drum_tracks), 128), np.int64)  # how often a track plays a pitch
    for row, track in enumerate(drum_tracks):
        columns = columns_of(track)
        played[row] = np.bincount(columns["pitch"], minlength=128)
        _, cell, drum = _places(track, tpq, steps)
        stays = (cell < 0) | ~cells.mask[cell, drum]
        track.notes = note_events(**picked(columns, stays))
    replaced = np.tile(cells.mask, (1, roll.shape[1] // len(DRUMS)))
    ticks, drums, velocity = _hits(np.where(replaced, roll, 0), tpq)
    begin, end = (math.ceil(beat * tpq - 1e-6) for beat in cells.span or (0, steps * STEP))
    if loop and (begin, end) == (0, round(steps * STEP * tpq)):
        ticks = np.where(ticks < 0, ticks + end, ticks)
    ticks = np.clip(ticks, begin, max(end - 1, begin))
    voices = read_lookup()
    for voice, code in enumerate(DRUMS):
        own = drums == voice
        if not own.any():
            continue
        counts = np.where(voices == voice, played, 0)
        row, pitch = divmod(int(counts.argmax()), 128)
        if not counts.any():
            row, pitch = int(played.sum(1).argmax()), WRITE_PITCH[code]
        _add(drum_tracks[row], ticks[own], pitch, velocity[own], max(round(_LENGTH * tpq), 1))
    return clip.with_score(score).with_(anticipation=loop)


def with_touch(clip: Clip, roll: np.ndarray) -> Clip:
    """Return the clip with velocity and onset of its hits from a roll that has the same hits.

    roll: (steps, 27 · slots). Every note keeps its pitch, track and length. Hits of a cell beyond
    those of the roll move with its loudest one. Early hits of the first beat go to the end of a
    loop.
    """
    loop, clip = clip.anticipation, with_fine_ticks(clip)
    score: Any = clip.score.copy()
    steps, tpq = len(roll), score.tpq
    end = round(steps * STEP * tpq)
    after = DrumRoll.from_array(roll)
    before = DrumRoll.from_clip(clip, slots=1 if after.second is None else 2)
    for track in _drum_tracks(score):
        columns = columns_of(track)
        beats, cell, drum = _places(track, tpq, steps)
        shown = cell >= 0
        at = cell[shown], drum[shown]
        position = beats[shown] / STEP
        shift, gain = _change(before, after, at)
        if before.second is not None and after.second is not None:
            offset = position - np.floor(position + 0.5)
            nearer = np.abs(offset - before.second.offset[at]) < np.abs(offset - before.offset[at])
            is_second = before.second.hits[at] & nearer
            second_shift, second_gain = _change(before.second, after.second, at)
            shift = np.where(is_second, second_shift, shift)
            gain = np.where(is_second, second_gain, gain)
        ticks = np.rint((position + shift) * STEP * tpq).astype(np.int64)
        columns["time"][shown] = ticks % end if loop else np.clip(ticks, 0, end - 1)
        velocity = np.rint(columns["velocity"][shown] * gain)
        columns["velocity"][shown] = np.clip(velocity, 1, 127).astype(np.int64)
        order = np.argsort(columns["time"], kind="stable")
        track.notes = note_events(**picked(columns, order))
    return clip.with_score(score).with_(anticipation=loop)


def _change(
    before: DrumRoll, after: DrumRoll, at: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return by how many steps hits move, and the factor on their velocity."""
    shift = after.offset[at].astype(np.float64) - before.offset[at]
    return shift, after.velocity[at] / np.maximum(before.velocity[at], 1 / 127)


def left_out(clip: Clip, slots: int = 1) -> str:
    """Describe, with counts, the notes of a clip that a drum roll of so many slots cannot hold; ""
    if it holds all."""
    notes = clip.notes
    drums = notes[notes["is_drum"]]
    voiced = int((read_lookup()[drums["pitch"]] >= 0).sum())
    roll = DrumRoll.from_clip(clip, slots=slots)
    hits = int(roll.hits.sum()) + (int(roll.second.hits.sum()) if roll.second is not None else 0)
    parts = (
        (len(notes) - len(drums), "of other instruments"),
        (len(drums) - voiced, "of percussion outside the nine voices"),
        (voiced - hits, "that share a cell with louder ones"),
    )
    return ", ".join(f"{count} {what}" for count, what in parts if count > 0)


def _drum_tracks(score: Any) -> list[Any]:
    return [track for track in score.tracks if track.is_drum]


def _places(track: Any, tpq: int, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return onset in quarter notes, cell and voice of each note of a drum track; cell is −1 for a
    note outside a roll of `steps` steps."""
    columns = track.notes.numpy()
    beats = columns["time"] / tpq
    cell = (beats / STEP + 0.5).astype(np.int64)
    drum = read_lookup()[columns["pitch"]].astype(np.int64)
    shown = (cell <= steps) & (drum >= 0)
    return beats, np.where(shown, cell % steps, -1), drum


def _hits(roll: np.ndarray, tpq: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return onset in ticks (negative for early hits of cell 0), voice and velocity of a roll's
    hits, second hits of cells last."""
    first = DrumRoll.from_array(roll)
    parts = []
    for grid in (first, first.second):
        if grid is None:
            continue
        step, drum = np.nonzero(grid.hits)
        ticks = np.rint((step + grid.offset[step, drum].astype(np.float64)) * STEP * tpq)
        velocity = np.clip(np.rint(grid.velocity[step, drum] * 127), 1, 127)
        parts.append((ticks.astype(np.int64), drum, velocity.astype(np.int64)))
    ticks, drums, velocities = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return ticks, drums, velocities


def _add(track: Any, ticks: np.ndarray, pitch: int, velocity: np.ndarray, length: int) -> None:
    """Add notes of one pitch to a track; a note at the onset of an existing one is dropped."""
    there = columns_of(track)
    there = picked(there, there["pitch"] == pitch)
    ticks, first = np.unique(ticks, return_index=True)
    new = {"time": ticks, "velocity": velocity[first], "pitch": np.full(len(ticks), pitch)}
    new = picked(new, ~np.isin(ticks, there["time"]))
    begin, end = there["time"], there["time"] + there["duration"]
    onset = new["time"][:, None]
    struck = np.where(np.r_[begin, ticks] > onset, np.r_[begin, ticks], onset + length).min(1)
    held = np.where((begin < onset) & (onset < end), end, 0).max(1, initial=0)
    # under a sustained note the first note-off would end that note, so both end with it
    new["duration"] = np.maximum(np.minimum(struck, onset[:, 0] + length), held) - new["time"]
    add_notes(track, new)
