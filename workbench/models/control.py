"""Control of Diffusion-LM: classifiers of noisy embeddings, and steps along their gradients.

    p(x_{t−1} | x_t, c) ∝ p(x_{t−1} | x_t) · p(c | x_{t−1})       (Li et al. 2022, section 5.1)

The classifiers are trained on x_t at all steps, so they learn how much of the music is visible at
each noise level. The diffusion model is not changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.denoisers import sinusoid
from workbench.models.diffusion_lm import DiffusionLM, Nudge, strata

LEVELS = 3  # classes of density (sparse, medium, busy) and register (low, middle, high)
KEYS = 12  # key signatures, by their major tonic


@dataclass(frozen=True)
class ControlConfig:
    """Sizes of the classifiers.

    Args:
        width: Width of the transformer.
        heads: Attention heads per layer.
        depth: Number of layers.
        styles: Names of the data sets that the windows come from; the classes of "style".
    """

    width: int = 128
    heads: int = 4
    depth: int = 2
    styles: tuple[str, ...] = ("pop909",)

    @property
    def sizes(self) -> dict[str, int]:
        """Number of classes of each control, in the order of the labels."""
        return {"key": KEYS, "density": LEVELS, "register": LEVELS, "style": len(self.styles)}


class Controls(nn.Module):
    """One small transformer with one classification head per control."""

    def __init__(self, config: ControlConfig, dim: int, length: int) -> None:
        super().__init__()
        self.config = config
        self.x_embedder = nn.Linear(dim, config.width)
        self.pos_embed = nn.Parameter(0.02 * torch.randn(length, config.width))
        self.t_embedder = nn.Linear(config.width, config.width)
        layer = nn.TransformerEncoderLayer(
            config.width,
            config.heads,
            2 * config.width,
            dropout=0.1,
            batch_first=True,
            norm_first=True,
            activation="gelu",
        )
        self.layers = nn.TransformerEncoder(layer, config.depth, enable_nested_tensor=False)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(config.width, size) for name, size in config.sizes.items()}
        )

    def forward(self, x: Tensor, t: Tensor, mask: Tensor | None = None) -> dict[str, Tensor]:
        """x_t (batch, time, dim) at steps t (batch,) → logits (batch, classes) of each control.
        mask: (batch, time), true where the token is not padding; None for no padding."""
        h = self.x_embedder(x) + self.pos_embed[: x.shape[1]]  # (batch, time, width)
        h = h + self.t_embedder(sinusoid(t, self.config.width))[:, None]
        h = self.layers(h, src_key_padding_mask=None if mask is None else ~mask)
        if mask is None:
            pooled = h.mean(1)
        else:
            share = mask.float() / mask.sum(1, keepdim=True)
            pooled = (h * share[..., None]).sum(1)  # (batch, width)
        return {name: head(pooled) for name, head in self.heads.items()}


def control_loss(
    module: nn.Module,
    network: DiffusionLM,
    ids: Tensor,
    labels: tuple[Tensor, ...],
    pad: int,
    *,
    frozen: bool = True,
) -> dict[str, Tensor]:
    """Return the cross entropy of each control at random steps, in nats.

    Args:
        module: The classifiers.
        network: The diffusion model that embeds the tokens.
        ids: Tokens (batch, time).
        labels: Classes (batch,) of each control, in the order of `ControlConfig.sizes`; −1 is
            unknown and does not count.
        pad: The token of padding.
        frozen: Whether the gradient stops at the embeddings; False trains them along with the
            classifiers.
    """
    mask = ids != pad
    with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
        clean = network.embed(ids)
        x0 = clean + network.sigma0 * torch.randn_like(clean)
        t = strata(len(ids), network.diffusion.steps, ids.device)
        t = t[torch.randperm(len(t), device=t.device)]
        x_t = network.diffusion.add_noise(x0, torch.randn_like(x0), t)
    logits = module(x_t, t, mask)
    terms = {}
    for (name, value), label in zip(logits.items(), labels, strict=True):
        known = (label >= 0).any()
        terms[name] = (
            F.cross_entropy(value.float(), label.long(), ignore_index=-1)
            if known
            else value.sum() * 0.0
        )
    return terms


def nudge(
    controls: Controls,
    network: DiffusionLM,
    wanted: dict[str, int],
    *,
    strength: float = 0.1,
    steps: int = 3,
    fluency: float = 0.01,
    mask: Tensor | None = None,
) -> Nudge:
    """Return a function that moves x_t by Adagrad steps that increase log p(wanted | x_t).

    Args:
        controls: The trained classifiers.
        network: The diffusion model.
        wanted: Class of each control that is to be reached, by name.
        strength: Learning rate of Adagrad, relative to the standard deviation of the noise at
            step t.
        steps: Number of Adagrad steps per step of the sampler.
        fluency: Weight of ½‖x − x_t‖², which keeps x near x_t.
        mask: (batch, time), true where the token is not padding.

    Source: Li et al. 2022, section 5.1, whose trade-off between fluency and control this is.
    """

    def move(x: Tensor, t: int) -> Tensor:
        step = torch.full((len(x),), t)
        sigma = float((1 - network.diffusion.alphas_bar[t]).sqrt())
        moved = x.detach().clone().requires_grad_(True)
        adagrad = torch.optim.Adagrad([moved], lr=strength * sigma)
        for _ in range(steps):
            logits = controls(moved, step, mask)
            nll = sum(
                F.cross_entropy(logits[name], torch.full((len(x),), level), reduction="sum")
                for name, level in wanted.items()
            )
            loss = nll + fluency * 0.5 * (moved - x).square().sum()
            adagrad.zero_grad()
            loss.backward()
            adagrad.step()
        return moved.detach()

    return move
