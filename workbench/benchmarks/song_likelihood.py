"""Likelihood of held-out songs in nats per token and per note: MidiGPT and simpler models."""

from __future__ import annotations

import numpy as np
import torch

from workbench.benchmarks.fitted import fitted
from workbench.benchmarks.song_data import SongBench, unpadded
from workbench.evaluation.intervals import bootstrap
from workbench.evaluation.likelihood import bits_each
from workbench.models.gpt import next_token_loss
from workbench.models.lstm import LSTMConfig, LSTMLanguageModel
from workbench.models.markov import MarkovChain
from workbench.representations.holes import song_ids
from workbench.representations.tokens import PAD, Vocabulary
from workbench.systems.midigpt.sequences import sequences_of
from workbench.systems.midigpt.training import loss
from workbench.training import Plan


def likelihood(bench: SongBench) -> None:
    """The table of all language models on the same rows of held-out songs."""
    rows = unpadded(bench.rows)
    per = {
        "MidiGPT": per_row(bench.system.nll(bench.rows).numpy(), rows),
        **{f"Markov chain of order {k}": sums(chain, rows) for k, chain in bench.chains.items()},
        "unigram": unigram(bench, rows),
        "repetition": repetition(bench, rows),
    }
    tokens = np.array([len(row) - 1 for row in rows])
    notes = note_counts(bench, rows)
    markov = min((f"Markov chain of order {k}" for k in bench.chains), key=lambda k: per[k].sum())
    best = per[markov]
    table = []
    for name, nats in sorted(per.items(), key=lambda item: item[1].sum()):
        table.append(
            [
                name,
                float(nats.sum() / tokens.sum()),
                float(nats.sum() / notes.sum()),
                bits_each(nats, notes),
                float(1 - nats.sum() / best.sum()),
            ]
        )
    saved = bootstrap(
        lambda r: float(1 - per["MidiGPT"][r].sum() / best[r].sum()), len(rows), seed=bench.seed
    )
    bench.report.table(
        "likelihood",
        f"{len(bench.test)} held-out songs, {tokens.sum():,} tokens, {notes.sum():,} notes",
        ["", "nats per token", "nats per note", "bits per note", "below the best Markov chain"],
        table,
        [
            f"MidiGPT below the best Markov chain: {saved[0]:.3f} to {saved[1]:.3f} (95 %, rows "
            "resampled). Target at laptop size: 0.25.",
            f"Markov chains: {len(bench.train)} training songs, {len(bench.shifts)} transpositions "
            "each; repetition predicts the token that followed these two tokens last time in the "
            "song, with a weight fitted on the songs themselves.",
        ],
        ids={"own": "MidiGPT", "trivial": markov},
        saved=float(1 - per["MidiGPT"].sum() / best.sum()),
        saved_interval=saved,
    )


def per_row(nats: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
    """Sums over each row's own tokens: (rows,)."""
    return np.array([line[: len(row) - 1].sum() for line, row in zip(nats, rows, strict=True)])


def sums(chain: MarkovChain, rows: list[np.ndarray]) -> np.ndarray:
    """Nats of each row without its BOS: (rows,)."""
    return np.array([chain.nll(row)[1:].sum() for row in rows])


def note_counts(bench: SongBench, rows: list[np.ndarray]) -> np.ndarray:
    """Notes that begin in each row: (rows,)."""
    return note_counts_of(bench.vocabulary, rows)


def note_counts_of(vocabulary: Vocabulary, rows: list[np.ndarray]) -> np.ndarray:
    """Notes that begin in each row of a vocabulary's ids: (rows,)."""
    count = np.array(
        [sum(vocabulary.kinds[b] == "Program" for b in piece) for piece in vocabulary.pieces]
    )
    return np.array([count[row].sum() for row in rows])


def unigram(bench: SongBench, rows: list[np.ndarray]) -> np.ndarray:
    """Nats of each row under the frequencies of tokens in the training songs, with add-one
    smoothing: (rows,)."""
    return np.array([-_log_shares(bench)[row[1:]].sum() for row in rows])


def _log_shares(bench: SongBench) -> np.ndarray:
    count = np.ones(bench.vocabulary.size)
    for song in bench.train:
        np.add.at(count, song_ids(song, bench.vocabulary, ends=True), 1)
    return np.log(count / count.sum())


def repetition(bench: SongBench, rows: list[np.ndarray]) -> np.ndarray:
    """Nats of each row under a copying model, which predicts the token that followed the last two
    tokens when they last occurred in the row: (rows,)."""
    shares = np.exp(_log_shares(bench))
    hits, base = [], []
    for row in rows:
        seen: dict[tuple[int, int], int] = {}
        hit = np.zeros(len(row) - 1)
        for i in range(1, len(row)):
            key = (int(row[i - 2]) if i > 1 else -1, int(row[i - 1]))
            hit[i - 1] = (seen[key] == row[i]) if key in seen else np.nan
            seen[key] = int(row[i])
        hits.append(hit)
        base.append(shares[row[1:]])
    flat = np.concatenate(hits)
    weight = float(np.clip(np.nanmean(flat), 0.01, 0.99))
    return np.array(
        [
            -np.log(np.where(np.isnan(h), b, weight * np.nan_to_num(h) + (1 - weight) * b)).sum()
            for h, b in zip(hits, base, strict=True)
        ]
    )


def lstm(bench: SongBench) -> None:
    """An LSTM of about MidiGPT's size, which is trained here on the same kind of rows, on the same
    held-out rows."""
    steps = 20 if bench.quick else 1500
    nats = lstm_nats(bench, steps)
    rows = unpadded(bench.rows)
    notes, tokens = note_counts(bench, rows).sum(), sum(len(row) - 1 for row in rows)
    bench.report.table(
        "lstm",
        f"An LSTM on the same {len(bench.test)} held-out songs",
        ["", "nats per token", "nats per note"],
        [[f"LSTM, {steps} steps", float(nats.sum() / tokens), float(nats.sum() / notes)]],
    )


def lstm_nats(bench: SongBench, steps: int) -> np.ndarray:
    """Nats of each row under an LSTM that is trained for `steps` steps: (rows,)."""
    context = bench.system.config.gpt.context
    data = sequences_of(
        bench.train, bench.vocabulary, context, 8 * min(steps, 1000), bench.seed, holes=0.0
    )
    torch.manual_seed(bench.seed)
    width = 64 if bench.quick else 448
    model = LSTMLanguageModel(LSTMConfig(vocab=bench.vocabulary.size, width=width, layers=2))
    plan = Plan(steps=steps, batch=8, lr=2e-3, every=steps, keep="last")
    model = fitted(model, data, loss, plan, seed=bench.seed, title="LSTM")
    nats = []
    with torch.inference_mode():
        for row in unpadded(bench.rows):
            ids = torch.from_numpy(row)[None]
            nats.append(float(next_token_loss(model(ids), ids, PAD)) * (ids.shape[1] - 1))
    return np.array(nats)
