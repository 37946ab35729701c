"""Candidates: several loops are begun, and the one that is most like people's is finished.

The critic of a checkpoint, `models.latent_critic`, reads the candidates while they are still noisy.
What they will become is largely decided by then: its logit at this step and at the end correlate by
0.80. So a candidate that is not chosen costs about half of a loop.

Each take of a request is also chosen to differ from those before it: people's loops of one kind
differ more than the likeliest ones of a system. On the validation prompts of DrumBench, pairs of
takes then differ in 59 % of their hits instead of 57 %, and as many takes obey within the error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from workbench.models.diffusion import Diffusion
from workbench.models.latent_critic import LatentCritic
from workbench.music.likeness import jaccard
from workbench.representations.drum_chart import DrumChart

DECIDED = 0.6  # share of the schedule below which one candidate of each group is left
LEAST_BARS = 4  # shorter loops are not in the critic's training
BEATS = 4  # of a bar in 4/4, the only metre in the critic's training
FAR = 2.5  # logits of the critic that a distance of 1 from all earlier takes is worth

Hits = Callable[[Tensor], np.ndarray]


class Choice:
    """Groups of candidates, in rows that follow each other, of each of which one is chosen.

    Args:
        critic: Tells people's latents from samples; None where there is nothing to choose.
        diffusion: The noise schedule.
        charts: A chart per row. Of loops that the critic does not know it says nothing.
        candidates: Rows of a group.
        requests: For each group, a number that takes of one request share; by default each group is
            a request of its own.
        hits: Returns the hits of latents, bool (n, cells).
    """

    def __init__(
        self,
        critic: LatentCritic | None,
        diffusion: Diffusion,
        charts: list[DrumChart],
        candidates: int,
        requests: Sequence[int] | None = None,
        hits: Hits | None = None,
    ) -> None:
        self.critic, self.diffusion, self.candidates = critic, diffusion, candidates
        known = [c.meter == (4, 4) and c.bars >= LEAST_BARS for c in charts]
        self.known = torch.tensor(known)
        self.beats = BEATS * max((c.bars for c in charts), default=0)
        self.first = torch.arange(0, len(charts), candidates)
        self.chosen: Tensor | None = self.first if candidates == 1 else None
        self.requests = list(range(len(self.first))) if requests is None else list(requests)
        self.hits = hits if len({*self.requests}) < len(self.requests) else None
        self.estimate: Tensor | None = None

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

    def estimated(self, x0: Tensor) -> None:
        """Receive the last estimate of the clean latents of all rows."""
        self.estimate = x0

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
        groups = scores.reshape(-1, self.candidates)
        if self.hits is None:
            self.chosen = self.first + groups.argmax(1)
        else:
            estimate = x if self.estimate is None else self.estimate
            self.chosen = self._apart(groups.numpy(), self.hits(estimate))

    def _apart(self, scores: np.ndarray, hits: np.ndarray) -> Tensor:
        """Choose in each group by the score and the distance from the nearest of the takes before
        it. So a take does not depend on how many follow."""
        earlier: dict[int, list[int]] = {}
        for group, first in enumerate(self.first.tolist()):
            chosen = earlier.setdefault(self.requests[group], [])
            own, score = hits[first : first + self.candidates], scores[group]
            if chosen and self.known[first]:
                distances = 1 - jaccard(own[:, None], hits[chosen])
                score = score + FAR * distances.min(1)
            chosen.append(first + int(score.argmax()))
        rows = {row for rows in earlier.values() for row in rows}
        return torch.tensor(sorted(rows))
