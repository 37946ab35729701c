"""Multi-resolution LSTM and the two drum autoencoders (arXiv 2408.02711).

Notebook: `notebooks/04_mrlstm_autoencoder.ipynb`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Decoded velocities from here on are full. Of the training loops 16.1 % of the hits have velocity
# 127, and 16.2 % are decoded to at least 123; their mean error falls from 2.7 to 2.5.
FULL = 122.5 / 127


class MRLSTM(nn.Module):
    """LSTMs that read a sequence at several strides, in every phase of each stride.

    At stride 4 on a grid of sixteenths, one LSTM reads only the beats, only the "e"s, only the
    "and"s and only the "a"s: four phases with the same weights. No step is dropped, so all outputs
    have the length of the input and can be concatenated.

    Args:
        channels: Input channels.
        hidden: LSTM units per direction and stride.
        strides: The strides; (1, 2, 4) in the paper. (1,) is an ordinary LSTM.
        layers: LSTM layers.
        bidirectional: Also read backwards, so that each output depends on the steps after it.

    Forward: (batch, time, channels) → (batch, time, len(strides) · hidden · directions). The time
    must be a multiple of every stride.

    Source: arXiv 2408.02711.
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
        pairs = zip(self.lstms, self.strides, strict=True)
        return torch.cat(
            [read_at_stride(lstm, x, stride) for lstm, stride in pairs], dim=-1
        )  # (batch, time, resolutions · hidden)


def read_at_stride(lstm: nn.Module, x: Tensor, stride: int) -> Tensor:
    """Run `lstm` over every `stride`-th step, once per phase: (b, t, c) → (b, t, hidden)."""
    b, t, c = x.shape
    phases = x.reshape(b, t // stride, stride, c).transpose(1, 2)  # (b, stride, t/stride, c)
    out, _ = lstm(phases.reshape(b * stride, t // stride, c))  # (b·stride, t/stride, h)
    return out.reshape(b, stride, t // stride, -1).transpose(1, 2).reshape(b, t, -1)


class PaperAutoencoder(nn.Module):
    """The published autoencoder: one vector per loop, mean squared error on velocities.

    Roll (batch, steps, 27), of which only the velocities are used, → latent (batch, latent) → roll.
    Encoder: three 2-layer LSTMs of 8 units, 3·128·8 = 3072 features → 128, LeakyReLU, BatchNorm,
    dropout 0.2. Decoder: 128 → 512 = (128 steps, 4) → two LSTMs. In training, noise of scale
    U(0.01, 0.1) is added to the latent. It has no microtiming and needs loops of `steps` steps.

    Args:
        latent: Numbers per loop.
        steps: Steps per loop.
        strides: Strides of the `MRLSTM`.
        hidden: LSTM units per stride.
        noise: Lowest and highest scale of the noise.

    Source: arXiv 2408.02711.
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
        """Roll (batch, steps, 27) → latent (batch, latent)."""
        return self.squeeze(self.mrlstm(roll[..., 9:18]).flatten(1))  # (b, latent)

    def forward(self, z: Tensor) -> Tensor:
        """Latent (batch, latent) → velocities (batch, steps, 9), not clipped."""
        h, _ = self.lstm(self.expand(z).reshape(len(z), self.steps, 4))  # (b, steps, 64)
        return self.out(h)[0]

    def decode(self, z: Tensor, threshold: float = 5 / 127) -> Tensor:
        """Latent (batch, latent) → roll (batch, steps, 27). A cell is hit if its velocity is above
        the threshold, 5 of 127 as published."""
        velocity = self(z).clamp(0, 1)
        hits = (velocity > threshold).float()
        return torch.cat([hits, velocity * hits, torch.zeros_like(hits)], dim=-1)

    def loss(self, roll: Tensor) -> dict[str, Tensor]:
        """Mean squared error of the velocities of rolls (batch, steps, 27)."""
        z = self.encode(roll)
        scale = torch.empty(len(z), 1, device=z.device).uniform_(*self.noise)
        return {"mse": F.mse_loss(self(z + scale * torch.randn_like(z)), roll[..., 9:18])}


@dataclass(frozen=True)
class AutoencoderConfig:
    """Sizes of `DrumAutoencoder`, chosen by held-out reconstruction.

    Args:
        latent: Numbers per beat.
        hidden: LSTM units per direction and stride.
        width: Features per step in the decoder.
        strides: Strides of the `MRLSTM`s.
        steps_per_beat: Steps of a roll per beat.
        noise: Largest scale of the noise on the latent in training. More noise costs a little
            precision, but makes the decoder robust to small errors of the diffusion model.
        slots: Hits of one drum in a cell, 1 or 2, see `DrumRoll`.
    """

    latent: int = 24
    hidden: int = 64
    width: int = 128
    strides: tuple[int, ...] = (1, 2, 4)
    steps_per_beat: int = 4
    noise: float = 0.6
    slots: int = 1


class DrumAutoencoder(nn.Module):
    """MRLSTM autoencoder with one latent vector per beat, for loops of any number of beats.

    Three outputs are predicted separately: whether a drum is hit (a probability, trained with
    binary cross-entropy), its velocity, and its offset from the grid. The losses of the last two
    count true hits only. The paper's mean squared error on velocities cannot distinguish "no hit"
    from "soft hit".

    Roll (batch, steps, 27 · slots), for each slot hits | velocity | offset → latent (batch, beats,
    latent). The vector of each beat is normalised to mean 0 and variance 1, so that the noise has a
    known relative scale.
    """

    def __init__(self, config: AutoencoderConfig = AutoencoderConfig()) -> None:
        super().__init__()
        self.config = c = config
        s, channels = c.steps_per_beat, 27 * c.slots
        if any(4 * s % stride for stride in c.strides):
            raise ValueError(f"strides must divide a bar of {4 * s} steps, got {c.strides}")
        self.encoder = MRLSTM(channels, c.hidden, c.strides, bidirectional=True)
        self.to_latent = nn.Linear(s * (self.encoder.out_channels + channels), c.latent)
        self.from_latent = nn.Linear(c.latent, s * c.width)
        self.decoder = MRLSTM(c.width, c.hidden, c.strides, bidirectional=True)
        self.head = nn.Sequential(
            nn.Linear(self.decoder.out_channels + c.width, c.width),
            nn.GELU(),
            nn.Linear(c.width, channels),
        )

    def encode(self, roll: Tensor) -> Tensor:
        """Roll (batch, steps, 27) → latent (batch, beats, latent)."""
        x = centred(roll)
        h = torch.cat([self.encoder(x), x], dim=-1)  # (b, steps, features)
        beats = h.reshape(len(h), -1, self.config.steps_per_beat * h.shape[-1])
        return F.layer_norm(self.to_latent(beats), (self.config.latent,))  # (b, beats, latent)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Latent (batch, beats, latent) → hit logits, velocity (0 to 1) and offset (−½ to ½ step),
        each (batch, steps, 9 · slots)."""
        b, beats, _ = z.shape
        h = F.layer_norm(z, (self.config.latent,))
        h = self.from_latent(h).reshape(b, beats * self.config.steps_per_beat, self.config.width)
        h = self.head(torch.cat([self.decoder(h), h], dim=-1))  # (b, steps, 27 · slots)
        logits, velocity, offset = parts_of(h)
        return logits, velocity.sigmoid(), 0.5 * offset.tanh()

    def decode(
        self,
        z: Tensor,
        threshold: float = 0.5,
        *,
        required: Tensor | None = None,
        forbidden: Tensor | None = None,
    ) -> Tensor:
        """Latent (batch, beats, latent) → roll (batch, steps, 27 · slots). A cell is hit if its
        probability is above the threshold.

        required, forbidden: bool (batch, steps, 9) or, for both slots, (batch, steps, 9 · slots):
        cells that are hit, and cells that are not, whatever the latent. Velocity and offset of a
        required hit are the decoder's.
        """
        logits, velocity, offset = self(z)
        hits = logits.sigmoid() > threshold
        if required is not None:
            hits = hits | F.pad(required, (0, hits.shape[-1] - required.shape[-1]))
        if forbidden is not None:
            hits = hits & ~forbidden.repeat(1, 1, hits.shape[-1] // forbidden.shape[-1])
        if self.config.slots == 2:  # a second hit needs a first one
            first, second = hits.chunk(2, dim=-1)
            hits = torch.cat([first, first & second], dim=-1)
        struck = hits.float()
        # the sigmoid never reaches 1, where a sixth of the hits of an electronic kit lies
        velocity = velocity.masked_fill(velocity >= FULL, 1.0)
        return roll_of(struck, velocity * struck, offset * struck)

    def loss(self, roll: Tensor) -> dict[str, Tensor]:
        """Return the terms of the loss of rolls (batch, steps, 27); their sum is minimised."""
        z = self.encode(roll)
        scale = self.config.noise * torch.rand(len(z), 1, 1, device=z.device)
        logits, velocity, offset = self(z + scale * torch.randn_like(z))
        hits, true_velocity, true_offset = parts_of(roll)
        count = hits.sum().clamp(min=1)
        return {
            "hit": F.binary_cross_entropy_with_logits(logits, hits, reduction="sum") / count,
            "velocity": 20 * (hits * (velocity - true_velocity) ** 2).sum() / count,
            "offset": 20 * (hits * (offset - true_offset) ** 2).sum() / count,
        }


def parts_of(roll: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hits, velocity and offset of a roll (…, 27 · slots): each (…, 9 · slots)."""
    hits, velocity, offset = roll.unflatten(-1, (-1, 3, 9)).unbind(-2)  # each (…, slots, 9)
    return hits.flatten(-2), velocity.flatten(-2), offset.flatten(-2)


def roll_of(hits: Tensor, velocity: Tensor, offset: Tensor) -> Tensor:
    """Undo `parts_of`."""
    parts = [part.unflatten(-1, (-1, 9)) for part in (hits, velocity, offset)]
    return torch.stack(parts, dim=-2).flatten(-3)


def centred(roll: Tensor) -> Tensor:
    """Bring the three parts of a roll (batch, steps, 27 · slots) to a similar scale: offsets, which
    are within ±½, are doubled."""
    hits, velocity, offset = parts_of(roll)
    return roll_of(hits, velocity, 2 * offset)
