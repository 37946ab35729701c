"""The survey of recordings: which collection it takes, and what it says of each file."""

import numpy as np
import pytest
import soundfile

from workbench.datasets.recordings import described, survey, survey_sound
from workbench.errors import BrokenFileError, MissingDataError, PromptError
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
    assert song.excerpt(0.5).duration == pytest.approx(0.5, abs=0.01)


def test_the_beginning_of_a_recording_is_a_clip(clips):
    loud, soft = survey()
    clip = soft.excerpt(0.5)
    assert (clip.sample_rate, clip.audio.shape) == (RATE, (2, RATE // 2))
    assert np.abs(clip.audio - clips[: RATE // 2] / 2).max() < 1e-3
    assert loud.excerpt().duration == pytest.approx(2)  # not longer than the file
    with pytest.raises(PromptError, match="seconds"):
        loud.excerpt(0)


def test_the_shares_of_a_collection(clips):
    found = survey_sound(survey())
    assert found["length of the track (minutes)"] == {"0 to 1": 0.5, "1 to 2": 0, "2 to 3": 0.5}
    assert found["sample rate"] == {f"{RATE} Hz": 1.0}
    assert found["channels"] == {"mono": 0.5, "stereo": 0.5}
    assert found["artist"] == {"Ann": 0.5, "Bob": 0.5}
    assert found["words of captions"] == {"quiet": 0.5, "piano": 0.5, "loud": 0.5, "rock": 0.5}
    assert sum(found["loudness (LUFS)"].values()) == 1
    assert "genre" not in found  # nobody has one
    with pytest.raises(PromptError, match="recordings"):
        survey_sound([])


HEADS = {
    ("set", "split"): "training",
    ("set", "subset"): "small",
    ("track", "genre_top"): "Folk",
    ("track", "title"): "A title",
    ("track", "license"): "CC BY",
    ("artist", "name"): "Ann",
    ("track", "duration"): "120",
    ("artist", "latitude"): "",
    ("artist", "longitude"): "",
}


def test_metadata_without_sound_is_surveyed(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    assert described() == []
    (tmp_path / "fma_metadata").mkdir()
    table = tmp_path / "fma_metadata" / "tracks.csv"
    changes = [
        {},
        {("artist", "name"): "Bob", ("artist", "latitude"): "5.5", ("artist", "longitude"): "-0.2"},
        {("track", "genre_top"): "", ("track", "duration"): "400"},
    ]
    lines = [("", *(a for a, _ in HEADS)), ("", *(b for _, b in HEADS))]
    lines += [("track_id", *[""] * len(HEADS))]
    lines += [(str(i), *(HEADS | change).values()) for i, change in enumerate(changes)]
    table.write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
    first, second, third = described()
    assert (first.dataset, first.genre, first.artist) == ("fma-metadata", "Folk", "Ann")
    assert (first.seconds, first.licence, first.place) == (120, "CC BY", None)
    assert second.place == (5.5, -0.2)
    assert third.genre == ""
    with pytest.raises(MissingDataError, match="sound"):
        first.excerpt()
    found = survey_sound([first, second, third])
    assert found["genre"] == {"Folk": pytest.approx(2 / 3)}
    assert list(found["length of the track (minutes)"])[-1] == "5 to 7"
    assert not {"sample rate", "channels", "loudness (LUFS)"} & found.keys()
    assert len(described(2)) == 2
    table.write_text("\n".join(map(",".join, [*lines, ("9", *[""] * len(HEADS))])))
    with pytest.raises(BrokenFileError, match="line 7"):
        described()
