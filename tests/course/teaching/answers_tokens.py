"""Independent answers to the exercises on tokens, and mistakes with words their hint holds."""

from functools import reduce
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import log_softmax, softmax
from scipy.stats import multivariate_normal


def pairs(ids, pair, new):
    text = "".join(chr(65 + i) for i in ids)
    text = text.replace("".join(chr(65 + i) for i in pair), chr(65 + new))
    return [ord(c) - 65 for c in text]


def top(p, share):
    kept, total = np.zeros_like(p), 0.0
    for i in sorted(range(len(p)), key=lambda i: -p[i]):
        if total >= share:
            break
        kept[i], total = p[i], total + p[i]
    return kept / kept.sum()


def among(logits, t, allowed):
    """SciPy's softmax of the allowed tokens alone."""
    p = np.zeros(len(logits))
    p[allowed] = softmax(logits[allowed] / t) if t else logits[allowed] == logits[allowed].max()
    return p


def cut_off(p, share, order, more=0):
    """Without the token that crosses the threshold: NaN if the first one does."""
    kept = np.zeros_like(p)
    chosen = order[: np.searchsorted(np.cumsum(p[order]), share) + more]
    kept[chosen] = p[chosen]
    return kept / kept.sum()


def sequence(bars, first, last):
    out = ["HOLE"] * (last - first)
    for bar in bars[last:] + bars[:first]:
        out += bar
    out.append("FILL")
    for bar in bars[first:last]:
        out += bar
    return [*out, "END"]


def posterior(x, table, bar, shares, spread=None):
    """SciPy's normal density times the share, one vector at a time."""
    variance = 1 - bar if spread is None else spread
    rows = []
    for v in x:
        p = [multivariate_normal.pdf(v, bar**0.5 * e, variance) for e in table]
        rows.append(int(np.argmax(np.array(p) * shares)))
    return rows


def nearest(x, table):
    return [int(np.argmin([np.linalg.norm(v - e) for e in table])) for v in x]


def kl(x, guesses, bars, after=0):
    """Term by term and word by word; `after` moves the predictions."""
    nats = 0.0
    for t in range(1, len(bars)):
        snr = [bar / (1 - bar) for bar in bars[t - 1 : t + 1]]
        for word, guess in zip(x, guesses[t - after], strict=True):
            nats += (snr[0] - snr[1]) / 2 * np.linalg.norm(word - guess) ** 2
    return nats / np.log(2) / len(x)


def limited_schedule(steps, s, largest, first=None):
    """Step by step."""
    wanted = [1 - (t / steps + s) ** 0.5 for t in range(steps + 1)]
    out, left = [], wanted[0] if first is None else first
    for before, after in pairwise(wanted):
        left *= max(after / before, 1 - largest)
        out.append(left)
    return out


def bar_by_bar(notes, bars, repeat=False):
    out = []
    for bar in range(bars):
        out.append("Bar")
        places = sorted({at for b, at, _, _ in notes if b == bar})
        for place in places:
            chord = [n for n in notes if n[:2] == (bar, place)]
            for i, (_, _, pitch, steps) in enumerate(chord):
                out += [f"Position_{place}"] if repeat or not i else []
                out += [f"Pitch_{pitch}", f"Duration_{steps}"]
    return out


def without_empty_bars(notes, bars):
    words = bar_by_bar(notes, bars)
    return [
        w
        for w, after in zip(words, [*words[1:], "Bar"], strict=True)
        if (w, after) != ("Bar", "Bar")
    ]


def position_carried_over(notes, bars):
    out, last = [], None
    for word in bar_by_bar(notes, bars):
        if word[:3] == "Pos":
            word, last = ("" if word == last else word), word
        out.append(word)
    return [word for word in out if word]


def surprise(logits, ids, pad):
    logits, target = torch.tensor(logits[:-1]), torch.tensor(ids[1:])
    return F.cross_entropy(logits, target, ignore_index=pad).item()


def looking_back(x, w_q, w_k, w_v, heads, causal=True, scale=None):
    x = torch.tensor(x)
    split = [
        (x @ torch.tensor(w)).unflatten(1, (heads, -1)).transpose(0, 1) for w in (w_q, w_k, w_v)
    ]
    out = F.scaled_dot_product_attention(*split, is_causal=causal, scale=scale)
    return out.transpose(0, 1).flatten(1).numpy()


def turned(x, base):
    half = x.shape[1] // 2
    z = x[:, :half] + 1j * x[:, half:]
    rate = 1 / base ** (np.arange(half) / half)
    z = z * np.exp(1j * np.outer(np.arange(len(x)), rate))
    return np.hstack([z.real, z.imag])


def swapped(x):
    return np.roll(x, x.shape[1] // 2, axis=1)


def three_terms(words, table, weights, t, start, noise, bars):
    words, bars = torch.tensor(words), torch.tensor(bars)
    table, weights, start, noise = map(torch.tensor, (table, weights, start, noise))
    x0 = F.embedding(words, table) + (1 - bars[0]).sqrt() * start
    x_t = bars[t].sqrt() * x0 + (1 - bars[t]).sqrt() * noise
    target = x0 if t else table[words]
    return {
        "denoise": F.mse_loss(x_t @ weights, target).item(),
        "round": F.cross_entropy(x0 @ table.T, words).item(),
        "prior": (bars[-1].sqrt() * x0).square().mean().item(),
    }


def hidden_words(words, order, k, mask, mix, table, factor=None):
    hidden = torch.tensor(order) < k
    seen = torch.tensor(words).masked_fill(hidden, mask)
    logits = torch.tensor(mix) @ torch.tensor(table)[seen]
    cost = F.cross_entropy(logits[hidden], torch.tensor(words)[hidden])
    return (len(words) if factor is None else factor) * cost.item()


def ends_of(ids, i, order):
    """Earlier places where the tail of one length that ends at i occurred."""
    tail = ids[i + 1 - order : i + 1]
    return [j for j in range(order - 1, i) if ids[j + 1 - order : j + 1] == tail]


def after_last(ids, orders, which=-1):
    out = []
    for i in range(len(ids)):
        places = [ends_of(ids, i, n) for n in reversed(orders) if n <= i + 1]
        out.append(next((ids[ends[which] + 1] for ends in places if ends), -1))
    return out


def bits_per_note(songs, notes):
    return np.log2(np.exp(np.concatenate(songs))).sum() / np.sum(notes)


def after_first(ids, orders):
    return after_last(ids, orders, which=0)


ANSWERS = {
    "check_echoes": after_last,
    "check_end_to_end": three_terms,
    "check_masked_loss": hidden_words,
    "check_next_token": surprise,
    "check_attention": looking_back,
    "check_rotation": turned,
    "check_remi": bar_by_bar,
    "check_grid": lambda beats, steps: np.floor(beats * steps + 0.5),
    "check_encode": lambda ids, merges: reduce(lambda row, m: pairs(row, *m), merges, ids),
    "check_bits_per_note": bits_per_note,
    "check_nucleus": top,
    "check_temperature": among,
    "check_question": sequence,
    "check_rounding": posterior,
    "check_denoising_bits": kl,
    "check_sqrt_schedule": limited_schedule,
}
MISTAKES = [
    (
        "check_next_token",
        lambda u, ids, pad: F.cross_entropy(torch.tensor(u), torch.tensor(ids), ignore_index=pad),
        "shift by one",
    ),
    (
        "check_next_token",
        lambda u, ids, pad: -np.mean(log_softmax(u[:-1], 1)[np.arange(len(ids) - 1), ids[1:]]),
        "target is padding",
    ),
    ("check_next_token", lambda *case: surprise(*case) / np.log(2), "in bits"),
    ("check_attention", lambda *case: looking_back(*case, causal=False), "no mask"),
    ("check_attention", lambda *case: looking_back(*case, scale=1.0), "√d"),
    (
        "check_attention",
        lambda *case: looking_back(*case, scale=case[0].shape[1] ** -0.5),
        "width of one head",
    ),
    ("check_attention", lambda *case: looking_back(*case[:4], 1), "single head"),
    ("check_rotation", lambda x, base: turned(x, base**-1), "falls with i"),
    ("check_rotation", lambda x, base: swapped(turned(swapped(x), base)), "other way"),
    ("check_remi", lambda notes, bars: bar_by_bar(notes, bars, repeat=True), "chord"),
    ("check_remi", without_empty_bars, "empty bar"),
    ("check_remi", position_carried_over, "resets"),
    ("check_grid", lambda beats, steps: np.floor(beats * steps), "truncate"),
    (
        "check_encode",
        lambda ids, merges: reduce(
            lambda row, m: [
                m[1] if tuple(row[i : i + 2]) == tuple(m[0]) else x for i, x in enumerate(row)
            ],
            merges,
            ids,
        ),
        "second token",
    ),
    ("check_bits_per_note", lambda x, n: bits_per_note(x, n) * np.log(2), "in nats"),
    ("check_bits_per_note", lambda x, n: bits_per_note(x, n) / sum(map(len, x)), "sum first"),
    ("check_bits_per_note", lambda x, n: bits_per_note(x, [len(x)]), "per song"),
    (
        "check_bits_per_note",
        lambda x, n: np.mean([bits_per_note([a], [b]) for a, b in zip(x, n, strict=True)]),
        "mean over songs",
    ),
    (
        "check_bits_per_note",
        lambda x, n: bits_per_note([a for a, b in zip(x, n, strict=True) if b], n),
        "without notes",
    ),
    ("check_temperature", lambda u, t, ok: among(u, t and 1 / t, ok), "low temperature"),
    ("check_temperature", lambda u, t, ok: among(u, t and 1, ok), "changes nothing"),
    ("check_temperature", lambda u, t, ok: among(u, t, ok | True), "is not used"),
    ("check_temperature", lambda u, t, ok: among(u, t, ok | True) * ok, "before the softmax"),
    ("check_temperature", lambda u, t, ok: among(u * ok, t, ok | True), "e⁰ is 1"),
    ("check_temperature", lambda u, t, ok: among(u, t, ok) if t else ok / ok.sum(), "the same"),
    (
        "check_temperature",
        lambda u, t, ok: among(u, t, ok) if t else np.arange(len(u)) == np.argmax(u),
        "an allowed one",
    ),
    ("check_nucleus", lambda p, t: top(p, t) * p[top(p, t) > 0].sum(), "add up to 1"),
    ("check_nucleus", lambda p, t: cut_off(p, t, np.argsort(-p)), "crosses the threshold"),
    ("check_nucleus", lambda p, t: cut_off(p, t, np.arange(8)), "without sorting"),
    ("check_nucleus", lambda p, t: cut_off(p, t, np.arange(8), more=1), "without sorting"),
    (
        "check_question",
        lambda bars, a, b: (
            [x for bar in bars for x in bar]
            + ["FILL"]
            + [x for bar in bars[a:b] for x in bar]
            + ["END"]
        ),
        "original MidiGPT",
    ),
    ("check_question", lambda bars, a, b: sequence(bars, a, b)[:-1], "END"),
    ("check_rounding", lambda x, table, bar, f: (x @ table.T).argmax(1), "long embeddings"),
    ("check_rounding", lambda x, table, bar, f: nearest(x, table), "nearest of the embeddings"),
    ("check_rounding", lambda x, table, bar, f: nearest(x, bar**0.5 * table), "is not used"),
    (
        "check_rounding",
        lambda x, table, bar, f: posterior(x, table / bar**0.5, bar, f),
        "not around the embedding",
    ),
    (
        "check_rounding",
        lambda x, table, bar, f: posterior(x, table, bar, f, (1 - bar) ** 0.5),
        "not its root",
    ),
    (
        "check_rounding",
        lambda x, table, bar, f: posterior(x, table, bar, f, (1 - bar) / 2),
        "twice",
    ),
    (
        "check_end_to_end",
        lambda w, e, a, t, start, n, bars: three_terms(w, e, a, t, 0 * start, n, bars),
        "noise of its own",
    ),
    (
        "check_end_to_end",
        lambda *case: three_terms(*case) | {"round": three_terms(*case)["round"] / np.log(2)},
        "in bits",
    ),
    ("check_echoes", after_first, "not the first"),
    (
        "check_echoes",
        lambda ids, orders: [x if x >= 0 else 0 for x in after_last(ids, orders)],
        "is −1",
    ),
    ("check_echoes", lambda ids, orders: after_last(ids, orders[::-1]), "not the shortest"),
    ("check_masked_loss", lambda *case: hidden_words(*case, factor=1), "multiply by n"),
    ("check_masked_loss", lambda *case: hidden_words(*case, factor=case[2]), "n/k before it"),
    ("check_denoising_bits", lambda *case: kl(*case) * np.log(2), "nats"),
    ("check_denoising_bits", lambda *case: kl(*case, after=1), "not that of step s"),
    (
        "check_denoising_bits",
        lambda x, guesses, bars: kl(x, guesses, bars) * len(x),
        "number of words",
    ),
    (
        "check_denoising_bits",
        lambda x, guesses, bars: kl(x, guesses, bars) / x.shape[1],
        "taking the mean",
    ),
    (
        "check_sqrt_schedule",
        lambda n, s, _: [1 - (t / n + s) ** 0.5 for t in range(1, n + 1)],
        "below 0",
    ),
    ("check_sqrt_schedule", lambda *case: limited_schedule(*case, first=1.0), "begin at"),
    (
        "check_sqrt_schedule",
        lambda n, s, _: [max(0, 1 - (t / n + s) ** 0.5) for t in range(1, n + 1)],
        "raises",
    ),
    (
        "check_sqrt_schedule",
        lambda n, s, most: [1 - s**0.5, *limited_schedule(n, s, most)],
        "without",
    ),
]
