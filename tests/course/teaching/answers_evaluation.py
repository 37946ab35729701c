"""Independent answers to the exercises on evaluation, and mistakes with words their hint holds."""

import numpy as np
from scipy.special import entr


def squared(m1, v1, m2, v2):
    return sum(
        (a - b) ** 2 + v + w - 2 * (v * w) ** 0.5 for a, v, b, w in zip(m1, v1, m2, v2, strict=True)
    )


def pairs(k):
    return np.mean([k[i, j] for i in range(len(k)) for j in range(len(k)) if i != j])


def kernel(kxx, kyy, kxy):
    return pairs(kxx) + pairs(kyy) - 2 * np.mean([np.mean(row) for row in kxy])


def line(n, d):
    x = np.stack([np.ones_like(n), 1 / n], axis=1)
    return np.linalg.lstsq(x, d, rcond=None)[0][0]


def certain_and_varied(p, splits, whole=False, ddof=0):
    """The score as the entropy of the mean minus the mean of the entropies."""
    size = len(p) // splits
    found = []
    for i in range(splits):
        part = p[i * size : (i + 1) * size]
        mean = (p if whole else part).mean(0)
        cross = entr(part).sum(1) + (part * np.log(np.maximum(mean, 1e-300))).sum(1)
        found.append(np.exp(-cross.mean()))
    return np.mean(found), np.std(found, ddof=ddof)


ANSWERS = {
    "check_diagonal_frechet": squared,
    "check_unbiased": kernel,
    "check_at_infinity": line,
    "check_inception": certain_and_varied,
}
MISTAKES = [
    ("check_inception", lambda p, k: certain_and_varied(p, k, whole=True), "not of all rows"),
    ("check_inception", lambda p, k: certain_and_varied(p, 1), "split the rows"),
    ("check_diagonal_frechet", lambda a, v, b, w: np.sum((a - b) ** 2 + (v - w) ** 2), "roots"),
    ("check_diagonal_frechet", lambda a, v, b, w: squared(a, v, b, w) ** 0.5, "squared"),
    ("check_diagonal_frechet", lambda a, v, b, w: squared(0 * a, v, 0 * b, w), "means is missing"),
    ("check_unbiased", lambda a, b, c: np.mean(a) + np.mean(b) - 2 * np.mean(c), "diagonal"),
    ("check_unbiased", lambda a, b, c: max(0, kernel(a, b, c)), "clip"),
    ("check_unbiased", lambda a, b, c: pairs(a) + pairs(b) - c.mean(), "twice"),
    ("check_at_infinity", lambda n, d: np.polyfit(n, d, 1)[-1], "1/N"),
    ("check_at_infinity", lambda n, d: np.polyfit(1 / n, d, 1)[0], "slope"),
    ("check_at_infinity", lambda n, d: d[np.argmax(n)], "largest"),
]
