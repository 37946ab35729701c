"""The mixture's closed forms, against integrals over the clean numbers."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from workbench.models import mixture
from workbench.models.samplers import ddim, ddpm, dpm_solver


def clean_density(x0, odds):
    share = 1 / (1 + np.exp(-odds))
    low, high = (stats.norm.pdf(x0, mean, mixture.SPREAD) for mean in mixture.MEANS)
    return (1 - share) * low + share * high


def integrals(x, bar, odds):
    """Density of x_t, and the mean of x₀ given x_t, by numerical integration over x₀."""

    def joint(x0):
        return clean_density(x0, odds) * stats.norm.pdf(x, bar**0.5 * x0, (1 - bar) ** 0.5)

    grid = np.linspace(-2.5, 2.5, 20001)
    values = joint(grid)
    total = integrate.simpson(values, x=grid)
    return total, integrate.simpson(grid * values, x=grid) / total


@pytest.mark.parametrize("bar", [0.02, 0.4, 0.97])
@pytest.mark.parametrize("odds", [0.0, 1.3])
def test_density_denoiser_and_score_agree_with_integrals(bar, odds):
    for x in (-1.7, -0.2, 0.0, 0.6):
        at, level = torch.tensor([x], dtype=torch.float64), torch.tensor(bar, dtype=torch.float64)
        p, mean = integrals(x, bar, odds)
        assert float(mixture.density(at, level, odds)) == pytest.approx(p, rel=1e-6)
        assert float(mixture.denoised(at, level, odds)) == pytest.approx(mean, rel=1e-6, abs=1e-9)
        step = 1e-5
        slope = np.log(integrals(x + step, bar, odds)[0]) - np.log(
            integrals(x - step, bar, odds)[0]
        )
        assert float(mixture.score(at, level, odds)) == pytest.approx(
            slope / (2 * step), rel=1e-4, abs=1e-4
        )


@pytest.mark.parametrize("bar", [0.02, 0.4, 0.97])
def test_the_denoiser_of_points_agrees_with_bayes_rule(bar):
    """Point by point, with SciPy's densities."""
    random = np.random.default_rng(0)
    points, x = random.normal(size=(5, 3)), random.normal(size=(4, 3))
    shares = random.dirichlet(np.ones(5))
    expected = []
    for row in x:
        joint = [
            share * stats.multivariate_normal.pdf(row, bar**0.5 * point, (1 - bar) * np.eye(3))
            for share, point in zip(shares, points, strict=True)
        ]
        expected.append(sum(p * point for p, point in zip(joint, points, strict=True)) / sum(joint))
    x, points, shares = (torch.from_numpy(part) for part in (x, points, shares))
    for level in (torch.tensor(bar, dtype=x.dtype), torch.full((4, 1), bar, dtype=x.dtype)):
        mean = mixture.denoised_discrete(x, level, points, shares)
        assert mean.numpy() == pytest.approx(np.stack(expected), abs=1e-12)


def test_many_points_make_the_two_gaussians():
    """Points on a fine grid, as probable as the mixture's density, have its denoiser."""
    grid = torch.linspace(-2.5, 2.5, 5001, dtype=torch.float64)[:, None]
    shares = torch.from_numpy(clean_density(grid[:, 0].numpy(), 0.7))
    x, bar = torch.linspace(-2, 2, 9, dtype=torch.float64), torch.tensor(0.6, dtype=torch.float64)
    among = mixture.denoised_discrete(x[:, None], bar, grid, shares / shares.sum())[:, 0]
    assert torch.allclose(among, mixture.denoised(x, bar, 0.7), atol=1e-6)


def test_the_best_noise_has_the_least_loss():
    """No other prediction has a smaller squared error than the mean of the noise."""
    generator = torch.Generator().manual_seed(0)
    n = 40_000
    sign = torch.randint(2, (n, 1), generator=generator) * 2.0 - 1
    x0 = sign + mixture.SPREAD * torch.randn(n, 1, generator=generator)
    noise, odds = torch.randn(n, 1, generator=generator), torch.zeros(n, 1)
    t = torch.full((n,), 500)
    bar = mixture.SCHEDULE[t][:, None]
    x = bar.sqrt() * x0 + (1 - bar).sqrt() * noise
    best = mixture.best_noise(x, t, odds)
    least = float(((best - noise) ** 2).mean())
    for other in (best + 0.05, 0.97 * best, best + 0.05 * x.sin(), torch.zeros_like(x)):
        assert float(((other - noise) ** 2).mean()) > least


@pytest.mark.parametrize("sampler", [ddim, ddpm, dpm_solver])
def test_samplers_with_the_best_denoiser_return_the_mixture(sampler):
    share = torch.tensor(0.8)
    odds = torch.logit(share)

    def predict(x, t):
        bar = mixture.SCHEDULE[t]
        x0 = mixture.denoised(x, bar, odds)
        return x0, (x - bar.sqrt() * x0) / (1 - bar).sqrt()

    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(2000, generator=generator)
    made = sampler(predict, noise, mixture.SCHEDULE, 60, generator)
    assert float((made > 0).float().mean()) == pytest.approx(0.8, abs=0.035)
    assert float(made[made > 0].mean()) == pytest.approx(1, abs=0.03)
    assert float(made[made > 0].std()) == pytest.approx(mixture.SPREAD, abs=0.03)
