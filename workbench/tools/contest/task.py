"""The task of the contest: three bars of drums are given, predict the hits of the fourth.

A prediction is a probability for each of the 16 steps and 9 drums. It costs −ln of the probability
of what was played, so that honest probabilities are the best strategy (a proper score). The fourth
bars never enter the process of an entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.arguments import random_generator, whole
from workbench.datasets import cut_loops, load
from workbench.datasets.builtin import SIZES, sample
from workbench.errors import PromptError, WorkbenchError
from workbench.music.clip import Clip
from workbench.representations.drum_roll import DrumRoll, rolls_of

BARS = 4
STEPS = 16  # per bar
DRUMS = 9
GIVEN = (BARS - 1) * STEPS
LEAST = 1e-3  # probabilities are clipped to 0.001 … 0.999, so that one error is never infinite
LEAST_LOOPS = 8  # of each kind


@dataclass(frozen=True)
class Task:
    """What the entries receive, and what they do not.

    training: hits of whole loops, (n, 64, 9) uint8; given: the first three bars of the test loops,
    (m, 48, 9) uint8; hidden: their fourth bars, (m, 16, 9) uint8; clips: the test loops; dataset:
    its name; seed: of the hidden loops.
    """

    training: np.ndarray
    given: np.ndarray
    hidden: np.ndarray
    clips: list[Clip]
    dataset: str
    seed: int


def task_of(dataset: str, seed: int, *, training: int = 400, test: int = 200) -> Task:
    """Make the task from drum loops of four bars.

    Args:
        dataset: A drum data set by name or a folder of MIDI files. "builtin" has new test loops for
            each seed; the test loops of any other data set are a random part of its test split.
            A loop whose hits are those of a training loop is never a test loop.
        seed: Of the hidden loops; keep it secret until the contest is over.
        training: Number of training loops, at most.
        test: Number of test loops, at most.

    Raises:
        WorkbenchError: if the data set has fewer than 8 loops of four bars in a split.
    """
    training, test = whole(training, "training", LEAST_LOOPS), whole(test, "test", LEAST_LOOPS)
    random = random_generator(seed)
    known = _some(_loops(_train(dataset, training)), training, random_generator(0))
    clips = sample(3 * test, seed) if dataset == "builtin" else load(dataset, split="test").clips
    seen = {loop.tobytes() for loop in hits_of(known)} if known else set()
    fresh = [loop for loop in _loops(clips) if hits_of([loop]).tobytes() not in seen]
    unseen = _some(fresh, test, random)
    for name, loops in (("training", known), ("test", unseen)):
        if len(loops) < LEAST_LOOPS:
            raise WorkbenchError(
                f"{dataset}: has {len(loops)} {name} loops of four bars in 4/4; a contest needs "
                f"{LEAST_LOOPS} or more"
            )
    hits = hits_of(unseen)
    return Task(hits_of(known), hits[:, :GIVEN], hits[:, GIVEN:], unseen, dataset, seed)


def _train(dataset: str, loops: int) -> list[Clip]:
    """Training clips, enough for so many loops of four bars where the data set has them."""
    if dataset == "builtin":  # those of its training split, of which only as many are generated
        return sample(3 * loops, SIZES["train"][1])
    return load(dataset, split="train", limit=3 * loops).clips


def _loops(clips: Sequence[Clip]) -> list[Clip]:
    """Windows of four bars; repeated ones are left out, because their fourth bar is known."""
    return [
        loop for loop in cut_loops(clips, bars=BARS, hop_bars=BARS) if not loop.labels.get("tiled")
    ]


def _some(loops: list[Clip], count: int, random: np.random.Generator) -> list[Clip]:
    return [loops[i] for i in random.permutation(len(loops))[:count]]


def hits_of(loops: Sequence[Clip]) -> np.ndarray:
    """Where the drums are hit: (n, steps, 9) uint8, 0 or 1."""
    return (rolls_of(loops)[..., :DRUMS] > 0.5).astype(np.uint8)


def nats_of(predicted: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Return the nats that each bar costs, (m,): −Σ ln p(hit or no hit) over steps and drums.

    Args:
        predicted: Probabilities of a hit, (m, 16, 9), clipped to 0.001 … 0.999.
        hidden: What was played, 0 or 1, of the same shape.
    """
    p = np.clip(np.asarray(predicted, np.float64), LEAST, 1 - LEAST)
    return -np.where(hidden > 0, np.log(p), np.log1p(-p)).sum((1, 2))


def checked(answer: object, task: Task) -> np.ndarray:
    """Return an entry's answer as probabilities, (m, 16, 9) float.

    Raises:
        PromptError: for another shape, values that are no numbers, or values outside 0 to 1.
    """
    if not isinstance(answer, np.ndarray) or answer.dtype.kind not in "biuf":
        raise PromptError(f"predict must return an array of numbers {task.hidden.shape}")
    p = answer.astype(np.float64)
    if p.shape != task.hidden.shape:
        raise PromptError(f"predict returned shape {p.shape}, expected {task.hidden.shape}")
    if not np.isfinite(p).all() or p.min() < 0 or p.max() > 1:
        raise PromptError("predict returned values that are not probabilities from 0 to 1")
    return p


def baseline(task: Task) -> np.ndarray:
    """The prediction that each entry is compared with, (m, 16, 9): the share of hits in the
    training loops, given drum, step, and whether the bar before has a hit there."""
    bars = task.training.reshape(len(task.training), BARS, STEPS, DRUMS)
    before, last = bars[:, -2] > 0, bars[:, -1] > 0
    tables = []
    for state in (False, True):
        seen = before == state
        tables.append(((seen & last).sum(0) + 0.5) / (seen.sum(0) + 1.0))
    return np.where(task.given[:, -STEPS:] > 0, tables[1], tables[0])


def heard(task: Task, number: int, predicted: np.ndarray, seed: int = 0) -> Clip:
    """Return test loop `number` with a fourth bar that is sampled from a prediction (16, 9). Its
    hits are as loud as those of the same drum in the given bars."""
    clip = task.clips[number]
    roll = DrumRoll.from_clip(clip).to_array()
    hit = random_generator(seed).random(predicted.shape) < predicted
    played = roll[:GIVEN, :DRUMS] > 0.5
    loud = (roll[:GIVEN, DRUMS : 2 * DRUMS] * played).sum(0) / np.maximum(played.sum(0), 1)
    roll[GIVEN:, :DRUMS] = hit
    roll[GIVEN:, DRUMS : 2 * DRUMS] = hit * np.where(played.any(0), loud, 0.6)
    roll[GIVEN:, 2 * DRUMS :] = 0
    return DrumRoll.from_array(roll, tempo=clip.tempo).to_clip()
