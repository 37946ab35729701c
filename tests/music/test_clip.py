"""The clip: lengths, bars, excerpts, copies."""

import os
import stat

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets import load
from workbench.errors import PromptError, WorkbenchError
from workbench.music.clip import Clip
from workbench.music.picture import picture_of

ROWS = [(0, 0.5, 36, 100), (1.02, 0.25, 38, 90), (2, 0.25, 36, 70), (3.97, 0.25, 38, 30)]


def test_needs_exactly_one_kind():
    with pytest.raises(WorkbenchError, match="either"):
        Clip()
    with pytest.raises(WorkbenchError, match="either"):
        Clip(Clip.from_notes(ROWS).score, np.zeros((1, 10)), 8000)
    with pytest.raises(WorkbenchError, match="NaN"):
        Clip(audio=np.full((1, 10), np.nan), sample_rate=8000)


def test_facts():
    clip = Clip.from_notes(ROWS, tempo=90, caption="funk")
    assert (clip.beats, clip.bars, clip.meter) == (4, 1, (4, 4))
    assert clip.duration == pytest.approx(4 * 60 / 90)
    assert clip.is_drums
    assert clip.has_score
    assert not clip.notes.flags.writeable
    assert "funk" in repr(clip)
    assert "90 BPM" in repr(clip)
    assert "\n" not in repr(clip)


def test_no_notes_is_one_silent_bar():
    clip = Clip.from_notes([], tempo=60)
    assert (clip.beats, clip.bars, clip.duration) == (4, 1, 4)
    assert not clip.waveform(8000).any()


@pytest.mark.parametrize(
    ("meter", "beats", "bars"), [((3, 4), 6, 2), ((6, 8), 6, 2), ((5, 4), 5, 1)]
)
def test_meters(meter, beats, bars):
    clip = Clip.from_notes(ROWS, meter=meter)
    assert (clip.beats, clip.bars) == (beats, bars)
    assert Clip.read_midi(clip.midi_bytes()).meter == meter


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 64 * 480 - 1), min_size=1, max_size=60, unique=True),
    st.integers(0, 12),
    st.integers(1, 8),
)
def test_excerpts_tile_the_whole(ticks, start, length):
    clip = Clip.from_notes([(t / 480, 0.1, 38, 80) for t in ticks], beats=64)
    part = clip.excerpt(start * 4, length * 4)
    inside = [t / 480 - start * 4 for t in sorted(ticks)]
    inside = [t for t in inside if 0 <= t < length * 4]
    np.testing.assert_allclose(part.notes["time"], inside, atol=1e-9)
    assert part.beats == length * 4
    assert (part.notes["time"] + part.notes["duration"] <= length * 4 + 1e-9).all()
    bars = [clip.excerpt(4 * bar, 4).notes for bar in range(16)]
    assert sum(map(len, bars)) == len(ticks)


def test_excerpt_keeps_tempo_and_meter_in_force(fixtures_root):
    clip = Clip.read(next(fixtures_root.rglob("Aicha.mid")))
    start = float(clip.bar_lines[20])
    part = clip.excerpt(start, 16)
    whole = clip.seconds_at(np.array([start, start + 16]))
    assert part.duration == pytest.approx(whole[1] - whole[0], abs=1e-3)
    assert part.source == clip.source


def test_audio_excerpt_by_tempo():
    audio = np.arange(80000, dtype=np.float32)[None] / 80000
    clip = Clip(audio=audio, sample_rate=8000, tempo=60)
    part = clip.excerpt(2, 3)
    np.testing.assert_array_equal(part.audio, audio[:, 16000:40000])
    assert part.beats == pytest.approx(3)


def test_with_changes_a_copy():
    clip = Clip.from_notes(ROWS, tempo=90, caption="a", labels={"style": "funk"})
    slow = clip.with_(tempo=45, caption="b", labels={"kind": "fill"})
    assert (clip.tempo, clip.caption, clip.labels) == (90, "a", {"style": "funk"})
    assert slow.labels == {"style": "funk", "kind": "fill"}
    assert slow.duration == pytest.approx(2 * clip.duration)
    np.testing.assert_array_equal(slow.notes, clip.notes)
    assert Clip.read_midi(slow.midi_bytes()).tempo == pytest.approx(45, abs=0.01)
    with pytest.raises(WorkbenchError, match="colour"):
        clip.with_(colour="red")
    with pytest.raises(WorkbenchError, match="tempo"):
        clip.with_(tempo=0)


def test_a_score_is_asked_of_audio():
    clip = Clip(audio=np.zeros((1, 100)), sample_rate=8000)
    with pytest.raises(WorkbenchError, match="score"):
        clip.midi_bytes()
    assert len(clip.notes) == 0
    assert not clip.is_drums


def test_a_day_long_score_is_not_rendered():
    clip = Clip.from_notes([(0, 1, 36, 90)], beats=10000, tempo=60)
    with pytest.raises(WorkbenchError, match="excerpt"):
        clip.waveform()


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros((1, 8000)),
        np.array([[0.5]]),
        np.tile([[3.0, -5.0]], 4000),
        np.array([[32767, -32768] * 4000], dtype=np.int16),
    ],
    ids=["silence", "one sample", "too loud", "integers"],
)
def test_odd_sound_is_shown_saved_and_stays_within_its_frame(sound, tmp_path):
    clip = Clip(audio=sound, sample_rate=8000)
    assert clip.audio.dtype == np.float32
    assert np.abs(clip.waveform(8000)).max() <= 1
    assert np.abs(clip.waveform(44100)).max() <= 1
    bars = picture_of(clip).bars
    assert np.isfinite(bars).all()
    assert bars[:, 1].min() >= 18
    assert (bars[:, 1] + bars[:, 3]).max() <= 18 + 112 + 1e-3
    assert set(clip._repr_mimebundle_()) == {"text/plain", "text/html", "image/png"}
    clip.write_audio(tmp_path / "again.wav", 8000)
    again = Clip.read(tmp_path / "again.wav")
    np.testing.assert_allclose(again.audio[:1], clip.audio, atol=1e-4)


def test_what_is_too_loud_keeps_its_shape():
    clip = Clip(audio=[[0.5, -2.0, 1.0]], sample_rate=8000)
    np.testing.assert_allclose(clip.audio, [[0.25, -1.0, 0.5]])
    clip.audio = 4 * clip.audio  # also what was changed afterwards
    np.testing.assert_allclose(clip.waveform(8000)[0], [0.25, -1.0, 0.5])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_refused_also_where_it_came_in_later(bad):
    with pytest.raises(WorkbenchError, match="audio holds NaN or infinite"):
        Clip(audio=[[0.0, bad]], sample_rate=8000)
    clip = Clip(audio=np.zeros((1, 10)), sample_rate=8000)
    clip.audio[0, 3] = bad
    for use in (lambda: clip.waveform(44100), lambda: clip.audio_bytes("wav")):
        with pytest.raises(WorkbenchError, match="audio holds NaN or infinite"):
            use()
    with pytest.raises(WorkbenchError, match="at least 1 sample"):
        Clip(audio=np.zeros((1, 0)), sample_rate=8000)


@pytest.mark.parametrize("bad", [5, None, 3.5, [b"MThd"], object(), ""])
def test_paths_that_are_none(bad):
    clip = Clip.from_notes([(0, 1, 60, 90)])
    calls = (Clip.read, Clip.read_midi, Clip.read_audio, clip.write_midi, clip.write_audio)
    for call in calls:
        with pytest.raises(PromptError, match=r"path=.*path of a file"):
            call(bad)
    with pytest.raises(PromptError, match="dataset="):
        load(bad)
    with pytest.raises(PromptError, match=r"path=b'loop.mid'"):
        Clip.read(b"loop.mid")


@pytest.mark.parametrize("bad", [5, "loop.mid", [1], {}])
def test_what_is_no_score(bad):
    with pytest.raises(WorkbenchError, match="score="):
        Clip(bad)


def test_what_the_caller_says_of_a_file_counts(tmp_path):
    path = tmp_path / "a.mid"
    Clip.from_notes([(0, 1, 36, 90)]).write_midi(path)
    soundfile.write(tmp_path / "a.wav", np.full(1000, 0.1), 16000)
    for name in ("a.mid", "a.wav"):
        assert Clip.read(tmp_path / name).source == str(tmp_path / name)
        assert Clip.read(tmp_path / name, source="by Ann", caption="c").source == "by Ann"
    assert Clip.read_midi(path.read_bytes(), source="by Ann").source == "by Ann"
    assert Clip.read_midi(path.read_bytes()).source == ""
    assert Clip.read_midi(path, extra_events=()).file == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_written_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.mid")
    os.symlink("pipe.mid", tmp_path / "link.mid")
    for name in ("pipe.mid", "link.mid"):
        with pytest.raises(WorkbenchError, match=name) as told:
            Clip.from_notes([(0, 1, 36, 90)]).write_midi(tmp_path / name)
        assert "pipe" in str(told.value)
        assert "\n" not in str(told.value)
    assert stat.S_ISFIFO(os.lstat(tmp_path / "pipe.mid").st_mode)
    assert sorted(os.listdir(tmp_path)) == ["link.mid", "pipe.mid"]
