"""The critic of latents."""

import pytest
import torch

from workbench.models.latent_critic import LatentCritic, fit_critic


def latents(n: int, shift: float, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 32, 6, generator=generator) + shift


@pytest.fixture(scope="module")
def critic() -> LatentCritic:
    torch.manual_seed(0)
    untrained = LatentCritic(6, width=8, members=2)
    data = latents(200, 0.3, 0), latents(100, -0.3, 1)
    return fit_critic(untrained, *data, (torch.ones(200), torch.ones(100)), steps=60)


@pytest.mark.parametrize(("sigma", "least"), [(0.0, 0.95), (0.8, 0.75)])
def test_a_critic_tells_the_two_apart_also_in_noise(critic, sigma, least):
    noise = torch.randn(200, 32, 6, generator=torch.Generator().manual_seed(2))
    x = torch.cat([latents(100, 0.3, 3), latents(100, -0.3, 4)])
    x = (1 - sigma**2) ** 0.5 * x + sigma * noise
    with torch.no_grad():
        played = critic(x, torch.full((200,), sigma)) > 0
    assert (played == (torch.arange(200) < 100)).float().mean() > least


def test_loops_of_any_length_are_read(critic):
    for beats in (4, 16, 64):
        assert critic(torch.zeros(3, beats, 6), torch.zeros(3)).shape == (3,)


def test_training_repeats_and_leaves_the_callers_random_numbers_alone():
    data = latents(20, 1.0, 0), latents(20, -1.0, 1)
    found = []
    for _ in range(2):
        torch.manual_seed(5)
        critic = LatentCritic(6, width=4, members=1)
        state = torch.random.get_rng_state()
        fit_critic(critic, *data, (torch.ones(20), torch.ones(20)), steps=3, seed=7)
        assert torch.equal(state, torch.random.get_rng_state())
        found.append(critic(data[0], torch.zeros(20)))
    assert torch.equal(*found)
