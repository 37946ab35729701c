"""Checks of the exercises on sound: lessons 06 and 07. See `teaching.py`."""

from __future__ import annotations

import numpy as np

from workbench.teaching import Function, Result, judge


def log_distance(real: np.ndarray, made: np.ndarray) -> float:
    """dB: root mean square over bins (rows), mean over frames (columns), of two powers."""
    apart = 10 * np.log10(real) - 10 * np.log10(made)
    return float(np.sqrt((apart**2).mean(0)).mean())


def check_log_distance(attempt: Function) -> Result:
    """Lesson 06: log-spectral distance of two power spectrograms (bins, frames)."""
    random = np.random.default_rng()
    cases = [tuple(random.uniform(1e-3, 1, (2, 5, 7))) for _ in range(3)]

    def decibels(p: np.ndarray) -> np.ndarray:
        return 10 * np.log10(p)

    return judge(
        attempt, log_distance, cases,
        [
            ("those are powers, not magnitudes: 10 log₁₀, not 20",
             lambda a, b: 2 * log_distance(a, b)),
            ("the square root is taken for each frame, before the mean over frames",
             lambda a, b: np.sqrt(((decibels(a) - decibels(b)) ** 2).mean())),
            ("bins are the rows: the mean inside the root goes over axis 0",
             lambda a, b: np.sqrt(((decibels(a) - decibels(b)) ** 2).mean(1)).mean()),
            ("a difference may be negative: square it before the mean",
             lambda a, b: np.abs((decibels(a) - decibels(b)).mean(0)).mean()),
        ],
    )  # fmt: skip


def kl_normal(mean: np.ndarray, log_variance: np.ndarray) -> float:
    """Mean KL(N(mean, e^log_variance) ‖ N(0, 1)) in nats."""
    return float(0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).mean())


def check_kl_normal(attempt: Function) -> Result:
    """Lesson 06: what a latent's distance from the prior costs."""
    random = np.random.default_rng()
    cases = [(random.normal(size=6), random.normal(size=6) - 1) for _ in range(3)]
    return judge(
        attempt, kl_normal, cases,
        [
            ("half of it: every term of the sum is under the ½", lambda m, v: 2 * kl_normal(m, v)),
            ("it is the *log* variance: the variance is its exponential",
             lambda m, v: 0.5 * (m**2 + v - 1 - np.log(np.abs(v))).mean()),
            ("exp(log variance) is σ² already: do not square it again",
             lambda m, v: 0.5 * (m**2 + np.exp(2 * v) - 1 - v).mean()),
            ("the mean over latents, not the sum", lambda m, v: kl_normal(m, v) * len(m)),
        ],
    )  # fmt: skip


def hinge(real: np.ndarray, fake: np.ndarray) -> float:
    """The discriminator's hinge loss."""
    return float(np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean())


def check_hinge(attempt: Function) -> Result:
    """Lesson 06: the discriminator's loss from its scores."""
    random = np.random.default_rng()
    cases = [(2 * random.normal(size=9), 2 * random.normal(size=9)) for _ in range(3)]
    return judge(
        attempt, hinge, cases,
        [
            ("scores beyond the margin are good enough: nothing below 0 is counted",
             lambda r, f: (1 - r).mean() + (1 + f).mean()),
            ("the fakes shall get low scores: 1 + score, not 1 − score",
             lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 - f).mean()),
            ("that is for the other player: real sound shall get high scores",
             lambda r, f: hinge(f, r)),
            ("max and mean in this order: each score has its own margin",
             lambda r, f: max(0, 1 - r.mean()) + max(0, 1 + f.mean())),
        ],
    )  # fmt: skip


def on_the_line(x0: np.ndarray, noise: np.ndarray, t: float) -> np.ndarray:
    """(2, …): the point at time t between x0 and noise, and the velocity there."""
    return np.stack([(1 - t) * x0 + t * noise, noise - x0])


def check_flow(attempt: Function) -> Result:
    """Lesson 07: rectified flow's point and velocity."""
    random = np.random.default_rng()
    cases = [(random.normal(size=4), random.normal(size=4), float(random.uniform(0.1, 0.9)))
             for _ in range(3)]  # fmt: skip
    return judge(
        lambda *case: None if (found := attempt(*case)) is None else np.stack(found),
        on_the_line, cases,
        [
            ("at t = 0 it is music, at t = 1 noise: the other way round",
             lambda x, e, t: np.stack([t * x + (1 - t) * e, e - x])),
            ("the velocity points to where t grows: from music to noise",
             lambda x, e, t: np.stack([(1 - t) * x + t * e, x - e])),
            ("straight: (1 − t) and t, without square roots",
             lambda x, e, t: np.stack([np.sqrt(1 - t) * x + np.sqrt(t) * e, e - x])),
        ],
    )  # fmt: skip


def modulated(h: np.ndarray, shift: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(time, width): the normalised h, scaled by 1 + scale and shifted."""
    h = (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-5)
    return h * (1 + scale) + shift


def check_modulate(attempt: Function) -> Result:
    """Lesson 07: adaptive layer norm."""
    random = np.random.default_rng()
    cases = [(3 * random.normal(size=(5, 8)), random.normal(size=8), random.normal(size=8))
             for _ in range(3)]  # fmt: skip

    def normal(h: np.ndarray, axis: int = -1) -> np.ndarray:
        return (h - h.mean(axis, keepdims=True)) / np.sqrt(h.var(axis, keepdims=True) + 1e-5)

    return judge(
        attempt, modulated, cases,
        [
            ("1 + scale: with zero for both, the layer must leave h as it is",
             lambda h, a, b: normal(h) * b + a),
            ("each frame is normalised over its width, not each number over time",
             lambda h, a, b: normal(h, 0) * (1 + b) + a),
            ("normalise first: mean 0 and variance 1 over the width",
             lambda h, a, b: h * (1 + b) + a),
            ("scale before you shift", lambda h, a, b: (normal(h) + a) * (1 + b)),
        ], tolerance=1e-3,
    )  # fmt: skip


def blend(parts: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """(length,): windows (n, frames) laid at their starts, averaged with triangular weights."""
    frames = parts.shape[1]
    weight = 1 - np.abs(np.linspace(-1, 1, frames + 2)[1:-1])
    total, share = np.zeros(length), np.zeros(length)
    for part, start in zip(parts, starts, strict=True):
        total[start : start + frames] += weight * part
        share[start : start + frames] += weight
    return total / share


def check_blend(attempt: Function) -> Result:
    """Lesson 07: overlapping windows averaged."""
    random = np.random.default_rng()
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

    return judge(
        attempt, blend, cases,
        [
            ("divide by the sum of the weights at each place", undivided),
            ("equal weights jump where a window begins: let them rise and fall", flat),
            ("the later window must not wipe out the earlier: add up", last),
        ],
    )  # fmt: skip


def octave(tempo: float, reference: float) -> float:
    """The tempo doubled or halved until its ratio to the reference is nearest to 1."""
    return float(tempo * 2.0 ** np.round(np.log2(reference / tempo)))


def check_octave(attempt: Function) -> Result:
    """Lesson 07: tempi that differ by octaves."""
    random = np.random.default_rng()
    # 102 / 70 lies between √2 and 1.5: the next octave is nearer by ratio, not by difference
    cases = [(70.0, 102.0), (42.0, 120.0), (250.0, 61.0),
             (float(random.uniform(40, 60)), float(random.uniform(170, 230)))]  # fmt: skip
    return judge(
        attempt, octave, cases,
        [
            ("once is not always enough: the tempi may be two octaves apart",
             lambda t, r: min((t / 2, t, 2 * t), key=lambda x: abs(np.log2(x / r)))),
            ("nearest by ratio, not by difference: compare logarithms",
             lambda t, r: min((t * 2.0**k for k in range(-4, 5)), key=lambda x: abs(x - r))),
            ("not whole multiples but octaves: 2 to a whole power",
             lambda t, r: t * max(1, round(r / t))),
            ("slow tempi are doubled and fast ones halved: turn the ratio round",
             lambda t, r: t * 2.0 ** np.round(np.log2(t / r))),
            ("round to the nearest octave, not down",
             lambda t, r: t * 2.0 ** np.floor(np.log2(r / t))),
        ],
    )  # fmt: skip


def mixed(first: np.ndarray, second: np.ndarray, lam: float) -> np.ndarray:
    """λ of the first and 1 − λ of the second, as loud as independent parts are."""
    return (lam * first + (1 - lam) * second) / np.sqrt(lam**2 + (1 - lam) ** 2)


def check_mix(attempt: Function) -> Result:
    """Lesson 07: mixup that keeps the variance."""
    random = np.random.default_rng()
    cases = [(random.normal(size=6), random.normal(size=6), float(random.uniform(0.15, 0.4)))
             for _ in range(3)]  # fmt: skip

    def plain(a: np.ndarray, b: np.ndarray, lam: float) -> np.ndarray:
        return lam * a + (1 - lam) * b

    return judge(
        attempt, mixed, cases,
        [
            ("that is the average: divide it, so that it keeps its variance", plain),
            ("variances add up, so the divisor is a root",
             lambda a, b, lam: plain(a, b, lam) / (lam**2 + (1 - lam) ** 2)),
            ("λ belongs to the first piece", lambda a, b, lam: mixed(b, a, lam)),
        ],
    )  # fmt: skip
