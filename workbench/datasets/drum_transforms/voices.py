"""Transformations of which drums play: left out, alone, exchanged, on every beat, on the one."""

from __future__ import annotations

import numpy as np

from workbench.datasets.drum_transforms.hits import (
    BD,
    CH,
    CR,
    CYMBALS,
    GHOST,
    HATS,
    OH,
    RD,
    SD,
    TOMS,
    Table,
    place_of,
    struck_at,
    with_crashes,
)
from workbench.datasets.drum_transforms.pool import Pool
from workbench.music.clip import Clip
from workbench.music.kit import CROSS_STICK, PEDAL, WRITE_PITCH

# group: its drums, and its names
GROUPS: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "kick": ((BD,), ("kick", "bass drum", "kick drum")),
    "snare": ((SD,), ("snare", "snare drum")),
    "hats": (HATS, ("hi-hat", "hats", "hi-hats")),
    "ride": ((RD,), ("ride", "ride cymbal")),
    "crash": ((CR,), ("crash", "crashes")),
    "cymbals": (CYMBALS, ("cymbals",)),
    "toms": (TOMS, ("toms", "tom-toms")),
}
TOGETHER = (("kick", "snare"), ("kick", "hats"), ("snare", "hats"), ("kick", "toms"))
LEAST = 0.75  # hits per bar that are left, or that a drum has to have to be worth a word


def _hits(table: Table, group: str) -> np.ndarray:
    return np.isin(table.hits["drum"], GROUPS[group][0])


def _pick(rng: np.random.Generator, names: list[str]) -> str:
    return names[int(rng.integers(len(names)))]


def left_out(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, group: str | None = None
) -> Clip | None:
    """Without one group of drums, or without ghost notes: one that the loop has."""
    table = Table.of(clip)
    ghosts = (table.hits["drum"] == SD) & (table.hits["velocity"] < GHOST)
    masks = {name: _hits(table, name) for name in GROUPS} | {"ghost notes": ghosts}
    usable = [
        name
        for name, mask in masks.items()
        if mask.sum() >= LEAST * table.bars and (~mask).sum() >= LEAST * table.bars
    ]
    group = group or (_pick(rng, usable) if usable else None)
    if group not in usable:
        return None
    names = GROUPS[group][1] if group in GROUPS else ("ghost notes", "ghosts")
    words = tuple(f"{no} {name}" for name in names for no in ("no", "without"))
    return table.with_hits(table.hits[~masks[group]]).clip(clip, "left out", words)


def alone(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, groups: tuple[str, ...] | None = None
) -> Clip | None:
    """Only one or two groups of drums."""
    table = Table.of(clip)
    choices = [*((name,) for name in ("kick", "snare", "hats", "ride", "toms")), *TOGETHER]
    usable = [
        names
        for names in choices
        if all(_hits(table, name).sum() >= LEAST * table.bars for name in names)
        and (~np.any([_hits(table, name) for name in names], axis=0)).any()
    ]
    if groups is None and usable:
        groups = usable[int(rng.integers(len(usable)))]
    if groups not in usable:
        return None
    mask = np.any([_hits(table, name) for name in groups], axis=0)
    all_names = [GROUPS[name][1] for name in groups]
    phrases = [" and ".join(names) for names in zip(*all_names, strict=False)]
    words = tuple(form.format(phrase) for phrase in phrases for form in ("{} only", "only {}"))
    return table.with_hits(table.hits[mask]).clip(clip, "alone", (*words, f"just {phrases[0]}"))


def on_ride(clip: Clip, rng: np.random.Generator, pool: Pool) -> Clip | None:
    """The hi-hat's strokes on the ride cymbal; the foot goes on or stops."""
    table = Table.of(clip)
    hats = _hits(table, "hats") & (table.hits["pitch"] != PEDAL)
    if hats.sum() < 2 * table.bars:
        return None
    hits = table.hits.copy()
    taken = np.zeros(len(hits), bool)  # a ride that is already struck there
    ride = hits["drum"] == RD
    place = place_of(hits, table.cells)
    taken[hats] = np.isin(place[hats], place[ride])
    hits["drum"][hats], hits["pitch"][hats] = RD, WRITE_PITCH["RD"]
    foot = hits["pitch"] == PEDAL
    words: tuple[str, ...] = ("on the ride", "ride cymbal", "ride instead of hi-hat", "with ride")
    if rng.random() < 0.5 or not foot.any():
        hits, taken = hits[~foot], taken[~foot]
        words = (*words, "no hi-hat")
    return table.with_hits(hits[~taken]).clip(clip, "on the ride", words)


def on_hats(clip: Clip, rng: np.random.Generator, pool: Pool) -> Clip | None:
    """The ride's strokes on the closed hi-hat."""
    table = Table.of(clip)
    hits = table.hits.copy()
    ride = hits["drum"] == RD
    if ride.sum() < 2 * table.bars:
        return None
    place = place_of(hits, table.cells)
    hats = np.isin(hits["drum"], HATS)
    hits["drum"][ride], hits["pitch"][ride] = CH, WRITE_PITCH["CH"]
    hits = hits[~(ride & np.isin(place, place[hats]))]
    words = ("on the hi-hat", "closed hi-hat", "hi-hat instead of ride", "no ride")
    return table.with_hits(hits).clip(clip, "on the hats", words)


def open_hats(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, off_beat: bool | None = None
) -> Clip | None:
    """All strokes of the hi-hat open, or open off the beat and closed elsewhere."""
    table = Table.of(clip)
    hits = table.hits.copy()
    hats = np.isin(hits["drum"], HATS) & (hits["pitch"] != PEDAL)
    off = hats & (hits["cell"] % 4 == 2)
    enough = off.sum() >= 3 * table.bars  # on most "and"s
    off_beat = bool(enough and rng.random() < 0.6) if off_beat is None else off_beat
    if hats.sum() < 2 * table.bars or (off_beat and not enough):
        return None
    opened = off if off_beat else hats
    for chosen, drum, pitch in ((hats & ~opened, CH, "CH"), (opened, OH, "OH")):
        hits["drum"][chosen], hits["pitch"][chosen] = drum, WRITE_PITCH[pitch]
    words: tuple[str, ...] = ("open hi-hat", "open hats", "hi-hat open throughout")
    if off_beat:
        words = ("open hats off the beat", "open hi-hat on the offbeats", "open hats on the ands")
    return table.with_hits(hits).clip(clip, "open hats", words)


def four_on_the_floor(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, only: bool = True
) -> Clip | None:
    """A kick on every beat and, if `only`, nowhere else."""
    table = Table.of(clip)
    hits = table.hits
    kick = hits["drum"] == BD
    if clip.meter[1] != 4 or kick.sum() < table.bars:
        return None
    places = np.arange(0, table.bars * table.cells, 4)
    at = place_of(hits, table.cells)
    missing = places[~np.isin(places, at[kick])]
    kept = hits[~kick | (at % 4 == 0)] if only else hits
    strong = table.main[(table.main["drum"] == BD) & (table.main["velocity"] >= GHOST)]
    fresh = struck_at(table, BD, missing, rng, strong if len(strong) else None)
    words = ("four on the floor", "kick on every beat", "four to the floor", "kick on all beats")
    return table.with_hits(kept, fresh).clip(clip, "four on the floor", words)


def one_drop(clip: Clip, rng: np.random.Generator, pool: Pool) -> Clip | None:
    """Kick and snare together on three, nothing of them on one, two and four."""
    table = Table.of(clip)
    hits = table.hits
    strong = {
        drum: table.main[(table.main["drum"] == drum) & (table.main["velocity"] >= 60)]
        for drum in (BD, SD)
    }
    if clip.meter != (4, 4) or min(len(strong[BD]), len(strong[SD])) < table.bars:
        return None
    third = np.arange(8, table.bars * table.cells, table.cells)
    leading = hits[~np.isin(hits["drum"], (BD, SD, *TOMS))]
    ghosts = hits[(hits["drum"] == SD) & (hits["velocity"] < GHOST) & (hits["cell"] % 4 != 0)]
    rim = int(strong[SD]["pitch"][0]) if rng.random() < 0.4 else CROSS_STICK
    kick = struck_at(table, BD, third, rng, strong[BD])
    snare = struck_at(table, SD, third, rng, strong[SD], pitch=rim)
    words = ("one drop", "one-drop", "kick on three", "kick and snare on 3", "no kick on the one")
    return table.with_hits(leading, ghosts, kick, snare).clip(clip, "one drop", words)


def crash_on_one(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, every: int | None = None
) -> Clip | None:
    """A crash on the first beat of the loop, or of every fourth bar, and no other crash."""
    table = Table.of(clip)
    every = every or (table.bars if rng.random() < 0.6 else 4)
    if not len(pool.crashes):
        return None
    bars = np.arange(0, table.bars, every)
    words = ("crash on the one", "starts with a crash", "crash on beat one", "crash in bar 1")
    if every < table.bars:
        words = (
            f"crash every {every} bars",
            f"a crash on the one every {every} bars",
            f"crash in bars {' and '.join(str(b + 1) for b in bars)}",
            "crash on the one",
        )
    others = table.hits[table.hits["drum"] != CR]
    made = with_crashes(table, others, bars * table.cells, rng, pool.crashes)
    return made.clip(clip, "crash", words)
