"""How much the tracks of a hole play in the bars around it.

A network of this size drops tracks: of game songs with many tracks, about every third is silent in
its fillings although it plays before and after. So a track has a least number of positions with a
note: three quarters of what it reaches in three of four bars around the hole. In validation songs
of pop, bands, game music, Lieder and folk tunes, 2 to 10 % of the true bars have fewer. A track
that rests in more than a quarter of these bars has no such limit. The most positions are those of
its fullest bar around.
"""

from __future__ import annotations

import numpy as np

from workbench.representations.holes import BAR, PROGRAM, Hole
from workbench.representations.remi import RemiSong

AROUND = 4  # bars on each side
SHARE = 0.75  # of the lower quartile of positions


def positions(song: RemiSong, hole: Hole) -> np.ndarray:
    """Return the positions with a note of each track of a hole in all bars: (bars, tracks)."""
    tracks = hole.tracks(song)
    places = np.unique(song.notes[:, [BAR, PROGRAM, 1]], axis=0)
    found = np.zeros((len(song.bars), len(tracks)), dtype=int)
    for i, program in enumerate(tracks.tolist()):
        own = places[places[:, 1] == program, 0]
        found[:, i] = np.bincount(own, minlength=len(song.bars))[: len(song.bars)]
    return found


def positions_around(song: RemiSong, hole: Hole, quantile: float) -> np.ndarray:
    """Return a quantile (0 to 1) of the positions of each track in the bars around a hole that have
    the metre of each of its bars: (bars, tracks); 0 without such bars."""
    count = positions(song, hole)
    near = np.r_[max(0, hole.first - AROUND) : hole.first, hole.last : hole.last + AROUND]
    near = near[near < len(song.bars)]
    found = np.zeros((hole.last - hole.first, count.shape[1]))
    for bar, metre in enumerate(song.bars[hole.first : hole.last].tolist()):
        alike = count[near[song.bars[near] == metre]]
        if len(alike):
            found[bar] = np.quantile(alike, quantile, axis=0)
    return found


def usual_positions(song: RemiSong, hole: Hole) -> np.ndarray:
    """Return the fewest and the most positions of each track in each bar of a hole, (bars, tracks,
    2); 0 where any number may be."""
    least = np.ceil(SHARE * positions_around(song, hole, 0.25))
    return np.stack([least, positions_around(song, hole, 1)], -1).astype(int)
