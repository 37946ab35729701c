"""Transformations of form and loudness: a steady groove, sections, fills, silence, dynamics."""

from __future__ import annotations

import numpy as np

from workbench.datasets.drum_transforms.hits import HATS, RD, Table, replayed, with_crashes
from workbench.datasets.drum_transforms.pool import Pool, performance_of
from workbench.music.clip import Clip
from workbench.music.kit import PEDAL, WRITE_PITCH

LEAST_CHANGE = 0.15  # of the full velocity, between two halves


def _nth(bar: int, bars: int) -> tuple[str, ...]:
    """Names for the place of a bar, counted from 0."""
    last = ("at the end", "in the last bar") if bar == bars - 1 else ()
    return (f"in bar {bar + 1}", *last)


def steady(
    clip: Clip,
    rng: np.random.Generator,
    pool: Pool,
    *,
    share: float | None = None,
    span: int | None = None,
) -> Clip | None:
    """Repeat the most typical bar or two as a groove.

    Args:
        share: Share of the bars that repeat it note by note, 0 to 1; the others stay as they were
            played. Velocity and timing of a repetition are replayed, see `replayed`.
        span: Length of the groove in bars.
    """
    table = Table.of(clip)
    span = span or int(rng.choice([1, 2, 2, 4] if table.bars >= 8 else [1, 2]))
    if clip.labels.get("kind") == "fill" or table.bars < 2 * span:
        return None
    share = float(rng.choice([0.75, 0.9, 1.0])) if share is None else share
    source = table.typical(span)
    # the bars that keep their own notes are those that are least like the groove: the fills
    like = [table.likeness[bar, source + bar % span] for bar in range(table.bars)]
    kept = np.argsort(like, kind="stable")[: round((1 - share) * table.bars)]
    parts = [
        table.hits[table.hits["bar"] == bar]
        if bar in kept
        else replayed(table, source + bar % span, bar, rng)
        for bar in range(table.bars)
    ]
    words: tuple[str, ...] = (
        "steady",
        "steady groove",
        "repeating",
        "a repeated pattern",
        "a steady beat",
    )
    if len(kept):
        words = ("mostly steady", "steady with small changes", "a steady groove")
    return table.with_hits(*parts).clip(clip, "steady", words)


def sections(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, louder: bool | None = None
) -> Clip | None:
    """Two grooves of one performance, each half of the loop long; the second may be on the ride and
    louder, as a chorus is."""
    table = Table.of(clip)
    takes = [c for c in pool.takes.get(performance_of(clip), [clip]) if c.beats == clip.beats]
    if clip.labels.get("kind") == "fill" or table.bars < 4 or table.bars % 4:
        return None
    first = table.typical(2)
    flat = table.dense[0][first : first + 2]
    best = None
    for index in rng.permutation(len(takes))[:6]:
        other = Table.of(takes[int(index)])
        start = 2 * int(rng.integers(other.bars // 2))
        theirs = other.dense[0][start : start + 2]
        if other.fills()[start : start + 2].any() or not theirs.any((1, 2)).all():
            continue
        like = (flat & theirs).sum() / max((flat | theirs).sum(), 1)
        if best is None or like < best[0]:
            best = (like, other, start)
    if best is None:
        return None
    like, other, start = best
    half = table.bars // 2
    parts = [replayed(table, first + bar % 2, bar, rng) for bar in range(half)]
    chorus = np.concatenate(
        [replayed(other, start + bar % 2, bar, rng) for bar in range(half, table.bars)]
    )
    words: tuple[str, ...] = (
        "two sections",
        "two parts",
        "AB form",
        f"changes in bar {half + 1}",
        "a new groove in the second half",
    )
    before = np.concatenate(parts)
    hats = np.isin(chorus["drum"], HATS) & (chorus["pitch"] != PEDAL)
    riding = np.isin(before["drum"], HATS).sum() >= 2 * half and hats.sum() >= 2 * half
    riding = bool(riding and (rng.random() < 0.5 or like > 0.5))
    if riding:
        chorus["drum"][hats], chorus["pitch"][hats] = RD, WRITE_PITCH["RD"]
        words = (
            "verse then chorus",
            "hats then ride",
            "verse on the hats, chorus on the ride",
            "ride in the second half",
            *words,
        )
    if like > 0.65 and not riding:
        return None  # too alike for two sections
    if rng.random() < 0.5 if louder is None else louder:
        before, chorus = _made_louder(before, chorus)
        words = (
            "quiet verse then loud chorus",
            "soft then loud",
            "verse then louder chorus",
            *words,
        )
    return table.with_hits(before, chorus).clip(clip, "sections", words)


def _scaled(velocity: np.ndarray, target: float) -> np.ndarray:
    """Velocities with a mean of about `target` (0 to 1) in the same order: softer ones are scaled
    down (ghost notes a little less), louder ones bent by v ↦ v^γ, which leaves the loudest."""
    scaled = velocity / 127
    if target < scaled.mean():
        bent = scaled**0.85
        return np.clip(127 * bent * target / bent.mean(), 1, 127)
    low, high = 0.05, 1.0
    for _ in range(30):
        gamma = (low + high) / 2
        low, high = (gamma, high) if (scaled**gamma).mean() > target else (low, gamma)
    return np.clip(127 * scaled**gamma, 1, 127)


def _made_louder(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bend the velocities so that the second part is louder by at least `LEAST_CHANGE`."""
    mean = float(np.concatenate([before["velocity"], after["velocity"]]).mean()) / 127
    gap = LEAST_CHANGE + 0.07
    middle = min(max(mean, 0.2 + gap / 2), 0.9 - gap / 2)
    before, after = before.copy(), after.copy()
    before["velocity"] = _scaled(before["velocity"], middle - gap / 2)
    after["velocity"] = _scaled(after["velocity"], middle + gap / 2)
    return before, after


def halves(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, louder: bool | None = None
) -> Clip | None:
    """The second half louder or softer than the first, by at least 0.15 of the full velocity."""
    table = Table.of(clip)
    late = table.hits["bar"] >= table.bars // 2
    if table.bars < 2 or min(late.sum(), (~late).sum()) < table.bars:
        return None
    louder = bool(rng.random() < 0.6) if louder is None else louder
    one, two = table.hits[~late], table.hits[late]
    if louder:
        one, two = _made_louder(one, two)
        words = (
            "second half louder",
            "quiet then loud",
            "gets louder",
            "soft first, then loud",
            "louder second half",
        )
    else:
        two, one = _made_louder(two, one)
        words = (
            "second half softer",
            "loud then quiet",
            "gets softer",
            "loud first, then soft",
            "softer second half",
        )
    name = "louder second half" if louder else "softer second half"
    return table.with_hits(one, two).clip(clip, name, words)


def loudness(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, target: float | None = None
) -> Clip | None:
    """As softly as with brushes, or hard. target: mean velocity, 0 to 1."""
    table = Table.of(clip)
    if target is None:
        target = float(rng.uniform(0.22, 0.36) if rng.random() < 0.65 else rng.uniform(0.74, 0.84))
    if not len(table.hits):
        return None
    hits = table.hits.copy()
    before = hits["velocity"].mean() / 127
    if abs(before - target) < 0.1:
        return None
    hits["velocity"] = _scaled(hits["velocity"], target)
    words: tuple[str, ...] = (
        "very soft",
        "with brushes",
        "softly played",
        "quiet",
        "brushes",
        "gentle",
    )
    if target > before:
        words = ("very loud", "hard-hitting", "played hard", "loud", "powerful")
    name = "louder" if target > before else "softer"
    return table.with_hits(hits).clip(clip, name, words)


def silence(
    clip: Clip, rng: np.random.Generator, pool: Pool, *, bar: int | None = None
) -> Clip | None:
    """One bar without a hit: the fourth, the last, or another but the first.

    bar: counted from 1."""
    table = Table.of(clip)
    if table.bars < 4:
        return None
    chosen = [3, table.bars - 1, int(rng.integers(1, table.bars))]
    index = int(rng.choice(chosen)) if bar is None else bar - 1
    hits = table.hits[table.hits["bar"] != index]
    if len(hits) == len(table.hits) or not len(hits):
        return None
    words = tuple(
        f"{what} {where}"
        for where in _nth(index, table.bars)
        for what in ("silence", "a break", "a stop", "rest")
    )
    return table.with_hits(hits).clip(clip, "silence", words)


def with_fill(
    clip: Clip,
    rng: np.random.Generator,
    pool: Pool,
    *,
    bars: tuple[int, ...] | None = None,
    length: float | None = None,
) -> Clip | None:
    """A fill of another performance of a near tempo and style at the end of bars.

    Other bars that are fills are replaced by the groove, so that the words are exact.

    Args:
        bars: The bars, counted from 1; by default the last, the fourth, or both.
        length: Share of the bar that the fill takes, 0.5 or 1.
    """
    table = Table.of(clip)
    if clip.labels.get("kind") == "fill" or table.bars < 4:
        return None
    if bars is None:
        options = [(table.bars,), (4,), (4, table.bars)]
        bars = options[int(rng.choice(3, p=[0.55, 0.15, 0.3]))]
    bars = tuple(sorted(set(bars)))
    performance = performance_of(clip)
    length = float(rng.choice([0.5, 1.0], p=[0.35, 0.65])) if length is None else length
    source, fills = table.typical(1), table.fills()
    parts = []
    for bar in range(table.bars):
        if bar + 1 not in bars:
            own = table.hits[table.hits["bar"] == bar]
            parts.append(replayed(table, source, bar, rng) if fills[bar] else own)
            continue
        fill = pool.fill_for(
            str(clip.labels.get("style", "")), clip.tempo, clip.meter, rng, performance
        )
        if fill is None:
            return None
        groove = replayed(table, source, bar, rng)
        begin = round(table.cells * (1 - length))
        added = fill.hits[fill.hits["cell"] >= begin].copy()
        if len(added) < 4:
            added, begin = fill.hits.copy(), 0
        added["bar"] = bar
        added["velocity"] = as_loud(added["velocity"], table.hits["velocity"])
        parts += [groove[groove["cell"] < begin], added]
    made = table.with_hits(*parts)
    if len(pool.crashes) and rng.random() < 0.4:  # the fill leads to a crash on the next one
        ones = np.array(bars) % table.bars * table.cells
        made = with_crashes(made, made.hits, ones, rng, pool.crashes)
    if (np.flatnonzero(made.fills()) + 1).tolist() != list(bars):
        return None  # a fill that hardly differs from its groove, or more fills than the words name
    return made.clip(clip, "fill", fill_words(bars, table.bars))


def fill_words(bars: tuple[int, ...], total: int) -> tuple[str, ...]:
    """Phrases for fills in these bars, counted from 1, of `total`."""
    if len(bars) == 1:
        names, places = ("fill", "drum fill"), _nth(bars[0] - 1, total)
    else:
        even = len(set(np.diff([0, *bars]).tolist())) == 1
        names = ("fills", "drum fills")
        places = (f"in bars {' and '.join(map(str, bars))}",)
        places += (f"every {bars[0]} bars",) if even else ()
    return tuple(f"{name} {place}" for place in places for name in names)


def as_loud(velocity: np.ndarray, groove: np.ndarray) -> np.ndarray:
    """A fill is somewhat louder than the groove, whichever drummer it is from."""
    ratio = np.clip(1.1 * np.quantile(groove, 0.8) / np.quantile(velocity, 0.8), 0.6, 1.6)
    return np.clip(velocity * ratio, 1, 127)
