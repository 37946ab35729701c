"""Parts of a band for a song with known chords: drums of a real performance, bass and pads.

All times are in beats (quarter notes). A part is an array of dtype NOTE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from workbench.music.kit import CROSS_STICK, DRUMS, PEDAL, READ_MAP, WRITE_PITCH
from workbench.music.notes import NOTE

if TYPE_CHECKING:
    from workbench.datasets.sets.pop909 import Chord
    from workbench.music.clip import Clip

BAR, PHRASE = 4, 8  # beats of a performance's bar, bars of a phrase
STEP = 12  # parts of a beat at which all onsets lie
LOOPS = (0, 0, 2, 4)  # bars that the drummer repeats within a phrase; 0: plays on
INTROS = (0, 0, 0, 4, 8)  # bars before the drums enter
FILLS, PAUSES = 0.3, 0.06  # share of phrases that end with a fill, and that begin without drums
RHYTHMS = ("kick", "eighths", "quarters", "long")  # of the bass
SHARES = (0.5, 0.2, 0.15, 0.15)
LOWEST = 28  # E1, the lowest string of a bass

# As the drum loader reads them, except that General MIDI has these two sounds of the TD-11 too
_GENERAL = {pitch: WRITE_PITCH[DRUMS[voice]] for pitch, voice in READ_MAP.items()} | {
    PEDAL: PEDAL,
    CROSS_STICK: CROSS_STICK,
}


@dataclass(frozen=True)
class Performance:
    """A performance in 4/4 as bars of notes, whose times count from their bar line."""

    clip: Clip
    bars: list[np.ndarray]

    @classmethod
    def of(cls, clip: Clip) -> Performance:
        """Cut a performance at its bar lines. The last bar, in which the drummer stops, is left
        out, and so are bars after the last whole group of four."""
        hits = on_grid(clip.notes[clip.notes["is_drum"]])
        bar = (hits["time"] // BAR).astype(int)
        hits["time"] -= bar * BAR
        count = max(1, int(bar.max(initial=0)))
        count -= count % 4 if count > 4 else 0
        return cls(clip, [hits[bar == number] for number in range(count)])


def on_grid(hits: np.ndarray) -> np.ndarray:
    """Move drum hits to sixteenths of a beat, or to triplets in beats that these fit better, where
    the other parts are; hits at the same place count once. Pitches become those of General MIDI."""
    hits = hits.copy()
    time = hits["time"]
    straight, swung = np.round(time * 4) / 4, np.round(time * 6) / 6
    beat = np.floor(time + 1 / 8).astype(int)
    errors = [
        np.bincount(beat, np.abs(time - grid) * hits["velocity"]) for grid in (straight, swung)
    ]
    # the triplets' grid is finer, so a random hit lies 2/3 as far from it
    hits["time"] = np.where((errors[1] < errors[0] / 2)[beat], swung, straight)
    hits["pitch"] = [_GENERAL[pitch] for pitch in hits["pitch"].tolist()]
    hits["duration"] = 0.25
    loudest = np.lexsort((-hits["velocity"], hits["pitch"], hits["time"]))
    hits = hits[loudest]
    new = np.ones(len(hits), dtype=bool)
    new[1:] = (np.diff(hits["time"]) > 1e-6) | (np.diff(hits["pitch"]) != 0)
    return hits[new]


def closest(performances: Sequence[Performance], tempo: float, rng: np.random.Generator) -> int:
    """Return the number of a random performance whose tempo is near `tempo` (BPM): one that is 15 %
    faster or slower is chosen 1/e times as often."""
    ratios = np.log([one.clip.tempo / tempo for one in performances])
    far = np.abs(ratios) / np.log(1.15)
    weights = np.exp(far.min() - far)
    return int(rng.choice(len(performances), p=weights / weights.sum()))


# --- drums ------------------------------------------------------------------------------------


def drum_bars(
    count: int, performance: Performance, fills: Sequence[np.ndarray], rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the drums of `count` bars, (hits,) each, in phrases of eight bars.

    The performance begins at a random group of four bars. It goes on from phrase to phrase, or the
    drummer repeats two or four bars in a phrase. Some phrases end with a fill, some begin with four
    bars of rest, and the drums may enter after an introduction.
    """
    size, loop = len(performance.bars), int(rng.choice(LOOPS))
    intro = int(rng.choice(INTROS))
    bars: list[np.ndarray] = []
    here = 4 * int(rng.integers(-(-size // 4)))
    while len(bars) < count:
        places = here + np.arange(PHRASE) % (loop or PHRASE)
        phrase = [performance.bars[place % size] for place in places]
        if fills and rng.random() < FILLS:
            phrase[-1] = fills[int(rng.integers(len(fills)))]
        if bars and rng.random() < PAUSES:
            phrase[:4] = [phrase[0][:0]] * 4
        bars += phrase
        if not loop or rng.random() < 0.5:  # a loop may last for several phrases
            here += PHRASE
    intro = min(intro, count // 2)
    return [bar[:0] if number < intro else bar for number, bar in enumerate(bars[:count])]


def drums_at(lines: np.ndarray, bars: Sequence[np.ndarray]) -> np.ndarray:
    """Return bars of drums at the bar lines of a song, (bars + 1,) in beats. A shorter bar of the
    song loses the last beats of the drummer's; in a longer one they are repeated."""
    parts = []
    for start, end, bar in zip(lines[:-1], lines[1:], bars, strict=True):
        for offset in np.arange(0, end - start, BAR):
            room = min(end - start - offset, BAR)
            # the end of a bar of 6/4 is the second half of the drummer's bar
            part = bar[bar["time"] >= BAR - room] if offset else bar[bar["time"] < room]
            part = part.copy()
            part["time"] += start + offset - (BAR - room if offset else 0)
            parts.append(part)
    return np.concatenate(parts)


# --- bass and pad -----------------------------------------------------------------------------


def bass_of(
    chords: Sequence[Chord], lines: np.ndarray, drums: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return a bass line on the chords.

    Args:
        chords: The chords.
        lines: Bar lines, (bars + 1,) in beats.
        drums: The drums. The bass plays with the bass drum, in quarters or in eighths, for the
            whole song or all but some phrases; in bars without drums it plays one note per chord.
        rng: Chooses rhythm, octaves, fifths and approach notes.
    """
    kicks = drums["time"][drums["pitch"] == WRITE_PITCH["BD"]]
    starts = np.array([chord.start for chord in chords], dtype=float)
    rhythm, wild = str(rng.choice(RHYTHMS, p=SHARES)), float(rng.uniform(0, 0.4))
    here = rhythm
    rows: list[float] = []
    for number, (start, end) in enumerate(pairwise(lines.tolist())):
        if number % PHRASE == 0:
            here = rhythm if rng.random() < 0.8 else str(rng.choice(RHYTHMS))
        played = bool(((drums["time"] >= start) & (drums["time"] < end)).any())
        rows += _onsets(here if played else "long", start, end, kicks, starts)
    onsets = np.array(rows)
    chosen = np.searchsorted(starts, onsets, side="right") - 1
    sounding = [i >= 0 and onset < chords[i].end for onset, i in zip(onsets, chosen, strict=True)]
    onsets, chosen = onsets[sounding], chosen[sounding]
    stops = np.minimum(np.append(onsets[1:], np.inf), [chords[i].end for i in chosen])
    notes = np.zeros(len(onsets), dtype=NOTE)
    notes["time"] = onsets
    notes["duration"] = (
        np.maximum(np.floor((stops - onsets) * rng.uniform(0.7, 1) * STEP), 1) / STEP
    )
    notes["pitch"] = _bass_pitches([chords[i] for i in chosen], onsets, wild, rng)
    loud = np.where(onsets % 2 == 0, 96, np.where(onsets % 1 == 0, 88, 80))
    notes["velocity"] = loud + rng.integers(-6, 7, len(notes))
    return notes


def _onsets(
    rhythm: str, start: float, end: float, kicks: np.ndarray, starts: np.ndarray
) -> list[float]:
    """Onsets of the bass in a bar, at least at each new chord and half a beat apart."""
    changes = starts[(starts >= start) & (starts < end)]
    if rhythm == "kick":
        more = kicks[(kicks >= start) & (kicks < end)]
    elif rhythm == "long":
        more = np.array([start])
    else:
        more = np.arange(start, end, 1.0 if rhythm == "quarters" else 0.5)
    apart = [time for time in more if np.abs(changes - time).min(initial=9) >= 0.5 - 1e-6]
    found = changes.tolist()
    for time in apart:
        if all(abs(time - other) >= 0.5 - 1e-6 for other in found):
            found.append(float(time))
    return sorted(found)


def _bass_pitches(
    chords: Sequence[Chord], onsets: np.ndarray, wild: float, rng: np.random.Generator
) -> list[int]:
    """A pitch for each onset: the bass of a new chord, then mostly its root; sometimes its fifth or
    octave, and before the next chord a step towards it. wild: share of these others."""
    pitches = []
    for number, (chord, onset) in enumerate(zip(chords, onsets, strict=True)):
        after = chords[number + 1] if number + 1 < len(chords) else chord
        root = LOWEST + (chord.root - LOWEST) % 12
        pitch = root
        if number == 0 or chord != chords[number - 1]:
            pitch = LOWEST + (chord.bass - LOWEST) % 12
        elif after.root != chord.root and after.start - onset <= 1 and rng.random() < wild:
            goal = LOWEST + (after.bass - LOWEST) % 12
            pitch = goal + int(rng.choice((-1, 1, 2, -2)))
        elif rng.random() < wild:
            pitch = root + (12 if rng.random() < 0.6 else (chord.tones[2] - chord.root) % 12)
        pitches.append(max(pitch, LOWEST))
    return pitches


def pad_of(chords: Sequence[Chord], rng: np.random.Generator) -> np.ndarray:
    """Return held triads around middle C; a chord that is repeated is held on."""
    joined: list[Chord] = []
    for chord in chords:
        if joined and joined[-1].tones == chord.tones and chord.start == joined[-1].end:
            joined[-1] = joined[-1]._replace(end=chord.end)
        else:
            joined.append(chord)
    low, velocity = int(rng.integers(50, 60)), int(rng.integers(50, 75))
    rows = [
        (chord.start, chord.end - chord.start, low + (tone - low) % 12, velocity, 0, False)
        for chord in joined
        for tone in chord.tones
    ]
    return np.array(rows, dtype=NOTE)
