"""How well inpainted bars fit into their song: harmony, density, seams, and how much is copied.

Notes are float arrays (notes, 3), sorted by onset: onset in quarter notes, MIDI pitch, and program
(−1 for drums).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import number, same_length, whole
from workbench.evaluation.checks import array
from workbench.evaluation.tonality import MAJOR, MINOR


def pitch_classes(notes: np.ndarray) -> np.ndarray:
    """Share of each pitch class among the tuned notes.

    Args:
        notes: (notes, 3).

    Returns:
        (12,), C first, sum 1; uniform without tuned notes.
    """
    notes = _table(notes, "notes")
    tuned = notes[notes[:, 2] >= 0, 1].astype(int)
    counts = np.bincount(tuned % 12, minlength=12).astype(float)
    return counts / counts.sum() if counts.sum() else np.full(12, 1 / 12)


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen–Shannon divergence of two distributions.

    JSD = (KL(p ‖ m) + KL(q ‖ m)) / 2, with m = (p + q) / 2.

    Args:
        p: Shares that sum to 1, (k,).
        q: The same, (k,).

    Returns:
        Bits, from 0 (equal) to 1 (no overlap).

    Source:
        Lin, 1991, "Divergence measures based on the Shannon entropy".
    """
    p, q = array(p, "p", "(k,)"), array(q, "q", "(k,)")
    same_length(p=p, q=q)
    middle = (p + q) / 2

    def relative(a: np.ndarray) -> float:
        seen = a > 0
        return float((a[seen] * np.log2(a[seen] / middle[seen])).sum())

    return (relative(p) + relative(q)) / 2


def pitch_class_distance(inside: np.ndarray, around: np.ndarray) -> float:
    """Jensen–Shannon divergence of the pitch classes inside and around a hole: 0 to 1 bit.

    Args:
        inside: Notes of the inpainted bars, (n, 3).
        around: Notes of the bars around them, (m, 3).
    """
    inside, around = _table(inside, "inside"), _table(around, "around")
    return jensen_shannon(pitch_classes(inside), pitch_classes(around))


def key_of(notes: np.ndarray) -> int:
    """The key with the highest correlation of its profile and the pitch classes of the tuned notes.

    Args:
        notes: (notes, 3).

    Returns:
        0 to 11 for major keys from C, 12 to 23 for minor keys; −1 without tuned notes, and if all
        pitch classes are equally frequent.

    Source:
        Krumhansl and Kessler 1982 (profiles); Krumhansl 1990 (method).
    """
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
    """Whether inpainted bars have the key of the music around them. A minor key and its relative
    major count as one, because they have the same notes.

    Args:
        inside: Notes of the inpainted bars, (n, 3).
        around: Notes of the bars around them, (m, 3).

    Returns:
        1 or 0; NaN if either has no key.
    """
    inside, around = _table(inside, "inside"), _table(around, "around")
    keys = [key_of(inside), key_of(around)]
    if min(keys) < 0:
        return float("nan")
    tonics = [key if key < 12 else (key - 12 + 3) % 12 for key in keys]
    return float(tonics[0] == tonics[1])


def most_at_once(notes: np.ndarray) -> int:
    """The largest number of notes that begin at one position (a twelfth of a quarter note): about
    eight for a chord of both hands, more for a cluster. Onset density does not show this, because
    it counts positions."""
    notes = _table(notes, "notes")
    if not len(notes):
        return 0
    return int(np.unique(np.round(notes[:, 0] * 12), return_counts=True)[1].max())


def density_distance(
    inside: np.ndarray, around: np.ndarray, bars_inside: int, bars_around: int
) -> float:
    """|ln(a / b)|, with a and b the onsets per bar inside and around a hole. Half an onset is added
    to both counts, so that silence has a distance, too.

    Args:
        inside: Notes of the inpainted bars, (n, 3).
        around: Notes of the bars around them, (m, 3).
        bars_inside: Number of inpainted bars.
        bars_around: Number of bars around them.

    Returns:
        0 if equally dense; 0.69 for twice or half as dense.
    """
    inside, around = _table(inside, "inside"), _table(around, "around")
    bars_inside = whole(bars_inside, "bars_inside", 0)
    bars_around = whole(bars_around, "bars_around", 0)
    a = (len(np.unique(inside[:, 0])) + 0.5) / max(1, bars_inside)
    b = (len(np.unique(around[:, 0])) + 0.5) / max(1, bars_around)
    return float(abs(np.log(a / b)))


def melodic_step(before: np.ndarray, after: np.ndarray, line: float, reach: float = 2.0) -> float:
    """Mean melodic step across a seam: from each tuned note that begins up to `reach` quarter notes
    after the seam to the nearest pitch of the same program up to `reach` before it.

    Args:
        before: Notes before the seam, (n, 3).
        after: Notes after the seam, (m, 3).
        line: Time of the seam in quarter notes.
        reach: Window on each side in quarter notes.

    Returns:
        Semitones, 0 or more; NaN if no program plays on both sides.
    """
    before, after = _table(before, "before"), _table(after, "after")
    line, reach = number(line, "line"), number(reach, "reach", 0)
    left = before[(before[:, 0] >= line - reach) & (before[:, 0] < line) & (before[:, 2] >= 0)]
    right = after[(after[:, 0] >= line) & (after[:, 0] < line + reach) & (after[:, 2] >= 0)]
    steps = []
    for program in np.intersect1d(left[:, 2], right[:, 2]):
        a, b = left[left[:, 2] == program, 1], right[right[:, 2] == program, 1]
        steps += np.abs(b[:, None] - a[None]).min(1).tolist()
    return float(np.mean(steps)) if steps else float("nan")


join = melodic_step  # the old name


def grams(notes: np.ndarray, n: int = 4) -> set[tuple[float, ...]]:
    """n-grams of the notes of one program: program, pitches, and onsets relative to the first note
    (in twelfths of a quarter note).

    Args:
        notes: (notes, 3).
        n: Notes per n-gram, 1 or more.
    """
    notes, n = _table(notes, "notes"), whole(n, "n", 1)
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
    """Share of the n-grams of the inpainted bars that also occur elsewhere, 0 to 1.

    Args:
        inside: Notes of the inpainted bars, (m, 3).
        elsewhere: Notes to compare with, (k, 3).
        n: Notes per n-gram, 1 or more.

    Returns:
        The share; NaN without n-grams.
    """
    inside, elsewhere = _table(inside, "inside"), _table(elsewhere, "elsewhere")
    own = grams(inside, n)
    return len(own & grams(elsewhere, n)) / len(own) if own else float("nan")


def repeat_rate(notes: np.ndarray, n: int = 4) -> float:
    """Share of the n-grams of a passage that occurred before in it, 0 to 1.

    Args:
        notes: Notes of the passage, (m, 3).
        n: Notes per n-gram, 1 or more.

    Returns:
        The share; NaN without n-grams.
    """
    notes, n = _table(notes, "notes"), whole(n, "n", 1)
    counts = np.unique(notes[:, 2], return_counts=True)[1]
    total = int(np.maximum(0, counts - n + 1).sum())
    return 1 - len(grams(notes, n)) / total if total else float("nan")


def _table(notes: ArrayLike, name: str) -> np.ndarray:
    return array(notes, name, "(notes, 3)")
