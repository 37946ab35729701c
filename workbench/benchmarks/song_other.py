"""Likelihood of other music under MidiGPT: other data sets, and its own songs as performed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from workbench.benchmarks.song_data import SongBench, unpadded
from workbench.benchmarks.song_likelihood import note_counts_of, per_row, sums
from workbench.datasets import CATALOGUE, names_of
from workbench.errors import MissingDataError, WorkbenchError
from workbench.evaluation.intervals import bootstrap
from workbench.music.clip import Clip
from workbench.representations.remi import RemiSong
from workbench.systems.midigpt.sequences import held_out
from workbench.systems.midigpt.training import songs_of, tables_of

OTHERS = ("openscore-lieder", "nottingham", "game-midi", "openscore-orchestra")
TEMPO = 120.0  # BPM that a file without a tempo map has


def performed(clip: Clip) -> Clip:
    """The clip as in a recording of a performance: its notes have the same times in seconds, but
    are written in beats of 120 BPM that do not follow the music."""
    notes = clip.notes.copy()
    start = clip.seconds_at(notes["time"]) * TEMPO / 60
    end = clip.seconds_at(notes["time"] + notes["duration"]) * TEMPO / 60
    notes["time"], notes["duration"] = start, np.maximum(end - start, 1 / 64)
    return Clip.from_notes(notes, tempo=TEMPO, source=clip.source)


def other(bench: SongBench) -> None:
    """Nats per token and note of other sets and of performed songs, beside the best Markov chain
    and a uniform guess."""
    limit = 4 if bench.quick else 40
    own = songs_of(bench.dataset, "test", limit)
    sets: dict[str, Callable[[], list[Clip]]] = {
        f"{bench.dataset}, held-out songs": lambda: own,
        "the same as performed": lambda: [performed(clip) for clip in own],
    }
    trained = names_of(bench.dataset)
    for name in OTHERS:
        if name not in trained:
            sets[CATALOGUE[name].title.split(":")[0]] = partial(songs_of, name, "test", limit)
    rows, notes, figures = [], [], {}
    for name, clips in sets.items():
        try:
            tables = tables_of(clips())
        except MissingDataError as error:
            notes.append(f"{name} is left out: {error}")
            continue
        rows.append(_row(bench, name, tables))
        figures[name] = rows[-1][4]
    bench.report.table(
        "other",
        "Music that was not trained on",
        [
            "",
            "songs",
            "notes",
            "nats per token",
            "nats per note",
            "95 %",
            "best Markov chain, per note",
            "songs where the chain costs less",
        ],
        rows,
        [
            f"A uniform guess costs {np.log(bench.vocabulary.size):.2f} nats per token. As "
            f"performed: "
            "the same seconds in beats of 120 BPM, as in a file without a tempo map. "
            "The Markov "
            "chain is the best order on the first set.",
            *notes,
        ],
        nats_per_note=figures,
    )


def _row(bench: SongBench, name: str, tables: list[RemiSong]) -> list[object]:
    """One set's figures; intervals resample songs."""
    nats, chain, notes, tokens = [], [], [], 0
    for song in tables:
        try:
            context, hints = bench.system.config.gpt.context, bench.system.hints
            lines = held_out([song], bench.vocabulary, context, hints)
        except WorkbenchError:
            continue  # a metre that the vocabulary lacks
        each = unpadded(lines)
        nats.append(per_row(bench.system.nll(lines).numpy(), each).sum())
        chain.append(sums(bench.best, each).sum())
        notes.append(note_counts_of(bench.vocabulary, each).sum())
        tokens += sum(len(line) - 1 for line in each)
    cost, simple, count = np.array(nats), np.array(chain), np.array(notes)
    span = bootstrap(lambda r: float(cost[r].sum() / count[r].sum()), len(cost), seed=bench.seed)
    return [
        name,
        len(cost),
        int(count.sum()),
        float(cost.sum() / tokens),
        float(cost.sum() / count.sum()),
        span,
        float(simple.sum() / count.sum()),
        int((simple < cost).sum()),
    ]
