"""Audio files and sample rates: soundfile reads and writes, SciPy resamples.

Samples are float32 (channels, samples) in −1..1.
"""

import io
import os
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import atomic_write

FORMATS = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG", "mp3": "MP3"}
SUBTYPES = {"wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}
MAX_SECONDS = 3600.0
MAX_SAMPLES = 400_000_000  # channels · samples, 1.6 GB as float32
UNKNOWN = 1 << 62  # frames that libsndfile claims where a FLAC's header says nothing
SILENT = 1e-4  # a peak 80 dB below full scale: what is no louder counts as silence
CUT = "is cut short; copy or download it again"
BLOCK = 1 << 16  # libsndfile's Vorbis encoder overflows its stack on very long single writes


def checked(sound: ArrayLike, name: str = "sound") -> np.ndarray:
    """`sound` as an array of floats (channels, samples); WorkbenchError for another shape, or for
    NaN and infinite samples."""
    samples = np.asarray(sound)
    if samples.dtype.kind != "f":
        samples = samples.astype(np.float32)
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


def read_audio(path: str | os.PathLike[str]) -> tuple[np.ndarray, int]:
    """Read .wav, .flac, .ogg or .mp3: float32 (channels, samples) and the rate in Hz. What goes
    beyond full scale is turned down.

    Raises MissingDataError, or BrokenFileError naming the file when it is empty, no audio, longer
    than an hour, holds NaN or infinite samples, is cut short, or a WAV that holds more than its
    header says. (Of a FLAC or MP3 that says too little, as much is read as it says.)
    """
    import soundfile

    if not Path(path).exists():
        raise MissingDataError(f"{path} does not exist; check the path")
    samples = np.empty((0, 1), np.float32)
    opened = False
    try:
        wrong = _wrong_length(Path(path))
        with soundfile.SoundFile(path) as file:
            opened = True
            claimed, rate = file.frames, file.samplerate
            too_long = claimed > MAX_SECONDS * rate or claimed * file.channels > MAX_SAMPLES
            if not too_long and not wrong:
                samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError, TypeError, ValueError) as error:
        if opened:
            raise BrokenFileError(
                f"{path} is cut short or damaged; copy or download it again"
            ) from error
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise BrokenFileError(
            f"{path} cannot be read as audio ({reason}); export it again as .wav, .flac or .ogg"
        ) from error
    if wrong:
        raise BrokenFileError(f"{path} {wrong}")
    if claimed >= UNKNOWN:
        raise BrokenFileError(f"{path} does not say how long it is; export it again")
    if too_long:
        raise BrokenFileError(
            f"{path} claims to last longer than an hour; cut it into shorter files"
        )
    if not len(samples):
        raise BrokenFileError(f"{path} holds no sound; export it again")
    slack = {".ogg": 8192, ".mp3": claimed}.get(Path(path).suffix.lower(), 0)
    if len(samples) < claimed - slack:  # Vorbis may lack a last block, MP3 only estimates
        raise BrokenFileError(f"{path} {CUT}")
    if not np.isfinite(samples).all():
        raise BrokenFileError(f"{path} holds NaN or infinite samples; export it again")
    return np.ascontiguousarray(turned_down(samples.T)), rate


def _wrong_length(path: Path) -> str:
    """What is wrong where a file's header says another length than there is, "" for nothing: a WAV
    with too little or too much, an Ogg file that ends inside a page, an MP3 that ends early.

    libsndfile reads all of these without complaint, as far as it goes. (The end-of-stream mark of
    Ogg is no sign: sound files in the wild lack it.)
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(12)
        if head[:4] == b"OggS":
            file.seek(max(size - 2**16 - 512, 0))  # a page is shorter than that
            pages = file.read()
            last = max(pages.rfind(b"OggS"), 0)
            sizes = pages[last + 27 :][: pages[last + 26] if len(pages) > last + 26 else 0]
            return CUT if last + 27 + len(sizes) + sum(sizes) > len(pages) else ""
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            return _wrong_wav(file, size)
        return CUT if path.suffix.lower() == ".mp3" and _early_mp3(file, head, size) else ""


def _wrong_wav(file: BinaryIO, size: int) -> str:
    """Of a WAV, read up to its first chunk."""
    while len(chunk := file.read(8)) == 8:
        length = int.from_bytes(chunk[4:], "little")
        if chunk[:4] != b"data":
            file.seek(length + length % 2, 1)
            continue
        if length >= 2**32 - 2**16:  # left open by a recorder that streams
            return ""
        end = file.tell() + length
        if end > size:
            return CUT
        file.seek(end + length % 2)
        rest = file.read(BLOCK)
        tagged = rest[:3] in (b"TAG", b"ID3") or not any(rest)  # or padding
        chunked = all(32 <= byte < 127 for byte in rest[:4]) and (
            int.from_bytes(rest[4:8], "little") <= size - end
        )
        if len(rest) >= 1024 and not tagged and not chunked:
            return "holds more sound than its header says; export it again from an audio editor"
        return ""
    return ""


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

    Vorbis is written in short blocks and needs no more than the rate; MP3 exists for 8 to 48 kHz.
    `quality`: libsndfile's compression level for lossy formats, from 0 (best) to 1 (smallest).
    """
    import soundfile

    if format not in FORMATS:
        raise WorkbenchError(f"audio format {format!r} is not written; use one of {[*FORMATS]}")
    sound = np.atleast_2d(np.asarray(samples, dtype=np.float32)).T
    if not sound.size or not np.isfinite(sound).all():
        raise WorkbenchError("the sound is empty or holds NaN samples; render it again")
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
        raise WorkbenchError(
            f"{format} cannot be written at {sample_rate} Hz ({error}); try wav or 44100 Hz"
        ) from error
    return buffer.getvalue()


def write_audio(path: str | os.PathLike[str], samples: np.ndarray, sample_rate: int) -> None:
    """Write .wav, .flac, .ogg or .mp3, whole or not at all; the suffix chooses the format."""
    data = encode(samples, sample_rate, Path(path).suffix.lower().lstrip("."))
    with atomic_write(path) as beside:
        beside.write_bytes(data)


def to_stereo(samples: np.ndarray) -> np.ndarray:
    """(channels, n) → (2, n): one channel doubled, more than two mixed down to both sides."""
    if samples.shape[0] == 2:
        return samples
    return np.repeat(samples.mean(axis=0, keepdims=True, dtype=np.float32), 2, axis=0)


def resample(samples: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Polyphase resampling of (channels, n) to round(n · new_rate / rate) samples. The filter does
    not overshoot full scale, or the peak of what was louder."""
    if new_rate <= 0:
        raise WorkbenchError(f"sample_rate is {new_rate}; give a rate in Hz, such as 44100")
    if rate == new_rate:
        return samples
    from scipy.signal import resample_poly

    up, down, window = _resampler(rate, new_rate)
    result = resample_poly(samples, up, down, axis=-1, window=window)
    length = max(round(samples.shape[-1] * new_rate / rate), 1)
    result = result[..., :length]
    missing = length - result.shape[-1]
    if missing > 0:
        result = np.pad(result, ((0, 0), (0, missing)))
    top = max(1.0, float(np.abs(samples).max(initial=0.0)))
    return np.clip(result, -top, top).astype(np.float32)


@lru_cache(maxsize=32)
def _resampler(rate: int, new_rate: int) -> tuple[int, int, np.ndarray]:
    """Up and down factors and the low-pass filter between them: 24 zero crossings, Kaiser 8.6."""
    from scipy.signal import firwin

    ratio = Fraction(new_rate, rate).limit_denominator(4800)
    widest = max(ratio.numerator, ratio.denominator)
    taps = firwin(2 * 24 * widest + 1, 1 / widest, window=("kaiser", 8.6))
    return ratio.numerator, ratio.denominator, taps.astype(np.float32)
