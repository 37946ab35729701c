"""Schedules and the forward process against diffusers' and closed forms."""

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler

from workbench.models.diffusion import (
    SCHEDULES,
    Diffusion,
    cosine_schedule,
    guided,
    linear_schedule,
    scaled_linear_schedule,
    zero_terminal_snr,
)


def test_linear_schedule_is_diffusers():
    theirs = DDPMScheduler(1000, beta_start=1e-4, beta_end=0.02, beta_schedule="linear")
    assert torch.allclose(linear_schedule().float(), theirs.alphas_cumprod, atol=1e-6)


def test_scaled_linear_schedule_is_diffusers():
    theirs = DDPMScheduler(beta_start=0.0015, beta_end=0.0195, beta_schedule="scaled_linear")
    assert torch.allclose(scaled_linear_schedule().float(), theirs.alphas_cumprod, atol=1e-5)


def test_cosine_schedule_is_diffusers():
    theirs = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2")
    assert torch.allclose(cosine_schedule().float(), theirs.alphas_cumprod, atol=1e-5)


def test_zero_terminal_snr_is_diffusers():
    theirs = DDIMScheduler(
        1000, beta_start=1e-4, beta_end=0.02, beta_schedule="linear", rescale_betas_zero_snr=True
    )
    ours = zero_terminal_snr(linear_schedule())
    assert torch.allclose(ours.float(), theirs.alphas_cumprod, atol=1e-5)
    assert ours[-1] == 0


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_falls_from_near_one(name):
    bar = SCHEDULES[name](1000)
    assert bar[0] > 0.95
    assert (bar[1:] < bar[:-1]).all()
    assert bar[-1] >= 0


def test_forward_process_keeps_unit_variance():
    diffusion = Diffusion("linear", prediction="epsilon")
    generator = torch.Generator().manual_seed(0)
    x0, noise = torch.randn(2, 20_000, 4, generator=generator)
    for t in (0, 300, 999):
        x = diffusion.add_noise(x0, noise, torch.full((20_000,), t))
        assert x.var() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(("name", "prediction"), [("linear", "epsilon"), ("cosine-zero-snr", "v")])
def test_a_perfect_answer_gives_back_signal_and_noise(name, prediction):
    diffusion = Diffusion(name, prediction=prediction)
    x0, noise = torch.randn(2, 5, 3, 2, generator=torch.Generator().manual_seed(1))
    t = torch.tensor([0, 10, 500, 900, 998])
    x_t = diffusion.add_noise(x0, noise, t)
    back, eps = diffusion.split(diffusion.target(x0, noise, t), x_t, t)
    assert torch.allclose(back, x0, atol=2e-3)
    assert torch.allclose(eps, noise, atol=1e-4)


def test_velocity_is_diffusers():
    theirs = DDPMScheduler(1000, beta_start=1e-4, beta_end=0.02, beta_schedule="linear")
    ours = Diffusion("linear", prediction="v")
    x0, noise = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(2))
    t = torch.tensor([0, 100, 600, 999])
    assert torch.allclose(ours.target(x0, noise, t), theirs.get_velocity(x0, noise, t), atol=1e-5)
    assert torch.allclose(ours.add_noise(x0, noise, t), theirs.add_noise(x0, noise, t), atol=1e-5)


def test_loss_is_zero_for_the_true_answer_and_one_for_silence():
    diffusion = Diffusion("linear", prediction="epsilon")
    x0 = torch.zeros(512, 16)  # then x_t is the noise, scaled

    def knows(x, t):
        return x / (1 - diffusion.alphas_bar[t]).sqrt()[:, None]

    torch.manual_seed(0)
    assert diffusion.loss(knows, x0) < 1e-10
    assert diffusion.loss(lambda x, t: torch.zeros_like(x), x0) == pytest.approx(1, abs=0.05)


def test_noise_prediction_cannot_end_in_pure_noise():
    with pytest.raises(ValueError, match="prediction='v'"):
        Diffusion("linear-zero-snr", prediction="epsilon")


def test_guidance_is_a_line_through_both():
    a, b = torch.tensor([2.0]), torch.tensor([1.0])
    assert [float(guided(a, b, s)) for s in (0.0, 1.0, 3.0)] == [1.0, 2.0, 4.0]


def test_rescaled_guidance_keeps_the_deviation_of_each_item():
    """Lin et al., eq. 15 and 16, by their own words: at φ = 1 the deviation is the conditional
    one's, at 0.5 it is half way, and a scale of 1 changes nothing."""
    generator = torch.Generator().manual_seed(0)
    sizes = torch.tensor([1.0, 2, 5])[:, None, None]
    given, empty = torch.randn(2, 3, 4, 50, generator=generator) * sizes
    plain, whole = (guided(given, empty, 4.0, rescale) for rescale in (0.0, 1.0))
    assert torch.allclose(whole.flatten(1).std(1), given.flatten(1).std(1), rtol=1e-5)
    assert torch.allclose(whole / plain, (whole / plain)[:, :1, :1], rtol=1e-4)  # one factor each
    assert torch.allclose(guided(given, empty, 4.0, 0.5), (plain + whole) / 2, atol=1e-5)
    assert torch.allclose(guided(given, empty, 1.0, 0.7), given, atol=1e-5)
    assert torch.isfinite(guided(given * 0, empty * 0, 4.0, 1.0)).all()
