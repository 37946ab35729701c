"""Sequences of MidiGPT: note tables → rows of ids, with and without holes to fill.

A fifth of the training sequences are songs without a hole, the others have a hole to fill
(fill-in-the-middle, Bavarian et al. 2022, who find almost no cost to ordinary language modelling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from workbench.representations.controls import Controls
from workbench.representations.hints import Hints
from workbench.representations.holes import (
    PROGRAM,
    Hole,
    answer,
    bars_of,
    memory,
    part,
    question,
    transpose,
    window,
)
from workbench.representations.remi import RemiSong
from workbench.representations.tokens import BOS, EOS, PAD, Vocabulary

LONGEST_HOLE = 8  # bars
HOLES = 0.8  # share of sequences that have a hole
WHOLE = 0.6  # share of holes that cover all tracks
ADDED = 0.4  # share of holes for some tracks whose tracks play nowhere else, to learn to add them
ROOM = 0.66  # share of the context for the bars of a hole, which is shorter where they are dense
BARE = 0.08  # share of holes without context, to learn to generate new songs


def fitting(sizes: Sequence[int], room: int) -> int:
    """Return how many of the first bars fit into `room` tokens. sizes: tokens of each bar."""
    return int(np.searchsorted(np.cumsum(sizes), room, side="right"))


def excerpt(sizes: Sequence[int], room: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return bars from a random one on, as many as fit into `room` tokens, at least one: (first,
    last exclusive). sizes: tokens of each bar."""
    first = int(rng.integers(len(sizes)))
    return first, first + max(1, fitting(sizes[first:], room))


def random_hole(
    song: RemiSong, sizes: Sequence[int], room: int, rng: np.random.Generator
) -> Hole | None:
    """Return a random hole with at least one note in it, or None if the sampled one has none.
    sizes: tokens of each bar; the bars of the hole fit into `room` tokens, unless it is one bar."""
    length = int(rng.integers(1, min(LONGEST_HOLE, max(1, len(song.bars) // 2)) + 1))
    first = int(rng.integers(len(song.bars) - length + 1))
    length = max(1, min(length, fitting(sizes[first:], room)))
    programs = np.unique(song.notes[:, 2])
    hole = Hole(first, first + length)
    if len(programs) > 1 and rng.random() > WHOLE:
        count = int(rng.integers(1, len(programs)))
        hole = replace(hole, programs=tuple(int(p) for p in rng.permutation(programs)[:count]))
    return hole if hole.covers(song).any() else None


def only_in(song: RemiSong, hole: Hole) -> RemiSong:
    """Return the song in which the tracks of the hole play nowhere else."""
    others = ~np.isin(song.notes[:, PROGRAM], hole.tracks(song))
    return replace(song, notes=song.notes[hole.covers(song) | others])


def with_hole(
    song: RemiSong,
    sizes: Sequence[int],
    vocabulary: Vocabulary,
    context: int,
    rng: np.random.Generator,
    hints: Hints | None = None,
    controls: Controls | None = None,
) -> np.ndarray | None:
    """Return a question and its answer as at most `context` ids, with `hints` as a table (tokens,
    4) of ids and hints; None if they do not fit. controls: asks for some of the true values."""
    hole = random_hole(song, sizes, int(ROOM * context), rng)
    if hole is None:
        return None
    if hole.programs is not None and rng.random() < ADDED:
        song = only_in(song, hole)
        sizes = [len(bar) for bar in bars_of(song, vocabulary)]
    filling = answer(song, hole, vocabulary)
    left = np.array(sizes)
    if hole.programs is None:
        left[hole.first : hole.last] = 2  # Bar and TimeSig
    asked: list[np.ndarray] = []
    if controls is not None:
        wanted = controls.of(song, hole).thinned(rng)
        asked = controls.ids(wanted, hole.tracks(song).tolist())
    room = context - len(filling) - int(left[hole.first : hole.last].sum()) - 24
    room -= sum(map(len, asked))
    left[hole.first : hole.last] = 0
    if room < 0:
        return None
    bare = rng.random() < BARE
    if bare:
        room = 0
    first, last = window(left, hole, room, share=float(rng.random()))
    moved = replace(hole, first=hole.first - first, last=hole.last - first)
    shown = part(song, first, last)
    ids = np.concatenate([question(shown, moved, vocabulary, asked), filling])
    if len(ids) > context:
        return None
    if hints is None:
        return ids
    known = memory(shown, moved, vocabulary) if bare else memory(song, hole, vocabulary)
    return with_hints(ids, hints, known)


def with_hints(ids: np.ndarray, hints: Hints | None, memory: np.ndarray | None) -> np.ndarray:
    """Return ids (tokens,) with their hints as a table (tokens, 4), or alone without `hints`."""
    return ids if hints is None else np.column_stack([ids, hints.of(ids, memory)])


def rows_in(lines: Sequence[np.ndarray], context: int) -> Tensor:
    """Return sequences padded to rows: (n, context) or (n, context, 4) int16."""
    rows = np.full((len(lines), context, *lines[0].shape[1:]), PAD, dtype=np.int16)
    for row, line in zip(rows, lines, strict=True):
        row[: len(line)] = line
    return torch.from_numpy(rows)


def sequences_of(
    songs: Sequence[RemiSong],
    vocabulary: Vocabulary,
    context: int,
    n: int,
    seed: int,
    *,
    holes: float = HOLES,
    shift: bool = True,
    hints: Hints | None = None,
    controls: Controls | None = None,
    weights: np.ndarray | None = None,
) -> Tensor:
    """Return `n` sequences padded to the context.

    Args:
        songs: The songs.
        vocabulary: Their vocabulary.
        context: Length of a row.
        n: Number of rows.
        seed: Of all random numbers.
        holes: Share of sequences with a hole.
        shift: Whether songs are transposed at random.
        hints: Of the vocabulary; echoes reach the whole song.
        controls: Of the vocabulary; questions ask for some of the true values.
        weights: Relative frequency of each song, (songs,); by default its number of notes.

    Returns:
        Ids (n, context), with `hints` a table (n, context, 4) of ids and hints, int16.
    """
    rng = np.random.default_rng(seed)
    lines: list[np.ndarray] = []
    if weights is None:
        weights = np.array([len(song.notes) for song in songs], dtype=float)
    while len(lines) < n:
        song = songs[int(rng.choice(len(songs), p=weights / weights.sum()))]
        if shift:
            song = transpose(song, int(rng.integers(-5, 7)), vocabulary)
        bars = bars_of(song, vocabulary)
        sizes = [len(bar) for bar in bars]
        for _ in range(min(12, n - len(lines))):  # several per song, which is encoded only once
            if rng.random() < holes:
                ids = with_hole(song, sizes, vocabulary, context, rng, hints, controls)
            else:
                first, last = excerpt(sizes, context, rng)
                ids = np.concatenate([[BOS], *bars[first:last]])[:context]
                ids = with_hints(ids, hints, np.concatenate([[BOS], *bars[:first]]))
            if ids is not None:
                lines.append(ids)
    return rows_in(lines, context)


def held_out(
    songs: Sequence[RemiSong], vocabulary: Vocabulary, context: int, hints: Hints | None = None
) -> Tensor:
    """Return whole songs split into rows, each token once: (n, context) int16, with `hints` a table
    (n, context, 4), whose echoes reach the song before the row. Every row begins with BOS at a bar
    line, and the last row of a song ends with EOS."""
    rows = []
    for song in songs:
        bars = bars_of(song, vocabulary)
        first = 0
        while first < len(bars):
            last = first + max(1, fitting([len(bar) for bar in bars[first:]], context - 2))
            ids = np.concatenate([[BOS], *bars[first:last]])[: context - 1]
            ids = np.append(ids, EOS) if last == len(bars) else ids
            rows.append(with_hints(ids, hints, np.concatenate([[BOS], *bars[:first]])))
            first = last
    return rows_in(rows, context)


def split(rows: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the ids (n, time) of rows, and their hints as an argument of the network."""
    rows = rows.long()
    return (rows[..., 0], {"hints": rows[..., 1:]}) if rows.ndim == 3 else (rows, {})
