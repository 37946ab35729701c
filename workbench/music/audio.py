"""Audio files and sample rates: soundfile reads and writes, SciPy resamples.

Samples are float32 (channels, samples) in −1..1.
"""

import io
import os
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np

from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import atomic_write

FORMATS = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG", "mp3": "MP3"}
SUBTYPES = {"wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}
MAX_SECONDS = 3600.0
MAX_SAMPLES = 400_000_000  # channels · samples, 1.6 GB as float32
BLOCK = 1 << 16  # libsndfile's Vorbis encoder overflows its stack on very long single writes


def read_audio(path: str | os.PathLike[str]) -> tuple[np.ndarray, int]:
    """Read .wav, .flac, .ogg or .mp3: float32 (channels, samples) and the rate in Hz.

    Raises MissingDataError, or BrokenFileError naming the file when it is empty, cut short, no
    audio, longer than an hour, or holds NaN or infinite samples.
    """
    import soundfile

    if not Path(path).exists():
        raise MissingDataError(f"{path} does not exist; check the path")
    try:
        with soundfile.SoundFile(path) as file:
            claimed, rate = file.frames, file.samplerate
            too_long = claimed > MAX_SECONDS * rate or claimed * file.channels > MAX_SAMPLES
            if not too_long:
                samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError, TypeError, ValueError) as error:
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise BrokenFileError(
            f"{path} cannot be read as audio ({reason}); export it again as .wav, .flac or .ogg"
        ) from error
    if too_long:
        raise BrokenFileError(
            f"{path} claims to last longer than an hour; cut it into shorter files"
        )
    if not len(samples):
        raise BrokenFileError(f"{path} holds no sound; export it again")
    slack = {".ogg": 8192, ".mp3": claimed}.get(Path(path).suffix.lower(), 0)
    fewer = len(samples) < claimed - slack  # Vorbis may lack a last block, MP3 only estimates
    if fewer or _cut_short(Path(path)):
        raise BrokenFileError(f"{path} is cut short; copy or download it again")
    if not np.isfinite(samples).all():
        raise BrokenFileError(f"{path} holds NaN or infinite samples; export it again")
    return np.ascontiguousarray(np.clip(samples.T, -1, 1)), rate


def _cut_short(path: Path) -> bool:
    """Whether a WAV promises more than there is, or an Ogg file ends inside a page.

    libsndfile reads either without complaint, as far as it goes. (The end-of-stream mark of Ogg
    is no sign: sound files in the wild lack it.)
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
            return last + 27 + len(sizes) + sum(sizes) > len(pages)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return False
        while len(chunk := file.read(8)) == 8:
            length = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":  # a recorder that streams leaves 0 or all ones there
                return length < 2**32 - 2**16 and file.tell() + length > size
            file.seek(length + length % 2, 1)
    return False


def encode(
    samples: np.ndarray, sample_rate: int, format: str = "ogg", *, quality: float | None = None
) -> bytes:
    """An audio file's bytes; format "wav", "flac", "ogg" or "mp3".

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
    sound = np.clip(sound, -1, 1)
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
    """Polyphase resampling of (channels, n) to round(n · new_rate / rate) samples."""
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
    return np.clip(result, -1, 1).astype(np.float32)


@lru_cache(maxsize=32)
def _resampler(rate: int, new_rate: int) -> tuple[int, int, np.ndarray]:
    """Up and down factors and the low-pass filter between them: 24 zero crossings, Kaiser 8.6."""
    from scipy.signal import firwin

    ratio = Fraction(new_rate, rate).limit_denominator(4800)
    widest = max(ratio.numerator, ratio.denominator)
    taps = firwin(2 * 24 * widest + 1, 1 / widest, window=("kaiser", 8.6))
    return ratio.numerator, ratio.denominator, taps.astype(np.float32)
