"""Train the critic of a DrumLDM, which chooses among candidates, and store it in its checkpoint.

    python -m workbench.systems.drum_ldm.critic CHECKPOINT_FOLDER --dataset groove

It learns to tell people's training loops from the system's own samples for their captions and
tempi. It reads latents and shares no feature and no network with the judges of the benchmarks; it
shares the training sessions with them, and the autoencoder with the system.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.datasets import cut_loops, load
from workbench.datasets.dataset import evenly_spaced
from workbench.models.latent_critic import LatentCritic, fit_critic
from workbench.music.clip import Clip
from workbench.representations.drum_roll import rolls_of
from workbench.systems.drum_ldm.latents import BARS, CRITIC
from workbench.systems.drum_ldm.sampler import GUIDANCE, STEPS, DrumSampler
from workbench.systems.drum_ldm.system import DrumLDM
from workbench.systems.sampling import SamplingSettings
from workbench.training.weights import save_weights

SAMPLED = 70  # loops of a session for whose captions the system is sampled
MOST = 80  # a session with more loops counts as much as one with so many
BATCH = 50
FIRST_SEED = 55_000_000  # of noise; benchmarks use others


def train_critic(
    system: DrumSampler,
    clips: Sequence[Clip],
    *,
    seed: int = 0,
    steps: int = 500,
    watch: Callable[[int, float], None] | None = None,
) -> LatentCritic:
    """Train a critic for a system. The system's `critic` is set.

    Args:
        system: The system that is sampled, one candidate a loop.
        clips: People's loops of one length in 4/4, of the training split.
        seed: Seed of all random numbers.
        steps: Training steps of each of the critic's networks.
        watch: Called with (step, loss) after each step.
    """
    by: dict[str, list[Clip]] = {}
    for clip in clips:
        by.setdefault(_session(clip), []).append(clip)
    chosen = [clip for own in by.values() for clip in evenly_spaced(own, SAMPLED)]
    rolls = torch.from_numpy(rolls_of(clips, slots=system.slots))
    played = torch.cat([system.encode_rolls(part) for part in rolls.split(BATCH)])
    sampled = torch.cat(
        [
            _sampled(system, chosen[start : start + BATCH], FIRST_SEED + seed * 100_003 + start)
            for start in range(0, len(chosen), BATCH)
        ]
    )
    critic = LatentCritic(played.shape[-1])
    critic.latent_mean.copy_(system.networks.latent_mean)
    data = played.clone(), sampled.clone()  # no tensors of inference mode
    weights = _weights(clips), _weights(chosen)
    system.critic = fit_critic(critic, *data, weights, steps=steps, seed=seed, watch=watch)
    return system.critic


def _sampled(system: DrumSampler, clips: Sequence[Clip], seed: int) -> Tensor:
    """Sample latents for the captions and tempi of loops. The decoder normalises them, so they are
    normalised here, too."""
    prompts, tempos = [c.caption for c in clips], [c.tempo for c in clips]
    seeds = [seed + i for i in range(len(clips))]
    charts = system.charts_for(prompts, round(clips[0].beats / 4), seeds)
    noise = system.chart_noise(charts, seeds)
    z = system._sampled(
        noise, prompts, tempos, charts, SamplingSettings(STEPS, GUIDANCE), early=tempos, seeds=seeds
    )
    plain = system.networks.destandardise(z)
    return system.networks.standardise(F.layer_norm(plain, plain.shape[-1:]))


def _session(clip: Clip) -> str:
    return str(clip.labels.get("session", ""))


def _weights(clips: Sequence[Clip]) -> Tensor:
    count = Counter(_session(clip) for clip in clips)
    return torch.tensor([min(MOST, n) / n for n in (count[_session(clip)] for clip in clips)])


def main(argv: Sequence[str]) -> int:
    """Train the critic of a folder's checkpoint."""
    parser = argparse.ArgumentParser(description="Train the critic of a DrumLDM.")
    parser.add_argument("folder", type=Path, help="the checkpoint")
    parser.add_argument("--dataset", default="groove", help="the data it was trained on")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    system = DrumLDM.from_pretrained(args.folder)
    clips = cut_loops(load(args.dataset, split="train"), BARS, BARS)
    losses: list[float] = []
    critic = train_critic(system, clips, seed=args.seed, watch=lambda _, loss: losses.append(loss))
    save_weights(critic, args.folder / CRITIC, half=True)
    print(f"{args.folder / CRITIC}: loss {sum(losses[-100:]) / len(losses[-100:]):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
