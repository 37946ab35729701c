"""Are controls realised? Bars are filled with the values of other bars of the song as controls.

What was realised is counted on the tracks of the returned MIDI file, apart from the system's own
count: a reader of the file hears tracks, not what the network calls them.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from workbench.arguments import random_generator
from workbench.benchmarks.song_data import SongBench
from workbench.datasets import CATALOGUE
from workbench.errors import MissingDataError
from workbench.evaluation.inpainting import LENGTH, SIDE
from workbench.music.clip import Clip
from workbench.music.timeline import meters_at
from workbench.representations.controls import CLEAR, KINDS, TRIADS, Control, chord_number, class_of
from workbench.systems.midigpt import MidiGPT
from workbench.systems.midigpt.training import songs_of
from workbench.systems.region import Region
from workbench.systems.splicing import tracks_near

OTHERS = ("openscore-lieder", "nottingham", "game-midi", "bands")
AS_FILES = "pop909"  # its MIDI files are also read as they are, without the annotated beats
SHORTEST = LENGTH + 2 * SIDE  # bars of a song
TWELFTHS = 12  # positions in a beat
VALUES = (*KINDS, "chord")


@dataclass
class Count:
    """Tracks and bars, by kind of control: those asked for, and those that have the class."""

    of: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    free: Counter[str] = field(default_factory=Counter)


def control(bench: SongBench) -> None:
    """Share of tracks and bars with the requested class, beside that of a filling without controls,
    by collection."""
    if bench.system.controls is None:
        return
    limit = 1 if bench.quick else min(6, bench.cases)
    collections: dict[str, Callable[[], Sequence[Clip]]] = {
        bench.dataset: partial(songs_of, bench.dataset, "test", limit)
    }
    if bench.dataset == AS_FILES:
        collections[f"{AS_FILES}, its MIDI files"] = partial(files, limit)
    others = [name for name in OTHERS if name != bench.dataset and not bench.quick]
    collections |= {name: partial(songs_of, name, "test", limit) for name in others}
    rows, notes, whole, songs = [], [], Count(), 0
    for name, clips in collections.items():
        try:
            fit = [clip for clip in clips() if clip.bars >= SHORTEST]
        except MissingDataError as error:
            notes.append(f"{name} is left out: {error}")
            continue
        own = Count()
        for number, clip in enumerate(fit):
            _ask(bench.system, clip, bench.seed + number, own)
        for kind in (kind for kind in VALUES if own.of[kind]):
            rows.append((f"{name}: {kind}", *_shares(own, kind), own.of[kind]))
        for mine, theirs in ((whole.of, own.of), (whole.asked, own.asked), (whole.free, own.free)):
            mine.update(theirs)
        songs += len(fit)
    rows += [(f"all: {kind}", *_shares(whole, kind), whole.of[kind]) for kind in whole.of]
    bench.report.table(
        "control",
        f"Controls of {songs} fillings, asked with the values of other bars of the song",
        ["control", "realised", "the same without asking", "tracks and bars"],
        rows,
        [
            "Counted on the tracks of the file. Realised: the new bar has the class that was asked "
            "for; those of tracks are asked for together, chords alone. Without asking: share of "
            "bars of a filling without controls that have this class. Classes: "
            "`representations/controls.py`. One candidate each. Goal for density, polyphony and "
            "register: 0.8.",
            *notes,
        ],
        realised={kind: round(whole.asked[kind] / n, 4) for kind, n in whole.of.items()},
    )


def _shares(count: Count, kind: str) -> tuple[float, float]:
    return count.asked[kind] / count.of[kind], count.free[kind] / count.of[kind]


def files(limit: int) -> list[Clip]:
    """The MIDI files of POP909's test songs as they are, as a user opens them."""
    folder = Path(CATALOGUE[AS_FILES].find())
    songs = songs_of(AS_FILES, "test", limit)
    return [Clip.read_midi(folder / song.labels["file"]) for song in songs]


def _ask(system: MidiGPT, clip: Clip, seed: int, count: Count) -> None:
    """Fill bars in the middle of a song with the values of other bars, and add to the count."""
    first = clip.bars // 2
    region = Region(bars=(first, first + LENGTH))
    other = int(random_generator(seed).integers(SIDE, clip.bars - LENGTH))
    shift = first - other
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metres and instruments; the table shows the result
        wishes = [
            _moved(wish, shift, written=tracks_near(clip, first, first + LENGTH, drums=True))
            for wish in system.described(clip, (other, other + LENGTH))
        ]
        fill = partial(system.inpaint, clip, region, candidates=1, seed=seed)
        free = fill()[0]
        for chords in (False, True):
            asked = [wish for wish in wishes if wish and (wish.chord is not None) == chords]
            if asked:
                made = fill(controls=asked)[0]
                for wish in asked:
                    _add(count, wish, made, free)


def _moved(wish: Control, shift: int, written: Sequence[int]) -> Control | None:
    """The wish for other bars; None if it is for silence, or a track that is not written."""
    if wish.bars is None or wish.density == 0:
        return None
    if wish.tracks is not None and int(str(wish.tracks[0])[1:]) - 1 not in written:
        return None
    values = {kind: getattr(wish, kind) for kind in VALUES}
    first, last = wish.bars
    return Control(**values, tracks=wish.tracks, bars=(first + shift, last + shift))


def _add(count: Count, wish: Control, made: Clip, free: Clip) -> None:
    bar = wish.bars[0] if wish.bars else 0
    for kind in VALUES:
        value = getattr(wish, kind)
        if value is None:
            continue
        count.of[kind] += 1
        for clip, hits in ((made, count.asked), (free, count.free)):
            if kind == "chord":
                hits[kind] += chord_in(clip, bar) == chord_number(value)
            else:
                assert wish.tracks is not None
                found = value_in(clip, int(str(wish.tracks[0])[1:]) - 1, bar, kind)
                hits[kind] += found is not None and class_of(kind, found) == class_of(kind, value)


def value_in(clip: Clip, track: int, bar: int, kind: str) -> float | None:
    """The value of a kind of control of a track of the file in a bar; None if it is silent."""
    notes, unit = _notes(clip, track, bar)
    places = len(np.unique(np.round(notes[:, 0] / unit * TWELFTHS)))
    if not places:
        return None
    return {
        "density": places,
        "polyphony": len(notes) / places,
        "register": float(notes[:, 2].mean()),
        "length": float(np.median(notes[:, 1])) / unit,
    }[kind]


def chord_in(clip: Clip, bar: int) -> int | None:
    """The triad that has most of the sound of a bar, as a number in CHORDS; None if its share is
    below CLEAR."""
    tuned = [i for i, track in enumerate(clip.score.tracks) if not track.is_drum]
    notes = np.concatenate([np.empty((0, 3)), *(_notes(clip, i, bar)[0] for i in tuned)])
    sound = np.bincount(notes[:, 2].astype(int) % 12, weights=notes[:, 1], minlength=12)
    shares = [np.roll(sound, -root)[list(triad)].sum() for triad in TRIADS for root in range(12)]
    best = int(np.argmax(shares))
    return best if sound.any() and shares[best] >= CLEAR * sound.sum() else None


def _notes(clip: Clip, track: int, bar: int) -> tuple[np.ndarray, float]:
    """The notes of a track that begin in a bar, rows of onset in it, duration (quarter notes) and
    pitch; and the length of a beat of its metre."""
    columns, tpq = clip.score.tracks[track].notes.numpy(), clip.score.tpq
    begin, end = clip.bar_lines[bar : bar + 2]
    time = columns["time"] / tpq - begin
    inside = (time >= -1e-6) & (time < end - begin - 1e-6)
    rows = np.stack([time, columns["duration"] / tpq, columns["pitch"]], 1)[inside]
    return rows, 4 / meters_at(clip.score, np.array([begin]))[0][1]
