"""Recorded drum kits: velocity layers, varied repetitions, exact places, and who plays when."""

from pathlib import Path

import numpy as np
import pytest

from tests.small_soundfont import soundfont
from workbench.errors import BrokenFileError, MissingDataError
from workbench.music import drum_kit, synth
from workbench.music.audio import resample
from workbench.music.clip import Clip
from workbench.music.display import player_html
from workbench.music.drum_kit import KITS, KitSynth, find_kit, kit_of
from workbench.music.kit import READ_MAP
from workbench.music.loudness import loudness
from workbench.music.soundfont import bundled_soundfont
from workbench.music.synth import default_synth, playback_synth

pytest.importorskip("tinysoundfont")
RATE = 44100
TONES = (310, 740, 1130, 1610, 2230)  # Hz of the layers of the small kit
EDGES = (1, 27, 53, 78, 103, 128)
SILENT_LEAD = 0.006  # seconds before each hit of the small kit


@pytest.fixture(autouse=True)
def bundled():
    if bundled_soundfont() is None:
        pytest.skip("no SoundFont is installed for the other instruments")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    for name in ("WORKBENCH_DRUMS", "WORKBENCH_SOUNDFONT"):
        monkeypatch.delenv(name, raising=False)
    synth._kit_synth.cache_clear()
    yield
    synth._kit_synth.cache_clear()


def small_kit(path, bank=128, levels=(0.2, 0.3, 0.4, 0.5, 0.6), keys=(36, 38, 42)):
    """A SoundFont of five layers, each a decaying tone of its own frequency."""
    time = np.arange(RATE // 2) / RATE
    zones = []
    for key in keys:
        for tone, level, low, high in zip(TONES, levels, EDGES[:-1], EDGES[1:], strict=True):
            hit = level * np.cos(2 * np.pi * tone * time) * np.exp(-8 * time)
            lead = np.zeros(round(SILENT_LEAD * RATE))
            zones.append((key, low, high - 1, np.concatenate([lead, hit])))
    path.write_bytes(soundfont(zones, bank))
    return path


@pytest.fixture(params=[kit.file for kit in KITS])
def recorded(request):
    found = [top / request.param for top in drum_kit.kit_folders() if top.is_dir()]
    path = next((path for path in found if path.is_file()), None)
    if path is None:
        pytest.skip(f"{request.param} is not installed")
    return KitSynth(path)


def heard_tone(shot):
    spectrum = np.abs(np.fft.rfft(shot[: RATE // 5].mean(axis=1)))
    return int(np.argmax(spectrum)) * 5


@pytest.mark.parametrize("bank", [128, 0])
def test_every_layer_is_found_and_played_at_its_velocities(tmp_path, bank):
    engine = KitSynth(small_kit(tmp_path / "small.sf2", bank))
    for tone, low, high in zip(TONES, EDGES[:-1], EDGES[1:], strict=True):
        for velocity in (max(low, 4), high - 1):
            shot, _ = engine.kit_shot(38, velocity, RATE)
            assert heard_tone(shot) == pytest.approx(tone, abs=10)


def test_layers_in_the_wrong_order_are_sorted_by_their_level(tmp_path):
    levels = (0.6, 0.5, 0.4, 0.3, 0.2)
    engine = KitSynth(small_kit(tmp_path / "small.sf2", levels=levels))
    assert heard_tone(engine.kit_shot(36, 120, RATE)[0]) == pytest.approx(TONES[0], abs=10)
    assert heard_tone(engine.kit_shot(36, 10, RATE)[0]) == pytest.approx(TONES[-1], abs=10)


def test_repeated_hits_take_turns(tmp_path):
    """Four equal hits: the layer's sample, a neighbour, a detuned copy, the other neighbour."""
    engine = KitSynth(small_kit(tmp_path / "small.sf2"))
    takes = [engine.kit_shot(42, 70, RATE, turn=turn) for turn in range(5)]
    tones = [heard_tone(shot) for shot, _ in takes]
    assert tones[0] == pytest.approx(TONES[2], abs=10)
    assert {round(tone / 50) for tone in tones} == {round(tone / 50) for tone in TONES[1:4]}
    assert takes[4][0] is takes[0][0]
    size = [np.square(gain * shot[: RATE // 4]).sum() for shot, gain in takes]
    np.testing.assert_allclose(10 * np.log10(size), 10 * np.log10(size[0]), atol=0.6)


def test_a_hit_begins_at_its_place(tmp_path):
    """The silence before a sample is cut: no hit is half a millisecond early or late."""
    engine = KitSynth(small_kit(tmp_path / "small.sf2"))
    times = [0.5, 1 + 7 / 480, 2 + 131 / 480, 3 + 1 / 480]  # whole ticks
    for velocity in (20, 60, 110):
        clip = Clip.from_notes([(t, 0.1, 38, velocity) for t in times], tempo=60, beats=5)
        sound = np.abs(clip.waveform(RATE, engine, loop=False)).max(axis=0)
        for time in times:
            place = round(time * RATE)
            around = sound[place - RATE // 50 : place + RATE // 50]
            onset = int(np.argmax(around > 0.2 * around.max())) - RATE // 50
            assert abs(onset) < 0.0005 * RATE


def test_a_harder_hit_is_never_softer(recorded):
    for pitch in (36, 38, 42, 46, 49, 51):
        levels = []
        for velocity in range(1, 128, 7):
            shot, gain = recorded.kit_shot(pitch, velocity, RATE)
            levels.append(10 * np.log10(np.square(gain * shot[: RATE // 3]).sum()))
        assert np.diff(levels).min() > -1.0  # dB; layers ring for different times
        assert levels[-1] - levels[2] > 12


def test_no_two_repeated_hits_are_equal(recorded):
    for pitch in (38, 42):
        shots = [recorded.kit_shot(pitch, 90, RATE, turn=turn)[0][:4410].ravel() for turn in (0, 1)]
        first, second = (shot / np.linalg.norm(shot) for shot in shots)
        assert first @ second < 0.995


def test_every_pitch_of_the_read_map_sounds(recorded):
    for pitch in READ_MAP:
        sound = Clip.from_notes([(0, 0.25, pitch, 100)]).waveform(RATE, recorded)
        assert np.abs(sound).max() > 0.01, pitch


def test_a_kit_is_as_loud_as_the_bundled_one(recorded):
    rows = [(i / 2, 0.1, 42, 70) for i in range(16)]
    rows += [(i, 0.1, 36 if i % 2 == 0 else 38, 100) for i in range(8)]
    clip = Clip.from_notes(rows, tempo=100, beats=8)
    levels = [loudness(clip.waveform(RATE, engine), RATE) for engine in (recorded, default_synth())]
    assert levels[0] == pytest.approx(levels[1], abs=4)


def test_a_loop_is_exact_and_wraps(recorded):
    """The length is exact to the sample, and the step at the seam is an ordinary one."""
    rows = [(0, 0.1, 36, 100), (1.5, 0.1, 38, 90), (3.7, 0.1, 49, 120), (3.9, 0.1, 46, 80)]
    for tempo in (61.7, 143.3):
        clip = Clip.from_notes(rows, tempo=tempo, beats=4)
        sound = clip.waveform(RATE, recorded)
        assert sound.shape == (2, round(4 * 60 / tempo * RATE))
        assert np.abs(sound[:, -200:]).max() > 0.002  # the cymbal rings across the seam
        step = np.abs(sound[:, 0] - sound[:, -1]).max()
        steps = np.abs(np.diff(np.concatenate([sound[:, -3000:], sound[:, :3000]], axis=1)))
        assert step <= steps.max()


def test_pitched_tracks_sound_as_ever(tmp_path):
    engine = KitSynth(small_kit(tmp_path / "small.sf2"))
    piano = Clip.from_notes([(0, 1, 60, 60), (1, 1, 64, 60)], drums=False)
    expected = piano.waveform(RATE, default_synth())
    np.testing.assert_allclose(piano.waveform(RATE, engine), expected, atol=1e-4)


@pytest.mark.parametrize("rate", [1, 7, 3999, 4000, 4001, 22050, 44101, 99_991])
def test_any_rate(tmp_path, rate):
    engine = KitSynth(small_kit(tmp_path / "small.sf2"))
    clip = Clip.from_notes([(i / 8, 0.5, 35 + i, 90) for i in range(47)])
    for loop in (True, False):
        sound = clip.waveform(rate, engine, loop=loop)
        assert sound.shape == (2, round(clip.duration * rate))
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() <= 1


def test_silence_stays_silent(tmp_path):
    engine = KitSynth(small_kit(tmp_path / "small.sf2"))
    clip = Clip.from_notes([], beats=4)
    assert not clip.waveform(RATE, engine).any()


def test_who_plays(tmp_path, monkeypatch):
    monkeypatch.setattr(drum_kit, "kit_folders", lambda: [tmp_path / "none", tmp_path])
    assert find_kit() is None
    assert playback_synth() is default_synth()
    path = small_kit(tmp_path / "Red_Zeppelin_4_LV2.sf2", bank=0)
    assert find_kit() == path
    assert playback_synth().kit == kit_of(path)
    assert "Red Zeppelin" in playback_synth().sound
    assert not isinstance(default_synth(), KitSynth)  # what is measured never changes
    other = small_kit(tmp_path / "other.sf2")
    monkeypatch.setenv("WORKBENCH_DRUMS", str(other))
    assert playback_synth().drums.path == other
    monkeypatch.setenv("WORKBENCH_DRUMS", "bundled")
    assert playback_synth() is default_synth()
    monkeypatch.delenv("WORKBENCH_DRUMS")
    monkeypatch.setenv("WORKBENCH_SOUNDFONT", str(bundled_soundfont()))
    assert playback_synth() is default_synth()  # a font named for everything plays drums, too


def test_the_player_names_the_kit(tmp_path, monkeypatch):
    monkeypatch.setattr(drum_kit, "kit_folders", lambda: [tmp_path])
    small_kit(tmp_path / "Black_Pearl_4_LV2.sf2", bank=0)
    drums = Clip.from_notes([(0, 1, 36, 100), (1, 1, 38, 90)])
    piano = Clip.from_notes([(0, 1, 60, 100)], drums=False)
    assert "Black Pearl" in player_html(drums)
    assert "Black Pearl" not in player_html(piano)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(drums.playback(RATE), drums.waveform(RATE), atol=0.01)


def test_a_kit_that_cannot_be_used_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_DRUMS", str(tmp_path / "gone.sf2"))
    with pytest.raises(MissingDataError, match=r"gone\.sf2"):
        playback_synth()
    (tmp_path / "text.sf2").write_text("no SoundFont")
    with pytest.raises(BrokenFileError, match=r"text\.sf2"):
        KitSynth(tmp_path / "text.sf2")
    with pytest.raises(BrokenFileError, match=r"flute\.sf2.*WORKBENCH_DRUMS"):
        KitSynth(small_kit(tmp_path / "flute.sf2", keys=(72, 74)))
    monkeypatch.setenv("WORKBENCH_DRUMS", str(small_kit(tmp_path / "fine.sf2")))
    monkeypatch.setattr(synth, "find_spec", lambda name: None)
    with pytest.raises(MissingDataError, match=r"fine\.sf2.*tinysoundfont"):
        playback_synth()


def test_known_kits_are_looked_for_in_the_cache_first(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    assert drum_kit.kit_folders()[0] == Path(tmp_path, "soundfonts")


def test_the_sound_is_the_same_at_every_rate(recorded):
    """Cymbals are not folded down at a page's rate: it is the sound at 44.1 kHz, resampled."""
    clip = Clip.from_notes([(0, 0.1, 42, 100), (1, 0.1, 49, 100)], tempo=60, beats=4)
    low = clip.waveform(24000, recorded, loop=False)
    expected = resample(clip.waveform(RATE, recorded, loop=False), RATE, 24000)
    assert np.square(low - expected).sum() < 0.02 * np.square(expected).sum()


def test_a_dense_piece_is_turned_down_rather_than_squashed(tmp_path):
    """Far above full scale, loud and soft passages keep all but 4 dB of their difference."""
    engine = KitSynth(small_kit(tmp_path / "small.sf2"))
    tone = np.sin(2 * np.pi * 220 * np.arange(2 * RATE) / RATE)
    tone *= np.repeat([5, 1], RATE)  # 14 dB
    sound = engine._finish(np.stack([tone, tone]).astype(np.float32), RATE, loop=False)
    loud, soft = (np.abs(sound[:, place : place + RATE // 2]).max() for place in (9999, 55555))
    assert 20 * np.log10(loud / soft) == pytest.approx(20 * np.log10(5) - 4, abs=0.3)
    assert loud < 0.9
