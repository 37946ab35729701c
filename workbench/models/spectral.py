"""Spectrograms as training losses: the multi-resolution STFT distance.

Yamamoto et al. 2020 (Parallel WaveGAN, arXiv 1910.11480), equations 4 to 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

WINDOWS = (2048, 1024, 512, 256, 128, 64, 32)  # samples; seven scales as in Stable Audio
FLOOR = 1e-4  # magnitudes below count as silence


def magnitude(sound: Tensor, window: int) -> Tensor:
    """(…, samples) → (n, window / 2 + 1, frames), a quarter of a window a frame, of unit gain: a
    full-scale sine has magnitude about ½."""
    hann = torch.hann_window(window, device=sound.device)
    with torch.autocast(sound.device.type, enabled=False):
        flat = sound.float().reshape(-1, sound.shape[-1])
        found = torch.stft(flat, window, window // 4, window=hann, return_complex=True)
        return (found.real.square() + found.imag.square() + 1e-12).sqrt() / hann.sum()


def stft_loss(
    real: Tensor, decoded: Tensor, windows: Sequence[int] = WINDOWS
) -> tuple[Tensor, Tensor]:
    """Spectral convergence ‖S − Ŝ‖ / ‖S‖ and mean |log S − log Ŝ|, each a mean over the windows:
    real and decoded (batch, channels, samples). Two channels are compared as sum and difference
    too, so that the picture in space is heard."""
    if real.shape[1] == 2:
        real, decoded = _with_sides(real), _with_sides(decoded)
    convergence, logs = [], []
    for window in windows:
        a, b = magnitude(real, window), magnitude(decoded, window)
        scale = a.flatten(1).norm(dim=1).clamp(min=FLOOR * a[0].numel() ** 0.5)
        convergence.append(((a - b).flatten(1).norm(dim=1) / scale).mean())
        logs.append((a.clamp(min=FLOOR).log() - b.clamp(min=FLOOR).log()).abs().mean())
    return torch.stack(convergence).mean(), torch.stack(logs).mean()


def level_distance(real: Tensor, decoded: Tensor, window: int = 1024) -> Tensor:
    """The log-spectral distance in dB as a loss (`workbench.evaluation.spectra` measures it): the
    root mean square over bins of the difference in level, mean over frames; real and decoded
    (batch, channels, samples). Nothing below −80 dB of a full-scale sine counts."""
    levels = [20 * (2 * magnitude(x, window)).clamp(min=FLOOR).log10() for x in (real, decoded)]
    apart = (levels[0] - levels[1]).square().mean(1)  # (n, frames)
    return (apart + 1e-6).sqrt().mean()  # the root's slope at 0 is not finite


def _with_sides(sound: Tensor) -> Tensor:
    """(batch, 2, samples) → (batch, 4, samples): left, right, middle, side."""
    left, right = sound.unbind(1)
    return torch.stack([left, right, (left + right) / 2, (left - right) / 2], 1)
