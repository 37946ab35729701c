"""The variational bound of Diffusion-LM on held-out data, in bits per word.

−log p(w) ≤ E[ log q(x_T|x₀)/p(x_T)                                          prior
             + Σ_t KL(q(x_{t−1}|x_t, x₀) ‖ p(x_{t−1}|x_t))                   denoising
             + log q(x₀|w) − log p(x₀|x_1)                                   first step
             − log p(w|x₀) ]                                                 rounding
(Li et al. 2022, L_vlb^e2e). With the posterior's variance β̃ for the reverse steps each KL would be
½(SNR_{t−1} − SNR_t)·‖x₀ − x̂₀‖² (Kingma et al. 2021, arXiv 2107.00630, eq. 13). Here x₀ has a small
noise σ₀ of its own even if the word is known, and the variance of the reverse steps includes it.
The steps are then exact for known words, so only uncertainty about the words costs bits. The "bits
per word" of the original publication are most likely the rounding term alone, which measures only
how well the embeddings are separated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.arguments import generator, seed_of
from workbench.models.diffusion_lm import DiffusionLM
from workbench.models.masked_lm import counted


@torch.inference_mode()
def bound(
    model: DiffusionLM,
    words: Tensor,
    pad: int,
    *,
    draws: int = 8,
    seed: int = 0,
    free: Sequence[int] = (),
) -> dict[str, float]:
    """Return the bound in bits per word: each term, their sum "total", and its standard error
    "error" over sequences.

    The estimate of the sum over t is unbiased. Each draw takes one step per sequence, from as many
    strata of 1 … T − 1 with equal probability as there are sequences in a batch.

    Args:
        model: The network.
        words: (n, time) words; at least two sequences.
        pad: The word of padding, which does not count.
        draws: Steps per sequence that are evaluated.
        seed: Seed of the noise.
        free: Words that cost next to nothing, such as those at the ends of each sequence: the bits
            of a sequence are divided by the number of its other words.

    Source: Li et al. 2022, arXiv 2205.14217, eq. 2; Kingma et al. 2021, arXiv 2107.00630, eq. 13.
    """
    random = generator(seed_of(seed))
    rows = [_terms(model, batch.long(), pad, draws, random) for batch in words.split(64)]
    parts = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
    counts = counted(words, pad, free).float()
    nats = sum(parts.values(), torch.zeros_like(counts))
    per_word = nats / counts  # (n,): nats per word of each sequence
    scale = 1 / (math.log(2) * float(counts.sum()))
    result = {name: float(value.sum()) * scale for name, value in parts.items()}
    result["total"] = float(nats.sum()) * scale
    result["error"] = float(per_word.std() / math.sqrt(len(per_word)) / math.log(2))
    return result


def _terms(
    model: DiffusionLM, words: Tensor, pad: int, draws: int, random: torch.Generator
) -> dict[str, Tensor]:
    """Return the nats of each sequence by term: (n,) each."""
    diffusion, n = model.diffusion, len(words)
    bar = diffusion.alphas_bar.double()
    snr = bar / (1 - bar)
    real = (words != pad)[..., None]
    clean = model.embed(words)
    noise = torch.randn(clean.shape, generator=random)
    x0 = clean + model.sigma0 * noise
    size = real.sum((1, 2)) * clean.shape[-1]  # numbers in each sequence

    def squared(values: Tensor) -> Tensor:
        return (values.double().square() * real).sum((1, 2))

    # KL(N(√ᾱ_T x₀, 1 − ᾱ_T) ‖ N(0, 1))
    last = bar[-1]
    prior = 0.5 * (last * squared(x0) + size * ((1 - last) - 1 - torch.log1p(-last)))

    # Importance sampling: half of the probability of a step is proportional to its weight, half is
    # uniform, because the few steps with little noise have most of the weight.
    gap = snr[:-1] - snr[1:]  # of steps 1 … T − 1
    probability = 0.5 * gap / gap.sum() + 0.5 / len(gap)
    denoising = torch.zeros(n, dtype=torch.float64)
    for _ in range(draws):
        parts = (torch.randperm(n, generator=random) + torch.rand(n, generator=random)) / n
        index = torch.searchsorted(probability.cumsum(0), parts.double()).clamp(max=len(gap) - 1)
        t = index + 1
        x_t = diffusion.add_noise(x0, torch.randn(x0.shape, generator=random), t)
        error = squared(x0 - predict(model, x_t, t, words != pad))
        beta = 1 - bar[t] / bar[t - 1]
        posterior = beta * (1 - bar[t - 1]) / (1 - bar[t])  # β̃, the variance for a known x₀
        slope = bar[t - 1].sqrt() * beta / (1 - bar[t])  # how much the step's mean depends on x₀
        variance = posterior + slope**2 * unseen(model, bar[t])
        cost = 0.5 * size * ((variance / posterior).log() + posterior / variance - 1)
        denoising += (cost + slope**2 * error / (2 * variance)) / probability[index] / draws

    # The first step: p(x₀|x_1) is a Gaussian around x̂₀.
    first = torch.zeros(n, dtype=torch.long)
    x_1 = diffusion.add_noise(x0, torch.randn(x0.shape, generator=random), first)
    error = squared(x0 - predict(model, x_1, first, words != pad))
    variance = unseen(model, bar[0])
    start = 0.5 * size * torch.log(variance / model.sigma0**2) + error / (2 * variance)
    start = start - squared(x0 - clean) / (2 * model.sigma0**2)

    logits = model.round(x0)
    rounding = F.cross_entropy(logits.flatten(0, 1), words.flatten(), reduction="none")
    rounding = (rounding.view(words.shape) * (words != pad)).sum(1)
    return {"prior": prior, "denoising": denoising, "first step": start, "rounding": rounding}


def unseen(model: DiffusionLM, bar: Tensor) -> Tensor:
    """Return the variance of x₀'s own noise given x_t and the word; bar is ᾱ_t."""
    return model.sigma0**2 * (1 - bar) / (bar * model.sigma0**2 + 1 - bar)


def predict(model: DiffusionLM, x_t: Tensor, t: Tensor, mask: Tensor) -> Tensor:
    """Return x̂₀ for the reverse step, (n, time, dim): the mean embedding under the words'
    probabilities, plus the share of the rest of x_t that is x₀'s own noise and not the step's.

    Any function of x_t gives a valid bound. This one is exact where the probabilities are exact.
    The network's output itself does not contain the small noise of x₀, which would add to the cost
    of every step.
    """
    guess = None
    if model.config.self_conditioning:
        guess = model.guess(model(x_t, t, None, mask))
    word = model.mean_word(model(x_t, t, guess, mask))
    signal, sigma = model.diffusion.scales(t, x_t)
    own = signal * model.sigma0**2
    return word + own / (signal * own + sigma**2) * (x_t - signal * word)
