"""The survey of recordings: which collection it takes, and what it says of each file."""

import numpy as np
import pytest
import soundfile

from workbench.datasets.recordings import survey
from workbench.errors import PromptError
from workbench.music.loudness import loudness

RATE = 22_050


@pytest.fixture
def clips(tmp_path, monkeypatch):
    """Two stand-ins for the CC music clips, one six decibels softer; the cache has nothing else."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    folder = tmp_path / "cc-music-clips"
    folder.mkdir()
    sound = 0.4 * np.sin(np.arange(2 * RATE) * 0.1)
    soundfile.write(folder / "loud.wav", sound, RATE)
    soundfile.write(folder / "soft.wav", np.stack([sound, sound], 1) / 2, RATE)
    (folder / "manifest.csv").write_text(
        "clip,artist,licence,text_hint,track_seconds\n"
        "loud.wav,Ann,CC0-1.0,quiet piano,120\n"
        "soft.wav,Bob,CC-BY-4.0,loud rock,\n",
        encoding="utf-8",
    )
    return sound


def test_clips_are_taken_when_the_archive_is_not_there(clips):
    loud, soft = survey()
    assert (loud.dataset, loud.artist, loud.caption) == ("cc-music-clips", "Ann", "quiet piano")
    assert (loud.seconds, soft.seconds) == (120.0, 2.0)  # of the track, or else of the file
    assert (loud.rate, loud.channels, soft.channels) == (RATE, 1, 2)
    assert loud.lufs == pytest.approx(loudness(clips[None], RATE), abs=0.1)
    assert soft.lufs < loud.lufs
    assert loud.place is None
    assert len(survey(1)) == 1


def test_without_any_recording_built_in_songs_are_rendered(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    [song] = survey(1)
    assert song.dataset == "builtin-songs"
    assert "built-in" in song.caption
    assert song.seconds > 1
    assert -60 < song.lufs < 0
    with pytest.raises(PromptError, match="limit"):
        survey(0)
