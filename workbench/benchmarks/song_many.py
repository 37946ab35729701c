"""Many fillings of songs of several collections: what goes wrong rarely, and the worst tenth.

    workbench evaluate songs --only many --fillings 500

What is wrong in a file is counted on its tracks, apart from the system's own reading of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from workbench.arguments import random_generator
from workbench.benchmarks.song_data import SongBench
from workbench.benchmarks.song_inpainting import MEASURES, measure
from workbench.errors import MissingDataError, WorkbenchError
from workbench.evaluation.inpainting import LENGTH, SIDE, Case
from workbench.music.clip import Clip
from workbench.representations.holes import part
from workbench.representations.remi import table_of
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt import MidiGPT
from workbench.systems.midigpt.training import songs_of
from workbench.systems.region import Region
from workbench.systems.splicing import tracks_near

SETS = (
    "openscore-orchestra",
    "game-midi",
    "bands",
    "pop909",
    "openscore-lieder",
    "nottingham",
    "openewld",
)
OFTEN = 10  # most holes per song
FEWEST = 8  # notes in the hole and in the bars beside it
AROUND = 4  # bars on each side in which a track plays that should play in the hole
RARE = 99.9  # percentile of the true bars above which a bar is a wall
TWELFTHS = 12  # places per quarter note
FAULTS = ("walls", "silent", "out of range", "outside")
VALUES = tuple(name for name in MEASURES if name != "walls")
HIGH = ("harmony", "density", "join before", "join after")  # the worst are the highest


@dataclass(frozen=True)
class Wall:
    """What a bar of a collection hardly ever exceeds: notes at one place, and notes in the bar."""

    place: float
    bar: float

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> Wall:
        """Return the RARE percentiles of the bars with notes of these songs."""
        counts = np.concatenate([counts_in(clip, 0, clip.bars) for clip in clips])
        place, bar = np.percentile(counts[counts[:, 1] > 0], RARE, axis=0)
        return cls(float(place), float(bar))

    def in_bars(self, clip: Clip, first: int) -> bool:
        """Return whether one of the hole's bars exceeds it."""
        counts = counts_in(clip, first, first + LENGTH)
        return bool((counts > (self.place, self.bar)).any())


def counts_in(clip: Clip, first: int, last: int) -> np.ndarray:
    """Return the most notes that begin at one place, and all notes, of each bar: (bars, 2)."""
    lines, time = clip.bar_lines, clip.notes["time"]
    places, struck = np.unique(np.round(time * TWELFTHS), return_counts=True)
    found = np.zeros((last - first, 2), dtype=int)
    for bar in range(first, last):
        begin, end = lines[bar : bar + 2]
        inside = (places >= round(begin * TWELFTHS)) & (places < round(end * TWELFTHS))
        found[bar - first] = struck[inside].max(initial=0), struck[inside].sum()
    return found


def holes(clips: Sequence[Clip], vocabulary: Vocabulary, n: int, seed: int) -> list[Case]:
    """Return `n` holes with music on both sides in songs, one per song, then a second one, and so
    on, at most OFTEN; fewer if there are none."""
    rng = random_generator(seed)
    found: list[Case] = []
    songs = [(clip, song) for clip in clips if len((song := table_of(clip)).notes)]
    for number in range(min(n, len(songs)) * 4 * OFTEN):
        clip, song = songs[number % len(songs)]
        count = min(clip.bars, len(song.bars))
        if count < LENGTH + 2 * SIDE:
            continue
        first = int(rng.integers(SIDE, count - LENGTH - SIDE + 1))
        edges = (first - SIDE, first, first + LENGTH, first + LENGTH + SIDE)
        often = sum(case.clip is clip for case in found) < OFTEN
        if often and all(len(part(song, a, b).notes) >= FEWEST for a, b in pairwise(edges)):
            found.append(Case(clip, song, first, number, vocabulary, 0))
        if len(found) == n:
            break
    return found


def faults(case: Case, filled: Clip, wall: Wall) -> list[float]:
    """Return, in the order of FAULTS: whether a bar is a wall; the share of the tracks that play
    before and after the hole and not in it; the share of the notes outside of their track's range
    in the rest of the song; whether anything outside of the hole has changed."""
    lines, first = case.clip.bar_lines, case.first
    begin, end = lines[first], lines[first + LENGTH]
    near = (lines[max(0, first - AROUND)], lines[min(case.clip.bars, first + LENGTH + AROUND)])
    silent, far, notes, changed = [], 0, 0, False
    for i in tracks_near(case.clip, first, first + LENGTH, drums=True):
        old, new = _rows(case.clip, i), _rows(filled, i)
        within = (new[:, 0] >= begin) & (new[:, 0] < end)
        rest = old[(old[:, 0] < begin) | (old[:, 0] >= end)]
        changed |= not np.array_equal(rest, new[~within])
        before, after = rest[rest[:, 0] < begin, 0], rest[rest[:, 0] >= end, 0]
        if (before >= near[0]).any() and (after < near[1]).any():
            silent.append(not within.any())
        if len(rest) and not case.clip.score.tracks[i].is_drum:
            low, high = rest[:, 1].min(), rest[:, 1].max()
            own = new[within, 1]
            far, notes = far + int(((own < low) | (own > high)).sum()), notes + len(own)
    return [
        float(wall.in_bars(filled, first)),
        float(np.mean(silent)) if silent else 0.0,
        far / max(1, notes),
        float(changed),
    ]


def _rows(clip: Clip, track: int) -> np.ndarray:
    """Return onset in quarter notes, pitch, duration in quarter notes of each note, sorted."""
    tracks = clip.score.tracks
    if track >= len(tracks):
        return np.empty((0, 3))
    columns, tpq = tracks[track].notes.numpy(), clip.score.tpq
    rows = np.column_stack(
        [columns["time"] / tpq, columns["pitch"], columns["duration"] / tpq]
    ).round(4)
    order = np.lexsort(rows.T[::-1])
    sorted_: np.ndarray = rows[order]
    return sorted_


def values(bench: SongBench, case: Case, filled: Clip) -> list[float]:
    """Return the measures of `song_inpainting` but that of walls."""
    hole = case.hole
    found = measure(bench, case, part(table_of(filled), hole.first, hole.last))
    return [value for name, value in zip(MEASURES, found, strict=True) if name != "walls"]


def survey(bench: SongBench, name: str, split: str, n: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return FAULTS and VALUES of `n` fillings of a collection, those of the true bars (holes,
    values) each, and how many songs the system refused."""
    clips = songs_of(name, split)
    wall, refused = Wall.of(clips), 0
    made: list[list[float]] = []
    true: list[list[float]] = []
    for case in holes(clips, bench.vocabulary, n, bench.seed):
        try:
            region = Region(bars=(case.first, case.first + LENGTH))
            (filled,) = fill(bench.system, case.clip, region, bench.seed + case.number)
        except WorkbenchError:
            refused += 1
            continue
        for rows, clip in ((made, filled), (true, case.clip)):
            rows.append(faults(case, clip, wall) + values(bench, case, clip))
    return np.array(made), np.array(true), refused


def fill(system: MidiGPT, clip: Clip, region: Region, seed: int, n: int = 1) -> list[Clip]:
    """Return `n` versions of a song with a region filled as users do it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metres and instruments; the table shows the result
        return system.inpaint(clip, region, n, seed=seed)


def many(bench: SongBench) -> None:
    """Count faults in many fillings, and show the worst tenth, beside the true bars."""
    rows, notes, refused = [], [], 0
    made: list[np.ndarray] = []
    true: list[np.ndarray] = []
    for number, name in enumerate(SETS):
        left = bench.fillings - sum(len(found) for found in made)
        count = -(-left // (len(SETS) - number))  # what one collection lacks, the others have
        try:
            new, old, no = survey(bench, name, "test", count)
        except MissingDataError as error:
            notes.append(f"{name} is left out: {error}")
            continue
        refused += no
        if len(new):
            rows += [_row(name, new), _row(f"{name}: true bars", old)]
            made.append(new)
            true.append(old)
    new, old = np.concatenate(made), np.concatenate(true)
    rows += [_row("all", new), _row("all: true bars", old)]
    rows += [_worst("worst tenth", new), _worst("worst tenth: true bars", old)]
    walls = int(new[:, FAULTS.index("walls")].sum())
    bench.report.table(
        "many",
        f"{LENGTH} bars filled in {len(new)} places of held-out songs",
        ["", "fillings", *FAULTS, *VALUES, "literal"],
        rows,
        [
            f"walls: share of fillings with a bar that has more notes at one place, or more notes, "
            f"than {RARE} % of the collection's bars. silent: share of the tracks that play within "
            f"{AROUND} bars before and after the hole, but not in it. out of range: share of the "
            "notes that are lower or higher than all others of their track. outside: share of "
            "fillings in which a note outside of the hole has changed. The others as in the table "
            "of holes; literal: share of fillings that have all figures from the song; the worst "
            "tenth: means over the tenth that is worst by each.",
            f"{walls} walls in {len(new)} fillings: at most {_at_most(walls, len(new)):.3f} "
            f"(95 %). Places that the system refused: {refused}.",
            *notes,
        ],
        walls=walls,
        refused=refused,
    )


def _row(name: str, found: np.ndarray) -> tuple[str | float | None, ...]:
    literal = float(np.mean(found[:, len(FAULTS) + VALUES.index("copied")] == 1))
    return (name, len(found), *np.nanmean(found, axis=0).tolist(), literal)


def _worst(name: str, found: np.ndarray) -> tuple[str | float | None, ...]:
    """Return the mean of the worst tenth by each value."""
    count = max(1, len(found) // 10)
    means = []
    for i, kind in enumerate((*FAULTS, *VALUES)):
        column = np.sort(found[~np.isnan(found[:, i]), i])
        high = kind in FAULTS or kind in HIGH
        means.append(float((column[-count:] if high else column[:count]).mean()))
    return (name, count, *means, None)


def _at_most(hits: int, n: int) -> float:
    """Return the upper end of the exact interval of a share, one-sided at 97.5 %."""
    from scipy.stats import beta

    return float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
