"""Samplers against diffusers' schedulers and against a Gaussian, whose answer is known."""

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler
from scipy.stats import kstest

from workbench.models.diffusion import SCHEDULES, Diffusion
from workbench.models.samplers import SAMPLERS, ddim, ddpm, dpm_solver, timesteps

MEAN, SPREAD = 1.5, 0.4  # of the Gaussian that "data" is drawn from


def oracle(diffusion: Diffusion):
    """The best possible network for Gaussian data: E[x₀ | x_t] in closed form."""

    def predict(x, t):
        bar = diffusion.alphas_bar[t].double()
        variance = bar * SPREAD**2 + 1 - bar
        x0 = MEAN + bar.sqrt() * SPREAD**2 / variance * (x.double() - bar.sqrt() * MEAN)
        eps = (x.double() - bar.sqrt() * x0) / (1 - bar).sqrt()
        return x0.float(), eps.float()

    return predict


@pytest.mark.parametrize(("name", "steps"), [("ddpm", 400), ("ddim", 200), ("dpm++", 30)])
def test_samplers_draw_the_distribution(name, steps):
    diffusion = Diffusion("cosine-zero-snr")
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(4000, generator=generator)
    x = SAMPLERS[name](oracle(diffusion), noise, diffusion.alphas_bar, steps, generator)
    assert kstest((x.numpy() - MEAN) / SPREAD, "norm").pvalue > 1e-3


def test_the_second_order_solver_needs_fewer_steps():
    """For Gaussian data the exact end of the deterministic path is known: an affine map."""
    diffusion = Diffusion("cosine-zero-snr")
    noise = torch.randn(500, generator=torch.Generator().manual_seed(1))
    exact = MEAN + SPREAD * noise  # the walk starts from pure noise

    def error(sampler, steps):
        end = sampler(oracle(diffusion), noise, diffusion.alphas_bar, steps)
        return float((end - exact).abs().mean())

    assert error(dpm_solver, 20) < 0.35 * error(ddim, 20)
    assert error(dpm_solver, 40) < 0.5 * error(dpm_solver, 20)


class Net(torch.nn.Module):
    """A smooth function of (x, t), the same for both libraries."""

    def forward(self, x, t):
        return torch.sin(x + t / 300)


def test_ddim_is_diffusers():
    diffusion = Diffusion("linear", prediction="epsilon")
    theirs = DDIMScheduler(
        1000,
        1e-4,
        0.02,
        "linear",
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
    theirs.set_timesteps(20)
    assert theirs.timesteps.tolist() == timesteps(1000, 20)
    net = Net()
    ours = expected = torch.randn(4, 8, generator=torch.Generator().manual_seed(3))
    for t in theirs.timesteps:
        expected = theirs.step(net(expected, float(t)), int(t), expected).prev_sample

    def predict(x, t):
        return diffusion.split(net(x, float(t)), x, torch.full((len(x),), t))

    ours = ddim(predict, ours, diffusion.alphas_bar, 20)
    assert torch.allclose(ours, expected, atol=1e-4)


def test_dpm_solver_is_diffusers_on_its_grid():
    diffusion = Diffusion("linear", prediction="epsilon")
    theirs = DPMSolverMultistepScheduler(
        1000,
        1e-4,
        0.02,
        "linear",
        algorithm_type="dpmsolver++",
        solver_order=2,
        final_sigmas_type="zero",
    )
    theirs.set_timesteps(12)
    grid = [int(t) for t in theirs.timesteps]
    x = torch.randn(4, 8, generator=torch.Generator().manual_seed(4))
    net, expected = Net(), x
    for t in theirs.timesteps:
        expected = theirs.step(net(expected, float(t)), t, expected).prev_sample
    # The same walk for ours: a schedule that holds only the grid's steps.
    bars = diffusion.alphas_bar[torch.tensor(grid[::-1])]

    def predict(x, i):
        step = torch.full((len(x),), grid[::-1][i])
        return diffusion.split(net(x, float(grid[::-1][i])), x, step)

    assert timesteps(len(grid), len(grid)) == list(range(len(grid) - 1, -1, -1))
    ours = dpm_solver(predict, x, bars, len(grid))
    assert torch.allclose(ours, expected, atol=1e-4)


def test_callback_hears_every_step_and_can_stop():
    diffusion = Diffusion()
    heard = []
    ddim(
        oracle(diffusion),
        torch.randn(3),
        diffusion.alphas_bar,
        7,
        callback=lambda i, n, x0: heard.append((i, n, len(x0))),
    )
    assert heard == [(i, 7, 3) for i in range(1, 8)]

    def stop(i, n, x0):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        ddim(oracle(diffusion), torch.randn(3), diffusion.alphas_bar, 7, callback=stop)


def test_timesteps_start_at_the_noisiest():
    assert timesteps(1000, 1) == [999]
    assert len(set(timesteps(1000, 1000))) == 1000
    assert np.all(np.diff(timesteps(1000, 37)) < 0)
    with pytest.raises(ValueError, match="1 to 10"):
        timesteps(10, 11)


def test_ancestral_steps_from_pure_noise_are_numbers():
    """The share of noise that is kept from a step of no signal at all is zero, never below."""
    bars = SCHEDULES["flow"](1000).float()
    for steps in (1, 2, 3, 7):
        x = ddpm(lambda x, t: (torch.zeros_like(x), x), torch.randn(4, 3), bars, steps)
        assert torch.isfinite(x).all()
