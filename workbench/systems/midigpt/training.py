"""Training of MidiGPT: songs → note tables → sequences with and without holes → next tokens.

    workbench train songs --dataset pop909+game-midi --profile laptop --out my-songs

A fifth of the sequences are songs without a hole, the others have a hole to fill
(fill-in-the-middle, Bavarian et al. 2022, who find almost no cost to ordinary language modelling).
Songs are transposed by up to half an octave, and collections are balanced. Validation uses held-out
songs. Sequences over a vocabulary whose pitches stand apart are transposed anew in each epoch
(`rows.py`); others once, before they are encoded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.datasets.load import load_parts, names_of
from workbench.errors import CheckpointError, MissingDataError
from workbench.models.gpt import GPT, next_token_loss
from workbench.representations.controls import Controls
from workbench.representations.hints import Hints
from workbench.representations.holes import (
    BAR,
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
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import BOS, EOS, PAD, Vocabulary
from workbench.systems.midigpt.config import PROFILES, Known, Profile
from workbench.systems.midigpt.rows import PITCHES, Means, Rows, Transposition
from workbench.systems.stages import Recipe, Stage, profile_of
from workbench.training import Fit, Plan, fit

if TYPE_CHECKING:
    from workbench.datasets.dataset import Dataset
    from workbench.music.clip import Clip

LONGEST_HOLE = 8  # bars
HOLES = 0.8  # share of sequences that have a hole
WHOLE = 0.6  # share of holes that cover all tracks
ADDED = 0.4  # share of holes for some tracks whose tracks play nowhere else, to learn to add them
ROOM = 0.66  # share of the context for the bars of a hole, which is shorter where they are dense
BARE = 0.08  # share of holes without context, to learn to generate new songs
TABLES = ("wte.weight", "echo.weight")  # weights with a row for each id
# fewest notes of a program, and bars of a metre, to be learned; RARE of all where these are few
RARE_NOTES, RARE_BARS, RARE = 1000, 100, 0.005


def songs_of(dataset: str, split: str, limit: int | None = None) -> list[Clip]:
    """Return whole songs of data sets or folders of MIDI files, joined by "+". Duplicates are taken
    from the first set that has them. limit: songs per data set."""
    return [clip for part in collections(dataset, split, limit) for clip in part]


def collections(dataset: str, split: str, limit: int | None = None) -> list[Dataset]:
    """Return the songs of each data set."""
    return load_parts(names_of(dataset), split, limit=limit, songs=True)


def balanced(parts: Sequence[Sequence[RemiSong]]) -> np.ndarray:
    """Return how often each song of several collections is taken, (songs,). Collections are taken
    in proportion to the square roots of their notes, so that a small one is neither lost nor
    memorised; the first one, which is the one to learn, twice as often. Within a collection, songs
    are taken in proportion to their notes."""
    notes = [np.array([len(song.notes) for song in part], dtype=float) for part in parts]
    roots = np.array([np.sqrt(own.sum()) for own in notes])
    roots[0] *= 2
    return np.concatenate(
        [root * own / max(1.0, own.sum()) for root, own in zip(roots, notes, strict=True)]
    )


def tables_of(clips: Sequence[Clip]) -> list[RemiSong]:
    """Return note tables of the clips that have notes that REMI can encode."""
    tables = [table_of(clip.score) for clip in clips]
    return [table for table in tables if len(table.notes)]


# --- sequences --------------------------------------------------------------------------------


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


# --- training ---------------------------------------------------------------------------------


def loss(
    module: nn.Module, rows: Tensor, transposition: Transposition | None = None
) -> dict[str, Tensor]:
    """Return the mean −log p of the next token, in nats. rows: ids (n, time), or a table of ids and
    hints (n, time, 4). transposition: moves them at random first."""
    if transposition is not None:
        by = torch.randint(-5, 7, (len(rows),)).to(rows.device)
        rows = transposition(rows.long(), by)
    ids, more = split(rows)
    return {"nll": next_token_loss(module(ids, **more), ids, PAD)}


def split(rows: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the ids (n, time) of rows, and their hints as an argument of the network."""
    rows = rows.long()
    return (rows[..., 0], {"hints": rows[..., 1:]}) if rows.ndim == 3 else (rows, {})


def validate(plain_rows: Tensor, hole_rows: Tensor, batch: int) -> Callable[..., dict[str, float]]:
    """Return a function that measures nats per token on songs without and with holes; its "loss" is
    their mean."""

    def score(module: nn.Module) -> dict[str, float]:
        device = next(module.parameters()).device
        means = {}
        for name, rows in (("plain", plain_rows), ("hole", hole_rows)):
            total, count = 0.0, 0
            for chunk in rows.split(batch):
                tokens = int((split(chunk)[0][:, 1:] != PAD).sum())
                total += float(loss(module, chunk.to(device))["nll"]) * tokens
                count += tokens
            means[name] = total / max(1, count)
        return {"loss": (means["plain"] + means["hole"]) / 2, **means}

    return score


@dataclass(frozen=True)
class Start:
    """A checkpoint whose network is trained further: its name, vocabulary, weights and training
    record."""

    name: str
    vocabulary: Vocabulary
    weights: Mapping[str, Tensor]
    record: Mapping[str, Any]

    def fitted(self, vocabulary: Vocabulary, size: int) -> dict[str, Tensor]:
        """Return its weights for a network with another vocabulary and `size` ids, the last of them
        those of controls. Rows of new ids are NaN."""
        places = {tuple(piece): i for i, piece in enumerate(self.vocabulary.pieces)}
        rows = [places.get(tuple(piece), -1) for piece in vocabulary.pieces]
        rows += range(self.vocabulary.size, self.vocabulary.size + size - vocabulary.size)
        index = torch.tensor(rows)[:, None]
        tables = {
            name: torch.where(index >= 0, self.weights[name].float()[index[:, 0]], torch.nan)
            for name in TABLES
        }
        return {**self.weights, **tables}


def load_into(network: GPT, weights: Mapping[str, Tensor]) -> None:
    """Copy the weights of a `Start`; rows of new ids keep their random values. Raises
    CheckpointError if the layers differ."""
    own = network.state_dict()
    if {k: v.shape for k, v in weights.items()} != {k: v.shape for k, v in own.items()}:
        raise CheckpointError("start: its layers differ from this profile's; choose another one")
    network.load_state_dict({k: torch.where(v.isnan(), own[k], v) for k, v in weights.items()})


def recipe(dataset: str, profile: str, seed: int, *, start: Start | None = None) -> Recipe:
    """Return the recipe of a MidiGPT. dataset: names from the catalogue or folders, joined by "+"
    ("pop909+builtin-songs"). start: a checkpoint whose network is trained further."""
    size = profile_of(PROFILES, profile)
    parts = [tables_of(part) for part in collections(dataset, "train", size.limit)]
    songs = [song for part in parts for song in part]
    checked = [
        tables_of(part) for part in collections(dataset, "validation", min(40, size.limit or 40))
    ]
    validation = [song for part in checked for song in part]
    if not songs or not validation:
        raise MissingDataError(f"{dataset}: has no songs with notes to train and validate on")
    vocabulary = Vocabulary.train(
        [ids_of(song) for song in songs], size.vocabulary, apart=size.apart
    )
    more = Controls.size if size.controls else 0
    gpt = replace(size.gpt, vocab=vocabulary.size + more)
    hints = Hints(vocabulary, more) if gpt.hints else None
    rows = _rows(
        songs,
        vocabulary,
        size,
        seed,
        weights=balanced(parts),
        hints=hints and Hints(vocabulary, more + PITCHES),
    )
    plain = torch.cat(
        [
            held_out(part, vocabulary, gpt.context, hints)[: max(8, 64 // len(checked))]
            for part in checked
            if part
        ]
    )
    holes = sequences_of(
        validation,
        vocabulary,
        gpt.context,
        64,
        seed + 1,
        holes=1.0,
        shift=False,
        hints=hints,
        weights=balanced(checked),
    )
    return Recipe(
        {
            "gpt": asdict(gpt),
            "known": asdict(known_in(songs, vocabulary)),
            "vocabulary": vocabulary.to_dict(),
        },
        {
            "songs": len(songs),
            "notes": int(sum(len(s.notes) for s in songs)),
            "bars": int(sum(s.notes[-1, BAR] + 1 for s in songs)),
            **({"start": start.name, "before": start.record} if start else {}),
        },
        partial(
            stages,
            rows=rows,
            plain=plain,
            holes=holes,
            size=size,
            transposition=Transposition.of(vocabulary) if size.apart else None,
            start=start.fitted(vocabulary, gpt.vocab) if start else None,
        ),
    )


def _rows(
    songs: Sequence[RemiSong],
    vocabulary: Vocabulary,
    size: Profile,
    seed: int,
    *,
    weights: np.ndarray,
    hints: Hints | None,
) -> Rows | Tensor:
    """Return the training sequences of a profile; with pitches apart not transposed yet."""
    kind = Means if size.apart else Controls
    table = sequences_of(
        songs,
        vocabulary,
        size.gpt.context,
        size.sequences,
        seed,
        shift=not size.apart,
        hints=hints,
        controls=kind(vocabulary) if size.controls else None,
        weights=weights,
    )
    return Rows.of(table) if hints is not None else table


def known_in(songs: Sequence[RemiSong], vocabulary: Vocabulary) -> Known:
    """Return the programs and metres that training songs have often enough to be learned."""
    notes = np.concatenate([song.notes[:, PROGRAM] for song in songs])
    bars = np.concatenate([song.bars for song in songs])
    programs, metres = (
        [
            vocabulary.names[i].partition("_")[2]
            for i in np.flatnonzero(np.bincount(ids) >= max(1, min(least, RARE * len(ids))))
        ]
        for ids, least in ((notes, RARE_NOTES), (bars, RARE_BARS))
    )
    return Known(tuple(sorted(programs, key=int)), tuple(sorted(metres)))


def halves(rows: Tensor) -> Tensor:
    """Return both halves of sequences (n, context, …) as sequences of half the length, without
    those that hold hardly anything."""
    half = rows.shape[1] // 2
    parts = torch.cat([rows[:, :half], rows[:, half : 2 * half]])
    ids = parts[..., 0] if parts.ndim == 3 else parts
    return parts[(ids != PAD).sum(1) > half // 8]


def stages(
    network: GPT,
    rows: Rows | Tensor,
    plain: Tensor,
    holes: Tensor,
    size: Profile,
    transposition: Transposition | None = None,
    short: Tensor | None = None,
    start: Mapping[str, Tensor] | None = None,
) -> list[Stage]:
    """Return the stages, which train the network on sequences (n, context): their halves, if the
    profile has a plan for them, then whole ones. plain, holes: sequences for validation; short:
    used instead of the halves; start: weights that are trained further, on whole sequences only."""
    checks = validate(plain, holes, 16)
    goal = partial(loss, transposition=transposition)

    def fit_rows(half: bool, title: str, plan: Plan, out: Path, **more: Any) -> Fit[GPT]:
        table = rows.table() if isinstance(rows, Rows) else rows
        if half:
            table = halves(table) if short is None else short
        return fit(network, (table,), goal, plan, out, validate=checks, title=title, **more)

    whole = Stage("gpt", size.plan, 1.0, partial(fit_rows, False, "MidiGPT"))
    if start is not None:
        load_into(network, start)
        return [whole]
    begin = partial(fit_rows, True, "MidiGPT, short rows")
    return [Stage("short", size.short, size.short_share, begin), whole]
