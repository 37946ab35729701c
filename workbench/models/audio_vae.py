"""A variational autoencoder on waveforms, and the networks and losses that train it as a GAN.

    sound → Encoder → mean, log variance → z (÷ 64 in time) → Decoder → sound
                                     Discriminator: which patches sound real?

After LDMG, a VAE-GAN on waveforms under latent diffusion, with the choices that made
later codecs better: snake activations (Ziyin et al. 2020, arXiv 2006.08195; Kumar et al. 2023,
arXiv 2306.06546) and residual units of dilated convolutions. Without norms and attention over time
a sample depends on its neighbourhood only (`reach`), so that sound of any length is coded in pieces
without seams. Notebook: `notebooks/06_vae_gan.ipynb`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SPREAD = (-12.0, 4.0)  # limits of the log variance


@dataclass(frozen=True)
class AudioVAEConfig:
    """channels: 1 or 2; width: of the first stage, doubled at each up to 8 times; strides: of the
    stages, their product is how much shorter z is; latent: numbers of z a frame; dilations: of a
    stage's residual units. attention: the original's norms over time and attention in the middle,
    for its exact sizes; it couples all of a piece."""

    channels: int = 1
    width: int = 16
    strides: tuple[int, ...] = (2, 2, 2, 2, 2, 2)
    latent: int = 16
    dilations: tuple[int, ...] = (1, 3)
    attention: bool = False

    @property
    def hop(self) -> int:
        """Samples a latent frame."""
        product = 1
        for stride in self.strides:
            product *= stride
        return product

    @property
    def widths(self) -> list[int]:
        return [self.width * min(2**i, 8) for i in range(len(self.strides) + 1)]


class Snake(nn.Module):
    """x + sin²(αx)/α with a learned frequency α for each channel: periodic, as sound is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, width, 1))

    def forward(self, x: Tensor) -> Tensor:  # (batch, width, time)
        return Periodic.apply(x, self.alpha.abs() + 1e-6)


class Periodic(torch.autograd.Function):
    """x + sin²(αx)/α with its derivatives written out: 1 + sin(2αx) for x, and for α
    x sin(2αx)/α − sin²(αx)/α². A third of the time and memory of recording each operation."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor) -> Tensor:
        ctx.save_for_backward(x, alpha)
        return torch.addcmul(x, (alpha * x).sin_().square_(), 1 / alpha)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, alpha = ctx.saved_tensors
        angle = 2 * alpha * x
        steep = grad * angle.sin()
        bent = grad * (1 - angle.cos_())  # 2 sin²(αx)
        by_alpha = steep * x - bent / (2 * alpha)
        return grad + steep, by_alpha.sum((0, 2), keepdim=True) / alpha


def activation(config: AudioVAEConfig, width: int) -> nn.Module:
    """Snake, or the original's group norm and GELU."""
    if config.attention:
        return nn.Sequential(nn.GroupNorm(8, width), nn.GELU())
    return Snake(width)


class Unit(nn.Module):
    """Residual: activation, dilated convolution, activation, mixing of channels."""

    def __init__(self, config: AudioVAEConfig, width: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            activation(config, width),
            nn.Conv1d(width, width, 7, dilation=dilation, padding=3 * dilation),
            activation(config, width),
            nn.Conv1d(width, width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Attention(nn.Module):
    """The original's self-attention between encoder and z: (batch, width, time) → the same."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.mix = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x).transpose(1, 2)  # (batch, time, width)
        return x + self.mix(h, h, h, need_weights=False)[0].transpose(1, 2)


class AudioVAE(nn.Module):
    """Encoder and decoder."""

    def __init__(self, config: AudioVAEConfig) -> None:
        super().__init__()
        self.config = config
        widths, last = config.widths, config.widths[-1]
        down: list[nn.Module] = [nn.Conv1d(config.channels, widths[0], 7, padding=3)]
        for stride, w, wider in zip(config.strides, widths, widths[1:], strict=False):
            down += [Unit(config, w, d) for d in config.dilations]
            down += [
                activation(config, w),
                nn.Conv1d(w, wider, 2 * stride, stride, padding=stride // 2),
            ]
        if config.attention:
            down.append(Attention(last))
        down += [activation(config, last), nn.Conv1d(last, 2 * config.latent, 3, padding=1)]
        self.encoder = nn.Sequential(*down)
        up: list[nn.Module] = [nn.Conv1d(config.latent, last, 7, padding=3)]
        if config.attention:
            up.append(Attention(last))
        for stride, w, narrower in zip(
            config.strides[::-1], widths[:0:-1], widths[-2::-1], strict=True
        ):
            widen = nn.ConvTranspose1d(w, narrower, 2 * stride, stride, padding=stride // 2)
            up += [activation(config, w), widen]
            up += [Unit(config, narrower, d) for d in config.dilations]
        up += [activation(config, widths[0]), nn.Conv1d(widths[0], config.channels, 7, padding=3)]
        self.decoder = nn.Sequential(*up)

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, channels, samples) → mean and log variance (batch, latent, ⌈samples / hop⌉); what
        lacks to whole frames is filled up with silence."""
        missing = -sound.shape[-1] % self.config.hop
        found = self.encoder(F.pad(sound, (0, missing)))
        mean, spread = found.chunk(2, dim=1)
        return mean, spread.clamp(*SPREAD)

    def decode(self, z: Tensor) -> Tensor:
        """z (batch, latent, frames) → (batch, channels, frames · hop) in −1..1."""
        return torch.tanh(self.decoder(z))

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sound with z drawn from what the encoder says: (decoded, mean, log variance)."""
        mean, spread = self.encode(sound)
        z = mean + torch.randn_like(mean) * (0.5 * spread).exp()
        return self.decode(z)[..., : sound.shape[-1]], mean, spread

    @property
    def reach(self) -> int | None:
        """Latent frames on each side that a decoded or encoded frame can depend on; None where that
        is all of them."""
        if self.config.attention:
            return None
        units = sum(3 * d for d in self.config.dilations)
        samples, scale = 3.0, 1
        for stride in self.config.strides:
            samples += scale * (units + stride + stride // 2)
            scale *= stride
        return int(samples / scale) + 4  # and the convolutions next to z


class Discriminator(nn.Module):
    """Patches of sound → scores: grouped strided convolutions on the waveform (Kumar et al. 2019,
    MelGAN, arXiv 1910.06711), at the sample rate and at half of it."""

    def __init__(self, channels: int = 1, width: int = 16, scales: int = 2) -> None:
        super().__init__()
        self.scales = nn.ModuleList(_patches(channels, width) for _ in range(scales))

    def forward(self, sound: Tensor) -> list[list[Tensor]]:
        """(batch, channels, samples) → for each scale the features of its layers; the last are the
        scores (batch, 1, patches)."""
        found = []
        for scale in self.scales:
            layers, h = [], sound
            for layer in scale:  # type: ignore[attr-defined]
                h = layer(h)
                layers.append(h)
            found.append(layers)
            sound = F.avg_pool1d(sound, 4, 2, padding=1)
        return found


def _patches(channels: int, width: int) -> nn.ModuleList:
    from torch.nn.utils.parametrizations import weight_norm

    def conv(inside: int, outside: int, size: int, stride: int = 1, groups: int = 1) -> nn.Module:
        made = nn.Conv1d(inside, outside, size, stride, size // 2, groups=groups)
        return nn.Sequential(weight_norm(made), nn.LeakyReLU(0.2))

    layers = [conv(channels, width, 15)]
    for groups in (4, 4, 4):
        layers.append(conv(width, min(4 * width, 256), 41, 4, groups=groups))
        width = min(4 * width, 256)
    last = weight_norm(nn.Conv1d(width, 1, 3, padding=1))
    return nn.ModuleList([*layers, conv(width, width, 5), last])


# --- losses -----------------------------------------------------------------------------------


def kl(mean: Tensor, spread: Tensor) -> Tensor:
    """KL(N(mean, exp(spread)) ‖ N(0, 1)) a latent number, in nats."""
    return 0.5 * (mean.square() + spread.exp() - 1 - spread).mean()


def hinge_discriminator(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """E max(0, 1 − D(x)) + E max(0, 1 + D(x̂)), mean over scales (Lim & Ye 2017)."""
    terms = [
        F.relu(1 - r[-1]).mean() + F.relu(1 + f[-1]).mean() for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(terms).mean()


def hinge_generator(fake: list[list[Tensor]]) -> Tensor:
    """−E D(x̂), mean over scales."""
    return -torch.stack([f[-1].mean() for f in fake]).mean()


def feature_matching(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Mean |D_l(x) − D_l(x̂)| over layers and scales, relative to the real features' mean size, so
    that it means the same as the discriminator grows (as in EnCodec, arXiv 2210.13438, eq. 2)."""
    terms = [
        (a.detach() - b).abs().mean() / a.detach().abs().mean().clamp(min=1e-3)
        for r, f in zip(real, fake, strict=True)
        for a, b in zip(r[:-1], f[:-1], strict=True)
    ]
    return torch.stack(terms).mean()


def adversarial_terms(
    judge: nn.Module, real: Tensor, made: Tensor, adversarial: float, matching: float
) -> dict[str, Tensor]:
    """What both players learn from in one step, by term: the discriminator's loss sees made sound
    cut off from its maker, the maker's sees the discriminator with its weights held. real and made
    (batch, channels, samples); adversarial, matching: weights of the maker's terms."""
    scored, apart = judge(real), judge(made.detach())
    held = {name: value.detach() for name, value in judge.named_parameters()}
    judged = torch.func.functional_call(judge, held, (made,))
    return {
        "adversarial": adversarial * hinge_generator(judged),
        "matching": matching * feature_matching(scored, judged),
        "discriminator": hinge_discriminator(scored, apart),
    }
