"""Beat-synchronous mixup of MusicLDM (Chen et al. 2023, arXiv 2308.01546, section 3).

Two pieces of similar tempo are time-stretched to a common tempo, shifted so that both begin at a
downbeat, and mixed with λ ~ Beta(5, 5). BAM mixes their waveforms, BLM the latents of the aligned
waveforms; `mix` does both. `mix` without alignment is the ordinary mixup that the paper compares
with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from workbench.arguments import random_generator
from workbench.errors import PromptError, WorkbenchError
from workbench.music.audio import checked, resample, turned_down

WIDTH = 0.08  # octaves on each side of a group's tempo: a stretch by at most 6 %


@dataclass(frozen=True)
class Beats:
    """Beats (n,) and downbeats (m,) in ascending seconds. Raises PromptError if they are not
    ascending."""

    times: np.ndarray
    downbeats: np.ndarray

    def __post_init__(self) -> None:
        for name in ("times", "downbeats"):
            values = np.asarray(getattr(self, name), dtype=float)
            if not _rising(values):
                raise PromptError(f"{name}: {_few(values)}; give seconds that rise, without NaN")
            object.__setattr__(self, name, values)

    @property
    def tempo(self) -> float:
        """BPM from the median distance between beats; NaN for fewer than two beats."""
        return 60 / float(np.median(np.diff(self.times))) if len(self.times) > 1 else float("nan")

    @classmethod
    def read(cls, labels: dict[str, Any]) -> Beats:
        """Return the beats in a clip's labels, which rendered music has. Labels with other
        contents, such as a number of beats, give no beats."""
        times, downbeats = (_seconds(labels.get(name)) for name in ("beats", "downbeats"))
        return cls(times, downbeats) if len(times) > 1 else cls(np.empty(0), np.empty(0))

    def within(self, seconds: float) -> Beats:
        """Return the beats before `seconds`."""
        return Beats(self.times[self.times < seconds], self.downbeats[self.downbeats < seconds])

    def moved(self, start: float, factor: float) -> Beats:
        """Return the beats of the piece from second `start` on, played `factor` times as fast."""
        kept = (values[values >= start - 1e-6] for values in (self.times, self.downbeats))
        return Beats(*kept).shifted(start, factor)

    def shifted(self, start: float, factor: float) -> Beats:
        """Return all beats, also those before `start`, where second `start` is 0 and the piece is
        played `factor` times as fast."""
        return Beats((self.times - start) / factor, (self.downbeats - start) / factor)


def _rising(values: np.ndarray) -> bool:
    return bool(values.ndim == 1 and np.isfinite(values).all() and (np.diff(values) > 0).all())


def _few(values: np.ndarray) -> str:
    return np.array2string(values, precision=3, threshold=6, edgeitems=2).replace("\n", "")


def _seconds(label: Any) -> np.ndarray:
    """Return the numbers of a label if they ascend, otherwise none."""
    try:
        values = np.array(str(label or "").split(), dtype=float)
    except ValueError:
        return np.empty(0)
    return values if _rising(values) else np.empty(0)


def octave_near(tempo: float, reference: float) -> float:
    """Return the tempo, doubled or halved until it is nearest to the reference (both in BPM).
    Trackers often err by a factor of 2, and both tempos fit the same bars. Raises PromptError for
    tempos that are not above 0."""
    if not (0 < tempo < np.inf and 0 < reference < np.inf):
        raise PromptError(f"tempo: {tempo:g} and {reference:g} BPM; give numbers above 0")
    return tempo * 2.0 ** round(np.log2(reference / tempo))


def group_by_tempo(tempi: Sequence[float], width: float = WIDTH) -> list[list[int]]:
    """Return groups of indices of pieces whose tempos, up to factors of 2, are within 2 · `width`
    octaves of each other, slow groups first. Pieces without beats (NaN) are in no group."""
    values = np.asarray(tempi, dtype=float)
    usable = [i for i in range(len(values)) if np.isfinite(values[i]) and values[i] > 0]
    folded = {i: float(np.log2(octave_near(values[i], 100.0))) for i in usable}
    groups: list[list[int]] = []
    for i in sorted(usable, key=lambda i: folded[i]):
        if groups and folded[i] - folded[groups[-1][0]] <= 2 * width:
            groups[-1].append(i)
        else:
            groups.append([i])
    if len(groups) > 1 and folded[groups[0][-1]] + 1 - folded[groups[-1][0]] <= 2 * width:
        groups[0] = [*groups.pop(), *groups[0]]  # the octave is a circle
    return groups


def stretch(samples: np.ndarray, factor: float, rate: int) -> np.ndarray:
    """Play sound `factor` times as fast at the same pitch: (channels, n) → (channels, round(n /
    factor)).

    WSOLA joins windows of 64 ms. Each is taken within 12.5 ms of its nominal time, where it best
    continues the previous one. Attacks stay sharp, unlike with a phase vocoder, and errors of time
    do not accumulate. factor is 0.5 to 2; otherwise PromptError is raised.

    Source: Verhelst & Roelands 1993, "An overlap-add technique based on waveform similarity".
    """
    if not 0.5 <= factor <= 2:
        raise PromptError(f"factor: {factor:g}; give 0.5 to 2, or fold the tempo by an octave")
    samples = checked(samples, "samples")
    if factor == 1 or not samples.shape[1]:
        return samples
    half, reach = max(1, round(0.032 * rate)), round(0.0125 * rate)
    length = max(1, round(samples.shape[1] / factor))
    edge = 3 * half + reach
    sound = np.pad(samples.astype(np.float32), ((0, 0), (edge, edge + 2 * half)))
    mono = sound.mean(0)
    window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * half) / half)  # two halves add up to one
    out = np.zeros((len(sound), length + 3 * half), dtype=np.float32)
    at = edge - half
    for start in range(0, length + half, half):
        target = edge - half + min(round(start * factor), samples.shape[1])
        if start:
            wanted = mono[at + half : at + 3 * half]
            near = mono[target - reach : target + reach + 2 * half]
            at = target - reach + _best(wanted, near)
        out[:, start : start + 2 * half] += window * sound[:, at : at + 2 * half]
    return out[:, half : half + length]


def transpose(samples: np.ndarray, semitones: float, rate: int) -> np.ndarray:
    """Transpose sound by semitones without changing its length: (channels, n) → (channels, n). It
    is stretched, then resampled. It is meant for key alignment, which the paper leaves open."""
    samples = checked(samples, "samples")
    if not semitones:
        return samples
    ratio = 2.0 ** (semitones / 12)
    slow = stretch(samples, 1 / ratio, rate)
    moved = resample(slow, round(rate * ratio), rate)
    length = samples.shape[1]
    return np.pad(moved[:, :length], ((0, 0), (0, max(0, length - moved.shape[1]))))


def _best(wanted: np.ndarray, region: np.ndarray) -> int:
    """Return where in `region` (m,) the segment begins that is most similar to `wanted` (n,), by
    normalised correlation."""
    likeness = np.correlate(region, wanted, "valid")
    power = np.convolve(region.astype(float) ** 2, np.ones(len(wanted)), "valid")
    return int(np.argmax(likeness / np.sqrt(power + 1e-6)))


def common_tempo(a: Beats, b: Beats) -> float:
    """Return the tempo in BPM to which `align` brings two pieces: the geometric mean of both, after
    factors of 2 between them are removed."""
    return float(np.sqrt(a.tempo * octave_near(b.tempo, a.tempo)))


def align(
    a: np.ndarray, beats_a: Beats, b: np.ndarray, beats_b: Beats, rate: int
) -> tuple[np.ndarray, np.ndarray, Beats]:
    """Bring two pieces to a common tempo (see `common_tempo`), beginning at a downbeat of each.

    Args:
        a: Sound (channels, n).
        beats_a: Its beats.
        b: Sound (channels, m).
        beats_b: Its beats.
        rate: Sample rate in Hz.

    Returns:
        Both pieces, as long as the shorter one, and the beats of the first.

    Raises:
        WorkbenchError: If a piece has no beats or ends before its first downbeat.

    Source: MusicLDM, arXiv 2308.01546, section 3.
    """
    for name, sound, beats in (("a", a, beats_a), ("b", b, beats_b)):
        checked(sound, name)
        if not np.isfinite(beats.tempo) or not len(beats.downbeats):
            raise WorkbenchError(f"beats_{name}: no beats or no downbeat; mix it without alignment")
        if not sound.shape[1] > round(beats.downbeats[0] * rate):
            raise WorkbenchError(
                f"{name}: ends before its first downbeat, at {beats.downbeats[0]:.2f} s; mix it "
                "without alignment"
            )
    other, tempo = octave_near(beats_b.tempo, beats_a.tempo), common_tempo(beats_a, beats_b)
    parts, moved = [], []
    for sound, beats, own in ((a, beats_a, beats_a.tempo), (b, beats_b, other)):
        start, factor = float(beats.downbeats[0]), tempo / own
        parts.append(stretch(sound[:, round(start * rate) :], factor, rate))
        moved.append(beats.moved(start, factor))
    length = min(part.shape[1] for part in parts)
    seconds = length / rate
    beats = Beats(*(v[v < seconds] for v in (moved[0].times, moved[0].downbeats)))
    return parts[0][:, :length], parts[1][:, :length], beats


@overload
def mix(
    a: np.ndarray, b: np.ndarray, lam: float, *, keep_variance: bool = ..., mean: Any = ...
) -> np.ndarray: ...
@overload
def mix(a: Any, b: Any, lam: float, *, keep_variance: bool = ..., mean: Any = ...) -> Any: ...
def mix(a: Any, b: Any, lam: float, *, keep_variance: bool = True, mean: Any = 0.0) -> Any:
    """Return λ·a + (1 − λ)·b of waveforms or latents of the same shape, arrays or tensors.

    Args:
        a: The first piece.
        b: The second piece.
        lam: λ, 0 to 1.
        keep_variance: Divide the deviation from the mean by √(λ² + (1 − λ)²). A mixture of
            independent pieces otherwise loses up to half of its power, and mixed latents do not fit
            the prior. False is the paper's mixup. Waveforms may exceed ±1; see `bam`.
        mean: Mean of the distribution of a and b; 0 for waveforms.

    Raises:
        PromptError: If λ is out of range or the shapes differ.
        WorkbenchError: If a or b contains NaN or infinity.

    Source: MusicLDM, arXiv 2308.01546, section 3.
    """
    if not 0 <= lam <= 1:
        raise PromptError(f"lam: {lam:g}; give 0 to 1")
    if a.shape != b.shape:
        raise PromptError(f"a, b: shapes {(*a.shape,)} and {(*b.shape,)}; cut both to one length")
    mixed = lam * a + (1 - lam) * b
    if not bool((abs(mixed) < np.inf).all()):
        raise WorkbenchError("a, b: one of them holds NaN or infinity; leave it out")
    if not keep_variance:
        return mixed
    return mean + (mixed - mean) / (lam**2 + (1 - lam) ** 2) ** 0.5


def sample_lambda(n: int, seed: int, alpha: float = 5.0) -> np.ndarray:
    """Sample λ ~ Beta(α, α): (n,), most of them near ½."""
    return random_generator(seed).beta(alpha, alpha, n)


draw_lambda = sample_lambda  # the old name


def bam(
    a: np.ndarray, beats_a: Beats, b: np.ndarray, beats_b: Beats, rate: int, lam: float
) -> tuple[np.ndarray, Beats]:
    """Beat-synchronous audio mixup of two pieces (channels, n): they are aligned, mixed, and scaled
    down if the mixture would clip.

    Source: MusicLDM, arXiv 2308.01546, section 3.
    """
    left, right, beats = align(a, beats_a, b, beats_b, rate)
    return turned_down(mix(left, right, lam)), beats
