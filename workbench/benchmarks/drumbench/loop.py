"""A drum loop as the rules of DrumBench see it: its notes, bar by bar, and measures of them.

A measure is a function of a `Loop` and of words. Each returns one number. Drums are named by their
codes, joined by "+" (`CH+OH`), or as a group: `toms`, `hats`, `cymbals`, `all`. Places are counted
as drummers do: `1`, `1e`, `1&`, `1a`, `2`, …, joined by "+".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from workbench.errors import WorkbenchError
from workbench.music.clip import Clip
from workbench.music.kit import DRUMS, read_lookup
from workbench.music.likeness import jaccard

GROUPS = {"toms": ("LT", "MT", "HT"), "hats": ("CH", "OH"), "cymbals": ("RD", "CR"), "all": DRUMS}
ACCENT = 0.6  # of the 95th percentile of a drum's velocity: what is louder is an accent
TRIPLET = 0.25  # sixteenths: from this offset on, a hit is on a triplet place
GHOST = 0.31  # velocity, 0 to 1, below which a snare hit is a ghost note
LENGTHS = (8, 12, 14, 16, 18, 20, 24)  # of bars in sixteenths, which a metre competes with
APART = 0.05  # a fill's overlap with other bars is lower than theirs by this
_PLACE = re.compile(r"([1-9]\d?)([e&a]?)")


@dataclass
class Loop:
    """The drum notes of a clip: time (beats), drum (0 to 8), velocity (0 to 1), by time."""

    time: np.ndarray
    drum: np.ndarray
    velocity: np.ndarray
    beats: float
    tempo: float = 120.0
    meter: tuple[int, int] = (4, 4)
    bar: int = field(init=False)  # sixteenths in a bar

    def __post_init__(self) -> None:
        self.bar = max(1, round(16 * self.meter[0] / self.meter[1]))

    @classmethod
    def of(cls, clip: Clip) -> Loop:
        """The loop of a clip; notes that are not on a drum of the kit are left out."""
        notes = clip.notes[clip.notes["is_drum"]]
        drum = read_lookup()[notes["pitch"] & 127]
        notes, drum = notes[drum >= 0], drum[drum >= 0]
        velocity = notes["velocity"] / 127
        return cls(
            notes["time"], drum, velocity, clip.beats, clip.tempo, (clip.meter[0], clip.meter[1])
        )

    @property
    def bars(self) -> int:
        return max(1, round(4 * self.beats / self.bar))

    @property
    def steps(self) -> int:
        return self.bars * self.bar

    @cached_property
    def step(self) -> np.ndarray:
        """The nearest sixteenth of each hit; the last half of one belongs to the first."""
        return (np.floor(4 * self.time + 0.5).astype(int)) % self.steps

    @cached_property
    def offset(self) -> np.ndarray:
        """Distance of each hit from its sixteenth, in sixteenths."""
        return 4 * self.time - np.floor(4 * self.time + 0.5)

    @cached_property
    def loud(self) -> np.ndarray:
        """(bars, sixteenths, 9): the velocity of the loudest hit, 0 where there is none."""
        grid = np.zeros((self.steps, len(DRUMS)))
        np.maximum.at(grid, (self.step, self.drum), np.maximum(self.velocity, 1 / 127))
        return grid.reshape(self.bars, self.bar, len(DRUMS))

    @cached_property
    def overlap(self) -> np.ndarray:
        """(bars, bars): intersection over union of the hits of each pair of bars; 1 where both are
        empty."""
        struck = self.loud.reshape(self.bars, -1) > 0
        return jaccard(struck[:, None], struck)

    @cached_property
    def fills(self) -> np.ndarray:
        """(bars,) bool: is the bar a fill? See the measure `fill`."""
        return _fills(self)

    def which(self, drums: str) -> np.ndarray:
        """Bool per hit: is it on one of these drums?"""
        return np.asarray(np.isin(self.drum, drums_of(drums)))


def distance(loops: Sequence[Loop], labels: Sequence[str] | None = None) -> float:
    """Mean distance of pairs of loops: 1 − intersection over union of their hits on sixteenths.

    Args:
        loops: Two or more; of two lengths, the shorter counts.
        labels: Only pairs with different labels, such as performances.

    Returns:
        0 (all the same) to 1 (nothing in common); NaN without pairs.
    """
    cells = [(loop.loud > 0).reshape(loop.steps, -1) for loop in loops]
    distances = []
    for i, one in enumerate(cells):
        for j in range(i):
            if labels is not None and labels[i] == labels[j]:
                continue
            other = cells[j]
            steps = min(len(one), len(other))
            distances.append(1 - jaccard(one[:steps].ravel(), other[:steps].ravel()))
    return float(np.mean(distances)) if distances else float("nan")


Measure = Callable[..., float]
MEASURES: dict[str, Measure] = {}


def measure(function: Measure) -> Measure:
    """Register a measure under its name, without the underscore that keeps it from a keyword."""
    MEASURES[function.__name__.rstrip("_")] = function
    return function


def drums_of(words: str) -> list[int]:
    """Indices of drums: codes and groups, joined by "+"."""
    found: list[int] = []
    for word in words.split("+"):
        codes = GROUPS.get(word, (word,))
        for code in codes:
            if code not in DRUMS:
                raise WorkbenchError(f"rule: {word!r} is not a drum; give one of {DRUMS}")
            found.append(DRUMS.index(code))
    return found


def places_of(words: str) -> list[int]:
    """Sixteenths within the bar. A place beyond the bar's end is never struck."""
    places = []
    for word in words.split("+"):
        match = _PLACE.fullmatch(word)
        if match is None:
            raise WorkbenchError(f"rule: {word!r} is not a place; give one such as 1, 2& or 4a")
        places.append(4 * (int(match[1]) - 1) + " e&a".index(match[2] or " "))
    return places


def _struck(loop: Loop, drums: str) -> np.ndarray:
    """(bars, sixteenths) bool."""
    return np.asarray((loop.loud[..., drums_of(drums)] > 0).any(-1))


def _at(table: np.ndarray, places: list[int]) -> float:
    """Share of bars in which a table (bars, sixteenths) of bools is true at all places."""
    if max(places) >= table.shape[1]:
        return 0.0
    return float(table[:, places].all(1).mean())


def bar_of(loop: Loop, word: str) -> int:
    """Index of a bar: "1" is the first, "-1" the last; one beyond the end is the last."""
    number = int(word)
    return number % loop.bars if number < 0 else min(number, loop.bars) - 1


# --- which drum, where, how often --------------------------------------------------------------


@measure
def on(loop: Loop, drums: str, places: str) -> float:
    """Share of bars in which one of the drums is struck at each of the places."""
    return _at(_struck(loop, drums), places_of(places))


@measure
def accent(loop: Loop, drums: str, places: str) -> float:
    """The same for accents: hits of at least 0.6 of the drums' 95th percentile of velocity."""
    own = loop.which(drums)
    if not own.any():
        return 0.0
    least = ACCENT * np.quantile(loop.velocity[own], 0.95)
    return _at(loop.loud[..., drums_of(drums)].max(-1) >= least, places_of(places))


@measure
def at(loop: Loop, drums: str, bar: str, place: str) -> float:
    """1 if one of the drums is struck at this place of this bar, else 0."""
    places = places_of(place)
    return float(max(places) < loop.bar and _struck(loop, drums)[bar_of(loop, bar), places].all())


@measure
def hits(loop: Loop, drums: str, bar: str = "") -> float:
    """Number of hits in the loop, or in one bar."""
    own = loop.which(drums)
    if bar:
        own &= loop.step // loop.bar == bar_of(loop, bar)
    return float(own.sum())


@measure
def rate(loop: Loop, drums: str, half: str = "") -> float:
    """Hits per beat (quarter note), in the whole loop or in its half 1 or 2."""
    own, beats = loop.which(drums), loop.steps / 4
    if half:
        own &= (loop.step >= loop.steps / 2) == (half == "2")
        beats /= 2
    return float(own.sum() / beats)


@measure
def share(loop: Loop, drums: str, half: str = "") -> float:
    """Share of all hits that are on these drums, in the whole loop or in its half 1 or 2."""
    every = rate(loop, "all", half)
    return rate(loop, drums, half) / every if every else 0.0


@measure
def pulse(loop: Loop, drums: str, places: str = "1") -> float:
    """Share of beats with a hit at each of the places within the beat: 1, 1e, 1& or 1a."""
    steps = _struck(loop, drums).reshape(-1)
    beats = steps[: len(steps) // 4 * 4].reshape(-1, 4)
    return _at(beats, places_of(places))


@measure
def runs(loop: Loop, drums: str, least: str = "3") -> float:
    """Share of beats with at least so many hits of the drums."""
    counts = np.bincount(loop.step[loop.which(drums)] // 4, minlength=max(1, loop.steps // 4))
    return float((counts >= int(least)).mean())


@measure
def fastest(loop: Loop, drums: str) -> float:
    """The rate of the quickest three hits in a row on one drum, in hits per beat."""
    found = 0.0
    for drum in drums_of(drums):
        time = np.sort(loop.time[loop.drum == drum])
        if len(time) > 3:
            found = max(found, 3 / max(0.03, float((time[3:] - time[:-3]).min())))
    return found


@measure
def speed(loop: Loop, drums: str) -> float:
    """Hits per second."""
    return rate(loop, drums) * loop.tempo / 60


@measure
def offbeat(loop: Loop, drums: str) -> float:
    """Share of the drums' hits that are on no beat (quarter note)."""
    own = loop.which(drums)
    return float((loop.step[own] % 4 > 0).mean()) if own.any() else 0.0


@measure
def more(loop: Loop, drums: str) -> float:
    """Hits per beat of the second half minus those of the first."""
    return rate(loop, drums, "2") - rate(loop, drums, "1")


@measure
def onsets(loop: Loop, drums: str) -> float:
    """Share of bars with a hit of the drums."""
    return float(_struck(loop, drums).any(1).mean())


# --- form --------------------------------------------------------------------------------------


@measure
def fill(loop: Loop, bar: str) -> float:
    """1 if the bar is a fill, else 0.

    It has more toms than the other bars (median), or a quarter more snare and tom hits, or more of
    these with hi-hats and ride reduced to 60 %; and its pattern is farther from the others' than
    theirs from each other. This holds for 78 % of the bars that people play as fills, put into
    their beats, and for 20 % of the beats' own fourth bars.
    """
    return float(loop.fills[bar_of(loop, bar)])


@measure
def fills(loop: Loop, apart: str = "") -> float:
    """Number of bars that are fills, without the bars `apart` (joined by "+")."""
    found = loop.fills.copy()
    for word in filter(None, apart.split("+")):
        found[bar_of(loop, word)] = False
    return float(found.sum())


def _fills(loop: Loop) -> np.ndarray:
    """(bars,) bool."""
    struck = loop.loud > 0
    toms = struck[..., 6:].sum((1, 2))
    drums = toms + struck[..., 1].sum(1)
    time = struck[..., 2:5].sum((1, 2))  # hi-hats and ride
    same = loop.overlap
    found = np.zeros(loop.bars, bool)
    for bar in range(loop.bars if loop.bars > 2 else 0):
        others = np.arange(loop.bars) != bar
        usual = np.median(same[others][:, others][np.triu_indices(loop.bars - 1, 1)])
        toms_more = toms[bar] > np.median(toms[others])
        drums_more = drums[bar] >= 1.25 * np.median(drums[others]) + 1
        time_less = time[bar] <= 0.6 * np.median(time[others]) and drums[bar] > np.median(
            drums[others]
        )
        apart = np.median(same[bar, others]) < usual - APART
        found[bar] = apart and (toms_more or drums_more or time_less)
    return found


@measure
def likeness(loop: Loop) -> float:
    """Mean overlap (intersection over union) of the hits of neighbouring bars."""
    following = np.diag(loop.overlap, 1)
    return float(following.mean()) if len(following) else 1.0


@measure
def louder(loop: Loop) -> float:
    """Mean velocity of the second half minus that of the first, 0 to 1."""
    second = loop.step >= loop.steps / 2
    if second.all() or not second.any():
        return 0.0
    return float(loop.velocity[second].mean() - loop.velocity[~second].mean())


@measure
def gap(loop: Loop, bar: str) -> float:
    """The longest silence of a bar between its hits and its ends, in beats."""
    number = bar_of(loop, bar)
    inside = np.unique(loop.step[loop.step // loop.bar == number]) - number * loop.bar
    return float(np.diff(np.r_[0, inside, loop.bar]).max() / 4)


# --- touch and time ----------------------------------------------------------------------------


@measure
def velocity(loop: Loop, drums: str = "all") -> float:
    """Mean velocity, 0 to 1; 0 without hits."""
    own = loop.which(drums)
    return float(loop.velocity[own].mean()) if own.any() else 0.0


@measure
def dynamics(loop: Loop) -> float:
    """Standard deviation of velocity within each drum, mean over the hits."""
    spread = [loop.velocity[loop.drum == d] for d in np.unique(loop.drum)]
    square = sum(((v - v.mean()) ** 2).sum() for v in spread)
    return float(np.sqrt(square / max(1, len(loop.drum))))


@measure
def ghosts(loop: Loop) -> float:
    """Soft snare hits (velocity below 0.31) per bar."""
    return float(((loop.velocity < GHOST) & loop.which("SD")).sum() / loop.bars)


@measure
def late(loop: Loop) -> float:
    """How much later than bass drum and hi-hats the accented snare is, in sixteenths."""
    snare = loop.which("SD") & (loop.velocity >= GHOST)
    others = loop.which("BD+CH+OH+RD")
    if not snare.any() or not others.any():
        return 0.0
    near = np.abs(loop.offset) < TRIPLET
    if not (snare & near).any() or not (others & near).any():
        return 0.0
    return float(loop.offset[snare & near].mean() - loop.offset[others & near].mean())


@measure
def loose(loop: Loop) -> float:
    """Standard deviation of the hits' offsets about their mean for the drum and the place in the
    beat (so swing is not looseness), in sixteenths. Hits on triplet places are left out."""
    near = np.abs(loop.offset) < TRIPLET
    place, offset = (loop.drum * 4 + loop.step % 4)[near], loop.offset[near]
    residual = [offset[place == p] for p in np.unique(place)]
    square = sum(((v - v.mean()) ** 2).sum() for v in residual)
    return float(np.sqrt(square / max(1, len(offset) - len(residual))))


@measure
def triplets(loop: Loop) -> float:
    """Share of off-beat hits that are nearer to a third of the beat than to a quarter of it."""
    place = loop.time % 1
    off = (place > 0.15) & (place < 0.85)
    third = np.abs(3 * place - np.round(3 * place)) / 3
    quarter = np.abs(4 * place - np.round(4 * place)) / 4
    return float((third < quarter)[off].mean()) if off.any() else 0.0


@measure
def tempo(loop: Loop) -> float:
    """In BPM."""
    return loop.tempo


@measure
def metre(loop: Loop, meter: str) -> float:
    """1 if the clip has this metre and its notes agree, else 0.

    The notes agree if they are more self-similar after a bar of the metre than after the bars of
    other metres (of 8 to 24 sixteenths, without its multiples and divisors). 3/4 and 6/8, whose
    bars are equally long, differ by what is struck harder: beats two and three, or the middle.
    """
    top, bottom = (int(part) for part in meter.split("/"))
    bar = round(16 * top / bottom)
    if loop.meter != (top, bottom) or loop.bars < 2 or not len(loop.time):
        return 0.0
    grid = loop.loud.reshape(loop.steps, -1)
    others = [n for n in LENGTHS if n % bar and bar % n and n < loop.steps]
    if similarity(grid, bar) <= max((similarity(grid, n) for n in others), default=0):
        return 0.0
    if bar == 12:
        weight = loop.loud.sum((0, 2))
        middle, beats = weight[6], weight[[4, 8]].mean()
        return float(middle > beats if bottom == 8 else beats >= middle)
    return 1.0


def similarity(grid: np.ndarray, lag: int) -> float:
    """Cosine of a table (steps, drums) of velocities with itself `lag` steps later."""
    a, b = grid[:-lag], grid[lag:]
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale else 0.0


@measure
def playable(loop: Loop) -> float:
    """1 if a person could play it and it is a groove: 1 to 9 hits per beat, a bass or snare drum
    in three bars of four, at most 10 % of sixteenths with more than two hands, else 0."""
    dense = 1 <= rate(loop, "all") <= 9
    hands = ((loop.loud > 0)[..., 1:].sum(-1) > 2).mean()
    return float(dense and onsets(loop, "BD+SD") >= 0.75 and hands <= 0.1)
