"""Diffusion-LM: Gaussian diffusion over the embeddings of words (Li et al. 2022, arXiv 2205.14217).

    words w → embeddings (learned) → x₀ = Emb(w) + σ₀·noise → … → x_T, pure noise
    words w ← rounding ←─────────── x̂₀ = network(x_t, t) ←──────── x_T

The network, a BERT or an ELECTRA with random weights, predicts x₀; the rounding head shares the
embedding's weights. Training is end to end (section 4.2): `losses` names each term. The bound on
log-likelihood is in `diffusion_bound.py`, control in `control.py`.
Notebook: `notebooks/08_diffusion_lm.ipynb`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.denoisers import sinusoids
from workbench.models.diffusion import Diffusion

if TYPE_CHECKING:
    from transformers import BertModel, ElectraModel

Backbone = Literal["bert", "electra"]


@dataclass(frozen=True)
class DiffusionLMConfig:
    """vocab: words; dim: numbers an embedding; length: words a sequence; steps: T.

    backbone: "bert", or "electra", half as wide with factorised embeddings, as ELECTRA-small is
    beside BERT. self_conditioning: the network also reads its last guess of x₀ (Chen et al. 2022,
    arXiv 2208.04202). anchor: weight of the cross entropy of rounding the *predicted* x₀, which
    keeps embeddings of different words apart (Gao et al. 2022, arXiv 2212.09412); 0 is the
    original loss.
    """

    vocab: int
    dim: int = 16
    length: int = 130
    width: int = 256
    depth: int = 4
    heads: int = 4
    steps: int = 2000
    backbone: Backbone = "bert"
    self_conditioning: bool = True
    anchor: float = 1.0
    dropout: float = 0.1


class DiffusionLM(nn.Module):
    """Embedding, network and rounding head."""

    def __init__(self, config: DiffusionLMConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab, config.dim)
        self.diffusion = Diffusion("sqrt", config.steps, prediction="x0")
        self.encoder, inner = encoder(config)
        width = config.width
        inputs = config.dim * (2 if config.self_conditioning else 1)
        self.up = nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, inner))
        self.time = nn.Sequential(
            nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, inner)
        )
        hidden = self.encoder.config.hidden_size
        self.down = nn.Sequential(
            nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, config.dim)
        )

    @property
    def sigma0(self) -> float:
        """Standard deviation of x₀ around the embedding: the first step's noise."""
        return float((1 - self.diffusion.alphas_bar[0]).sqrt())

    def forward(
        self, x: Tensor, t: Tensor, guess: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """x_t (batch, time, dim) at steps t (batch,) → x̂₀, the same shape.

        guess: the last x̂₀, for self-conditioning; mask (batch, time): true where words are.
        """
        if self.config.self_conditioning:
            x = torch.cat([x, torch.zeros_like(x) if guess is None else guess], dim=-1)
        when = self.time(sinusoid(t, self.config.width))  # (batch, inner)
        h = self.up(x) + when[:, None]  # (batch, time, inner)
        h = self.encoder(inputs_embeds=h, attention_mask=mask).last_hidden_state
        return self.down(h)

    @property
    def table(self) -> Tensor:
        """Embeddings of all words, each of length √dim: (vocab, dim). Free to grow, they would
        simply outgrow the noise."""
        return math.sqrt(self.config.dim) * F.normalize(self.embedding.weight, dim=-1)

    def embed(self, words: Tensor) -> Tensor:
        """Words (batch, time) → (batch, time, dim)."""
        return F.embedding(words, self.table)

    def round(self, x: Tensor) -> Tensor:
        """Logits of words (batch, time, vocab): −½‖x − Emb(w)‖² but for what all words share, so
        the nearest embedding is the likeliest word."""
        return x @ self.table.T

    def mean_word(self, x: Tensor) -> Tensor:
        """The mean embedding under the rounding head's probabilities: (batch, time, dim)."""
        return self.round(x).softmax(-1) @ self.table

    def guess(self, x: Tensor, temperature: float = 1.0) -> Tensor:
        """What the network's answer says of x₀: with the anchor its words are probabilities, and
        their mean embedding at a temperature (Dieleman et al. 2022, arXiv 2211.15089); without it,
        as in the original, the answer itself."""
        return self.mean_word(x / temperature) if self.config.anchor else x

    def words(self, x: Tensor) -> Tensor:
        """The nearest word of each vector: (batch, time)."""
        return self.round(x).argmax(-1)

    def clamp(self, x: Tensor) -> Tensor:
        """Each vector replaced by its nearest embedding (section 4.3, the clamping trick)."""
        return self.embed(self.words(x))


def encoder(config: DiffusionLMConfig) -> tuple[BertModel | ElectraModel, int]:
    """A transformer with random weights, and the width of what it reads."""
    from transformers import BertConfig, BertModel, ElectraConfig, ElectraModel

    shared: dict[str, Any] = {
        "vocab_size": 1,  # words come as vectors
        "num_hidden_layers": config.depth,
        "max_position_embeddings": config.length,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": 0.0,
        "type_vocab_size": 1,
    }
    if config.backbone == "bert":
        made = BertConfig(
            hidden_size=config.width,
            num_attention_heads=config.heads,
            intermediate_size=4 * config.width,
            **shared,
        )
        return BertModel(made, add_pooling_layer=False), config.width
    half = config.width // 2
    small = ElectraConfig(
        embedding_size=half // 2,
        hidden_size=half,
        num_attention_heads=config.heads,
        intermediate_size=4 * half,
        **shared,
    )
    return ElectraModel(small), half // 2


def sinusoid(t: Tensor, width: int) -> Tensor:
    """Steps (batch,) as `sinusoids`, the cosines first: (batch, width)."""
    return sinusoids(t.float(), width).roll(width // 2, dims=-1)


# --- training ---------------------------------------------------------------------------------


def losses(model: DiffusionLM, words: Tensor, pad: int) -> dict[str, Tensor]:
    """The end-to-end objective (section 4.2, L_simple^e2e), term by term; words (batch, time).

    denoise: ‖x₀ − f(x_t, t)‖² at a random step; at the first one against the clean embedding.
    round: −log p(w | x₀), so that embeddings can be read back. prior: ‖√ᾱ_T x₀‖², so that the last
    step is noise. anchor: −log p(w | f(x_t, t)). Padding counts nowhere and is not attended to.
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
    found = model(x_t, t, guess, real).float()
    target = torch.where((t == 0)[:, None, None], clean, x0)

    def mean(values: Tensor) -> Tensor:
        return (values * real).sum() / real.sum()

    def entropy(x: Tensor) -> Tensor:
        value = F.cross_entropy(
            model.round(x).flatten(0, 1).float(), words.flatten(), reduction="none"
        )
        return mean(value.view(words.shape))

    terms = {
        "denoise": mean((found - target).square().mean(-1)),
        "round": entropy(x0),
        "prior": diffusion.alphas_bar[-1] * mean(x0.square().mean(-1)),
    }
    if config.anchor:
        terms["anchor"] = config.anchor * entropy(found)
    return terms


def strata(n: int, steps: int, device: torch.device) -> Tensor:
    """One step from each of `n` equal parts of 0 … steps − 1: less variance than free draws."""
    parts = (torch.arange(n, device=device) + torch.rand(n, device=device)) / n
    return (parts * steps).long().clamp(max=steps - 1)


def late(n: int, steps: int, device: torch.device) -> Tensor:
    """As `strata`, but later steps more often (density 2t/T): a little noise is undone word by
    word, only much noise makes the network look at the others."""
    parts = (torch.arange(n, device=device) + torch.rand(n, device=device)) / n
    return (parts.sqrt() * steps).long().clamp(max=steps - 1)


# --- sampling ---------------------------------------------------------------------------------

Nudge = Callable[[Tensor, int], Tensor]  # (x_t, t) → x_t, moved towards what is asked for


class Predictor:
    """What a sampler asks: x_t at step t → (x̂₀, ε), with rounding, known words and control.

    known (batch, time) holds words that must come out as they are, −1 where free; they are put
    into every x̂₀ (infilling). temperature: of the words' probabilities, see `DiffusionLM.guess`;
    0 takes the likeliest word alone (section 4.3, the clamping trick). nudge moves x_t before each
    prediction: see `control.py`.
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
                given = model.embed(self.known.clamp(min=0))
                x0 = torch.where((self.known >= 0)[..., None], given, x0)
        self.guess = x0 if model.config.self_conditioning else None
        signal, sigma = model.diffusion.scales(step, x)
        return x0, (x - signal * x0) / sigma
