"""Token sampling with a key–value cache.

Without a cache, a transformer recomputes all keys and values for every new token. The cache stores
them, so that a new token needs only one row of computation.
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

COLDEST = 1e-6  # a lower temperature is 0: logits divided by it may be infinite
Allowed = Callable[[Tensor | None], Tensor]  # tokens just drawn (n,) or None → (n, vocab) bool


@dataclass(frozen=True)
class Sampling:
    """How a token is sampled from the logits.

    temperature: below 1 sharpens the distribution, above 1 flattens it, 0 takes the likeliest
        token. top_k: only the k
    likeliest, 0 for all. top_p: the smallest set of tokens whose probabilities reach p (nucleus
    sampling, Holtzman et al. 2020). repetition: logits of tokens among the last `window` are
    divided by it where positive and multiplied where negative (CTRL, Keskar et al. 2019); 1 is
    off, and it goes from 0.01 to 100. Raises PromptError for what is out of range.
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
            raise PromptError("top_p=0: give a number above 0, at most 1")

    def draw(
        self, logits: Tensor, past: Tensor, random: torch.Generator | Sequence[torch.Generator]
    ) -> Tensor:
        """logits (n, vocab), past (n, time) ids so far → (n,) ids. random: one generator for all
        rows, or one for each."""
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
            ordered, place = probabilities.sort(-1, descending=True)
            before = ordered.cumsum(-1) - ordered  # a token stays if those before it fall short
            ordered = ordered.masked_fill(before > self.top_p * ordered.sum(-1, keepdim=True), 0.0)
            probabilities = torch.zeros_like(ordered).scatter(1, place, ordered)
        if isinstance(random, torch.Generator):
            return torch.multinomial(probabilities, 1, generator=random).squeeze(1)
        rows = zip(probabilities, random, strict=True)
        return torch.cat([torch.multinomial(row, 1, generator=g) for row, g in rows])


class KeyValueCache:
    """One layer's keys and values, in a buffer as long as the sequence will be."""

    def __init__(self, n: int, heads: int, length: int, size: int, like: Tensor) -> None:
        self.keys = torch.empty(n, heads, length, size, dtype=like.dtype, device=like.device)
        self.values = torch.empty_like(self.keys)
        self.filled = 0

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add (n, heads, time, size); all so far come back."""
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

    prompt: (time,) ids, at least one. At most `length` tokens, and no more than the context
    holds; it stops early when every row has drawn `end` (rows that have go on yielding `end`).
    allowed: which tokens may come, given those just drawn; at least one in each row. seed: of the
    first row, from which those of the others follow, or one for each: row i is the same whatever
    `n` is.
    """
    sampling = sampling or Sampling()
    config = model.config
    start = prompt.shape[0]
    if not 0 < start <= config.context:
        raise ValueError(
            f"prompt: {start} tokens; the context holds 1 to {config.context}, so shorten it"
        )
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
    new, drawn = past, None
    for step in range(length):
        with torch.inference_mode():
            first = 0 if step == 0 else start + step - 1
            last = model.hidden(new, caches, first)[:, -1]  # (n, width)
            logits = F.linear(last, model.wte.weight).float()  # (n, vocab)
            if allowed is not None:
                logits = logits.masked_fill(~allowed(drawn), -torch.inf)
            drawn = sampling.draw(logits, past[:, start:], random)
            if end is not None:
                drawn = torch.where(done, end, drawn)
                done = done | (drawn == end)
        yield drawn
        if done.all():
            return
        past = torch.cat([past, drawn[:, None]], dim=1)
        new = drawn[:, None]


def generate(model: GPT, prompt: Tensor, n: int, length: int, **settings: object) -> Tensor:
    """All of `stream` at once: (n, tokens drawn)."""
    drawn = list(stream(model, prompt, n, length, **settings))  # type: ignore[arg-type]
    return torch.stack(drawn, dim=1) if drawn else torch.empty(n, 0, dtype=torch.long)


@torch.inference_mode()
def recompute(
    model: GPT, prompt: Tensor, n: int, length: int, *, seed: int, sampling: Sampling | None = None
) -> Tensor:
    """What `generate` draws, without the cache, as minGPT does it: the whole sequence goes through
    the network for every new token. (n, tokens drawn), `length` of them."""
    sampling = sampling or Sampling()
    random = [generator(row) for row in row_seeds(seed_of(seed), n)]
    start = len(prompt)
    ids = prompt.expand(n, start)
    for _ in range(length):
        drawn = sampling.draw(model(ids)[:, -1], ids[:, start:], random)
        ids = torch.cat([ids, drawn[:, None]], dim=1)
    return ids[:, start:]
