"""Markov chains of tokens with the best classic smoothing: the baseline of language models.

Interpolated modified Kneser–Ney smoothing (Chen & Goodman 1998, section 3, eq. 24 ff.). A discount
is taken from the count of every n-gram and given to shorter contexts. A shorter context counts in
how many different contexts a token occurred, not how often. Counting and lookup are sorting and
binary search in arrays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.arguments import random_generator


class MarkovChain:
    """p(token | the `order` tokens before it). Each sequence begins with shorter contexts.

    Args:
        order: Number of tokens in a context, at least 0.
        vocab: Number of ids; vocab ** (order + 1) must be below 2 ** 63.
    """

    def __init__(self, order: int, vocab: int) -> None:
        if order < 0 or (order + 1) * np.log2(vocab) >= 63:
            raise ValueError(
                "order must be at least 0 and vocab ** (order + 1) below 2 ** 63, got "
                f"{order} and {vocab}"
            )
        self.order, self.vocab = order, vocab
        self.levels: list[_Level] = []

    def fit(self, sequences: Sequence[np.ndarray]) -> MarkovChain:
        """Count the n-grams of sequences of ids, (length,) each."""
        vocab = self.vocab
        grams = [keys_of(sequences, k, vocab) for k in range(self.order + 1)]
        self.levels = []
        for k, keys in enumerate(grams):
            if k == self.order:
                ngrams, counts = np.unique(keys, return_counts=True)
            else:
                # distinct (k + 2)-grams that end in this one, and starts of sequences
                longer = np.unique(grams[k + 1]) % vocab ** (k + 1)
                starts = np.array([_key(s[: k + 1], vocab) for s in sequences if len(s) > k])
                ngrams, counts = np.unique(
                    np.concatenate([longer, np.unique(starts)]).astype(np.int64), return_counts=True
                )
            self.levels.append(_Level(ngrams, counts, vocab))
        return self

    def probabilities(self, contexts: np.ndarray, tokens: np.ndarray, longest: int) -> np.ndarray:
        """Return p of tokens (n,) after contexts (n,), which are keys of at least `longest`
        tokens."""
        p = np.full(len(tokens), 1 / self.vocab)
        for k, level in enumerate(self.levels[: longest + 1]):
            p = level.mix(contexts % self.vocab**k, tokens, p)
        return p

    def nll(self, ids: np.ndarray) -> np.ndarray:
        """Return −log p of each id given those before it, in nats: (n,) → (n,)."""
        ids = np.asarray(ids, dtype=np.int64)
        out = np.empty(len(ids))
        context = np.zeros(len(ids), dtype=np.int64)
        for back in range(self.order, 0, -1):
            shifted = np.concatenate([np.zeros(min(back, len(ids)), dtype=np.int64), ids[:-back]])
            context = context * self.vocab + shifted[: len(ids)]
        for i in range(min(self.order, len(ids))):
            out[i] = -np.log(self.probabilities(context[i : i + 1], ids[i : i + 1], i)[0])
        rest = slice(self.order, None)
        out[rest] = -np.log(self.probabilities(context[rest], ids[rest], self.order))
        return out

    def next(self, past: Sequence[int]) -> np.ndarray:
        """Return p of every token after the ids `past`: (vocab,)."""
        seen = np.asarray(past[-self.order :] if self.order else [], dtype=np.int64)
        context = np.full(self.vocab, _key(seen, self.vocab))
        return self.probabilities(context, np.arange(self.vocab), len(seen))

    def sample(
        self, prefix: Sequence[int] | np.ndarray, n: int, seed: int, end: int | None = None
    ) -> np.ndarray:
        """Return at most `n` ids that continue a prefix. It stops after the id `end`."""
        random = random_generator(seed)
        past = [int(i) for i in prefix]
        start = len(past)
        for _ in range(n):
            p = self.next(past)
            past.append(int(random.choice(self.vocab, p=p / p.sum())))
            if past[-1] == end:
                break
        return np.array(past[start:], dtype=np.int64)


class _Level:
    """Counts of (k + 1)-grams, sorted, with the discounts that Chen & Goodman estimate."""

    def __init__(self, keys: np.ndarray, counts: np.ndarray, vocab: int) -> None:
        self.keys, self.counts, self.vocab = keys, counts, vocab
        self.contexts, first = np.unique(keys // vocab, return_index=True)
        self.totals = np.add.reduceat(counts, first) if len(keys) else np.empty(0)
        ones, twos, threes, fours = (max(1, int((counts == c).sum())) for c in (1, 2, 3, 4))
        y = ones / (ones + 2 * twos)
        discount = [1 - 2 * y * twos / ones, 2 - 3 * y * threes / twos, 3 - 4 * y * fours / threes]
        # Each must be between 0 and its count; estimates from tiny corpora may not be.
        self.discount = np.array([0.0, *np.clip(discount, 0.05, [0.95, 1.9, 2.85])])
        taken = self.discount[np.minimum(counts, 3)]
        self.spare = np.add.reduceat(taken, first) if len(keys) else np.empty(0)

    def mix(self, contexts: np.ndarray, tokens: np.ndarray, shorter: np.ndarray) -> np.ndarray:
        """Return p at this level from p with contexts that are one token shorter: (n,)."""
        if not len(self.keys):
            return shorter
        at = np.searchsorted(self.contexts, contexts).clip(max=len(self.contexts) - 1)
        known = self.contexts[at] == contexts
        key = contexts * self.vocab + tokens
        index = np.searchsorted(self.keys, key).clip(max=len(self.keys) - 1)
        count = np.where(self.keys[index] == key, self.counts[index], 0)
        discounted = count - self.discount[np.minimum(count, 3)]
        p = (discounted + self.spare[at] * shorter) / self.totals[at]
        return np.where(known, p, shorter)


def _key(ids: np.ndarray, vocab: int) -> int:
    """Return ids as one number; the first id is the most significant digit."""
    key = 0
    for i in ids:
        key = key * vocab + int(i)
    return key


def keys_of(sequences: Sequence[np.ndarray], k: int, vocab: int) -> np.ndarray:
    """Return the keys of all (k + 1)-grams within the sequences, including repetitions."""
    parts = []
    for ids in sequences:
        ids = np.asarray(ids, dtype=np.int64)
        n = len(ids) - k
        if n <= 0:
            continue
        key = np.zeros(n, dtype=np.int64)
        for j in range(k + 1):
            key = key * vocab + ids[j : j + n]
        parts.append(key)
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
