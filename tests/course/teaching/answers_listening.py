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


def strengths(answers, k):
    """By gradient ascent on the log-likelihood, which has one maximum."""
    s = np.zeros(k)
    for _ in range(4000):
        first, second = answers.T
        surprise = 1 / (1 + np.exp(s[first] - s[second]))
        slope = np.bincount(first, surprise, k) - np.bincount(second, surprise, k)
        s = s + slope / len(answers)
    return s - s.mean()


def one_sided(answers, k):
    met = {(i, j): 0 for i in range(k) for j in range(k)}
    for i, j in answers:
        met[int(i), int(j)] += 1
    wins = np.array([[met[i, j] for j in range(k)] for i in range(k)])
    share = wins.sum(1) / (wins.sum(0) + wins.sum(1))
    logit = np.log(share) - np.log(1 - share)
    return logit - np.mean(logit)


ANSWERS = {
    "check_gains": gains,
    "check_flip_p": flip_p,
    "check_holm": holm,
    "check_alpha": lambda table: krippendorff_alpha(table, "interval"),
    "check_strengths": strengths,
}
MISTAKES = [
    ("check_gains", lambda levels, peaks: -1 - peaks, "make the levels equal"),
    ("check_gains", lambda levels, peaks: -20 - levels, "lower the common level"),
    ("check_flip_p", lambda d, f: np.mean(f @ d >= abs(d.sum()) - 1e-9), "one-sided"),
    ("check_holm", lambda p: np.minimum(1, p * len(p)), "Bonferroni"),
    ("check_strengths", lambda answers, k: strengths(answers[:, ::-1], k), "reversed"),
    ("check_strengths", one_sided, "share of wins"),
    ("check_strengths", lambda answers, k: np.exp(strengths(answers, k)), "for one input"),
    ("check_alpha", lambda t: 1 - krippendorff_alpha(t, "interval"), "1 minus"),
]
