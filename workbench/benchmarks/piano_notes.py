"""Notes of DiffusionLM that no pianist plays: the same one twice, or one that still sounds; and
notes of fillings that do not fit into a song."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from workbench.benchmarks.piano_data import PianoBench
from workbench.music.clip import Clip
from workbench.representations.pvd import WORDS
from workbench.systems.diffusion_lm.controls import measures
from workbench.systems.diffusion_lm.splice import ROW, read
from workbench.systems.diffusion_lm.training import sets_of
from workbench.systems.region import Region


def notes(bench: PianoBench) -> None:
    """Repeated notes, notes that begin while their pitch sounds, and notes per bar; of samples and
    of real windows."""
    sets = {
        f"DiffusionLM, {bench.steps} steps": bench.samples,
        "held-out windows": bench.test,
        "training windows": bench.full(bench.train)[0],
    }
    rows, figures = [], {}
    for name, ids in sets.items():
        twice, held = (counts.mean() for counts in bench.system.code.repeated(ids))
        density = measures(ids, bench.system.code)[1]
        spread = [float(value) for value in np.quantile(density, [0.1, 0.5, 0.9])]
        rows.append([name, float(twice), float(held), float(density.mean()), *spread])
        figures[name] = {"twice": float(twice), "held": float(held)}
    bench.report.table(
        "notes",
        f"{bench.n} windows of {WORDS // ROW} notes",
        ["", "notes twice", "struck while sounding", "notes per bar", "10 %", "median", "90 %"],
        rows,
        [
            "Notes twice: at onset and pitch of another one, per window. Struck while sounding: "
            "before the last note of the pitch ends, in sixteenths and bars of 4/4, per window. "
            "Notes per bar: mean and quantiles over windows."
        ],
        repeated=figures,
    )


def fillings(bench: PianoBench) -> None:
    """The share of sampled notes that a filled bar does not get, because its song has other notes
    of the same pitch there; beside that of the song's own notes."""
    few, versions = (2, 1) if bench.quick else (24, 4)
    lost, sampled, own = 0, 0, 0
    for number, (clip, region) in enumerate(holes(bench, few)):
        reading, code = read(clip, region, bench.system.code), bench.system.code
        size, rest = int(reading.hole.sum()) // ROW, count_of(reading.rest)
        own += size - (count_of(reading.put(reading.ids, code).score) - rest)
        takes = bench.system.inpaint(
            clip, region, versions, steps=bench.steps, seed=bench.seed + number
        )
        lost += sum(size - (count_of(take.score) - rest) for take in takes)
        sampled += size * versions
    bench.report.table(
        "fillings",
        f"One bar of {few} held-out songs, {versions} versions of each",
        ["", "notes", "left out"],
        [
            ["DiffusionLM", sampled, lost / sampled],
            [
                "the song's own notes, read and written",
                sampled // versions,
                own * versions / sampled,
            ],
        ],
        [
            "Left out: notes that begin while the song holds their pitch on the same channel, or "
            "that are at the same onset. The words have sixteenths; a song's other notes, some of "
            "them outside the window, begin and end between them."
        ],
        dropped=lost / sampled,
        own=own * versions / sampled,
    )


def holes(bench: PianoBench, most: int) -> Iterator[tuple[Clip, Region]]:
    """Yield held-out songs in 4/4, each with one bar from its middle on that has 4 to 32 notes."""
    clips = sets_of(bench.dataset, "test", None)
    for index in np.linspace(0, len(clips) - 1, min(2 * most, len(clips))).astype(int):
        clip = clips[index]
        if most and clip.meter == (4, 4):
            sizes = [len(words) // ROW for words in bench.system.code.words(clip)]
            middle = len(sizes) // 2
            fits = [bar for bar in range(middle, len(sizes)) if 4 <= sizes[bar] <= WORDS // ROW]
            if fits:
                most -= 1
                yield clip, Region(bars=(fits[0], fits[0] + 1))


def count_of(score: Any) -> int:
    """Return the number of notes of a score, except drums."""
    return sum(len(track.notes) for track in score.tracks if not track.is_drum)
