"""Multi-resolution LSTM and the two drum autoencoders (arXiv 2408.02711, section 4.2).

Notebook: `notebooks/04_mrlstm_autoencoder.ipynb`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MRLSTM(nn.Module):
    """LSTMs that read a sequence at several strides at once, every phase of every stride.

    At stride 4 on a grid of sixteenths one LSTM hears only the beats, only the "e"s, only the
    "and"s and only the "a"s: four phases, read with the same weights. No step is dropped, so the
    outputs keep the length and are laid side by side.

    Args:
        channels: input channels.
        hidden: LSTM units per direction and resolution.
        strides: the resolutions; (1, 2, 4) in the paper, (1,) is a plain LSTM.
        layers: LSTM layers.
        bidirectional: also read backwards, so that each step knows what follows.

    Forward: (batch, time, channels) → (batch, time, len(strides) · hidden · directions). The time
    must be a multiple of every stride.
    """

    def __init__(
        self,
        channels: int,
        hidden: int,
        strides: tuple[int, ...] = (1, 2, 4),
        layers: int = 1,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self.strides = strides
        self.out_channels = len(strides) * hidden * (2 if bidirectional else 1)
        self.lstms = nn.ModuleList(
            nn.LSTM(channels, hidden, layers, batch_first=True, bidirectional=bidirectional)
            for _ in strides
        )

    def forward(self, x: Tensor) -> Tensor:
        readings = zip(self.lstms, self.strides, strict=True)
        return torch.cat(
            [read_at_stride(lstm, x, stride) for lstm, stride in readings], dim=-1
        )  # (batch, time, resolutions · hidden)


def read_at_stride(lstm: nn.Module, x: Tensor, stride: int) -> Tensor:
    """Run `lstm` over every `stride`-th step, once for each phase: (b, t, c) → (b, t, hidden)."""
    b, t, c = x.shape
    phases = x.reshape(b, t // stride, stride, c).transpose(1, 2)  # (b, stride, t/stride, c)
    out, _ = lstm(phases.reshape(b * stride, t // stride, c))  # (b·stride, t/stride, h)
    return out.reshape(b, stride, t // stride, -1).transpose(1, 2).reshape(b, t, -1)


class PaperAutoencoder(nn.Module):
    """The published autoencoder: a roll of velocities into one vector, mean squared error.

    Roll (batch, steps, 27), of which it sees the velocities, → latent (batch, latent) → roll.
    Encoder: three 2-layer LSTMs of 8 units, 3·128·8 = 3072 features → 128, LeakyReLU, BatchNorm,
    dropout 0.2. Decoder: 128 → 512 = (128 steps, 4) → two LSTMs. Noise of scale U(0.01, 0.1) joins
    the latent in training. It knows no microtiming and reads only loops of `steps` steps.
    """

    def __init__(
        self,
        latent: int = 128,
        steps: int = 128,
        strides: tuple[int, ...] = (1, 2, 4),
        hidden: int = 8,
        noise: tuple[float, float] = (0.01, 0.1),
    ) -> None:
        super().__init__()
        self.steps, self.noise = steps, noise
        self.mrlstm = MRLSTM(9, hidden, strides, layers=2)
        self.squeeze = nn.Sequential(
            nn.Linear(self.mrlstm.out_channels * steps, latent),
            nn.LeakyReLU(),
            nn.BatchNorm1d(latent),
            nn.Dropout(0.2),
        )
        self.expand = nn.Linear(latent, 4 * steps)
        self.lstm = nn.LSTM(4, 64, batch_first=True)
        self.out = nn.LSTM(64, 9, batch_first=True)

    def encode(self, roll: Tensor) -> Tensor:
        return self.squeeze(self.mrlstm(roll[..., 9:18]).flatten(1))  # (b, latent)

    def forward(self, z: Tensor) -> Tensor:
        """Latent → velocities (batch, steps, 9), not yet clipped."""
        h, _ = self.lstm(self.expand(z).reshape(len(z), self.steps, 4))  # (b, steps, 64)
        return self.out(h)[0]

    def decode(self, z: Tensor, threshold: float = 5 / 127) -> Tensor:
        """Latent → roll (batch, steps, 27); a hit is a velocity above 5 of 127, as published."""
        velocity = self(z).clamp(0, 1)
        hits = (velocity > threshold).float()
        return torch.cat([hits, velocity * hits, torch.zeros_like(hits)], dim=-1)

    def loss(self, roll: Tensor) -> dict[str, Tensor]:
        z = self.encode(roll)
        scale = torch.empty(len(z), 1, device=z.device).uniform_(*self.noise)
        return {"mse": F.mse_loss(self(z + scale * torch.randn_like(z)), roll[..., 9:18])}


@dataclass(frozen=True)
class AutoencoderConfig:
    """Sizes of `DrumAutoencoder`, chosen by held-out reconstruction.

    latent: numbers per beat. hidden: LSTM units per direction and resolution. width: features per
    step in the decoder. noise: largest scale of the noise on the latent in training; much of it
    costs a little precision and makes the decoder forgive what diffusion gets slightly wrong.
    """

    latent: int = 24
    hidden: int = 64
    width: int = 128
    strides: tuple[int, ...] = (1, 2, 4)
    steps_per_beat: int = 4
    noise: float = 0.6


class DrumAutoencoder(nn.Module):
    """MRLSTM autoencoder with one latent vector per beat, for loops of any number of beats.

    What the paper's could not say is said apart: whether a drum is hit (a probability, trained
    with binary cross-entropy), how hard, and how far off the grid (both judged on true hits
    only). A mean squared error on velocities cannot tell "no hit" from "soft hit".

    Roll (batch, steps, 27) = hits | velocity | offset → latent (batch, beats, latent), each beat's
    vector normalised to zero mean and unit variance, so that noise has a known size beside it.
    """

    def __init__(self, config: AutoencoderConfig = AutoencoderConfig()) -> None:
        super().__init__()
        self.config = c = config
        s = c.steps_per_beat
        if any(4 * s % stride for stride in c.strides):
            raise ValueError(f"strides: {c.strides}; a bar of {4 * s} steps is not a multiple")
        self.encoder = MRLSTM(27, c.hidden, c.strides, bidirectional=True)
        self.to_latent = nn.Linear(s * (self.encoder.out_channels + 27), c.latent)
        self.from_latent = nn.Linear(c.latent, s * c.width)
        self.decoder = MRLSTM(c.width, c.hidden, c.strides, bidirectional=True)
        self.head = nn.Sequential(
            nn.Linear(self.decoder.out_channels + c.width, c.width),
            nn.GELU(),
            nn.Linear(c.width, 27),
        )

    def encode(self, roll: Tensor) -> Tensor:
        x = centred(roll)
        h = torch.cat([self.encoder(x), x], dim=-1)  # (b, steps, features)
        beats = h.reshape(len(h), -1, self.config.steps_per_beat * h.shape[-1])
        return F.layer_norm(self.to_latent(beats), (self.config.latent,))  # (b, beats, latent)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Latent → hit logits, velocity (0 to 1), offset (−½ to ½ step); each (b, steps, 9)."""
        b, beats, _ = z.shape
        h = F.layer_norm(z, (self.config.latent,))
        h = self.from_latent(h).reshape(b, beats * self.config.steps_per_beat, self.config.width)
        h = self.head(torch.cat([self.decoder(h), h], dim=-1))  # (b, steps, 27)
        logits, velocity, offset = h.chunk(3, dim=-1)
        return logits, velocity.sigmoid(), 0.5 * offset.tanh()

    def decode(self, z: Tensor, threshold: float = 0.5) -> Tensor:
        """Latent → roll (batch, steps, 27); a cell is hit where its probability > threshold."""
        logits, velocity, offset = self(z)
        hits = (logits.sigmoid() > threshold).float()
        return torch.cat([hits, velocity * hits, offset * hits], dim=-1)

    def loss(self, roll: Tensor) -> dict[str, Tensor]:
        """Named terms; the sum is what is trained."""
        z = self.encode(roll)
        scale = self.config.noise * torch.rand(len(z), 1, 1, device=z.device)
        logits, velocity, offset = self(z + scale * torch.randn_like(z))
        hits, true_velocity, true_offset = roll.chunk(3, dim=-1)
        count = hits.sum().clamp(min=1)
        return {
            "hit": F.binary_cross_entropy_with_logits(logits, hits, reduction="sum") / count,
            "velocity": 20 * (hits * (velocity - true_velocity) ** 2).sum() / count,
            "offset": 20 * (hits * (offset - true_offset) ** 2).sum() / count,
        }


def centred(roll: Tensor) -> Tensor:
    """Bring the three parts of a roll to like scale: offsets are within ±½, so double them."""
    hits, velocity, offset = roll.chunk(3, dim=-1)
    return torch.cat([hits, velocity, 2 * offset], dim=-1)
