"""Diffusion-LM: rounding, losses, the bound held against known entropies, infilling, control."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from workbench.models.control import ControlConfig, Controls, control_loss, nudge
from workbench.models.diffusion import SCHEDULES
from workbench.models.diffusion_bound import bound
from workbench.models.diffusion_lm import (
    DiffusionLM,
    DiffusionLMConfig,
    Predictor,
    late,
    losses,
    strata,
)
from workbench.models.samplers import ddim

SMALL = DiffusionLMConfig(vocab=12, dim=8, length=10, width=32, depth=1, heads=2, steps=50)


def made(**changes) -> DiffusionLM:
    torch.manual_seed(0)
    from dataclasses import replace

    return DiffusionLM(replace(SMALL, **changes)).eval()


def test_the_schedule_is_the_papers():
    bar = SCHEDULES["sqrt"](2000)
    t = torch.arange(1, 2001, dtype=torch.float64) / 2000
    assert torch.allclose(bar[:-1], (1 - (t + 1e-4).sqrt())[:-1])
    assert 0 < bar[-1] < 1e-4


@pytest.mark.parametrize("backbone", ["bert", "electra"])
def test_shapes_and_padding_does_not_matter(backbone):
    model = made(backbone=backbone)
    words = torch.randint(1, 12, (3, 10))
    x, t = torch.randn(3, 10, 8), torch.tensor([3, 20, 49])
    mask = torch.ones(3, 10, dtype=torch.bool)
    mask[:, 7:] = False
    out = model(x, t, None, mask)
    assert out.shape == x.shape
    other = x.clone()
    other[:, 7:] = torch.randn(3, 3, 8)
    assert torch.allclose(model(other, t, None, mask)[:, :7], out[:, :7], atol=1e-5)
    terms = losses(model, words, pad=0)
    assert set(terms) == {"denoise", "round", "prior", "anchor"}
    assert all(torch.isfinite(value) for value in terms.values())


def test_the_objective_by_its_formula():
    """The four terms in NumPy, with the same random numbers; padding counts nowhere."""
    model = made(self_conditioning=False, anchor=0.5)
    words = torch.randint(1, 12, (4, 10), generator=torch.Generator().manual_seed(1))
    words[1, 6:] = words[3, 3:] = 0
    torch.manual_seed(2)
    terms = {name: value.item() for name, value in losses(model, words, pad=0).items()}

    torch.manual_seed(2)  # in the order of the equation: σ₀'s noise, the steps, the noise of x_t
    start = torch.randn(4, 10, 8).numpy()
    t = np.minimum((np.sqrt((np.arange(4) + torch.rand(4).numpy()) / 4) * 50).astype(int), 49)
    noise = torch.randn(4, 10, 8).numpy()
    bar = model.diffusion.alphas_bar.numpy()
    weight = model.word_embedding.weight.detach().numpy()
    table = np.sqrt(8) * weight / np.linalg.norm(weight, axis=1, keepdims=True)
    clean, real = table[words.numpy()], words.numpy() != 0
    x0 = clean + np.sqrt(1 - bar[0]) * start
    at = bar[t][:, None, None]
    x_t = np.sqrt(at) * x0 + np.sqrt(1 - at) * noise
    with torch.no_grad():
        mask = torch.from_numpy(real)
        guess = model(torch.from_numpy(x_t).float(), torch.from_numpy(t), None, mask).numpy()
    denoise, rounding, anchor, prior = [], [], [], []
    for i, j in zip(*np.nonzero(real), strict=True):
        target = clean if t[i] == 0 else x0
        denoise.append(((guess[i, j] - target[i, j]) ** 2).mean())
        prior.append(bar[-1] * (x0[i, j] ** 2).mean())
        for x, costs in ((x0, rounding), (guess, anchor)):
            logits = table @ x[i, j]
            costs.append(np.log(np.exp(logits).sum()) - logits[words[i, j]])
    expected = {
        "denoise": np.mean(denoise),
        "round": np.mean(rounding),
        "prior": np.mean(prior),
        "anchor": 0.5 * np.mean(anchor),
    }
    assert terms == pytest.approx(expected, rel=1e-3)


def test_electra_is_the_smaller_one():
    size = {b: sum(p.numel() for p in made(backbone=b).parameters()) for b in ("bert", "electra")}
    assert size["electra"] < 0.6 * size["bert"]


def test_rounding_is_nearest_and_clamping_keeps_words():
    model = made()
    words = torch.randint(0, 12, (4, 10))
    near = model.embed(words) + 0.05 * torch.randn(4, 10, 8)
    assert (model.words(near) == words).all()
    assert torch.allclose(model.clamp(near), model.embed(words))
    assert torch.allclose(model.table.norm(dim=-1), torch.full((12,), math.sqrt(8)))


def test_steps_are_drawn_as_they_say():
    n, steps = 20_000, 100
    assert strata(n, steps, torch.device("cpu")).bincount(minlength=steps).float().std() < 2
    drawn = late(n, steps, torch.device("cpu")).float()
    assert drawn.mean() / steps == pytest.approx(2 / 3, abs=0.01)


class Oracle(nn.Module):
    """A model whose x̂₀ is the posterior mean under independent words: the best there is."""

    def __init__(self, shares: torch.Tensor, dim: int, steps: int) -> None:
        super().__init__()
        from workbench.models.diffusion import Diffusion

        self.diffusion = Diffusion("sqrt", steps, prediction="x0")
        self.config = DiffusionLMConfig(len(shares), dim=dim, steps=steps, self_conditioning=False)
        random = torch.Generator().manual_seed(3)
        table = torch.randn(len(shares), dim, generator=random)
        self.table = math.sqrt(dim) * nn.functional.normalize(table, dim=-1)
        self.shares = shares

    @property
    def sigma0(self) -> float:
        return float((1 - self.diffusion.alphas_bar[0]).sqrt())

    def embed(self, words):
        return self.table[words]

    def round(self, x):
        scale = 1 / self.sigma0**2  # the exact posterior of words given x₀
        return scale * (x @ self.table.T - 0.5 * self.table.square().sum(-1)) + self.shares.log()

    def forward(self, x, t, guess=None, mask=None):
        signal, sigma = self.diffusion.scales(t, x)
        # x_t = √ᾱ x₀ + σ ε with x₀ = e_w + σ₀ η: a mixture of Gaussians
        variance = signal**2 * self.sigma0**2 + sigma**2
        logits = -(x[..., None, :] - signal[..., None] * self.table).square().sum(-1)
        weight = (logits / (2 * variance) + self.shares.log()).softmax(-1)
        return weight @ self.table

    def mean_word(self, x):
        return x  # forward has already said it


@pytest.mark.parametrize("shares", [[0.5, 0.25, 0.125, 0.125], [0.9, 0.05, 0.03, 0.02]])
def test_the_bound_of_the_best_model_is_near_the_entropy_and_not_below(shares):
    shares = torch.tensor(shares)
    entropy = float(-(shares * shares.log2()).sum())
    model = Oracle(shares, dim=4, steps=1000)
    words = torch.multinomial(
        shares.expand(400, 4), 16, replacement=True, generator=torch.Generator().manual_seed(0)
    )
    found = bound(model, words, pad=-1, draws=24, seed=1)
    seen = torch.bincount(words.flatten(), minlength=4) / words.numel()
    cost = float(-(seen * shares.log2()).sum())  # of these very words
    assert entropy == pytest.approx(cost, abs=0.1)
    assert cost - 4 * found["error"] < found["total"] < cost + 0.15 + 4 * found["error"]
    assert found["total"] == pytest.approx(
        sum(found[k] for k in ("prior", "denoising", "first step", "rounding")), rel=1e-4
    )


def test_a_worse_model_has_a_worse_bound():
    shares = torch.tensor([0.5, 0.25, 0.125, 0.125])
    words = torch.multinomial(
        shares.expand(200, 4), 16, replacement=True, generator=torch.Generator().manual_seed(0)
    )
    good = bound(Oracle(shares, 4, 500), words, pad=-1, draws=12)["total"]
    even = bound(Oracle(torch.full((4,), 0.25), 4, 500), words, pad=-1, draws=12)["total"]
    assert even > good + 0.1


def test_rounding_alone_is_near_zero_whatever_the_model_knows():
    """The seed's figure: an untrained network has it, too."""
    words = torch.randint(1, 12, (64, 10))
    found = bound(made(dim=32), words, pad=0, draws=1)
    assert found["rounding"] < 0.01
    assert found["total"] > 3


def test_padding_is_not_paid_for():
    model = made()
    words = torch.randint(1, 12, (32, 10))
    words[:, 6:] = 0
    found = bound(model, words, pad=0, draws=4)
    longer = torch.cat([words[:, :6], torch.randint(1, 12, (32, 4))], 1)
    assert found["total"] != pytest.approx(bound(model, longer, pad=0, draws=4)["total"])
    assert math.isfinite(found["total"])


def test_it_learns_words_that_depend_on_each_other():
    """Each row is one word over and over: a model that looks at the others must find out."""
    torch.manual_seed(0)
    model = DiffusionLM(SMALL)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(400):
        words = torch.randint(1, 5, (48, 1)).expand(48, 10)
        loss = torch.stack(list(losses(model, words, pad=0).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    x = torch.randn(64, 10, 8, generator=torch.Generator().manual_seed(0))
    drawn = model.words(ddim(Predictor(model), x, model.diffusion.alphas_bar, 25))
    same = (drawn == drawn.mode(1).values[:, None]).float().mean()
    assert same > 0.9
    assert len(drawn.mode(1).values.unique()) >= 3
    known = torch.full((16, 10), -1)
    known[:, 0] = 3
    free = float((drawn[:16] == 3).float().mean())
    predict = Predictor(model, known=known)
    filled = model.words(ddim(predict, x[:16], model.diffusion.alphas_bar, 25))
    assert (filled[:, 0] == 3).all()
    assert (filled[:, 1:] == 3).float().mean() > free + 0.05  # the others lean to the known word


def test_classifiers_learn_and_steer():
    torch.manual_seed(0)
    network = made().requires_grad_(False)
    config = ControlConfig(width=16, heads=2, depth=1, styles=("a", "b"))
    controls = Controls(config, dim=8, length=10)
    optimizer = torch.optim.Adam(controls.parameters(), 5e-3)

    def batch(n):
        words = torch.randint(1, 12, (n, 10))
        busy = torch.randint(0, 2, (n,))
        words[busy == 1] = words[busy == 1].clamp(min=8)
        unknown = torch.full((n,), -1)
        return words, (unknown, 2 * busy, unknown, busy)

    for _ in range(120):
        words, labels = batch(64)
        terms = control_loss(controls, network, words, labels, pad=0)
        assert float(terms["key"].detach()) == 0  # unknown labels count for nothing
        optimizer.zero_grad()
        sum(terms.values()).backward()
        optimizer.step()
    words, labels = batch(128)
    with torch.no_grad():
        logits = controls(network.embed(words), torch.zeros(128, dtype=torch.long))
    assert (logits["style"].argmax(-1) == labels[3]).float().mean() > 0.9
    x = torch.randn(8, 10, 8)
    t = torch.full((8,), 20)
    moved = nudge(controls, network, {"style": 1}, strength=0.3)(x, 20)
    with torch.no_grad():
        before, after = (controls(v, t)["style"].softmax(-1)[:, 1].mean() for v in (x, moved))
    assert after > before
    assert not moved.requires_grad
    held = nudge(controls, network, {"style": 1}, strength=0.3, fluency=1e4)(x, 20)
    assert (held - x).norm() < (moved - x).norm() + 1e-6
    assert np.isfinite(moved.numpy()).all()


@pytest.mark.parametrize("steps", [1, 3])
def test_a_nudge_is_adagrad_on_the_log_probability(steps):
    """By hand, for a linear classifier of the mean vector, whose gradient is a formula."""
    random = np.random.default_rng(0)
    weights, x = random.normal(size=(8, 3)), random.normal(size=(4, 10, 8))
    network, level, strength, fluency = made(), 2, 0.3, 0.7
    linear = torch.from_numpy(weights)
    moved = nudge(
        lambda v, t, mask: {"style": v.mean(1) @ linear},
        network,
        {"style": level},
        strength=strength,
        steps=steps,
        fluency=fluency,
    )(torch.from_numpy(x), 20)

    rate = strength * np.sqrt(1 - float(network.diffusion.alphas_bar[20]))
    now, squares = x.copy(), np.zeros_like(x)
    for _ in range(steps):
        logits = now.mean(1) @ weights
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        of_log = ((p - np.eye(3)[level]) @ weights.T)[:, None] / 10  # −∇ log p(level | x)
        gradient = of_log + fluency * (now - x)
        squares += gradient**2
        now -= rate * gradient / (np.sqrt(squares) + 1e-10)
    assert np.allclose(moved.numpy(), now, atol=1e-6)


@pytest.mark.parametrize("frozen", [True, False])
def test_control_trains_the_embeddings_only_where_they_are_not_frozen(frozen):
    network = made()
    controls = Controls(ControlConfig(width=16, heads=2, depth=1, styles=("a", "b")), 8, 10)
    words, labels = torch.randint(1, 12, (4, 10)), tuple(torch.zeros(4).long() for _ in range(4))
    sum(control_loss(controls, network, words, labels, pad=0, frozen=frozen).values()).backward()
    assert (network.word_embedding.weight.grad is None) == frozen
    assert controls.x_embedder.weight.grad.abs().sum() > 0
