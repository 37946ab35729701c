"""Bands: songs of POP909 with drums of Groove and a bass."""

import shutil
from itertools import pairwise

import numpy as np
import pytest

from workbench.datasets import SPLITS, load
from workbench.datasets.band_parts import Performance, bass_of, drums_at, on_grid, pad_of
from workbench.datasets.sessions import split_of
from workbench.datasets.sets.bands import STYLES
from workbench.datasets.sets.pop909 import Chord, chords_of, split_songs
from workbench.errors import BrokenFileError, MissingDataError
from workbench.music.clip import Clip
from workbench.music.kit import CROSS_STICK, PEDAL, WRITE_PITCH

GENERAL = {*WRITE_PITCH.values(), PEDAL, CROSS_STICK}


@pytest.fixture(scope="module")
def bands(groove_root, pop909_root, tmp_path_factory):
    """Some arrangements of each split, and the folder of POP909. The cache has both sets."""
    cache = tmp_path_factory.mktemp("bands")
    (cache / "groove").symlink_to(groove_root)
    (cache / "pop909").symlink_to(pop909_root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_CACHE", str(cache))
        yield {split: load("bands", split, limit=12) for split in SPLITS}


def drums_of(clip):
    return clip.notes[clip.notes["is_drum"]]


def test_songs_and_performances_have_the_split_of_their_sets(bands, pop909_root):
    splits, _ = split_songs(pop909_root)
    for split, data in bands.items():
        assert len(data) == 12
        assert data.skipped == []
        for clip in data:
            assert splits[clip.labels["song"]] == split
            assert split_of(clip.labels["session"]) == split
            assert clip.labels["style"] in STYLES
    for key in ("song", "performance"):
        found = [{clip.labels[key] for clip in data} for data in bands.values()]
        assert len(set.union(*found)) == sum(map(len, found))


def test_tracks_differ_in_program_and_drums_are_general_midi(bands):
    programs = set()
    for clip in (clip for data in bands.values() for clip in data):
        tuned = [track.program for track in clip.score.tracks if not track.is_drum]
        assert len(set(tuned)) == len(tuned)
        assert 3 <= len(clip.score.tracks) <= 6
        assert len(clip.score.tracks) - len(tuned) == 1
        assert set(drums_of(clip)["pitch"].tolist()) <= GENERAL
        assert all(len(track.notes) for track in clip.score.tracks)
        programs |= set(tuned)
    assert len(programs) > 10


def test_drums_are_aligned_with_the_bars_of_the_song(bands):
    """The bass drum marks beat one, and most bars have drums."""
    marked, silent = [], []
    for clip in bands["train"]:
        hits = drums_of(clip)
        kicks = hits["time"][hits["pitch"] == WRITE_PITCH["BD"]]
        for start, end in pairwise(clip.bar_lines):
            silent.append(not ((hits["time"] >= start) & (hits["time"] < end)).any())
            if not silent[-1]:
                marked.append(np.abs(kicks - start).min() < 1e-6)
        steps = hits["time"] * 12
        assert np.abs(steps - np.round(steps)).max() < 0.05  # ticks round a sixth of a beat
    assert np.mean(marked) > 0.7
    assert np.mean(silent) < 0.25


def test_tracks_are_those_of_the_song_in_its_bars(bands):
    songs = {clip.labels["song"]: clip for clip in load("pop909", "test")}
    for clip in bands["test"]:
        song = songs[clip.labels["song"]]
        parts = {track.name: track.notes.numpy() for track in song.score.tracks}
        for track in clip.score.tracks:
            if old := {"Lead": "MELODY", "Second": "BRIDGE", "Keys": "PIANO"}.get(track.name):
                for column, values in track.notes.numpy().items():
                    assert (values == parts[old][column]).all()
        count = min(len(song.bar_lines), len(clip.bar_lines))
        assert (song.bar_lines[:count] == clip.bar_lines[:count]).all()


def test_arrangements_do_not_depend_on_the_limit(bands):
    same = [clip.midi_bytes() for clip in load("bands", "test", limit=12)]
    assert same == [clip.midi_bytes() for clip in bands["test"]]
    found = {clip.source: clip.midi_bytes() for clip in load("bands", "test")}
    assert [found[clip.source] for clip in bands["test"]] == same
    assert len(set(found.values())) == len(found)  # the takes of a song differ


def test_without_data_the_missing_set_is_named(pop909_root, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    with pytest.raises(MissingDataError, match=r"pop909: .*data_scripts/pop909\.py"):
        load("bands")
    (tmp_path / "pop909").symlink_to(pop909_root)
    with pytest.raises(MissingDataError, match=r"groove: .*data_scripts/groove\.py"):
        load("bands")


# ---------------------------------------------------------------- parts


def hits(*rows):
    """Drums (time, pitch, velocity)."""
    return Clip.from_notes([(time, 0.1, pitch, loud) for time, pitch, loud in rows]).notes


def test_hits_move_to_sixteenths_or_triplets_and_to_general_pitches():
    played = hits((0.02, 36, 90), (0.27, 22, 50), (0.98, 40, 99), (1.35, 26, 60), (1.66, 58, 70))
    moved = on_grid(played)
    assert moved["time"] == pytest.approx([0, 0.25, 1, 4 / 3, 5 / 3])
    assert moved["pitch"].tolist() == [36, 42, 38, 46, 41]
    assert moved["velocity"].tolist() == [90, 50, 99, 60, 70]
    double = on_grid(hits((1.01, 38, 40), (0.99, 40, 90)))
    assert double["velocity"].tolist() == [90]


def test_bars_of_other_lengths_take_beats_of_the_drummers_bar():
    bar = hits(*((beat, 36 + 2 * (beat % 2), 80 + beat) for beat in range(4)))
    drums = drums_at(np.array([0, 4, 6, 12]), [bar, bar, bar])
    assert drums["time"].tolist() == list(range(12))
    assert (drums["velocity"] - 80).tolist() == [0, 1, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3]
    whole = Performance.of(Clip.from_notes(hits(*((beat, 36, 90) for beat in range(22)))))
    assert [len(bar) for bar in whole.bars] == [4] * 4


def test_bass_plays_the_chords_and_a_pad_holds_them():
    chords = [
        Chord(0, 4, 0, 4, (0, 4, 7)),
        Chord(4, 8, 9, 9, (9, 0, 4)),
        Chord(8, 16, 5, 5, (5, 9, 0)),
    ]
    kick = hits(*((beat, 36, 90) for beat in (0, 2.5, 4, 6.5, 8, 10.5)))
    for seed in range(8):
        bass = bass_of(chords, np.arange(0, 20, 4), kick, np.random.default_rng(seed))
        first = {time: pitch % 12 for time, pitch in zip(bass["time"], bass["pitch"], strict=True)}
        assert [first[chord.start] for chord in chords] == [4, 9, 5]
        assert (bass["time"][1:] >= (bass["time"] + bass["duration"])[:-1] - 1e-6).all()
        assert 28 <= bass["pitch"].min() <= bass["pitch"].max() <= 52
        assert (bass["time"] >= 12).sum() == 1  # one note in the bar without drums
    pad = pad_of([*chords, chords[-1]._replace(start=16, end=20)], np.random.default_rng(0))
    assert len(pad) == 9
    assert set((pad["pitch"][-3:] % 12).tolist()) == {5, 9, 0}
    assert pad["duration"][-1] == 12


def test_chords_are_read_in_the_beats_of_the_song(pop909_root, tmp_path):
    number = sorted(path.name for path in pop909_root.iterdir() if path.is_dir())[0]
    song = tmp_path / number
    shutil.copytree(pop909_root / number, song)
    times = np.loadtxt(song / "beat_midi.txt")[:, 0]
    file = song / "chord_midi.txt"
    spans = ((0, 4, "N"), (4, 6, "F#:maj7/5"), (6, 9, "Bb:hdim7/b3"))
    file.write_text("".join(f"{times[a]} {times[b]} {name}\n" for a, b, name in spans))
    first, second = chords_of(song)
    assert first[2:] == (6, 1, (6, 10, 1))
    assert second[2:] == (10, 1, (10, 1, 4))
    assert (first.end - first.start, second.start - first.end) == (2, 0)
    assert second.end - second.start == 3
    for wrong in ("0 1 H:maj", "0 one C:maj", "0 1"):
        file.write_text(wrong)
        with pytest.raises(BrokenFileError, match=r"chord_midi\.txt"):
            chords_of(song)
