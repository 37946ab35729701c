"""A variational autoencoder on waveforms, and the networks and losses that train it as a GAN.

    sound → encoder → mean, log variance → z (÷ 64 in time) → decoder → sound
                                              discriminator: which patches are real?

The VAE-GAN of LDMG, on waveforms, with the choices that improved later codecs: snake activations
(Ziyin et al. 2020, arXiv 2006.08195; Kumar et al. 2023, arXiv 2306.06546) and residual units of
dilated convolutions. There is no normalisation or attention over time, so a sample depends only on
its neighbourhood (`reach`), and sound of any length can be encoded in pieces without seams.
Notebook: `notebooks/06_vae_gan.ipynb`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LOGVAR_RANGE = (-12.0, 4.0)  # lowest and highest log variance


@dataclass(frozen=True)
class AudioVAEConfig:
    """Sizes of an `AudioVAE`.

    Args:
        channels: Channels of the sound, 1 or 2.
        width: Channels of the first stage. Each stage doubles them, up to 8 times the first.
        strides: Stride of each stage. Their product is the number of samples per latent frame.
        latent: Numbers of z per latent frame.
        dilations: Dilation of each residual unit of a stage.
        attention: Use LDMG's group norms, and its attention next to z, for its published sizes.
            Every frame then depends on all others.
    """

    channels: int = 1
    width: int = 16
    strides: tuple[int, ...] = (2, 2, 2, 2, 2, 2)
    latent: int = 16
    dilations: tuple[int, ...] = (1, 3)
    attention: bool = False

    @property
    def hop(self) -> int:
        """Samples per latent frame."""
        product = 1
        for stride in self.strides:
            product *= stride
        return product

    @property
    def widths(self) -> list[int]:
        """Channels before and after each stage."""
        return [self.width * min(2**i, 8) for i in range(len(self.strides) + 1)]


class Snake(nn.Module):
    """x + sin²(αx)/α with a learned frequency α per channel: a periodic activation for sound.

    Source: Ziyin et al. 2020, arXiv 2006.08195, eq. 3.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, width, 1))

    def forward(self, x: Tensor) -> Tensor:  # (batch, width, time)
        return Periodic.apply(x, self.alpha.abs() + 1e-6)


class Periodic(torch.autograd.Function):
    """x + sin²(αx)/α with explicit derivatives: 1 + sin(2αx) by x, and x sin(2αx)/α − sin²(αx)/α²
    by α. This needs a third of the time and memory that automatic differentiation needs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor) -> Tensor:
        ctx.save_for_backward(x, alpha)
        return torch.addcmul(x, (alpha * x).sin_().square_(), 1 / alpha)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, alpha = ctx.saved_tensors
        angle = 2 * alpha * x
        slope = grad * angle.sin()
        square = grad * (1 - angle.cos_())  # 2 sin²(αx)
        by_alpha = slope * x - square / (2 * alpha)
        return grad + slope, by_alpha.sum((0, 2), keepdim=True) / alpha


def activation(config: AudioVAEConfig, width: int) -> nn.Module:
    """Return a snake activation, or LDMG's group norm and GELU."""
    if config.attention:
        return nn.Sequential(nn.GroupNorm(8, width), nn.GELU())
    return Snake(width)


class Unit(nn.Module):
    """Residual unit: activation, dilated convolution, activation, convolution of width 1.

    Forward: (batch, width, time) → the same.
    """

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
    """LDMG's self-attention next to z: (batch, width, time) → the same."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x).transpose(1, 2)  # (batch, time, width)
        return x + self.attn(h, h, h, need_weights=False)[0].transpose(1, 2)


class AudioVAE(nn.Module):
    """A variational autoencoder: convolutional encoder and decoder of waveforms.

    Source: Kingma & Welling 2013, arXiv 1312.6114.
    """

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
        """Sound (batch, channels, samples) → mean and log variance of z, each (batch, latent,
        ⌈samples / hop⌉). The last frame is padded with silence."""
        missing = -sound.shape[-1] % self.config.hop
        features = self.encoder(F.pad(sound, (0, missing)))  # (batch, 2 · latent, frames)
        mean, logvar = features.chunk(2, dim=1)
        return mean, logvar.clamp(*LOGVAR_RANGE)

    def decode(self, z: Tensor) -> Tensor:
        """z (batch, latent, frames) → (batch, channels, frames · hop) in −1..1."""
        return torch.tanh(self.decoder(z))

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sound (batch, channels, samples) → sound of the same shape, decoded from a sample of z,
        and z's mean and log variance (Kingma & Welling 2013, eq. 10)."""
        mean, logvar = self.encode(sound)
        z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
        return self.decode(z)[..., : sound.shape[-1]], mean, logvar

    @property
    def reach(self) -> int | None:
        """Number of latent frames on each side that an encoded or decoded frame can depend on; None
        if it depends on all."""
        if self.config.attention:
            return None
        units = sum(3 * d for d in self.config.dilations)
        samples, scale = 3.0, 1
        for stride in self.config.strides:
            samples += scale * (units + stride + stride // 2)
            scale *= stride
        return int(samples / scale) + 4  # 4 for the convolutions next to z


class Discriminator(nn.Module):
    """Scores for patches of sound: grouped strided convolutions on the waveform, at the sample rate
    and at halves of it.

    Source: Kumar et al. 2019 (MelGAN), arXiv 1910.06711, section 2.3.
    """

    def __init__(self, channels: int = 1, width: int = 16, scales: int = 2) -> None:
        super().__init__()
        self.scales = nn.ModuleList(_patches(channels, width) for _ in range(scales))

    def forward(self, sound: Tensor) -> list[list[Tensor]]:
        """Sound (batch, channels, samples) → for each scale the outputs of its layers; the last
        output holds the scores (batch, 1, patches)."""
        outputs = []
        for scale in self.scales:
            layers, h = [], sound
            for layer in scale:  # type: ignore[attr-defined]
                h = layer(h)
                layers.append(h)
            outputs.append(layers)
            sound = F.avg_pool1d(sound, 4, 2, padding=1)
        return outputs


def _patches(channels: int, width: int) -> nn.ModuleList:
    from torch.nn.utils.parametrizations import weight_norm

    def conv(
        in_channels: int, out_channels: int, size: int, stride: int = 1, groups: int = 1
    ) -> nn.Module:
        layer = nn.Conv1d(in_channels, out_channels, size, stride, size // 2, groups=groups)
        return nn.Sequential(weight_norm(layer), nn.LeakyReLU(0.2))

    layers = [conv(channels, width, 15)]
    for groups in (4, 4, 4):
        layers.append(conv(width, min(4 * width, 256), 41, 4, groups=groups))
        width = min(4 * width, 256)
    last = weight_norm(nn.Conv1d(width, 1, 3, padding=1))
    return nn.ModuleList([*layers, conv(width, width, 5), last])


# --- losses -----------------------------------------------------------------------------------


def kl(mean: Tensor, logvar: Tensor) -> Tensor:
    """Return KL(N(mean, exp(logvar)) ‖ N(0, 1)) in nats per latent number.

    Source: Kingma & Welling 2013, arXiv 1312.6114, appendix B.
    """
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()


def hinge_discriminator(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Return E max(0, 1 − D(x)) + E max(0, 1 + D(x̂)), the mean over scales.

    Source: Lim & Ye 2017, arXiv 1705.02894.
    """
    terms = [
        F.relu(1 - r[-1]).mean() + F.relu(1 + f[-1]).mean() for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(terms).mean()


def hinge_generator(fake: list[list[Tensor]]) -> Tensor:
    """Return −E D(x̂), the mean over scales."""
    return -torch.stack([f[-1].mean() for f in fake]).mean()


def feature_matching(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Return the mean of |D_l(x) − D_l(x̂)| over layers l and scales. Each term is divided by the
    mean absolute value of the real features, so that its scale does not depend on the
    discriminator's.

    Source: EnCodec, arXiv 2210.13438, eq. 2.
    """
    terms = [
        (a.detach() - b).abs().mean() / a.detach().abs().mean().clamp(min=1e-3)
        for r, f in zip(real, fake, strict=True)
        for a, b in zip(r[:-1], f[:-1], strict=True)
    ]
    return torch.stack(terms).mean()


def adversarial_terms(
    discriminator: nn.Module, real: Tensor, fake: Tensor, adversarial: float, matching: float
) -> dict[str, Tensor]:
    """Return the losses of generator and discriminator for one joint training step, by term.

    "discriminator" has no gradient for the generator; "adversarial" and "matching" have none for
    the discriminator's weights. Therefore all terms can be added and minimised in one step.

    Args:
        discriminator: Returns what `Discriminator` returns.
        real: Sound (batch, channels, samples).
        fake: Generated sound of the same shape.
        adversarial: Weight of the generator's hinge loss.
        matching: Weight of the feature matching.
    """
    on_real, on_detached = discriminator(real), discriminator(fake.detach())
    frozen = {name: value.detach() for name, value in discriminator.named_parameters()}
    on_fake = torch.func.functional_call(discriminator, frozen, (fake,))
    return {
        "adversarial": adversarial * hinge_generator(on_fake),
        "matching": matching * feature_matching(on_real, on_fake),
        "discriminator": hinge_discriminator(on_real, on_detached),
    }
