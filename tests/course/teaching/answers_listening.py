"""Independent answers to the exercises on listening tests, and mistakes."""

import numpy as np

from workbench.evaluation.agreement import krippendorff_alpha


def gains(levels, peaks):
    target = -20.0
    for level, peak in zip(levels, peaks, strict=True):
        target = min(target, level + (-1 - peak))
    return [target - level for level in levels]


def flip_p(differences, flips):
    found = abs(np.mean(differences))
    return np.mean([abs(np.mean(row * differences)) > found - 1e-9 for row in flips])


def holm(p):
    made, least = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        least = min(1.0, max(least, (len(p) - rank) * p[i]))
        made[i] = least
    return made


ANSWERS = {
    "check_gains": gains,
    "check_flip_p": flip_p,
    "check_holm": holm,
    "check_alpha": lambda table: krippendorff_alpha(table, "interval"),
}
MISTAKES = [
    ("check_gains", lambda levels, peaks: -1 - peaks, "make the levels equal"),
    ("check_gains", lambda levels, peaks: -20 - levels, "lower the common level"),
    ("check_flip_p", lambda d, f: np.mean(f @ d >= abs(d.sum()) - 1e-9), "one-sided"),
    ("check_holm", lambda p: np.minimum(1, p * len(p)), "Bonferroni"),
    ("check_alpha", lambda t: 1 - krippendorff_alpha(t, "interval"), "1 minus"),
]
