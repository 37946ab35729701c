"""Control of Diffusion-LM: classifiers of noised embeddings, and steps along their gradients.

p(x_{t−1} | x_t, c) ∝ p(x_{t−1} | x_t) · p(c | x_{t−1}) (Li et al. 2022, section 5.1). The
classifiers read x_t, so they know how much can be seen through the noise at each step; the
diffusion model itself stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.diffusion_lm import DiffusionLM, Nudge, sinusoid, strata

LEVELS = 3  # of density (sparse, medium, busy) and of register (low, middle, high)
KEYS = 12  # key signatures, by their major tonic


@dataclass(frozen=True)
class ControlConfig:
    """styles: names of the data sets that the windows came from."""

    width: int = 128
    heads: int = 4
    depth: int = 2
    styles: tuple[str, ...] = ("pop909",)

    @property
    def sizes(self) -> dict[str, int]:
        """Classes of each control, in the order of the labels."""
        return {"key": KEYS, "density": LEVELS, "register": LEVELS, "style": len(self.styles)}


class Controls(nn.Module):
    """One small transformer, one head for each control."""

    def __init__(self, config: ControlConfig, dim: int, length: int) -> None:
        super().__init__()
        self.config = config
        self.inward = nn.Linear(dim, config.width)
        self.place = nn.Parameter(0.02 * torch.randn(length, config.width))
        self.when = nn.Linear(config.width, config.width)
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
        """x_t (batch, time, dim) at steps t (batch,), mask true where words are → logits."""
        h = self.inward(x) + self.place[: x.shape[1]]  # (batch, time, width)
        h = h + self.when(sinusoid(t, self.config.width))[:, None]
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
    """Cross entropy of each control at random steps; labels −1 are unknown and count for nothing.

    labels: (batch,) each, in the order of `ControlConfig.sizes`. frozen: the gradient stops at the
    embeddings; otherwise it goes on into them, for training along with the diffusion.
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
    """Adagrad steps on x_t that raise log p(wanted | x_t), held near where it was.

    strength: Adagrad's learning rate, in units of the noise's standard deviation at that step;
    fluency: weight of ½‖x − x_t‖² (section 5.1's trade-off between fluency and control).
    """

    def move(x: Tensor, t: int) -> Tensor:
        when = torch.full((len(x),), t)
        sigma = float((1 - network.diffusion.alphas_bar[t]).sqrt())
        moved = x.detach().clone().requires_grad_(True)
        adagrad = torch.optim.Adagrad([moved], lr=strength * sigma)
        for _ in range(steps):
            logits = controls(moved, when, mask)
            missing = sum(
                F.cross_entropy(logits[name], torch.full((len(x),), level), reduction="sum")
                for name, level in wanted.items()
            )
            loss = missing + fluency * 0.5 * (moved - x).square().sum()
            adagrad.zero_grad()
            loss.backward()
            adagrad.step()
        return moved.detach()

    return move
