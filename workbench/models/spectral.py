"""Spectrograms as training losses: the multi-resolution STFT distance, and distances of level and
texture.

Yamamoto et al. 2020 (Parallel WaveGAN, arXiv 1910.11480), equations 4 to 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOWS = (2048, 1024, 512, 256, 128, 64, 32)  # samples; seven scales as in Stable Audio
FLOOR = 1e-4  # lower magnitudes count as silence
SPAN = 0.3  # seconds of which a texture is


def magnitude(sound: Tensor, window: int) -> Tensor:
    """Sound (…, samples) → magnitudes (n, window / 2 + 1, frames) with a hop of a quarter of the
    window. A full-scale sine has a magnitude of about ½."""
    hann = torch.hann_window(window, device=sound.device)
    with torch.autocast(sound.device.type, enabled=False):
        flat = sound.float().reshape(-1, sound.shape[-1])
        spectrum = torch.stft(flat, window, window // 4, window=hann, return_complex=True)
        return (spectrum.real.square() + spectrum.imag.square() + 1e-12).sqrt() / hann.sum()


def stft_loss(
    real: Tensor, decoded: Tensor, windows: Sequence[int] = WINDOWS
) -> tuple[Tensor, Tensor]:
    """Return the spectral convergence ‖S − Ŝ‖ / ‖S‖ and the mean of |log S − log Ŝ|, each averaged
    over the windows. real, decoded: (batch, channels, samples). For stereo, sum and difference of
    the channels are compared too, so that the stereo image counts.

    Source: Parallel WaveGAN, arXiv 1910.11480, eqs. 4 to 6.
    """
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
    """Return the log-spectral distance in dB, which `workbench.evaluation.spectra` measures, as a
    loss: the root mean square over bins of the difference in level, averaged over frames. real,
    decoded: (batch, channels, samples). Levels below −80 dB of a full-scale sine do not count."""
    levels = [20 * (2 * magnitude(x, window)).clamp(min=FLOOR).log10() for x in (real, decoded)]
    square = (levels[0] - levels[1]).square().mean(1)  # (n, frames)
    return (square + 1e-6).sqrt().mean()  # the derivative of the root at 0 is infinite


def texture_distance(
    real: Tensor, decoded: Tensor, rate: int, windows: Sequence[int] = WINDOWS
) -> Tensor:
    """Return how unlike the textures of two sounds are: how much the log spectrum changes from
    frame to frame and from bin to bin, averaged over 0.3 seconds, in nats.

    A distance of single magnitudes is least for the mean of all spectra that are possible, which is
    smoother than each of them: attacks are dull, and noise fills the gaps between partials. The
    averages of changes tell a smooth spectrum from a detailed one, wherever its details are.

    Args:
        real: (batch, channels, samples).
        decoded: Of the same shape.
        rate: Sample rate in Hz.
        windows: Windows of the transforms in samples; the distance is the mean over them.

    Source: the idea of McDermott and Simoncelli 2011, "Sound texture perception via statistics of
    the auditory periphery", with other statistics.
    """
    total = []
    for window in windows:
        logs = [(2 * magnitude(x, window)).clamp(min=FLOOR).log() for x in (real, decoded)]
        for axis in (1, 2):  # bins, frames
            changes = [x.diff(dim=axis).abs() for x in logs]
            frames = min(max(1, round(SPAN * rate / (window // 4))), changes[0].shape[-1])
            a, b = (
                F.avg_pool1d(x, frames, max(1, frames // 2), ceil_mode=True) for x in changes
            )  # half overlaps; at the end an average may have fewer frames
            total.append((a - b).abs().mean())
    return torch.stack(total).mean()


def some_windows(n: int = 3) -> tuple[int, ...]:
    """Return n of WINDOWS at random. A distance over these has the expectation of one over all, and
    transforms cost more than the networks of a small autoencoder. Call it outside of validation
    only, where distances must not depend on chance."""
    return tuple(WINDOWS[i] for i in torch.randperm(len(WINDOWS))[:n].tolist())


def _with_sides(sound: Tensor) -> Tensor:
    """(batch, 2, samples) → (batch, 4, samples): left, right, middle, side."""
    left, right = sound.unbind(1)
    return torch.stack([left, right, (left + right) / 2, (left - right) / 2], 1)
