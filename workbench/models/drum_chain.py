"""A Markov chain of drum steps: small enough to be trained again without each drummer in seconds.

A token is the set of the drums on one sixteenth (512 of them) and the place of the sixteenth in its
bar of 4/4 (16). The chain may put a watermark into what it generates: the step before and a secret
key divide the 512 sets into green and red ones, and green ones become more probable.

Source: Kirchenbauer et al. 2023, "A Watermark for Large Language Models" (arXiv 2301.10226),
algorithm 2 and eq. 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.arguments import number, random_generator, whole
from workbench.errors import WorkbenchError
from workbench.models.markov import MarkovChain
from workbench.representations.drum_roll import N_DRUMS

PLACES = 16  # sixteenths in a bar of 4/4
SETS = 2**N_DRUMS
ORDER = 3
GREEN = 0.5  # share of the sets that are green


class DrumChain:
    """p(drums on a sixteenth | its place in the bar, the three sixteenths before it).

    Velocities are the means of the training data by drum and place; hits lie on the grid.
    """

    def __init__(self) -> None:
        self.chain = MarkovChain(ORDER, SETS * PLACES)
        self.velocity = np.zeros((PLACES, N_DRUMS), np.float32)

    def fit(self, rolls: Sequence[np.ndarray]) -> DrumChain:
        """Count the steps of drum rolls (steps, 27), each from a bar line on. Returns the chain.

        Raises:
            WorkbenchError: without rolls.
        """
        if not len(rolls):
            raise WorkbenchError("rolls is empty; give one or more")
        self.chain.fit([tokens_of(roll) for roll in rolls])
        count = np.zeros((PLACES, N_DRUMS))
        total = np.zeros((PLACES, N_DRUMS))
        for roll in rolls:
            place = np.arange(len(roll)) % PLACES
            np.add.at(count, place, roll[:, :N_DRUMS] > 0.5)
            np.add.at(total, place, roll[:, N_DRUMS : 2 * N_DRUMS])
        anywhere = total.sum(0) / np.maximum(1, count.sum(0))
        self.velocity = np.where(count > 0, total / np.maximum(1, count), anywhere)
        return self

    def nll(self, roll: np.ndarray) -> float:
        """Return −log p of a roll (steps, 27), in nats per step."""
        return float(self.chain.nll(tokens_of(roll)).mean())

    def sample(
        self, bars: int, seed: int, *, key: int | None = None, bias: float = 2.0
    ) -> np.ndarray:
        """Generate a roll. Each step takes one random number, so that two chains with the same seed
        differ only where their probabilities do.

        Args:
            bars: Length, at least 1.
            seed: Of the random numbers.
            key: Of the watermark, a whole number from 0; None for no watermark.
            bias: Added to the logarithm of the probability of each green set.

        Returns:
            (16 · bars, 27) float32: hits, velocities, offsets of 0.
        """
        steps, bias = PLACES * whole(bars, "bars", 1), number(bias, "bias")
        uniform = random_generator(seed).random(steps)
        past: list[int] = []
        for step in range(steps):
            place = step % PLACES
            p = self.chain.next(past)[place::PLACES]
            if key is not None and past:
                p = p * np.exp(bias * green_sets(past[-1], key))
            total = np.cumsum(p)
            drums = int(np.searchsorted(total, uniform[step] * total[-1], side="right"))
            past.append(min(drums, SETS - 1) * PLACES + place)
        sets = np.array(past) // PLACES
        hits = (sets[:, None] >> np.arange(N_DRUMS)) & 1
        loud = hits * np.tile(self.velocity, (steps // PLACES, 1))
        return np.concatenate([hits, loud, np.zeros_like(loud)], axis=1).astype(np.float32)


def tokens_of(roll: np.ndarray) -> np.ndarray:
    """Return the tokens of a roll (steps, 27) that begins at a bar line: int64 (steps,)."""
    hits = np.asarray(roll)[:, :N_DRUMS] > 0.5
    return (hits @ 2 ** np.arange(N_DRUMS)) * PLACES + np.arange(len(hits)) % PLACES


def green_sets(before: int, key: int) -> np.ndarray:
    """Return which sets of drums are green after the token `before`: bool (512,)."""
    secret = np.random.default_rng([whole(key, "key", 0), int(before)])
    return secret.random(SETS) < GREEN


def count_green(roll: np.ndarray, key: int) -> tuple[int, int]:
    """Count the green steps of a roll (steps, 27), each pair of steps once, because a bar that
    repeats is no new evidence.

    Returns:
        Number of green steps, and number of steps that were counted.
    """
    tokens = tokens_of(roll)
    pairs = sorted(set(zip(tokens[:-1].tolist(), tokens[1:].tolist(), strict=True)))
    return sum(bool(green_sets(a, key)[b // PLACES]) for a, b in pairs), len(pairs)


def z_score(green: int, n: int, share: float = GREEN) -> float:
    """How many standard deviations the number of green steps lies above chance.

    Args:
        green: Number of green steps.
        n: Number of steps.
        share: Of green sets, which chance would hit.

    Returns:
        (green − share · n) / √(n · share · (1 − share)); 0 for no steps.

    Source:
        Kirchenbauer et al. 2023 (arXiv 2301.10226), eq. 3.
    """
    green, n = whole(green, "green", 0), whole(n, "n", 0)
    share = number(share, "share", 0, 1)
    spread = np.sqrt(n * share * (1 - share))
    return float((green - share * n) / spread) if spread > 0 else 0.0
