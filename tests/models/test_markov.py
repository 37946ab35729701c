"""Markov chains against a slow dictionary version, and by properties of probabilities."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.models.markov import MarkovChain

VOCAB = 7


def corpus(n=40, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        row = [int(rng.integers(VOCAB))]
        for _ in range(rng.integers(3, 30)):
            row.append(int((row[-1] + rng.choice([1, 1, 1, 2, 5])) % VOCAB))
        rows.append(np.array(row))
    return rows


def slow(rows, order, context, token):
    """The same estimate with dictionaries and loops, straight from the definition."""

    def counts(k):
        seen = defaultdict(lambda: defaultdict(int))
        if k == order:
            for row in rows:
                for i in range(k, len(row)):
                    seen[tuple(row[i - k : i])][row[i]] += 1
            return seen
        ways = defaultdict(set)
        for row in rows:
            for i in range(k, len(row)):
                before = row[i - k - 1] if i > k else "start"
                ways[(*row[i - k : i], row[i])].add(before)
        for gram, left in ways.items():
            seen[gram[:-1]][gram[-1]] = len(left)
        return seen

    p = 1 / VOCAB
    for k in range(min(order, len(context)) + 1):
        seen = counts(k)
        every = [c for d in seen.values() for c in d.values()]
        n1, n2, n3, n4 = (max(1, every.count(c)) for c in (1, 2, 3, 4))
        y = n1 / (n1 + 2 * n2)
        off = np.clip(
            [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3], 0.05, [0.95, 1.9, 2.85]
        )
        here = seen.get(tuple(context[len(context) - k :]))
        if here is None:
            continue
        total = sum(here.values())
        spare = sum(off[min(c, 3) - 1] for c in here.values())
        count = here.get(token, 0)
        p = (count - (off[min(count, 3) - 1] if count else 0) + spare * p) / total
    return p


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_it_is_the_definition(order):
    rows = corpus()
    chain = MarkovChain(order, VOCAB).fit(rows)
    row = corpus(1, seed=9)[0][:14]
    ours = np.exp(-chain.nll(row))
    theirs = [slow(rows, order, row[max(0, i - order) : i], row[i]) for i in range(len(row))]
    assert ours == pytest.approx(theirs, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 4), st.lists(st.integers(0, VOCAB - 1), max_size=6), st.integers(0, 99))
def test_probabilities_sum_to_one_in_every_context(order, past, seed):
    chain = MarkovChain(order, VOCAB).fit(corpus(5, seed))
    p = chain.next(past)
    assert p.sum() == pytest.approx(1)
    assert (p > 0).all()


def test_more_context_helps_where_there_is_some():
    """In this corpus a token follows from the two before it."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(200):
        row = rng.integers(VOCAB, size=2).tolist()
        for _ in range(30):
            told = (row[-1] + row[-2]) % VOCAB
            row.append(told if rng.random() < 0.8 else int(rng.integers(VOCAB)))
        rows.append(np.array(row))
    costs = [
        np.mean([MarkovChain(k, VOCAB).fit(rows[:150]).nll(row).mean() for row in rows[150:]])
        for k in (0, 1, 2)
    ]
    truth = -(0.8 + 0.2 / 7) * np.log(0.8 + 0.2 / 7) - 6 * 0.2 / 7 * np.log(0.2 / 7)
    assert costs[2] < 0.75 * costs[1]
    assert truth - 0.05 < costs[2] < truth + 0.15


def test_samples_follow_the_chain():
    chain = MarkovChain(1, VOCAB).fit(corpus(200))
    drawn = chain.sample([0], 4000, seed=1)
    steps = (np.diff(drawn) % VOCAB)[:-1]
    assert np.mean(steps == 1) == pytest.approx(0.6, abs=0.04)
    assert (chain.sample([0], 50, seed=1) == drawn[:50]).all()
    ended = chain.sample([0], 4000, seed=1, end=3)
    assert ended[-1] == 3
    assert 3 not in ended[:-1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="order"):
        MarkovChain(6, 1024)
    empty = MarkovChain(2, VOCAB).fit([])
    assert empty.next([1, 2]).tolist() == pytest.approx([1 / VOCAB] * VOCAB)
