"""Sound: right pitches, audible drums, no clicks, exact length and places, in every engine."""

import shutil
import threading
from importlib.util import find_spec

import numpy as np
import pytest

from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.music import synth as synth_module
from workbench.music.clip import Clip
from workbench.music.fluid import FluidSynth
from workbench.music.kit import DRUMS, READ_MAP, WRITE_PITCH
from workbench.music.mixing import Hit, choke_times, mix
from workbench.music.synth import NumpySynth, SoundFontSynth, bundled_soundfont, default_synth

RATE = 44100
ENGINES = {"tinysoundfont": SoundFontSynth, "numpy": NumpySynth, "fluidsynth": FluidSynth}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    if request.param == "fluidsynth" and not shutil.which("fluidsynth"):
        pytest.skip("fluidsynth is not installed")
    if request.param != "numpy" and not bundled_soundfont():
        pytest.skip("no SoundFont is installed")
    if request.param == "tinysoundfont":
        pytest.importorskip("tinysoundfont")
    return ENGINES[request.param]()


def heard_pitch(sound, rate):
    """MIDI pitch by the first high peak of the autocorrelation (the fundamental may be weak)."""
    sound = sound - sound.mean()
    spectrum = np.fft.rfft(sound, 2 ** int(np.ceil(np.log2(2 * len(sound)))))
    lags = np.fft.irfft(np.abs(spectrum) ** 2)[: len(sound)] / np.arange(len(sound), 0, -1)
    lags = lags[: rate // 40]
    peaks = np.flatnonzero((lags[1:-1] > lags[:-2]) & (lags[1:-1] >= lags[2:])) + 1
    peaks = peaks[peaks > rate // 3000]
    first = peaks[lags[peaks] > 0.85 * lags[peaks].max()][0]
    return 69 + 12 * np.log2(rate / first / 440)


@pytest.mark.parametrize("program", [0, 24, 40])
def test_pitch_is_right(engine, program):
    pitches = [45, 52, 60, 61, 67, 72, 79]
    rows = [(i, 1, pitch, 90) for i, pitch in enumerate(pitches)]
    clip = Clip.from_notes(rows, drums=False, program=program, tempo=120)
    sound = clip.waveform(RATE, engine)[0]
    for index, pitch in enumerate(pitches):
        begin = int((index * 0.5 + 0.08) * RATE)
        assert heard_pitch(sound[begin : begin + int(0.35 * RATE)], RATE) == pytest.approx(
            pitch, abs=0.5
        )


@pytest.mark.parametrize("code", DRUMS)
def test_every_drum_is_audible_and_follows_velocity(engine, code):
    loud, soft = (
        Clip.from_notes([(0, 0.25, WRITE_PITCH[code], velocity)]).waveform(RATE, engine)
        for velocity in (110, 40)
    )
    assert loud.dtype == np.float32
    assert 0.02 < np.abs(loud).max() <= 1
    assert 0.003 < np.abs(soft).max() < 0.7 * np.abs(loud).max()


def test_drums_differ_from_one_another(engine):
    spectra = []
    for code in DRUMS:
        sound = Clip.from_notes([(0, 0.25, WRITE_PITCH[code], 100)]).waveform(RATE, engine)
        bands = np.abs(np.fft.rfft(sound.mean(axis=0)))[: 64 * 512].reshape(512, 64).sum(axis=1)
        spectra.append(bands / np.linalg.norm(bands))
    likeness = np.array(spectra) @ np.array(spectra).T - np.eye(len(DRUMS))
    assert likeness.max() < 0.995


@pytest.mark.parametrize("kind", [SoundFontSynth, NumpySynth])
def test_every_pitch_of_the_read_map_sounds(kind):
    engine = kind()
    for pitch in READ_MAP:
        sound = Clip.from_notes([(0, 0.25, pitch, 100)]).waveform(RATE, engine)
        assert np.abs(sound).max() > 0.02, pitch


def test_onsets_are_where_the_notes_are(engine):
    """Microtiming included: hits off the grid sound off the grid, within 4 ms."""
    times = [0.0, 0.52, 1.013, 1.49, 2.27, 3.031, 3.9]
    clip = Clip.from_notes([(t, 0.1, 42, 110) for t in times], tempo=100)
    sound = np.abs(clip.waveform(RATE, engine)).max(axis=0)
    for time in times:
        place = round(time * 0.6 * RATE)
        before = sound[max(place - int(0.02 * RATE), 0) : max(place - 64, 0)].max(initial=0)
        after = sound[place : place + int(0.004 * RATE)].max()
        assert after > 0.02
        assert before < 0.3 * after


@pytest.mark.parametrize("tempo", [61.7, 92, 143.3])
def test_length_is_exact_and_peak_is_held(engine, tempo):
    rows = [(beat, 1, pitch, 127) for beat in range(8) for pitch in WRITE_PITCH.values()]
    clip = Clip.from_notes(rows, tempo=tempo)
    for rate in (22050, RATE):
        sound = clip.waveform(rate, engine)
        assert sound.shape == (2, round(clip.duration * rate))
        assert np.abs(sound).max() <= 1
        assert clip.waveform(rate, engine, loop=False).shape == sound.shape


def test_no_click_at_the_loop_point(engine):
    """The jump from the last sample to the first is an ordinary one, though a cymbal rings on."""
    rows = [(0.5, 1, 36, 100), (2, 1, 51, 100), (3.3, 1, 49, 127), (3.8, 1, 41, 100)]
    clip = Clip.from_notes(rows, tempo=120)
    sound = clip.waveform(RATE, engine)
    around = np.concatenate([sound[:, -2000:], sound[:, :2000]], axis=1)
    assert np.abs(around).max() > 0.02  # something does ring across
    jump = np.abs(sound[:, 0] - sound[:, -1]).max()
    jumps = np.abs(np.diff(around, axis=1))
    jumps = np.delete(jumps, 1999, axis=1)
    assert jump <= jumps.max()
    cut = clip.waveform(RATE, engine, loop=False)
    assert np.abs(cut[:, -1]).max() < 1e-3


def test_loop_equals_the_second_round_of_two():
    """Wrapping the tails is the same as playing the loop over and over."""
    rows = [(0, 1, 36, 100), (1, 1, 46, 100), (3.5, 1, 49, 80), (3.9, 1, 46, 70)]
    engine = default_synth()
    once = Clip.from_notes(rows, beats=4).waveform(RATE, engine)
    rounds = [(t + 4 * k, d, p, v) for k in range(4) for t, d, p, v in rows]
    four = Clip.from_notes(rounds, beats=16).waveform(RATE, engine, loop=False)
    n = once.shape[1]
    np.testing.assert_allclose(four[:, 2 * n : 3 * n], once, atol=2e-3)


def test_closed_hat_chokes_open_hat(engine):
    def ring(rows):
        sound = Clip.from_notes(rows, tempo=60, beats=4).waveform(RATE, engine)
        return np.abs(sound[:, int(0.8 * RATE) : int(1.2 * RATE)]).max()

    free, choked = ring([(0, 1, 46, 120)]), ring([(0, 1, 46, 120), (0.5, 0.1, 42, 1)])
    assert free > 0.004
    assert choked < 0.35 * free


def test_choke_goes_around_the_loop():
    starts, pitches = np.array([100, 500, 900]), np.array([42, 36, 46])
    assert choke_times(starts, pitches, 1000, loop=True).tolist() == [-1, -1, 200]
    assert choke_times(starts, pitches, 1000, loop=False).tolist() == [-1, -1, -1]


@pytest.mark.parametrize("loop", [True, False])
def test_mix_equals_a_plain_sum(loop):
    rng = np.random.default_rng(0)
    shots = [rng.standard_normal((n, 2)).astype(np.float32) for n in (30, 170, 5)]
    hits = [
        Hit(int(rng.integers(0, 60)), shots[int(rng.integers(3))], float(rng.random()))
        for _ in range(20)
    ]
    expected = np.zeros((2, 60))
    for hit in hits:
        for offset, frame in enumerate(hit.shot):
            place = hit.start + offset
            if loop or place < 60:
                expected[:, place % 60] += hit.gain * frame
    np.testing.assert_allclose(mix(hits, 60, loop), expected, atol=1e-5)


def test_a_stopped_hit_fades():
    hit = Hit(0, np.ones((100, 2), np.float32), 1.0, stop=10, fade=5)
    sound = mix([hit], 100, loop=False)[0]
    np.testing.assert_allclose(sound[:16], [*[1] * 10, 1, 0.75, 0.5, 0.25, 0, 0], atol=1e-6)


def test_pitched_notes_end(engine):
    clip = Clip.from_notes([(0, 1, 60, 100)], drums=False, program=19, tempo=120, beats=8)
    sound = np.abs(clip.waveform(RATE, engine)).max(axis=0)
    assert sound[int(0.2 * RATE) : int(0.45 * RATE)].max() > 0.01
    assert sound[int(1.6 * RATE) :].max() < 0.05 * sound.max()


def test_same_clip_same_sound_after_another_piece():
    """No state of one rendering reaches the next, nor another thread's."""
    if not bundled_soundfont():
        pytest.skip("no SoundFont is installed")
    pytest.importorskip("tinysoundfont")
    engine = SoundFontSynth()
    clip = Clip.from_notes([(0, 1, 60, 100), (2, 1, 67, 90)], drums=False)
    other = Clip.from_notes([(0, 4, 40, 127)], drums=False, program=48)
    first = clip.waveform(RATE, engine)
    results = []

    def work():
        other.waveform(RATE, engine)
        results.append(clip.waveform(RATE, engine))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    for result in results:
        np.testing.assert_allclose(result, first, atol=1e-4)


def test_groove_loop_is_not_clipped_or_silent(groove_root, engine):
    path = sorted(groove_root.rglob("*_beat_4-4.mid"))[10]
    sound = Clip.read(path).excerpt(32, 32).waveform(RATE, engine)
    assert 0.2 < np.abs(sound).max() <= 1
    seconds = np.abs(sound[:, : RATE * (sound.shape[1] // RATE)]).reshape(2, -1, RATE)
    assert np.mean(seconds.max(axis=(0, 2)) > 0.02) > 0.8


def test_default_order(monkeypatch):
    monkeypatch.delenv("WORKBENCH_SOUNDFONT", raising=False)
    synth_module._synth_for.cache_clear()
    assert default_synth() is default_synth()
    if bundled_soundfont() and find_spec("tinysoundfont"):
        assert default_synth().name == "tinysoundfont"
    monkeypatch.setattr(synth_module, "bundled_soundfont", lambda: None)
    synth_module._synth_for.cache_clear()
    assert default_synth().name == "numpy"
    synth_module._synth_for.cache_clear()


def test_a_named_soundfont_is_used_or_an_error(tmp_path, monkeypatch):
    source = bundled_soundfont()
    if not source:
        pytest.skip("no SoundFont is installed")
    monkeypatch.setenv("WORKBENCH_SOUNDFONT", str(source))
    assert default_synth().path == source
    monkeypatch.setenv("WORKBENCH_SOUNDFONT", str(tmp_path / "gone.sf2"))
    with pytest.raises(MissingDataError, match=r"gone\.sf2.*WORKBENCH_SOUNDFONT") as caught:
        default_synth()
    assert "\n" not in str(caught.value)
    for name, data in {
        "empty.sf2": b"",
        "text.sf2": b"not a SoundFont",
        "cut.sf2": source.read_bytes()[:100_000],
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BrokenFileError, match=name.replace(".", r"\.")):
            default_synth(tmp_path / name)


def test_a_fluidsynth_that_is_missing_says_so(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(WorkbenchError, match="not installed"):
        FluidSynth()


@pytest.mark.parametrize("rate", [1, 2, 3, 4, 5, 7, 10, 100, 4000, 44_101])
def test_odd_rates(engine, rate):
    drums = Clip.from_notes([(i / 8, 0.5, 35 + i, 90) for i in range(47)])
    piano = Clip.from_notes([(i / 8, 0.5, 21 + 2 * i, 90) for i in range(44)], drums=False)
    for clip in (drums, piano):
        sound = clip.waveform(rate, engine)
        assert sound.shape == (2, round(clip.duration * rate))
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() <= 1
