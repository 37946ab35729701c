"""How much the tracks of a hole play in the bars around it, and which pitches.

A network of this size drops tracks. So a track that was silent for a bar of the hole has a least
number of positions in the next one: a quarter of what it reaches in three of four bars around the
hole. If it counts in all bars, it pushes notes to places where they do not belong. Of fillings of
10 game songs (validation), 72 % of the four-note figures occur elsewhere in the song without such a
rule, 59 % with it in all bars, 67 % with it after a silent bar; of the tracks that play around the
hole, 7, 2 and 3 % are silent in it. Of 20 pop songs, these are 71, 68 and 70 % of the figures, and
2 % of the tracks each time, as in the true bars. A track that rests in more than a quarter of the
bars around has no such limit. The most positions are those of its fullest bar around.

The network strikes drums together too often: in four validation songs of bands they have 1.2 times
the hits of the true bars (median) at as many positions. So they also have a most number of hits in
a bar, the median of the bars around; with it these songs have 1.14 times the hits.

It also loses the register of tracks with unusual instruments: without limits, 34 % of the notes in
fillings of game songs are lower or higher than all others of their track (true bars 0.04 %). So the
song, and the bars beside the hole, limit the pitches. Of the true notes of seven collections, 0.1
to 0.3 % lie beyond these limits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from workbench.representations.grammar import PROGRAMS
from workbench.representations.holes import BAR, PITCH, PROGRAM, Hole
from workbench.representations.remi import RemiSong
from workbench.representations.tokens import Vocabulary, value_of

AROUND = 4  # bars on each side
SHARE = 0.25  # of the lower quartile of positions
TONES, FIFTH = 2, 7  # semitones that a hole may go beyond the song, and beyond the bars beside it
BESIDE = 8  # of these on each side
ENOUGH = 16  # notes that show a range
HITS = 0.5  # the quantile of the hits of drums that a bar may reach


def counts(song: RemiSong, hole: Hole) -> np.ndarray:
    """Return the positions with a note, and the notes, of each track of a hole in all bars: (bars,
    tracks, 2)."""
    tracks = hole.tracks(song)
    notes = song.notes[:, [BAR, PROGRAM, 1]]
    found = np.zeros((len(song.bars), len(tracks), 2), dtype=int)
    for kind, rows in enumerate((np.unique(notes, axis=0), notes)):
        for i, program in enumerate(tracks.tolist()):
            own = rows[rows[:, 1] == program, 0]
            found[:, i, kind] = np.bincount(own, minlength=len(song.bars))[: len(song.bars)]
    return found


def around(song: RemiSong, hole: Hole, quantiles: Sequence[float]) -> np.ndarray:
    """Return quantiles (0 to 1) of the positions and notes of each track in the bars around a hole
    that have the metre of each of its bars: (quantiles, bars, tracks, 2); 0 without such bars."""
    count = counts(song, hole)
    near = np.r_[max(0, hole.first - AROUND) : hole.first, hole.last : hole.last + AROUND]
    near = near[near < len(song.bars)]
    found = np.zeros((len(quantiles), hole.last - hole.first, *count.shape[1:]))
    for bar, metre in enumerate(song.bars[hole.first : hole.last].tolist()):
        alike = count[near[song.bars[near] == metre]]
        if len(alike):
            found[:, bar] = np.quantile(alike, quantiles, axis=0)
    return found


def usual_counts(song: RemiSong, hole: Hole, drums: int) -> np.ndarray:
    """Return the fewest and the most positions, and the most notes, of each track in each bar of a
    hole, (bars, tracks, 3); 0 where any number may be. drums: the token of the drums."""
    low, usual, fullest = around(song, hole, (0.25, HITS, 1))
    hits = np.where(hole.tracks(song) == drums, np.ceil(usual[..., 1]), 0)
    return np.stack([np.ceil(SHARE * low[..., 0]), fullest[..., 0], hits], -1).astype(int)


def pitches(song: RemiSong, hole: Hole, vocabulary: Vocabulary) -> Tensor:
    """Return which pitches each program may play in a hole, drums first: (PROGRAMS, 128) bool.

    Those are the pitches from TONES below the lowest of the track in the song to TONES above the
    highest, but not more than FIFTH beyond those of the BESIDE bars on each side; of drums, those
    that the song has. Tracks with less than ENOUGH notes play any pitch."""
    found = torch.ones(PROGRAMS, 128, dtype=torch.bool)
    rest = song.notes[~hole.covers(song)]
    near = (rest[:, BAR] >= hole.first - BESIDE) & (rest[:, BAR] < hole.last + BESIDE)
    value = {token: value_of(vocabulary.names[token]) for token in np.unique(rest[:, PITCH])}
    heights = np.array([value[token] for token in rest[:, PITCH]], dtype=int)
    for token in hole.tracks(song).tolist():
        program = int(value_of(vocabulary.names[token]))
        own = rest[:, PROGRAM] == token
        limits = ((heights[own], TONES), (heights[own & near], FIFTH))
        for notes, more in limits:
            if len(notes) < ENOUGH:
                continue
            if program < 0:
                found[0] &= torch.from_numpy(np.isin(np.arange(128), heights[own]))
            else:
                found[program + 1, : max(0, notes.min() - more)] = False
                found[program + 1, notes.max() + more + 1 :] = False
    return found
