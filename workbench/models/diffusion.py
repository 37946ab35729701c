"""Diffusion: noise schedules, the forward process, and what a network may predict.

The forward process mixes a clean latent x₀ with Gaussian noise ε,

    x_t = √ᾱ_t · x₀ + √(1 − ᾱ_t) · ε            (DDPM, arXiv 2006.11239, eq. 4)

and a network learns to undo it, by predicting ε (DDPM, eq. 14) or the velocity
v = √ᾱ_t · ε − √(1 − ᾱ_t) · x₀ (arXiv 2202.00512, eq. 9), or the straight line ε − x₀ of rectified
flow (arXiv 2209.03003, eq. 1), which walks the same way at another pace. Samplers that walk back
are in `samplers.py`. Notebook: `notebooks/05_latent_diffusion.ipynb`.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.models.samplers import timesteps

Prediction = Literal["epsilon", "v", "x0", "flow"]


def linear_schedule(steps: int = 1000, first: float = 1e-4, last: float = 0.02) -> Tensor:
    """ᾱ of linearly growing β (DDPM, section 4; the drum paper's choice): (steps,) float64."""
    betas = torch.linspace(first, last, steps, dtype=torch.float64)
    return torch.cumprod(1 - betas, dim=0)


def scaled_linear_schedule(
    steps: int = 1000, first: float = 0.0015, last: float = 0.0195
) -> Tensor:
    """ᾱ of β whose root grows linearly (latent diffusion, arXiv 2112.10752; MusicLDM's)."""
    betas = torch.linspace(first**0.5, last**0.5, steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)


def cosine_schedule(steps: int = 1000, shift: float = 0.008) -> Tensor:
    """ᾱ_t = cos²((t/T + s)/(1 + s) · π/2), normalised (arXiv 2102.09672, eq. 17), β ≤ 0.999."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    bar = torch.cos((t + shift) / (1 + shift) * math.pi / 2) ** 2
    betas = (1 - bar[1:] / bar[:-1]).clamp(max=0.999)
    return torch.cumprod(1 - betas, dim=0)


def zero_terminal_snr(alphas_bar: Tensor) -> Tensor:
    """Rescale so that the last step is pure noise, ᾱ_T = 0 (arXiv 2305.08891, algorithm 1).

    Otherwise training never shows pure noise, yet sampling starts from it. Needs v-prediction:
    at ᾱ = 0 the noise says nothing about x₀.
    """
    root = alphas_bar.sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return root**2


def sqrt_schedule(steps: int = 2000, shift: float = 1e-4) -> Tensor:
    """ᾱ_t = 1 − √(t/T + s) (Diffusion-LM, arXiv 2205.14217, appendix A): noise grows fast at first,
    because a small amount does not change one word into another. The last step is pure noise."""
    t = torch.arange(1, steps + 1, dtype=torch.float64) / steps
    return (1 - torch.sqrt(t + shift)).clamp(min=1e-5)


def flow_schedule(steps: int = 1000) -> Tensor:
    """Rectified flow's x_t = (1 − t) x₀ + t ε, t = 1/T … 1, divided by √((1 − t)² + t²) so that the
    powers of signal and noise add up to 1 as in all other schedules. DDIM then takes Euler's steps
    on the flow."""
    t = torch.arange(1, steps + 1, dtype=torch.float64) / steps
    return (1 - t) ** 2 / ((1 - t) ** 2 + t**2)


SCHEDULES: dict[str, Callable[[int], Tensor]] = {
    "linear": linear_schedule,
    "scaled-linear": scaled_linear_schedule,
    "cosine": cosine_schedule,
    "sqrt": sqrt_schedule,
    "flow": flow_schedule,
    "linear-zero-snr": lambda steps: zero_terminal_snr(linear_schedule(steps)),
    "cosine-zero-snr": lambda steps: zero_terminal_snr(cosine_schedule(steps)),
}


class Diffusion(nn.Module):
    """A noise schedule with its prediction type.

    alphas_bar: (steps,) share of signal power at each step t = 0 … steps − 1.
    """

    alphas_bar: Tensor

    def __init__(
        self, schedule: str = "cosine-zero-snr", steps: int = 1000, prediction: Prediction = "v"
    ) -> None:
        super().__init__()
        if prediction == "epsilon" and (schedule.endswith("zero-snr") or schedule == "flow"):
            raise ValueError(f"schedule {schedule!r} ends in pure noise: use prediction='v'")
        self.prediction = prediction
        self.register_buffer("alphas_bar", SCHEDULES[schedule](steps).float(), persistent=False)

    @property
    def steps(self) -> int:
        return len(self.alphas_bar)

    def noise_levels(self, steps: int) -> list[float]:
        """√(1 − ᾱ) before each of so many steps of a sampler."""
        return (1 - self.alphas_bar[timesteps(self.steps, steps)]).sqrt().tolist()

    def scales(self, t: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """√ᾱ_t and √(1 − ᾱ_t), shaped to multiply `like`."""
        bar = self.alphas_bar[t].reshape(-1, *[1] * (like.ndim - 1))
        return bar.sqrt(), (1 - bar).sqrt()

    def add_noise(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """x_t for each item at its own step t (batch,)."""
        signal, sigma = self.scales(t, x0)
        return signal * x0 + sigma * noise

    def target(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """Return the training target of the network at step t."""
        if self.prediction == "epsilon":
            return noise
        if self.prediction == "x0":
            return x0
        if self.prediction == "flow":
            return noise - x0
        signal, sigma = self.scales(t, x0)
        return signal * noise - sigma * x0

    def split(self, output: Tensor, x_t: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Convert the network's output to (x₀, ε)."""
        signal, sigma = self.scales(t, x_t)
        if self.prediction == "epsilon":
            return (x_t - sigma * output) / signal, output
        if self.prediction == "x0":
            return output, (x_t - signal * output) / sigma
        if self.prediction == "flow":
            x0 = (x_t - sigma * output) / (signal + sigma)
            return x0, x0 + output
        return signal * x_t - sigma * output, sigma * x_t + signal * output

    def loss(self, network: Callable[..., Tensor], x0: Tensor, *condition: Tensor) -> Tensor:
        """Mean squared error of the prediction at uniformly sampled steps (DDPM, eq. 14)."""
        # One step from each of `batch` equal parts: same mean, less variance than free draws.
        n = len(x0)
        parts = (torch.arange(n, device=x0.device) + torch.rand(n, device=x0.device)) / n
        t = (parts * self.steps).long().clamp(max=self.steps - 1)
        noise = torch.randn_like(x0)
        output = network(self.add_noise(x0, noise, t), t, *condition)
        return F.mse_loss(output, self.target(x0, noise, t))


def guided(conditional: Tensor, unconditional: Tensor, scale: float) -> Tensor:
    """Classifier-free guidance (arXiv 2207.12598): 1 follows the conditioning, more exaggerates
    it."""
    return unconditional + scale * (conditional - unconditional)
