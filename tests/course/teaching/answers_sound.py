"""Independent answers to the exercises on sound, and mistakes with words their hint holds."""

from itertools import pairwise

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.stats import norm
from torch.distributions import Normal, kl_divergence

from workbench.models.mixture import denoised_discrete


def distance(real, made):
    return np.mean(
        [np.sqrt(np.mean((10 * np.log10(a / b)) ** 2)) for a, b in zip(real.T, made.T, strict=True)]
    )


def bound(x, mean, logvar, noise, weights, variance):
    """Both bounds through SciPy's normal density, one number at a time."""
    likelihood, formula, sampled = 0.0, 0.0, 0.0
    for draw in noise:
        for row, m, v, e in zip(x, mean, logvar, draw, strict=True):
            sigma = np.exp(v) ** 0.5
            z = [a + b * c for a, b, c in zip(m, sigma, e, strict=True)]
            decoded = [sum(z[k] * weights[k, j] for k in range(len(z))) for j in range(len(row))]
            likelihood += norm.logpdf(row, decoded, variance**0.5).sum()
            formula += sum((a**2 + np.exp(b) - 1 - b) / 2 for a, b in zip(m, v, strict=True))
            sampled += norm.logpdf(z, m, sigma).sum() - norm.logpdf(z).sum()
    n = len(noise) * len(x)
    return (likelihood - formula) / n, (likelihood - sampled) / n


def sampled_with_variances(x, mean, logvar, noise, weights, variance):
    """z = μ + σ²ε; log q is that of the noise."""
    z = mean + np.exp(logvar) * noise
    first = norm.logpdf(x, z @ weights, variance**0.5).sum(-1).mean()
    formula = (mean**2 + np.exp(logvar) - 1 - logvar).sum(-1).mean() / 2
    log_q = (norm.logpdf(noise) - logvar / 2).sum(-1).mean()
    return first - formula, first + norm.logpdf(z).sum(-1).mean() - log_q


def free_bits(mean, logvar, free, first=lambda kl, free: kl):
    """PyTorch's KL of normal distributions, number by number; `first` changes that of a frame."""
    total = 0.0
    for m, v in zip(mean.T, logvar.T, strict=True):
        q = Normal(torch.tensor(m), torch.tensor(v / 2).exp())
        price = first(kl_divergence(q, Normal(0.0, 1.0)).numpy(), free).mean()
        total += price if price > free else free
    return total


def game(real, fake):
    """Score by score."""
    losses, free, count = 0.0, 0, 0
    for scale in zip(real, fake, strict=True):
        for sign, scores in zip((1, -1), scale, strict=True):
            below = [1 - sign * score for score in scores]
            losses += sum(cost for cost in below if cost > 0) / len(scores)
            free += sum(cost <= 0 for cost in below)
            count += len(scores)
    return losses / len(real), free / count


def generator(real, fake, error, kl, weights):
    apart = [
        np.abs(a - b).sum() / np.abs(a).sum() for a, b in zip(real[:-1], fake[:-1], strict=True)
    ]
    rest = weights["matching"] * sum(apart) / len(apart) - weights["adversarial"] * fake[-1].mean()
    return weights["error"] * error + weights["kl"] * kl + rest


def blended(parts, starts, length, weights=(1, 2, 3, 4, 4, 3, 2, 1)):
    total, share = [0.0] * length, [0.0] * length
    for part, start in zip(parts, starts, strict=True):
        for i, (value, weight) in enumerate(zip(part, weights, strict=True)):
            total[start + i] += weight * value
            share[start + i] += weight
    return [a / b for a, b in zip(total, share, strict=True)]


def through_music(x, t, music):
    """The velocity from the best prediction of x₀, in the scale of lesson 05's mixtures."""
    size = ((1 - t) ** 2 + t**2) ** 0.5
    bar = torch.full((len(x), 1), (1 - t) ** 2 / size**2, dtype=torch.float64)
    shares = torch.ones(len(music), dtype=torch.float64)
    x0 = denoised_discrete(torch.tensor(x / size), bar, torch.tensor(music), shares)
    return (x - x0.numpy()) / t


def one_block(h, c, weight, bias, branch, scale=1, shift=0):
    """PyTorch's layer norm, one frame at a time."""
    width, out = h.shape[1], []
    beta, gamma, alpha = ((weight.T @ c + bias)[i * width : (i + 1) * width] for i in range(3))
    for frame in torch.tensor(h):
        normal = torch.layer_norm(frame, (width,)).numpy()
        out.append(normal + normal * gamma + beta)
    return scale * h + branch(np.array(out)) * (alpha + shift)


def without_maximum(x, t, music):
    e = (x[:, None] - (1 - t) * music) / t
    p = np.exp(-np.square(e).sum(2) / 2)
    return np.einsum("nm,nmd->nd", p / p.sum(1)[:, None], e - music)


def folded(tempo, reference):
    while tempo * 2**0.5 < reference:
        tempo *= 2
    while tempo > reference * 2**0.5:
        tempo /= 2
    return tempo


def laid_over(a, b, starts, lam, gain=lambda lam: 1 / np.hypot(lam, 1 - lam)):
    """The pairs of samples that sound together, one after the other."""
    pairs = zip(a[starts[0] :], b[starts[1] :], strict=False)
    mixture = [gain(lam) * (lam * x + y - lam * y) for x, y in pairs]
    peak = max(map(abs, mixture))
    return [x / peak for x in mixture] if peak > 1 else mixture


def louder(a, b, starts, lam):
    """The mixture as it is, also where it exceeds 1."""
    quiet = laid_over(a / 9, b / 9, starts, lam)
    return 9 * np.array(quiet)


def interpolated(bins, bands, rate, back=lambda mel: 700 * (10 ** (mel / 2595) - 1)):
    edges = back(np.linspace(0, 2595 * np.log10(1 + rate / 1400), bands + 2))
    f = np.linspace(0, rate / 2, bins)
    return np.transpose([np.interp(f, edges[b : b + 3], [0, 1, 0]) for b in range(bands)])


def close_ones(generated, training, threshold):
    nearest = cdist(generated, training, "cosine").min(1)
    return sum(distance < 1 - threshold for distance in nearest) / len(generated)


def downhill(noise, w, b, c, steps, scale, ahead=0, second=1.0):
    def led(x, t):
        free, told = x @ w + t * b, x @ w + t * b + c
        return (1 - scale) * free + scale * told

    x, times = noise.copy(), np.linspace(1, 0, steps + 1) - ahead / steps
    for now, then in pairwise(times):
        slope = led(x, now)
        slope += second * (led(x + (then - now) * slope, then) - slope) / 2
        x = x + (then - now) * slope
    return x


ANSWERS = {
    "check_sample_flow": downhill,
    "check_log_distance": distance,
    "check_free_bits": free_bits,
    "check_elbo": bound,
    "check_generator_loss": generator,
    "check_hinge": game,
    "check_mean_velocity": through_music,
    "check_adaln_block": one_block,
    "check_blend": blended,
    "check_octave": folded,
    "check_mix": laid_over,
    "check_copies": close_ones,
    "check_mel_filters": interpolated,
}
MISTAKES = [
    ("check_log_distance", lambda a, b: 2 * distance(a, b), "not 20"),
    ("check_log_distance", lambda a, b: distance(a.T, b.T), "rows"),
    ("check_log_distance", lambda a, b: np.sqrt((100 * np.log10(a / b) ** 2).mean()), "each frame"),
    ("check_free_bits", lambda m, v, free: 2 * free_bits(m, v, free / 2), "½"),
    ("check_free_bits", lambda m, v, free: free_bits(m, v, free) / m.shape[1], "not the mean"),
    ("check_free_bits", lambda m, v, free: free_bits(m, v, 0), "not used"),
    ("check_free_bits", lambda m, v, free: free_bits(m.T, v.T, free), "axis 0"),
    ("check_free_bits", lambda *case: free_bits(*case, first=np.maximum), "each frame"),
    (
        "check_free_bits",
        lambda m, v, free: free_bits(m, v, free) - free * m.shape[1],
        "not subtracted",
    ),
    ("check_elbo", lambda *case: bound(*case)[::-1], "swapped"),
    (
        "check_elbo",
        lambda x, m, v, e, w, s: (
            np.array(bound(x, m, v, e, w, s)) + x.shape[1] / 2 * np.log(2 * np.pi * s)
        ),
        "log 2πs² is missing",
    ),
    (
        "check_elbo",
        lambda x, m, v, e, w, s: sampled_with_variances(x, m, v, e, w, s),
        "its square root",
    ),
    ("check_elbo", lambda *case: bound(*case)[0], "one number"),
    (
        "check_generator_loss",
        lambda r, f, s, k, w: generator(r, f, s, k, w) + 2 * w["adversarial"] * f[-1].mean(),
        "wants a high score",
    ),
    (
        "check_generator_loss",
        lambda r, f, s, k, w: generator([*r, r[-1]], [*f, f[-1]], s, k, w),
        "leave out the last",
    ),
    (
        "check_hinge",
        lambda r, f: (
            np.mean([2 - a.mean() + b.mean() for a, b in zip(r, f, strict=True)]),
            game(r, f)[1],
        ),
        "margin",
    ),
    ("check_hinge", lambda r, f: game(f, r), "swapped"),
    ("check_hinge", lambda r, f: game(r, f)[0], "two numbers"),
    ("check_hinge", lambda r, f: (len(r) * game(r, f)[0], game(r, f)[1]), "not the sum"),
    ("check_hinge", lambda r, f: (game(r, f)[0], 1 - game(r, f)[1]), "cost something"),
    (
        "check_hinge",
        lambda r, f: (game([np.concatenate(r)], [np.concatenate(f)])[0], game(r, f)[1]),
        "mean over scales",
    ),
    (
        "check_hinge",
        lambda r, f: (
            game(r, f)[0],
            np.mean([game([a], [b])[1] for a, b in zip(r, f, strict=True)]),
        ),
        "each score once",
    ),
    ("check_mean_velocity", lambda x, t, music: through_music(x, 1 - t, music), "reversed"),
    ("check_mean_velocity", lambda *case: -through_music(*case), "increasing t"),
    ("check_mean_velocity", without_maximum, "not a number"),
    ("check_mean_velocity", lambda x, t, m: x - t * through_music(x, t, m), "mean of the music"),
    ("check_mean_velocity", lambda x, t, m: (x - m.mean(0)) / t, "counts equally"),
    ("check_sample_flow", lambda *case: downhill(*case, ahead=1), "the first t is 1"),
    ("check_sample_flow", lambda *case: downhill(*case[:5], 1.0), "guidance is missing"),
    ("check_sample_flow", lambda *case: downhill(*case, second=0), "Euler's method"),
    ("check_sample_flow", lambda *case: downhill(*case, second=2), "take the mean of both"),
    (
        "check_adaln_block",
        lambda h, c, w, b, f: one_block(h, c, w, b - np.repeat([0, 1, 0], h.shape[1]), f),
        "1 + scale",
    ),
    ("check_adaln_block", lambda *case: one_block(*case, scale=0), "h is missing"),
    ("check_adaln_block", lambda *case: one_block(*case, shift=1), "not 1 + α"),
    (
        "check_adaln_block",
        lambda h, c, w, b, f: one_block(
            h, c, np.roll(w, -h.shape[1], 1), np.roll(b, -h.shape[1]), f
        ),
        "comes last",
    ),
    ("check_blend", lambda p, s, n: blended(p, s, n, (1,) * 8), "triangular"),
    ("check_octave", lambda t, r: t * 2 ** int(np.log2(r / t) // 1), "not down"),
    ("check_octave", lambda t, r: t / 2 ** round(np.log2(r / t)), "inverted"),
    (
        "check_octave",
        lambda t, r: sorted([t / 2, t, t * 2], key=lambda x: max(x / r, r / x))[0],
        "once is not always enough",
    ),
    ("check_mix", lambda *case: laid_over(*case, gain=lambda lam: 1), "variance"),
    ("check_mix", lambda a, b, s, lam: laid_over(b, a, s[::-1], lam), "first sound"),
    ("check_mix", lambda a, b, s, lam: laid_over(a, b, (0, 0), lam), "do not begin"),
    ("check_mix", lambda a, b, s, lam: laid_over(a, b, [max(s)] * 2, lam), "the same place"),
    ("check_mix", lambda *case: np.clip(louder(*case), -1, 1), "distorts"),
    ("check_mix", lambda *case: louder(*case) / max(map(abs, louder(*case))), "stays as it is"),
    (
        "check_mel_filters",
        lambda n, b, r: interpolated(n, b, r, lambda m: m / m.max() * r / 2),
        "in mel, not in Hz",
    ),
    (
        "check_mel_filters",
        lambda n, b, r: interpolated(n, b, r) / interpolated(n, b, r).sum(0),
        "maximum 1",
    ),
    ("check_copies", lambda a, b, t: (cdist(a, b, "cosine") < 1 - t).mean(), "all pairs"),
    ("check_copies", lambda a, b, t: close_ones(b, a, t), "maximum for each generated"),
    ("check_copies", lambda a, b, t: len(a) * close_ones(a, b, t), "count"),
]
