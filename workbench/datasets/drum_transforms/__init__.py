"""More drum loops with exact words: transformations of real loops whose effect is known.

A transformation takes a clip, a random generator and a pool of other loops, and returns a new clip,
or None where it does not apply (a snare cannot be left out where none plays). Its labels have
"transform", the names of what was done, and "effect": for each of them phrases that say it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workbench.arguments import choice, number, random_generator, seed_of
from workbench.datasets.drum_transforms import feel, form, voices
from workbench.datasets.drum_transforms.pool import Pool
from workbench.music.clip import Clip, clip_of, clips_of

Transform = Callable[[Clip, np.random.Generator, Pool], Clip | None]

TRANSFORMS: dict[str, Transform] = {
    "left out": voices.left_out,
    "alone": voices.alone,
    "on the ride": voices.on_ride,
    "on the hats": voices.on_hats,
    "open hats": voices.open_hats,
    "four on the floor": voices.four_on_the_floor,
    "one drop": voices.one_drop,
    "crash": voices.crash_on_one,
    "half-time": feel.half_time,
    "double-time": feel.double_time,
    "shuffle": feel.shuffle,
    "straight": feel.straight,
    "snare place": feel.snare_place,
    "tightness": feel.tightness,
    "steady": form.steady,
    "sections": form.sections,
    "halves": form.halves,
    "loudness": form.loudness,
    "silence": form.silence,
    "fill": form.with_fill,
}
# What may be done to a loop that was made steady or of sections; nothing there is undone by it.
SECOND = ("fill", "crash", "halves", "snare place", "left out", "tightness")
MOST_SHARE = 0.5  # real loops stay at least as many
TRIES = 60  # loops that are tried for one transformation
_WINDOWS = 6  # a performance counts as at most so many windows when one is chosen


def transformed(
    clip: Clip, transform: str, seed: int = 0, *, pool: Pool | None = None, **dials: object
) -> Clip | None:
    """Apply one transformation.

    Args:
        clip: A drum loop of whole bars.
        transform: One of `TRANSFORMS`.
        seed: Seed of its choices.
        pool: Loops to borrow fills and crashes from; by default the clip alone.
        **dials: Choices of the transformation, such as group="snare" or bars=(4, 8).

    Returns:
        The new loop, or None if the transformation does not apply.

    Raises:
        PromptError: If a value is out of range or the clip does not have whole bars.
    """
    name = choice(transform, "transform", TRANSFORMS)
    clip_of(clip)
    rng = random_generator(seed_of(seed))
    return TRANSFORMS[name](clip, rng, Pool.of([clip]) if pool is None else pool, **dials)


def augmented(clips: Sequence[Clip], seed: int = 0, share: float = 0.4) -> list[Clip]:
    """The loops, followed by transformed ones, about equally many of each transformation.

    Args:
        clips: Real training loops of whole bars.
        seed: The same seed gives the same loops.
        share: Share of transformed loops in the result, 0 to 0.5.

    Returns:
        The same clips, then the transformed ones with labels "transform" and "effect".

    Raises:
        PromptError: If `share` is out of range or a clip does not have whole bars.
    """
    clips = clips_of(clips)
    share = number(share, "share", 0, MOST_SHARE)
    rng = random_generator(seed_of(seed))
    pool = Pool.of(clips)
    if not pool.takes:
        return list(clips)
    names = list(pool.takes)
    weight = np.array([min(len(pool.takes[name]), _WINDOWS) for name in names], float)
    weight /= weight.sum()
    wanted = int(share / (1 - share) * len(clips))
    order = list(TRANSFORMS)
    made: list[Clip] = []
    idle = 0  # transformations in a row that applied nowhere
    while len(made) < wanted and idle < len(order):
        for name in rng.permutation(order):
            new = _one(str(name), names, weight, pool, rng)
            idle = idle + 1 if new is None else 0
            if new is not None:
                made.append(new)
    return [*clips, *made[:wanted]]


def _one(
    name: str, performances: list[str], weight: np.ndarray, pool: Pool, rng: np.random.Generator
) -> Clip | None:
    """One loop by this transformation, of a performance chosen by weight."""
    for _ in range(TRIES):
        takes = pool.takes[performances[int(rng.choice(len(performances), p=weight))]]
        base = takes[int(rng.integers(len(takes)))]
        if name in SECOND and rng.random() < 0.5:
            base = form.steady(base, rng, pool, share=1.0) or base
        if (new := TRANSFORMS[name](base, rng, pool)) is None:
            continue
        if name in ("steady", "sections") and rng.random() < 0.5:
            second = SECOND[int(rng.integers(2))]  # a fill or a crash
            new = TRANSFORMS[second](new, rng, pool) or new
        return new
    return None


__all__ = ["TRANSFORMS", "Pool", "Transform", "augmented", "transformed"]
