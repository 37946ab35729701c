"""Diffusion: noise schedules, the forward process, and what a network may predict.

The forward process mixes a clean latent x₀ with Gaussian noise ε,

    x_t = √ᾱ_t · x₀ + √(1 − ᾱ_t) · ε            (DDPM, arXiv 2006.11239, eq. 4)

and a network learns to invert it. It predicts ε (DDPM, eq. 14), the velocity
v = √ᾱ_t · ε − √(1 − ᾱ_t) · x₀ (arXiv 2202.00512, section 4), or the direction ε − x₀ of rectified
flow (arXiv 2209.03003, eq. 1), which follows the same path with another schedule. Samplers invert
it step by step; they are in `samplers.py`. Notebook: `notebooks/05_latent_diffusion.ipynb`.
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
    """Return ᾱ for β that grows linearly: (steps,) float64. The drum paper uses it.

    Source: DDPM, arXiv 2006.11239, section 4.
    """
    betas = torch.linspace(first, last, steps, dtype=torch.float64)
    return torch.cumprod(1 - betas, dim=0)


def scaled_linear_schedule(
    steps: int = 1000, first: float = 0.0015, last: float = 0.0195
) -> Tensor:
    """Return ᾱ for β whose square root grows linearly: (steps,) float64. MusicLDM uses it.

    Source: the code of latent diffusion, arXiv 2112.10752.
    """
    betas = torch.linspace(first**0.5, last**0.5, steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)


def cosine_schedule(steps: int = 1000, shift: float = 0.008) -> Tensor:
    """Return ᾱ_t = cos²((t/T + s)/(1 + s) · π/2), normalised, with β ≤ 0.999: (steps,) float64.

    Source: Nichol & Dhariwal 2021, arXiv 2102.09672, eq. 17.
    """
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    bar = torch.cos((t + shift) / (1 + shift) * math.pi / 2) ** 2
    betas = (1 - bar[1:] / bar[:-1]).clamp(max=0.999)
    return torch.cumprod(1 - betas, dim=0)


def zero_terminal_snr(alphas_bar: Tensor) -> Tensor:
    """Rescale ᾱ (steps,) so that the last step is pure noise, ᾱ_T = 0.

    Without it, the network never sees pure noise in training, but sampling starts from pure noise.
    It needs v-prediction, because at ᾱ = 0 the noise contains no information about x₀.

    Source: Lin et al. 2023, arXiv 2305.08891, algorithm 1.
    """
    root = alphas_bar.sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return root**2


def sqrt_schedule(steps: int = 2000, shift: float = 1e-4) -> Tensor:
    """Return ᾱ_t = 1 − √(t/T + s): (steps,) float64. The noise grows fast at first, because a small
    amount does not change one word into another. The last step is nearly pure noise.

    Source: Diffusion-LM, arXiv 2205.14217, appendix A.
    """
    t = torch.arange(1, steps + 1, dtype=torch.float64) / steps
    return (1 - torch.sqrt(t + shift)).clamp(min=1e-5)


def flow_schedule(steps: int = 1000) -> Tensor:
    """Return ᾱ of rectified flow: (steps,) float64. Its x_t = (1 − t) x₀ + t ε, t = 1/T … 1, is
    divided by √((1 − t)² + t²), so that the powers of signal and noise add up to 1 as in all other
    schedules. DDIM then takes Euler steps of the flow.

    Source: Liu et al. 2022, arXiv 2209.03003, eq. 1.
    """
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

    The buffer `alphas_bar` (steps,) is the share of signal power at each step t = 0 … steps − 1.

    Args:
        schedule: A key of `SCHEDULES`.
        steps: Number of steps, T.
        prediction: What the network predicts: "epsilon", "v", "x0" or "flow".

    Raises:
        ValueError: If "epsilon" is to be predicted from pure noise.
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
        """Number of steps, T."""
        return len(self.alphas_bar)

    def noise_levels(self, steps: int) -> list[float]:
        """Return √(1 − ᾱ) before each of a sampler's `steps` steps."""
        return (1 - self.alphas_bar[timesteps(self.steps, steps)]).sqrt().tolist()

    def scales(self, t: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return √ᾱ_t and √(1 − ᾱ_t) at steps t (batch,), in shapes that broadcast with `like`."""
        bar = self.alphas_bar[t].reshape(-1, *[1] * (like.ndim - 1))
        return bar.sqrt(), (1 - bar).sqrt()

    def add_noise(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """Return x_t for each item at its own step t (batch,); x0 and noise (batch, …).

        Source: DDPM, eq. 4.
        """
        signal, sigma = self.scales(t, x0)
        return signal * x0 + sigma * noise

    def target(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """Return the training target of the network at steps t (batch,), of the shape of x0."""
        if self.prediction == "epsilon":
            return noise
        if self.prediction == "x0":
            return x0
        if self.prediction == "flow":
            return noise - x0
        signal, sigma = self.scales(t, x0)
        return signal * noise - sigma * x0

    def split(self, output: Tensor, x_t: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Convert the network's output at x_t (batch, …) and steps t (batch,) to (x₀, ε)."""
        signal, sigma = self.scales(t, x_t)
        if self.prediction == "epsilon":
            return (x_t - sigma * output) / signal, output
        if self.prediction == "x0":
            return output, (x_t - signal * output) / sigma
        if self.prediction == "flow":
            x0 = (x_t - sigma * output) / (signal + sigma)
            return x0, x0 + output
        return signal * x_t - sigma * output, sigma * x_t + signal * output

    def loss(
        self,
        network: Callable[..., Tensor],
        x0: Tensor,
        *condition: Tensor,
        real: Tensor | None = None,
    ) -> Tensor:
        """Return the mean squared error of the prediction at uniformly sampled steps.

        real: bool (batch, time), which vectors of x0 (batch, time, channels) count; by default all.

        Source: DDPM, eq. 14.
        """
        # One step from each of n equal parts: the mean is that of independent samples, the variance
        # is lower.
        n = len(x0)
        parts = (torch.arange(n, device=x0.device) + torch.rand(n, device=x0.device)) / n
        t = (parts * self.steps).long().clamp(max=self.steps - 1)
        noise = torch.randn_like(x0)
        output = network(self.add_noise(x0, noise, t), t, *condition)
        target = self.target(x0, noise, t)
        if real is None:
            return F.mse_loss(output, target)
        return F.mse_loss(output[real], target[real])


def guided(
    conditional: Tensor, unconditional: Tensor, scale: float, rescale: float = 0.0
) -> Tensor:
    """Return the guided prediction. A scale of 1 is the conditional prediction; a larger scale
    amplifies the conditioning.

    Args:
        conditional: The prediction with the conditioning (batch, …).
        unconditional: The prediction without it.
        scale: Guidance scale.
        rescale: φ, 0 to 1: how far the standard deviation of each item is brought back to that of
            its conditional prediction. Without this, a large scale makes sounds louder.

    Source: classifier-free guidance, Ho & Salimans 2022, arXiv 2207.12598, eq. 6; rescaling, Lin et
    al. 2023, arXiv 2305.08891, eq. 15 and 16.
    """
    both = unconditional + scale * (conditional - unconditional)
    if not rescale:
        return both
    axes = tuple(range(1, both.ndim))
    ratio = conditional.std(axes, keepdim=True) / both.std(axes, keepdim=True).clamp(min=1e-8)
    return both * (rescale * ratio + 1 - rescale)
