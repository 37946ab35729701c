"""Rendered scores: the sound is there, its beats are where the table says."""

import numpy as np
import pytest
import soundfile

from workbench.datasets import load
from workbench.datasets.audio import find_audio
from workbench.datasets.rendered import caption_of, instruments, render_set
from workbench.errors import MissingDataError, PromptError
from workbench.music.clip import Clip


def test_beats_are_where_the_table_says(tmp_path):
    """A clap on every beat: the onsets in the sound are the beats of the table."""
    rows = [(i, 0.25, 39, 110) for i in range(16)]
    clip = Clip.from_notes(rows, tempo=93.0, labels={"split": "test"}, caption="claps")
    render_set([clip], tmp_path, bars=2, each=2, seed=1, workers=1, quiet=True)
    items = find_audio(tmp_path, "test")
    assert len(items) == 2
    for item in items:
        beats = np.array(item.labels["beats"].split(), dtype=float)
        assert beats == pytest.approx(np.arange(8) * 60 / 93, abs=1e-3)
        assert item.labels["downbeats"].split() == [item.labels["beats"].split()[i] for i in (0, 4)]
        sound, rate = soundfile.read(item.path)
        loud = np.abs(sound).max(1)
        assert loud.max() == pytest.approx(0.5, abs=0.02)
        for beat in beats[1:]:
            at = int(beat * rate)
            before, after = loud[at - 2000 : at - 200].max(), loud[at : at + 1000].max()
            assert after > 5 * before


def test_splits_captions_and_going_on(tmp_path):
    clips = load("builtin-songs", "test", limit=3).clips + load("builtin", "train", limit=2).clips
    top = render_set(clips, tmp_path, bars=2, workers=2, quiet=True)
    items = find_audio(top)
    assert len(items) == 5
    assert {i.split for i in items if "song" in i.caption} == {"test"}
    song = next(i for i in items if "song" in i.caption)
    assert "bpm" in song.caption
    assert song.labels["key"] in song.caption
    assert "drums" in song.caption
    before = {i.path: i.path.stat().st_mtime_ns for i in items}
    gone = items[0].path
    gone.unlink()
    render_set(clips, tmp_path, bars=2, workers=1, quiet=True)
    assert gone.is_file()
    kept = [path for path in before if path != gone]
    assert all(path.stat().st_mtime_ns == before[path] for path in kept)


def test_instruments_are_named_by_how_much_they_play():
    notes = np.concatenate(
        [
            Clip.from_notes([(i, 1, 60, 80) for i in range(2)], drums=False, program=40).notes,
            Clip.from_notes([(i, 1, 40, 80) for i in range(4)], drums=False, program=32).notes,
            Clip.from_notes([(0, 1, 36, 80)]).notes,
        ]
    )
    clip = Clip.from_notes(notes, tempo=100, labels={"key": "C major"})
    assert instruments(clip) == ["acoustic bass", "violin", "drums"]
    assert caption_of(clip) == "for acoustic bass, violin, drums, 100 bpm, in C major"


def test_what_cannot_be_rendered_is_said(tmp_path):
    with pytest.raises(MissingDataError, match="clips"):
        render_set([], tmp_path)
    with pytest.raises(PromptError, match=r"bars.* got 0"):
        render_set(load("builtin", "test", limit=1).clips, tmp_path, bars=0)
