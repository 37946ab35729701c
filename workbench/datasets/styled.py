"""Loops of the beats that Groove lacks, written by a grammar and played with drummers' touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from workbench.arguments import choice, random_generator, seed_of, whole
from workbench.datasets.drum_transforms.form import as_loud, fill_words
from workbench.datasets.drum_transforms.hits import CR, captioned_loop
from workbench.datasets.drum_transforms.pool import Fill, Pool
from workbench.datasets.grammar.beats import BEATS, Beat, Pattern
from workbench.datasets.grammar.cells import ACCENT, CELLS, NORMAL, OPEN, OPEN_HAT, PITCH, STATES
from workbench.datasets.grammar.cells import GHOST as GHOST_NOTE
from workbench.datasets.load import load
from workbench.datasets.loops import cut_loops
from workbench.datasets.touch import Player, Players, played, voice_of
from workbench.errors import PromptError
from workbench.music.clip import Clip, clips_of
from workbench.music.midi import NOTE

BARS = 8
# Groove letters of the four pairs of bars
FORMS = {"AAAA": 0.3, "AAAB": 0.2, "AABA": 0.2, "AABB": 0.1, "ABAB": 0.1, "ABAC": 0.1}
SECOND_FILL = 0.4  # chance of a fill in bar 4, times the beat's own of one in bar 8
FRESH = 0.3  # share of a groove's cells that are chosen again in its variation
OTHER = 0.5  # chance that B is another pattern of the beat rather than a variation of A
# chance that a bar departs from its groove by a stroke or two, and its probability
RESTLESS = {0.0: 0.25, 0.3: 0.25, 0.6: 0.3, 0.9: 0.2}
OPENING_CRASH = 0.1  # chance of a crash on the first beat without a fill before it

Hit = tuple[str, float, int]  # lane, beats from the start of its bar, state


@dataclass(frozen=True)
class Band:
    """Who plays: windows for the touch, and a pool for the fills."""

    players: Players
    pool: Pool


def band_of(clips: Sequence[Clip]) -> Band:
    """Learn touch and fills from real training loops in 4/4."""
    clips = clips_of(clips)
    return Band(Players(clips), Pool.of(clips))


@cache
def groove_band() -> Band:
    """The drummers of Groove's training sessions. Raises MissingDataError if it is not there."""
    return band_of(cut_loops(load("groove", split="train"), BARS))


def styled_loops(
    n: int,
    seed: int = 0,
    *,
    meter: tuple[int, int] | None = None,
    style: str | None = None,
    band: Band | None = None,
) -> list[Clip]:
    """Loops of eight bars in the beats of the drum methods (`grammar.beats.BEATS`).

    Args:
        n: Number of loops; the beats take turns in random order.
        seed: The same seed gives the same loops, and the first ones do not depend on `n`.
        meter: Only beats in this metre, such as (3, 4).
        style: Only the beat of this name, such as "one drop".
        band: Whose touch and fills they are played with; by default Groove's training sessions.

    Returns:
        Clips with labels style, substyle, kind "beat", form (a letter per bar), fills (bars, from
        1), "effect" (groups of phrases of which each says the same) and origin "grammar".

    Raises:
        PromptError: If a value is out of range or no beat fits.
        MissingDataError: If `band` is not given and the Groove MIDI Dataset is absent.
    """
    n = whole(n, "n", 0)
    names = [choice(style, "style", BEATS)] if style is not None else list(BEATS)
    names = [name for name in names if meter is None or BEATS[name].meter == tuple(meter)]
    if not names:
        known = sorted({"{}/{}".format(*beat.meter) for beat in BEATS.values()})
        raise PromptError(f"meter={meter}: no beat is in it; choose from {', '.join(known)}")
    rng = random_generator(seed_of(seed))
    order: list[str] = []
    clips = []
    for number in range(n):
        order = order or [names[i] for i in rng.permutation(len(names))]
        made = _loop(
            BEATS[order.pop()], band or groove_band(), np.random.default_rng(rng.integers(2**63))
        )
        made.labels["performance"] = made.source = f"grammar/{made.labels['beat']} {seed}-{number}"
        clips.append(made)
    return clips


def _loop(beat: Beat, band: Band, rng: np.random.Generator) -> Clip:
    """Write a loop and have it played."""
    bar = 4 * beat.meter[0] / beat.meter[1]
    tempo = float(rng.integers(beat.tempo[0], beat.tempo[1] + 1))
    pattern = beat.patterns[int(rng.integers(len(beat.patterns)))]
    form = str(rng.choice(list(FORMS), p=list(FORMS.values())))
    grooves = _grooves(beat, pattern, form, bar, rng)
    bars = [list(grooves[letter][number % 2]) for letter in form for number in range(2)]
    restless = float(rng.choice(list(RESTLESS), p=list(RESTLESS.values())))
    for number in range(1, BARS):
        if rng.random() < restless:
            bars[number] = _ornamented(beat, bars[number], bar, rng)
    fills = _fill_bars(beat, rng)
    crashes = [b % BARS for b in fills if rng.random() < beat.crash]
    if not crashes and rng.random() < OPENING_CRASH * beat.crash / 0.6:
        crashes = [0]
    pulse = 1.5 if beat.compound else 1.0
    parts, starts = [], {}
    for b in fills:
        length = min(float(rng.choice([1, 2, 4], p=[0.2, 0.35, 0.45])) * pulse, bar)
        fill = _fill(beat, band, tempo / pulse, rng)
        starts[b - 1] = bar - length
        parts.append((b, length, fill))
    for b in crashes:
        bars[b] = [h for h in bars[b] if h[1] > 0 or h[0] not in ("HH", "RD", "BL")]
        bars[b].append(("CR", 0.0, ACCENT))
    hits = [
        (b * bar + place, lane, state)
        for b, each in enumerate(bars)
        for lane, place, state in each
        if place < starts.get(b, bar) - 1e-6
    ]
    hits.sort(key=lambda hit: (round(hit[0], 4), hit[1]))
    notes = _played(beat, hits, tempo, pulse, band, rng)
    groove = notes["velocity"].copy()
    added = [_fill_notes(fill, b * bar, length, pulse, groove) for b, length, fill in parts]
    notes = np.concatenate([notes, *added])
    notes["velocity"] = np.clip(np.rint(notes["velocity"] * beat.soft), 1, 127)
    words = [beat.names]
    if pattern.words:
        words.append((pattern.words,))
    if fills:
        words.append(fill_words(fills, BARS))
    labels = {
        "style": beat.style,
        "substyle": beat.substyle,
        "kind": "beat",
        "beat": beat.name,
        "form": "".join(2 * letter for letter in form),
        "fills": fills,
        "effect": tuple(words),
        "origin": "grammar",
    }
    return captioned_loop(notes, BARS * bar, labels, tempo=tempo, meter=beat.meter)


def _grooves(
    beat: Beat, pattern: Pattern, form: str, bar: float, rng: np.random.Generator
) -> dict[str, tuple[list[Hit], list[Hit]]]:
    """Two bars for each letter: B and C are another pattern or a variation of A's."""
    first = _states(pattern, rng)
    grooves = {"A": _pair(beat, pattern, first, bar)}
    for letter in sorted(set(form) - {"A"}):
        others = [p for p in beat.patterns if p is not pattern]
        if others and rng.random() < OTHER:
            other = others[int(rng.integers(len(others)))]
            grooves[letter] = _pair(beat, other, _states(other, rng), bar)
        else:
            grooves[letter] = _pair(beat, pattern, _states(pattern, rng, first), bar)
    return grooves


def _states(
    pattern: Pattern,
    rng: np.random.Generator,
    before: dict[tuple[str, int], list[int]] | None = None,
) -> dict[tuple[str, int], list[int]]:
    """The states of a pattern's cells by lane and bar; with `before`, only some are new."""
    states = {}
    for lane in pattern.rows:
        for number in range(pattern.bars):
            letters = pattern.bar(lane, number)
            new = [int(rng.choice(STATES, p=CELLS[letter])) for letter in letters]
            if before is not None:
                old = before[lane, number]
                new = [a if rng.random() < FRESH else b for a, b in zip(new, old, strict=True)]
            states[lane, number] = new
    return states


def _pair(
    beat: Beat, pattern: Pattern, states: dict[tuple[str, int], list[int]], bar: float
) -> tuple[list[Hit], list[Hit]]:
    """Two bars of hits."""
    sixteenths = round(4 * bar)
    pair: list[list[Hit]] = []
    for number in range(2):
        hits: list[Hit] = []
        for lane in pattern.rows:
            row = states[lane, number % pattern.bars]
            for i, state in enumerate(row):
                late = beat.swing / 4 if len(row) == sixteenths and i % 2 else 0.0
                if state:
                    hits.append((lane, i * bar / len(row) + late, state))
        pair.append(hits)
    return pair[0], pair[1]


def _ornamented(beat: Beat, hits: list[Hit], bar: float, rng: np.random.Generator) -> list[Hit]:
    """A bar with one or two strokes more, fewer or other: ghost notes, kicks, an open hi-hat."""
    step = 1 / 3 if beat.triplets and not beat.compound else 0.5 if beat.compound else 0.25
    grid = np.arange(1, round(bar / step)) * step
    off = grid[np.abs(grid - np.round(grid)) > 0.01]
    hits = list(hits)
    for _ in range(int(rng.integers(1, 4))):
        taken = {(lane, round(place, 3)) for lane, place, _ in hits}
        kicks = [h for h in hits if h[0] == "BD" and h[1] > 0]
        hats = [h for h in hits if h[0] == "HH" and h[2] != OPEN and h[1] % 1 >= 0.4]
        place = float(off[rng.integers(len(off))])
        what = int(rng.integers(5))
        if what <= 1 and any(h[0] == "SD" for h in hits) and ("SD", round(place, 3)) not in taken:
            hits.append(("SD", place, GHOST_NOTE))
        elif what == 2 and not beat.fixed_kick and ("BD", round(place, 3)) not in taken:
            hits.append(("BD", place, NORMAL))
        elif what == 3 and not beat.fixed_kick and len(kicks) >= 2:
            hits.remove(kicks[int(rng.integers(len(kicks)))])
        elif what == 4 and hats:
            hat = hats[int(rng.integers(len(hats)))]
            hits[hits.index(hat)] = (hat[0], hat[1], OPEN)
    return hits


def _fill_bars(beat: Beat, rng: np.random.Generator) -> tuple[int, ...]:
    """The bars with a fill, from 1."""
    last, fourth = rng.random() < beat.fill, rng.random() < beat.fill * SECOND_FILL
    return tuple(b for b, there in ((4, fourth), (BARS, last)) if there)


def _played(
    beat: Beat,
    hits: list[tuple[float, str, int]],
    tempo: float,
    pulse: float,
    band: Band,
    rng: np.random.Generator,
) -> np.ndarray:
    """Notes of the written hits, with the touch of one player."""
    place = np.array([hit[0] for hit in hits])
    state = np.array([hit[2] for hit in hits])
    lane = np.array([PITCH[hit[1]] for hit in hits])
    pitch = np.where((state == OPEN) & (lane == PITCH["HH"]), OPEN_HAT, lane)
    voice = voice_of(pitch)
    player: Player = band.players.choose(
        beat.players, tempo / pulse, beat.triplets, np.unique(voice[voice != CR]), rng
    )
    swing = place - np.floor(place * 4 + 1e-6) / 4 if beat.swing else 0 * place
    velocity, away = played(voice, (place - swing) / pulse, state, pulse, band.players, player, rng)
    notes = np.zeros(len(hits), NOTE)
    notes["time"], notes["duration"], notes["pitch"] = place + away, 0.1, pitch
    notes["velocity"], notes["is_drum"] = np.rint(velocity), True
    return notes


def _fill(beat: Beat, band: Band, tempo: float, rng: np.random.Generator) -> Fill:
    """A fill whose drummer swings or does not, as the beat asks, if one of eight does."""
    found = [band.pool.fill_for(beat.players[0], tempo, (4, 4), rng) for _ in range(8)]
    fills = [fill for fill in found if fill is not None]
    if not fills:
        raise PromptError("band: has no fills; give loops of which some are fills")
    return next((fill for fill in fills if _swings(fill) == beat.triplets), fills[0])


def _swings(fill: Fill) -> bool:
    """Whether most hits between the eighths are on triplets."""
    offset = np.abs(fill.hits["offset"][fill.hits["cell"] % 2 == 1])
    return bool(len(offset) and (np.abs(offset - 1 / 3) < 0.15).mean() > 0.5)


def _fill_notes(
    fill: Fill, end: float, length: float, pulse: float, groove: np.ndarray
) -> np.ndarray:
    """The end of a fill's bar, `length` quarter notes long, as notes that end at `end`."""
    hits = fill.hits[fill.hits["cell"] >= 16 - 4 * length / pulse - 1e-6]
    notes = np.zeros(len(hits), NOTE)
    notes["time"] = end + ((hits["cell"] + hits["offset"]) / 4 - 4) * pulse
    notes["duration"], notes["pitch"], notes["is_drum"] = 0.1, hits["pitch"], True
    notes["velocity"] = np.rint(as_loud(hits["velocity"].astype(float), groove)) if len(hits) else 0
    return notes


__all__ = ["BARS", "Band", "band_of", "groove_band", "styled_loops"]
