"""Melodies of the built-in songs, so short that a small model can come close to their truth.

A melody is one or more bars in C major over the tonic chord, as the grammar of the built-in songs
writes it: two rhythms of half a bar per bar, steps of the scale, soft or loud notes. Its
probability is a product of known choices, and so the entropy is exact.
Notebook: `notebooks/11_diffusion_lm.ipynb`.
"""

from __future__ import annotations

import numpy as np

from workbench.arguments import random_generator, whole
from workbench.datasets.builtin_songs import notes_of, style_of
from workbench.datasets.grammar import song_scores as scores
from workbench.datasets.grammar import songs as grammar
from workbench.music.clip import Clip
from workbench.music.notes import NOTE

TONIC = 0  # the chord of every bar
VELOCITY_STEP = 16  # velocities are compared by sixteenths of their range, as PVD encodes them


def sample(n: int, seed: int, style: str = "pop", bars: int = 1) -> list[Clip]:
    """Sample melodies. The same seed gives the same melodies.

    Args:
        n: Number of melodies, at least 0.
        seed: Of the random choices.
        style: Of the built-in songs, which sets rhythms and tempo.
        bars: Number of bars of each, at least 1.
    """
    n, bars, rng = whole(n, "n", 0), whole(bars, "bars", 1), random_generator(seed)
    chosen = style_of(style)
    clips = []
    for number in range(n):
        place, rows = grammar.START, []
        for bar in range(bars):
            melody, place = grammar.sample_melody(chosen, TONIC, place, rng)
            notes = grammar.bar_notes(grammar.Bar(TONIC, (), (), melody), 0, "major")
            rows += [(4 * bar + s / 4, d / 4, pitch, v, 0, False) for s, d, pitch, v, _ in notes]
        clips.append(
            Clip.from_notes(
                np.array(rows, dtype=NOTE),
                tempo=float(chosen.tempi[0]),
                beats=4.0 * bars,
                drums=False,
                source=f"Built-in melodies/{style} {seed}-{number}.mid",
                labels={"style": style, "built_in": True},
            )
        )
    return clips


def log_prob(clip: Clip, style: str = "pop") -> float:
    """Return the exact ln P(notes) of a clip of whole bars in 4/4; −inf for notes that the grammar
    cannot generate. Velocities count by sixteenths of their range, and instruments do not count."""
    chosen, notes = style_of(style), notes_of(clip)
    if notes is None or clip.beats % 4 or tuple(clip.meter) != (4, 4):
        return -np.inf
    loud = {velocity // VELOCITY_STEP: velocity for velocity, _ in grammar.ACCENTS}
    bars: list[list[grammar.Note]] = [[] for _ in range(round(clip.beats / 4))]
    for begin, length, pitch, velocity, program in notes:
        if program < 0 or not 0 <= begin < 16 * len(bars):
            return -np.inf
        accent = loud.get(velocity // VELOCITY_STEP, 0)
        bars[begin // 16].append((begin % 16, length, pitch, accent, grammar.MELODY))
    return scores.log_melody(chosen, TONIC, bars)


def entropy(style: str = "pop", bars: int = 1) -> float:
    """Return the exact entropy of a melody in nats: the mean of −log_prob over all melodies."""
    return scores.melody_entropy(style_of(style), TONIC, whole(bars, "bars", 1))
