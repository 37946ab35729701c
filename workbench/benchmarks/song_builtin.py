"""Language models on the built-in songs, beside their true entropy."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from workbench.benchmarks.fitted import fitted
from workbench.benchmarks.song_data import SongBench, unpadded
from workbench.benchmarks.song_likelihood import note_counts_of
from workbench.evaluation.likelihood import bits_each, true_entropy
from workbench.models.gpt import GPT, GPTConfig, next_token_loss
from workbench.models.lstm import LSTMConfig, LSTMLanguageModel
from workbench.models.markov import MarkovChain
from workbench.representations.holes import song_ids
from workbench.representations.remi import RemiSong, ids_of
from workbench.representations.tokens import PAD, Vocabulary
from workbench.systems.midigpt.training import loss, songs_of, tables_of
from workbench.training import Plan


def builtin(bench: SongBench) -> None:
    """Bits per note of Markov chains, an LSTM and a GPT that are trained here, beside the
    entropy."""
    train = tables_of(songs_of("builtin-songs", "train", 60 if bench.quick else None))
    test = tables_of(songs_of("builtin-songs", "test", 10 if bench.quick else 100))
    vocabulary = Vocabulary.train([ids_of(song) for song in train], 700)
    rows, held = rows_of(train, vocabulary), rows_of(test, vocabulary)
    lines = unpadded(held)
    notes = note_counts_of(vocabulary, lines).sum()
    steps = 5 if bench.quick else 700
    width, context = (32 if bench.quick else 160), rows.shape[1]
    costs = {}
    for order in (1, 2, 3, 4):
        chain = MarkovChain(order, vocabulary.size).fit(unpadded(rows))
        costs[f"Markov chain of order {order}"] = sum(chain.nll(line)[1:].sum() for line in lines)
    torch.manual_seed(bench.seed)
    models: dict[str, nn.Module] = {
        "LSTM": LSTMLanguageModel(LSTMConfig(vocabulary.size, width=2 * width)),
        "GPT": GPT(GPTConfig(vocabulary.size, context=context, width=width, depth=3, heads=4)),
    }
    for name, model in models.items():
        size = sum(p.numel() for p in model.parameters()) / 1e6
        costs[f"{name}, {size:.1f} M, {steps} steps"] = nats(
            trained(model, rows, steps, bench.seed), held
        )
    bound = true_entropy("builtin-songs", 20 if bench.quick else 250)
    truth, error = bound.note_bits, bound.error
    each = {name: bits_each(cost, notes) for name, cost in costs.items()}
    table = [(name, bits, bits - truth) for name, bits in each.items()]
    bench.report.table(
        "builtin",
        f"Built-in songs: {len(train)} to train on, {len(test)} held out, {notes:,} notes",
        ["", "bits per note", "above the entropy"],
        [*sorted(table, key=lambda row: -row[1]), ("the grammar itself", truth, 0.0)],
        [
            f"Entropy of the notes alone, summed over all hidden choices: {truth:.3f} ± "
            f"{error:.3f} "
            "bits per note. A model can be below it only by chance."
        ],
        entropy=truth,
    )


def rows_of(songs: list[RemiSong], vocabulary: Vocabulary) -> Tensor:
    """One row per song, from BOS to EOS: (songs, longest) int16."""
    ids = [song_ids(song, vocabulary, ends=True) for song in songs]
    rows = np.full((len(ids), 640), PAD, dtype=np.int16)
    for row, line in zip(rows, ids, strict=True):
        row[: len(line)] = line[:640]
    return torch.from_numpy(rows[:, : max(map(len, ids))])


def trained(model: nn.Module, rows: Tensor, steps: int, seed: int) -> nn.Module:
    """The model after `steps` steps with batches of 8 songs."""
    plan = Plan(steps=steps, batch=8, lr=2e-3, weight_decay=0.1, every=steps, keep="last")
    return fitted(model, rows, loss, plan, seed=seed, title=type(model).__name__)


@torch.inference_mode()
def nats(model: nn.Module, rows: Tensor) -> float:
    """−log p of all tokens of the rows."""
    total = 0.0
    for chunk in rows.long().split(8):
        tokens = int((chunk[:, 1:] != PAD).sum())
        total += float(next_token_loss(model(chunk), chunk, PAD)) * tokens
    return total
