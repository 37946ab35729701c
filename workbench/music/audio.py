"""Audio files and sample rates: soundfile reads and writes, SciPy resamples.

Samples are float32 (channels, samples) in −1..1.
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
UNKNOWN = 1 << 62  # frames that libsndfile claims where a FLAC's header says nothing
SILENT = 1e-4  # a peak 80 dB below full scale: what is no louder counts as silence
CUT = "is cut short; copy or download it again"
MAX_RATE = 1_000_000  # Hz; what claims more holds no sound
OPEN = 0x7FFF0000  # a WAV's length from here on is no length: a program wrote into a pipe
READ = 1 << 20  # samples read at a time
RATIO = (4800, 48_000, 100_000)  # largest factors of a resampler, tried in turn
MAX_GROWTH = 100_000_000  # samples to which very low rates are brought
VORBIS_RATE, VORBIS_CHANNELS = 200_000, 255  # beyond these libsndfile crashes the process
BLOCK = 1 << 16  # libsndfile's Vorbis encoder overflows its stack on very long single writes


def checked(sound: ArrayLike, name: str = "sound", *, row: bool = False) -> np.ndarray:
    """`sound` as an array of floats (channels, samples), with `row` also one channel's samples
    alone; WorkbenchError for another shape, for NaN and infinite samples, and for no numbers."""
    try:
        samples = np.asarray(sound)
        samples = np.atleast_2d(samples) if row else samples
        if samples.dtype.kind not in "biufO":
            raise TypeError
        if samples.dtype.kind != "f":
            samples = samples.astype(np.float32)
    except (TypeError, ValueError, OverflowError) as error:  # no numbers
        raise WorkbenchError(f"{name} is {shown(sound)}; give (channels, samples)") from error
    if samples.ndim != 2 or not len(samples):
        raise WorkbenchError(f"{name} has shape {samples.shape}; give (channels, samples)")
    if not np.isfinite(samples).all():
        raise WorkbenchError(f"{name} holds NaN or infinite samples; remove them first")
    return samples


def turned_down(samples: np.ndarray) -> np.ndarray:
    """Sound that goes beyond ±1 turned down as a whole to a peak of 1, so that nothing is clipped;
    any other as it is."""
    peak = float(np.abs(samples).max(initial=0.0))
    return samples / peak if peak > 1 else samples


def check_rate(rate: Any, name: str = "sample_rate") -> int:
    """A sample rate as an int; WorkbenchError unless it is a whole number of Hz above 0."""
    try:
        return whole(rate, name, 1, MAX_RATE)
    except PromptError:
        raise WorkbenchError(
            f"{name} must be a whole number of Hz such as 44100, at most {MAX_RATE:,}, "
            f"got {shown(rate)}"
        ) from None


def read_audio(path: str | os.PathLike[str]) -> tuple[np.ndarray, int]:
    """Read .wav, .flac, .ogg or .mp3: float32 (channels, samples) and the rate in Hz. What goes
    beyond full scale is turned down.

    A WAV or FLAC whose header leaves the length open, as programs write them into a pipe, is read
    to its end. A WAV with more or less sound than its header says is read as far as there is sound,
    with a MusicFileWarning. (Of a FLAC or MP3 that says too little, as much is read as it says.)

    Raises MissingDataError, or BrokenFileError naming the file when it is empty, no audio, longer
    than an hour, holds NaN or infinite samples, or is a FLAC, Ogg or MP3 that is cut short.
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
            file.seekable = lambda: False  # else it seeks after each block, where MP3 is inexact
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
        raise BrokenFileError(f"{path} holds no sound; export it again")
    slack = {".ogg": 8192, ".mp3": claimed}.get(Path(path).suffix.lower(), 0)
    if claimed < UNKNOWN and len(samples) < claimed - slack:
        raise BrokenFileError(f"{path} {CUT}")  # Vorbis may lack a last block, MP3 only estimates
    if not np.isfinite(samples).all():
        raise BrokenFileError(f"{path} holds NaN or infinite samples; export it again")
    if wav and wav.said:
        warnings.warn(f"{path} {wav.said}", MusicFileWarning, stacklevel=2)
    return np.ascontiguousarray(turned_down(samples.T)), rate


def _opened(path: str | os.PathLike[str], raw: BinaryIO, wav: "_Wav | None") -> Any:
    """The file as libsndfile opens it: a WAV with an odd header with a mended one."""
    import soundfile

    try:
        if not (wav and wav.wrong):
            return soundfile.SoundFile(os.fspath(path))
    except soundfile.LibsndfileError:
        if not (wav and wav.start):
            raise
    return soundfile.SoundFile(_mended(raw, wav))


def _all_blocks(file: Any, most: int) -> np.ndarray:
    """Samples (n, channels) to the end of the file, or a few more than `most`. Block by block,
    because a header may claim any length."""
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
    samples' bytes; wrong: whether libsndfile would read others; said: what to warn of."""

    format: bytes = b""
    start: int = 0
    end: int = 0
    wrong: bool = False
    said: str = ""


def _looked_at(file: BinaryIO, suffix: str) -> tuple[_Wav | None, bool]:
    """What a WAV holds, None of another file; and whether an Ogg file ends inside a page, or an
    MP3 early, which libsndfile reads without complaint. (The end-of-stream mark of Ogg is no sign:
    sound files in the wild lack it.)"""
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
    """Of a WAV, read up to its first chunk."""
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
            cut = length < OPEN and end - size > 64  # some count the header in
            seconds = (end - size) / max(int.from_bytes(form[8:12], "little"), 1)
            said = f"is cut short by {seconds:.3g} s; what is there was read" if cut else ""
            return _Wav(form, start, size, True, said)
        file.seek(end + length % 2)
        rest = file.read(BLOCK)
        tagged = rest[:3] in (b"TAG", b"ID3") or not any(rest)  # or padding
        chunked = all(32 <= byte < 127 for byte in rest[:4]) and (
            int.from_bytes(rest[4:8], "little") <= size - end
        )
        if tagged or chunked or (length and len(rest) < 1024):
            return _Wav(form, start, end)
        said = "holds more sound than its header says; all of it was read" if length else ""
        return _Wav(form, start, size, True, said)
    return _Wav()


def _mended(file: BinaryIO, wav: _Wav) -> io.BytesIO:
    """The WAV with a header that says what there is."""
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
    """Whether an MP3 is shorter than the header of its first frame says (Xing, LAME: bytes)."""
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
    """An audio file's bytes; format "wav", "flac", "ogg" or "mp3". What goes beyond ±1 is turned
    down.

    Vorbis is written in short blocks, up to 200 kHz; MP3 exists for 8 to 48 kHz, FLAC up to
    655,350 Hz. Raises WorkbenchError for another rate.
    `quality`: libsndfile's compression level for lossy formats, from 0 (best) to 1 (smallest).
    """
    import soundfile

    if not isinstance(format, str) or format not in FORMATS:
        raise WorkbenchError(f"audio format {format!r} is not written; use one of {[*FORMATS]}")
    sample_rate = check_rate(sample_rate)
    sound = np.atleast_2d(np.asarray(samples, dtype=np.float32)).T
    if not sound.size or not np.isfinite(sound).all():
        raise WorkbenchError("the sound is empty or holds NaN samples; render it again")
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
    """Write .wav, .flac, .ogg or .mp3, whole or not at all; the suffix chooses the format."""
    data = encode(samples, sample_rate, Path(path_of(path)).suffix.lower().lstrip("."))
    with atomic_write(path) as beside:
        beside.write_bytes(data)


def to_stereo(samples: np.ndarray) -> np.ndarray:
    """(channels, n) → (2, n): one channel doubled, more than two mixed down to both sides."""
    if samples.shape[0] == 2:
        return samples
    return np.repeat(samples.mean(axis=0, keepdims=True, dtype=np.float32), 2, axis=0)


def resample(samples: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Polyphase resampling of (channels, n) to round(n · new_rate / rate) samples. The filter does
    not overshoot full scale, or the peak of what was louder.

    Exact to a twentieth of a sample at the end of the sound. Raises WorkbenchError for rates that
    are not whole numbers of Hz, have no such ratio with factors up to 100,000, or would make a
    small sound enormous.
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
    """The filter of a resampler by factors up to `widest`: 24 zero crossings, Kaiser 8.6."""
    from scipy.signal import firwin

    taps = firwin(2 * 24 * widest + 1, 1 / widest, window=("kaiser", 8.6))
    return taps.astype(np.float32)
