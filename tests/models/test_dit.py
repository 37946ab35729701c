"""The diffusion transformer on latent frames, and rectified flow."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from workbench.models.diffusion import SCHEDULES, Diffusion
from workbench.models.dit import DiT, DiTConfig, LDMGConditioning, modulate, unit_size
from workbench.models.gpt import angles
from workbench.models.samplers import ddim

SMALL = DiTConfig(latent=4, width=32, depth=2, heads=4, genres=3, text=6)


def made(config=SMALL, shake=0.0):
    torch.manual_seed(0)
    model = DiT(config).eval()
    if shake:  # weights that are zero at first say nothing about what depends on what
        with torch.no_grad():
            for p in model.parameters():
                p.add_(shake * torch.randn_like(p))
    return model


def conditioning(batch=3, genre=(0, 1, -1), tokens=5):
    torch.manual_seed(1)
    words = torch.ones(batch, tokens, dtype=torch.bool)
    return LDMGConditioning(torch.tensor(genre), torch.randn(batch, tokens, 6), words)


def test_it_begins_by_saying_nothing():
    model = made()
    x, t = torch.randn(3, 4, 20), torch.tensor([0, 10, 99])
    assert torch.equal(model(x, t, *conditioning()), torch.zeros_like(x))
    h = torch.randn(3, 20, 32)
    block = model.blocks[0]
    cos_sin = (torch.ones(20, 4), torch.zeros(20, 4))
    text, mask = model._text(3, conditioning())
    assert torch.equal(block(h, torch.randn(3, 32), cos_sin, text, mask), h)


def test_adaptive_layer_norm_by_its_formula():
    """LN(h) (1 + γ) + β, with each item's own γ and β, in NumPy."""
    torch.manual_seed(0)
    h, shift, scale = 3 * torch.randn(3, 20, 32) + 1, torch.randn(3, 32), torch.randn(3, 32)
    ours = modulate(made().blocks[0].norm1(h), shift, scale)
    x, beta, gamma = (value.double().numpy() for value in (h, shift, scale))
    for item in range(3):
        for frame in range(20):
            row = x[item, frame]
            normal = (row - row.mean()) / np.sqrt(((row - row.mean()) ** 2).mean() + 1e-6)
            expected = normal * (1 + gamma[item]) + beta[item]
            assert np.allclose(ours[item, frame].numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("frames", [1, 16, 250])
def test_any_length(frames):
    assert made(shake=0.1)(torch.randn(2, 4, frames), torch.tensor([1, 2])).shape == (2, 4, frames)


def test_genre_and_text_are_heard_and_may_be_left_unsaid():
    model = made(shake=0.1)
    x, t, given = torch.randn(3, 4, 20), torch.tensor([5, 5, 5]), conditioning()
    out = model(x, t, *given)
    other = model(x, t, *replace(given, genre=torch.tensor([2, 1, -1])))
    assert not torch.allclose(out[0], other[0], atol=1e-4)
    assert torch.allclose(out[1:], other[1:], atol=1e-6)
    new = model(x, t, *replace(given, text=given.text.flip(0)))
    assert not torch.allclose(out[0], new[0], atol=1e-4)
    nothing = model(x, t)
    assert torch.allclose(model(x, t, *given.unconditional()), nothing, atol=1e-5)
    assert torch.isfinite(nothing).all()
    hidden = replace(given, text_mask=given.text_mask.clone())
    hidden.text_mask[:, 3:] = False
    changed = replace(hidden, text=hidden.text.clone())
    changed.text[:, 3:] += 9.0
    assert torch.allclose(model(x, t, *hidden), model(x, t, *changed), atol=1e-6)


def test_dropping_is_item_by_item():
    given = LDMGConditioning(
        torch.zeros(4000, dtype=torch.long),
        torch.zeros(4000, 2, 6),
        torch.ones(4000, 2, dtype=torch.bool),
    )
    torch.manual_seed(0)
    off = given.dropped(0.125)
    genre, text = off.genre < 0, ~off.text_mask.any(1)
    assert genre.float().mean() == pytest.approx(0.5, abs=0.03)
    assert text.float().mean() == pytest.approx(0.125, abs=0.03)
    assert (genre & text).float().mean() == pytest.approx(0.0625, abs=0.02)


def test_positions_are_distances():
    """Frames at positions 7 … 26 attend to each other as those at 0 … 19 do."""
    block = made(shake=0.1).blocks[0]
    h = torch.randn(2, 20, 32)
    cos, sin = angles(40, 8)
    at_zero = block.attend(h, (cos[:20], sin[:20]))
    assert torch.allclose(block.attend(h, (cos[7:27], sin[7:27])), at_zero, atol=1e-5)
    still = block.attend(h, (cos[:1].expand(20, -1), sin[:1].expand(20, -1)))
    assert not torch.allclose(still, at_zero, atol=1e-3)  # and distances do matter


# --- rectified flow ---------------------------------------------------------------------------


def test_flow_is_the_straight_line_scaled():
    bar = SCHEDULES["flow"](100)
    t = torch.arange(1, 101, dtype=torch.float64) / 100
    norm = ((1 - t) ** 2 + t**2).sqrt()
    assert torch.allclose(bar.sqrt(), (1 - t) / norm)
    assert torch.allclose((1 - bar).sqrt(), t / norm)
    assert bar[-1] == 0
    with pytest.raises(ValueError, match="pure noise"):
        Diffusion("flow", 100, "epsilon")


def test_its_answer_splits_into_signal_and_noise_at_every_step():
    diffusion = Diffusion("flow", 50, "flow")
    x0, noise, t = torch.randn(50, 3, 7), torch.randn(50, 3, 7), torch.arange(50)
    x_t = diffusion.add_noise(x0, noise, t)
    back, eps = diffusion.split(diffusion.target(x0, noise, t), x_t, t)
    assert torch.allclose(back, x0, atol=1e-4)
    assert torch.allclose(eps, noise, atol=1e-4)


def test_ddim_on_it_takes_eulers_steps():
    """On Gaussian data, whose flow is known: u(x, t) = E[ε − x₀ | x]."""
    diffusion, steps, s0 = Diffusion("flow", 200, "flow"), 20, 0.3

    def velocity(x, t):  # x = (1 − t) x₀ + t ε with x₀ ~ N(0, s0²)
        return x * (t - (1 - t) * s0**2) / ((1 - t) ** 2 * s0**2 + t**2)

    def predict(x, step):
        t = (step + 1) / 200
        norm = math.sqrt((1 - t) ** 2 + t**2)
        return diffusion.split(velocity(x * norm, t), x, torch.full((len(x),), step))

    x = torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
    drawn = ddim(predict, x, diffusion.alphas_bar, steps)
    euler, h = x.clone().double(), 1 / steps
    for i in range(steps):
        euler = euler - h * velocity(euler, 1 - i * h)
    assert torch.allclose(drawn, euler.float(), atol=1e-4)


def test_normalised_queries_and_keys_keep_the_text_heard():
    """Large vectors of text saturate plain attention: the text then has neither effect nor
    gradient. With unit sizes it has both."""
    x, t, given = torch.randn(3, 4, 20), torch.tensor([5, 5, 5]), conditioning()
    large = replace(given, text=1e5 * given.text)
    reach = {}
    for qk_norm in (False, True):
        model = made(replace(SMALL, qk_norm=qk_norm), shake=0.3)
        model.zero_grad()
        model(x, t, *large).square().sum().backward()
        reach[qk_norm] = float(model.blocks[0].cross_attn.q.weight.grad.abs().sum())
    assert reach[True] > 1
    assert reach[False] < 0.02 * reach[True]


def test_unit_size():
    sizes = unit_size(torch.randn(5, 8) * torch.logspace(0, 3, 5)[:, None]).square().mean(-1)
    assert torch.allclose(sizes, torch.ones(5), atol=1e-3)


def test_the_mean_of_a_text_joins_the_step():
    """It has no effect at first and none without a text; padding does not count."""
    config = replace(SMALL, pooled=True)
    x, t, given = torch.randn(3, 4, 20), torch.tensor([5, 5, 5]), conditioning()
    first, plain = made(config), made(SMALL)
    assert torch.equal(first(x, t, *given), plain(x, t, *given))
    model = made(config, shake=0.1)
    for block in model.blocks:  # hide the other way of the text
        torch.nn.init.zeros_(block.cross_attn.out_proj.weight)
    out = model(x, t, *given)
    assert not torch.allclose(out, model(x, t, *replace(given, text=2 * given.text)), atol=1e-3)
    assert torch.allclose(model(x, t), model(x, t, *given.unconditional()), atol=1e-5)
    padded = replace(
        given,
        text=torch.cat([given.text, torch.full((3, 2, 6), 7.0)], 1),
        text_mask=torch.cat([given.text_mask, torch.zeros(3, 2, dtype=torch.bool)], 1),
    )
    assert torch.allclose(model(x, t, *padded), out, atol=1e-5)
