"""Exercises of lesson 08, MusicLDM."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from workbench.course.teaching.core import Task, exercise, variants_of
from workbench.music.audio import turned_down


def mel_filters(bins: int, bands: int, rate: float) -> np.ndarray:
    """(bins, bands): triangles between edges that are evenly spaced in mel, each with maximum 1."""
    return _triangles(_edges(bands + 2, rate / 2), bins, bands, rate / 2)


def _edges(count: int, top: float) -> np.ndarray:
    """Frequencies in Hz from 0 to `top`, evenly spaced in mel."""
    return np.asarray(700 * ((1 + top / 700) ** np.linspace(0, 1, count) - 1))


def _triangles(
    edges: np.ndarray, bins: int, bands: int, top: float, *, clipped: bool = True
) -> np.ndarray:
    f = np.linspace(0, top, bins)[:, None]
    low, centre, high = edges[:bands], edges[1 : bands + 1], edges[2 : bands + 2]
    table = np.minimum((f - low) / (centre - low), (high - f) / (high - centre))
    return table.clip(0) if clipped else table


@exercise(
    "08.1",
    points=4,
    hints=(
        "The edges: from 0 to mel(rate / 2), evenly spaced, then back from mel to Hz.",
        "mel = 2595 log₁₀(1 + f/700) means f = 700 (10^(mel/2595) − 1).",
        "Between three edges, one line rises and one falls: the triangle is the lower of the two.",
        "Outside of its edges a filter is 0, not negative.",
    ),
)
def check_mel_filters(random: np.random.Generator) -> Task:
    """Lesson 08: triangular mel filters (bins, bands) from 0 Hz to half the sample rate."""
    cases = [
        (int(bins), int(bands), float(rate))
        for bins, bands, rate in zip(
            random.integers(60, 120, 3), random.integers(5, 9, 3), (8000, 16000, 22050), strict=True
        )
    ]

    def beside(bins: int, bands: int, rate: float) -> np.ndarray:
        """Triangles that do not overlap: each has an interval of its own."""
        edges = _edges(bands + 1, rate / 2)
        f = np.linspace(0, rate / 2, bins)[:, None]
        low, high = edges[:-1], edges[1:]
        return (1 - np.abs(2 * (f - low) / (high - low) - 1)).clip(0)

    return Task(
        mel_filters,
        cases,
        [
            (
                "the edges are evenly spaced in mel, not in Hz",
                lambda n, b, r: _triangles(np.linspace(0, r / 2, b + 2), n, b, r / 2),
                1,
            ),
            (
                "outside of its edges a filter is 0: clip the negative values",
                lambda n, b, r: _triangles(_edges(b + 2, r / 2), n, b, r / 2, clipped=False),
                4,
            ),
            (
                "neighbouring filters overlap: each ends where the next one has its maximum",
                beside,
                3,
            ),
            (
                "the highest frequency is half the sample rate",
                lambda n, b, r: mel_filters(n, b, 2 * r),
                1,
            ),
            (
                "the bins reach from 0 to half the sample rate, as the edges do",
                lambda n, b, r: _triangles(_edges(b + 2, r / 2), n, b, r),
            ),
            (
                "here each filter has the maximum 1: do not normalise its sum",
                lambda n, b, r: mel_filters(n, b, r) / mel_filters(n, b, r).sum(0),
                3,
            ),
            (
                "here each filter has the maximum 1: do not normalise its area",
                lambda n, b, r: (
                    mel_filters(n, b, r)
                    * 2
                    / (_edges(b + 2, r / 2)[2:] - _edges(b + 2, r / 2)[:-2])
                ),
                3,
            ),
        ],
        tolerance=1e-6,
    )


def octave(tempo: float, reference: float) -> float:
    """The tempo doubled or halved until its ratio to the reference is nearest to 1."""
    return float(tempo * 2.0 ** np.round(np.log2(reference / tempo)))


@exercise(
    "08.2",
    points=1,
    hints=(
        "In base-2 logarithms, an octave is 1.",
        "How many octaves lie between the tempo and the reference? Round that number.",
    ),
)
def check_octave(random: np.random.Generator) -> Task:
    """Lesson 08: tempi that differ by octaves."""
    # 102 / 70 lies between √2 and 1.5: the next octave is nearer by ratio, not by difference
    cases = [
        (70.0, 102.0),
        (42.0, 120.0),
        (250.0, 61.0),
        (float(random.uniform(40, 60)), float(random.uniform(170, 230))),
    ]
    return Task(
        octave,
        cases,
        [
            (
                "doubling once is not always enough: the tempi may be two octaves apart",
                lambda t, r: min((t / 2, t, 2 * t), key=lambda x: abs(np.log2(x / r))),
                2,
            ),
            (
                "the nearest is meant by ratio, not by difference: compare logarithms",
                lambda t, r: min((t * 2.0**k for k in range(-4, 5)), key=lambda x: abs(x - r)),
                1,
            ),
            (
                "use octaves, which are powers of 2, rather than integer multiples",
                lambda t, r: t * max(1, round(r / t)),
                1,
            ),
            (
                "the ratio is inverted: double slow tempi and halve fast ones",
                lambda t, r: t * 2.0 ** np.round(np.log2(t / r)),
                2,
            ),
            (
                "round to the nearest octave, not down",
                lambda t, r: t * 2.0 ** np.floor(np.log2(r / t)),
                2,
            ),
        ],
    )


def mixed(
    first: np.ndarray,
    second: np.ndarray,
    starts: tuple[int, int],
    lam: float,
    *,
    divisor: Callable[[float], float] = lambda lam: math.hypot(lam, 1 - lam),
    limited: Callable[[np.ndarray], np.ndarray] = turned_down,
) -> np.ndarray:
    """λ of the first sound and 1 − λ of the second, each from its start on, as long as the shorter
    one. The keywords make the typical mistakes.

    Args:
        first: (n,).
        second: (m,).
        starts: First sample of each.
        lam: λ.
        divisor: By which the weighted sum is divided.
        limited: Keeps the mixture within −1 and 1.
    """
    a, b = first[starts[0] :], second[starts[1] :]
    length = min(len(a), len(b))
    return limited((lam * a[:length] + (1 - lam) * b[:length]) / divisor(lam))


def _at_one_place(
    first: np.ndarray, second: np.ndarray, starts: tuple[int, int], lam: float
) -> np.ndarray:
    """Both are cut by the same number of samples."""
    return mixed(first, second, (max(starts), max(starts)), lam)


def _cut_before(
    first: np.ndarray, second: np.ndarray, starts: tuple[int, int], lam: float
) -> np.ndarray:
    """The length is that of the shorter whole sound, so the later start has less than that."""
    length = min(len(first), len(second))
    return mixed(first[:length], second[:length], starts, lam)


@exercise(
    "08.3",
    points=2,
    hints=(
        "`sound[start:]` begins at `start`. Only then compare the lengths.",
        "What is the variance of λa + (1 − λ)b for independent a and b of variance 1? Divide by "
        "its square root.",
        "`np.abs(mixture).max()` is the largest magnitude. Divide by it only if it is above 1.",
    ),
)
def check_mix(random: np.random.Generator) -> Task:
    """Lesson 08: mixup of two sounds that begin at their downbeats."""
    # one mixture is quiet; one exceeds −1; one exceeds both ends of the range, −1 more than 1
    cases = []
    for n, m, starts, loud in (
        (12, 13, (2, 4), (-1,)),
        (14, 11, (5, 1), ()),
        (13, 13, (1, 3), (-1, 0.9)),
    ):
        first, second = 0.3 * random.uniform(-1, 1, n), 0.3 * random.uniform(-1, 1, m)
        for place, value in enumerate(loud, 3):
            first[starts[0] + place] = second[starts[1] + place] = value
        cases.append((first, second, starts, float(random.uniform(0.15, 0.4))))

    changed = variants_of(mixed)

    return Task(
        mixed,
        cases,
        [
            (
                "that is the weighted mean: divide it so that the variance stays the same",
                changed(divisor=lambda lam: 1.0),
                2,
            ),
            (
                "the divisor is the square root of the variance",
                changed(divisor=lambda lam: lam**2 + (1 - lam) ** 2),
                2,
            ),
            ("λ belongs to the first sound", lambda a, b, s, lam: mixed(a, b, s, 1 - lam)),
            (
                "each sound begins at its own downbeat: the first at the first number of starts",
                lambda a, b, s, lam: mixed(a, b, s[::-1], lam),
                1,
            ),
            (
                "both sounds are cut at the same place: each has a downbeat of its own",
                _at_one_place,
                1,
            ),
            (
                "the sounds do not begin at their downbeats",
                lambda a, b, s, lam: mixed(a, b, (0, 0), lam),
                1,
            ),
            (
                "cut the beginnings first, then compare what is left of the two sounds",
                _cut_before,
                1,
            ),
            (
                "the mixture exceeds the range from −1 to 1: divide it by its largest magnitude",
                changed(limited=lambda x: x),
                3,
            ),
            (
                "clipping distorts the sound: divide the whole mixture",
                changed(limited=lambda x: x.clip(-1, 1)),
                3,
            ),
            (
                "a mixture that is within the range stays as it is",
                changed(limited=lambda x: x / np.abs(x).max()),
                3,
            ),
            (
                "the largest magnitude may be that of a negative sample: take absolute values",
                changed(limited=lambda x: x / max(1.0, x.max())),
                3,
            ),
        ],
        tolerance=1e-6,
    )


def copies(generated: np.ndarray, training: np.ndarray, threshold: float) -> float:
    """Share of generated vectors whose largest cosine with a training vector exceeds it."""
    return float((_cosines(generated, training).max(axis=1) > threshold).mean())


def _cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, d), (m, d) → (n, m)."""
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    return np.asarray(a @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T)


@exercise(
    "08.4",
    points=2,
    hints=(
        "The cosine is the dot product of two vectors that were divided by their lengths.",
        "All cosines form a table (n, m). Each generated sound has one nearest training window.",
        "The mean of an array of truth values is the share of those that are true.",
    ),
)
def check_copies(random: np.random.Generator) -> Task:
    """Lesson 08: SIM_AA of generated (n, d) and training (m, d) vectors at a threshold."""
    cases = []
    for n, m, copied in ((8, 5, 3), (10, 7, 4), (9, 4, 2)):
        training = random.normal(size=(m, 6)) * random.uniform(0.3, 3, size=(m, 1))
        generated = random.normal(size=(n, 6)) * random.uniform(0.3, 3, size=(n, 1))
        source = random.integers(0, 2, size=copied)  # of the first two windows only
        generated[:copied] = training[source] * random.uniform(0.5, 2, size=(copied, 1))
        # halfway between two values, so that rounding decides nothing
        best = np.unique(_cosines(generated[copied:], training).max(axis=1))
        cases.append((generated, training, float((best[-1] + best[-2]) / 2)))

    def share(values: np.ndarray, threshold: float) -> float:
        return float((values > threshold).mean())

    return Task(
        copies,
        cases,
        [
            (
                "the dot product depends on the lengths: divide each vector by its own",
                lambda a, b, t: share((a @ b.T).max(axis=1), t),
                1,
            ),
            (
                "that is the share of training windows with a similar sound: take the maximum for "
                "each generated sound",
                lambda a, b, t: share(_cosines(a, b).max(axis=0), t),
                2,
            ),
            (
                "that is the share of all pairs: only the nearest window of each sound counts",
                lambda a, b, t: share(_cosines(a, b), t),
                2,
            ),
            (
                "the mean cosine hides a copy: take the maximum for each generated sound",
                lambda a, b, t: share(_cosines(a, b).mean(axis=1), t),
                2,
            ),
            (
                "that is a count: divide by the number of generated sounds",
                lambda a, b, t: float((_cosines(a, b).max(axis=1) > t).sum()),
                3,
            ),
            (
                "that is the share of those that are not copies",
                lambda a, b, t: 1 - copies(a, b, t),
                3,
            ),
        ],
    )
