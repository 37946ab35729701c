"""Exercises of lesson 07, audio diffusion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise


def on_the_line(x0: np.ndarray, noise: np.ndarray, t: float) -> np.ndarray:
    """(2, …): the point at time t between x0 and noise, and the velocity there."""
    return np.stack([(1 - t) * x0 + t * noise, noise - x0])


@exercise(
    "07.1",
    points=1,
    hints=(
        "At t = 0 the point is x₀, at t = 1 the noise; in between it lies on the line.",
        "The velocity is the derivative of the point with respect to t.",
    ),
)
def check_flow(random: np.random.Generator) -> Task:
    """Lesson 07: rectified flow's point and velocity."""
    cases = [
        (random.normal(size=4), random.normal(size=4), float(random.uniform(0.1, 0.9)))
        for _ in range(3)
    ]
    return Task(
        on_the_line,
        cases,
        [
            (
                "reversed: t = 0 is music, t = 1 is noise",
                lambda x, e, t: np.stack([t * x + (1 - t) * e, e - x]),
                1,
            ),
            (
                "the velocity points in the direction of increasing t: from music to noise",
                lambda x, e, t: np.stack([(1 - t) * x + t * e, x - e]),
                2,
            ),
            (
                "the path is straight: (1 − t) and t, without square roots",
                lambda x, e, t: np.stack([np.sqrt(1 - t) * x + np.sqrt(t) * e, e - x]),
                1,
            ),
        ],
    )


def modulated(h: np.ndarray, shift: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(time, width): the normalised h, scaled by 1 + scale and shifted."""
    h = (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-5)
    return h * (1 + scale) + shift


@exercise(
    "07.2",
    points=1,
    hints=(
        "First normalise each frame to mean 0 and variance 1 over its width; use keepdims.",
        "If shift and scale are 0, the result is the normalised frame.",
    ),
)
def check_modulate(random: np.random.Generator) -> Task:
    """Lesson 07: adaptive layer norm."""
    cases = [
        (3 * random.normal(size=(5, 8)), random.normal(size=8), random.normal(size=8))
        for _ in range(3)
    ]

    def normal(h: np.ndarray, axis: int = -1) -> np.ndarray:
        return (h - h.mean(axis, keepdims=True)) / np.sqrt(h.var(axis, keepdims=True) + 1e-5)

    return Task(
        modulated,
        cases,
        [
            (
                "multiply by 1 + scale: if both are zero, the result is the normalised h",
                lambda h, a, b: normal(h) * b + a,
                2,
            ),
            (
                "normalise each frame over its width, not each channel over time",
                lambda h, a, b: normal(h, 0) * (1 + b) + a,
                1,
            ),
            (
                "normalise first: mean 0 and variance 1 over the width",
                lambda h, a, b: h * (1 + b) + a,
                1,
            ),
            ("scale before you shift", lambda h, a, b: (normal(h) + a) * (1 + b)),
        ],
        tolerance=1e-3,
    )


def blend(parts: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """(length,): windows (n, frames) laid at their starts, averaged with triangular weights."""
    frames = parts.shape[1]
    weight = 1 - np.abs(np.linspace(-1, 1, frames + 2)[1:-1])
    total, share = np.zeros(length), np.zeros(length)
    for part, start in zip(parts, starts, strict=True):
        total[start : start + frames] += weight * part
        share[start : start + frames] += weight
    return total / share


def heun_flow(
    noise: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    steps: int,
    scale: float,
    *,
    time: Callable[[int, int], float] = lambda step, steps: 1 - step / steps,
    after: Callable[[int, int], float] | None = None,
    guided: Callable[..., np.ndarray] = lambda v, c, scale: v + scale * c,
    step_size: Callable[[int], float] = lambda steps: 1 / steps,
    sign: int = -1,
    ahead: int = -1,
    weights: tuple[float, float] = (0.5, 0.5),
    fixed: bool = False,
    corrected: Callable[[int, int], bool] = lambda step, steps: True,
    from_ahead: bool = False,
) -> np.ndarray:
    """Heun's method from noise (n, dim) to data. The keywords make the typical mistakes.

    Args:
        noise: (n, dim), at t = 1.
        w, b, c: Of the velocity x @ w + t * b + c, (dim, dim), (dim,) and (dim,).
        steps: Number of steps.
        scale: Guidance scale.
        time: t at the beginning of a step.
        after: t at its end; by default that of the beginning of the next step.
        guided: From the velocity without conditioning, c and the scale.
        step_size: Length of a step.
        sign: Of the step.
        ahead: Sign of the trial step; 0 for none.
        weights: Of the velocities at the beginning and at the end.
        fixed: Whether the velocity is always that at the noise.
        corrected: Whether a step uses the velocity at its end; otherwise it is one of Euler's.
        from_ahead: Whether the step begins at the end of the trial step.
    """
    x = noise
    for step in range(steps):
        size = step_size(steps)
        start = noise if fixed else x
        here = guided(start @ w + time(step, steps) * b, c, scale)
        trial = start + ahead * size * here
        late = (after or (lambda step, steps: time(step + 1, steps)))(step, steps)
        there = guided(trial @ w + late * b, c, scale)
        move = weights[0] * here + weights[1] * there if corrected(step, steps) else here
        x = (trial if from_ahead else x) + sign * size * move
    return x


def _half_guided(
    noise: np.ndarray, w: np.ndarray, b: np.ndarray, c: np.ndarray, steps: int, scale: float
) -> np.ndarray:
    """Heun's method whose second velocity has the conditioning without guidance."""
    x = noise
    for step in range(steps):
        t = 1 - step / steps
        here = x @ w + t * b + scale * c
        there = (x - here / steps) @ w + (t - 1 / steps) * b + c
        x = x - (here + there) / 2 / steps
    return x


@exercise(
    "07.3",
    points=4,
    hints=(
        "One loop over the steps: t begins at 1 and falls by 1 / steps, and x changes each time. A "
        "function of your own for the guided velocity at x and t saves lines.",
        "Guided velocity: without + scale · (with − without), both at the same x and t.",
        "The velocity points from music to noise: subtract it, times the step's length.",
        "The second velocity is that at the end of the trial step: the new x *and* the new t.",
        "The step itself begins at x again, with the mean of both velocities.",
    ),
)
def check_sample_flow(random: np.random.Generator) -> Task:
    """Lesson 07: Heun's method for a guided flow."""
    cases = []
    for steps, scale in ((1, 2.0), (4, 3.0), (5, 1.5)):
        noise, w = random.normal(size=(3, 2)), random.normal(size=(2, 2))
        b, c = random.normal(size=(2, 2))
        cases.append((noise, w, b, c, steps, scale))

    def changed(**other: Any) -> Callable[..., np.ndarray]:
        return lambda *case: heun_flow(*case, **other)

    return Task(
        heun_flow,
        cases,
        [
            (
                "that is Euler's method: the mean with the velocity at the step's end is missing",
                changed(weights=(1, 0)),
                4,
            ),
            (
                "only the velocity at the step's end is used: take the mean of both",
                changed(weights=(0, 1)),
                5,
            ),
            ("take the mean of both velocities, not their sum", changed(weights=(1, 1)), 5),
            (
                "the second velocity is that at the end of the trial step, not at the same x",
                changed(ahead=0),
                4,
            ),
            (
                "the second velocity belongs to the t at the step's end",
                changed(after=lambda step, steps: 1 - step / steps),
                4,
            ),
            ("the trial step goes towards the music, too", changed(ahead=1), 3),
            ("the step begins at x, not at the end of the trial step", changed(from_ahead=True), 5),
            (
                "here the last step is corrected, too: the velocity is known at t = 0",
                changed(corrected=lambda step, steps: step < steps - 1),
                5,
            ),
            (
                "both steps, the trial and the real one, go towards the music: subtract",
                changed(sign=1, ahead=1),
                3,
            ),
            (
                "the velocity points to the noise: subtract it to go to the music",
                changed(sign=1),
                3,
            ),
            (
                "t begins at 1, the noise, and falls",
                changed(time=lambda step, steps: step / steps),
                1,
            ),
            (
                "the velocity is that at the beginning of the step: the first t is 1",
                changed(time=lambda step, steps: 1 - (step + 1) / steps),
                1,
            ),
            (
                "t falls from step to step: it is not always 1",
                changed(time=lambda step, steps: 1),
                1,
            ),
            ("each step has the length 1 / steps", changed(step_size=lambda steps: 1), 1),
            (
                "guidance adds scale times the difference, not scale times the whole velocity",
                changed(guided=lambda v, c, scale: v + scale * (v + c)),
                2,
            ),
            (
                "guidance scales the difference of the two velocities, not the whole velocity",
                changed(guided=lambda v, c, scale: scale * (v + c)),
                2,
            ),
            (
                "guidance starts from the velocity without conditioning",
                changed(guided=lambda v, c, scale: v + c + scale * c),
                2,
            ),
            ("the second velocity needs guidance, too", _half_guided, 2),
            ("guidance is missing: that is scale 1", changed(guided=lambda v, c, scale: v + c), 2),
            ("the conditioning is missing", changed(guided=lambda v, c, scale: v), 2),
            (
                "the difference is reversed: with minus without conditioning",
                changed(guided=lambda v, c, scale: v - scale * c),
                2,
            ),
            ("compute the velocity at the new x in each step", changed(fixed=True), 1),
        ],
        tolerance=1e-6,
    )


@exercise(
    "07.4",
    points=2,
    hints=(
        "Each frame of a window has a weight: small at the ends, largest in the middle.",
        "Keep two sums: of weight times value, and of the weights.",
        "Add each window at its start; divide at the end.",
    ),
)
def check_blend(random: np.random.Generator) -> Task:
    """Lesson 07: overlapping windows averaged."""
    cases = [(random.normal(size=(3, 8)), np.array([0, 4, 8]), 16) for _ in range(3)]
    weight = 1 - np.abs(np.linspace(-1, 1, 10)[1:-1])

    def flat(parts: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        count = blend(np.ones_like(parts), starts, length) * 0
        total = np.zeros(length)
        for part, start in zip(parts, starts, strict=True):
            total[start : start + 8] += part
            count[start : start + 8] += 1
        return total / count

    def undivided(parts: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        total = np.zeros(length)
        for part, start in zip(parts, starts, strict=True):
            total[start : start + 8] += weight * part
        return total

    def last(parts: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        total = np.zeros(length)
        for part, start in zip(parts, starts, strict=True):
            total[start : start + 8] = part
        return total

    return Task(
        blend,
        cases,
        [
            ("divide by the sum of the weights at each frame", undivided, 3),
            ("equal weights cause jumps where a window begins: use triangular weights", flat, 1),
            ("later windows overwrite earlier ones: add them", last, 3),
        ],
    )
