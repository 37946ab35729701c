"""MMM: one track after the other, in bars (Ens & Pasquier 2020, arXiv 2008.06048).

    PIECE_START TRACK_START INST=0 DENSITY=3 BAR_START NOTE_ON=60 TIME_DELTA=12 NOTE_OFF=60 …
    BAR_END … TRACK_END TRACK_START …

Twelve steps a beat. Tracks stay apart, also those of one program. As in the paper velocity is lost
(all notes come back at `VELOCITY`) and so is tempo. To have bars filled, each is replaced by
FILL_PLACEHOLDER; its contents follow at the end, between FILL_START and FILL_END.

Where this differs from the paper: levels of density are notes a bar at fixed edges, not quantiles
of a training set; and there are bars other than 4/4, which end with a TIME_DELTA to their end.
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

DENSITY_EDGES = (1, 2, 3, 4, 6, 8, 11, 15, 20)  # notes a bar that has notes; ten levels


class MMM:
    """The encoding. names: what each id is called; size: how many there are."""

    @cached_property
    def names(self) -> list[str]:
        names = ["PIECE_START", "TRACK_START", "TRACK_END", "BAR_START", "BAR_END"]
        names += ["FILL_PLACEHOLDER", "FILL_START", "FILL_END"]
        names += [f"INST={program}" for program in range(128)] + ["INST=DRUMS"]
        names += [f"DENSITY={level}" for level in range(len(DENSITY_EDGES) + 1)]
        names += [f"NOTE_ON={pitch}" for pitch in range(128)]
        names += [f"NOTE_OFF={pitch}" for pitch in range(128)]
        return names + [f"TIME_DELTA={steps}" for steps in range(1, WHOLE + 1)]

    @property
    def size(self) -> int:
        return len(self.names)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each name."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def parts(self) -> list[tuple[str, int]]:
        """Each name's kind and number; the drums' program is 128, no number is 0."""
        split = (name.partition("=") for name in self.names)
        return [(kind, 128 if n == "DRUMS" else int(n or 0)) for kind, _, n in split]

    # --- clip → ids ---------------------------------------------------------------------------

    def encode(self, clip: Clip, fill: Iterable[tuple[int, int]] | None = None) -> np.ndarray:
        """The ids of a clip's tracks that have notes: (tokens,) int64.

        fill: (track, bar) pairs, from 0 on, in any order, of bars to be filled. A pitch that
        begins again in its track ends what sounds of it; notes ring to the clip's end at most.
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
        said, contents = ["PIECE_START"], []
        for number, track in enumerate(tracks):
            bars, density = bars_of(track, clip.score.ticks_per_quarter, lines)
            inst = "DRUMS" if track.is_drum else track.program
            said += ["TRACK_START", f"INST={inst}", f"DENSITY={density}"]
            for bar, words in enumerate(bars):
                if (number, bar) in holes:
                    said.append("FILL_PLACEHOLDER")
                    contents += ["FILL_START", *words, "FILL_END"]
                else:
                    said += ["BAR_START", *words, "BAR_END"]
            said.append("TRACK_END")
        return np.array([self.ids[name] for name in said + contents], dtype=np.int64)

    # --- ids → clip ---------------------------------------------------------------------------

    def decode(self, ids: Sequence[int] | np.ndarray, tempo: float = 120.0) -> Clip:
        """The clip that a sequence says, broken ones too; PromptError for ids there are not.

        A NOTE_OFF of what does not sound is skipped; a NOTE_ON of what sounds ends it first; what
        sounds at the end ends with the piece. Events outside bars are skipped. A bar, a track and
        a filling end where the next one begins. A track without INST is a piano. Placeholders
        without a filling are empty bars, fillings without a placeholder are left out.
        """
        ids = np.asarray(ids, dtype=np.int64)
        wrong = ids[(ids < 0) | (ids >= self.size)]
        if len(wrong):
            raise PromptError(f"id {wrong[0]} is not a token of the {self.size} of MMM")
        return clip_of(tracks_of([self.parts[i] for i in ids]), tempo)


def bars_of(track: Any, tpq: int, lines: np.ndarray) -> tuple[list[list[str]], int]:
    """The words of each bar of a symusic track, and its level of density.

    lines: (bars + 1,) the steps at which bars begin and the last one ends.
    """
    columns = track.notes.numpy()
    start = np.round(columns["time"] * STEPS / tpq).astype(int)
    stop = np.round((columns["time"] + columns["duration"]) * STEPS / tpq).astype(int)
    stop = np.maximum(stop, start + 1)
    pitch = columns["pitch"].astype(int)
    order = np.lexsort((-stop, start, pitch))
    start, stop, pitch = start[order], stop[order], pitch[order]
    again = np.diff(pitch) == 0
    once = np.concatenate([[True], ~again | (np.diff(start) > 0)])  # the longest of equal ones
    start, stop, pitch = start[once], stop[once], pitch[once]
    again = np.diff(pitch) == 0
    stop[:-1] = np.where(again, np.minimum(stop[:-1], start[1:]), stop[:-1])
    ons = np.stack([start, np.ones_like(start), pitch], axis=1)
    offs = np.stack([stop, np.zeros_like(stop), pitch], axis=1)
    events = np.concatenate([ons, offs[stop < lines[-1]]])
    events = events[events[:, 0] < lines[-1]]
    events = events[np.lexsort((events[:, 2], events[:, 1], events[:, 0]))]  # offs come first
    bar = np.searchsorted(lines, events[:, 0], side="right") - 1
    words = [
        _words(events[bar == number], int(begin), int(end))
        for number, (begin, end) in enumerate(pairwise(lines))
    ]
    played = events[:, 1] == 1
    a_bar = played.sum() / max(1, len(np.unique(bar[played])))
    return words, int(np.searchsorted(DENSITY_EDGES, a_bar, side="right"))


def _words(events: np.ndarray, begin: int, end: int) -> list[str]:
    """Rows (step, is on, pitch) of one bar as words."""
    words, now = [], begin
    for step, on, pitch in events.tolist():
        words += [*_wait(step - now), f"NOTE_{'ON' if on else 'OFF'}={pitch}"]
        now = step
    return words if end - begin == WHOLE else words + _wait(end - now)


def _wait(steps: int) -> list[str]:
    whole, rest = divmod(steps, WHOLE)
    return [f"TIME_DELTA={WHOLE}"] * whole + ([f"TIME_DELTA={rest}"] if rest else [])
