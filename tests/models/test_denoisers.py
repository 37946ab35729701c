"""Denoisers: what they depend on, and that they learn a conditional distribution."""

from dataclasses import replace

import pytest
import torch

from workbench.models.denoisers import DrumConditioning, MLPDenoiser, TransformerDenoiser
from workbench.models.diffusion import Diffusion
from workbench.models.samplers import ddim


def condition(n: int, text_dim: int = 4, known: float = 1.0) -> DrumConditioning:
    return DrumConditioning(torch.randn(n, text_dim), torch.zeros(n), torch.full((n, 2), known))


def small() -> TransformerDenoiser:
    torch.manual_seed(0)
    model = TransformerDenoiser(3, 4, width=16, depth=2, heads=2)
    for p in model.parameters():  # away from the zero start, or nothing depends on anything
        torch.nn.init.normal_(p, std=0.3)
    return model


def test_starts_as_zero():
    model = TransformerDenoiser(3, 4, width=16, depth=2, heads=2)
    out = model(torch.randn(2, 8, 3), torch.tensor([1, 900]), *condition(2))
    assert (out == 0).all()


@pytest.mark.parametrize("beats", [4, 16, 32])
def test_any_length_up_to_eight_bars(beats):
    assert small()(torch.randn(2, beats, 3), torch.tensor([5, 5]), *condition(2)).shape == (
        2,
        beats,
        3,
    )


def test_unknown_text_and_tempo_have_no_influence():
    model, z, t = small(), torch.randn(2, 8, 3), torch.tensor([10, 500])
    a, b = condition(2, known=0.0), replace(condition(2, known=0.0), tempo=torch.ones(2))
    assert torch.equal(model(z, t, *a), model(z, t, *b))
    known = condition(2)
    assert not torch.equal(model(z, t, *known), model(z, t, *replace(known, tempo=torch.ones(2))))
    assert not torch.equal(model(z, t, *known), model(z, t, *known.unconditional()))


def test_switches_are_drawn_for_each_item():
    """The original dropped the text of a whole batch at once."""
    torch.manual_seed(0)
    known = condition(1000).dropped(0.3).known
    assert known.mean(0).tolist() == pytest.approx([0.7, 0.7], abs=0.05)
    assert 0.4 < (known[:, 0] == known[:, 1]).float().mean() < 0.7  # independent: 0.58


def test_the_unconditional_batch_keeps_the_tempo():
    both = condition(2)
    assert both.unconditional().known.tolist() == [[0, 1], [0, 1]]
    assert both.known.tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("kind", ["transformer", "mlp"])
def test_learns_to_draw_what_the_text_says(kind):
    """Two texts, two means: after training, samples follow the text."""
    torch.manual_seed(0)
    texts = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    means = torch.tensor([1.5, -1.5])
    model = TransformerDenoiser(2, 2, 16, 1, 2) if kind == "transformer" else MLPDenoiser(2, 2)
    shape = (1, 2) if kind == "transformer" else (2,)
    diffusion = Diffusion()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(250):
        pick = torch.randint(2, (64,))
        x0 = means[pick].reshape(-1, *[1] * len(shape)) + 0.2 * torch.randn(64, *shape)
        c = DrumConditioning(texts[pick], torch.zeros(64), torch.ones(64, 2)).dropped(0.1)
        loss = diffusion.loss(model, x0, *c)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    pick = torch.arange(2).repeat_interleave(100)
    c = DrumConditioning(texts[pick], torch.zeros(200), torch.ones(200, 2))

    @torch.no_grad()
    def predict(x, t):
        at = torch.full((len(x),), t)
        return diffusion.split(model(x, at, *c), x, at)

    x = ddim(predict, torch.randn(200, *shape), diffusion.alphas_bar, 20).flatten(1).mean(1)
    assert x[:100].mean() == pytest.approx(1.5, abs=0.4)
    assert x[100:].mean() == pytest.approx(-1.5, abs=0.4)
