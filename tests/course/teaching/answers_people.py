"""Independent answers to the exercises on people, and mistakes."""

import math

import numpy as np


def nearest(loops, training):
    return [min(int(np.logical_xor(a, b).sum()) for b in training) for a in loops]


def suspects(generated, people):
    ranked = sorted(people)
    at = 0.05 * (len(ranked) - 1)
    low = int(at)
    limit = ranked[low] + (at - low) * (ranked[low + 1] - ranked[low])
    return sum(1 for d in generated if d < limit) / len(generated)


def shapley(value):
    def gain(i, j, k):
        def at(own, left, right):
            place = {i: own, j: left, k: right}
            return value[place[0], place[1], place[2]]

        pairs = [(0, 0, 2), (1, 0, 1), (0, 1, 1), (1, 1, 2)]
        return sum(w * (at(1, a, b) - at(0, a, b)) for a, b, w in pairs) / 6

    return [gain(0, 1, 2), gain(1, 0, 2), gain(2, 0, 1)]


def watermark(tokens, green, share, once=True):
    """Pairs as rows of an array; z from the share of green ones."""
    pairs = np.stack([tokens[:-1], tokens[1:]], axis=1)
    pairs = np.unique(pairs, axis=0) if once else pairs
    if not len(pairs):
        return 0
    found = green[pairs[:, 0], pairs[:, 1]].mean()
    return (found - share) / math.sqrt(share * (1 - share) / len(pairs))


ANSWERS = {
    "check_nearest": nearest,
    "check_suspects": suspects,
    "check_shapley": shapley,
    "check_z": watermark,
}
MISTAKES = [
    ("check_nearest", lambda x, y: [np.mean([(a != b).sum() for b in y]) for a in x], "minimum"),
    ("check_suspects", lambda g, p: (g < np.percentile(g, 5)).mean(), "people's"),
    (
        "check_shapley",
        lambda v: [v[1, 1, 1] - v[0, 1, 1], v[1, 1, 1] - v[1, 0, 1], v[1, 1, 1] - v[1, 1, 0]],
        "leaves each person out",
    ),
    ("check_z", lambda x, green, s: watermark(x, green, s) * math.sqrt(1 - s), "last factor"),
    ("check_z", lambda *case: watermark(*case, once=False), "count each pair once"),
    ("check_z", lambda x, green, s: watermark(x[::-1], green, s), "earlier set first"),
    ("check_z", lambda x, *rest: watermark(x, *rest) if len(x) > 1 else math.nan, "0/0"),
]
