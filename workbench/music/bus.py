"""A drum recording's last steps: a small room, a gentle compressor and a true-peak limiter.

The room is linear, so that it is added to each one-shot once rather than to each loop. Compressor
and limiter compute one gain per millisecond; in a loop their filters wrap around, so that the gain
at the end continues into the start.
"""

from functools import cache

import numpy as np

ROOM_SECONDS, ROOM_DECAY = 0.22, 0.30  # length, and time in which the diffuse part falls by 60 dB
ROOM_BAND = (180.0, 7000.0)  # Hz; walls absorb treble, and a boomy room would blur the bass drum
ROOM_LEVEL = -15.0  # dB of the reflections' energy relative to the direct sound
FIRST_REFLECTION, REFLECTIONS = 0.0035, 14  # seconds; number on each side
THRESHOLD, RATIO = -22.0, 1.8  # dB of full scale (RMS), and dB of input per dB of output above it
LEVEL_SECONDS, RELEASE_SECONDS = 0.030, 0.060
# the highest true peak is to be −1 dBTP; oversampling finds up to 0.1 dB less than there is
CEILING = 10 ** (-1.2 / 20)
MOST_LIMITED = 10 ** (4 / 20)  # the limiter takes away at most 4 dB; the rest is turned down
LOOK_AHEAD = 0.012  # seconds in which the limiter's gain falls before a peak and rises after it
OVERSAMPLING, TAPS = 8, 24


@cache
def room(sample_rate: int) -> np.ndarray:
    """Return the impulse response of the room's reflections without the direct sound, (n, 2)
    float32: early reflections, and a short diffuse decay; the same in every run."""
    random = np.random.default_rng(7)
    count = round(ROOM_SECONDS * sample_rate)
    time = np.arange(count) / sample_rate
    response = random.standard_normal((count, 2)) * 10 ** (-3 * time / ROOM_DECAY)[:, None]
    response *= np.clip((time - FIRST_REFLECTION) / 0.02, 0, 1)[:, None]  # the diffuse part grows
    response *= np.sqrt(0.5 / max(np.square(response).sum(), 1e-12))
    places = FIRST_REFLECTION * 1.22 ** np.arange(REFLECTIONS)
    for side in range(2):
        jittered = places * random.uniform(0.92, 1.08, REFLECTIONS)
        levels = FIRST_REFLECTION / jittered * random.choice([-1, 1], REFLECTIONS)
        levels *= np.sqrt(0.25 / np.square(levels).sum())
        np.add.at(response[:, side], np.rint(jittered * sample_rate).astype(int), levels)
    spectrum = np.fft.rfft(response, axis=0)
    frequency = np.fft.rfftfreq(count, 1 / sample_rate)[:, None]
    low, high = ROOM_BAND
    spectrum /= 1 + (low / np.maximum(frequency, 1)) ** 4
    spectrum /= 1 + (frequency / high) ** 2
    response = np.fft.irfft(spectrum, count, axis=0)
    response *= 10 ** (ROOM_LEVEL / 20) / np.sqrt(np.square(response).sum() / 2)
    return response.astype(np.float32)


def in_room(shot: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a one-shot (n, 2) with the room's reflections, longer by ROOM_SECONDS."""
    from scipy.signal import oaconvolve

    response = room(sample_rate)
    sound = oaconvolve(shot.mean(axis=1, keepdims=True), response, axes=0)
    sound[: len(shot)] += shot
    return sound.astype(np.float32)


def compressed(sound: np.ndarray, sample_rate: int, loop: bool) -> np.ndarray:
    """Return (2, n) with loud passages turned down by RATIO above THRESHOLD."""
    from scipy.ndimage import uniform_filter1d

    block = _block(sample_rate)
    blocks = _blocks(sound, block)
    power = np.einsum("cbn,cbn->b", blocks, blocks) / (2 * block)
    mode = "wrap" if loop else "nearest"
    power = uniform_filter1d(power, _odd(LEVEL_SECONDS, sample_rate, block), mode=mode)
    over = np.maximum(10 * np.log10(np.maximum(power, 1e-12)) - THRESHOLD, 0)
    gain = uniform_filter1d(over, _odd(RELEASE_SECONDS, sample_rate, block), mode=mode)
    return _with_gain(sound, 10 ** (gain * (1 / RATIO - 1) / 20), block, loop)


def limited(sound: np.ndarray, sample_rate: int, loop: bool) -> np.ndarray:
    """Return (2, n) whose true peak is at most CEILING; sound that is below it is not changed."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    block = _block(sample_rate)
    peaks = block_peaks(sound, block, loop)
    if peaks.max() <= CEILING:
        return sound
    gain = np.minimum(CEILING / np.maximum(peaks, 1e-12), 1)
    mode = "wrap" if loop else "nearest"
    width = _odd(LOOK_AHEAD, sample_rate, block)
    # the mean over `width` of minima over `width + 2` is at most the gain of each neighbour, so
    # that a straight line between two blocks' gains is low enough for both
    gain = uniform_filter1d(minimum_filter1d(gain, width + 2, mode=mode), width, mode=mode)
    return _with_gain(sound, gain, block, loop)


def mastered(sound: np.ndarray, sample_rate: int, loop: bool) -> np.ndarray:
    """Return (2, n) whose true peak is at most CEILING: the limiter takes MOST_LIMITED, and what
    exceeds the ceiling by more, such as an orchestra, is turned down as a whole first."""
    peak = float(np.abs(sound).max(initial=0))
    if peak > MOST_LIMITED * CEILING:  # a limiter alone would squash it
        sound = sound * np.float32(MOST_LIMITED * CEILING / peak)
    return limited(sound, sample_rate, loop)


def block_peaks(sound: np.ndarray, block: int, loop: bool) -> np.ndarray:
    """Return the true peak of each block of (2, n): of the samples, and where they exceed a half,
    of the oversampled sound."""
    blocks = _blocks(sound, block)
    peaks = np.maximum(blocks.max(axis=(0, 2)), -blocks.min(axis=(0, 2)))
    hot = np.flatnonzero(peaks > 0.5 * CEILING)
    if not len(hot):
        return peaks
    count = sound.shape[1]
    places = hot[:, None] * block + np.arange(-TAPS // 2 + 1, block + TAPS // 2)
    inside = places % count if loop else np.clip(places, 0, count - 1)
    for side in sound:
        windows = np.lib.stride_tricks.sliding_window_view(side[inside], TAPS, axis=1)
        between = np.abs(windows @ _interpolator()).max(axis=(1, 2))
        peaks[hot] = np.maximum(peaks[hot], between)
    return peaks


@cache
def _interpolator() -> np.ndarray:
    """Return a windowed sinc for the points between two samples, (TAPS, OVERSAMPLING − 1)."""
    shift = np.arange(1, OVERSAMPLING) / OVERSAMPLING
    time = np.arange(-TAPS // 2 + 1, TAPS // 2 + 1)[:, None] - shift
    taps = np.sinc(time) * np.cos(np.pi * time / (TAPS + 1)) ** 2
    return (taps / taps.sum(axis=0)).astype(np.float32)


def _block(sample_rate: int) -> int:
    return max(sample_rate // 1000, 1)


def _odd(seconds: float, sample_rate: int, block: int) -> int:
    return 2 * round(seconds * sample_rate / block / 2) + 1


def _blocks(sound: np.ndarray, block: int) -> np.ndarray:
    """Return (2, n) as (2, blocks, block); the last block repeats the last sample."""
    missing = -sound.shape[1] % block
    padded = np.pad(sound, ((0, 0), (0, missing)), mode="edge") if missing else sound
    return padded.reshape(2, -1, block)


def _with_gain(sound: np.ndarray, gain: np.ndarray, block: int, loop: bool) -> np.ndarray:
    """Multiply (2, n) by the blocks' gains, joined by straight lines between their centres.

    A block rises from half-way to its left neighbour's gain to its own, and on towards the right
    one's; the last one may be shorter. In a loop the line's end continues at its start.
    """
    gain = gain.astype(np.float32)
    around = np.pad(gain, 1, mode="wrap" if loop else "edge")
    before, after = (around[:-2] - gain) / 2, (around[2:] - gain) / 2
    count, last = sound.shape[1], (len(gain) - 1) * block
    line = np.empty(count, dtype=np.float32)
    for places, part, size in (
        (slice(0, last), slice(0, -1), block),
        (slice(last, count), slice(-1, None), count - last),
    ):
        time = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
        curve = np.outer(before[part], np.maximum(1 - 2 * time, 0))
        curve += np.outer(after[part], np.maximum(2 * time - 1, 0))
        line[places] = (curve + gain[part, None]).reshape(-1)
    return sound * line
