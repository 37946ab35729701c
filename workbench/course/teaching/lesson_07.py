"""Exercises of lesson 07, audio diffusion."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of


def normalised(exponents: np.ndarray) -> np.ndarray:
    """(n, m): probabilities proportional to e^exponents; each row has the sum 1."""
    weights = np.exp(exponents - exponents.max(1, keepdims=True))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def mean_velocity(
    x: np.ndarray,
    t: float,
    music: np.ndarray,
    *,
    noise_of: Callable[..., np.ndarray] = lambda x, t, x0: (x - (1 - t) * x0) / t,
    exponent: Callable[..., np.ndarray] = lambda noise, t: -0.5 * (noise**2).sum(-1),
    weights_of: Callable[[np.ndarray], np.ndarray] = normalised,
    value: Callable[..., np.ndarray] = lambda noise, x0: noise - x0,
) -> np.ndarray:
    """(n, dim): the mean of ε − x₀ given x at time t. The keywords make the typical mistakes.

    Args:
        x: (n, dim).
        t: Between 0 and 1.
        music: (m, dim), the possible x₀.
        noise_of: ε from x, t and x₀.
        exponent: Of a line's density, from its noise.
        weights_of: From the exponents (n, m) to the weights.
        value: Whose mean is returned, from ε and x₀.
    """
    noise = noise_of(x[:, None], t, music)
    weights = weights_of(exponent(noise, t))
    return np.asarray((weights[..., None] * value(noise, music)).sum(1))


def _one_number_at_a_time(x: np.ndarray, t: float, music: np.ndarray) -> np.ndarray:
    """Each number of a point has weights of its own."""
    columns = zip(x.T, music.T, strict=True)
    return np.hstack([mean_velocity(a[:, None], t, b[:, None]) for a, b in columns])


def _likeliest(exponents: np.ndarray) -> np.ndarray:
    """(n, m): 1 for the largest exponent of a row, 0 for the others."""
    return np.eye(exponents.shape[1])[exponents.argmax(1)]


@exercise(
    "07.1",
    points=3,
    hints=(
        "Solve equation (1) for ε. `x[:, None]` lets each point meet each latent: (n, m, dim).",
        "The velocity of a line is ε − x₀, from music to noise.",
        "One probability per line: sum the squares of ε over its numbers, (n, m). The weights of a "
        "point have the sum 1.",
        "Subtract the largest exponent of a point before `np.exp`: the ratios stay the same.",
    ),
)
def check_mean_velocity(random: np.random.Generator) -> Task:
    """Lesson 07: rectified flow's mean velocity at a point, for a few training latents."""
    cases = []
    for t, n, m, dim in ((0.8, 5, 4, 3), (0.5, 3, 6, 2), (0.3, 4, 4, 4)):
        music = random.normal(size=(m, dim))
        at = float(t + random.uniform(-0.1, 0.1))
        some = music[random.integers(m, size=n)]
        cases.append(((1 - at) * some + at * random.normal(size=(n, dim)), at, music))
    # at the fourth time all densities are 0 in a computer's numbers
    cases.append((random.normal(size=(3, 2)) + 9, 0.02, random.normal(size=(3, 2))))

    changed = variants_of(mean_velocity)

    return Task(
        mean_velocity,
        cases,
        [
            (
                "each line counts equally: those with probable noise must count more",
                changed(weights_of=lambda e: np.full(e.shape, 1 / e.shape[1])),
                3,
            ),
            (
                "only the most probable line counts: take the mean over all of them",
                changed(weights_of=_likeliest),
                3,
            ),
            (
                "the weights of a point do not add up to 1: divide them by their sum",
                changed(weights_of=np.exp),
                3,
            ),
            (
                "at each point the weights of all latents add up to 1, not the weights of a latent "
                "at all points",
                changed(weights_of=lambda e: normalised(e.T).T),
                3,
            ),
            (
                "at small t all densities become 0 and 0/0 is not a number: subtract the largest "
                "exponent first",
                changed(weights_of=lambda e: np.exp(e) / np.exp(e).sum(1, keepdims=True)),
                4,
            ),
            (
                "a line has one weight: sum the squares over all numbers of its noise",
                _one_number_at_a_time,
                3,
            ),
            (
                "the weight needs the noise, which is the distance from (1 − t) x₀ divided by t",
                changed(exponent=lambda noise, t: -0.5 * ((t * noise) ** 2).sum(-1)),
                1,
            ),
            (
                "the factor ½ is missing in the exponent",
                changed(exponent=lambda noise, t: -(noise**2).sum(-1)),
                3,
            ),
            (
                "the exponent has the squared length of the noise, not the length",
                changed(exponent=lambda noise, t: -0.5 * np.sqrt((noise**2).sum(-1))),
                3,
            ),
            (
                "reversed: t = 0 is music, t = 1 is noise",
                changed(noise_of=lambda x, t, x0: (x - t * x0) / (1 - t)),
                1,
            ),
            (
                "the velocity points in the direction of increasing t: from music to noise",
                changed(value=lambda noise, x0: x0 - noise),
                2,
            ),
            (
                "that is the mean of the music: return the mean of the velocities",
                changed(value=lambda noise, x0: np.broadcast_to(x0, noise.shape)),
                2,
            ),
        ],
    )


def adaln_block(
    h: np.ndarray,
    c: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    branch: Callable[[np.ndarray], np.ndarray],
    *,
    order: tuple[int, int, int] = (0, 1, 2),
    norm: Callable[[np.ndarray], np.ndarray] | None = None,
    modulated: Callable[..., np.ndarray] = lambda h, shift, scale: h * (1 + scale) + shift,
    added: Callable[..., np.ndarray] = lambda h, normal, gate, out: h + gate * out,
) -> np.ndarray:
    """(time, width): a gated branch of h with adaptive layer norm. The keywords make the typical
    mistakes.

    Args:
        h: (time, width).
        c: (dim,).
        weight, bias: (dim, 3 width) and (3 width,).
        branch: F.
        order: Places of shift, scale and gate.
        norm: Layer norm.
        modulated: From the normalised h, the shift and the scale.
        added: From h, the normalised h, the gate and the output of the branch.
    """
    parts = np.split(c @ weight + bias, 3)
    shift, scale, gate = (parts[place] for place in order)
    normal = (norm or layer_norm)(h)
    return np.asarray(added(h, normal, gate, branch(modulated(normal, shift, scale))))


def layer_norm(h: np.ndarray, axis: int = -1) -> np.ndarray:
    """Mean 0 and variance 1 along an axis."""
    variance = h.var(axis, keepdims=True)
    return np.asarray((h - h.mean(axis, keepdims=True)) / np.sqrt(variance + 1e-5))


def _mixing(y: np.ndarray) -> np.ndarray:
    """A branch in which a frame depends on its neighbour, as in attention."""
    return np.sinc(y) + 0.3 * np.roll(y, 1, axis=0)


@exercise(
    "07.2",
    points=2,
    hints=(
        "`np.split(c @ weight + bias, 3)` gives the three vectors.",
        "Normalise each frame to mean 0 and variance 1 over its width; use keepdims.",
        "If shift and scale are 0, the branch receives the normalised frames.",
        "If the gate is 0, the block returns h itself.",
    ),
)
def check_adaln_block(random: np.random.Generator) -> Task:
    """Lesson 07: a block with adaLN-Zero."""
    cases = []
    # in the last case the variance is about as small as the 1e-5 beside it
    for time, width, dim, size in ((5, 8, 3, 1), (7, 4, 6, 1), (6, 6, 2, 0.002)):
        h = size * (2 * random.normal(size=(time, width)) + random.normal(size=width))
        weight, bias = random.normal(size=(dim, 3 * width)), random.normal(size=3 * width)
        cases.append((h, random.normal(size=dim), weight, bias, _mixing))

    changed = variants_of(adaln_block)

    return Task(
        adaln_block,
        cases,
        [
            (
                "multiply by 1 + scale: if it is zero, the branch receives the normalised h",
                changed(modulated=lambda h, shift, scale: h * scale + shift),
                3,
            ),
            (
                "scale before you shift",
                changed(modulated=lambda h, shift, scale: (h + shift) * (1 + scale)),
                3,
            ),
            (
                "normalise each frame over its width, not each channel over time",
                changed(norm=lambda h: layer_norm(h, 0)),
                2,
            ),
            (
                "normalise each frame by itself, not all frames together",
                changed(norm=lambda h: (h - h.mean()) / np.sqrt(h.var() + 1e-5)),
                2,
            ),
            ("normalise first: mean 0 and variance 1 over the width", changed(norm=lambda h: h), 2),
            (
                "the output of the branch is added to h: h is missing",
                changed(added=lambda h, normal, gate, out: gate * out),
                4,
            ),
            (
                "the output of the branch is added to h as it came in, not to the normalised h",
                changed(added=lambda h, normal, gate, out: normal + gate * out),
                4,
            ),
            (
                "the gate is not used: it multiplies the output of the branch",
                changed(added=lambda h, normal, gate, out: h + out),
                4,
            ),
            (
                "the gate multiplies the branch alone: a gate of 0 must return h",
                changed(added=lambda h, normal, gate, out: gate * (h + out)),
                4,
            ),
            (
                "the gate is α, not 1 + α: an untrained block must not change h",
                changed(added=lambda h, normal, gate, out: h + (1 + gate) * out),
                4,
            ),
            ("shift and scale are swapped: the shift comes first", changed(order=(1, 0, 2)), 1),
            ("the gate comes last: after shift and scale", changed(order=(1, 2, 0)), 1),
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

    changed = variants_of(heun_flow)

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
