"""Audio files and sample rates: soundfile reads and writes, SciPy resamples.

Samples are float32 (channels, samples) in [−1, 1].
"""

import io
import os
import warnings
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import path_of, shown, whole
from workbench.errors import (
    BrokenFileError,
    MissingDataError,
    MusicFileWarning,
    PromptError,
    WorkbenchError,
)
from workbench.files import atomic_write, open_regular

FORMATS = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG", "mp3": "MP3"}
SUBTYPES = {"wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}
MAX_SECONDS = 3600.0
MAX_SAMPLES = 400_000_000  # channels · samples, 1.6 GB as float32
UNKNOWN = 1 << 62  # number of frames that libsndfile reports for a FLAC header without a length
SILENT = 1e-4  # a peak 80 dB below full scale or less counts as silence
CUT = "is cut short; copy or download it again"
MAX_RATE = 1_000_000  # Hz; a higher rate marks a broken file
OPEN = 0x7FFF0000  # a WAV length from here on means unknown: the file was written to a pipe
READ = 1 << 20  # samples read at a time
RATIO = (4800, 48_000, 100_000)  # largest factors of a resampler, tried in turn
MAX_GROWTH = 100_000_000  # samples to which very low rates are raised
VORBIS_RATE, VORBIS_CHANNELS = 200_000, 255  # beyond these libsndfile crashes the process
BLOCK = 1 << 16  # libsndfile's Vorbis encoder overflows its stack on very long writes


def checked(sound: ArrayLike, name: str = "sound", *, row: bool = False) -> np.ndarray:
    """Return `sound` as an array of floats (channels, samples); with `row`, also (samples,) is
    accepted. Raises WorkbenchError for another shape, and for NaN, infinite or non-numeric
    samples."""
    try:
        samples = np.asarray(sound)
        samples = np.atleast_2d(samples) if row else samples
        if samples.dtype.kind not in "biufO":
            raise TypeError
        if samples.dtype.kind != "f":
            samples = samples.astype(np.float32)
    except (TypeError, ValueError, OverflowError) as error:  # not numeric
        raise WorkbenchError(f"{name} is {shown(sound)}; give (channels, samples)") from error
    if samples.ndim != 2 or not len(samples):
        raise WorkbenchError(f"{name} has shape {samples.shape}; give (channels, samples)")
    if not np.isfinite(samples).all():
        raise WorkbenchError(f"{name} holds NaN or infinite samples; remove them first")
    return samples


def turned_down(samples: np.ndarray) -> np.ndarray:
    """Scale sound that exceeds ±1 down to a peak of 1, so that nothing is clipped; return any other
    sound unchanged."""
    peak = float(np.abs(samples).max(initial=0.0))
    return samples / peak if peak > 1 else samples


def check_rate(rate: Any, name: str = "sample_rate") -> int:
    """Return a sample rate as an int; raise WorkbenchError unless it is a whole number of Hz above
    0."""
    try:
        return whole(rate, name, 1, MAX_RATE)
    except PromptError:
        raise WorkbenchError(
            f"{name} must be a whole number of Hz such as 44100, at most {MAX_RATE:,}, "
            f"got {shown(rate)}"
        ) from None


def read_audio(path: str | os.PathLike[str]) -> tuple[np.ndarray, int]:
    """Read a .wav, .flac, .ogg or .mp3 file.

    A WAV or FLAC file whose header leaves the length open, as programs write them to a pipe, is
    read to its end. A FLAC or MP3 file is read up to the length in its header.

    Args:
        path: The file.

    Returns:
        Samples, float32 (channels, samples), and the sample rate in Hz. Sound that exceeds full
        scale is scaled down.

    Raises:
        MissingDataError: If the file does not exist.
        BrokenFileError: If the file is empty, not audio, longer than an hour, truncated (FLAC, Ogg,
            MP3), or has NaN or infinite samples.

    Warns:
        MusicFileWarning: If a WAV file has more or less sound than its header states.
    """
    import soundfile

    path = path_of(path)
    samples = np.empty((0, 1), np.float32)
    opened = False
    try:
        with open_regular(path) as raw:
            wav, cut = _looked_at(raw, Path(path).suffix.lower())
            source = _opened(path, raw, wav)
        with source as file:
            file.seekable = lambda: False  # seeking after each block is inexact for MP3
            opened = True
            claimed, rate = file.frames, file.samplerate
            most = int(min(MAX_SECONDS * rate, MAX_SAMPLES // max(file.channels, 1)))
            too_long = most < claimed < UNKNOWN
            if not too_long and not cut:
                samples = _all_blocks(file, most)
                too_long = len(samples) > most
    except FileNotFoundError as error:
        raise MissingDataError(f"{path} does not exist; check the path") from error
    except (soundfile.LibsndfileError, RuntimeError, OSError, TypeError, ValueError) as error:
        if opened:
            raise BrokenFileError(
                f"{path} is cut short or damaged; copy or download it again"
            ) from error
        reason = getattr(error, "strerror", None) or getattr(error, "error_string", error)
        raise BrokenFileError(
            f"{path} cannot be read as audio ({str(reason).strip().rstrip('.')}); export it again "
            "as .wav, .flac or .ogg"
        ) from error
    if rate > MAX_RATE:
        raise BrokenFileError(f"{path} claims a sample rate of {rate:,} Hz; export it again")
    if cut:
        raise BrokenFileError(f"{path} {CUT}")
    if too_long:
        raise BrokenFileError(
            f"{path} claims to last longer than an hour; cut it into shorter files"
        )
    if not len(samples):
        raise BrokenFileError(f"{path} has no samples; export it again")
    slack = {".ogg": 8192, ".mp3": claimed}.get(Path(path).suffix.lower(), 0)
    if claimed < UNKNOWN and len(samples) < claimed - slack:
        raise BrokenFileError(f"{path} {CUT}")  # Vorbis may lack a last block, MP3 only estimates
    if not np.isfinite(samples).all():
        raise BrokenFileError(f"{path} holds NaN or infinite samples; export it again")
    if wav and wav.warning:
        warnings.warn(f"{path} {wav.warning}", MusicFileWarning, stacklevel=2)
    return np.ascontiguousarray(turned_down(samples.T)), rate


def _opened(path: str | os.PathLike[str], raw: BinaryIO, wav: "_Wav | None") -> Any:
    """Open the file with libsndfile; an unusual WAV header is corrected first."""
    import soundfile

    try:
        if not (wav and wav.wrong):
            return soundfile.SoundFile(os.fspath(path))
    except soundfile.LibsndfileError:
        if not (wav and wav.start):
            raise
    return soundfile.SoundFile(_mended(raw, wav))


def _all_blocks(file: Any, most: int) -> np.ndarray:
    """Return samples (n, channels) up to the end of the file, or slightly more than `most`. They
    are read in blocks, because a header may state any length."""
    blocks, count = [np.empty((0, file.channels), np.float32)], 0
    frames = max(READ // file.channels, 1)
    while count <= most:
        block = file.read(frames, dtype="float32", always_2d=True)
        if not len(block):
            break
        blocks.append(block)
        count += len(block)
    return np.concatenate(blocks)


@dataclass(frozen=True)
class _Wav:
    """Where the samples of a WAV lie. format: the content of its "fmt " chunk; start, end: the
    samples' bytes; wrong: whether libsndfile would read others; warning: text of a warning."""

    format: bytes = b""
    start: int = 0
    end: int = 0
    wrong: bool = False
    warning: str = ""


def _looked_at(file: BinaryIO, suffix: str) -> tuple[_Wav | None, bool]:
    """Return the layout of a WAV file, None for other formats; and whether an Ogg file ends inside
    a page or an MP3 file ends early, which libsndfile does not report. (The end-of-stream mark of
    Ogg is not reliable: many files lack it.)"""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(12)
    if head[:4] == b"OggS":
        file.seek(max(size - 2**16 - 512, 0))  # a page is shorter than that
        pages = file.read()
        last = max(pages.rfind(b"OggS"), 0)
        sizes = pages[last + 27 :][: pages[last + 26] if len(pages) > last + 26 else 0]
        return None, last + 27 + len(sizes) + sum(sizes) > len(pages)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        return _wav_of(file, size), False
    return None, suffix == ".mp3" and _early_mp3(file, head, size)


def _wav_of(file: BinaryIO, size: int) -> _Wav:
    """Read the layout of a WAV file whose RIFF header has been read."""
    form = b""
    while len(chunk := file.read(8)) == 8:
        length = int.from_bytes(chunk[4:], "little")
        start = file.tell()
        if chunk[:4] != b"data":
            if chunk[:4] == b"fmt " and not form:
                form = file.read(min(length, 4096))
            if start + length > size:  # a wrong length: the sound may still be found
                file.seek(start)
                at = file.read(READ).find(b"data")
                if at < 0:
                    break
                file.seek(start + at)
                continue
            file.seek(start + length + length % 2)
            continue
        end = start + length
        if length >= OPEN or end > size:  # left open by a program that streams; or too large
            cut = length < OPEN and end - size > 64  # some include the header
            seconds = (end - size) / max(int.from_bytes(form[8:12], "little"), 1)
            warning = f"is cut short by {seconds:.3g} s; what is there was read" if cut else ""
            return _Wav(form, start, size, True, warning)
        file.seek(end + length % 2)
        rest = file.read(BLOCK)
        tagged = rest[:3] in (b"TAG", b"ID3") or not any(rest)  # or padding
        chunked = all(32 <= byte < 127 for byte in rest[:4]) and (
            int.from_bytes(rest[4:8], "little") <= size - end
        )
        if tagged or chunked or (length and len(rest) < 1024):
            return _Wav(form, start, end)
        warning = "holds more sound than its header says; all of it was read" if length else ""
        return _Wav(form, start, size, True, warning)
    return _Wav()


def _mended(file: BinaryIO, wav: _Wav) -> io.BytesIO:
    """Return the WAV file with a correct header."""
    file.seek(wav.start)
    sound = file.read(min(wav.end - wav.start, 4 * MAX_SAMPLES))
    width = max(int.from_bytes(wav.format[12:14], "little"), 1)
    sound = sound[: len(sound) - len(sound) % width]
    form = b"fmt " + len(wav.format).to_bytes(4, "little") + wav.format
    form += b"\0" * (len(wav.format) % 2)
    riff = (4 + len(form) + 8 + len(sound)).to_bytes(4, "little")
    return io.BytesIO(
        b"RIFF" + riff + b"WAVE" + form + b"data" + len(sound).to_bytes(4, "little") + sound
    )


def _early_mp3(file: BinaryIO, head: bytes, size: int) -> bool:
    """Return whether an MP3 file is shorter than its first frame states (Xing, LAME: bytes)."""
    start = 0
    if head[:3] == b"ID3":  # its size: 7 bits a byte
        start = 10 + sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(head[6:10]))
    file.seek(start)
    frame = file.read(64)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16 or frame[at + 7] & 3 != 3:
        return False
    promised = int.from_bytes(frame[at + 12 : at + 16], "big")
    return size - start < 0.99 * promised  # encoders may be wrong by a little


def encode(
    samples: np.ndarray, sample_rate: int, format: str = "ogg", *, quality: float | None = None
) -> bytes:
    """Encode sound as an audio file.

    Args:
        samples: Sound (channels, samples); sound that exceeds ±1 is scaled down.
        sample_rate: Sample rate in Hz: up to 200 kHz for Vorbis, 8 to 48 kHz for MP3, up to 655,350
            Hz for FLAC.
        format: "wav", "flac", "ogg" or "mp3".
        quality: libsndfile's compression level for lossy formats, 0 (best) to 1 (smallest).

    Returns:
        The bytes of the file.

    Raises:
        WorkbenchError: If the format is unknown or does not support the sample rate.
    """
    import soundfile

    if not isinstance(format, str) or format not in FORMATS:
        raise WorkbenchError(f"audio format {format!r} is not supported; use one of {[*FORMATS]}")
    sample_rate = check_rate(sample_rate)
    sound = np.atleast_2d(np.asarray(samples, dtype=np.float32)).T
    if not sound.size or not np.isfinite(sound).all():
        raise WorkbenchError("the sound is empty or has NaN samples; render it again")
    asked = f"{format} cannot be written at {sample_rate} Hz with {sound.shape[1]} channels"
    if format == "ogg" and (sample_rate > VORBIS_RATE or sound.shape[1] > VORBIS_CHANNELS):
        raise WorkbenchError(
            f"{asked} (Vorbis ends at {VORBIS_RATE:,} Hz and {VORBIS_CHANNELS} channels); try wav "
            "or 44100 Hz"
        )
    buffer = io.BytesIO()
    sound = turned_down(sound)
    try:
        with soundfile.SoundFile(
            buffer,
            "w",
            sample_rate,
            sound.shape[1],
            SUBTYPES[format],
            format=FORMATS[format],
            compression_level=quality,
        ) as file:
            for start in range(0, len(sound), BLOCK):
                file.write(sound[start : start + BLOCK])
    except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise WorkbenchError(f"{asked} ({reason}); try wav or 44100 Hz") from error
    return buffer.getvalue()


def write_audio(path: str | os.PathLike[str], samples: np.ndarray, sample_rate: int) -> None:
    """Write a .wav, .flac, .ogg or .mp3 file atomically; the suffix determines the format."""
    data = encode(samples, sample_rate, Path(path_of(path)).suffix.lower().lstrip("."))
    with atomic_write(path) as beside:
        beside.write_bytes(data)


def to_stereo(samples: np.ndarray) -> np.ndarray:
    """(channels, n) → (2, n): a single channel is doubled, more than two are mixed down."""
    if samples.shape[0] == 2:
        return samples
    return np.repeat(samples.mean(axis=0, keepdims=True, dtype=np.float32), 2, axis=0)


def resample(samples: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Resample (channels, n) to round(n · new_rate / rate) samples with a polyphase filter.

    The result does not exceed full scale, or the peak of a louder input. Timing is exact to a
    twentieth of a sample at the end of the sound.

    Raises:
        WorkbenchError: If a rate is not a whole number of Hz, if the ratio needs factors above
            100,000, or if the result would be too large.
    """
    rate, new_rate = check_rate(rate, "rate"), check_rate(new_rate)
    if rate == new_rate:
        return samples
    from scipy.signal import resample_poly

    count = samples.shape[-1]
    length = max(round(count * new_rate / rate), 1)
    total = length * max(len(samples), 1)
    if total > max(MAX_GROWTH, 4 * samples.size) or total > 2 * MAX_SAMPLES:
        raise WorkbenchError(
            f"sound of {count / rate:.0f} s at {rate} Hz would become {total:,} samples at "
            f"{new_rate} Hz; give a lower sample_rate or a shorter sound"
        )
    exact = Fraction(new_rate, rate)
    near = (exact.limit_denominator(most) for most in RATIO)
    ratio = next(
        (r for r in near if 0 < r.numerator <= RATIO[-1] and abs(r - exact) * count <= 0.05), None
    )
    if ratio is None:
        raise WorkbenchError(
            f"sample_rate {new_rate} cannot be reached from {rate} Hz exactly; give a common rate "
            "such as 44100 or 48000"
        )
    result = samples
    if ratio != 1:
        up, down = ratio.numerator, ratio.denominator
        result = resample_poly(samples, up, down, axis=-1, window=_low_pass(max(up, down)))
    result = result[..., :length]
    missing = length - result.shape[-1]
    if missing > 0:
        result = np.pad(result, ((0, 0), (0, missing)))
    top = max(1.0, float(np.abs(samples).max(initial=0.0)))
    return np.clip(result, -top, top).astype(np.float32)


@lru_cache(maxsize=8)
def _low_pass(widest: int) -> np.ndarray:
    """Return the filter of a resampler with factors up to `widest`: 24 zero crossings, Kaiser
    8.6."""
    from scipy.signal import firwin

    taps = firwin(2 * 24 * widest + 1, 1 / widest, window=("kaiser", 8.6))
    return taps.astype(np.float32)
