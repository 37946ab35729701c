"""The grammar of short multi-track songs: eight bars of drums, bass, chords and melody.

A song is derived as style → key → form → phrases. A form such as AABA names four phrases of two
bars. A letter that returns is repeated exactly, which a model with a long memory can learn and a
Markov chain cannot. A phrase has two chords, a bass and a chord pattern per bar, and four half bars
of melody. Given style, key and form, the notes determine every choice: each song has only one
derivation, so its probability is a product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Choice = tuple[tuple[Any, float], ...]  # (value, probability), summing to 1
Note = tuple[int, int, int, int, int]  # sixteenth, length, pitch, velocity, program (−1: drums)
# Cell, steps of the scale and velocities of each half of a bar.
Melody = tuple[tuple[tuple, tuple[int, ...], tuple[int, ...]], ...]

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
FORMS: Choice = (("AABA", 0.4), ("ABAB", 0.35), ("ABAC", 0.25))
DEGREES = (0, 1, 3, 4, 5)
# The first chord of a phrase, and the chord after it: degrees of the scale, 0 is the tonic.
FIRST: Choice = ((0, 0.5), (3, 0.2), (5, 0.2), (1, 0.1))
NEXT: dict[int, Choice] = {
    0: ((3, 0.35), (4, 0.3), (5, 0.25), (1, 0.1)),
    1: ((4, 0.8), (3, 0.2)),
    3: ((4, 0.5), (0, 0.3), (1, 0.2)),
    5: ((3, 0.5), (1, 0.25), (4, 0.25)),
}
MOVES: Choice = ((-2, 0.12), (-1, 0.3), (0, 0.16), (1, 0.3), (2, 0.12))  # steps of the scale
ACCENTS: Choice = ((79, 0.3), (95, 0.7))  # of the melody
STEPS = 15  # two octaves of the scale
START = 7  # the melody of each phrase starts from the upper tonic
BASS, CHORDS, MELODY = 33, 0, 53  # programs


@dataclass(frozen=True)
class SongStyle:
    """A style of songs.

    Args:
        name: As in captions.
        tempi: BPM, equally likely.
        drums: Patterns of a bar, as (sixteenth, pitch, velocity).
        bass: Patterns of a bar, as (sixteenth, length, number of fifths above the root).
        chords: Patterns of a bar, as (sixteenth, length).
        cells: Rhythms of half a bar of melody, as (sixteenth, length).
    """

    name: str
    tempi: tuple[int, ...]
    drums: Choice
    bass: Choice
    chords: Choice
    cells: Choice


def _beat(kick: str, snare: str, hat: str) -> tuple[tuple[int, int, int], ...]:
    """A drum pattern from text: x is a hit, X an accent."""
    rows = []
    for text, pitch in ((kick, 36), (snare, 38), (hat, 42)):
        rows += [
            (i, pitch, 111 if mark == "X" else 79) for i, mark in enumerate(text) if mark in "xX"
        ]
    return tuple(sorted(rows))


_WHOLE, _HALVES = ((0, 16),), ((0, 8), (8, 8))
_QUARTERS = tuple((4 * i, 4) for i in range(4))
STYLES: dict[str, SongStyle] = {
    style.name: style
    for style in (
        SongStyle(
            "ballad", (62, 68, 74),
            ((_beat("X.......x.......", "....x.......x...", "x...x...x...x..."), 0.6),
             (_beat("X.........x.....", "........X.......", "x.x.x.x.x.x.x.x."), 0.4)),
            ((((0, 16, 0),), 0.5), (((0, 8, 0), (8, 8, 1)), 0.5)),
            ((_WHOLE, 0.5), (_HALVES, 0.5)),
            ((((0, 8),), 0.3), (((0, 4), (4, 4)), 0.4), (((0, 6), (6, 2)), 0.3)),
        ),
        SongStyle(
            "pop", (92, 100, 108),
            ((_beat("X.....x.x.......", "....X.......X...", "x.x.x.x.x.x.x.x."), 0.7),
             (_beat("X...x...X...x...", "....X.......X...", "x.x.x.x.x.x.x.x."), 0.3)),
            ((((0, 4, 0), (4, 4, 0), (8, 4, 0), (12, 4, 0)), 0.5),
             (((0, 6, 0), (6, 2, 0), (8, 8, 1)), 0.5)),
            ((_HALVES, 0.4), (_QUARTERS, 0.6)),
            ((((0, 4), (4, 4)), 0.3), (((0, 2), (2, 2), (4, 4)), 0.4),
             (((0, 4), (4, 2), (6, 2)), 0.3)),
        ),
        SongStyle(
            "rock", (120, 132, 144),
            ((_beat("X.x.....X.x.....", "....X.......X...", "X...x...X...x..."), 0.5),
             (_beat("X.......X.x.....", "....X.......X..x", "x.x.x.x.x.x.x.x."), 0.5)),
            ((tuple((2 * i, 2, 0) for i in range(8)), 0.7),
             (((0, 4, 0), (4, 4, 0), (8, 4, 1), (12, 4, 1)), 0.3)),
            ((_QUARTERS, 0.5), (((0, 6), (6, 2), (8, 8)), 0.5)),
            ((((0, 2), (2, 2), (4, 2), (6, 2)), 0.35), (((0, 4), (4, 4)), 0.35),
             (((2, 2), (4, 4)), 0.3)),
        ),
        SongStyle(
            "dance", (122, 126, 130),
            ((_beat("X...X...X...X...", "....x.......x...", "..x...x...x...x."), 0.6),
             (_beat("X...X...X...X...", "............X...", "..x.x.x...x.x.x."), 0.4)),
            ((((2, 2, 0), (6, 2, 0), (10, 2, 0), (14, 2, 0)), 0.6),
             (((0, 2, 0), (3, 3, 0), (6, 2, 1), (10, 2, 0), (14, 2, 1)), 0.4)),
            ((((2, 2), (6, 2), (10, 2), (14, 2)), 0.6), (_WHOLE, 0.4)),
            ((((0, 3), (3, 3), (6, 2)), 0.5), (((0, 2), (4, 2), (6, 2)), 0.3), (((0, 8),), 0.2)),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """The choices of one bar."""

    chord: int
    bass: tuple
    chords: tuple
    melody: Melody


@dataclass(frozen=True)
class Song:
    """All choices of a song. phrases: two bars per letter of the form, in alphabetical order."""

    style: SongStyle
    tempo: int
    key: int  # of the tonic, C = 0
    mode: str
    form: str
    drums: tuple
    phrases: dict[str, tuple[Bar, Bar]]


# --- probabilities ----------------------------------------------------------------------------


def moves(place: int) -> dict[int, float]:
    """P(next step of the scale) of the melody, within two octaves."""
    fine = {place + move: p for move, p in MOVES if 0 <= place + move < STEPS}
    total = sum(fine.values())
    return {step: p / total for step, p in fine.items()}


def arrivals(place: int, chord: int) -> dict[int, float]:
    """P(first note of a half bar): a chord tone at most four steps from the last note; nearer
    ones are more likely."""
    tones = [s for s in range(STEPS) if (s - chord) % 7 in (0, 2, 4) and abs(s - place) <= 4]
    weight = np.array([1.0 / (1 + abs(s - place)) for s in tones])
    return dict(zip(tones, (weight / weight.sum()).tolist(), strict=True))


def chance(choice: Choice, value: object) -> float:
    """Probability of a value; 0 if it is not one of the choices."""
    return sum(p for v, p in choice if v == value)


def pick(choice: Choice, rng: np.random.Generator) -> Any:
    """Sample a value."""
    return choice[int(rng.choice(len(choice), p=[p for _, p in choice]))][0]


# --- sampling ----------------------------------------------------------------------------------


def sample(style: SongStyle, rng: np.random.Generator) -> Song:
    """Sample a song of a style."""
    key, mode = int(rng.integers(12)), ("major", "minor")[int(rng.integers(2))]
    form, drums = str(pick(FORMS, rng)), pick(style.drums, rng)
    phrases = {letter: _phrase(style, rng) for letter in sorted(set(form))}
    tempo = style.tempi[int(rng.integers(len(style.tempi)))]
    return Song(style, tempo, key, mode, form, drums, phrases)


def _phrase(style: SongStyle, rng: np.random.Generator) -> tuple[Bar, Bar]:
    first = pick(FIRST, rng)
    place, bars = START, []
    for chord in (first, pick(NEXT[first], rng)):
        bass, comp = pick(style.bass, rng), pick(style.chords, rng)
        melody, place = sample_melody(style, chord, place, rng)
        bars.append(Bar(chord, bass, comp, melody))
    return bars[0], bars[1]


def sample_melody(
    style: SongStyle, chord: int, place: int, rng: np.random.Generator
) -> tuple[Melody, int]:
    """Sample the melody of a bar over a chord, a degree of the scale, from the step before it;
    return it with its last step."""
    halves = []
    for _ in range(2):
        cell, steps = pick(style.cells, rng), []
        for number in range(len(cell)):
            table = arrivals(place, chord) if number == 0 else moves(place)
            place = int(rng.choice(list(table), p=list(table.values())))
            steps.append(place)
        halves.append((cell, tuple(steps), tuple(pick(ACCENTS, rng) for _ in steps)))
    return tuple(halves), place


def home(key: int) -> int:
    """Semitones from C to the tonic, −6 to 5, so that all keys are in one register."""
    return (key + 6) % 12 - 6


def degree(step: int, song_mode: str) -> int:
    """Semitones from the tonic to a step of the scale."""
    scale = SCALES[song_mode]
    return 12 * (step // 7) + scale[step % 7]


def notes_of(song: Song) -> list[Note]:
    """All notes, sorted."""
    out: list[Note] = []
    for place, letter in enumerate(song.form):
        for number, bar in enumerate(song.phrases[letter]):
            begin = 16 * (2 * place + number)
            out += [(begin + s, 1, pitch, v, -1) for s, pitch, v in song.drums]
            out += [
                (begin + s, n, p, v, q) for s, n, p, v, q in bar_notes(bar, song.key, song.mode)
            ]
    return sorted(out)


def bar_notes(bar: Bar, key: int, mode: str) -> list[Note]:
    """The notes of a bar without drums."""
    tonic = home(key)
    root = tonic + degree(bar.chord, mode)
    low = root - 12 if root > 7 else root
    out = [(s, n, 36 + low + 7 * fifth, 87, BASS) for s, n, fifth in bar.bass]
    triad = [48 + tonic + degree(bar.chord + third, mode) for third in (0, 2, 4)]
    out += [(s, n, pitch, 63, CHORDS) for s, n in bar.chords for pitch in triad]
    for half, (cell, steps, accents) in enumerate(bar.melody):
        for (s, n), step, velocity in zip(cell, steps, accents, strict=True):
            out.append((8 * half + s, n, 60 + tonic + degree(step, mode), velocity, MELODY))
    return out
