"""How well a filling sits in its song: harmony, density, the joins, and how much is copied.

Notes here are rows (onset in quarter notes, pitch, program), program −1 for drums, sorted by
onset: `(notes, 3)` float arrays.
"""

from __future__ import annotations

import numpy as np

from workbench.evaluation.tonality import MAJOR, MINOR


def pitch_classes(notes: np.ndarray) -> np.ndarray:
    """Share of each pitch class among the tuned notes: (12,), C first; uniform without notes."""
    tuned = notes[notes[:, 2] >= 0, 1].astype(int)
    counts = np.bincount(tuned % 12, minlength=12).astype(float)
    return counts / counts.sum() if counts.sum() else np.full(12, 1 / 12)


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen–Shannon divergence in bits, 0 to 1 (Lin, 1991). p, q: shares that sum to 1."""
    middle = (p + q) / 2

    def relative(a: np.ndarray) -> float:
        seen = a > 0
        return float((a[seen] * np.log2(a[seen] / middle[seen])).sum())

    return (relative(p) + relative(q)) / 2


def pitch_class_distance(inside: np.ndarray, around: np.ndarray) -> float:
    """Jensen–Shannon divergence of pitch classes inside and around a hole, in bits."""
    return jensen_shannon(pitch_classes(inside), pitch_classes(around))


def key_of(notes: np.ndarray) -> int:
    """The key that tuned notes fit best, by correlation of their pitch classes with the profiles
    of Krumhansl and Kessler (1982): 0 to 11 the major keys from C, 12 to 23 the minor ones; −1
    without notes or where all classes are alike."""
    share = pitch_classes(notes)
    centred = share - share.mean()
    if np.allclose(centred, 0):
        return -1
    fit = [
        np.corrcoef(centred, np.roll(profile, tonic))[0, 1]
        for profile in (MAJOR, MINOR)
        for tonic in range(12)
    ]
    return int(np.argmax(fit))


def same_key(inside: np.ndarray, around: np.ndarray) -> float:
    """1 where a filling is in the key of the music around it, else 0; NaN where either has none.
    Key and relative minor count as one: they have the same notes."""
    keys = [key_of(inside), key_of(around)]
    if min(keys) < 0:
        return float("nan")
    tonics = [key if key < 12 else (key - 12 + 3) % 12 for key in keys]
    return float(tonics[0] == tonics[1])


def most_at_once(notes: np.ndarray) -> int:
    """The most notes that begin at one place: a chord of both hands has about eight, a wall more.
    Onset densities cannot show it, because they count places."""
    if not len(notes):
        return 0
    return int(np.unique(np.round(notes[:, 0] * 12), return_counts=True)[1].max())


def density_distance(
    inside: np.ndarray, around: np.ndarray, bars_inside: int, bars_around: int
) -> float:
    """|ln| of the ratio of onsets a bar inside and around; half an onset is added to each, so
    that silence has a distance too. 0.69 is twice or half as dense."""
    a = (len(np.unique(inside[:, 0])) + 0.5) / max(1, bars_inside)
    b = (len(np.unique(around[:, 0])) + 0.5) / max(1, bars_around)
    return float(abs(np.log(a / b)))


def join(before: np.ndarray, after: np.ndarray, line: float, reach: float = 2.0) -> float:
    """Smoothness of a join: mean semitones from each tuned note that begins within `reach` quarter
    notes after the line to the nearest one of the same program within `reach` before it.

    NaN where no program plays on both sides.
    """
    left = before[(before[:, 0] >= line - reach) & (before[:, 0] < line) & (before[:, 2] >= 0)]
    right = after[(after[:, 0] >= line) & (after[:, 0] < line + reach) & (after[:, 2] >= 0)]
    steps = []
    for program in np.intersect1d(left[:, 2], right[:, 2]):
        a, b = left[left[:, 2] == program, 1], right[right[:, 2] == program, 1]
        steps += np.abs(b[:, None] - a[None]).min(1).tolist()
    return float(np.mean(steps)) if steps else float("nan")


def grams(notes: np.ndarray, n: int = 4) -> set[tuple[float, ...]]:
    """Sequences of `n` notes of one program: pitches, and onsets relative to the first one."""
    found = set()
    for program in np.unique(notes[:, 2]):
        own = notes[notes[:, 2] == program]
        own = own[np.lexsort((own[:, 1], own[:, 0]))]
        for start in range(len(own) - n + 1):
            part = own[start : start + n]
            since = np.round((part[1:, 0] - part[0, 0]) * 12).astype(int)
            found.add((int(program), *part[:, 1].astype(int).tolist(), *since.tolist()))
    return found


def copy_rate(inside: np.ndarray, elsewhere: np.ndarray, n: int = 4) -> float:
    """Share of the filling's n-grams of notes that occur elsewhere too; NaN without n-grams."""
    own = grams(inside, n)
    return len(own & grams(elsewhere, n)) / len(own) if own else float("nan")
