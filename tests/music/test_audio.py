"""Audio files: round trips, resampling against a closed form, files that cannot be read."""

import os
import struct
import subprocess
import sys
import warnings

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.datasets import load
from workbench.errors import BrokenFileError, MissingDataError, MusicFileWarning, WorkbenchError
from workbench.music.audio import (
    checked,
    encode,
    read_audio,
    resample,
    to_stereo,
    turned_down,
    write_audio,
)
from workbench.music.clip import Clip


def tone(seconds=0.5, rate=44100, channels=2, frequency=440.0):
    time = np.arange(round(seconds * rate)) / rate
    wave = 0.5 * np.sin(2 * np.pi * frequency * time)
    return np.stack([wave * (1 - 0.3 * c) for c in range(channels)]).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_write_and_read(suffix, channels, rate, tmp_path):
    sound = tone(1.0, rate, channels)
    path = tmp_path / f"tone.{suffix}"
    write_audio(path, sound, rate)
    copy, copy_rate = read_audio(path)
    assert copy_rate == rate
    assert copy.dtype == np.float32
    if suffix == "mp3":  # MP3 pads; the middle is compared by level
        assert abs(copy.shape[1] - sound.shape[1]) <= 3000
        assert np.std(copy[0, 2000:-2000]) == pytest.approx(np.std(sound[0]), rel=0.05)
    else:
        assert copy.shape == sound.shape
        np.testing.assert_allclose(copy, sound, atol=1e-4 if suffix in ("wav", "flac") else 0.08)


def test_long_vorbis_is_written(tmp_path):
    sound = np.zeros((2, 44100 * 60), np.float32)
    write_audio(tmp_path / "long.ogg", sound, 44100)
    assert read_audio(tmp_path / "long.ogg")[0].shape == sound.shape


@pytest.mark.parametrize(
    ("old", "new"), [(48000, 44100), (44100, 16000), (22050, 44100), (8000, 48000)]
)
def test_resampling_a_sine_gives_that_sine(old, new):
    sound = tone(1.0, old, frequency=1000)
    result = resample(sound, old, new)
    expected = tone(1.0, new, frequency=1000)
    assert result.shape == expected.shape
    np.testing.assert_allclose(
        result[:, new // 20 : -new // 20], expected[:, new // 20 : -new // 20], atol=2e-3
    )


def test_resampling_removes_what_would_fold():
    sound = tone(1.0, 44100, frequency=11000)
    assert np.abs(resample(sound, 44100, 16000)[:, 800:-800]).max() < 2e-3


def test_any_channels_become_stereo():
    assert to_stereo(tone(channels=1)).shape[0] == 2
    five = tone(channels=5)
    np.testing.assert_allclose(to_stereo(five)[1], five.mean(axis=0), atol=1e-6)
    clip = Clip(audio=tone(0.5, 22050, 1), sample_rate=22050)
    assert clip.waveform(44100).shape == (2, 22050)


def test_clip_reads_and_writes_audio(tmp_path):
    clip = Clip.from_notes([(0, 1, 36, 100)], tempo=120)
    for suffix in ("wav", "flac", "ogg", "mp3"):
        clip.write_audio(tmp_path / f"hit.{suffix}")
        copy = Clip.read(tmp_path / f"hit.{suffix}")
        assert copy.duration == pytest.approx(clip.duration, abs=0.1)
        assert np.abs(copy.audio).max() > 0.05
        assert len(clip.audio_bytes(suffix)) > 100
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"hit.{s}" for s in ("flac", "mp3", "ogg", "wav")
    ]


def bad_files(folder):
    good = encode(tone(2.0), 44100, "wav")
    yield "empty.wav", b""
    yield "text.ogg", b"no sound here"
    yield "cut.flac", encode(tone(2.0), 44100, "flac")[:20000]
    yield "cut.ogg", encode(tone(2.0), 44100, "ogg")[:60]
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 88200))
    yield "half.ogg", encode(noise, 44100, "ogg")[:12000]
    yield "head.wav", good[:44]
    nan = folder / "made.wav"
    soundfile.write(nan, np.full((100, 1), np.nan, np.float32), 8000, subtype="FLOAT")
    yield "nan.wav", nan.read_bytes()


def test_bad_files_are_named(tmp_path):
    for name, data in bad_files(tmp_path):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(BrokenFileError, match=name.replace(".", r"\.")) as caught:
            Clip.read(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(MissingDataError, match=r"gone\.wav"):
        read_audio(tmp_path / "gone.wav")
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(BrokenFileError, match=r"folder\.wav"):
        read_audio(tmp_path / "folder.wav")


GOOD = {
    suffix: encode(tone(0.05, 8000, 1), 8000, suffix) for suffix in ("wav", "flac", "ogg", "mp3")
}


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(sorted(GOOD)),
    st.floats(0, 1),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
)
def test_damaged_audio_reads_or_is_named(tmp_path, suffix, share, changes):
    data = bytearray(GOOD[suffix][: int(share * len(GOOD[suffix]))])
    for place, value in changes:
        if place < len(data):
            data[place] = value
    path = tmp_path / f"odd.{suffix}"
    path.write_bytes(bytes(data))
    try:
        sound, rate = read_audio(path)
    except BrokenFileError as error:
        named = str(path) in str(error)
    else:
        named = True
        assert np.isfinite(sound).all()
        assert rate > 0
    assert named


def lying(folder):
    """Files whose header says another length than there is, and what is said of them."""
    loud = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 5 * 16000))
    flac, mp3 = (bytearray(encode(loud, 16000, kind)) for kind in ("flac", "mp3"))
    yield "more.flac", flac[:22] + (400_000).to_bytes(4, "big") + flac[26:], "cut short"
    yield "half.flac", flac[: len(flac) // 2], "cut short"
    yield "half.mp3", mp3[: len(mp3) // 2], "cut short"
    yield "tagged.mp3", b"ID3\4\0\0\0\0\0\5" + b"\0" * 5 + mp3[:12000], "cut short"


def test_headers_that_lie_about_the_length_are_named(tmp_path):
    for name, data, said in lying(tmp_path):
        (tmp_path / name).write_bytes(bytes(data))
        with pytest.raises(BrokenFileError, match=said) as caught:
            read_audio(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
        assert "Internal" not in str(caught.value)  # libsndfile's words


def wav_chunks(sound, rate=16000, *, head=b"", length=None, form=None):
    """A WAV of 16-bit samples: `head`, chunks before the samples; `length`, as its header says."""
    data = np.rint(sound.T * 32767).astype("<i2").tobytes()
    channels = len(sound)
    form = form or struct.pack("<HHIIHH", 1, channels, rate, 2 * channels * rate, 2 * channels, 16)
    length = len(data) if length is None else length
    return (
        b"RIFF"
        + struct.pack("<I", min(len(data) + len(head) + 36, 2**32 - 1))
        + b"WAVE"
        + b"fmt "
        + struct.pack("<I", len(form))
        + form
        + head
        + b"data"
        + struct.pack("<I", length)
        + data
    )


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (0, ""),
        (0x7FFFF000, ""),
        (0x7FFFFFFF, ""),
        (0x80000000, ""),
        (0xFFFFFFFF, ""),
        (32000 + 16, ""),
        (32000 + 44, ""),
        (64000, "cut short by 1 s"),
        (10_000, "more sound"),
    ],
)
def test_a_wav_is_read_to_its_end_whatever_its_header_says(length, said, tmp_path):
    sound = tone(1.0, 16000, 1)
    (tmp_path / "a.wav").write_bytes(wav_chunks(sound, length=length))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read, rate = read_audio(tmp_path / "a.wav")
    assert rate == 16000
    np.testing.assert_allclose(read, sound, atol=1e-4)
    assert [type(w.message) for w in caught] == [MusicFileWarning] * bool(said)
    assert all(said in str(w.message) and "a.wav" in str(w.message) for w in caught)


def test_a_wav_cut_short_is_read_with_a_warning(tmp_path):
    sound = tone(1.0, 16000, 2)
    (tmp_path / "cut.wav").write_bytes(wav_chunks(sound)[: 44 + 16001])
    with pytest.warns(MusicFileWarning, match=r"cut\.wav is cut short"):
        read = read_audio(tmp_path / "cut.wav")[0]
    np.testing.assert_allclose(read, sound[:, :4000], atol=1e-4)


HEADS = {
    "a list": b"LIST\x0c\0\0\0INFOIART\0\0\0\0",
    "a broadcast chunk": b"bext" + (602).to_bytes(4, "little") + bytes(602),
    "padding": b"JUNK" + (28).to_bytes(4, "little") + bytes(28),
    "an odd chunk": b"odd \3\0\0\0abc\0",
    "an unknown chunk": b"\xa9xy \2\0\0\0ab",
    "a chunk of 4 GB": b"JUNK\xf0\xff\xff\xff" + bytes(20),
}


@pytest.mark.parametrize("name", HEADS)
def test_chunks_before_the_samples_are_passed_over(name, tmp_path):
    sound = tone(0.5, 16000, 1)
    (tmp_path / "a.wav").write_bytes(wav_chunks(sound, head=HEADS[name]))
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav")[0], sound, atol=1e-4)


@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64", "W64"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_kinds_of_wav(form, subtype, tmp_path):
    sound = tone(0.25, 44100, 2)[:, :11001]
    soundfile.write(tmp_path / "a.wav", sound.T, 44100, format=form, subtype=subtype)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav")[0], sound, atol=1e-4)


def test_a_rate_of_no_sound_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav_chunks(tone(0.5, 16000, 1), rate=200_000_000))
    with pytest.raises(BrokenFileError, match="200,000,000"):
        Clip.read(tmp_path / "a.wav")


def test_a_flac_of_a_stream_is_read_to_its_end(tmp_path):
    sound = tone(3.0, 44100, 2)
    flac = bytearray(encode(sound, 44100, "flac"))
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(flac)
    np.testing.assert_allclose(read_audio(tmp_path / "a.flac")[0], sound, atol=1e-4)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (44101, 44100),
        (24001, 24000),
        (16001, 44100),
        (1, 8000),
        (7, 22050),
        (44100, 44099),
        (768_000, 44100),
        (96_001, 44100),
    ],
)
def test_odd_rates_are_resampled_exactly(old, new):
    """A slow sine keeps its frequency and phase to the end; the length is right to the sample."""
    count = min(3 * old, 400_000) if old > 100 else 40
    time = np.arange(count) / old
    frequency = min(old, new) / 20
    result = resample(np.sin(2 * np.pi * frequency * time)[None].astype("f4"), old, new)
    assert result.shape == (1, max(round(count * new / old), 1))
    expected = np.sin(2 * np.pi * frequency * np.arange(result.shape[1]) / new)
    edge = int(30 * max(1, new / old)) + 1
    middle = slice(edge, -edge)
    assert len(expected[middle]) > 100 or old < 100
    np.testing.assert_allclose(result[0, middle], expected[middle], atol=5e-3)


def test_rates_that_cannot_be_are_refused_in_a_line():
    sound = tone(1.0, 16000, 1)
    for old, new, name in (
        (767_999, 768_000, "768000"),
        (16000, 0, "sample_rate"),
        (16000, -1, "sample_rate"),
        (16000, 44100.5, "44100.5"),
        (16000, float("nan"), "nan"),
        (16000, "fast", "fast"),
        (1, 2**31, "sample_rate"),
        (1, 768_000, "samples"),
    ):
        with pytest.raises(WorkbenchError, match=name) as caught:
            resample(np.tile(sound, 50), old, new)
        assert "\n" not in str(caught.value)
    with pytest.raises(WorkbenchError, match=r"22050\.5"):
        Clip(audio=sound, sample_rate=22050.5)
    assert resample(sound, np.int64(16000), np.float64(8000)).shape == (1, 8000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_and_devices_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    os.mkfifo(tmp_path / "pipe.mid")
    (tmp_path / "zero.wav").symlink_to("/dev/zero")
    (tmp_path / "zero.mid").symlink_to("/dev/zero")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(BrokenFileError, match=path.name) as caught:
            Clip.read(path)
        assert "not a file" in str(caught.value)
    Clip.from_notes([(0, 1, 36, 90)]).write_midi(tmp_path / "beat.mid")
    loaded = load(tmp_path)
    assert len(loaded) == 1
    assert sorted(name for name, _ in loaded.skipped) == ["pipe.mid", "zero.mid"]


def test_what_may_stand_behind_the_sound_is_no_lie(tmp_path):
    """Tags, further chunks and padding after a WAV's samples; lengths left open by a recorder."""
    sound = tone(0.5, 16000, 1)
    wav = encode(sound, 16000, "wav")
    at = wav.index(b"data") + 4
    behind = {
        "list": b"LIST" + (4000).to_bytes(4, "little") + b"INFO" * 1000,
        "id3": b"ID3\4\0\0" + b"\7" * 2000,
        "tag": b"TAG" + b"title" * 400,
        "padding": b"\0" * 4096,
        "little": b"\x93\x11" * 100,
    }
    files = {name: wav + more for name, more in behind.items()}
    files["stream"] = wav[:at] + b"\xff" * 4 + wav[at + 4 :]
    for name, data in files.items():
        (tmp_path / f"{name}.wav").write_bytes(data)
        np.testing.assert_allclose(read_audio(tmp_path / f"{name}.wav")[0], sound, atol=1e-4)


def test_a_flac_or_mp3_that_says_too_little_is_read_as_far_as_it_says(tmp_path):
    loud = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 5 * 16000))
    flac, mp3 = bytearray(encode(loud, 16000, "flac")), bytearray(encode(loud, 16000, "mp3"))
    (tmp_path / "a.flac").write_bytes(flac[:22] + (32_000).to_bytes(4, "big") + flac[26:])
    assert read_audio(tmp_path / "a.flac")[0].shape == (1, 32_000)
    at = mp3.index(b"Xing") + 8
    frames = int.from_bytes(mp3[at : at + 4], "big")
    (tmp_path / "a.mp3").write_bytes(mp3[:at] + (frames // 4).to_bytes(4, "big") + mp3[at + 4 :])
    assert 10_000 < read_audio(tmp_path / "a.mp3")[0].shape[1] < 25_000


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_one_sample_is_a_sound(suffix, tmp_path):
    write_audio(tmp_path / f"one.{suffix}", np.full((1, 1), 0.5), 16000)
    sound, rate = read_audio(tmp_path / f"one.{suffix}")
    assert (sound.shape, rate) == ((1, 1), 16000)
    assert resample(sound, 16000, 44100).shape == (1, 3)


@pytest.mark.parametrize("gain", [2.4, 65_536.0, 1e30])
def test_what_goes_beyond_full_scale_is_turned_down_not_clipped(gain, tmp_path):
    """Float files of mixes that are too loud, and of samples that were never divided."""
    sound = tone(0.2, 16000, 1)
    soundfile.write(tmp_path / "loud.wav", gain * sound.T, 16000, subtype="FLOAT")
    expected = sound / np.abs(sound).max()
    np.testing.assert_allclose(read_audio(tmp_path / "loud.wav")[0], expected, atol=1e-6)
    write_audio(tmp_path / "again.wav", gain * sound, 16000)
    np.testing.assert_allclose(read_audio(tmp_path / "again.wav")[0], expected, atol=1e-4)
    loud = resample(gain * sound, 16000, 32000)
    np.testing.assert_allclose(loud / gain, resample(sound, 16000, 32000), atol=1e-5)
    assert turned_down(sound) is sound


def test_sound_is_checked_by_name():
    assert checked([[1, 2]]).dtype == np.float32
    for bad, said in (
        (np.full((1, 3), np.inf), "mine holds NaN or infinite"),
        (np.zeros(3), r"mine has shape \(3,\)"),
        (np.zeros((0, 3)), "mine has shape"),
    ):
        with pytest.raises(WorkbenchError, match=said):
            checked(bad, "mine")


def test_nothing_half_written(tmp_path):
    path = tmp_path / "sound.wav"
    path.write_bytes(b"the old one")
    with pytest.raises(WorkbenchError, match="NaN"):
        write_audio(path, np.full((1, 10), np.nan), 8000)
    with pytest.raises(WorkbenchError, match="aiff"):
        write_audio(tmp_path / "sound.aiff", tone(), 44100)
    with pytest.raises(WorkbenchError, match="mp3"):
        write_audio(tmp_path / "sound.mp3", tone(), 123457)
    assert path.read_bytes() == b"the old one"
    assert [p.name for p in tmp_path.iterdir()] == ["sound.wav"]


ENCODED = """
import sys
import numpy as np
from workbench.errors import WorkbenchError
from workbench.music.audio import encode
rng = np.random.default_rng(0)
for rate, channels in zip(map(int, sys.argv[2::2]), map(int, sys.argv[3::2])):
    try:
        encode(rng.uniform(-0.9, 0.9, (channels, 30_000)), rate, sys.argv[1])
        print(rate, channels, "written")
    except WorkbenchError as error:
        print(rate, channels, "refused", str(rate) in str(error), "\\n" in str(error))
"""


@pytest.mark.parametrize(
    ("format", "written", "refused"),
    [
        (
            "ogg",
            [(1, 2), (4001, 1), (192_000, 2), (200_000, 2), (44_100, 255)],
            [(200_001, 1), (250_000, 2), (384_000, 2), (1_000_000, 1), (44_100, 256)],
        ),
        ("flac", [(1, 1), (655_350, 2), (44_100, 8)], [(700_000, 1), (44_100, 9)]),
        ("mp3", [(8000, 1), (48_000, 2)], [(7999, 1), (44_101, 2), (96_000, 2), (44_100, 3)]),
        ("wav", [(1, 1), (1_000_000, 2), (44_100, 300)], [(44_100, 1025)]),
    ],
)
def test_rates_and_channels_that_a_format_lacks_are_refused(format, written, refused):
    # in a process of its own: libsndfile's Vorbis encoder ends it beyond 200 kHz or 255 channels
    numbers = [str(number) for pair in written + refused for number in pair]
    command = [sys.executable, "-c", ENCODED, format, *numbers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *(f"{rate} {channels} written" for rate, channels in written),
        *(f"{rate} {channels} refused True False" for rate, channels in refused),
    ]


@pytest.mark.parametrize(
    "bad", ["x", [[1j]], [[1], [1, 2]], [["0.5"]], np.datetime64("2026-01-01")]
)
def test_what_is_no_sound_is_refused(bad):
    for give in (checked, lambda sound, name: Clip(audio=sound, sample_rate=8000)):
        with pytest.raises(WorkbenchError, match=r"audio is .*channels, samples") as caught:
            give(bad, "audio")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [True, "44100", None, 44100.5, np.nan, [44100], 0, -8000, 10**30])
def test_sample_rates_that_are_none(bad):
    clip = Clip(audio=np.zeros((1, 10)), sample_rate=8000)
    with pytest.raises(WorkbenchError, match="sample_rate must be"):
        clip.waveform(bad)
