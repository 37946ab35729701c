"""Masked diffusion: the bound against closed forms, padding, hidden controls, sampling."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import nn

from workbench.arguments import generator
from workbench.models.masked_lm import (
    MaskedLM,
    MaskedLMConfig,
    bound,
    categorical,
    losses,
    masked_at,
    sample,
)

SMALL = MaskedLMConfig(vocab=5, controls=(3, 2), length=8, width=32, depth=1, heads=2, dropout=0.0)


def made(**changes) -> MaskedLM:
    from dataclasses import replace

    torch.manual_seed(0)
    model = MaskedLM(replace(SMALL, **changes)).eval()
    with torch.no_grad():  # predictions that differ from word to word
        for table in (model.word_embedding, *model.controls):
            table.weight.normal_()
        model.lm_head.weight.normal_(std=0.3)
        for block in model.blocks:
            block.out_proj.weight.normal_(std=0.3)
            block.down.weight.normal_(std=0.3)
    return model


class Chain(nn.Module):
    """Predicts masked words of a Markov chain exactly, by summing over all sequences."""

    def __init__(self, vocab: int, length: int) -> None:
        super().__init__()
        random = np.random.default_rng(3)
        start, follow = random.dirichlet(np.ones(vocab)), random.dirichlet(np.ones(vocab), vocab)
        self.config = MaskedLMConfig(vocab, length=length)
        self.mask_id = vocab
        self.sequences = torch.tensor(list(itertools.product(range(vocab), repeat=length)))
        ids = self.sequences.numpy()
        p = start[ids[:, 0]] * np.prod(follow[ids[:, :-1], ids[:, 1:]], axis=1)
        self.p = torch.from_numpy(p)

    def forward(self, words, mask=None, controls=None):
        fits = (words[:, None] == self.mask_id) | (words[:, None] == self.sequences)
        weight = self.p * fits.all(-1)  # (batch, sequences)
        onehot = nn.functional.one_hot(self.sequences, self.mask_id).double()
        return torch.einsum("bs,stv->btv", weight, onehot).log().float()


def nats_of(model, words, hidden):
    """−Σ log p of the words at the hidden places of one sequence (time,)."""
    given = words.clone()
    given[list(hidden)] = model.mask_id
    with torch.no_grad():
        logp = model(given[None])[0].double().log_softmax(-1)
    return -float(sum(logp[i, words[i]] for i in hidden))


def test_the_bound_is_the_integral_of_the_paper():
    """Equation (1), with the integral over t done numerically and every set of words listed."""
    model, words = made(length=4), torch.tensor([3, 0, 4, 1])
    n = len(words)
    exact = 0.0
    for k in range(1, n + 1):
        sets = list(itertools.combinations(range(n), k))
        # each set of k words is masked with probability t^k (1 − t)^(n − k)
        weight = quad(lambda t, k=k: t ** (k - 1) * (1 - t) ** (n - k), 0, 1)[0]
        exact += weight * sum(nats_of(model, words, hidden) for hidden in sets)
    found = bound(model, words.repeat(2000, 1), pad=99, draws=8)
    assert found["error"] < 0.02
    assert abs(found["total"] - exact / n / math.log(2)) < 4 * found["error"]
    torch.manual_seed(1)
    with torch.no_grad():
        trained = float(losses(model, words.repeat(3000, 1), pad=99)["masked"])
    assert trained == pytest.approx(exact / n, rel=0.02)


def test_the_bound_is_the_mean_over_all_orders():
    """Another closed form: the mean negative log-likelihood of all orders of revealing words."""
    model, words = made(length=4), torch.tensor([2, 2, 0, 1])
    orders = list(itertools.permutations(range(4)))
    nats = 0.0
    for order in orders:
        for step, place in enumerate(order):
            given = words.clone()
            given[list(order[step:])] = model.mask_id
            with torch.no_grad():
                logp = model(given[None])[0].double().log_softmax(-1)
            nats -= float(logp[place, words[place]]) / len(orders)
    found = bound(model, words.repeat(2000, 1), pad=99, draws=8)
    assert found["error"] < 0.02
    assert abs(found["total"] - nats / 4 / math.log(2)) < 4 * found["error"]


def test_the_bound_is_tight_for_exact_predictions():
    """With the true conditional probabilities every order costs −log p of the sequence, so that
    the bound is the likelihood itself."""
    chain = Chain(vocab=3, length=5)
    rows = chain.sequences[torch.randperm(3**5, generator=generator(0))[:40]]
    index = (rows[:, None] == chain.sequences).all(-1).long().argmax(1)
    exact = float(-chain.p[index].log2().mean()) / 5
    found = bound(chain, rows.repeat(60, 1), pad=99, draws=5)
    assert found["total"] == pytest.approx(exact, rel=0.01)


def test_samples_follow_the_network():
    """One word per step: the frequencies are the chain's; all at once: words are independent."""
    chain = Chain(vocab=2, length=3)
    n = 3000
    random = [generator(seed) for seed in range(n)]
    free = torch.full((n, 3), -1)
    code = torch.tensor([4, 2, 1])
    found = torch.bincount((sample(chain, free, 3, random) * code).sum(1), minlength=8) / n
    assert torch.allclose(found.double(), chain.p, atol=0.03)
    at_once = torch.bincount((sample(chain, free, 1, random) * code).sum(1), minlength=8) / n
    ones = torch.einsum("s,st->t", chain.p, chain.sequences.double())
    sides = torch.stack([1 - ones, ones])
    alone = torch.einsum("a,b,c->abc", *sides.T).flatten()
    assert torch.allclose(at_once.double(), alone, atol=0.03)
    assert (chain.p - alone).abs().max() > 0.05  # the two can be told apart


def test_known_words_stay_and_rows_are_independent():
    model = made()
    known = torch.tensor([[1, -1, -1, 4, -1, -1, 0, -1]])
    seen = []
    rows = sample(
        model,
        known.repeat(3, 1),
        3,
        [generator(seed) for seed in (5, 6, 7)],
        callback=lambda step, steps, words: seen.append((step, steps, words.clone())),
    )
    assert (rows[:, [0, 3, 6]] == torch.tensor([1, 4, 0])).all()
    assert (rows < 5).all()
    assert [entry[:2] for entry in seen] == [(1, 3), (2, 3), (3, 3)]
    assert torch.equal(seen[-1][2], rows)
    alone = sample(model, known, 3, [generator(7)])
    assert torch.equal(alone[0], rows[2])
    many = sample(model, known, 500, [generator(7)])  # at most one step per free word
    assert many.shape == known.shape
    coldest = [sample(model, known, 5, [generator(7)], temperature=0) for _ in range(2)]
    assert torch.equal(*coldest)


def test_each_place_may_have_a_temperature():
    model = made()
    known = torch.full((64, 8), -1)
    random = [generator(seed) for seed in range(64)]
    warm = torch.tensor([1.0, 0.0] * 4)
    words = sample(model, known, 1, random, temperature=warm)
    logits = model(torch.full((1, 8), model.mask_id))
    assert (words[:, 1::2] == logits.argmax(-1)[0, 1::2]).all()
    assert all(len(column.unique()) > 2 for column in words[:, ::2].T)


def test_guidance_makes_a_control_stronger():
    model = made()
    wanted = torch.tensor([[2, -1]])
    known = torch.full((1, 8), -1)
    with torch.no_grad():
        blank = torch.full((1, 8), model.mask_id)
        with_it = model(blank, None, wanted).log_softmax(-1)[0, 0]
        without = model(blank).log_softmax(-1)[0, 0]
        nothing = model(blank, None, torch.tensor([[-1, -1]])).log_softmax(-1)[0, 0]
    assert torch.equal(without, nothing)
    favoured = int((with_it - without).argmax())
    n = 400

    def share(guidance):
        rows = sample(
            model,
            known.repeat(n, 1),
            1,
            [generator(seed) for seed in range(n)],
            controls=wanted.repeat(n, 1),
            guidance=guidance,
        )
        return float((rows[:, 0] == favoured).float().mean())

    shares = [share(guidance) for guidance in (0.0, 1.0, 3.0)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(float(without[favoured].exp()), abs=0.08)
    assert shares[1] == pytest.approx(float(with_it[favoured].exp()), abs=0.08)


@pytest.mark.parametrize("together", [1, 3, 4])
def test_each_word_sees_all_others_by_their_distance(together):
    model = made(together=together, length=25 + together)
    words = torch.randint(0, 5, (1, 25), generator=generator(0))

    def seen(words, mask=None):
        with torch.no_grad():
            return model(words, mask)[0]  # (time, vocab)

    plain = seen(words)
    assert plain.shape == (25, 5)
    for place in (0, 1, 7, 24):
        other = words.clone()
        other[0, place] = (other[0, place] + 1) % 5
        assert ((seen(other) - plain).abs().max(-1).values > 1e-5).all()
    # with padding in front, everything is one position later and otherwise the same
    later = torch.cat([torch.zeros(1, together, dtype=torch.long), words], dim=1)
    real = torch.arange(later.shape[1])[None] >= together
    assert torch.allclose(seen(later, real)[together:], plain, atol=1e-4)
    assert not torch.allclose(seen(later)[together:], plain, atol=1e-4)


@pytest.mark.parametrize("together", [1, 3, 4])
def test_padding_does_not_matter_and_is_never_masked(together):
    model = made(together=together)
    words = torch.randint(1, 5, (4, 8))
    real = torch.ones(4, 8, dtype=torch.bool)
    real[:, 6:] = False
    other = words.clone()
    other[:, 6:] = 0
    with torch.no_grad():
        assert torch.allclose(model(words, real)[:, :6], model(other, real)[:, :6], atol=1e-5)
    hidden = masked_at(real, torch.tensor([1, 2, 5, 6]), torch.rand(4, 8))
    assert hidden.sum(1).tolist() == [1, 2, 5, 6]
    assert not hidden[:, 6:].any()
    short = bound(model, words[:, :6].repeat(20, 1), pad=0, draws=8)["total"]
    padded = bound(model, other.repeat(20, 1), pad=0, draws=8)["total"]
    assert padded == pytest.approx(short, rel=0.1)
    assert torch.isfinite(losses(model, other, 0, torch.zeros(4, 2, dtype=torch.long))["masked"])


def test_half_of_the_rows_are_trained_without_any_control(monkeypatch):
    model, seen = made(), []
    forward = model.forward

    def spy(words, mask=None, controls=None):
        seen.append(controls)
        return forward(words, mask, controls)

    monkeypatch.setattr(model, "forward", spy)
    torch.manual_seed(0)
    losses(model, torch.randint(1, 5, (2000, 8)), 0, torch.ones(2000, 2, dtype=torch.long))
    hidden = (seen[0] == -1).float()
    assert float(hidden.all(1).float().mean()) == pytest.approx(0.5 + 0.5 * 0.25, abs=0.04)
    assert float(hidden.mean()) == pytest.approx(0.75, abs=0.04)


def test_categorical_has_the_probabilities_of_its_logits():
    logits = torch.randn(1, 4, 6, generator=generator(1))
    uniform = torch.rand(20_000, 4, generator=generator(2))
    words = categorical(logits.expand(20_000, 4, 6), uniform)
    found = nn.functional.one_hot(words, 6).float().mean(0)
    assert torch.allclose(found, logits[0].softmax(-1), atol=0.015)
