"""Candidates: several loops are begun, and the one that is most like people's is finished.

The critic of a checkpoint, `models.latent_critic`, reads the candidates while they are still noisy.
What they will become is largely decided by then: its logit at this step and at the end correlate
by 0.78 over 268 held-out and training captions. So a candidate that is not chosen costs less than
half of a loop.
"""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.models.diffusion import Diffusion
from workbench.models.latent_critic import LatentCritic
from workbench.representations.drum_chart import DrumChart

DECIDED = 0.6  # share of the schedule below which one candidate of each group is left
LEAST_BARS = 4  # shorter loops are not in the critic's training
BEATS = 4  # of a bar in 4/4, the only metre in the critic's training


class Choice:
    """Groups of candidates, in rows that follow each other, of each of which one is chosen.

    Args:
        critic: Tells people's latents from samples; None where there is nothing to choose.
        diffusion: The noise schedule.
        charts: A chart per row. Of loops that the critic does not know the first candidate is
            chosen.
        candidates: Rows of a group.
    """

    def __init__(
        self,
        critic: LatentCritic | None,
        diffusion: Diffusion,
        charts: list[DrumChart],
        candidates: int,
    ) -> None:
        self.critic, self.diffusion, self.candidates = critic, diffusion, candidates
        known = [c.meter == (4, 4) and c.bars >= LEAST_BARS for c in charts]
        self.known = torch.tensor(known)
        self.beats = BEATS * max((c.bars for c in charts), default=0)
        self.first = torch.arange(0, len(charts), candidates)
        self.chosen: Tensor | None = self.first if candidates == 1 else None

    @property
    def shown(self) -> list[int]:
        """The rows that stand for their groups so far."""
        return (self.first if self.chosen is None else self.chosen).tolist()

    def rows(self, x: Tensor, t: int) -> Tensor:
        """Return the rows that are denoised further from step t of the schedule.

        Args:
            x: Noisy latents of all rows (n, beats, latent).
            t: The step.
        """
        if self.chosen is None and t < DECIDED * self.diffusion.steps:
            self._choose(x, float((1 - self.diffusion.alphas_bar[t]).sqrt()))
        return torch.arange(len(x)) if self.chosen is None else self.chosen

    def best(self, latents: Tensor) -> Tensor:
        """Return the latents of the chosen rows."""
        if self.chosen is None:  # too few steps to choose before
            self._choose(latents, 0.0)
        assert self.chosen is not None
        return latents[self.chosen]

    def _choose(self, x: Tensor, sigma: float) -> None:
        scores = torch.zeros(len(x))
        if self.critic is not None and self.known.any():
            own = x[self.known][:, : self.beats]
            scores[self.known] = self.critic(own, torch.full((len(own),), sigma))
        self.chosen = self.first + scores.reshape(-1, self.candidates).argmax(1)
