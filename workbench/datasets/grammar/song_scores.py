"""Exact probabilities and entropies of the grammar of songs, in nats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.datasets.grammar import songs as g
from workbench.datasets.grammar.songs import Choice, Note, SongStyle

MINUS = float("-inf")


def log_notes(style: SongStyle, key: int, mode: str, form: str, notes: Sequence[Note]) -> float:
    """ln P(notes, form | style, key); −inf if the grammar cannot generate them."""
    bars: list[list[Note]] = [[] for _ in range(8)]
    for begin, length, pitch, velocity, program in notes:
        if not 0 <= begin < 128:
            return MINUS
        bars[begin // 16].append((begin % 16, length, pitch, velocity, program))
    drums = [tuple(sorted((s, p, v) for s, n, p, v, q in bar if q < 0 and n == 1)) for bar in bars]
    if len(set(drums)) > 1 or sum(map(len, drums)) != sum(q < 0 for *_, q in notes):
        return MINUS
    tuned = [sorted(note for note in bar if note[4] >= 0) for bar in bars]
    total = _log(g.chance(g.FORMS, form)) + _log(g.chance(style.drums, drums[0]))
    first: dict[str, int] = {}
    for place, letter in enumerate(form):
        pair = tuned[2 * place : 2 * place + 2]
        if letter in first:
            if pair != tuned[2 * first[letter] : 2 * first[letter] + 2]:
                return MINUS
            continue
        first[letter] = place
        total += _log_phrase(style, key, mode, pair)
        if total == MINUS:
            return MINUS
    return total


def _log_phrase(style: SongStyle, key: int, mode: str, pair: Sequence[Sequence[Note]]) -> float:
    total, table, place = 0.0, g.FIRST, g.START
    for bar in pair:
        chord = _chord(key, mode, bar)
        total += _log(g.chance(table, chord))
        if total == MINUS or chord is None:
            return MINUS
        table = g.NEXT.get(chord, ())
        bass, comp = _backing(style, key, mode, chord, bar)
        total += _log(bass) + _log(comp)
        for half in range(2):
            cost, place = _log_half(style, key, mode, chord, place, half, bar)
            total += cost
        if total == MINUS:
            return MINUS
    return total


def _chord(key: int, mode: str, bar: Sequence[Note]) -> int | None:
    """The degree whose triad the chord track plays; None if there is none."""
    pitches = {pitch - 48 - g.home(key) for _, _, pitch, _, q in bar if q == g.CHORDS}
    for degree in g.DEGREES:
        if pitches == {g.degree(degree + third, mode) for third in (0, 2, 4)}:
            return degree
    return None


def _backing(
    style: SongStyle, key: int, mode: str, chord: int, bar: Sequence[Note]
) -> tuple[float, float]:
    """Probabilities of the bass pattern and the chord pattern of a bar."""

    def of(program: int) -> list[Note]:
        return sorted(note for note in bar if note[4] == program)

    def made(bass: Any, comp: Any, program: int) -> list[Note]:
        notes = g.bar_notes(g.Bar(chord, bass, comp, ()), key, mode)
        return sorted(note for note in notes if note[4] == program)

    p_bass = sum(p for v, p in style.bass if made(v, (), g.BASS) == of(g.BASS))
    p_comp = sum(p for v, p in style.chords if made((), v, g.CHORDS) == of(g.CHORDS))
    return p_bass, p_comp


def _log_half(
    style: SongStyle, key: int, mode: str, chord: int, place: int, half: int, bar: Sequence[Note]
) -> tuple[float, int]:
    """ln P of half a bar of melody, and the step of the scale where it ends."""
    notes = [n for n in bar if n[4] == g.MELODY and 8 * half <= n[0] < 8 * half + 8]
    cell = tuple((s - 8 * half, length) for s, length, *_ in notes)
    total = _log(g.chance(style.cells, cell))
    steps = {g.degree(step, mode): step for step in range(g.STEPS)}
    for number, (_, _, pitch, velocity, _) in enumerate(notes):
        step = steps.get(pitch - 60 - g.home(key))
        if step is None:
            return MINUS, place
        table = g.arrivals(place, chord) if number == 0 else g.moves(place)
        total += _log(table.get(step, 0.0)) + _log(g.chance(g.ACCENTS, velocity))
        place = step
    return total, place


def log_melody(style: SongStyle, chord: int, bars: Sequence[Sequence[Note]]) -> float:
    """ln P(melody | style, chord) in C major; −inf if the grammar cannot generate it.

    Args:
        style: Of the songs.
        chord: The degree of the scale that is played in every bar.
        bars: The notes of each bar, all of the melody, with the sixteenth in the bar first.
    """
    total, place = 0.0, g.START
    for bar in bars:
        for half in range(2):
            cost, place = _log_half(style, 0, "major", chord, place, half, bar)
            total += cost
    return total


def _log(p: float) -> float:
    return float(np.log(p)) if p > 0 else MINUS


# --- entropy ----------------------------------------------------------------------------------


def choice_entropy(choice: Choice) -> float:
    """Entropy of one choice in nats."""
    p = np.array([p for _, p in choice])
    return float(-(p * np.log(p)).sum())


def phrase_entropy(style: SongStyle) -> float:
    """Exact entropy of a phrase in nats: the entropy of each choice, weighted by the probability
    that it is made. The position of the melody is propagated as a distribution over steps."""
    total = choice_entropy(g.FIRST) + 2 * (
        choice_entropy(style.bass) + choice_entropy(style.chords)
    )
    places = np.zeros((len(g.DEGREES), g.STEPS))  # P(chord of the bar, place before it)
    degrees = list(g.DEGREES)
    for degree, p in g.FIRST:
        places[degrees.index(degree), g.START] = p
    for bar in range(2):
        after = np.zeros_like(places)
        for row, degree in enumerate(degrees):
            mass = places[row]
            for _ in range(2):
                mass, cost = _half(style, degree, mass)
                total += cost
            after[row] = mass
        if bar == 0:
            total += sum(
                after[row].sum() * choice_entropy(g.NEXT[degree])
                for row, degree in enumerate(degrees)
                if degree in g.NEXT
            )
            places = np.zeros_like(after)
            for row, degree in enumerate(degrees):
                for then, p in g.NEXT.get(degree, ()):
                    places[degrees.index(then)] += p * after[row]
    return float(total)


def melody_entropy(style: SongStyle, chord: int, bars: int) -> float:
    """Exact entropy in nats of `bars` bars of melody over one chord, a degree of the scale."""
    total, mass = 0.0, np.eye(g.STEPS)[g.START]
    for _ in range(2 * bars):
        mass, cost = _half(style, chord, mass)
        total += cost
    return total


def _half(style: SongStyle, chord: int, mass: np.ndarray) -> tuple[np.ndarray, float]:
    """Half a bar: the distribution of positions after it, and its entropy in nats, from a
    distribution of positions whose sum is the probability of this chord."""
    after, cost = np.zeros_like(mass), float(mass.sum()) * choice_entropy(style.cells)
    accents = choice_entropy(g.ACCENTS)
    for cell, p in style.cells:
        now = p * mass
        for number in range(len(cell)):
            then = np.zeros_like(now)
            for place in np.flatnonzero(now):
                table = g.arrivals(int(place), chord) if number == 0 else g.moves(int(place))
                chances = np.array(list(table.values()))
                cost += now[place] * (float(-(chances * np.log(chances)).sum()) + accents)
                for step, chance in table.items():
                    then[step] += now[place] * chance
            now = then
        after += now
    return after, cost


def song_entropy(style: SongStyle) -> float:
    """Entropy of a song of a style in nats: tempo, key, form, drums and two or three phrases."""
    phrases = sum(p * len(set(form)) for form, p in g.FORMS)
    return float(
        np.log(len(style.tempi))
        + np.log(24)
        + choice_entropy(g.FORMS)
        + choice_entropy(style.drums)
        + phrases * phrase_entropy(style)
    )
