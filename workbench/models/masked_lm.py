"""Masked diffusion of words: MDLM (Sahoo et al. 2024, arXiv 2406.07524).

    words w ─→ each word becomes [MASK] with probability t ─→ t = 1, all are masked
    words w ←─ some masked words get a value ←─ network(words, [MASK]) ←─ all masked

The discrete counterpart of `diffusion_lm.py`: words are masked instead of drowned in noise. There
are no embeddings to round, and no noise level for the network to read: the number of masked words
says it. This is the absorbing case of D3PM (Austin et al. 2021, arXiv
2107.03006); SCHmUBERT (Plasser et al. 2023, arXiv 2305.09489) uses it for music. Controls are
classes that the network receives beside the words, strengthened by classifier-free guidance.
Notebook: `notebooks/11_diffusion_lm.ipynb`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.arguments import generator, seed_of
from workbench.models.diffusion import guided
from workbench.models.diffusion_lm import stratified
from workbench.models.gpt import Rope, angles, head_size, rotate


@dataclass(frozen=True)
class MaskedLMConfig:
    """Sizes of a `MaskedLM`.

    Args:
        vocab: Number of words.
        length: Words per sequence, at most.
        together: Words that share a position: 4 for the position, pitch, velocity and duration of
            a note.
        width: Width of the transformer.
        depth: Number of layers.
        heads: Attention heads per layer.
        dropout: Dropout rate.
        controls: Number of classes of each control.
    """

    vocab: int
    length: int = 130
    together: int = 4
    width: int = 256
    depth: int = 4
    heads: int = 4
    dropout: float = 0.1
    controls: tuple[int, ...] = ()

    @property
    def places(self) -> int:
        """Number of positions. [CLS], which precedes the first note, is the last word of its
        own."""
        return math.ceil((self.together - 1 + self.length) / self.together)


class Block(nn.Module):
    """Attention in both directions with rotary positions, then two layers that are four times as
    wide inside, with layer norms before them: (batch, places, width) → the same."""

    def __init__(self, config: MaskedLMConfig) -> None:
        super().__init__()
        width, self.heads = config.width, config.heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.drop = nn.Dropout(config.dropout)
        for layer in (self.out_proj, self.down):  # the block is the identity at first
            nn.init.zeros_(layer.weight)

    def forward(self, h: Tensor, rope: Rope, mask: Tensor) -> Tensor:
        split = self.qkv(self.norm1(h)).unflatten(-1, (3, self.heads, -1))
        q, k, v = split.permute(2, 0, 3, 1, 4)  # (batch, heads, places, size)
        y = F.scaled_dot_product_attention(rotate(q, rope), rotate(k, rope), v, mask)
        h = h + self.drop(self.out_proj(y.transpose(1, 2).flatten(2)))
        return h + self.drop(self.down(F.gelu(self.up(self.norm2(h)))))


class MaskedLM(nn.Module):
    """A transformer that predicts masked words from the others.

    The words of a note enter and leave at one position: their embeddings are added up, and each has
    a linear layer of its own. A sequence has a quarter as many positions as words, and a step of
    training takes a quarter of the time. The words themselves are masked one by one.

    Source: Hsiao et al. 2021, arXiv 2101.02402 (compound words), for notes as positions.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, config: MaskedLMConfig) -> None:
        super().__init__()
        self.config = config
        width, size = config.width, (config.vocab + 1) * config.together
        self.word_embedding = nn.Embedding(size, width)  # a table for each word of a position
        self.controls = nn.ModuleList(nn.Embedding(n + 1, width) for n in config.controls)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, config.vocab * config.together)
        cos, sin = angles(config.places, head_size(width, config.heads))
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for table in (self.word_embedding, *self.controls):
            nn.init.normal_(table.weight, std=0.02)

    @property
    def mask_id(self) -> int:
        """The id of [MASK]."""
        return self.config.vocab

    def forward(
        self, words: Tensor, mask: Tensor | None = None, controls: Tensor | None = None
    ) -> Tensor:
        """Words (batch, time), some of them `mask_id` → logits of words (batch, time, vocab).

        mask: (batch, time), true where the word is not padding. controls: classes (batch, controls)
        int64, −1 where a control is not given; None for none.
        """
        batch, time = words.shape
        together, before = self.config.together, self.config.together - 1
        after = -(before + time) % together
        real = torch.ones_like(words, dtype=torch.bool) if mask is None else mask.bool()
        real = F.pad(real, (before, after)).unflatten(1, (-1, together))  # (batch, places, words)
        slots = F.pad(words, (before, after)).unflatten(1, (-1, together))
        first = torch.arange(together, device=words.device) * (self.config.vocab + 1)
        h = (self.word_embedding(slots + first) * real[..., None]).sum(2)  # (batch, places, width)
        for i, table in enumerate(self.controls):
            given = words.new_full((batch,), -1) if controls is None else controls[:, i]
            h = h + table(given + 1)[:, None]  # row 0: not given
        rope = (self.cos[: h.shape[1]], self.sin[: h.shape[1]])
        allowed = real.any(2)[:, None, None]  # (batch, 1, 1, places)
        for block in self.blocks:
            h = block(h, rope, allowed)
        logits = self.lm_head(self.norm(h)).unflatten(2, (together, -1))
        return logits.flatten(1, 2)[:, before : before + time]

    def noise_levels(self, steps: int) -> list[float]:
        """Return the share of masked words before each step of `sample`."""
        return [1 - i / steps for i in range(steps)]


# --- training ---------------------------------------------------------------------------------


def losses(
    model: MaskedLM, words: Tensor, pad: int, controls: Tensor | None = None
) -> dict[str, Tensor]:
    """Return the bound per word for words (batch, time), in nats, as the term "masked".

    The negative evidence lower bound with the linear schedule α_t = 1 − t is

        −log p(w) ≤ ∫₀¹ (1/t) · E[ Σ_masked −log p(w_i | words that are not masked) ] dt    (1)

    Given their number k, all sets of masked words have equal probability, and the integral over t
    leaves n/k · Σ with k uniform on 1 … n: the mean cross entropy of the masked words, times n. k
    has less variance than t (it cannot be 0), and is stratified over the batch.

    Args:
        model: The network.
        words: (batch, time) ids.
        pad: The word of padding, which is neither masked, nor attended to, nor counted.
        controls: Classes (batch, controls), −1 where one is not given. Each is hidden at random, so
            that the network learns all subsets of the controls; for half of the rows, none remain.

    Source: Sahoo et al. 2024, arXiv 2406.07524, the continuous-time bound; Hoogeboom et al. 2021,
    arXiv 2110.02037, and Ou et al. 2024, arXiv 2406.03736, for the uniform number of masked words;
    Ho & Salimans 2022, arXiv 2207.12598, for hiding controls.
    """
    real = words != pad
    count = real.sum(1)
    parts = stratified(len(words)).to(words.device)
    number = (parts * count).long().clamp(max=count - 1) + 1
    hidden = masked_at(real, number, torch.rand(words.shape, device=words.device))
    if controls is not None:
        keep = torch.rand(controls.shape, device=words.device) < 0.5
        keep &= torch.rand(len(words), 1, device=words.device) < 0.5
        controls = torch.where(keep, controls, -1)
    nats = _nats(model, words, hidden, real, controls) / number  # mean per masked word
    return {"masked": (nats * count).sum() / count.sum()}


def masked_at(real: Tensor, number: Tensor, uniform: Tensor) -> Tensor:
    """Return which words are masked, bool (batch, time): in each row `number` (batch,) of those
    that are `real` (batch, time), those with the lowest uniform numbers (batch, time)."""
    return ranks(real, uniform) < number[:, None]


def ranks(real: Tensor, uniform: Tensor) -> Tensor:
    """Return a random order of the real words, from 0: the rank of each uniform number (batch,
    time) in its row. All other words come after them."""
    return torch.where(real, uniform, 2.0).argsort(1).argsort(1)


def _nats(
    model: MaskedLM, words: Tensor, hidden: Tensor, real: Tensor, controls: Tensor | None = None
) -> Tensor:
    """Return −Σ log p of the hidden words given the others: (batch,)."""
    logits = model(torch.where(hidden, model.mask_id, words), real, controls).float()
    nats = F.cross_entropy(logits.transpose(1, 2), words, reduction="none")  # (batch, time)
    return (nats * hidden).sum(1)


# --- likelihood -------------------------------------------------------------------------------


@torch.inference_mode()
def bound(
    model: MaskedLM,
    words: Tensor,
    pad: int,
    *,
    draws: int = 8,
    seed: int = 0,
    free: Sequence[int] = (),
) -> dict[str, float]:
    """Return the bound (1) of `losses` in bits per word, "total", and its standard error over
    sequences, "error".

    The estimate is unbiased: equation (1) has no terms that are left out. Each sequence is
    evaluated `draws` times, with the number of masked words from as many equal parts of 1 … n.

    Args:
        model: The network.
        words: (n, time) words; at least two sequences.
        pad: The word of padding, which does not count.
        draws: Sets of masked words per sequence.
        seed: Seed of the sets.
        free: Words that cost nothing, such as those at the ends of each sequence: the bits of a
            sequence are divided by the number of its other words.
    """
    random = generator(seed_of(seed))
    nats = torch.zeros(len(words), dtype=torch.float64)
    counts = (words != pad).sum(1).cpu()
    for draw in range(draws):
        parts = (draw + torch.rand(len(words), generator=random, dtype=torch.float64)) / draws
        number = (parts * counts).long().clamp(max=counts - 1) + 1
        uniform = torch.rand(words.shape, generator=random)
        for rows in torch.arange(len(words)).split(64):
            batch = words[rows].long()
            real = batch != pad
            hidden = masked_at(real, number[rows].to(batch), uniform[rows].to(batch.device))
            part = _nats(model, batch, hidden, real).double().cpu()
            nats[rows] += part * counts[rows] / number[rows] / draws
    counts = counted(words, pad, free).cpu()
    per_word = nats / counts
    return {
        "total": float(nats.sum() / counts.sum()) / math.log(2),
        "error": float(per_word.std() / math.sqrt(len(words)) / math.log(2)),
    }


def counted(words: Tensor, pad: int, free: Sequence[int] = ()) -> Tensor:
    """Return the number of words of each sequence (n, time) that are neither padding nor free."""
    return torch.isin(words, torch.tensor([pad, *free], device=words.device), invert=True).sum(1)


# --- sampling ---------------------------------------------------------------------------------

Choose = Callable[[Tensor, Tensor], Tensor]  # (logits, uniform numbers) → words


def categorical(logits: Tensor, uniform: Tensor) -> Tensor:
    """Sample words independently: logits (batch, time, vocab), uniform numbers (batch, time) →
    (batch, time)."""
    up_to = logits.double().softmax(-1).cumsum(-1)
    return (up_to < uniform[..., None] * up_to[..., -1:]).sum(-1)


@torch.inference_mode()
def sample(
    model: MaskedLM,
    known: Tensor,
    steps: int,
    random: Sequence[torch.Generator],
    *,
    real: Tensor | None = None,
    choose: Choose = categorical,
    controls: Tensor | None = None,
    guidance: float = 1.0,
    temperature: float | Tensor = 1.0,
    callback: Callable[[int, int, Tensor], None] | None = None,
) -> Tensor:
    """Sample the free words of sequences: words (batch, time).

    The words are revealed in a random order, as many at each step as at the others; those of one
    step are sampled independently of each other unless `choose` relates them. With one word per
    step the samples follow the network's distribution.

    Args:
        model: The network.
        known: (batch, time) words, −1 where free; the same places in all rows.
        steps: Number of evaluations, at most one per free word.
        random: A generator per row.
        real: (batch, time), true where the word is not padding.
        choose: Samples words (batch, time) from logits (batch, time, vocab) and uniform numbers
            (batch, time). The logits of a known or revealed word leave no other: they are −∞.
        controls: Classes (batch, controls), −1 where one is not given.
        guidance: Guidance scale: 0 ignores the controls, 1 samples the conditional distribution,
            larger values exaggerate them.
        temperature: Below 1 favours likelier words; 0 takes the likeliest. One for all places, or
            one for each, (time,).
        callback: Called with (step from 1, steps, words with a value for each masked one).

    Source: the ancestral sampler of Sahoo et al. 2024, arXiv 2406.07524, given how many words each
    step reveals; Schiff et al. 2024, arXiv 2412.10193, for guidance.
    """

    def uniform() -> Tensor:
        return torch.stack([torch.rand(known.shape[1], generator=g) for g in random])

    words = torch.where(known >= 0, known, model.mask_id)
    free = words == model.mask_id
    order = ranks(free, uniform())
    total = int(free.sum(1).max())
    steps = max(1, min(steps, total))
    every = torch.arange(model.config.vocab)
    divisor = torch.as_tensor(temperature, dtype=torch.float32).clamp(min=1e-4)[..., None]
    for step in range(1, steps + 1):
        logits = model(words, real)
        if controls is not None:
            logits = guided(model(words, real, controls), logits, guidance)
        logits = logits / divisor
        fixed = words != model.mask_id
        logits = logits.masked_fill(fixed[..., None] & (words[..., None] != every), -math.inf)
        complete = torch.where(fixed, words, choose(logits, uniform()))
        words = torch.where(order * steps < total * step, complete, words)
        if callback is not None:
            callback(step, steps, complete)
    return words
