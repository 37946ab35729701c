"""Controls as a rule: tokens that would leave the requested class cannot be sampled.

A network that reads controls follows few of them after little training. So the rule for valid
tokens keeps them, too, and the network chooses among what is left:

    density    at each place a track has begun about its share of the bar's notes, and never more
               than the class allows; a track that shall be silent does not begin
    polyphony  the mean number of notes struck together stays in the class
    register   the mean pitch stays in the class
    length     more than half of the notes have a length of the class, and none of the track's
               notes is struck again while it sounds
    chord      its three notes come first, and then have four fifths of the sound

For a track whose density is left free, the fewest and the most positions may be given, and the most
notes: at each place it strikes further notes together only up to about its share of them. The
fewest count in a bar after one in which the track was silent, so that it may rest, but not stop.

A rule counts what it cannot forbid: where nothing else is left, the grammar alone decides. It is
exact for vocabularies whose pitches are tokens of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from workbench.representations.controls import CHORDS, FREE, KINDS, LIMITS, SILENT, TRIADS, Classes
from workbench.representations.grammar import PROGRAMS, HoleRule, TokenGrammar
from workbench.representations.tokens import END, Vocabulary, value_of

SIXTEENTH, BEAT = 3, 12  # twelfths of a beat
MANY = 8  # positions more than the lower limit of the highest density, so that no wall is written
NOTHING = (0.0, 1.0)  # density of a silent track
Limits = dict[str, tuple[float, float]]  # of a class: lowest value, and the first one above it


def _limits(wishes: Sequence[int], usual: Sequence[int]) -> Limits:
    """Return the limits of a track in a bar; of what is requested, it has at least one position.
    wishes: the class of each kind. usual: fewest and most positions, and most notes, if no density
    is requested, 0 for any number."""
    found = {k: limits_of(k, wish) for k, wish in zip(KINDS, wishes, strict=True) if wish != FREE}
    low, high = found.get("density", (usual[0], usual[1] + 1 if usual[1] else np.inf))
    if found and (low, high) != NOTHING:
        low = max(1, low)
    if usual[2] and not {"density", "polyphony"} & {*found}:
        found["notes"] = (0, usual[2])
    return found | {"density": (low, high)}


def limits_of(kind: str, number: int) -> tuple[float, float]:
    """Return the values of a class: (lowest, first one above)."""
    if number == SILENT:
        return NOTHING
    highest = LIMITS[kind][-1]
    edges = (0.0, *LIMITS[kind], highest + MANY if kind == "density" else np.inf)
    return edges[number], edges[number + 1]


class ControlTables:
    """What each piece of a vocabulary does to the controls, as arrays (size,) or (PROGRAMS,
    size)."""

    def __init__(self, grammar: TokenGrammar, vocabulary: Vocabulary) -> None:
        v = vocabulary
        self.events = [[_event(v.names[base]) for base in piece] for piece in v.pieces]
        # programs at the current position
        self.begun = np.ascontiguousarray(grammar.onsets.begun.numpy().T > 0)
        self.places = np.zeros((PROGRAMS, v.size), dtype=int)  # positions in which they begin later
        self.notes = np.zeros((PROGRAMS, v.size), dtype=int)
        self.pitch, self.beats = np.full(v.size, np.nan), np.full(v.size, np.nan)
        for i, events in enumerate(self.events):
            self._add(i, events)
        bar, first = grammar.bar.numpy(), grammar.first_position.numpy()
        self.opening = np.where(bar, self.places, 0)  # the same in the bar that it begins
        self.places[:, bar] = 0
        self.to = np.where(bar, -1, first)  # where it moves in this bar, or −1
        self.opens = np.where(bar, first, -1)  # and in the next one
        self.ends = bar | (np.arange(v.size) == END)  # leaves the bar
        self.moves, self.opening_bar = self.to >= 0, self.opens >= 0
        self.met = self.begun + self.places  # positions of a track that does not play here
        self.any_begun = self.begun.any(0)
        self.together = self.notes - self.places  # notes that share a position with others
        # pieces that begin a note, move or leave the bar: all others leave densities as they are
        self.counts = self.notes.any(0) | self.moves | self.opening_bar | self.ends

    def _add(self, i: int, events: Sequence[tuple[str, float]]) -> None:
        begun: set[int] = set()
        moved = False
        for kind, value in events:
            if kind == "Program":
                self.notes[int(value), i] += 1
            if kind == "Position":
                moved, begun = True, set()
            elif kind == "Program" and moved and int(value) not in begun:
                begun.add(int(value))
                self.places[int(value), i] += 1
            elif kind == "Pitch" and np.isnan(self.pitch[i]):
                self.pitch[i] = value
            elif kind == "Duration" and np.isnan(self.beats[i]):
                self.beats[i] = value


def _event(name: str) -> tuple[str, float]:
    """Return the type of a base token and its value; a program is counted from the drums."""
    kind = name.partition("_")[0]
    return kind, value_of(name) + (kind == "Program")


@dataclass
class _Track:
    """What a track has played in the current bar."""

    positions: int = 0
    notes: int = 0
    here: int = 0  # notes at the current position
    tuned: int = 0
    pitches: float = 0.0  # their sum
    fitting: int = 0  # notes whose length is in the class
    others: int = 0


@dataclass
class _Bar:
    """What a stream has played in the current bar."""

    number: int = -1
    before: set[int] | None = None  # programs that played in the bar before; None in the first bar
    start: int = 0  # in positions from the first bar
    position: int = 0
    program: int = -1
    tracks: dict[int, _Track] = field(default_factory=dict)
    heard: set[int] = field(default_factory=set)  # pitch classes
    last: int = 0  # the pitch of the last note
    ends: dict[tuple[int, int], float] = field(default_factory=dict)  # by program and pitch
    inside: float = 0.0  # beats of the chord
    outside: float = 0.0


class ControlRule(HoleRule):
    """A `HoleRule` that keeps controls.

    Args:
        tables: Of the vocabulary.
        classes: What is requested for each bar and track of the hole.
        grammar, n, metres, programs: As for `HoleRule`; `programs` in the order of the tracks.
        names: Names of the base tokens.
        usual: Fewest and most positions, and most notes, of each track in each bar where no density
            is requested, (bars, tracks, 3); 0 for any number.
        **more: As for `HoleRule`.
    """

    def __init__(
        self,
        tables: ControlTables,
        classes: Classes,
        grammar: TokenGrammar,
        n: int,
        metres: Sequence[int],
        programs: Sequence[int],
        names: Sequence[str],
        *,
        usual: np.ndarray | None = None,
        **more: Any,
    ) -> None:
        self.tables = tables
        self.state = [_Bar() for _ in range(n)]
        numbers = [int(names[base].split("_")[1]) + 1 for base in programs]
        if usual is None:
            usual = np.zeros((*classes.tracks.shape[:2], 3), dtype=int)
        self.limits: list[dict[int, Limits]] = [
            dict(zip(numbers, map(_limits, tracks, habits), strict=True))
            for tracks, habits in zip(classes.tracks.tolist(), usual.tolist(), strict=True)
        ]
        self.chords = [_pitch_classes(chord) for chord in classes.chords.tolist()]
        self.tuned = any(numbers)  # 0: the drums
        kinds = {kind for bar in self.limits for limits in bar.values() for kind in limits}
        self.wished = bool(kinds - {"density", "notes"}) or any(self.chords)
        self.least = [  # the fewest positions of each track that has to play
            {program: own["density"][0] for program, own in bar.items() if own["density"][0] > 0}
            for bar in self.limits
        ]
        self.usual = [  # the tracks for which nothing is requested
            {n for n, wishes in zip(numbers, tracks, strict=True) if all(w == FREE for w in wishes)}
            for tracks in classes.tracks.tolist()
        ]
        self.late_of: dict[int, np.ndarray] = {}  # what `_late` and `_dues` have computed
        self.dues_of: dict[tuple[int, float], np.ndarray] = {}
        super().__init__(grammar, n, metres, programs, **more)

    def __call__(self, ids: Tensor | None) -> Tensor:
        fine = super().__call__(ids)
        rows = fine.numpy()  # the same memory
        for row, (bar, own) in enumerate(zip(self.state, rows, strict=True)):
            if not self.wished and not own[self.tables.counts].any():
                continue
            late, broken = self._late(bar.number + 1), self._nothing()
            if 0 <= bar.number < self.limit:
                late = late | self._behind(bar)
                late |= self._crowded_out(bar, row)
                broken = self._breaks(bar)
            for forbidden in (broken | late, broken):  # where nothing is left, late is allowed
                kept = own & ~forbidden
                if kept.any():
                    rows[row] = kept
                    break
        return fine

    def _nothing(self) -> np.ndarray:
        return np.zeros(len(self.tables.to), dtype=bool)

    def _late(self, number: int) -> np.ndarray:
        """Return which ids begin a bar too late for its density, or with a track that shall be
        silent: (size,) bool."""
        if number not in self.late_of:
            opens, late = self.tables.opens, self._nothing()
            if 0 <= number < self.limit:
                for program, limits in self.limits[number].items():
                    low, high = limits["density"]
                    if program not in self.usual[number]:
                        late |= self.tables.opening_bar & (self._due(number, low, opens) > 0)
                    late |= self.tables.opening[program] >= high
            self.late_of[number] = late
        return self.late_of[number]

    def _take(self, ids: Tensor) -> None:
        super()._take(ids)
        for bar, token in zip(self.state, ids.tolist(), strict=True):
            for kind, value in self.tables.events[token]:
                self._count(bar, kind, value)

    def _count(self, bar: _Bar, kind: str, value: float) -> None:
        """Add a base token to what a bar has."""
        track = bar.tracks.get(bar.program)
        if kind == "Bar":
            if bar.number >= 0:
                bar.start += self.sizes[bar.number]
                bar.before = {*bar.tracks}
            bar.number, bar.position, bar.tracks = bar.number + 1, 0, {}
            bar.heard, bar.inside, bar.outside = set(), 0.0, 0.0
        elif kind == "Position":
            bar.position = int(value)
            for other in bar.tracks.values():
                other.here = 0
        elif kind == "Program":
            bar.program = int(value)
            track = bar.tracks.setdefault(bar.program, _Track())
            track.positions += not track.here
            track.here, track.notes = track.here + 1, track.notes + 1
        elif kind == "Pitch" and track:
            track.tuned, track.pitches = track.tuned + 1, track.pitches + value
            bar.last = int(value)
            bar.heard.add(bar.last % 12)
        elif kind == "Duration" and track and bar.number < self.limit:
            low, high = self._wished(bar).get("length", (0.0, np.inf))
            track.fitting += low <= value < high
            track.others += not low <= value < high
            bar.ends[bar.program, bar.last] = bar.start + bar.position + 12 * value
            chord = self.chords[bar.number] or set()
            bar.inside += value * (bar.last % 12 in chord)
            bar.outside += value * (bar.last % 12 not in chord)

    def _wished(self, bar: _Bar) -> Limits:
        """Return what is requested of the track that plays."""
        return self.limits[bar.number].get(bar.program, {})

    def _breaks(self, bar: _Bar) -> np.ndarray:
        """Return which ids would break a request: (size,) bool."""
        t = self.tables
        broken = self._nothing()
        for program, limits in self.limits[bar.number].items():
            track = bar.tracks.get(program, _Track())
            if limits["density"][1] < np.inf:
                more = t.places[program] if track.here else t.met[program]
                broken |= more >= limits["density"][1] - track.positions
            if "notes" in limits:
                broken |= self._too_many(bar, track, program, limits["notes"][1])
            if "polyphony" in limits:
                broken |= self._polyphony(bar, track, program, *limits["polyphony"])
        full = all(self._full(bar, number) for number in self.limits[bar.number])
        if full:
            broken |= t.moves
        if not self.wished:
            return broken
        track = bar.tracks.get(bar.program, _Track())
        limits = self._wished(bar)
        if "register" in limits:
            low, high = limits["register"]
            mean = (track.pitches + t.pitch) / (track.tuned + 1)
            broken |= (mean < low) | (mean >= high)
        if "length" in limits and track.fitting <= track.others + 1:
            low, high = limits["length"]
            broken |= (t.beats < low) | (t.beats >= high)
        if "length" in limits:
            broken |= np.isin(t.pitch, self._held(bar))
        chord = self.chords[bar.number]
        if chord is None:
            return broken
        missing = chord - bar.heard
        if missing and self.tuned and not full and bar.position < self.sizes[bar.number] - 1:
            broken |= t.ends
        if bar.inside < 4 * (bar.outside + 1):
            broken |= ~np.isnan(t.pitch) & ~np.isin(t.pitch % 12, list(missing or chord))
        return broken

    def _too_many(self, bar: _Bar, track: _Track, program: int, most: float) -> np.ndarray:
        """Return which ids strike notes of a track together although it has its share of them up to
        a beat later."""
        t = self.tables
        share = min(1.0, (bar.position + BEAT) / self.sizes[bar.number])
        together = t.together[program]
        if not track.here:
            together = together - t.begun[program]
        several = track.notes + t.notes[program] > 1 + share * most
        return np.logical_and(together > 0, several)

    def _held(self, bar: _Bar) -> list[int]:
        """Return the pitches of the track that plays which still sound."""
        now = bar.start + bar.position
        return [
            pitch
            for (program, pitch), end in bar.ends.items()
            if program == bar.program and end > now
        ]

    def _full(self, bar: _Bar, program: int) -> bool:
        """Whether a track must not begin another position in this bar."""
        high = self.limits[bar.number][program]["density"][1]
        return bar.tracks.get(program, _Track()).positions + 1 >= high

    def _least(self, bar: _Bar) -> list[tuple[int, float]]:
        """Return the fewest positions of each track that has to play. One for which nothing is
        requested may rest for a bar."""
        usual = self.usual[bar.number]
        return [
            (program, low)
            for program, low in self.least[bar.number].items()
            if program not in usual or (bar.before is not None and program not in bar.before)
        ]

    def _due(self, number: int, low: float, position: Any) -> Any:
        """Return how many positions a track must have when the music moves to one, so that it
        reaches `low` in sixteenths; in closer steps, if the bar has too few of these."""
        length = self.sizes[number]
        step = min(SIXTEENTH, length / max(low, 1))
        return low * (position + step) / length - 1

    def _behind(self, bar: _Bar) -> np.ndarray:
        """Moving on, or ending the bar, where a track has too few positions."""
        t, length, late = self.tables, self.sizes[bar.number], self._nothing()
        for program, low in self._least(bar):
            track = bar.tracks.get(program, _Track())
            dues = self._dues(bar.number, low)
            if track.here:
                late |= t.moves & (track.positions < dues)
            else:
                late |= t.moves & (track.positions + t.begun[program] < dues)
            if bar.position < length - 1:
                lacking = low - track.positions
                late |= t.ends & ((0 if track.here else t.begun[program]) < lacking)
        return late

    def _dues(self, number: int, low: float) -> np.ndarray:
        """Return `_due` where each id moves to."""
        if (number, low) not in self.dues_of:
            self.dues_of[number, low] = self._due(number, low, self.tables.to)
        return self.dues_of[number, low]

    def _crowded_out(self, bar: _Bar, row: int) -> np.ndarray | bool:
        """Notes of other tracks that would take the last places at this position from tracks that
        have too few positions."""
        lacking = []
        for program, low in self._least(bar):
            track = bar.tracks.get(program, _Track())
            due = self._due(bar.number, low, bar.position + 1)
            if not track.here and track.positions < due + 1:
                lacking.append(program)
        if not lacking or int(self.struck[row].sum()) + len(lacking) < self.together:
            return False
        others = self.tables.begun.copy()
        others[lacking] = False
        found: np.ndarray = np.asarray(others.any(axis=0))
        return found

    def _polyphony(
        self, bar: _Bar, track: _Track, program: int, low: float, high: float
    ) -> np.ndarray:
        """One more note here, where the mean would be too high; none, where it is too low; or the
        end of the bar, where it is not in the class."""
        t = self.tables
        broken = self._nothing()
        if not track.positions:
            return broken
        mean, able = track.notes / track.positions, int(self.most[program]) >= low
        further = bar.position < self.sizes[bar.number] - 1 and not self._full(bar, program)
        if not low <= mean < high and able and further:
            broken |= t.ends
        more = t.begun[program]
        if track.here and (track.notes + 1) / track.positions >= high:
            broken |= more
        elif track.here and mean < low and track.here < int(self.most[program]):
            broken |= ~more & (t.moves | t.ends | t.any_begun)
        return broken


def _pitch_classes(chord: int) -> set[int] | None:
    """Return the pitch classes of a triad by its number in CHORDS; None if it is FREE."""
    if chord == FREE:
        return None
    half = len(CHORDS) // 2
    return {(chord % half + step) % 12 for step in TRIADS[chord // half]}
