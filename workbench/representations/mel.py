"""Log mel spectrograms as MusicLDM, AudioLDM and HiFi-GAN read them.

16 kHz, window 1,024, hop 160 (100 frames a second), 64 bands up to 8 kHz, magnitudes (not power),
natural logarithm, nothing below 1e-5 (arXiv 2308.01546, section 3; HiFi-GAN's features).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import torchaudio
from torch import Tensor

QUIET = 1e-5


@dataclass(frozen=True)
class Mel:
    """Sizes in samples and Hz; `frames` of a sound are its samples / hop."""

    rate: int = 16_000
    window: int = 1024
    hop: int = 160
    bands: int = 64
    low: float = 0.0
    high: float = 8000.0

    def __call__(self, sound: Tensor) -> Tensor:
        """(batch, samples) in −1..1 → (batch, frames, bands), from −11.5 to about 2. Frames are
        samples // hop, one at least; the ends are mirrored, so that each is centred on its own
        samples."""
        edge = (self.window - self.hop) // 2
        sound = torch.nn.functional.pad(sound, (0, max(0, self.hop - sound.shape[-1])))
        short = sound.shape[-1] <= edge + self.hop  # too short to be mirrored
        padded = torch.nn.functional.pad(
            sound[:, None], (edge, edge), mode="constant" if short else "reflect"
        )[:, 0]
        hann = torch.hann_window(self.window, device=sound.device)
        found = torch.stft(
            padded, self.window, self.hop, window=hann, center=False, return_complex=True
        )
        size = (found.real.square() + found.imag.square() + 1e-9).sqrt()
        bands = size.transpose(1, 2) @ filters(self).to(sound.device)
        return bands.clamp(min=QUIET).log()


@cache
def filters(mel: Mel) -> Tensor:
    """(bins, bands): triangles on Slaney's scale, each of equal area."""
    return torchaudio.functional.melscale_fbanks(
        mel.window // 2 + 1,
        mel.low,
        mel.high,
        mel.bands,
        mel.rate,
        norm="slaney",
        mel_scale="slaney",
    )
