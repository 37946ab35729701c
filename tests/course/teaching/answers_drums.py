"""Independent answers to the exercises on drums, and mistakes with words their hint holds."""

import numpy as np
import torch.nn.functional as F
from scipy.stats import entropy, mannwhitneyu
from sklearn.metrics import f1_score

from workbench.evaluation.retrieval import recall
from workbench.models.contrastive import info_nce
from workbench.models.diffusion import guided
from workbench.representations.text import masked_mean


def found(scores, k):
    places = [list(np.argsort(-row)).index(i) + 1 for i, row in enumerate(scores)]
    return recall(np.array(places), k)


ANSWERS = {
    "check_length": lambda beats, tempo: beats / (tempo / 60),
    "check_superiority": lambda a, b: mannwhitneyu(a, b).statistic / (len(a) * len(b)),
    "check_entropy": lambda counts: entropy(counts, base=2),
    "check_milliseconds": lambda offset, tempo: offset * 15_000 / tempo,
    "check_recall": found,
    "check_f1": lambda true, made: f1_score(true.ravel(), made.ravel()),
    "check_density": lambda hits: hits.sum() / len(hits) * 4,
    "check_swing_ratio": lambda place: place.mean() / (1 - place.mean()),
    "check_onset_histogram": lambda hits, drum: hits.reshape(-1, 16, 9)[:, :, drum].mean(0),
    "check_masked_mean": masked_mean,
    "check_info_nce": info_nce,
    "check_phases": lambda x, r: x.reshape(-1, r, x.shape[1]).swapaxes(0, 1),
    "check_hit_loss": lambda x, h: F.binary_cross_entropy_with_logits(x, h) * h.numel() / h.sum(),
    "check_add_noise": lambda x, e, a: a**0.5 * x + (1 - a) ** 0.5 * e,
    "check_ddim_step": lambda x, e, now, then: (
        then**0.5 * (x - (1 - now) ** 0.5 * e) / now**0.5 + (1 - then) ** 0.5 * e
    ),
    "check_guidance": guided,
}
MISTAKES = [
    ("check_length", lambda b, t: b / t, "minutes"),
    ("check_length", lambda b, t: b / 60 * t, "shorter"),
    ("check_length", lambda b, t: 60 / t, "one beat"),
    ("check_superiority", lambda a, b: a.mean() / b.mean(), "ratio"),
    ("check_superiority", lambda a, b: np.mean([x > y for x in a for y in b]), "half"),
    ("check_superiority", lambda a, b: np.sign(a.mean() - b.mean()) > 0, "only the means"),
    ("check_entropy", entropy, "nats"),
    ("check_entropy", lambda c: 2 ** entropy(c, base=2), "exponent"),
    ("check_entropy", lambda c: -sum(p * np.log2(p) for p in c / c.sum()), "count is 0"),
    ("check_milliseconds", lambda o, t: o * 60_000 / t, "fraction of a beat"),
    ("check_milliseconds", lambda o, t: o * 15 / t, "seconds"),
    ("check_recall", lambda s, k: found(s, k + 1), "k + 1"),
    ("check_recall", lambda s, k: found(s.T, k), "every loop"),
    ("check_recall", lambda s, k: found(s, 1), "recall at 1"),
    ("check_f1", lambda t, m: (t == m).mean(), "accuracy"),
    ("check_f1", lambda t, m: (t & m).sum() / t.sum(), "added"),
    ("check_f1", lambda t, m: (t & m).sum() / (t | m).sum(), "Jaccard"),
    ("check_density", lambda h: h.sum(), "divide by the number of beats"),
    ("check_swing_ratio", lambda p: (1 - p.mean()) / p.mean(), "inverse"),
    ("check_onset_histogram", lambda h, d: h[:, d].reshape(-1, 16).sum(0), "number of bars"),
    ("check_masked_mean", lambda h, m: h.mean(1), "use the mask"),
    ("check_info_nce", lambda a, b, s: info_nce(a, b, 1.0), "scale is missing"),
    ("check_phases", lambda x, r: x[::r], "one phase"),
    ("check_hit_loss", lambda x, h: F.binary_cross_entropy_with_logits(x, h), "mean over all"),
    ("check_add_noise", lambda x, e, a: a * x + (1 - a) * e, "roots are missing"),
    ("check_ddim_step", lambda x, e, n, t: (x - (1 - n) ** 0.5 * e) / n**0.5, "prediction of x₀"),
    ("check_guidance", lambda c, u, s: c + s * (c - u), "unconditional"),
]
