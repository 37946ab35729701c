"""Token sampling with a key–value cache.

Without a cache, a transformer recomputes all keys and values for every new token. The cache stores
them, so that only the new token is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.arguments import generator, number, row_seeds, seed_of, whole
from workbench.errors import PromptError
from workbench.models.gpt import GPT

COLDEST = 1e-6  # a lower temperature counts as 0, because logits / temperature could be infinite
Allowed = Callable[[Tensor | None], Tensor]  # the last tokens (n,) or None → (n, vocab) bool


@dataclass(frozen=True)
class Sampling:
    """How a token is sampled from the logits.

    Args:
        temperature: Below 1 sharpens the distribution, above 1 flattens it. 0 takes the likeliest
            token.
        top_k: Sample from the k likeliest tokens; 0 for all.
        top_p: Sample from the smallest set of likeliest tokens whose probabilities add up to at
            least p, 0 < p ≤ 1 (nucleus sampling, Holtzman et al. 2020, arXiv 1904.09751, eq. 2).
        repetition: Penalty for tokens among the last `window`, 0.01 to 100: positive logits are
            divided by it, negative ones multiplied (CTRL, Keskar et al. 2019, arXiv 1909.05858,
            section 4.1). 1 is off.
        window: Number of past tokens that the penalty applies to.

    Raises:
        PromptError: If a value is out of its range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition: float = 1.0
    window: int = 64

    def __post_init__(self) -> None:
        for name, value in {
            "temperature": number(self.temperature, "temperature", 0),
            "top_k": whole(self.top_k, "top_k", 0),
            "top_p": number(self.top_p, "top_p", 0, 1),
            "repetition": number(self.repetition, "repetition", 0.01, 100),
            "window": whole(self.window, "window", 1, 2**31),
        }.items():
            object.__setattr__(self, name, value)
        if self.top_p == 0:
            raise PromptError("top_p must be above 0 and at most 1, got 0")

    def sample(
        self, logits: Tensor, past: Tensor, random: torch.Generator | Sequence[torch.Generator]
    ) -> Tensor:
        """Sample one token per row.

        Args:
            logits: (n, vocab).
            past: (n, time), the ids so far.
            random: One generator for all rows, or a list with one per row.

        Returns:
            Ids (n,).
        """
        if self.repetition != 1.0 and past.shape[1]:
            recent = past[:, -self.window :]
            score = logits.gather(1, recent)
            score = torch.where(score > 0, score / self.repetition, score * self.repetition)
            logits = logits.scatter(1, recent, score)
        if self.temperature < COLDEST:
            return logits.argmax(-1)
        probabilities = (logits / self.temperature).softmax(-1)
        if self.top_k and self.top_k < logits.shape[-1]:
            least = probabilities.topk(self.top_k).values[:, -1:]
            probabilities = probabilities.masked_fill(probabilities < least, 0.0)
        if self.top_p < 1:
            ordered, index = probabilities.sort(-1, descending=True)
            before = ordered.cumsum(-1) - ordered  # a token stays if those before it fall short
            ordered = ordered.masked_fill(before > self.top_p * ordered.sum(-1, keepdim=True), 0.0)
            probabilities = torch.zeros_like(ordered).scatter(1, index, ordered)
        if isinstance(random, torch.Generator):
            return torch.multinomial(probabilities, 1, generator=random).squeeze(1)
        rows = zip(probabilities, random, strict=True)
        return torch.cat([torch.multinomial(row, 1, generator=g) for row, g in rows])

    draw = sample  # the old name


class KeyValueCache:
    """Keys and values of one layer, in a buffer for the whole sequence: (n, heads, length,
    size)."""

    def __init__(self, n: int, heads: int, length: int, size: int, like: Tensor) -> None:
        self.keys = torch.empty(n, heads, length, size, dtype=like.dtype, device=like.device)
        self.values = torch.empty_like(self.keys)
        self.filled = 0

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values (n, heads, time, size) and return all so far."""
        end = self.filled + key.shape[2]
        self.keys[:, :, self.filled : end] = key
        self.values[:, :, self.filled : end] = value
        self.filled = end
        return self.keys[:, :, :end], self.values[:, :, :end]


def stream(
    model: GPT,
    prompt: Tensor,
    n: int,
    length: int,
    *,
    seed: int | Sequence[int],
    sampling: Sampling | None = None,
    allowed: Allowed | None = None,
    end: int | None = None,
) -> Iterator[Tensor]:
    """Yield the next token of `n` continuations of one prompt, (n,) ids at a time.

    It stops when every row has sampled `end`; rows that ended earlier go on yielding `end`.

    Args:
        model: The network.
        prompt: Ids (time,), at least one.
        n: Number of continuations.
        length: Number of new tokens, at most; the context also limits them.
        seed: Seed of the first row, from which those of the others are derived, or one seed per
            row. Row i does not depend on n.
        sampling: How tokens are sampled.
        allowed: Receives the last tokens (n,), or None at the start, and returns which tokens may
            follow, (n, vocab) bool, at least one in each row.
        end: The token that ends a row.
    """
    sampling = sampling or Sampling()
    config = model.config
    start = prompt.shape[0]
    if not 0 < start <= config.context:
        raise ValueError(f"prompt must have 1 to {config.context} tokens, got {start}")
    length = min(length, config.context - start)
    seeds = seed if isinstance(seed, Sequence) else row_seeds(seed_of(seed), n)
    random = [generator(row) for row in seeds]
    size = config.width // config.heads
    caches = [
        KeyValueCache(n, config.heads, start + length, size, model.wte.weight)
        for _ in range(config.depth)
    ]
    past = prompt.expand(n, start)
    done = torch.zeros(n, dtype=torch.bool)
    new, ids = past, None
    for step in range(length):
        with torch.inference_mode():
            first = 0 if step == 0 else start + step - 1
            last = model.hidden(new, caches, first)[:, -1]  # (n, width)
            logits = F.linear(last, model.wte.weight).float()  # (n, vocab)
            if allowed is not None:
                logits = logits.masked_fill(~allowed(ids), -torch.inf)
            ids = sampling.sample(logits, past[:, start:], random)
            if end is not None:
                ids = torch.where(done, end, ids)
                done = done | (ids == end)
        yield ids
        if done.all():
            return
        past = torch.cat([past, ids[:, None]], dim=1)
        new = ids[:, None]


def generate(model: GPT, prompt: Tensor, n: int, length: int, **settings: object) -> Tensor:
    """Return all tokens of `stream` at once: (n, new tokens)."""
    tokens = list(stream(model, prompt, n, length, **settings))  # type: ignore[arg-type]
    return torch.stack(tokens, dim=1) if tokens else torch.empty(n, 0, dtype=torch.long)


@torch.inference_mode()
def recompute(
    model: GPT, prompt: Tensor, n: int, length: int, *, seed: int, sampling: Sampling | None = None
) -> Tensor:
    """Return the same tokens as `generate` without the cache, as minGPT does: the network processes
    the whole sequence for every new token. Returns ids (n, length)."""
    sampling = sampling or Sampling()
    random = [generator(row) for row in row_seeds(seed_of(seed), n)]
    start = len(prompt)
    ids = prompt.expand(n, start)
    for _ in range(length):
        new = sampling.sample(model(ids)[:, -1], ids[:, start:], random)  # (n,)
        ids = torch.cat([ids, new[:, None]], dim=1)
    return ids[:, start:]
