"""Transformations of time: half and double time, shuffle, straight, laid back, tight, loose.

Each moves hits by a known amount and keeps what the drummer did beside it: a hit's distance from
its place stays as it was played.
"""

from __future__ import annotations

import numpy as np

from workbench.datasets.drum_transforms.hits import BD, CYMBALS, GHOST, SD, Table, replayed
from workbench.datasets.drum_transforms.pool import Pool
from workbench.music.clip import Clip

TRIPLET = 0.06  # beats: how near to a third of a beat a triplet is
FASTEST = 210.0  # BPM after a change of the notation
CLEAR = 0.85  # share of the beats two and four that must have the backbeat
MOST_ODD = 0.3  # share of hits on odd sixteenths that may be left out of a shuffle of eighths
CLEAR_SHUFFLE, MOST_STRAIGHT = 0.65, 0.3  # triplet share, at least and at most, afterwards
_THIRD = 1 / 3  # of a sixteenth: from the first sixteenth to the first triplet


def triplet_share(table: Table) -> float:
    """Share of the off-beat hits that are nearer to triplets than to sixteenths; 0 if none are."""
    phase = (table.main["cell"] % 4 + table.main["offset"]) / 4
    off = (phase > 0.125) & (phase < 0.875)
    near = np.minimum(np.abs(phase - 1 / 3), np.abs(phase - 2 / 3)) < TRIPLET
    return float((near & off).sum() / max(off.sum(), 1))


def backbeat(table: Table, bars: slice = slice(None)) -> float:
    """Share of beats two and four that have a snare accent (4/4)."""
    return float((table.dense[1][bars][:, [4, 12], SD] >= GHOST).mean())


def half_time(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, notation: bool | None = None
) -> Clip | None:
    """Kick, snare and toms of four bars stretched over eight, under cymbals that keep their rate,
    so that the snare falls on three; or, if `notation`, all of it stretched at twice the tempo."""
    table = Table.of(clip)
    half = table.bars // 2
    if clip.meter != (4, 4) or table.bars % 2:
        return None
    if notation is None:
        notation = bool(2 * clip.tempo <= FASTEST and rng.random() < 0.4)
    start = int(rng.integers(2)) * half
    if backbeat(table, slice(start, start + half)) < CLEAR:
        return None
    hits = table.hits[(table.hits["bar"] >= start) & (table.hits["bar"] < start + half)]
    stretched = hits.copy()
    place = 2 * ((hits["bar"] - start) * 16 + hits["cell"])
    if notation:
        place = place + np.rint(2 * hits["offset"]).astype(int)
        stretched["offset"] = 2 * hits["offset"] - np.rint(2 * hits["offset"])
    place %= table.bars * 16
    stretched["bar"], stretched["cell"] = place // 16, place % 16
    words: tuple[str, ...] = (
        "half-time",
        "halftime",
        "half-time feel",
        "snare on three",
        "backbeat on 3",
    )
    if notation:
        return table.with_hits(stretched).clip(clip, "half-time", words, tempo=2 * clip.tempo)
    slow = stretched[~np.isin(hits["drum"], CYMBALS[:3])]
    copies = [
        replayed(table, start + bar // 2, bar, rng)  # the cymbals of this bar's groove
        for bar in range(table.bars)
    ]
    fast = np.concatenate(copies)
    return table.with_hits(slow, fast[np.isin(fast["drum"], CYMBALS[:3])]).clip(
        clip, "half-time", words
    )


def double_time(clip: Clip, rng: np.random.Generator, pool: Pool) -> Clip | None:
    """Kick and snare at twice the rate under cymbals that keep theirs, so that the snare falls on
    every "and". What would fall between two sixteenths is left out."""
    table = Table.of(clip)
    if clip.meter != (4, 4) or table.bars % 2 or clip.tempo > 150:
        return None
    if backbeat(table) < CLEAR:
        return None
    hits = table.hits
    cymbal = np.isin(hits["drum"], CYMBALS[:3])
    fast = hits[~cymbal & (hits["cell"] % 2 == 0) & ~hits["grace"]]
    half = table.bars // 2
    place = (fast["bar"] * 16 + fast["cell"]) // 2
    parts = [hits[cymbal]]
    for again in range(2):
        copy = fast.copy()
        at = place + again * half * 16
        copy["bar"], copy["cell"] = at // 16, at % 16
        parts.append(copy)
    # the second time is replayed
    whole = table.with_hits(*parts[1:])
    parts[2:] = [replayed(whole, bar, half + bar, rng) for bar in range(half)]
    parts[1] = whole.hits[whole.hits["bar"] < half]
    words: tuple[str, ...] = ("double-time", "double time", "double-time feel", "snare on the ands")
    return table.with_hits(*parts).clip(clip, "double-time", words)


def shuffle(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, amount: float | None = None
) -> Clip | None:
    """Straight eighths become shuffled ones (the last third of the beat), or straight sixteenths,
    where there are many, swung ones. amount: of the way, 0 to 1; the rest is a lighter swing."""
    table = Table.of(clip)
    odd = table.hits["cell"] % 2 == 1
    offbeats = (table.hits["cell"] % 4 == 2).sum()
    if clip.meter[1] != 4 or triplet_share(table) > 0.2 or offbeats < 2 * table.bars:
        return None
    if amount is None:
        amount = 1.0 if rng.random() < 0.8 else float(rng.uniform(0.4, 0.65))
    sixteenths = bool(odd.mean() > MOST_ODD)
    if sixteenths and rng.random() < 0.6:
        return None  # most loops have sixteenths; prompts ask for shuffled eighths more often
    if sixteenths:
        shift = np.where(odd[~table.hits["grace"]], amount * _THIRD, 0.0)
        every = np.zeros(len(table.hits))
        every[~table.hits["grace"]] = shift
        hits = table.moved(every)
        words: tuple[str, ...] = (
            "swung sixteenths",
            "shuffled sixteenths",
            "swung 16ths",
            "16th shuffle",
        )
    else:
        hits = table.hits[~odd].copy()
        late = hits["cell"] % 4 == 2
        hits["offset"][late] += amount * 2 * _THIRD  # two thirds of a sixteenth
        over = late & (hits["offset"] >= 0.5)
        hits["cell"][over] += 1
        hits["offset"][over] -= 1
        words = ("shuffle", "shuffled", "shuffle feel", "swung eighths", "triplet feel")
    if amount < 0.8:
        words = ("light swing", "a little swing", "slightly swung")
    made = table.with_hits(hits)
    if not sixteenths and amount >= 0.8 and triplet_share(made) < CLEAR_SHUFFLE:
        return None  # played too loosely to sound like one
    return made.clip(_renamed(clip), "shuffle", words)


def straight(clip: Clip, rng: np.random.Generator, pool: Pool) -> Clip | None:
    """A shuffle played straight: the last third of a beat becomes its second half, the middle third
    its first sixteenth."""
    table = Table.of(clip)
    if clip.meter[1] != 4 or triplet_share(table) < 0.5:
        return None
    hits = table.hits.copy()
    phase = (hits["cell"] % 4 + hits["offset"]) / 4
    last, middle = np.abs(phase - 2 / 3) < 0.085, np.abs(phase - 1 / 3) < 0.085
    if last.sum() < 1.5 * table.bars:
        return None
    beat = hits["cell"] // 4 * 4
    for chosen, cell, third in ((last, 2, 8 / 3), (middle, 1, 4 / 3)):
        played = hits["cell"] - beat + hits["offset"] - third
        hits["cell"] = np.where(chosen, beat + cell, hits["cell"])
        hits["offset"] = np.where(chosen, played, hits["offset"])
    words: tuple[str, ...] = (
        "straight",
        "straight eighths",
        "straight feel",
        "no swing",
        "not swung",
    )
    made = table.with_hits(hits)
    if triplet_share(made) > MOST_STRAIGHT:
        return None
    return made.clip(_renamed(clip), "straight", words)


def _renamed(clip: Clip) -> Clip:
    """A substyle such as "shuffle" does not hold for the loop when its feel is changed."""
    return clip.with_(labels={"substyle": ""})


def snare_place(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, late: bool | None = None
) -> Clip | None:
    """All snare hits later (laid back) or earlier (pushed) by 15 to 35 ms, kick and cymbals where
    they were."""
    table = Table.of(clip)
    main = table.main
    if min((main["drum"] == SD).sum(), (main["drum"] == BD).sum()) < table.bars:
        return None
    late = bool(rng.random() < 0.6) if late is None else late
    step = min(rng.uniform(0.015, 0.035) * clip.tempo / 15, 0.35)  # sixteenths
    sign = 1 if late else -1
    hits = table.moved(np.where(table.hits["drum"] == SD, sign * step, 0.0))
    words: tuple[str, ...] = (
        "laid back",
        "laid-back snare",
        "behind the beat",
        "snare behind the beat",
        "lazy snare",
    )
    if not late:
        words = (
            "pushed",
            "ahead of the beat",
            "snare ahead of the beat",
            "on top of the beat",
            "pushing snare",
        )
    return table.with_hits(hits).clip(clip, "laid back" if late else "pushed", words)


def tightness(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, factor: float | None = None
) -> Clip | None:
    """Tighter (factor below 1) or looser timing: each hit's distance from the loop's mean place on
    this part of the beat, multiplied. So a swing stays."""
    table = Table.of(clip)
    if factor is None:
        loose = rng.random() < 0.5
        factor = float(rng.uniform(1.6, 2.2) if loose else rng.uniform(0.1, 0.35))
    if len(table.main) < 2 * table.bars:
        return None
    part, offset = table.hits["cell"] % 4, table.hits["offset"]
    mains = ~table.hits["grace"]
    count = np.bincount(part[mains], minlength=4)
    mean = np.bincount(part[mains], offset[mains], 4) / np.maximum(count, 1)
    away = offset - mean[part]
    if not 0.03 < np.std(away[mains]) < 0.3 / max(factor, 1):
        return None  # nothing to be scaled, or hits would change their places
    hits = table.moved(away * (factor - 1))
    words: tuple[str, ...] = ("loose", "loose timing", "loose feel", "sloppy", "drunk feel")
    if factor < 1:
        words = ("tight", "tight timing", "quantised", "on the grid", "precise")
    return table.with_hits(hits).clip(clip, "looser" if factor > 1 else "tighter", words)
