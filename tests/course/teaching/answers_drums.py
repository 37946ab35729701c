"""Independent answers to the exercises on drums, and mistakes with words their hint holds."""

from itertools import combinations, pairwise

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import entropy, mannwhitneyu
from sklearn.metrics import f1_score

from workbench.evaluation.retrieval import recall
from workbench.models.contrastive import info_nce
from workbench.models.diffusion import Diffusion, guided
from workbench.models.samplers import dpm_solver
from workbench.representations.text import masked_mean


def found(scores, k):
    places = [list(np.argsort(-row)).index(i) + 1 for i, row in enumerate(scores)]
    return recall(np.array(places), k)


def copies(melodies, n, least, key=False):
    """Each run as a word; both melodies of a pair are marked at once."""

    def words(melody):
        row = melody if key else [b - a for a, b in pairwise(melody)]
        return {" ".join(map(str, row[i : i + n])) for i in range(len(row) - n + 1)}

    texts = [words([int(pitch) for pitch in melody]) for melody in melodies]
    having = set()
    for i, j in combinations(range(len(texts)), 2):
        fewer = min(len(texts[i]), len(texts[j]))
        if fewer and len(texts[i].intersection(texts[j])) / fewer >= least:
            having |= {i, j}
    return len(having) / len(melodies)


def lstm(x, h, c, weights):
    """PyTorch's LSTM, whose four parts are in the order input, forget, cell, output."""
    network = torch.nn.LSTM(x.shape[1], len(h)).double()
    names = ("input", "forget", "cell", "output")
    W, U, b = (np.concatenate([weights[name][part] for name in names]) for part in range(3))
    with torch.no_grad():
        network.weight_ih_l0.copy_(torch.from_numpy(W))
        network.weight_hh_l0.copy_(torch.from_numpy(U))
        network.bias_ih_l0.copy_(torch.from_numpy(b))
        network.bias_hh_l0.zero_()
        state = tuple(torch.from_numpy(row)[None] for row in (h, c))
        return network(torch.from_numpy(x), state)[0].numpy()


def several_positives(a, b, scale, alike):
    """Cross-entropy against a target that spreads evenly over the texts that suit; the accuracy
    counts row by row."""
    logits = scale * a @ b.T
    rows = F.cross_entropy(logits, alike / alike.sum(1, keepdim=True))
    columns = F.cross_entropy(logits.T, alike.T / alike.sum(0)[:, None])
    right = [
        sum(float(suits[int(np.argmax(row.numpy()))]) for row, suits in zip(x, y, strict=True))
        for x, y in ((logits, alike), (logits.T, alike.T))
    ]
    return (rows + columns) / 2, sum(right) / (2 * len(a))


def training_loss(network, x0, text, t, noise, drop, alphas_bar, target):
    """The library's schedule, for one row at a time."""
    diffusion = Diffusion("cosine-zero-snr", prediction=target if target != "epsilon" else "v")
    assert torch.allclose(alphas_bar, diffusion.alphas_bar)
    squares = []
    for i in range(len(x0)):
        row = slice(i, i + 1)
        x = diffusion.add_noise(x0[row], noise[row], t[row])
        goal = noise[row] if target == "epsilon" else diffusion.target(x0[row], noise[row], t[row])
        squares.append(network(x, t[row], text[row] * float(not drop[i])) - goal)
    return torch.cat(squares).pow(2).mean()


def dpm_step(x, x0, x0_before, before, now, then):
    """The library's sampler, stopped after its second of three steps."""
    bars = torch.tensor([then, now, before], dtype=torch.float64)  # the noisiest is the last
    seen = []

    def predict(state, t):
        seen.append(state)
        first = torch.as_tensor(x0_before if t == 2 else x0)
        return first, first

    # the first step leads from `before` to `now`: choose its start so that it arrives at x
    h = 0.5 * float(torch.logit(bars[1]) - torch.logit(bars[2]))
    shrink = ((1 - now) / (1 - before)) ** 0.5
    start = (torch.as_tensor(x) + now**0.5 * np.expm1(-h) * torch.as_tensor(x0_before)) / shrink
    dpm_solver(predict, start, bars, 3)
    return seen[2]


def drum_by_drum(true, made):
    """scikit-learn's F1."""
    drums = [d for d in range(true.shape[2]) if true[..., d].any() or made[..., d].any()]
    each = [f1_score(true[..., d].ravel(), made[..., d].ravel(), zero_division=0) for d in drums]
    return f1_score(true.ravel(), made.ravel()), sum(each) / len(each)


def woven(x, r):
    """One step after the other."""
    out = np.zeros((r, int(np.ceil(len(x) / r)), x.shape[1]))
    for step, row in enumerate(x):
        out[step % r, step // r] = row
    return out


def swing(onsets, low=0.42, high=0.75):
    """Hit by hit."""
    first, second, off = 0.0, 0.0, 0
    for onset in onsets:
        place = onset - np.floor(onset)
        if low < place < high:
            first, second, off = first + place, second + 1 - place, off + 1
    return first / second if off else float("nan")


def row_by_row(network, x, t, text, scale, first):
    """Only rows that need it are evaluated twice."""
    out = []
    for i in range(len(x)):
        row = slice(i, i + 1)
        prediction = network(x[row], t[row], text[row])
        if int(t[i]) >= first:
            empty = network(x[row], t[row], torch.zeros(1, text.shape[1]))
            prediction = guided(prediction, empty, scale)
        out.append(prediction)
    return torch.cat(out)


ANSWERS = {
    "check_length": lambda beats, tempo: beats / (tempo / 60),
    "check_superiority": lambda a, b: mannwhitneyu(a, b).statistic / (len(a) * len(b)),
    "check_entropy": lambda counts: entropy(counts, base=2),
    "check_song_copies": copies,
    "check_recall": found,
    "check_f1": drum_by_drum,
    "check_density": lambda hits: hits.sum() / len(hits) * 4,
    "check_swing_ratio": swing,
    "check_onset_histogram": lambda hits, drum: hits.reshape(-1, 16, 9)[:, :, drum].mean(0),
    "check_masked_mean": masked_mean,
    "check_info_nce": info_nce,
    "check_several_positives": several_positives,
    "check_lstm": lstm,
    "check_phases": woven,
    "check_hit_loss": lambda x, h: F.binary_cross_entropy_with_logits(x, h) * h.numel() / h.sum(),
    "check_add_noise": lambda x, e, a: a**0.5 * x + (1 - a) ** 0.5 * e,
    "check_ddim_step": lambda x, e, now, then: (
        then**0.5 * (x - (1 - now) ** 0.5 * e) / now**0.5 + (1 - then) ** 0.5 * e
    ),
    "check_training_loss": training_loss,
    "check_dpm_step": dpm_step,
    "check_guidance": row_by_row,
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
    (
        "check_song_copies",
        lambda m, n, least: copies([list(x) for x in m], n, least, key=True),
        "pitches",
    ),
    ("check_song_copies", lambda m, n, least: copies(m, n, least) * len(m), "divide"),
    ("check_song_copies", lambda m, n, least: copies(m, n - 1, least), "n + 1 notes"),
    ("check_recall", lambda s, k: found(s, k + 1), "k + 1"),
    ("check_recall", lambda s, k: found(s.T, k), "every loop"),
    ("check_recall", lambda s, k: found(s, 1), "recall at 1"),
    ("check_f1", lambda t, m: drum_by_drum(t, m)[0], "two numbers"),
    (
        "check_f1",
        lambda t, m: (
            drum_by_drum(t, m)[0],
            drum_by_drum(t, m)[1] * (t | m).any((0, 1)).sum() / t.shape[2],
        ),
        "not counted as 0",
    ),
    (
        "check_f1",
        lambda t, m: (
            drum_by_drum(t, m)[0],
            f1_score(
                t.reshape(-1, t.shape[2]),
                m.reshape(-1, t.shape[2]),
                average="macro",
                zero_division=1,
            ),
        ),
        "not counted as 1",
    ),
    (
        "check_f1",
        lambda t, m: (
            np.mean([drum_by_drum(a[None], b[None])[0] for a, b in zip(t, m, strict=True)]),
            drum_by_drum(t, m)[1],
        ),
        "loop by loop",
    ),
    ("check_density", lambda h: h.sum(), "divide by the number of beats"),
    ("check_swing_ratio", lambda x: 1 / swing(x), "inverse"),
    ("check_swing_ratio", lambda x: swing(x, -1, 1), "every hit"),
    ("check_swing_ratio", lambda x: swing(x, high=1), "fourth sixteenths"),
    ("check_swing_ratio", lambda x: swing(x, low=-1), "second sixteenth"),
    ("check_swing_ratio", lambda x: np.nan_to_num(swing(x)), "not 0"),
    ("check_onset_histogram", lambda h, d: h[:, d].reshape(-1, 16).sum(0), "number of bars"),
    ("check_masked_mean", lambda h, m: h.mean(1), "use the mask"),
    ("check_info_nce", lambda a, b, s: info_nce(a, b, 1.0), "scale is missing"),
    (
        "check_info_nce",
        lambda a, b, s: (
            (
                F.cross_entropy((s * a @ b.T).softmax(1), torch.arange(len(a)))
                + F.cross_entropy((s * b @ a.T).softmax(1), torch.arange(len(a)))
            )
            / 2
        ),
        "does the softmax itself",
    ),
    ("check_info_nce", lambda a, b, s: info_nce(a, b, s) * len(a), "sum over the pairs"),
    (
        "check_several_positives",
        lambda a, b, s, alike: (info_nce(a, b, s), several_positives(a, b, s, alike)[1]),
        "own text",
    ),
    (
        "check_several_positives",
        lambda a, b, s, alike: (
            several_positives(a, b, s, alike)[0],
            several_positives(a, b, s, torch.eye(len(a)))[1],
        ),
        "every text that suits is right",
    ),
    ("check_several_positives", lambda *a: [2 * x for x in several_positives(*a)], "added"),
    ("check_several_positives", lambda *a: several_positives(*a)[0], "return the accuracy"),
    ("check_phases", lambda x, r: woven(x[: len(x) - len(x) % r], r), "cutting"),
    (
        "check_phases",
        lambda x, r: woven(np.vstack([x, np.zeros((r - len(x) % r, x.shape[1]))]), r),
        "needs no silence",
    ),
    (
        "check_phases",
        lambda x, r: woven(np.vstack([np.zeros((-len(x) % r, x.shape[1])), x]), r),
        "at the beginning",
    ),
    ("check_phases", lambda x, r: woven(x, r).swapaxes(0, 1), "swap"),
    ("check_lstm", lambda *case: lstm(*case)[-1], "every step"),
    (
        "check_lstm",
        lambda x, h, c, w: lstm(x, h, c, w | {"forget": w["input"], "input": w["forget"]}),
        "swapped",
    ),
    (
        "check_lstm",
        lambda x, h, c, w: lstm(x, h, c, {k: (W, 0 * U, b) for k, (W, U, b) in w.items()}),
        "U @ h",
    ),
    (
        "check_lstm",
        lambda x, h, c, w: np.concatenate([lstm(row[None], h, c, w) for row in x]),
        "carry h and c",
    ),
    (
        "check_hit_loss",
        lambda x, h: -(h * x.sigmoid().log() + (1 - h) * (1 - x.sigmoid()).log()).sum() / h.sum(),
        "32 bits",
    ),
    (
        "check_hit_loss",
        lambda x, h: -(h * x.log() + (1 - h) * (1 - x).log()).sum() / h.sum(),
        "by the sigmoid",
    ),
    ("check_hit_loss", lambda x, h: F.binary_cross_entropy_with_logits(x, h), "mean over all"),
    ("check_add_noise", lambda x, e, a: a * x + (1 - a) * e, "roots are missing"),
    ("check_ddim_step", lambda x, e, n, t: (x - (1 - n) ** 0.5 * e) / n**0.5, "prediction of x₀"),
    (
        "check_ddim_step",
        lambda x, e, n, t: t**0.5 * (x - (1 - n) ** 0.5 * e) + (1 - t) ** 0.5 * e,
        "not divided",
    ),
    (
        "check_ddim_step",
        lambda x, e, n, t: t**0.5 * (x + (1 - n) ** 0.5 * e) / n**0.5 + (1 - t) ** 0.5 * e,
        "not plus",
    ),
    (
        "check_ddim_step",
        lambda x, e, n, t: t**0.5 * (x - (1 - n) ** 0.5 * e) / n**0.5,
        "is missing",
    ),
    (
        "check_add_noise",
        lambda x, e, a: a**0.5 * x + (1 - a) ** 0.5 * np.random.default_rng().normal(size=x.shape),
        "own random",
    ),
    ("check_add_noise", lambda x, e, a: a * a * x + (1 - a) * (1 - a) * e, "squares"),
    (
        "check_training_loss",
        lambda net, x, y, t, e, d, bars, goal: training_loss(
            net, x, y, t, e, d & False, bars, goal
        ),
        "never dropped",
    ),
    (
        "check_training_loss",
        lambda net, x, y, t, e, d, bars, goal: training_loss(net, x, y, t, e, ~d, bars, goal),
        "should stay",
    ),
    (
        "check_training_loss",
        lambda net, *a: training_loss(lambda x, t, y: net(x, t, y), *a) * 15,
        "sum",
    ),
    (
        "check_dpm_step",
        lambda x, p, b, before, n, t: (
            ((1 - t) / (1 - n)) ** 0.5 * x + (t**0.5 - (n * (1 - t) / (1 - n)) ** 0.5) * p
        ),
        "first order",
    ),
    (
        "check_guidance",
        lambda net, x, t, y, s, first: row_by_row(net, x, t, y, s + 1, first),
        "must give the conditional one",
    ),
    (
        "check_guidance",
        lambda net, x, t, y, s, first: row_by_row(net, x, t, y, 1 - s, first),
        "exchanged",
    ),
    ("check_guidance", lambda net, x, t, y, s, first: row_by_row(net, x, t, y, s, 0), "every row"),
    (
        "check_guidance",
        lambda net, x, t, y, s, first: row_by_row(net, x, t, y, s, first + 1),
        "is guided, too",
    ),
    (
        "check_guidance",
        lambda net, x, t, y, s, first: row_by_row(net, x, t, y, s, 1000),
        "text alone",
    ),
    (
        "check_guidance",
        lambda net, x, t, y, s, first: guided(net(x, t, y), net(x, t, 0 * y), s),
        "every row",
    ),
]
