"""Songs with drums: are the drums and the other tracks filled as densely as they were?"""

from __future__ import annotations

import warnings

import numpy as np

from workbench.benchmarks.song_data import SongBench
from workbench.errors import MissingDataError
from workbench.evaluation.inpainting import LENGTH
from workbench.music.clip import Clip
from workbench.systems.midigpt.training import songs_of
from workbench.systems.region import Region

SETS = ("bands", "game-midi")
SHORTEST = 20  # bars of a song
ALONE = 8  # beats that get drums


def notes_in(clip: Clip, first: int, last: int) -> tuple[int, int]:
    """Return the drum hits and the other notes that begin in bars `first` to `last`."""
    lines, time = clip.bar_lines, clip.notes["time"]
    inside = (time >= lines[first]) & (time < lines[last])
    drums = int((inside & clip.notes["is_drum"]).sum())
    return drums, int(inside.sum()) - drums


def bands(bench: SongBench) -> None:
    """Fill bars in the middle of songs with drums, all tracks at once, and add drums to songs
    without."""
    count = 3 if bench.quick else 12
    rows: list[tuple[str | float | None, ...]] = []
    notes: list[str] = []
    for name in SETS:
        try:
            clips = songs_of(name, "test", count)
        except MissingDataError as error:
            notes.append(f"{name} is left out: {error}")
            continue
        fit = [c for c in clips if c.bars >= SHORTEST and c.notes["is_drum"].any()]
        found = np.array([_filled(bench, clip, seed) for seed, clip in enumerate(fit)])
        for kind, title in enumerate(("drum hits", "other notes") if len(found) else ()):
            new, true = found[:, 0, kind], found[:, 1, kind]  # (songs,) each
            medians = [float(np.median(one)) for one in (true, new, (new + 1) / (true + 1))]
            silent = float(np.mean((new == 0) & (true > 0)))
            rows.append((f"{name}: {title}", len(new), *medians, silent))
    added = [_with_drums(bench, clip, seed) for seed, clip in enumerate(_plain(bench, count))]
    if added:
        silent = float(np.mean([hits == 0 for hits in added]))
        hits = float(np.median(added))
        rows.append(("drums added to two bars", len(added), None, hits, None, silent))
    bench.report.table(
        "bands",
        f"{LENGTH} bars of all tracks of songs with drums, regenerated",
        ["", "songs", "true notes", "new notes", "ratio", "silent"],
        rows,
        [
            "Medians over songs; ratio: of new to true notes, one added to both; silent: share of "
            "songs in which nothing was written where notes were.",
            *notes,
        ],
    )


def _filled(bench: SongBench, clip: Clip, seed: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the notes of the bars as generated and as they were."""
    first = clip.bars // 2
    region = Region(bars=(first, first + LENGTH))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metres and instruments; the table shows the result
        made = bench.system.inpaint(clip, region, seed=bench.seed + seed)[0]
    return notes_in(made, first, first + LENGTH), notes_in(clip, first, first + LENGTH)


def _plain(bench: SongBench, count: int) -> list[Clip]:
    """Return beginnings of songs without drums."""
    songs = songs_of(bench.dataset, "test", count)
    return [song.excerpt(0, ALONE) for song in songs if not song.notes["is_drum"].any()]


def _with_drums(bench: SongBench, clip: Clip, seed: int) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = bench.system.accompany(clip, tracks=["drums"], seed=bench.seed + seed)[0]
    return int(made.notes["is_drum"].sum())
