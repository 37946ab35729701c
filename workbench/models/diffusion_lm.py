"""Diffusion-LM: Gaussian diffusion over word embeddings (Li et al. 2022, arXiv 2205.14217).

    words w → embeddings (learned) → x₀ = Emb(w) + σ₀·noise → … → x_T, pure noise
    words w ← rounding ←─────────── x̂₀ = network(x_t, t) ←──────── x_T

The network is a BERT or an ELECTRA with random initial weights, and predicts x₀. The rounding head
shares its weights with the embedding. Training is end to end (section 4.2): `losses` returns each
term. Parameters are named as in the published code. The bound on the log-likelihood is in
`diffusion_bound.py`, control in `control.py`.
Notebook: `notebooks/11_diffusion_lm.ipynb`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.bert import Transformer
from workbench.models.denoisers import sinusoid
from workbench.models.diffusion import Diffusion

Backbone = Literal["bert", "electra"]


@dataclass(frozen=True)
class DiffusionLMConfig:
    """Sizes of a `DiffusionLM`.

    Args:
        vocab: Number of words.
        length: Words per sequence, at most.
        width: Width of the transformer.
        depth: Number of layers.
        heads: Attention heads per layer.
        backbone: "bert", or "electra", which is half as wide and has factorised embeddings, as
            ELECTRA-small compared with BERT.
        dropout: Dropout rate of the transformer.
        dim: Numbers per embedding.
        steps: Number of diffusion steps, T.
        self_conditioning: Whether the network also receives its previous estimate of x₀ (Chen et
            al. 2022, arXiv 2208.04202).
        anchor: Weight of the cross entropy of rounding the predicted x₀. It keeps the embeddings
            of different words apart (Gao et al. 2022, arXiv 2212.09412). 0 is the original loss.
    """

    vocab: int
    length: int = 130
    width: int = 256
    depth: int = 4
    heads: int = 4
    backbone: Backbone = "bert"
    dropout: float = 0.1
    dim: int = 16
    steps: int = 2000
    self_conditioning: bool = True
    anchor: float = 1.0


class DiffusionLM(nn.Module):
    """Embedding, network and rounding head."""

    def __init__(self, config: DiffusionLMConfig) -> None:
        super().__init__()
        self.config = config
        self.word_embedding = nn.Embedding(config.vocab, config.dim)
        self.diffusion = Diffusion("sqrt", config.steps, prediction="x0")
        self.encoder, inner = encoder(config)
        width = config.width
        inputs = config.dim * (2 if config.self_conditioning else 1)
        self.input_up_proj = nn.Sequential(
            nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, inner)
        )
        self.time_embed = nn.Sequential(
            nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, inner)
        )
        hidden = self.encoder.width
        self.output_down_proj = nn.Sequential(
            nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, config.dim)
        )

    @property
    def sigma0(self) -> float:
        """Standard deviation of x₀ around the embedding: the noise of the first step."""
        return float((1 - self.diffusion.alphas_bar[0]).sqrt())

    def forward(
        self, x: Tensor, t: Tensor, guess: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """x_t (batch, time, dim) at steps t (batch,) → x̂₀, of the same shape.

        guess: the previous x̂₀, for self-conditioning. mask: (batch, time), true where the word is
        not padding.
        """
        if self.config.self_conditioning:
            x = torch.cat([x, torch.zeros_like(x) if guess is None else guess], dim=-1)
        time = self.time_embed(sinusoid(t, self.config.width))  # (batch, inner)
        h = self.input_up_proj(x) + time[:, None]  # (batch, time, inner)
        return self.output_down_proj(self.encoder(h, mask))

    @property
    def table(self) -> Tensor:
        """Embeddings of all words, each of norm √dim: (vocab, dim). Without this constraint they
        would grow until the noise no longer mattered."""
        return math.sqrt(self.config.dim) * F.normalize(self.word_embedding.weight, dim=-1)

    def embed(self, words: Tensor) -> Tensor:
        """Words (batch, time) → (batch, time, dim)."""
        return F.embedding(words, self.table)

    def round(self, x: Tensor) -> Tensor:
        """x (batch, time, dim) → logits of words (batch, time, vocab): −½‖x − Emb(w)‖² up to a
        constant that all words share. The nearest embedding is the likeliest word."""
        return x @ self.table.T

    def mean_word(self, x: Tensor) -> Tensor:
        """x (batch, time, dim) → the mean embedding under the rounding head's probabilities, of the
        same shape."""
        return self.round(x).softmax(-1) @ self.table

    def guess(self, x: Tensor, temperature: float = 1.0) -> Tensor:
        """Return the estimate of x₀ from the network's output x (batch, time, dim). With the anchor
        it is the mean embedding under the words' probabilities at a temperature (Dieleman et al.
        2022, arXiv 2211.15089). Without it, as in the original, it is the output itself."""
        return self.mean_word(x / temperature) if self.config.anchor else x

    def words(self, x: Tensor) -> Tensor:
        """x (batch, time, dim) → the nearest word of each vector (batch, time)."""
        return self.round(x).argmax(-1)

    def clamp(self, x: Tensor) -> Tensor:
        """Replace each vector by its nearest embedding (section 4.3, the clamping trick)."""
        return self.embed(self.words(x))


def encoder(config: DiffusionLMConfig) -> tuple[Transformer, int]:
    """Return a transformer with random weights, and the width of its inputs."""
    sizes = (config.depth, config.heads, config.length, config.dropout)
    if config.backbone == "bert":
        return Transformer(config.width, *sizes), config.width
    half = config.width // 2
    return Transformer(half, *sizes, inputs=half // 2), half // 2


# --- training ---------------------------------------------------------------------------------


def losses(model: DiffusionLM, words: Tensor, pad: int) -> dict[str, Tensor]:
    """Return the terms of the end-to-end objective for words (batch, time).

    "denoise" is ‖x₀ − f(x_t, t)‖² at a random step; at the first step, the target is the clean
    embedding. "round" is −log p(w | x₀), so that words can be recovered from embeddings. "prior" is
    ‖√ᾱ_T x₀‖², so that the last step is noise. "anchor" is −log p(w | f(x_t, t)). Padding does not
    count in any term and is not attended to.

    Source: Li et al. 2022, section 4.2, L_simple^e2e.
    """
    diffusion, config = model.diffusion, model.config
    real = words != pad  # (batch, time)
    clean = model.embed(words)  # (batch, time, dim)
    x0 = clean + model.sigma0 * torch.randn_like(clean)
    t = late(len(words), diffusion.steps, words.device)
    x_t = diffusion.add_noise(x0, torch.randn_like(x0), t)
    guess = None
    if config.self_conditioning and torch.rand(()) < 0.5:
        with torch.no_grad():
            guess = model.guess(model(x_t, t, None, real))
    prediction = model(x_t, t, guess, real).float()
    target = torch.where((t == 0)[:, None, None], clean, x0)

    def mean(values: Tensor) -> Tensor:
        return (values * real).sum() / real.sum()

    def entropy(x: Tensor) -> Tensor:
        value = F.cross_entropy(
            model.round(x).flatten(0, 1).float(), words.flatten(), reduction="none"
        )
        return mean(value.view(words.shape))

    terms = {
        "denoise": mean((prediction - target).square().mean(-1)),
        "round": entropy(x0),
        "prior": diffusion.alphas_bar[-1] * mean(x0.square().mean(-1)),
    }
    if config.anchor:
        terms["anchor"] = config.anchor * entropy(prediction)
    return terms


def stratified(n: int, device: torch.device | None = None) -> Tensor:
    """Sample one number from each of `n` equal parts of [0, 1): (n,). The variance is lower than
    that of independent samples."""
    return (torch.arange(n, device=device) + torch.rand(n, device=device)) / n


def strata(n: int, steps: int, device: torch.device) -> Tensor:
    """Sample one step from each of `n` equal parts of 0 … steps − 1: (n,)."""
    return (stratified(n, device) * steps).long().clamp(max=steps - 1)


def late(n: int, steps: int, device: torch.device) -> Tensor:
    """Sample n steps like `strata`, but later steps more often (density 2t/T). A little noise can
    be removed word by word; only much noise makes the network use the other words."""
    return (stratified(n, device).sqrt() * steps).long().clamp(max=steps - 1)


# --- sampling ---------------------------------------------------------------------------------

Nudge = Callable[[Tensor, int], Tensor]  # (x_t, t) → x_t, moved towards the requested attributes


class Predictor:
    """The function that a sampler calls: x_t at step t → (x̂₀, ε), with rounding, known words and
    control.

    Args:
        model: The network.
        known: (batch, time), words that the result must contain, −1 where a word is free
            (infilling). Their embeddings replace those of every x̂₀.
        temperature: Temperature of the words' probabilities; see `DiffusionLM.guess`. 0 takes only
            the likeliest word (section 4.3, the clamping trick).
        nudge: Moves x_t before each prediction; see `control.py`.
    """

    def __init__(
        self,
        model: DiffusionLM,
        *,
        known: Tensor | None = None,
        temperature: float = 1.0,
        nudge: Nudge | None = None,
    ) -> None:
        self.model, self.known, self.temperature, self.nudge = model, known, temperature, nudge
        self.guess: Tensor | None = None

    def __call__(self, x: Tensor, t: int) -> tuple[Tensor, Tensor]:
        model = self.model
        if self.nudge is not None:
            x = self.nudge(x, t)
        step = torch.full((len(x),), t)
        with torch.no_grad():
            x0 = model(x, step, self.guess)
            x0 = model.guess(x0, self.temperature) if self.temperature else model.clamp(x0)
            if self.known is not None:
                embedded = model.embed(self.known.clamp(min=0))
                x0 = torch.where((self.known >= 0)[..., None], embedded, x0)
        self.guess = x0 if model.config.self_conditioning else None
        signal, sigma = model.diffusion.scales(step, x)
        return x0, (x - signal * x0) / sigma
