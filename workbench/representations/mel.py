"""Log mel spectrograms of MusicLDM, AudioLDM and HiFi-GAN.

16 kHz, window 1,024, hop 160 (100 frames per second), 64 bands up to 8 kHz, natural logarithm of
magnitudes (not power) of at least 1e-5.

Source: MusicLDM, arXiv 2308.01546, section 3; the code of HiFi-GAN, arXiv 2010.05646.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

QUIET = 1e-5  # lowest mel magnitude


@dataclass(frozen=True)
class Mel:
    """The spectrogram's sizes. `rate`, `low` and `high` are in Hz, `window` and `hop` in
    samples."""

    rate: int = 16_000
    window: int = 1024
    hop: int = 160
    bands: int = 64
    low: float = 0.0
    high: float = 8000.0

    def __call__(self, sound: Tensor) -> Tensor:
        """Sound (batch, samples) in −1..1 → log mel (batch, frames, bands), from −11.5 to about 2.
        There are samples // hop frames, at least 1. The ends of the sound are mirrored, so that
        each frame is centred on its samples."""
        edge = (self.window - self.hop) // 2
        sound = torch.nn.functional.pad(sound, (0, max(0, self.hop - sound.shape[-1])))
        short = sound.shape[-1] <= edge + self.hop  # too short to be mirrored
        padded = torch.nn.functional.pad(
            sound[:, None], (edge, edge), mode="constant" if short else "reflect"
        )[:, 0]
        hann = torch.hann_window(self.window, device=sound.device)
        spectrum = torch.stft(
            padded, self.window, self.hop, window=hann, center=False, return_complex=True
        )
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()
        bands = magnitude.transpose(1, 2) @ filters(self).to(sound.device)
        return bands.clamp(min=QUIET).log()


@cache
def filters(mel: Mel) -> Tensor:
    """Return the filters (bins, bands): triangles of equal area on Slaney's mel scale."""
    bins = torch.linspace(0, mel.rate // 2, mel.window // 2 + 1)  # Hz
    low, high = (_slaney(hertz) for hertz in (mel.low, mel.high))
    edges = _hertz(torch.linspace(low, high, mel.bands + 2))  # each band's, its neighbours' centres
    width = edges.diff()
    rising = (bins[:, None] - edges[:-2]) / width[:-1]
    falling = (edges[2:] - bins[:, None]) / width[1:]
    return torch.minimum(rising, falling).clamp(min=0) * 2 / (edges[2:] - edges[:-2])


_STEP = math.log(6.4) / 27  # Slaney's scale: linear to 1 kHz, which is 15 mel, then logarithmic


def _slaney(hertz: float) -> float:
    return 15 + math.log(hertz / 1000) / _STEP if hertz >= 1000 else 3 * hertz / 200


def _hertz(mels: Tensor) -> Tensor:
    return torch.where(mels >= 15, 1000 * torch.exp(_STEP * (mels - 15)), 200 * mels / 3)
