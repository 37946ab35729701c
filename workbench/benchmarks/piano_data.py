"""What the benchmarks of DiffusionLM share: windows of held-out songs, a judge, samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from workbench.benchmarks.fitted import fitted
from workbench.datasets.load import names_of
from workbench.evaluation.symbolic import measures
from workbench.evaluation.table import Report
from workbench.models.gpt import GPT, GPTConfig
from workbench.models.markov import MarkovChain
from workbench.representations.pvd import ENDS, LENGTH, PAD
from workbench.systems.diffusion_lm import DiffusionLM
from workbench.systems.diffusion_lm.training import Windows, sets_of, shift, windows_of
from workbench.systems.midigpt.training import loss as next_token
from workbench.training import Plan


@dataclass
class PianoBench:
    """One run. n: samples and judged windows; steps: of the sampler."""

    system: DiffusionLM
    dataset: str
    report: Report
    n: int = 128
    steps: int = 100
    seed: int = 0
    quick: bool = False

    def windows(self, split: str, limit: int | None, hop: int) -> Windows:
        styles = names_of(self.dataset)
        return windows_of(sets_of(self.dataset, split, limit), self.system.code, hop, styles)

    @cached_property
    def train(self) -> Windows:
        return self.windows("train", 20 if self.quick else 300, 2)

    @cached_property
    def held(self) -> Windows:
        """All windows of held-out songs."""
        return self.windows("test", 20 if self.quick else None, 4)

    def full(self, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
        """At most `n` windows without padding, spread evenly over songs: ids (n, 130) and the song
        of each (n,)."""
        ids = windows.ids.numpy()
        full = np.flatnonzero((ids != PAD).all(1))
        rows = full[np.linspace(0, len(full) - 1, min(self.n, len(full))).astype(int)]
        return ids[rows], windows.song[rows]

    @cached_property
    def test(self) -> np.ndarray:
        """Held-out windows without padding: (n, 130)."""
        return self.full(self.held)[0]

    def features(self, ids: np.ndarray) -> np.ndarray:
        """The scalar measures of decoded windows: (n, measures), 0 where one is not defined."""
        found = measures([self.system.code.decode(row) for row in ids])
        return np.nan_to_num(np.stack(list(found.values()), 1))

    @cached_property
    def samples(self) -> np.ndarray:
        """Uncontrolled samples: (n, 130)."""
        return self.system.sample_words(self.n, steps=self.steps, seed=self.seed)

    @cached_property
    def nearest(self) -> np.ndarray:
        """The same samples, rounded to the nearest words without the grammar."""
        return self.system.sample_words(self.n, steps=self.steps, seed=self.seed, grammar=False)

    @cached_property
    def moved(self) -> torch.Tensor:
        """Training windows, each in a random key, as in training."""
        by = torch.randint(
            -5, 7, (len(self.train.ids),), generator=torch.Generator().manual_seed(self.seed)
        )
        return shift(self.train.ids, by, self.system.code)

    @cached_property
    def judge(self) -> GPT:
        """An autoregressive model of the same windows, trained here, that judges samples."""
        torch.manual_seed(self.seed)
        model = GPT(GPTConfig(self.system.code.size, context=LENGTH, width=128, depth=3, heads=4))
        plan = Plan(steps=20 if self.quick else 1200, batch=32, lr=2e-3, every=10_000, keep="last")
        return fitted(model, self.moved.short(), next_token, plan, seed=self.seed, title="judge")

    @cached_property
    def chains(self) -> dict[int, MarkovChain]:
        """Markov chains of all training songs in six keys, by order. A note is four words, so that
        a chain sees the last word of the same kind from order 4 on."""
        windows = self.train if self.quick else self.windows("train", None, 2)
        rows = []
        for by in (-5, -3, -1, 0, 2, 4):
            moved = shift(windows.ids, torch.full((len(windows.ids),), by), self.system.code)
            rows += [row[row != PAD].numpy() for row in moved.short()]
        return {k: MarkovChain(k, self.system.code.size).fit(rows) for k in range(7)}

    @cached_property
    def style_judge(self) -> tuple[LogisticRegression, float]:
        """A classifier of styles by the counts of words, which is not used for steering, and
        its balanced accuracy on held-out windows."""
        judge = LogisticRegression(C=10.0, max_iter=2000, class_weight="balanced")
        judge.fit(self.shares(self.moved.numpy()), self.train.labels.style)
        guesses = judge.predict(self.shares(self.held.ids.numpy()))
        return judge, float(balanced_accuracy_score(self.held.labels.style, guesses))

    def shares(self, ids: np.ndarray) -> np.ndarray:
        """Share of each word in sequences (n, time): (n, words)."""
        counts = np.stack(
            [np.bincount(row[row != PAD], minlength=self.system.code.size) for row in ids]
        )
        return counts / counts.sum(1, keepdims=True)

    def judged(self, ids: np.ndarray) -> np.ndarray:
        """Nats per word of music of each window under the judge: (n,)."""
        rows, judge = torch.from_numpy(ids), self.judge
        with torch.inference_mode():
            logits = judge(rows)[:, :-1].float()
        each = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none"
        ).view(len(rows), -1)
        real = torch.from_numpy(of_music(ids[:, 1:]))
        return ((each * real).sum(1) / real.sum(1)).numpy()

    def notes_a_word(self, ids: np.ndarray) -> float:
        """Whole notes for each word of music."""
        return float((self.system.code.kinds[ids] == "d").sum() / of_music(ids).sum())


def of_music(ids: np.ndarray) -> np.ndarray:
    """Return which words are neither padding nor the ends of a window."""
    return ~np.isin(ids, [PAD, *ENDS])


def grams(ids: np.ndarray, n: int = 8) -> set[bytes]:
    """All runs of n words in the rows, specials at the ends left out."""
    rows = ids[:, 1:-1].astype(np.int16)
    return {
        row[i : i + n].tobytes()
        for row in rows
        for i in range(rows.shape[1] - n + 1)
        if row[i + n - 1] != PAD
    }


def copied(ids: np.ndarray, known: set[bytes], n: int = 8) -> float:
    """Share of runs of n words that occur in the training windows."""
    own = [
        row[i : i + n].astype(np.int16).tobytes()
        for row in ids[:, 1:-1]
        for i in range(ids.shape[1] - 2 - n + 1)
    ]
    return float(np.mean([gram in known for gram in own]))
