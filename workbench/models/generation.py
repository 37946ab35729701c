"""Token sampling with a key–value cache.

Without a cache, a transformer recomputes all keys and values for every new token. The cache stores
them, so that only the new token is computed. For one token, calling modules takes longer than the
arithmetic in them, so `Step` computes it by plain operations on their weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.arguments import generator, number, row_seeds, seed_of, whole
from workbench.errors import PromptError
from workbench.models.gpt import GPT

COLDEST = 1e-6  # a lower temperature counts as 0, because logits / temperature could be infinite
Allowed = Callable[[Tensor | None], Tensor]  # the last tokens (n,) or None → (n, vocab) bool
Hinting = Callable[[Tensor | None], Tensor]  # the same → hints (n, tokens, 3), see `Hints.follow`
Echoing = Callable[[Tensor | None], tuple[Tensor, Tensor]]  # the same → see `Hints.recall`


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
        echo: Share of the probability that an echo with the longest reach receives, 0 to 1; those
            of another reach receive proportionally less or more. Without echoes it has no effect.

    Raises:
        PromptError: If a value is out of its range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition: float = 1.0
    window: int = 64
    echo: float = 0.0

    def __post_init__(self) -> None:
        for name, value in {
            "temperature": number(self.temperature, "temperature", 0),
            "top_k": whole(self.top_k, "top_k", 0),
            "top_p": number(self.top_p, "top_p", 0, 1),
            "repetition": number(self.repetition, "repetition", 0.01, 100),
            "window": whole(self.window, "window", 1, 2**31),
            "echo": number(self.echo, "echo", 0, 1),
        }.items():
            object.__setattr__(self, name, value)
        if self.top_p == 0:
            raise PromptError("top_p must be above 0 and at most 1, got 0")

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is taken, so that all rows of a batch are the same."""
        return self.temperature < COLDEST or self.top_k == 1

    def sample(
        self,
        logits: Tensor,
        past: Tensor,
        random: torch.Generator | Sequence[torch.Generator],
        echoes: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Sample one token per row.

        Args:
            logits: (n, vocab).
            past: (n, time), the ids so far.
            random: One generator for all rows, or a list with one per row.
            echoes: The id that each row has as an echo, (n,), and its reach, 0 for none, 1 for the
                longest tail, (n,).

        Returns:
            Ids (n,).
        """
        if self.repetition != 1.0 and past.shape[1]:
            recent = past[:, -self.window :]
            score = logits.gather(1, recent)
            score = torch.where(score > 0, score / self.repetition, score * self.repetition)
            logits = logits.scatter(1, recent, score)
        if echoes is not None and self.echo:
            logits = with_echoes(logits, echoes[0], (self.echo * echoes[1]).clamp(max=1))
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


def with_echoes(logits: Tensor, echo: Tensor, share: Tensor) -> Tensor:
    """Mix a distribution with one that repeats: p = (1 − λ) softmax(logits) + λ [token = echo].

    Args:
        logits: (n, vocab); −∞ where a token is not allowed.
        echo: The token that would repeat the past, (n,). If it is not allowed, λ is 0.
        share: λ of each row, 0 to 1, (n,).

    Returns:
        ln p, (n, vocab).

    Source:
        Kuhn and De Mori 1990, "A cache-based natural language model for speech recognition"; with
        the network's long memory: Grave et al. 2017, arXiv 1612.04426, section 3.
    """
    echo = echo[:, None]
    share = torch.where(logits.gather(1, echo) == -torch.inf, 0.0, share[:, None])
    return ((1 - share) * logits.softmax(-1)).scatter_add(1, echo, share).log()


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

    def repeated(self, n: int, more: int) -> KeyValueCache:
        """Return a copy of a cache of one row for `n` rows, with room for `more` tokens."""
        _, heads, _, size = self.keys.shape
        other = KeyValueCache(n, heads, self.filled + more, size, self.keys)
        other.append(self.keys[:, :, : self.filled], self.values[:, :, : self.filled])
        return other


class SharedCache:
    """Keys and values of one layer of several continuations of one prompt. Those of the prompt are
    stored once, so that each step reads them only once from memory."""

    def __init__(self, prompt: KeyValueCache, n: int, length: int) -> None:
        """prompt: of one row; length: most new tokens."""
        _, heads, _, size = prompt.keys.shape
        self.keys, self.values = prompt.keys[0], prompt.values[0]  # (heads, prompt, size)
        self.own = KeyValueCache(n, heads, length, size, prompt.keys)
        self.scale = size**-0.5

    @property
    def filled(self) -> int:
        return self.keys.shape[1] + self.own.filled

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Add keys and values of one token per row, and return the attention of its query; each
        (n, heads, 1, size)."""
        keys, values = self.own.append(key, value)
        first = torch.matmul(query[:, :, 0].transpose(0, 1), self.keys.transpose(1, 2))
        second = torch.matmul(query, keys.transpose(2, 3))[:, :, 0].transpose(0, 1)
        weights = (torch.cat([first, second], -1) * self.scale).softmax(-1)  # (heads, n, time)
        before, since = weights.split([first.shape[-1], second.shape[-1]], -1)
        of_prompt = torch.matmul(before, self.values).transpose(0, 1)[:, :, None]
        return of_prompt + torch.matmul(since.transpose(0, 1)[:, :, None], values)


class SingleCache:
    """The same of one continuation, in one buffer."""

    def __init__(self, prompt: KeyValueCache, length: int) -> None:
        self.cache = prompt.repeated(1, length)

    @property
    def filled(self) -> int:
        return self.cache.filled

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(query, *self.cache.append(key, value))


class Step:
    """The network for one new token per row: `model.hidden` and its head, without modules.

    Args:
        model: The network, in evaluation mode. Its weights must not change.
        caches: One per layer, with room for the new tokens.
    """

    def __init__(self, model: GPT, caches: Sequence[SharedCache | SingleCache]) -> None:
        self.model, config = model, model.config
        self.caches: Sequence[SharedCache | SingleCache] = caches
        self.heads, self.width, self.size = config.heads, config.width, config.width // config.heads
        self.head = model.wte.weight.detach().t().contiguous()
        self.last = _norm_of(model.ln_f)
        blocks: Any = model.h
        self.layers = [
            (
                _norm_of(block.ln_1),
                _map_of(block.attn.c_attn),
                _map_of(block.attn.c_proj),
                _norm_of(block.ln_2),
                _map_of(block.c_fc),
                _map_of(block.c_proj),
            )
            for block in blocks
        ]

    def __call__(self, ids: Tensor, hints: Tensor | None = None) -> Tensor:
        """Return the logits (n, vocab) after the tokens (n,). hints: theirs, (n, 1, 3)."""
        n, norm = len(ids), [self.width]
        x, rope = self.model.embedded(ids[:, None], self.caches[0].filled, hints)
        x = x[:, 0]  # (n, width)
        if rope is not None:  # the two halves of a head at once: a cos − b sin, b cos + a sin
            cos, sin = (
                part.reshape(-1, part.shape[-3] if part.ndim == 4 else 1, part.shape[-1])
                for part in rope
            )  # (n or 1, heads or 1, size / 2)
            cos, sin = torch.cat([cos, cos], -1)[:, None], torch.cat([-sin, sin], -1)[:, None]
        for cache, (norm_1, attention, project, norm_2, grow, shrink) in zip(
            self.caches, self.layers, strict=True
        ):
            split = _mapped(torch.layer_norm(x, norm, *norm_1), *attention)
            split = split.view(n, 3, self.heads, self.size)
            turned = split[:, :2]  # query and key
            if rope is not None:
                turned = turned * cos + turned.roll(self.size // 2, -1) * sin
            y = cache.attend(turned[:, 0, :, None], turned[:, 1, :, None], split[:, 2, :, None])
            x = x + _mapped(y.reshape(n, -1), *project)
            grown = _mapped(torch.layer_norm(x, norm, *norm_2), *grow)
            x = x + _mapped(F.gelu(grown, approximate="tanh"), *shrink)
        return torch.layer_norm(x, norm, *self.last) @ self.head


def _norm_of(norm: nn.LayerNorm) -> tuple[Tensor, Tensor, float]:
    return norm.weight, norm.bias, norm.eps


def _map_of(layer: nn.Linear) -> tuple[Tensor, Tensor]:
    """Return the bias and the weights of a linear layer, transposed: for a single vector a product
    with columns that lie one after the other in memory takes less than half of the time."""
    return layer.bias, layer.weight.detach().t().contiguous()


def _mapped(x: Tensor, bias: Tensor, weight: Tensor) -> Tensor:
    if len(x) == 1:
        return torch.addmv(bias, weight.t(), x[0])[None]
    return torch.addmm(bias, x, weight)


def stream(
    model: GPT,
    prompt: Tensor,
    n: int,
    length: int,
    *,
    seed: int | Sequence[int],
    sampling: Sampling | None = None,
    allowed: Allowed | None = None,
    hints: Hinting | None = None,
    echoes: Echoing | None = None,
    bias: Tensor | None = None,
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
            follow, (n, vocab) bool, at least one in each row. Ids beyond its last column are not
            allowed.
        hints: Receives the same and returns the hints of the prompt, which are the same in all
            rows, then of the last tokens; for a network that reads hints.
        echoes: Receives the same and returns the tokens that may repeat the past, (n,), and their
            reach, (n,); for `Sampling.echo`.
        bias: Added to the logits of the first tokens of the vocabulary, (tokens,).
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
    caches = caches_for(model, start)
    past = torch.empty(n, length, dtype=torch.long)
    done = torch.zeros(n, dtype=torch.bool)
    one, ids = None, None
    for step in range(length):
        with torch.inference_mode():
            about = hints(ids) if hints is not None else None
            if ids is None or one is None:
                whole = model.hidden(
                    prompt[None], caches, hints=None if about is None else about[:1]
                )
                logits = F.linear(whole[:, -1], model.wte.weight).repeat(n, 1)  # (n, vocab)
                one = Step(
                    model,
                    [
                        SingleCache(cache, length) if n == 1 else SharedCache(cache, n, length)
                        for cache in caches
                    ],
                )
            else:
                logits = one(ids, about)
            logits = logits.float()
            if bias is not None:
                logits[:, : len(bias)] += bias
            if allowed is not None:
                fine = allowed(ids)
                logits[:, fine.shape[1] :] = -torch.inf
                logits[:, : fine.shape[1]].masked_fill_(~fine, -torch.inf)
            repeated = echoes(ids) if echoes is not None else None
            ids = sampling.sample(logits, past[:, :step], random, repeated)
            if end is not None:
                ids = torch.where(done, end, ids)
                done = done | (ids == end)
            past[:, step] = ids
        yield ids
        if end is not None and done.all():
            return


def caches_for(model: GPT, length: int) -> list[KeyValueCache]:
    """Return empty caches of one row for `length` tokens, one per layer."""
    heads, size = model.config.heads, model.config.width // model.config.heads
    return [KeyValueCache(1, heads, length, size, model.wte.weight) for _ in model.h]


def generate(model: GPT, prompt: Tensor, n: int, length: int, **settings: object) -> Tensor:
    """Return all tokens of `stream` at once: (n, new tokens)."""
    tokens = list(stream(model, prompt, n, length, **settings))  # type: ignore[arg-type]
    return torch.stack(tokens, dim=1) if tokens else torch.empty(n, 0, dtype=torch.long)


@torch.inference_mode()
def recompute(
    model: GPT,
    prompt: Tensor,
    n: int,
    length: int,
    *,
    seed: int,
    sampling: Sampling | None = None,
    hints: Hinting | None = None,
) -> Tensor:
    """Return the same tokens as `generate` without the cache, as minGPT does: the network processes
    the whole sequence for every new token. Returns ids (n, length)."""
    sampling = sampling or Sampling()
    random = [generator(row) for row in row_seeds(seed_of(seed), n)]
    start = len(prompt)
    ids = prompt.expand(n, start)
    about = hints(None) if hints is not None else None
    for _ in range(length):
        new = sampling.sample(model(ids, hints=about)[:, -1], ids[:, start:], random)  # (n,)
        ids = torch.cat([ids, new[:, None]], dim=1)
        if hints is not None and about is not None:
            about = torch.cat([about, hints(new)], dim=1)
    return ids[:, start:]
