"""Several loops are begun, and the one that a critic prefers is finished."""

import numpy as np
import pytest
import torch
from torch import nn

from workbench.datasets import cut_loops, load
from workbench.errors import PromptError
from workbench.models.latent_critic import LatentCritic
from workbench.representations.drum_chart import DrumChart
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.drum_ldm.candidates import DECIDED, Choice
from workbench.systems.drum_ldm.critic import train_critic
from workbench.systems.drum_ldm.sampler import CANDIDATES, Takes
from workbench.systems.sampling import SamplingSettings


class Level(nn.Module):
    """A critic that prefers latents with a high mean."""

    def forward(self, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        return x.mean((1, 2))


@pytest.fixture
def system(smoke_folder) -> DrumLDM:
    return DrumLDM.from_pretrained(smoke_folder)


@pytest.fixture
def judged(system) -> DrumLDM:
    system.critic = Level()
    return system


def same(a, b) -> bool:
    return all(np.array_equal(x.notes, y.notes) for x, y in zip(a, b, strict=True))


def test_without_a_critic_there_is_one_candidate(system):
    assert system.critic is None
    assert same(
        system.generate("rock", n=2, steps=4), system.generate("rock", n=2, steps=4, candidates=1)
    )
    with pytest.raises(PromptError, match="candidates=2"):
        system.generate("rock", candidates=2)


def test_the_critic_chooses_in_each_group(judged):
    charts = [DrumChart.empty(8) for _ in range(6)]
    choice = Choice(judged.critic, judged.diffusion, charts, 3)
    x = torch.zeros(6, 32, 4)
    x[1], x[5] = 1, 2
    steps = judged.diffusion.steps
    assert choice.rows(x, steps - 1).tolist() == list(range(6))
    assert choice.shown == [0, 3]
    assert choice.rows(x, int(DECIDED * steps) - 1).tolist() == [1, 5]
    assert choice.rows(-x, 0).tolist() == [1, 5]  # it stays
    assert torch.equal(choice.best(x), x[[1, 5]])


def test_takes_of_a_request_are_chosen_apart(judged):
    """Three takes of one request and one of another, with two candidates each."""
    hits = np.zeros((8, 10), dtype=bool)
    for row, cells in enumerate(([0, 1], [0, 2], [0, 1], [5, 6], [5, 6], [7, 8], [0, 1], [9])):
        hits[row, cells] = True
    charts = [DrumChart.empty(8) for _ in range(8)]
    x = torch.zeros(8, 32, 4)
    x[::2] = 0.1  # the critic prefers the first of each group a little
    more = {"requests": [0, 0, 0, 1], "hits": lambda latents: hits}
    choice = Choice(judged.critic, judged.diffusion, charts, 2, **more)
    choice.estimated(x)
    assert torch.equal(choice.best(x), x[[0, 3, 5, 6]])
    x[2] = 10  # far more than a distance is worth
    choice = Choice(judged.critic, judged.diffusion, charts, 2, **more)
    assert torch.equal(choice.best(x), x[[0, 2, 4, 6]])


@pytest.mark.parametrize(("bars", "meter"), [(2, (4, 4)), (8, (3, 4))])
def test_of_loops_that_the_critic_does_not_know_the_first_is_taken(judged, bars, meter):
    charts = [DrumChart.empty(bars, meter) for _ in range(2)]
    more = {"requests": [0, 0], "hits": lambda latents: np.eye(4, dtype=bool)}
    choice = Choice(judged.critic, judged.diffusion, charts * 2, 2, **more)
    x = torch.arange(4.0)[:, None, None].expand(4, charts[0].beats, 4)
    assert choice.best(x)[:, 0, 0].tolist() == [0, 2]


@pytest.mark.parametrize("guidance", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("steps", [1, 6])
def test_a_chosen_loop_is_what_its_candidate_would_have_become(judged, guidance, steps):
    """Rows that are no longer denoised do not change the others."""
    settings = {"steps": steps, "guidance": guidance, "bars": 4}
    [best] = judged.generate("rock", candidates=3, **settings)
    judged.critic = None
    alone = []
    for seed in Takes(["rock"], [100], SamplingSettings().seeds(1), 4).repeated(3).seeds:
        alone += judged.generate_batch(["rock"], [None], [seed], **settings)
    assert any(np.array_equal(best.notes["pitch"], clip.notes["pitch"]) for clip in alone)


def test_takes_do_not_depend_on_each_other(judged):
    four = judged.generate("funk", n=4, steps=4, bars=4, candidates=2)
    assert same(four[:2], judged.generate("funk", n=2, steps=4, bars=4, candidates=2))
    assert four[0].labels["request"]["candidates"] == 2


def test_progress_shows_one_clip_per_take(judged):
    seen = []
    clips = judged.generate(
        "rock", n=2, steps=5, bars=4, candidates=3, progress=lambda p: seen.append(p.clips)
    )
    assert [len(clips) for clips in seen] == [2] * 5
    assert same(seen[-1], clips)


def test_a_critic_is_trained_saved_and_loaded(system, tmp_path):
    clips = cut_loops(load("builtin", split="train"), 4, 4)[:6]
    critic = train_critic(system, clips, steps=4)
    assert isinstance(critic, LatentCritic)
    system.save_pretrained(tmp_path / "own")
    again = DrumLDM.from_pretrained(tmp_path / "own")
    x = torch.randn(2, 32, len(system.networks.latent_mean))
    with torch.no_grad():
        found, expected = (c(x, torch.zeros(2)) for c in (again.critic, critic))
    assert torch.allclose(found, expected, atol=1e-2)
    settings = {"n": 2, "steps": 4}
    assert same(
        again.generate("rock", **settings),
        again.generate("rock", candidates=CANDIDATES, **settings),
    )


def test_the_critic_of_another_autoencoder_is_not_used(system, tmp_path):
    system.critic = LatentCritic(len(system.networks.latent_mean))
    system.critic.latent_mean += 1
    system.save_pretrained(tmp_path / "own")
    assert DrumLDM.from_pretrained(tmp_path / "own").critic is None
