"""A critic of latents: it tells latents of played loops from sampled ones, at any noise level.

Its logit estimates log p(x)/q(x), the log-ratio of the density of people's loops to that of a
system's own samples. A sampler that keeps the best of several candidates moves towards people.

Source: Azadi et al. 2018, "Discriminator Rejection Sampling", arXiv 1810.06758, section 3; read at
a noise level as in Kim et al. 2022, "Refining Generative Process with Discriminator Guidance",
arXiv 2211.17091, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 40
PER_BAR = 4  # vectors of a bar in 4/4, the distance at which neighbouring bars are compared
MEMBERS = 3  # networks whose logits are averaged
SHORT = 16  # vectors of the shorter half of the batches
CLEAN = 0.3  # share of the latents in training that have no noise


class LatentCritic(nn.Module):
    """Mean logit of several small convolutional networks over latents of any number of vectors.

    Args:
        latent: Numbers per vector.
        width: Features per vector.
        members: Number of networks.

    The buffer `latent_mean` (latent,) is that of the autoencoder whose latents it reads.
    """

    latent_mean: Tensor

    def __init__(self, latent: int, width: int = WIDTH, members: int = MEMBERS) -> None:
        super().__init__()
        self.register_buffer("latent_mean", torch.zeros(latent))
        self.members = nn.ModuleList(_Member(latent, width) for _ in range(members))

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Logits of played against sampled, positive for played: (n,).

        Args:
            x: Noisy latents (n, vectors, latent).
            sigma: (n,) their noise level √(1 − ᾱ), 0 to 1.
        """
        return torch.stack([member(x, sigma) for member in self.members]).mean(0)


class _Member(nn.Module):
    """Convolutions over neighbouring vectors and over neighbouring bars, mean and deviation."""

    def __init__(self, latent: int, width: int) -> None:
        super().__init__()
        self.x_embedder = nn.Linear(latent + 2, width)
        self.t_embedder = nn.Linear(2, width)
        self.convs = nn.ModuleList(
            nn.Conv1d(width, width, 3, dilation=d, padding=d, padding_mode="circular")
            for d in (1, PER_BAR, 1)
        )
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(2 * width, 1)

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        level = torch.stack([sigma, sigma**2], dim=-1)
        levels = level[:, None].expand(-1, x.shape[1], -1)
        h = self.x_embedder(torch.cat([x, levels], dim=-1)) + self.t_embedder(level)[:, None]
        h = F.gelu(h).transpose(1, 2)
        for conv in self.convs:
            h = h + F.gelu(conv(self.dropout(h)))
        pooled = torch.cat([h.mean(-1), (h.var(-1, unbiased=False) + 1e-4).sqrt()], dim=-1)
        return self.head(self.dropout(pooled))[:, 0]


def fit_critic(
    critic: LatentCritic,
    played: Tensor,
    sampled: Tensor,
    weights: tuple[Tensor, Tensor],
    *,
    steps: int = 500,
    batch: int = 64,
    lr: float = 3e-3,
    seed: int = 0,
    watch: Callable[[int, float], None] | None = None,
) -> LatentCritic:
    """Train each network of a critic by binary cross-entropy, on half a batch of each kind.

    Latents are shifted by whole bars, because a loop has no first bar, and noised to any level.

    Args:
        critic: The critic; it is changed.
        played: Latents of people's loops (n, vectors, latent).
        sampled: Latents of a system's samples (m, vectors, latent).
        weights: How often each of both is used, (n,) and (m,).
        steps: Training steps of each network.
        batch: Latents per step.
        lr: The highest learning rate.
        seed: Seed of all random numbers.
        watch: Called with (step, loss) after each step.

    Returns:
        The critic, in evaluation mode.
    """
    half = batch // 2
    labels = torch.arange(2 * half) < half
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for member in critic.train().members:
            optimizer = torch.optim.AdamW(member.parameters(), lr, weight_decay=0.05)
            rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
            for step in range(steps):
                parts = [
                    x[torch.multinomial(w, half, replacement=True)]
                    for x, w in zip((played, sampled), weights, strict=True)
                ]
                x, sigma = _noised(_shifted(torch.cat(parts)))
                loss = F.binary_cross_entropy_with_logits(member(x, sigma), labels.float())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rate.step()
                if watch:
                    watch(step, loss.item())
    return critic.eval()


def _shifted(x: Tensor) -> Tensor:
    """Shift latents by whole bars; half of the batches become shorter."""
    bars = max(1, x.shape[1] // PER_BAR)
    x = x.roll(PER_BAR * int(torch.randint(bars, ())), dims=1)
    return x[:, :SHORT] if torch.rand(()) < 0.5 else x


def _noised(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return latents at uniform noise levels, a share of them without noise, and the levels."""
    sigma = torch.rand(len(x)) * (torch.rand(len(x)) >= CLEAN)
    signal = (1 - sigma**2).sqrt()
    return signal[:, None, None] * x + sigma[:, None, None] * torch.randn_like(x), sigma
