"""MMM: one track after the other, by bars (Ens & Pasquier 2020, arXiv 2008.06048).

    PIECE_START TRACK_START INST=0 DENSITY=3 BAR_START NOTE_ON=60 TIME_DELTA=12 NOTE_OFF=60 …
    BAR_END … TRACK_END TRACK_START …

There are twelve steps per quarter note. Tracks stay separate, also those with the same program. As
in the paper, velocity and tempo are lost: all notes are decoded with `VELOCITY`. A bar that is to
be filled is replaced by FILL_PLACEHOLDER; its content follows at the end, between FILL_START and
FILL_END.

There are two differences from the paper. Levels of density are notes per bar between fixed edges,
not quantiles of a training set. And there are bars other than 4/4, which end with a TIME_DELTA to
the bar line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import PromptError
from workbench.representations.mmm_reading import STEPS, VELOCITY, WHOLE, clip_of, tracks_of

if TYPE_CHECKING:
    from workbench.music.clip import Clip

__all__ = ["DENSITY_EDGES", "MMM", "VELOCITY", "bars_of"]

DENSITY_EDGES = (1, 2, 3, 4, 6, 8, 11, 15, 20)  # notes per bar with notes; ten levels


class MMM:
    """The encoding. `names` holds the name of each id, `size` is their number."""

    @cached_property
    def names(self) -> list[str]:
        """The name of each id."""
        names = ["PIECE_START", "TRACK_START", "TRACK_END", "BAR_START", "BAR_END"]
        names += ["FILL_PLACEHOLDER", "FILL_START", "FILL_END"]
        names += [f"INST={program}" for program in range(128)] + ["INST=DRUMS"]
        names += [f"DENSITY={level}" for level in range(len(DENSITY_EDGES) + 1)]
        names += [f"NOTE_ON={pitch}" for pitch in range(128)]
        names += [f"NOTE_OFF={pitch}" for pitch in range(128)]
        return names + [f"TIME_DELTA={steps}" for steps in range(1, WHOLE + 1)]

    @property
    def size(self) -> int:
        """Number of ids."""
        return len(self.names)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each name."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def parts(self) -> list[tuple[str, int]]:
        """Kind and number of each name; the program of the drums is 128, a missing number is 0."""
        split = (name.partition("=") for name in self.names)
        return [(kind, 128 if n == "DRUMS" else int(n or 0)) for kind, _, n in split]

    # --- clip → ids ---------------------------------------------------------------------------

    def encode(self, clip: Clip, fill: Iterable[tuple[int, int]] | None = None) -> np.ndarray:
        """Return the ids of a clip's tracks that have notes: (tokens,) int64.

        A note ends at the latest when its pitch begins again in the track, or at the clip's end.

        Args:
            clip: The clip.
            fill: Pairs (track, bar), from 0, of bars to be filled, in any order.

        Raises:
            PromptError: If a pair of `fill` does not exist.
        """
        lines = np.unique(np.round(clip.bar_lines * STEPS).astype(int))
        tracks = [track for track in clip.score.tracks if len(track.notes)]
        holes = set(fill or ())
        for track, bar in holes:
            if not (0 <= track < len(tracks) and 0 <= bar < len(lines) - 1):
                raise PromptError(
                    f"fill: ({track}, {bar}); tracks are 0 to {len(tracks) - 1}, bars 0 to "
                    f"{len(lines) - 2}"
                )
        tokens, contents = ["PIECE_START"], []
        for number, track in enumerate(tracks):
            bars, density = bars_of(track, clip.score.ticks_per_quarter, lines)
            inst = "DRUMS" if track.is_drum else track.program
            tokens += ["TRACK_START", f"INST={inst}", f"DENSITY={density}"]
            for bar, words in enumerate(bars):
                if (number, bar) in holes:
                    tokens.append("FILL_PLACEHOLDER")
                    contents += ["FILL_START", *words, "FILL_END"]
                else:
                    tokens += ["BAR_START", *words, "BAR_END"]
            tokens.append("TRACK_END")
        return np.array([self.ids[name] for name in tokens + contents], dtype=np.int64)

    # --- ids → clip ---------------------------------------------------------------------------

    def decode(self, ids: Sequence[int] | np.ndarray, tempo: float = 120.0) -> Clip:
        """Return the clip of a sequence, which may be ungrammatical.

        A NOTE_OFF without a sounding note is ignored. A NOTE_ON ends a sounding note of its pitch.
        Notes that still sound end with the piece. Events outside of bars are ignored. A bar, a
        track and a filling end where the next one begins. A track without INST is a piano.
        Placeholders without a filling are empty bars; fillings without a placeholder are ignored.

        Args:
            ids: (tokens,).
            tempo: Beats per minute of the clip.

        Raises:
            PromptError: If an id is not a token of MMM.
        """
        ids = np.asarray(ids, dtype=np.int64)
        wrong = ids[(ids < 0) | (ids >= self.size)]
        if len(wrong):
            raise PromptError(f"id {wrong[0]} is not a token of the {self.size} of MMM")
        return clip_of(tracks_of([self.parts[i] for i in ids]), tempo)


def bars_of(track: Any, tpq: int, lines: np.ndarray) -> tuple[list[list[str]], int]:
    """Return the tokens of each bar of a symusic track, and its level of density.

    tpq: ticks per quarter note. lines: (bars + 1,), the steps at which bars begin and the last one
    ends.
    """
    columns = track.notes.numpy()
    start = np.round(columns["time"] * STEPS / tpq).astype(int)
    stop = np.round((columns["time"] + columns["duration"]) * STEPS / tpq).astype(int)
    stop = np.maximum(stop, start + 1)
    pitch = columns["pitch"].astype(int)
    order = np.lexsort((-stop, start, pitch))
    start, stop, pitch = start[order], stop[order], pitch[order]
    again = np.diff(pitch) == 0
    once = np.concatenate([[True], ~again | (np.diff(start) > 0)])  # of equal notes, the longest
    start, stop, pitch = start[once], stop[once], pitch[once]
    again = np.diff(pitch) == 0
    stop[:-1] = np.where(again, np.minimum(stop[:-1], start[1:]), stop[:-1])
    ons = np.stack([start, np.ones_like(start), pitch], axis=1)
    offs = np.stack([stop, np.zeros_like(stop), pitch], axis=1)
    events = np.concatenate([ons, offs[stop < lines[-1]]])
    events = events[events[:, 0] < lines[-1]]
    events = events[np.lexsort((events[:, 2], events[:, 1], events[:, 0]))]  # NOTE_OFFs come first
    bar = np.searchsorted(lines, events[:, 0], side="right") - 1
    words = [
        _words(events[bar == number], int(begin), int(end))
        for number, (begin, end) in enumerate(pairwise(lines))
    ]
    played = events[:, 1] == 1
    per_bar = played.sum() / max(1, len(np.unique(bar[played])))
    return words, int(np.searchsorted(DENSITY_EDGES, per_bar, side="right"))


def _words(events: np.ndarray, begin: int, end: int) -> list[str]:
    """Return the tokens of rows (step, is on, pitch) of one bar."""
    words, now = [], begin
    for step, on, pitch in events.tolist():
        words += [*_wait(step - now), f"NOTE_{'ON' if on else 'OFF'}={pitch}"]
        now = step
    return words if end - begin == WHOLE else words + _wait(end - now)


def _wait(steps: int) -> list[str]:
    whole, rest = divmod(steps, WHOLE)
    return [f"TIME_DELTA={WHOLE}"] * whole + ([f"TIME_DELTA={rest}"] if rest else [])
