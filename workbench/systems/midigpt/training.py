"""Training of MidiGPT: songs → note tables → sequences with and without holes → next tokens.

    workbench train songs --dataset pop909 --profile laptop --out my-songs

A fifth of the sequences are songs without a hole, the others have a hole to fill
(fill-in-the-middle, Bavarian et al. 2022, who find almost no cost to ordinary language modelling).
Songs are transposed by up to half an octave. Validation uses held-out songs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.datasets.load import load_parts, names_of
from workbench.errors import MissingDataError
from workbench.models.gpt import GPT, next_token_loss
from workbench.representations.holes import (
    BAR,
    Hole,
    answer,
    bars_of,
    part,
    question,
    song_ids,
    transpose,
    window,
)
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import BOS, EOS, PAD, Vocabulary
from workbench.systems.midigpt.config import PROFILES, Profile
from workbench.systems.stages import Recipe, Stage, profile_of
from workbench.training import Fit, Plan, fit

if TYPE_CHECKING:
    from workbench.music.clip import Clip

LONGEST_HOLE = 8  # bars
HOLES = 0.8  # share of sequences that have a hole
WHOLE = 0.6  # share of holes that cover all tracks
BARE = 0.08  # share of holes without context, to learn to generate new songs


def songs_of(dataset: str, split: str, limit: int | None = None) -> list[Clip]:
    """Return whole songs of data sets or folders of MIDI files, joined by "+". Duplicates are taken
    from the first set that has them. limit: songs per data set."""
    parts = load_parts(names_of(dataset), split, limit=limit, songs=True)
    return [clip for part in parts for clip in part]


def tables_of(clips: Sequence[Clip]) -> list[RemiSong]:
    """Return note tables of the clips that have notes that REMI can encode."""
    tables = [table_of(clip.score) for clip in clips]
    return [table for table in tables if len(table.notes)]


# --- sequences --------------------------------------------------------------------------------


def excerpt(song: RemiSong, sizes: Sequence[int], room: int, rng: np.random.Generator) -> RemiSong:
    """Return bars from a random one on, as many as fit into `room` tokens (at least one)."""
    first = int(rng.integers(len(song.bars)))
    total = np.cumsum(sizes[first:])
    count = max(1, int(np.searchsorted(total, room, side="right")))
    return part(song, first, min(first + count, len(song.bars)))


def random_hole(song: RemiSong, rng: np.random.Generator) -> Hole | None:
    """Return a random hole with at least one note in it, or None if the sampled one has none."""
    length = int(rng.integers(1, min(LONGEST_HOLE, max(1, len(song.bars) // 2)) + 1))
    first = int(rng.integers(len(song.bars) - length + 1))
    programs = np.unique(song.notes[:, 2])
    hole = Hole(first, first + length)
    if len(programs) > 1 and rng.random() > WHOLE:
        count = int(rng.integers(1, len(programs)))
        hole = replace(hole, programs=tuple(int(p) for p in rng.permutation(programs)[:count]))
    return hole if hole.covers(song).any() else None


def with_hole(
    song: RemiSong,
    sizes: Sequence[int] | np.ndarray,
    vocabulary: Vocabulary,
    context: int,
    rng: np.random.Generator,
) -> np.ndarray | None:
    """Return a question and its answer as at most `context` ids; None if they do not fit."""
    hole = random_hole(song, rng)
    if hole is None:
        return None
    filling = answer(song, hole, vocabulary)
    sizes = np.array(sizes)
    if hole.programs is None:
        sizes[hole.first : hole.last] = 2  # Bar and TimeSig
    room = context - len(filling) - int(sizes[hole.first : hole.last].sum()) - 24
    sizes[hole.first : hole.last] = 0
    if room < 0:
        return None
    if rng.random() < BARE:
        room = 0
    first, last = window(sizes, hole, room, share=float(rng.random()))
    moved = replace(hole, first=hole.first - first, last=hole.last - first)
    ids = np.concatenate([question(part(song, first, last), moved, vocabulary), filling])
    return ids if len(ids) <= context else None


def sequences_of(
    songs: Sequence[RemiSong],
    vocabulary: Vocabulary,
    context: int,
    n: int,
    seed: int,
    *,
    holes: float = HOLES,
    shift: bool = True,
) -> Tensor:
    """Return `n` sequences padded to the context: (n, context) int16. holes: share of sequences
    with a hole."""
    rng = np.random.default_rng(seed)
    rows = np.full((n, context), PAD, dtype=np.int16)
    weight = np.array([len(song.notes) for song in songs], dtype=float)
    row = 0
    while row < n:
        song = songs[int(rng.choice(len(songs), p=weight / weight.sum()))]
        if shift:
            song = transpose(song, int(rng.integers(-5, 7)), vocabulary)
        sizes = [len(bar) for bar in bars_of(song, vocabulary)]
        for _ in range(min(12, n - row)):  # several per song, whose bars are encoded only once
            if rng.random() < holes:
                ids = with_hole(song, sizes, vocabulary, context, rng)
            else:
                cut = excerpt(song, sizes, context, rng)
                ids = song_ids(cut, vocabulary, ends=False)[:context]
            if ids is not None:
                rows[row, : len(ids)] = ids
                row += 1
    return torch.from_numpy(rows)


def held_out(songs: Sequence[RemiSong], vocabulary: Vocabulary, context: int) -> Tensor:
    """Return whole songs split into rows, each token once: (n, context) int16. Every row begins
    with BOS at a bar line, and the last row of a song ends with EOS."""
    rows = []
    for song in songs:
        bars = bars_of(song, vocabulary)
        row = [BOS]
        for number, bar in enumerate(bars):
            if len(row) + len(bar) + 1 > context and len(row) > 1:
                rows.append(row)
                row = [BOS]
            row = [*row, *bar.tolist()][: context - 1]
            if number == len(bars) - 1:
                rows.append([*row, EOS])
    out = np.full((len(rows), context), PAD, dtype=np.int16)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return torch.from_numpy(out)


# --- training ---------------------------------------------------------------------------------


def loss(module: nn.Module, ids: Tensor) -> dict[str, Tensor]:
    """Return the mean −log p of the next token, in nats."""
    ids = ids.long()
    return {"nll": next_token_loss(module(ids), ids, PAD)}


def validate(plain_rows: Tensor, hole_rows: Tensor, batch: int) -> Callable[..., dict[str, float]]:
    """Return a function that measures nats per token on songs without and with holes; its "loss" is
    their mean."""

    def score(module: nn.Module) -> dict[str, float]:
        device = next(module.parameters()).device
        means = {}
        for name, rows in (("plain", plain_rows), ("hole", hole_rows)):
            total, count = 0.0, 0
            for chunk in rows.split(batch):
                ids = chunk.to(device).long()
                tokens = int((ids[:, 1:] != PAD).sum())
                total += float(next_token_loss(module(ids), ids, PAD)) * tokens
                count += tokens
            means[name] = total / max(1, count)
        return {"loss": (means["plain"] + means["hole"]) / 2, **means}

    return score


def recipe(dataset: str, profile: str, seed: int) -> Recipe:
    """Return the recipe of a MidiGPT. dataset: names from the catalogue or folders, joined by "+"
    ("pop909+builtin-songs")."""
    size = profile_of(PROFILES, profile)
    songs = tables_of(songs_of(dataset, "train", size.limit))
    validation = tables_of(songs_of(dataset, "validation", min(40, size.limit or 40)))
    if not songs or not validation:
        raise MissingDataError(f"{dataset}: has no songs with notes to train and validate on")
    vocabulary = Vocabulary.train([ids_of(song) for song in songs], size.vocabulary)
    gpt = replace(size.gpt, vocab=vocabulary.size)
    rows = sequences_of(songs, vocabulary, gpt.context, size.sequences, seed)
    checks = validate(
        held_out(validation, vocabulary, gpt.context)[:64],
        sequences_of(validation, vocabulary, gpt.context, 64, seed + 1, holes=1.0, shift=False),
        16,
    )
    return Recipe(
        {"gpt": asdict(gpt), "vocabulary": vocabulary.to_dict()},
        {
            "songs": len(songs),
            "notes": int(sum(len(s.notes) for s in songs)),
            "bars": int(sum(s.notes[-1, BAR] + 1 for s in songs)),
        },
        partial(stages, rows=rows, checks=checks, size=size),
    )


def stages(
    network: GPT, rows: Tensor, checks: Callable[..., dict[str, float]], size: Profile
) -> list[Stage]:
    """Return the only stage, which trains the network on sequences (n, context)."""

    def fit_gpt(plan: Plan, out: Path, **more: Any) -> Fit[GPT]:
        fresh = GPT(network.config)
        done = fit(fresh, (rows,), loss, plan, out, validate=checks, title="MidiGPT", **more)
        network.load_state_dict(done.module.state_dict())
        return done

    return [Stage("gpt", size.plan, 1.0, fit_gpt)]
