"""InfoNCE against cross-entropy and its floors; towers that learn to match."""

import math

import pytest
import torch
import torch.nn.functional as F

from workbench.models.contrastive import Contrastive, ContrastiveConfig, TextInput, info_nce


def test_info_nce_is_two_cross_entropies():
    a, b = (F.normalize(torch.randn(6, 4), dim=-1) for _ in "ab")
    own = torch.arange(6)
    expected = (F.cross_entropy(5 * a @ b.T, own) + F.cross_entropy(5 * b @ a.T, own)) / 2
    assert info_nce(a, b, 5.0) == pytest.approx(float(expected), rel=1e-5)


def test_chance_is_log_n():
    same = F.normalize(torch.ones(32, 8), dim=-1)
    assert info_nce(same, same, 10.0) == pytest.approx(math.log(32), rel=1e-5)


def test_the_originals_fixed_temperature_has_a_floor():
    """Scale exp(0.07) = 1.07: with 32 perfect pairs, as far apart as 32 vectors can be, the loss
    stays near 2.42, while CLIP's start of 1/0.07 reaches nearly nothing."""
    simplex = F.normalize(torch.eye(32) - 1 / 32, dim=-1)
    assert info_nce(simplex, simplex, math.exp(0.07)) == pytest.approx(2.42, abs=0.03)
    assert info_nce(simplex, simplex, 1 / 0.07) < 0.01


def test_the_scale_starts_at_clips_and_is_capped():
    model = Contrastive(ContrastiveConfig(text_dim=4, width=8, depth=1))
    assert model.scale.item() == pytest.approx(1 / 0.07, rel=1e-4)
    with torch.no_grad():
        model.log_scale.fill_(20.0)
    assert model.scale.item() == pytest.approx(100, rel=1e-4)


def test_embeddings_are_unit_length_for_any_number_of_bars():
    model = Contrastive(ContrastiveConfig(text_dim=4, width=8, depth=1)).eval()
    for bars in (1, 4, 8):
        vectors = model.embed_roll(torch.rand(3, 16 * bars, 27))
        assert torch.allclose(vectors.norm(dim=-1), torch.ones(3), atol=1e-5)


def test_towers_learn_to_match():
    """Loops of 8 kinds, each with its own text: unseen loops find their kind's text."""
    torch.manual_seed(0)
    kinds, texts = (torch.rand(8, 32, 27) > 0.8).float(), torch.randn(8, 6)
    model = Contrastive(ContrastiveConfig(text_dim=6, dim=8, width=16, depth=1, max_beats=8))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def played() -> torch.Tensor:
        return kinds * (torch.rand_like(kinds) > 0.2)

    for _ in range(150):
        loss = model.loss(played(), texts)["contrastive"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        found = (model.embed_roll(played()) @ model.embed_text(texts).T).argmax(1)
    assert (found == torch.arange(8)).float().mean() >= 0.75


def test_vectors_and_facts_are_normalised_apart_and_half_of_the_vectors_left_out():
    layer = TextInput(4, 3)
    x = torch.cat([100 * torch.randn(400, 4), torch.randn(400, 3)], dim=1)
    vector, facts = layer(x).split((4, 3), dim=1)
    kept = vector.abs().sum(1) > 0
    assert 0.4 < kept.float().mean() < 0.6
    assert torch.allclose(facts.var(1, correction=0), torch.ones(400), atol=0.05)
    layer.eval()
    whole = layer(x)
    assert torch.equal(whole[kept, :4], vector[kept])
    assert torch.equal(whole[:, 4:], facts)
    assert (whole[:, :4].abs().sum(1) > 0).all()
