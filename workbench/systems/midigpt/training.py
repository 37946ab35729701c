"""Training of MidiGPT: songs → note tables → sequences with and without holes → next tokens.

    workbench train songs --dataset pop909+game-midi --profile laptop --out my-songs

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
from workbench.representations.holes import BAR, PROGRAM
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import PAD, Vocabulary
from workbench.systems.midigpt.config import PROFILES, Known, Profile
from workbench.systems.midigpt.rows import PITCHES, Means, Rows, Transposition
from workbench.systems.midigpt.sequences import held_out, sequences_of, split
from workbench.systems.stages import Recipe, Stage, profile_of
from workbench.training import Fit, Plan, fit

if TYPE_CHECKING:
    from workbench.datasets.dataset import Dataset
    from workbench.music.clip import Clip

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
