"""What more context is worth: nats per token of the same tokens with less and more before them."""

from __future__ import annotations

import numpy as np
import torch

from workbench.benchmarks.song_data import SongBench, unpadded
from workbench.representations.tokens import BOS
from workbench.systems.midigpt.sequences import split

LENGTHS = (64, 256, 1024)  # tokens
BLOCK = 64  # tokens that are predicted in one pass


def context(bench: SongBench) -> None:
    """Nats per token of the last tokens of each row, by what is known of the song before them."""
    own = bench.system.config.gpt.context
    lengths = [length for length in LENGTHS if length < own] + [own]
    long = [i for i, row in enumerate(unpadded(bench.rows)) if len(row) > 2 * BLOCK]
    full = bench.rows[long[: 4 if bench.quick else 40]]
    rows = unpadded(full)
    costs = {}
    for length in lengths[:-1]:
        costs[f"{length} tokens"] = np.concatenate([by_blocks(bench, row, length) for row in rows])
    costs[f"{own} tokens"] = last_of(bench, split(full)[0], rows)
    if bench.system.hints is not None:
        costs[f"{own} tokens, echoes of the whole song"] = last_of(bench, full, rows)
    first = next(iter(costs.values()))
    bench.report.table(
        "context",
        f"{len(first):,} tokens of {len(rows)} rows, predicted from more and more of the song",
        ["known before a token, at most", "nats per token", "less than with the fewest"],
        [(name, float(c.mean()), float((first - c).mean())) for name, c in costs.items()],
        [
            f"The tokens after the first {BLOCK} of each row. A length counts all tokens of one "
            f"pass, in which the last {BLOCK}, or its second half, are predicted."
        ],
        nats={name: float(c.mean()) for name, c in costs.items()},
    )


def by_blocks(bench: SongBench, row: np.ndarray, length: int) -> np.ndarray:
    """Nats of the tokens after the first BLOCK, each from at most `length` tokens."""
    found = []
    step = min(BLOCK, length // 2)
    for start in range(BLOCK, len(row), step):
        stop = min(len(row), start + step)
        first = max(1, stop - length + 1)
        piece = torch.from_numpy(np.concatenate([[BOS], row[first:stop]]))[None]
        found.append(bench.system.nll(piece)[0, start - stop :].numpy())
    return np.concatenate(found)


def last_of(bench: SongBench, rows: torch.Tensor, lines: list[np.ndarray]) -> np.ndarray:
    """The same from the whole row."""
    nats = bench.system.nll(rows).numpy()
    return np.concatenate(
        [own[BLOCK - 1 : len(line) - 1] for own, line in zip(nats, lines, strict=True)]
    )
